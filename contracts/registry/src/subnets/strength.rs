//! Strength of a subnet: its pay per block. On a full network the weakest subnet is retired first.

use inktensor_primitives::{kernel::NeuronResult, Rao};

/// Epochs without pay after which a strength begins to fade, in lengths of the last paid one.
const EPOCHS_OF_SILENCE: u128 = 2;

/// A subnet's pay in its last two paid epochs.
///
/// An epoch's pay is divided by all blocks since the close of the paid epoch before. So neither a
/// long tempo nor a budget that was carried over makes a subnet stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Strength {
    /// Number of epochs up to the last one whose scores are recorded.
    epochs: u32,
    /// Block at which that epoch closed.
    closed_at: u32,
    /// Blocks from the close of the recorded epoch before it, or from the start, to its close.
    blocks: u32,
    /// Pay of that epoch so far.
    paid: Rao,
    /// Rate of the recorded epoch before it.
    before: u128,
}

impl Strength {
    /// Returns the strength of a subnet that started at block `started_at` and was never paid.
    pub const fn new(started_at: u32) -> Self {
        Self {
            epochs: 0,
            closed_at: started_at,
            blocks: 0,
            paid: Rao::ZERO,
            before: 0,
        }
    }

    /// Returns the number of epochs up to the last one whose scores are recorded.
    pub const fn epochs(&self) -> u32 {
        self.epochs
    }

    /// Adds the pay of a chunk of `epoch`, which closed at block `closed_at`.
    pub fn record(&mut self, epoch: u32, closed_at: u32, results: &[NeuronResult]) {
        let epochs = epoch.saturating_add(1);
        if epochs > self.epochs {
            *self = Self {
                epochs,
                closed_at,
                blocks: closed_at.saturating_sub(self.closed_at),
                paid: Rao::ZERO,
                before: self.rate(),
            };
        }
        let paid = results
            .iter()
            .fold(0, |sum: u64, it| sum.saturating_add(it.emission.0));
        self.paid = Rao(self.paid.0.saturating_add(paid));
    }

    /// Returns the strength at block `now`, in rao per 2^32 blocks: the larger rate of the last two
    /// paid epochs, as the last may be incomplete. It fades with the blocks of a subnet that is no
    /// longer paid.
    pub fn at(&self, now: u32) -> u128 {
        let rate = self.rate().max(self.before);
        let silent = u128::from(now.saturating_sub(self.closed_at));
        let kept = u128::from(self.blocks).saturating_mul(EPOCHS_OF_SILENCE);
        if silent <= kept {
            return rate;
        }
        let faded = rate.saturating_mul(kept).checked_div(silent);
        faded.unwrap_or(rate)
    }

    /// Returns the pay of the last recorded epoch in rao per 2^32 blocks, rounded down.
    fn rate(&self) -> u128 {
        let paid = self.paid.to_u128() << 32;
        paid.checked_div(self.blocks.into()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paid(rao: u64) -> [NeuronResult; 1] {
        [NeuronResult {
            emission: Rao(rao),
            ..NeuronResult::default()
        }]
    }

    /// Returns the strength of a subnet that starts at block 0 and pays `rao` in each of `count`
    /// epochs of `tempo` blocks.
    fn steady(rao: u64, tempo: u32, count: u32) -> Strength {
        let mut strength = Strength::new(0);
        for epoch in 0..count {
            strength.record(epoch, (epoch + 1) * tempo, &paid(rao));
        }
        strength
    }

    #[test]
    fn a_long_tempo_is_no_strength() {
        let (short, long) = (steady(99, 360, 280), steady(140, 50_400, 2));
        assert!(short.at(100_800) > long.at(100_800));
        assert_eq!(steady(7, 100, 4).at(400), steady(14, 200, 2).at(400));
    }

    #[test]
    fn a_budget_that_was_carried_over_is_no_strength() {
        let mut carried = steady(7, 100, 2);
        // Epochs 2 and 3 rolled over, and epoch 4 pays for all three.
        carried.record(4, 500, &paid(21));
        assert_eq!(carried.at(500), steady(7, 100, 5).at(500));
    }

    #[test]
    fn the_epoch_before_counts_while_an_epoch_is_being_paid() {
        let mut strength = steady(8, 100, 2);
        let full = strength.at(200);
        strength.record(2, 300, &paid(1));
        assert_eq!(strength.at(300), full);
        strength.record(2, 300, &paid(9));
        assert!(strength.at(300) > full);
    }

    #[test]
    fn a_subnet_that_stopped_fades() {
        let strength = steady(8, 100, 3);
        let full = strength.at(300);
        assert_eq!(strength.at(500), full);
        assert!(strength.at(501) < full);
        assert_eq!(strength.at(700), full / 2);
        assert_eq!(Strength::new(7).at(1_000), 0);
    }

    proptest! {
        /// The strength is within the rates of the last two epochs, and never rises without pay.
        #[test]
        fn a_strength_never_rises_with_time(
            pays in proptest::collection::vec((0..=Rao::CAP.0, 1u32..100_000), 1..6),
            (early, late) in (0u32..1_000_000, 0u32..1_000_000),
        ) {
            let mut strength = Strength::new(0);
            let mut at = 0;
            for (epoch, (rao, blocks)) in (0u32..).zip(pays) {
                at += blocks;
                strength.record(epoch, at, &paid(rao));
            }
            let (early, late) = (at + early.min(late), at + early.max(late));
            prop_assert!(strength.at(late) <= strength.at(early));
            prop_assert!(strength.at(early) <= strength.at(at));
        }
    }
}
