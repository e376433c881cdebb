//! Errors of keys. No variant has room for any part of a secret.

use super::{read::MAX_LENGTH, SURI_VARIABLE};
use crate::io_error::reason;
use std::{io, path::PathBuf};
use thiserror::Error;

/// An error of a key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// No key is given.
    #[error("no key is given: name a file by --suri-file FILE, set {SURI_VARIABLE}, or ask for it by --ask-suri")]
    NotGiven,
    /// Two keys are given.
    #[error("two keys are given, by {first} and by {second}; remove one")]
    Several {
        /// One source.
        first: String,
        /// The other source.
        second: String,
    },
    /// The file is unreadable.
    #[error("--suri-file {path}: {reason}", path = .path.display(), reason = reason(.error))]
    File {
        /// The file.
        path: PathBuf,
        /// The error.
        error: io::Error,
    },
    /// The path is a folder, a pipe or a device.
    #[error("--suri-file {path}: a secret URI is read from a regular file only; name another file", path = .0.display())]
    NotAFile(PathBuf),
    /// Other users may read or change the file.
    #[error("--suri-file {path}: other users may use this file (mode {mode:04o}); run `chmod 600 {path}`", path = .path.display())]
    Shared {
        /// The file.
        path: PathBuf,
        /// Permissions of the file.
        mode: u32,
    },
    /// The secret URI is too long.
    #[error("{from}: a secret URI has at most {MAX_LENGTH} bytes")]
    TooLong {
        /// Source of the secret URI.
        from: String,
    },
    /// The secret URI is not UTF-8.
    #[error("{from}: the secret URI is not text")]
    NotText {
        /// Source of the secret URI.
        from: String,
    },
    /// The secret URI is empty.
    #[error("{from}: the secret URI is empty")]
    Empty {
        /// Source of the secret URI.
        from: String,
    },
    /// There is more than one line.
    #[error("{from}: a secret URI is one line, and there are more")]
    Lines {
        /// Source of the secret URI.
        from: String,
    },
    /// There is no terminal.
    #[error("--ask-suri needs a terminal, and standard input is not one; use --suri-file FILE")]
    NoTerminal,
    /// The terminal failed.
    #[error("the secret URI could not be read from the terminal: {0}")]
    Terminal(io::Error),
    /// The text is not a secret URI.
    #[error("{from}: not a secret URI: {why}")]
    Invalid {
        /// Source of the secret URI.
        from: String,
        /// Error of the text.
        why: InvalidSuri,
    },
}

/// An error in the text of a secret URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidSuri {
    /// The text has another form.
    #[error("it has to be a mnemonic, or 0x and 64 hexadecimal digits, and derivations such as //worker after it")]
    Form,
    /// The mnemonic has a wrong number of words.
    #[error("a mnemonic has 12, 15, 18, 21 or 24 words, and this one has {0}")]
    Words(usize),
    /// A word of the mnemonic, counted from 1, is not in the list.
    #[error("word {0} of the mnemonic is not in the list of BIP 39")]
    UnknownWord(usize),
    /// The words do not fit together.
    #[error("the checksum of the mnemonic is wrong; a word may be mistyped or misplaced")]
    Checksum,
    /// The seed does not have 32 bytes.
    #[error("after 0x there have to be 64 hexadecimal digits")]
    Seed,
}
