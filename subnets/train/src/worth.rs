//! Worth of an epoch, and the bar after a failed probe.

use inktensor_task::Worth;
use scale::{Decode, Encode};

use crate::Examined;

/// Epochs after a failed probe in which a miner is worth nothing.
///
/// With `k` probes of all validators together, a miner that fakes a part `f` of its steps passes
/// with the chance `(1 - f)^k`. Without the bar it would lose one epoch for each failure.
pub const BARRED_EPOCHS: u32 = 3;

/// A validator's memory of a miner's registration: the last epoch in which it failed.
///
/// A registration that replaces another begins without a record. The price of a registration is
/// what makes that no way out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Record {
    /// The last epoch in which a probe of the miner failed.
    pub failed: Option<u32>,
}

impl Record {
    /// Returns true if the miner is worth nothing in `epoch` for a failure before it.
    pub fn bars(&self, epoch: u32) -> bool {
        self.failed
            .is_some_and(|failed| epoch > failed && epoch.saturating_sub(failed) <= BARRED_EPOCHS)
    }

    /// Returns the worth of the miner in `epoch`, and its record afterwards.
    ///
    /// The worth is `steps / most_steps`, rounded down; nothing for a miner that is absent, failed
    /// or barred. A failure of a barred miner starts the bar again.
    pub fn after(self, epoch: u32, examined: &Examined, most_steps: u16) -> (Worth, Self) {
        match examined {
            Examined::Absent => (Worth::NONE, self),
            Examined::Verified { .. } if self.bars(epoch) => (Worth::NONE, self),
            Examined::Verified { steps } => (worth_of(*steps, most_steps), self),
            Examined::Failed(_) => (Worth::NONE, self.with_failure(epoch)),
        }
    }

    /// Returns the record with a failure in `epoch`: also for a proof that comes after its epoch.
    pub fn with_failure(self, epoch: u32) -> Self {
        let failed = self.failed.max(Some(epoch));
        Self { failed }
    }
}

/// Returns the worth of so many verified steps, of the owner's maximum.
pub fn worth_of(steps: u16, most_steps: u16) -> Worth {
    let whole = u64::from(Worth::WHOLE.0);
    let steps = u64::from(steps.min(most_steps));
    Worth::mean(steps.saturating_mul(whole), most_steps.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Failure;
    use proptest::prelude::*;

    const VERIFIED: Examined = Examined::Verified { steps: 8 };
    const FAILED: Examined = Examined::Failed(Failure::Unanswered { step: 0 });

    #[test]
    fn worth_is_in_proportion_to_steps() {
        for (steps, most, worth) in [
            (16, 16, 65_535),
            (8, 16, 32_767),
            (1, 16, 4_095),
            (0, 16, 0),
            (20, 16, 65_535),
            (u16::MAX, u16::MAX, 65_535),
            (0, 0, 0),
        ] {
            assert_eq!(worth_of(steps, most), Worth(worth), "{steps} of {most}");
        }
    }

    #[test]
    fn failure_costs_its_epoch_and_the_next_three() {
        let mut record = Record::default();
        let mut worths = [0; 6];
        for (epoch, worth) in (10..).zip(&mut worths) {
            let examined = if epoch == 11 { FAILED } else { VERIFIED };
            let (found, after) = record.after(epoch, &examined, 16);
            (*worth, record) = (found.0, after);
        }
        assert_eq!(worths, [32_767, 0, 0, 0, 0, 32_767]);
    }

    #[test]
    fn second_failure_starts_the_bar_again() {
        let record = Record { failed: Some(11) };
        let (_, record) = record.after(13, &FAILED, 16);
        assert_eq!(record.failed, Some(13));
        assert!(record.bars(16) && !record.bars(17) && !record.bars(13));
    }

    #[test]
    fn proof_of_an_earlier_epoch_bars_as_if_it_had_come_in_time() {
        let record = Record::default().with_failure(11);
        assert!(record.bars(12) && record.bars(14) && !record.bars(15));
        assert_eq!(record.with_failure(9), record);
    }

    #[test]
    fn absence_is_worth_nothing_and_bars_nothing() {
        let (worth, record) = Record::default().after(u32::MAX, &Examined::Absent, 16);
        assert_eq!((worth, record), (Worth::NONE, Record::default()));
    }

    proptest! {
        #[test]
        fn more_steps_are_never_worth_less(steps: u16, more in 0u16..100, most in 1u16..) {
            prop_assert!(worth_of(steps, most) <= worth_of(steps.saturating_add(more), most));
        }
    }
}
