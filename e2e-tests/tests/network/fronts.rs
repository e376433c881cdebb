//! The fronts of registry, staking and epoch: what they execute, what they hand on, and that no
//! account can change or remove what they hand it on to.

use crate::attacks_assertions::with_kernel_of;
use inktensor_client::{
    chain::{contracts::full_code, Chain, ChainRead, Cost, Typed},
    deploy::{check, Record},
};
use inktensor_e2e_tests::{
    accounts::*, bundles, network::Costs, trapping_kernel::text, Network, Shape,
};
use inktensor_primitives::{epoch::EpochError, hash::blake2, kernel::KernelError, AccountId, Uid};
use serde_json::Value;
use std::{fs, path::Path};

/// A front's name, and the source that lists the messages that it executes.
const FRONTS: [(&str, &str); 3] = [
    (
        "registry",
        include_str!("../../../contracts/registry/front/src/lib.rs"),
    ),
    (
        "staking",
        include_str!("../../../contracts/staking/front/src/lib.rs"),
    ),
    (
        "epoch",
        include_str!("../../../contracts/epoch/front/src/lib.rs"),
    ),
];

/// Returns the addresses of the fronts, each with the hash of its full code.
fn fronts(net: &Network) -> [(&'static str, AccountId, [u8; 32]); 3] {
    let (at, built) = (net.addresses(), bundles());
    [
        ("registry", at.registry, blake2(&built.registry.code)),
        ("staking", at.staking, blake2(&built.staking.code)),
        ("epoch", at.epoch, blake2(&built.epoch.code)),
    ]
}

/// A name with a slip would be that of no message, and the message would be handed on for good.
#[test]
fn fronts_execute_messages_of_their_full_codes() {
    let bindings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings");
    for (name, source) in FRONTS {
        let file = bindings.join(name).join("metadata.json");
        let metadata: Value =
            serde_json::from_slice(&fs::read(file).expect("a file")).expect("JSON");
        let messages = metadata["spec"]["messages"].as_array().expect("messages");
        let labels: Vec<&str> = messages
            .iter()
            .map(|it| it["label"].as_str().expect("a label"))
            .collect();
        let pieces: Vec<&str> = source.split('"').collect();
        let listed = pieces[1..].chunks(2).filter(|it| it[0].contains("::"));
        let mut count = 0;
        for pair in listed {
            // The name that makes the selector, and what is called for it.
            let (message, called) = (pair[0], pair[1].trim_start());
            assert!(labels.contains(&message), "{name}: {message}");
            let (_, function) = message.split_once("::").expect("a name");
            assert!(
                called.starts_with(&format!("{function}(")),
                "{name}: {message} {called}"
            );
            count += 1;
        }
        assert!(count >= 5, "{name}: {count}");
    }
}

#[test]
fn full_code_is_the_built_code() {
    let net = Network::deploy();
    for (name, front, hash) in fronts(&net) {
        assert_eq!(
            net.chain().query(full_code(front)).expect("an answer"),
            hash,
            "{name}"
        );
    }
}

#[test]
fn full_code_cannot_be_removed() {
    let mut net = Network::deploy();
    for (name, _, hash) in fronts(&net) {
        let removed = net.with_chain(|chain| chain.remove_code(DEPLOYER, hash));
        let error = removed.expect_err(name).to_string();
        assert!(error.contains("CodeInUse"), "{name}: {error}");
    }
    // Code that nothing uses can be removed, by the account that uploaded it.
    let code = wat::parse_str(text("nop")).expect("Wasm text");
    net.with_chain(|chain| {
        let hash = chain.upload(DEPLOYER, &code).expect("uploaded");
        assert!(chain.remove_code(STRANGER, hash).is_err());
        chain.remove_code(DEPLOYER, hash).expect("removed");
    });
}

#[test]
fn front_without_its_full_code_is_refused() {
    let mut net = Network::deploy();
    let token = net.addresses().token;
    net.with_chain(|chain| {
        let hash = chain
            .upload(DEPLOYER, &bundles().staking_front.code)
            .expect("there already");
        let new = &ink::selector_bytes!("new")[..];
        let input = [new, &[7; 32], token.as_ref(), token.as_ref()].concat();
        let made = chain.instantiate(DEPLOYER, hash, &input, b"without");
        assert!(made.is_err(), "{made:?}");
    });
}

/// ink! answers the same to a message that a contract does not have, and to arguments that do not
/// decode. A front answers the same.
#[test]
fn messages_that_no_contract_has_are_refused_as_by_any_contract() {
    let net = Network::deploy();
    let read = |to, input: &[u8]| match net.chain().read(STRANGER, to, input) {
        Ok(output) => format!("{output:?}"),
        Err(error) => error.to_string(),
    };
    let emission = net.addresses().emission;
    let unknown = read(emission, &[1, 2, 3, 4]);
    let undecoded = read(emission, &ink::selector_bytes!("Emission::budget"));
    for (name, front, _) in fronts(&net) {
        assert_eq!(read(front, &[1, 2, 3, 4]), unknown, "{name}");
        assert_eq!(read(front, &[1, 2]), unknown, "{name}");
        assert_eq!(read(front, &[]), unknown, "{name}");
    }
    let voter = ink::selector_bytes!("Registry::voter");
    assert_eq!(read(net.addresses().registry, &voter), undecoded);
    let handed_on = ink::selector_bytes!("Registry::kernel");
    assert_eq!(read(net.addresses().registry, &handed_on), undecoded);
}

/// Code at a front's address may be the released one, and its full code another.
#[test]
fn check_names_another_full_code() {
    let net = Network::deploy();
    let chain = net.chain();
    let record = Record::found(chain, &net.addresses(), "here").expect("a record");
    assert_eq!(check(chain, &record).expect("checked"), []);
    for (name, _, _) in fronts(&net) {
        for written in [Some([1; 32]), None] {
            let mut other = record.clone();
            other.contracts.get_mut(name).expect("recorded").full_code = written;
            let found = check(chain, &other).expect("checked");
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].what, format!("full code of {name}"));
        }
    }
}

/// Returns the text of a kernel whose steps call `callee`, or their caller if it is absent, and
/// answer with an error if that call succeeds. They trap if it is refused.
fn calling(callee: Option<AccountId>, message: [u8; 4]) -> String {
    let selector = u32::from_le_bytes(message);
    let bytes: String = callee
        .iter()
        .flat_map(|it| AsRef::<[u8; 32]>::as_ref(it).to_vec())
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let find = match callee {
        Some(_) => "",
        None => {
            "(i32.store (i32.const 640) (i32.const 32))
             (call $caller (i32.const 600) (i32.const 640))"
        }
    };
    // Zeros at 256 are no value; at 350 is the answer `Err(BadParams)`.
    let body = format!(
        "{find}
         (i32.store (i32.const 700) (i32.const {selector}))
         (i32.store (i32.const 720) (i32.const 16000))
         (if (call $call (i32.const 0) (i32.const 600) (i64.const 0) (i32.const 256)
                 (i32.const 700) (i32.const 4) (i32.const 8192) (i32.const 720))
             (then unreachable))
         (call $return (i32.const 0) (i32.const 350) (i32.const 3))"
    );
    let imports = r#"(module
            (import "seal0" "seal_caller" (func $caller (param i32 i32)))
            (import "seal1" "call"
                (func $call (param i32 i32 i64 i32 i32 i32 i32 i32) (result i32)))"#;
    let data = format!(
        r#"(data (i32.const 350) "\00\01\00") (data (i32.const 600) "{bytes}") (func (export "deploy"))"#
    );
    text(&body)
        .replacen("(module", imports, 1)
        .replacen(r#"(func (export "deploy"))"#, &data, 1)
}

/// A full code runs at its front's address, and is protected as the front is.
#[test]
fn kernel_cannot_call_the_epoch_contract_back() {
    // A message that the front executes, and one that it hands on.
    let executed = ink::selector_bytes!("Epochs::close");
    let handed_on = ink::selector_bytes!("Epochs::rules");
    for (callee, message, expected) in [
        (None, executed, EpochError::KernelTrapped),
        (None, handed_on, EpochError::KernelTrapped),
        // The same call to another contract succeeds.
        (
            Some(Network::deploy().addresses().token),
            ink::selector_bytes!("PSP22::total_supply"),
            EpochError::Kernel(KernelError::BadParams),
        ),
    ] {
        let (mut net, netuid) = with_kernel_of(&calling(callee, message));
        net.advance(net.rules().replay_delay);
        let answer = net.as_(STRANGER).replay(netuid, 1, Vec::new());
        assert_eq!(answer, Err(expected), "{message:?}");
    }
}

/// Asserts the targets of `docs/costs.md`, which are for the weights of version 38.
fn assert_target(what: &str, costs: &Costs, ms: u64, kib: u64) {
    let Cost {
        ref_time,
        proof_size,
        ..
    } = costs.v38.largest;
    println!(
        "{what}: {:.2} ms, {} KiB",
        ref_time as f64 / 1e9,
        proof_size / 1024
    );
    assert!(
        ref_time <= ms * 1_000_000_000 && proof_size <= kib * 1024,
        "{what}: {} us, {} KiB",
        ref_time / 1_000_000,
        proof_size / 1024
    );
}

/// The targets concern what an epoch is made of. Two of 256 neurons are paid dividends, as in the
/// subnet that the targets were derived from.
#[test]
fn messages_of_an_epoch_meet_their_targets() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape {
        seats: 256,
        permits: 64,
        ..Shape::default()
    });
    net.with_validators(netuid, 2).with_miners(netuid, 254);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    net.run_epoch(netuid);

    let uids: Vec<Uid> = (0..256).map(Uid).collect();
    let weights: Vec<u16> = (1..=256).collect();
    let hotkey = nth("validator", 0);
    let (set, costs) = net.weighed(|net| net.as_(hotkey).set_weights(netuid, uids, weights));
    set.expect("set");
    assert_target("set_weights of 256", &costs, 3, 256);

    let (_, costs) = net.weighed(|net| net.close(netuid));
    assert_target("close", &costs, 6, 700);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    let ((), costs) = net.weighed(|net| net.settle_chunks(netuid));
    assert_target("settle of 64", &costs, 15, 1024);
    let ((), costs) = net.weighed(|net| net.collect_all(netuid));
    assert_target("collect", &costs, 500, 3840);
}
