//! A network and the model side by side.

mod compare;
mod replay;
mod users;

use super::{
    verdict, Account, Action, Claim, Claimed, Evidence, Fit, Given, HonestEpoch, Protocol,
    SubnetModel, Until, Which,
};
use crate::{accounts::*, network::StorageRoots, Network};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    epoch::{FinalChunk, Stage},
    kernel::NeuronResult,
    AccountId, NetUid, Rao,
};
use std::collections::BTreeMap;

/// The number of workers, each of which may propose, dispute, finalize and settle.
pub const WORKERS: u32 = 3;
/// An honest observer without collateral.
pub const WATCHER: AccountId = named("watcher");

/// For each kind of action, the number of successes and refusals.
pub type Tally = BTreeMap<&'static str, (u64, u64)>;

/// A network and the model side by side.
pub struct Lockstep {
    /// The network.
    pub net: Network,
    /// The model.
    pub protocol: Protocol,
    netuids: Vec<NetUid>,
    /// The honest computation of the epoch that closed last.
    known: BTreeMap<NetUid, HonestEpoch>,
    /// True if an honest watcher acts in each block.
    watched: bool,
    /// Block and storage of the contracts at the last check.
    checked: (u32, StorageRoots),
    /// The model at the last check.
    compared: Protocol,
    tally: Tally,
}

/// Returns the `i`-th worker.
pub fn worker(i: u32) -> AccountId {
    nth("worker", i % WORKERS)
}

/// Returns the coldkey of the `i`-th person.
pub fn person(i: u32) -> AccountId {
    nth("person", i)
}

/// Returns the hotkey of the `i`-th person.
pub fn hotkey(i: u32) -> AccountId {
    nth("hotkey", i)
}

impl Lockstep {
    /// Begins on `net`, where no epoch may be closed. If `watched`, an honest watcher acts in each
    /// block.
    pub fn begin(mut net: Network, watched: bool) -> Self {
        net.start_all();
        let workers = (0..WORKERS).map(worker).chain([WATCHER]);
        let account = |who: AccountId| Account {
            balance: Rao(u64::try_from(net.balance(who)).expect("below the cap")),
            collateral: net.collateral(who),
        };
        let accounts = workers.map(|who| (who, account(who))).collect();
        let netuids: Vec<NetUid> = (1..=net.subnets()).map(NetUid).collect();
        let subnet = |netuid: NetUid| {
            let (subnet, status) = (net.subnet(netuid), net.status(netuid));
            let (subnet, status) = (subnet.expect("a subnet"), status.expect("a status"));
            assert_eq!((status.stage, status.settling), (Stage::Open, None));
            SubnetModel {
                tempo: subnet.tempo,
                neurons: subnet.neurons,
                open: status.open,
                opened_at: status.opened_at,
                closed: None,
                final_epoch: status.final_epoch,
                settling: None,
            }
        };
        let protocol = Protocol {
            rules: net.rules(),
            block: net.block(),
            subnets: netuids.iter().map(|id| (*id, subnet(*id))).collect(),
            accounts,
            burned: Rao::ZERO,
        };
        Self {
            checked: (net.block(), net.storage_roots()),
            net,
            compared: protocol.clone(),
            protocol,
            netuids,
            known: BTreeMap::new(),
            watched,
            tally: Tally::new(),
        }
    }

    /// Returns the number of successes and refusals by kind of action.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Performs `action` in the network and in the model.
    ///
    /// # Panics
    /// If the two disagree, a refused action has changed something, or an invariant of the protocol
    /// is broken.
    pub fn perform(&mut self, action: &Action) {
        match action {
            Action::Wait(until) => self.wait(*until),
            Action::Next(net) => self.next(self.netuid(*net)),
            Action::Close(net, by) => self.close(self.netuid(*net), worker(*by)),
            Action::Propose(net, by, claim) => {
                self.propose(self.netuid(*net), worker(*by), *claim);
            }
            Action::Dispute(net, by, place, evidence) => {
                self.dispute(self.netuid(*net), worker(*by), *place, *evidence);
            }
            Action::Finalize(net, by, which) => {
                self.finalize(self.netuid(*net), worker(*by), *which);
            }
            Action::Finish(net, by, which) => {
                self.finish(self.netuid(*net), worker(*by), *which);
            }
            Action::Settle(net, by, later, chunk, which) => {
                self.settle(self.netuid(*net), worker(*by), *later, *chunk, *which);
            }
            Action::Replay(net, by, steps, given) => {
                self.replay(self.netuid(*net), worker(*by), *steps, *given);
            }
            Action::RollOver(net, by) => self.roll_over(self.netuid(*net), worker(*by)),
            Action::Deposit(by, amount) => self.deposit(worker(*by), Rao(*amount)),
            Action::Withdraw(by, amount) => {
                let (who, amount) = (worker(*by), Rao(*amount));
                let answer = self.net.as_(who).withdraw_collateral(amount);
                assert_eq!(answer, self.protocol.withdraw(who, amount));
                self.done("withdraw", &answer);
            }
            Action::Fund(by, amount) => {
                self.net.fund(worker(*by), Rao(*amount));
                self.protocol.account(worker(*by)).balance.0 += amount;
                self.done("fund", &Ok::<_, ()>(()));
            }
            other => self.perform_user_action(other),
        }
    }

    fn netuid(&self, net: usize) -> NetUid {
        self.netuids[net % self.netuids.len()]
    }

    /// Makes empty blocks. A watcher acts once before them, since nothing happens in them.
    fn wait(&mut self, until: Until) {
        self.watch();
        let block = self.protocol.block;
        let due = |net: usize| {
            let subnet = &self.protocol.subnets[&self.netuid(net)];
            subnet.due(&self.protocol.rules, block) - block
        };
        let blocks = match until {
            Until::Blocks(blocks) => blocks,
            Until::Due(net) => due(net),
            Until::AlmostDue(net) => due(net).saturating_sub(1),
        };
        self.net.advance(blocks);
        self.protocol.block += blocks;
        self.done("wait", &Ok::<_, ()>(()));
    }

    /// Disputes every false assertion as the honest watcher, if there is one.
    fn watch(&mut self) {
        if !self.watched {
            return;
        }
        for netuid in self.netuids.clone() {
            while let Some(place) = self.first_lie(netuid) {
                let before = self.protocol.standing(netuid).len();
                self.dispute(netuid, WATCHER, place, Evidence::Refutation);
                let now = self.protocol.standing(netuid).len();
                assert_eq!(now, before - 1, "the lie is gone");
            }
        }
    }

    /// Returns the place of the first false assertion that stands and can be disputed.
    fn first_lie(&self, netuid: NetUid) -> Option<usize> {
        let honest = self.known.get(&netuid).map(|known| &known.assertion);
        let mut standing = self.protocol.standing(netuid).iter();
        standing.position(|posted| {
            Some(&posted.claimed.assertion) != honest && posted.deadline > self.protocol.block
        })
    }

    /// Returns true if the honest assertion stands in one of the first places.
    fn stands_honestly(&self, netuid: NetUid, places: usize) -> bool {
        let honest = self.known.get(&netuid).map(|known| &known.assertion);
        let mut standing = self.protocol.standing(netuid).iter().take(places);
        standing.any(|posted| Some(&posted.claimed.assertion) == honest)
    }

    /// Records the honest outcome of the closed epoch once no other can become final: the honest
    /// assertion stands first, or a watcher disputes those before it.
    fn record_honest(&mut self, netuid: NetUid) {
        let places = if self.watched { usize::MAX } else { 1 };
        if self.stands_honestly(netuid, places) {
            let trace = &self.known[&netuid].trace;
            self.net.observer.record_honest(netuid, trace);
        }
    }

    /// Makes the next due call of a subnet honestly, signed by the first worker.
    fn next(&mut self, netuid: NetUid) {
        let who = worker(0);
        let subnet = &self.protocol.subnets[&netuid];
        let closes_at = subnet.opened_at + subnet.tempo;
        let unsettled = subnet
            .settling
            .as_ref()
            .and_then(|it| (0..it.chunks()).find(|chunk| !it.settled.contains(chunk)));
        let Some(closed) = &subnet.closed else {
            match unsettled {
                Some(chunk) => self.settle(netuid, who, 0, chunk, Which::Due),
                None => {
                    self.wait_until(closes_at);
                    self.close(netuid, who);
                }
            }
            return;
        };
        if let Some(first) = closed.standing.first() {
            self.wait_until(first.deadline);
            self.finalize(netuid, who, Which::Due);
            return;
        }
        if closed.replayed > 0 {
            self.replay(netuid, who, 2, Given::Right);
            return;
        }
        let free = self.protocol.accounts[&who].collateral.free;
        let needed = self.protocol.collateral_required(netuid);
        if free < needed {
            self.deposit(who, Rao(needed.0 - free.0));
        }
        self.propose(netuid, who, Claim::Honest);
    }

    fn wait_until(&mut self, block: u32) {
        self.wait(Until::Blocks(block.saturating_sub(self.protocol.block)));
    }

    fn deposit(&mut self, who: AccountId, amount: Rao) {
        let answer = self.net.as_(who).deposit_collateral(amount);
        assert_eq!(answer, self.protocol.deposit(who, amount));
        self.done("deposit", &answer);
    }

    fn close(&mut self, netuid: NetUid, who: AccountId) {
        let answer = self.net.as_(who).close(netuid);
        let expected = self.protocol.close(netuid);
        assert_eq!(
            answer.as_ref().map(Option::is_some),
            expected.as_ref().copied()
        );
        if let Ok(Some(header)) = &answer {
            let budget = self.net.budget(netuid, header.epoch).expect("drawn");
            let neurons = header.budget.total();
            self.protocol
                .set_budget(netuid, neurons, budget.proposer, budget.keeper);
            let known = HonestEpoch::of(&self.net, netuid);
            self.known.insert(netuid, known);
            // Hyperparameters that were set in the closed epoch count from now on.
            self.copy_subnet(netuid);
        }
        self.done("close", &answer);
    }

    fn propose(&mut self, netuid: NetUid, who: AccountId, claim: Claim) {
        if let Claim::Lie(lie) = claim {
            // The next epoch must be computable after a lie that becomes final.
            if !self.watched && !lie.can_be_continued() {
                return;
            }
        }
        let claimed = match self.known.get(&netuid) {
            Some(known) => claim.about(known),
            None => empty_claim(),
        };
        let fit = match claim {
            Claim::OtherHeader => Fit::OtherHeader,
            Claim::Misshapen => Fit::Misshapen,
            Claim::Lie(_) if self.contradicts_replay(netuid, &claimed.assertion) => {
                Fit::Contradicts
            }
            Claim::Honest | Claim::Lie(_) => Fit::Fits,
        };
        let answer = self.net.as_(who).propose(netuid, &claimed.assertion);
        let expected = self.protocol.propose(netuid, who, claimed, fit);
        assert_eq!(answer, expected);
        self.record_honest(netuid);
        let kind = match claim {
            Claim::Lie(_) => "propose a lie",
            _ => "propose",
        };
        self.done(kind, &answer);
    }

    fn dispute(&mut self, netuid: NetUid, who: AccountId, place: usize, evidence: Evidence) {
        let posted = self.posted(netuid, place);
        let was_honest = self.stands_honestly(netuid, usize::MAX);
        let altered = match evidence {
            Evidence::Altered(_, part) => Some(part),
            _ => None,
        };
        let known = self.known.get(&netuid);
        let (k, proof) = match known {
            Some(known) => known.proof(evidence, posted.as_ref().unwrap_or(&known.assertion)),
            None => (0, no_proof()),
        };
        let answer = self.net.as_(who).dispute(netuid, k, &proof);
        let about = &proof.assertion;
        let expected = self.protocol.dispute(netuid, who, about, || {
            verdict(known.expect("it is closed"), about, k, altered)
        });
        assert_eq!(answer, expected, "step {k}");
        assert!(
            !was_honest || self.stands_honestly(netuid, usize::MAX),
            "no honest assertion is slashed"
        );
        self.record_honest(netuid);
        self.done("dispute", &answer);
    }

    fn finalize(&mut self, netuid: NetUid, who: AccountId, which: Which) {
        let honest = self.stands_honestly(netuid, 1);
        let posted = self.posted(netuid, 0);
        let beside = self.protocol.standing(netuid).get(1);
        let beside = beside.map(|posted| posted.claimed.assertion.clone());
        let known = self.known.get(&netuid).map(|known| known.assertion.clone());
        let mut assertion = posted.or(known).unwrap_or_else(|| empty_claim().assertion);
        if which == Which::Other {
            assertion.header_hash[2] ^= 1;
            assertion = beside.unwrap_or(assertion);
        }
        let answer = self.net.as_(who).finalize(netuid, &assertion);
        assert_eq!(answer, self.protocol.finalize(netuid, &assertion));
        if answer.is_ok() {
            self.record_final(netuid, honest);
        }
        let kind = match answer {
            Ok(()) if !honest => "finalize a lie",
            _ => "finalize",
        };
        self.done(kind, &answer);
    }

    fn record_final(&mut self, netuid: NetUid, honest: bool) {
        assert!(
            !self.watched || honest,
            "no lie becomes final under a watcher"
        );
        let trace = &self.known[&netuid].trace;
        let key = (netuid, trace.epoch);
        self.net.memory.insert(key, trace.memory.clone());
    }

    fn finish(&mut self, netuid: NetUid, who: AccountId, which: Which) {
        let honest = self.stands_honestly(netuid, 1);
        let standing = self.protocol.standing(netuid).first();
        let claimed = standing.map_or_else(empty_claim, |posted| posted.claimed.clone());
        let closed = self.protocol.subnets[&netuid].closed.as_ref();
        let epoch = closed.map_or(0, |closed| closed.epoch);
        let mut results = claimed.results.first().cloned().unwrap_or_default();
        if which == Which::Other {
            results.push(NeuronResult::default());
        }
        let known = self.known.get(&netuid);
        let memory = known.and_then(|known| known.trace.memory.first().cloned());
        let chunk = FinalChunk {
            chunk: 0,
            results: results.clone(),
            memory: memory.unwrap_or_default(),
        };
        let answer =
            self.net
                .as_(who)
                .finalize_and_settle(netuid, epoch, &claimed.assertion, vec![chunk]);
        let mut model = self.protocol.clone();
        let expected = model
            .finalize(netuid, &claimed.assertion)
            .and_then(|()| model.settle(netuid, who, epoch, 0, &results));
        assert_eq!(answer, expected);
        if answer.is_ok() {
            self.protocol = model;
            self.record_final(netuid, honest);
        }
        self.done("finalize and settle", &answer);
    }

    fn settle(&mut self, netuid: NetUid, who: AccountId, later: i8, chunk: u16, which: Which) {
        let subnet = &self.protocol.subnets[&netuid];
        let last = subnet.final_epoch.unwrap_or_default();
        let epoch = last.saturating_add_signed(later.into());
        let settling = subnet.settling.as_ref();
        let due = settling.and_then(|it| it.results.get(usize::from(chunk)));
        let mut results = due.cloned().unwrap_or_default();
        if which == Which::Other {
            match results.first_mut() {
                Some(result) => result.miner.0 += 1,
                None => results.push(NeuronResult::default()),
            }
        }
        let answer = self.net.as_(who).settle(netuid, epoch, chunk, &results);
        assert_eq!(
            answer,
            self.protocol.settle(netuid, who, epoch, chunk, &results)
        );
        self.done("settle", &answer);
    }

    /// Returns true if a step that the chain has replayed has other digests in `assertion`.
    fn contradicts_replay(&self, netuid: NetUid, assertion: &Assertion) -> bool {
        let closed = self.protocol.subnets[&netuid].closed.as_ref();
        let (Some(closed), Some(known)) = (closed, self.known.get(&netuid)) else {
            return false;
        };
        let (plan, honest) = (&known.trace.plan, &known.assertion);
        let neurons = known.inputs.header.neurons;
        let written = |phase: u8| {
            let places = (0..closed.replayed).filter_map(|k| plan.place(k, neurons));
            places.filter(|(of, _)| *of == phase).count()
        };
        let steps = usize::try_from(closed.replayed).expect("few steps");
        let (memory, results) = (written(plan.memory_phase), written(plan.results_phase));
        assertion.steps[..steps] != honest.steps[..steps]
            || assertion.memory[..memory] != honest.memory[..memory]
            || assertion.results[..results] != honest.results[..results]
    }

    /// Returns the assertion that stands in a place of a subnet. Places wrap around.
    fn posted(&self, netuid: NetUid, place: usize) -> Option<Assertion> {
        let standing = self.protocol.standing(netuid);
        let place = place.checked_rem(standing.len())?;
        Some(standing[place].claimed.assertion.clone())
    }
}

/// Returns an assertion about no epoch.
fn empty_claim() -> Claimed {
    Claimed {
        assertion: Assertion {
            header_hash: [0; 32],
            steps: Vec::new(),
            memory: Vec::new(),
            results: Vec::new(),
            roster: Vec::new(),
        },
        results: Vec::new(),
    }
}

fn no_proof() -> StepProof {
    StepProof {
        assertion: empty_claim().assertion,
        carry: Vec::new(),
        carry_sibling: [0; 32],
        scratch: Vec::new(),
        scratch_sibling: [0; 32],
        memory: Vec::new(),
    }
}
