//! The interfaces between a program and its host.

use crate::{Function, MAX_FOLD_PAGES, MAX_PAGES, PAGE};
use inktensor_task::guest;

/// An interface that a program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// That of a task: questions and answers.
    Task,
    /// That of a fold: work in steps.
    Fold,
}

impl Interface {
    /// Returns the functions without parameters that a program exports.
    pub const fn functions(self) -> &'static [Function] {
        match self {
            Self::Task => &Function::TASK,
            Self::Fold => &Function::FOLD,
        }
    }

    /// Returns the name of the function for inputs.
    pub const fn input(self) -> &'static str {
        match self {
            Self::Task => guest::names::INPUT,
            Self::Fold => guest::fold::names::INPUT,
        }
    }

    /// Returns the most pages of memory.
    pub const fn most_pages(self) -> u32 {
        match self {
            Self::Task => MAX_PAGES,
            Self::Fold => MAX_FOLD_PAGES,
        }
    }

    /// Returns the most bytes of memory.
    pub fn most_memory(self) -> usize {
        usize::try_from(self.most_pages()).map_or(usize::MAX, |pages| pages.saturating_mul(PAGE))
    }
}
