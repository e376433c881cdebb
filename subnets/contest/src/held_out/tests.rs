use alloc::vec;

use inktensor_exact::{adamw::AdamW, gpt::Trainer};
use inktensor_task::Blob;

use super::*;

/// A model of 2 600 weights.
const CONFIG: Config = Config {
    vocabulary: 64,
    context: 8,
    width: 16,
    layers: 1,
    heads: 2,
    hidden: 16,
};

/// Words of a language that is easily learned.
fn text(bytes: usize) -> Vec<u8> {
    let mut draw = Seed([9; 32]).draw();
    let words = [&[1u8, 2, 3, 4, 0][..], &[5, 6, 0], &[7, 8, 9, 10, 11, 0]];
    let mut text = Vec::new();
    while text.len() < bytes {
        text.extend(*draw.pick(&words).unwrap());
    }
    text.truncate(bytes);
    text
}

fn contest() -> HeldOut {
    HeldOut::new(CONFIG, text(200_000)).unwrap()
}

fn weights() -> Vec<f32> {
    Gpt::new(CONFIG).unwrap().weights(5)
}

fn model(weights: Vec<f32>) -> Model {
    Model::new(CONFIG, weights).unwrap()
}

const SEED: Seed = Seed([4; 32]);

#[test]
fn losses_are_rounded_losses_of_held_out_rows() {
    let (contest, model) = (contest(), model(weights()));
    let rows = contest.corpus().held_out_rows(&SEED, ROWS);
    let gpt = Gpt::new(CONFIG).unwrap();
    let losses = gpt.row_losses(model.weights(), &rows).unwrap();
    let right: Vec<Loss> = losses
        .iter()
        .map(|loss| Loss((f64::from(*loss) * 1e6).round() as u32))
        .collect();
    assert_eq!(right.len(), 256);
    assert_eq!(contest.losses(&model, &SEED), Ok(right));
    // About a guess among 64 bytes.
    let loss = contest.loss(&model, &SEED).unwrap().0;
    assert!((4_000_000..4_400_000).contains(&loss), "{loss}");
}

#[test]
fn loss_has_one_value_and_each_seed_its_own() {
    let (contest, model) = (contest(), model(weights()));
    // The bits of any machine.
    assert_eq!(contest.loss(&model, &SEED), Ok(Loss(4_175_866)));
    assert_ne!(
        contest.loss(&model, &SEED),
        contest.loss(&model, &Seed([5; 32]))
    );
    let read = Model::read(&model.to_blob()).unwrap();
    assert_eq!(contest.loss(&read, &SEED), contest.loss(&model, &SEED));
}

#[test]
fn trained_model_has_a_lower_loss() {
    let contest = contest();
    let trainer = Trainer::new(CONFIG, AdamW::SMALL).unwrap();
    let state = (0..100u8).fold(trainer.start(5), |state, step| {
        let rows = contest.corpus().rows(&Seed([step; 32]), 4);
        trainer.step(state, &rows).unwrap()
    });
    let loss = |weights| contest.loss(&model(weights), &SEED).unwrap();
    assert!(loss(state.weights).0 < loss(weights()).0 / 2);
}

#[test]
fn model_of_another_shape_has_no_loss() {
    for other in [
        Config {
            context: 9,
            ..CONFIG
        },
        Config { heads: 4, ..CONFIG },
        Config {
            vocabulary: 63,
            ..CONFIG
        },
        Config {
            hidden: 17,
            ..CONFIG
        },
    ] {
        let weights = Gpt::new(other).unwrap().weights(5);
        let model = Model::new(other, weights).unwrap();
        assert_eq!(contest().loss(&model, &SEED), Err(NoLoss::OtherShape));
    }
}

/// Returns the loss of a model whose last gains are large.
fn loss_with_gain(gain: f32) -> Result<Loss, NoLoss> {
    let mut weights = weights();
    let last = weights.len() - CONFIG.width;
    weights[last..].fill(gain);
    contest().loss(&model(weights), &SEED)
}

#[test]
fn model_that_overflows_has_no_loss() {
    assert!(loss_with_gain(1.0).is_ok());
    // Finite logits, and losses far beyond any guess.
    assert_eq!(loss_with_gain(1e6), Err(NoLoss::NotFinite));
    // Finite logits, and a difference of them that is infinite.
    assert_eq!(loss_with_gain(1e38), Err(NoLoss::NotFinite));
    // Infinite logits, and some that are not a number.
    let mut weights = weights();
    weights.iter_mut().for_each(|it| *it *= 1e4);
    let last = weights.len() - CONFIG.width;
    weights[last..].fill(f32::MAX);
    let loss = contest().loss(&model(weights), &SEED);
    assert_eq!(loss, Err(NoLoss::NotFinite));
}

#[test]
fn contest_of_a_definition_has_its_corpus() {
    let corpus = text(200_000);
    let definition = Definition {
        config: CONFIG,
        corpus: blake2(&corpus),
    };
    let (of, model) = (HeldOut::of(&definition, corpus).unwrap(), model(weights()));
    assert_eq!(of.losses(&model, &SEED), contest().losses(&model, &SEED));
    let other = HeldOut::of(&definition, text(200_001));
    assert_eq!(other.unwrap_err(), ContestError::OtherCorpus);
}

#[test]
fn losses_of_parts_are_those_of_all_rows() {
    let (contest, model) = (contest(), model(weights()));
    let rows = contest.rows(&SEED);
    let parts = rows.chunks(contest.row() * 100);
    let losses = parts.flat_map(|part| contest.row_losses(&model, part).unwrap());
    assert_eq!(
        losses.collect::<Vec<_>>(),
        contest.losses(&model, &SEED).unwrap()
    );
}

#[test]
fn contests_beyond_the_limits_are_refused() {
    let refused = |config, bytes| HeldOut::new(config, text(bytes)).unwrap_err();
    let large = Config {
        width: 1024,
        hidden: 4096,
        ..Config::SMALL
    };
    assert!(matches!(refused(large, 1), ContestError::ModelBytes { .. }));
    let long = Config {
        context: 256,
        ..Config::MEDIUM
    };
    assert!(matches!(refused(long, 1), ContestError::Work { .. }));
    assert!(matches!(refused(CONFIG, 1), ContestError::Corpus(_)));
    let least = 4 * CONFIG.parameters();
    let found = least - 1;
    let short = ContestError::HeldOut { found, least };
    assert_eq!(refused(CONFIG, 16 * least - 1), short);
    assert!(HeldOut::new(CONFIG, text(16 * least)).is_ok());
    assert!(HeldOut::new(CONFIG, vec![64; 16 * least]).is_err());
    assert!(work(&Gpt::new(Config::MEDIUM).unwrap()) < WORK_LIMIT);
}
