//! The limit of small spending: 1 % of the treasury's free TAO in any 30 days.
//!
//! Spending is summed in periods of 30 days. Any 30 days lie within two periods that follow each
//! other, so the sum of the present and the last one is at least what they spend.

use inktensor_primitives::{
    governance::{GovernanceError, DAY},
    Rao,
};

/// Blocks of a period.
const PERIOD: u32 = 30 * DAY;
/// Part of the free TAO that one proposal may spend.
const PART_OF_ONE: u64 = 1_000;
/// Part of the free TAO that all may spend.
const PART_OF_ALL: u64 = 100;
/// Most that one proposal may spend, whatever is free.
const MOST_OF_ONE: Rao = Rao::from_tao(1_000);

/// Small spending of this period and of the last one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct SmallSpending {
    period: u32,
    now: Rao,
    before: Rao,
}

/// Returns true if a proposal that spends `amount` is small while `free` TAO is in the treasury.
pub fn is_small(amount: Rao, free: Rao) -> bool {
    let part = free.0.checked_div(PART_OF_ONE).unwrap_or_default();
    amount <= MOST_OF_ONE.min(Rao(part))
}

impl SmallSpending {
    fn at(self, now: u32) -> Self {
        let period = now.checked_div(PERIOD).unwrap_or_default();
        let age = period.saturating_sub(self.period);
        let (present, before) = match age {
            0 => (self.now, self.before),
            1 => (Rao::ZERO, self.now),
            _ => (Rao::ZERO, Rao::ZERO),
        };
        Self {
            period,
            now: present,
            before,
        }
    }

    /// Returns the amount that is left at block `now`, with `free` TAO in the treasury. Rounded
    /// down.
    pub fn left(&self, now: u32, free: Rao) -> Rao {
        let Self { now, before, .. } = self.at(now);
        let spent = now.0.saturating_add(before.0);
        let all = free.0.saturating_add(spent);
        let limit = all.checked_div(PART_OF_ALL).unwrap_or_default();
        Rao(limit.saturating_sub(spent))
    }

    /// Records that `amount` is spent at block `now`, with `free` TAO in the treasury before.
    ///
    /// # Errors
    /// `SmallLimit`.
    pub fn spend(&mut self, amount: Rao, now: u32, free: Rao) -> Result<(), GovernanceError> {
        let left = self.left(now, free);
        if amount > left || !is_small(amount, free) {
            return Err(GovernanceError::SmallLimit(left));
        }
        *self = self.at(now);
        let sum = self.now.checked_add(amount);
        self.now = sum.ok_or(GovernanceError::Overflow)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_proposal_spends_a_thousandth_and_at_most_a_thousand() {
        let free = Rao::from_tao(500_000);
        assert!(is_small(Rao::from_tao(500), free));
        assert!(!is_small(Rao(Rao::from_tao(500).0 + 1), free));
        let much = Rao::from_tao(5_000_000);
        assert!(is_small(Rao::from_tao(1_000), much));
        assert!(!is_small(Rao::from_tao(1_001), much));
    }

    proptest! {
        /// Whatever is spent, and whatever comes in, at most 1 % of what is free or was spent goes
        /// out in any 30 days.
        #[test]
        fn any_thirty_days_spend_a_hundredth(
            calls in proptest::collection::vec((0u32..20 * DAY, 0u64..2_000, 0u64..3_000), 1..60)
        ) {
            let mut small = SmallSpending::default();
            let (mut now, mut free) = (5, Rao::from_tao(100_000));
            let mut spent: Vec<(u32, Rao)> = Vec::new();
            for (wait, part, income) in calls {
                now += wait;
                free = Rao(free.0 + Rao::from_tao(income).0);
                let amount = Rao(free.0 / 1_000 * part / 1_000);
                if small.spend(amount, now, free).is_err() {
                    continue;
                }
                spent.push((now, amount));
                let window: u64 = spent
                    .iter()
                    .filter(|(at, _)| at + PERIOD > now)
                    .map(|(_, amount)| amount.0)
                    .sum();
                free = Rao(free.0 - amount.0);
                let all = free.0 + spent.iter().filter(|(at, _)| at + 2 * PERIOD > now)
                    .map(|(_, amount)| amount.0).sum::<u64>();
                prop_assert!(window <= all / 100);
            }
        }
    }
}
