//! Prints the core's peak without fused multiply-add, and the speed of products beside it.

use inktensor_exact::ops::{product, Matrix, MatrixMut, Start};
use std::{hint::black_box, time::Instant};

/// Values of a register. Compilers use half of the register of AVX-512 by default.
const LANES: usize = if cfg!(target_feature = "avx") { 8 } else { 4 };
/// Rounds of each measurement. The best one counts, which other load disturbed least.
const ROUNDS: usize = 30;
/// Operations of a round, at least: some milliseconds, often within one slice of time.
const FLOP: f64 = 2e8;

/// Steps of a measurement of the peak.
const PEAK_STEPS: usize = 1_000_000;

/// Rows, depth and columns.
const SHAPES: [(&str, [usize; 3]); 8] = [
    ("256 x 256 x 256", [256, 256, 256]),
    ("MiniLM 32 tokens, to 384", [32, 384, 384]),
    ("MiniLM 32 tokens, to 1536", [32, 384, 1536]),
    ("MiniLM 32 tokens, from 1536", [32, 1536, 384]),
    ("MiniLM 128 tokens, to 384", [128, 384, 384]),
    ("MiniLM 128 tokens, to 1536", [128, 384, 1536]),
    ("MiniLM 128 tokens, from 1536", [128, 1536, 384]),
    ("GPT 1024 tokens, 64 to 256", [1024, 64, 256]),
];
/// Tokens and width of the heads of an attention.
const ATTENTIONS: [[usize; 2]; 10] = [
    [64, 16],
    [8, 32],
    [16, 32],
    [32, 32],
    [64, 32],
    [128, 32],
    [8, 64],
    [32, 64],
    [64, 64],
    [128, 64],
];
/// Width of a model of the size of MiniLM: queries, keys and values are parts of rows.
const WIDTH: usize = 384;

fn main() {
    let mut peak_speed = 0f64;
    let mut speeds = [[0f64; 3]; SHAPES.len()];
    let mut attention_speeds = [[0f64; 2]; ATTENTIONS.len()];
    for _ in 0..ROUNDS {
        peak_speed = peak_speed.max(peak());
        for ((_, shape), speeds) in SHAPES.iter().zip(&mut speeds) {
            let sides = [(false, false), (false, true), (true, false)];
            for ((left, right), best) in sides.into_iter().zip(speeds) {
                *best = best.max(speed(*shape, left, right));
            }
        }
        for ([tokens, head], speeds) in ATTENTIONS.iter().zip(&mut attention_speeds) {
            speeds[0] = speeds[0].max(scores_speed(*tokens, *head));
            speeds[1] = speeds[1].max(sums_speed(*tokens, *head));
        }
    }
    println!("peak without FMA, {LANES} lanes: {peak_speed:.1} GFLOP/s");
    println!("{:30} {:>14} {:>14} {:>14}", "", "A B", "A B^T", "A^T B");
    for ((name, _), speeds) in SHAPES.iter().zip(&speeds) {
        print_row(name, speeds, peak_speed);
    }
    println!("{:30} {:>14} {:>14}", "attention", "Q K^T", "P V");
    for ([tokens, head], speeds) in ATTENTIONS.iter().zip(&attention_speeds) {
        print_row(
            &format!("{tokens} tokens, heads of {head}"),
            speeds,
            peak_speed,
        );
    }
}

fn print_row(name: &str, speeds: &[f64], peak: f64) {
    print!("{name:30}");
    for speed in speeds {
        print!(" {speed:7.1} {:4.0} %", 100.0 * speed / peak);
    }
    println!();
}

/// Returns the speed of multiplications and additions in registers, in GFLOP/s.
///
/// The best of several numbers of independent chains, which hide the latency of an operation.
fn peak() -> f64 {
    [
        chains::<6>(),
        chains::<8>(),
        chains::<10>(),
        chains::<12>(),
        halves::<6>(),
        halves::<7>(),
    ]
    .into_iter()
    .fold(0.0, f64::max)
}

/// Chains whose values are multiplied and added to in turn.
#[inline(never)]
fn chains<const CHAINS: usize>() -> f64 {
    let mut chains = [[0.5f32; LANES]; CHAINS];
    let (factor, term) = (black_box(0.999_f32), black_box(0.001_f32));
    let (factor, term) = ([factor; LANES], [term; LANES]);
    let start = Instant::now();
    for _ in 0..PEAK_STEPS {
        for chain in &mut chains {
            for lane in 0..LANES {
                chain[lane] = chain[lane] * factor[lane] + term[lane];
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    black_box(chains);
    (PEAK_STEPS * CHAINS * LANES * 2) as f64 / seconds / 1e9
}

/// As many chains of multiplications as of additions.
#[inline(never)]
fn halves<const CHAINS: usize>() -> f64 {
    let mut products = [[1.0f32; LANES]; CHAINS];
    let mut sums = [[0.5f32; LANES]; CHAINS];
    let (factor, term) = (black_box(1.000_000_1_f32), black_box(0.001_f32));
    let (factor, term) = ([factor; LANES], [term; LANES]);
    let start = Instant::now();
    for _ in 0..PEAK_STEPS {
        for (product, sum) in products.iter_mut().zip(&mut sums) {
            for lane in 0..LANES {
                product[lane] *= factor[lane];
                sum[lane] += term[lane];
            }
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    black_box((products, sums));
    (PEAK_STEPS * CHAINS * LANES * 2) as f64 / seconds / 1e9
}

/// Returns the speed of a product, in GFLOP/s.
fn speed([rows, depth, columns]: [usize; 3], left: bool, right: bool) -> f64 {
    let (a, b) = (values(rows * depth), values(depth * columns));
    let view = |values, rows, columns, turned: bool| {
        let size = if turned {
            (columns, rows)
        } else {
            (rows, columns)
        };
        let view = Matrix::new(values, size.0, size.1).unwrap();
        if turned {
            view.transposed()
        } else {
            view
        }
    };
    let (a, b) = (view(&a, rows, depth, left), view(&b, depth, columns, right));
    speed_of([rows, depth, columns], a, b, columns)
}

/// Returns the speed of the product of queries and keys, in GFLOP/s.
fn scores_speed(tokens: usize, head: usize) -> f64 {
    let parts = values(tokens * 3 * WIDTH);
    let parts = Matrix::new(&parts, tokens, 3 * WIDTH).unwrap();
    let queries = parts.columns(0..head).unwrap();
    let keys = parts.columns(WIDTH..WIDTH + head).unwrap();
    speed_of([tokens, head, tokens], queries, keys.transposed(), tokens)
}

/// Returns the speed of the product of weights and values, in GFLOP/s.
fn sums_speed(tokens: usize, head: usize) -> f64 {
    let (weights, parts) = (values(tokens * tokens), values(tokens * 3 * WIDTH));
    let weights = Matrix::new(&weights, tokens, tokens).unwrap();
    let parts = Matrix::new(&parts, tokens, 3 * WIDTH).unwrap();
    let first = 2 * WIDTH;
    let taken = parts.columns(first..first + head).unwrap();
    speed_of([tokens, tokens, head], weights, taken, WIDTH)
}

/// Returns the speed of a product whose result is in rows of `width` values.
fn speed_of(sizes: [usize; 3], a: Matrix<'_>, b: Matrix<'_>, width: usize) -> f64 {
    let [rows, depth, columns] = sizes;
    let mut c = vec![0.0; rows * width];
    let flop = 2.0 * (rows * depth * columns) as f64;
    let repeats = (FLOP / flop).ceil() as usize;
    let start = Instant::now();
    for _ in 0..repeats {
        let out = MatrixMut::new(&mut c, rows, width).unwrap();
        let out = out.columns(0..columns).unwrap();
        product(black_box(a), black_box(b), Start::Zero, out).unwrap();
    }
    let seconds = start.elapsed().as_secs_f64();
    black_box(&c);
    flop * repeats as f64 / seconds / 1e9
}

fn values(size: usize) -> Vec<f32> {
    (0..size).map(|i| (i % 97) as f32 * 0.01).collect()
}
