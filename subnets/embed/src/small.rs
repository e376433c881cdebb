//! A small model whose weights follow from a seed: for tests, demos and networks without a
//! download. Its vectors mean nothing; everything else about it is as with MiniLM.

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

use inktensor_exact::bert::{seeded, Config};

use crate::{pack, ModelError, TOKENS_LIMIT};

/// The sizes of the small model. The count of tokens follows from its vocabulary.
pub const SIZES: Config = Config {
    vocabulary: 0,
    width: 32,
    layers: 2,
    heads: 4,
    inner: 128,
    positions: TOKENS_LIMIT,
};
/// The least letters of a word of a sentence that is a token.
const LETTERS_LEAST: usize = 2;

/// Returns the state of the small model whose weights follow from `seed`.
///
/// # Errors
/// A model that [`pack`] refuses.
pub fn state(seed: u64) -> Result<Vec<u8>, ModelError> {
    let vocabulary = vocabulary();
    let config = Config {
        vocabulary: vocabulary.lines().count(),
        ..SIZES
    };
    pack(config, &vocabulary, &seeded(config, seed)?)
}

/// Returns the vocabulary of the small model: five special tokens; ASCII punctuation; digits and
/// letters; the same as continuations; words of the sentences that questions use, ascending.
pub fn vocabulary() -> String {
    let special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(String::from);
    let punctuation = ('!'..='~')
        .filter(char::is_ascii_punctuation)
        .map(String::from);
    let alphanumeric = || ('0'..='9').chain('a'..='z');
    let continued = alphanumeric().map(|char| format!("##{char}"));
    let sentences = include_str!("sentences.txt").split(|char: char| !char.is_ascii_lowercase());
    let words: BTreeSet<&str> = sentences
        .filter(|word| word.len() >= LETTERS_LEAST)
        .collect();
    let tokens = special
        .into_iter()
        .chain(punctuation)
        .chain(alphanumeric().map(String::from));
    let tokens = tokens
        .chain(continued)
        .chain(words.into_iter().map(String::from));
    tokens.map(|token| token + "\n").collect()
}
