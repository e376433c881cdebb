//! An observer that computes every epoch and races the workers to post lies.

use super::accounts;
use inktensor_client::{
    chain::{rpc::RpcChain, Answer, CallError, ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_compute::epoch::Trace;
use inktensor_primitives::{
    epoch::{EpochError, Epochs, Stage},
    AccountId, NetUid, Rao,
};
use inktensor_worker::{
    epochs::{ComputedEpoch, EpochCache},
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

/// The number of lies, one for each of the first epochs with results.
const LIES: usize = 2;
/// The liar's collateral.
const FUNDS: Rao = Rao::from_tao(400);

/// The record of an adversary.
#[derive(Default)]
pub struct Notes {
    /// The honest trace of each epoch.
    pub honest: BTreeMap<(NetUid, u32), Trace>,
    /// The number of posted lies.
    pub lies: usize,
}

/// An observer that posts lies, in a thread of its own.
pub struct Adversary {
    ending: Arc<AtomicBool>,
    thread: JoinHandle<Notes>,
}

struct Watching {
    chain: RpcChain,
    contracts: Addresses,
    ledger: EpochCache,
    netuids: Vec<NetUid>,
    liar: AccountId,
    notes: Notes,
}

impl Adversary {
    /// Starts to observe these subnets.
    pub fn start(mut chain: RpcChain, contracts: Addresses, netuids: &[NetUid]) -> Self {
        let liar = accounts::LIAR.id();
        let message = contracts.psp22().approve(contracts.epoch, FUNDS.to_u128());
        chain.send(liar, message).answer().expect("approved");
        let message = contracts.epoch().deposit_collateral(FUNDS);
        chain.send(liar, message).answer().expect("collateral");
        let kernels = Kernels::new(EngineChoice::Wasm).expect("wasmtime starts");
        let mut watching = Watching {
            ledger: EpochCache::new(contracts, kernels),
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

    /// Stops the observer. Returns its record.
    pub fn end(self) -> Notes {
        self.ending.store(true, Ordering::Relaxed);
        self.thread.join().expect("no failure")
    }
}

impl Watching {
    fn look(&mut self, netuid: NetUid) {
        let epochs = self.contracts.epoch();
        // The node may be unreachable for a while.
        let Ok(status) = self.chain.query(epochs.status(netuid)) else {
            return;
        };
        let mut status = status.expect("a subnet");
        let Ok(block) = self.chain.block() else {
            return;
        };
        let lies = self.notes.lies < LIES && status.final_epoch.is_some();
        if status.stage == Stage::Open && block >= status.closes_at && lies {
            // The account that closes the epoch is first to propose.
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

    fn lie(&mut self, netuid: NetUid, computed: &ComputedEpoch) {
        let mut lie = computed.assertion.clone();
        lie.results[0] = [7; 32];
        let message = self.contracts.epoch().propose(netuid, lie);
        match self.chain.send(self.liar, message).answer() {
            Ok(_) => self.notes.lies += 1,
            // Another worker was faster, so a lie beside it needs more.
            Err(CallError::Refused(EpochError::CollateralTooSmall(_))) => (),
            Err(CallError::Chain(ChainError::Unreachable { .. })) => (),
            Err(error) => panic!("a lie that cannot be posted: {error}"),
        }
    }
}
