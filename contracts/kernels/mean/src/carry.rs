//! State of the whole subnet, and each phase's additions to it.

use crate::{chunk::Chunk, SCORES, STAKE};
use ink::{
    prelude::{vec, vec::Vec},
    scale::DecodeAll,
};
use inktensor_primitives::{
    kernel::{EpochHeader, KernelError, StepInput},
    Uid,
};

/// Fraction bits of a validator's stake per unit of weight, in rao.
const FRACTION: u32 = 32;
/// Half a rao in that unit.
const HALF: u128 = 1 << 31;

/// State of the whole subnet between two steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode)]
pub struct Carry {
    /// One seat per roster uid.
    pub seats: Vec<Seat>,
    /// Largest stakes so far, the largest first.
    leaders: Vec<Leader>,
    /// Sum of stake so far, in rao.
    pub stake: u64,
    /// Sum of scores so far.
    pub score: u64,
}

/// A roster uid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode)]
pub struct Seat {
    /// Stake in rao.
    pub stake: u64,
    /// Block of the weights.
    updated_at: u64,
    /// Sum of the weights that count.
    row_sum: u32,
}

impl Seat {
    /// Returns true if any weight of this seat counts.
    pub fn is_validator(&self) -> bool {
        self.row_sum > 0
    }

    /// Returns stake per unit of weight, in 2^-32 rao, rounded down.
    fn stake_per_weight(&self) -> u128 {
        let stake = u128::from(self.stake) << FRACTION;
        stake.checked_div(self.row_sum.into()).unwrap_or_default()
    }
}

/// A neuron that gets a permit unless later ones have more stake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode)]
struct Leader {
    stake: u64,
    uid: Uid,
}

impl Carry {
    /// Reads the carry of `input`. In the first step the carry is empty.
    ///
    /// # Errors
    /// `BadCarry` unless the carry fits roster and permits. `BadScratch` for a scratch before the
    /// scores.
    pub fn read(input: &StepInput) -> Result<Self, KernelError> {
        if input.phase <= SCORES && !input.scratch.is_empty() {
            return Err(KernelError::BadScratch);
        }
        let header = &input.header;
        if (input.phase, input.chunk) == (STAKE, 0) {
            return match input.carry.is_empty() {
                true => Ok(Self {
                    seats: vec![Seat::default(); header.roster.len()],
                    ..Self::default()
                }),
                false => Err(KernelError::BadCarry),
            };
        }
        Self::decode_all(&mut &input.carry[..])
            .ok()
            .filter(|carry| carry.seats.len() == header.roster.len())
            .filter(|carry| carry.leaders.len() <= usize::from(header.max_validators))
            .ok_or(KernelError::BadCarry)
    }

    /// Adds up stake, and keeps the largest stakes.
    ///
    /// # Errors
    /// `BadInputs` for a sum beyond 64 bits.
    pub fn add_stake(&mut self, chunk: &Chunk) -> Result<(), KernelError> {
        for (uid, neuron) in chunk.seats() {
            let sum = self.stake.checked_add(neuron.stake);
            self.stake = sum.ok_or(KernelError::BadInputs)?;
            self.lead(uid, neuron.stake, chunk.header.max_validators);
            let place = chunk.header.roster.binary_search(&uid);
            if let Some(seat) = place.ok().and_then(|place| self.seats.get_mut(place)) {
                seat.stake = neuron.stake;
                seat.updated_at = neuron.last_update;
            }
        }
        Ok(())
    }

    /// Adds up each row's weights that count.
    ///
    /// # Errors
    /// `BadCarry` for a sum beyond 32 bits.
    pub fn add_rows(&mut self, chunk: &Chunk) -> Result<(), KernelError> {
        for (seat, (uid, row)) in self.seats.iter_mut().zip(chunk.rows()) {
            for (_, weight) in chunk.counted(uid, seat.updated_at, row) {
                let sum = seat.row_sum.checked_add(weight.into());
                seat.row_sum = sum.ok_or(KernelError::BadCarry)?;
            }
        }
        Ok(())
    }

    /// Scores the chunk's neurons, and adds the scores up.
    ///
    /// # Errors
    /// `BadCarry` for scores that no rows make.
    pub fn add_scores(&mut self, chunk: &Chunk) -> Result<Vec<u64>, KernelError> {
        let mut sums = vec![0u128; chunk.neurons.len()];
        for (seat, (uid, row)) in self.seats.iter().zip(chunk.rows()) {
            let unit = seat.stake_per_weight();
            for (place, weight) in chunk.counted(uid, seat.updated_at, row) {
                let part = unit.checked_mul(weight.into());
                let sum = sums.get_mut(place).zip(part);
                let (sum, part) = sum.ok_or(KernelError::BadCarry)?;
                *sum = sum.checked_add(part).ok_or(KernelError::BadCarry)?;
            }
        }
        let mut scores = Vec::with_capacity(sums.len());
        for sum in sums {
            let score = sum.checked_add(HALF).map(|sum| sum >> FRACTION);
            let score = score.and_then(|score| u64::try_from(score).ok());
            let score = score.ok_or(KernelError::BadCarry)?;
            let total = self.score.checked_add(score);
            self.score = total.ok_or(KernelError::BadCarry)?;
            scores.push(score);
        }
        Ok(scores)
    }

    /// Returns the uids that get a permit, ascending.
    pub fn roster(&self, header: &EpochHeader) -> Vec<Uid> {
        let leaders = self.leaders.iter().map(|leader| leader.uid);
        let mut uids: Vec<Uid> = leaders.chain(header.owner_uid).collect();
        uids.sort_unstable();
        uids.dedup();
        uids
    }

    /// Adds a neuron to the leaders if its stake is one of the `limit` largest. Takes uids in
    /// order, so the lower uid is first among equals.
    fn lead(&mut self, uid: Uid, stake: u64, limit: u16) {
        let place = self.leaders.partition_point(|leader| leader.stake >= stake);
        if stake > 0 && place < usize::from(limit) {
            self.leaders.insert(place, Leader { stake, uid });
            self.leaders.truncate(usize::from(limit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ink::scale::Encode;
    use inktensor_primitives::{kernel::MAX_CARRY, MAX_VALIDATORS};

    #[test]
    fn the_largest_carry_is_within_the_limit() {
        let permits = usize::from(MAX_VALIDATORS);
        let leader = Leader {
            stake: 1,
            uid: Uid(1),
        };
        let largest = Carry {
            seats: vec![Seat::default(); permits + 1],
            leaders: vec![leader; permits],
            ..Carry::default()
        };
        assert!(largest.encoded_size() <= MAX_CARRY);
    }

    #[test]
    fn the_lower_uid_wins_a_tie() {
        let mut carry = Carry::default();
        for (uid, stake) in [(0, 5), (1, 9), (2, 5), (3, 0), (4, 9)] {
            carry.lead(Uid(uid), stake, 3);
        }
        let uids: Vec<u16> = carry.leaders.iter().map(|leader| leader.uid.0).collect();
        assert_eq!(uids, [1, 4, 0]);
    }

    #[test]
    fn no_stake_no_permit() {
        let mut carry = Carry::default();
        carry.lead(Uid(0), 0, 3);
        carry.lead(Uid(1), 7, 0);
        assert_eq!(carry, Carry::default());
    }
}
