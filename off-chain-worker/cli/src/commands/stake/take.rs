//! What the owner of a hotkey keeps of dividends.

use crate::{
    args::{ChainArguments, SignerArguments, Who},
    commands::Failure,
    session::{print, tell},
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::{
    staking::{Staking, TakeInfo, MAX_TAKE},
    Bps,
};
use serde_json::json;
use std::io::Write;

/// Whose take.
#[derive(clap::Args)]
pub struct Get {
    #[command(flatten)]
    chain: ChainArguments,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which take.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// Per cent of dividends, with up to two decimals
    #[arg(long, value_parser = percentage, value_name = "PERCENT")]
    take: Bps,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Shows a take.
pub fn get(arguments: &Get, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let hotkey = arguments.hotkey.on(&arguments.chain.chain)?;
    let info: TakeInfo = opened
        .chain
        .query(opened.contracts.staking().take_info(hotkey))?;
    let block = opened.chain.block()?;
    if arguments.json {
        let document = json!({
            "hotkey": ss58(&hotkey),
            "take_bps": info.take.0,
            "raises_from": info.raises_from,
        });
        return Ok(print(&document, out)?);
    }
    writeln!(out, "{} keeps {}", ss58(&hotkey), percent(info.take))?;
    if info.raises_from > block {
        writeln!(out, "may be raised from block {} on", info.raises_from)?;
    }
    Ok(())
}

/// Sets a take.
pub fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let hotkey = arguments.hotkey.on(&arguments.chain.chain)?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let take = arguments.take;
    let message = session.contracts.staking().set_take(hotkey, take);
    let done = session.run("Staking::set_take", message)?;
    let sentence = format!("{} keeps {}", ss58(&hotkey), percent(take));
    let document = json!({ "hotkey": ss58(&hotkey), "take_bps": take.0 });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

/// Basis points as per cent, to the last one.
pub fn percent(share: Bps) -> String {
    format!("{}.{:02} %", share.0 / 100, share.0 % 100)
}

/// The take that `text` writes in per cent.
pub fn percentage(text: &str) -> Result<Bps, String> {
    let wrong = || {
        format!(
            "{text:?} is not a take in per cent such as 9.5, with up to two decimals, at most {}",
            MAX_TAKE.0 / 100
        )
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 2 {
        return Err(wrong());
    }
    let whole: u16 = whole.parse().map_err(|_| wrong())?;
    let fraction: u16 = format!("{fraction:0<2}").parse().map_err(|_| wrong())?;
    let bps = whole
        .checked_mul(100)
        .and_then(|it| it.checked_add(fraction));
    bps.map(Bps)
        .filter(|take| *take <= MAX_TAKE)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_are_read_to_the_last_basis_point() {
        for (text, bps) in [("0", 0), ("18", 1_800), ("9.5", 950), ("0.05", 5)] {
            assert_eq!(percentage(text), Ok(Bps(bps)), "{text}");
        }
        for text in ["", "18.01", "-1", "9.555", "9,5", "700"] {
            assert!(percentage(text).is_err(), "{text}");
        }
        assert_eq!(percent(Bps(5)), "0.05 %");
    }
}
