//! A network from a recorded metagraph in the form of the vectors.

use super::{Behaviour, KernelPlan, NeuronPlan, Nomination, Scenario, SubnetPlan, LEAST_STAKED};
use inktensor_client::ss58::parse_address;
use inktensor_compute::vectors::Vector;
use inktensor_devnet::account;
use inktensor_primitives::{AccountId, Rao, MAX_VALIDATORS};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Largest sum of TAO in a recorded network: the cap, without what its epochs are to issue.
const MOST: u128 = (Rao::CAP.0 - 1_000_000 * Rao::PER_TAO) as u128;
/// Number of largest validators that get a nominator.
const NOMINATED: usize = 5;
/// Divisor of a nominated validator's stake that is its nominator's: a third.
const NOMINATED_PART: u64 = 3;

/// An error of a recorded metagraph.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MetagraphError {
    /// There are no neurons.
    #[error("input.neurons: the list is empty; at least one neuron is needed")]
    NoNeurons,
    /// An address is malformed.
    #[error("input.neurons[{uid}].{field}: {address} is not an SS58 address")]
    BadAddress {
        /// Uid of the neuron.
        uid: usize,
        /// Name of the field.
        field: &'static str,
        /// The malformed address.
        address: String,
    },
    /// A hotkey occurs twice.
    #[error("input.neurons[{0}].hotkey: another neuron has the same")]
    DuplicateHotkey(usize),
}

impl Scenario {
    /// Creates the recorded metagraph as subnet 1, and a generated subnet 2 beside it.
    ///
    /// Its neurons register in order of uid and stake what they had, and those with a permit set
    /// their recorded weights. A missing address is made up. [`Scenario::notes`] lists what is left
    /// out.
    ///
    /// # Errors
    /// See [`MetagraphError`].
    pub fn from_metagraph(vector: &Vector, seed: u64) -> Result<Self, MetagraphError> {
        let input = &vector.input;
        if input.neurons.is_empty() {
            return Err(MetagraphError::NoNeurons);
        }
        let mut notes = Vec::new();
        let stakes = fitting(input.neurons.iter().map(|neuron| neuron.stake), &mut notes);
        let rows: BTreeMap<u16, &Vec<(u16, u16)>> =
            input.weights.iter().map(|(uid, row)| (*uid, row)).collect();
        let mut hotkeys = BTreeSet::new();
        let mut neurons = Vec::new();
        for ((uid, neuron), stake) in input.neurons.iter().enumerate().zip(stakes) {
            let hotkey = address(uid, "hotkey", neuron.hotkey.as_deref())?;
            if !hotkeys.insert(hotkey) {
                return Err(MetagraphError::DuplicateHotkey(uid));
            }
            let place = u16::try_from(uid).unwrap_or(u16::MAX);
            neurons.push(NeuronPlan {
                hotkey,
                coldkey: address(uid, "coldkey", neuron.coldkey.as_deref())?,
                stake,
                take: None,
                role: Behaviour::Recorded {
                    weights: rows.get(&place).map(|row| nonzero(row)).unwrap_or_default(),
                },
            });
        }
        if !input.bonds.is_empty() {
            notes.push(format!(
                "its {} rows of bonds were left behind: bonds grow from the weights set here",
                input.bonds.len()
            ));
        }
        notes.push("permits are given by stake, from its second epoch on".into());
        let asked = input.params.max_allowed_validators;
        if asked > MAX_VALIDATORS {
            notes.push(format!("permits: {MAX_VALIDATORS} instead of {asked}"));
        }
        let owner_neuron = input
            .params
            .owner_uid
            .and_then(|uid| neurons.get(usize::from(uid)));
        let (owner, owner_hotkey) = match owner_neuron {
            Some(neuron) => (neuron.coldkey, neuron.hotkey),
            None => (account("owner"), account("owner's hotkey")),
        };
        let nominations = nominate(&mut neurons);
        let mut companion = Self::companion(seed);
        companion.name = "companion".into();
        Ok(Self {
            seed,
            subnets: vec![
                SubnetPlan {
                    name: name(vector),
                    owner,
                    owner_hotkey,
                    tempo: input.params.tempo.clamp(1, 50_400),
                    max_validators: asked.clamp(1, MAX_VALIDATORS),
                    kernel: KernelPlan::Yuma(input.kernel_params()),
                    neurons,
                    nominations,
                },
                companion,
            ],
            notes,
        })
    }
}

/// Returns the recorded name, as far as the registry accepts it.
fn name(vector: &Vector) -> String {
    let mut name = vector.name.clone().unwrap_or_default();
    while name.len() > inktensor_primitives::registry::MAX_NAME {
        name.pop();
    }
    if name.is_empty() {
        name.push_str("recorded");
    }
    name
}

fn address(
    uid: usize,
    field: &'static str,
    recorded: Option<&str>,
) -> Result<AccountId, MetagraphError> {
    match recorded {
        None => Ok(account(&format!("recorded {field} {uid}"))),
        Some(text) => parse_address(text).map_err(|_| MetagraphError::BadAddress {
            uid,
            field,
            address: text.into(),
        }),
    }
}

/// Returns the stakes, scaled down together if they are above the largest sum, and without those
/// too small to be staked.
fn fitting(stakes: impl Iterator<Item = u64> + Clone, notes: &mut Vec<String>) -> Vec<Rao> {
    let total: u128 = stakes.clone().map(u128::from).sum();
    if total > MOST {
        let tao = |rao: u128| rao / u128::from(Rao::PER_TAO);
        let (had, fits) = (tao(total), tao(MOST));
        notes.push(format!(
            "stakes were scaled down: {had} TAO in all, and {fits} TAO fit"
        ));
    }
    let mut dropped = 0u32;
    let fitted = stakes.map(|stake| {
        let scaled = match total > MOST {
            true => u64::try_from(u128::from(stake) * MOST / total).unwrap_or(u64::MAX),
            false => stake,
        };
        if scaled > 0 && Rao(scaled) < LEAST_STAKED {
            dropped += 1;
        }
        Some(Rao(scaled))
            .filter(|stake| *stake >= LEAST_STAKED)
            .unwrap_or_default()
    });
    let fitted = fitted.collect();
    if dropped > 0 {
        notes.push(format!(
            "{dropped} stakes below the least that can be staked were left out"
        ));
    }
    fitted
}

fn nonzero(row: &[(u16, u16)]) -> Vec<(u16, u16)> {
    row.iter()
        .copied()
        .filter(|(_, weight)| *weight > 0)
        .collect()
}

/// Moves a part of the largest validators' stake to nominators. The sum stays the same.
fn nominate(neurons: &mut [NeuronPlan]) -> Vec<Nomination> {
    let mut ranked: Vec<(u16, Rao)> = (0..)
        .zip(neurons.iter())
        .filter(
            |(_, neuron)| matches!(&neuron.role, Behaviour::Recorded { weights } if !weights.is_empty()),
        )
        .map(|(uid, neuron)| (uid, neuron.stake))
        .collect();
    ranked.sort_by_key(|(uid, stake)| (std::cmp::Reverse(*stake), *uid));
    let mut nominations = Vec::new();
    for (uid, stake) in ranked.into_iter().take(NOMINATED) {
        let amount = Rao(stake.0 / NOMINATED_PART);
        if amount < LEAST_STAKED {
            continue;
        }
        if let Some(neuron) = neurons.get_mut(usize::from(uid)) {
            neuron.stake = Rao(stake.0.saturating_sub(amount.0));
            nominations.push(Nomination {
                coldkey: account(&format!("recorded nominator {uid}")),
                uid,
                amount,
                joins: 0,
                leaves: None,
            });
        }
    }
    nominations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(stakes: &[u64]) -> Vector {
        let neuron = |stake: &u64| {
            serde_json::json!({
                "stake": stake, "last_update": 5, "registered_at": 1, "validator_permit": true,
            })
        };
        let neurons: Vec<_> = stakes.iter().map(neuron).collect();
        serde_json::from_value(serde_json::json!({
            "name": "small",
            "input": {
                "params": {
                    "activity_cutoff": 5000, "alpha_high": 58982, "alpha_low": 45875,
                    "alpha_sigmoid_steepness": 1000, "bonds_moving_average": 900000,
                    "bonds_penalty": 65535, "commit_reveal": false, "current_block": 900,
                    "kappa": 32767, "last_mechanism_step_block": 800, "liquid_alpha": false,
                    "max_allowed_validators": 200, "min_stake": 0, "owner_uid": 1,
                    "rao_emission": 1000, "tempo": 99, "yuma3": true,
                },
                "neurons": neurons,
                "weights": [[0, [[1, 65535], [2, 0]]]],
                "bonds": [[0, [[1, 5]]]],
            },
        }))
        .expect("a vector")
    }

    #[test]
    fn a_recorded_metagraph_keeps_stakes_weights_and_owner() {
        let scenario = Scenario::from_metagraph(&vector(&[9_000_000, 5_000_000_000, 0]), 1)
            .expect("a scenario");
        let subnet = &scenario.subnets[0];
        assert_eq!(subnet.name, "small");
        assert_eq!(subnet.owner_hotkey, subnet.neurons[1].hotkey);
        assert_eq!(subnet.max_validators, MAX_VALIDATORS);
        assert_eq!(subnet.neurons[1].stake, Rao(5_000_000_000));
        let weights = vec![(1, 65535)];
        assert_eq!(subnet.neurons[0].role, Behaviour::Recorded { weights });
        let nominated: u64 = subnet.nominations.iter().map(|n| n.amount.0).sum();
        assert_eq!(subnet.neurons[0].stake.0 + nominated, 9_000_000);
        assert!(scenario.notes.iter().any(|note| note.contains("bonds")));
    }

    #[test]
    fn more_stake_than_there_can_be_is_scaled_down_and_said() {
        let scenario = Scenario::from_metagraph(&vector(&[u64::MAX, u64::MAX / 2, 1_000]), 1)
            .expect("a scenario");
        let neurons = &scenario.subnets[0].neurons;
        let total: u128 = neurons.iter().map(|neuron| neuron.stake.to_u128()).sum();
        assert!(total <= MOST, "{total}");
        assert!(total > MOST / 2, "{total}");
        assert_eq!(neurons[2].stake, Rao(0));
        assert!(scenario.notes.iter().any(|note| note.contains("scaled")));
    }

    #[test]
    fn wrong_addresses_are_named() {
        let mut bad = vector(&[1, 2]);
        bad.input.neurons[1].hotkey = Some("nonsense".into());
        let error = Scenario::from_metagraph(&bad, 1).expect_err("no address");
        assert_eq!(
            error.to_string(),
            "input.neurons[1].hotkey: nonsense is not an SS58 address"
        );
        let mut twice = vector(&[1, 2]);
        let address = "5ERsGkhbNEjQeU2yWZzfdpkJGS9fDat34smG547dkwaYvpUU";
        for neuron in &mut twice.input.neurons {
            neuron.hotkey = Some(address.into());
        }
        let error = Scenario::from_metagraph(&twice, 1).expect_err("a hotkey twice");
        assert_eq!(error, MetagraphError::DuplicateHotkey(1));
    }
}
