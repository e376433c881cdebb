//! Text that follows from a seed, for programs that read some.

use inktensor_exact::rng::Rng;

const WORDS: [&str; 32] = [
    "a",
    "the",
    "miner",
    "validator",
    "serves",
    "checks",
    "model",
    "weight",
    "epoch",
    "of",
    "and",
    "answers",
    "question",
    "every",
    "seed",
    "stake",
    "block",
    "hash",
    "in",
    "to",
    "is",
    "its",
    "same",
    "bits",
    "machine",
    "step",
    "trains",
    "on",
    "one",
    "subnet",
    "network",
    "proves",
];

/// Returns `length` bytes of words, with a full stop now and then.
pub(crate) fn text(seed: u64, length: usize) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let mut text = String::new();
    while text.len() < length {
        let index = usize::try_from(rng.below(32)).unwrap_or(0);
        text.push_str(WORDS[index]);
        text.push_str(if rng.below(8) == 0 { ". " } else { " " });
    }
    text.truncate(length);
    text.into_bytes()
}

/// Returns `count` rows of `row` bytes, cut from `text` at random places.
pub(crate) fn rows(text: &[u8], rng: &mut Rng, count: usize, row: usize) -> Vec<u8> {
    let places = u64::try_from(text.len().saturating_sub(row)).unwrap_or(0);
    (0..count)
        .flat_map(|_| {
            let at = usize::try_from(rng.below(places)).unwrap_or(0);
            text[at..at + row].iter().copied()
        })
        .collect()
}
