//! BERT's tokenizer, uncased: words by BERT's basic rules, then their pieces in a vocabulary.
//!
//! # Words
//! The rules are functions of single characters, applied from left to right, by Unicode 14.0:
//!
//! 1. Control (Cc), format (Cf) and private (Co) characters and U+FFFD vanish. Tab, line feed,
//!    carriage return and all of Zs, Zl and Zp separate words. Unassigned characters stay.
//! 2. An ideograph of CJK Unified, its extensions A to E, or CJK Compatibility is a word of its
//!    own. Kana, Hangul and bopomofo are letters.
//! 3. A character is decomposed canonically (NFD), loses its nonspacing marks (Mn) and is put in
//!    lower case. This covers every script of Unicode 14.0, Hangul by its formula. `ß`, `ı`, `ø`
//!    and the like have no decomposition and stay. Marks that remain (Mc, Me) are not reordered.
//! 4. ASCII punctuation and all of Unicode's P are words of their own, one for each character.
//!    Other symbols (S) outside of ASCII are letters.
//!
//! # Pieces
//! A word is cut from its left into the longest tokens of the vocabulary. Tokens after the first
//! begin with `##`. A word without such a cut, or of more than [`WORD_LIMIT`] characters, is
//! `[UNK]`. Text that spells a special token, such as `[SEP]`, is text.

mod basic;
mod tables;
#[cfg(test)]
mod tests;

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::{fmt, ops::Range};

pub use basic::words;

/// The most bytes of a text.
pub const TEXT_LIMIT: usize = 8 << 10;
/// The most characters of a word that is looked up. Longer ones are `[UNK]`, as BERT has it.
pub const WORD_LIMIT: usize = 100;
/// The most tokens of a vocabulary. MiniLM has 30 522.
pub const VOCABULARY_LIMIT: usize = 1 << 17;
/// The most bytes of a vocabulary's text.
pub const VOCABULARY_BYTES_LIMIT: usize = 4 << 20;
/// The prefix of tokens that continue a word.
pub const CONTINUATION: &str = "##";

/// The tokens of a model, numbered by their line.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    text: String,
    /// The range of each token in `text`, by number.
    ranges: Vec<Range<usize>>,
    /// Numbers, ascending by token.
    order: Vec<u32>,
    /// Bytes of the longest token.
    longest: usize,
    unknown: u32,
    begin: u32,
    end: u32,
}

impl Vocabulary {
    /// Reads a `vocab.txt`: one token on each line, the first of them number 0.
    ///
    /// # Errors
    /// `VocabularyTooLong`, `EmptyToken`, `DuplicateToken`, `MissingToken`.
    pub fn parse(text: &str) -> Result<Self, WordPieceError> {
        if text.len() > VOCABULARY_BYTES_LIMIT {
            return Err(WordPieceError::VocabularyTooLong);
        }
        let mut ranges = Vec::new();
        let mut start = 0_usize;
        for line in text.split_inclusive('\n') {
            let token = line.trim_end_matches(['\r', '\n']);
            if ranges.len() == VOCABULARY_LIMIT {
                return Err(WordPieceError::VocabularyTooLong);
            }
            if token.is_empty() {
                return Err(WordPieceError::EmptyToken {
                    line: ranges.len().saturating_add(1),
                });
            }
            ranges.push(start..start.saturating_add(token.len()));
            start = start.saturating_add(line.len());
        }
        let longest = ranges.iter().map(Range::len).max().unwrap_or_default();
        let mut vocabulary = Self {
            text: text.to_owned(),
            order: (0..).take(ranges.len()).collect(),
            ranges,
            longest,
            unknown: 0,
            begin: 0,
            end: 0,
        };
        vocabulary.sort()?;
        vocabulary.unknown = vocabulary.special("[UNK]")?;
        vocabulary.begin = vocabulary.special("[CLS]")?;
        vocabulary.end = vocabulary.special("[SEP]")?;
        Ok(vocabulary)
    }

    /// Returns the number of tokens.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Returns true for a vocabulary without tokens. [`Self::parse`] returns no such one.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Returns all tokens, by number.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.ranges
            .iter()
            .map(|range| self.text.get(range.clone()).unwrap_or_default())
    }

    /// Returns the number of a token.
    pub fn find(&self, token: &str) -> Option<u32> {
        let place = self
            .order
            .binary_search_by(|id| self.token(*id).cmp(token))
            .ok()?;
        self.order.get(place).copied()
    }

    /// Returns the tokens of `text` between `[CLS]` and `[SEP]`, at most `limit` with these two.
    ///
    /// # Errors
    /// `TextTooLong` above [`TEXT_LIMIT`] bytes, `TooManyTokens` above `limit` tokens. No text is
    /// cut silently.
    pub fn encode(&self, text: &str, limit: usize) -> Result<Vec<u32>, WordPieceError> {
        if text.len() > TEXT_LIMIT {
            return Err(WordPieceError::TextTooLong { bytes: text.len() });
        }
        let mut tokens = Vec::from([self.begin]);
        for word in words(text) {
            self.push_pieces(&word, &mut tokens);
        }
        tokens.push(self.end);
        match tokens.len() <= limit {
            true => Ok(tokens),
            false => Err(WordPieceError::TooManyTokens {
                tokens: tokens.len(),
                limit,
            }),
        }
    }

    fn push_pieces(&self, word: &str, tokens: &mut Vec<u32>) {
        let start = tokens.len();
        if word.chars().count() > WORD_LIMIT {
            tokens.push(self.unknown);
            return;
        }
        let mut rest = word.to_owned();
        let mut prefix = 0;
        while rest.len() > prefix {
            let Some((piece, length)) = self.longest_piece(&rest, prefix) else {
                tokens.truncate(start);
                tokens.push(self.unknown);
                return;
            };
            tokens.push(piece);
            rest.replace_range(..length, CONTINUATION);
            prefix = CONTINUATION.len();
        }
    }

    /// Returns the longest token that begins `text` and is longer than `prefix`, with its bytes.
    fn longest_piece(&self, text: &str, prefix: usize) -> Option<(u32, usize)> {
        let most = text.len().min(self.longest);
        let lengths = (prefix.saturating_add(1)..=most).rev();
        lengths
            .filter_map(|length| Some((text.get(..length)?, length)))
            .find_map(|(piece, length)| Some((self.find(piece)?, length)))
    }

    fn sort(&mut self) -> Result<(), WordPieceError> {
        let mut order = core::mem::take(&mut self.order);
        order.sort_by(|a, b| self.token(*a).cmp(self.token(*b)));
        for (id, next) in order.iter().zip(order.iter().skip(1)) {
            if self.token(*id) == self.token(*next) {
                let token = self.token(*id).to_owned();
                return Err(WordPieceError::DuplicateToken { token });
            }
        }
        self.order = order;
        Ok(())
    }

    fn special(&self, token: &'static str) -> Result<u32, WordPieceError> {
        self.find(token)
            .ok_or(WordPieceError::MissingToken { token })
    }

    fn token(&self, id: u32) -> &str {
        let range = usize::try_from(id).ok().and_then(|id| self.ranges.get(id));
        range
            .and_then(|range| self.text.get(range.clone()))
            .unwrap_or_default()
    }
}

/// A fault of a vocabulary or of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the messages below")]
pub enum WordPieceError {
    /// The vocabulary has too many tokens or bytes.
    VocabularyTooLong,
    /// A line of the vocabulary is empty.
    EmptyToken { line: usize },
    /// A token is there twice.
    DuplicateToken { token: String },
    /// The vocabulary lacks a token that BERT demands.
    MissingToken { token: &'static str },
    /// The text has too many bytes.
    TextTooLong { bytes: usize },
    /// The text has too many tokens, `[CLS]` and `[SEP]` among them.
    TooManyTokens { tokens: usize, limit: usize },
}

impl fmt::Display for WordPieceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VocabularyTooLong => write!(
                f,
                "the vocabulary is over the limit of {VOCABULARY_LIMIT} tokens or of \
                 {VOCABULARY_BYTES_LIMIT} bytes"
            ),
            Self::EmptyToken { line } => {
                write!(
                    f,
                    "line {line} of the vocabulary is empty; every line has one token"
                )
            }
            Self::DuplicateToken { token } => {
                write!(f, "the vocabulary has the token `{token}` twice")
            }
            Self::MissingToken { token } => {
                write!(
                    f,
                    "the vocabulary does not have the token `{token}`; use that of a BERT"
                )
            }
            Self::TextTooLong { bytes } => write!(
                f,
                "the text of {bytes} bytes is over the limit of {TEXT_LIMIT}; split it"
            ),
            Self::TooManyTokens { tokens, limit } => write!(
                f,
                "the text of {tokens} tokens is over the limit of {limit}; split it"
            ),
        }
    }
}

impl core::error::Error for WordPieceError {}
