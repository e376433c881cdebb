//! The watcher on the chain: it disputes false assertions, and checks all other subnets after an
//! error.

use crate::worker::ledger;
use inktensor_client::chain::{ContractEvent, Typed};
use inktensor_compute::engine::{native::Native, Engine, EngineError};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_e2e_tests::{
    accounts::*,
    engines::kernels,
    intercept::{Intercepted, Transaction},
    Network, Shape, TempDir,
};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{Collateral, Epochs, MemoryPublished, Stage},
    kernel::{EpochHeader, EpochPlan, StepInput, StepOutput},
    staking::{Child, MAX_CHILDREN, MAX_PARENTS},
    NetUid, Rao, Uid, PAGE,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Keeper, Listener, Role, RoleError, Subnets, TickReport, Turn, Watcher},
};
use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};

/// Runs the first epoch of `netuids`. Returns a ledger that has computed them.
fn experienced(net: &mut Network, netuids: &[NetUid]) -> EpochCache {
    let kernels = kernels();
    let mut ledger = EpochCache::new(net.addresses(), kernels);
    for netuid in netuids {
        net.close(*netuid);
        ledger.closed(net.chain(), *netuid).expect("computed");
        net.assert_epoch(*netuid);
        net.finalize(*netuid);
        net.settle(*netuid);
        net.honest_weights(*netuid);
    }
    ledger
}

fn populated(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    netuid
}

/// Returns a network whose second epoch, which reads weights and carry-over state, is closed, and a
/// watcher's ledger.
fn watched() -> (Network, NetUid, EpochCache) {
    let mut net = Network::deploy();
    let netuid = populated(&mut net);
    let ledger = experienced(&mut net, &[netuid]);
    net.close(netuid);
    (net, netuid, ledger)
}

fn watch(net: &mut Network, ledger: &mut EpochCache) -> TickReport {
    let watcher = Watcher::new(STRANGER, net.addresses());
    net.with_chain(|chain| watcher.tick(chain, ledger))
        .expect("the chain answers")
}

fn lie_about_results(net: &mut Network, netuid: NetUid) {
    let mut lie = net.compute(netuid).assertion;
    lie.results[0] = [1; 32];
    net.propose_lie(netuid, &lie);
}

/// Posts a lie on every subnet in one block, so that no deadline passes during another close.
fn lie_everywhere(net: &mut Network, netuids: &[NetUid]) {
    for netuid in netuids {
        net.close(*netuid);
    }
    for netuid in netuids {
        lie_about_results(net, *netuid);
    }
}

#[test]
fn watcher_disputes_every_kind_of_lie_without_collateral() {
    let (mut net, netuid, mut ledger) = watched();
    let honest = net.compute(netuid);
    let steps = u32::try_from(honest.assertion.steps.len()).expect("few steps");
    let plan = honest.trace.plan.clone();
    type Lie<'a> = (u32, &'a dyn Fn(&mut Assertion));
    let lies: [Lie; 8] = [
        (0, &|it| it.steps[0][0] ^= 1),
        (steps / 2, &|it| it.steps[steps as usize / 2][0] ^= 1),
        (1, &|it| {
            it.steps.iter_mut().skip(1).for_each(|step| step[0] ^= 1);
        }),
        (steps - 1, &|it| it.steps[steps as usize - 1][0] ^= 1),
        (plan.memory_phase.into(), &|it| it.memory[0][0] ^= 1),
        (plan.results_phase.into(), &|it| it.results[0][0] ^= 1),
        (steps - 1, &|it| it.roster.clear()),
        (steps - 1, &|it| it.roster = vec![Uid(4)]),
    ];
    let reward = Rao(net.rules().collateral.0 / 2);
    for (step, bend) in lies {
        let mut lie = honest.assertion.clone();
        bend(&mut lie);
        assert_ne!(lie, honest.assertion);
        net.propose_lie(netuid, &lie);
        let before = net.balance(STRANGER);
        assert_eq!(
            watch(&mut net, &mut ledger).clean().expect("no problem"),
            [Action::Disputed {
                netuid,
                epoch: 1,
                step,
                reward
            }]
        );
        assert_eq!(net.status(netuid).expect("a status").stage, Stage::Closed);
        assert_eq!(net.balance(STRANGER), before + reward.to_u128());
    }
    assert_eq!(net.collateral(STRANGER), Collateral::default());
    net.assert_epoch(netuid);
    let nothing = watch(&mut net, &mut ledger).clean().expect("no problem");
    assert_eq!(nothing, []);
}

/// The honest assertion stands between two lies.
#[test]
fn watcher_disputes_every_lie_beside_the_truth() {
    let (mut net, netuid, mut ledger) = watched();
    let honest = net.compute(netuid).assertion;
    let lie = |byte| {
        let mut lie = honest.clone();
        lie.results[0] = [byte; 32];
        lie
    };
    net.propose_lie(netuid, &lie(1));
    net.assert_epoch(netuid);
    net.propose_lie(netuid, &lie(2));
    let actions = watch(&mut net, &mut ledger).clean().expect("no problem");
    assert!(
        matches!(
            actions[..],
            [Action::Disputed { .. }, Action::Disputed { .. }]
        ),
        "{actions:?}"
    );
    let [standing] = net.standing(netuid)[..] else {
        panic!("one is left");
    };
    assert_eq!(standing.assertion, honest.digest());
    net.finalize(netuid);
}

/// An assertion that can no longer be disputed does not hide a lie beside it.
#[test]
fn watcher_disputes_a_lie_beside_one_past_its_deadline() {
    let (mut net, netuid, mut ledger) = watched();
    lie_about_results(&mut net, netuid);
    net.advance(net.rules().challenge_period - 1);
    let mut second = net.compute(netuid).assertion;
    second.results[0] = [2; 32];
    net.propose_lie(netuid, &second);
    net.advance(1);
    let report = watch(&mut net, &mut ledger);
    assert!(matches!(report.actions[..], [Action::Disputed { .. }]));
    assert!(matches!(
        report.problems[..],
        [(_, RoleError::Disagreement { .. })]
    ));
    assert_eq!(net.standing(netuid).len(), 1);
}

#[test]
fn watcher_that_loses_a_race_disputes_the_next_lie() {
    let mut net = Network::deploy();
    let netuids = [populated(&mut net), populated(&mut net)];
    let mut ledger = experienced(&mut net, &netuids);
    lie_everywhere(&mut net, &netuids);
    let watcher = Watcher::new(STRANGER, net.addresses());
    let mut copied = 0;
    let report = net.with_chain(|chain| {
        // On the first subnet another account sends a copy of the dispute first.
        let mut rushed = Intercepted {
            chain,
            intercept: |chain: &mut SandboxChain, mut transaction: Transaction<'_>| {
                if copied == 0 {
                    let own = transaction.signer;
                    transaction.signer = ALICE;
                    transaction.submit(chain)?;
                    transaction.signer = own;
                }
                copied += 1;
                transaction.submit(chain)
            },
        };
        watcher.tick(&mut rushed, &mut ledger)
    });
    let actions = report
        .expect("the chain answers")
        .clean()
        .expect("a lost race is no error");
    let [Action::Disputed { netuid, .. }] = actions[..] else {
        panic!("one lie is left for this watcher: {actions:?}");
    };
    assert_eq!((netuid, copied), (netuids[1], 2));
    for netuid in netuids {
        assert_eq!(net.status(netuid).expect("a status").stage, Stage::Closed);
    }
}

#[test]
fn watcher_new_to_a_subnet_reads_its_memory_and_checks_it() {
    let mut net = Network::deploy();
    let (unknown, known) = (populated(&mut net), populated(&mut net));
    // This watcher has not seen the first subnet's epoch that left carry-over state.
    let _ = experienced(&mut net, &[unknown, unknown]);
    let mut ledger = experienced(&mut net, &[known]);
    lie_everywhere(&mut net, &[unknown, known]);
    let report = watch(&mut net, &mut ledger);
    let actions = report.clean().expect("both can be checked");
    let disputed: Vec<NetUid> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Disputed { netuid, .. } => Some(*netuid),
            _ => None,
        })
        .collect();
    assert_eq!(disputed, [unknown, known]);
}

#[test]
fn lie_past_its_deadline_is_an_error_for_watcher_and_keeper() {
    let (mut net, netuid, mut ledger) = watched();
    lie_about_results(&mut net, netuid);
    net.advance(net.rules().challenge_period);
    let report = watch(&mut net, &mut ledger);
    let Err(RoleError::Disagreement { difference, .. }) = report.clean() else {
        panic!("it can no longer be disputed");
    };
    assert!(difference.is_some());
    let keeper = Keeper::new(KEEPER, net.addresses());
    let report = net.with_chain(|chain| keeper.tick(chain, &mut ledger));
    assert!(matches!(
        report.expect("the chain answers").clean(),
        Err(RoleError::Disagreement { .. })
    ));
}

#[test]
fn watcher_disputes_up_to_the_block_before_the_deadline() {
    let (mut net, netuid, mut ledger) = watched();
    lie_about_results(&mut net, netuid);
    net.advance(net.rules().challenge_period - 1);
    let actions = watch(&mut net, &mut ledger).clean().expect("no problem");
    assert!(matches!(actions[..], [Action::Disputed { .. }]));
}

/// Attack W3: the lie is posted when an ordinary node has discarded the block of the close.
#[test]
fn lie_posted_long_after_the_close_is_disputed_from_an_ordinary_node() {
    let (mut net, netuid, mut ledger) = watched();
    net.with_chain(|chain| chain.limit_history(256));
    net.advance(300);
    lie_about_results(&mut net, netuid);
    let actions = watch(&mut net, &mut ledger).clean().expect("no problem");
    assert!(matches!(actions[..], [Action::Disputed { .. }]));
}

/// Returns a subnet with two chunks whose closed epoch reads memory, and a new watcher's ledger,
/// which does not find the memory of the second chunk.
fn half_remembered() -> (Network, NetUid, EpochCache) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 80,
        ..Shape::default()
    });
    net.with_validators(netuid, 2);
    net.enrol_crowd(netuid, ALICE, "miner", 66);
    let _ = experienced(&mut net, &[netuid]);
    let _ = experienced(&mut net, &[netuid]);
    net.close(netuid);
    let is_of_the_second = |event: &ContractEvent| {
        let published = event.decode::<MemoryPublished>();
        published.is_some_and(|it| it.chunk == 1)
    };
    net.advance(1);
    net.with_chain(|chain| chain.forget_events(is_of_the_second));
    let ledger = EpochCache::new(net.addresses(), kernels());
    (net, netuid, ledger)
}

#[test]
fn watcher_without_a_chunk_of_memory_disputes_what_it_can_compute() {
    let (mut net, netuid, mut ledger) = half_remembered();
    let honest = net.compute(netuid);
    let plan = &honest.trace.plan;
    let reads = plan.phases.iter().position(|phase| phase.memory);
    // The step of the first chunk in the first phase that reads memory is known, the next one not.
    let last_known = reads.expect("a phase that reads memory") * 2;
    for step in [0, last_known] {
        let mut lie = honest.assertion.clone();
        lie.steps[step][0] ^= 1;
        net.propose_lie(netuid, &lie);
        let actions = watch(&mut net, &mut ledger).clean().expect("no problem");
        assert!(
            matches!(actions[..], [Action::Disputed { step: found, .. }] if found as usize == step),
            "{actions:?}"
        );
    }
    let mut lie = honest.assertion.clone();
    lie.steps[last_known + 1][0] ^= 1;
    net.propose_lie(netuid, &lie);
    let problem = watch(&mut net, &mut ledger).clean().expect_err("unknown");
    let RoleError::Unchecked { reason, .. } = problem else {
        panic!("it cannot be judged: {problem}");
    };
    assert!(
        matches!(*reason, RoleError::MemoryUnknown { .. }),
        "{reason}"
    );
    // An honest assertion looks like that one too.
    let (k, proof) = honest
        .trace
        .refute(&net.inputs(netuid), &lie)
        .expect("a lie");
    net.as_(STRANGER)
        .dispute(netuid, k, &proof)
        .expect("refuted");
    net.assert_epoch(netuid);
    let problem = watch(&mut net, &mut ledger).clean().expect_err("unknown");
    assert!(matches!(problem, RoleError::Unchecked { .. }), "{problem}");
}

/// A listener that records the blocks left of unchecked assertions, in order.
#[derive(Default)]
struct Recorder {
    report: TickReport,
    unchecked: Vec<(NetUid, Option<u32>)>,
}

impl Listener for Recorder {
    fn took(&mut self, action: Action) {
        self.report.took(action);
    }

    fn overtaken(&mut self, netuid: NetUid, how: RoleError) {
        self.report.overtaken(netuid, how);
    }

    fn problem(&mut self, netuid: NetUid, problem: RoleError) {
        self.report.problem(netuid, problem);
    }

    fn unchecked(&mut self, netuid: NetUid, blocks_left: Option<u32>) {
        self.unchecked.push((netuid, blocks_left));
    }
}

/// Takes one turn of a watcher.
fn turn(net: &mut Network, ledger: &mut EpochCache) -> (bool, Recorder) {
    let watcher = Watcher::new(STRANGER, net.addresses());
    let mut subnets = Subnets::of(net.addresses());
    let mut listener = Recorder::default();
    let moved = net.with_chain(|chain| {
        watcher.turn(&mut Turn {
            chain,
            epochs: ledger,
            subnets: &mut subnets,
            listener: &mut listener,
            views: &[],
        })
    });
    (moved.expect("the chain answers"), listener)
}

#[test]
fn blocks_left_are_told_until_an_assertion_is_judged() {
    let (mut net, netuid, mut ledger) = half_remembered();
    net.assert_epoch(netuid);
    let period = net.rules().challenge_period;
    let (moved, listener) = turn(&mut net, &mut ledger);
    assert!(!moved);
    assert_eq!(listener.unchecked, [(netuid, Some(period)); 2]);
    net.advance(2);
    let (_, listener) = turn(&mut net, &mut ledger);
    assert_eq!(listener.unchecked, [(netuid, Some(period - 2)); 2]);
    let (mut net, netuid, mut ledger) = watched();
    net.assert_epoch(netuid);
    let (_, listener) = turn(&mut net, &mut ledger);
    assert_eq!(listener.unchecked, [(netuid, Some(period)), (netuid, None)]);
    // What was judged is not reported again.
    let (_, listener) = turn(&mut net, &mut ledger);
    assert_eq!(listener.unchecked, [(netuid, None)]);
}

/// The linked kernel on a machine that errs in its first epochs.
struct Erring {
    /// Epochs that are computed wrong.
    left: AtomicU32,
}

impl Engine for Erring {
    fn plan(&self, header: &EpochHeader) -> Result<EpochPlan, EngineError> {
        Native::on_one_core().plan(header)
    }

    fn step(&self, input: &StepInput) -> Result<StepOutput, EngineError> {
        let mut output = Native::on_one_core().step(input)?;
        let errs = |left: u32| left.checked_sub(1);
        if let Some(last) = output.results.last_mut() {
            let counted = self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, errs);
            last.miner.0 += u64::from(counted.is_ok());
        }
        Ok(output)
    }
}

/// Attack W6: a watcher whose machine erred, on an honest assertion.
#[test]
fn watcher_that_the_chain_contradicts_doubts_itself_and_computes_again() {
    for errors in [1, u32::MAX] {
        let mut net = Network::deploy();
        let netuid = populated(&mut net);
        net.close(netuid);
        net.assert_epoch(netuid);
        let folder = TempDir::new();
        let engine = Erring {
            left: AtomicU32::new(errors),
        };
        let mut ledger = ledger(&net, folder.store(&net).expect("made"), Arc::new(engine));
        let before = net.snapshot();
        let (moved, listener) = turn(&mut net, &mut ledger);
        let problem = listener.report.clean().expect_err("reported at once");
        assert!(matches!(problem, RoleError::Doubted { .. }), "{problem}");
        assert!(moved, "it looks again at once");
        let (moved, listener) = turn(&mut net, &mut ledger);
        assert!(!moved);
        if errors == 1 {
            listener.report.clean().expect("computed right");
            assert_eq!(listener.unchecked.last(), Some(&(netuid, None)));
        } else {
            let problem = listener.report.clean().expect_err("still wrong");
            assert!(matches!(problem, RoleError::Doubted { .. }), "{problem}");
            assert!(listener.unchecked.iter().all(|(_, left)| left.is_some()));
        }
        assert_eq!(net.snapshot(), before);
    }
}

/// Returns a subnet whose closed epoch reads the stake of as many parents as five validators may
/// have.
pub fn with_parents() -> (Network, NetUid) {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let (validators, parents) = (u32::from(MAX_CHILDREN), u32::from(MAX_PARENTS));
    net.enrol_crowd(netuid, ALICE, "validator", validators)
        .enrol_crowd(netuid, ALICE, "parent", parents);
    for parent in 0..parents {
        let hotkey = nth("parent", parent);
        net.stake(netuid, ALICE, hotkey, Rao::from_tao(100));
        let children = (0..validators).map(|child| Child {
            proportion: u64::MAX / u64::from(MAX_CHILDREN),
            hotkey: nth("validator", child),
        });
        let children = children.collect();
        net.as_(ALICE)
            .set_children(netuid, hotkey, children)
            .expect("set");
    }
    net.close(netuid);
    (net, netuid)
}

/// Attack P7: the dispute of a step that reads the stake of many parents has no room in a call. The
/// watcher has the chain store those stakes first.
#[test]
fn watcher_gathers_stakes_for_a_dispute_that_one_call_has_no_room_for() {
    let (mut net, netuid) = with_parents();
    let honest = net.compute(netuid);
    let phases = &honest.trace.plan.phases;
    let reads = phases.iter().position(|phase| phase.rows && phase.stake);
    let mut lie = honest.assertion.clone();
    lie.steps[reads.expect("a phase that reads both")][0] ^= 1;
    net.propose_lie(netuid, &lie);
    let refutation = honest.trace.refute(&net.inputs(netuid), &lie);
    let (k, proof) = refutation.expect("a lie");

    // The time of the dispute, if the stakes are stored and if they are not.
    let template = net.template();
    let [stored, whole] = [PAGE, 0].map(|count| {
        let mut net = Network::begin_from(&template);
        if count > 0 {
            let gathered = net.as_(KEEPER).gather(netuid, 0, count);
            assert_eq!(gathered, Ok(honest.header.neurons));
        }
        let (disputed, bill) = net.metered(|net| net.as_(STRANGER).dispute(netuid, k, &proof));
        assert_eq!(disputed, Ok(()));
        bill.total.ref_time
    });
    assert!(stored < whole, "{stored} and {whole} ps");
    let limit = whole - (whole - stored) / 8;

    let gathered = |net: &Network| {
        let gathered = net.addresses().epoch().gathered(netuid, 0);
        net.chain().query(gathered).expect("readable")
    };
    assert_eq!(gathered(&net), 0);
    let watcher = Watcher::new(STRANGER, net.addresses());
    let mut ledger = EpochCache::new(net.addresses(), kernels());
    let report = net.with_chain(|chain| {
        let mut limited = Intercepted {
            chain,
            intercept: |chain: &mut SandboxChain, transaction: Transaction<'_>| {
                transaction.submit_within(chain, limit)
            },
        };
        watcher.tick(&mut limited, &mut ledger)
    });
    let actions = report.expect("the chain answers").clean();
    assert!(
        matches!(actions.as_deref(), Ok([Action::Disputed { step, .. }]) if *step == k),
        "{actions:?}"
    );
    assert_eq!(gathered(&net), honest.header.neurons);
    assert_eq!(net.standing(netuid), []);
}
