//! The view of all hyperparameters that are numbers, with bounds, setter, and next change.

use super::{bounds, change_limits, fields, settings::Settings};
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
}

/// Returns all parameters that are numbers, in order. `cooled_at` returns the block from which the
/// owner may change a parameter.
pub fn all(
    settings: &Settings,
    facts: Facts,
    cooled_at: impl Fn(Parameter) -> u32,
) -> Vec<HyperparameterView> {
    let latest = settings.latest();
    let mut views = Vec::with_capacity(Parameter::ALL.len());
    for parameter in Parameter::ALL.iter().copied() {
        let read = |values| fields::read(values, facts.registration_price, parameter);
        let next = read(latest);
        // A number of another kernel has no value before the next epoch, or none from then on.
        let (Some(value), Some(unit)) = (read(&settings.present).or(next), parameter.unit()) else {
            continue;
        };
        let (min, max) = bounds::of(parameter, latest, facts.taken);
        let setter = parameter.setter();
        let changes_from = match setter {
            Setter::Owner => cooled_at(change_limits::cooled(parameter)).max(facts.now),
            Setter::Admin => facts.now,
        };
        views.push(HyperparameterView {
            parameter,
            value,
            next: next.filter(|next| *next != value),
            min,
            max,
            unit,
            setter,
            changes_from,
        });
    }
    views
}
