//! Costs of messages with the weights of several versions of the pallet.

use super::{fits_block, Network};
use inktensor_client::chain::Bill;
use inktensor_devnet::weights::{Accesses, Weights};
use inktensor_primitives::AccountId;
use std::mem;

/// The costs of messages, with all weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// With the weights of pallet-contracts 31.
    pub v31: Bill,
    /// With the weights of pallet-contracts 38.
    pub v38: Bill,
    /// Accesses to storage, and calls.
    accesses: Bill,
}

impl Costs {
    /// Returns the accesses of the message that has the most of each kind.
    pub const fn accesses(&self) -> Accesses {
        Accesses::of(&self.accesses.largest)
    }

    /// Returns true if a block has room for each of the messages, with either weights.
    pub fn fit_block(&self) -> bool {
        fits_block(&self.v31.largest) && fits_block(&self.v38.largest)
    }

    /// Adds the messages of `other`.
    pub fn add(&mut self, other: &Self) {
        self.v31.add_all(&other.v31);
        self.v38.add_all(&other.v38);
        self.accesses.add_all(&other.accesses);
    }
}

impl Network {
    /// Runs `act`. Returns the costs of its typed calls with all weights too. Each call is tried
    /// with every weights before it is made.
    pub fn weighed<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> (T, Costs) {
        let before = self.costs.replace(Costs::default());
        let result = act(self);
        let costs = mem::replace(&mut self.costs, before);
        (result, costs.unwrap_or_default())
    }

    /// Returns the costs of a message with all weights. The message changes nothing.
    ///
    /// # Panics
    /// If the contract gives no answer.
    pub fn costs_of(&self, who: AccountId, to: AccountId, input: &[u8]) -> Costs {
        let mut costs = Costs::default();
        for (weights, bill) in [
            (Weights::V31, &mut costs.v31),
            (Weights::V38, &mut costs.v38),
            (Weights::Accesses, &mut costs.accesses),
        ] {
            match self.chain.cost_with(weights, who, to, input) {
                Ok(cost) => bill.add(&cost),
                Err(error) => panic!("{error}"),
            }
        }
        costs
    }

    /// Adds the costs of a message that is about to be sent, while `weighed` runs.
    pub(crate) fn weigh(&mut self, who: AccountId, to: AccountId, input: &[u8]) {
        if let Some(mut costs) = self.costs {
            costs.add(&self.costs_of(who, to, input));
            self.costs = Some(costs);
        }
    }
}
