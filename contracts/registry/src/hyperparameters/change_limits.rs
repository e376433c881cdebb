//! Limits on the time of a change, and the time from which a change counts.
//!
//! A change that is made while an epoch is open counts from the next epoch on: what an epoch obeys
//! is fixed when the epoch opens. A subnet whose epochs cannot close must be repairable. So a close
//! that comes [`STUCK_AFTER`] blocks late obeys the changes that were made [`NOTICE`] blocks before
//! it. Until then anyone could have closed the epoch without them.
//!
//! A subnet's owner waits two tempos between two changes of the same parameter. Nothing is limited
//! or late on a subnet whose epochs do not run. Source: subtensor-reference.md 5.5.

use inktensor_primitives::registry::{Parameter, NOTICE, STUCK_AFTER};

/// Tempos between two changes of a parameter by the owner.
const COOLDOWN_TEMPOS: u32 = 2;

/// Returns the parameter under which the end of the cooldown of `parameter` is stored.
///
/// All parameters of a kernel share one. They can be set one by one or all at once, and setting all
/// must not bypass the cooldown of each.
pub const fn cooled(parameter: Parameter) -> Parameter {
    match parameter {
        Parameter::Yuma | Parameter::OtherParams => Parameter::Yuma,
        other if other.is_of_yuma() => Parameter::Yuma,
        other => other,
    }
}

/// Returns the first block at which the owner may change a parameter again that changes at block
/// `now`, while `tempo` counts. The block is stored, so that no later tempo shortens the wait.
pub const fn cooled_at(now: u32, tempo: u32) -> u32 {
    now.saturating_add(tempo.saturating_mul(COOLDOWN_TEMPOS))
}

/// Returns true if an epoch that opened at block `opened_at` is so late at block `now` that its
/// subnet counts as stuck.
pub const fn is_stuck(opened_at: u32, tempo: u32, now: u32) -> bool {
    let due = opened_at.saturating_add(tempo);
    now >= due.saturating_add(STUCK_AFTER)
}

/// Returns true if a change of block `set_at` is old enough at block `now` for the close of a stuck
/// subnet's epoch.
pub const fn is_noticed(set_at: u32, now: u32) -> bool {
    now >= set_at.saturating_add(NOTICE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_owner_waits_two_tempos() {
        assert_eq!(cooled_at(1_100, 360), 1_820);
        assert_eq!(cooled_at(u32::MAX, 360), u32::MAX);
    }

    #[test]
    fn the_parameters_of_a_kernel_cool_down_together() {
        assert_eq!(cooled(Parameter::Kappa), cooled(Parameter::Yuma));
        assert_eq!(cooled(Parameter::AlphaHigh), cooled(Parameter::OtherParams));
        assert_eq!(cooled(Parameter::Tempo), Parameter::Tempo);
    }

    #[test]
    fn a_subnet_is_stuck_long_after_its_epoch_is_due() {
        assert!(!is_stuck(100, 360, 460 + STUCK_AFTER - 1));
        assert!(is_stuck(100, 360, 460 + STUCK_AFTER));
        assert!(!is_noticed(7, 7 + NOTICE - 1));
        assert!(is_noticed(7, 7 + NOTICE));
    }

    proptest! {
        /// No epoch that closes when it is due is late, whatever its tempo.
        #[test]
        fn an_epoch_that_is_due_is_not_stuck(opened_at in 0u32..1_000_000, tempo in 1u32..=50_400) {
            prop_assert!(!is_stuck(opened_at, tempo, opened_at + tempo));
        }
    }
}
