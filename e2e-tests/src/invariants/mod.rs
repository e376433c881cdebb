//! The invariants of the protocol, by number. Each is exact, or states its slack and the reason.

mod money;
mod stake;

pub use money::Audit;

use crate::{accounts::TREASURY, curve, observer::History, Network};
use inktensor_primitives::{NetUid, Rao};

impl Network {
    /// Checks every invariant of the protocol against the current state.
    pub fn assert_invariants(&self) {
        self.assert_invariants_on(|_| true);
    }

    /// Checks the invariants that may have been broken since the last complete check.
    ///
    /// All others depend on storage that has not changed.
    pub(crate) fn check_invariants(&mut self) {
        let now = (self.block(), self.storage_roots());
        match &self.checked {
            None => self.assert_invariants(),
            Some((block, roots)) => self.assert_invariants_on(|part| match part {
                "block" => *block != now.0,
                contract => roots.get(contract) != now.1.get(contract),
            }),
        }
        self.checked = Some(now);
    }

    /// Checks the invariants that depend on a part that has changed: the "block", or the storage of
    /// a contract, by its name.
    pub fn assert_invariants_on(&self, has_changed: impl Fn(&str) -> bool) {
        let audit = self.audit();
        let any = |names: &[&str]| names.iter().any(|name| has_changed(name));
        if any(&["token"]) {
            audit.assert_supply();
        }
        if any(&["token", "registry"]) {
            audit.assert_held();
        }
        if any(&["token", "treasury", "governance"]) {
            audit.assert_governing();
        }
        if any(&["token", "staking"]) {
            audit.assert_owed();
        }
        if any(&["staking"]) {
            audit.assert_stake();
        }
        if any(&["token", "epoch"]) {
            audit.assert_collateral();
        }
        if any(&["epoch", "registry", "staking"]) {
            for (netuid, history) in &self.observer.subnets {
                audit.assert_history(*netuid, history);
                self.assert_closed(*netuid, history);
            }
        }
        if any(&["emission", "registry"]) {
            audit.assert_owed_pay();
        }
        if any(&["token", "emission", "block"]) {
            self.assert_issuance();
        }
    }

    /// Checks invariant 4: the inputs of the closed epoch never change.
    fn assert_closed(&self, netuid: NetUid, history: &History) {
        let Some(closed) = &history.closed else {
            return;
        };
        assert_eq!(self.header(netuid).as_ref(), Some(&closed.header));
        for (chunk, inputs) in (0..).zip(&closed.inputs) {
            assert_eq!(
                self.chunk_inputs(netuid, chunk).as_ref(),
                Ok(inputs),
                "{netuid:?}, chunk {chunk} of epoch {}",
                closed.header.epoch
            );
        }
    }

    /// Checks invariant 5: minted TAO is the issued TAO less open budgets and pending shares.
    fn assert_issuance(&self) {
        let issuance = self.issuance();
        let blocks = self.block() - issuance.block;
        let issued = if issuance.total_weight > Rao::ZERO {
            curve::issue(issuance.issued, blocks)
        } else {
            issuance.issued
        };
        assert_eq!(
            issued, self.observer.issued,
            "the closed form is the curve, block by block"
        );
        let minted = issuance.genesis.0 + issuance.minted.0;
        if self.minter() == Some(self.addresses().emission) {
            assert_eq!(
                self.total_minted(),
                u128::from(minted),
                "only emission's ledger mints"
            );
        } else {
            // A successor mints too, and no more than the cap.
            let all = u128::from(minted)..=self.cap();
            assert!(all.contains(&self.total_minted()), "a successor's TAO");
        }
        assert_eq!(issuance.genesis, self.genesis());

        let pending: u64 = self
            .observer
            .subnets
            .keys()
            .map(|netuid| self.pending(*netuid).0)
            .sum();
        let owed: u64 = self.open_budgets().map(|rao| rao.0).sum();
        let waits = issued.0 - minted - issuance.owed.0;
        // Every subnet's share is rounded down by less than a rao, and so is the accumulator.
        let slack = u64::try_from(self.observer.subnets.len()).expect("few subnets") + 1;
        assert!(
            pending + owed <= waits && waits - (pending + owed) <= slack,
            "{waits} rao are issued and neither minted nor owed: {owed} in budgets, {pending} pending"
        );
        self.audit().assert_minting();
        if self.addresses().governing.is_none() {
            assert!(self.balance(TREASURY) <= u128::from(issuance.minted.0));
        }
    }

    /// Returns the unspent part of every open budget.
    fn open_budgets(&self) -> impl Iterator<Item = Rao> + '_ {
        self.observer
            .subnets
            .iter()
            .flat_map(move |(netuid, history)| {
                history.epochs.keys().filter_map(move |epoch| {
                    let budget = self.budget(*netuid, *epoch)?;
                    Some(budget.unspent().expect("no more is paid than there was"))
                })
            })
    }
}
