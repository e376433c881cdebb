//! The invariants of the protocol, by number. Each is exact, or says by how much it may be off and why.

use crate::{accounts::TREASURY, book::History, curve, Network};
use inktensor_primitives::{
    assertion::{final_digest, memory_digest},
    NetUid, Rao,
};
use std::collections::BTreeMap;

impl Network {
    /// Checks every invariant of the protocol against the chain as it is now.
    pub fn assert_invariants(&self) {
        self.assert_invariants_on(|_| true);
    }

    /// Checks the invariants that depend on anything that has changed: on the storage of a contract, by its name, or on the
    /// "block". The others hold as they did before.
    pub fn assert_invariants_on(&self, has_changed: impl Fn(&str) -> bool) {
        let any = |names: &[&str]| names.iter().any(|name| has_changed(name));
        if any(&["token"]) {
            self.assert_supply();
        }
        if any(&["token", "staking"]) {
            self.assert_stake();
        }
        if any(&["token", "epoch"]) {
            self.assert_bonds();
        }
        if any(&["epoch", "registry", "staking"]) {
            for (netuid, history) in &self.book.subnets {
                self.assert_history(*netuid, history);
                self.assert_frozen(*netuid, history);
            }
        }
        if any(&["token", "emission", "block"]) {
            self.assert_issuance();
        }
    }

    /// Invariant 1: The supply is the sum of balances and below the cap.
    fn assert_supply(&self) {
        let balances: u128 = self.book.holders.iter().map(|who| self.balance(*who)).sum();
        assert_eq!(
            self.total_supply(),
            balances,
            "supply is the sum of balances"
        );
        assert!(self.total_minted() <= Rao::CAP.to_u128(), "the cap holds");
        assert_eq!(self.cap(), Rao::CAP.to_u128());
        for (name, contract) in self.addresses.named() {
            if !["staking", "epoch"].contains(&name) {
                assert_eq!(self.balance(contract), 0, "{name} keeps no TAO");
            }
        }
    }

    /// Invariant 1: The staking contract has exactly what it owes: all stake, by subnet, by pool, by position.
    fn assert_stake(&self) {
        let total = self.total_stake();
        let balance = self.balance(self.addresses.staking);
        assert_eq!(balance, total.to_u128(), "staking has what it owes");
        let by_subnet: u64 = self
            .book
            .subnets
            .keys()
            .map(|netuid| self.subnet_stake(*netuid).0)
            .sum();
        assert_eq!(total, Rao(by_subnet), "all stake is on some subnet");

        let mut pools: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        for (netuid, hotkey, coldkey) in &self.book.positions {
            let position = self.stake_of(*netuid, *hotkey, *coldkey);
            pools
                .entry((*netuid, *hotkey))
                .or_default()
                .push(position.0);
        }
        let mut by_pool = 0;
        for ((netuid, hotkey), positions) in pools {
            let pool = self.hotkey_stake(netuid, hotkey).0;
            let owed: u64 = positions.iter().sum();
            // Each position is rounded down by less than a rao.
            let slack = u64::try_from(positions.len()).expect("few positions");
            assert!(
                owed <= pool && pool - owed < slack,
                "{netuid:?} {hotkey:?}: {pool} in the pool, {owed} in {slack} positions"
            );
            by_pool += pool;
        }
        assert_eq!(total, Rao(by_pool), "all stake is in some pool");
    }

    /// Invariant 1: The epoch contract has exactly the bonds.
    fn assert_bonds(&self) {
        let total = self.total_bonds();
        let balance = self.balance(self.addresses.epoch);
        assert_eq!(balance, total.to_u128(), "epoch has the bonds");
        let mut sum = 0;
        for worker in &self.book.bonders {
            let bond = self.bond(*worker);
            sum += bond.free.0 + bond.locked.0;
        }
        assert_eq!(total, Rao(sum), "all bonds are somebody's");
    }

    /// Invariants 2 and 6: What the last final epoch left is what its assertion said, and an honest one at that.
    /// The book has checked the order of events: one assertion at a time, final once, each chunk paid once.
    fn assert_history(&self, netuid: NetUid, history: &History) {
        let status = self.status(netuid).expect("a status");
        assert_eq!(status.final_epoch, history.last_final);
        for (epoch, life) in &history.epochs {
            let Some(honest) = &life.honest else { continue };
            if let Some(assertion) = &life.assertion {
                assert_eq!(*assertion, honest.assertion, "epoch {epoch} is honest");
            }
            if let Some(digest) = life.digest {
                let due = final_digest(&life.header_hash, &honest.assertion.digest());
                assert_eq!(digest, due, "epoch {epoch} is honest");
            }
            for (chunk, paid) in &life.settled {
                let due: u64 = honest.results[usize::from(*chunk)]
                    .iter()
                    .map(|result| result.miner.0 + result.validator.0)
                    .sum();
                assert_eq!(*paid, Rao(due), "epoch {epoch}, chunk {chunk}");
            }
        }
        let Some(last) = history.last_final else {
            return;
        };
        let life = &history.epochs[&last];
        if let Some(assertion) = &life.assertion {
            assert_eq!(self.roster(netuid), assertion.roster);
            assert_eq!(self.memory_hashes(netuid), assertion.memory);
        }
        if let Some(memory) = life.told.memory() {
            let hashes: Vec<_> = (0..)
                .zip(&memory)
                .map(|(chunk, bytes)| memory_digest(netuid, last, chunk, bytes))
                .collect();
            assert_eq!(
                self.memory_hashes(netuid),
                hashes,
                "the chain told what it remembers"
            );
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

    /// Invariant 5: What is minted is what the curve has issued, less what waits in budgets and shares.
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
