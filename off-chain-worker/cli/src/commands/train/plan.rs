//! The options that a training follows from.

use super::{
    course::{Course, Seeds},
    folder::Folder,
    record::{Named, Plan, SEATS_LIMIT, STEPS_LIMIT, VERSION},
};
use crate::{commands::model::read_at_most, error::Failure, values};
use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_neuron::fold::Engine;
use inktensor_task::{blake2, Blob};
use inktensor_train::{Recipe, State, Train, CORPUS_LIMIT};
use std::path::{Path, PathBuf};

/// The heading in help of options for the sizes of the model.
const MODEL: &str = "Model";
/// The heading in help of options for the descent.
const RECIPE: &str = "Recipe";
/// Sizes by default: 119 424 weights, which read any bytes.
const SIZES: Config = Config {
    vocabulary: 256,
    context: 64,
    width: 64,
    layers: 2,
    heads: 4,
    hidden: 256,
};
/// Rows of a step by default.
const ROWS: u16 = 16;
/// Steps of a seat in an epoch by default.
const STEPS: u16 = 32;

/// The options of a training. Of a training that exists, those that are given must be its own.
#[derive(Default, clap::Args)]
pub struct PlanArgs {
    /// The text to train on; a new training copies it into its folder
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// The number from which first state and rows follow [default: 1]
    #[arg(long, value_parser = values::whole::<u64>(0..=u64::MAX), value_name = "NUMBER")]
    seed: Option<u64>,
    /// The seats, each of which does the work of a miner [default: 1]
    #[arg(
        long,
        value_parser = values::whole::<u16>(1..=SEATS_LIMIT.into()),
        value_name = "NUMBER"
    )]
    seats: Option<u16>,
    /// The steps of each seat in an epoch [default: 32]
    #[arg(
        long,
        value_parser = values::whole::<u16>(1..=STEPS_LIMIT.into()),
        value_name = "NUMBER"
    )]
    steps: Option<u16>,
    /// The rows of a step [default: 16]
    #[arg(
        long,
        value_parser = values::whole::<u16>(1..=4096),
        help_heading = RECIPE,
        value_name = "NUMBER"
    )]
    rows: Option<u16>,
    /// The learning rate, at most 1 [default: 0.003]
    #[arg(long, value_parser = values::ratio, help_heading = RECIPE, value_name = "NUMBER")]
    rate: Option<f32>,
    /// The part of a weight that a step removes, times the rate [default: 0]
    #[arg(long, value_parser = values::ratio, help_heading = RECIPE, value_name = "NUMBER")]
    decay: Option<f32>,
    /// The vocabulary: bytes of the corpus are below it [default: 256]
    #[arg(long, value_parser = size(), help_heading = MODEL, value_name = "NUMBER")]
    vocabulary: Option<usize>,
    /// The bytes that the model sees [default: 64]
    #[arg(long, value_parser = size(), help_heading = MODEL, value_name = "NUMBER")]
    context: Option<usize>,
    /// The width of a layer [default: 64]
    #[arg(long, value_parser = size(), help_heading = MODEL, value_name = "NUMBER")]
    width: Option<usize>,
    /// The layers [default: 2]
    #[arg(long, value_parser = size(), help_heading = MODEL, value_name = "NUMBER")]
    layers: Option<usize>,
    /// The heads, which divide the width [default: 4]
    #[arg(long, value_parser = size(), help_heading = MODEL, value_name = "NUMBER")]
    heads: Option<usize>,
    /// The hidden width of a layer [default: 256]
    #[arg(long, value_parser = size(), help_heading = MODEL, value_name = "NUMBER")]
    hidden: Option<usize>,
}

/// Returns the parser of a size. The model checks sizes against each other.
fn size() -> impl Fn(&str) -> Result<usize, String> + Clone {
    values::whole(1..=1 << 20)
}

impl PlanArgs {
    /// Returns the folder of the training: the existing one, or a new one.
    pub fn folder(&self, path: &Path) -> Result<Folder, Failure> {
        match Folder::exists(path) {
            true => self.existing(path),
            false => self.new_folder(path),
        }
    }

    /// Returns the folder of a new training.
    pub fn new_folder(&self, path: &Path) -> Result<Folder, Failure> {
        let Some(file) = &self.corpus else {
            return Err(Failure::input(
                "a new training needs a text: name its file with --corpus",
            ));
        };
        let most = u64::try_from(CORPUS_LIMIT).unwrap_or(u64::MAX);
        let corpus = read_at_most(file, most)?;
        let train = Train::new(self.sizes(), self.recipe(), corpus.clone())
            .map_err(|error| Failure::in_file(file, error))?;
        let course = Course {
            train: Engine::from(train),
            seeds: Seeds::new(self.seed.unwrap_or(1)),
            seats: self.seats.unwrap_or(1),
            steps: self.steps.unwrap_or(STEPS),
            home: [0; 32],
        };
        let start = course.start()?;
        let plan = Plan {
            version: VERSION.into(),
            corpus: Named(blake2(&corpus)),
            start: Named(start.hash()),
            loss: course.loss(&start)?.0,
            seed: self.seed.unwrap_or(1),
            seats: course.seats,
            steps: course.steps,
        };
        Folder::create(path, plan, &corpus, &start)
    }

    fn existing(&self, path: &Path) -> Result<Folder, Failure> {
        let folder = Folder::open(path)?;
        if let Some(file) = &self.corpus {
            let most = u64::try_from(CORPUS_LIMIT).unwrap_or(u64::MAX);
            if blake2(&read_at_most(file, most)?) != folder.plan.corpus.0 {
                return Err(Failure::in_file(
                    file,
                    "the training is on another corpus; leave out --corpus, or name another --out",
                ));
            }
        }
        let start = folder.state(&folder.plan.start.0, "the first state")?;
        match self.differing(&folder.plan, &start) {
            None => Ok(folder),
            Some((option, own)) => Err(Failure::in_file(
                path,
                format_args!(
                    "the training has {option} {own}; leave out {option}, or name another --out"
                ),
            )),
        }
    }

    /// Returns the first option that is not the training's, with the training's own value.
    fn differing(&self, plan: &Plan, start: &State) -> Option<(&'static str, String)> {
        let (config, recipe) = (&start.model.config, &start.recipe);
        let whole = [
            ("--seed", self.seed, plan.seed),
            ("--seats", self.seats.map(u64::from), plan.seats.into()),
            ("--steps", self.steps.map(u64::from), plan.steps.into()),
            ("--rows", self.rows.map(u64::from), recipe.rows.into()),
        ];
        let sizes = [
            ("--vocabulary", self.vocabulary, config.vocabulary),
            ("--context", self.context, config.context),
            ("--width", self.width, config.width),
            ("--layers", self.layers, config.layers),
            ("--heads", self.heads, config.heads),
            ("--hidden", self.hidden, config.hidden),
        ];
        let parts = [
            ("--rate", self.rate, recipe.descent.rate),
            ("--decay", self.decay, recipe.descent.decay),
        ];
        first_differing(&whole)
            .or_else(|| first_differing(&sizes))
            .or_else(|| first_differing(&parts))
    }

    fn sizes(&self) -> Config {
        Config {
            vocabulary: self.vocabulary.unwrap_or(SIZES.vocabulary),
            context: self.context.unwrap_or(SIZES.context),
            width: self.width.unwrap_or(SIZES.width),
            layers: self.layers.unwrap_or(SIZES.layers),
            heads: self.heads.unwrap_or(SIZES.heads),
            hidden: self.hidden.unwrap_or(SIZES.hidden),
        }
    }

    fn recipe(&self) -> Recipe {
        Recipe {
            rows: self.rows.unwrap_or(ROWS),
            descent: AdamW {
                rate: self.rate.unwrap_or(AdamW::SMALL.rate),
                decay: self.decay.unwrap_or(AdamW::SMALL.decay),
                ..AdamW::SMALL
            },
        }
    }
}

fn first_differing<T: Copy + PartialEq + ToString>(
    options: &[(&'static str, Option<T>, T)],
) -> Option<(&'static str, String)> {
    let differs = |(_, given, own): &&(_, Option<T>, T)| given.is_some_and(|given| given != *own);
    let (option, _, own) = options.iter().find(differs)?;
    Some((option, own.to_string()))
}
