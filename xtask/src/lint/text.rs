//! The words of a Rust file: its comments and its string literals.

/// A piece of prose in a Rust file.
#[derive(Debug, PartialEq, Eq)]
pub struct Prose<'a> {
    /// The line, from 1.
    pub line: usize,
    /// Where it stands.
    pub kind: Kind,
    /// The text, without the marks around it.
    pub text: &'a str,
}

/// Where prose stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line of documentation, after `///` or `//!`.
    Doc,
    /// A comment.
    Comment,
    /// A string literal, or a line of one.
    Literal,
}

/// Returns the comments and string literals of `source`, line by line.
pub fn prose(source: &str) -> Vec<Prose<'_>> {
    let mut found = Vec::new();
    let mut rest = Cursor {
        source,
        at: 0,
        line: 1,
    };
    while let Some(byte) = rest.peek(0) {
        match byte {
            b'/' if rest.peek(1) == Some(b'/') => {
                let (line, text) = (rest.line, rest.until(|tail| tail.find('\n')));
                let (kind, marks) = match text.as_bytes() {
                    [_, _, b'/', b'/', ..] => (Kind::Comment, 2),
                    [_, _, b'/' | b'!', ..] => (Kind::Doc, 3),
                    _ => (Kind::Comment, 2),
                };
                let text = text.get(marks..).unwrap_or_default();
                found.push(Prose { line, kind, text });
            }
            b'/' if rest.peek(1) == Some(b'*') => {
                let line = rest.line;
                let text = rest.until(|tail| tail.find("*/").map(|end| end + 2));
                lines(&mut found, line, Kind::Comment, text);
            }
            b'r' if !rest.after_a_word() => match rest.raw_fence() {
                Some(fence) => {
                    rest.skip(fence + 2);
                    let line = rest.line;
                    let end = format!("\"{}", "#".repeat(fence));
                    let text = rest.until(|tail| tail.find(&end));
                    lines(&mut found, line, Kind::Literal, text);
                    rest.skip(end.len());
                }
                None => rest.skip(1),
            },
            b'"' => {
                rest.skip(1);
                let line = rest.line;
                let text = rest.until(end_of_literal);
                lines(&mut found, line, Kind::Literal, text);
                rest.skip(1);
            }
            // A quote in a character, not the start of a string.
            b'\'' if rest.starts_with("'\"'") => rest.skip(3),
            b'\'' if rest.starts_with("'\\\"'") => rest.skip(4),
            b'\n' => {
                rest.line += 1;
                rest.at += 1;
            }
            _ => rest.skip(1),
        }
    }
    found
}

fn lines<'a>(found: &mut Vec<Prose<'a>>, first: usize, kind: Kind, text: &'a str) {
    found.extend(text.lines().enumerate().map(|(index, text)| Prose {
        line: first + index,
        kind,
        text,
    }));
}

/// Returns where a string literal ends: at the first quote that no backslash precedes.
fn end_of_literal(tail: &str) -> Option<usize> {
    let mut escaped = false;
    for (place, byte) in tail.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(place),
            _ => {}
        }
    }
    None
}

struct Cursor<'a> {
    source: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    fn starts_with(&self, text: &str) -> bool {
        self.source
            .as_bytes()
            .get(self.at..)
            .is_some_and(|tail| tail.starts_with(text.as_bytes()))
    }

    fn after_a_word(&self) -> bool {
        let before = self.at.checked_sub(1);
        before
            .and_then(|place| self.source.as_bytes().get(place))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }

    /// Returns the number of `#` of a raw string that starts here.
    fn raw_fence(&self) -> Option<usize> {
        let fence = (1..)
            .take_while(|ahead| self.peek(*ahead) == Some(b'#'))
            .count();
        (self.peek(1 + fence) == Some(b'"')).then_some(fence)
    }

    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Takes the text up to where `end` finds its end, or all.
    fn until(&mut self, end: impl Fn(&str) -> Option<usize>) -> &'a str {
        let tail = self.source.get(self.at..).unwrap_or_default();
        let length = end(tail).unwrap_or(tail.len());
        let text = tail.get(..length).unwrap_or(tail);
        self.line += text.matches('\n').count();
        self.at += length;
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_prose_and_code_is_not() {
        let source = "//! Module.\nfn told() { // Why.\n  f(\"a \\\" b\", '\"', r#\"x\ny\"#);\n}\n/* z\n w */ 'a";
        let found: Vec<_> = prose(source)
            .into_iter()
            .map(|it| (it.line, it.kind, it.text.trim()))
            .collect();
        assert_eq!(
            found,
            [
                (1, Kind::Doc, "Module."),
                (2, Kind::Comment, "Why."),
                (3, Kind::Literal, "a \\\" b"),
                (3, Kind::Literal, "x"),
                (4, Kind::Literal, "y"),
                (6, Kind::Comment, "/* z"),
                (7, Kind::Comment, "w */"),
            ]
        );
    }

    #[test]
    fn unfinished_text_ends_with_the_file() {
        assert_eq!(prose("\"abc").len(), 1);
        assert_eq!(prose("/* abc").len(), 1);
        assert_eq!(prose("r#\"abc").len(), 1);
    }
}
