//! The form of a stored value: format, kind, length, the value in SCALE, checksum. Exported files
//! have the same form.
//!
//! Length and checksum are checked before any of the value is decoded, so a damaged value is never
//! taken for data and never makes the worker allocate a damaged length.

use inktensor_primitives::{hash::blake2, Digest};
use scale::{DecodeAll, Encode};

/// Format of everything that is written. Values of another format are refused.
pub const FORMAT: u8 = 1;
/// Largest length of a value in bytes. The largest epoch of the protocol's limits is far below.
pub const MAX_VALUE: usize = 256 * 1024 * 1024;

/// Length in bytes before the value: format, kind, length.
const HEAD: usize = 6;
/// Length in bytes after the value.
const CHECKSUM: usize = 32;

/// An error of a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Another version of the program wrote the value. Use that version, or start with an empty
    /// store.
    #[error("it has format {0}, this program reads format {FORMAT}")]
    Format(u8),
    /// The value is of another kind.
    #[error("it is a value of another kind")]
    Kind,
    /// The value is shorter or longer than its length.
    #[error("it is cut short or too long")]
    Length,
    /// The bytes have changed since they were written, or were written for another key.
    #[error("its checksum is wrong")]
    Checksum,
    /// The checksum is right, but the value is malformed, or outside the limits of the protocol.
    #[error("it is outside the limits of its kind")]
    Value,
    /// The value is too large: its length in bytes.
    #[error("it has {0} bytes, more than the limit")]
    TooLarge(usize),
}

/// Encodes `value` of `kind` for `key`.
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

/// Decodes the value of `kind` that was stored at `key` as `bytes`.
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

/// Returns true if `bytes` end with the checksum that [`seal`] makes for `key`, whatever their
/// format.
pub fn is_sealed(key: &[u8], bytes: &[u8]) -> bool {
    bytes
        .split_last_chunk::<CHECKSUM>()
        .is_some_and(|(sealed, written)| checksum(key, sealed) == *written)
}

/// Covers the key, so that a value moved to another key is refused.
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
    fn a_value_of_another_format_kind_or_place_is_refused() {
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
