//! Continuations as text for a terminal.

use alloc::{format, string::String};

/// Returns bytes as text on one line, with what is not printable escaped: `\n`, `\u{7f}`, and
/// `\xff` for a byte that is not UTF-8. A backslash is written twice.
pub fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\'' => text.push(character),
                other => text.extend(other.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_is_escaped() {
        for (bytes, text) in [
            (&b"it's \"so\""[..], "it's \"so\""),
            ("größe".as_bytes(), "größe"),
            (b"a\nb\t\\n\0", "a\\nb\\t\\\\n\\0"),
            (b"\x1b[31m\x7f", "\\u{1b}[31m\\u{7f}"),
            (b"a\xff\xc3", "a\\xff\\xc3"),
            ("\u{202e}x".as_bytes(), "\\u{202e}x"),
            (b"", ""),
        ] {
            assert_eq!(shown(bytes), text);
        }
    }
}
