//! The command line `inktensor`: text and tables for people, JSON and CSV for programs.
//!
//! Exit codes: 0 when all is well, 1 when a check did not hold or the answer is no, 2 for an error,
//! with one line on standard error that says what is wrong and what to do.
//!
//! # Layers
//! A module uses those below it only.
//!
//! * [`commands`]: one file or folder for each command;
//! * [`help`]: the command line as clap prints it;
//! * [`args`]: arguments that commands share;
//! * [`session`], [`verifier`], [`offline`], [`salt`]: what commands act with;
//! * [`network`]: the reads that commands share;
//! * [`values`], [`views`], [`output`]: parsing and printing;
//! * [`error`]: the two ways in which a command ends.
//!
//! ```
//! let mut help = inktensor_cli::help::command();
//! assert!(help.render_help().to_string().contains("Stakers:"));
//! ```

/// Makes the text below a command's help: an example.
macro_rules! example {
    ($command:literal $(, $more:literal)*) => {
        concat!("Example:\n  inktensor ", $command $(, "\n  inktensor ", $more)*)
    };
}

pub mod agreement;
pub mod args;
pub mod commands;
pub mod error;
pub mod help;
pub mod network;
pub mod offline;
pub mod output;
pub mod salt;
pub mod session;
pub mod values;
pub mod verifier;
pub mod views;

use clap::FromArgMatches;
use commands::Cli;
use error::{Failure, Verdict};
use inktensor_simulation::live::parent::end_with_parent;
use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    if let Err(error) = end_with_parent() {
        return failed(&Failure::input(error));
    }
    let matches = help::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = cli.run(help::command(), &mut out);
    let flushed = out.flush().map_err(Failure::from);
    match done.and_then(|verdict| flushed.map(|()| verdict)) {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        // The reader of the output has seen enough, as `head` does.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => failed(&failure),
    }
}

/// Prints the line of a failure, and returns its exit code.
fn failed(failure: &Failure) -> ExitCode {
    // Standard error may be closed.
    let _ = writeln!(io::stderr(), "error: {failure}");
    ExitCode::from(2)
}
