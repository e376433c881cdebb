//! The outcome of an epoch in the form of `expected`, and the differences between two outcomes.

use super::form::Row;
use crate::epoch::Trace;
use inktensor_primitives::kernel::NeuronResult;
use inktensor_yuma::memory::Memory;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The outcome of an epoch: one value per neuron, in order of uid, and the new bonds. Shares are
/// parts of 65535, emission is in rao.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// True if the neuron updated weights within the activity cutoff.
    pub active: Vec<bool>,
    /// Bonds of the new roster, without zeros and empty rows.
    pub bonds: Vec<Row>,
    /// Weight that the stake's majority agrees on.
    pub consensus: Vec<u16>,
    /// Share of all validators' rewards.
    pub dividends: Vec<u16>,
    /// Sum of both rewards.
    pub emission: Vec<u64>,
    /// Share of all miners' rewards.
    pub incentive: Vec<u16>,
    /// True if the neuron holds a permit for the next epoch.
    pub new_validator_permit: Vec<bool>,
    /// Reward as miner.
    pub server_emission: Vec<u64>,
    /// Share of the subnet's stake.
    pub stake_weight: Vec<u16>,
    /// Reward as validator.
    pub validator_emission: Vec<u64>,
    /// Part of the neuron's weights that consensus leaves.
    pub validator_trust: Vec<u16>,
}

/// The memory of a chunk is not in the Yuma kernel's form: another kernel computed the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the kernel's memory is not in the form of the Yuma kernel")]
pub struct UnreadableMemory;

impl Outcome {
    /// Returns the outcome of a computed epoch.
    ///
    /// # Errors
    /// If the kernel's memory is in another form than the Yuma kernel's.
    pub fn of(trace: &Trace) -> Result<Self, UnreadableMemory> {
        fn each<T>(trace: &Trace, value: impl Fn(&NeuronResult) -> T) -> Vec<T> {
            trace.neurons().map(value).collect()
        }
        Ok(Self {
            active: each(trace, |neuron| neuron.active),
            bonds: bonds(trace)?,
            consensus: each(trace, |neuron| neuron.consensus),
            dividends: each(trace, |neuron| neuron.dividends),
            emission: each(trace, |neuron| neuron.emission.0),
            incentive: each(trace, |neuron| neuron.incentive),
            new_validator_permit: each(trace, |neuron| neuron.permit),
            server_emission: each(trace, |neuron| neuron.miner.0),
            stake_weight: each(trace, |neuron| neuron.stake_weight),
            validator_emission: each(trace, |neuron| neuron.validator.0),
            validator_trust: each(trace, |neuron| neuron.validator_trust),
        })
    }

    /// Returns every place at which `found` differs from this outcome, by field and uid.
    pub fn mismatches(&self, found: &Outcome) -> Vec<Mismatch> {
        let mut all = Vec::new();
        column(&mut all, "active", &self.active, &found.active);
        cells(&mut all, &self.bonds, &found.bonds);
        column(&mut all, "consensus", &self.consensus, &found.consensus);
        column(&mut all, "dividends", &self.dividends, &found.dividends);
        column(&mut all, "emission", &self.emission, &found.emission);
        column(&mut all, "incentive", &self.incentive, &found.incentive);
        column(
            &mut all,
            "new_validator_permit",
            &self.new_validator_permit,
            &found.new_validator_permit,
        );
        column(
            &mut all,
            "server_emission",
            &self.server_emission,
            &found.server_emission,
        );
        column(
            &mut all,
            "stake_weight",
            &self.stake_weight,
            &found.stake_weight,
        );
        column(
            &mut all,
            "validator_emission",
            &self.validator_emission,
            &found.validator_emission,
        );
        column(
            &mut all,
            "validator_trust",
            &self.validator_trust,
            &found.validator_trust,
        );
        all
    }
}

/// A place at which two outcomes differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Field and uid; for bonds the uids of validator and neuron.
    pub place: String,
    /// Expected value.
    pub expected: String,
    /// Found value.
    pub found: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {}, found {}",
            self.place, self.expected, self.found
        )
    }
}

fn column<T: PartialEq + ToString>(
    all: &mut Vec<Mismatch>,
    field: &str,
    expected: &[T],
    found: &[T],
) {
    let shown = |value: Option<&T>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    for uid in 0..expected.len().max(found.len()) {
        let (expected, found) = (expected.get(uid), found.get(uid));
        if expected != found {
            let place = format!("{field}[{uid}]");
            all.push(Mismatch {
                place,
                expected: shown(expected),
                found: shown(found),
            });
        }
    }
}

/// Compares bonds cell by cell; absent and zero are the same.
fn cells(all: &mut Vec<Mismatch>, expected: &[Row], found: &[Row]) {
    let mut both: BTreeMap<(u16, u16), (u16, u16)> = BTreeMap::new();
    let entries = |rows: &[Row]| {
        let entries = rows
            .iter()
            .flat_map(|(uid, row)| row.iter().map(|(column, bond)| ((*uid, *column), *bond)));
        entries.collect::<Vec<_>>()
    };
    for (cell, bond) in entries(expected) {
        both.entry(cell).or_default().0 = bond;
    }
    for (cell, bond) in entries(found) {
        both.entry(cell).or_default().1 = bond;
    }
    for ((uid, column), (expected, found)) in both {
        if expected != found {
            let place = format!("bonds[{uid}][{column}]");
            all.push(Mismatch {
                place,
                expected: expected.to_string(),
                found: found.to_string(),
            });
        }
    }
}

/// Returns the rows in the memories of all chunks, ascending.
fn bonds(trace: &Trace) -> Result<Vec<Row>, UnreadableMemory> {
    let mut rows: BTreeMap<u16, Vec<(u16, u16)>> = BTreeMap::new();
    for bytes in &trace.memory {
        let memory = Memory::read(bytes).ok_or(UnreadableMemory)?;
        let start = memory.start().0;
        for (uid, bonds) in memory.rows() {
            let entries = (start..).zip(bonds).filter(|(_, bond)| *bond != 0);
            rows.entry(uid.0).or_default().extend(entries);
        }
    }
    Ok(rows
        .into_iter()
        .filter(|(_, row)| !row.is_empty())
        .collect())
}
