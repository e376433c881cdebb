//! Running epochs by hand, call by call. The worker's roles do the same on their own; a test
//! compares the two.

use crate::{accounts::*, engines, Network, Shape};
use inktensor_client::chain::Chain;
use inktensor_compute::epoch::{EpochInputs, Trace};
use inktensor_primitives::{
    assertion::{memory_digest, Assertion},
    epoch::Stage,
    kernel::EpochHeader,
    registry::Neuron,
    AccountId, NetUid, Rao, Uid, PAGE,
};

/// An epoch and its honest computation.
#[derive(Clone, Debug)]
pub struct Ran {
    /// What the close froze.
    pub header: EpochHeader,
    /// The computation.
    pub trace: Trace,
    /// What it commits to.
    pub assertion: Assertion,
    neurons: Vec<Neuron>,
}

impl Ran {
    /// Who sat on `uid` when the epoch closed.
    pub fn neuron(&self, uid: u16) -> &Neuron {
        &self.neurons[usize::from(uid)]
    }

    /// Number of its steps.
    pub fn steps(&self) -> u32 {
        u32::try_from(self.trace.steps.len()).expect("few steps")
    }

    /// All that miners and validators are paid.
    pub fn pay(&self) -> Rao {
        Rao(self
            .trace
            .neurons()
            .map(|result| result.miner.0 + result.validator.0)
            .sum())
    }
}

impl Network {
    /// Waits until the tempo is over and closes the epoch, which has neurons.
    pub fn close(&mut self, netuid: NetUid) -> EpochHeader {
        let status = self.status(netuid).expect("a status");
        self.advance_to(status.closes_at);
        self.as_(KEEPER)
            .close(netuid)
            .expect("closed")
            .expect("it has neurons")
    }

    /// All that the closed epoch depends on, from what the chain's views say.
    pub fn inputs(&self, netuid: NetUid) -> EpochInputs {
        let header = self.header(netuid).expect("a closed epoch");
        let plan = self.plan(netuid).expect("a plan");
        let chunks: Vec<_> = (0..plan.chunks(header.neurons))
            .map(|chunk| self.chunk_inputs(netuid, chunk).expect("readable"))
            .collect();
        let memory = self.remembered(&header, chunks.len());
        EpochInputs {
            header,
            chunks,
            memory,
        }
    }

    /// Computes the closed epoch natively and in wasmtime.
    pub fn compute(&self, netuid: NetUid) -> Ran {
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
        Ran {
            assertion: trace.assertion(),
            neurons: self.neurons_of(&header),
            trace,
            header,
        }
    }

    /// Computes the closed epoch and posts its assertion.
    pub fn assert_epoch(&mut self, netuid: NetUid) -> Ran {
        let ran = self.compute(netuid);
        self.lock_collateral_and_propose(netuid, &ran.assertion);
        let key = (netuid, ran.header.epoch);
        self.memory.insert(key, ran.trace.memory.clone());
        self.book.note_honest(netuid, &ran.trace);
        ran
    }

    /// Remembers nothing of what the subnet's epochs left, as is right when its kernel is another
    /// now.
    pub fn forget(&mut self, netuid: NetUid) {
        self.memory.retain(|(of, _), _| *of != netuid);
    }

    /// Holds whatever is asserted for the closed epoch against an honest computation.
    pub fn expect_honest(&mut self, netuid: NetUid) {
        let ran = self.compute(netuid);
        self.book.note_honest(netuid, &ran.trace);
    }

    /// Posts an assertion that is not what the epoch comes to.
    pub fn propose_lie(&mut self, netuid: NetUid, lie: &Assertion) {
        self.lock_collateral_and_propose(netuid, lie);
    }

    /// Waits for the deadline and makes the asserted epoch final.
    pub fn finalize(&mut self, netuid: NetUid) {
        let Stage::Asserted { deadline, .. } = self.status(netuid).expect("a status").stage else {
            panic!("nothing is asserted");
        };
        self.advance_to(deadline);
        let assertion = self.book.standing(netuid);
        self.as_(KEEPER)
            .finalize(netuid, &assertion)
            .expect("final");
    }

    /// Waits until the chain may execute the closed epoch itself, and has it do so, `steps` steps
    /// in each call, by a stranger.
    pub fn replay(&mut self, netuid: NetUid, steps: u32) -> Ran {
        let ran = self.compute(netuid);
        self.book.note_honest(netuid, &ran.trace);
        let due = self.status(netuid).expect("a status").replays_at;
        self.advance_to(due.expect("it can be replayed"));
        let mut next = 0;
        while next < ran.steps() {
            let memory = self.memory_for(netuid, next, steps);
            next = self
                .as_(STRANGER)
                .replay(netuid, steps, memory)
                .expect("replayed");
        }
        ran
    }

    /// What a replay of the next `steps` steps from `next` on is to be given, from what is known
    /// here or was told.
    pub fn memory_for(&self, netuid: NetUid, next: u32, steps: u32) -> Vec<Vec<u8>> {
        let header = self.header(netuid).expect("a closed epoch");
        let plan = self.plan(netuid).expect("a plan");
        let left = self.memory_hashes(netuid).len();
        let known = self.left_by(&header).unwrap_or_default();
        (next..next.saturating_add(steps))
            .map_while(|k| plan.place(k, header.neurons))
            .filter(|(phase, _)| plan.phases[usize::from(*phase)].memory)
            .map(|(_, chunk)| usize::from(chunk))
            .filter(|chunk| *chunk < left)
            .map(|chunk| known[chunk].clone())
            .collect()
    }

    /// Pays every chunk of the final epoch, as it is honestly computed or was told by a replay.
    pub fn settle(&mut self, netuid: NetUid) {
        let settling = self
            .status(netuid)
            .expect("a status")
            .settling
            .expect("an epoch to settle");
        let results = self.book.results(netuid, settling.epoch);
        for (chunk, results) in (0..).zip(&results) {
            if !settling.is_settled(chunk) {
                self.as_(KEEPER)
                    .settle(netuid, settling.epoch, chunk, results)
                    .expect("settled");
            }
        }
    }

    /// A whole epoch: close, propose, finalize, settle.
    pub fn run_epoch(&mut self, netuid: NetUid) -> Ran {
        self.close(netuid);
        self.finish_epoch(netuid)
    }

    /// The rest of the closed epoch: propose, finalize, settle.
    pub fn finish_epoch(&mut self, netuid: NetUid) -> Ran {
        let ran = self.assert_epoch(netuid);
        self.finalize(netuid);
        self.settle(netuid);
        ran
    }

    /// Gives `who` free collateral.
    pub fn give_collateral(&mut self, who: AccountId, amount: Rao) {
        let epoch = self.addresses.epoch;
        self.provide(who, epoch, amount);
        self.as_(who).deposit_collateral(amount).expect("deposited");
    }

    /// A small subnet whose second epoch, which reads weights and the memory of the first, is
    /// closed.
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

    /// What each chunk remembers from the last final epoch, checked against the chain's hashes.
    fn remembered(&self, header: &EpochHeader, chunks: usize) -> Vec<Vec<u8>> {
        let mut memory = self.left_by(header).unwrap_or_default();
        let epoch = header.final_epoch.unwrap_or_default();
        let hashes: Vec<_> = (0..)
            .zip(&memory)
            .map(|(chunk, bytes)| memory_digest(header.netuid, epoch, chunk, bytes))
            .collect();
        assert_eq!(self.memory_hashes(header.netuid), hashes);
        // Chunks that neurons joined since then remember nothing.
        memory.resize(chunks, Vec::new());
        memory
    }

    /// What the last final epoch before that of `header` left: as the chain told, or as computed
    /// here.
    fn left_by(&self, header: &EpochHeader) -> Option<Vec<Vec<u8>>> {
        let (netuid, epoch) = (header.netuid, header.final_epoch?);
        self.book
            .told_memory(netuid, epoch)
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
