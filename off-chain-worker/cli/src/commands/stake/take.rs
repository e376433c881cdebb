//! The take of a hotkey: the owner's part of dividends.

use crate::{
    args::{ReadArgs, SignArgs, Who},
    error::Failure,
    output::{format::percent, json::Address, View},
    values,
};
use inktensor_primitives::{
    staking::{Staking, TakeInfo, MAX_TAKE},
    Bps,
};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `stake show-take`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    read: ReadArgs,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
}

/// Arguments of `stake set-take`.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    sign: SignArgs,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// The part of dividends in per cent, 9.5 or 9.5%, at most 18; below 1 only as in 0.5%
    #[arg(long, value_parser = take, value_name = "PERCENT")]
    take: Bps,
}

/// A take, and when it may be raised.
#[derive(Serialize)]
struct Take {
    hotkey: Address,
    take_bps: u16,
    raises_from: u32,
    #[serde(skip)]
    block: u32,
}

impl View for Take {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let take = percent(Bps(self.take_bps));
        writeln!(out, "{}\nthe owner keeps {take} of dividends", self.hotkey)?;
        if self.raises_from > self.block {
            writeln!(
                out,
                "the take may be raised from block {} on",
                self.raises_from
            )?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct TakeSet {
    hotkey: Address,
    take_bps: u16,
}

/// Parses a take.
pub fn take(text: &str) -> Result<Bps, String> {
    values::percent(text, MAX_TAKE)
}

/// Shows a take.
pub fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let hotkey = arguments.read.chain.account(&arguments.hotkey)?;
    let network = arguments.read.open()?;
    let info: TakeInfo = network.query(network.contracts().staking().take_info(hotkey))?;
    let answer = Take {
        hotkey: hotkey.into(),
        take_bps: info.take.0,
        raises_from: info.raises_from,
        block: network.block()?,
    };
    Ok(arguments.read.show(&answer, out)?)
}

/// Sets a take.
pub fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let hotkey = arguments.sign.chain.account(&arguments.hotkey)?;
    let mut session = arguments.sign.open()?;
    session.check_owns(hotkey)?;
    let take = arguments.take;
    let done = session.send(session.network.contracts().staking().set_take(hotkey, take))?;
    let answer = TakeSet {
        hotkey: hotkey.into(),
        take_bps: take.0,
    };
    let sentence = format!(
        "{}\nthe owner keeps {} of dividends",
        answer.hotkey,
        percent(take)
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}
