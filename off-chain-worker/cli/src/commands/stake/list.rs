//! Where a coldkey has stake.

use super::claim::claimable;
use crate::{
    args::{ChainArguments, Who},
    commands::Failure,
    output::table::{account, show, table, tao_text},
    session::{missing, print},
};
use inktensor_client::{
    chain::{query_all, ChainRead, Typed},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    staking::{NominatorView, PositionView, Staking},
    AccountId, NetUid, Rao, PAGE,
};
use inktensor_worker::chain_source::Opened;
use serde_json::{json, Value};
use std::io::Write;

/// Whose stake to list.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    chain: ChainArguments,
    /// Whose stake
    #[arg(
        long,
        value_name = "NAME|ADDRESS",
        required_unless_present = "hotkey",
        conflicts_with = "hotkey"
    )]
    coldkey: Option<Who>,
    /// Instead: who has stake on this hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// On this subnet only
    #[arg(long, value_name = "NUMBER")]
    netuid: Option<u16>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Lists stake.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let on = |who: &Who| who.on(&arguments.chain.chain);
    let coldkey = match (&arguments.coldkey, &arguments.hotkey) {
        (Some(coldkey), _) => on(coldkey)?,
        (None, Some(hotkey)) => {
            let hotkey = on(hotkey)?;
            return nominators(arguments, &opened, hotkey, out);
        }
        (None, None) => return Err(missing("coldkey: name one with --coldkey")),
    };
    let mut found = positions(opened.chain.as_ref(), &opened.contracts, coldkey)?;
    if let Some(netuid) = arguments.netuid {
        found.retain(|it| it.netuid.0 == netuid);
    }
    let claims = claimable(opened.chain.as_ref(), &opened.contracts, coldkey, &found)?;
    if arguments.json {
        let stakes = found.iter().zip(&claims).map(|(it, claim)| {
            json!({
                "netuid": it.netuid.0,
                "hotkey": ss58(&it.hotkey),
                "stake_rao": it.stake.0,
                "claimable_rao": claim.map(|claim| claim.0),
            })
        });
        let stakes: Vec<Value> = stakes.collect();
        let document = json!({ "coldkey": ss58(&coldkey), "stakes": stakes });
        return Ok(print(&document, out)?);
    }
    let mut rows = table(
        ["netuid", "hotkey", "stake TAO", "claimable TAO"],
        &[0, 2, 3],
    );
    let mut sum = 0u64;
    for (it, claim) in found.iter().zip(claims) {
        sum = sum.saturating_add(it.stake.0);
        rows.add_row([
            place(it.netuid),
            account(&it.hotkey),
            tao_text(it.stake),
            claim.map(tao_text).unwrap_or_default(),
        ]);
    }
    show(&rows, out)?;
    let places = found.len();
    writeln!(out, "\n{} TAO in {places} places", tao_text(Rao(sum)))?;
    Ok(())
}

/// Lists who has stake on a hotkey, by subnet, the most first.
fn nominators(
    arguments: &List,
    opened: &Opened,
    hotkey: AccountId,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let (chain, staking) = (opened.chain.as_ref(), || opened.contracts.staking());
    let count = chain.query(staking().nominator_count(hotkey))?;
    let pages = (0..count.div_ceil(PAGE.into())).map(|page| staking().nominators(hotkey, page));
    let pages: Vec<Vec<NominatorView>> = query_all(chain, pages)?;
    let mut found: Vec<NominatorView> = pages.into_iter().flatten().collect();
    if let Some(netuid) = arguments.netuid {
        found.retain(|it| it.netuid.0 == netuid);
    }
    found.sort_by_key(|it| (it.netuid, std::cmp::Reverse(it.stake), it.coldkey));
    if arguments.json {
        let stakes = found.iter().map(|it| {
            json!({
                "netuid": it.netuid.0,
                "coldkey": ss58(&it.coldkey),
                "stake_rao": it.stake.0,
            })
        });
        let stakes: Vec<Value> = stakes.collect();
        let document = json!({ "hotkey": ss58(&hotkey), "stakes": stakes });
        return Ok(print(&document, out)?);
    }
    let mut rows = table(["netuid", "coldkey", "stake TAO"], &[0, 2]);
    for it in &found {
        rows.add_row([place(it.netuid), account(&it.coldkey), tao_text(it.stake)]);
    }
    show(&rows, out)?;
    let sum = found
        .iter()
        .fold(0u64, |sum, it| sum.saturating_add(it.stake.0));
    let places = found.len();
    writeln!(out, "\n{} TAO in {places} places", tao_text(Rao(sum)))?;
    Ok(())
}

/// The name of a place.
pub fn place(netuid: NetUid) -> String {
    if netuid.is_root() {
        "root".into()
    } else {
        netuid.0.to_string()
    }
}

/// Everything that `coldkey` has staked, by subnet, the most first.
pub fn positions(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    coldkey: AccountId,
) -> Result<Vec<PositionView>, Failure> {
    let count = chain.query(contracts.staking().position_count(coldkey))?;
    let pages =
        (0..count.div_ceil(PAGE.into())).map(|page| contracts.staking().positions(coldkey, page));
    let pages: Vec<Vec<PositionView>> = query_all(chain, pages)?;
    let mut all: Vec<PositionView> = pages.into_iter().flatten().collect();
    all.sort_by_key(|it| (it.netuid, std::cmp::Reverse(it.stake), it.hotkey));
    Ok(all)
}
