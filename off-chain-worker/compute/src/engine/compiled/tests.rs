use super::*;
use crate::engine::wasm::{Wasm, WasmKernel};
use std::{
    os::unix::fs::{symlink, PermissionsExt},
    sync::atomic::{AtomicU32, Ordering},
};

/// A folder that is removed at the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("inktensor-compiled-{}-{count}", process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Returns the folder of compiled kernels.
    fn kernels(&self) -> PathBuf {
        self.0.join("kernels")
    }

    /// Returns the only file of compiled kernels.
    fn file(&self) -> PathBuf {
        let files: Vec<PathBuf> = fs::read_dir(self.kernels())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    /// Loads the kernel as a new process would. Returns the number of functions compiled.
    fn load(&self, code: &[u8]) -> usize {
        self.kernel(code).compiled().unwrap()
    }

    fn kernel(&self, code: &[u8]) -> Arc<WasmKernel> {
        let mut wasm = Wasm::new().unwrap();
        wasm.keep_compiled_in(&self.kernels()).unwrap();
        wasm.load(code, &blake2(code)).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns a kernel that returns `len` bytes.
fn kernel(len: u32) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "seal0" "seal_return" (func $return (param i32 i32 i32)))
            (import "env" "memory" (memory 1 2))
            (global (mut i32) (i32.const 0))
            (func $answer (call $return (i32.const 0) (i32.const 0) (i32.const {len})))
            (func (export "deploy"))
            (func (export "call") (call $answer)))"#
    ))
    .unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_second_start_compiles_nothing() {
    let (place, code) = (Place::new(), kernel(7));
    assert!(place.load(&code) > 0);
    let written = fs::metadata(place.file()).unwrap().modified().unwrap();
    assert_eq!(place.load(&code), 0);
    let same = fs::metadata(place.file()).unwrap().modified().unwrap();
    assert_eq!(written, same, "nothing is written either");
    let header = inktensor_test_support::header();
    let (kept, fresh) = (place.kernel(&code), Wasm::new().unwrap());
    let fresh = fresh.load(&code, &blake2(&code)).unwrap();
    assert_eq!(fresh.compiled(), None);
    use crate::engine::Engine;
    assert_eq!(kept.plan(&header), fresh.plan(&header));
}

#[test]
fn a_trusted_kernel_has_a_file_of_its_own() {
    let (place, code) = (Place::new(), kernel(7));
    let trusting = || {
        let wasm = Wasm::new().and_then(|wasm| wasm.trusting(blake2(&code)));
        let mut wasm = wasm.unwrap();
        wasm.keep_compiled_in(&place.kernels()).unwrap();
        let loaded = wasm.load(&code, &blake2(&code));
        loaded.unwrap().compiled().unwrap()
    };
    assert!(place.load(&code) > 0);
    assert!(trusting() > 0);
    assert_eq!((place.load(&code), trusting()), (0, 0));
    assert_eq!(fs::read_dir(place.kernels()).unwrap().count(), 2);
}

#[test]
fn a_damaged_file_is_compiled_again() {
    let (place, code) = (Place::new(), kernel(7));
    let all = place.load(&code);
    let good = fs::read(place.file()).unwrap();
    let last = good.len() - 1;
    let mut damaged: Vec<Vec<u8>> = vec![Vec::new(), good[..last].to_vec()];
    for at in [0, MAGIC.len(), MAGIC.len() + 32, good.len() / 2, last] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        damaged.push(bytes);
    }
    for bytes in damaged {
        fs::write(place.file(), &bytes).unwrap();
        assert_eq!(place.load(&code), all);
        assert_eq!(fs::read(place.file()).unwrap().len(), good.len());
        assert_eq!(place.load(&code), 0);
    }
}

#[test]
fn a_file_of_another_version_or_kernel_is_compiled_again() {
    let (place, code) = (Place::new(), kernel(7));
    let all = place.load(&code);
    let content = || Content::of(&fs::read(place.file()).unwrap()).unwrap();
    let changes: [fn(&mut Content); 2] = [
        |content| content.compatibility ^= 1,
        |content| content.kernel[0] ^= 1,
    ];
    for change in changes {
        let mut changed = content();
        change(&mut changed);
        fs::write(place.file(), changed.to_file()).unwrap();
        assert_eq!(place.load(&code), all);
        assert_eq!(place.load(&code), 0);
    }
    // Two kernels may share a function, and share no file.
    assert!(place.load(&kernel(8)) > 0);
    assert_eq!(fs::read_dir(place.kernels()).unwrap().count(), 2);
}

#[test]
fn what_others_can_write_is_not_run() {
    let (place, code) = (Place::new(), kernel(7));
    let all = place.load(&code);
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(
        (mode(&place.kernels()), mode(&place.file())),
        (0o700, 0o600)
    );
    for shared in [0o620, 0o602] {
        set_mode(&place.file(), shared);
        assert_eq!(place.load(&code), all, "{shared:o}");
        assert_eq!(mode(&place.file()), 0o600);
    }
    let file = place.file();
    let elsewhere = place.0.join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert_eq!(place.load(&code), all, "a link leads anywhere");
    assert_eq!(place.load(&code), 0);
}

#[test]
fn a_folder_that_others_can_write_is_refused() {
    let place = Place::new();
    let path = place.kernels();
    fs::create_dir(&path).unwrap();
    for mode in [0o720, 0o702, 0o777] {
        set_mode(&path, mode);
        let error = Folder::open(&path).unwrap_err();
        assert_eq!(
            error,
            FolderError::Writable {
                path: path.clone(),
                mode
            }
        );
        assert!(error.to_string().contains(&format!("mode {mode:03o}")));
    }
    set_mode(&path, 0o755);
    assert!(Folder::open(&path).is_ok());
    let link = place.0.join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(
        Folder::open(&link).unwrap_err(),
        FolderError::NoFolder(link)
    );
}

#[test]
fn what_another_account_owns_is_refused() {
    let place = Place::new();
    let folder = Folder::open(&place.kernels()).unwrap();
    folder.write("file", b"x").unwrap();
    assert_eq!(folder.read("file"), Some(b"x".to_vec()));
    let found = fs::metadata(place.kernels()).unwrap();
    assert_eq!(folder.check(&found), Ok(()));
    // To another account, all of this is of another account.
    let other = Folder {
        own: folder.own ^ 1,
        ..folder.clone()
    };
    let refused = FolderError::OfAnother {
        path: place.kernels(),
        found: folder.own,
        own: other.own,
    };
    assert_eq!(other.check(&found), Err(refused));
    assert_eq!(other.read("file"), None);
}

#[test]
fn the_folder_keeps_a_bounded_number_of_files() {
    let place = Place::new();
    let folder = Folder::open(&place.kernels()).unwrap();
    fs::write(place.kernels().join("notes"), b"of the user").unwrap();
    let numbered = |number: usize| name(&blake2(&number.to_le_bytes()), true);
    for number in 0..MAX_FILES + 3 {
        folder.write(&numbered(number), b"x").unwrap();
    }
    let files = fs::read_dir(place.kernels()).unwrap().count();
    assert_eq!(files, MAX_FILES + 1, "files of other names stay");
    assert!(folder.read("notes").is_some());
    assert!(folder.read(&numbered(MAX_FILES + 2)).is_some());
}
