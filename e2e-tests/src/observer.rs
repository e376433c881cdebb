//! An honest observer's record of the contracts' events, and the rules that the events alone must
//! satisfy.

use inktensor_client::{chain::ContractEvent, deploy::Addresses};
use inktensor_compute::epoch::Trace;
use inktensor_primitives::{
    assertion::{final_digest, Assertion},
    dispute::Disputed,
    emission::{Completed, FeePaid},
    epoch::{
        CollateralChanged, EpochClosed, EpochRolledOver, Finalized, MemoryPublished, Proposed,
        Replayed, ResultsPublished, Settled,
    },
    kernel::{ChunkInputs, EpochHeader, NeuronResult},
    registry::{NeuronRegistered, Subnet, SubnetCreated, SubnetTransferred},
    staking::{
        Collected, Distributed, HandedOn, RootClaimed, StakeAdded, StakeMoved, StakeRemoved,
    },
    AccountId, Digest, NetUid, Rao,
};
use psp22::Transfer;
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

/// The record of all events so far.
#[derive(Clone, Debug)]
pub struct Observer {
    /// All accounts that ever received TAO.
    pub holders: BTreeSet<AccountId>,
    /// Every position that may exist: subnet, hotkey, coldkey.
    pub positions: BTreeSet<(NetUid, AccountId, AccountId)>,
    /// Every hotkey that ever registered: subnet and hotkey.
    pub seated: BTreeSet<(NetUid, AccountId)>,
    /// True once a neuron was replaced.
    pub has_replaced: bool,
    /// All accounts that ever had collateral.
    pub workers: BTreeSet<AccountId>,
    /// All subnets and their epochs.
    pub subnets: BTreeMap<NetUid, History>,
    /// TAO that the curve has issued so far, genesis included.
    pub issued: Rao,
    /// TAO paid to neurons, owners, the treasury and those who run epochs.
    pub paid_out: Rao,
    /// Most roundings of root dividends so far, each by less than a rao.
    pub rounded: u64,
}

/// The epochs of a subnet.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// True once the position that the owner's cut is paid to is recorded.
    pub owner_known: bool,
    /// The inputs of the epoch that closed last.
    pub closed: Option<ClosedInputs>,
    /// All epochs that have closed.
    pub epochs: BTreeMap<u32, EpochRecord>,
    /// The last final epoch.
    pub last_final: Option<u32>,
}

/// The inputs that a close has frozen.
#[derive(Clone, Debug)]
pub struct ClosedInputs {
    /// The header.
    pub header: EpochHeader,
    /// The inputs of every chunk.
    pub inputs: Vec<ChunkInputs>,
}

/// The events of one epoch.
#[derive(Clone, Debug)]
pub struct EpochRecord {
    /// Hash of its header.
    pub header_hash: Digest,
    /// The posted assertions that no dispute has overturned, in order, until the epoch ends.
    pub standing: Vec<Assertion>,
    /// The posted assertion by which the epoch became final.
    pub assertion: Option<Assertion>,
    /// The progress of a replay.
    pub replay: ReplayRecord,
    /// True if the epoch was rolled over.
    pub rolled_over: bool,
    /// The digest of the epoch once it is final.
    pub digest: Option<Digest>,
    /// The settled chunks, with the amount paid to each.
    pub settled: BTreeMap<u16, Rao>,
    /// The chunks that are settled in part, with the amount paid so far.
    pub partly: BTreeMap<u16, Rao>,
    /// True once all chunks are settled.
    pub complete: bool,
    /// The honest result, if the epoch was asserted honestly or replayed.
    pub honest: Option<Honest>,
}

/// The public events of a replay, and what settlements publish in the same way.
#[derive(Clone, Debug, Default)]
pub struct ReplayRecord {
    /// The next step to execute; 0 without a replay.
    pub next: u32,
    /// The results of each chunk.
    pub results: BTreeMap<u16, Vec<NeuronResult>>,
    /// The carry-over state of each chunk that has one.
    pub memory: BTreeMap<u16, Vec<u8>>,
}

impl ReplayRecord {
    /// Returns the carry-over state of each chunk after a whole replay.
    pub fn memory(&self) -> Vec<Vec<u8>> {
        let of = |chunk| self.memory.get(chunk).cloned().unwrap_or_default();
        self.results.keys().map(of).collect()
    }
}

impl EpochRecord {
    /// Returns true if the epoch, which is final, became final by a replay.
    pub fn was_replayed(&self) -> bool {
        self.assertion.is_none() && self.replay.next > 0
    }
}

/// The honest result of an epoch.
#[derive(Clone, Debug)]
pub struct Honest {
    /// The assertion.
    pub assertion: Assertion,
    /// The results of every chunk.
    pub results: Vec<Vec<NeuronResult>>,
}

impl Observer {
    /// Creates an empty record, `issued` rao into the curve.
    pub fn new(issued: Rao) -> Self {
        Self {
            holders: BTreeSet::new(),
            positions: BTreeSet::new(),
            seated: BTreeSet::new(),
            has_replaced: false,
            workers: BTreeSet::new(),
            subnets: BTreeMap::new(),
            issued,
            paid_out: Rao::ZERO,
            rounded: 0,
        }
    }

    /// Records `events`. Returns the subnets whose epoch closed; the caller records their inputs.
    pub fn record(&mut self, addresses: &Addresses, events: &[ContractEvent]) -> Vec<NetUid> {
        let mut closed = Vec::new();
        for event in events {
            if event.contract == addresses.token {
                self.record_token(event);
            } else if event.contract == addresses.registry {
                self.record_registry(event);
            } else if event.contract == addresses.staking {
                self.record_staking(event);
            } else if event.contract == addresses.emission {
                self.record_emission(event);
            } else if event.contract == addresses.epoch {
                closed.extend(self.record_epoch(event));
            }
        }
        closed
    }

    /// Records the position that the owner's cut is paid to.
    pub fn record_owner(&mut self, netuid: NetUid, subnet: &Subnet) {
        self.positions
            .insert((netuid, subnet.owner_hotkey, subnet.owner));
        self.history(netuid).owner_known = true;
    }

    /// Records the inputs of the epoch that has just closed.
    pub fn record_close(&mut self, header: EpochHeader, inputs: Vec<ChunkInputs>) {
        let history = self.history(header.netuid);
        let record = &history.epochs[&header.epoch];
        assert_eq!(
            record.header_hash,
            header.digest(),
            "the event names its header"
        );
        let previous = history
            .last_final
            .and_then(|epoch| history.epochs[&epoch].digest);
        assert_eq!(header.final_epoch, history.last_final, "{header:?}");
        assert_eq!(header.previous, previous.unwrap_or_default(), "{header:?}");
        history.closed = Some(ClosedInputs { header, inputs });
    }

    /// Records the honest result of an epoch.
    pub fn record_honest(&mut self, netuid: NetUid, trace: &Trace) {
        self.epoch(netuid, trace.epoch).honest = Some(Honest {
            assertion: trace.assertion(),
            results: trace.results.clone(),
        });
    }

    /// Returns the first assertion that stands about the epoch that closed last.
    pub fn assertion(&self, netuid: NetUid) -> Assertion {
        let last = self.subnets[&netuid].epochs.last_key_value();
        let record = last.expect("a closed epoch").1;
        let first = record.standing.first();
        first.cloned().expect("a posted assertion")
    }

    /// Returns the results of an epoch by chunk, from its replay or the honest computation.
    pub fn results(&self, netuid: NetUid, epoch: u32) -> Vec<Vec<NeuronResult>> {
        let record = &self.subnets[&netuid].epochs[&epoch];
        if record.was_replayed() {
            return record.replay.results.values().cloned().collect();
        }
        let honest = record.honest.as_ref().expect("honestly computed");
        honest.results.clone()
    }

    /// Returns the carry-over state that the replay of an epoch has emitted, if there was one.
    pub fn published_memory(&self, netuid: NetUid, epoch: u32) -> Option<Vec<Vec<u8>>> {
        let history = self.subnets.get(&netuid)?;
        let record = history.epochs.get(&epoch)?;
        record.was_replayed().then(|| record.replay.memory())
    }

    /// Returns the chunks of an epoch whose memory is public: all after a replay, else the settled
    /// ones.
    pub fn published(&self, netuid: NetUid, epoch: u32) -> BTreeSet<u16> {
        let history = self.subnets.get(&netuid);
        let Some(record) = history.and_then(|it| it.epochs.get(&epoch)) else {
            return BTreeSet::new();
        };
        if record.was_replayed() {
            return record.replay.results.keys().copied().collect();
        }
        let partly = record.partly.keys();
        record.settled.keys().chain(partly).copied().collect()
    }

    fn history(&mut self, netuid: NetUid) -> &mut History {
        self.subnets.get_mut(&netuid).expect("a known subnet")
    }

    fn record_token(&mut self, event: &ContractEvent) {
        if let Some(Transfer { to: Some(to), .. }) = event.decode() {
            self.holders.insert(to);
        }
    }

    fn record_registry(&mut self, event: &ContractEvent) {
        if let Some(created) = event.decode::<SubnetCreated>() {
            let fresh = self.subnets.insert(created.netuid, History::default());
            assert!(fresh.is_none(), "{:?} is created once", created.netuid);
        }
        if let Some(seated) = event.decode::<NeuronRegistered>() {
            // Pay of a replaced neuron is left to the hotkey that it registered with.
            self.seated.insert((seated.netuid, seated.hotkey));
            self.has_replaced |= seated.replaced.is_some();
            // The pay of the neuron becomes stake of its owner.
            self.positions
                .insert((seated.netuid, seated.hotkey, seated.coldkey));
        }
        if let Some(given) = event.decode::<SubnetTransferred>() {
            // The owner's cut is staked there from now on.
            self.positions
                .insert((given.netuid, given.owner_hotkey, given.to));
        }
    }

    fn record_staking(&mut self, event: &ContractEvent) {
        if let Some(paid) = event.decode::<Distributed>() {
            // The rate and at most two claims are rounded.
            self.rounded += 3 * u64::try_from(paid.root.len()).expect("few");
        }
        let handed = event.decode::<HandedOn>();
        let is_about_root = handed.as_ref().is_some_and(|it| !it.root.is_zero())
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
            // The rate and at most two claims are rounded.
            self.rounded += 3;
        }
        if let Some(added) = event.decode::<StakeAdded>() {
            self.positions
                .insert((added.netuid, added.hotkey, added.coldkey));
        }
        if let Some(collected) = event.decode::<Collected>() {
            for it in collected.payments {
                self.positions
                    .insert((collected.netuid, it.hotkey, it.coldkey));
            }
        }
        if let Some(given) = handed {
            // The owner gets its take of the child's dividends here.
            self.positions
                .insert((given.netuid, given.parent, given.coldkey));
        }
        if let Some(moved) = event.decode::<StakeMoved>() {
            self.positions
                .insert((moved.to_netuid, moved.to_hotkey, moved.to_coldkey));
        }
    }

    fn record_emission(&mut self, event: &ContractEvent) {
        let mut paid = 0;
        if let Some(fee) = event.decode::<FeePaid>() {
            paid += fee.amount.0;
        }
        if let Some(completed) = event.decode::<Completed>() {
            paid += completed.owner.0 + completed.treasury.0;
        }
        self.paid_out.0 += paid;
    }

    fn record_epoch(&mut self, event: &ContractEvent) -> Option<NetUid> {
        if let Some(changed) = event.decode::<CollateralChanged>() {
            self.workers.insert(changed.worker);
        }
        if let Some(proposed) = event.decode::<Proposed>() {
            self.record_proposed(proposed);
        }
        if let Some(disputed) = event.decode::<Disputed>() {
            self.record_disputed(&disputed);
        }
        if let Some(replayed) = event.decode::<Replayed>() {
            self.record_replayed(&replayed);
        }
        if let Some(results) = event.decode::<ResultsPublished>() {
            self.record_results(results);
        }
        if let Some(memory) = event.decode::<MemoryPublished>() {
            self.record_memory(&memory);
        }
        if let Some(rolled) = event.decode::<EpochRolledOver>() {
            self.record_rolled_over(&rolled);
        }
        if let Some(finalized) = event.decode::<Finalized>() {
            self.record_finalized(&finalized);
        }
        if let Some(settled) = event.decode::<Settled>() {
            self.record_settled(&settled);
        }
        let closed = event.decode::<EpochClosed>()?;
        self.record_closed(&closed);
        Some(closed.netuid)
    }

    fn record_closed(&mut self, closed: &EpochClosed) {
        let history = self.history(closed.netuid);
        if let Some((last, record)) = history.epochs.last_key_value() {
            assert!(closed.epoch > *last, "epochs close in order");
            assert!(
                record.digest.is_some() || record.rolled_over,
                "an epoch closes after the one before is final or rolled over"
            );
        }
        let record = EpochRecord {
            header_hash: closed.header_hash,
            standing: Vec::new(),
            assertion: None,
            replay: ReplayRecord::default(),
            rolled_over: false,
            digest: None,
            settled: BTreeMap::new(),
            partly: BTreeMap::new(),
            complete: false,
            honest: None,
        };
        history.epochs.insert(closed.epoch, record);
    }

    fn epoch(&mut self, netuid: NetUid, epoch: u32) -> &mut EpochRecord {
        self.history(netuid)
            .epochs
            .get_mut(&epoch)
            .expect("the epoch had closed")
    }

    fn record_proposed(&mut self, proposed: Proposed) {
        let record = self.epoch(proposed.netuid, proposed.epoch);
        assert!(record.standing.len() < 4, "at most four stand");
        assert!(
            !record.standing.contains(&proposed.assertion),
            "no two assertions are equal"
        );
        assert!(record.digest.is_none(), "a final epoch never changes");
        assert!(!record.rolled_over, "neither rolled over nor replayed");
        assert_eq!(proposed.assertion.header_hash, record.header_hash);
        record.standing.push(proposed.assertion);
    }

    fn record_disputed(&mut self, disputed: &Disputed) {
        let record = self.epoch(disputed.netuid, disputed.epoch);
        assert!(record.digest.is_none(), "a final epoch never changes");
        let place = record
            .standing
            .iter()
            .position(|standing| standing.digest() == disputed.assertion);
        let fallen = record.standing.remove(place.expect("a posted assertion"));
        if let Some(honest) = &record.honest {
            assert_ne!(
                fallen, honest.assertion,
                "no honest assertion is overturned"
            );
        }
    }

    fn record_finalized(&mut self, finalized: &Finalized) {
        let record = self.epoch(finalized.netuid, finalized.epoch);
        assert!(record.digest.is_none(), "an epoch becomes final once");
        assert!(
            !record.rolled_over,
            "a rolled-over epoch never becomes final"
        );
        let first = mem::take(&mut record.standing).into_iter().next();
        match &first {
            Some(first) => assert_eq!(finalized.assertion, first.digest(), "the first is final"),
            None => assert!(record.replay.next > 0, "asserted or replayed"),
        }
        assert_eq!(
            finalized.proposer.is_some(),
            first.is_some(),
            "a replay has no proposer"
        );
        record.assertion = first;
        record.digest = Some(final_digest(&record.header_hash, &finalized.assertion));
        self.history(finalized.netuid).last_final = Some(finalized.epoch);
    }

    fn record_replayed(&mut self, replayed: &Replayed) {
        let record = self.epoch(replayed.netuid, replayed.epoch);
        assert!(record.digest.is_none(), "a final epoch never changes");
        assert!(record.standing.is_empty() && !record.rolled_over);
        assert!(replayed.next > record.replay.next, "a replay advances");
        record.replay.next = replayed.next;
    }

    fn record_results(&mut self, event: ResultsPublished) {
        let record = self.epoch(event.netuid, event.epoch);
        let before = record
            .replay
            .results
            .insert(event.chunk, event.results.clone());
        assert!(
            before.is_none_or(|before| before == event.results),
            "a settlement publishes what a replay has"
        );
    }

    fn record_memory(&mut self, event: &MemoryPublished) {
        let record = self.epoch(event.netuid, event.epoch);
        let memory = record.replay.memory.entry(event.chunk).or_default();
        if event.offset == 0 {
            memory.clear();
        }
        assert_eq!(memory.len(), event.offset as usize, "parts come in order");
        memory.extend(&event.bytes);
    }

    fn record_rolled_over(&mut self, rolled: &EpochRolledOver) {
        let record = self.epoch(rolled.netuid, rolled.epoch);
        assert!(record.digest.is_none(), "a final epoch never changes");
        assert!(!record.rolled_over, "an epoch is rolled over once");
        record.rolled_over = true;
        record.standing.clear();
    }

    fn record_settled(&mut self, settled: &Settled) {
        self.paid_out.0 += settled.paid.0;
        let record = self.epoch(settled.netuid, settled.epoch);
        assert!(record.digest.is_some(), "only a final epoch is settled");
        assert!(!record.complete, "nothing follows the last chunk");
        let chunk = settled.chunk;
        let before = record.partly.remove(&chunk).unwrap_or_default();
        assert!(settled.neurons > 0 || before == Rao::ZERO, "a call pays");
        let paid = Rao(before.0 + settled.paid.0);
        if settled.settled {
            let twice = record.settled.insert(chunk, paid);
            assert_eq!(twice, None, "chunk {chunk} is paid once");
        } else {
            record.partly.insert(chunk, paid);
        }
        record.complete = settled.complete;
        let asserted = record.assertion.as_ref().map(|it| it.results.len());
        let chunks = asserted.unwrap_or(record.replay.results.len());
        assert_eq!(record.complete, record.settled.len() == chunks);
    }
}
