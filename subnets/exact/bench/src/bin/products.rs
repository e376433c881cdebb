//! Prints the core's peak without fused multiply-add, and the speed of products beside it.

use inktensor_exact::ops::{product, Matrix, MatrixMut, Start};
use inktensor_exact_bench::{cpu_seconds, median};
use std::hint::black_box;

/// Values of a register. Compilers use half of the register of AVX-512 by default.
const LANES: usize = if cfg!(target_feature = "avx") { 8 } else { 4 };
/// Rounds of each measurement. The median counts.
const ROUNDS: usize = 3;

/// Rows, depth and columns.
const SHAPES: [(&str, [usize; 3]); 9] = [
    ("256 x 256 x 256", [256, 256, 256]),
    ("MiniLM 32 tokens, to 384", [32, 384, 384]),
    ("MiniLM 32 tokens, to 1536", [32, 384, 1536]),
    ("MiniLM 32 tokens, from 1536", [32, 1536, 384]),
    ("MiniLM 128 tokens, to 384", [128, 384, 384]),
    ("MiniLM 128 tokens, to 1536", [128, 384, 1536]),
    ("MiniLM 128 tokens, from 1536", [128, 1536, 384]),
    ("GPT 1024 tokens, 64 to 256", [1024, 64, 256]),
    ("attention, 64 x 16 x 64", [64, 16, 64]),
];

fn main() {
    let mut peaks = Vec::new();
    let mut speeds = vec![(Vec::new(), Vec::new(), Vec::new()); SHAPES.len()];
    for _ in 0..ROUNDS {
        peaks.push(peak());
        for ((_, shape), (plain, right, left)) in SHAPES.iter().zip(&mut speeds) {
            plain.push(speed(*shape, false, false));
            right.push(speed(*shape, false, true));
            left.push(speed(*shape, true, false));
        }
    }
    let peak = median(peaks);
    println!("peak without FMA, {LANES} lanes: {peak:.1} GFLOP/s");
    println!("{:30} {:>14} {:>14} {:>14}", "", "A B", "A B^T", "A^T B");
    for ((name, _), (plain, right, left)) in SHAPES.iter().zip(speeds) {
        print!("{name:30}");
        for speeds in [plain, right, left] {
            let speed = median(speeds);
            print!(" {speed:7.1} {:4.0} %", 100.0 * speed / peak);
        }
        println!();
    }
}

/// Returns the speed of multiplications and additions in registers, in GFLOP/s.
///
/// The best of several numbers of independent chains, which hide the latency of an operation.
fn peak() -> f64 {
    [chains::<6>(), chains::<8>(), chains::<10>(), chains::<12>()]
        .into_iter()
        .fold(0.0, f64::max)
}

#[inline(never)]
fn chains<const CHAINS: usize>() -> f64 {
    let mut chains = [[0.5f32; LANES]; CHAINS];
    let (factor, term) = (black_box(0.999_f32), black_box(0.001_f32));
    let (factor, term) = ([factor; LANES], [term; LANES]);
    let steps = 40_000_000u64;
    let start = cpu_seconds();
    for _ in 0..steps {
        for chain in &mut chains {
            for lane in 0..LANES {
                chain[lane] = chain[lane] * factor[lane] + term[lane];
            }
        }
    }
    let seconds = cpu_seconds() - start;
    black_box(chains);
    (steps as usize * CHAINS * LANES * 2) as f64 / seconds / 1e9
}

/// Returns the speed of a product, in GFLOP/s.
fn speed([rows, depth, columns]: [usize; 3], left: bool, right: bool) -> f64 {
    let fill = |size: usize| -> Vec<f32> { (0..size).map(|i| (i % 97) as f32 * 0.01).collect() };
    let (a, b) = (fill(rows * depth), fill(depth * columns));
    let mut c = vec![0.0; rows * columns];
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
    let flop = 2.0 * (rows * depth * columns) as f64;
    // The clock has ticks of ten milliseconds.
    let repeats = (8e9 / flop).ceil() as usize;
    let start = cpu_seconds();
    for _ in 0..repeats {
        let (a, b) = (view(&a, rows, depth, left), view(&b, depth, columns, right));
        let out = MatrixMut::new(&mut c, rows, columns).unwrap();
        product(black_box(a), black_box(b), Start::Zero, out).unwrap();
    }
    let seconds = cpu_seconds() - start;
    black_box(&c);
    flop * repeats as f64 / seconds / 1e9
}
