//! Questions that follow from a seed.

use inktensor_task::Seed;

use crate::{Model, Question};

/// The least bytes of a drawn prompt. Sixteen of 95 characters are 10^31 prompts.
pub const PROMPT_LEAST: usize = 16;
/// A drawn prompt has fewer than so many bytes more.
const PROMPT_MORE: usize = 17;
/// The bytes to continue that a drawn question asks for, or fewer for a large model.
pub const DRAWN_BYTES: u16 = 16;
/// Temperature of drawn questions, in thousandths. A model with other probabilities soon chooses
/// another byte.
const TEMPERATURE: u16 = 1000;
/// The first printable character of ASCII.
const FIRST: u8 = b' ';
/// The number of printable characters of ASCII.
const PRINTABLE: usize = 95;

/// Returns a question with a drawn prompt and a drawn seed of the choice.
///
/// A prompt has printable characters, or any bytes if the model does not know all of them.
pub(crate) fn question(model: &Model, seed: &Seed) -> Question {
    let mut draw = seed.part("prompt").draw();
    let knows_printable = model.vocabulary() >= usize::from(FIRST).saturating_add(PRINTABLE);
    let (first, count) = match knows_printable {
        true => (FIRST, PRINTABLE),
        false => (0, model.vocabulary()),
    };
    let length = PROMPT_LEAST.saturating_add(draw.index(PROMPT_MORE));
    let mut byte = || {
        let drawn = u8::try_from(draw.index(count)).unwrap_or_default();
        first.saturating_add(drawn)
    };
    let prompt = (0..length).map(|_| byte()).collect();
    // The low half of a word.
    let seed = seed.part("choice").draw().word() as u32;
    Question {
        prompt,
        bytes: DRAWN_BYTES.min(model.most_bytes()),
        temperature: TEMPERATURE,
        seed,
    }
}
