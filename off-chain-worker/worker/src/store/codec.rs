//! The form of a kept value: format, kind, length, the value in SCALE, checksum. Files for other
//! workers have the same form.
//!
//! Nothing of a value is decoded before its length and its checksum are right, so damage never
//! passes for data and never makes the worker allocate what a damaged length asks for.

use inktensor_primitives::{hash::blake2, Digest};
use scale::{DecodeAll, Encode};

/// Format of everything written here. A value of another format is not read.
pub const FORMAT: u8 = 1;
/// Most bytes of a value. The largest epoch of the protocol's limits stays far below.
pub const MAX_VALUE: usize = 256 * 1024 * 1024;

/// Bytes before the value: format, kind, length.
const HEAD: usize = 6;
/// Bytes after the value.
const CHECKSUM: usize = 32;

/// Why bytes are no kept value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Another program version wrote it. Use that version, or start with an empty store.
    #[error("it has format {0}, this program reads format {FORMAT}")]
    Format(u8),
    /// It is a value of another kind.
    #[error("it is a value of another kind")]
    Kind,
    /// It is shorter or longer than it says.
    #[error("it is cut short or too long")]
    Length,
    /// Its bytes have changed since they were written, or it was written for another place.
    #[error("its checksum is wrong")]
    Checksum,
    /// Its checksum is right, but it is no value of its kind, or outside the limits of the
    /// protocol.
    #[error("it is outside the limits of its kind")]
    Value,
    /// It is too large to be kept: its bytes.
    #[error("it has {0} bytes, more than can be kept")]
    TooLarge(usize),
}

/// `value` of `kind` as it is kept at `key`.
///
/// # Errors
/// `TooLarge`.
pub fn seal(kind: u8, key: &[u8], value: &impl Encode) -> Result<Vec<u8>, CodecError> {
    let mut bytes = vec![FORMAT, kind, 0, 0, 0, 0];
    value.encode_to(&mut bytes);
    let size = bytes.len().saturating_sub(HEAD);
    let length = u32::try_from(size)
        .ok()
        .filter(|_| size <= MAX_VALUE)
        .ok_or(CodecError::TooLarge(size))?;
    if let Some(place) = bytes.get_mut(2..HEAD) {
        place.copy_from_slice(&length.to_le_bytes());
    }
    let checksum = checksum(key, &bytes);
    bytes.extend(checksum);
    Ok(bytes)
}

/// The value of `kind` that was kept at `key` as `bytes`.
///
/// # Errors
/// See [`CodecError`].
pub fn open<T: DecodeAll>(kind: u8, key: &[u8], bytes: &[u8]) -> Result<T, CodecError> {
    let (head, rest) = bytes
        .split_first_chunk::<HEAD>()
        .ok_or(CodecError::Length)?;
    let [format, found, length @ ..] = *head;
    if format != FORMAT {
        return Err(CodecError::Format(format));
    }
    if found != kind {
        return Err(CodecError::Kind);
    }
    let (value, written) = rest
        .split_last_chunk::<CHECKSUM>()
        .ok_or(CodecError::Length)?;
    if usize::try_from(u32::from_le_bytes(length)) != Ok(value.len()) {
        return Err(CodecError::Length);
    }
    let sealed = bytes.get(..HEAD + value.len()).ok_or(CodecError::Length)?;
    if checksum(key, sealed) != *written {
        return Err(CodecError::Checksum);
    }
    T::decode_all(&mut &value[..]).map_err(|_| CodecError::Value)
}

/// Covers the key, so that a value moved to another key is not taken for that key's.
fn checksum(key: &[u8], sealed: &[u8]) -> Digest {
    let mut preimage = Vec::with_capacity(key.len().saturating_add(sealed.len()));
    preimage.extend_from_slice(key);
    preimage.extend_from_slice(sealed);
    blake2(&preimage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: u8 = 3;
    const KEY: &[u8] = &[1, 2];

    fn sealed() -> Vec<u8> {
        seal(KIND, KEY, &vec![7u16, 8, 9]).expect("small")
    }

    #[test]
    fn a_value_comes_back() {
        assert_eq!(open(KIND, KEY, &sealed()), Ok(vec![7u16, 8, 9]));
    }

    #[test]
    fn a_value_of_another_format_kind_or_place_is_told_apart() {
        let mut other = sealed();
        other[0] = 9;
        assert_eq!(
            open::<Vec<u16>>(KIND, KEY, &other),
            Err(CodecError::Format(9))
        );
        assert_eq!(open::<Vec<u16>>(4, KEY, &sealed()), Err(CodecError::Kind));
        assert_eq!(
            open::<Vec<u16>>(KIND, &[1, 3], &sealed()),
            Err(CodecError::Checksum)
        );
    }

    #[test]
    fn a_value_that_is_not_of_its_type_is_refused() {
        let odd = seal(KIND, KEY, &5u8).expect("small");
        assert_eq!(open::<Vec<u16>>(KIND, KEY, &odd), Err(CodecError::Value));
    }

    proptest! {
        #[test]
        fn a_shortened_value_is_refused(keep in 0usize..50) {
            let bytes = sealed();
            prop_assume!(keep < bytes.len());
            prop_assert_eq!(open::<Vec<u16>>(KIND, KEY, &bytes[..keep]), Err(CodecError::Length));
        }

        #[test]
        fn a_changed_value_is_refused(at: prop::sample::Index, flip in 1u8..) {
            let mut bytes = sealed();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(open::<Vec<u16>>(KIND, KEY, &bytes).is_err());
        }

        #[test]
        fn any_bytes_are_a_value_or_refused(bytes: Vec<u8>) {
            prop_assert!(open::<Vec<u16>>(KIND, KEY, &bytes).is_err());
        }
    }
}
