//! Paths of the protocol, in the one form that needs no escape and no normalization.

use scale::{Decode, Encode, Error, Input};
use std::fmt;
use thiserror::Error as ThisError;

/// Most bytes of a path. `/v1/blob/` with a hash of 64 digits has 73.
pub const MAX_PATH: usize = 96;
/// The first bytes of every path: the version of the endpoints.
const ROOT: &str = "/v1/";

/// A path: `/v1/` and segments of `a-z`, `0-9`, `-` and `_`, with a slash between two segments.
///
/// Two texts are never the same path: there are no escapes, no empty segments, no dots and no
/// query. So a signature over a path holds for one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode)]
pub struct Path(String);

/// An error of a text that should be a path of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error(
    "{0:?} is not a path of inktensor-1; use /v1/ and segments of a-z, 0-9, - and _, at most \
     {MAX_PATH} bytes in all"
)]
pub struct PathError(pub String);

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// If the text has another form. The error quotes at most [`MAX_PATH`] characters.
    pub fn new(text: &str) -> Result<Self, PathError> {
        let segment = |segment: &str| !segment.is_empty() && segment.bytes().all(is_letter);
        let rest = text.strip_prefix(ROOT);
        if text.len() <= MAX_PATH && rest.is_some_and(|rest| rest.split('/').all(segment)) {
            Ok(Self(text.into()))
        } else {
            Err(PathError(text.chars().take(MAX_PATH).collect()))
        }
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Decode for Path {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        let text = String::decode(input)?;
        Self::new(&text).map_err(|_| "not a path of inktensor-1".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_accepts_paths_of_the_protocol() {
        for text in ["/v1/ask", "/v1/evidence/41", "/v1/a/b-c/d_e/0"] {
            let path = Path::new(text).unwrap();
            assert_eq!(path.as_str(), text);
            assert_eq!(Path::decode(&mut &path.encode()[..]), Ok(path));
        }
        let longest = format!("/v1/{}", "a".repeat(MAX_PATH - 4));
        assert!(Path::new(&longest).is_ok());
    }

    #[test]
    fn new_refuses_second_spellings_and_line_ends() {
        let longer = format!("/v1/{}", "a".repeat(MAX_PATH - 3));
        for text in [
            "",
            "/",
            "/v1",
            "/v1/",
            "/v1//ask",
            "/v1/ask/",
            "/v2/ask",
            "v1/ask",
            "/v1/ask?a=b",
            "/v1/Ask",
            "/v1/%61sk",
            "/v1/../ask",
            "/v1/./ask",
            "/v1/ask\n",
            "/v1/ask\r\nx: y",
            "/v1/ä",
            &longer,
        ] {
            assert!(Path::new(text).is_err(), "{text:?}");
            assert!(
                Path::decode(&mut &text.to_owned().encode()[..]).is_err(),
                "{text:?}"
            );
        }
    }
}
