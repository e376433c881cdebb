//! Salts, which make what is committed to hard to guess, and bytes in hexadecimal.

use crate::commands::Failure;
use inktensor_primitives::epoch::MAX_SALT;
use inktensor_primitives::hash::hex;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

/// The salt in `file`, which is made if it is not there.
pub fn salt_for_commit(file: &Path) -> Result<Vec<u8>, Failure> {
    if file.exists() {
        return salt_in(file);
    }
    let mut salt = [0; 32];
    let made = random(&mut salt).and_then(|()| private(file)?.write_all(hex(&salt).as_bytes()));
    made.map_err(|error| Failure::in_file(file, error))?;
    Ok(salt.to_vec())
}

/// The salt in `file`.
pub fn salt_in(file: &Path) -> Result<Vec<u8>, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::in_file(file, error))?;
    let salt = bytes_of(text.trim());
    salt.filter(|salt| salt.len() <= usize::from(MAX_SALT))
        .ok_or_else(|| {
            Failure::in_file(
                file,
                format_args!("expected at most {MAX_SALT} bytes in hexadecimal"),
            )
        })
}

/// Random bytes of the operating system.
fn random(bytes: &mut [u8]) -> io::Result<()> {
    File::open("/dev/urandom")?.read_exact(bytes)
}

/// A new file that only its owner may read.
fn private(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

/// The bytes that `text` writes in hexadecimal, after 0x or not.
pub fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_read_as_it_was_written() {
        for bytes in [vec![], vec![0], vec![1, 0xab, 0xff]] {
            assert_eq!(bytes_of(&hex(&bytes)), Some(bytes));
        }
        for text in ["0x1", "xy", "0x1g"] {
            assert_eq!(bytes_of(text), None, "{text}");
        }
    }
}
