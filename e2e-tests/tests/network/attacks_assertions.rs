//! Attacks with assertions: lies beside the truth and in front of it, copies of it, and steps at
//! which the kernel traps.

use clap::FromArgMatches;
use inktensor_cli::{commands::Cli, error::Verdict, help};
use inktensor_client::chain::{Answer, CallError, Cost, Typed};
use inktensor_compute::{engine::EngineError, epoch::ComputeError};
use inktensor_e2e_tests::{
    accounts::*,
    engines::kernels,
    model::HonestEpoch,
    trapping_kernel::{made_up, proof, text, HONEST},
    Network, Prepared, Shape, TempDir,
};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{Collateral, EpochError, Epochs, Stage},
    kernel::STEP_TIME,
    registry::Hyperparameter,
    AccountId, NetUid, Rao,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Action, Keeper, Proposer, RoleError, Watcher},
};
use std::fs;

const EVE: AccountId = named("eve");
/// No limit on gas.
const PLENTY: u64 = 1 << 60;

/// Returns a network whose second epoch, which reads weights and carry-over state, is closed, and
/// the honest computation of it.
fn with_closed_epoch() -> (Network, NetUid, HonestEpoch) {
    static PREPARED: Prepared<(NetUid, HonestEpoch)> = Prepared::new(|net| {
        let netuid = net.with_closed_epoch();
        let known = HonestEpoch::of(net, netuid);
        (netuid, known)
    });
    let (mut net, (netuid, known)) = PREPARED.network();
    net.give_collateral(EVE, Rao::from_tao(10_000));
    (net, netuid, known)
}

/// Returns the `number`-th lie about the first step.
fn lie(known: &HonestEpoch, number: u8) -> Assertion {
    let mut lie = known.assertion.clone();
    lie.steps[0] = [number; 32];
    lie
}

/// Posts Eve's `number`-th lie.
fn post_lie(net: &mut Network, netuid: NetUid, known: &HonestEpoch, number: u8) {
    let posted = net.as_(EVE).propose(netuid, &lie(known, number));
    posted.expect("there is a place");
}

/// Disputes Eve's `number`-th lie.
fn dispute(net: &mut Network, netuid: NetUid, known: &HonestEpoch, number: u8) {
    let refutation = known.trace.refute(&known.inputs, &lie(known, number));
    let (k, proof) = refutation.expect("a lie");
    let disputed = net.as_(STRANGER).dispute(netuid, k, &proof);
    disputed.expect("it is false");
}

/// With a collateral that doubled for each slashed lie, seven lies of 635 TAO in all shut out every
/// worker with less than 1280 TAO.
#[test]
fn lies_that_were_slashed_do_not_make_the_truth_dearer() {
    let (mut net, netuid, known) = with_closed_epoch();
    let collateral = net.rules().collateral;
    for number in 0..7 {
        assert_eq!(net.collateral_required(netuid), collateral);
        post_lie(&mut net, netuid, &known, number);
        dispute(&mut net, netuid, &known, number);
    }
    net.give_collateral(ALICE, collateral);
    assert_eq!(net.as_(ALICE).propose(netuid, &known.assertion), Ok(()));
    net.record_honest(netuid, &known.trace);
    net.finalize(netuid);
    net.settle(netuid);
}

/// The lie is posted before the truth, and disputed in the last block in which it can be.
#[test]
fn lie_delays_the_truth_by_no_block() {
    let (mut net, netuid, known) = with_closed_epoch();
    let deadline = net.block() + net.rules().challenge_period;
    post_lie(&mut net, netuid, &known, 1);
    net.assert_epoch(netuid);
    net.advance_to(deadline - 1);
    dispute(&mut net, netuid, &known, 1);
    net.advance(1);
    assert_eq!(
        net.as_(KEEPER).finalize(netuid, &known.assertion),
        Ok(()),
        "as if there had been no lie"
    );
    assert_eq!(net.block(), deadline);
    net.settle(netuid);
}

/// Lies that are posted and disputed while the truth stands move no clock of it.
#[test]
fn lies_in_every_block_delay_the_truth_by_no_block() {
    let (mut net, netuid, known) = with_closed_epoch();
    let deadline = net.block() + net.rules().challenge_period;
    net.assert_epoch(netuid);
    let before = net.collateral(EVE);
    let mut number = 0;
    while net.block() < deadline {
        for _ in 0..3 {
            post_lie(&mut net, netuid, &known, number);
            number += 1;
        }
        for number in number - 3..number {
            dispute(&mut net, netuid, &known, number);
        }
        net.advance(1);
    }
    assert_eq!(net.as_(KEEPER).finalize(netuid, &known.assertion), Ok(()));
    // Two, four and eight times the least collateral in each block.
    let lost = 14 * u64::from(net.rules().challenge_period) * net.rules().collateral.0;
    assert_eq!(net.collateral(EVE).free, Rao(before.free.0 - lost));
    net.settle(netuid);
}

#[test]
fn places_that_lies_fill_are_free_in_the_block_of_the_dispute() {
    let (mut net, netuid, known) = with_closed_epoch();
    let collateral = net.rules().collateral;
    for (number, factor) in [(1, 1), (2, 2), (3, 4), (4, 8)] {
        let before = net.collateral(EVE).locked;
        post_lie(&mut net, netuid, &known, number);
        let locked = net.collateral(EVE).locked.0 - before.0;
        assert_eq!(locked, factor * collateral.0);
    }
    net.give_collateral(ALICE, Rao(8 * collateral.0));
    net.refuses(
        ALICE,
        |it| it.propose(netuid, &known.assertion),
        EpochError::TooManyAssertions(4),
    );
    // In the same block, after one dispute, and beside the three others.
    let block = net.block();
    dispute(&mut net, netuid, &known, 2);
    assert_eq!(net.as_(ALICE).propose(netuid, &known.assertion), Ok(()));
    assert_eq!(net.block(), block);
    net.record_honest(netuid, &known.trace);
    for number in [1, 3, 4] {
        dispute(&mut net, netuid, &known, number);
    }
    assert_eq!(net.collateral(EVE).locked, Rao::ZERO);
    net.finalize(netuid);
    net.settle(netuid);
}

/// Only the assertion whose deadline passes first can be finalized. A lie beside it is no danger,
/// and its collateral is free.
#[test]
fn assertion_beside_the_final_one_ends_with_it() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.assert_epoch(netuid);
    post_lie(&mut net, netuid, &known, 1);
    net.advance(net.rules().challenge_period);
    net.refuses(
        EVE,
        |it| it.finalize(netuid, &lie(&known, 1)),
        EpochError::AssertionMismatch,
    );
    let before = net.collateral(EVE);
    assert_eq!(net.as_(KEEPER).finalize(netuid, &known.assertion), Ok(()));
    assert_eq!(
        net.collateral(EVE),
        Collateral {
            free: Rao(before.free.0 + before.locked.0),
            locked: Rao::ZERO
        }
    );
    assert_eq!(net.as_(EVE).withdraw_collateral(before.free), Ok(()));
    net.settle(netuid);
}

/// A copy from the pool of pending transactions is as right as the original: it earns its copier
/// the fee, and the original costs its worker nothing.
#[test]
fn copied_assertion_earns_its_copier_the_fee_and_delays_nothing() {
    let (mut net, netuid, known) = with_closed_epoch();
    let deadline = net.block() + net.rules().challenge_period;
    let fee = net.budget(netuid, 1).expect("drawn").proposer;
    let collateral = net.rules().collateral;
    net.give_collateral(WORKER, collateral);
    let free = net.collateral(WORKER).free;
    assert_eq!(net.as_(EVE).propose(netuid, &known.assertion), Ok(()));
    net.refuses(
        WORKER,
        |it| it.propose(netuid, &known.assertion),
        EpochError::AlreadyAsserted,
    );
    assert_eq!(net.collateral(WORKER).free, free);
    net.record_honest(netuid, &known.trace);
    let before = net.balance(EVE);
    net.finalize(netuid);
    assert_eq!(net.block(), deadline);
    assert_eq!(net.balance(EVE) - before, fee.to_u128());
    net.settle(netuid);
}

/// A copier that does not compute copies lies too. Its copy cannot stand beside the lie, and a
/// dispute of the lie opens its place for the copy, which falls by the same proof.
#[test]
fn copied_lie_falls_by_the_same_proof() {
    let (mut net, netuid, known) = with_closed_epoch();
    net.give_collateral(ALICE, Rao::from_tao(100));
    post_lie(&mut net, netuid, &known, 1);
    net.refuses(
        ALICE,
        |it| it.propose(netuid, &lie(&known, 1)),
        EpochError::AlreadyAsserted,
    );
    dispute(&mut net, netuid, &known, 1);
    assert_eq!(net.as_(ALICE).propose(netuid, &lie(&known, 1)), Ok(()));
    dispute(&mut net, netuid, &known, 1);
    assert_eq!(net.collateral(ALICE).locked, Rao::ZERO);
}

/// Returns a network in which the first epoch of a subnet is closed, whose kernel does `body` at
/// every step.
fn with_kernel(body: &str) -> (Network, NetUid) {
    with_kernel_of(&text(body))
}

/// Returns the same for the kernel with this text.
pub fn with_kernel_of(source: &str) -> (Network, NetUid) {
    let code = wat::parse_str(source).expect("Wasm text");
    let mut net = Network::deploy_with_kernel(code);
    let kernel = net.addresses().mean;
    let netuid = net.create(Shape::default());
    net.set(netuid, Hyperparameter::Kernel(kernel));
    net.with_validators(netuid, 1).with_miners(netuid, 2);
    assert_eq!(net.close(netuid).kernel, kernel);
    net.give_collateral(EVE, Rao::from_tao(1_000));
    (net, netuid)
}

/// The ends of a step that are the same for every caller, with names.
const ENDS: [(&str, &str); 6] = [
    ("a panic", "unreachable"),
    (
        "a read outside the memory",
        "(drop (i32.load (i32.const -1)))",
    ),
    ("no answer", "nop"),
    (
        "half an answer",
        "(call $return (i32.const 0) (i32.const 256) (i32.const 3))",
    ),
    (
        "input that it cannot read",
        "(call $return (i32.const 1) (i32.const 300) (i32.const 2))",
    ),
    (
        "an answer of 128 KiB",
        "(call $return (i32.const 0) (i32.const 0) (i32.const 131072))",
    ),
];

/// Anything can be made up about an epoch that no worker can compute. If a trap were no verdict,
/// such a lie would become final.
#[test]
fn assertion_of_a_step_that_traps_is_slashed() {
    for (what, body) in ENDS {
        let (mut net, netuid) = with_kernel(body);
        let lie = made_up(&net.header(netuid).expect("closed"));
        net.as_(EVE).propose(netuid, &lie).expect("posted");
        let locked = net.collateral(EVE).locked;
        let before = net.balance(STRANGER);
        let disputed = net.as_(STRANGER).dispute(netuid, 0, &proof(&lie));
        assert_eq!(disputed, Ok(()), "{what}");
        assert_eq!(net.collateral(EVE).locked, Rao::ZERO, "{what}");
        let reward = net.balance(STRANGER) - before;
        assert_eq!(reward, u128::from(locked.0 / 2), "{what}");
    }
}

/// The worker's engine ends at the same place as the chain's, so a watcher disputes, and an honest
/// proposer puts nothing behind such an epoch.
#[test]
fn workers_dispute_a_step_that_traps_and_assert_none() {
    for (what, body) in ENDS {
        let (mut net, netuid) = with_kernel(body);
        let lie = made_up(&net.header(netuid).expect("closed"));
        net.as_(EVE).propose(netuid, &lie).expect("posted");
        let mut epochs = EpochCache::new(net.addresses(), kernels());
        let watcher = Watcher::new(STRANGER, net.addresses());
        let report = net.with_chain(|chain| watcher.tick(chain, &mut epochs));
        let actions = report.expect("the chain answers").clean();
        assert!(
            matches!(actions.as_deref(), Ok([Action::Disputed { step: 0, .. }])),
            "{what}: {actions:?}"
        );
        let proposer = Proposer::new(WORKER, net.addresses());
        let report = net.with_chain(|chain| proposer.tick(chain, &mut epochs));
        let refused = report.expect("the chain answers").clean();
        assert!(matches!(refused, Err(RoleError::Epoch(_))), "{what}");
        assert_eq!(net.status(netuid).expect("a status").stage, Stage::Closed);
        // The epoch is rolled over when it is time.
        let due = net.status(netuid).expect("a status").rolls_over_at;
        net.advance_to(due.expect("nothing stands"));
        let keeper = Keeper::new(KEEPER, net.addresses());
        let report = net.with_chain(|chain| keeper.tick(chain, &mut epochs));
        let report = report.expect("the chain answers");
        assert!(
            matches!(report.actions.first(), Some(Action::RolledOver { .. })),
            "{what}: {report:?}"
        );
    }
}

#[test]
fn replay_of_a_step_that_traps_is_refused() {
    for (what, body) in ENDS {
        let (mut net, netuid) = with_kernel(body);
        net.advance(net.rules().replay_delay);
        let before = net.snapshot();
        let answer = net.as_(STRANGER).replay(netuid, 1, Vec::new());
        assert_eq!(answer, Err(EpochError::KernelTrapped), "{what}");
        assert_eq!(net.snapshot(), before, "{what}");
    }
}

/// An answer for which the epoch contract has no room ends the dispute itself. The chain has no
/// verdict then, and a worker has none either: it warns of the assertion, which no proof removes.
#[test]
fn answer_without_room_in_the_epoch_contract_is_no_verdict() {
    let body = "(drop (memory.grow (i32.const 4)))
        (call $return (i32.const 0) (i32.const 0) (i32.const 262144))";
    let (mut net, netuid) = with_kernel(body);
    let lie = made_up(&net.header(netuid).expect("closed"));
    net.as_(EVE).propose(netuid, &lie).expect("posted");
    let before = net.snapshot();
    let disputed = limited(&mut net, netuid, &lie, (PLENTY, PLENTY));
    assert!(matches!(disputed, Err(CallError::Chain(_))), "{disputed:?}");
    let mut epochs = EpochCache::new(net.addresses(), kernels());
    let watcher = Watcher::new(STRANGER, net.addresses());
    let report = net.with_chain(|chain| watcher.tick(chain, &mut epochs));
    let problem = report.expect("the chain answers").clean();
    assert!(
        matches!(problem, Err(RoleError::Unchecked { .. })),
        "{problem:?}"
    );
    assert_eq!(net.snapshot(), before);
}

/// Sends a dispute with limits on time and proof.
fn limited(
    net: &mut Network,
    netuid: NetUid,
    assertion: &Assertion,
    (time, bytes): (u64, u64),
) -> Result<Cost, CallError<EpochError>> {
    let message = net.addresses().epoch().dispute(netuid, 0, proof(assertion));
    net.with_chain(|chain| {
        chain.limit_time(time);
        chain.limit_proof(bytes);
        let answer = chain.send(STRANGER, message).answer();
        chain.limit_time(PLENTY);
        chain.limit_proof(PLENTY);
        answer.map(|sent| sent.cost)
    })
}

/// With any limit on gas, a dispute of a trap slashes or changes nothing. With the time of a step
/// above what it takes, it slashes.
#[test]
fn dispute_of_a_trap_slashes_or_changes_nothing_whatever_the_gas() {
    let (mut net, netuid) = with_kernel("unreachable");
    let lie = made_up(&net.header(netuid).expect("closed"));
    net.as_(EVE).propose(netuid, &lie).expect("posted");
    let template = net.template();
    let mut whole = Network::begin_from(&template);
    let all = limited(&mut whole, netuid, &lie, (PLENTY, PLENTY)).expect("slashed");
    let before = net.snapshot();
    for permille in (5..=1_000).step_by(5) {
        let share = |all: u64| all / 1_000 * permille;
        for limits in [
            (share(all.ref_time), PLENTY),
            (PLENTY, share(all.proof_size)),
        ] {
            match limited(&mut net, netuid, &lie, limits) {
                Ok(_) => net = Network::begin_from(&template),
                Err(_) => assert_eq!(net.snapshot(), before, "{permille} ‰"),
            }
        }
    }
    // A worker's margin is a quarter, and the time of a step.
    let limits = (all.ref_time / 4 * 5 + STEP_TIME, all.proof_size / 4 * 5);
    assert!(limited(&mut net, netuid, &lie, limits).is_ok());
}

/// Returns the body of a step that counts to `turns` and then answers honestly.
fn counting(turns: u32) -> String {
    format!(
        "(loop (i32.store (i32.const 600) (i32.add (i32.load (i32.const 600)) (i32.const 1)))
            (br_if 0 (i32.lt_u (i32.load (i32.const 600)) (i32.const {turns}))))
        {HONEST}"
    )
}

/// Turns for which the chain needs more time than a step may take, and a worker's engine a fraction
/// of a second.
const TOO_MANY: u32 = 60_000_000;

/// A worker's engine is faster than the chain, and has a deeper stack. A step that it alone gets
/// through would be refuted, so a proposer without a native build tries it in the chain's own
/// interpreter first.
#[test]
fn proposer_asserts_no_step_that_the_chain_cannot_execute() {
    let deep = text(&format!("(call $deep (i32.const 2000)) {HONEST}")).replace(
        "(func (export \"deploy\"))",
        "(func $deep (param i32)
            (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))))
        (func (export \"deploy\"))",
    );
    type Case = (&'static str, String, fn(&EngineError) -> bool);
    let cases: [Case; 2] = [
        ("too long", text(&counting(TOO_MANY)), |error| {
            *error == EngineError::TooCostly(STEP_TIME)
        }),
        ("too deep", deep, |error| {
            matches!(error, EngineError::Trapped(_))
        }),
    ];
    for (what, source, is_expected) in cases {
        let (mut net, netuid) = with_kernel_of(&source);
        net.fund(WORKER, Rao::from_tao(100));
        let mut epochs = EpochCache::new(net.addresses(), kernels());
        let computed = epochs.closed(net.chain(), netuid);
        computed.expect("the worker's engine gets through");
        let before = net.snapshot();
        let proposer = Proposer::new(WORKER, net.addresses());
        let report = net.with_chain(|chain| proposer.tick(chain, &mut epochs));
        let refused = report.expect("the chain answers").clean();
        let Err(RoleError::Epoch(ComputeError::Step { error, .. })) = &refused else {
            panic!("{what}: {refused:?}");
        };
        assert!(is_expected(error), "{what}: {error}");
        assert_eq!(net.snapshot(), before, "{what}");
    }
}

/// The admin measures a kernel before allowing it.
#[test]
fn kernel_check_refuses_a_step_that_is_too_costly() {
    let folder = TempDir::new();
    fs::create_dir_all(folder.path()).expect("made");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (kernel, vectors) = (path("kernel.wasm"), path("epoch.json"));
    let code = wat::parse_str(text(&counting(TOO_MANY))).expect("Wasm text");
    fs::write(&kernel, code).expect("written");
    let epochs = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../contracts/kernels/yuma/vectors/yuma.jsonl"
    ));
    let epochs = epochs.expect("the kernel's vectors");
    fs::write(&vectors, epochs.lines().next().expect("an epoch")).expect("written");
    let command = help::command();
    let arguments = [
        "inktensor",
        "kernel",
        "check",
        &kernel,
        "--vectors",
        &vectors,
    ];
    let matches = command.clone().try_get_matches_from(arguments);
    let cli = Cli::from_arg_matches(&matches.expect("a command")).expect("a command");
    let mut out = Vec::new();
    let verdict = cli.run(command, &mut out).expect("readable");
    assert_eq!(verdict, Verdict::Bad);
    let said = String::from_utf8(out).expect("text");
    for part in [
        "is not an acceptable kernel",
        "a step takes more than 500 ms",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

/// Returns limits in `parts` even steps up to `most`, and one a little below each.
fn limits(most: u64, parts: u64) -> impl Iterator<Item = u64> {
    (1..=parts)
        .map(move |part| most / parts * part)
        .flat_map(|limit| [limit, limit - limit / 997])
}

/// A kernel that runs out of gas traps, and the chain gives back most of its gas at times. That is
/// no verdict: with more gas it would answer.
#[test]
fn dispute_of_a_heavy_honest_step_changes_nothing_whatever_the_gas() {
    let (mut net, netuid) = with_kernel(&counting(1_000_000));
    let mut epochs = EpochCache::new(net.addresses(), kernels());
    let computed = epochs.closed(net.chain(), netuid).expect("computed");
    let honest = &computed.assertion;
    net.as_(EVE).propose(netuid, honest).expect("posted");
    net.record_honest(netuid, &computed.trace);
    let (answer, bill) = net.metered(|net| net.as_(STRANGER).dispute(netuid, 0, &proof(honest)));
    assert_eq!(answer, Err(EpochError::StepIsCorrect));
    let all = bill.total;
    println!("a dispute of {} ms", all.ref_time / 1_000_000_000);
    let before = net.snapshot();
    for time in limits(all.ref_time, 150) {
        let disputed = limited(&mut net, netuid, honest, (time, PLENTY));
        assert!(disputed.is_err(), "{time} ps");
    }
    for bytes in limits(all.proof_size, 40) {
        let disputed = limited(&mut net, netuid, honest, (PLENTY, bytes));
        assert!(disputed.is_err(), "{bytes} bytes");
    }
    assert_eq!(net.snapshot(), before);
}

/// A step that takes longer than a step may is as one that traps. With less gas than that it is no
/// verdict.
///
/// A kernel that runs out of gas leaves none for the slash, unless the rounding of its host calls
/// makes its bill larger than its gas. This one makes many, so that it always does.
#[test]
fn step_that_never_ends_is_slashed_with_the_time_of_a_step_only() {
    let body = "(loop (call $input (i32.const 1024) (i32.const 512))
            (i32.store (i32.const 600) (i32.add (i32.load (i32.const 600)) (i32.const 1)))
            (br_if 0 (i32.lt_u (i32.load (i32.const 600)) (i32.const 5000))))
        (loop (br 0))";
    let (mut net, netuid) = with_kernel(body);
    let lie = made_up(&net.header(netuid).expect("closed"));
    net.as_(EVE).propose(netuid, &lie).expect("posted");
    let before = net.snapshot();
    for time in limits(STEP_TIME, 100) {
        let disputed = limited(&mut net, netuid, &lie, (time, PLENTY));
        assert!(disputed.is_err(), "{time} ps");
    }
    assert_eq!(net.snapshot(), before);
    let template = net.template();
    for time in [STEP_TIME / 2 * 3, STEP_TIME * 2] {
        let mut net = Network::begin_from(&template);
        let disputed = limited(&mut net, netuid, &lie, (time, PLENTY));
        assert!(disputed.is_ok(), "{time} ps: {disputed:?}");
        assert_eq!(net.standing(netuid), []);
        assert_eq!(net.collateral(EVE).locked, Rao::ZERO);
    }
}
