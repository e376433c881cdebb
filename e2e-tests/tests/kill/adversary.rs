//! Somebody who is never killed: computes every epoch by itself, and posts a lie now and then.

use super::{Dice, LIAR};
use inktensor_client::{
    chain::{Answer, CallError, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::Trace;
use inktensor_devnet::remote::RemoteChain;
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{EpochError, Epochs, Stage},
    NetUid,
};
use inktensor_worker::epochs::{Computed, Ledger};
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    thread,
    time::Duration,
};

/// A lie is tried on one epoch in so many.
const ONE_IN: usize = 3;

/// The observer.
pub struct Adversary {
    /// The chain.
    pub chain: RemoteChain,
    /// The contracts on it.
    pub contracts: Addresses,
    /// What it computes itself.
    pub ledger: Ledger,
    /// The subnets.
    pub netuids: Vec<NetUid>,
    /// What decides on lies.
    pub dice: Dice,
    /// Whether it is to end.
    pub ending: Arc<AtomicBool>,
}

/// What it has seen.
#[derive(Default)]
pub struct Notes {
    /// What each epoch honestly comes to.
    pub honest: BTreeMap<(NetUid, u32), Trace>,
    /// Lies that stood on the chain.
    pub lies: usize,
}

impl Adversary {
    /// Observes until it is to end.
    pub fn observe(mut self) -> Notes {
        let mut notes = Notes::default();
        while !self.ending.load(Ordering::Relaxed) {
            for netuid in self.netuids.clone() {
                self.look(netuid, &mut notes);
            }
            thread::sleep(Duration::from_millis(20));
        }
        notes
    }

    fn look(&mut self, netuid: NetUid, notes: &mut Notes) {
        let status = self.chain.query(self.contracts.epoch().status(netuid));
        let status = status.expect("the chain answers").expect("a subnet");
        if status.stage == Stage::Open {
            return;
        }
        let computed = self.ledger.closed(&self.chain, netuid).expect("computed");
        let epoch = computed.trace.epoch;
        if notes.honest.contains_key(&(netuid, epoch)) {
            return;
        }
        notes.honest.insert((netuid, epoch), computed.trace.clone());
        if status.stage == Stage::Closed && self.dice.below(ONE_IN) == 0 {
            let lie = self.lie(&computed);
            let message = self.contracts.epoch().propose(netuid, lie);
            match self.chain.send(LIAR, message).answer() {
                Ok(_) => notes.lies += 1,
                Err(CallError::Refused(EpochError::AlreadyAsserted)) => (),
                Err(error) => panic!("a lie that cannot be posted: {error}"),
            }
        }
    }

    /// The honest assertion but for one thing.
    fn lie(&mut self, computed: &Computed) -> Assertion {
        let mut lie = computed.assertion.clone();
        match self.dice.below(4) {
            0 => {
                let k = self.dice.below(lie.steps.len());
                lie.steps[k] = [7; 32];
            }
            1 => lie.results[0] = [7; 32],
            2 => lie.memory[0] = [7; 32],
            _ => {
                lie.roster.pop();
            }
        }
        lie
    }
}
