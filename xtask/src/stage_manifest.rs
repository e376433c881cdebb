//! Stages a contract for cargo-contract, as a package that is a workspace of its own.
//!
//! cargo-contract compiles a copy of the contract's manifest. The copy of a workspace's member
//! loses what it inherits and the lock file, and is given a target folder of its own, so that core,
//! alloc and ink! are compiled again for each contract. A workspace of its own loses nothing, and
//! is built into the folder that all such contracts share.
//!
//! The package is also renamed after its bundle, `token` for `inktensor-token`, and gains the
//! documentation of types, which clients show to explain an error.

use crate::{
    contracts::{Contract, Goal},
    project::Project,
};
use anyhow::{ensure, Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// The crate that describes types in a contract's metadata, and the version of it that ink! uses.
const DESCRIBER: (&str, &str) = ("scale-info", "2");
/// The feature of that crate that keeps what is said of types, fields and variants. It stands here
/// and not in the contracts' manifests: the worker is compiled with their crates, and would have
/// its whole runtime described too.
const DOCUMENTED: &str = "scale-info/docs";

/// Writes manifest and lock file of `contract` for cargo-contract, and returns the manifest.
pub fn stage(project: &Project, contract: &Contract, target: &Path) -> Result<PathBuf> {
    let workspace = project.contracts();
    let package = workspace.join(contract.folder);
    let staged = Staged {
        workspace: Member::read(&workspace)?,
        package: Member::read(&package)?,
    };
    let table = staged
        .manifest(contract)
        .with_context(|| staged.package.path().display().to_string())?;

    let folder = target.join("stage").join(contract.name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let manifest = folder.join("Cargo.toml");
    let text = toml::to_string(&table).context("cannot write the staged manifest")?;
    fs::write(&manifest, text).with_context(|| format!("cannot write {}", manifest.display()))?;
    let lock = workspace.join("Cargo.lock");
    fs::copy(&lock, folder.join("Cargo.lock"))
        .with_context(|| format!("cannot copy {}", lock.display()))?;
    Ok(manifest)
}

/// A manifest and the folder it is in.
struct Member {
    folder: PathBuf,
    manifest: Table,
}

impl Member {
    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("Cargo.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest = text
            .parse()
            .with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            manifest,
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.join("Cargo.toml")
    }

    /// `path`, seen from anywhere.
    fn absolute(&self, path: &str) -> Value {
        Value::String(self.folder.join(path).to_string_lossy().into_owned())
    }
}

/// A member of a workspace that shall stand alone.
struct Staged {
    workspace: Member,
    package: Member,
}

impl Staged {
    fn manifest(&self, contract: &Contract) -> Result<Table> {
        let source = &self.package.manifest;
        let mut staged = Table::new();
        staged.insert("package".into(), Value::Table(self.fields(contract)?));
        staged.insert("lib".into(), Value::Table(self.library()));
        staged.insert("dependencies".into(), Value::Table(self.dependencies()?));
        staged.insert("features".into(), Value::Table(features(source)?));
        if contract.goal == Goal::Speed {
            // For the others cargo-contract chooses the smallest code itself.
            let release = Table::from_iter([("opt-level".to_owned(), Value::Integer(2))]);
            let profile = Table::from_iter([("release".to_owned(), Value::Table(release))]);
            staged.insert("profile".into(), Value::Table(profile));
        }
        staged.insert("workspace".into(), Value::Table(Table::new()));
        Ok(staged)
    }

    /// `[package]`, with the workspace's values.
    fn fields(&self, contract: &Contract) -> Result<Table> {
        let mut fields = table(&self.package.manifest, "package")
            .context("no [package]")?
            .clone();
        for (name, value) in &mut fields {
            if inherits(value) {
                *value = self.of_workspace("package", name)?.clone();
            }
        }
        // cargo-contract names its files, and the contract in its metadata, after the package.
        fields.insert("name".into(), contract.name.into());
        // cargo-contract panics without.
        ensure!(fields.contains_key("authors"), "the package has no authors");
        Ok(fields)
    }

    /// `[lib]`, with the source where it is.
    fn library(&self) -> Table {
        let mut library = table(&self.package.manifest, "lib")
            .cloned()
            .unwrap_or_default();
        let path = library
            .get("path")
            .and_then(Value::as_str)
            .unwrap_or("src/lib.rs");
        let path = self.package.absolute(path);
        library.insert("path".into(), path);
        library
    }

    /// `[dependencies]`, with the workspace's versions and with paths that hold anywhere.
    fn dependencies(&self) -> Result<Table> {
        let mut staged = Table::new();
        for (name, value) in table(&self.package.manifest, "dependencies")
            .into_iter()
            .flatten()
        {
            let dependency = if inherits(value) {
                let shared = located(self.of_workspace("dependencies", name)?, &self.workspace);
                merged(shared, value)
            } else {
                located(value, &self.package)
            };
            staged.insert(name.clone(), Value::Table(dependency));
        }
        let (name, version) = DESCRIBER;
        staged.entry(name).or_insert_with(|| describer(version));
        Ok(staged)
    }

    fn of_workspace(&self, section: &str, name: &str) -> Result<&Value> {
        table(&self.workspace.manifest, "workspace")
            .and_then(|workspace| table(workspace, section)?.get(name))
            .with_context(|| format!("`{name}` is not in [workspace.{section}]"))
    }
}

/// The package's features. `std` is on while metadata is made, and off in the contract's code.
fn features(package: &Table) -> Result<Table> {
    let mut features = table(package, "features").cloned().unwrap_or_default();
    features
        .get_mut("std")
        .and_then(Value::as_array_mut)
        .context("the package has no feature `std`, which metadata is made with")?
        .push(DOCUMENTED.into());
    Ok(features)
}

/// A dependency that only a feature switches on.
fn describer(version: &str) -> Value {
    Value::Table(Table::from_iter([
        ("version".to_owned(), version.into()),
        ("default-features".to_owned(), false.into()),
        ("optional".to_owned(), true.into()),
    ]))
}

fn table<'a>(parent: &'a Table, name: &str) -> Option<&'a Table> {
    parent.get(name)?.as_table()
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// A dependency as a table, its path no longer relative to `member`.
fn located(dependency: &Value, member: &Member) -> Table {
    let mut table = match dependency {
        Value::Table(table) => table.clone(),
        version => Table::from_iter([("version".to_owned(), version.clone())]),
    };
    if let Some(path) = table.get("path").and_then(Value::as_str) {
        let path = member.absolute(path);
        table.insert("path".into(), path);
    }
    table
}

/// The workspace's dependency, with what a member adds to it.
fn merged(mut shared: Table, own: &Value) -> Table {
    for (key, value) in own.as_table().into_iter().flatten() {
        match (key.as_str(), shared.get_mut(key), value) {
            ("workspace", ..) => {}
            ("features", Some(Value::Array(features)), Value::Array(more)) => {
                features.extend(more.iter().cloned());
            }
            _ => {
                shared.insert(key.clone(), value.clone());
            }
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = r#"
        [workspace.package]
        version = "0.1.0"
        [workspace.dependencies]
        ink = { version = "5", default-features = false, features = ["a"] }
        prims = { path = "primitives" }
        plain = "1"
    "#;
    const PACKAGE: &str = r#"
        [package]
        name = "inktensor-token"
        version.workspace = true
        authors = ["A"]
        [dependencies]
        ink = { workspace = true, features = ["b"] }
        prims.workspace = true
        plain.workspace = true
        near = { path = "../near" }
        [dev-dependencies]
        proptest.workspace = true
        [features]
        std = ["ink/std"]
        [profile.release]
        overflow-checks = true
    "#;

    fn staged(workspace: &str, package: &str, goal: Goal) -> Result<Table> {
        let member = |folder: &str, text: &str| Member {
            folder: PathBuf::from(folder),
            manifest: text.parse().unwrap(),
        };
        let contract = Contract {
            name: "token",
            folder: "token",
            goal,
            front_of: None,
            has_bindings: true,
        };
        Staged {
            workspace: member("/c", workspace),
            package: member("/c/token", package),
        }
        .manifest(&contract)
    }

    #[test]
    fn a_member_stands_alone() {
        let wanted: Table = r#"
            [package]
            name = "token"
            version = "0.1.0"
            authors = ["A"]
            [lib]
            path = "/c/token/src/lib.rs"
            [dependencies]
            ink = { version = "5", default-features = false, features = ["a", "b"] }
            prims = { path = "/c/primitives" }
            plain = { version = "1" }
            near = { path = "/c/token/../near" }
            scale-info = { version = "2", default-features = false, optional = true }
            [features]
            std = ["ink/std", "scale-info/docs"]
            [workspace]
        "#
        .parse()
        .unwrap();
        assert_eq!(staged(WORKSPACE, PACKAGE, Goal::Size).unwrap(), wanted);
    }

    #[test]
    fn kernels_are_built_for_speed() {
        let manifest = staged(WORKSPACE, PACKAGE, Goal::Speed).unwrap();
        assert_eq!(
            manifest["profile"]["release"]["opt-level"].as_integer(),
            Some(2)
        );
    }

    #[test]
    fn what_cannot_be_built_is_said() {
        for (right, wrong, message) in [
            ("authors = [\"A\"]", "", "no authors"),
            ("std = [", "fast = [", "no feature `std`"),
            (
                "plain.workspace",
                "fancy.workspace",
                "`fancy` is not in [workspace.dependencies]",
            ),
        ] {
            let error = staged(WORKSPACE, &PACKAGE.replace(right, wrong), Goal::Size).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }
}
