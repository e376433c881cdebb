//! A network and a game side by side.

mod absence;
mod agree;
mod people;

use super::{
    verdict, Account, Action, Claim, Claimed, Evidence, Fit, Game, Given, Known, SubnetGame, Until,
    Which,
};
use crate::{accounts::*, Network};
use inktensor_primitives::{
    assertion::Assertion, dispute::StepProof, epoch::Stage, kernel::NeuronResult, AccountId,
    Digest, NetUid, Rao,
};
use std::collections::BTreeMap;

/// Workers that play: each may propose, dispute, finalise and settle.
pub const WORKERS: u32 = 3;
/// An honest observer without collateral.
pub const WATCHER: AccountId = named("watcher");

/// How often each kind of action was done, and how often it was refused.
pub type Tally = BTreeMap<&'static str, (u64, u64)>;

/// A network and a game side by side.
pub struct World {
    /// The network.
    pub net: Network,
    /// The game.
    pub game: Game,
    netuids: Vec<NetUid>,
    /// What an honest observer knows of the epoch that closed last.
    known: BTreeMap<NetUid, Known>,
    /// Whether an honest watcher acts in each block.
    watched: bool,
    /// Block and storage of the contracts when all was checked last.
    checked: (u32, BTreeMap<&'static str, Digest>),
    /// The game at that time.
    compared: Game,
    tally: Tally,
}

/// The `i`-th worker.
pub fn worker(i: u32) -> AccountId {
    nth("worker", i % WORKERS)
}

/// The `i`-th person, who stakes.
pub fn person(i: u32) -> AccountId {
    nth("person", i)
}

/// The `i`-th person's hotkey.
pub fn hotkey(i: u32) -> AccountId {
    nth("hotkey", i)
}

impl World {
    /// A game on `net` as it is now, where no epoch is closed. If `watched`, an honest watcher acts
    /// in each block.
    pub fn begin(net: Network, watched: bool) -> Self {
        let players = (0..WORKERS).map(worker).chain([WATCHER]);
        let account = |who: AccountId| Account {
            purse: Rao(u64::try_from(net.balance(who)).expect("below the cap")),
            collateral: net.collateral(who),
        };
        let accounts = players.map(|who| (who, account(who))).collect();
        let netuids: Vec<NetUid> = (1..=net.subnets()).map(NetUid).collect();
        let subnet = |netuid: NetUid| {
            let (subnet, status) = (net.subnet(netuid), net.status(netuid));
            let (subnet, status) = (subnet.expect("a subnet"), status.expect("a status"));
            assert_eq!((status.stage, status.settling), (Stage::Open, None));
            SubnetGame {
                tempo: subnet.tempo,
                neurons: subnet.neurons,
                open: status.open,
                opened_at: status.opened_at,
                closed: None,
                final_epoch: status.final_epoch,
                settling: None,
            }
        };
        let game = Game {
            rules: net.rules(),
            block: net.block(),
            subnets: netuids.iter().map(|id| (*id, subnet(*id))).collect(),
            accounts,
            burned: Rao::ZERO,
        };
        Self {
            checked: (net.block(), net.storage_roots()),
            net,
            compared: game.clone(),
            game,
            netuids,
            known: BTreeMap::new(),
            watched,
            tally: Tally::new(),
        }
    }

    /// How often each kind of action was done, and how often it was refused.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Does what it can of `action`, in the network and in the game.
    ///
    /// # Panics
    /// If the two disagree, a refused action has changed something, or an invariant of the protocol
    /// is broken.
    pub fn perform(&mut self, action: &Action) {
        match action {
            Action::Wait(until) => self.wait(*until),
            Action::Live(net) => self.live(self.netuid(*net)),
            Action::Close(net, by) => self.close(self.netuid(*net), worker(*by)),
            Action::Propose(net, by, claim) => {
                self.propose(self.netuid(*net), worker(*by), *claim);
            }
            Action::Dispute(net, by, evidence) => {
                self.dispute(self.netuid(*net), worker(*by), *evidence);
            }
            Action::Finalize(net, by, which) => {
                self.finalize(self.netuid(*net), worker(*by), *which);
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
                assert_eq!(answer, self.game.withdraw(who, amount));
                self.done("withdraw", &answer);
            }
            Action::Fund(by, amount) => {
                self.net.fund(worker(*by), Rao(*amount));
                self.game.account(worker(*by)).purse.0 += amount;
                self.done("fund", &Ok::<_, ()>(()));
            }
            other => self.write(other),
        }
    }

    fn netuid(&self, net: usize) -> NetUid {
        self.netuids[net % self.netuids.len()]
    }

    /// Lets blocks pass. Nothing happens in them, so a watcher that acts now acts in each of them.
    fn wait(&mut self, until: Until) {
        self.watch();
        let block = self.game.block;
        let due = |net: usize| {
            let subnet = &self.game.subnets[&self.netuid(net)];
            subnet.due(&self.game.rules, block) - block
        };
        let blocks = match until {
            Until::Blocks(blocks) => blocks,
            Until::Due(net) => due(net),
            Until::AlmostDue(net) => due(net).saturating_sub(1),
        };
        self.net.advance(blocks);
        self.game.block += blocks;
        self.done("wait", &Ok::<_, ()>(()));
    }

    /// The honest watcher, if there is one, disputes what is false.
    fn watch(&mut self) {
        if !self.watched {
            return;
        }
        for netuid in self.netuids.clone() {
            if let Some(false) = self.stands_honestly(netuid) {
                self.dispute(netuid, WATCHER, Evidence::Refutation);
                assert_eq!(self.stands_honestly(netuid), None, "the lie is gone");
            }
        }
    }

    /// Whether what stands on a subnet is honest; none if nothing stands.
    fn stands_honestly(&self, netuid: NetUid) -> Option<bool> {
        let standing = self.standing(netuid)?;
        Some(standing == self.known[&netuid].honest)
    }

    /// The next call of an epoch's life, made honestly by the first worker.
    fn live(&mut self, netuid: NetUid) {
        let who = worker(0);
        let subnet = &self.game.subnets[&netuid];
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
        if let Some(standing) = &closed.standing {
            self.wait_until(standing.deadline);
            self.finalize(netuid, who, Which::Due);
            return;
        }
        if closed.replayed > 0 {
            self.replay(netuid, who, 2, Given::Right);
            return;
        }
        let free = self.game.accounts[&who].collateral.free;
        let needed = self.game.collateral_required(netuid);
        if free < needed {
            self.deposit(who, Rao(needed.0 - free.0));
        }
        self.propose(netuid, who, Claim::Honest);
    }

    fn wait_until(&mut self, block: u32) {
        self.wait(Until::Blocks(block.saturating_sub(self.game.block)));
    }

    fn deposit(&mut self, who: AccountId, amount: Rao) {
        let answer = self.net.as_(who).deposit_collateral(amount);
        assert_eq!(answer, self.game.deposit(who, amount));
        self.done("deposit", &answer);
    }

    fn close(&mut self, netuid: NetUid, who: AccountId) {
        let answer = self.net.as_(who).close(netuid);
        let expected = self.game.close(netuid);
        assert_eq!(
            answer.as_ref().map(Option::is_some),
            expected.as_ref().copied()
        );
        if let Ok(Some(header)) = &answer {
            let budget = self.net.budget(netuid, header.epoch).expect("drawn");
            let neurons = header.budget.total();
            self.game
                .set_budget(netuid, neurons, budget.proposer, budget.keeper);
            let known = Known::of(&self.net, netuid);
            self.known.insert(netuid, known);
        }
        self.done("close", &answer);
    }

    fn propose(&mut self, netuid: NetUid, who: AccountId, claim: Claim) {
        if let Claim::Lie(lie) = claim {
            // A lie that may become final must leave something to go on with.
            if !self.watched && !lie.leaves_a_future() {
                return;
            }
        }
        let fit = match claim {
            Claim::OtherHeader => Fit::OtherHeader,
            Claim::Misshapen => Fit::Misshapen,
            Claim::Honest | Claim::Lie(_) => Fit::Fits,
        };
        let claimed = match self.known.get(&netuid) {
            Some(known) => claim.about(known),
            None => nothing(),
        };
        let answer = self.net.as_(who).propose(netuid, &claimed.assertion);
        let expected = self.game.propose(netuid, who, claimed, fit);
        assert_eq!(answer, expected);
        if self.stands_honestly(netuid) == Some(true) {
            let trace = &self.known[&netuid].trace;
            self.net.observer.record_honest(netuid, trace);
        }
        let kind = match claim {
            Claim::Lie(_) => "propose a lie",
            _ => "propose",
        };
        self.done(kind, &answer);
    }

    fn dispute(&mut self, netuid: NetUid, who: AccountId, evidence: Evidence) {
        let standing = self.standing(netuid);
        let was_honest = self.stands_honestly(netuid) == Some(true);
        let about_standing = !matches!(evidence, Evidence::OtherAssertion(_));
        let torn = match evidence {
            Evidence::Torn(_, part) => Some(part),
            _ => None,
        };
        let known = self.known.get(&netuid);
        let (k, proof) = match known {
            Some(known) => known.proof(evidence, standing.as_ref().unwrap_or(&known.honest)),
            None => (0, no_proof()),
        };
        let answer = self.net.as_(who).dispute(netuid, k, &proof);
        let expected = self.game.dispute(netuid, who, about_standing, |standing| {
            verdict(known.expect("it is closed"), standing, k, torn)
        });
        assert_eq!(answer, expected, "step {k}");
        assert!(
            answer.is_err() || !was_honest,
            "no honest assertion is slashed"
        );
        self.done("dispute", &answer);
    }

    fn finalize(&mut self, netuid: NetUid, who: AccountId, which: Which) {
        let honest = self.stands_honestly(netuid);
        let standing = self.standing(netuid);
        let known = self.known.get(&netuid).map(|known| known.honest.clone());
        let mut assertion = standing.or(known).unwrap_or_else(|| nothing().assertion);
        if which == Which::Other {
            assertion.header_hash[2] ^= 1;
        }
        let answer = self.net.as_(who).finalize(netuid, &assertion);
        assert_eq!(answer, self.game.finalize(netuid, which == Which::Due));
        if answer.is_ok() {
            assert!(
                !self.watched || honest == Some(true),
                "no lie becomes final while somebody watches"
            );
            let trace = &self.known[&netuid].trace;
            let key = (netuid, trace.epoch);
            self.net.memory.insert(key, trace.memory.clone());
        }
        let kind = match honest {
            Some(false) => "finalize a lie",
            _ => "finalize",
        };
        self.done(kind, &answer);
    }

    fn settle(&mut self, netuid: NetUid, who: AccountId, later: i8, chunk: u16, which: Which) {
        let subnet = &self.game.subnets[&netuid];
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
            self.game.settle(netuid, who, epoch, chunk, &results)
        );
        self.done("settle", &answer);
    }

    /// The assertion that stands on a subnet.
    fn standing(&self, netuid: NetUid) -> Option<Assertion> {
        let closed = self.game.subnets[&netuid].closed.as_ref()?;
        let standing = closed.standing.as_ref()?;
        Some(standing.claimed.assertion.clone())
    }
}

/// What can be said of an epoch that there never was.
fn nothing() -> Claimed {
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
        assertion: nothing().assertion,
        carry: Vec::new(),
        carry_sibling: [0; 32],
        scratch: Vec::new(),
        scratch_sibling: [0; 32],
        memory: Vec::new(),
    }
}
