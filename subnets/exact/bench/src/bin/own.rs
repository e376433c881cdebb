//! Prints the speed of models: MiniLM's forward pass, and training of a GPT. It needs no candle.

use inktensor_exact::{
    adamw::AdamW,
    bert::{self, Bert},
    gpt::{Config, Trainer},
    rng::Rng,
    safetensors::SafeTensors,
};
use inktensor_exact_bench::seconds_of;
use std::hint::black_box;

/// Rounds of each measurement. The best one counts, which other load disturbed least.
const ROUNDS: usize = 5;
/// Processor seconds of a measurement, at least.
const LEAST: f64 = 0.7;

fn main() {
    let file = bert::seeded(bert::Config::MINILM, 1).unwrap();
    let bert = Bert::load(bert::Config::MINILM, &SafeTensors::parse(&file).unwrap()).unwrap();
    for tokens in [8, 32, 128] {
        let ids: Vec<u32> = (0..tokens).map(|index| 1000 + index * 7).collect();
        print(&format!("MiniLM, {tokens} tokens"), ids.len(), || {
            black_box(bert.embed(black_box(&ids)).unwrap());
        });
    }
    for (config, count) in [(Config::SMALL, 16), (Config::MEDIUM, 8)] {
        let trainer = Trainer::new(config, AdamW::SMALL).unwrap();
        let mut rng = Rng::new(1);
        let rows: Vec<u8> = (0..count * trainer.gpt().row())
            .map(|_| rng.below(100) as u8)
            .collect();
        let mut state = Some(trainer.start(2));
        let name = format!("GPT of {}, {count} rows", config.parameters());
        print(&name, count * config.context, || {
            state = state
                .take()
                .map(|state| trainer.step(state, &rows).unwrap());
        });
    }
}

fn print(name: &str, tokens: usize, mut call: impl FnMut()) {
    let seconds = (0..ROUNDS)
        .map(|_| seconds_of(LEAST, &mut call))
        .fold(f64::INFINITY, f64::min);
    println!("{name:28} {:10.0} tokens/s", tokens as f64 / seconds);
}
