//! States after past blocks, for messages that are read at a past block.

use crate::runtime::{Externalities, Snapshot};
use std::{cell::RefCell, collections::VecDeque};

/// States after past blocks, oldest first. A block that changed nothing has the state before it.
#[derive(Default)]
pub struct PastStates {
    kept: usize,
    states: VecDeque<(u32, Snapshot)>,
    /// True if something has changed since the last kept state.
    changed: bool,
    /// The state that was read last, ready to be read again.
    ready: RefCell<Option<(u32, Externalities)>>,
}

impl PastStates {
    /// Returns no states, of which the last `changes` will be kept.
    pub fn keeping(changes: usize) -> Self {
        Self {
            kept: changes,
            changed: true,
            ..Self::default()
        }
    }

    /// Records that the open block changed something.
    pub fn change(&mut self) {
        self.changed = true;
    }

    /// Keeps the state after block `number`, which ends.
    pub fn end_block(&mut self, number: u32, state: &Externalities) {
        if self.kept == 0 || !self.changed {
            return;
        }
        self.changed = false;
        // After a return to a snapshot, later states are those of a past that did not happen.
        while self.states.back().is_some_and(|(kept, _)| *kept >= number) {
            self.states.pop_back();
            self.ready.take();
        }
        if self.states.len() >= self.kept {
            self.states.pop_front();
        }
        self.states.push_back((number, Snapshot::of(state)));
    }

    /// Calls `read` with the state after block `number`, which it gives back. Returns `None` if
    /// that state is not kept.
    pub fn with<T>(
        &self,
        number: u32,
        read: impl FnOnce(Externalities) -> (T, Externalities),
    ) -> Option<T> {
        let after = self.states.partition_point(|(kept, _)| *kept <= number);
        let (kept, snapshot) = self.states.get(after.checked_sub(1)?)?;
        let ready = self.ready.take().filter(|(number, _)| number == kept);
        let state = ready.map_or_else(|| snapshot.clone().into(), |(_, state)| state);
        let (answer, state) = read(state);
        self.ready.replace(Some((*kept, state)));
        Some(answer)
    }
}
