//! The two ways in which a command ends: a verdict, or the failure that kept it from one.

use inktensor_client::{chain::ChainError, io_error::reason};
use inktensor_neuron::program::ProgramError;
use std::{fmt, io, path::Path};

/// The result of a command that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well: exit code 0.
    Good,
    /// A check did not hold, or the answer is no: exit code 1.
    Bad,
}

impl Verdict {
    /// Returns `Good` if `holds`, else `Bad`.
    pub const fn of(holds: bool) -> Self {
        if holds {
            Verdict::Good
        } else {
            Verdict::Bad
        }
    }
}

/// The reason for which a command did not do its work: exit code 2.
#[derive(Debug)]
pub enum Failure {
    /// The input, or something that the command needs, is wrong. One line says what and where.
    Input(String),
    /// A contract refused the transaction, which changed nothing. One line says why.
    Refused(String),
    /// Standard output did not take the result.
    Output(io::Error),
}

impl Failure {
    /// Returns the failure that `error` describes.
    pub fn input(error: impl fmt::Display) -> Self {
        Failure::Input(error.to_string().trim_end().replace('\n', " "))
    }

    /// Returns the failure that `error` describes, in the file at `path`.
    pub fn in_file(path: &Path, error: impl fmt::Display) -> Self {
        Failure::input(format_args!("{}: {error}", path.display()))
    }

    /// Returns the failure to use the file or folder at `path`, which `option` names.
    pub fn unusable(option: &str, path: &Path, error: &io::Error) -> Self {
        let problem = format!("{option} {}: {}", path.display(), reason(error));
        Failure::input(problem.trim_start())
    }

    /// Returns the failure to find `what`, which follows "there is no".
    pub fn missing(what: impl fmt::Display) -> Self {
        Failure::input(format_args!("there is no {what}"))
    }
}

impl From<ProgramError> for Failure {
    fn from(error: ProgramError) -> Self {
        Failure::input(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        Failure::input(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Input(problem) | Failure::Refused(problem) => f.write_str(problem),
            Failure::Output(error) => write!(f, "standard output: {error}"),
        }
    }
}
