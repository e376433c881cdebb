//! Questions that follow from a seed.

use alloc::{string::String, vec::Vec};

use inktensor_task::{Draw, Seed};

use crate::Model;

/// Sentences of everyday English, one on each line.
const SENTENCES: &str = include_str!("sentences.txt");
/// The most sentences of a question.
const SENTENCES_MOST: usize = 3;
/// The least number of words of a sentence that are replaced. With MiniLM's more than 20 000 words,
/// three of them are 10^13 texts for each sentence and choice of places.
pub const SWAPS_LEAST: usize = 3;
/// One word of so many is replaced.
const SWAPS_PART: usize = 3;

/// Returns one to three sentences. In each of them at least a third of the words is replaced by
/// words that are drawn from the model's vocabulary.
///
/// The text has at most [`crate::TOKENS_LIMIT`] tokens: words at its end are left out until it has.
pub(crate) fn text(model: &Model, seed: &Seed) -> String {
    let mut draw = seed.part("text").draw();
    let sentences: Vec<&str> = SENTENCES.lines().collect();
    let count = draw.index(SENTENCES_MOST).saturating_add(1);
    let mut words = Vec::new();
    for _ in 0..count {
        let sentence = draw.pick(&sentences).copied().unwrap_or_default();
        let mut swapped: Vec<&str> = sentence.split(' ').collect();
        swap(&mut draw, model, &mut swapped);
        words.extend(swapped);
    }
    loop {
        let text = words.join(" ");
        if model.tokens(&text).is_ok() || words.pop().is_none() {
            return text;
        }
    }
}

fn swap<'a>(draw: &mut Draw, model: &'a Model, words: &mut [&'a str]) {
    let swaps = words.len().div_ceil(SWAPS_PART).max(SWAPS_LEAST);
    let mut places: Vec<usize> = (0..words.len()).collect();
    draw.shuffle(&mut places);
    for place in places.into_iter().take(swaps) {
        let drawn = draw.pick(model.words());
        if let (Some(word), Some(drawn)) = (words.get_mut(place), drawn) {
            *word = drawn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_room_for_the_swaps() {
        for sentence in SENTENCES.lines() {
            let words = sentence.split(' ').count();
            assert!((9..=20).contains(&words), "{sentence}");
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b' ' || byte == b'\'';
            assert!(sentence.bytes().all(plain), "{sentence}");
        }
        assert_eq!(SENTENCES.lines().count(), 64);
    }
}
