//! The treasury's TAO, and its streams and budgets.

use super::governing;
use crate::{
    args::{ListArgs, ReadArgs},
    error::Failure,
    output::{
        self,
        format::tao,
        json::Address,
        table::{number, text, Room, Table},
        View,
    },
};
use inktensor_primitives::{
    governance::Governance,
    treasury::{BudgetView, Limits, StreamView, Treasury},
    Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `treasury show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    read: ReadArgs,
}

/// Arguments of `treasury list`.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    list: ListArgs,
}

/// The treasury's TAO.
#[derive(Serialize)]
struct Shown {
    treasury: Address,
    owner: Address,
    free_rao: u64,
    committed_rao: u64,
    out_rao: u64,
    left_rao: u64,
    small_left_rao: u64,
    /// Block from which the oldest outgoing TAO counts no more.
    oldest_ends: Option<u32>,
    #[serde(skip)]
    block: u32,
}

/// Shows the treasury's TAO.
pub fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let network = arguments.read.open()?;
    let at = governing(&network)?;
    let limits: Limits = network.query(at.treasury().limits())?;
    let small: Rao = network.query(at.governance().small_left())?;
    let answer = Shown {
        treasury: at.treasury.into(),
        owner: network.query(at.treasury().owner())?.into(),
        free_rao: limits.free.0,
        committed_rao: limits.committed.0,
        out_rao: limits.out.0,
        left_rao: limits.left.0,
        small_left_rao: small.min(limits.left).0,
        oldest_ends: limits.ends,
        block: network.block()?,
    };
    Ok(arguments.read.show(&answer, out)?)
}

impl View for Shown {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = |name: &str, value: String| writeln!(out, "{name:<13} {value}");
        let amount = |rao| format!("{} TAO", tao(Rao(rao)));
        line("treasury", self.treasury.to_string())?;
        line("owner", self.owner.to_string())?;
        line("free", amount(self.free_rao))?;
        line("committed", amount(self.committed_rao))?;
        line("out", format!("{} in 30 days", amount(self.out_rao)))?;
        line("may go out", amount(self.left_rao))?;
        line(
            "",
            format!("{} of it by small proposals", amount(self.small_left_rao)),
        )?;
        if let Some(block) = self.oldest_ends {
            line("more may", format!("from block {block} on"))?;
        }
        line("block", self.block.to_string())
    }
}

/// A stream or a budget.
#[derive(Serialize)]
struct Grant {
    grant: u32,
    kind: &'static str,
    account: Address,
    total_rao: Option<u64>,
    left_rao: u64,
    payable_rao: u64,
    from: u32,
    until: u32,
    cliff: Option<u32>,
    revoked_at: Option<u32>,
    per_period_rao: Option<u64>,
    period: Option<u32>,
    next_period: Option<u32>,
}

impl Grant {
    fn of_stream(grant: u32, it: &StreamView) -> Self {
        Self {
            grant,
            kind: "stream",
            account: it.payee.into(),
            total_rao: Some(it.total.0),
            left_rao: it.total.0.saturating_sub(it.paid.0),
            payable_rao: it.claimable.0,
            from: it.start,
            until: it.end,
            cliff: Some(it.cliff),
            revoked_at: it.revoked_at,
            per_period_rao: None,
            period: None,
            next_period: None,
        }
    }

    fn of_budget(grant: u32, it: &BudgetView) -> Self {
        Self {
            grant,
            kind: "budget",
            account: it.manager.into(),
            total_rao: None,
            left_rao: it.left.0,
            payable_rao: it.drawable.0,
            from: it.opened,
            until: it.until,
            cliff: None,
            revoked_at: None,
            per_period_rao: Some(it.per_period.0),
            period: Some(it.period),
            next_period: Some(it.next_period),
        }
    }
}

/// All streams and budgets.
#[derive(Serialize)]
#[serde(transparent)]
struct Grants(Vec<Grant>);

/// Lists streams and budgets.
pub fn list(arguments: &List, out: &mut dyn Write) -> Result<(), Failure> {
    let network = arguments.list.open()?;
    let at = governing(&network)?;
    let treasury = || at.treasury();
    let made: u32 = network.query(treasury().grants())?;
    let streams: Vec<Option<StreamView>> =
        network.query_all((0..made).map(|id| treasury().stream(id)))?;
    let budgets: Vec<Option<BudgetView>> =
        network.query_all((0..made).map(|id| treasury().budget(id)))?;
    let grants = (0..).zip(streams.iter().zip(&budgets));
    let grants = grants.filter_map(|(id, (stream, budget))| {
        let stream = stream.as_ref().map(|it| Grant::of_stream(id, it));
        stream.or_else(|| budget.as_ref().map(|it| Grant::of_budget(id, it)))
    });
    Ok(arguments.list.show(&Grants(grants.collect()), out)?)
}

impl output::List for Grants {
    type Row = Grant;

    fn rows(&self) -> &[Grant] {
        &self.0
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("grant"),
            text("kind"),
            text("payee or manager"),
            number("left TAO"),
            number("payable TAO"),
            number("from"),
            number("until"),
            number("revoked").from(Room::Wide),
            number("each period TAO").from(Room::Wide),
            number("blocks").from(Room::All),
        ];
        let mut table = Table::new(room, columns);
        let amount = |rao| tao(Rao(rao));
        let block = |block: Option<u32>| block.map(|it| it.to_string()).unwrap_or_default();
        for it in &self.0 {
            table.row([
                it.grant.to_string(),
                it.kind.into(),
                room.account(&it.account.0),
                amount(it.left_rao),
                amount(it.payable_rao),
                it.from.to_string(),
                it.until.to_string(),
                block(it.revoked_at),
                it.per_period_rao.map(amount).unwrap_or_default(),
                block(it.period),
            ]);
        }
        table.print(out)
    }
}
