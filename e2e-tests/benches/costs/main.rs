//! Costs on the chain: each message, each step of the kernel, whole epochs, disputes.
//!
//! `pallet-contracts` counts with fixed weights, so the same code has the same costs on every
//! machine. Each message is counted with the weights of two versions of the pallet. The figures are
//! written to docs/costs.md.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

mod governing;
mod messages;
mod page;
mod parts;
mod subnets;
mod tables;

use inktensor_devnet::weights::Weights;
use std::{env, time::Instant};
use subnets::{Case, Subnet};

/// Neurons and permits of the measured subnets.
const CASES: [(u16, [u16; 3]); 2] = [(256, [16, 64, 128]), (4096, [16, 64, 128])];

fn main() {
    // `cargo bench` passes `--bench`; `cargo test --benches` does not.
    let arguments: Vec<String> = env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if !has("--bench") || has("--test") || has("--list") {
        return;
    }
    if has("governance") {
        // Some rows of the page, in seconds.
        println!("{}", tables::one_by_one(&governing::all()));
        return;
    }
    let start = Instant::now();
    let log = |what: &str| eprintln!("{:>5.0} s  {what}", start.elapsed().as_secs_f64());
    log("messages");
    let deployed = Weights::ALL.map(messages::deployment);
    let mut messages = messages::all();
    messages.extend(governing::all());
    let mut figures = Vec::new();
    for (neurons, permits) in CASES {
        log(&format!("{neurons} neurons register"));
        let subnet = Subnet::of(neurons);
        for validators in permits {
            let case = Case::plain(neurons, validators);
            log(&case.name());
            figures.push(subnet.measure(case));
        }
        if neurons == 256 {
            for validators in [64, 128] {
                let case = Case::sparse(neurons, validators);
                log(&case.name());
                figures.push(subnet.measure(case));
            }
        }
        if neurons == 4096 {
            let case = Case::heaviest(neurons, 128);
            log(&case.name());
            figures.push(subnet.measure(case));
        }
    }
    let tables = tables::all(&deployed, &messages, &figures);
    page::write(&tables).expect("the page is written");
    log("docs/costs.md is written");
}
