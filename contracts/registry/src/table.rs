//! All hyperparameters of a subnet that are numbers, with bounds, setter, and when each may change.

use crate::{
    hyperparameters,
    limits::{self, Clock},
    settings::Settings,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    emission::SplitPreset,
    registry::{HyperparameterView, KernelParams, Parameter, Setter, Unit},
    Rao,
};

/// What the table is made of besides the settings.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// Seats taken.
    pub taken: u16,
    /// What the next registration costs.
    pub registration_price: Rao,
    /// The block.
    pub now: u32,
    /// The open epoch.
    pub clock: Clock,
}

/// The table. `changed` says at which block a parameter was changed last.
pub fn table(
    settings: &Settings,
    at: Situation,
    changed: impl Fn(Parameter) -> Option<u32>,
) -> Vec<HyperparameterView> {
    let frozen_until = at.clock.frozen_until(at.now).unwrap_or(at.now);
    let values = values(settings, at.registration_price);
    values
        .into_iter()
        .map(|(parameter, value, unit)| {
            let (min, max) = hyperparameters::bounds(parameter, settings, at.taken);
            let setter = limits::setter(parameter);
            let cooled_at = match setter {
                Setter::Owner => at.clock.cooled_at(changed(limits::cooled(parameter))),
                Setter::Admin => 0,
            };
            HyperparameterView {
                parameter,
                value,
                min,
                max,
                unit,
                setter,
                changes_from: frozen_until.max(cooled_at),
            }
        })
        .collect()
}

/// Every parameter that is a number, with its value, in the order of their numbers.
fn values(settings: &Settings, registration_price: Rao) -> Vec<(Parameter, u64, Unit)> {
    let terms = &settings.terms;
    let (registration, weights) = (&terms.registration, &terms.weights);
    let split = match terms.split {
        SplitPreset::Network => 0,
        SplitPreset::Bittensor => 1,
    };
    let mut values: Vec<(Parameter, u64, Unit)> = Vec::with_capacity(40);
    values.extend([
        (Parameter::Tempo, settings.tempo.into(), Unit::Blocks),
        (Parameter::MaxUids, settings.max_uids.into(), Unit::Number),
        (
            Parameter::MaxValidators,
            settings.max_validators.into(),
            Unit::Number,
        ),
        (
            Parameter::ImmunityPeriod,
            settings.immunity_period.into(),
            Unit::Blocks,
        ),
        (
            Parameter::RegistrationPrice,
            registration_price.0,
            Unit::Rao,
        ),
    ]);
    if let KernelParams::Yuma(yuma) = &settings.params {
        // Never negative: its bounds are checked.
        let steepness = yuma.alpha_sigmoid_steepness.unsigned_abs();
        values.extend([
            (
                Parameter::ActivityCutoff,
                yuma.activity_cutoff,
                Unit::Blocks,
            ),
            (Parameter::MinStake, yuma.min_stake.0, Unit::Rao),
            (Parameter::Kappa, yuma.kappa.into(), Unit::U16Ratio),
            (
                Parameter::BondsPenalty,
                yuma.bonds_penalty.into(),
                Unit::U16Ratio,
            ),
            (
                Parameter::BondsMovingAverage,
                yuma.bonds_moving_average,
                Unit::Millionths,
            ),
            (Parameter::Yuma3, yuma.yuma3.into(), Unit::Flag),
            (Parameter::LiquidAlpha, yuma.liquid_alpha.into(), Unit::Flag),
            (Parameter::AlphaLow, yuma.alpha_low.into(), Unit::U16Ratio),
            (Parameter::AlphaHigh, yuma.alpha_high.into(), Unit::U16Ratio),
            (
                Parameter::AlphaSigmoidSteepness,
                steepness.into(),
                Unit::Number,
            ),
            (
                Parameter::CommitReveal,
                yuma.commit_reveal.into(),
                Unit::Flag,
            ),
        ]);
    }
    values.extend([
        (Parameter::MinBurn, registration.min_burn.0, Unit::Rao),
        (Parameter::MaxBurn, registration.max_burn.0, Unit::Rao),
        (
            Parameter::BurnHalfLife,
            registration.half_life.into(),
            Unit::Blocks,
        ),
        (
            Parameter::BurnIncrease,
            registration.increase.0.into(),
            Unit::Bps,
        ),
        (
            Parameter::MaxRegistrationsPerBlock,
            registration.per_block.into(),
            Unit::Number,
        ),
        (
            Parameter::RegistrationAllowed,
            registration.is_open.into(),
            Unit::Flag,
        ),
        (
            Parameter::MinNonImmuneUids,
            terms.pruning.min_non_immune.into(),
            Unit::Number,
        ),
        (
            Parameter::ImmuneOwnerUids,
            terms.pruning.immune_owners.into(),
            Unit::Number,
        ),
        (Parameter::Split, split, Unit::Number),
        (
            Parameter::TransferEnabled,
            (!terms.no_transfers).into(),
            Unit::Flag,
        ),
        (
            Parameter::WeightsVersionKey,
            weights.version_key,
            Unit::Number,
        ),
        (
            Parameter::WeightsRateLimit,
            weights.rate_limit.into(),
            Unit::Blocks,
        ),
        (
            Parameter::MinAllowedWeights,
            weights.min_count.into(),
            Unit::Number,
        ),
        (
            Parameter::CommitRevealWeights,
            weights.commit_reveal.into(),
            Unit::Flag,
        ),
        (
            Parameter::RevealPeriod,
            weights.reveal_period.into(),
            Unit::Epochs,
        ),
        (
            Parameter::StakeThreshold,
            weights.stake_threshold.0,
            Unit::Rao,
        ),
        (
            Parameter::ServingRateLimit,
            terms.serving_rate_limit.into(),
            Unit::Blocks,
        ),
    ]);
    values
}
