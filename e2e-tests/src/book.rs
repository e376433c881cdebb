//! What an honest observer writes down from the contracts' events, and what the events alone must satisfy.

use inktensor_primitives::{
    assertion::{final_digest, Assertion},
    dispute::Disputed,
    epoch::{BondChanged, EpochClosed, Finalized, Proposed, Settled},
    kernel::{ChunkInputs, EpochHeader, NeuronResult},
    registry::{NeuronRegistered, Subnet, SubnetCreated},
    staking::StakeAdded,
    AccountId, Digest, NetUid, Rao,
};
use inktensor_worker::{chain::ContractEvent, deploy::Addresses, epoch::Trace};
use psp22::Transfer;
use std::collections::{BTreeMap, BTreeSet};

/// The observer's notes.
#[derive(Clone, Debug)]
pub struct Book {
    /// Everyone who ever got TAO.
    pub holders: BTreeSet<AccountId>,
    /// Every position that may exist: subnet, hotkey, coldkey.
    pub positions: BTreeSet<(NetUid, AccountId, AccountId)>,
    /// Everyone who ever had a bond.
    pub bonders: BTreeSet<AccountId>,
    /// Every subnet and its epochs.
    pub subnets: BTreeMap<NetUid, History>,
    /// What the curve has issued until now, genesis included.
    pub issued: Rao,
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
    /// Digest of the final epoch.
    pub digest: Option<Digest>,
    /// Chunks settled and what each was paid.
    pub settled: BTreeMap<u16, Rao>,
    /// All chunks are settled.
    pub complete: bool,
    /// What an honest computation comes to, if the epoch was asserted honestly.
    pub honest: Option<Honest>,
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
        }
    }

    /// Writes `events` down. Returns the subnets whose epoch closed, whose inputs are now to be frozen here too.
    pub fn note(&mut self, addresses: &Addresses, events: &[ContractEvent]) -> Vec<NetUid> {
        let mut closed = Vec::new();
        for event in events {
            if event.contract == addresses.token {
                self.note_token(event);
            } else if event.contract == addresses.registry {
                self.note_registry(event);
            } else if event.contract == addresses.staking {
                self.note_staking(event);
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

    /// What the neurons of an epoch honestly get, by chunk.
    pub fn honest_results(&self, netuid: NetUid, epoch: u32) -> Vec<Vec<NeuronResult>> {
        let life = &self.subnets[&netuid].epochs[&epoch];
        let honest = life.honest.as_ref().expect("honestly computed");
        honest.results.clone()
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
    }

    fn note_staking(&mut self, event: &ContractEvent) {
        if let Some(added) = event.decode::<StakeAdded>() {
            self.positions
                .insert((added.netuid, added.hotkey, added.coldkey));
        }
    }

    fn note_epoch(&mut self, event: &ContractEvent) -> Option<NetUid> {
        if let Some(changed) = event.decode::<BondChanged>() {
            self.bonders.insert(changed.worker);
        }
        if let Some(proposed) = event.decode::<Proposed>() {
            self.note_proposed(proposed);
        }
        if let Some(disputed) = event.decode::<Disputed>() {
            self.note_disputed(&disputed);
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
                life.digest.is_some(),
                "an epoch closes after the one before is final"
            );
        }
        let life = Life {
            header_hash: closed.header_hash,
            assertion: None,
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
        let assertion = life.assertion.as_ref().expect("an assertion stood");
        assert_eq!(finalized.assertion, assertion.digest());
        life.digest = Some(final_digest(&life.header_hash, &finalized.assertion));
        self.history(finalized.netuid).last_final = Some(finalized.epoch);
    }

    fn note_settled(&mut self, settled: &Settled) {
        let life = self.life(settled.netuid, settled.epoch);
        assert!(life.digest.is_some(), "only a final epoch is settled");
        assert!(!life.complete, "nothing follows the last chunk");
        let before = life.settled.insert(settled.chunk, settled.paid);
        assert_eq!(before, None, "chunk {} is paid once", settled.chunk);
        life.complete = settled.complete;
        let chunks = life.assertion.as_ref().map_or(0, |it| it.results.len());
        assert_eq!(life.complete, life.settled.len() == chunks);
    }
}
