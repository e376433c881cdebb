//! Time of a forward pass with MiniLM on one core.
//!
//! Run: `INKTENSOR_MINILM=DIR cargo bench -p inktensor-embed --bench forward`, with the folder of
//! docs/models.md. The figure is the median of the runs and the fastest one.

use std::{env, error::Error, fs, hint::black_box, path::PathBuf, time::Instant};

use inktensor_embed::{pack, Model, TOKENS_LIMIT};
use inktensor_exact::bert::Config;

const RUNS: usize = 15;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::var_os("INKTENSOR_MINILM").map(PathBuf::from);
    let folder = folder.ok_or("INKTENSOR_MINILM does not name a folder; see docs/models.md")?;
    let vocabulary = fs::read_to_string(folder.join("vocab.txt"))?;
    let tensors = fs::read(folder.join("model.safetensors"))?;
    let state = pack(Config::MINILM, &vocabulary, &tensors)?;
    let start = Instant::now();
    let model = Model::read(&state)?;
    println!(
        "load of {} bytes: {} ms",
        state.len(),
        start.elapsed().as_millis()
    );
    for tokens in [8, 32, TOKENS_LIMIT] {
        // Each word is one token; two more are `[CLS]` and `[SEP]`.
        let text = ["sea"; TOKENS_LIMIT][2..tokens].join(" ");
        assert_eq!(model.tokens(&text)?.len(), tokens);
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let start = Instant::now();
            black_box(model.vector(black_box(&text))?);
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        println!(
            "{tokens} tokens: median {:.1} ms, fastest {:.1} ms",
            times[RUNS / 2],
            times[0]
        );
    }
    Ok(())
}
