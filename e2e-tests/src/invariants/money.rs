//! Invariants of the money and the final epochs of any deployment on any chain. They need no more
//! than the chain's answers and the recorded events.

use crate::{
    observer::{History, Observer},
    Network,
};
use inktensor_client::{
    chain::{ChainRead, Message, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    assertion::{final_digest, memory_digest},
    emission::Emission,
    epoch::{EpochStatus, Epochs},
    governance::Governance,
    kernel::NeuronResult,
    registry::{NeuronView, Registry, ServingView, Subnet},
    staking::Staking,
    token::TokenControl,
    treasury::{Limits, Treasury},
    AccountId, Digest, NetUid, Rao, PAGE,
};
use psp22::PSP22;
use scale::Decode;

/// A deployment to be checked.
#[derive(Clone, Copy)]
pub struct Audit<'a> {
    /// The chain.
    pub chain: &'a dyn ChainRead,
    /// The addresses of the contracts.
    pub addresses: Addresses,
    /// The record of all their events.
    pub observer: &'a Observer,
}

impl Network {
    /// Returns an audit of this network.
    pub fn audit(&self) -> Audit<'_> {
        Audit {
            chain: &self.chain,
            addresses: self.addresses,
            observer: &self.observer,
        }
    }
}

impl Audit<'_> {
    pub(super) fn ask<R: Decode>(&self, message: impl Into<Message<R>>) -> R {
        self.chain.query(message).expect("the chain answers")
    }

    fn balance(&self, who: AccountId) -> u128 {
        self.ask(self.addresses.psp22().balance_of(who))
    }

    /// Checks invariant 1: the supply is the sum of balances and below the cap.
    pub fn assert_supply(&self) {
        let balances: u128 = self
            .observer
            .holders
            .iter()
            .map(|who| self.balance(*who))
            .sum();
        assert_eq!(
            self.ask(self.addresses.psp22().total_supply()),
            balances,
            "supply is the sum of balances"
        );
        assert!(
            self.ask::<u128>(self.addresses.token().total_minted()) <= Rao::CAP.to_u128(),
            "the cap holds"
        );
        assert_eq!(
            self.ask::<u128>(self.addresses.token().cap()),
            Rao::CAP.to_u128()
        );
        for (name, contract) in self.addresses.named() {
            // Each of these has an invariant of its own.
            let holders = ["staking", "epoch", "registry", "treasury", "governance"];
            if !holders.contains(&name) {
                assert_eq!(self.balance(contract), 0, "{name} keeps no TAO");
            }
        }
    }

    /// Checks invariant 1: governance has exactly the deposits that it holds, and the treasury at
    /// least what it has committed.
    pub fn assert_governing(&self) {
        let Some(governing) = self.addresses.governing else {
            return;
        };
        let held: Rao = self.ask(governing.governance().held());
        assert_eq!(
            self.balance(governing.governance),
            held.to_u128(),
            "governance has the deposits"
        );
        let limits: Limits = self.ask(governing.treasury().limits());
        let sum = u128::from(limits.free.0) + limits.committed.to_u128();
        assert_eq!(
            self.balance(governing.treasury),
            sum,
            "the treasury has what it has committed, and the rest is free"
        );
    }

    /// Checks invariant 1: the registry has exactly the locks of subnets that are not retired, and
    /// the deposits.
    pub fn assert_held(&self) {
        let held: Rao = self.ask(self.addresses.registry().held());
        assert_eq!(
            self.balance(self.addresses.registry),
            held.to_u128(),
            "the registry has what it holds"
        );
        let live: Vec<NetUid> = self.ask(self.addresses.registry().live_subnets());
        let mut locked = 0;
        for netuid in self.observer.subnets.keys() {
            let subnet: Option<Subnet> = self.ask(self.addresses.registry().subnet(*netuid));
            let subnet = subnet.expect("a created subnet");
            assert_eq!(live.contains(netuid), subnet.retired_at.is_none());
            locked += subnet.lock.0;
            for page in 0..subnet.neurons.div_ceil(PAGE) {
                let page: Vec<ServingView> =
                    self.ask(self.addresses.registry().serving_page(*netuid, page));
                locked += page.iter().map(|it| it.deposit.0).sum::<u64>();
            }
        }
        assert_eq!(
            held,
            Rao(locked),
            "what it holds is locked for a subnet or a neuron"
        );
    }

    /// Checks invariant 1: the staking contract has exactly what it owes.
    pub fn assert_owed(&self) {
        let total = self.ask(self.addresses.staking().total_stake());
        let unclaimed: Rao = self.ask(self.addresses.staking().root_unclaimed());
        let balance = self.balance(self.addresses.staking);
        let dues = self.ask(self.addresses.staking().dues());
        let owed = total.to_u128() + unclaimed.to_u128() + dues.to_u128();
        assert_eq!(balance, owed, "staking has what it owes");
    }

    /// Checks invariant 1: the epoch contract has exactly the collateral.
    pub fn assert_collateral(&self) {
        let total = self.ask(self.addresses.epoch().total_collateral());
        let balance = self.balance(self.addresses.epoch);
        assert_eq!(balance, total.to_u128(), "epoch has the collateral");
        let mut sum = 0;
        for worker in &self.observer.workers {
            let collateral = self.ask(self.addresses.epoch().collateral(*worker));
            sum += collateral.free.0 + collateral.locked.0;
        }
        assert_eq!(total, Rao(sum), "all collateral belongs to an account");
    }

    /// Checks invariants 2 and 6: the last final epoch left what its assertion states, and an
    /// honest assertion at that.
    ///
    /// The observer has checked the order of events: at most four assertions beside each other, the
    /// first of them final, once, each chunk paid once.
    pub fn assert_history(&self, netuid: NetUid, history: &History) {
        let status = self.status(netuid);
        assert_eq!(status.final_epoch, history.last_final);
        for (epoch, record) in &history.epochs {
            let Some(honest) = &record.honest else {
                continue;
            };
            if let Some(assertion) = &record.assertion {
                assert_eq!(*assertion, honest.assertion, "epoch {epoch} is honest");
            }
            if let Some(digest) = record.digest {
                let due = final_digest(&record.header_hash, &honest.assertion.digest());
                assert_eq!(digest, due, "epoch {epoch} is honest");
            }
            for (chunk, paid) in &record.settled {
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
        let record = &history.epochs[&last];
        if let Some(assertion) = &record.assertion {
            assert_eq!(
                self.ask(self.addresses.epoch().roster(netuid)),
                assertion.roster
            );
        }
        let published = self.observer.published(netuid, last);
        let hashes: Vec<Option<Digest>> = self.ask(self.addresses.epoch().memory_hashes(netuid));
        for (chunk, hash) in (0..).zip(&hashes) {
            assert_eq!(
                hash.is_some(),
                published.contains(&chunk),
                "the memory of chunk {chunk} counts once it is public"
            );
            let bytes = record
                .replay
                .memory
                .get(&chunk)
                .map_or(&[][..], Vec::as_slice);
            let digest = memory_digest(netuid, last, chunk, bytes);
            assert!(
                hash.is_none_or(|hash| hash == digest),
                "the events have the carry-over state"
            );
            if let (Some(hash), Some(assertion)) = (hash, &record.assertion) {
                assert_eq!(*hash, assertion.memory[usize::from(chunk)]);
            }
        }
    }

    /// Checks that minted TAO is what emission has recorded, and what was paid out.
    pub fn assert_minting(&self) {
        let issuance = self.ask(self.addresses.emission().issuance());
        let minted = u128::from(issuance.genesis.0 + issuance.minted.0);
        let total: u128 = self.ask(self.addresses.token().total_minted());
        let minter: Option<AccountId> = self.ask(self.addresses.token().minter());
        if minter == Some(self.addresses.emission) {
            assert_eq!(total, minted, "only emission's ledger mints");
        } else {
            assert!(total >= minted, "a successor mints the rest");
        }
        assert_eq!(
            Rao(issuance.minted.0 + issuance.owed.0),
            self.observer.paid_out,
            "what is minted or owed was paid to neurons, owners, the treasury and those who run \
             the epochs"
        );
    }

    /// Checks that the sum that emission owes is owed to neurons, to those that were replaced, and
    /// to owners of subnets.
    pub fn assert_owed_pay(&self) {
        let mut sum = 0;
        for netuid in self.observer.subnets.keys() {
            let subnet: Option<Subnet> = self.ask(self.addresses.registry().subnet(*netuid));
            let neurons = subnet.expect("a created subnet").neurons;
            for page in 0..neurons.div_ceil(PAGE) {
                let message = self.addresses.registry().metagraph(*netuid, page);
                let views: Vec<NeuronView> = self.ask(message);
                sum += views.iter().map(|it| it.owed.0).sum::<u64>();
            }
            sum += self.ask(self.addresses.emission().cut(*netuid)).0;
        }
        let seated = self.observer.seated.iter();
        for (netuid, hotkey) in seated.filter(|_| self.observer.has_replaced) {
            let message = self.addresses.registry().left(*netuid, *hotkey);
            sum += self.ask(message).0;
        }
        let issuance = self.ask(self.addresses.emission().issuance());
        assert_eq!(issuance.owed, Rao(sum), "all that is owed has an owner");
    }

    /// Checks that the metagraph has the honest results of the last epoch that was paid in full, if
    /// they are known.
    pub fn assert_metagraph(&self, netuid: NetUid, history: &History) {
        let mut paid = history.epochs.iter().filter(|(_, record)| record.complete);
        let Some((epoch, record)) = paid.next_back() else {
            return;
        };
        let Some(honest) = &record.honest else { return };
        let due: Vec<&NeuronResult> = honest.results.iter().flatten().collect();
        let pages = u16::try_from(due.len()).expect("few").div_ceil(PAGE);
        let mut seen = 0;
        for page in 0..pages {
            let views: Vec<NeuronView> =
                self.ask(self.addresses.registry().metagraph(netuid, page));
            for view in views {
                // A neuron registered later has no score yet.
                if view.neuron.registered_epoch <= *epoch {
                    let due = due[usize::from(view.uid.0)];
                    assert_eq!(
                        view.score, *due,
                        "{netuid:?}, {:?}, epoch {epoch}",
                        view.uid
                    );
                    seen += 1;
                }
            }
        }
        assert!(seen > 0, "{netuid:?} has neurons");
    }

    /// Checks all of it.
    pub fn assert_all(&self) {
        self.assert_supply();
        self.assert_held();
        self.assert_owed();
        self.assert_stake();
        self.assert_collateral();
        self.assert_minting();
        self.assert_owed_pay();
        for (netuid, history) in &self.observer.subnets {
            self.assert_history(*netuid, history);
            self.assert_metagraph(*netuid, history);
        }
    }

    fn status(&self, netuid: NetUid) -> EpochStatus {
        let status = self.ask(self.addresses.epoch().status(netuid));
        status.expect("a status")
    }
}
