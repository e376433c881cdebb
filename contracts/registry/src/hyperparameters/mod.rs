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
//! - `change_limits`: cooldown, and the time from which a change counts
//! - `view`: all parameters with bounds, setter and next change

pub mod bounds;
pub mod change_limits;
mod fields;
pub mod settings;
pub mod view;

use crate::price::Price;
use inktensor_primitives::{
    emission::SplitPreset,
    kernel::YumaParams,
    registry::{Hyperparameter, KernelParams, Parameter, RegistryError, Setter},
    AccountId, Digest, Rao,
};
use settings::Values;

/// Immunity of a new subnet's neurons in blocks: the reference's value for new subnets.
pub const DEFAULT_IMMUNITY_PERIOD: u32 = 5_000;
/// Price of the first registration on a new subnet: 0.1 TAO, the reference's first price.
pub const DEFAULT_REGISTRATION_PRICE: Rao = Rao(Rao::PER_TAO / 10);

/// Conditions of a change besides the subnet's values.
#[derive(Clone, Copy, Debug)]
pub struct Conditions {
    /// Number of seats taken.
    pub taken: u16,
    /// The current block.
    pub now: u32,
    /// True if the admin makes the change.
    pub is_admin: bool,
    /// True if subnets may choose Bittensor's split.
    pub bittensor_split: bool,
}

/// Sets `value`. `choose` returns the default parameters and the code hash of a kernel that may be
/// chosen.
///
/// After an error neither `values` nor `price` may be stored. A registration price counts at once.
///
/// # Errors
/// `OutOfBounds`, `SplitNotAllowed`, `NotYuma`, `IsYuma`, `SetByAdmin`, or the error of `choose`.
pub fn set(
    values: &mut Values,
    price: &mut Price,
    conditions: Conditions,
    value: Hyperparameter,
    choose: impl FnOnce(AccountId) -> Result<(KernelParams, Digest), RegistryError>,
) -> Result<(), RegistryError> {
    let parameter = value.parameter();
    match value {
        Hyperparameter::Kernel(kernel) => {
            let (defaults, code) = choose(kernel)?;
            values.kernel = kernel;
            values.kernel_code = code;
            if !values.params.is_like(&defaults) {
                values.params = defaults;
            }
        }
        Hyperparameter::OtherParams(bytes) => match values.params {
            KernelParams::Other(_) => values.params = checked(KernelParams::Other(bytes))?,
            KernelParams::Yuma(_) => return Err(RegistryError::IsYuma),
        },
        Hyperparameter::Yuma(params) => {
            let KernelParams::Yuma(before) = &values.params else {
                return Err(RegistryError::NotYuma);
            };
            if !conditions.is_admin && differs_for_admin(before, &params) {
                return Err(RegistryError::SetByAdmin);
            }
            values.params = checked(KernelParams::Yuma(params))?;
        }
        Hyperparameter::RegistrationPrice(rao) => {
            let bounds = bounds::of(parameter, values, conditions.taken);
            bounds::within(parameter.into(), rao.0, bounds)?;
            *price = price.set(rao, conditions.now);
        }
        Hyperparameter::Split(SplitPreset::Bittensor) if !conditions.bittensor_split => {
            return Err(RegistryError::SplitNotAllowed);
        }
        value => {
            fields::write(values, &value)?;
            // No bound depends on the value that it bounds, so the check may follow the change.
            if parameter.is_of_yuma() {
                bounds::check_params(&values.params)?;
            } else if let Some(number) = fields::read(values, Rao::ZERO, parameter) {
                let bounds = bounds::of(parameter, values, conditions.taken);
                bounds::within(parameter.into(), number, bounds)?;
            }
            // A neuron stays for at least one epoch.
            values.immunity_period = values.immunity_period.max(values.tempo);
        }
    }
    Ok(())
}

/// Returns true if a parameter that only the admin sets is not the same.
fn differs_for_admin(before: &YumaParams, after: &YumaParams) -> bool {
    Parameter::ALL.iter().any(|parameter| {
        parameter.setter() == Setter::Admin
            && fields::read_yuma(before, *parameter) != fields::read_yuma(after, *parameter)
    })
}

fn checked(params: KernelParams) -> Result<KernelParams, RegistryError> {
    bounds::check_params(&params)?;
    Ok(params)
}

#[cfg(test)]
mod tests;
