//! What commands need that look at a chain or work on it: the kernels, the store.

use crate::commands::Failure;
use inktensor_client::deploy::Bundle;
use inktensor_compute::engine::{
    native::{Mean, Native},
    Engine,
};
use inktensor_primitives::hash::blake2;
use inktensor_worker::{
    chain_source::Opened,
    kernels::{EngineChoice, Kernels},
    store::{Home, Store},
    verify::Verifier,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long a command waits for a served chain, at the beginning and for each answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Runs kernels in wasmtime. Where a built kernel is at hand that is linked too, its code is
/// trusted to end, and known to have a native build.
pub fn kernels() -> Result<Kernels, Failure> {
    let mut kernels = Kernels::new(EngineChoice::Wasm).map_err(Failure::input)?;
    let linked: [(&str, Arc<dyn Engine>); 2] =
        [("yuma", Arc::new(Native::new())), ("mean", Arc::new(Mean))];
    for (name, native) in linked {
        // Without it nothing is wrong: the kernel runs in wasmtime, and is watched.
        if let Ok(bundle) = Bundle::find(name) {
            let hash = blake2(&bundle.code);
            kernels = kernels.trusting(hash).map_err(Failure::input)?;
            kernels = kernels.with_native(hash, native);
        }
    }
    Ok(kernels)
}

/// The store in `folder`, which is made if it is not there.
pub fn store(opened: &Opened, folder: &Path) -> Result<Store, Failure> {
    let home = Home::on(opened.chain.as_ref(), opened.contracts.epoch).map_err(Failure::input)?;
    Store::open(folder, home).map_err(Failure::input)
}

/// Lets `act` recompute epochs of an opened chain, with the store in `folder` or, if none is named,
/// the one that the chain's folder has.
pub fn verifying<T>(
    opened: &Opened,
    folder: Option<&PathBuf>,
    act: impl FnOnce(&Verifier<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let folder = folder.or(opened.store.as_ref());
    let store = folder
        .map(|folder| existing_store(opened, folder))
        .transpose()?;
    act(&Verifier {
        chain: opened.chain.as_ref(),
        contracts: opened.contracts,
        kernels: &kernels()?,
        store: store.as_ref(),
    })
}

/// The store in `folder`, which has to be there.
fn existing_store(opened: &Opened, folder: &Path) -> Result<Store, Failure> {
    if folder.is_dir() {
        store(opened, folder)
    } else {
        Err(Failure::in_file(folder, "there is no store"))
    }
}
