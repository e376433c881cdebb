//! The invariants of the protocol, by number. Each is exact, or says by how much it may be off and
//! why.

use crate::{accounts::TREASURY, book::History, curve, Network};
use inktensor_primitives::{NetUid, Rao};

impl Network {
    /// Checks every invariant of the protocol against the chain as it is now.
    pub fn assert_invariants(&self) {
        self.assert_invariants_on(|_| true);
    }

    /// Checks the invariants that depend on anything that has changed: on the storage of a
    /// contract, by its name, or on the "block". The others hold as they did before.
    pub fn assert_invariants_on(&self, has_changed: impl Fn(&str) -> bool) {
        let audit = self.audit();
        let any = |names: &[&str]| names.iter().any(|name| has_changed(name));
        if any(&["token"]) {
            audit.assert_supply();
        }
        if any(&["token", "registry"]) {
            audit.assert_held();
        }
        if any(&["token", "staking"]) {
            audit.assert_owed();
        }
        if any(&["staking"]) {
            audit.assert_stake();
        }
        if any(&["token", "epoch"]) {
            audit.assert_bonds();
        }
        if any(&["epoch", "registry", "staking"]) {
            for (netuid, history) in &self.book.subnets {
                audit.assert_history(*netuid, history);
                self.assert_frozen(*netuid, history);
            }
        }
        if any(&["token", "emission", "block"]) {
            self.assert_issuance();
        }
    }

    /// Invariant 4: What the last close froze reads as it did then.
    fn assert_frozen(&self, netuid: NetUid, history: &History) {
        let Some(frozen) = &history.frozen else {
            return;
        };
        assert_eq!(self.header(netuid).as_ref(), Some(&frozen.header));
        for (chunk, inputs) in (0..).zip(&frozen.inputs) {
            assert_eq!(
                self.chunk_inputs(netuid, chunk).as_ref(),
                Ok(inputs),
                "{netuid:?}, chunk {chunk} of epoch {}",
                frozen.header.epoch
            );
        }
    }

    /// Invariant 5: What is minted is what the curve has issued, less what waits in budgets and
    /// shares.
    fn assert_issuance(&self) {
        let issuance = self.issuance();
        let blocks = self.block() - issuance.block;
        let issued = if issuance.total_weight > Rao::ZERO {
            curve::issue(issuance.issued, blocks)
        } else {
            issuance.issued
        };
        assert_eq!(
            issued, self.book.issued,
            "the closed form is the curve, block by block"
        );
        let minted = issuance.genesis.0 + issuance.minted.0;
        assert_eq!(
            self.total_minted(),
            u128::from(minted),
            "only emission's ledger mints"
        );
        assert_eq!(issuance.genesis, self.genesis());

        let pending: u64 = self
            .book
            .subnets
            .keys()
            .map(|netuid| self.pending(*netuid).0)
            .sum();
        let owed: u64 = self.open_budgets().map(|rao| rao.0).sum();
        let waits = issued.0 - minted;
        // Every subnet's share is rounded down by less than a rao, and so is the accumulator.
        let slack = u64::try_from(self.book.subnets.len()).expect("few subnets") + 1;
        assert!(
            pending + owed <= waits && waits - (pending + owed) <= slack,
            "{waits} rao are issued and not minted: {owed} in budgets, {pending} pending"
        );
        assert_eq!(
            issuance.minted, self.book.paid_out,
            "what is minted went to neurons, owners, the reserve and those who run the epochs"
        );
        assert!(self.balance(TREASURY) <= u128::from(issuance.minted.0));
    }

    /// What every epoch's budget still has to pay.
    fn open_budgets(&self) -> impl Iterator<Item = Rao> + '_ {
        self.book.subnets.iter().flat_map(move |(netuid, history)| {
            history.epochs.keys().filter_map(move |epoch| {
                let budget = self.budget(*netuid, *epoch)?;
                Some(budget.unspent().expect("no more is paid than there was"))
            })
        })
    }
}
