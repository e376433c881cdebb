//! Why there is no key. No variant has room for any part of a secret.

use super::{read::MAX_LENGTH, SURI_VARIABLE};
use std::{io, path::PathBuf};
use thiserror::Error;

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Nothing says where it is.
    #[error("no key is given: name a file by --suri-file FILE, set {SURI_VARIABLE}, or ask for it by --ask-suri")]
    NotGiven,
    /// More than one thing says where it is.
    #[error("the key is given twice, by {first} and by {second}; leave one of them away")]
    Several {
        /// One place.
        first: String,
        /// The other.
        second: String,
    },
    /// The file cannot be read.
    #[error("{path}: {error}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        error: io::Error,
    },
    /// It is a folder, a pipe or a device.
    #[error("{path}: a secret URI is read from a regular file only", path = .0.display())]
    NotAFile(PathBuf),
    /// Others than the owner of the file may read or change it.
    #[error("{path}: others than its owner may use this file (mode {mode:04o}); mend it with `chmod 600 {path}`", path = .path.display())]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is longer than any secret URI.
    #[error("{from}: a secret URI has at most {MAX_LENGTH} bytes")]
    TooLong {
        /// Where it is.
        from: String,
    },
    /// It is not UTF-8.
    #[error("{from}: the secret URI is not text")]
    NotText {
        /// Where it is.
        from: String,
    },
    /// There is nothing in it.
    #[error("{from}: the secret URI is empty")]
    Empty {
        /// Where it is.
        from: String,
    },
    /// There is more than one line.
    #[error("{from}: a secret URI is one line, and there are more")]
    Lines {
        /// Where it is.
        from: String,
    },
    /// Nobody can be asked.
    #[error("--ask-suri needs a terminal, and standard input is none; use --suri-file FILE")]
    NoTerminal,
    /// The terminal failed.
    #[error("the secret URI could not be read from the terminal: {0}")]
    Terminal(io::Error),
    /// It is not a secret URI.
    #[error("{from}: not a secret URI: {why}")]
    Invalid {
        /// Where it is.
        from: String,
        /// What is wrong with it.
        why: InvalidSuri,
    },
}

/// What is wrong with a secret URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InvalidSuri {
    /// It has another form.
    #[error("it has to be a mnemonic, or 0x and 64 hexadecimal digits, and derivations such as //worker after it")]
    Form,
    /// The mnemonic has a wrong number of words.
    #[error("a mnemonic has 12, 15, 18, 21 or 24 words, and this one has {0}")]
    Words(usize),
    /// A word of the mnemonic, counted from 1, is not in the list.
    #[error("word {0} of the mnemonic is not in the list of BIP 39")]
    UnknownWord(usize),
    /// The words do not belong together.
    #[error("the checksum of the mnemonic is wrong; a word may be mistaken or misplaced")]
    Checksum,
    /// The seed is not 32 bytes.
    #[error("after 0x there have to be 64 hexadecimal digits")]
    Seed,
}
