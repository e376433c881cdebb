//! The body of the fuzz target `fuzz/fuzz_targets/head.rs` on damaged heads of `docs/wire.md`,
//! where no fuzzer is at hand.

#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "../fuzz/body.rs"]
mod body;

use rand_chacha::{
    rand_core::{RngCore, SeedableRng},
    ChaCha8Rng,
};
use std::env;

/// The variable that sets the number of inputs.
const INPUTS: &str = "INKTENSOR_WIRE_INPUTS";
/// Most changes of one head.
const CHANGES: usize = 4;

/// Returns the heads of the page's question and answer, after the path.
fn heads() -> Vec<Vec<u8>> {
    let page = include_str!("../../../docs/wire.md");
    let blocks = page.split("```http\n").skip(1);
    let heads = blocks.map(|block| {
        let lines = block.lines().skip(1).take_while(|line| !line.is_empty());
        let head: Vec<&str> = ["/v1/ask"].into_iter().chain(lines).collect();
        head.join("\n").into_bytes()
    });
    heads.collect()
}

/// Returns a number below `end`, or 0.
fn below(random: &mut ChaCha8Rng, end: usize) -> usize {
    let drawn = usize::try_from(random.next_u32()).unwrap();
    drawn.checked_rem(end).unwrap_or_default()
}

/// Changes a head in one place.
fn change(random: &mut ChaCha8Rng, head: &mut Vec<u8>, other: &[u8]) {
    const PIECES: [&str; 6] = ["\n", ":", ";", "\"", "=", "q=("];
    let at = below(random, head.len());
    match below(random, 7) {
        0 => drop(head.splice(at..at, [random.next_u32().to_le_bytes()[0]])),
        1 => head.truncate(at),
        2 => {
            let until = at + below(random, (head.len() - at).min(40));
            drop(head.drain(at..until));
        }
        3 => {
            let from = below(random, other.len());
            let until = from + below(random, (other.len() - from).min(80));
            drop(head.splice(at..at, other[from..until].iter().copied()));
        }
        4 => drop(head.splice(at..at, PIECES[below(random, 6)].bytes())),
        // One digit or letter for another one: often a head with other values.
        _ => {
            if let Some(byte) = head.get_mut(at).filter(|it| it.is_ascii_alphanumeric()) {
                *byte = b"0123456789abcdefABCDEF"[below(random, 22)];
            }
        }
    }
}

#[test]
#[ignore = "takes minutes"]
fn any_bytes_are_read_without_a_panic() {
    let inputs = env::var(INPUTS).map_or(10_000_000_u32, |it| it.parse().unwrap());
    let mut random = ChaCha8Rng::seed_from_u64(20_261_129);
    let heads = heads();
    assert_eq!(heads.len(), 2);
    assert!(body::head(&heads[0]), "the page's question");
    let mut accepted = 0u32;
    for _ in 0..inputs {
        let mut head = heads[below(&mut random, 2)].clone();
        for _ in 0..=below(&mut random, CHANGES) {
            let other = &heads[below(&mut random, 2)];
            change(&mut random, &mut head, other);
        }
        accepted += u32::from(body::head(&head));
    }
    println!("{accepted} of {inputs} are questions");
    assert!(accepted > 0 && accepted < inputs, "{accepted} of {inputs}");
}
