//! `inktensor metagraph`: the neurons of a subnet, and what its last settled epoch found for each.

use super::{
    chain::ChainArguments,
    demo::amounts::{share, short, tao},
    session::{missing, print},
    table::{account, is_wide, show, table},
    Failure, Verdict,
};
use crate::{
    chain::{query_all, Chain, Typed},
    deploy::{ss58, Addresses},
};
use inktensor_primitives::{
    epoch::Epochs,
    registry::{NeuronView, Registry},
    staking::Staking,
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
    let stakes: Vec<Option<Rao>> = if arguments.lite {
        vec![None; neurons.len()]
    } else {
        let messages = neurons.iter().map(|it| {
            contracts
                .staking()
                .hotkey_stake(netuid, it.neuron.identity())
        });
        let stakes: Vec<Rao> = query_all(chain, messages)?;
        stakes.into_iter().map(Some).collect()
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
    header.extend(["permit", "cons.", "trust", "incent.", "divid.", "paid TAO"]);
    // All but the hotkey, the coldkey and the permit.
    let permit = header.len() - 6;
    let stake = (!arguments.lite).then_some(permit - 1);
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
        row.extend(stake.map(|stake| tao(stake.0, 3)));
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

/// All neurons of a subnet.
pub fn neurons(
    chain: &dyn Chain,
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

fn document((it, stake): (&NeuronView, &Option<Rao>)) -> Value {
    let score = &it.score;
    json!({
        "uid": it.uid.0,
        "hotkey": ss58(&it.neuron.hotkey),
        "identity": ss58(&it.neuron.identity()),
        "coldkey": ss58(&it.neuron.coldkey),
        "registered_at": it.neuron.registered_at,
        "generation": it.neuron.generation,
        "stake_rao": stake.map(|stake| stake.0),
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
