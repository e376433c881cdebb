//! Dividends of root stake, paid block by block.
//!
//! Root stake is on no subnet and has no epochs, so there is no record of the stakers of the epoch
//! that is paid. Instead a payment is spread over the next `ROOT_STREAM` blocks, and each block's
//! part goes to the stake of that block. A payment that arrives before the last one has ended is
//! added to the rest of it, and the `ROOT_STREAM` blocks start again.
//!
//! Each hotkey has one cumulative sum: the dividends that one rao of stake has earned since the
//! beginning. So a payment costs the same for any number of stakers.

use inktensor_primitives::{
    staking::{StakingError, ROOT_STREAM},
    Rao,
};

/// Fraction bits of the cumulative dividends.
const BITS: u32 = 64;

/// Dividends of all root stake on a hotkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Stream {
    /// Dividends of one rao of stake since the beginning, in 2^-64 rao. All dividends ever, for a
    /// stake of one rao, stay below 2^119.
    cumulative_per_rao: u128,
    /// Dividends that are not paid to the stake yet.
    remaining: Rao,
    /// Block up to which dividends are paid.
    paid_until: u32,
    /// Block at which all dividends are paid.
    ends_at: u32,
}

/// Dividends of one coldkey's root stake on a hotkey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Claim {
    /// The stream's `cumulative_per_rao` up to which `owed` is counted.
    counted_per_rao: u128,
    /// Dividends that can be claimed.
    pub owed: Rao,
}

impl Stream {
    /// Returns the dividends that are not paid to the stake yet.
    pub fn remaining(&self) -> Rao {
        self.remaining
    }

    /// Returns the block at which all dividends are paid.
    pub fn ends_at(&self) -> u32 {
        self.ends_at
    }

    /// Pays the dividends up to block `now` to `stake`. Each block has the same part of the
    /// remaining dividends, rounded down; the last block has the rest. While there is no stake,
    /// the end is put off.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn advance(&mut self, stake: Rao, now: u32) -> Result<(), StakingError> {
        let passed = now.saturating_sub(self.paid_until);
        let span = self.ends_at.saturating_sub(self.paid_until);
        self.paid_until = now.max(self.paid_until);
        if stake.is_zero() {
            self.ends_at = self.paid_until.saturating_add(span);
            return Ok(());
        }
        let due = if passed >= span {
            self.remaining
        } else {
            let part = self.remaining.to_u128().saturating_mul(passed.into());
            let due = part.checked_div(span.into()).unwrap_or_default();
            Rao(u64::try_from(due).map_err(|_| StakingError::Overflow)?)
        };
        let per_rao = (due.to_u128() << BITS).checked_div(stake.to_u128());
        self.cumulative_per_rao = per_rao
            .and_then(|per_rao| self.cumulative_per_rao.checked_add(per_rao))
            .ok_or(StakingError::Overflow)?;
        let remaining = self.remaining.checked_sub(due);
        self.remaining = remaining.ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Queues `amount` at block `now`, up to which the stream has advanced.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn queue(&mut self, amount: Rao, now: u32) -> Result<(), StakingError> {
        let remaining = self.remaining.checked_add(amount);
        self.remaining = remaining.ok_or(StakingError::Overflow)?;
        self.paid_until = now.max(self.paid_until);
        self.ends_at = self.paid_until.saturating_add(ROOT_STREAM);
        Ok(())
    }

    /// Removes and returns the dividends that are not paid yet.
    pub fn drain(&mut self) -> Rao {
        core::mem::take(&mut self.remaining)
    }
}

impl Claim {
    /// Adds the dividends of `stake` since the last call, rounded down.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn settle(&mut self, stream: &Stream, stake: Rao) -> Result<(), StakingError> {
        let per_rao = stream
            .cumulative_per_rao
            .saturating_sub(self.counted_per_rao);
        let fraction = per_rao & u128::from(u64::MAX);
        let earned = stake
            .to_u128()
            .checked_mul(per_rao >> BITS)
            .and_then(|whole| whole.checked_add(stake.to_u128().saturating_mul(fraction) >> BITS))
            .and_then(|earned| u64::try_from(earned).ok())
            .and_then(|earned| self.owed.checked_add(Rao(earned)));
        self.owed = earned.ok_or(StakingError::Overflow)?;
        self.counted_per_rao = stream.cumulative_per_rao;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dividends_are_paid_block_by_block() {
        let (mut stream, mut claim) = (Stream::default(), Claim::default());
        let stake = Rao(1_000);
        stream.advance(stake, 100).unwrap();
        stream.queue(Rao(720), 100).unwrap();
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
        assert_eq!(stream.remaining(), Rao::ZERO);
    }

    #[test]
    fn stake_of_one_block_earns_one_blocks_part() {
        let (mut stream, mut claim) = (Stream::default(), Claim::default());
        let (other, own) = (1_000u64, 1_000_000u64);
        stream.queue(Rao(360_000), 0).unwrap();
        stream.advance(Rao(other), 10).unwrap();
        claim.settle(&stream, Rao::ZERO).unwrap();
        // Within a block: nothing.
        claim.settle(&stream, Rao(own)).unwrap();
        assert_eq!(claim.owed, Rao::ZERO);
        stream.advance(Rao(other + own), 11).unwrap();
        claim.settle(&stream, Rao(own)).unwrap();
        assert_eq!(claim.owed, Rao(999));
    }

    #[test]
    fn without_stake_the_end_is_put_off() {
        let mut stream = Stream::default();
        stream.queue(Rao(360), 0).unwrap();
        stream.advance(Rao::ZERO, 1_000).unwrap();
        assert_eq!((stream.remaining(), stream.ends_at()), (Rao(360), 1_360));
        stream.advance(Rao(5), 1_180).unwrap();
        assert_eq!(stream.remaining(), Rao(180));
    }

    proptest! {
        /// Against exact shares: no staker gets more than its due, and all together get all but a
        /// rao per step and claim.
        #[test]
        fn nothing_is_made_or_lost(
            steps in prop::collection::vec(
                (0u32..200, 0u64..1 << 40, 0usize..3, 0u64..1 << 45),
                1..30,
            ),
        ) {
            let mut stream = Stream::default();
            let mut stakers = [(Rao::ZERO, Claim::default()); 3];
            let (mut now, mut added) = (0, 0u64);
            for (blocks, amount, who, stake) in &steps {
                now += blocks;
                let all = stakers.iter().map(|it| it.0 .0).sum();
                stream.advance(Rao(all), now).unwrap();
                stream.queue(Rao(*amount), now).unwrap();
                added += amount;
                let (held, claim) = &mut stakers[*who];
                claim.settle(&stream, *held).unwrap();
                *held = Rao(*stake);
            }
            let all = stakers.iter().map(|it| it.0 .0).sum();
            stream.advance(Rao(all), now + ROOT_STREAM).unwrap();
            let mut got = 0;
            for (held, claim) in &mut stakers {
                claim.settle(&stream, *held).unwrap();
                got += claim.owed.0;
            }
            prop_assert!(got + stream.remaining().0 <= added);
            if all > 0 {
                prop_assert_eq!(stream.remaining(), Rao::ZERO);
                // A rao of each claim a step, and of each rate.
                prop_assert!(added - got <= 4 * (steps.len() as u64 + 1), "{} of {}", got, added);
            }
        }
    }
}
