//! Questions and answers on the wire.

use alloc::vec::Vec;
use core::fmt;
use serde::{de::DeserializeOwned, Serialize};

/// A question or an answer, as JSON of bounded length.
///
/// The bytes of a question must follow from the question: derive `Serialize` and `Deserialize` on a
/// struct with named fields, with `#[serde(deny_unknown_fields)]`. Use integers, strings, lists and
/// structs; no floats, whose text differs between languages, and no maps without an order.
pub trait Body:
    Serialize + DeserializeOwned + Clone + PartialEq + fmt::Debug + Send + Sync
{
    /// Most bytes of a body's JSON.
    const MAX_BYTES: usize;

    /// Returns the one JSON text of this body: no spaces, fields in the order of their declaration.
    ///
    /// # Errors
    /// A text longer than [`MAX_BYTES`](Body::MAX_BYTES), or a value that JSON does not have.
    fn to_json(&self) -> Result<Vec<u8>, Malformed> {
        let text = serde_json::to_vec(self).map_err(|_| Malformed::Shape)?;
        within::<Self>(&text)?;
        Ok(text)
    }

    /// Returns the body that `text` is the JSON of. Spaces and the order of fields are free.
    ///
    /// # Errors
    /// A text longer than [`MAX_BYTES`](Body::MAX_BYTES), or one of another shape.
    fn from_json(text: &[u8]) -> Result<Self, Malformed> {
        within::<Self>(text)?;
        serde_json::from_slice(text).map_err(|_| Malformed::Shape)
    }
}

/// Returns an error for a text that is too long for the body.
fn within<B: Body>(text: &[u8]) -> Result<(), Malformed> {
    match text.len() <= B::MAX_BYTES {
        true => Ok(()),
        false => Err(Malformed::TooLong {
            bytes: text.len(),
            most: B::MAX_BYTES,
        }),
    }
}

/// A text that is not a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Too many bytes.
    TooLong {
        /// Length of the text.
        bytes: usize,
        /// Most bytes of this body.
        most: usize,
    },
    /// Not JSON, or JSON of another shape.
    Shape,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Malformed::TooLong { bytes, most } => write!(
                f,
                "a body of {bytes} bytes is longer than the task's limit of {most}; shorten it"
            ),
            Malformed::Shape => f.write_str(
                "the body is not JSON of the task's shape; compare its fields with the task's page",
            ),
        }
    }
}

impl core::error::Error for Malformed {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::String, vec};
    use serde::Deserialize;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Text {
        text: String,
        parts: Vec<i16>,
    }

    impl Body for Text {
        const MAX_BYTES: usize = 40;
    }

    fn text(text: &str) -> Text {
        Text {
            text: text.into(),
            parts: vec![-1, 2],
        }
    }

    #[test]
    fn writing_has_one_form_and_reading_is_free() {
        let body = text("a\u{1}\"é");
        let json = body.to_json().unwrap();
        assert_eq!(
            core::str::from_utf8(&json),
            Ok("{\"text\":\"a\\u0001\\\"é\",\"parts\":[-1,2]}")
        );
        assert_eq!(Text::from_json(&json), Ok(body));
        assert_eq!(
            Text::from_json(b"{ \"parts\": [ -1, 2 ], \"text\": \"\" }"),
            Ok(text(""))
        );
    }

    #[test]
    fn limit_holds_in_both_directions() {
        let longest = text("01234567890123");
        let json = longest.to_json().unwrap();
        assert_eq!(json.len(), 40);
        assert_eq!(Text::from_json(&json), Ok(longest));
        let refused = Malformed::TooLong {
            bytes: 41,
            most: 40,
        };
        assert_eq!(text("012345678901234").to_json(), Err(refused));
        let mut spaced = json;
        spaced.push(b' ');
        assert_eq!(Text::from_json(&spaced), Err(refused));
    }

    #[test]
    fn other_shapes_are_refused() {
        for json in [
            "",
            "{}",
            "{\"text\":\"\"}",
            "{\"text\":\"\",\"parts\":[1.5]}",
            "{\"text\":\"\",\"parts\":[40000]}",
            "{\"text\":\"\",\"parts\":[],\"x\":1}",
            "{\"text\":\"\",\"text\":\"\",\"parts\":[]}",
            "[[[[[[[[[[[[[[[[[[[[",
        ] {
            assert_eq!(
                Text::from_json(json.as_bytes()),
                Err(Malformed::Shape),
                "{json}"
            );
        }
    }
}
