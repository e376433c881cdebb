//! A row of weights: its arguments, and the answer of commands that send one.

use crate::{
    args::NetuidArg,
    error::Failure,
    output::{format::count, json::Address},
    values::{self, Weight},
};
use inktensor_primitives::{NetUid, Uid};
use serde::Serialize;

/// Weights for neurons of a subnet.
#[derive(clap::Args)]
pub struct Weights {
    #[command(flatten)]
    netuid: NetuidArg,
    /// The neurons that the weights are for
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = values::uid,
        required = true,
        value_name = "UID,.."
    )]
    uids: Vec<Uid>,
    /// The weight of each, as 60,40 or 0.6,0.4; only their ratio counts
    #[arg(
        long,
        value_delimiter = ',',
        value_parser = values::weight,
        required = true,
        value_name = "WEIGHT,.."
    )]
    weights: Vec<Weight>,
    /// The client's version, for subnets that require a minimum version
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        default_value = "0",
        value_name = "NUMBER"
    )]
    version_key: u64,
}

/// Weights as the chain takes them.
pub struct Row {
    /// The subnet.
    pub netuid: NetUid,
    /// The neurons that the weights are for.
    pub uids: Vec<Uid>,
    /// The weight of each.
    pub weights: Vec<u16>,
    /// The client's version.
    pub version_key: u64,
}

impl Weights {
    /// Returns the row, which has a weight for each uid, and one above 0.
    pub fn row(&self) -> Result<Row, Failure> {
        if self.uids.len() != self.weights.len() {
            return Err(Failure::input(format_args!(
                "--uids has {} entries, --weights has {}: each uid needs a weight",
                self.uids.len(),
                self.weights.len()
            )));
        }
        let weights = values::weights(&self.weights);
        if weights.iter().all(|weight| *weight == 0) {
            return Err(Failure::input(
                "all weights are 0; clear the weights with `inktensor weights clear`, or give one \
                 above 0",
            ));
        }
        Ok(Row {
            netuid: self.netuid.netuid,
            uids: self.uids.clone(),
            weights,
            version_key: self.version_key,
        })
    }
}

impl Row {
    /// Returns the number of weights, with its noun.
    pub fn count(&self) -> String {
        count(
            u32::try_from(self.weights.len()).unwrap_or(u32::MAX),
            "weight",
        )
    }

    /// Returns the uids as numbers.
    pub fn numbers(&self) -> Vec<u16> {
        self.uids.iter().map(|uid| uid.0).collect()
    }
}

/// Weights that were set, cleared or revealed.
#[derive(Serialize)]
pub struct WeightsWere {
    /// The subnet.
    pub netuid: u16,
    /// The neuron's hotkey, where it need not be the signer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hotkey: Option<Address>,
    /// The neurons that the weights are for.
    pub uids: Vec<u16>,
    /// The weight of each.
    pub weights: Vec<u16>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(weights: &[&str]) -> Result<Row, Failure> {
        let all = Weights {
            netuid: NetuidArg { netuid: NetUid(1) },
            uids: (0..2).map(Uid).collect(),
            weights: weights
                .iter()
                .map(|it| values::weight(it).unwrap())
                .collect(),
            version_key: 0,
        };
        all.row()
    }

    #[test]
    fn weights_of_zero_are_not_set() {
        assert_eq!(row(&["60", "40"]).unwrap().weights, [60, 40]);
        assert_eq!(row(&["0.5", "0.5"]).unwrap().weights, [65_535, 65_535]);
        let problem = row(&["0", "0.0"]).err().unwrap().to_string();
        assert!(problem.contains("weights clear"), "{problem}");
        let problem = row(&["1"]).err().unwrap().to_string();
        assert!(problem.contains("each uid needs a weight"), "{problem}");
    }
}
