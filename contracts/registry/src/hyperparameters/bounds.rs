//! Bounds of values, and their checks.
//!
//! Bounds protect the network from a subnet: from a size that storage, buffers or a step could not
//! handle, and from a ratio for which the kernel's arithmetic is not made. They protect neurons
//! from an owner: a neuron stays for at least one epoch, and few can register in one block. Within
//! them the owner is free.

use super::{fields, settings::Values};
use ink::prelude::string::String;
use inktensor_primitives::{
    kernel::{YumaParams, MAX_PARAMS},
    registry::{BoundedField, KernelParams, Parameter, RegistryError, MAX_NAME},
};

/// Returns the least and the largest value of a parameter on a subnet with these values, of which
/// `taken` seats are taken. Returns zeros if the parameter is not a number.
pub fn of(parameter: Parameter, values: &Values, taken: u16) -> (u64, u64) {
    let (min, max) = parameter.bounds();
    let registration = &values.terms.registration;
    match (parameter, &values.params) {
        (Parameter::MaxUids, _) => (min.max(taken.into()), max),
        (Parameter::ImmunityPeriod, _) => (min.max(values.tempo.into()), max),
        (Parameter::RegistrationPrice, _) => (registration.min_burn.0, registration.max_burn.0),
        (Parameter::MinBurn, _) => (min, max.min(registration.max_burn.0)),
        (Parameter::MaxBurn, _) => (min.max(registration.min_burn.0), max),
        (_, KernelParams::Yuma(params)) => of_yuma(parameter, params),
        (_, KernelParams::Other(_)) => (min, max),
    }
}

/// Returns the bounds of a parameter beside these parameters of Yuma.
fn of_yuma(parameter: Parameter, params: &YumaParams) -> (u64, u64) {
    match (parameter, parameter.bounds()) {
        (Parameter::AlphaLow, (min, _)) => (min, params.alpha_high.into()),
        (_, bounds) => bounds,
    }
}

/// Checks that `value` of `field` is within `min ..= max`.
///
/// # Errors
/// `OutOfBounds`.
pub fn within(
    field: BoundedField,
    value: u64,
    (min, max): (u64, u64),
) -> Result<(), RegistryError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(RegistryError::OutOfBounds {
            field,
            value,
            min,
            max,
        })
    }
}

/// Checks that `field` has at most `most` items.
///
/// # Errors
/// `OutOfBounds`.
pub fn at_most(field: BoundedField, items: usize, most: usize) -> Result<(), RegistryError> {
    let wide = |count| u64::try_from(count).unwrap_or(u64::MAX);
    within(field, wide(items), (0, wide(most)))
}

/// Checks a parameter of a subnet without neurons.
///
/// # Errors
/// `OutOfBounds`.
pub fn initial(parameter: Parameter, value: u64) -> Result<(), RegistryError> {
    within(parameter.into(), value, parameter.bounds())
}

/// Passes a subnet's name of 1 to `MAX_NAME` bytes.
///
/// # Errors
/// `BadName`.
pub fn name(name: String) -> Result<String, RegistryError> {
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(RegistryError::BadName);
    }
    Ok(name)
}

/// Checks the parameters of a kernel.
///
/// # Errors
/// `OutOfBounds`.
pub fn check_params(params: &KernelParams) -> Result<(), RegistryError> {
    match params {
        KernelParams::Yuma(params) => check_yuma(params),
        KernelParams::Other(bytes) => {
            at_most(Parameter::OtherParams.into(), bytes.len(), MAX_PARAMS)
        }
    }
}

/// Checks all parameters of the Yuma kernel. A negative steepness is reported as two's complement,
/// which is above the largest value.
fn check_yuma(params: &YumaParams) -> Result<(), RegistryError> {
    for parameter in Parameter::ALL {
        // The larger of the pair bounds the smaller one, so it is checked first.
        let parameter = match parameter {
            Parameter::AlphaLow => Parameter::AlphaHigh,
            Parameter::AlphaHigh => Parameter::AlphaLow,
            other => *other,
        };
        if let Some(value) = fields::read_yuma(params, parameter) {
            within(parameter.into(), value, of_yuma(parameter, params))?;
        }
    }
    Ok(())
}
