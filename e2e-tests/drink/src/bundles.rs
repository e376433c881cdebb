//! The files of built contracts.

use crate::Failure;
use drink::session::ContractBundle;
use std::{
    env,
    path::{Path, PathBuf},
};

/// The environment variable that names the folder of the network's contracts.
pub const CONTRACTS_DIR: &str = "INKTENSOR_CONTRACTS";

/// Loads the bundle of the contract `name`.
///
/// A contract of this folder is looked for where `cargo contract build` leaves it. Then come the
/// folder in [`CONTRACTS_DIR`] and `target/contracts` of the repository.
///
/// # Errors
/// `NoBundle`, `Bundle`.
pub fn bundle(name: &str) -> Result<ContractBundle, Failure> {
    let file = Path::new(name).with_extension("contract");
    let found = folders()
        .into_iter()
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file());
    let path = found.ok_or_else(|| Failure::NoBundle { name: name.into() })?;
    Ok(ContractBundle::load(path)?)
}

fn folders() -> Vec<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![here.join("user-contract/target/ink")];
    match env::var_os(CONTRACTS_DIR) {
        Some(named) => folders.push(named.into()),
        None => folders.extend(here.ancestors().map(|place| place.join("target/contracts"))),
    }
    folders
}
