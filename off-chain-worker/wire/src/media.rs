//! Content types of the protocol: a closed list, so that a receipt stores one byte.

use scale::{Decode, Encode};

/// The content type of a question or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Media {
    /// `application/json`
    Json,
    /// `application/octet-stream`
    Octets,
    /// `text/plain; charset=utf-8`
    Text,
}

impl Media {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Json, Self::Octets, Self::Text];

    /// Returns the value of the field `Content-Type`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Octets => "application/octet-stream",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// Returns the content type with exactly this text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.text() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parse_reads_exact_texts_only() {
        for media in Media::ALL {
            assert_eq!(Media::parse(media.text()), Some(media));
        }
        for text in ["", "application/JSON", "application/json; charset=utf-8"] {
            assert_eq!(Media::parse(text), None, "{text}");
        }
    }
}
