//! Compiled kernels, kept in a folder of the worker's own: the next start need not compile them.
//!
//! wasmtime compiles a kernel function by function. Before each one it asks here for the function
//! under the hash of all that it is compiled from: its code, the compiler's version and settings.
//! The functions of a kernel are one file, named by the kernel's code hash and by whether it is
//! watched. So no kernel can put anything into the file of another one.
//!
//! Compiled code is run as it is read. An account that could change a file here could run code as
//! the worker, so a folder or a file that another account owns or may write is not used, and the
//! log says so. A file that is damaged, or of another version, is not used either: the kernel is
//! compiled, and the file written again.

use inktensor_primitives::{
    hash::{blake2, hex},
    Digest,
};
use scale::{Decode, DecodeAll, Encode};
use std::{
    borrow::Cow,
    collections::HashMap,
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
};
use wasmtime::{CacheStore, Engine};

/// First bytes of a file.
const MAGIC: [u8; 8] = *b"inkcomp1";
/// Largest file in bytes. A kernel has at most 123 KiB of Wasm, and takes some ten times that when
/// compiled.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Most files. The one written first is removed for another one.
const MAX_FILES: usize = 64;
/// Rights that only the owner may have.
const WRITE_OF_OTHERS: u32 = 0o022;

/// An error that keeps a folder of compiled kernels from being used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be created or read.
    #[error("the folder of compiled kernels {}: {reason}", path.display())]
    Unavailable {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        reason: String,
    },
    /// It is a link or a file.
    #[error("{} is not a folder, and compiled kernels are kept there; remove it", .0.display())]
    NoFolder(PathBuf),
    /// Another account owns it.
    #[error("the folder of compiled kernels {} belongs to another account (uid {found}, not {own}), which could run code as this one; remove it", path.display())]
    OfAnother {
        /// The folder.
        path: PathBuf,
        /// Owner of the folder.
        found: u32,
        /// Account of this process.
        own: u32,
    },
    /// Other accounts may write to it.
    #[error("other accounts may write to the folder of compiled kernels {} (mode {mode:03o}), and could run code as this one; remove it", path.display())]
    Writable {
        /// The folder.
        path: PathBuf,
        /// Rights of the folder.
        mode: u32,
    },
}

/// A folder of compiled kernels.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// Account of this process.
    own: u32,
}

impl Folder {
    /// Opens the folder at `path`. A new one is created for this account alone.
    ///
    /// # Errors
    /// See [`FolderError`].
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let unavailable = |error: io::Error| FolderError::Unavailable {
            path: path.to_path_buf(),
            reason: error.to_string(),
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(unavailable)?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(unavailable(error));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(path).map_err(unavailable)?;
        if !found.is_dir() {
            return Err(FolderError::NoFolder(path.to_path_buf()));
        }
        let folder = Self {
            path: path.to_path_buf(),
            own: own_account(path).map_err(unavailable)?,
        };
        folder.check(&found).map(|()| folder)
    }

    /// Checks that only this account may write to the folder, which was `found`.
    fn check(&self, found: &Metadata) -> Result<(), FolderError> {
        let mode = found.mode() & 0o777;
        if mode & WRITE_OF_OTHERS != 0 {
            return Err(FolderError::Writable {
                path: self.path.clone(),
                mode,
            });
        }
        if found.uid() != self.own {
            return Err(FolderError::OfAnother {
                path: self.path.clone(),
                found: found.uid(),
                own: self.own,
            });
        }
        Ok(())
    }

    /// Returns the bytes of the file with this name. Returns `None` if there is no such file, or if
    /// another account could have written it.
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.path.join(name);
        let listed = fs::symlink_metadata(&path).ok()?;
        if !self.is_own(&listed) || listed.len() > MAX_FILE {
            let path = path.display();
            tracing::warn!(%path, "a compiled kernel is not used: it is not a file of this account alone");
            return None;
        }
        let file = File::open(&path).ok()?;
        let opened = file.metadata().ok()?;
        let is_same = (opened.dev(), opened.ino()) == (listed.dev(), listed.ino());
        if !is_same || !self.is_own(&opened) || opened.len() > MAX_FILE {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    fn is_own(&self, file: &Metadata) -> bool {
        file.is_file() && file.uid() == self.own && file.mode() & WRITE_OF_OTHERS == 0
    }

    /// Writes a file, as a whole or not at all, and removes the oldest ones if there are too many.
    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.path.join(format!("{name}.{}", process::id()));
        let written = create(&unfinished)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&unfinished, self.path.join(name)));
        if let Err(error) = written {
            // Half a file must not stay on a disk that is full.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let path = entry.path();
            let found = fs::symlink_metadata(&path)?;
            // Files of other names are not this program's, and stay.
            if found.is_file() && is_name(&entry.file_name().to_string_lossy()) {
                files.push((found.modified()?, path));
            }
        }
        files.sort();
        let over = files.len().saturating_sub(MAX_FILES);
        files
            .iter()
            .take(over)
            .try_for_each(|(_, path)| fs::remove_file(path))
    }
}

/// Returns the account of this process: the owner of what it creates in `folder`.
fn own_account(folder: &Path) -> io::Result<u32> {
    let path = folder.join(format!("account.{}", process::id()));
    let own = create(&path)?.metadata()?.uid();
    // Another process with this number may have removed it.
    let _ = fs::remove_file(&path);
    Ok(own)
}

/// Creates a file that only this account may read, in place of what an earlier process with the
/// same number left behind.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// The content of a file.
#[derive(Default, Encode, Decode)]
struct Content {
    /// Hash of this crate's version, and of the version and all settings of wasmtime.
    compatibility: u64,
    /// Code hash of the kernel.
    kernel: Digest,
    /// Compiled functions, by the hash of what each was compiled from.
    functions: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Content {
    /// Returns the content of a file; `None` if it is damaged.
    fn of(file: &[u8]) -> Option<Self> {
        let rest = file.strip_prefix(&MAGIC)?;
        let (digest, content) = rest.split_first_chunk()?;
        if blake2(content) != *digest {
            return None;
        }
        Self::decode_all(&mut &content[..]).ok()
    }

    fn to_file(&self) -> Vec<u8> {
        let content = self.encode();
        [&MAGIC[..], &blake2(&content), &content].concat()
    }
}

/// Compiled functions while kernels are compiled, each kernel in one thread.
#[derive(Clone, Debug)]
pub struct Functions {
    folder: Folder,
    threads: Arc<Mutex<HashMap<ThreadId, OfKernel>>>,
}

/// The functions of a kernel that is being compiled.
#[derive(Debug, Default)]
struct OfKernel {
    /// Functions of the file.
    kept: HashMap<Vec<u8>, Vec<u8>>,
    /// Functions that are not in it.
    compiled: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Functions {
    /// Keeps the functions in `folder`.
    pub fn in_folder(folder: Folder) -> Self {
        Self {
            folder,
            threads: Arc::default(),
        }
    }

    /// Compiles the kernel with code hash `kernel` with `compile`, which runs wasmtime in this
    /// thread, and keeps what was compiled. Returns the number of functions that were.
    ///
    /// A kernel that cannot be kept, on a full disk for example, is compiled at the next start too.
    pub fn keep<T>(
        &self,
        engine: &Engine,
        (kernel, watched): (&Digest, bool),
        compile: impl FnOnce() -> T,
    ) -> (T, usize) {
        let name = name(kernel, watched);
        let compatibility = compatibility(engine);
        let content = self.folder.read(&name).and_then(|file| Content::of(&file));
        let content = content
            .filter(|it| (it.compatibility, it.kernel) == (compatibility, *kernel))
            .unwrap_or_default();
        let of_kernel = OfKernel {
            kept: content.functions.into_iter().collect(),
            ..OfKernel::default()
        };
        self.threads().insert(thread::current().id(), of_kernel);
        let outcome = compile();
        let done = self.threads().remove(&thread::current().id());
        let OfKernel { kept, compiled } = done.unwrap_or_default();
        let number = compiled.len();
        if number > 0 {
            let content = Content {
                compatibility,
                kernel: *kernel,
                functions: kept.into_iter().chain(compiled).collect(),
            };
            let file = content.to_file();
            if u64::try_from(file.len()).is_ok_and(|len| len <= MAX_FILE) {
                if let Err(error) = self.folder.write(&name, &file) {
                    let kernel = hex(kernel);
                    tracing::warn!(%error, %kernel, "a compiled kernel is not kept");
                }
            }
        }
        (outcome, number)
    }

    fn threads(&self) -> MutexGuard<'_, HashMap<ThreadId, OfKernel>> {
        // The map is whole even if a thread panicked while it held the lock.
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let threads = self.threads();
        let function = threads.get(&thread::current().id())?.kept.get(key)?;
        Some(function.clone().into())
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        match self.threads().get_mut(&thread::current().id()) {
            Some(of_kernel) => {
                of_kernel.compiled.push((key.to_vec(), value));
                true
            }
            None => false,
        }
    }
}

/// Returns the name of a kernel's file.
fn name(kernel: &Digest, watched: bool) -> String {
    let setting = if watched { "watched" } else { "trusted" };
    let hash = hex(kernel);
    let hash = hash.trim_start_matches("0x");
    format!("{hash}-{setting}")
}

/// Returns true if a file has the name of a kernel's file, finished or not.
fn is_name(name: &str) -> bool {
    let Some((hash, rest)) = name.split_once('-') else {
        return false;
    };
    let (setting, process) = rest.split_once('.').unwrap_or((rest, "0"));
    hash.len() == 2 * size_of::<Digest>()
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && ["watched", "trusted"].contains(&setting)
        && process.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns a hash that changes with this crate's version, and with wasmtime's version and settings.
fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
