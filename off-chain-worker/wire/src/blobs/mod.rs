//! Blobs: files by the BLAKE2b-256 hash of their bytes, in a folder of bounded size.

mod fetch;
pub(crate) mod range;

pub use fetch::{FetchError, Mirror, MirrorError, MirrorProblem};

use blake2b_simd::{Params, State};
use inktensor_client::ss58::hexadecimal;
use inktensor_primitives::{
    hash::{blake2, hex},
    Digest,
};
use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex, MutexGuard, PoisonError,
    },
};
use thiserror::Error;

/// The last letters of a file that is not yet whole.
const PART: &str = ".part";
/// Bytes of a file that are hashed at a time.
const PIECE: usize = 64 * 1024;

/// The limits of a folder of blobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobLimits {
    /// Most blobs.
    pub count: usize,
    /// Most bytes of all blobs.
    pub bytes: u64,
    /// Most bytes of one blob.
    pub size: u64,
}

impl Default for BlobLimits {
    fn default() -> Self {
        let gib = 1024 * 1024 * 1024;
        Self {
            count: 10_000,
            bytes: 10 * gib,
            size: gib,
        }
    }
}

/// A folder of blobs.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    limits: BlobLimits,
    held: Mutex<Held>,
    parts: AtomicU64,
    /// Held while a file is hashed, so that one is read at a time.
    checks: tokio::sync::Mutex<()>,
}

/// The blobs of the folder, with what is reserved for those being written.
#[derive(Debug, Default)]
struct Held {
    sizes: HashMap<Digest, u64>,
    /// The blobs whose bytes this process has hashed: written, or read once.
    checked: HashSet<Digest>,
    bytes: u64,
    reserved: usize,
}

/// An error of a folder of blobs.
#[derive(Debug, Error)]
pub enum BlobError {
    /// A file that cannot be read or written.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        problem: io::Error,
    },
    /// A blob that is not there.
    #[error("the blob {} is not in this folder", hex(.0))]
    Unknown(Digest),
    /// A file whose bytes do not have the hash of its name.
    #[error("the file of blob {} has other bytes; it was damaged, and is removed", hex(.0))]
    Damaged(Digest),
    /// A blob above the limit.
    #[error("a blob of {size} bytes is above the limit of {limit}")]
    Size {
        /// The size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A folder without room.
    #[error(
        "the folder of blobs is full: {count} blobs with {bytes} bytes, of {} and {}; remove some",
        limits.count, limits.bytes
    )]
    Full {
        /// The number of blobs.
        count: usize,
        /// Their bytes.
        bytes: u64,
        /// The limits.
        limits: BlobLimits,
    },
}

impl Blobs {
    /// Opens a folder, and makes it if it does not exist. Files that are not whole are removed.
    ///
    /// # Errors
    /// [`BlobError::File`]. A folder above its limits opens, and takes no further blobs.
    pub fn at(folder: &Path, limits: BlobLimits) -> Result<Self, BlobError> {
        let file = |problem| BlobError::File {
            path: folder.into(),
            problem,
        };
        fs::create_dir_all(folder).map_err(file)?;
        let mut held = Held::default();
        for entry in fs::read_dir(folder).map_err(file)? {
            let entry = entry.map_err(file)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(PART) {
                fs::remove_file(entry.path()).map_err(file)?;
            } else if let Some(hash) = hexadecimal(&name).and_then(|it| it.try_into().ok()) {
                let size = entry.metadata().map_err(file)?.len();
                held.bytes = held.bytes.saturating_add(size);
                held.sizes.insert(hash, size);
            }
        }
        Ok(Self {
            folder: folder.into(),
            limits,
            held: Mutex::new(held),
            parts: AtomicU64::new(0),
            checks: tokio::sync::Mutex::default(),
        })
    }

    /// Stores `bytes`, and returns their hash. Blocks while the file is written.
    ///
    /// # Errors
    /// [`BlobError::Size`], [`BlobError::Full`], [`BlobError::File`], in this order.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let hash = blake2(bytes);
        if self.contains(&hash) {
            return Ok(hash);
        }
        let room = self.reserve(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        let part = self.part();
        let file = |problem| BlobError::File {
            path: part.clone(),
            problem,
        };
        let written = write_whole(&part, bytes).map_err(file);
        let kept = written.and_then(|()| self.keep(&part, hash, room));
        if kept.is_err() {
            // The first error is the one to report.
            let _ = fs::remove_file(&part);
        }
        kept.map(|()| hash)
    }

    /// Returns the bytes with this hash. Blocks while the file is read.
    ///
    /// # Errors
    /// [`BlobError::Unknown`], [`BlobError::File`], [`BlobError::Damaged`], in this order.
    pub fn get(&self, hash: &Digest) -> Result<Vec<u8>, BlobError> {
        if !self.contains(hash) {
            return Err(BlobError::Unknown(*hash));
        }
        let path = self.path(hash);
        let bytes = fs::read(&path).map_err(|problem| BlobError::File { path, problem })?;
        if blake2(&bytes) != *hash {
            self.remove(hash)?;
            return Err(BlobError::Damaged(*hash));
        }
        Ok(bytes)
    }

    /// Returns true if the folder has this blob.
    pub fn contains(&self, hash: &Digest) -> bool {
        self.size_of(hash).is_some()
    }

    fn size_of(&self, hash: &Digest) -> Option<u64> {
        self.held().sizes.get(hash).copied()
    }

    /// Returns the file of a blob.
    pub fn path(&self, hash: &Digest) -> PathBuf {
        self.folder.join(digits(hash))
    }

    /// Returns the hashes of all blobs, in order.
    pub fn hashes(&self) -> Vec<Digest> {
        let mut hashes: Vec<Digest> = self.held().sizes.keys().copied().collect();
        hashes.sort_unstable();
        hashes
    }

    /// Removes a blob. A reader that has it open reads it to its end.
    ///
    /// # Errors
    /// [`BlobError::File`].
    pub fn remove(&self, hash: &Digest) -> Result<(), BlobError> {
        let mut held = self.held();
        held.checked.remove(hash);
        let Some(size) = held.sizes.remove(hash) else {
            return Ok(());
        };
        held.bytes = held.bytes.saturating_sub(size);
        drop(held);
        let path = self.path(hash);
        match fs::remove_file(&path) {
            Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                Err(BlobError::File { path, problem })
            }
            _ => Ok(()),
        }
    }

    /// Opens a blob for reading, and returns its size. A blob of an earlier process is hashed once
    /// before: the disk may have damaged it meanwhile.
    ///
    /// # Errors
    /// [`BlobError::Unknown`], [`BlobError::File`], [`BlobError::Damaged`], in this order.
    pub(crate) async fn open(&self, hash: &Digest) -> Result<(tokio::fs::File, u64), BlobError> {
        let size = self.size_of(hash).ok_or(BlobError::Unknown(*hash))?;
        let path = self.path(hash);
        let failed = |problem| BlobError::File {
            path: path.clone(),
            problem,
        };
        let file = tokio::fs::File::open(&path).await.map_err(failed)?;
        let length = file.metadata().await.map_err(failed)?.len();
        if length != size || !self.is_checked(hash, &path).await.map_err(failed)? {
            self.remove(hash)?;
            return Err(BlobError::Damaged(*hash));
        }
        Ok((file, size))
    }

    /// Returns true if the bytes of a file have its hash. Hashes them at the first call only.
    async fn is_checked(&self, hash: &Digest, path: &Path) -> io::Result<bool> {
        if self.held().checked.contains(hash) {
            return Ok(true);
        }
        let _one = self.checks.lock().await;
        if self.held().checked.contains(hash) {
            return Ok(true);
        }
        let (expected, path) = (*hash, path.to_owned());
        let hashed = tokio::task::spawn_blocking(move || hash_of(&path)).await;
        let same = hashed.map_err(io::Error::other)?? == expected;
        let mut held = self.held();
        // Not if it was removed meanwhile.
        if same && held.sizes.contains_key(hash) {
            held.checked.insert(expected);
        }
        Ok(same)
    }

    /// Reserves room for a blob that is about to be written.
    fn reserve(&self, size: u64) -> Result<Room<'_>, BlobError> {
        let limits = self.limits;
        if size > limits.size {
            return Err(BlobError::Size {
                size,
                limit: limits.size,
            });
        }
        let mut held = self.held();
        let count = held.sizes.len().saturating_add(held.reserved);
        let bytes = held.bytes;
        let after = bytes
            .checked_add(size)
            .filter(|after| *after <= limits.bytes);
        match after {
            Some(after) if count < limits.count => {
                held.bytes = after;
                held.reserved = held.reserved.saturating_add(1);
                Ok(Room { blobs: self, size })
            }
            _ => Err(BlobError::Full {
                count,
                bytes,
                limits,
            }),
        }
    }

    /// Gives a whole file its name.
    fn keep(&self, part: &Path, hash: Digest, room: Room<'_>) -> Result<(), BlobError> {
        let path = self.path(&hash);
        let renamed = fs::rename(part, &path).and_then(|()| sync_folder(&self.folder));
        renamed.map_err(|problem| BlobError::File { path, problem })?;
        let mut held = self.held();
        held.checked.insert(hash);
        // Another task may have stored the same blob meanwhile: it counts once.
        if held.sizes.insert(hash, room.size).is_none() {
            held.bytes = held.bytes.saturating_add(room.size);
        }
        drop(held);
        drop(room);
        Ok(())
    }

    fn part(&self) -> PathBuf {
        let number = self.parts.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("{number}{PART}"))
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one blob, given back when the value is dropped.
struct Room<'a> {
    blobs: &'a Blobs,
    size: u64,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut held = self.blobs.held();
        held.bytes = held.bytes.saturating_sub(self.size);
        held.reserved = held.reserved.saturating_sub(1);
    }
}

/// The hash of a blob in pieces.
struct Hasher(State);

impl Hasher {
    fn new() -> Self {
        Self(Params::new().hash_length(32).to_state())
    }

    fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    fn digest(&self) -> Digest {
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(self.0.finalize().as_bytes()) {
            *to = *from;
        }
        digest
    }
}

/// Writes a file, and returns when its bytes are on the disk.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Returns when the names of a folder are on the disk. Only Unix opens a folder for that.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Returns the hash of a file, which is read in pieces.
fn hash_of(path: &Path) -> io::Result<Digest> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Hasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else {
            return Ok(hasher.digest());
        };
        hasher.update(read);
    }
}

/// Returns a hash as its file and its path are named: 64 digits, without `0x`.
fn digits(hash: &Digest) -> String {
    let text = hex(hash);
    text.strip_prefix("0x").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests;
