//! Programs over models.

use crate::{
    text::{rows, text},
    Digest,
};
use inktensor_exact::{
    adamw::AdamW,
    bert::{self, Bert, BertError},
    gpt::{Config, Gpt, Trainer},
    rng::Rng,
    safetensors::SafeTensors,
    wordpiece::Vocabulary,
    ExactError,
};

type Outcome = Result<Digest, ExactError>;

/// A GPT that fits no tile, with a context longer than a block of its attention.
const ODD: Config = Config {
    vocabulary: 127,
    context: 77,
    width: 42,
    layers: 3,
    heads: 3,
    hidden: 101,
};

/// A BERT with heads of six, which fit no tile either.
const SMALL_BERT: bert::Config = bert::Config {
    vocabulary: 400,
    width: 48,
    layers: 3,
    heads: 8,
    inner: 101,
    positions: 70,
};

/// Losses of rows, and the logits after a prompt.
pub(crate) fn gpt_loss() -> Outcome {
    let gpt = Gpt::new(ODD)?;
    let weights = spread(&gpt, 1);
    let rows = rows(&text(2, 5000), &mut Rng::new(3), 19, gpt.row());
    let mut digest = Digest::new();
    digest.values(&gpt.row_losses(&weights, &rows)?);
    digest.values(&gpt.next(&weights, &rows[..40])?);
    Ok(digest)
}

/// A gradient.
pub(crate) fn gpt_gradient() -> Outcome {
    let gpt = Gpt::new(ODD)?;
    let weights = spread(&gpt, 4);
    let rows = rows(&text(5, 5000), &mut Rng::new(6), 5, gpt.row());
    let mut gradient = vec![0.0; gpt.parameters()];
    let loss = gpt.gradient(&weights, &rows, &mut gradient)?;
    let mut digest = Digest::new();
    digest.values(&[loss]);
    digest.values(&gradient);
    Ok(digest)
}

/// A hundred steps of training from a seed, to the bytes of the state, and the loss that is
/// reached.
pub(crate) fn gpt_training() -> Outcome {
    let trainer = Trainer::new(Config::SMALL, AdamW::SMALL)?;
    let text = text(7, 100_000);
    let mut rng = Rng::new(8);
    let mut state = trainer.start(9);
    for _ in 0..100 {
        state = trainer.step(state, &rows(&text, &mut rng, 4, trainer.gpt().row()))?;
    }
    let mut digest = Digest::new();
    for byte in state.encode() {
        digest.word(u32::from(byte));
    }
    let held_out = rows(&text, &mut rng, 8, trainer.gpt().row());
    digest.values(&[trainer.loss(&state, &held_out)?]);
    Ok(digest)
}

/// Vectors of texts of one to seventy tokens.
pub(crate) fn bert() -> Outcome {
    let file = bert::seeded(SMALL_BERT, 10).map_err(only_exact)?;
    let tensors = SafeTensors::parse(&file).map_err(|_| UNREADABLE)?;
    let bert = Bert::load(SMALL_BERT, &tensors).map_err(only_exact)?;
    let mut rng = Rng::new(11);
    let mut digest = Digest::new();
    for length in [1, 2, 7, 32, 33, 70] {
        let tokens: Vec<u32> = (0..length)
            .map(|_| u32::try_from(rng.below(400)).unwrap_or(0))
            .collect();
        digest.values(&bert.embed(&tokens)?);
    }
    Ok(digest)
}

/// Tokens of texts in several scripts.
pub(crate) fn wordpiece() -> Outcome {
    let letters = "abcdefghijklmnopqrstuvwxyz0123456789.,;!?-'";
    let mut lines = String::from("[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
    for letter in letters.chars() {
        lines.extend([letter, '\n', '#', '#', letter, '\n']);
    }
    lines.push_str("the\nnet\n##work\n##ing\ncafe\n水\nстол\n한\nναι\n");
    let vocabulary = Vocabulary::parse(&lines).map_err(|_| UNREADABLE)?;
    let texts = [
        "The network, networking; it's THE net-work!",
        "Café CAFÉ cafe\u{301} naïve 水水 стол СТОЛ 한국 ΝΑΙ",
        "tabs\tand\u{a0}spaces\u{200b}\u{0}\u{fffd} end…",
        "[SEP] [CLS] x\u{1F600}y ﬁ ß İ",
        "",
    ];
    let mut digest = Digest::new();
    for text in texts {
        let tokens = vocabulary.encode(text, 128).map_err(|_| UNREADABLE)?;
        digest.word(u32::try_from(tokens.len()).unwrap_or(u32::MAX));
        tokens.into_iter().for_each(|token| digest.word(token));
    }
    Ok(digest)
}

/// Weights of a spread at which every part of the model matters.
fn spread(gpt: &Gpt, seed: u64) -> Vec<f32> {
    let mut rng = Rng::new(seed);
    (0..gpt.parameters()).map(|_| rng.bell() * 0.3).collect()
}

/// The refusal of data that a program made for itself.
const UNREADABLE: ExactError = ExactError::Size {
    what: "data of a program",
    size: 0,
    needed: 1,
};

fn only_exact(error: BertError) -> ExactError {
    match error {
        BertError::Config(error) => error,
        BertError::Tensors(_) => UNREADABLE,
    }
}
