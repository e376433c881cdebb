//! Times of the parts of an epoch of `train/1`, and of whole epochs by role.
//!
//! Run: `cargo bench -p inktensor-train --bench epoch`. One core. Figures are medians of the runs.
//! Whole epochs are the sums of their parts, so they show more miners than a machine runs.

use std::{error::Error, hint::black_box, time::Instant};

use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_task::{Blob, Fold, Seat, Seed};
use inktensor_train::{judge, Epoch, Guard, Join, Member, Recipe, Trace, Train, Verdict};

const RUNS: usize = 7;
/// Steps of a miner in an epoch.
const STEPS: u16 = 32;
/// Probes of a validator to a miner.
const PROBES: u32 = 3;
/// Validators of an epoch.
const VALIDATORS: u32 = 8;

/// A model, and the rows of a step.
struct Case {
    name: &'static str,
    config: Config,
    rows: u16,
}

const CASES: [Case; 2] = [
    Case {
        name: "110 912 weights, 16 rows of 64",
        config: Config::SMALL,
        rows: 16,
    },
    Case {
        name: "1 025 408 weights, 8 rows of 64",
        config: Config {
            vocabulary: 256,
            context: 64,
            width: 128,
            layers: 5,
            heads: 4,
            hidden: 512,
        },
        rows: 8,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    for case in &CASES {
        measure(case)?;
    }
    Ok(())
}

/// Returns the median time of `work` in milliseconds.
fn median<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn measure(case: &Case) -> Result<(), Box<dyn Error>> {
    let recipe = Recipe {
        rows: case.rows,
        descent: AdamW::SMALL,
    };
    let corpus = b"miners train one model, and each step is on record. ".repeat(2_000);
    let train = Train::new(case.config, recipe, corpus)?;
    let start = train.start(&Seed([1; 32]))?;
    let epoch = Epoch {
        home: [1; 32],
        netuid: 1,
        number: 1,
        seed: Seed([2; 32]),
        start: start.hash(),
        most_steps: STEPS,
    };
    let seat = Seat {
        uid: 1,
        generation: 1,
    };
    let mut trace = Trace::new(epoch, seat);
    let mut states = vec![start.clone()];
    for step in 0..3 {
        let state = states[usize::from(step)].clone();
        let state = train.step(state, &epoch.assignment(seat, step))?;
        trace.push(state.hash());
        states.push(state);
    }
    let work = trace.pledge();
    let step = median(|| train.step(start.clone(), &epoch.assignment(seat, 0)));
    let blob = start.to_blob();
    let written = median(|| start.hash());
    let mut answer = trace.answer(1).ok_or("a trace of three steps")?;
    answer.state = states[1].to_blob();
    let verdict = median(|| judge(&train, &epoch, seat, &work, &answer));
    assert_eq!(
        judge(&train, &epoch, seat, &work, &answer),
        Ok(Verdict::True)
    );
    let guard = Guard::new(&train, &blob, Seed([3; 32]))?;
    let join = Join {
        fold: &train,
        start: &blob,
        guard,
    };
    let member = Member { seat, work };
    let end = states[3].to_blob();
    let checked = median(|| join.check_end(&member, &end));
    let one = median(|| join.next_state(&[member], |_| Some(end.clone())));
    let eight: Vec<Member> = (0..8)
        .map(|uid| {
            let seat = Seat { uid, ..seat };
            Member { seat, work }
        })
        .collect();
    let all = median(|| join.next_state(&eight, |_| Some(end.clone())));
    let joined = (all - one) / 7.0;
    println!("\n{}, a state of {} bytes\n", case.name, blob.len());
    println!("| part | time |\n|---|---|");
    for (part, time) in [
        ("step", step),
        ("hash of a state", written),
        ("verdict of a probe", verdict),
        ("check of an end", checked),
        ("guard of the next state", one - joined),
        ("join of an end", joined),
    ] {
        println!("| {part} | {time:.1} ms |");
    }
    println!(
        "\nEpochs of {STEPS} steps a miner, {VALIDATORS} validators and {PROBES} probes. A row is \
         of one neuron.\n"
    );
    println!("| miners | CPU of a miner | CPU of a validator | fetched by a validator | pledges |");
    println!("|---|---|---|---|---|");
    for miners in [8u32, 32, 128] {
        let many = f64::from(miners);
        let next = many * joined + one;
        let mined = f64::from(STEPS) * (step + written) + next;
        let probes = many * f64::from(PROBES) * verdict;
        let validated = probes + many * checked + next;
        let bytes = many * f64::from(PROBES) * blob.len() as f64;
        println!(
            "| {miners} | {:.1} s | {:.1} s | {:.0} MB | {} |",
            mined / 1e3,
            validated / 1e3,
            bytes / 1e6,
            miners + VALIDATORS
        );
    }
    Ok(())
}
