//! The past of a chain in this process: an identity of each state that it went through.
//!
//! A real block is complete before it is read. Here transactions are read one after the other
//! within a block, so each of them makes a state with a hash of its own. The hash binds all that
//! was done up to it: two chains that differ in a transaction have no later state in common.

use inktensor_client::chain::{BlockId, ChainError};
use inktensor_primitives::{hash::blake2, Digest};
use scale::{Decode, Encode};

/// The states of a chain, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Past {
    states: Vec<BlockId>,
}

/// A moment of a [`Past`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    states: usize,
    now: BlockId,
}

impl Past {
    /// Creates the past of a chain at its first block.
    pub fn begin() -> Self {
        let first = BlockId {
            number: 1,
            hash: blake2(b"inktensor chain"),
        };
        Self {
            states: vec![first],
        }
    }

    /// Returns the present state.
    pub fn now(&self) -> BlockId {
        // Never empty: a state file without a state is refused.
        self.states.last().copied().unwrap_or(BlockId {
            number: 0,
            hash: [0; 32],
        })
    }

    /// Returns true if there is no state at all.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Adds the state at block `number` after `done`, which describes a transaction. Without one,
    /// blocks have passed.
    pub fn add(&mut self, number: u32, done: &[&[u8]]) {
        let mut bytes = self.now().hash.to_vec();
        bytes.extend(number.to_le_bytes());
        for part in done {
            bytes.extend(part.len().to_le_bytes());
            bytes.extend(*part);
        }
        let hash = blake2(&bytes);
        self.states.push(BlockId { number, hash });
    }

    /// Returns the present moment, to return to.
    pub fn moment(&self) -> Moment {
        Moment {
            states: self.states.len(),
            now: self.now(),
        }
    }

    /// Returns to a moment. One of another chain becomes the end of this past.
    pub fn restore(&mut self, moment: &Moment) {
        self.states.truncate(moment.states);
        if self.now() != moment.now {
            self.states.push(moment.now);
        }
    }

    /// Returns the hash of the last state of block `number` in the past of `of`.
    ///
    /// # Errors
    /// `BlockGone` if `of` is not of this past.
    pub fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        if number >= of.number {
            let is_here = self.contains(of);
            let same = (number == of.number).then_some(of.hash);
            return is_here
                .then_some(same)
                .ok_or(ChainError::BlockGone(of.number));
        }
        if !self.contains(of) {
            return Err(ChainError::BlockGone(of.number));
        }
        Ok(self.hash_at(number))
    }

    /// Returns true if `block` is `of`, or a state before it.
    ///
    /// # Errors
    /// `BlockGone` if `of` is not of this past.
    pub fn includes(&self, of: &BlockId, block: &BlockId) -> Result<bool, ChainError> {
        if !self.contains(of) {
            return Err(ChainError::BlockGone(of.number));
        }
        Ok(block.number <= of.number && self.contains(block))
    }

    /// Returns true if `block` is a state of this past, or a block that passed without one.
    pub fn contains(&self, block: &BlockId) -> bool {
        let start = self.states.partition_point(|it| it.number < block.number);
        let states = self.states.get(start..).unwrap_or_default();
        let mut same = states.iter().take_while(|it| it.number == block.number);
        same.any(|it| it.hash == block.hash) || self.hash_at(block.number) == Some(block.hash)
    }

    /// Returns the hash at the end of block `number`; `None` before the first state, and after the
    /// present.
    fn hash_at(&self, number: u32) -> Option<Digest> {
        let end = self.states.partition_point(|it| it.number <= number);
        let last = self.states.get(end.checked_sub(1)?)?;
        if last.number == number {
            return Some(last.hash);
        }
        // Nothing was done in this block: its hash follows from the state before.
        let is_past = end < self.states.len();
        is_past.then(|| blake2(&[&last.hash[..], &number.to_le_bytes()].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past(transactions: &[(u32, &[u8])]) -> Past {
        let mut past = Past::begin();
        for (number, done) in transactions {
            past.add(*number, &[done]);
        }
        past
    }

    #[test]
    fn chains_that_differ_in_a_transaction_have_no_later_state_in_common() {
        let one = past(&[(2, b"a"), (3, b"b"), (3, b"c")]);
        let other = past(&[(2, b"a"), (3, b"x"), (3, b"c")]);
        let (now, then) = (one.now(), other.now());
        assert_ne!(now.hash, then.hash);
        assert_eq!(other.ancestor(&now, 2), Err(ChainError::BlockGone(3)));
        assert_eq!(one.ancestor(&now, 2), other.ancestor(&then, 2));
        assert_eq!(one.includes(&now, &then), Ok(false));
    }

    #[test]
    fn every_state_of_a_block_stays_in_the_past() {
        let mut chain = past(&[(2, b"a")]);
        let early = chain.now();
        chain.add(2, &[b"b"]);
        let late = chain.now();
        chain.add(9, &[]);
        let now = chain.now();
        assert_eq!(chain.includes(&now, &early), Ok(true));
        assert_eq!(chain.includes(&now, &late), Ok(true));
        assert_eq!(chain.includes(&early, &now), Ok(false));
        assert_eq!(chain.ancestor(&now, 2), Ok(Some(late.hash)));
        assert_eq!(chain.ancestor(&now, 9), Ok(Some(now.hash)));
        assert_eq!(chain.ancestor(&now, 10), Ok(None));
    }

    #[test]
    fn an_empty_block_has_a_hash_of_its_own() {
        let mut chain = past(&[(2, b"a")]);
        chain.add(9, &[]);
        let now = chain.now();
        let hash_at = |number| chain.ancestor(&now, number).unwrap().unwrap();
        assert_ne!(hash_at(5), hash_at(6));
        let block = BlockId {
            number: 5,
            hash: hash_at(5),
        };
        assert_eq!(chain.includes(&now, &block), Ok(true));
    }

    #[test]
    fn a_restored_moment_forgets_what_came_after() {
        let mut chain = past(&[(2, b"a")]);
        let moment = chain.moment();
        chain.add(2, &[b"b"]);
        let gone = chain.now();
        chain.restore(&moment);
        assert_eq!(chain.now(), moment.now);
        chain.add(2, &[b"c"]);
        assert!(!chain.contains(&gone));
        let mut elsewhere = Past::begin();
        elsewhere.restore(&moment);
        assert_eq!(elsewhere.now(), moment.now);
    }
}
