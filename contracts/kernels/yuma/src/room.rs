//! Memory for the work on chunks, used again from one chunk to the next.

use ink::prelude::{vec, vec::Vec};

/// Room for the largest tables of the work on a chunk. What it holds has no effect on results.
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// Scores of a chunk.
    scores: Vec<u32>,
    /// Bonds of a chunk.
    bonds: Vec<u64>,
}

impl Room {
    /// Returns room for `count` scores, which have any value.
    pub fn scores(&mut self, count: usize) -> &mut [u32] {
        of(&mut self.scores, count)
    }

    /// Returns room for `count` bonds, which have any value.
    pub fn bonds(&mut self, count: usize) -> &mut [u64] {
        of(&mut self.bonds, count)
    }
}

fn of<T: Clone + Default>(numbers: &mut Vec<T>, count: usize) -> &mut [T] {
    if numbers.len() < count {
        // Of numbers, since memory for zeros that are numbers is not written.
        *numbers = vec![T::default(); count];
    }
    numbers.get_mut(..count).unwrap_or_default()
}
