//! The bounds of hyperparameters, and how one is set.
//!
//! Bounds protect the network from a subnet: a size that storage, buffers or a step could not bear,
//! a ratio that the kernel's arithmetic is not made for. Within them the owner is free.

use crate::{price::Price, settings::Settings};
use ink::prelude::string::String;
use inktensor_primitives::{
    emission::SplitPreset,
    kernel::{YumaParams, MAX_PARAMS},
    registry::{
        BoundedField, Hyperparameter, KernelParams, Parameter, RegistryError, MAX_IMMUNE_OWNERS,
        MAX_NAME,
    },
    AccountId, Bps, Rao, MAX_UIDS, MAX_VALIDATORS,
};

/// Immunity of a new subnet's neurons in blocks: the reference's value for new subnets.
pub const DEFAULT_IMMUNITY_PERIOD: u32 = 5_000;
/// Price of the first registration on a new subnet: 0.1 TAO, the reference's first price.
pub const DEFAULT_REGISTRATION_PRICE: Rao = Rao(Rao::PER_TAO / 10);

/// A week of blocks of 12 seconds.
const MAX_TEMPO: u64 = 50_400;
/// Some five months of blocks of 12 seconds.
const MAX_BLOCKS: u64 = 1_000_000;
/// One, in millionths.
const MILLION: u64 = 1_000_000;
/// 0.025 of 65535: a bond rate below it hardly moves.
const MIN_ALPHA: u64 = 1_638;
const MAX_STEEPNESS: u16 = i16::MAX.unsigned_abs();
/// Least largest price, and largest least price, of a registration. Source: subtensor-reference.md
/// 6.1.
const LEAST_MAX_BURN: Rao = Rao(Rao::PER_TAO / 10);
const MOST_MIN_BURN: Rao = Rao(Rao::PER_TAO - 1);
const MAX_HALF_LIFE: u64 = 36_100;
const MAX_INCREASE: u64 = 30_000;
const MAX_REVEAL_PERIOD: u64 = 100;

/// What setting a hyperparameter depends on besides the subnet's settings.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Seats taken.
    pub taken: u16,
    /// The block.
    pub now: u32,
    /// Whether subnets may choose Bittensor's split.
    pub bittensor_split: bool,
}

/// Passes `value` of `field` if it is within `min ..= max`.
///
/// # Errors
/// `OutOfBounds`.
pub fn within<T: Copy + Into<u64>>(
    field: impl Into<BoundedField>,
    value: T,
    min: u64,
    max: u64,
) -> Result<T, RegistryError> {
    let given: u64 = value.into();
    if given < min || given > max {
        return Err(RegistryError::OutOfBounds {
            field: field.into(),
            value: given,
            min,
            max,
        });
    }
    Ok(value)
}

/// Checks that `field` has at most `most` items.
///
/// # Errors
/// `OutOfBounds`.
pub fn at_most(
    field: impl Into<BoundedField>,
    items: usize,
    most: usize,
) -> Result<(), RegistryError> {
    let wide = |count| u64::try_from(count).unwrap_or(u64::MAX);
    within(field, wide(items), 0, wide(most)).map(|_| ())
}

/// A subnet's name: 1 to `MAX_NAME` bytes.
///
/// # Errors
/// `BadName`.
pub fn name(name: String) -> Result<String, RegistryError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(RegistryError::BadName);
    }
    Ok(name)
}

/// Blocks per epoch.
///
/// # Errors
/// `OutOfBounds`.
pub fn tempo(blocks: u32) -> Result<u32, RegistryError> {
    within(Parameter::Tempo, blocks, 1, MAX_TEMPO)
}

/// Seats of a subnet of which `taken` are taken.
///
/// # Errors
/// `OutOfBounds`.
pub fn max_uids(seats: u16, taken: u16) -> Result<u16, RegistryError> {
    within(
        Parameter::MaxUids,
        seats,
        taken.max(1).into(),
        MAX_UIDS.into(),
    )
}

/// Permits per epoch.
///
/// # Errors
/// `OutOfBounds`.
pub fn max_validators(permits: u16) -> Result<u16, RegistryError> {
    within(Parameter::MaxValidators, permits, 1, MAX_VALIDATORS.into())
}

/// Anything in TAO: at most all there is.
///
/// # Errors
/// `OutOfBounds`.
pub fn amount(field: impl Into<BoundedField>, rao: Rao) -> Result<Rao, RegistryError> {
    within(field, rao.0, 0, Rao::CAP.0).map(Rao)
}

/// Parameters of a kernel.
///
/// # Errors
/// `OutOfBounds`.
pub fn check_params(params: &KernelParams) -> Result<(), RegistryError> {
    match params {
        KernelParams::Yuma(params) => check_yuma(params),
        KernelParams::Other(bytes) => at_most(Parameter::OtherParams, bytes.len(), MAX_PARAMS),
    }
}

/// Least and largest value of a parameter that is a number, on a subnet with these settings of
/// which `taken` seats are taken.
pub fn bounds(parameter: Parameter, settings: &Settings, taken: u16) -> (u64, u64) {
    let registration = &settings.terms.registration;
    let alpha_high = match &settings.params {
        KernelParams::Yuma(params) => params.alpha_high,
        KernelParams::Other(_) => u16::MAX,
    };
    match parameter {
        Parameter::Tempo => (1, MAX_TEMPO),
        Parameter::MaxUids => (taken.max(1).into(), MAX_UIDS.into()),
        Parameter::MaxValidators => (1, MAX_VALIDATORS.into()),
        Parameter::ImmunityPeriod => (0, MAX_BLOCKS),
        Parameter::RegistrationPrice => (registration.min_burn.0, registration.max_burn.0),
        Parameter::ActivityCutoff => (1, MAX_BLOCKS),
        Parameter::MinStake | Parameter::StakeThreshold => (0, Rao::CAP.0),
        Parameter::Kappa | Parameter::BondsPenalty => (0, u16::MAX.into()),
        Parameter::BondsMovingAverage => (0, MILLION),
        Parameter::AlphaLow => (MIN_ALPHA, alpha_high.into()),
        Parameter::AlphaHigh => (MIN_ALPHA, u16::MAX.into()),
        Parameter::AlphaSigmoidSteepness => (0, MAX_STEEPNESS.into()),
        Parameter::MinBurn => (1, MOST_MIN_BURN.min(registration.max_burn).0),
        Parameter::MaxBurn => (LEAST_MAX_BURN.max(registration.min_burn).0, Rao::CAP.0),
        Parameter::BurnHalfLife => (1, MAX_HALF_LIFE),
        Parameter::BurnIncrease => (Bps::ONE.0.into(), MAX_INCREASE),
        Parameter::MaxRegistrationsPerBlock => (1, u16::MAX.into()),
        Parameter::MinNonImmuneUids => (0, MAX_UIDS.into()),
        Parameter::ImmuneOwnerUids => (1, MAX_IMMUNE_OWNERS.into()),
        Parameter::WeightsVersionKey => (0, u64::MAX),
        Parameter::WeightsRateLimit | Parameter::ServingRateLimit => (0, MAX_TEMPO),
        Parameter::MinAllowedWeights => (1, MAX_UIDS.into()),
        Parameter::RevealPeriod => (1, MAX_REVEAL_PERIOD),
        Parameter::Split
        | Parameter::Yuma3
        | Parameter::LiquidAlpha
        | Parameter::CommitReveal
        | Parameter::RegistrationAllowed
        | Parameter::TransferEnabled
        | Parameter::CommitRevealWeights => (0, 1),
        // Not numbers.
        Parameter::Kernel | Parameter::OtherParams | Parameter::Yuma => (0, 0),
    }
}

/// Sets `value`. `choose` passes a kernel that may be chosen and says its default parameters. After
/// an error neither `settings` nor `price` may be stored.
///
/// # Errors
/// `OutOfBounds`, `SplitNotAllowed`, `NotYuma`, or that of `choose`.
pub fn set(
    settings: &mut Settings,
    price: &mut Price,
    given: Given,
    value: Hyperparameter,
    choose: impl FnOnce(AccountId) -> Result<KernelParams, RegistryError>,
) -> Result<(), RegistryError> {
    match value {
        Hyperparameter::Kernel(kernel) => {
            let defaults = choose(kernel)?;
            settings.kernel = kernel;
            if !settings.params.is_like(&defaults) {
                settings.params = defaults;
            }
        }
        Hyperparameter::OtherParams(bytes) => {
            settings.params = checked(KernelParams::Other(bytes))?;
        }
        Hyperparameter::Yuma(params) => settings.params = checked(KernelParams::Yuma(params))?,
        Hyperparameter::Split(preset) => {
            if preset == SplitPreset::Bittensor && !given.bittensor_split {
                return Err(RegistryError::SplitNotAllowed);
            }
            settings.terms.split = preset;
        }
        value => set_number(settings, price, given, value)?,
    }
    Ok(())
}

/// Sets a parameter that is a number, within its bounds.
fn set_number(
    settings: &mut Settings,
    price: &mut Price,
    given: Given,
    value: Hyperparameter,
) -> Result<(), RegistryError> {
    let limits = |parameter| (parameter, bounds(parameter, settings, given.taken));
    /// A number that passes the bounds of its parameter.
    fn passed<T: Copy + Into<u64>>(
        value: T,
        (parameter, (min, max)): (Parameter, (u64, u64)),
    ) -> Result<T, RegistryError> {
        within(parameter, value, min, max)
    }
    match value {
        Hyperparameter::Tempo(blocks) => {
            settings.tempo = passed(blocks, limits(Parameter::Tempo))?;
        }
        Hyperparameter::MaxUids(seats) => {
            settings.max_uids = passed(seats, limits(Parameter::MaxUids))?;
        }
        Hyperparameter::MaxValidators(permits) => {
            settings.max_validators = passed(permits, limits(Parameter::MaxValidators))?;
        }
        Hyperparameter::ImmunityPeriod(blocks) => {
            settings.immunity_period = passed(blocks, limits(Parameter::ImmunityPeriod))?;
        }
        Hyperparameter::RegistrationPrice(rao) => {
            let rao = passed(rao.0, limits(Parameter::RegistrationPrice)).map(Rao)?;
            *price = price.set(rao, given.now);
        }
        Hyperparameter::MinBurn(rao) => {
            let rao = passed(rao.0, limits(Parameter::MinBurn)).map(Rao)?;
            price.rebase(given.now, &settings.terms.registration);
            settings.terms.registration.min_burn = rao;
        }
        Hyperparameter::MaxBurn(rao) => {
            let rao = passed(rao.0, limits(Parameter::MaxBurn)).map(Rao)?;
            price.rebase(given.now, &settings.terms.registration);
            settings.terms.registration.max_burn = rao;
        }
        Hyperparameter::BurnHalfLife(blocks) => {
            let blocks = passed(blocks, limits(Parameter::BurnHalfLife))?;
            price.rebase(given.now, &settings.terms.registration);
            settings.terms.registration.half_life = blocks;
        }
        Hyperparameter::BurnIncrease(ratio) => {
            let ratio = passed(ratio.0, limits(Parameter::BurnIncrease))?;
            settings.terms.registration.increase = Bps(ratio);
        }
        Hyperparameter::MaxRegistrationsPerBlock(most) => {
            let most = passed(most, limits(Parameter::MaxRegistrationsPerBlock))?;
            settings.terms.registration.per_block = most;
        }
        Hyperparameter::RegistrationAllowed(on) => settings.terms.registration.is_open = on,
        Hyperparameter::MinNonImmuneUids(least) => {
            let least = passed(least, limits(Parameter::MinNonImmuneUids))?;
            settings.terms.pruning.min_non_immune = least;
        }
        Hyperparameter::ImmuneOwnerUids(most) => {
            let most = passed(most, limits(Parameter::ImmuneOwnerUids))?;
            settings.terms.pruning.immune_owners = most;
        }
        Hyperparameter::TransferEnabled(on) => settings.terms.no_transfers = !on,
        Hyperparameter::WeightsVersionKey(key) => settings.terms.weights.version_key = key,
        Hyperparameter::WeightsRateLimit(blocks) => {
            let blocks = passed(blocks, limits(Parameter::WeightsRateLimit))?;
            settings.terms.weights.rate_limit = blocks;
        }
        Hyperparameter::MinAllowedWeights(count) => {
            let count = passed(count, limits(Parameter::MinAllowedWeights))?;
            settings.terms.weights.min_count = count;
        }
        Hyperparameter::CommitRevealWeights(on) => settings.terms.weights.commit_reveal = on,
        Hyperparameter::RevealPeriod(epochs) => {
            let epochs = passed(epochs, limits(Parameter::RevealPeriod))?;
            settings.terms.weights.reveal_period = epochs;
        }
        Hyperparameter::StakeThreshold(rao) => {
            let rao = passed(rao.0, limits(Parameter::StakeThreshold)).map(Rao)?;
            settings.terms.weights.stake_threshold = rao;
        }
        Hyperparameter::ServingRateLimit(blocks) => {
            let blocks = passed(blocks, limits(Parameter::ServingRateLimit))?;
            settings.terms.serving_rate_limit = blocks;
        }
        parameter => match &mut settings.params {
            KernelParams::Yuma(params) => {
                set_yuma(params, parameter);
                check_yuma(params)?;
            }
            KernelParams::Other(_) => return Err(RegistryError::NotYuma),
        },
    }
    Ok(())
}

fn checked(params: KernelParams) -> Result<KernelParams, RegistryError> {
    check_params(&params)?;
    Ok(params)
}

/// Sets one parameter of the Yuma kernel, whatever its value; others are not of this kernel and
/// change nothing.
fn set_yuma(params: &mut YumaParams, value: Hyperparameter) {
    match value {
        Hyperparameter::ActivityCutoff(blocks) => params.activity_cutoff = blocks,
        Hyperparameter::MinStake(stake) => params.min_stake = stake,
        Hyperparameter::Kappa(kappa) => params.kappa = kappa,
        Hyperparameter::BondsPenalty(penalty) => params.bonds_penalty = penalty,
        Hyperparameter::BondsMovingAverage(average) => params.bonds_moving_average = average,
        Hyperparameter::Yuma3(on) => params.yuma3 = on,
        Hyperparameter::LiquidAlpha(on) => params.liquid_alpha = on,
        Hyperparameter::AlphaValues(low, high) => {
            params.alpha_low = low;
            params.alpha_high = high;
        }
        Hyperparameter::AlphaSigmoidSteepness(slope) => params.alpha_sigmoid_steepness = slope,
        Hyperparameter::CommitReveal(on) => params.commit_reveal = on,
        _ => {}
    }
}

/// Checks every bound of the Yuma kernel's parameters. A negative steepness is reported as two's
/// complement, which is above its largest value.
fn check_yuma(params: &YumaParams) -> Result<(), RegistryError> {
    within(
        Parameter::ActivityCutoff,
        params.activity_cutoff,
        1,
        MAX_BLOCKS,
    )?;
    amount(Parameter::MinStake, params.min_stake)?;
    within(
        Parameter::BondsMovingAverage,
        params.bonds_moving_average,
        0,
        MILLION,
    )?;
    let (low, high) = (params.alpha_low, params.alpha_high);
    within(Parameter::AlphaHigh, high, MIN_ALPHA, u16::MAX.into())?;
    within(Parameter::AlphaLow, low, MIN_ALPHA, high.into())?;
    let steepness = u16::from_le_bytes(params.alpha_sigmoid_steepness.to_le_bytes());
    within(
        Parameter::AlphaSigmoidSteepness,
        steepness,
        0,
        MAX_STEEPNESS.into(),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
