//! `inktensor model`: the state of the task `embed/1` as one file, definitions and entries of
//! contests, and the hash of files.

use crate::{
    args,
    error::{Failure, Verdict},
    output::{self, json::Hex, View},
    values,
};
use inktensor_contest::{Definition, Model};
use inktensor_embed::{config_from_json, pack, small, STATE_LIMIT};
use inktensor_primitives::hash::blake2;
use inktensor_task::{Blob, Load};
use inktensor_train::{State, STATE_LIMIT as TRAINED_LIMIT};
use serde::Serialize;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// Most bytes of `config.json`.
const MAX_CONFIG: u64 = 64 * 1024;
/// Most bytes of a file whose hash is printed.
const MAX_HASHED: u64 = 4 << 30;

/// Commands about models.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Pack a BERT into one file, the state of embed/1
    ///
    /// The folder has config.json, vocab.txt and model.safetensors, as models of the MiniLM family
    /// are published.
    #[command(after_help = example!("model pack --in all-MiniLM-L6-v2 --out minilm.embed"))]
    Pack(Pack),
    /// Write a small model with random weights, for tests
    ///
    /// Its answers mean nothing. Everything else about it is as with a real model.
    #[command(after_help = example!("model small --out small.embed"))]
    Small(Small),
    /// Write the definition of a contest from a state of a training
    ///
    /// The definition is the state of contest/1. Models of the contest have the sizes of the
    /// training's state, and are compared on the held-out part of its corpus.
    #[command(after_help = example!("model contest --state book/blobs/HASH --out book.contest"))]
    Contest(OfState),
    /// Write the model of a training's state as an entry of a contest
    #[command(after_help = example!("model entry --state book/blobs/HASH --out model.bin"))]
    Entry(OfState),
    /// Print the hash that names a file: a state or a manifest
    #[command(after_help = example!("model hash --file minilm.embed"))]
    Hash(HashOf),
}

/// Arguments of `model pack`.
#[derive(clap::Args)]
pub struct Pack {
    /// The folder of the model
    #[arg(long = "in", value_name = "DIR")]
    folder: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `model small`.
#[derive(clap::Args)]
pub struct Small {
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The seed of the weights
    #[arg(
        long,
        value_parser = values::whole::<u64>(0..=u64::MAX),
        default_value = "1",
        value_name = "NUMBER"
    )]
    seed: u64,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `model contest` and `model entry`.
#[derive(clap::Args)]
pub struct OfState {
    /// The file of a state of train/1
    #[arg(long, value_name = "FILE")]
    state: PathBuf,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// Arguments of `model hash`.
#[derive(clap::Args)]
pub struct HashOf {
    /// The file
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON document
    #[arg(long, help_heading = args::OUTPUT)]
    json: bool,
}

/// A file with its hash.
#[derive(Serialize)]
struct Hashed {
    file: String,
    bytes: usize,
    hash: Hex,
}

impl View for Hashed {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}  {} ({} bytes)", self.hash, self.file, self.bytes)
    }
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Pack(arguments) => {
            let state = packed(&arguments.folder)?;
            written(&arguments.out, &state, arguments.json, out)?;
        }
        Command::Small(arguments) => {
            let state = small::state(arguments.seed).map_err(Failure::input)?;
            written(&arguments.out, &state, arguments.json, out)?;
        }
        Command::Contest(arguments) => {
            let state = trained(&arguments.state)?;
            let definition = Definition {
                config: state.model.config,
                corpus: state.corpus,
            };
            written(&arguments.out, &definition.to_blob(), arguments.json, out)?;
        }
        Command::Entry(arguments) => {
            let state = trained(&arguments.state)?.model;
            let model = Model::new(state.config, state.weights)
                .map_err(|error| Failure::in_file(&arguments.state, error))?;
            written(&arguments.out, &model.to_blob(), arguments.json, out)?;
        }
        Command::Hash(arguments) => {
            let bytes = read_at_most(&arguments.file, MAX_HASHED)?;
            output::show(arguments.json, &hashed(&arguments.file, &bytes), out)?;
        }
    }
    Ok(Verdict::Good)
}

/// Returns the state of a training in a file.
fn trained(path: &Path) -> Result<State, Failure> {
    let limit = u64::try_from(TRAINED_LIMIT).unwrap_or(u64::MAX);
    let bytes = read_at_most(path, limit)?;
    State::load(&bytes).map_err(|error| Failure::in_file(path, error))
}

fn packed(folder: &Path) -> Result<Vec<u8>, Failure> {
    let limit = u64::try_from(STATE_LIMIT).unwrap_or(u64::MAX);
    let file = folder.join("config.json");
    let config = config_from_json(&read_at_most(&file, MAX_CONFIG)?)
        .map_err(|error| Failure::in_file(&file, error))?;
    let file = folder.join("vocab.txt");
    let vocabulary = String::from_utf8(read_at_most(&file, limit)?)
        .map_err(|_| Failure::in_file(&file, "it is not text in UTF-8"))?;
    let tensors = read_at_most(&folder.join("model.safetensors"), limit)?;
    pack(config, &vocabulary, &tensors).map_err(|error| Failure::in_file(folder, error))
}

fn written(path: &Path, state: &[u8], as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    fs::write(path, state).map_err(|error| Failure::unusable("--out", path, &error))?;
    Ok(output::show(as_json, &hashed(path, state), out)?)
}

fn hashed(path: &Path, bytes: &[u8]) -> Hashed {
    Hashed {
        file: path.display().to_string(),
        bytes: bytes.len(),
        hash: Hex::from(blake2(bytes)),
    }
}

/// Reads a file of at most `most` bytes.
pub fn read_at_most(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    let unusable = |error: io::Error| Failure::unusable("", path, &error);
    let file = File::open(path).map_err(unusable)?;
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the file is too long.
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(unusable)?;
    if u64::try_from(read).is_ok_and(|read| read <= most) {
        return Ok(bytes);
    }
    Err(Failure::in_file(
        path,
        format_args!("it has more than {most} bytes"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_exact::bert::Config;

    #[test]
    fn a_model_is_packed_as_its_parts_say() {
        let folder = std::env::temp_dir().join(format!("inktensor-model-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let vocabulary = small::vocabulary();
        let config = Config {
            vocabulary: vocabulary.lines().count(),
            ..small::SIZES
        };
        let tensors = inktensor_exact::bert::seeded(config, 7).unwrap();
        let sizes = format!(
            "{{\"vocab_size\": {}, \"hidden_size\": {}, \"num_hidden_layers\": {}, \
             \"num_attention_heads\": {}, \"intermediate_size\": {}, \
             \"max_position_embeddings\": {}, \"model_type\": \"bert\"}}",
            config.vocabulary,
            config.width,
            config.layers,
            config.heads,
            config.inner,
            config.positions
        );
        fs::write(folder.join("config.json"), sizes).unwrap();
        fs::write(folder.join("vocab.txt"), vocabulary).unwrap();
        fs::write(folder.join("model.safetensors"), tensors).unwrap();
        assert_eq!(packed(&folder).unwrap(), small::state(7).unwrap());
        fs::remove_file(folder.join("vocab.txt")).unwrap();
        let problem = packed(&folder).unwrap_err().to_string();
        assert!(problem.contains("vocab.txt"), "{problem}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_model_of_another_arithmetic_is_not_packed() {
        let folder = std::env::temp_dir().join(format!("inktensor-kind-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let config = "{\"vocab_size\": 1, \"hidden_size\": 1, \"num_hidden_layers\": 1, \
                      \"num_attention_heads\": 1, \"intermediate_size\": 1, \
                      \"max_position_embeddings\": 512, \"hidden_act\": \"relu\"}";
        fs::write(folder.join("config.json"), config).unwrap();
        let problem = packed(&folder).unwrap_err().to_string();
        assert!(problem.contains("config.json"), "{problem}");
        assert!(problem.contains("hidden_act is not gelu"), "{problem}");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_above_the_limit_is_not_read() {
        let file = std::env::temp_dir().join(format!("inktensor-long-{}", std::process::id()));
        fs::write(&file, [0; 10]).unwrap();
        assert_eq!(read_at_most(&file, 10).unwrap().len(), 10);
        assert!(read_at_most(&file, 9).is_err());
        fs::remove_file(file).unwrap();
    }
}
