use alloc::{string::ToString, vec, vec::Vec};

use super::*;
use crate::ops::sum::dot;

const SMALL: Config = Config {
    vocabulary: 50,
    width: 16,
    layers: 2,
    heads: 4,
    inner: 24,
    positions: 12,
};

fn small(seed: u64) -> Bert {
    let file = seeded(SMALL, seed).unwrap();
    Bert::load(SMALL, &SafeTensors::parse(&file).unwrap()).unwrap()
}

#[test]
fn vector_has_length_one_and_depends_on_every_token_and_its_place() {
    let bert = small(1);
    let vector = bert.embed(&[1, 2, 3, 4]).unwrap();
    assert_eq!(vector.len(), 16);
    assert!((dot(&vector, &vector) - 1.0).abs() < 1e-6);
    for other in [
        &[1, 2, 3, 5][..],
        &[0, 2, 3, 4],
        &[2, 1, 3, 4],
        &[1, 2, 3],
        &[1, 2, 3, 4, 4],
    ] {
        assert_ne!(bert.embed(other).unwrap(), vector, "{other:?}");
    }
    assert_ne!(small(2).embed(&[1, 2, 3, 4]).unwrap(), vector);
}

/// Without places, attention and mean see a set of tokens: the order of tokens changes rounding at
/// most.
#[test]
fn order_of_tokens_without_places_changes_nothing_but_rounding() {
    let mut bert = small(3);
    bert.places.fill(0.0);
    let (a, b) = (
        bert.embed(&[7, 8, 9, 10, 11]).unwrap(),
        bert.embed(&[11, 9, 7, 10, 8]).unwrap(),
    );
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 1e-6, "{a} and {b}");
    }
}

/// A state is the norm of something, so its mean and spread are those of the norm's gain and bias.
#[test]
fn states_are_one_row_for_each_token() {
    let bert = small(4);
    let mut plain = bert.clone();
    for layer in &mut plain.layers {
        layer.norm = Norm {
            gain: vec![1.0; 16],
            bias: vec![0.0; 16],
        };
    }
    let states = plain.states(&[3, 1, 4]).unwrap();
    assert_eq!(states.len(), 3 * 16);
    for state in states.chunks(16) {
        let mean: f32 = state.iter().sum::<f32>() / 16.0;
        assert!(mean.abs() < 1e-6, "{mean}");
        assert!((dot(state, state) / 16.0 - 1.0).abs() < 1e-5);
    }
}

#[test]
fn tokens_out_of_bounds_are_refused() {
    let bert = small(5);
    let fault = |tokens: &[u32]| bert.embed(tokens).unwrap_err().to_string();
    assert!(bert.embed(&[49; 12]).is_ok());
    assert_eq!(
        fault(&[]),
        "the number of tokens is 0; it must be from 1 to 12"
    );
    assert_eq!(
        fault(&[0; 13]),
        "the number of tokens is 13; it must be from 1 to 12"
    );
    assert_eq!(
        bert.embed(&[1, 50]).unwrap_err(),
        ExactError::Token {
            token: 50,
            vocabulary: 50
        }
    );
}

#[test]
fn sizes_out_of_their_limits_are_refused() {
    let limits = Config {
        vocabulary: VOCABULARY_LIMIT,
        width: WIDTH_LIMIT,
        layers: LAYERS_LIMIT,
        heads: WIDTH_LIMIT,
        inner: INNER_LIMIT,
        positions: POSITIONS_LIMIT,
    };
    assert_eq!(limits.check(), Ok(()));
    let over: Vec<Config> = Vec::from([
        Config {
            vocabulary: VOCABULARY_LIMIT + 1,
            ..limits
        },
        Config {
            width: WIDTH_LIMIT + 1,
            ..limits
        },
        Config {
            layers: LAYERS_LIMIT + 1,
            ..limits
        },
        Config {
            layers: 0,
            ..limits
        },
        Config { heads: 0, ..limits },
        Config {
            inner: INNER_LIMIT + 1,
            ..limits
        },
        Config {
            positions: POSITIONS_LIMIT + 1,
            ..limits
        },
    ]);
    for config in over {
        assert!(
            matches!(config.check(), Err(ExactError::Limit { .. })),
            "{config:?}"
        );
    }
    let uneven = Config { heads: 3, ..SMALL };
    assert!(matches!(
        uneven.check(),
        Err(ExactError::Size { size: 1, .. })
    ));
}

#[test]
fn every_tensor_is_demanded() {
    let file = seeded(SMALL, 6).unwrap();
    let all = SafeTensors::parse(&file).unwrap();
    for (missing, _) in SMALL.tensors() {
        let kept: Vec<_> = SMALL
            .tensors()
            .into_iter()
            .filter(|(name, _)| *name != missing)
            .map(|(name, shape)| (all.f32(&name, &shape).unwrap(), name, shape))
            .collect();
        let views: Vec<_> = kept
            .iter()
            .map(|(values, name, shape)| (name.as_str(), shape.as_slice(), values.as_slice()))
            .collect();
        let file = crate::safetensors::write(&views);
        let refusal = Bert::load(SMALL, &SafeTensors::parse(&file).unwrap()).unwrap_err();
        assert_eq!(
            refusal,
            BertError::Tensors(SafeTensorsError::Missing { name: missing })
        );
    }
}

#[test]
fn weights_that_overflow_are_an_error_and_not_a_vector() {
    let mut bert = small(7);
    for layer in &mut bert.layers {
        layer.inner.weights = filled(SMALL.width, SMALL.inner, f32::MAX);
    }
    let refusal = bert.embed(&[1, 2]).unwrap_err();
    assert!(matches!(refusal, ExactError::NotFinite { .. }), "{refusal}");
    let mut bert = small(7);
    for layer in &mut bert.layers {
        layer.attention.weights = filled(SMALL.width, 3 * SMALL.width, 1e30);
    }
    let refusal = bert.embed(&[1, 2]).unwrap_err();
    assert!(matches!(refusal, ExactError::NotFinite { .. }), "{refusal}");
}

fn filled(inputs: usize, outputs: usize, value: f32) -> Packed {
    let values = vec![value; inputs * outputs];
    Packed::new(Matrix::new(&values, inputs, outputs).unwrap())
}
