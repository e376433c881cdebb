//! Hyperparameters of a subnet: their bounds, how they are set, when, and their view.
//!
//! The table of hyperparameters is `inktensor_primitives::hyperparameters!`. From its rows follow
//! each parameter's bounds, setter and name, and the field that holds its value (see `fields`).
//! This module adds the rules that are not a row's: bounds that depend on other settings, the
//! choice of a kernel and of a split, and the price that continues when its terms change.
//!
//! - `settings`: the stored settings of a subnet
//! - `fields`: reads and writes one setting, by the table
//! - `bounds`: checks of values
//! - `change_limits`: cooldown and freeze
//! - `view`: all parameters with bounds, setter and next change

pub mod bounds;
pub mod change_limits;
mod fields;
pub mod settings;
pub mod view;

use crate::price::Price;
use inktensor_primitives::{
    emission::SplitPreset,
    registry::{Hyperparameter, KernelParams, RegistryError},
    AccountId, Rao,
};
use settings::Settings;

/// Immunity of a new subnet's neurons in blocks: the reference's value for new subnets.
pub const DEFAULT_IMMUNITY_PERIOD: u32 = 5_000;
/// Price of the first registration on a new subnet: 0.1 TAO, the reference's first price.
pub const DEFAULT_REGISTRATION_PRICE: Rao = Rao(Rao::PER_TAO / 10);

/// Conditions of a change besides the subnet's settings.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// Number of seats taken.
    pub taken: u16,
    /// The current block.
    pub now: u32,
    /// True if subnets may choose Bittensor's split.
    pub bittensor_split: bool,
}

/// Sets `value`. `choose` returns the default parameters of a kernel that may be chosen.
///
/// After an error neither `settings` nor `price` may be stored.
///
/// # Errors
/// `OutOfBounds`, `SplitNotAllowed`, `NotYuma`, or the error of `choose`.
pub fn set(
    settings: &mut Settings,
    price: &mut Price,
    conditions: Conditions,
    value: Hyperparameter,
    choose: impl FnOnce(AccountId) -> Result<KernelParams, RegistryError>,
) -> Result<(), RegistryError> {
    let parameter = value.parameter();
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
        Hyperparameter::RegistrationPrice(rao) => {
            let bounds = bounds::of(parameter, settings, conditions.taken);
            bounds::within(parameter.into(), rao.0, bounds)?;
            *price = price.set(rao, conditions.now);
        }
        Hyperparameter::Split(SplitPreset::Bittensor) if !conditions.bittensor_split => {
            return Err(RegistryError::SplitNotAllowed);
        }
        value => {
            if matches!(
                value,
                Hyperparameter::MinBurn(_)
                    | Hyperparameter::MaxBurn(_)
                    | Hyperparameter::BurnHalfLife(_)
            ) {
                price.rebase(conditions.now, &settings.terms.registration);
            }
            fields::write(settings, &value)?;
            // No bound depends on the value that it bounds, so the check may follow the change.
            if parameter.is_of_yuma() {
                bounds::check_params(&settings.params)?;
            } else if let Some(number) = fields::read(settings, Rao::ZERO, parameter) {
                let bounds = bounds::of(parameter, settings, conditions.taken);
                bounds::within(parameter.into(), number, bounds)?;
            }
        }
    }
    Ok(())
}

fn checked(params: KernelParams) -> Result<KernelParams, RegistryError> {
    bounds::check_params(&params)?;
    Ok(params)
}

#[cfg(test)]
mod tests;
