//! `inktensor epoch`: the state of a subnet's epochs, and the bonds that the last one left.

mod bonds;

use crate::{
    args::{NetuidArg, ReadArgs},
    error::{Failure, Verdict},
    output::{
        format::tao,
        json::{Address, Hex},
        View,
    },
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs, PostedAssertion, Settlement, Stage},
    kernel::{Budget, EpochHeader},
    Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Commands about epochs.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the open epoch, and the state of the one before
    #[command(after_help = example!("epoch show --url ws://127.0.0.1:9944 --netuid 1"))]
    Show(Show),
    /// Show the bonds that the last final epoch left, with proof
    ///
    /// The chain keeps no bonds, only a hash of those of each chunk. The bonds are read from the
    /// events of the epoch's settlement, or computed again from its inputs, and checked against
    /// these hashes. Exit code: 0 if the hashes are equal, 1 if not.
    #[command(after_help = example!(
        "epoch bonds --url ws://127.0.0.1:9944 --netuid 1 --uid 0"
    ))]
    Bonds(bonds::Bonds),
}

/// Arguments of `epoch show`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

/// The state of a subnet's epochs.
#[derive(Serialize)]
struct EpochView {
    netuid: u16,
    block: u32,
    open_epoch: u32,
    opened_at: u32,
    closes_at: Option<u32>,
    stage: StageView,
    final_epoch: Option<u32>,
    replays_at: Option<u32>,
    rolls_over_at: Option<u32>,
    replayed: u32,
    collateral_required_rao: u64,
    header: Option<HeaderView>,
    settling: Option<SettlingView>,
}

#[derive(Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
enum StageView {
    Open,
    Closed,
    Asserted { assertions: Vec<PostedView> },
}

/// An assertion that stands.
#[derive(Serialize)]
struct PostedView {
    assertion: Hex,
    proposer: Address,
    collateral_rao: u64,
    deadline: u32,
}

#[derive(Serialize)]
struct HeaderView {
    digest: Hex,
    epoch: u32,
    closed_at: u64,
    neurons: u16,
    kernel: Address,
    kernel_code: Hex,
    budget_rao: u64,
    roster: Vec<u16>,
}

#[derive(Serialize)]
struct SettlingView {
    epoch: u32,
    chunks: u16,
    settled: usize,
    budget_rao: u64,
    paid_rao: u64,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Show(arguments) => show(arguments, out)?,
        Command::Bonds(arguments) => return bonds::bonds(arguments, out),
    }
    Ok(Verdict::Good)
}

fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.read.open()?;
    let epochs = || network.contracts().epoch();
    let status: EpochStatus = network.status(netuid)?;
    let header: Option<EpochHeader> = network.query(epochs().header(netuid))?;
    let required: Rao = network.query(epochs().collateral_required(netuid))?;
    let view = EpochView {
        netuid: netuid.0,
        block: network.block()?,
        open_epoch: status.open,
        opened_at: status.opened_at,
        closes_at: Some(status.closes_at).filter(|at| *at < u32::MAX),
        stage: StageView::from(&status.stage),
        final_epoch: status.final_epoch,
        replays_at: status.replays_at,
        rolls_over_at: status.rolls_over_at,
        replayed: status.replayed,
        collateral_required_rao: required.0,
        header: header.as_ref().map(HeaderView::from),
        settling: status.settling.as_ref().map(SettlingView::from),
    };
    Ok(arguments.read.show(&view, out)?)
}

impl From<&Stage> for StageView {
    fn from(stage: &Stage) -> Self {
        match stage {
            Stage::Open => StageView::Open,
            Stage::Closed => StageView::Closed,
            Stage::Asserted(standing) => StageView::Asserted {
                assertions: standing.iter().map(PostedView::from).collect(),
            },
        }
    }
}

impl From<&PostedAssertion> for PostedView {
    fn from(posted: &PostedAssertion) -> Self {
        Self {
            assertion: Hex::from(posted.assertion),
            proposer: Address(posted.proposer),
            collateral_rao: posted.collateral.0,
            deadline: posted.deadline,
        }
    }
}

impl From<&EpochHeader> for HeaderView {
    fn from(header: &EpochHeader) -> Self {
        let budget = match header.budget {
            Budget::Split { miners, validators } => miners.0.saturating_add(validators.0),
            Budget::Combined(total) => total.0,
        };
        Self {
            digest: Hex::from(header.digest()),
            epoch: header.epoch,
            closed_at: header.closed_at,
            neurons: header.neurons,
            kernel: header.kernel.into(),
            kernel_code: Hex::from(header.kernel_code),
            budget_rao: budget,
            roster: header.roster.iter().map(|uid| uid.0).collect(),
        }
    }
}

impl From<&Settlement> for SettlingView {
    fn from(settling: &Settlement) -> Self {
        let chunks = settling.chunks();
        Self {
            epoch: settling.epoch,
            chunks,
            settled: (0..chunks).filter(|it| settling.is_settled(*it)).count(),
            budget_rao: settling.budget.0,
            paid_rao: settling.paid.0,
        }
    }
}

impl View for EpochView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "subnet {} at block {}", self.netuid, self.block)?;
        match self.closes_at {
            Some(at) => writeln!(
                out,
                "open       epoch {}, since block {}, closes from block {at} on",
                self.open_epoch, self.opened_at
            )?,
            None => writeln!(
                out,
                "open       epoch {}, and the subnet does not run",
                self.open_epoch
            )?,
        }
        self.closed(out)?;
        if let Some(header) = &self.header {
            writeln!(
                out,
                "header     epoch {}, {} neurons, {} permits, budget {} TAO",
                header.epoch,
                header.neurons,
                header.roster.len(),
                tao(Rao(header.budget_rao))
            )?;
            writeln!(out, "           {}", header.digest)?;
        }
        match self.final_epoch {
            Some(last) => writeln!(out, "final      epoch {last}")?,
            None => writeln!(out, "final      no epoch yet")?,
        }
        if let Some(settling) = &self.settling {
            writeln!(
                out,
                "settling   epoch {}, {} of {} chunks, {} of {} TAO paid",
                settling.epoch,
                settling.settled,
                settling.chunks,
                tao(Rao(settling.paid_rao)),
                tao(Rao(settling.budget_rao))
            )?;
        }
        Ok(())
    }
}

impl PostedView {
    /// Prints the lines after the first.
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let collateral = tao(Rao(self.collateral_rao));
        writeln!(out, "           {}", self.assertion)?;
        writeln!(out, "           by {}", self.proposer)?;
        writeln!(out, "           collateral {collateral} TAO")
    }
}

impl EpochView {
    /// Prints the state of the closed epoch.
    fn closed(&self, out: &mut dyn Write) -> io::Result<()> {
        let closed = self.open_epoch.saturating_sub(1);
        match &self.stage {
            StageView::Open => {}
            StageView::Closed => writeln!(
                out,
                "closed     epoch {closed}, not posted yet; collateral of {} TAO is needed",
                tao(Rao(self.collateral_required_rao))
            )?,
            StageView::Asserted { assertions } => {
                for posted in assertions {
                    let deadline = posted.deadline;
                    writeln!(
                        out,
                        "posted     epoch {closed}, can be disputed before block {deadline}"
                    )?;
                    posted.text(out)?;
                }
            }
        }
        if self.replayed > 0 {
            writeln!(
                out,
                "           the chain has replayed {} steps",
                self.replayed
            )?;
        }
        for (what, at) in [
            ("replayed", self.replays_at),
            ("rolled over", self.rolls_over_at),
        ] {
            if let Some(at) = at {
                writeln!(out, "           can be {what} from block {at} on")?;
            }
        }
        Ok(())
    }
}
