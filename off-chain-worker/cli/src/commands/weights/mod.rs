//! `inktensor weights`: sets a validator's weights, commits to them, reveals them, and checks
//! whether that would be refused.

mod check;
mod commit;
mod commits;
mod row;
mod set;
mod show;

use crate::error::{Failure, Verdict};
use std::io::Write;

/// Commands about weights.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Set the weights of the signer's neuron, replacing all
    ///
    /// Only the ratio of the weights counts. Whole numbers are sent as they are. With decimals, as
    /// in 0.6,0.4, all are scaled so that the largest is 65535, and rounded.
    #[command(after_help = example!(
        "weights set --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --uids 2,3 \
         --weights 30,70"
    ))]
    Set(set::Set),
    /// Clear the weights of the signer's neuron
    #[command(after_help = example!(
        "weights clear --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1"
    ))]
    Clear(set::Clear),
    /// Commit the signer's neuron to weights without showing them
    ///
    /// The salt file is made with 32 random bytes if it does not exist. The salt and the weights
    /// are needed to reveal the commit: keep both until then.
    #[command(after_help = example!(
        "weights commit --url ws://127.0.0.1:9944 --suri-file hot.suri --netuid 1 --uids 2,3 \
         --weights 30,70 --salt-file salt"
    ))]
    Commit(commit::Commit),
    /// Reveal weights that were committed to
    ///
    /// Anyone who has the weights and the salt may reveal them, for any neuron.
    #[command(after_help = example!(
        "weights reveal --url ws://127.0.0.1:9944 --suri-file any.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --uids 2,3 --weights 30,70 --salt-file \
         salt"
    ))]
    Reveal(commit::Reveal),
    /// Check whether setting or revealing weights would be refused
    ///
    /// Exit code: 0 if the weights can be set, 1 if not.
    #[command(
        visible_alias = "why-not",
        after_help = example!(
            "weights check --url ws://127.0.0.1:9944 --netuid 1 --hotkey \
             5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --uids 2,3 --weights 30,70"
        )
    )]
    Check(check::Check),
    /// List the commits of a neuron that are not revealed
    #[command(after_help = example!(
        "weights commits --url ws://127.0.0.1:9944 --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Commits(commits::Commits),
    /// Show the weights that a neuron has set
    #[command(after_help = example!(
        "weights show --url ws://127.0.0.1:9944 --netuid 1 --uid 0"
    ))]
    Show(show::Show),
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Set(arguments) => set::set(arguments, out)?,
        Command::Clear(arguments) => set::clear(arguments, out)?,
        Command::Commit(arguments) => commit::commit(arguments, out)?,
        Command::Reveal(arguments) => commit::reveal(arguments, out)?,
        Command::Check(arguments) => return check::check(arguments, out),
        Command::Commits(arguments) => commits::commits(arguments, out)?,
        Command::Show(arguments) => show::show(arguments, out)?,
    }
    Ok(Verdict::Good)
}
