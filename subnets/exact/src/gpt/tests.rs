use super::{reference, *};
use crate::adamw::AdamW;

/// Sizes that fit no tile.
const TINY: Config = Config {
    vocabulary: 11,
    context: 7,
    width: 6,
    layers: 2,
    heads: 2,
    hidden: 9,
};

fn rows(config: &Config, count: usize, seed: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let vocabulary = u64::try_from(config.vocabulary).unwrap();
    (0..count * (config.context + 1))
        .map(|_| u8::try_from(rng.below(vocabulary)).unwrap())
        .collect()
}

/// Weights far from the start, where gains and attention matter.
fn weights(gpt: &Gpt, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    (0..gpt.parameters()).map(|_| rng.bell() * 0.5).collect()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn sizes_give_the_documented_number_of_weights() {
    assert_eq!(Gpt::new(Config::SMALL).unwrap().parameters(), 110_912);
    assert_eq!(Gpt::new(Config::MEDIUM).unwrap().parameters(), 1_230_464);
    for config in [TINY, Config::SMALL, Config::MEDIUM] {
        assert_eq!(Layout::new(&config).total, config.parameters());
    }
}

#[test]
fn loss_is_that_of_the_reference() {
    let gpt = Gpt::new(TINY).unwrap();
    let (weights, rows) = (weights(&gpt, 1), rows(&TINY, 5, 2));
    let own = f64::from(gpt.loss(&weights, &rows).unwrap());
    let wide: Vec<f64> = weights.iter().map(|weight| f64::from(*weight)).collect();
    let right = reference::loss(&TINY, &wide, &rows);
    assert!((own - right).abs() < 2e-6, "{own} {right}");
}

#[test]
fn gradient_is_that_of_differences_of_the_reference() {
    let gpt = Gpt::new(TINY).unwrap();
    let (weights, rows) = (weights(&gpt, 3), rows(&TINY, 3, 4));
    let mut gradient = vec![0.0; gpt.parameters()];
    gpt.gradient(&weights, &rows, &mut gradient).unwrap();
    let mut wide: Vec<f64> = weights.iter().map(|weight| f64::from(*weight)).collect();
    let step = 1e-6;
    for index in 0..gpt.parameters() {
        let old = wide[index];
        wide[index] = old + step;
        let above = reference::loss(&TINY, &wide, &rows);
        wide[index] = old - step;
        let below = reference::loss(&TINY, &wide, &rows);
        wide[index] = old;
        let right = (above - below) / (2.0 * step);
        let own = f64::from(gradient[index]);
        assert!(
            (own - right).abs() < 1e-6 + 1e-4 * right.abs(),
            "{index}: {own} {right}"
        );
    }
}

#[test]
fn gradient_across_blocks_is_that_of_differences_of_the_reference() {
    // A context longer than a block of the attention.
    let config = Config {
        context: 70,
        layers: 1,
        ..TINY
    };
    let gpt = Gpt::new(config).unwrap();
    let (weights, rows) = (weights(&gpt, 5), rows(&config, 1, 6));
    let mut gradient = vec![0.0; gpt.parameters()];
    gpt.gradient(&weights, &rows, &mut gradient).unwrap();
    let mut wide: Vec<f64> = weights.iter().map(|weight| f64::from(*weight)).collect();
    let step = 1e-6;
    for index in (0..gpt.parameters()).step_by(7) {
        let old = wide[index];
        wide[index] = old + step;
        let above = reference::loss(&config, &wide, &rows);
        wide[index] = old - step;
        let below = reference::loss(&config, &wide, &rows);
        wide[index] = old;
        let right = (above - below) / (2.0 * step);
        let own = f64::from(gradient[index]);
        assert!(
            (own - right).abs() < 1e-6 + 1e-4 * right.abs(),
            "{index}: {own} {right}"
        );
    }
}

#[test]
fn loss_of_a_row_does_not_depend_on_its_batch() {
    let gpt = Gpt::new(TINY).unwrap();
    let weights = weights(&gpt, 7);
    let count = PASS * 2 + 3;
    let rows = rows(&TINY, count, 8);
    let all = gpt.row_losses(&weights, &rows).unwrap();
    assert_eq!(all.len(), count);
    for (row, loss) in rows.chunks(gpt.row()).zip(&all) {
        let alone = gpt.row_losses(&weights, row).unwrap();
        assert_eq!(bits(&alone), bits(&[*loss]));
    }
    let turned: Vec<u8> = rows.chunks(gpt.row()).rev().flatten().copied().collect();
    let mut back = gpt.row_losses(&weights, &turned).unwrap();
    back.reverse();
    assert_eq!(bits(&back), bits(&all));
}

#[test]
fn tokens_after_a_position_do_not_change_its_logits() {
    let config = Config {
        context: 40,
        ..TINY
    };
    let gpt = Gpt::new(config).unwrap();
    let weights = weights(&gpt, 9);
    let row = rows(&config, 1, 10);
    let all = gpt
        .forward(&weights, &gpt.rows(&row).unwrap(), false)
        .unwrap();
    for position in [0, 6, 31, 32, 39] {
        let mut logits = gpt.next(&weights, &row[..=position]).unwrap();
        crate::ops::log_sum_exp(&mut logits);
        let own = &all.probabilities[position * 11..][..11];
        assert_eq!(bits(&logits), bits(own), "{position}");
    }
}

#[test]
fn training_lowers_the_loss() {
    let trainer = Trainer::new(TINY, AdamW::SMALL).unwrap();
    // A cycle of tokens, which can be learnt.
    let rows: Vec<u8> = (0u8..32).map(|index| index * 3 % 11).collect();
    let mut state = trainer.start(1);
    let before = trainer.loss(&state, &rows).unwrap();
    for _ in 0..300 {
        state = trainer.step(state, &rows).unwrap();
    }
    let after = trainer.loss(&state, &rows).unwrap();
    assert!(after < before * 0.2, "{before} {after}");
    assert_eq!(state.steps, 300);
}

#[test]
fn step_from_decoded_bytes_has_the_same_bytes() {
    let trainer = Trainer::new(TINY, AdamW::SMALL).unwrap();
    let rows = rows(&TINY, 4, 11);
    let state = trainer.step(trainer.start(2), &rows).unwrap();
    let bytes = state.encode();
    assert_eq!(bytes.len(), State::encoded_size(&TINY));
    let decoded = State::decode(&bytes).unwrap();
    assert_eq!(decoded.encode(), bytes);
    let next = trainer.step(decoded, &rows).unwrap();
    assert_eq!(next.encode(), trainer.step(state, &rows).unwrap().encode());
}

#[test]
fn changed_bytes_are_another_state_or_refused() {
    let trainer = Trainer::new(TINY, AdamW::SMALL).unwrap();
    let state = trainer.step(trainer.start(3), &rows(&TINY, 2, 12)).unwrap();
    let bytes = state.encode();
    let mut accepted = 0;
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 0x80;
        if let Ok(other) = State::decode(&changed) {
            assert_eq!(other.encode(), changed);
            accepted += 1;
        }
    }
    assert!(accepted > bytes.len() / 2);
    for length in [0, 7, 8, 35, 36, bytes.len() - 1] {
        assert!(State::decode(&bytes[..length]).is_err(), "{length}");
    }
    let long = [bytes.as_slice(), &[0]].concat();
    let needed = bytes.len();
    assert_eq!(
        State::decode(&long),
        Err(StateError::Length {
            length: needed + 1,
            needed
        })
    );
}

#[test]
fn states_that_no_training_leads_to_are_refused() {
    let trainer = Trainer::new(TINY, AdamW::SMALL).unwrap();
    let mut state = trainer.start(4);
    state.second[5] = -1.0;
    assert_eq!(
        State::decode(&state.encode()),
        Err(StateError::Moment { index: 5 })
    );
    let mut state = trainer.start(4);
    state.weights[3] = f32::NAN;
    let refusal = ExactError::NotFinite {
        what: "weights",
        index: 3,
    };
    assert_eq!(
        State::decode(&state.encode()),
        Err(StateError::Model(refusal))
    );
    // A header that claims much more than there is.
    let mut bytes = b"inkgpt/1".to_vec();
    for size in [256u32, 512, 1024, 4, 8, 4096, 0] {
        bytes.extend(size.to_le_bytes());
    }
    assert!(matches!(
        State::decode(&bytes),
        Err(StateError::Length { length: 36, .. })
    ));
}

#[test]
fn sizes_beyond_their_limits_are_refused() {
    let largest = Config {
        vocabulary: 256,
        context: MAX_CONTEXT,
        width: 64,
        layers: MAX_LAYERS,
        heads: 1,
        hidden: 64,
    };
    assert!(largest.parameters() <= MAX_PARAMETERS);
    let refused = [
        Config {
            vocabulary: 257,
            ..TINY
        },
        Config {
            vocabulary: 0,
            ..TINY
        },
        Config { context: 0, ..TINY },
        Config {
            context: MAX_CONTEXT + 1,
            ..TINY
        },
        Config { width: 0, ..TINY },
        Config {
            width: MAX_WIDTH + 1,
            heads: 1,
            ..TINY
        },
        Config { layers: 0, ..TINY },
        Config {
            layers: MAX_LAYERS + 1,
            ..TINY
        },
        Config { heads: 0, ..TINY },
        Config { heads: 4, ..TINY },
        Config { hidden: 0, ..TINY },
        Config {
            hidden: MAX_WIDTH + 1,
            ..TINY
        },
        Config {
            width: MAX_WIDTH,
            heads: 1,
            hidden: MAX_WIDTH,
            layers: 2,
            ..TINY
        },
        Config {
            width: usize::MAX,
            heads: 1,
            ..TINY
        },
        largest,
    ];
    for config in refused {
        assert!(Gpt::new(config).is_err(), "{config:?}");
    }
    assert!(Gpt::new(Config {
        layers: 6,
        ..largest
    })
    .is_ok());
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let gpt = Gpt::new(TINY).unwrap();
    let weights = gpt.weights(1);
    let good = rows(&TINY, 2, 13);
    assert!(gpt.loss(&weights, &good).is_ok());
    assert!(gpt.loss(&weights, &[]).is_err());
    assert!(gpt.loss(&weights, &good[1..]).is_err());
    assert!(gpt.loss(&weights[1..], &good).is_err());
    assert!(gpt.gradient(&weights, &good, &mut [0.0; 3]).is_err());
    let mut bad = good.clone();
    bad[4] = 11;
    let refusal = ExactError::Token {
        token: 11,
        vocabulary: 11,
    };
    assert_eq!(gpt.loss(&weights, &bad), Err(refusal));
    assert!(gpt.next(&weights, &[]).is_err());
    assert!(gpt.next(&weights, &good[..TINY.context + 1]).is_err());
    let trainer = Trainer::new(Config { hidden: 8, ..TINY }, AdamW::SMALL).unwrap();
    let other = Trainer::new(TINY, AdamW::SMALL).unwrap().start(1);
    assert!(trainer.step(other, &good).is_err());
}

#[test]
fn rows_beyond_the_limits_are_refused() {
    let trainer = Trainer::new(TINY, AdamW::SMALL).unwrap();
    let many = rows(&TINY, MAX_ROWS + 1, 14);
    let refusal = trainer.step(trainer.start(1), &many).unwrap_err();
    let (what, size) = ("the number of rows", MAX_ROWS + 1);
    assert_eq!(
        refusal,
        ExactError::Limit {
            what,
            size,
            limit: MAX_ROWS
        }
    );
    assert!(trainer
        .step(trainer.start(1), &many[trainer.gpt().row()..])
        .is_ok());

    let wide = Gpt::new(Config {
        context: 1024,
        heads: 3,
        ..TINY
    })
    .unwrap();
    let count = MAX_VALUES / wide.config().values(1) + 1;
    let many = rows(wide.config(), count, 15);
    let mut gradient = vec![0.0; wide.parameters()];
    let refusal = wide
        .gradient(&wide.weights(1), &many, &mut gradient)
        .unwrap_err();
    assert!(
        matches!(
            refusal,
            ExactError::Limit {
                limit: MAX_VALUES,
                ..
            }
        ),
        "{refusal}"
    );
}

#[test]
fn values_that_are_not_finite_are_errors() {
    let gpt = Gpt::new(TINY).unwrap();
    let good = rows(&TINY, 1, 16);
    let layout = &gpt.layout.layers[1];
    let places = [
        gpt.layout.positions.start,
        layout.attention_in.start,
        layout.attention_out.start,
        layout.hidden_in.start,
        layout.hidden_out.start,
        gpt.layout.gain.start,
    ];
    for place in places {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut weights = gpt.weights(1);
            weights[place] = bad;
            let refusal = gpt.loss(&weights, &good).unwrap_err();
            assert!(
                matches!(refusal, ExactError::NotFinite { .. }),
                "{place} {bad}"
            );
        }
    }
    let trainer = Trainer::new(
        TINY,
        AdamW {
            rate: f32::INFINITY,
            ..AdamW::SMALL
        },
    )
    .unwrap();
    let refusal = trainer.step(trainer.start(1), &good).unwrap_err();
    assert!(
        matches!(
            refusal,
            ExactError::NotFinite {
                what: "weights",
                ..
            }
        ),
        "{refusal}"
    );
}

#[test]
fn last_step_that_can_be_counted_is_the_last_one() {
    let trainer = Trainer::new(TINY, AdamW::SMALL).unwrap();
    let good = rows(&TINY, 1, 17);
    let mut state = trainer.start(1);
    state.steps = u32::MAX - 1;
    let state = trainer.step(state, &good).unwrap();
    assert_eq!(state.steps, u32::MAX);
    assert!(trainer.step(state, &good).is_err());
}
