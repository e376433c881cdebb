//! Errors of operations and models.

use core::fmt;

/// A refusal of an operation. Nothing that an operation was to write may be used after one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExactError {
    /// A buffer or a matrix has another size than the operation needs.
    Size {
        /// The argument.
        what: &'static str,
        /// The size of the argument.
        size: usize,
        /// The size that the operation needs.
        needed: usize,
    },
    /// A size is zero or above its limit.
    Limit {
        /// The size's name.
        what: &'static str,
        /// The size.
        size: usize,
        /// The largest size that is allowed.
        limit: usize,
    },
    /// A value is infinite or not a number.
    NotFinite {
        /// The buffer.
        what: &'static str,
        /// The position of the first such value.
        index: usize,
    },
    /// A token is outside of the vocabulary.
    Token {
        /// The token.
        token: u32,
        /// The size of the vocabulary.
        vocabulary: u32,
    },
}

impl fmt::Display for ExactError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { what, size, needed } => {
                write!(
                    formatter,
                    "{what} has size {size}, not {needed}; pass {needed}"
                )
            }
            Self::Limit { what, size, limit } => {
                write!(formatter, "{what} is {size}; it must be from 1 to {limit}")
            }
            Self::NotFinite { what, index } => write!(
                formatter,
                "{what} is not a finite number at {index}; lower the learning rate, or use other \
                 weights"
            ),
            Self::Token { token, vocabulary } => write!(
                formatter,
                "token {token} is outside of the vocabulary of {vocabulary}; use smaller tokens"
            ),
        }
    }
}

impl core::error::Error for ExactError {}

/// Checks that `what` has `needed` elements.
pub(crate) fn need(what: &'static str, size: usize, needed: usize) -> Result<(), ExactError> {
    if size == needed {
        Ok(())
    } else {
        Err(ExactError::Size { what, size, needed })
    }
}
