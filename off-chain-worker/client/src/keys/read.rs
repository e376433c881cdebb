//! Reads a secret URI from a file or a terminal.

use super::KeyError;
use std::{
    fs::{self, File, Metadata},
    io::{self, IsTerminal, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};
use subxt_signer::{ExposeSecret, SecretString};

/// Most bytes of a secret URI: 24 words of a mnemonic have at most 215; there is room for
/// derivations and a password.
pub const MAX_LENGTH: usize = 1024;
/// The permissions of group and others.
const SHARED: u32 = 0o077;

/// The secret URI in the file at `path`, if nobody but its owner may use it.
pub fn file(path: &Path) -> Result<SecretString, KeyError> {
    let failed = |error| KeyError::File {
        path: path.into(),
        error,
    };
    // To open a pipe may take for ever.
    private(path, &fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    // It may be another file by now.
    private(path, &file.metadata().map_err(failed)?)?;
    let from = path.display().to_string();
    // One byte more than may be there, at once: a string that grows leaves copies behind.
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

/// The secret URI that somebody types, who is asked for it and does not see it.
pub fn terminal() -> Result<SecretString, KeyError> {
    if !io::stdin().is_terminal() {
        return Err(KeyError::NoTerminal);
    }
    let typed = rpassword::prompt_password("Secret URI: ").map_err(KeyError::Terminal)?;
    line("the terminal", SecretString::from(typed))
}

/// The only line of `text`, without what surrounds it.
pub fn line(from: &str, text: SecretString) -> Result<SecretString, KeyError> {
    let from = || from.to_owned();
    if text.expose_secret().len() > MAX_LENGTH {
        return Err(KeyError::TooLong { from: from() });
    }
    let trimmed = text.expose_secret().trim();
    // The development key is the one of an empty secret URI too: nobody is to sign with it by
    // mistake.
    if trimmed.is_empty() {
        return Err(KeyError::Empty { from: from() });
    }
    if trimmed.contains(['\n', '\r']) {
        return Err(KeyError::Lines { from: from() });
    }
    Ok(SecretString::from(trimmed.to_owned()))
}
