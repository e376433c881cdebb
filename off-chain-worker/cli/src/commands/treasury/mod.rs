//! `inktensor treasury`: the TAO that governance pays out, its streams and budgets.

mod grants;
mod show;

use super::gov::governing;
use crate::{
    error::{Failure, Verdict},
    values,
};
use std::io::Write;

/// Commands about the treasury.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Show the treasury's TAO, and how much may go out
    #[command(after_help = example!("treasury show --url ws://127.0.0.1:9944"))]
    Show(show::Show),
    /// List streams and budgets
    #[command(after_help = example!("treasury list --url ws://127.0.0.1:9944"))]
    List(show::List),
    /// Pay what is vested of a stream to its payee
    #[command(after_help = example!(
        "treasury claim 4 --url ws://127.0.0.1:9944 --suri-file any.suri"
    ))]
    Claim(grants::One),
    /// Pay from a budget of the signer's
    #[command(after_help = example!(
        "treasury draw 2 --url ws://127.0.0.1:9944 --suri-file manager.suri --to \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --amount 5"
    ))]
    Draw(grants::Draw),
    /// Remove a stream or a budget that is over
    #[command(after_help = example!(
        "treasury close 4 --url ws://127.0.0.1:9944 --suri-file any.suri"
    ))]
    Close(grants::One),
    /// Let another account receive the signer's stream
    #[command(after_help = example!(
        "treasury set-payee 4 --url ws://127.0.0.1:9944 --suri-file payee.suri --to \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    SetPayee(grants::SetPayee),
}

/// A stream or a budget.
#[derive(Clone, Copy, Debug, clap::Args)]
struct GrantArg {
    /// The number of the stream or budget
    #[arg(value_parser = values::whole::<u32>(0..=u32::MAX.into()), value_name = "GRANT")]
    id: u32,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Show(arguments) => show::show(arguments, out)?,
        Command::List(arguments) => show::list(arguments, out)?,
        Command::Claim(arguments) => grants::claim(arguments, out)?,
        Command::Draw(arguments) => grants::draw(arguments, out)?,
        Command::Close(arguments) => grants::close(arguments, out)?,
        Command::SetPayee(arguments) => grants::set_payee(arguments, out)?,
    }
    Ok(Verdict::Good)
}
