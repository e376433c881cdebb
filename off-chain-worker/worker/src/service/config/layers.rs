//! Configuration in layers: flag before environment before file before default.
//!
//! The fields of a layer are the flags. Environment variables are the flags in capitals after
//! `INKTENSOR_`, and the file has the same names with underscores.

use super::{field_of, toml_problem, variable_of, ConfigError, ValueSource, FILE_VARIABLE};
use clap::Command;
use serde::{de::DeserializeOwned, Serialize};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fmt, fs,
    path::{Path, PathBuf},
};

/// The configuration of a service from one source. A later source fills in missing fields.
pub trait Fields: clap::Args + clap::FromArgMatches + Serialize + DeserializeOwned + Clone {
    /// Returns the defaults.
    fn defaults() -> Self;

    /// Reads the environment, where `variable` looks a variable up.
    ///
    /// # Errors
    /// `Variable` for a wrong value.
    fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let command = flags::<Self>();
        let mut words = Vec::new();
        for flag in names::<Self>() {
            let name = variable_of(&flag);
            let Some(value) = variable(&name) else {
                continue;
            };
            let failed = |problem: String| ConfigError::Variable {
                name: name.clone(),
                problem,
            };
            if value.is_empty() {
                return Err(failed("it is empty; unset it or give it a value".into()));
            }
            let mut word = OsString::from(format!("--{flag}="));
            word.push(value);
            // Each flag alone, so that an error is about this one.
            command
                .clone()
                .try_get_matches_from([&word])
                .map_err(|error| failed(first_line(&error)))?;
            words.push(word);
        }
        let matches = command.try_get_matches_from(words);
        matches
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| ConfigError::Unwritable(first_line(&error)))
    }

    /// Reads the file at `path`.
    ///
    /// # Errors
    /// `File`, `Line`.
    fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError::File {
            path: path.into(),
            error,
        })?;
        let read = serde_path_to_error::deserialize(toml::Deserializer::new(&text));
        read.map_err(|error| {
            let field = match error.path().to_string() {
                field if field == "." => String::new(),
                field => format!("{field}: "),
            };
            let (line, problem) = toml_problem(&text, &error.into_inner());
            ConfigError::Line {
                path: path.into(),
                line,
                field,
                problem,
            }
        })
    }

    /// Returns the fields that have a value.
    ///
    /// # Errors
    /// `Unwritable`.
    fn table(&self) -> Result<toml::Table, ConfigError> {
        toml::Table::try_from(self).map_err(|error| ConfigError::Unwritable(error.to_string()))
    }
}

/// The configuration from all sources, with the source of each field. Its text is a file with the
/// same values.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<L> {
    pub(super) layer: L,
    pub(super) origins: BTreeMap<String, ValueSource>,
}

impl<L: Fields> Resolved<L> {
    /// Combines these flags, the environment, in which `variable` looks a variable up, the file at
    /// `file` and the defaults.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn by(
        flags: &L,
        variable: &dyn Fn(&str) -> Option<OsString>,
        file: Option<&Path>,
    ) -> Result<Self, ConfigError> {
        let named = variable(FILE_VARIABLE).map(PathBuf::from);
        let mut layers = vec![(ValueSource::Default, L::defaults())];
        if let Some(path) = file.map(Path::to_owned).or(named) {
            let layer = L::from_file(&path)?;
            layers.push((ValueSource::File(path), layer));
        }
        layers.push((ValueSource::Environment, L::from_environment(variable)?));
        layers.push((ValueSource::Flag, flags.clone()));
        let (mut table, mut origins) = (toml::Table::new(), BTreeMap::new());
        for (origin, layer) in layers {
            for (field, value) in layer.table()? {
                origins.insert(field.clone(), origin.clone());
                table.insert(field, value);
            }
        }
        let layer = table
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Unwritable(error.to_string()))?;
        Ok(Self { layer, origins })
    }

    /// Returns the combined layer.
    pub fn layer(&self) -> &L {
        &self.layer
    }
}

impl<L: Fields> fmt::Display for Resolved<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.layer.table().map_err(|_| fmt::Error)?;
        for flag in names::<L>() {
            let field = field_of(&flag);
            match (table.get(&field), self.origins.get(&field)) {
                (Some(value), Some(origin)) => {
                    let from = match origin {
                        ValueSource::Flag => format!("--{flag}"),
                        ValueSource::Environment => variable_of(&flag),
                        ValueSource::File(path) => path.display().to_string(),
                        ValueSource::Default => "the default".into(),
                    };
                    writeln!(f, "{field} = {value} # {from}")?;
                }
                _ => writeln!(f, "# {field} is not set")?,
            }
        }
        Ok(())
    }
}

/// Returns the flags of all fields, in order.
pub fn names<L: Fields>() -> Vec<String> {
    let command = flags::<L>();
    let flags = command.get_arguments().filter_map(|flag| flag.get_long());
    flags.map(str::to_owned).collect()
}

pub(super) fn flags<L: Fields>() -> Command {
    let command = Command::new("environment");
    L::augment_args(command.no_binary_name(true).disable_help_flag(true))
}

fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").into()
}
