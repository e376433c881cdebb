//! Pieces of text: how a text is cut, and how long a piece may be.

use inktensor_embed::TOKENS_LIMIT;
use std::path::PathBuf;

/// Most characters of a piece: a paragraph of common prose with about 110 tokens.
pub const PIECE: usize = 480;
/// Most tokens of a piece beside `[CLS]` and `[SEP]`.
const TOKENS: usize = TOKENS_LIMIT - 2;
/// Letters of a token in common words, in an estimate.
const LETTERS: usize = 3;
/// Most letters of a common word. A longer run of letters is a key or a hash.
const COMMON: usize = 16;
/// Most tokens of a character outside of ASCII: a Hangul syllable is three letters.
const PARTS: usize = 3;

/// A function that returns true for a text that is short enough for one question.
pub type Fits<'a> = dyn Fn(&str) -> bool + 'a;

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub file: PathBuf,
    /// The line of the file on which the piece was begun, counted from 1.
    pub line: usize,
    /// The text, with single spaces.
    pub text: String,
}

impl Piece {
    /// Returns the two halves of the piece.
    pub fn halved(&self) -> Option<[Self; 2]> {
        let halves = halves(&self.text)?;
        Some(halves.map(|text| Self {
            file: self.file.clone(),
            line: self.line,
            text: text.to_owned(),
        }))
    }

    /// Returns the place of the piece.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.line)
    }
}

/// Cuts a text into pieces at empty lines, long paragraphs between words, and pieces that do not
/// fit in halves. Returns the first line and the text of each.
pub fn cut(text: &str, fits: &Fits<'_>) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    let mut piece = String::new();
    let mut start = 1;
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            end(&mut piece, start, fits, &mut all);
            continue;
        }
        for word in line.split_whitespace() {
            for part in parts(word) {
                let length = piece.chars().count() + 1 + part.chars().count();
                if !piece.is_empty() && length > PIECE {
                    end(&mut piece, start, fits, &mut all);
                }
                if piece.is_empty() {
                    start = at + 1;
                } else {
                    piece.push(' ');
                }
                piece.push_str(&part);
            }
        }
    }
    end(&mut piece, start, fits, &mut all);
    all
}

/// Ends a piece, in parts that fit. A part without a letter or digit is left out.
fn end(piece: &mut String, start: usize, fits: &Fits<'_>, all: &mut Vec<(usize, String)>) {
    let text = std::mem::take(piece);
    // The first part is the last one here.
    let mut open = vec![text.as_str()];
    while let Some(text) = open.pop() {
        if !text.chars().any(char::is_alphanumeric) {
            continue;
        }
        match (fits(text), halves(text)) {
            (false, Some([first, second])) => open.extend([second, first]),
            _ => all.push((start, text.to_owned())),
        }
    }
}

/// Cuts a text at the space nearest to its middle, or at its middle if it is one word.
fn halves(text: &str) -> Option<[&str; 2]> {
    let middle = text.len() / 2;
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let space = spaces.min_by_key(|at| at.abs_diff(middle));
    let borders = text.char_indices().map(|(at, _)| at).skip(1);
    let at = space.or_else(|| borders.min_by_key(|at| at.abs_diff(middle)))?;
    let (first, second) = text.split_at_checked(at)?;
    let halves = [first.trim(), second.trim()];
    halves.iter().all(|it| !it.is_empty()).then_some(halves)
}

/// Cuts a word that is longer than a piece.
fn parts(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters
        .chunks(PIECE)
        .map(|part| part.iter().collect())
        .collect()
}

/// Returns true if common text like this has few enough tokens. Without the model it is an
/// estimate: hashes, numbers and other scripts count by the character.
pub fn seems_to_fit(text: &str) -> bool {
    let words = text.split(|it: char| !it.is_ascii_alphabetic());
    let mut tokens = 0;
    for word in words {
        tokens += match word.len() {
            letters @ ..=COMMON => letters.div_ceil(LETTERS),
            letters => letters,
        };
    }
    let others = text
        .chars()
        .filter(|it| !it.is_ascii_alphabetic() && !it.is_whitespace());
    tokens + others.map(tokens_at_most).sum::<usize>() <= TOKENS
}

/// Returns true if no vocabulary cuts the text into too many tokens.
pub fn surely_fits(text: &str) -> bool {
    text.chars().map(tokens_at_most).sum::<usize>() <= TOKENS
}

const fn tokens_at_most(letter: char) -> usize {
    match letter.is_ascii() {
        true => 1,
        false => PARTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_embed::{small, Model};
    use inktensor_task::Load;

    fn pieces(text: &str) -> Vec<(usize, String)> {
        cut(text, &|_| true)
    }

    #[test]
    fn paragraphs_are_pieces_with_their_lines() {
        let found = pieces("one\ntwo\n\n---\n\n three  four\n");
        assert_eq!(found, [(1, "one two".into()), (6, "three four".into())]);
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn long_paragraphs_are_cut_between_words() {
        let text = "word ".repeat(300);
        let found = pieces(&text);
        assert!(found.len() > 1);
        assert!(found
            .iter()
            .all(|(_, piece)| piece.chars().count() <= PIECE));
        let words: usize = found
            .iter()
            .map(|(_, piece)| piece.split(' ').count())
            .sum();
        assert_eq!(words, 300);
        let long = "ä".repeat(PIECE * 2 + 1);
        let lengths: Vec<usize> = pieces(&long)
            .iter()
            .map(|(_, it)| it.chars().count())
            .collect();
        assert_eq!(lengths, [PIECE, PIECE, 1]);
    }

    /// Returns text of the kinds that have many tokens for their length.
    fn dense() -> String {
        let hash = "0x646a196ef51631c54c38f0932990045b6e017f609d9fedfd3e0580c2604b4ba7";
        let row = "| 1 | 0.5 | -7 | `a_b` | (x) | {y} | => | != | 12:34 |\n";
        let words = "The answer is checked by another computer, which keeps every receipt. ";
        [
            hash.repeat(20),
            row.repeat(30),
            "\u{d55c}\u{ad6d}\u{c5b4} ".repeat(200),
            "\u{4f60}\u{597d}".repeat(300),
            words.repeat(20),
            "\u{1f600}!".repeat(400),
        ]
        .join("\n\n")
    }

    #[test]
    fn pieces_of_any_text_fit_by_the_models_own_tokens() {
        let model = Model::load(&small::state(1).unwrap()).unwrap();
        let fits = |text: &str| model.tokens(text).is_ok();
        assert!(pieces(&dense()).iter().any(|(_, text)| !fits(text)));
        let found = cut(&dense(), &fits);
        assert!(found.iter().all(|(_, text)| fits(text)));
        let letters = |text: &str| text.chars().filter(|it| it.is_alphanumeric()).count();
        let kept: usize = found.iter().map(|(_, text)| letters(text)).sum();
        assert_eq!(kept, letters(&dense()));
    }

    #[test]
    fn a_piece_that_surely_fits_does_by_any_vocabulary() {
        let model = Model::load(&small::state(1).unwrap()).unwrap();
        let found = cut(&dense(), &surely_fits);
        assert!(found.iter().all(|(_, text)| model.tokens(text).is_ok()));
        let prose = "a voyage across water ".repeat(8);
        assert!(seems_to_fit(&prose) && !surely_fits(&prose));
        assert!(!seems_to_fit(&"0x9f3a".repeat(40)));
    }

    #[test]
    fn halves_are_cut_between_words_where_there_are_any() {
        assert_eq!(halves("one two three"), Some(["one two", "three"]));
        assert_eq!(halves("ab"), Some(["a", "b"]));
        assert_eq!(
            halves("\u{e4}\u{e4}\u{e4}"),
            Some(["\u{e4}", "\u{e4}\u{e4}"])
        );
        assert_eq!(halves("a"), None);
        assert_eq!(halves(""), None);
    }
}
