//! What root stake has earned: how much there is to claim, and claiming it.

use super::positions;
use crate::{
    args::{ChainArguments, SignerArguments, Who},
    commands::Failure,
    output::table::tao_text,
    session::{both, tell},
};
use inktensor_client::{
    chain::{query_all, ChainRead, Cost},
    deploy::Addresses,
    ss58::ss58,
};
use inktensor_primitives::{
    staking::{PositionView, Staking},
    AccountId, Rao,
};
use serde_json::{json, Value};
use std::io::Write;

/// What to claim.
#[derive(clap::Args)]
pub struct Claim {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// On this hotkey only, also if there is no stake any more
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What `coldkey` could claim of each of `stakes`; nothing of those on a subnet.
pub fn claimable(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    coldkey: AccountId,
    stakes: &[PositionView],
) -> Result<Vec<Option<Rao>>, Failure> {
    let on_root = stakes.iter().filter(|it| it.netuid.is_root());
    let messages = on_root.map(|it| contracts.staking().root_claim(it.hotkey, coldkey));
    let mut answers = query_all(chain, messages)?.into_iter();
    let all = stakes.iter().map(|it| match it.netuid.is_root() {
        true => answers.next(),
        false => None,
    });
    Ok(all.collect())
}

/// Claims.
pub fn claim(arguments: &Claim, out: &mut dyn Write) -> Result<(), Failure> {
    let hotkey = arguments.hotkey.as_ref();
    let hotkey = hotkey
        .map(|who| who.on(&arguments.chain.chain))
        .transpose()?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let hotkeys = match hotkey {
        Some(hotkey) => vec![hotkey],
        None => {
            let (chain, account) = (session.chain.as_ref(), session.account);
            let stakes = positions(chain, &session.contracts, account)?;
            let claims = claimable(chain, &session.contracts, account, &stakes)?;
            let due = stakes.iter().zip(claims);
            due.filter(|(_, claim)| claim.is_some_and(|claim| !claim.is_zero()))
                .map(|(it, _)| it.hotkey)
                .collect()
        }
    };
    if hotkeys.is_empty() {
        let nothing = "there is nothing to claim: no root stake of the signer has earned anything since it claimed last";
        return Err(Failure::input(nothing));
    }
    let (mut claimed, mut sum, mut cost) = (Vec::new(), 0u64, Cost::default());
    for hotkey in hotkeys {
        let message = session.contracts.staking().claim_root(hotkey);
        let done = session.run("Staking::claim_root", message)?;
        sum = sum.saturating_add(done.value.0);
        cost = both(cost, done.cost);
        claimed.push(json!({ "hotkey": ss58(&hotkey), "amount_rao": done.value.0 }));
    }
    let places = claimed.len();
    let sentence = format!(
        "claimed {} TAO that root stake on {places} {} has earned",
        tao_text(Rao(sum)),
        if places == 1 { "hotkey" } else { "hotkeys" }
    );
    let document = json!({ "amount_rao": sum, "claims": Value::Array(claimed) });
    Ok(tell(arguments.json, &sentence, document, &cost, out)?)
}
