//! `inktensor gov`: proposals of the network's governance, votes, execution and the guard.

mod actions;
mod describe;
mod guard;
mod life;
mod list;
mod objects;
mod propose;
mod rehearse;
mod show;
mod state;
mod track_rules;
mod vote;

use crate::{
    error::{Failure, Verdict},
    network::Network,
    values,
};
use inktensor_client::deploy::Governing;
use inktensor_primitives::governance::{Body, Governance, ProposalView};
use std::io::Write;

/// Commands about governance.
#[derive(clap::Subcommand)]
pub enum Command {
    /// List proposals
    ///
    /// Approval is ayes of ayes and nays, support is ayes of all stake that could vote. Both are
    /// shown in per cent, with the threshold that counts now.
    #[command(after_help = example!("gov list --url ws://127.0.0.1:9944 --open"))]
    List(list::List),
    /// Show a proposal: its actions in words, its state and votes
    ///
    /// The digest is computed again from what is shown. With --rehearse each action is tried as
    /// governance, without sending anything.
    #[command(after_help = example!("gov show 12 --url ws://127.0.0.1:9944 --rehearse"))]
    Show(show::Show),
    /// Make a proposal of actions, which are executed all or none
    ///
    /// The track follows from the actions, which are executed in the order of the options below.
    /// Each action is tried as governance first: one that would be refused is not proposed. The
    /// deposit is approved for governance, and is lost if nearly all votes are against the
    /// proposal. A draft costs a hundredth of it besides. Actions that stop something stand alone.
    #[command(after_help = example!(
        "gov propose --url ws://127.0.0.1:9944 --suri-file cold.suri --title longer-epochs \
         --set 3:tempo=720"
    ))]
    Propose(Box<propose::Propose>),
    /// Add to the deposit of a draft
    #[command(after_help = example!(
        "gov back 12 --url ws://127.0.0.1:9944 --suri-file cold.suri --amount 50"
    ))]
    Back(life::Back),
    /// Withdraw the signer's draft
    ///
    /// A proposal whose deposit is complete is decided by votes.
    #[command(after_help = example!(
        "gov withdraw 12 --url ws://127.0.0.1:9944 --suri-file cold.suri"
    ))]
    Withdraw(life::One),
    /// Vote with the signer's stake, and as a proxy
    ///
    /// Stake counts that was there for the whole root epoch of the snapshot, and is there now. A
    /// vote can be changed while votes are counted.
    #[command(after_help = example!(
        "gov vote 12 --url ws://127.0.0.1:9944 --suri-file cold.suri --aye"
    ))]
    Vote(vote::Vote),
    /// Show the votes of an account, and the reasons for their number
    #[command(after_help = example!(
        "gov votes 12 --url ws://127.0.0.1:9944 --account \
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    ))]
    Votes(vote::Votes),
    /// Let another account vote with the signer's stake
    ///
    /// The signer can vote itself all the same: its own vote counts first. A change counts for
    /// snapshots that are to come.
    #[command(after_help = example!(
        "gov delegate --url ws://127.0.0.1:9944 --suri-file cold.suri --to \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Delegate(vote::Delegate),
    /// Count the stake of accounts again, without what has left
    #[command(after_help = example!(
        "gov recount 12 --url ws://127.0.0.1:9944 --suri-file any.suri --voter \
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    ))]
    Recount(vote::Recount),
    /// List the proposals that are approved and not executed
    #[command(after_help = example!("gov queue --url ws://127.0.0.1:9944"))]
    Queue(list::Queue),
    /// Execute all actions of a proposal that is ready
    #[command(after_help = example!(
        "gov execute 12 --url ws://127.0.0.1:9944 --suri-file any.suri"
    ))]
    Execute(life::One),
    /// Close a proposal that nearly all votes are against
    #[command(after_help = example!(
        "gov close 12 --url ws://127.0.0.1:9944 --suri-file any.suri"
    ))]
    Close(life::One),
    /// Pay the signer's part of a deposit back
    #[command(after_help = example!(
        "gov reclaim 12 --url ws://127.0.0.1:9944 --suri-file cold.suri"
    ))]
    Reclaim(life::One),
    /// Pay a deposit that is lost to the treasury
    #[command(after_help = example!(
        "gov forfeit 12 --url ws://127.0.0.1:9944 --suri-file any.suri"
    ))]
    Forfeit(life::One),
    /// Free ballots of a proposal that is over
    ///
    /// The deposit for their storage goes to the signer.
    #[command(after_help = example!(
        "gov sweep 12 --url ws://127.0.0.1:9944 --suri-file any.suri --voter \
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    ))]
    Sweep(life::Sweep),
    /// Show the guard, and consent to its acts
    #[command(subcommand)]
    Guard(guard::Command),
    /// List the tracks, with their deposits, delays and thresholds
    #[command(after_help = example!("gov tracks --url ws://127.0.0.1:9944"))]
    Tracks(list::Tracks),
}

/// A proposal.
#[derive(Clone, Copy, Debug, clap::Args)]
struct IdArg {
    /// The number of the proposal
    #[arg(value_parser = values::whole::<u32>(0..=u32::MAX.into()), value_name = "PROPOSAL")]
    id: u32,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::List(arguments) => list::list(arguments, out)?,
        Command::Show(arguments) => show::show(arguments, out)?,
        Command::Propose(arguments) => propose::propose(arguments, out)?,
        Command::Back(arguments) => life::back(arguments, out)?,
        Command::Withdraw(arguments) => life::withdraw(arguments, out)?,
        Command::Vote(arguments) => vote::vote(arguments, out)?,
        Command::Votes(arguments) => vote::votes(arguments, out)?,
        Command::Delegate(arguments) => vote::delegate(arguments, out)?,
        Command::Recount(arguments) => vote::recount(arguments, out)?,
        Command::Queue(arguments) => list::queue(arguments, out)?,
        Command::Execute(arguments) => life::execute(arguments, out)?,
        Command::Close(arguments) => life::close(arguments, out)?,
        Command::Reclaim(arguments) => life::reclaim(arguments, out)?,
        Command::Forfeit(arguments) => life::forfeit(arguments, out)?,
        Command::Sweep(arguments) => life::sweep(arguments, out)?,
        Command::Guard(command) => guard::run(command, out)?,
        Command::Tracks(arguments) => list::tracks(arguments, out)?,
    }
    Ok(Verdict::Good)
}

/// Returns the addresses of governance and its treasury.
///
/// # Errors
/// That the deployment has no governance.
pub fn governing(network: &Network) -> Result<Governing, Failure> {
    network.contracts().governing.ok_or_else(|| {
        Failure::input(
            "this deployment has no governance: accounts have all its roles, which `inktensor \
             deployment check` shows; another deployment has it with `inktensor deploy \
             --governance`",
        )
    })
}

/// Returns a proposal with its actions.
fn proposal(network: &Network, at: Governing, id: u32) -> Result<(ProposalView, Body), Failure> {
    let view: Option<ProposalView> = network.query(at.governance().proposal(id))?;
    let body: Option<Body> = network.query(at.governance().body(id))?;
    match (view, body) {
        (Some(view), Some(body)) => Ok((view, body)),
        _ => Err(Failure::missing(format_args!(
            "proposal {id}; `inktensor gov list` lists all"
        ))),
    }
}
