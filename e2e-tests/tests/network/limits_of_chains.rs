//! Limits of the chains that Inktensor is for: code, memory, host functions, frames, deposits.
//!
//! The figures of a chain are those of its published runtime; `docs/limits.md` has the sources and
//! the figures of this file.

use inktensor_client::{
    chain::{Chain, ChainRead, Message},
    deploy::Bundle,
};
use inktensor_devnet::sandbox::{SandboxChain, StorageUse};
use inktensor_e2e_tests::{
    accounts::*,
    bundles,
    model::{Claim, HonestEpoch, Lie},
    Network, Shape,
};
use inktensor_primitives::{
    epoch::{Epochs, FinalChunk},
    registry::Registry,
    staking::Staking,
    AccountId, NetUid, Rao,
};
use psp22::PSP22;
use wasmparser::{Parser, Payload, TypeRef};

const PAGE: &str = include_str!("../../../docs/limits.md");

/// The limits and prices of a chain.
struct Platform {
    name: &'static str,
    /// Most bytes of a contract's code.
    code: usize,
    /// Most memory of a contract, in pages of 64 KiB.
    pages: u64,
    /// Most frames of a call: the first contract, and each that a contract calls in turn.
    frames: usize,
    /// Deposit for a storage item, and for a byte, in the smallest part of the coin.
    per_item: u128,
    per_byte: u128,
    /// The existential deposit, which every contract's account needs.
    existential: u128,
    /// Part of its code's deposit that each contract holds besides, in per cent.
    lockup: u128,
    /// Length of a balance.
    balance: u128,
}

/// The pallet in process.
const IN_PROCESS: Platform = Platform {
    name: "pallet-contracts in process",
    code: 123 * 1024,
    pages: 16,
    frames: 6,
    per_item: 1,
    per_byte: 1,
    existential: 1,
    lockup: 0,
    balance: 16,
};
/// `substrate-contracts-node`, whose coin has 12 decimals.
const NODE: Platform = Platform {
    name: "substrate-contracts-node 0.42.0",
    code: 256 * 1024,
    pages: 16,
    frames: 24,
    per_item: 100_000_000_000,
    per_byte: 5_000_000,
    existential: 1_000_000_000,
    lockup: 0,
    balance: 16,
};
/// Bittensor's own chain, whose coin is Bittensor's TAO with 9 decimals. Its existential deposit is
/// 500 rao; an item costs 15 % of that, a byte 6 %.
const SUBTENSOR: Platform = Platform {
    name: "subtensor, spec 425",
    code: 128 * 1024,
    pages: 16,
    frames: 6,
    per_item: 75,
    per_byte: 30,
    existential: 500,
    lockup: 30,
    balance: 8,
};
const PLATFORMS: [&Platform; 3] = [&IN_PROCESS, &NODE, &SUBTENSOR];

impl Platform {
    /// Returns the deposit for the storage of a contract.
    fn storage(&self, used: StorageUse) -> u128 {
        u128::from(used.items) * self.per_item + u128::from(used.bytes) * self.per_byte
    }

    /// Returns the deposit for uploaded code: the code, and a record of its owner, deposit, users,
    /// kind and length.
    fn code(&self, code: &[u8]) -> u128 {
        let record = 32 + self.balance + 8 + 1 + 4;
        2 * self.per_item + (code.len() as u128 + record) * self.per_byte
    }

    /// Returns the deposit for a contract with that code, apart from its storage: a record of its
    /// trie, code, sizes, three balances and the full code that a front depends on; the lock-up for
    /// either code; the account.
    fn contract(&self, code: &[u8], full: Option<&[u8]>) -> u128 {
        let dependencies = full.map_or(0, |_| 32 + self.balance);
        let record = 33 + 32 + 8 + 3 * self.balance + 1 + dependencies;
        let locked = |code| (self.code(code) * self.lockup).div_ceil(100);
        let locked = locked(code) + full.map_or(0, locked);
        self.per_item + record * self.per_byte + locked + self.existential
    }
}

/// A contract of a deployment: its file's name, its code, the full code of a front, its address.
type Contract = (
    &'static str,
    &'static [u8],
    Option<&'static [u8]>,
    AccountId,
);

/// Returns the contracts of a deployment.
fn contracts(net: &Network) -> [Contract; 7] {
    let (built, at) = (bundles(), net.addresses());
    let front = |name, front: &'static Bundle, full: &'static Bundle, at| {
        (name, &front.code[..], Some(&full.code[..]), at)
    };
    [
        ("token", &built.token.code, None, at.token),
        front(
            "registry_front",
            &built.registry_front,
            &built.registry,
            at.registry,
        ),
        front(
            "staking_front",
            &built.staking_front,
            &built.staking,
            at.staking,
        ),
        ("emission", &built.emission.code, None, at.emission),
        front("epoch_front", &built.epoch_front, &built.epoch, at.epoch),
        ("yuma", &built.yuma.code, None, at.yuma),
        ("mean", &built.mean.code, None, at.mean),
    ]
}

/// Returns the storage of all contracts together.
fn storage_use(net: &Network) -> StorageUse {
    let mut sum = StorageUse::default();
    for (name, _, _, address) in contracts(net) {
        let used = net.chain().storage_use(&address).expect(name);
        sum.items += used.items;
        sum.bytes += used.bytes;
    }
    sum
}

/// Returns what `act` adds to the storage of all contracts.
fn added(net: &mut Network, act: impl FnOnce(&mut Network)) -> StorageUse {
    let before = storage_use(net);
    act(net);
    let after = storage_use(net);
    StorageUse {
        items: after.items - before.items,
        bytes: after.bytes - before.bytes,
    }
}

/// A contract that calls itself a number of times, and then another contract. Its input: that
/// number, the address of the other contract, and the message.
const RELAY: &str = r#"(module
    (import "env" "memory" (memory 16 16))
    (import "seal0" "input" (func $input (param i32 i32)))
    (import "seal0" "address" (func $address (param i32 i32)))
    (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
    (import "seal1" "call"
        (func $call (param i32 i32 i64 i32 i32 i32 i32 i32) (result i32)))
    ;; 0: no value, 16: length of the input, then of the output, 20: length of the address,
    ;; 32: the address, 1024: the input, 600000: the output.
    (func (export "deploy"))
    (func (export "call") (local $length i32)
        (i32.store (i32.const 16) (i32.const 500000))
        (call $input (i32.const 1024) (i32.const 16))
        (local.set $length (i32.load (i32.const 16)))
        (i32.store (i32.const 16) (i32.const 300000))
        (if (i32.eqz (i32.load8_u (i32.const 1024)))
            (then
                (if (call $call (i32.const 0) (i32.const 1025) (i64.const 0) (i32.const 0)
                        (i32.const 1057) (i32.sub (local.get $length) (i32.const 33))
                        (i32.const 600000) (i32.const 16))
                    (then unreachable)))
            (else
                (i32.store8 (i32.const 1024)
                    (i32.sub (i32.load8_u (i32.const 1024)) (i32.const 1)))
                (i32.store (i32.const 20) (i32.const 32))
                (call $address (i32.const 32) (i32.const 20))
                ;; 8 allows the contract to be entered again.
                (if (call $call (i32.const 8) (i32.const 32) (i64.const 0) (i32.const 0)
                        (i32.const 1024) (local.get $length)
                        (i32.const 600000) (i32.const 16))
                    (then unreachable))))
        (call $return (i32.const 0) (i32.const 600000) (i32.load (i32.const 16)))))"#;

/// Deploys the relay.
fn relay(net: &mut Network) -> AccountId {
    let code = wat::parse_str(RELAY).expect("sound text");
    net.with_chain(|chain| {
        let hash = chain.upload(DEPLOYER, &code).expect("uploaded");
        let made = chain.instantiate(DEPLOYER, hash, &[], b"relay");
        made.expect("instantiated").address
    })
}

/// Returns the frames that `message` takes, when it is signed by the relay: the limit, less the
/// most frames that the relay can put above it. Changes nothing.
fn frames<R>(net: &mut Network, relay: AccountId, message: impl Into<Message<R>>) -> usize {
    let message = message.into();
    let callee: &[u8; 32] = message.to.as_ref();
    let passes = |chain: &mut SandboxChain, above: usize| {
        let again = u8::try_from(above - 1).expect("few");
        let input = [&[again][..], callee, &message.input].concat();
        let before = chain.snapshot();
        let passed = chain.submit(STRANGER, relay, &input).is_ok();
        chain.restore(&before);
        passed
    };
    let most = IN_PROCESS.frames;
    let above = net.with_chain(|chain| (1..=most).take_while(|n| passes(chain, *n)).count());
    assert!(above > 0, "the message itself is refused");
    most - above
}

/// Returns a network with a subnet, of which an epoch with weights and memory is closed.
fn with_closed_epoch() -> (Network, NetUid) {
    let mut net = Network::deploy();
    let netuid = net.with_closed_epoch();
    (net, netuid)
}

/// Returns the cells of the row of the page that begins with `first`.
fn row(first: &str) -> Vec<&'static str> {
    let found = PAGE.lines().find(|line| {
        line.strip_prefix("| ")
            .and_then(|rest| rest.strip_prefix(first))
            .is_some_and(|rest| rest.starts_with(" |"))
    });
    let line = found.unwrap_or_else(|| panic!("docs/limits.md has no row {first}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// Checks a figure of the page, in units of `unit`: it is right within a tenth, so that not every
/// build changes the page.
fn check(row: &[&str], column: usize, amount: u128, unit: f64) {
    #[allow(clippy::cast_precision_loss, reason = "a tenth is allowed")]
    let expected = amount as f64 / unit;
    let shown: f64 = row[column].replace(' ', "").parse().expect(row[column]);
    println!(
        "{}, column {column}: {shown}, measured {expected:.7}",
        row[0]
    );
    assert!(
        (shown - expected).abs() <= expected / 10.0,
        "docs/limits.md, row {}, column {column}: {shown}, but it is {expected:.5}",
        row[0]
    );
}

#[test]
fn contracts_fit_the_code_and_the_memory_of_every_chain() {
    for (name, bundle) in bundles().named() {
        let code = &bundle.code;
        for platform in PLATFORMS {
            let most = platform.code;
            assert!(
                code.len() <= most,
                "{name}: {} {}",
                code.len(),
                platform.name
            );
        }
        for payload in Parser::new(0).parse_all(code) {
            let Payload::ImportSection(imports) = payload.expect("valid code") else {
                continue;
            };
            for import in imports.into_imports() {
                let import = import.expect("a valid import");
                if let TypeRef::Memory(memory) = import.ty {
                    let most = memory.maximum.expect("a limit");
                    assert!(
                        PLATFORMS.iter().all(|it| most <= it.pages),
                        "{name}: {most}"
                    );
                }
                // A chain's extension, and its other pallets, differ from chain to chain.
                let apart = [
                    "call_chain_extension",
                    "call_runtime",
                    "xcm_execute",
                    "xcm_send",
                ];
                assert!(!apart.contains(&import.name), "{name}: {}", import.name);
            }
        }
    }
}

#[test]
fn a_seventh_frame_is_refused() {
    let mut net = Network::deploy();
    let relay = relay(&mut net);
    let supply = net.addresses().psp22().total_supply();
    // Five frames of the relay and the token's are six; the relay alone could have six.
    assert_eq!(frames(&mut net, relay, supply), 1);
}

#[test]
fn calls_leave_two_frames_to_a_contract_that_makes_them() {
    let mut measured: Vec<(&str, usize)> = Vec::new();
    let (mut net, netuid) = with_closed_epoch();
    let relay = relay(&mut net);
    let at = net.addresses();

    // Stake, by the relay as a coldkey.
    let (stake, registry) = (Rao::from_tao(50), at.registry);
    net.provide(relay, at.staking, stake);
    let hotkey = nth("validator", 0);
    let mut staking = at.staking();
    measured.push((
        "add_stake",
        frames(&mut net, relay, staking.add_stake(netuid, hotkey, stake)),
    ));
    net.as_(relay)
        .add_stake(netuid, hotkey, Rao(stake.0 / 2))
        .expect("staked");
    measured.push((
        "remove_stake",
        frames(
            &mut net,
            relay,
            staking.remove_stake(netuid, hotkey, Rao::from_tao(1)),
        ),
    ));

    // A seat and a subnet.
    let price = net.price(netuid);
    net.provide(relay, registry, price);
    net.agree(named("relay-hotkey"), relay);
    let mut subnets = at.registry();
    measured.push((
        "register",
        frames(
            &mut net,
            relay,
            subnets.register(netuid, named("relay-hotkey"), price, None),
        ),
    ));

    // The life of an epoch.
    let known = HonestEpoch::of(&net, netuid);
    let required = net.collateral_required(netuid);
    net.provide(relay, at.epoch, required);
    let mut epochs = at.epoch();
    measured.push((
        "deposit_collateral",
        frames(&mut net, relay, epochs.deposit_collateral(required)),
    ));
    net.as_(relay)
        .deposit_collateral(required)
        .expect("deposited");
    measured.push((
        "propose",
        frames(
            &mut net,
            relay,
            epochs.propose(netuid, known.assertion.clone()),
        ),
    ));

    let lie = Claim::Lie(Lie::Results(0)).about(&known).assertion;
    net.propose_lie(netuid, &lie);
    let (k, proof) = known.trace.refute(&known.inputs, &lie).expect("a lie");
    measured.push((
        "dispute",
        frames(&mut net, relay, epochs.dispute(netuid, k, proof.clone())),
    ));
    net.as_(STRANGER)
        .dispute(netuid, k, &proof)
        .expect("it is false");

    let due = net.status(netuid).expect("a status").replays_at;
    net.advance_to(due.expect("it can be replayed"));
    let memory = net.memory_for(netuid, 0, 1);
    measured.push((
        "replay",
        frames(&mut net, relay, epochs.replay(netuid, 1, memory)),
    ));

    net.assert_epoch(netuid);
    let deadline = net.block() + net.rules().challenge_period;
    net.advance_to(deadline);
    measured.push((
        "finalize",
        frames(
            &mut net,
            relay,
            epochs.finalize(netuid, known.assertion.clone()),
        ),
    ));
    let epoch = known.inputs.header.epoch;
    let outcome = FinalChunk {
        chunk: 0,
        results: known.trace.results[0].clone(),
        memory: known.trace.memory[0].clone(),
    };
    let (assertion, chunks) = (known.assertion.clone(), vec![outcome.clone()]);
    measured.push((
        "finalize_and_settle",
        frames(
            &mut net,
            relay,
            epochs.finalize_and_settle(netuid, epoch, assertion, chunks, 64),
        ),
    ));
    net.finalize(netuid);

    measured.push((
        "settle",
        frames(
            &mut net,
            relay,
            epochs.settle(netuid, epoch, vec![outcome], 64),
        ),
    ));
    net.settle(netuid);

    let closes = net.status(netuid).expect("a status").closes_at;
    net.advance_to(closes);
    measured.push(("close", frames(&mut net, relay, epochs.close(netuid))));
    net.close(netuid);
    let rolls = net.status(netuid).expect("a status").rolls_over_at;
    net.advance_to(rolls.expect("it can be rolled over"));
    measured.push((
        "roll_over",
        frames(&mut net, relay, epochs.roll_over(netuid)),
    ));

    println!("{measured:?}");
    for (message, frames) in &measured {
        assert_eq!(
            row(&format!("`{message}`"))[1],
            frames.to_string(),
            "{message}"
        );
    }
    let most = measured
        .iter()
        .map(|(_, frames)| *frames)
        .max()
        .expect("some");
    for platform in PLATFORMS {
        assert!(most + 2 <= platform.frames, "{}: {most}", platform.name);
    }
}

#[test]
fn deposits_are_computed_as_the_pallet_does() {
    let chain = SandboxChain::new();
    // A kernel's only cell is the empty one that its constructor writes.
    let cell = StorageUse { items: 1, bytes: 0 };
    for code in [&bundles().yuma.code, &bundles().mean.code] {
        let new = ink::selector_bytes!("new");
        let made = chain.estimate(DEPLOYER, code, &new, b"salt");
        let taken = made.expect("estimated").cost.deposit;
        let contract = IN_PROCESS.contract(code, None);
        let computed = IN_PROCESS.code(code) + contract + IN_PROCESS.storage(cell);
        assert_eq!(taken, i128::try_from(computed).expect("small"));
    }
}

#[test]
fn deposits_of_the_page_are_right() {
    let tao = 1e9;
    let mut net = Network::deploy();
    let mut sum = 0;
    for (name, bundle) in bundles().named() {
        let row = row(&format!("`{name}`"));
        check(&row, 1, bundle.code.len() as u128, 1024.0);
        check(&row, 2, SUBTENSOR.code(&bundle.code), tao);
        if !["treasury", "governance"].contains(&name) {
            sum += SUBTENSOR.code(&bundle.code);
        }
    }
    for (name, code, full, address) in contracts(&net) {
        let used = net.chain().storage_use(&address).expect("deployed");
        let deposit = SUBTENSOR.contract(code, full) + SUBTENSOR.storage(used);
        check(&row(&format!("`{name}`")), 3, deposit, tao);
        sum += deposit;
    }
    check(&row("all of it, without governance"), 1, sum, tao);

    let mut uses: Vec<(&str, StorageUse)> = Vec::new();
    let mut netuid = NetUid(0);
    let created = added(&mut net, |net| {
        netuid = net.create(Shape {
            seats: 256,
            permits: 64,
            ..Shape::default()
        });
    });
    uses.push(("a subnet", created));
    // The second of each, since the first of a subnet makes cells that all others share.
    net.enrol(netuid, ALICE, ALICE_HOTKEY);
    net.stake(netuid, ALICE, ALICE_HOTKEY, Rao::from_tao(5));
    let hotkey = BOB_HOTKEY;
    let seat = added(&mut net, |net| {
        net.enrol(netuid, BOB, hotkey);
    });
    uses.push(("a neuron", seat));
    let staked = added(&mut net, |net| {
        net.stake(netuid, CHARLIE, hotkey, Rao::from_tao(5));
    });
    uses.push(("a position", staked));
    net.with_validators(netuid, 64);
    net.with_miners(netuid, 190);
    let paid = added(&mut net, |net| {
        net.run_epoch(netuid);
        net.honest_weights(netuid);
        net.run_epoch(netuid);
    });
    uses.push(("two epochs of 256 neurons with 64 validators", paid));
    println!("{uses:#?}");
    for (what, used) in uses {
        let row = row(what);
        check(&row, 1, used.items.into(), 1.0);
        check(&row, 2, used.bytes.into(), 1.0);
        check(&row, 3, SUBTENSOR.storage(used), tao);
        check(&row, 4, NODE.storage(used), 1e12);
    }
}
