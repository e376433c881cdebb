//! The bounds of hyperparameters, and how one is set.
//!
//! Bounds protect the network from a subnet: a size that storage, buffers or a step could not bear, a ratio that
//! the kernel's arithmetic is not made for. Within them the owner is free.

use crate::settings::Settings;
use ink::prelude::string::String;
use inktensor_primitives::{
    kernel::{YumaParams, MAX_PARAMS},
    registry::{Hyperparameter, KernelParams, RegistryError, MAX_NAME},
    AccountId, Rao, MAX_UIDS, MAX_VALIDATORS,
};

/// Immunity of a new subnet's neurons in blocks: the reference's value for new subnets.
pub const DEFAULT_IMMUNITY_PERIOD: u32 = 5_000;
/// Price of a registration on a new subnet: 0.1 TAO, the reference's first price.
pub const DEFAULT_REGISTRATION_PRICE: Rao = Rao(Rao::PER_TAO / 10);

/// A week of blocks of 12 seconds.
const MAX_TEMPO: u32 = 50_400;
/// Some five months of blocks of 12 seconds.
const MAX_BLOCKS: u32 = 1_000_000;
const MAX_REGISTRATION_PRICE: Rao = Rao::from_tao(1_000);
/// One, in millionths.
const MILLION: u64 = 1_000_000;
/// 0.025 of 65535: a bond rate below it hardly moves.
const MIN_ALPHA: u16 = 1_638;
const MAX_STEEPNESS: u16 = i16::MAX.unsigned_abs();

/// Passes `value` if it is within `min ..= max`.
///
/// # Errors
/// `OutOfBounds`.
pub fn within<T: Copy + Into<u64>>(value: T, min: u64, max: u64) -> Result<T, RegistryError> {
    let given: u64 = value.into();
    if given < min || given > max {
        return Err(RegistryError::OutOfBounds {
            value: given,
            min,
            max,
        });
    }
    Ok(value)
}

/// Checks that there are at most `most` items.
///
/// # Errors
/// `OutOfBounds`.
pub fn at_most(items: usize, most: usize) -> Result<(), RegistryError> {
    let wide = |count| u64::try_from(count).unwrap_or(u64::MAX);
    within(wide(items), 0, wide(most)).map(|_| ())
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
    within(blocks, 1, MAX_TEMPO.into())
}

/// Seats of a subnet of which `taken` are taken.
///
/// # Errors
/// `OutOfBounds`.
pub fn max_uids(seats: u16, taken: u16) -> Result<u16, RegistryError> {
    within(seats, taken.max(1).into(), MAX_UIDS.into())
}

/// Permits per epoch.
///
/// # Errors
/// `OutOfBounds`.
pub fn max_validators(permits: u16) -> Result<u16, RegistryError> {
    within(permits, 1, MAX_VALIDATORS.into())
}

/// The price of creating a subnet, or anything else in TAO: at most all there is.
///
/// # Errors
/// `OutOfBounds`.
pub fn amount(rao: Rao) -> Result<Rao, RegistryError> {
    within(rao.0, 0, Rao::CAP.0).map(Rao)
}

/// Parameters of a kernel.
///
/// # Errors
/// `OutOfBounds`.
pub fn check_params(params: &KernelParams) -> Result<(), RegistryError> {
    match params {
        KernelParams::Yuma(params) => check_yuma(params),
        KernelParams::Other(bytes) => at_most(bytes.len(), MAX_PARAMS),
    }
}

/// Sets `value` on a subnet with `taken` seats taken. `choose` passes a kernel that may be chosen and says its default
/// parameters. After an error `settings` must not be stored.
///
/// # Errors
/// `OutOfBounds`, `NotYuma`, or that of `choose`.
pub fn set(
    settings: &mut Settings,
    taken: u16,
    value: Hyperparameter,
    choose: impl FnOnce(AccountId) -> Result<KernelParams, RegistryError>,
) -> Result<(), RegistryError> {
    match value {
        Hyperparameter::Tempo(blocks) => settings.tempo = tempo(blocks)?,
        Hyperparameter::Kernel(kernel) => {
            let defaults = choose(kernel)?;
            settings.kernel = kernel;
            if !settings.params.is_like(&defaults) {
                settings.params = defaults;
            }
        }
        Hyperparameter::MaxUids(seats) => settings.max_uids = max_uids(seats, taken)?,
        Hyperparameter::MaxValidators(permits) => {
            settings.max_validators = max_validators(permits)?;
        }
        Hyperparameter::ImmunityPeriod(blocks) => {
            settings.immunity_period = within(blocks, 0, MAX_BLOCKS.into())?;
        }
        Hyperparameter::RegistrationPrice(price) => {
            settings.registration_price = within(price.0, 1, MAX_REGISTRATION_PRICE.0).map(Rao)?;
        }
        Hyperparameter::OtherParams(bytes) => {
            settings.params = checked(KernelParams::Other(bytes))?;
        }
        Hyperparameter::Yuma(params) => settings.params = checked(KernelParams::Yuma(params))?,
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

/// Sets one parameter of the Yuma kernel, whatever its value; others are not of this kernel and change nothing.
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
        Hyperparameter::Tempo(_)
        | Hyperparameter::Kernel(_)
        | Hyperparameter::MaxUids(_)
        | Hyperparameter::MaxValidators(_)
        | Hyperparameter::ImmunityPeriod(_)
        | Hyperparameter::RegistrationPrice(_)
        | Hyperparameter::OtherParams(_)
        | Hyperparameter::Yuma(_) => {}
    }
}

/// Checks every bound of the Yuma kernel's parameters. A negative steepness is reported as two's complement,
/// which is above its largest value.
fn check_yuma(params: &YumaParams) -> Result<(), RegistryError> {
    within(params.activity_cutoff, 1, MAX_BLOCKS.into())?;
    amount(params.min_stake)?;
    within(params.bonds_moving_average, 0, MILLION)?;
    within(params.alpha_high, MIN_ALPHA.into(), u16::MAX.into())?;
    within(params.alpha_low, MIN_ALPHA.into(), params.alpha_high.into())?;
    let steepness = u16::from_le_bytes(params.alpha_sigmoid_steepness.to_le_bytes());
    within(steepness, 0, MAX_STEEPNESS.into())?;
    Ok(())
}

#[cfg(test)]
mod tests;
