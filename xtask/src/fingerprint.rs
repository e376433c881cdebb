//! The fingerprint of everything that decides a contract's code.

use anyhow::{Context, Result};
use blake2b_simd::{Params, State};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders of a package that never reach its code.
const BESIDE_THE_CODE: [&str; 4] = ["tests", "benches", "examples", "target"];

/// A hash of named ingredients, which does not depend on where the folder of files lies.
pub struct Fingerprint {
    state: State,
    root: PathBuf,
}

impl Fingerprint {
    /// Returns a fingerprint without ingredients, for files below `root`.
    pub fn below(root: &Path) -> Self {
        Self {
            state: Params::new().hash_length(32).to_state(),
            root: root.to_path_buf(),
        }
    }

    /// Adds the ingredient `name`.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        // Lengths keep ingredients apart.
        for part in [name.as_bytes(), value] {
            self.state
                .update(&(part.len() as u64).to_le_bytes())
                .update(part);
        }
    }

    /// Adds a file.
    pub fn add_file(&mut self, path: &Path) -> Result<()> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.strip_prefix(&self.root).unwrap_or(path);
        self.add(&name.to_string_lossy(), &bytes);
        Ok(())
    }

    /// Adds the package in `folder`: its manifest and sources, but not its tests, nor a package
    /// within it.
    pub fn add_package(&mut self, folder: &Path) -> Result<()> {
        for path in entries(folder)? {
            let beside = BESIDE_THE_CODE.iter().any(|name| path.ends_with(name));
            if !beside && !path.join("Cargo.toml").is_file() {
                self.add_tree(&path)?;
            }
        }
        Ok(())
    }

    fn add_tree(&mut self, path: &Path) -> Result<()> {
        if !path.is_dir() {
            return self.add_file(path);
        }
        entries(path)?
            .iter()
            .try_for_each(|entry| self.add_tree(entry))
    }

    /// The hash, in hexadecimal.
    pub fn finish(&self) -> String {
        self.state.finalize().to_hex().to_string()
    }
}

/// Returns the entries of a folder in an order that does not depend on the file system, without
/// editors' hidden files.
fn entries(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let read = || -> std::io::Result<Vec<_>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let mut paths = read().with_context(|| format!("cannot read {}", folder.display()))?;
    paths.retain(|path| {
        path.file_name()
            .is_some_and(|name| !name.to_string_lossy().starts_with('.'))
    });
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A package in a folder of its own, removed at the end.
    struct Package(PathBuf);

    impl Package {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir()
                .join(format!("xtask-fingerprint-{name}-{}", std::process::id()));
            fs::create_dir_all(folder.join("src")).unwrap();
            fs::create_dir_all(folder.join("tests")).unwrap();
            let package = Self(folder);
            package.write("Cargo.toml", "[package]");
            package.write("src/lib.rs", "pub mod a;");
            package
        }

        fn write(&self, path: &str, text: &str) {
            fs::write(self.0.join(path), text).unwrap();
        }

        fn fingerprint(&self) -> String {
            let mut fingerprint = Fingerprint::below(&self.0);
            fingerprint.add_package(&self.0).unwrap();
            fingerprint.finish()
        }
    }

    impl Drop for Package {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn sources_and_manifest_count() {
        let package = Package::new("sources");
        let first = package.fingerprint();
        assert_eq!(package.fingerprint(), first);
        package.write("src/a.rs", "");
        let second = package.fingerprint();
        assert_ne!(second, first);
        package.write("Cargo.toml", "[package]\n");
        assert_ne!(package.fingerprint(), second);
    }

    #[test]
    fn tests_hidden_files_and_inner_packages_do_not_count() {
        let package = Package::new("tests");
        fs::create_dir_all(package.0.join("reference")).unwrap();
        package.write("reference/Cargo.toml", "[package]");
        let first = package.fingerprint();
        package.write("tests/rules.rs", "#[test] fn holds() {}");
        package.write("src/.lib.rs.swp", "x");
        package.write("reference/lib.rs", "pub fn slow() {}");
        assert_eq!(package.fingerprint(), first);
    }

    #[test]
    fn ingredients_are_kept_apart() {
        let of = |name: &str, value: &[u8]| {
            let mut fingerprint = Fingerprint::below(Path::new(""));
            fingerprint.add(name, value);
            fingerprint.finish()
        };
        assert_ne!(of("ab", b"c"), of("a", b"bc"));
    }
}
