//! Child hotkeys: parts of a hotkey's own stake that weigh for others.

use super::take::{percent, percentage};
use crate::{
    args::{ChainArguments, SignerArguments, Who},
    commands::Failure,
    output::table::{account, show, table},
    session::{print, tell},
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::{
    staking::{Child, ChildrenView, ParentView, Staking, TakeInfo},
    AccountId, Bps, NetUid,
};
use inktensor_worker::chain_source::ChainSource;
use serde_json::{json, Value};
use std::io::Write;

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the children and the parents of a hotkey
    #[command(
        after_help = "Example:\n  inktensor stake child get --url ws://127.0.0.1:9944 --netuid 1 --hotkey 5FHneW46…"
    )]
    Get(Get),
    /// Give parts of the stake of the signer's hotkey to children, in the place of those before
    #[command(
        after_help = "Example:\n  inktensor stake child set --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46… --child 5FLSigC9…=25 --child 5DAAnrj7…=10.5"
    )]
    Set(Set),
    /// Take all back from the children of the signer's hotkey
    #[command(
        after_help = "Example:\n  inktensor stake child revoke --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FHneW46…"
    )]
    Revoke(Revoke),
    /// Let another owner's hotkey have the signer's as a child, or no longer
    #[command(
        after_help = "Example:\n  inktensor stake child allow --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FLSigC9… --parent 5FHneW46…"
    )]
    Allow(Allow),
    /// Set what the signer's hotkey keeps of what it earns for parents of other owners
    #[command(
        after_help = "Example:\n  inktensor stake child take --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey 5FLSigC9… --take 9"
    )]
    Take(Take),
}

/// Whose.
#[derive(clap::Args)]
pub struct Get {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// On which chain, subnet and hotkey, signed by whom.
#[derive(clap::Args)]
struct Place {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The signer's hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which children.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    place: Place,
    /// A child, and the per cent of the hotkey's own stake that weigh for it, with up to two
    /// decimals; up to five times
    #[arg(long = "child", value_parser = part, required = true, value_name = "ADDRESS=PERCENT")]
    children: Vec<(String, Bps)>,
}

/// Whose children.
#[derive(clap::Args)]
pub struct Revoke {
    #[command(flatten)]
    place: Place,
}

/// Whom to allow.
#[derive(clap::Args)]
pub struct Allow {
    #[command(flatten)]
    place: Place,
    /// The parent
    #[arg(long, value_name = "NAME|ADDRESS")]
    parent: Who,
    /// No longer
    #[arg(long)]
    no: bool,
}

/// Which take.
#[derive(clap::Args)]
pub struct Take {
    #[command(flatten)]
    place: Place,
    /// Per cent, with up to two decimals
    #[arg(long, value_parser = percentage, value_name = "PERCENT")]
    take: Bps,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Get(arguments) => get(arguments, out),
        Command::Set(arguments) => {
            let source = &arguments.place.chain.chain;
            let children = arguments.children.iter().map(|(who, share)| {
                Ok(Child {
                    proportion: proportion(*share),
                    hotkey: Who::from(who.as_str()).on(source)?,
                })
            });
            let children: Vec<Child> = children.collect::<Result<_, Failure>>()?;
            set(&arguments.place, children, out)
        }
        Command::Revoke(arguments) => set(&arguments.place, Vec::new(), out),
        Command::Allow(arguments) => allow(arguments, out),
        Command::Take(arguments) => take(arguments, out),
    }
}

impl Place {
    fn on(&self, source: &ChainSource) -> Result<(NetUid, AccountId), Failure> {
        Ok((NetUid(self.netuid), self.hotkey.on(source)?))
    }
}

fn set(place: &Place, children: Vec<Child>, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, hotkey) = place.on(&place.chain.chain)?;
    let mut session = place.chain.sign(&place.signer)?;
    let (count, documents) = (children.len(), documents(&children));
    let message = session
        .contracts
        .staking()
        .set_children(netuid, hotkey, children);
    let done = session.run("Staking::set_children", message)?;
    let told = done
        .events
        .iter()
        .find_map(|event| event.decode::<inktensor_primitives::staking::ChildrenSet>());
    let after = told.map(|told| told.after);
    let sentence = match after {
        Some(after) => {
            format!("{count} children, from the first epoch on that opens after block {after}")
        }
        None => format!("{count} children"),
    };
    let document = json!({
        "netuid": netuid.0,
        "hotkey": ss58(&hotkey),
        "children": documents,
        "after": after,
    });
    Ok(tell(place.json, &sentence, document, &done.cost, out)?)
}

fn allow(arguments: &Allow, out: &mut dyn Write) -> Result<(), Failure> {
    let place = &arguments.place;
    let (netuid, child) = place.on(&place.chain.chain)?;
    let parent = arguments.parent.on(&place.chain.chain)?;
    let mut session = place.chain.sign(&place.signer)?;
    let message = session
        .contracts
        .staking()
        .allow_parent(netuid, child, parent, !arguments.no);
    let done = session.run("Staking::allow_parent", message)?;
    let (child, parent) = (ss58(&child), ss58(&parent));
    let sentence = if arguments.no {
        format!("{parent} may no longer have {child} as a child")
    } else {
        format!("{parent} may have {child} as a child")
    };
    let document = json!({
        "netuid": netuid.0,
        "child": child,
        "parent": parent,
        "allowed": !arguments.no,
    });
    Ok(tell(place.json, &sentence, document, &done.cost, out)?)
}

fn take(arguments: &Take, out: &mut dyn Write) -> Result<(), Failure> {
    let place = &arguments.place;
    let (netuid, hotkey) = place.on(&place.chain.chain)?;
    let mut session = place.chain.sign(&place.signer)?;
    let message = session
        .contracts
        .staking()
        .set_child_take(netuid, hotkey, arguments.take);
    let done = session.run("Staking::set_child_take", message)?;
    let sentence = format!(
        "{} keeps {} of what it earns for others",
        ss58(&hotkey),
        percent(arguments.take)
    );
    let document = json!({
        "netuid": netuid.0,
        "hotkey": ss58(&hotkey),
        "take_bps": arguments.take.0,
    });
    Ok(tell(place.json, &sentence, document, &done.cost, out)?)
}

fn get(arguments: &Get, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let hotkey = arguments.hotkey.on(&arguments.chain.chain)?;
    let netuid = NetUid(arguments.netuid);
    let staking = || opened.contracts.staking();
    let found: ChildrenView = opened.chain.query(staking().children(netuid, hotkey))?;
    let parents: Vec<ParentView> = opened.chain.query(staking().parents(netuid, hotkey))?;
    let take: TakeInfo = opened.chain.query(staking().child_take(netuid, hotkey))?;
    if arguments.json {
        let parents: Vec<Value> = parents
            .iter()
            .map(
                |it| json!({ "hotkey": ss58(&it.hotkey), "proportion": it.proportion.to_string() }),
            )
            .collect();
        let document = json!({
            "netuid": netuid.0,
            "hotkey": ss58(&hotkey),
            "children": documents(&found.children),
            "pending": found.pending.as_ref().map(|pending| json!({
                "children": documents(&pending.children),
                "after": pending.after,
            })),
            "parents": parents,
            "take_bps": take.take.0,
        });
        return Ok(print(&document, out)?);
    }
    let mut rows = table(["", "hotkey", "of its stake"], &[2]);
    for it in &found.children {
        rows.add_row(["child", &account(&it.hotkey), &share_text(it.proportion)]);
    }
    if let Some(pending) = &found.pending {
        let when = format!("child after {}", pending.after);
        for it in &pending.children {
            rows.add_row([&when, &account(&it.hotkey), &share_text(it.proportion)]);
        }
        if pending.children.is_empty() {
            rows.add_row([&when, "none", ""]);
        }
    }
    for it in &parents {
        let what = if it.proportion == 0 {
            "may be parent"
        } else {
            "parent"
        };
        rows.add_row([what, &account(&it.hotkey), &share_text(it.proportion)]);
    }
    show(&rows, out)?;
    writeln!(
        out,
        "\nkeeps {} of what it earns for others",
        percent(take.take)
    )?;
    Ok(())
}

fn documents(children: &[Child]) -> Vec<Value> {
    let documents = children
        .iter()
        .map(|it| json!({ "hotkey": ss58(&it.hotkey), "proportion": it.proportion.to_string() }));
    documents.collect()
}

/// A share of `u64::MAX`, rounded down; the whole is exactly that.
fn proportion(share: Bps) -> u64 {
    let whole = u128::from(u64::MAX);
    let part = whole * u128::from(share.0.min(Bps::ONE.0)) / u128::from(Bps::ONE.0);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// A share of `u64::MAX` in per cent, rounded to the second decimal.
fn share_text(proportion: u64) -> String {
    let whole = u128::from(u64::MAX);
    let bps = (u128::from(proportion) * u128::from(Bps::ONE.0) + whole / 2) / whole;
    percent(Bps(u16::try_from(bps).unwrap_or(u16::MAX)))
}

/// The child and the share that `text` writes.
fn part(text: &str) -> Result<(String, Bps), String> {
    let wrong = || {
        format!("{text:?} is not a child and its part in per cent, such as 5FLSigC9…=25 or 5FLSigC9…=10.5")
    };
    let (who, share) = text.split_once('=').ok_or_else(wrong)?;
    let (whole, fraction) = share.split_once('.').unwrap_or((share, "0"));
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit());
    if who.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > 2 {
        return Err(wrong());
    }
    let whole: u16 = whole.parse().map_err(|_| wrong())?;
    let fraction: u16 = format!("{fraction:0<2}").parse().map_err(|_| wrong())?;
    let bps = whole
        .checked_mul(100)
        .and_then(|it| it.checked_add(fraction));
    let bps = bps
        .filter(|it| (1..=Bps::ONE.0).contains(it))
        .ok_or_else(wrong)?;
    Ok((who.into(), Bps(bps)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_and_shown_to_the_second_decimal() {
        for (text, bps) in [("a=25", 2_500), ("a=10.5", 1_050), ("a=100", 10_000)] {
            assert_eq!(part(text), Ok(("a".into(), Bps(bps))));
            assert_eq!(share_text(proportion(Bps(bps))), percent(Bps(bps)));
        }
        for text in ["a", "a=", "=5", "a=0", "a=100.01", "a=5.555", "a=-1"] {
            assert!(part(text).is_err(), "{text}");
        }
        assert_eq!(proportion(Bps::ONE), u64::MAX);
    }
}
