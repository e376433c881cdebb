use super::*;
use crate::rng::Rng;
use alloc::{vec, vec::Vec};

/// The definition, one element after the other.
fn defined(a: &[f32], b: &[f32], start: Start<'_>, c: &mut [f32], sizes: [usize; 3]) {
    let [rows, depth, columns] = sizes;
    for i in 0..rows {
        for j in 0..columns {
            let mut sum = match start {
                Start::Zero => 0.0,
                Start::Bias(bias) => bias[j],
                Start::Held => c[i * columns + j],
            };
            for p in 0..depth {
                sum += a[i * depth + p] * b[p * columns + j];
            }
            c[i * columns + j] = sum;
        }
    }
}

fn random(rng: &mut Rng, size: usize) -> Vec<f32> {
    (0..size).map(|_| rng.bell()).collect()
}

fn transposed(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for row in 0..rows {
        for column in 0..columns {
            out[column * rows + row] = values[row * columns + column];
        }
    }
    out
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Sizes around tiles and blocks, and some that fit neither.
const SIZES: [[usize; 3]; 15] = [
    [1, 1, 1],
    [1, 7, 1],
    [3, 5, 2],
    [4, 8, 8],
    [6, 16, 16],
    [5, 33, 17],
    [13, 255, 9],
    [7, 256, 31],
    [9, 257, 8],
    [97, 64, 257],
    [145, 520, 40],
    [2, 300, 530],
    [32, 16, 64],
    [8, 39, 8],
    [391, 259, 20],
];

#[test]
fn product_has_the_bits_of_its_definition() {
    let mut rng = Rng::new(1);
    for sizes @ [rows, depth, columns] in SIZES {
        let (a, b) = (
            random(&mut rng, rows * depth),
            random(&mut rng, depth * columns),
        );
        let (bias, held) = (random(&mut rng, columns), random(&mut rng, rows * columns));
        for start in [Start::Zero, Start::Bias(&bias), Start::Held] {
            let (mut right, mut own) = (held.clone(), held.clone());
            defined(&a, &b, start, &mut right, sizes);
            let views = (
                Matrix::new(&a, rows, depth).unwrap(),
                Matrix::new(&b, depth, columns).unwrap(),
            );
            let out = MatrixMut::new(&mut own, rows, columns).unwrap();
            product(views.0, views.1, start, out).unwrap();
            assert_eq!(bits(&own), bits(&right), "{sizes:?} {start:?}");
        }
    }
}

#[test]
fn transposed_operands_give_the_same_bits() {
    let mut rng = Rng::new(2);
    for [rows, depth, columns] in SIZES {
        let (a, b) = (
            random(&mut rng, rows * depth),
            random(&mut rng, depth * columns),
        );
        let (a_turned, b_turned) = (transposed(&a, rows, depth), transposed(&b, depth, columns));
        let views_of_a = [
            Matrix::new(&a, rows, depth).unwrap(),
            Matrix::new(&a_turned, depth, rows).unwrap().transposed(),
        ];
        let views_of_b = [
            Matrix::new(&b, depth, columns).unwrap(),
            Matrix::new(&b_turned, columns, depth).unwrap().transposed(),
        ];
        let mut results = Vec::new();
        for a in views_of_a {
            for b in views_of_b {
                let mut out = vec![0.0; rows * columns];
                let c = MatrixMut::new(&mut out, rows, columns).unwrap();
                product(a, b, Start::Zero, c).unwrap();
                results.push(bits(&out));
            }
        }
        assert!(results.iter().all(|result| *result == results[0]));
    }
}

#[test]
fn packed_operand_gives_the_same_bits() {
    let mut rng = Rng::new(6);
    for sizes @ [rows, depth, columns] in SIZES {
        let (a, b) = (
            random(&mut rng, rows * depth),
            random(&mut rng, depth * columns),
        );
        let turned = transposed(&b, depth, columns);
        let (bias, held) = (random(&mut rng, columns), random(&mut rng, rows * columns));
        let view_a = Matrix::new(&a, rows, depth).unwrap();
        for packed in [
            Packed::new(Matrix::new(&b, depth, columns).unwrap()),
            Packed::new(Matrix::new(&turned, columns, depth).unwrap().transposed()),
        ] {
            for start in [Start::Zero, Start::Bias(&bias), Start::Held] {
                let (mut right, mut own) = (held.clone(), held.clone());
                defined(&a, &b, start, &mut right, sizes);
                let out = MatrixMut::new(&mut own, rows, columns).unwrap();
                product_packed(view_a, &packed, start, out).unwrap();
                assert_eq!(bits(&own), bits(&right), "{sizes:?} {start:?}");
            }
            let mut short = vec![7.0; rows * columns + rows];
            let out = MatrixMut::new(&mut short, rows, columns + 1).unwrap();
            assert!(product_packed(view_a, &packed, Start::Zero, out).is_err());
            assert!(short.iter().all(|value| *value == 7.0));
        }
    }
}

#[test]
fn parts_by_rows_in_any_order_have_the_bits_of_the_whole() {
    let (rows, depth, columns) = (53, 90, 37);
    let mut rng = Rng::new(3);
    let (a, b) = (
        random(&mut rng, rows * depth),
        random(&mut rng, depth * columns),
    );
    let (view_a, view_b) = (
        Matrix::new(&a, rows, depth).unwrap(),
        Matrix::new(&b, depth, columns).unwrap(),
    );
    let mut whole = vec![0.0; rows * columns];
    let c = MatrixMut::new(&mut whole, rows, columns).unwrap();
    product(view_a, view_b, Start::Zero, c).unwrap();
    for parts in [1, 2, 3, 7, 100] {
        let mut own = vec![0.0; rows * columns];
        let mut ranges: Vec<_> = row_parts(rows, parts).collect();
        assert!(ranges.len() <= parts);
        assert_eq!(ranges.iter().map(|range| range.len()).sum::<usize>(), rows);
        ranges.reverse();
        for range in ranges {
            let c = MatrixMut::new(&mut own, rows, columns).unwrap();
            let part = view_a.rows(range.clone()).unwrap();
            product(part, view_b, Start::Zero, c.rows(range).unwrap()).unwrap();
        }
        assert_eq!(bits(&own), bits(&whole), "{parts} parts");
    }
}

#[test]
fn threads_give_the_bits_of_one() {
    let (rows, depth, columns) = (50, 70, 33);
    let mut rng = Rng::new(4);
    let (a, b) = (
        random(&mut rng, rows * depth),
        random(&mut rng, depth * columns),
    );
    let view_b = Matrix::new(&b, depth, columns).unwrap();
    let run = |threads: usize| {
        let mut out = vec![0.0; rows * columns];
        let mut rest = out.as_mut_slice();
        std::thread::scope(|scope| {
            for range in row_parts(rows, threads) {
                let (part, after) = core::mem::take(&mut rest).split_at_mut(range.len() * columns);
                rest = after;
                let a = Matrix::new(&a, rows, depth)
                    .unwrap()
                    .rows(range.clone())
                    .unwrap();
                scope.spawn(move || {
                    let c = MatrixMut::new(part, range.len(), columns).unwrap();
                    product(a, view_b, Start::Zero, c).unwrap();
                });
            }
        });
        bits(&out)
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}

#[test]
fn views_of_columns_write_only_their_own() {
    let a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let b = [1.0, 0.0, 0.0, 1.0];
    let mut out = [9.0; 12];
    let c = MatrixMut::new(&mut out, 2, 6)
        .unwrap()
        .columns(3..5)
        .unwrap();
    let right = Matrix::new(&a, 2, 3).unwrap().columns(1..3).unwrap();
    product(right, Matrix::new(&b, 2, 2).unwrap(), Start::Zero, c).unwrap();
    assert_eq!(
        out,
        [9.0, 9.0, 9.0, 2.0, 3.0, 9.0, 9.0, 9.0, 9.0, 5.0, 6.0, 9.0]
    );
}

#[test]
fn rows_permute_with_the_rows_of_the_left_matrix() {
    let (rows, depth, columns) = (11, 40, 19);
    let mut rng = Rng::new(5);
    let (a, b) = (
        random(&mut rng, rows * depth),
        random(&mut rng, depth * columns),
    );
    let view_b = Matrix::new(&b, depth, columns).unwrap();
    let run = |a: &[f32]| {
        let mut out = vec![0.0; rows * columns];
        let c = MatrixMut::new(&mut out, rows, columns).unwrap();
        product(Matrix::new(a, rows, depth).unwrap(), view_b, Start::Zero, c).unwrap();
        out
    };
    let straight = run(&a);
    let turned: Vec<f32> = a.chunks(depth).rev().flatten().copied().collect();
    let back: Vec<f32> = run(&turned)
        .chunks(columns)
        .rev()
        .flatten()
        .copied()
        .collect();
    assert_eq!(bits(&back), bits(&straight));
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let values = [0.0; 12];
    let mut out = [7.0; 12];
    assert!(Matrix::new(&values, 3, 5).is_err());
    assert!(Matrix::new(&values, usize::MAX, 2).is_err());
    let a = Matrix::new(&values, 3, 4).unwrap();
    assert!(a.rows(1..4).is_err());
    assert!(a.columns(4..5).is_err());
    let c = MatrixMut::new(&mut out, 3, 4).unwrap();
    assert!(product(a, a, Start::Zero, c).is_err());
    let c = MatrixMut::new(&mut out, 4, 3).unwrap();
    assert!(product(a, a.transposed(), Start::Zero, c).is_err());
    let c = MatrixMut::new(&mut out[..9], 3, 3).unwrap();
    let refusal = product(a, a.transposed(), Start::Bias(&[0.0; 4]), c).unwrap_err();
    assert_eq!(
        refusal,
        ExactError::Size {
            what: "a bias",
            size: 4,
            needed: 3
        }
    );
    assert_eq!(out, [7.0; 12]);
}

#[test]
fn empty_matrices_have_empty_products() {
    let empty: [f32; 0] = [];
    let mut out = [3.0, 4.0];
    let (a, b) = (
        Matrix::new(&empty, 1, 0).unwrap(),
        Matrix::new(&empty, 0, 2).unwrap(),
    );
    product(a, b, Start::Zero, MatrixMut::new(&mut out, 1, 2).unwrap()).unwrap();
    assert_eq!(out, [0.0, 0.0]);
    let mut none: [f32; 0] = [];
    let c = MatrixMut::new(&mut none, 0, 0).unwrap();
    product(
        b.transposed().rows(0..0).unwrap(),
        a.transposed().columns(0..0).unwrap(),
        Start::Zero,
        c,
    )
    .unwrap();
}
