//! An observer that is never killed: it computes every epoch, and posts lies at random.

use super::LIAR;
use inktensor_client::{
    chain::{Answer, CallError, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::Trace;
use inktensor_devnet::remote::RemoteChain;
use inktensor_e2e_tests::adversary::Rng;
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{EpochError, Epochs, Stage},
    NetUid,
};
use inktensor_worker::epochs::{ComputedEpoch, EpochCache};
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    thread,
    time::Duration,
};

/// One epoch in this many gets a lie.
const ONE_IN: usize = 3;

/// The observer that posts lies.
pub struct Adversary {
    /// The chain.
    pub chain: RemoteChain,
    /// The contracts on it.
    pub contracts: Addresses,
    /// The ledger of its own computations.
    pub ledger: EpochCache,
    /// The subnets.
    pub netuids: Vec<NetUid>,
    /// The source of random choices.
    pub rng: Rng,
    /// True once it has to stop.
    pub ending: Arc<AtomicBool>,
}

/// The record of the observer.
#[derive(Default)]
pub struct Notes {
    /// The honest trace of each epoch.
    pub honest: BTreeMap<(NetUid, u32), Trace>,
    /// The number of posted lies.
    pub lies: usize,
}

impl Adversary {
    /// Observes until `ending` is set.
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
        if status.stage == Stage::Closed && self.rng.below(ONE_IN) == 0 {
            let lie = self.lie(&computed);
            let message = self.contracts.epoch().propose(netuid, lie);
            match self.chain.send(LIAR, message).answer() {
                Ok(_) => notes.lies += 1,
                Err(CallError::Refused(EpochError::CollateralTooSmall(_))) => (),
                Err(error) => panic!("a lie that cannot be posted: {error}"),
            }
        }
    }

    /// Returns the honest assertion with one change.
    fn lie(&mut self, computed: &ComputedEpoch) -> Assertion {
        let mut lie = computed.assertion.clone();
        match self.rng.below(4) {
            0 => {
                let k = self.rng.below(lie.steps.len());
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
