//! One neuron's pay, credited as stake.

use crate::fund::{Fund, Holding};
use inktensor_primitives::{
    staking::{Payment, StakingError},
    Bps, Rao,
};

/// How a payment was divided. The parts sum to the payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// Staked for the owner as a miner.
    pub miner: Rao,
    /// Staked for the owner as a delegate: the take, rounded down.
    pub take: Rao,
    /// Shared by all who stake on the hotkey.
    pub dividends: Rao,
    /// For all who have root stake on the hotkey.
    pub root: Rao,
}

impl Credit {
    /// Divides a payment: the owner keeps `take` of the validator's part, rounded down.
    ///
    /// # Errors
    /// `Overflow` if the parts sum to more than an amount can be.
    pub fn of(payment: &Payment, take: Bps) -> Result<Self, StakingError> {
        let kept = take.of(payment.validator);
        let credit = Self {
            miner: payment.miner,
            take: kept,
            dividends: payment
                .validator
                .checked_sub(kept)
                .ok_or(StakingError::Overflow)?,
            root: Rao::ZERO,
        };
        credit.total()?;
        Ok(credit)
    }

    /// Sets `amount` of the dividends aside for root stake.
    ///
    /// # Errors
    /// `Overflow` if there is less.
    pub fn give_root(&mut self, amount: Rao) -> Result<(), StakingError> {
        let rest = self.dividends.checked_sub(amount);
        self.dividends = rest.ok_or(StakingError::Overflow)?;
        self.root = amount;
        Ok(())
    }

    /// The whole payment.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn total(&self) -> Result<Rao, StakingError> {
        self.staked()?
            .checked_add(self.root)
            .ok_or(StakingError::Overflow)
    }

    /// What of it becomes stake on the subnet.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn staked(&self) -> Result<Rao, StakingError> {
        self.own()?
            .checked_add(self.dividends)
            .ok_or(StakingError::Overflow)
    }

    /// Credits `owner`'s position, then all positions of the hotkey's pool. What is for root stake
    /// is not in it.
    ///
    /// The owner's part comes first, so its new shares take part in the dividends, as in subtensor
    /// (`distribute_dividends_and_incentives`). Miner's part and take are one deposit, since the
    /// price of a share is the same for both. Where nobody has a share, the owner gets the
    /// dividends too: they are never left for whoever stakes next.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn apply(&self, fund: &mut Fund, owner: &mut Holding) -> Result<(), StakingError> {
        let own = self.own()?;
        if !own.is_zero() {
            fund.credit(owner, own)?;
        }
        if self.dividends.is_zero() {
            Ok(())
        } else if fund.pool.is_empty() {
            fund.credit(owner, self.dividends)
        } else {
            fund.reward(self.dividends)
        }
    }

    /// What the owner alone gets.
    fn own(&self) -> Result<Rao, StakingError> {
        self.miner
            .checked_add(self.take)
            .ok_or(StakingError::Overflow)
    }
}

/// What a chunk of payments came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Neurons paid.
    pub neurons: u16,
    /// For miners.
    pub miners: Rao,
    /// Kept as take.
    pub takes: Rao,
    /// For all stakers of the subnet.
    pub dividends: Rao,
    /// For root stake.
    pub root: Rao,
}

impl Tally {
    /// Counts one more.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn add(&mut self, credit: &Credit) -> Result<(), StakingError> {
        let sum = |a: Rao, b: Rao| a.checked_add(b).ok_or(StakingError::Overflow);
        *self = Self {
            neurons: self.neurons.checked_add(1).ok_or(StakingError::Overflow)?,
            miners: sum(self.miners, credit.miner)?,
            takes: sum(self.takes, credit.take)?,
            dividends: sum(self.dividends, credit.dividends)?,
            root: sum(self.root, credit.root)?,
        };
        Ok(())
    }

    /// What became stake.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn staked(&self) -> Result<Rao, StakingError> {
        self.miners
            .checked_add(self.takes)
            .and_then(|sum| sum.checked_add(self.dividends))
            .ok_or(StakingError::Overflow)
    }

    /// All that was paid.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn total(&self) -> Result<Rao, StakingError> {
        self.staked()?
            .checked_add(self.root)
            .ok_or(StakingError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::AccountId;
    use proptest::prelude::*;

    fn payment(miner: u64, validator: u64) -> Payment {
        Payment {
            hotkey: AccountId::from([1; 32]),
            coldkey: AccountId::from([2; 32]),
            miner: Rao(miner),
            validator: Rao(validator),
        }
    }

    #[test]
    fn the_take_is_rounded_down_and_only_on_dividends() {
        let credit = Credit::of(&payment(1_000, 99), Bps(1_800)).unwrap();
        assert_eq!(
            credit,
            Credit {
                miner: Rao(1_000),
                take: Rao(17),
                dividends: Rao(82),
                root: Rao::ZERO,
            }
        );
    }

    #[test]
    fn dividends_reach_nominators_by_their_stake() {
        let (mut fund, mut owner, mut nominator) = Default::default();
        Fund::credit(&mut fund, &mut owner, Rao(1_000_000)).unwrap();
        fund.credit(&mut nominator, Rao(3_000_000)).unwrap();
        let credit = Credit::of(&payment(0, 400_000), Bps(0)).unwrap();
        credit.apply(&mut fund, &mut owner).unwrap();
        assert_eq!(fund.worth(&owner), Ok(Rao(1_100_000)));
        assert_eq!(fund.worth(&nominator), Ok(Rao(3_300_000)));
    }

    #[test]
    fn the_takes_shares_take_part_in_the_dividends() {
        let (mut fund, mut owner, mut nominator) = Default::default();
        Fund::credit(&mut fund, &mut nominator, Rao(900)).unwrap();
        let credit = Credit::of(&payment(0, 1_000), Bps(1_000)).unwrap();
        credit.apply(&mut fund, &mut owner).unwrap();
        // Take 100 makes a pool of 1000, in which the owner has a tenth of the remaining 900.
        assert_eq!(fund.worth(&owner), Ok(Rao(190)));
        assert_eq!(fund.worth(&nominator), Ok(Rao(1_710)));
    }

    #[test]
    fn without_stakers_the_owner_gets_the_dividends() {
        let (mut fund, mut owner) = Default::default();
        let credit = Credit::of(&payment(0, 5), Bps(0)).unwrap();
        credit.apply(&mut fund, &mut owner).unwrap();
        assert_eq!(Fund::worth(&fund, &owner), Ok(Rao(5)));
    }

    #[test]
    fn a_payment_of_nothing_changes_nothing() {
        let (mut fund, mut owner) = Default::default();
        let credit = Credit::of(&payment(0, 0), Bps(1_800)).unwrap();
        credit.apply(&mut fund, &mut owner).unwrap();
        assert_eq!((fund, owner), (Fund::default(), Holding::default()));
    }

    #[test]
    fn more_than_an_amount_can_hold_is_refused() {
        let refused = Credit::of(&payment(u64::MAX, 1), Bps(0));
        assert_eq!(refused, Err(StakingError::Overflow));
    }

    #[test]
    fn what_is_for_root_is_in_no_pool() {
        let (mut fund, mut owner) = Default::default();
        let mut credit = Credit::of(&payment(5, 100), Bps(1_000)).unwrap();
        credit.give_root(Rao(60)).unwrap();
        credit.apply(&mut fund, &mut owner).unwrap();
        assert_eq!(Fund::worth(&fund, &owner), Ok(Rao(45)));
        assert_eq!(credit.total(), Ok(Rao(105)));
        let mut tally = Tally::default();
        tally.add(&credit).unwrap();
        assert_eq!((tally.staked(), tally.total()), (Ok(Rao(45)), Ok(Rao(105))));
        assert_eq!(credit.give_root(Rao(31)), Err(StakingError::Overflow));
    }

    proptest! {
        #[test]
        fn every_rao_of_a_payment_is_credited(
            staked in 0u64..1 << 50,
            miner in 0u64..1 << 50,
            validator in 0u64..1 << 50,
            take in 0u16..=1_800,
        ) {
            let (mut fund, mut owner, mut nominator) = Default::default();
            if staked > 0 {
                Fund::credit(&mut fund, &mut nominator, Rao(staked)).unwrap();
            }
            let credit = Credit::of(&payment(miner, validator), Bps(take)).unwrap();
            credit.apply(&mut fund, &mut owner).unwrap();
            let mut tally = Tally::default();
            tally.add(&credit).unwrap();
            prop_assert_eq!(tally.total(), Ok(Rao(miner + validator)));
            prop_assert_eq!(fund.value(), Ok(Rao(staked + miner + validator)));
        }
    }
}
