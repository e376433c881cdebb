//! Salts, which keep what is committed to from being guessed.

use crate::{error::Failure, values};
use inktensor_primitives::{epoch::MAX_SALT, hash::hex};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// A salt for a commit.
pub struct Salt {
    /// The salt.
    pub bytes: Vec<u8>,
    /// The file to write it to, if there is no file yet.
    new_file: Option<PathBuf>,
}

impl Salt {
    /// Returns the salt in `file`, or a new random one if there is no such file.
    pub fn for_commit(file: &Path) -> Result<Self, Failure> {
        if file.exists() {
            return Ok(Self {
                bytes: salt_in(file)?,
                new_file: None,
            });
        }
        let mut salt = [0; 32];
        random(&mut salt).map_err(Failure::input)?;
        Ok(Self {
            bytes: salt.to_vec(),
            new_file: Some(file.to_owned()),
        })
    }

    /// Writes a new salt to its file.
    pub fn save(&self) -> Result<(), Failure> {
        let Some(file) = &self.new_file else {
            return Ok(());
        };
        let text = hex(&self.bytes);
        let made = private(file).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        made.map_err(|error| Failure::unusable("--salt-file", file, &error))
    }

    /// Removes the file that [`Salt::save`] made: nothing was committed to with the salt.
    pub fn discard(&self) {
        if let Some(file) = &self.new_file {
            // A file that stays is of no harm.
            let _ = fs::remove_file(file);
        }
    }
}

/// Returns the salt in `file`.
pub fn salt_in(file: &Path) -> Result<Vec<u8>, Failure> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| Failure::unusable("--salt-file", file, &error))?;
    let salt = values::bytes(text.trim());
    salt.filter(|salt| salt.len() <= usize::from(MAX_SALT))
        .ok_or_else(|| {
            let expected = format_args!("expected at most {MAX_SALT} bytes in hexadecimal");
            Failure::in_file(file, expected)
        })
}

/// Fills `bytes` with random bytes of the operating system.
fn random(bytes: &mut [u8]) -> io::Result<()> {
    File::open("/dev/urandom")?.read_exact(bytes)
}

/// Creates a file that only its owner may read.
fn private(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_read_as_it_was_written_and_only_once_saved() {
        let file = std::env::temp_dir().join(format!("inktensor-salt-{}", std::process::id()));
        let _ = fs::remove_file(&file);
        let salt = Salt::for_commit(&file).unwrap();
        assert!(!file.exists(), "a refused commit leaves no file");
        salt.save().unwrap();
        assert_eq!(salt_in(&file).unwrap(), salt.bytes);
        let again = Salt::for_commit(&file).unwrap();
        assert_eq!(again.bytes, salt.bytes);
        again.discard();
        assert!(file.exists(), "it was there before");
        salt.discard();
        assert!(!file.exists());
    }
}
