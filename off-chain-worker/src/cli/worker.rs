//! What commands need that look at a chain or work on it: the chain, the kernels, the store, an account.

use super::Failure;
use crate::{
    deploy::{address, Bundle},
    engine::native::Native,
    roles::{EngineChoice, Kernels},
    scenario,
    source::{ChainSource, Opened},
    store::{Home, Store},
};
use inktensor_primitives::{hash::blake2, AccountId};
use std::{convert::Infallible, path::Path, sync::Arc, time::Duration};

/// How long a command waits for a served chain, at the beginning and for each answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The bundle of the kernel that is linked natively.
const LINKED: &str = "yuma";

/// The chain at `source`.
pub fn open(source: &ChainSource) -> Result<Opened, Failure> {
    source
        .open(PATIENCE)
        .map_err(|error| Failure::input(format_args!("--chain {source}: {error}")))
}

/// Runs kernels in wasmtime. Where the built kernel is at hand, its code is trusted to end, and known to have a native build.
pub fn kernels() -> Result<Kernels, Failure> {
    let kernels = Kernels::new(EngineChoice::Wasm).map_err(Failure::input)?;
    // Without it nothing is wrong: every kernel runs in wasmtime, and is watched.
    let Ok(bundle) = Bundle::find(LINKED) else {
        return Ok(kernels);
    };
    let hash = blake2(&bundle.code);
    let kernels = kernels.trusting(hash).map_err(Failure::input)?;
    Ok(kernels.with_native(hash, Arc::new(Native::new())))
}

/// The store in `folder`, which is made if it is not there.
pub fn store(opened: &Opened, folder: &Path) -> Result<Store, Failure> {
    let home = Home::on(opened.chain.as_ref(), opened.contracts.epoch).map_err(Failure::input)?;
    Store::open(folder, home).map_err(Failure::input)
}

/// The store in `folder`, which has to be there.
pub fn existing_store(opened: &Opened, folder: &Path) -> Result<Store, Failure> {
    if folder.is_dir() {
        store(opened, folder)
    } else {
        Err(Failure::in_file(folder, "there is no store"))
    }
}

/// The account that `text` names: 32 bytes in hexadecimal after `0x`, or a name.
pub fn account(text: &str) -> Result<AccountId, Infallible> {
    Ok(address(text).unwrap_or_else(|| scenario::account(text)))
}
