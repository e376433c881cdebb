//! Kernels, stores and verifiers for the commands that recompute epochs.

use crate::{error::Failure, network::Network};
use inktensor_client::deploy::Bundle;
use inktensor_compute::engine::{
    native::{Mean, Native},
    Engine,
};
use inktensor_primitives::hash::blake2;
use inktensor_worker::{
    kernels::{EngineChoice, Kernels},
    store::{Home, Store},
    verify::Verifier,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The time that a command waits for a chain, at the beginning and for each answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Returns kernels that run in wasmtime. If the built kernel is at hand, its code is trusted and
/// has a native build. Compiled kernels are kept in the folder of the store, if there is one.
pub fn kernels(store: Option<&Path>) -> Result<Kernels, Failure> {
    let mut kernels = Kernels::new(EngineChoice::Wasm).map_err(Failure::input)?;
    if let Some(store) = store {
        kernels = kernels.keeping_compiled(store).map_err(Failure::input)?;
    }
    let linked: [(&str, Arc<dyn Engine>); 2] =
        [("yuma", Arc::new(Native::new())), ("mean", Arc::new(Mean))];
    for (name, native) in linked {
        // Without it the kernel runs in wasmtime all the same, with a limit on its steps.
        if let Ok(bundle) = Bundle::find(name) {
            let hash = blake2(&bundle.code);
            kernels = kernels.trusting(hash).map_err(Failure::input)?;
            kernels = kernels.with_native(hash, native);
        }
    }
    Ok(kernels)
}

/// Returns the store in `folder`, which is created if it does not exist.
pub fn store(network: &Network, folder: &Path) -> Result<Store, Failure> {
    let home = Home::on(network.chain(), network.contracts().epoch).map_err(Failure::input)?;
    Store::open(folder, home).map_err(Failure::input)
}

/// Calls `act` with a verifier of the network's epochs. Its store is the one in `folder`, else the
/// one that is kept with the chain.
pub fn verifying<T>(
    network: &Network,
    folder: Option<&PathBuf>,
    act: impl FnOnce(&Verifier<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let folder = folder.or(network.opened.store.as_ref());
    let store = folder
        .map(|folder| existing_store(network, folder))
        .transpose()?;
    act(&Verifier {
        chain: network.chain(),
        contracts: network.contracts(),
        kernels: &kernels(folder.map(PathBuf::as_path))?,
        store: store.as_ref(),
    })
}

/// Returns the store in `folder`, which must exist.
fn existing_store(network: &Network, folder: &Path) -> Result<Store, Failure> {
    if folder.is_dir() {
        store(network, folder)
    } else {
        Err(Failure::in_file(folder, "there is no store"))
    }
}
