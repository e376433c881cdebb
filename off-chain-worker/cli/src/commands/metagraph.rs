//! `inktensor metagraph`: the neurons of a subnet, and what its last settled epoch found for each.

use super::{Failure, Verdict};
use crate::{
    args::ChainArguments,
    output::{
        format::{share, short, tao},
        table::{account, is_wide, show, table},
    },
    session::{missing, print},
};
use inktensor_client::{
    chain::{query_all, ChainRead, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    epoch::Epochs,
    registry::{NeuronView, Registry},
    staking::{Staking, StakingError},
    NetUid, Rao, PAGE,
};
use serde_json::{json, Value};
use std::io::Write;

/// Which subnet.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  inktensor metagraph --url ws://127.0.0.1:9944 --netuid 1")]
pub struct Arguments {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Read no more than the neurons and their scores: one page of 64 a read, without stake
    #[arg(long)]
    lite: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let opened = arguments.chain.open()?;
    let (chain, contracts) = (opened.chain.as_ref(), opened.contracts);
    let netuid = NetUid(arguments.netuid);
    let status = chain.query(contracts.epoch().status(netuid))?;
    let status = status.ok_or_else(|| missing(format_args!("subnet {}", netuid.0)))?;
    let neurons = neurons(chain, &contracts, netuid)?;
    let stakes: Vec<Option<Stake>> = if arguments.lite {
        vec![None; neurons.len()]
    } else {
        let all = stakes(chain, &contracts, netuid, status.open, &neurons)?;
        all.into_iter().map(Some).collect()
    };
    let block = chain.block()?;
    if arguments.json {
        let rows: Vec<Value> = neurons.iter().zip(&stakes).map(document).collect();
        let document = json!({
            "netuid": netuid.0,
            "block": block,
            "open_epoch": status.open,
            "final_epoch": status.final_epoch,
            "neurons": rows,
        });
        print(&document, out)?;
        return Ok(Verdict::Good);
    }
    let last = status.final_epoch;
    let last = last.map_or_else(|| "none is final yet".into(), |it| format!("{it} is final"));
    writeln!(
        out,
        "subnet {} at block {block}: epoch {} is open, {last}\n",
        netuid.0, status.open
    )?;
    let is_wide = is_wide();
    let mut header = vec!["uid", "hotkey"];
    // Where there is room, whose it is too.
    header.extend(is_wide.then_some("coldkey"));
    header.extend((!arguments.lite).then_some("stake TAO"));
    let weighs = is_wide && !arguments.lite;
    header.extend(weighs.then_some("weighs TAO"));
    header.extend(["permit", "cons.", "trust", "incent.", "divid.", "paid TAO"]);
    // All but the hotkey, the coldkey and the permit.
    let permit = header.len() - 6;
    let amounts = usize::from(!arguments.lite) + usize::from(weighs);
    let stake = permit - amounts..permit;
    let numbers: Vec<usize> = [0]
        .into_iter()
        .chain(stake)
        .chain(permit + 1..header.len())
        .collect();
    let mut rows = table(header, &numbers);
    for (it, stake) in neurons.iter().zip(&stakes) {
        let score = &it.score;
        let mut row = vec![it.uid.0.to_string(), account(&it.neuron.hotkey)];
        row.extend(is_wide.then(|| short(&ss58(&it.neuron.coldkey), 6, 4)));
        row.extend(stake.map(|stake| tao(stake.here.0, 3)));
        row.extend(stake.filter(|_| weighs).map(|it| tao(it.weighs.0, 3)));
        row.extend([
            if score.permit { "yes" } else { "" }.into(),
            share(score.consensus),
            share(score.validator_trust),
            share(score.incentive),
            share(score.dividends),
            tao(score.emission.0, 3),
        ]);
        rows.add_row(row);
    }
    show(&rows, out)?;
    Ok(Verdict::Good)
}

/// What a neuron has behind it.
#[derive(Clone, Copy)]
struct Stake {
    /// On the subnet.
    here: Rao,
    /// What weighs for it in the open epoch: that, less what its children have, with what its
    /// parents give, and root stake.
    weighs: Rao,
}

/// The stakes of all `neurons`.
fn stakes(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
    open: u32,
    neurons: &[NeuronView],
) -> Result<Vec<Stake>, Failure> {
    let hotkeys: Vec<_> = neurons.iter().map(|it| it.neuron.identity()).collect();
    let staking = || contracts.staking();
    let here = hotkeys
        .iter()
        .map(|hotkey| staking().hotkey_stake(netuid, *hotkey));
    let here: Vec<Rao> = query_all(chain, here)?;
    let pages = hotkeys.chunks(usize::from(PAGE));
    let pages = pages.map(|page| staking().stakes_at(netuid, page.to_vec(), open));
    let pages: Vec<Result<Vec<Rao>, StakingError>> = query_all(chain, pages)?;
    let mut weighs = Vec::with_capacity(here.len());
    for page in pages {
        weighs.extend(page.map_err(|error| {
            Failure::input(format_args!("Staking::stakes_at was refused: {error:?}"))
        })?);
    }
    let all = here.into_iter().zip(weighs);
    Ok(all.map(|(here, weighs)| Stake { here, weighs }).collect())
}

/// All neurons of a subnet.
pub fn neurons(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
) -> Result<Vec<NeuronView>, Failure> {
    let subnet = chain.query(contracts.registry().subnet(netuid))?;
    let subnet = subnet.ok_or_else(|| missing(format_args!("subnet {}", netuid.0)))?;
    let pages = subnet.neurons.div_ceil(PAGE);
    let messages = (0..pages).map(|page| contracts.registry().metagraph(netuid, page));
    let pages: Vec<Vec<NeuronView>> = query_all(chain, messages)?;
    Ok(pages.into_iter().flatten().collect())
}

fn document((it, stake): (&NeuronView, &Option<Stake>)) -> Value {
    let score = &it.score;
    json!({
        "uid": it.uid.0,
        "hotkey": ss58(&it.neuron.hotkey),
        "identity": ss58(&it.neuron.identity()),
        "coldkey": ss58(&it.neuron.coldkey),
        "registered_at": it.neuron.registered_at,
        "generation": it.neuron.generation,
        "stake_rao": stake.map(|stake| stake.here.0),
        "weighs_rao": stake.map(|stake| stake.weighs.0),
        "permit": score.permit,
        "active": score.active,
        "stake_weight": score.stake_weight,
        "consensus": score.consensus,
        "validator_trust": score.validator_trust,
        "incentive": score.incentive,
        "dividends": score.dividends,
        "emission_rao": score.emission.0,
    })
}
