//! Texts of other accounts, such as titles, which a terminal or a log shows.

use std::ops::RangeInclusive;

/// Characters that are not shown: they change the order of text, or have no width.
const FORMATS: [RangeInclusive<char>; 9] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{e0000}'..='\u{e007f}',
];

/// Returns `text` with `instead` in place of each character that controls a terminal, changes the
/// order of text, or has no width.
pub fn plain(text: &str, instead: char) -> String {
    let is_odd = |it: char| it.is_control() || FORMATS.iter().any(|range| range.contains(&it));
    text.chars()
        .map(|it| if is_odd(it) { instead } else { it })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_look_like_another_one() {
        let text = plain("a\u{1b}[2J\u{202e}b\u{200b}\u{e0041}\n é 日", '?');
        assert_eq!(text, "a?[2J?b??? é 日");
    }
}
