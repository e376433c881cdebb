//! Who may set a hyperparameter, and when.
//!
//! A subnet's owner sets most of them, waits two tempos between changes of the same one, and nobody
//! changes any in the last blocks before an epoch may close: who sets weights knows by then what
//! they will be judged by. Nothing is limited before the subnet is started.
//! Source: subtensor-reference.md 5.5.

use inktensor_primitives::registry::{Hyperparameter, Parameter, Setter};

/// Tempos between two changes of a parameter by the owner.
const COOLDOWN_TEMPOS: u32 = 2;
/// Most blocks before the close in which nothing changes: the reference's window, or an eighth of a
/// shorter tempo.
const MOST_FROZEN: u32 = 10;

/// Which parameter `value` is of.
pub fn parameter(value: &Hyperparameter) -> Parameter {
    match value {
        Hyperparameter::Tempo(_) => Parameter::Tempo,
        Hyperparameter::Kernel(_) => Parameter::Kernel,
        Hyperparameter::MaxUids(_) => Parameter::MaxUids,
        Hyperparameter::MaxValidators(_) => Parameter::MaxValidators,
        Hyperparameter::ImmunityPeriod(_) => Parameter::ImmunityPeriod,
        Hyperparameter::RegistrationPrice(_) => Parameter::RegistrationPrice,
        Hyperparameter::OtherParams(_) => Parameter::OtherParams,
        Hyperparameter::Yuma(_) => Parameter::Yuma,
        Hyperparameter::ActivityCutoff(_) => Parameter::ActivityCutoff,
        Hyperparameter::MinStake(_) => Parameter::MinStake,
        Hyperparameter::Kappa(_) => Parameter::Kappa,
        Hyperparameter::BondsPenalty(_) => Parameter::BondsPenalty,
        Hyperparameter::BondsMovingAverage(_) => Parameter::BondsMovingAverage,
        Hyperparameter::Yuma3(_) => Parameter::Yuma3,
        Hyperparameter::LiquidAlpha(_) => Parameter::LiquidAlpha,
        Hyperparameter::AlphaValues(_, _) => Parameter::AlphaLow,
        Hyperparameter::AlphaSigmoidSteepness(_) => Parameter::AlphaSigmoidSteepness,
        Hyperparameter::CommitReveal(_) => Parameter::CommitReveal,
        Hyperparameter::MinBurn(_) => Parameter::MinBurn,
        Hyperparameter::MaxBurn(_) => Parameter::MaxBurn,
        Hyperparameter::BurnHalfLife(_) => Parameter::BurnHalfLife,
        Hyperparameter::BurnIncrease(_) => Parameter::BurnIncrease,
        Hyperparameter::MaxRegistrationsPerBlock(_) => Parameter::MaxRegistrationsPerBlock,
        Hyperparameter::RegistrationAllowed(_) => Parameter::RegistrationAllowed,
        Hyperparameter::MinNonImmuneUids(_) => Parameter::MinNonImmuneUids,
        Hyperparameter::ImmuneOwnerUids(_) => Parameter::ImmuneOwnerUids,
        Hyperparameter::Split(_) => Parameter::Split,
        Hyperparameter::TransferEnabled(_) => Parameter::TransferEnabled,
        Hyperparameter::WeightsVersionKey(_) => Parameter::WeightsVersionKey,
        Hyperparameter::WeightsRateLimit(_) => Parameter::WeightsRateLimit,
        Hyperparameter::MinAllowedWeights(_) => Parameter::MinAllowedWeights,
        Hyperparameter::CommitRevealWeights(_) => Parameter::CommitRevealWeights,
        Hyperparameter::RevealPeriod(_) => Parameter::RevealPeriod,
        Hyperparameter::StakeThreshold(_) => Parameter::StakeThreshold,
        Hyperparameter::ServingRateLimit(_) => Parameter::ServingRateLimit,
    }
}

/// Whose a parameter is. Two are the owner's that are not in the reference: the number of permits,
/// which is chosen when the subnet is created, and registrations per block, which the price keeps
/// in bounds.
pub const fn setter(parameter: Parameter) -> Setter {
    match parameter {
        Parameter::RegistrationAllowed
        | Parameter::MinNonImmuneUids
        | Parameter::WeightsRateLimit
        | Parameter::StakeThreshold => Setter::Admin,
        _ => Setter::Owner,
    }
}

/// The name under which a parameter's last change is kept: the parameters of a kernel can be set
/// one by one or all at once, and count as one, so that the cooldown of each cannot be passed by
/// setting all.
pub const fn cooled(parameter: Parameter) -> Parameter {
    match parameter {
        Parameter::Yuma
        | Parameter::OtherParams
        | Parameter::ActivityCutoff
        | Parameter::MinStake
        | Parameter::Kappa
        | Parameter::BondsPenalty
        | Parameter::BondsMovingAverage
        | Parameter::Yuma3
        | Parameter::LiquidAlpha
        | Parameter::AlphaLow
        | Parameter::AlphaHigh
        | Parameter::AlphaSigmoidSteepness
        | Parameter::CommitReveal => Parameter::Yuma,
        other => other,
    }
}

/// Since when a subnet's open epoch runs, and how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Block at which it opened; none on a subnet that has not been started, or has no neurons,
    /// where nothing closes.
    pub opened_at: Option<u32>,
    /// Blocks it takes.
    pub tempo: u32,
}

impl Clock {
    /// The block until which nothing changes, if `now` is shortly before the close. Once the epoch
    /// may close, however late that is, parameters change: a subnet whose epochs cannot close
    /// must be set right.
    pub fn frozen_until(&self, now: u32) -> Option<u32> {
        let due = self.opened_at?.saturating_add(self.tempo);
        let window = MOST_FROZEN.min(self.tempo / 8);
        (due.saturating_sub(window) <= now && now < due).then_some(due)
    }

    /// The block from which the owner may change what was changed at block `last`.
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
    fn nothing_changes_in_the_last_blocks() {
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
        /// The window is short, and there is always a block of each tempo outside it.
        #[test]
        fn most_of_a_tempo_is_free(opened_at in 0u32..1_000_000, tempo in 1u32..=50_400) {
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
