//! The JSON of a safetensors header: an object of tensors, and no other JSON.

use alloc::{borrow::ToOwned, vec::Vec};

use super::{Dtype, Entry, SafeTensorsError, NAME_LIMIT, RANK_LIMIT, TENSORS_LIMIT};

/// The key of free text about the file. Its value is checked for form and dropped.
const METADATA: &str = "__metadata__";

/// Parses the whole of `header`. Ranges are not checked here.
pub(super) fn parse(header: &[u8]) -> Result<Vec<Entry>, SafeTensorsError> {
    let mut reader = Reader {
        bytes: header,
        at: 0,
    };
    let mut entries = Vec::new();
    let mut metadata = false;
    reader.object(|reader, name| {
        if name == METADATA {
            if metadata {
                return Err(SafeTensorsError::Duplicate {
                    name: METADATA.to_owned(),
                });
            }
            metadata = true;
            return reader.metadata();
        }
        if entries.len() == TENSORS_LIMIT {
            return Err(SafeTensorsError::TooManyTensors);
        }
        entries.push(reader.entry(name)?);
        Ok(())
    })?;
    reader.skip_blanks();
    if reader.at != header.len() {
        return Err(reader.fault("the end of the header"));
    }
    Ok(entries)
}

/// A place in the header. Depth is fixed by the grammar, so no input makes the reader recurse.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn entry(&mut self, name: &str) -> Result<Entry, SafeTensorsError> {
        let (mut dtype, mut shape, mut range) = (None, None, None);
        self.object(|reader, key| {
            let again = match key {
                "dtype" => {
                    let found = reader.string()?;
                    let unknown = || SafeTensorsError::UnknownDtype {
                        name: name.to_owned(),
                        dtype: found.to_owned(),
                    };
                    dtype
                        .replace(Dtype::from_name(found).ok_or_else(unknown)?)
                        .is_some()
                }
                "shape" => shape.replace(reader.numbers(name)?).is_some(),
                "data_offsets" => range.replace(reader.numbers(name)?).is_some(),
                _ => return Err(reader.fault("`dtype`, `shape` or `data_offsets`")),
            };
            if again {
                return Err(reader.fault("each field once"));
            }
            Ok(())
        })?;
        match (dtype, shape, range.as_deref()) {
            (Some(dtype), Some(shape), Some(&[begin, end])) => Ok(Entry {
                name: name.to_owned(),
                dtype,
                shape,
                begin,
                end,
            }),
            _ => Err(self.fault("`dtype`, `shape` and two `data_offsets`")),
        }
    }

    fn metadata(&mut self) -> Result<(), SafeTensorsError> {
        self.object(|reader, _| reader.text())
    }

    /// Reads `{ "key": value, .. }` and calls `value` after each key.
    fn object(
        &mut self,
        mut value: impl FnMut(&mut Self, &'a str) -> Result<(), SafeTensorsError>,
    ) -> Result<(), SafeTensorsError> {
        self.expect(b'{', "`{`")?;
        if self.accept(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':', "`:`")?;
            value(self, key)?;
            if self.accept(b'}') {
                return Ok(());
            }
            self.expect(b',', "`,` or `}`")?;
        }
    }

    fn numbers(&mut self, name: &str) -> Result<Vec<usize>, SafeTensorsError> {
        self.expect(b'[', "`[`")?;
        let mut numbers = Vec::new();
        if self.accept(b']') {
            return Ok(numbers);
        }
        loop {
            if numbers.len() == RANK_LIMIT {
                return Err(SafeTensorsError::Rank {
                    name: name.to_owned(),
                });
            }
            numbers.push(self.number()?);
            if self.accept(b']') {
                return Ok(numbers);
            }
            self.expect(b',', "`,` or `]`")?;
        }
    }

    fn number(&mut self) -> Result<usize, SafeTensorsError> {
        self.skip_blanks();
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = core::str::from_utf8(rest.get(..digits).unwrap_or_default()).unwrap_or_default();
        let leading_zero = digits > 1 && text.starts_with('0');
        match text.parse() {
            Ok(number) if !leading_zero => {
                self.at = self.at.saturating_add(digits);
                Ok(number)
            }
            _ => Err(self.fault("a whole number")),
        }
    }

    /// Reads a string of at most [`NAME_LIMIT`] bytes without escapes.
    fn string(&mut self) -> Result<&'a str, SafeTensorsError> {
        self.expect(b'"', "`\"`")?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let stops = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
        let Some(length) = rest
            .iter()
            .take(NAME_LIMIT.saturating_add(1))
            .position(stops)
        else {
            return Err(match rest.len() > NAME_LIMIT {
                true => SafeTensorsError::NameTooLong { at: self.at },
                false => self.fault("the end of a string"),
            });
        };
        let text = core::str::from_utf8(rest.get(..length).unwrap_or_default());
        let text = text.map_err(|_| self.fault("UTF-8"))?;
        self.at = self.at.saturating_add(length);
        // Not `expect`: that would skip blanks which stand in the name.
        if self.bytes.get(self.at) != Some(&b'"') {
            return Err(self.fault("a string without escapes"));
        }
        self.at = self.at.saturating_add(1);
        Ok(text)
    }

    /// Skips a string of any length, with escapes.
    fn text(&mut self) -> Result<(), SafeTensorsError> {
        self.expect(b'"', "`\"`")?;
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.at = self.at.saturating_add(2),
                Some(0x20..) => self.at = self.at.saturating_add(1),
                _ => return Err(self.fault("the end of a string")),
            }
        }
        self.expect(b'"', "`\"`")
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), SafeTensorsError> {
        match self.accept(byte) {
            true => Ok(()),
            false => Err(self.fault(expected)),
        }
    }

    fn fault(&self, expected: &'static str) -> SafeTensorsError {
        SafeTensorsError::Json {
            at: self.at,
            expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_with_blanks_and_metadata_is_read() {
        let header = br#" { "__metadata__" : {"a":"b \" } \\", "c":""},
            "w": {"shape":[ 2 , 3 ], "data_offsets":[0,24], "dtype":"F32"} } "#;
        let expected = Entry {
            name: "w".to_owned(),
            dtype: Dtype::F32,
            shape: alloc::vec![2, 3],
            begin: 0,
            end: 24,
        };
        assert_eq!(parse(header).unwrap(), [expected]);
    }

    #[test]
    fn malformed_headers_are_refused_at_their_byte() {
        let cases: [(&str, usize, &str); 10] = [
            ("", 0, "`{`"),
            ("{} x", 3, "the end of the header"),
            ("{\"w\":[]}", 5, "`{`"),
            (
                "{\"w\":{\"more\":1}}",
                13,
                "`dtype`, `shape` or `data_offsets`",
            ),
            ("{\"w\":{\"shape\":[-1]}}", 15, "a whole number"),
            ("{\"w\":{\"shape\":[01]}}", 15, "a whole number"),
            ("{\"w\":{\"shape\":[1,]}}", 17, "a whole number"),
            ("{\"w\\n\":{}}", 3, "a string without escapes"),
            ("{\"w\n \":{}}", 3, "a string without escapes"),
            ("{\"w", 2, "the end of a string"),
        ];
        for (header, at, expected) in cases {
            let fault = parse(header.as_bytes()).unwrap_err();
            assert_eq!(fault, SafeTensorsError::Json { at, expected }, "{header}");
        }
    }
}
