//! Programs over single operations.

use crate::Digest;
use inktensor_exact::{
    adamw::AdamW,
    ops::{
        activation, layer_norm, log_sum_exp, product_into, rms_norm, rms_norm_back, special, sum,
        Matrix, MatrixMut, Start,
    },
    rng::Rng,
    ExactError,
};

type Outcome = Result<Digest, ExactError>;

/// Rows, depth and columns of products: around tiles and blocks of every build, and odd ones.
const SIZES: [[usize; 3]; 10] = [
    [1, 1, 1],
    [3, 5, 2],
    [4, 16, 16],
    [5, 33, 17],
    [13, 255, 9],
    [7, 129, 31],
    [9, 257, 8],
    [97, 64, 257],
    [121, 520, 41],
    [2, 300, 530],
];

fn values(rng: &mut Rng, count: usize) -> Vec<f32> {
    // Different exponents, so that the order of a sum shows.
    (0..count)
        .map(|_| rng.bell() * special::exp(rng.bell()))
        .collect()
}

/// Products with each start, and each operand straight and transposed.
pub(crate) fn product() -> Outcome {
    let mut rng = Rng::new(1);
    let mut digest = Digest::new();
    for [rows, depth, columns] in SIZES {
        let (a, b) = (
            values(&mut rng, rows * depth),
            values(&mut rng, depth * columns),
        );
        let (bias, held) = (values(&mut rng, columns), values(&mut rng, rows * columns));
        let (straight_a, turned_a) = (
            Matrix::new(&a, rows, depth)?,
            Matrix::new(&a, depth, rows)?.transposed(),
        );
        let (straight_b, turned_b) = (
            Matrix::new(&b, depth, columns)?,
            Matrix::new(&b, columns, depth)?.transposed(),
        );
        let cases = [
            (straight_a, straight_b, Start::Zero),
            (straight_a, turned_b, Start::Bias(&bias)),
            (turned_a, straight_b, Start::Held),
        ];
        for (a, b, start) in cases {
            let mut out = held.clone();
            product_into(a, b, start, &mut out)?;
            digest.values(&out);
        }
    }
    Ok(digest)
}

/// Products of columns of wider matrices into columns of a wider one.
pub(crate) fn views() -> Outcome {
    let (rows, depth, columns, wide) = (50, 37, 21, 64);
    let mut rng = Rng::new(2);
    let (a, b) = (
        values(&mut rng, rows * wide),
        values(&mut rng, depth * wide),
    );
    let mut out = values(&mut rng, rows * wide);
    for start in [0, 5, 20] {
        inktensor_exact::ops::product(
            Matrix::new(&a, rows, wide)?.columns(start..start + depth)?,
            Matrix::new(&b, depth, wide)?.columns(start..start + columns)?,
            Start::Held,
            MatrixMut::new(&mut out, rows, wide)?.columns(start..start + columns)?,
        )?;
    }
    let mut digest = Digest::new();
    digest.values(&out);
    Ok(digest)
}

/// Sums, products of pairs and maxima of all lengths up to 100.
pub(crate) fn sums() -> Outcome {
    let mut rng = Rng::new(3);
    let mut digest = Digest::new();
    for length in 0..100 {
        let (left, right) = (values(&mut rng, length), values(&mut rng, length));
        digest.values(&[sum::sum(&left), sum::dot(&left, &right), sum::max(&left)]);
    }
    Ok(digest)
}

/// Hashes a function over every 4099th pattern of bits: all signs, exponents and kinds of values.
fn sweep(function: impl Fn(f32) -> f32) -> Digest {
    let mut digest = Digest::new();
    for bits in (0..=u32::MAX).step_by(4099) {
        digest.values(&[function(f32::from_bits(bits))]);
    }
    digest
}

/// The exponential.
pub(crate) fn exp() -> Outcome {
    Ok(sweep(special::exp))
}

/// The logarithm.
pub(crate) fn ln() -> Outcome {
    Ok(sweep(special::ln))
}

/// The error function.
pub(crate) fn erf() -> Outcome {
    Ok(sweep(special::erf))
}

/// The square root.
pub(crate) fn sqrt() -> Outcome {
    Ok(sweep(special::sqrt))
}

/// The GELU, in a loop that compilers turn into vectors, and the ReLU.
pub(crate) fn gelu() -> Outcome {
    let mut rng = Rng::new(4);
    let mut all = values(&mut rng, 10_007);
    for value in &mut all {
        *value = activation::gelu(*value) + activation::relu(*value);
    }
    let mut digest = Digest::new();
    digest.values(&all);
    Ok(digest)
}

/// Softmax of all lengths up to 70, with the logarithms of the sums.
pub(crate) fn softmax() -> Outcome {
    let mut rng = Rng::new(5);
    let mut digest = Digest::new();
    for length in 1..70 {
        let mut row = values(&mut rng, length);
        let logarithm = log_sum_exp(&mut row);
        digest.values(&row);
        digest.values(&[logarithm]);
    }
    Ok(digest)
}

/// Layer norms, RMS norms and their gradients.
pub(crate) fn norms() -> Outcome {
    let mut rng = Rng::new(6);
    let mut digest = Digest::new();
    for width in [1, 3, 8, 31, 64, 384] {
        let rows = 9;
        let x = values(&mut rng, rows * width);
        let (gain, bias) = (values(&mut rng, width), values(&mut rng, width));
        let (mut out, mut factors) = (vec![0.0; x.len()], vec![0.0; rows]);
        layer_norm(&x, &gain, &bias, 1e-12, &mut out)?;
        digest.values(&out);
        rms_norm(&x, &gain, 1e-5, &mut out, &mut factors)?;
        digest.values(&out);
        let dy = values(&mut rng, x.len());
        let (mut dx, mut dgain) = (values(&mut rng, x.len()), values(&mut rng, width));
        rms_norm_back(&x, &gain, &factors, &dy, &mut dx, &mut dgain)?;
        digest.values(&dx);
        digest.values(&dgain);
    }
    Ok(digest)
}

/// A thousand steps of AdamW with decay.
pub(crate) fn adamw() -> Outcome {
    let mut rng = Rng::new(7);
    let mut weights = values(&mut rng, 301);
    let (mut first, mut second) = (vec![0.0; 301], vec![0.0; 301]);
    let recipe = AdamW {
        decay: 0.01,
        ..AdamW::SMALL
    };
    for step in 1..=1000 {
        let gradient = values(&mut rng, 301);
        recipe.step(step, &gradient, &mut weights, &mut first, &mut second)?;
    }
    let mut digest = Digest::new();
    for values in [weights, first, second] {
        digest.values(&values);
    }
    Ok(digest)
}
