//! Where a coldkey has stake.

use crate::{
    chain::{query_all, Chain, Typed},
    cli::{
        chain::{ChainArguments, Who},
        session::print,
        table::{account, show, table, tao_text},
        Failure,
    },
    deploy::{ss58, Addresses},
};
use inktensor_primitives::{
    staking::{PositionView, Staking},
    AccountId, Rao, PAGE,
};
use serde_json::{json, Value};
use std::io::Write;

/// Whose stake to list.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    chain: ChainArguments,
    /// Whose stake
    #[arg(long, value_name = "NAME|ADDRESS")]
    coldkey: Who,
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
    let coldkey = arguments.coldkey.on(&arguments.chain.chain)?;
    let mut found = positions(opened.chain.as_ref(), &opened.contracts, coldkey)?;
    if let Some(netuid) = arguments.netuid {
        found.retain(|it| it.netuid.0 == netuid);
    }
    if arguments.json {
        let stakes = found.iter().map(|it| {
            json!({
                "netuid": it.netuid.0,
                "hotkey": ss58(&it.hotkey),
                "stake_rao": it.stake.0,
            })
        });
        let stakes: Vec<Value> = stakes.collect();
        let document = json!({ "coldkey": ss58(&coldkey), "stakes": stakes });
        return Ok(print(&document, out)?);
    }
    let mut rows = table(["netuid", "hotkey", "stake TAO"], &[0, 2]);
    let mut sum = 0u64;
    for it in &found {
        sum = sum.saturating_add(it.stake.0);
        rows.add_row([
            it.netuid.0.to_string(),
            account(&it.hotkey),
            tao_text(it.stake),
        ]);
    }
    show(&rows, out)?;
    let places = found.len();
    writeln!(out, "\n{} TAO in {places} places", tao_text(Rao(sum)))?;
    Ok(())
}

/// Everything that `coldkey` has staked, by subnet, the most first.
pub fn positions(
    chain: &dyn Chain,
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
