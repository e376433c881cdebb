//! A bounded reader of safetensors files, and a writer of small ones.
//!
//! A file is `length of header: u64 LE | header: JSON | data`. The header names tensors with their
//! dtype, shape and range of data. The reader accepts a file only if the ranges follow one another
//! without overlap, without gap and to the last byte, so a file has no byte without a meaning.
//! Values are read as `f32`, and every value is finite.
//!
//! # Limits
//! [`HEADER_LIMIT`], [`TENSORS_LIMIT`], [`NAME_LIMIT`] and [`RANK_LIMIT`] bound the work and the
//! memory that a hostile file can cause before its data is read.

mod error;
mod header;
#[cfg(test)]
mod tests;
mod write;

use alloc::{borrow::ToOwned, string::String, vec::Vec};

pub use error::SafeTensorsError;
pub use write::write;

/// The longest header in bytes. That of MiniLM has 11 408.
pub const HEADER_LIMIT: usize = 1 << 20;
/// The most tensors of a file. MiniLM has 104.
pub const TENSORS_LIMIT: usize = 4096;
/// The longest name of a tensor in bytes.
pub const NAME_LIMIT: usize = 128;
/// The most dimensions of a tensor.
pub const RANK_LIMIT: usize = 8;
/// Bytes of the header's length.
const PREFIX: usize = 8;

/// The header of a safetensors file with the data that it describes.
#[derive(Clone, Debug)]
pub struct SafeTensors<'a> {
    /// Ascending by name.
    entries: Vec<Entry>,
    data: &'a [u8],
}

/// One tensor's line of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    begin: usize,
    end: usize,
}

/// The element types whose size the reader knows. Only [`Dtype::F32`] can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754 single precision.
    F32,
    /// Another type of the format, by its name in the header and its size in bytes.
    Other(&'static str, usize),
}

impl Dtype {
    /// The types of the format with whole bytes, but for `F32`.
    const OTHERS: [(&'static str, usize); 12] = [
        ("BOOL", 1),
        ("U8", 1),
        ("I8", 1),
        ("F8_E5M2", 1),
        ("F8_E4M3", 1),
        ("I16", 2),
        ("U16", 2),
        ("F16", 2),
        ("BF16", 2),
        ("I32", 4),
        ("I64", 8),
        ("F64", 8),
    ];

    fn from_name(name: &str) -> Option<Self> {
        if name == "F32" {
            return Some(Self::F32);
        }
        let other = Self::OTHERS.iter().find(|(known, _)| *known == name);
        other.map(|(known, size)| Self::Other(known, *size))
    }

    /// Returns the name that headers use.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::Other(name, _) => name,
        }
    }

    fn size(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::Other(_, size) => size,
        }
    }
}

impl<'a> SafeTensors<'a> {
    /// Reads the header of `file` and checks every range of it.
    ///
    /// # Errors
    /// The first thing that is wrong, with the tensor's name where there is one.
    pub fn parse(file: &'a [u8]) -> Result<Self, SafeTensorsError> {
        let short = SafeTensorsError::Short { found: file.len() };
        let (prefix, rest) = file.split_first_chunk::<PREFIX>().ok_or(short)?;
        let length = u64::from_le_bytes(*prefix);
        let too_long = SafeTensorsError::HeaderTooLong { length };
        let header = usize::try_from(length).map_err(|_| too_long.clone())?;
        if header > HEADER_LIMIT {
            return Err(too_long);
        }
        let cut = SafeTensorsError::HeaderCut {
            length,
            found: rest.len(),
        };
        let (header, data) = rest.split_at_checked(header).ok_or(cut)?;
        let mut entries = header::parse(header)?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        for (entry, next) in entries.iter().zip(entries.iter().skip(1)) {
            if entry.name == next.name {
                return Err(SafeTensorsError::Duplicate {
                    name: entry.name.clone(),
                });
            }
        }
        for entry in &entries {
            entry.check_range(data.len())?;
        }
        check_cover(&entries, data.len())?;
        Ok(Self { entries, data })
    }

    /// Returns the names of all tensors, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// Returns true if the file has a tensor `name`.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Returns the values of the tensor `name`, row by row.
    ///
    /// # Errors
    /// `Missing`, `NotF32`, `Shape`, `NotFinite`, in this order.
    pub fn f32(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, SafeTensorsError> {
        let missing = || SafeTensorsError::Missing {
            name: name.to_owned(),
        };
        let entry = self.find(name).ok_or_else(missing)?;
        if entry.dtype != Dtype::F32 {
            let (name, dtype) = (name.to_owned(), entry.dtype);
            return Err(SafeTensorsError::NotF32 { name, dtype });
        }
        if entry.shape != shape {
            return Err(SafeTensorsError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: entry.shape.clone(),
            });
        }
        let bytes = self.data.get(entry.begin..entry.end).ok_or_else(missing)?;
        let (values, _) = bytes.as_chunks();
        let values: Vec<f32> = values
            .iter()
            .map(|value| f32::from_le_bytes(*value))
            .collect();
        match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(SafeTensorsError::NotFinite {
                name: name.to_owned(),
                index,
            }),
            None => Ok(values),
        }
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        let place = self
            .entries
            .binary_search_by(|entry| entry.name.as_str().cmp(name))
            .ok()?;
        self.entries.get(place)
    }
}

impl Entry {
    /// Checks that the range lies in the data and has the size that shape and dtype demand.
    fn check_range(&self, data: usize) -> Result<(), SafeTensorsError> {
        let found = match self.end.checked_sub(self.begin) {
            Some(found) if self.end <= data => found,
            _ => {
                let (name, begin, end) = (self.name.clone(), self.begin, self.end);
                return Err(SafeTensorsError::Range {
                    name,
                    begin,
                    end,
                    data,
                });
            }
        };
        let dimensions = self.shape.iter();
        let expected = dimensions
            .copied()
            .try_fold(self.dtype.size(), usize::checked_mul)
            .filter(|expected| *expected == found);
        match expected {
            Some(_) => Ok(()),
            None => Err(SafeTensorsError::Size {
                name: self.name.clone(),
                shape: self.shape.clone(),
                dtype: self.dtype,
                found,
            }),
        }
    }
}

/// Checks that the ranges follow one another from the first to the last byte of the data.
fn check_cover(entries: &[Entry], data: usize) -> Result<(), SafeTensorsError> {
    let mut by_range: Vec<&Entry> = entries.iter().collect();
    by_range.sort_by_key(|entry| (entry.begin, entry.end));
    let mut covered = 0;
    let mut before: Option<&Entry> = None;
    for entry in by_range {
        if entry.begin < covered {
            let other = before.map_or_else(String::new, |before| before.name.clone());
            return Err(SafeTensorsError::Overlap {
                name: entry.name.clone(),
                other,
            });
        }
        if entry.begin > covered {
            return Err(SafeTensorsError::Gap {
                begin: covered,
                end: entry.begin,
            });
        }
        covered = entry.end;
        before = Some(entry);
    }
    if covered == data {
        Ok(())
    } else {
        Err(SafeTensorsError::Gap {
            begin: covered,
            end: data,
        })
    }
}
