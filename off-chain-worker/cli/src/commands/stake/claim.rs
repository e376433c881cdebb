//! Dividends of root stake: claims them.

use crate::{
    args::{SignArgs, Who},
    error::Failure,
    output::{
        format::{count, tao},
        json::Address,
    },
    session::Session,
};
use inktensor_client::chain::Cost;
use inktensor_primitives::{staking::Staking, AccountId, Rao};
use serde::Serialize;
use std::io::Write;

/// Arguments of `stake claim`.
#[derive(clap::Args)]
pub struct Claim {
    #[command(flatten)]
    sign: SignArgs,
    /// A single hotkey, also one without stake left; by default all
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
}

#[derive(Serialize)]
struct Claimed {
    amount_rao: u64,
    claims: Vec<HotkeyClaim>,
}

#[derive(Serialize)]
struct HotkeyClaim {
    hotkey: Address,
    amount_rao: u64,
}

/// Claims dividends.
pub fn claim(arguments: &Claim, out: &mut dyn Write) -> Result<(), Failure> {
    let chain = &arguments.sign.chain;
    let hotkey = arguments.hotkey.as_ref().map(|who| chain.account(who));
    let hotkey = hotkey.transpose()?;
    let mut session = arguments.sign.open()?;
    let hotkeys = match hotkey {
        Some(hotkey) => vec![hotkey],
        None => due(&session)?,
    };
    if hotkeys.is_empty() {
        return Err(Failure::input(
            "there is nothing to claim: no root stake of the signer has earned anything since it \
             claimed last",
        ));
    }
    let (mut claims, mut sum, mut cost) = (Vec::new(), 0u64, Cost::default());
    for hotkey in hotkeys {
        let message = session.network.contracts().staking().claim_root(hotkey);
        let done = session.send(message)?;
        sum = sum.saturating_add(done.value.0);
        cost = cost.and(done.cost);
        claims.push(HotkeyClaim {
            hotkey: hotkey.into(),
            amount_rao: done.value.0,
        });
    }
    let hotkeys = u32::try_from(claims.len()).unwrap_or(u32::MAX);
    let sentence = format!(
        "claimed {} TAO of dividends of root stake on {}",
        tao(Rao(sum)),
        count(hotkeys, "hotkey")
    );
    let answer = Claimed {
        amount_rao: sum,
        claims,
    };
    arguments.sign.report(&sentence, &answer, &cost, out)
}

/// Returns the hotkeys on which the signer has something to claim.
fn due(session: &Session) -> Result<Vec<AccountId>, Failure> {
    let positions = session.network.positions(session.account)?;
    let claims = session.network.claimable(session.account, &positions)?;
    let all = positions.iter().zip(claims);
    let due = all.filter(|(_, claim)| claim.is_some_and(|claim| !claim.is_zero()));
    Ok(due.map(|(position, _)| position.hotkey).collect())
}
