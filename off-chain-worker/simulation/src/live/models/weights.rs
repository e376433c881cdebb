//! Cheaper models made from the subnet's small one: matrices of eight bits, one layer fewer.

use crate::live::LiveError;
use inktensor_embed::{pack, small};
use inktensor_exact::{
    bert::{seeded, Config},
    safetensors::{self, SafeTensors},
};

/// Largest value of an eight-bit weight.
const MOST: f32 = 127.0;

/// Returns the state of the subnet's model.
///
/// # Errors
/// `Unusable`.
pub fn whole(seed: u64) -> Result<Vec<u8>, LiveError> {
    small::state(seed).map_err(unusable)
}

/// Returns the state of the model with each row of each matrix rounded to 255 steps.
///
/// # Errors
/// `Unusable`.
pub fn int8(seed: u64) -> Result<Vec<u8>, LiveError> {
    changed(
        seed,
        |config| config,
        |shape, values| {
            let row = shape.get(1).copied().unwrap_or_default();
            if row > 0 {
                values.chunks_mut(row).for_each(round);
            }
        },
    )
}

/// Returns the state of the model without its last layer.
///
/// # Errors
/// `Unusable`.
pub fn shallow(seed: u64) -> Result<Vec<u8>, LiveError> {
    let fewer = |config: Config| Config {
        layers: config.layers.saturating_sub(1),
        ..config
    };
    changed(seed, fewer, |_, _| ())
}

/// Rounds values to steps of a 127th of the largest.
fn round(values: &mut [f32]) {
    let largest = values.iter().fold(0.0f32, |most, it| most.max(it.abs()));
    let step = largest / MOST;
    if step > 0.0 {
        for value in values {
            *value = (*value / step).round() * step;
        }
    }
}

/// Returns the state of the model with other sizes and changed tensors.
fn changed(
    seed: u64,
    sizes: impl Fn(Config) -> Config,
    change: impl Fn(&[usize], &mut [f32]),
) -> Result<Vec<u8>, LiveError> {
    let vocabulary = small::vocabulary();
    let config = Config {
        vocabulary: vocabulary.lines().count(),
        ..small::SIZES
    };
    let file = seeded(config, seed).map_err(unusable)?;
    let read = SafeTensors::parse(&file).map_err(unusable)?;
    let config = sizes(config);
    let mut tensors = Vec::new();
    for (name, shape) in config.tensors() {
        let mut values = read.f32(&name, &shape).map_err(unusable)?;
        change(&shape, &mut values);
        tensors.push((name, shape, values));
    }
    let views: Vec<_> = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), shape.as_slice(), values.as_slice()))
        .collect();
    pack(config, &vocabulary, &safetensors::write(&views)).map_err(unusable)
}

fn unusable(error: impl std::fmt::Display) -> LiveError {
    LiveError::Unusable(format!("the small model: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_embed::Embed;
    use inktensor_neuron::program::{Loaded, Program};
    use inktensor_task::{Seed, Worth};

    /// Questions to each model.
    const QUESTIONS: u8 = 40;

    /// Returns the number of right answers of a model.
    fn right(seed: u64, state: &[u8]) -> usize {
        let reference = Loaded::of(Embed, &whole(seed).unwrap()).unwrap();
        let model = Loaded::of(Embed, state).unwrap();
        let is_right = |number: &u8| {
            let question = reference.question(&Seed([*number; 32])).unwrap();
            let answer = model.answer(&question).unwrap();
            reference.worth(&question, &answer).unwrap() == Worth::WHOLE
        };
        (0..QUESTIONS).filter(is_right).count()
    }

    #[test]
    fn a_cheaper_model_has_no_right_answer() {
        for seed in [1, 2, 3] {
            assert_eq!(right(seed, &whole(seed).unwrap()), usize::from(QUESTIONS));
            assert_eq!(right(seed, &int8(seed).unwrap()), 0, "int8, seed {seed}");
            assert_eq!(
                right(seed, &shallow(seed).unwrap()),
                0,
                "shallow, seed {seed}"
            );
        }
    }

    #[test]
    fn rounding_keeps_the_largest_value_and_255_steps() {
        let mut values = [1.0, -0.5, 0.003, 0.005, 0.0];
        round(&mut values);
        assert_eq!(values, [1.0, -64.0 / 127.0, 0.0, 1.0 / 127.0, 0.0]);
    }
}
