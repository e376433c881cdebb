//! The part of a blob that a request asks for. Source: RFC 9110, section 14.

/// A part of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first byte.
    pub start: u64,
    /// The number of bytes.
    pub length: u64,
}

impl Range {
    /// Returns the part that the field `Range` asks for, of a blob of `size` bytes. `None` if the
    /// blob has no such part.
    ///
    /// A field of another form, or with several parts, is ignored, as RFC 9110 allows: the whole
    /// blob is the answer.
    pub fn of(field: Option<&str>, size: u64) -> Option<Self> {
        let whole = Self {
            start: 0,
            length: size,
        };
        let Some((first, last)) = field.and_then(parse) else {
            return Some(whole);
        };
        match (first, last) {
            (Some(start), last) => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                let length = end.checked_sub(start).filter(|length| *length > 0)?;
                Some(Self { start, length })
            }
            (None, Some(suffix)) if suffix > 0 && size > 0 => {
                let length = suffix.min(size);
                Some(Self {
                    start: size.saturating_sub(length),
                    length,
                })
            }
            (None, _) => None,
        }
    }

    /// Returns true if this is not the whole of `size` bytes.
    pub fn is_part(self, size: u64) -> bool {
        self.length < size
    }

    /// Returns the field `Content-Range` for this part of `size` bytes.
    pub fn text(self, size: u64) -> String {
        let last = self.start.saturating_add(self.length).saturating_sub(1);
        format!("bytes {}-{last}/{size}", self.start)
    }
}

/// Returns the first and last byte of `bytes=FIRST-LAST`, of which one may be missing.
fn parse(field: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (first, last) = field.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| match text {
        "" => Some(None),
        _ if text.bytes().all(|it| it.is_ascii_digit()) => text.parse().ok().map(Some),
        _ => None,
    };
    let (first, last) = (number(first)?, number(last)?);
    match (first, last) {
        (None, None) => None,
        (Some(first), Some(last)) if last < first => None,
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(field: &str, size: u64) -> Option<(u64, u64)> {
        Range::of(Some(field), size).map(|range| (range.start, range.length))
    }

    #[test]
    fn of_reads_the_three_forms() {
        assert_eq!(of("bytes=0-0", 10), Some((0, 1)));
        assert_eq!(of("bytes=2-5", 10), Some((2, 4)));
        assert_eq!(of("bytes=2-", 10), Some((2, 8)));
        assert_eq!(of("bytes=-3", 10), Some((7, 3)));
        assert_eq!(of("bytes=-30", 10), Some((0, 10)));
        assert_eq!(of("bytes=2-100", 10), Some((2, 8)));
        assert_eq!(
            Range {
                start: 2,
                length: 4
            }
            .text(10),
            "bytes 2-5/10"
        );
    }

    #[test]
    fn of_has_no_part_beyond_the_end() {
        for field in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert_eq!(of(field, 10), None, "{field}");
        }
        assert_eq!(of("bytes=0-", 0), None);
    }

    #[test]
    fn of_ignores_other_forms() {
        for field in [
            "",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=1-2,4-5",
            "lines=1-2",
            "bytes=+1-2",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(of(field, 10), Some((0, 10)), "{field}");
        }
        assert_eq!(
            Range::of(None, 10),
            Some(Range {
                start: 0,
                length: 10
            })
        );
    }

    proptest! {
        #[test]
        fn of_never_leaves_the_blob(first: Option<u64>, last: Option<u64>, size: u64) {
            let text = |it: Option<u64>| it.map_or_else(String::new, |it| it.to_string());
            let field = format!("bytes={}-{}", text(first), text(last));
            if let Some(range) = Range::of(Some(&field), size) {
                prop_assert!(range.start.checked_add(range.length).unwrap() <= size);
            }
        }
    }
}
