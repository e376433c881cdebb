//! What an honest observer writes down from the contracts' events, and what the events alone must
//! satisfy.

use inktensor_client::{chain::ContractEvent, deploy::Addresses};
use inktensor_compute::epoch::Trace;
use inktensor_primitives::{
    assertion::{final_digest, Assertion},
    dispute::Disputed,
    emission::{Completed, FeePaid},
    epoch::{
        CollateralChanged, EpochClosed, EpochRolledOver, Finalized, Proposed, Replayed,
        ReplayedMemory, ReplayedResults, Settled,
    },
    kernel::{ChunkInputs, EpochHeader, NeuronResult},
    registry::{NeuronRegistered, Subnet, SubnetCreated, SubnetTransferred},
    staking::{Inherited, RootAccrued, RootClaimed, StakeAdded, StakeMoved, StakeRemoved},
    AccountId, Digest, NetUid, Rao,
};
use psp22::Transfer;
use std::collections::{BTreeMap, BTreeSet};

/// The observer's notes.
#[derive(Clone, Debug)]
pub struct Book {
    /// Everyone who ever got TAO.
    pub holders: BTreeSet<AccountId>,
    /// Every position that may exist: subnet, hotkey, coldkey.
    pub positions: BTreeSet<(NetUid, AccountId, AccountId)>,
    /// Everyone who ever had collateral.
    pub bonders: BTreeSet<AccountId>,
    /// Every subnet and its epochs.
    pub subnets: BTreeMap<NetUid, History>,
    /// What the curve has issued until now, genesis included.
    pub issued: Rao,
    /// What was paid to neurons, owners, the reserve and those who run epochs.
    pub paid_out: Rao,
    /// How often what root stake earns was counted anew, and rounded.
    pub rounded: u64,
}

/// A subnet's epochs.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Whether the position that the owner's cut is paid to is written down.
    pub owner_known: bool,
    /// What the epoch that closed last froze.
    pub frozen: Option<Frozen>,
    /// Each epoch that closed, from the first.
    pub epochs: BTreeMap<u32, Life>,
    /// The last final epoch.
    pub last_final: Option<u32>,
}

/// What a close froze.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The header.
    pub header: EpochHeader,
    /// The inputs of every chunk.
    pub inputs: Vec<ChunkInputs>,
}

/// What happened to one epoch.
#[derive(Clone, Debug)]
pub struct Life {
    /// Hash of its header.
    pub header_hash: Digest,
    /// The assertion that stands.
    pub assertion: Option<Assertion>,
    /// What a replay told.
    pub told: Told,
    /// It was rolled over.
    pub given_up: bool,
    /// Digest of the final epoch.
    pub digest: Option<Digest>,
    /// Chunks settled and what each was paid.
    pub settled: BTreeMap<u16, Rao>,
    /// All chunks are settled.
    pub complete: bool,
    /// What an honest computation comes to, if the epoch was asserted honestly.
    pub honest: Option<Honest>,
}

/// What a replay tells of an epoch, all of it public.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The step that is next.
    pub next: u32,
    /// Results by chunk.
    pub results: BTreeMap<u16, Vec<NeuronResult>>,
    /// Memory by chunk; a chunk that remembers nothing has none.
    pub memory: BTreeMap<u16, Vec<u8>>,
}

impl Told {
    /// What each chunk remembers, once the replay is over.
    pub fn memory(&self) -> Option<Vec<Vec<u8>>> {
        let chunks = self.results.keys();
        (self.next > 0).then(|| {
            chunks
                .map(|chunk| self.memory.get(chunk).cloned().unwrap_or_default())
                .collect()
        })
    }
}

/// What an honest computation comes to.
#[derive(Clone, Debug)]
pub struct Honest {
    /// The assertion.
    pub assertion: Assertion,
    /// The results of every chunk.
    pub results: Vec<Vec<NeuronResult>>,
}

impl Book {
    /// An empty book, `issued` rao into the curve.
    pub fn new(issued: Rao) -> Self {
        Self {
            holders: BTreeSet::new(),
            positions: BTreeSet::new(),
            bonders: BTreeSet::new(),
            subnets: BTreeMap::new(),
            issued,
            paid_out: Rao::ZERO,
            rounded: 0,
        }
    }

    /// Writes `events` down. Returns the subnets whose epoch closed, whose inputs are now to be
    /// frozen here too.
    pub fn note(&mut self, addresses: &Addresses, events: &[ContractEvent]) -> Vec<NetUid> {
        let mut closed = Vec::new();
        for event in events {
            if event.contract == addresses.token {
                self.note_token(event);
            } else if event.contract == addresses.registry {
                self.note_registry(event);
            } else if event.contract == addresses.staking {
                self.note_staking(event);
            } else if event.contract == addresses.emission {
                self.note_emission(event);
            } else if event.contract == addresses.epoch {
                closed.extend(self.note_epoch(event));
            }
        }
        closed
    }

    /// Writes down where the owner's cut is paid.
    pub fn meet_owner(&mut self, netuid: NetUid, subnet: &Subnet) {
        self.positions
            .insert((netuid, subnet.owner_hotkey, subnet.owner));
        self.history(netuid).owner_known = true;
    }

    /// Writes down what a close froze.
    pub fn freeze(&mut self, header: EpochHeader, inputs: Vec<ChunkInputs>) {
        let history = self.history(header.netuid);
        let life = &history.epochs[&header.epoch];
        assert_eq!(
            life.header_hash,
            header.digest(),
            "the event names its header"
        );
        let previous = history
            .last_final
            .and_then(|epoch| history.epochs[&epoch].digest);
        assert_eq!(header.final_epoch, history.last_final, "{header:?}");
        assert_eq!(header.previous, previous.unwrap_or_default(), "{header:?}");
        history.frozen = Some(Frozen { header, inputs });
    }

    /// Writes down what the closed epoch honestly comes to.
    pub fn note_honest(&mut self, netuid: NetUid, trace: &Trace) {
        self.life(netuid, trace.epoch).honest = Some(Honest {
            assertion: trace.assertion(),
            results: trace.results.clone(),
        });
    }

    /// The assertion of the epoch that closed last.
    pub fn standing(&self, netuid: NetUid) -> Assertion {
        let last = self.subnets[&netuid].epochs.last_key_value();
        let life = last.expect("a closed epoch").1;
        life.assertion.clone().expect("an assertion stands")
    }

    /// What the neurons of an epoch get, by chunk: as a replay told, or as honestly computed.
    pub fn results(&self, netuid: NetUid, epoch: u32) -> Vec<Vec<NeuronResult>> {
        let life = &self.subnets[&netuid].epochs[&epoch];
        if life.told.next > 0 {
            return life.told.results.values().cloned().collect();
        }
        let honest = life.honest.as_ref().expect("honestly computed");
        honest.results.clone()
    }

    /// What a replay of an epoch told that each chunk remembers, if there was one.
    pub fn told_memory(&self, netuid: NetUid, epoch: u32) -> Option<Vec<Vec<u8>>> {
        let history = self.subnets.get(&netuid)?;
        history.epochs.get(&epoch)?.told.memory()
    }

    fn history(&mut self, netuid: NetUid) -> &mut History {
        self.subnets.get_mut(&netuid).expect("a known subnet")
    }

    fn note_token(&mut self, event: &ContractEvent) {
        if let Some(Transfer { to: Some(to), .. }) = event.decode() {
            self.holders.insert(to);
        }
    }

    fn note_registry(&mut self, event: &ContractEvent) {
        if let Some(created) = event.decode::<SubnetCreated>() {
            let fresh = self.subnets.insert(created.netuid, History::default());
            assert!(fresh.is_none(), "{:?} is created once", created.netuid);
        }
        if let Some(seated) = event.decode::<NeuronRegistered>() {
            // Pay for the neuron is stake of its owner.
            self.positions
                .insert((seated.netuid, seated.hotkey, seated.coldkey));
        }
        if let Some(given) = event.decode::<SubnetTransferred>() {
            // The owner's cut is staked there from now on.
            self.positions
                .insert((given.netuid, given.owner_hotkey, given.to));
        }
    }

    fn note_staking(&mut self, event: &ContractEvent) {
        let is_about_root = event.decode::<RootAccrued>().is_some()
            || event.decode::<RootClaimed>().is_some()
            || event
                .decode::<StakeAdded>()
                .is_some_and(|it| it.netuid.is_root())
            || event
                .decode::<StakeRemoved>()
                .is_some_and(|it| it.netuid.is_root())
            || event
                .decode::<StakeMoved>()
                .is_some_and(|it| it.netuid.is_root() || it.to_netuid.is_root());
        if is_about_root {
            // The rate, and each of at most two claims.
            self.rounded += 3;
        }
        if let Some(added) = event.decode::<StakeAdded>() {
            self.positions
                .insert((added.netuid, added.hotkey, added.coldkey));
        }
        if let Some(given) = event.decode::<Inherited>() {
            // The owner's take of what a child has earned.
            self.positions
                .insert((given.netuid, given.parent, given.coldkey));
        }
        if let Some(moved) = event.decode::<StakeMoved>() {
            self.positions
                .insert((moved.to_netuid, moved.to_hotkey, moved.to_coldkey));
        }
    }

    fn note_emission(&mut self, event: &ContractEvent) {
        let mut paid = 0;
        if let Some(fee) = event.decode::<FeePaid>() {
            paid += fee.amount.0;
        }
        if let Some(completed) = event.decode::<Completed>() {
            paid += completed.owner.0 + completed.treasury.0;
        }
        self.paid_out.0 += paid;
    }

    fn note_epoch(&mut self, event: &ContractEvent) -> Option<NetUid> {
        if let Some(changed) = event.decode::<CollateralChanged>() {
            self.bonders.insert(changed.worker);
        }
        if let Some(proposed) = event.decode::<Proposed>() {
            self.note_proposed(proposed);
        }
        if let Some(disputed) = event.decode::<Disputed>() {
            self.note_disputed(&disputed);
        }
        if let Some(replayed) = event.decode::<Replayed>() {
            self.note_replayed(&replayed);
        }
        if let Some(results) = event.decode::<ReplayedResults>() {
            self.note_results(results);
        }
        if let Some(memory) = event.decode::<ReplayedMemory>() {
            self.note_memory(&memory);
        }
        if let Some(rolled) = event.decode::<EpochRolledOver>() {
            self.note_rolled_over(&rolled);
        }
        if let Some(finalized) = event.decode::<Finalized>() {
            self.note_finalized(&finalized);
        }
        if let Some(settled) = event.decode::<Settled>() {
            self.note_settled(&settled);
        }
        let closed = event.decode::<EpochClosed>()?;
        self.note_closed(&closed);
        Some(closed.netuid)
    }

    fn note_closed(&mut self, closed: &EpochClosed) {
        let history = self.history(closed.netuid);
        if let Some((last, life)) = history.epochs.last_key_value() {
            assert!(closed.epoch > *last, "epochs close in order");
            assert!(
                life.digest.is_some() || life.given_up,
                "an epoch closes after the one before is final or given up"
            );
        }
        let life = Life {
            header_hash: closed.header_hash,
            assertion: None,
            told: Told::default(),
            given_up: false,
            digest: None,
            settled: BTreeMap::new(),
            complete: false,
            honest: None,
        };
        history.epochs.insert(closed.epoch, life);
    }

    fn life(&mut self, netuid: NetUid, epoch: u32) -> &mut Life {
        self.history(netuid)
            .epochs
            .get_mut(&epoch)
            .expect("the epoch had closed")
    }

    fn note_proposed(&mut self, proposed: Proposed) {
        let life = self.life(proposed.netuid, proposed.epoch);
        assert!(life.assertion.is_none(), "one assertion at a time");
        assert!(life.digest.is_none(), "a final epoch never changes");
        assert!(!life.given_up && life.told.next == 0, "nobody else ends it");
        assert_eq!(proposed.assertion.header_hash, life.header_hash);
        life.assertion = Some(proposed.assertion);
    }

    fn note_disputed(&mut self, disputed: &Disputed) {
        let life = self.life(disputed.netuid, disputed.epoch);
        assert!(life.digest.is_none(), "a final epoch never changes");
        let fallen = life.assertion.take().expect("an assertion stood");
        if let Some(honest) = &life.honest {
            assert_ne!(fallen, honest.assertion, "an honest assertion stands");
        }
    }

    fn note_finalized(&mut self, finalized: &Finalized) {
        let life = self.life(finalized.netuid, finalized.epoch);
        assert!(life.digest.is_none(), "an epoch becomes final once");
        assert!(!life.given_up, "what is given up is never final");
        match &life.assertion {
            Some(assertion) => assert_eq!(finalized.assertion, assertion.digest()),
            None => assert!(life.told.next > 0, "asserted or replayed"),
        }
        assert_eq!(
            finalized.proposer.is_some(),
            life.assertion.is_some(),
            "a replay has no proposer"
        );
        life.digest = Some(final_digest(&life.header_hash, &finalized.assertion));
        self.history(finalized.netuid).last_final = Some(finalized.epoch);
    }

    fn note_replayed(&mut self, replayed: &Replayed) {
        let life = self.life(replayed.netuid, replayed.epoch);
        assert!(life.digest.is_none(), "a final epoch never changes");
        assert!(life.assertion.is_none() && !life.given_up);
        assert!(replayed.next > life.told.next, "a replay goes on");
        life.told.next = replayed.next;
    }

    fn note_results(&mut self, told: ReplayedResults) {
        let life = self.life(told.netuid, told.epoch);
        let before = life.told.results.insert(told.chunk, told.results);
        assert_eq!(before, None, "results are told once");
    }

    fn note_memory(&mut self, told: &ReplayedMemory) {
        let life = self.life(told.netuid, told.epoch);
        let memory = life.told.memory.entry(told.chunk).or_default();
        assert_eq!(memory.len(), told.offset as usize, "parts come in order");
        memory.extend(&told.bytes);
    }

    fn note_rolled_over(&mut self, rolled: &EpochRolledOver) {
        let life = self.life(rolled.netuid, rolled.epoch);
        assert!(life.digest.is_none(), "a final epoch never changes");
        assert!(!life.given_up, "an epoch is given up once");
        life.given_up = true;
    }

    fn note_settled(&mut self, settled: &Settled) {
        self.paid_out.0 += settled.paid.0;
        let life = self.life(settled.netuid, settled.epoch);
        assert!(life.digest.is_some(), "only a final epoch is settled");
        assert!(!life.complete, "nothing follows the last chunk");
        let before = life.settled.insert(settled.chunk, settled.paid);
        assert_eq!(before, None, "chunk {} is paid once", settled.chunk);
        life.complete = settled.complete;
        let asserted = life.assertion.as_ref().map(|it| it.results.len());
        let chunks = asserted.unwrap_or(life.told.results.len());
        assert_eq!(life.complete, life.settled.len() == chunks);
    }
}
