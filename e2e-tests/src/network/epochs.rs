//! Epochs run call by call. The worker's roles do the same on their own; a test compares the two.

use crate::{accounts::*, engines, Network, Shape};
use inktensor_client::chain::ChainRead;
use inktensor_compute::epoch::{EpochInputs, Trace};
use inktensor_primitives::{
    assertion::{memory_digest, Assertion},
    epoch::{FinalChunk, PostedAssertion},
    kernel::EpochHeader,
    registry::Neuron,
    AccountId, NetUid, Rao, Uid, PAGE,
};
use inktensor_worker::{epochs::Sharing, roles::settlement_calls};
use std::iter;

/// An epoch and its honest computation.
#[derive(Clone, Debug)]
pub struct EpochRun {
    /// The header of the closed epoch.
    pub header: EpochHeader,
    /// The computation.
    pub trace: Trace,
    /// The assertion of the computation.
    pub assertion: Assertion,
    neurons: Vec<Neuron>,
    stakes: Vec<u64>,
}

impl EpochRun {
    /// Returns the neuron on `uid` when the epoch closed.
    pub fn neuron(&self, uid: u16) -> &Neuron {
        &self.neurons[usize::from(uid)]
    }

    /// Returns the stake in rao that the neuron on `uid` weighs in this epoch.
    pub fn stake(&self, uid: u16) -> u64 {
        self.stakes[usize::from(uid)]
    }

    /// Returns the number of steps.
    pub fn steps(&self) -> u32 {
        u32::try_from(self.trace.steps.len()).expect("few steps")
    }

    /// Returns the pay of all miners and validators.
    pub fn pay(&self) -> Rao {
        Rao(self
            .trace
            .neurons()
            .map(|result| result.miner.0 + result.validator.0)
            .sum())
    }
}

impl Network {
    /// Waits for the end of the tempo and closes the epoch, which must have neurons.
    pub fn close(&mut self, netuid: NetUid) -> EpochHeader {
        self.start_all();
        let status = self.status(netuid).expect("a status");
        self.advance_to(status.closes_at);
        self.as_(KEEPER)
            .close(netuid)
            .expect("closed")
            .expect("it has neurons")
    }

    /// Returns the inputs of the closed epoch, as the chain's views return them.
    pub fn inputs(&self, netuid: NetUid) -> EpochInputs {
        let header = self.header(netuid).expect("a closed epoch");
        let plan = self.plan(netuid).expect("a plan");
        let chunks: Vec<_> = (0..plan.chunks(header.neurons))
            .map(|chunk| self.chunk_inputs(netuid, chunk).expect("readable"))
            .collect();
        let memory = self.memory_inputs(&header, chunks.len());
        EpochInputs {
            header,
            chunks,
            memory,
        }
    }

    /// Computes the closed epoch natively and in wasmtime.
    pub fn compute(&self, netuid: NetUid) -> EpochRun {
        let inputs = self.inputs(netuid);
        let header = inputs.header.clone();
        let code = self
            .chain
            .code(&header.kernel_code)
            .expect("readable")
            .expect("the kernel's code is on the chain");
        let kernel = engines::wasm(&code, &header.kernel_code);
        let trace = engines::compute_twice(&kernel, &inputs);
        let plan = self.plan(netuid);
        assert_eq!(
            Some(&trace.plan),
            plan.as_ref(),
            "the chain's plan is the kernel's"
        );
        EpochRun {
            assertion: trace.assertion(),
            neurons: self.neurons_of(&header),
            stakes: (inputs.chunks.iter())
                .flat_map(|chunk| chunk.neurons.iter().map(|neuron| neuron.stake))
                .collect(),
            trace,
            header,
        }
    }

    /// Computes the closed epoch and posts its assertion.
    pub fn assert_epoch(&mut self, netuid: NetUid) -> EpochRun {
        let computed = self.compute(netuid);
        self.lock_collateral_and_propose(netuid, &computed.assertion);
        let key = (netuid, computed.header.epoch);
        self.memory.insert(key, computed.trace.memory.clone());
        self.observer.record_honest(netuid, &computed.trace);
        computed
    }

    /// Drops the subnet's carry-over state, as a change of its kernel does.
    pub fn forget(&mut self, netuid: NetUid) {
        self.memory.retain(|(of, _), _| *of != netuid);
    }

    /// Computes the closed epoch, so that the invariants compare its assertion with the result.
    pub fn expect_honest(&mut self, netuid: NetUid) {
        let computed = self.compute(netuid);
        self.record_honest(netuid, &computed.trace);
    }

    /// Posts a false assertion, beside those that stand.
    pub fn propose_lie(&mut self, netuid: NetUid, lie: &Assertion) {
        self.lock_collateral_and_propose(netuid, lie);
    }

    /// Returns the assertions that stand, in the order in which they were posted.
    pub fn standing(&self, netuid: NetUid) -> Vec<PostedAssertion> {
        let status = self.status(netuid).expect("a status");
        status.stage.standing().to_vec()
    }

    /// Waits for the deadline of the first assertion that stands and finalizes the epoch.
    pub fn finalize(&mut self, netuid: NetUid) {
        let standing = self.standing(netuid);
        let first = standing.first().expect("an assertion");
        self.advance_to(first.deadline);
        let assertion = self.observer.assertion(netuid);
        self.as_(KEEPER)
            .finalize(netuid, &assertion)
            .expect("final");
    }

    /// Waits until a replay is due and replays the closed epoch, `steps` steps in each call, signed
    /// by a stranger.
    pub fn replay(&mut self, netuid: NetUid, steps: u32) -> EpochRun {
        let computed = self.compute(netuid);
        self.observer.record_honest(netuid, &computed.trace);
        let due = self.status(netuid).expect("a status").replays_at;
        self.advance_to(due.expect("it can be replayed"));
        let mut next = 0;
        while next < computed.steps() {
            let memory = self.memory_for(netuid, next, steps);
            next = self
                .as_(STRANGER)
                .replay(netuid, steps, memory)
                .expect("replayed");
        }
        computed
    }

    /// Returns the memory argument of a replay of `steps` steps from `next` on.
    pub fn memory_for(&self, netuid: NetUid, next: u32, steps: u32) -> Vec<Vec<u8>> {
        let header = self.header(netuid).expect("a closed epoch");
        let plan = self.plan(netuid).expect("a plan");
        let hashes = self.memory_hashes(netuid);
        let epoch = header.final_epoch.unwrap_or_default();
        let known = self.left_memory(netuid, epoch).unwrap_or_default();
        (next..next.saturating_add(steps))
            .map_while(|k| plan.place(k, header.neurons))
            .filter(|(phase, _)| plan.phases[usize::from(*phase)].memory)
            .map(|(_, chunk)| usize::from(chunk))
            .filter(|chunk| hashes.get(*chunk).is_some_and(Option::is_some))
            .map(|chunk| known[chunk].clone())
            .collect()
    }

    /// Settles every chunk of the final epoch, and collects all pay of neurons and owner.
    pub fn settle(&mut self, netuid: NetUid) {
        self.settle_chunks(netuid);
        self.collect_all(netuid);
    }

    /// Collects all pay that is owed to neurons of a subnet and to its owner.
    pub fn collect_all(&mut self, netuid: NetUid) {
        let neurons = self.subnet(netuid).expect("the subnet").neurons;
        for page in 0..neurons.div_ceil(PAGE) {
            let owed = self.metagraph(netuid, page).into_iter();
            let uids: Vec<Uid> = owed
                .filter(|it| it.owed > Rao::ZERO)
                .map(|it| it.uid)
                .collect();
            if !uids.is_empty() {
                self.as_(STRANGER).collect(netuid, uids).expect("owed");
            }
        }
        if self.cut(netuid) > Rao::ZERO {
            self.as_(STRANGER).collect_cut(netuid).expect("owed");
        }
    }

    /// Collects what is left to the owner of a hotkey whose neuron was replaced, if anything.
    pub fn collect_what_is_left(&mut self, netuid: NetUid, hotkey: AccountId) {
        if self.left(netuid, hotkey) > Rao::ZERO {
            self.as_(STRANGER)
                .collect_left(netuid, hotkey)
                .expect("owed");
        }
    }

    /// Settles every chunk of the final epoch with the results of its replay or of the honest
    /// computation, in the calls of a keeper that has many parents to pay.
    pub fn settle_chunks(&mut self, netuid: NetUid) {
        let settling = |net: &Self| net.status(netuid).expect("a status").settling;
        let mut left = Some(settling(self).expect("an epoch to settle"));
        while let Some(settlement) = left.filter(|it| !it.is_complete()) {
            let epoch = settlement.epoch;
            let finals = self.finals(netuid, epoch);
            let sharing = Sharing::ALL.less(0);
            for call in settlement_calls(Some(&settlement), finals.into_iter(), sharing) {
                self.as_(KEEPER)
                    .settle_chunks(netuid, epoch, call, PAGE)
                    .expect("settled");
            }
            left = settling(self);
        }
    }

    /// Waits for the deadline of the first assertion that stands, finalizes the epoch and settles
    /// its chunks, in the fewest calls.
    pub fn finalize_and_settle(&mut self, netuid: NetUid) {
        let standing = self.standing(netuid);
        let first = standing.first().expect("an assertion");
        self.advance_to(first.deadline);
        let assertion = self.observer.assertion(netuid);
        let epoch = self.header(netuid).expect("a closed epoch").epoch;
        let finals = self.finals(netuid, epoch);
        let mut calls = settlement_calls(None, finals.into_iter(), Sharing::ALL).into_iter();
        let first = calls.next().expect("a chunk");
        self.as_(KEEPER)
            .finalize_and_settle(netuid, epoch, &assertion, first)
            .expect("final, and settled");
        for call in calls {
            self.as_(KEEPER)
                .settle_chunks(netuid, epoch, call, PAGE)
                .expect("settled");
        }
    }

    /// Returns results and memory of the chunks of an epoch that is asserted or final.
    fn finals(&self, netuid: NetUid, epoch: u32) -> Vec<FinalChunk> {
        let results = self.observer.results(netuid, epoch);
        let memory = self.left_memory(netuid, epoch).unwrap_or_default();
        let memory = memory.into_iter().chain(iter::repeat(Vec::new()));
        let finals = (0..).zip(results.into_iter().zip(memory));
        finals
            .map(|(chunk, (results, memory))| FinalChunk {
                chunk,
                results,
                memory,
            })
            .collect()
    }

    /// Runs a whole epoch: close, propose, finalize, settle.
    pub fn run_epoch(&mut self, netuid: NetUid) -> EpochRun {
        self.close(netuid);
        self.finish_epoch(netuid)
    }

    /// Finishes the closed epoch: propose, finalize, settle.
    pub fn finish_epoch(&mut self, netuid: NetUid) -> EpochRun {
        let computed = self.assert_epoch(netuid);
        self.finalize(netuid);
        self.settle(netuid);
        computed
    }

    /// Deposits collateral for `who`, paid by the bank.
    pub fn give_collateral(&mut self, who: AccountId, amount: Rao) {
        let epoch = self.addresses.epoch;
        self.provide(who, epoch, amount);
        self.as_(who).deposit_collateral(amount).expect("deposited");
    }

    /// Creates a small subnet and closes its second epoch, which reads weights and the carry-over
    /// state of the first.
    pub fn with_closed_epoch(&mut self) -> NetUid {
        let netuid = self.create(Shape::default());
        self.with_validators(netuid, 2).with_miners(netuid, 3);
        self.run_epoch(netuid);
        self.honest_weights(netuid);
        self.close(netuid);
        netuid
    }

    fn lock_collateral_and_propose(&mut self, netuid: NetUid, assertion: &Assertion) {
        let collateral = self.collateral_required(netuid);
        if self.collateral(WORKER).free < collateral {
            self.give_collateral(WORKER, collateral);
        }
        self.as_(WORKER)
            .propose(netuid, assertion)
            .expect("proposed");
    }

    /// Returns the memory input of each chunk, checked against the chain's hashes: a chunk that was
    /// not settled has none.
    fn memory_inputs(&self, header: &EpochHeader, chunks: usize) -> Vec<Vec<u8>> {
        let epoch = header.final_epoch.unwrap_or_default();
        let left = header
            .final_epoch
            .and_then(|epoch| self.left_memory(header.netuid, epoch));
        let Some(left) = left else {
            let hashes = self.memory_hashes(header.netuid);
            assert!(hashes.iter().all(Option::is_none), "memory is known here");
            return vec![Vec::new(); chunks];
        };
        let published = self.observer.published(header.netuid, epoch);
        let mut memory = Vec::new();
        let mut hashes = Vec::new();
        for (chunk, bytes) in (0..).zip(left) {
            let is_there = published.contains(&chunk);
            let hash = memory_digest(header.netuid, epoch, chunk, &bytes);
            hashes.push(is_there.then_some(hash));
            memory.push(if is_there { bytes } else { Vec::new() });
        }
        assert_eq!(self.memory_hashes(header.netuid), hashes);
        // Chunks added since then have no carry-over state.
        memory.resize(chunks, Vec::new());
        memory
    }

    /// Returns the carry-over state of a final epoch, from its replay or as computed here.
    pub(crate) fn left_memory(&self, netuid: NetUid, epoch: u32) -> Option<Vec<Vec<u8>>> {
        self.observer
            .published_memory(netuid, epoch)
            .or_else(|| self.memory.get(&(netuid, epoch)).cloned())
    }

    fn neurons_of(&self, header: &EpochHeader) -> Vec<Neuron> {
        (0..header.neurons)
            .step_by(usize::from(PAGE))
            .flat_map(|start| {
                let count = PAGE.min(header.neurons - start);
                self.neurons_at(header.netuid, header.epoch, Uid(start), count)
                    .expect("kept")
            })
            .collect()
    }
}
