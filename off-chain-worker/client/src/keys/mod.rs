//! Keys: the sr25519 pair that signs transactions, made of a secret URI.
//!
//! # Terms
//! * **secret URI**: a mnemonic, or `0x` and a seed of 64 hexadecimal digits, with derivations such
//!   as `//worker` at its end. Without a mnemonic it is the public development one: `//Alice` is
//!   for development only.
//!
//! A secret URI comes from exactly one of a file, the environment and a prompt. It is never an
//! argument, which every user of the machine can read, and no part of it is in an error or a log.

mod error;
mod read;
#[cfg(test)]
mod tests;

pub use error::{InvalidSuri, KeyError};

use inktensor_primitives::{
    registry::{Agreement, Signature},
    AccountId,
};
use std::{
    env,
    path::{Path, PathBuf},
    str::FromStr,
};
use subxt_signer::{
    bip39,
    sr25519::{Error as PairError, Keypair},
    ExposeSecret, SecretString, SecretUri,
};

/// Name of the environment variable that holds a secret URI.
pub const SURI_VARIABLE: &str = "INKTENSOR_SURI";
/// Name of the environment variable that holds the path of a file with a secret URI.
pub const SURI_FILE_VARIABLE: &str = "INKTENSOR_SURI_FILE";

/// The heading in help of [`KeyArguments`].
///
/// Each argument names it, because clap's `next_help_heading` would also apply to the arguments
/// that a command declares after these.
#[cfg(feature = "clap")]
pub const HELP_HEADING: &str = "Signer";

/// The source of the key that signs. Exactly one of these, or the environment variable
/// INKTENSOR_SURI.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
pub struct KeyArguments {
    /// A file with the secret URI of the key that signs, readable by its owner only
    ///
    /// A secret URI is a mnemonic, or 0x and 64 hexadecimal digits, with derivations such as
    /// //worker after it; //Alice is for development. Instead of this, the environment variable
    /// INKTENSOR_SURI_FILE may name the file, INKTENSOR_SURI may hold the secret URI itself, or
    /// --ask-suri asks for it.
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE", help_heading = HELP_HEADING))]
    pub suri_file: Option<PathBuf>,
    /// Ask for the secret URI at the terminal, without showing it
    #[cfg_attr(feature = "clap", arg(long, help_heading = HELP_HEADING))]
    pub ask_suri: bool,
}

/// The source of a secret URI.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SecretSource {
    File(PathBuf),
    Variable,
    Terminal,
}

impl KeyArguments {
    /// Returns true if a key is given, by these arguments or the environment.
    pub fn is_given(&self) -> bool {
        !self.places(&variable).is_empty()
    }

    /// Returns the key that signs.
    ///
    /// # Errors
    /// See [`KeyError`]. None contains any part of the secret.
    pub fn keypair(&self) -> Result<Keypair, KeyError> {
        let place = self.place(&variable)?;
        let suri = match &place {
            SecretSource::File(path) => read::file(path)?,
            SecretSource::Variable => {
                let text = env::var_os(SURI_VARIABLE).ok_or(KeyError::NotGiven)?;
                let text = text.into_string().map_err(|_| KeyError::NotText {
                    from: SURI_VARIABLE.into(),
                })?;
                read::line(SURI_VARIABLE, SecretString::from(text))?
            }
            SecretSource::Terminal => read::terminal()?,
        };
        keypair(&place.to_string(), &suri)
    }

    fn place(&self, is_set: &dyn Fn(&str) -> Option<PathBuf>) -> Result<SecretSource, KeyError> {
        let mut places = self.places(is_set);
        match (places.pop(), places.pop()) {
            (None, _) => Err(KeyError::NotGiven),
            (Some(place), None) => Ok(place),
            (Some(second), Some(first)) => Err(KeyError::Several {
                first: first.to_string(),
                second: second.to_string(),
            }),
        }
    }

    fn places(&self, is_set: &dyn Fn(&str) -> Option<PathBuf>) -> Vec<SecretSource> {
        let file = self.suri_file.clone();
        let file = file.or_else(|| is_set(SURI_FILE_VARIABLE));
        let given = [
            file.map(SecretSource::File),
            is_set(SURI_VARIABLE).map(|_| SecretSource::Variable),
            self.ask_suri.then_some(SecretSource::Terminal),
        ];
        given.into_iter().flatten().collect()
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SecretSource::File(path) => path.display().fmt(f),
            SecretSource::Variable => f.write_str(SURI_VARIABLE),
            SecretSource::Terminal => f.write_str("the terminal"),
        }
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from)
}

/// Reads the key in the file at `path`.
///
/// # Errors
/// See [`KeyError`].
pub fn from_file(path: &Path) -> Result<Keypair, KeyError> {
    keypair(&path.display().to_string(), &read::file(path)?)
}

/// Returns the account of a key.
pub fn account(keypair: &Keypair) -> AccountId {
    keypair.public_key().0.into()
}

/// Returns the signature of `hotkey` that it agrees to belong to `coldkey` on the registry at
/// `registry`.
pub fn agreement(hotkey: &Keypair, registry: AccountId, coldkey: AccountId) -> Signature {
    let agreement = Agreement {
        registry,
        hotkey: account(hotkey),
        coldkey,
    };
    hotkey.sign(&agreement.bytes()).0
}

fn keypair(from: &str, suri: &SecretString) -> Result<Keypair, KeyError> {
    let invalid = |why| KeyError::Invalid {
        from: from.into(),
        why,
    };
    let suri = SecretUri::from_str(suri.expose_secret()).map_err(|_| invalid(InvalidSuri::Form))?;
    Keypair::from_uri(&suri).map_err(|error| {
        invalid(match error {
            PairError::Phrase(bip39::Error::BadWordCount(words)) => InvalidSuri::Words(words),
            PairError::Phrase(bip39::Error::UnknownWord(at)) => {
                InvalidSuri::UnknownWord(at.saturating_add(1))
            }
            PairError::Phrase(bip39::Error::InvalidChecksum) => InvalidSuri::Checksum,
            PairError::Hex(_) => InvalidSuri::Seed,
            _ => InvalidSuri::Form,
        })
    })
}
