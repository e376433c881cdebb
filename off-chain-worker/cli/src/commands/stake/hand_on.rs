//! Dues of parents: hands them on.

use crate::{
    args::{NetuidArg, SignArgs, Who},
    error::Failure,
    output::{format::tao, json::Address},
};
use inktensor_primitives::{
    staking::{HandedOn, ParentView, Staking},
    AccountId, Rao,
};
use serde::Serialize;
use std::io::Write;

/// Arguments of `stake child hand-on`.
#[derive(clap::Args)]
pub struct HandOn {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The child
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// A parent; all to which something is due by default
    #[arg(long = "parent", value_name = "NAME|ADDRESS")]
    parents: Vec<Who>,
}

#[derive(Serialize)]
struct HandedOnParts {
    netuid: u16,
    child: Address,
    parents: Vec<HandedOnPart>,
}

#[derive(Serialize)]
struct HandedOnPart {
    hotkey: Address,
    staked_rao: u64,
    root_rao: u64,
    fee_rao: u64,
}

/// Credits to parents what a child has earned for them.
///
/// # Errors
/// Those of the chain and of the contract.
pub fn hand_on(arguments: &HandOn, out: &mut dyn Write) -> Result<(), Failure> {
    let sign = &arguments.sign;
    let netuid = arguments.netuid.netuid;
    let child = sign.chain.account(&arguments.hotkey)?;
    let named = arguments.parents.iter().map(|who| sign.chain.account(who));
    let mut parents: Vec<AccountId> = named.collect::<Result<_, Failure>>()?;
    let mut session = sign.open()?;
    session.network.subnet(netuid)?;
    let contracts = session.network.contracts();
    if parents.is_empty() {
        let found: Vec<ParentView> = session
            .network
            .query(contracts.staking().parents(netuid, child))?;
        let due = found.iter().filter(|it| !it.due.is_zero());
        parents = due.map(|it| it.hotkey).collect();
    }
    let done = session.send(contracts.staking().hand_on(netuid, child, parents))?;
    let answer = HandedOnParts {
        netuid: netuid.0,
        child: child.into(),
        parents: done
            .all_events::<HandedOn>()
            .map(|it| HandedOnPart {
                hotkey: it.parent.into(),
                staked_rao: it.amount.0,
                root_rao: it.root.0,
                fee_rao: it.fee.0,
            })
            .collect(),
    };
    let mut sentence = String::new();
    for (place, part) in answer.parents.iter().enumerate() {
        let mark = if place == 0 { "" } else { "; " };
        sentence.push_str(mark);
        sentence.push_str(&format!(
            "{} gets {} TAO of stake and {} TAO for its root stake",
            part.hotkey,
            tao(Rao(part.staked_rao)),
            tao(Rao(part.root_rao))
        ));
    }
    sign.report(&sentence, &answer, &done.cost, out)
}
