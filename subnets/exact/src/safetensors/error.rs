//! Faults of a safetensors file.

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{Dtype, HEADER_LIMIT, NAME_LIMIT, RANK_LIMIT, TENSORS_LIMIT};

/// A fault of a safetensors file, or of what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the messages below")]
pub enum SafeTensorsError {
    /// The file ends before the length of its header does.
    Short { found: usize },
    /// The header is longer than the reader accepts.
    HeaderTooLong { length: u64 },
    /// The file ends before its header does.
    HeaderCut { length: u64, found: usize },
    /// The header is not the JSON of the format.
    Json { at: usize, expected: &'static str },
    /// The header names more tensors than the reader accepts.
    TooManyTensors,
    /// A tensor's name is longer than the reader accepts.
    NameTooLong { at: usize },
    /// Two tensors have one name.
    Duplicate { name: String },
    /// A tensor's dtype is not one of the format, or not one of whole bytes.
    UnknownDtype { name: String, dtype: String },
    /// A tensor has more dimensions than the reader accepts.
    Rank { name: String },
    /// A tensor's range is not within the data.
    Range {
        name: String,
        begin: usize,
        end: usize,
        data: usize,
    },
    /// A tensor's range does not have the size that its shape and dtype demand.
    Size {
        name: String,
        shape: Vec<usize>,
        dtype: Dtype,
        found: usize,
    },
    /// The ranges of two tensors overlap.
    Overlap { name: String, other: String },
    /// Bytes of the data belong to no tensor.
    Gap { begin: usize, end: usize },
    /// The file does not have the tensor.
    Missing { name: String },
    /// The tensor is of another dtype than `F32`.
    NotF32 { name: String, dtype: Dtype },
    /// The tensor is of another shape than the model demands.
    Shape {
        name: String,
        expected: Vec<usize>,
        found: Vec<usize>,
    },
    /// A value of the tensor is a NaN or infinite.
    NotFinite { name: String, index: usize },
}

impl fmt::Display for SafeTensorsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { found } => {
                write!(
                    f,
                    "a safetensors file has at least 8 bytes, this one {found}"
                )
            }
            Self::HeaderTooLong { length } => {
                write!(
                    f,
                    "the header of {length} bytes is over the limit of {HEADER_LIMIT}"
                )
            }
            Self::HeaderCut { length, found } => write!(
                f,
                "the file is cut: {found} bytes follow where the header alone has {length}; \
                 fetch it again"
            ),
            Self::Json { at, expected } => {
                write!(
                    f,
                    "the header is malformed at byte {at}: expected {expected}"
                )
            }
            Self::TooManyTensors => {
                write!(
                    f,
                    "the file has more than the {TENSORS_LIMIT} tensors of the limit"
                )
            }
            Self::NameTooLong { at } => write!(
                f,
                "the name at byte {at} of the header is over the limit of {NAME_LIMIT} bytes"
            ),
            Self::Duplicate { name } => write!(f, "the tensor `{name}` is there twice"),
            Self::UnknownDtype { name, dtype } => {
                write!(f, "the tensor `{name}` has the unknown dtype `{dtype}`")
            }
            Self::Rank { name } => {
                write!(
                    f,
                    "the tensor `{name}` has more than {RANK_LIMIT} dimensions"
                )
            }
            Self::Range {
                name,
                begin,
                end,
                data,
            } => write!(
                f,
                "the range {begin} to {end} of the tensor `{name}` is not within the {data} bytes \
                 of data"
            ),
            Self::Size {
                name,
                shape,
                dtype,
                found,
            } => {
                write!(f, "the tensor `{name}` of shape ")?;
                write_shape(f, shape)?;
                write!(f, " and dtype {} cannot have {found} bytes", dtype.name())
            }
            Self::Overlap { name, other } => {
                write!(f, "the tensors `{name}` and `{other}` overlap")
            }
            Self::Gap { begin, end } => {
                write!(
                    f,
                    "the bytes {begin} to {end} of the data belong to no tensor"
                )
            }
            Self::Missing { name } => write!(f, "the file does not have the tensor `{name}`"),
            Self::NotF32 { name, dtype } => write!(
                f,
                "the tensor `{name}` is of dtype {}; convert it to F32",
                dtype.name()
            ),
            Self::Shape {
                name,
                expected,
                found,
            } => {
                write!(f, "the tensor `{name}` is of shape ")?;
                write_shape(f, found)?;
                write!(f, ", the model demands ")?;
                write_shape(f, expected)
            }
            Self::NotFinite { name, index } => {
                write!(
                    f,
                    "value {index} of the tensor `{name}` is not a finite number"
                )
            }
        }
    }
}

impl core::error::Error for SafeTensorsError {}

fn write_shape(f: &mut fmt::Formatter<'_>, shape: &[usize]) -> fmt::Result {
    write!(f, "[")?;
    for (index, dimension) in shape.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{dimension}")?;
    }
    write!(f, "]")
}
