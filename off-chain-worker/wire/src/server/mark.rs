//! The mark of `created`: a second after which no question has been accepted, kept in a file.
//!
//! Nonces are lost with their process. The mark is not, so a process that starts with a clock
//! behind that of the process before refuses what that one may have answered. The file is written
//! ahead, once for all questions of the next [`AHEAD`] seconds: a killed process leaves a mark that
//! is too high by so much at most. One that stops in order leaves the exact one.

use super::state::lock;
use crate::blobs::{sync_folder, write_whole};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};
use thiserror::Error;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

/// Seconds by which a mark is stored ahead of the question that needs it. It bounds how often the
/// file is written, and how long a receiver refuses questions after its process was killed.
const AHEAD: u64 = 3;
/// Most bytes of the file: the digits of the largest number, and the end of the line.
const MAX_FILE: u64 = 21;
/// The last letters of a file that is not yet whole.
const PART: &str = ".new";

/// The mark of a hotkey's servers: every `created` that was accepted is at or below it.
///
/// One process has one mark for all its servers of a hotkey, one after the other.
#[derive(Debug)]
pub struct Mark {
    path: PathBuf,
    memory: Mutex<Memory>,
    /// Held while the file is written.
    writing: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Memory {
    /// The mark in the file, or a lower one.
    stored: u64,
    /// The highest `created` that was accepted.
    highest: u64,
    /// True if the file could not be written the last time.
    fails: bool,
}

/// An error of a mark's file.
#[derive(Debug, Error)]
pub enum MarkError {
    /// A file that cannot be read or written.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        problem: io::Error,
    },
    /// A file without a number of seconds.
    #[error(
        "{} does not hold a number of seconds since 1970; if no question of the last minute was \
         answered with this hotkey, remove the file",
        .0.display()
    )]
    Content(PathBuf),
}

impl Mark {
    /// Opens the mark in the file `path`, or makes one. Blocks while the file is written.
    ///
    /// # Errors
    /// See [`MarkError`].
    pub fn open(path: &Path) -> Result<Self, MarkError> {
        let file = |problem| MarkError::File {
            path: path.into(),
            problem,
        };
        let stored = match fs::metadata(path) {
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => 0,
            Err(problem) => return Err(file(problem)),
            Ok(found) if !found.is_file() || found.len() > MAX_FILE => {
                return Err(MarkError::Content(path.into()))
            }
            Ok(_) => {
                let text = fs::read(path).map_err(file)?;
                read(&text).ok_or_else(|| MarkError::Content(path.into()))?
            }
        };
        // A file that cannot be written is found now, and not by the first question.
        write(path, stored).map_err(file)?;
        Ok(Self {
            path: path.into(),
            memory: Mutex::new(Memory {
                stored,
                highest: stored,
                fails: false,
            }),
            writing: Arc::default(),
        })
    }

    /// Returns the first `created` that was not accepted before.
    pub(super) fn first(&self) -> u64 {
        self.memory().stored.saturating_add(1)
    }

    /// Returns the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns when the mark on the disk is at or above `created`. Call it before a question is
    /// accepted.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(super) async fn cover(self: &Arc<Self>, created: u64) -> io::Result<()> {
        if self.raise(created) {
            return Ok(());
        }
        let one = Arc::clone(&self.writing).lock_owned().await;
        if self.raise(created) {
            return Ok(());
        }
        let (mark, next) = (Arc::clone(self), created.saturating_add(AHEAD));
        // The lock goes with the write: a caller that leaves must not let a second one begin.
        let written = spawn_blocking(move || {
            let written = write(&mark.path, next);
            mark.wrote(next, &written);
            drop(one);
            written
        });
        written.await.map_err(io::Error::other)?
    }

    /// Lowers the mark to the highest `created` that was accepted. Call it when a server has ended.
    pub(super) async fn release(self: &Arc<Self>) {
        let one = Arc::clone(&self.writing).lock_owned().await;
        let mark = Arc::clone(self);
        let written = spawn_blocking(move || {
            // Lower in memory first: a question from here on raises the file again.
            let highest = mark.lower();
            let written = write(&mark.path, highest);
            mark.wrote(highest, &written);
            drop(one);
        });
        // A mark that stays too high is safe.
        let _ = written.await;
    }

    /// Notes a `created` that is about to be accepted. True if the mark on the disk is above it.
    fn raise(&self, created: u64) -> bool {
        let mut memory = self.memory();
        memory.highest = memory.highest.max(created);
        created <= memory.stored
    }

    fn lower(&self) -> u64 {
        let mut memory = self.memory();
        memory.stored = memory.stored.min(memory.highest);
        memory.stored
    }

    /// Notes the end of a write. A problem is logged when it appears.
    fn wrote(&self, mark: u64, written: &io::Result<()>) {
        let mut memory = self.memory();
        match written {
            Ok(()) => {
                memory.stored = mark;
                if memory.fails {
                    info!("{} can be written again", self.path.display());
                }
            }
            Err(problem) if !memory.fails => warn!(
                "{}: {problem}; questions are refused until it can be written",
                self.path.display()
            ),
            Err(_) => {}
        }
        memory.fails = written.is_err();
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }
}

/// Returns the number of a file, in the form in which it is written.
fn read(text: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
    let digits = line.bytes().all(|it| it.is_ascii_digit());
    line.parse().ok().filter(|_| digits)
}

/// Writes a file that is whole as soon as it has its name.
fn write(path: &Path, mark: u64) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(PART);
    let beside = PathBuf::from(beside);
    write_whole(&beside, format!("{mark}\n").as_bytes())?;
    fs::rename(&beside, path)?;
    // A name without a folder is one in the folder of the process.
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    sync_folder(folder.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    const NOW: u64 = 1_764_344_000;

    fn opened(folder: &Folder) -> Arc<Mark> {
        Arc::new(Mark::open(&folder.path().join("created")).unwrap())
    }

    fn stored(folder: &Folder) -> u64 {
        let text = fs::read(folder.path().join("created")).unwrap();
        read(&text).unwrap()
    }

    #[tokio::test]
    async fn cover_stores_every_second_and_writes_once_for_several() {
        let folder = Folder::new("mark-cover");
        let mark = opened(&folder);
        let mut marks = vec![stored(&folder)];
        for created in NOW..NOW + 40 {
            for again in 0..3 {
                mark.cover(created - again).await.unwrap();
                assert!(stored(&folder) >= created, "{created}");
            }
            marks.push(stored(&folder));
        }
        marks.dedup();
        assert_eq!(marks.len(), 11, "{marks:?}");
        assert_eq!(opened(&folder).first(), NOW + 40);
    }

    #[tokio::test]
    async fn release_stores_the_highest_second_that_was_accepted() {
        let folder = Folder::new("mark-release");
        let mark = opened(&folder);
        mark.cover(NOW).await.unwrap();
        assert_eq!(stored(&folder), NOW + AHEAD);
        mark.release().await;
        assert_eq!(stored(&folder), NOW);
        // A question that comes after it raises the mark again.
        mark.cover(NOW + 1).await.unwrap();
        assert!(stored(&folder) > NOW);
        let again = opened(&folder);
        again.release().await;
        assert_eq!(stored(&folder), NOW + 1 + AHEAD);
    }

    #[tokio::test]
    async fn cover_of_many_at_once_leaves_the_highest() {
        let folder = Folder::new("mark-many");
        let mark = opened(&folder);
        let mut tasks = Vec::new();
        for created in (NOW..NOW + 50).rev() {
            let mark = Arc::clone(&mark);
            tasks.push(tokio::spawn(async move { mark.cover(created).await }));
        }
        for (place, task) in tasks.into_iter().enumerate() {
            match place % 3 {
                0 => task.abort(),
                _ => task.await.unwrap().unwrap(),
            }
        }
        let highest = NOW + 49;
        mark.cover(highest).await.unwrap();
        assert!(stored(&folder) >= highest);
        assert_eq!(mark.first(), stored(&folder) + 1);
    }

    #[tokio::test]
    async fn cover_fails_while_the_file_cannot_be_written() {
        let folder = Folder::new("mark-fails");
        let mark = opened(&folder);
        let path = folder.path().to_owned();
        fs::remove_dir_all(&path).unwrap();
        assert!(mark.cover(NOW).await.is_err());
        assert!(mark.cover(NOW).await.is_err());
        fs::create_dir_all(&path).unwrap();
        mark.cover(NOW).await.unwrap();
        assert_eq!(stored(&folder), NOW + AHEAD);
    }

    #[test]
    fn open_refuses_a_file_without_a_number() {
        let folder = Folder::new("mark-content");
        let path = folder.path().join("created");
        for text in [
            "",
            "\n",
            "1",
            "+1\n",
            "1\n\n",
            "x\n",
            "18446744073709551616\n",
        ] {
            fs::write(&path, text).unwrap();
            let refused = Mark::open(&path).unwrap_err();
            assert!(matches!(refused, MarkError::Content(_)), "{text:?}");
        }
        fs::write(&path, "18446744073709551615\n").unwrap();
        assert_eq!(Mark::open(&path).unwrap().first(), u64::MAX);
        let nowhere = Mark::open(&folder.path().join("none/created")).unwrap_err();
        assert!(matches!(nowhere, MarkError::File { .. }), "{nowhere}");
    }
}
