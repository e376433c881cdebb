//! A wrapper that adds up the cost of transactions, by contract and message.

use super::{Chain, ChainError, ChainRead, Cost, Receipt};
use crate::{forward_deploys, forward_reads};
use inktensor_primitives::AccountId;
use std::collections::BTreeMap;

/// A chain that records the cost of every message sent through it.
pub struct Meter<C> {
    chain: C,
    bills: BTreeMap<(AccountId, [u8; 4]), Bill>,
}

/// The cost of all transactions of one message of one contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Number of transactions.
    pub calls: u64,
    /// Sum of their costs.
    pub total: Cost,
    /// Largest value of each cost. The values need not be of one transaction.
    pub largest: Cost,
}

impl Bill {
    /// Adds the transactions of `other`.
    pub fn add_all(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.total = self.total.and(other.total);
        self.largest = larger(&self.largest, &other.largest);
    }

    /// Adds a transaction with this cost.
    pub fn add(&mut self, cost: &Cost) {
        self.add_all(&Self {
            calls: 1,
            total: *cost,
            largest: *cost,
        });
    }
}

/// Returns the larger value of each kind of two costs.
fn larger(a: &Cost, b: &Cost) -> Cost {
    Cost {
        ref_time: a.ref_time.max(b.ref_time),
        proof_size: a.proof_size.max(b.proof_size),
        deposit: a.deposit.max(b.deposit),
        fee: a.fee.max(b.fee),
    }
}

impl<C> Meter<C> {
    /// Records costs on `chain` from now on.
    pub const fn new(chain: C) -> Self {
        Self {
            chain,
            bills: BTreeMap::new(),
        }
    }

    /// Returns the wrapped chain.
    pub fn inner(&mut self) -> &mut C {
        &mut self.chain
    }

    /// Returns the costs by contract and selector.
    pub fn bills(&self) -> impl Iterator<Item = (AccountId, [u8; 4], Bill)> + '_ {
        self.bills
            .iter()
            .map(|((contract, selector), bill)| (*contract, *selector, *bill))
    }
}

impl<C: Chain> ChainRead for Meter<C> {
    forward_reads!(self => self.chain);
}

impl<C: Chain> Chain for Meter<C> {
    forward_deploys!(self => self.chain);

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let receipt = self.chain.submit(signer, to, input)?;
        if let Some(selector) = input.first_chunk() {
            let bill = self.bills.entry((to, *selector)).or_default();
            bill.add(&receipt.cost);
        }
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_adds_up_and_remembers_the_largest() {
        let mut bill = Bill::default();
        let cost = |ref_time, deposit| Cost {
            ref_time,
            proof_size: 10,
            deposit,
            fee: 1,
        };
        bill.add(&cost(5, 7));
        bill.add(&cost(3, -9));
        assert_eq!(bill.calls, 2);
        assert_eq!((bill.total.ref_time, bill.largest.ref_time), (8, 5));
        assert_eq!((bill.total.deposit, bill.largest.deposit), (-2, 7));
        assert_eq!((bill.total.fee, bill.largest.fee), (2, 1));
    }
}
