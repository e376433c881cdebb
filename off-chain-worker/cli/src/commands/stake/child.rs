//! Child hotkeys: parts of a hotkey's own stake that weigh for others.

use super::{hand_on, take};
use crate::{
    args::{ListArgs, NetuidArg, SignArgs, Who},
    error::Failure,
    output::{
        self,
        format::{count, percent, percent_of_max, tao},
        json::Address,
        table::{number, text, Room, Table},
    },
    values,
};
use inktensor_primitives::{
    staking::{Child, ChildrenSet, ChildrenView, ParentAllowed, ParentView, Staking, TakeInfo},
    AccountId, Bps, NetUid, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Commands about child hotkeys.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the children and the parents of a hotkey
    #[command(
        visible_alias = "get",
        after_help = example!(
            "stake child show --url ws://127.0.0.1:9944 --netuid 1 --hotkey \
             5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
        )
    )]
    Show(Show),
    /// Set the children of the signer's hotkey, replacing all
    ///
    /// Each child gets a part of the hotkey's own stake, in per cent. A number below 1 needs the
    /// sign, as in 0.5%. The list counts from the first epoch on that opens after 7200 blocks.
    #[command(after_help = example!(
        "stake child set --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --child \
         5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y=25% --child \
         5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy=10.5%"
    ))]
    Set(Set),
    /// Remove all children of the signer's hotkey
    #[command(after_help = example!(
        "stake child revoke --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Revoke(Revoke),
    /// Allow another owner's hotkey to be a parent of the signer's
    #[command(after_help = example!(
        "stake child allow --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y --parent \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Allow(Allow),
    /// Credit to parents what a child has earned for them
    ///
    /// Anyone may hand on, and receives 0.25 % as TAO. By default everything that is due is handed
    /// on.
    #[command(after_help = example!(
        "stake child hand-on --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y"
    ))]
    HandOn(hand_on::HandOn),
    /// Set the take of the signer's hotkey from other owners' parents
    ///
    /// The take is the part, in per cent, that the hotkey keeps of what it earns for parents of
    /// other owners. A number below 1 needs the sign, as in 0.5%.
    #[command(
        visible_alias = "take",
        after_help = example!(
            "stake child set-take --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 \
             --hotkey 5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y --take 9%"
        )
    )]
    SetTake(SetTake),
}

/// Arguments of `stake child show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
}

/// A hotkey of the signer on a subnet.
#[derive(clap::Args)]
struct OwnHotkey {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The signer's hotkey
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
}

impl OwnHotkey {
    fn get(&self) -> Result<(NetUid, AccountId), Failure> {
        Ok((self.netuid.netuid, self.sign.chain.account(&self.hotkey)?))
    }
}

/// Arguments of `stake child set`.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    own: OwnHotkey,
    /// A child, and its part of the hotkey's own stake in per cent; up to five times
    ///
    /// A part has up to two decimals: 25, 10.5 or 10.5%. Below 1 it needs the sign, as in 0.5%.
    #[arg(long = "child", value_parser = part, required = true, value_name = "ADDRESS=PERCENT")]
    children: Vec<(String, Bps)>,
}

/// Arguments of `stake child revoke`.
#[derive(clap::Args)]
pub struct Revoke {
    #[command(flatten)]
    own: OwnHotkey,
}

/// Arguments of `stake child allow`.
#[derive(clap::Args)]
pub struct Allow {
    #[command(flatten)]
    own: OwnHotkey,
    /// The parent
    #[arg(long, value_name = "NAME|ADDRESS")]
    parent: Who,
    /// Refuse the parent instead
    ///
    /// A parent that has the hotkey as a child loses it with the first epoch that opens after 7200
    /// blocks.
    #[arg(long)]
    no: bool,
}

/// Arguments of `stake child set-take`.
#[derive(clap::Args)]
pub struct SetTake {
    #[command(flatten)]
    own: OwnHotkey,
    /// The part in per cent, 9.5 or 9.5%, at most 18; below 1 only as in 0.5%
    #[arg(long, value_parser = take::take, value_name = "PERCENT")]
    take: Bps,
}

/// A hotkey, and its part of another's stake.
#[derive(Serialize)]
struct Part {
    hotkey: Address,
    proportion: String,
    /// Dividends that are due to a parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_rao: Option<u64>,
    #[serde(skip)]
    of_max: u64,
}

impl Part {
    fn new(hotkey: AccountId, of_max: u64) -> Self {
        Self {
            hotkey: hotkey.into(),
            proportion: of_max.to_string(),
            due_rao: None,
            of_max,
        }
    }

    fn parent(view: &ParentView) -> Self {
        Self {
            due_rao: Some(view.due.0),
            ..Self::new(view.hotkey, view.proportion)
        }
    }

    fn all(children: &[Child]) -> Vec<Self> {
        let parts = children.iter();
        parts
            .map(|it| Self::new(it.hotkey, it.proportion))
            .collect()
    }
}

/// The children and the parents of a hotkey.
#[derive(Serialize)]
struct Family {
    netuid: u16,
    hotkey: Address,
    children: Vec<Part>,
    pending: Option<Pending>,
    parents: Vec<Part>,
    take_bps: u16,
    #[serde(skip)]
    rows: Vec<Relation>,
}

/// A list of children that does not count yet.
#[derive(Serialize)]
struct Pending {
    children: Vec<Part>,
    after: u32,
}

/// A row of the table.
#[derive(Serialize)]
struct Relation {
    relation: String,
    hotkey: Option<Address>,
    proportion: Option<String>,
    due_rao: Option<u64>,
    #[serde(skip)]
    of_max: u64,
}

#[derive(Serialize)]
struct ChildrenChanged {
    netuid: u16,
    hotkey: Address,
    children: Vec<Part>,
    after: Option<u32>,
}

#[derive(Serialize)]
struct Allowed {
    netuid: u16,
    child: Address,
    parent: Address,
    allowed: bool,
    after: Option<u32>,
}

#[derive(Serialize)]
struct TakeChanged {
    netuid: u16,
    hotkey: Address,
    take_bps: u16,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Command::Show(arguments) => show(arguments, out),
        Command::Set(arguments) => {
            let chain = &arguments.own.sign.chain;
            let children = arguments.children.iter().map(|(who, share)| {
                Ok(Child {
                    proportion: proportion(*share),
                    hotkey: chain.account(&Who::from(who.as_str()))?,
                })
            });
            let children: Vec<Child> = children.collect::<Result<_, Failure>>()?;
            set(&arguments.own, children, out)
        }
        Command::Revoke(arguments) => set(&arguments.own, Vec::new(), out),
        Command::Allow(arguments) => allow(arguments, out),
        Command::HandOn(arguments) => hand_on::hand_on(arguments, out),
        Command::SetTake(arguments) => set_take(arguments, out),
    }
}

fn set(own: &OwnHotkey, children: Vec<Child>, out: &mut dyn Write) -> Result<(), Failure> {
    let (netuid, hotkey) = own.get()?;
    let parts = Part::all(&children);
    let mut session = own.sign.open()?;
    session.network.subnet(netuid)?;
    session.check_owns(hotkey)?;
    let contracts = session.network.contracts();
    let done = session.send(contracts.staking().set_children(netuid, hotkey, children))?;
    let answer = ChildrenChanged {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        children: parts,
        after: done.event::<ChildrenSet>().map(|it| it.after),
    };
    own.sign
        .report(&answer.sentence(), &answer, &done.cost, out)
}

impl ChildrenChanged {
    fn sentence(&self) -> String {
        let number = u32::try_from(self.children.len()).unwrap_or(u32::MAX);
        let mut sentence = format!("{} has {}", self.hotkey, count(number, "child"));
        if let Some(after) = self.after {
            sentence.push_str(&format!(
                " from the first epoch on that opens after block {after}"
            ));
        }
        for (place, part) in self.children.iter().enumerate() {
            let mark = if place == 0 { ": " } else { ", " };
            sentence.push_str(mark);
            sentence.push_str(&format!(
                "{} gets {} of its stake",
                part.hotkey,
                percent_of_max(part.of_max)
            ));
        }
        sentence
    }
}

fn allow(arguments: &Allow, out: &mut dyn Write) -> Result<(), Failure> {
    let sign = &arguments.own.sign;
    let (netuid, child) = arguments.own.get()?;
    let parent = sign.chain.account(&arguments.parent)?;
    let allowed = !arguments.no;
    let mut session = sign.open()?;
    session.network.subnet(netuid)?;
    session.check_owns(child)?;
    let contracts = session.network.contracts();
    let done = session.send(
        contracts
            .staking()
            .allow_parent(netuid, child, parent, allowed),
    )?;
    let answer = Allowed {
        netuid: netuid.0,
        child: child.into(),
        parent: parent.into(),
        allowed,
        after: done.event::<ParentAllowed>().map(|it| it.after),
    };
    let may = if allowed { "may" } else { "may not" };
    let mut sentence = format!("{} {may} have {} as a child", answer.parent, answer.child);
    if let Some(after) = answer.after.filter(|_| !allowed) {
        sentence.push_str(&format!(
            " from the first epoch on that opens after block {after}"
        ));
    }
    sign.report(&sentence, &answer, &done.cost, out)
}

fn set_take(arguments: &SetTake, out: &mut dyn Write) -> Result<(), Failure> {
    let sign = &arguments.own.sign;
    let (netuid, hotkey) = arguments.own.get()?;
    let mut session = sign.open()?;
    session.network.subnet(netuid)?;
    session.check_owns(hotkey)?;
    let contracts = session.network.contracts();
    let done = session.send(
        contracts
            .staking()
            .set_child_take(netuid, hotkey, arguments.take),
    )?;
    let answer = TakeChanged {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        take_bps: arguments.take.0,
    };
    let sentence = format!(
        "{} keeps {} of what it earns for parents of other owners",
        answer.hotkey,
        percent(arguments.take)
    );
    sign.report(&sentence, &answer, &done.cost, out)
}

fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let hotkey = arguments.list.chain.account(&arguments.hotkey)?;
    let netuid = arguments.netuid.netuid;
    let network = arguments.list.open()?;
    let staking = || network.contracts().staking();
    let found: ChildrenView = network.query(staking().children(netuid, hotkey))?;
    let parents: Vec<ParentView> = network.query(staking().parents(netuid, hotkey))?;
    let take: TakeInfo = network.query(staking().child_take(netuid, hotkey))?;
    let parents = parents.iter();
    let mut answer = Family {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        children: Part::all(&found.children),
        pending: found.pending.map(|pending| Pending {
            children: Part::all(&pending.children),
            after: pending.after,
        }),
        parents: parents.map(Part::parent).collect(),
        take_bps: take.take.0,
        rows: Vec::new(),
    };
    answer.rows = answer.relations();
    Ok(arguments.list.show(&answer, out)?)
}

impl Family {
    /// Returns all relations in the order of the table.
    fn relations(&self) -> Vec<Relation> {
        let row = |relation: &str, part: &Part| Relation {
            relation: relation.into(),
            hotkey: Some(part.hotkey),
            proportion: Some(part.proportion.clone()),
            due_rao: part.due_rao,
            of_max: part.of_max,
        };
        let mut rows: Vec<Relation> = self.children.iter().map(|it| row("child", it)).collect();
        if let Some(pending) = &self.pending {
            let when = format!("child after {}", pending.after);
            rows.extend(pending.children.iter().map(|it| row(&when, it)));
            if pending.children.is_empty() {
                rows.push(Relation {
                    relation: when,
                    hotkey: None,
                    proportion: None,
                    due_rao: None,
                    of_max: 0,
                });
            }
        }
        rows.extend(self.parents.iter().map(|it| match it.of_max {
            0 => row("allowed parent", it),
            _ => row("parent", it),
        }));
        rows
    }
}

impl output::List for Family {
    type Row = Relation;

    fn rows(&self) -> &[Relation] {
        &self.rows
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            text("relation"),
            text("hotkey"),
            number("part of stake"),
            number("due"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.rows {
            let hotkey = it.hotkey.map(|it| room.account(&it.0));
            let is_part = it.proportion.is_some();
            table.row([
                it.relation.clone(),
                hotkey.unwrap_or_else(|| "none".into()),
                if is_part {
                    percent_of_max(it.of_max)
                } else {
                    String::new()
                },
                it.due_rao.map(|due| tao(Rao(due))).unwrap_or_default(),
            ]);
        }
        table.print(out)?;
        writeln!(
            out,
            "\nkeeps {} of what it earns for parents of other owners",
            percent(Bps(self.take_bps))
        )
    }
}

/// Returns a part of `u64::MAX`, rounded down; the whole is exactly that.
fn proportion(part: Bps) -> u64 {
    let whole = u128::from(u64::MAX);
    let part = whole * u128::from(part.0.min(Bps::ONE.0)) / u128::from(Bps::ONE.0);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// Parses a child and its part.
fn part(text: &str) -> Result<(String, Bps), String> {
    let wrong = || {
        format!(
            "{text:?}: expected a child and its part in per cent, such as ADDRESS=25% or \
         ADDRESS=10.5%"
        )
    };
    let (who, share) = text.split_once('=').ok_or_else(wrong)?;
    if who.is_empty() || share.is_empty() {
        return Err(wrong());
    }
    let part = values::percent(share, Bps::ONE)?;
    if part.0 == 0 {
        return Err("a child's part must be above 0%; leave the child out instead".into());
    }
    Ok((who.into(), part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_and_shown_to_the_second_decimal() {
        for (text, bps) in [
            ("a=25", 2_500),
            ("a=10.5", 1_050),
            ("a=100%", 10_000),
            ("a=0.5%", 50),
        ] {
            assert_eq!(part(text), Ok(("a".into(), Bps(bps))));
            assert_eq!(percent_of_max(proportion(Bps(bps))), percent(Bps(bps)));
        }
        for text in [
            "a", "a=", "=5", "a=0", "a=100.01", "a=5.555", "a=-1", "a=0.5",
        ] {
            assert!(part(text).is_err(), "{text}");
        }
        assert_eq!(proportion(Bps::ONE), u64::MAX);
    }

    #[test]
    fn the_answer_shows_each_childs_part() {
        let answer = ChildrenChanged {
            netuid: 1,
            hotkey: Address([1; 32].into()),
            children: vec![Part::new([2; 32].into(), proportion(Bps(50)))],
            after: Some(7_200),
        };
        let sentence = answer.sentence();
        assert!(
            sentence.contains("has 1 child from the first"),
            "{sentence}"
        );
        assert!(sentence.contains("gets 0.50 % of its stake"), "{sentence}");
    }
}
