//! The training beside the subnet of questions: its files, its neurons, and the facts about it.

use super::{
    auditor::{replay, Audits, Means},
    cast::{neuron_arguments, unusable, Cast, Place},
    cheats::Forger,
    conduct::ASKED_FROM,
    network::{Net, TRAINING},
    pace::Pace,
    plan::{ExaminerPlan, TrainerPlan, EXAMINERS, TRAINERS},
    process::Stock,
    report::{MinerReport, ReplayReport, TrainingReport, ValidatorReport},
    LiveError,
};
use inktensor_exact::{adamw::AdamW, gpt::Config};
use inktensor_neuron::{
    config::{Fields, MineLayer},
    manifest::Manifest,
};
use inktensor_primitives::{hash::blake2, Bps, Digest, Uid};
use inktensor_task::{Blob, Fold, Hash, NamedFold, Seed, Tag};
use inktensor_train::{Recipe, Train};
use std::{
    fs,
    num::{NonZeroU16, NonZeroU64},
    path::PathBuf,
};

/// Most steps of a miner that an epoch pays.
const STEPS: u16 = 12;
/// Probes of a validator to a miner in an epoch.
const PROBES: u16 = 3;
/// The tag of the seed of a training's first state, as `inktensor train start` has it.
const RUN: Tag = Tag(b"ink:trun");
/// Milliseconds between two looks of a cheat at the chain.
const POLL: u64 = 250;
/// The model: small, so that steps take no time beside the interpretation of contracts.
const MODEL: Config = Config {
    vocabulary: 128,
    context: 8,
    width: 8,
    layers: 1,
    heads: 1,
    hidden: 8,
};

/// Returns the text that the model learns.
fn corpus() -> Vec<u8> {
    "the miners train one model, and each step is on record. "
        .repeat(40)
        .into_bytes()
}

/// The training of a run.
pub struct Training {
    /// Hash of the manifest.
    pub manifest: Digest,
    files: [PathBuf; 3],
    forgers: Vec<Forger>,
    audits: Audits,
    replays: Vec<ReplayReport>,
}

impl Training {
    /// Writes the manifest, the first state and the corpus.
    ///
    /// # Errors
    /// `File`, `Unusable`.
    pub fn write(stock: &Stock, seed: u64, pace: &Pace) -> Result<Self, LiveError> {
        let recipe = Recipe {
            rows: 2,
            descent: AdamW::SMALL,
        };
        let train = Train::new(MODEL, recipe, corpus()).map_err(unusable)?;
        let seed = Seed(Hash::new(RUN).u64(seed).digest()).part("start");
        let state = train.start(&seed).map_err(unusable)?.to_blob();
        let manifest = Manifest {
            task: Train::NAME.into(),
            program: None,
            state: blake2(&state),
            mirrors: Vec::new(),
            questions: PROBES,
            window: pace.window,
            check: Bps::ONE,
            // As on the subnet of questions.
            alpha: Bps(5_000),
            steps: Some(STEPS),
        };
        let text = manifest.to_string();
        let folder = stock.folder("training")?;
        let files = ["manifest.toml", "state", "corpus"].map(|name| folder.join(name));
        let contents = [text.clone().into_bytes(), state, corpus()];
        for (path, bytes) in files.iter().zip(contents) {
            fs::write(path, bytes).map_err(LiveError::file(path))?;
        }
        Ok(Self {
            manifest: Manifest::hash(text.as_bytes()),
            files,
            forgers: Vec::new(),
            audits: Audits::default(),
            replays: Vec::new(),
        })
    }

    /// Starts all miners and validators, and waits until their endpoints are on the chain.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub fn begin(&mut self, stock: &Stock, net: &Net, cast: &mut Cast) -> Result<(), LiveError> {
        let files = self.files.iter().map(|it| it.display().to_string());
        let blobs = files.collect::<Vec<_>>().join(",");
        let mut start = |command: &str, role, name, process| {
            let place = Place {
                netuid: TRAINING,
                name,
                process,
            };
            let mut arguments = neuron_arguments(command, stock, net, place, &blobs)?;
            if command == "validate" {
                arguments.push("--users=false".into());
            }
            cast.start(stock, role, place, &arguments)
        };
        for miner in TRAINERS {
            match miner.forgery {
                None => start("mine", "miners of the training", miner.name, miner.name)?,
                Some(forgery) => {
                    let layer = self.layer(stock, net, &miner)?;
                    let common = layer.common().map_err(unusable)?;
                    let suri_file = &net.seated(TRAINING, miner.name)?.suri_file;
                    self.forgers
                        .push(Forger::start(common, suri_file, forgery)?);
                }
            }
        }
        for ExaminerPlan { name, process, .. } in EXAMINERS {
            start("validate", "validators of the training", name, process)?;
        }
        let examiners = EXAMINERS.iter().map(|it| it.name);
        for name in TRAINERS.iter().map(|it| it.name).chain(examiners) {
            cast.wait_for_axon(net, TRAINING, name)?;
        }
        Ok(())
    }

    /// Returns the settings of a miner that cheats.
    fn layer(&self, stock: &Stock, net: &Net, miner: &TrainerPlan) -> Result<MineLayer, LiveError> {
        Ok(MineLayer {
            netuid: NonZeroU16::new(TRAINING.0),
            chain: Some(net.address.parse().map_err(unusable)?),
            listen: Some(([127, 0, 0, 1], 0).into()),
            host: Some(format!("{}.localhost", miner.name)),
            store: Some(stock.folder(miner.name)?.join("store")),
            blob: Some(self.files.to_vec()),
            allow_private: Some(true),
            poll: NonZeroU64::new(POLL),
            ..MineLayer::defaults()
        })
    }

    /// Checks that every cheat still works. Processes are checked by their cast.
    ///
    /// # Errors
    /// `Unusable`.
    pub fn check(&mut self) -> Result<(), LiveError> {
        self.forgers.iter_mut().try_for_each(Forger::check)
    }

    /// Returns the uids of the miners that do all their steps.
    ///
    /// # Errors
    /// `Unusable`.
    pub fn honest(net: &Net) -> Result<Vec<Uid>, LiveError> {
        let honest = TRAINERS.iter().filter(|it| it.forgery.is_none());
        honest
            .map(|it| Ok(net.seated(TRAINING, it.name)?.uid))
            .collect()
    }

    /// Audits the evidence of an epoch, counts the work in it, and computes the epoch before again,
    /// whose result the votes of `epoch` confirm.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub fn audit(&mut self, means: Means<'_>, epoch: u32) -> Result<(), LiveError> {
        if epoch < ASKED_FROM {
            return Ok(());
        }
        for ExaminerPlan { name, .. } in EXAMINERS {
            self.audits.add(means, (TRAINING, name), epoch, true)?;
        }
        if let Some(before) = epoch.checked_sub(1).filter(|it| *it >= ASKED_FROM) {
            self.replays.push(replay(means.stock, means.net, before)?);
        }
        Ok(())
    }

    /// Returns the number of audits and replays up to now, each of which was a process.
    pub fn auditors(&self) -> usize {
        self.audits.count().saturating_add(self.replays.len())
    }

    /// Returns the report. `paid` returns the pay of a uid in each epoch: as a miner, and as a
    /// validator.
    ///
    /// # Errors
    /// `Unusable`.
    pub fn report(
        &self,
        net: &Net,
        paid: impl Fn(Uid) -> (Vec<u64>, Vec<u64>),
    ) -> Result<TrainingReport, LiveError> {
        let miner = |plan: &TrainerPlan| {
            let uid = net.seated(TRAINING, plan.name)?.uid;
            Ok(MinerReport {
                uid: uid.0,
                name: plan.name,
                behaviour: plan.describe(),
                work: self.audits.work_of(uid),
                paid: paid(uid).0,
            })
        };
        let validator = |plan: &ExaminerPlan| {
            let uid = net.seated(TRAINING, plan.name)?.uid;
            Ok(ValidatorReport {
                uid: uid.0,
                name: plan.name,
                behaviour: "probes and votes",
                honest: true,
                stake: plan.stake.0,
                paid: paid(uid).1,
                audits: self.audits.of(uid),
            })
        };
        Ok(TrainingReport {
            steps: STEPS,
            probes: PROBES,
            miners: TRAINERS
                .iter()
                .map(miner)
                .collect::<Result<_, LiveError>>()?,
            validators: EXAMINERS
                .iter()
                .map(validator)
                .collect::<Result<_, LiveError>>()?,
            replays: self.replays.clone(),
        })
    }
}
