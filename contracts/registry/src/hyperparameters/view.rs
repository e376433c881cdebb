//! The view of all hyperparameters that are numbers, with bounds, setter, and next change.

use super::{
    bounds,
    change_limits::{self, Clock},
    fields,
    settings::Settings,
};
use ink::prelude::vec::Vec;
use inktensor_primitives::{
    registry::{HyperparameterView, Parameter, Setter},
    Rao,
};

/// Facts for the view besides the settings.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Number of seats taken.
    pub taken: u16,
    /// Price of the next registration.
    pub registration_price: Rao,
    /// The current block.
    pub now: u32,
    /// The open epoch.
    pub clock: Clock,
}

/// Returns all parameters that are numbers, in order. `changed` returns the block of a parameter's
/// last change.
pub fn all(
    settings: &Settings,
    facts: Facts,
    changed: impl Fn(Parameter) -> Option<u32>,
) -> Vec<HyperparameterView> {
    let frozen_until = facts.clock.frozen_until(facts.now).unwrap_or(facts.now);
    let mut views = Vec::with_capacity(Parameter::ALL.len());
    for parameter in Parameter::ALL.iter().copied() {
        let value = fields::read(settings, facts.registration_price, parameter);
        let (Some(value), Some(unit)) = (value, parameter.unit()) else {
            continue;
        };
        let (min, max) = bounds::of(parameter, settings, facts.taken);
        let setter = parameter.setter();
        let cooled_at = match setter {
            Setter::Owner => facts
                .clock
                .cooled_at(changed(change_limits::cooled(parameter))),
            Setter::Admin => 0,
        };
        views.push(HyperparameterView {
            parameter,
            value,
            min,
            max,
            unit,
            setter,
            changes_from: frozen_until.max(cooled_at),
        });
    }
    views
}
