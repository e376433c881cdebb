//! Random holders, proxies, guards and proposals: votes are those of a model that knows the whole
//! history of stakes, each proposal is executed once and in its time, and no more than a tenth of
//! the treasury goes out in 30 days.
//!
//! The sequences are the same in each run. `PROPTEST_CASES` sets another number of new ones.

use inktensor_e2e_tests::{accounts::*, governed_config, proposal, Network, Prepared, Shape};
use inktensor_primitives::{
    governance::{Action, Choice, GuardAct, State, DAY},
    registry::Hyperparameter,
    staking::{Proxy, ROOT_EPOCH},
    AccountId, NetUid, Rao,
};
use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use std::{cell::Cell, collections::BTreeMap};

const HOLDERS: usize = 6;
const PAYEE: AccountId = named("payee");
/// The treasury's TAO at the begin.
const ENDOWED: u64 = 100_000;

fn holder(number: usize) -> AccountId {
    nth("holder", u32::try_from(number).expect("few"))
}

/// A step of a sequence. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Stake(usize, u64),
    Unstake(usize, u64),
    SetProxy(usize, usize),
    ProposeTempo(usize),
    ProposePay(usize, u64),
    Vote(usize, usize, u8),
    Recount(usize, usize),
    Veto(usize),
    Execute(usize),
    Pass(u32),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..HOLDERS, 1u64..300).prop_map(|(who, tao)| Step::Stake(who, tao)),
        2 => (0..HOLDERS, 1u64..300).prop_map(|(who, tao)| Step::Unstake(who, tao)),
        2 => (0..HOLDERS, 0..HOLDERS + 2).prop_map(|(who, proxy)| Step::SetProxy(who, proxy)),
        1 => (0..HOLDERS).prop_map(Step::ProposeTempo),
        2 => (0..HOLDERS, 1u64..9_000).prop_map(|(who, tao)| Step::ProposePay(who, tao)),
        8 => (0..HOLDERS, 0usize..8, 0u8..5).prop_map(|(who, id, choice)| {
            Step::Vote(who, id, choice)
        }),
        3 => (0..HOLDERS, 0usize..8).prop_map(|(who, id)| Step::Recount(who, id)),
        1 => (0usize..8).prop_map(Step::Veto),
        4 => (0usize..8).prop_map(Step::Execute),
        6 => (1u32..3 * DAY).prop_map(Step::Pass),
    ]
}

/// The holder that votes for another one, or an error for stake that is set aside.
type Chosen = Option<Result<usize, ()>>;

/// The stakes and proxies of all holders, with their history.
#[derive(Default)]
struct Model {
    /// Blocks of changes, with the stake from then on, in rao.
    stakes: [Vec<(u32, u64)>; HOLDERS],
    /// Blocks of changes, with the proxy from then on: a holder, or set aside.
    proxies: [Vec<(u32, Chosen)>; HOLDERS],
    choices: BTreeMap<(u32, usize), Choice>,
    executed: Vec<u32>,
    /// Blocks of payments, and the amounts in TAO.
    paid: Vec<(u32, u64)>,
}

impl Model {
    fn stake(&self, who: usize) -> u64 {
        self.stakes[who].last().map_or(0, |(_, stake)| *stake)
    }

    /// Returns the stake that a holder had for the whole of root epoch `epoch`.
    fn matured(&self, who: usize, epoch: u32) -> u64 {
        let (start, end) = (epoch * ROOT_EPOCH, (epoch + 1) * ROOT_EPOCH);
        let history = &self.stakes[who];
        let before = history.iter().rev().find(|(at, _)| *at < start);
        let within = history.iter().filter(|(at, _)| (start..end).contains(at));
        let least = within.map(|(_, stake)| *stake).min();
        let before = before.map_or(0, |(_, stake)| *stake);
        least.map_or(before, |least| before.min(least))
    }

    fn proxy(&self, who: usize, epoch: u32) -> Chosen {
        let end = (epoch + 1) * ROOT_EPOCH;
        let history = self.proxies[who].iter().rev();
        history
            .clone()
            .find(|(at, _)| *at < end)
            .and_then(|(_, proxy)| *proxy)
    }

    /// Returns ayes, nays and abstentions on a proposal whose snapshot is `epoch`, all recounted.
    fn tally(&self, id: u32, epoch: u32) -> [u64; 3] {
        let mut tally = [0; 3];
        for who in 0..HOLDERS {
            let own = self.choices.get(&(id, who)).copied();
            let voice = match self.proxy(who, epoch) {
                Some(Err(())) => None,
                Some(Ok(proxy)) => own.or_else(|| self.choices.get(&(id, proxy)).copied()),
                None => own,
            };
            let amount = self.matured(who, epoch).min(self.stake(who));
            match voice {
                Some(Choice::Aye) => tally[0] += amount,
                Some(Choice::Nay) => tally[1] += amount,
                Some(Choice::Abstain) => tally[2] += amount,
                None => {}
            }
        }
        tally
    }

    /// Returns all stake that could vote at the end of root epoch `epoch`.
    fn electorate(&self, epoch: u32) -> u64 {
        (0..HOLDERS)
            .filter(|who| self.proxy(*who, epoch) != Some(Err(())))
            .map(|who| self.matured(who, epoch))
            .sum()
    }
}

/// Returns a governed network with a subnet and an endowed treasury.
fn begun() -> Network {
    static BEGUN: Prepared<()> = Prepared::of(
        || Network::deploy_with(&governed_config()),
        |net| {
            let netuid = net.create_as_owner(&Shape::default());
            net.enrol(netuid, ALICE, ALICE_HOTKEY);
            net.endow(Rao::from_tao(ENDOWED));
            for who in (0..HOLDERS).map(holder) {
                let governing = net.governing();
                net.provide(who, governing.governance, Rao::from_tao(50_000));
                net.provide(who, net.addresses().staking, Rao::from_tao(50_000));
            }
        },
    );
    BEGUN.network().0
}

struct Machine {
    net: Network,
    model: Model,
    ids: Vec<u32>,
}

impl Machine {
    fn id(&self, number: usize) -> Option<u32> {
        let place = number.checked_rem(self.ids.len())?;
        self.ids.get(place).copied()
    }

    fn propose(&mut self, who: usize, action: Action) {
        let change = proposal(vec![action]);
        let whole = Rao::from_tao(500);
        // Refused for the third open proposal of a holder, and without a place.
        if let Ok(id) = self.net.as_(holder(who)).propose_change(change, whole) {
            self.ids.push(id);
        }
    }

    fn perform(&mut self, step: &Step) {
        let block = self.net.block();
        match *step {
            Step::Stake(who, tao) => {
                let amount = Rao::from_tao(tao);
                self.net
                    .as_(holder(who))
                    .add_stake(NetUid::ROOT, ALICE_HOTKEY, amount)
                    .expect("staked");
                let stake = self.model.stake(who) + amount.0;
                self.model.stakes[who].push((block, stake));
            }
            Step::Unstake(who, tao) => {
                let amount = Rao::from_tao(tao).0.min(self.model.stake(who));
                if amount > 0 {
                    self.net
                        .as_(holder(who))
                        .remove_stake(NetUid::ROOT, ALICE_HOTKEY, Rao(amount))
                        .expect("removed");
                    let stake = self.model.stake(who) - amount;
                    self.model.stakes[who].push((block, stake));
                }
            }
            Step::SetProxy(who, proxy) => {
                let (chosen, known) = match proxy {
                    HOLDERS => (Proxy::None, None),
                    other if other > HOLDERS => (Proxy::Aside, Some(Err(()))),
                    other => (Proxy::Account(holder(other)), Some(Ok(other))),
                };
                if self.net.as_(holder(who)).set_proxy(chosen).is_ok() {
                    self.model.proxies[who].push((block, known));
                }
            }
            Step::ProposeTempo(who) => {
                let value = Hyperparameter::Tempo(100 + block % 500);
                self.propose(who, Action::SetHyperparameter(NetUid(1), value));
            }
            Step::ProposePay(who, tao) => {
                let amount = Rao::from_tao(tao);
                self.propose(who, Action::Pay { to: PAYEE, amount });
            }
            Step::Vote(who, number, choice) => {
                // Ayes are more frequent, so that proposals pass.
                let choice = match choice {
                    0 => Choice::Nay,
                    1 => Choice::Abstain,
                    _ => Choice::Aye,
                };
                let Some(id) = self.id(number) else { return };
                if self.net.as_(holder(who)).vote(id, choice).is_ok() {
                    self.model.choices.insert((id, who), choice);
                }
            }
            Step::Recount(who, number) => {
                let Some(id) = self.id(number) else { return };
                let _ = self.net.as_(STRANGER).recount(id, vec![holder(who)]);
            }
            Step::Veto(number) => {
                let Some(id) = self.id(number) else { return };
                let _ = self.net.guard_does(GuardAct::Veto(id));
            }
            Step::Execute(number) => {
                let Some(id) = self.id(number) else { return };
                self.execute(id);
            }
            Step::Pass(blocks) => self.net.advance(blocks),
        }
    }

    fn execute(&mut self, id: u32) {
        let before = self.net.balance(PAYEE);
        let state = self.net.proposal_state(id);
        if self.net.as_(STRANGER).execute(id).is_err() {
            assert_eq!(self.net.balance(PAYEE), before, "all or nothing");
            return;
        }
        assert!(matches!(state, State::Ready(_)), "in its time");
        assert!(!self.model.executed.contains(&id), "once");
        self.model.executed.push(id);
        let paid = (self.net.balance(PAYEE) - before) / u128::from(Rao::PER_TAO);
        let now = self.net.block();
        self.model
            .paid
            .push((now, u64::try_from(paid).expect("TAO")));
        let window = |(at, _): &&(u32, u64)| *at + 30 * DAY > now;
        let out: u64 = self.model.paid.iter().filter(window).map(|it| it.1).sum();
        assert!(out <= ENDOWED / 10, "{out} in 30 days");
    }

    /// Compares every proposal whose votes are counted with the model.
    fn check(&mut self, recounts: bool) {
        for id in self.ids.clone() {
            let found = self.net.proposal(id);
            let (true, Some(snapshot)) = (found.state.is_voting(), found.snapshot) else {
                continue;
            };
            let counted = |net: &Network| {
                let tally = net.proposal(id).tally;
                [tally.ayes.0, tally.nays.0, tally.abstains.0]
            };
            let electorate = self.model.electorate(snapshot);
            assert!(counted(&self.net).iter().sum::<u64>() <= electorate);
            if let Some(known) = found.electorate {
                assert_eq!(known, Rao(electorate));
            }
            if recounts {
                let all = (0..HOLDERS).map(holder).collect();
                self.net.as_(STRANGER).recount(id, all).expect("counted");
                assert_eq!(counted(&self.net), self.model.tally(id, snapshot));
            }
        }
    }
}

#[test]
fn random_governments_agree_with_the_model() {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_time: 60_000,
        ..ProptestConfig::default()
    };
    let is_usual = std::env::var_os("PROPTEST_CASES").is_none();
    if is_usual {
        config.cases = 5;
        config.rng_seed = RngSeed::Fixed(7);
    }
    let mut runner = TestRunner::new(config);
    let steps = proptest::collection::vec(step(), 60..160);
    let (voted, executed) = (Cell::new(0), Cell::new(0));
    let outcome = runner.run(&steps, |steps| {
        let mut machine = Machine {
            net: begun(),
            model: Model::default(),
            ids: Vec::new(),
        };
        // A first stake of each, so that there is an electorate.
        for who in 0..HOLDERS {
            machine.perform(&Step::Stake(
                who,
                100 + 50 * u64::try_from(who).expect("few"),
            ));
        }
        machine.perform(&Step::Pass(2 * ROOT_EPOCH));
        for (number, step) in steps.iter().enumerate() {
            machine.perform(step);
            machine.check(number % 10 == 0);
        }
        machine.check(true);
        voted.set(voted.get() + machine.model.choices.len());
        executed.set(executed.get() + machine.model.executed.len());
        Ok(())
    });
    let (voted, executed) = (voted.get(), executed.get());
    println!("{voted} votes, {executed} proposals executed");
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(
        !is_usual || voted > 20 && executed > 1,
        "{voted} votes, {executed} executed"
    );
}
