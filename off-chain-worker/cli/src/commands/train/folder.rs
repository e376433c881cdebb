//! The folder of a training: its plan, its log of state hashes, and its blobs.
//!
//! | file | content |
//! |---|---|
//! | `plan.json` | all that the training follows from, written once |
//! | `log.jsonl` | one line for each epoch, with the hashes of all states |
//! | `blobs/HASH` | the corpus, and the state with which each epoch begins |
//!
//! A blob is whole before a line names it, so a kill costs at most the epoch in hand. A line that a
//! kill cut off is removed by the next run.

use super::{
    code::Code,
    course::{Course, Seeds},
    record::{Line, Plan},
};
use crate::{commands::model::read_at_most, error::Failure};
use inktensor_neuron::fold::Engine;
use inktensor_primitives::hash::hex;
use inktensor_task::{blake2, Blob, Digest};
use inktensor_train::{State, CORPUS_LIMIT, STATE_LIMIT};
use inktensor_wire::{BlobLimits, Blobs};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The most bytes of a plan.
const PLAN_LIMIT: u64 = 4096;
/// The most bytes of a line of the log: 64 seats with 4096 hashes of 69 bytes, and more.
const LINE_LIMIT: u64 = 20 << 20;

/// The folder of a training.
pub struct Folder {
    path: PathBuf,
    /// The plan.
    pub plan: Plan,
    /// Hash of the plan's file.
    pub home: Digest,
}

impl Folder {
    /// Returns true if the folder has a plan.
    pub fn exists(path: &Path) -> bool {
        plan_file(path).exists()
    }

    /// Makes the folder of a new training, of which `plan` and `corpus` say everything.
    pub fn create(path: &Path, plan: Plan, corpus: &[u8], start: &State) -> Result<Self, Failure> {
        let unusable = |error: io::Error| Failure::unusable("--out", path, &error);
        let start = start.to_blob();
        plan.check(start.len())?;
        fs::create_dir_all(path).map_err(unusable)?;
        let log = path.join("log.jsonl");
        if log.exists() {
            return Err(Failure::in_file(
                &log,
                "the log has no plan beside it; name another folder",
            ));
        }
        let text = plan.text()?;
        let folder = Self {
            path: path.into(),
            plan,
            home: blake2(&text),
        };
        let blobs = folder.blobs()?;
        for blob in [corpus, &start] {
            blobs.put(blob).map_err(Failure::input)?;
        }
        // The plan comes last and at once: a folder with a plan is whole.
        let part = path.join("plan.part");
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
        written
            .and_then(|()| fs::rename(&part, plan_file(path)))
            .map_err(unusable)?;
        Ok(folder)
    }

    /// Opens the folder of a training.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let file = plan_file(path);
        if !file.exists() {
            return Err(Failure::in_file(
                path,
                "there is no plan.json; name a folder that `train start` or `train run` made",
            ));
        }
        let text = read_at_most(&file, PLAN_LIMIT)?;
        let plan: Plan =
            serde_json::from_slice(&text).map_err(|error| Failure::in_file(&file, error))?;
        plan.check(0)
            .map_err(|error| Failure::in_file(&file, error))?;
        Ok(Self {
            path: path.into(),
            plan,
            home: blake2(&text),
        })
    }

    /// Returns the file of a blob.
    pub fn blob_file(&self, hash: &Digest) -> PathBuf {
        let name = hex(hash);
        let name = name.trim_start_matches("0x");
        self.path.join("blobs").join(name)
    }

    /// Returns the training, computed by a Wasm program or by native code, and its first state as
    /// it is stored.
    pub fn course(&self, code: Option<&Code>) -> Result<(Course, State), Stored> {
        let corpus = self.stored(&self.plan.corpus.0, "the corpus", CORPUS_LIMIT)?;
        let start = self.state(&self.plan.start.0, "the first state")?;
        self.plan.check(State::bytes(&start.model.config))?;
        let train = Engine::of(&start, corpus, code.map(Code::named));
        let train = train.map_err(|error| match code {
            Some(code) => Failure::in_file(&code.file, error),
            None => Failure::in_file(&plan_file(&self.path), error),
        })?;
        let course = Course {
            train,
            seeds: Seeds::new(self.plan.seed),
            seats: self.plan.seats,
            steps: self.plan.steps,
            home: self.home,
        };
        Ok((course, start))
    }

    /// Returns the state with this hash, which `what` names.
    pub fn state(&self, hash: &Digest, what: &str) -> Result<State, Stored> {
        let blob = self.stored(hash, what, STATE_LIMIT)?;
        let file = self.blob_file(hash);
        Ok(State::read(&blob).map_err(|error| Failure::in_file(&file, error))?)
    }

    /// Returns a blob, and leaves a changed one where it is.
    fn stored(&self, hash: &Digest, what: &str, most: usize) -> Result<Vec<u8>, Stored> {
        let file = self.blob_file(hash);
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let size = fs::metadata(&file)
            .map_err(|error| Failure::unusable("", &file, &error))?
            .len();
        let bytes = match size > most {
            true => Vec::new(),
            false => read_at_most(&file, most)?,
        };
        if blake2(&bytes) == *hash {
            return Ok(bytes);
        }
        Err(Stored::Changed(format!(
            "{what} {}: {} has other bytes; get the blob again from a copy",
            hex(hash),
            file.display()
        )))
    }

    /// Stores a state.
    pub fn put(&self, state: &State) -> Result<Digest, Failure> {
        self.blobs()?.put(&state.to_blob()).map_err(Failure::input)
    }

    fn blobs(&self) -> Result<Blobs, Failure> {
        let limits = BlobLimits {
            size: u64::try_from(CORPUS_LIMIT.max(STATE_LIMIT)).unwrap_or(u64::MAX),
            ..BlobLimits::default()
        };
        Blobs::at(&self.path.join("blobs"), limits).map_err(Failure::input)
    }

    fn log_file(&self) -> PathBuf {
        self.path.join("log.jsonl")
    }

    /// Returns the lines of the log, one by one. A last line without an end is left out.
    pub fn lines(&self) -> Result<Lines, Failure> {
        let path = self.log_file();
        let reader = match File::open(&path) {
            Ok(file) => Some(BufReader::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Failure::unusable("", &path, &error)),
        };
        Ok(Lines {
            path,
            reader,
            number: 0,
            bytes: 0,
        })
    }

    /// Opens the log for one process alone, and removes a line that was cut off. Returns the last
    /// line.
    pub fn append(&self) -> Result<(Log, Option<Line>), Failure> {
        let path = self.log_file();
        let unusable = |error: io::Error| Failure::unusable("", &path, &error);
        let mut options = OpenOptions::new();
        options.create(true).read(true).write(true).truncate(false);
        let mut file = options.open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::in_file(
                    &path,
                    "another process continues this training; wait for its end",
                ))
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut lines = self.lines()?;
        let mut last: Option<Line> = None;
        for line in lines.by_ref() {
            let line = line?;
            let before = last.map_or(self.plan.start, |last| last.next);
            line.check(&before.0)
                .map_err(|problem| Failure::in_file(&path, problem))?;
            last = Some(line);
        }
        file.set_len(lines.bytes).map_err(unusable)?;
        file.seek(SeekFrom::End(0)).map_err(unusable)?;
        Ok((Log { path, file }, last))
    }
}

fn plan_file(path: &Path) -> PathBuf {
    path.join("plan.json")
}

/// The reason for which a blob of a training cannot be used.
#[derive(Debug)]
pub enum Stored {
    /// The blob's bytes have another hash.
    Changed(String),
    /// The blob is not there or cannot be read.
    Failed(Failure),
}

impl From<Failure> for Stored {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Stored> for Failure {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Changed(problem) => Failure::Input(problem),
            Stored::Failed(failure) => failure,
        }
    }
}

/// The lines of a log.
pub struct Lines {
    path: PathBuf,
    reader: Option<BufReader<File>>,
    /// Number of lines that were read.
    number: u32,
    /// Bytes of whole lines.
    bytes: u64,
}

impl Lines {
    fn read(&mut self) -> Result<Option<Line>, Failure> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        let mut text = Vec::new();
        reader
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut text)
            .map_err(|error| Failure::unusable("", &self.path, &error))?;
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let number = self.number.saturating_add(1);
        let wrong = |problem: &dyn std::fmt::Display| {
            Failure::in_file(&self.path, format_args!("line {number}: {problem}"))
        };
        if text.last() != Some(&b'\n') {
            return match length < LINE_LIMIT {
                true => Ok(None),
                false => Err(wrong(&"the line is too long")),
            };
        }
        let line: Line = serde_json::from_slice(&text).map_err(|error| wrong(&error))?;
        if line.epoch != self.number {
            let (found, needed) = (line.epoch, self.number);
            return Err(wrong(&format_args!(
                "the line is of epoch {found}, not {needed}"
            )));
        }
        self.number = number;
        self.bytes = self.bytes.saturating_add(length);
        Ok(Some(line))
    }
}

impl Iterator for Lines {
    type Item = Result<Line, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read();
        if !matches!(read, Ok(Some(_))) {
            self.reader = None;
        }
        read.transpose()
    }
}

/// A log that one process appends to.
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Appends a line, and waits until it is on the disk.
    pub fn push(&mut self, line: &Line) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(line).map_err(Failure::input)?;
        text.push(b'\n');
        let written = self
            .file
            .write_all(&text)
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| Failure::unusable("", &self.path, &error))
    }
}
