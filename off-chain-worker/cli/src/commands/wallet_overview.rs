//! `inktensor wallet overview`: all that a coldkey has: TAO, collateral, neurons, stake.

use super::{
    metagraph::neurons,
    stake::{place, positions},
    Failure,
};
use crate::{
    args::{ChainArguments, Who},
    output::{
        format::{share, tao},
        table::{account, is_wide, show, table, tao_text},
    },
    session::print,
};
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    epoch::Epochs,
    registry::{NeuronView, Registry},
    staking::PositionView,
    AccountId, NetUid, Rao,
};
use psp22::PSP22;
use serde_json::{json, Value};
use std::io::Write;

/// Whose.
#[derive(clap::Args)]
pub struct Overview {
    #[command(flatten)]
    chain: ChainArguments,
    /// The coldkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    address: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Shows all that a coldkey has.
pub fn overview(arguments: &Overview, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let coldkey = arguments.address.on(&arguments.chain.chain)?;
    let free: u128 = chain.query(contracts.psp22().balance_of(coldkey))?;
    let free = Rao(u64::try_from(free).unwrap_or(u64::MAX));
    let collateral = chain.query(contracts.epoch().collateral(coldkey))?;
    let mine = owned(chain, &contracts, coldkey)?;
    let stakes = positions(chain, &contracts, coldkey)?;
    let staked = stakes
        .iter()
        .fold(0u64, |sum, it| sum.saturating_add(it.stake.0));
    if arguments.json {
        let document = json!({
            "address": ss58(&coldkey),
            "balance_rao": free.0,
            "collateral": { "free_rao": collateral.free.0, "locked_rao": collateral.locked.0 },
            "staked_rao": staked,
            "neurons": mine.iter().map(neuron).collect::<Vec<_>>(),
            "stakes": stakes.iter().map(stake).collect::<Vec<_>>(),
        });
        return Ok(print(&document, out)?);
    }
    writeln!(out, "{}", ss58(&coldkey))?;
    writeln!(out, "balance      {} TAO", tao_text(free))?;
    writeln!(out, "staked       {} TAO", tao_text(Rao(staked)))?;
    writeln!(
        out,
        "collateral         {} TAO free, {} TAO locked",
        tao_text(collateral.free),
        tao_text(collateral.locked)
    )?;
    let is_wide = is_wide();
    if !mine.is_empty() {
        writeln!(out, "\nneurons")?;
        let mut header = vec!["netuid", "uid", "hotkey", "permit"];
        header.extend(is_wide.then_some("since"));
        header.extend(["cons.", "incent.", "divid.", "paid TAO"]);
        let numbers: Vec<usize> = [0, 1].into_iter().chain(4..header.len()).collect();
        let mut rows = table(header, &numbers);
        for (netuid, it) in &mine {
            let score = &it.score;
            let mut row = vec![
                netuid.0.to_string(),
                it.uid.0.to_string(),
                account(&it.neuron.hotkey),
                if score.permit { "yes" } else { "" }.into(),
            ];
            row.extend(is_wide.then(|| it.neuron.registered_at.to_string()));
            row.extend([
                share(score.consensus),
                share(score.incentive),
                share(score.dividends),
                tao(score.emission.0, 3),
            ]);
            rows.add_row(row);
        }
        show(&rows, out)?;
    }
    if !stakes.is_empty() {
        writeln!(out, "\nstake")?;
        let mut rows = table(["netuid", "hotkey", "stake TAO"], &[0, 2]);
        for it in &stakes {
            rows.add_row([place(it.netuid), account(&it.hotkey), tao_text(it.stake)]);
        }
        show(&rows, out)?;
    }
    Ok(())
}

/// The neurons of a coldkey, on all subnets that are not retired.
fn owned(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    coldkey: AccountId,
) -> Result<Vec<(NetUid, NeuronView)>, Failure> {
    let live: Vec<NetUid> = chain.query(contracts.registry().live_subnets())?;
    let mut mine = Vec::new();
    for netuid in live {
        let all = neurons(chain, contracts, netuid)?.into_iter();
        mine.extend(
            all.filter(|it| it.neuron.coldkey == coldkey)
                .map(|it| (netuid, it)),
        );
    }
    Ok(mine)
}

fn neuron((netuid, it): &(NetUid, NeuronView)) -> Value {
    let score = &it.score;
    json!({
        "netuid": netuid.0,
        "uid": it.uid.0,
        "hotkey": ss58(&it.neuron.hotkey),
        "registered_at": it.neuron.registered_at,
        "permit": score.permit,
        "consensus": score.consensus,
        "incentive": score.incentive,
        "dividends": score.dividends,
        "emission_rao": score.emission.0,
    })
}

fn stake(it: &PositionView) -> Value {
    json!({
        "netuid": it.netuid.0,
        "hotkey": ss58(&it.hotkey),
        "stake_rao": it.stake.0,
    })
}
