//! Reads a secret URI from a file or a terminal.

use super::KeyError;
use std::{
    fs::{self, File, Metadata},
    io::{self, IsTerminal, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};
use subxt_signer::{ExposeSecret, SecretString};

/// Largest length of a secret URI in bytes: 24 words of a mnemonic have at most 215; there is room
/// for derivations and a password.
pub const MAX_LENGTH: usize = 1024;
/// Permissions of group and others.
const SHARED: u32 = 0o077;

/// Reads the secret URI in the file at `path`, if only its owner may use the file.
pub fn file(path: &Path) -> Result<SecretString, KeyError> {
    let failed = |error| KeyError::File {
        path: path.into(),
        error,
    };
    // Opening a pipe may block for ever.
    private(path, &fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    // The path may name another file by now.
    private(path, &file.metadata().map_err(failed)?)?;
    let from = path.display().to_string();
    // One byte more than allowed, at once: a string that grows leaves copies behind.
    let mut text = String::with_capacity(MAX_LENGTH.saturating_add(1));
    let most = u64::try_from(MAX_LENGTH).unwrap_or(u64::MAX);
    let read = file.take(most.saturating_add(1)).read_to_string(&mut text);
    let text = SecretString::from(text);
    match read {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(KeyError::NotText { from }),
        Err(error) => Err(failed(error)),
        Ok(_) => line(&from, text),
    }
}

fn private(path: &Path, metadata: &Metadata) -> Result<(), KeyError> {
    let mode = metadata.permissions().mode() & 0o7777;
    if !metadata.is_file() {
        Err(KeyError::NotAFile(path.into()))
    } else if mode & SHARED != 0 {
        let path = path.into();
        Err(KeyError::Shared { path, mode })
    } else {
        Ok(())
    }
}

/// Asks for the secret URI at the terminal, without showing it.
pub fn terminal() -> Result<SecretString, KeyError> {
    if !io::stdin().is_terminal() {
        return Err(KeyError::NoTerminal);
    }
    let typed = rpassword::prompt_password("Secret URI: ").map_err(KeyError::Terminal)?;
    line("the terminal", SecretString::from(typed))
}

/// Returns the only line of `text`, trimmed.
pub fn line(from: &str, text: SecretString) -> Result<SecretString, KeyError> {
    let from = || from.to_owned();
    if text.expose_secret().len() > MAX_LENGTH {
        return Err(KeyError::TooLong { from: from() });
    }
    let trimmed = text.expose_secret().trim();
    // An empty secret URI is the development key too, which must not sign by mistake.
    if trimmed.is_empty() {
        return Err(KeyError::Empty { from: from() });
    }
    if trimmed.contains(['\n', '\r']) {
        return Err(KeyError::Lines { from: from() });
    }
    Ok(SecretString::from(trimmed.to_owned()))
}
