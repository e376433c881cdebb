//! Places in a JSON text: file, line and the path within the object.

use serde_json::value::RawValue;
use std::{collections::HashMap, fmt, ops::Range};

/// One step down into a JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Into the field of an object.
    Key(String),
    /// Into an item of an array.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Segment::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Segment::Index(index)
    }
}

/// Builds a path of its segments: `at!["input", "weights", 3]`.
macro_rules! at {
    [$($segment:expr),* $(,)?] => { vec![$($crate::vectors::place::Segment::from($segment)),*] };
}
pub(super) use at;

/// A place in a JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Name of the file or text.
    pub source: String,
    /// Line, from 1.
    pub line: usize,
    /// Path within the object, empty for the object itself.
    pub path: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.line)?;
        if self.path.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.path)
        }
    }
}

/// An error in a JSON text, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct VectorError {
    /// Place of the error.
    pub place: Location,
    /// Text of the error.
    pub problem: String,
}

/// The text of one object within a file.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    /// Name of the file.
    pub source: &'a str,
    /// The whole file.
    pub text: &'a str,
    /// The object.
    pub raw: &'a RawValue,
}

impl Object<'_> {
    /// Returns the place of `path`.
    pub fn place(&self, path: &[Segment]) -> Location {
        let start = self.range(path).start;
        Location {
            source: self.source.to_owned(),
            line: line_at(self.text, start),
            path: display(path),
        }
    }

    /// Returns the JSON at `path`, or at the deepest part of it that exists.
    pub fn text_at(&self, path: &[Segment]) -> &str {
        self.text.get(self.range(path)).unwrap_or_default()
    }

    /// Returns the error that `path` has this `problem`.
    pub fn error(&self, path: &[Segment], problem: impl Into<String>) -> VectorError {
        VectorError {
            place: self.place(path),
            problem: problem.into(),
        }
    }

    fn range(&self, path: &[Segment]) -> Range<usize> {
        let mut found = self.raw.get();
        for segment in path {
            match descend(found, segment) {
                Some(deeper) => found = deeper,
                None => break,
            }
        }
        // Every value is a slice of the text, so the distance of their addresses is its offset.
        let start = found
            .as_ptr()
            .addr()
            .saturating_sub(self.text.as_ptr().addr());
        start..start.saturating_add(found.len())
    }
}

fn descend<'a>(json: &'a str, segment: &Segment) -> Option<&'a str> {
    let value = match segment {
        Segment::Key(key) => {
            let fields: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            *fields.get(key)?
        }
        Segment::Index(index) => {
            let items: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            *items.get(*index)?
        }
    };
    Some(value.get())
}

/// Returns the line, from 1, of the byte at `offset`.
pub fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn display(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Key(key) if text.is_empty() => text.push_str(key),
            Segment::Key(key) => text.push_str(&format!(".{key}")),
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}
