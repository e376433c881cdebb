//! Somebody apart who computes every epoch, and is quicker than all workers with a lie, until one
//! has stood.

use super::people;
use inktensor_client::{
    chain::{rpc::RpcChain, Answer, CallError, Chain, ChainError, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::Trace;
use inktensor_primitives::{
    epoch::{EpochError, Epochs, Stage},
    AccountId, NetUid, Rao,
};
use inktensor_worker::{
    epochs::{Computed, Ledger},
    kernels::{EngineChoice, Kernels},
    roles::RoleError,
};
use psp22::PSP22;
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Lies that are tried, one on each of the first epochs that have something to lie about.
const LIES: usize = 2;
/// What the liar has for collateral.
const FUNDS: Rao = Rao::from_tao(400);

/// What it has seen.
#[derive(Default)]
pub struct Notes {
    /// What each epoch honestly comes to.
    pub honest: BTreeMap<(NetUid, u32), Trace>,
    /// Lies that stood on the chain.
    pub lies: usize,
}

/// Somebody apart.
pub struct Adversary {
    ending: Arc<AtomicBool>,
    thread: JoinHandle<Notes>,
}

struct Watching {
    chain: RpcChain,
    contracts: Addresses,
    ledger: Ledger,
    netuids: Vec<NetUid>,
    liar: AccountId,
    notes: Notes,
}

impl Adversary {
    /// Starts to observe these subnets.
    pub fn start(mut chain: RpcChain, contracts: Addresses, netuids: &[NetUid]) -> Self {
        let liar = people::LIAR.account();
        let message = contracts.psp22().approve(contracts.epoch, FUNDS.to_u128());
        chain.send(liar, message).answer().expect("approved");
        let message = contracts.epoch().deposit_collateral(FUNDS);
        chain.send(liar, message).answer().expect("collateral");
        let kernels = Kernels::new(EngineChoice::Wasm).expect("wasmtime starts");
        let mut watching = Watching {
            ledger: Ledger::new(contracts, kernels),
            chain,
            contracts,
            netuids: netuids.to_vec(),
            liar,
            notes: Notes::default(),
        };
        let ending = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&ending);
        let thread = thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                for netuid in watching.netuids.clone() {
                    watching.look(netuid);
                }
                thread::sleep(Duration::from_millis(20));
            }
            watching.notes
        });
        Self { ending, thread }
    }

    /// Ends it.
    pub fn end(self) -> Notes {
        self.ending.store(true, Ordering::Relaxed);
        self.thread.join().expect("it did not fail")
    }
}

impl Watching {
    fn look(&mut self, netuid: NetUid) {
        let epochs = self.contracts.epoch();
        // The node may be away for a while.
        let Ok(status) = self.chain.query(epochs.status(netuid)) else {
            return;
        };
        let mut status = status.expect("a subnet");
        let Ok(block) = self.chain.block() else {
            return;
        };
        let lies = self.notes.lies < LIES && status.final_epoch.is_some();
        if status.stage == Stage::Open && block >= status.closes_at && lies {
            // Closing it is half the race.
            let _ = self
                .chain
                .send(self.liar, self.contracts.epoch().close(netuid))
                .answer();
            match self.chain.query(self.contracts.epoch().status(netuid)) {
                Ok(Some(now)) => status = now,
                _ => return,
            }
        }
        if status.stage == Stage::Open {
            return;
        }
        let computed = match self.ledger.closed(&self.chain, netuid) {
            Ok(computed) => computed,
            Err(RoleError::Chain(_) | RoleError::NothingClosed(_)) => return,
            Err(error) => panic!("{netuid:?}: {error}"),
        };
        let epoch = computed.trace.epoch;
        let is_new = self
            .notes
            .honest
            .insert((netuid, epoch), computed.trace.clone());
        if is_new.is_none() && status.stage == Stage::Closed && lies {
            self.lie(netuid, &computed);
        }
    }

    fn lie(&mut self, netuid: NetUid, computed: &Computed) {
        let mut lie = computed.assertion.clone();
        lie.results[0] = [7; 32];
        let message = self.contracts.epoch().propose(netuid, lie);
        match self.chain.send(self.liar, message).answer() {
            Ok(_) => self.notes.lies += 1,
            // Somebody was quicker.
            Err(CallError::Refused(EpochError::AlreadyAsserted)) => (),
            Err(CallError::Chain(ChainError::Unreachable { .. })) => (),
            Err(error) => panic!("a lie that cannot be posted: {error}"),
        }
    }
}
