//! Words of a text: what BERT does before it looks anything up.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use super::tables::{PUNCTUATION, REMOVED, RUNS, SEVERAL, SINGLES};

/// The blocks whose characters are words of their own, ascending.
const IDEOGRAPHS: [(u32, u32); 8] = [
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xf900, 0xfaff),
    (0x2_0000, 0x2_a6df),
    (0x2_a700, 0x2_b73f),
    (0x2_b740, 0x2_b81f),
    (0x2_b820, 0x2_ceaf),
    (0x2_f800, 0x2_fa1f),
];

/// Returns the words of `text` by the rules of the module, in lower case and without accents.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Words::default();
    for char in text.chars() {
        let code = u32::from(char);
        if is_blank(char) {
            words.close();
        } else if within(&REMOVED, code) || char == '\u{fffd}' {
            continue;
        } else {
            let ideograph = within(&IDEOGRAPHS, code);
            fold(char, |part| {
                if ideograph || is_punctuation(part) {
                    words.close();
                    words.found.push(part.to_string());
                } else {
                    words.open.push(part);
                }
            });
        }
    }
    words.close();
    words.found
}

#[derive(Default)]
struct Words {
    found: Vec<String>,
    open: String,
}

impl Words {
    fn close(&mut self) {
        if !self.open.is_empty() {
            self.found.push(core::mem::take(&mut self.open));
        }
    }
}

/// Returns true for a character that separates words: Zs, Zl, Zp and three controls.
fn is_blank(char: char) -> bool {
    matches!(
        char,
        '\t' | '\n' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

fn is_punctuation(char: char) -> bool {
    char.is_ascii_punctuation() || (!char.is_ascii() && within(&PUNCTUATION, u32::from(char)))
}

/// Calls `put` with each character of `char`, decomposed, without marks and in lower case.
fn fold(char: char, mut put: impl FnMut(char)) {
    let code = u32::from(char);
    if let Some(syllable) = code
        .checked_sub(HANGUL)
        .filter(|syllable| *syllable < SYLLABLES)
    {
        hangul(syllable).into_iter().flatten().for_each(put);
    } else if let Some((_, parts)) = search(&SEVERAL, code, |(code, _)| *code) {
        parts.chars().for_each(put);
    } else if let Some((_, folded)) = search(&SINGLES, code, |(code, _)| *code) {
        put(char::from_u32(*folded).unwrap_or(char));
    } else {
        put(fold_in_run(code).and_then(char::from_u32).unwrap_or(char));
    }
}

fn fold_in_run(code: u32) -> Option<u32> {
    let after = RUNS.partition_point(|(first, ..)| *first <= code);
    let (first, last, stride, target) = RUNS.get(after.checked_sub(1)?)?;
    let distance = code.checked_sub(*first)?;
    let hit = code <= *last && distance.checked_rem(*stride)? == 0;
    hit.then(|| target.checked_add(distance)).flatten()
}

/// The first Hangul syllable, and how many there are.
const HANGUL: u32 = 0xac00;
const SYLLABLES: u32 = 11_172;
/// Vowels; final consonants, with none as the first.
const VOWELS: u32 = 21;
const FINALS: u32 = 28;

/// Returns the two or three letters of a Hangul syllable, by the formula of Unicode 3.12.
fn hangul(syllable: u32) -> [Option<char>; 3] {
    let last = syllable.checked_rem(FINALS).unwrap_or_default();
    let rest = syllable.checked_div(FINALS).unwrap_or_default();
    let vowel = rest.checked_rem(VOWELS).unwrap_or_default();
    let lead = rest.checked_div(VOWELS).unwrap_or_default();
    let letter = |base: u32, number: u32| base.checked_add(number).and_then(char::from_u32);
    let last = (last > 0).then(|| letter(0x11a7, last)).flatten();
    [letter(0x1100, lead), letter(0x1161, vowel), last]
}

fn within(ranges: &[(u32, u32)], code: u32) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= code);
    let range = after.checked_sub(1).and_then(|place| ranges.get(place));
    range.is_some_and(|(_, last)| code <= *last)
}

fn search<T>(table: &[T], code: u32, key: impl Fn(&T) -> u32) -> Option<&T> {
    let place = table.binary_search_by_key(&code, key).ok()?;
    table.get(place)
}
