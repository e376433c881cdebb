//! A worker with a store, for the tests.

use inktensor_compute::engine::{native::Native, Engine};
use inktensor_e2e_tests::{accounts::*, bundles, Network, Shape, TempDir};
use inktensor_primitives::{hash::blake2, NetUid, Rao};
use inktensor_worker::{
    epochs::EpochCache,
    kernels::{EngineChoice, Kernels},
    roles::{Action, Keeper, Proposer, RoleError},
    store::Store,
};
use std::sync::{Arc, OnceLock};

/// Creates a subnet of two validators and three miners.
pub fn populated(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    net.fund(WORKER, Rao::from_tao(100));
    netuid
}

/// Returns kernels in which `engine` replaces the linked one.
fn kernels(engine: Arc<dyn Engine>) -> Kernels {
    let built = bundles().yuma.code.clone();
    let yuma = blake2(&built);
    let kernels = Kernels::new(EngineChoice::Native { built }).expect("wasmtime starts");
    kernels.with_native(yuma, engine)
}

/// Returns the ledger of a worker whose linked kernel is `engine`.
pub fn ledger(net: &Network, store: Store, engine: Arc<dyn Engine>) -> EpochCache {
    EpochCache::new(net.addresses(), kernels(engine)).with_store(store)
}

/// Starts a worker on the store in `folder`.
pub fn fresh(net: &Network, folder: &TempDir) -> EpochCache {
    // Compiled once per process.
    static KERNELS: OnceLock<Arc<Kernels>> = OnceLock::new();
    let kernels = KERNELS.get_or_init(|| Arc::new(kernels(Arc::new(Native::on_one_core()))));
    let store = folder.store(net).expect("opened");
    EpochCache::new(net.addresses(), Arc::clone(kernels)).with_store(store)
}

/// Runs both roles once.
pub fn act(net: &mut Network, ledger: &mut EpochCache) -> Result<Vec<Action>, RoleError> {
    let (keeper, proposer) = (
        Keeper::new(KEEPER, net.addresses()),
        Proposer::new(WORKER, net.addresses()),
    );
    let mut actions = Vec::new();
    net.with_chain(|chain| {
        actions.extend(keeper.tick(chain, ledger)?.clean()?);
        actions.extend(proposer.tick(chain, ledger)?.clean()?);
        Ok(actions)
    })
}
