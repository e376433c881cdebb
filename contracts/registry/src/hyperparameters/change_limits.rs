//! Limits on the time of a change.
//!
//! A subnet's owner waits two tempos between two changes of the same parameter. No account changes
//! any parameter in the last blocks before an epoch may close: validators that set weights know by
//! then by which parameters the weights will be judged. Nothing is limited before the subnet
//! starts. Source: subtensor-reference.md 5.5.

use inktensor_primitives::registry::Parameter;

/// Tempos between two changes of a parameter by the owner.
const COOLDOWN_TEMPOS: u32 = 2;
/// Most blocks of the freeze before a close: the reference's number. The freeze of a short tempo is
/// an eighth of the tempo.
const MOST_FROZEN: u32 = 10;

/// Returns the parameter under which the last change of `parameter` is stored.
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

/// Start and length of a subnet's open epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Block at which the epoch opened. `None` on a subnet that has not started or has no neurons,
    /// where no epoch closes.
    pub opened_at: Option<u32>,
    /// Blocks per epoch.
    pub tempo: u32,
}

impl Clock {
    /// Returns the block at which the freeze ends, if `now` is within it.
    ///
    /// Once the epoch may close, however late that is, parameters can change: the owner must be
    /// able to repair a subnet whose epochs cannot close.
    pub fn frozen_until(&self, now: u32) -> Option<u32> {
        let due = self.opened_at?.saturating_add(self.tempo);
        let window = MOST_FROZEN.min(self.tempo / 8);
        (due.saturating_sub(window) <= now && now < due).then_some(due)
    }

    /// Returns the first block at which the owner may change a parameter again that was changed at
    /// block `last`.
    pub fn cooled_at(&self, last: Option<u32>) -> u32 {
        match (self.opened_at, last) {
            (Some(_), Some(last)) => {
                last.saturating_add(self.tempo.saturating_mul(COOLDOWN_TEMPOS))
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RUNNING: Clock = Clock {
        opened_at: Some(1_000),
        tempo: 360,
    };

    #[test]
    fn parameters_freeze_in_the_last_blocks() {
        for (now, frozen) in [
            (1_349, None),
            (1_350, Some(1_360)),
            (1_359, Some(1_360)),
            (1_360, None),
            (9_999, None),
        ] {
            assert_eq!(RUNNING.frozen_until(now), frozen, "{now}");
        }
        let short = Clock {
            tempo: 16,
            ..RUNNING
        };
        assert_eq!(short.frozen_until(1_013), None);
        assert_eq!(short.frozen_until(1_014), Some(1_016));
        let shortest = Clock {
            tempo: 7,
            ..RUNNING
        };
        assert!((1_000..1_020).all(|now| shortest.frozen_until(now).is_none()));
    }

    #[test]
    fn an_owner_waits_two_tempos() {
        assert_eq!(RUNNING.cooled_at(Some(1_100)), 1_820);
        assert_eq!(RUNNING.cooled_at(None), 0);
    }

    #[test]
    fn nothing_is_limited_before_the_start() {
        let waiting = Clock {
            opened_at: None,
            tempo: 360,
        };
        assert_eq!(waiting.cooled_at(Some(5)), 0);
        assert!((0..2_000).all(|now| waiting.frozen_until(now).is_none()));
    }

    #[test]
    fn the_parameters_of_a_kernel_cool_down_together() {
        assert_eq!(cooled(Parameter::Kappa), cooled(Parameter::Yuma));
        assert_eq!(cooled(Parameter::AlphaHigh), cooled(Parameter::OtherParams));
        assert_eq!(cooled(Parameter::Tempo), Parameter::Tempo);
    }

    proptest! {
        /// The freeze is short, and each tempo has blocks outside of it.
        #[test]
        fn most_of_a_tempo_is_not_frozen(opened_at in 0u32..1_000_000, tempo in 1u32..=50_400) {
            let clock = Clock { opened_at: Some(opened_at), tempo };
            let frozen = (opened_at..opened_at + tempo.min(400))
                .chain(opened_at + tempo.saturating_sub(20)..opened_at + tempo)
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .filter(|now| clock.frozen_until(*now).is_some())
                .count();
            prop_assert_eq!(u32::try_from(frozen).unwrap(), (tempo / 8).min(10));
        }
    }
}
