//! Files of answers and proofs: eight bytes that name the kind, the version, then SCALE.
//!
//! Every byte of a file is a stranger's. The length is checked first, and decoding reserves no more
//! memory than the file has bytes.

use alloc::vec::Vec;
use core::fmt;

use scale::{DecodeAll, Encode};

/// Version of the format.
const VERSION: u8 = 1;

/// A reason why bytes are not a file of the demanded kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileError {
    /// Too many bytes.
    TooLong {
        /// Bytes of the file.
        bytes: usize,
        /// Most bytes of such a file.
        most: usize,
    },
    /// Other first bytes.
    Kind {
        /// The demanded kind.
        needed: &'static str,
    },
    /// Another version.
    Version {
        /// The version in the file.
        found: u8,
    },
    /// Bytes that do not decode, or are left over.
    Damaged,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes, most } => write!(
                f,
                "the file has {bytes} bytes, over the limit of {most}; choose another file"
            ),
            Self::Kind { needed } => write!(f, "the file is not {needed}; choose another file"),
            Self::Version { found } => write!(
                f,
                "the file has version {found} of the format and this program reads {VERSION}; \
                 update the older one"
            ),
            Self::Damaged => f.write_str("the file is cut off or damaged; fetch it again"),
        }
    }
}

impl core::error::Error for FileError {}

/// Returns the file of `content`.
pub(crate) fn write(kind: &[u8; 8], content: &impl Encode) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.push(VERSION);
    content.encode_to(&mut bytes);
    bytes
}

/// Reads a file of at most `most` bytes.
pub(crate) fn read<T: DecodeAll>(
    kind: &[u8; 8],
    needed: &'static str,
    bytes: &[u8],
    most: usize,
) -> Result<T, FileError> {
    if bytes.len() > most {
        let bytes = bytes.len();
        return Err(FileError::TooLong { bytes, most });
    }
    let rest = bytes.strip_prefix(kind).ok_or(FileError::Kind { needed })?;
    match rest.split_first() {
        Some((&VERSION, mut content)) => {
            T::decode_all(&mut content).map_err(|_| FileError::Damaged)
        }
        Some((found, _)) => Err(FileError::Version { found: *found }),
        None => Err(FileError::Damaged),
    }
}
