//! The manifest of a subnet: what its miners answer, and the way in which validators ask and score.
//!
//! A manifest is a small TOML file. The owner's neuron pledges its hash on the chain, and the file
//! travels as a blob:
//!
//! ```
//! use inktensor_neuron::manifest::Manifest;
//!
//! let manifest = Manifest::parse(
//!     br#"
//! task = "embed/1"   # built in, since there is no `program = "0x.."`, the hash of a Wasm program
//! state = "0x1111111111111111111111111111111111111111111111111111111111111111"
//! mirrors = ["https://example.org/blobs"]
//! questions = 4   # to each miner, of each validator, in each epoch
//! window = 30     # seconds for all of them together
//! check = 1.0     # part of the answers that validators recompute
//! alpha = 0.2     # of the moving average of worth
//! "#,
//! )?;
//! assert_eq!(manifest.questions, 4);
//! # Ok::<(), inktensor_neuron::manifest::ManifestError>(())
//! ```

#[cfg(test)]
mod tests;

use inktensor_client::ss58::parse_digest;
use inktensor_primitives::{
    hash::{blake2, hex},
    Bps, Digest,
};
use inktensor_wire::Mirror;
use inktensor_worker::service::config::toml_problem;
use serde::Deserialize;
use std::{fmt, ops::RangeInclusive};
use thiserror::Error;

/// Most bytes of a manifest.
pub const MAX_MANIFEST: usize = 16 * 1024;
/// Most bytes of a task's name.
pub const MAX_TASK_NAME: usize = 32;
/// Most mirrors of a manifest.
pub const MAX_MIRRORS: usize = 8;
/// Most bytes of a mirror's address.
pub const MAX_MIRROR: usize = 256;
/// Numbers of questions to a miner in an epoch. The largest keeps the receipts of 1000 miners
/// within the pledge's count.
pub const QUESTIONS: RangeInclusive<u16> = 1..=64;
/// Seconds of the window in which questions are asked. The least leaves a second for an answer and
/// one for a question that must be signed again; the largest is the longest life of a signed
/// request.
pub const WINDOW: RangeInclusive<u16> = 2..=60;

/// Most steps of a miner that an epoch pays.
pub const STEPS: RangeInclusive<u16> = 1..=u16::MAX;

/// The manifest of a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name of the task, with its version.
    pub task: String,
    /// Hash of the Wasm program that is the task; absent if the task is built in.
    pub program: Option<Digest>,
    /// Hash of the task's state, such as a model.
    pub state: Digest,
    /// Addresses at which blobs can be had, besides the neurons.
    pub mirrors: Vec<String>,
    /// Number of questions of a validator to a miner in an epoch.
    pub questions: u16,
    /// Seconds in which the questions are asked and answered.
    pub window: u16,
    /// Part of the answers that a validator recomputes.
    pub check: Bps,
    /// Weight of the last epoch in the moving average of worth.
    pub alpha: Bps,
    /// Most steps of a miner that an epoch pays; of a training only.
    pub steps: Option<u16>,
}

/// An error of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// The file is too long.
    #[error("it has {0} bytes; a manifest has at most {MAX_MANIFEST}")]
    TooLong(usize),
    /// The file is not text.
    #[error("it is not text in UTF-8")]
    NotText,
    /// A field is missing, unknown or of the wrong type.
    #[error("line {line}: {field}{problem}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// The field, with a colon; empty if the error is about none.
        field: String,
        /// Error of the line.
        problem: String,
    },
    /// A field has a value that it cannot have.
    #[error("{field}: {problem}")]
    Field {
        /// The field.
        field: &'static str,
        /// The value, the limit, and what to do.
        problem: String,
    },
}

/// The fields as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    task: String,
    program: Option<String>,
    state: String,
    #[serde(default)]
    mirrors: Vec<String>,
    questions: i64,
    window: i64,
    check: f64,
    alpha: f64,
    steps: Option<i64>,
}

impl Manifest {
    /// Returns the hash that names a manifest's file.
    pub fn hash(file: &[u8]) -> Digest {
        blake2(file)
    }

    /// Parses a manifest's file.
    ///
    /// # Errors
    /// See [`ManifestError`]; it names the field.
    pub fn parse(file: &[u8]) -> Result<Self, ManifestError> {
        if file.len() > MAX_MANIFEST {
            return Err(ManifestError::TooLong(file.len()));
        }
        let text = std::str::from_utf8(file).map_err(|_| ManifestError::NotText)?;
        let read = serde_path_to_error::deserialize(toml::Deserializer::new(text));
        let written: Written = read.map_err(|error| {
            let field = match error.path().to_string() {
                field if field == "." => String::new(),
                field => format!("{field}: "),
            };
            let (line, problem) = toml_problem(text, &error.into_inner());
            ManifestError::Line {
                line,
                field,
                problem,
            }
        })?;
        Ok(Self {
            task: task(written.task)?,
            program: written
                .program
                .map(|program| hash("program", &program))
                .transpose()?,
            state: hash("state", &written.state)?,
            mirrors: mirrors(written.mirrors)?,
            questions: within("questions", written.questions, &QUESTIONS)?,
            window: within("window", written.window, &WINDOW)?,
            check: part("check", written.check)?,
            alpha: part("alpha", written.alpha)?,
            steps: written
                .steps
                .map(|steps| within("steps", steps, &STEPS))
                .transpose()?,
        })
    }
}

impl fmt::Display for Manifest {
    /// Writes the manifest as a file with the same values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mirrors: Vec<String> = self.mirrors.iter().map(|it| format!("{it:?}")).collect();
        writeln!(f, "task = {:?}", self.task)?;
        if let Some(program) = &self.program {
            writeln!(f, "program = \"{}\"", hex(program))?;
        }
        writeln!(f, "state = \"{}\"", hex(&self.state))?;
        writeln!(f, "mirrors = [{}]", mirrors.join(", "))?;
        writeln!(f, "questions = {}", self.questions)?;
        writeln!(f, "window = {}", self.window)?;
        writeln!(f, "check = {}", decimal(self.check))?;
        writeln!(f, "alpha = {}", decimal(self.alpha))?;
        match self.steps {
            Some(steps) => writeln!(f, "steps = {steps}"),
            None => Ok(()),
        }
    }
}

fn wrong(field: &'static str, problem: fmt::Arguments<'_>) -> ManifestError {
    ManifestError::Field {
        field,
        problem: problem.to_string(),
    }
}

fn hash(field: &'static str, text: &str) -> Result<Digest, ManifestError> {
    parse_digest(text).map_err(|error| wrong(field, format_args!("{error}")))
}

/// Checks a task's name: letters, digits and hyphens, a slash, and a version.
fn task(name: String) -> Result<String, ManifestError> {
    let is_name = name.len() <= MAX_TASK_NAME
        && name.split_once('/').is_some_and(|(word, version)| {
            let of_word = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
            !word.is_empty()
                && word.bytes().all(of_word)
                && !version.is_empty()
                && version.bytes().all(|it| it.is_ascii_digit())
        });
    if is_name {
        return Ok(name);
    }
    Err(wrong(
        "task",
        format_args!(
            "{name:?} is not a name with a version; write one such as embed/1, of at most \
             {MAX_TASK_NAME} bytes"
        ),
    ))
}

fn mirrors(mirrors: Vec<String>) -> Result<Vec<String>, ManifestError> {
    if mirrors.len() > MAX_MIRRORS {
        return Err(wrong(
            "mirrors",
            format_args!(
                "{} addresses; at most {MAX_MIRRORS} are used",
                mirrors.len()
            ),
        ));
    }
    for address in &mirrors {
        if Mirror::parse(address).is_err() || address.len() > MAX_MIRROR {
            return Err(wrong(
                "mirrors",
                format_args!(
                    "{address:?} is not a mirror; write https://HOST/PATH, of at most {MAX_MIRROR} \
                     bytes"
                ),
            ));
        }
    }
    Ok(mirrors)
}

fn within(
    field: &'static str,
    value: i64,
    range: &RangeInclusive<u16>,
) -> Result<u16, ManifestError> {
    let number = u16::try_from(value).ok().filter(|it| range.contains(it));
    number.ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        wrong(
            field,
            format_args!("{value} is outside {least} to {most}; choose a number within"),
        )
    })
}

/// Returns a part above 0 and at most 1, in basis points.
fn part(field: &'static str, value: f64) -> Result<Bps, ManifestError> {
    let refused = || {
        wrong(
            field,
            format_args!("{value} is not a part; write a number from 0.0001 to 1"),
        )
    };
    if !(0.0..=1.0).contains(&value) {
        return Err(refused());
    }
    // Written with four decimals and read without the point, so that no float is cast.
    let digits = format!("{value:.4}").replace('.', "");
    let bps = digits.parse().map(Bps).map_err(|_| refused())?;
    match bps {
        Bps(0) => Err(refused()),
        bps => Ok(bps),
    }
}

/// Returns a part as a decimal number.
pub fn decimal(part: Bps) -> String {
    let (whole, rest) = (part.0 / Bps::ONE.0, part.0 % Bps::ONE.0);
    let text = format!("{whole}.{rest:04}");
    let text = text.trim_end_matches('0');
    match text.strip_suffix('.') {
        Some(whole) => format!("{whole}.0"),
        None => text.into(),
    }
}
