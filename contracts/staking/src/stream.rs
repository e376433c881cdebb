//! Dividends on their way to root stake.
//!
//! Root stake is on no subnet and has no epochs, so nobody can tell who was there for the epoch
//! that is paid. Instead what is paid reaches those who are there block by block, over
//! `ROOT_STREAM` blocks: who stakes for a block gets a block's part. A sum that comes while another
//! is on its way joins it, and the time begins anew.
//!
//! A rate that only rises says what a rao of stake has earned since the beginning, so that any
//! number of stakers costs the same.

use inktensor_primitives::{
    staking::{StakingError, ROOT_STREAM},
    Rao,
};

/// Bits of fraction of a rate.
const BITS: u32 = 64;

/// What the root stake of a hotkey earns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Stream {
    /// What a rao has earned, in 2^-64 rao. At most all dividends there can ever be, for a stake
    /// of one rao: below 2^119.
    rate: u128,
    /// What has not reached the stake yet.
    left: Rao,
    /// Block up to which it has.
    at: u32,
    /// Block at which all will have.
    until: u32,
}

/// What a coldkey has earned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Claim {
    /// The rate up to which `owed` counts.
    rate: u128,
    /// What can be claimed.
    pub owed: Rao,
}

impl Stream {
    /// What has not reached the stake yet.
    pub fn left(&self) -> Rao {
        self.left
    }

    /// Block at which all will have.
    pub fn until(&self) -> u32 {
        self.until
    }

    /// Lets what is due up to block `now` reach `stake`. Each block has the same part of what is
    /// left, rounded down; the last has all. While there is no stake, time stands still.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn advance(&mut self, stake: Rao, now: u32) -> Result<(), StakingError> {
        let passed = now.saturating_sub(self.at);
        let span = self.until.saturating_sub(self.at);
        self.at = now.max(self.at);
        if stake.is_zero() {
            self.until = self.at.saturating_add(span);
            return Ok(());
        }
        let due = if passed >= span {
            self.left
        } else {
            let part = self.left.to_u128().saturating_mul(passed.into());
            let due = part.checked_div(span.into()).unwrap_or_default();
            Rao(u64::try_from(due).map_err(|_| StakingError::Overflow)?)
        };
        let risen = (due.to_u128() << BITS).checked_div(stake.to_u128());
        self.rate = risen
            .and_then(|risen| self.rate.checked_add(risen))
            .ok_or(StakingError::Overflow)?;
        self.left = self.left.checked_sub(due).ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Adds `amount` at block `now`, up to which the stream has advanced.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(&mut self, amount: Rao, now: u32) -> Result<(), StakingError> {
        self.left = self
            .left
            .checked_add(amount)
            .ok_or(StakingError::Overflow)?;
        self.at = now.max(self.at);
        self.until = self.at.saturating_add(ROOT_STREAM);
        Ok(())
    }

    /// Takes all out that is left.
    pub fn drain(&mut self) -> Rao {
        core::mem::take(&mut self.left)
    }
}

impl Claim {
    /// Counts what `stake` has earned since, rounded down.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn settle(&mut self, stream: &Stream, stake: Rao) -> Result<(), StakingError> {
        let risen = stream.rate.saturating_sub(self.rate);
        let low = risen & u128::from(u64::MAX);
        let earned = stake
            .to_u128()
            .checked_mul(risen >> BITS)
            .and_then(|whole| whole.checked_add(stake.to_u128().saturating_mul(low) >> BITS))
            .and_then(|earned| u64::try_from(earned).ok())
            .and_then(|earned| self.owed.checked_add(Rao(earned)));
        self.owed = earned.ok_or(StakingError::Overflow)?;
        self.rate = stream.rate;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dividends_reach_stake_block_by_block() {
        let (mut stream, mut claim) = (Stream::default(), Claim::default());
        let stake = Rao(1_000);
        stream.advance(stake, 100).unwrap();
        stream.add(Rao(720), 100).unwrap();
        let due = [(100, 0), (101, 2), (280, 360), (460, 720), (500, 720)];
        for (rounded, (now, owed)) in (0..).zip(due) {
            stream.advance(stake, now).unwrap();
            claim.settle(&stream, stake).unwrap();
            // Rate and claim are rounded down each time.
            assert!(
                claim.owed.0 <= owed && claim.owed.0 + rounded >= owed,
                "{now}"
            );
        }
        assert_eq!(stream.left(), Rao::ZERO);
    }

    #[test]
    fn a_stay_of_one_block_earns_one_blocks_part() {
        let (mut stream, mut guest) = (Stream::default(), Claim::default());
        let (host, much) = (1_000u64, 1_000_000u64);
        stream.add(Rao(360_000), 0).unwrap();
        stream.advance(Rao(host), 10).unwrap();
        guest.settle(&stream, Rao::ZERO).unwrap();
        // Within a block: nothing.
        guest.settle(&stream, Rao(much)).unwrap();
        assert_eq!(guest.owed, Rao::ZERO);
        stream.advance(Rao(host + much), 11).unwrap();
        guest.settle(&stream, Rao(much)).unwrap();
        assert_eq!(guest.owed, Rao(999));
    }

    #[test]
    fn without_stake_time_stands_still() {
        let mut stream = Stream::default();
        stream.add(Rao(360), 0).unwrap();
        stream.advance(Rao::ZERO, 1_000).unwrap();
        assert_eq!((stream.left(), stream.until()), (Rao(360), 1_360));
        stream.advance(Rao(5), 1_180).unwrap();
        assert_eq!(stream.left(), Rao(180));
    }

    proptest! {
        /// Against exact shares: nobody gets more than it is due, and all get all but a rao per stretch of time.
        #[test]
        fn nothing_is_made_or_lost(
            steps in prop::collection::vec((0u32..200, 0u64..1 << 40, 0usize..3, 0u64..1 << 45), 1..30),
        ) {
            let mut stream = Stream::default();
            let mut people = [(Rao::ZERO, Claim::default()); 3];
            let (mut now, mut added) = (0, 0u64);
            for (blocks, amount, who, stake) in &steps {
                now += blocks;
                let all = people.iter().map(|it| it.0 .0).sum();
                stream.advance(Rao(all), now).unwrap();
                stream.add(Rao(*amount), now).unwrap();
                added += amount;
                let (held, claim) = &mut people[*who];
                claim.settle(&stream, *held).unwrap();
                *held = Rao(*stake);
            }
            let all = people.iter().map(|it| it.0 .0).sum();
            stream.advance(Rao(all), now + ROOT_STREAM).unwrap();
            let mut got = 0;
            for (held, claim) in &mut people {
                claim.settle(&stream, *held).unwrap();
                got += claim.owed.0;
            }
            prop_assert!(got + stream.left().0 <= added);
            if all > 0 {
                prop_assert_eq!(stream.left(), Rao::ZERO);
                // A rao of each claim a step, and of each rate.
                prop_assert!(added - got <= 4 * (steps.len() as u64 + 1), "{} of {}", got, added);
            }
        }
    }
}
