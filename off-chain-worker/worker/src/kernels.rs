//! The kernels of the subnets, read from the chain by their code hash.

use crate::error::RoleError;
use inktensor_client::{chain::ChainRead, deploy::Bundles};
use inktensor_compute::engine::{
    native::{Mean, Native},
    wasm::Wasm,
    wasmi::Interpreted,
    Engine, EngineError,
};
use inktensor_primitives::{hash::blake2, Digest};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

/// Folder of compiled kernels, within that of the store.
const COMPILED: &str = "kernels";

/// The engine for kernels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineChoice {
    /// wasmtime, with the chain's own bytes.
    Wasm,
    /// The linked kernel, for subnets with the given code; wasmtime for all other kernels.
    Native {
        /// Wasm built from the linked kernel's source.
        built: Vec<u8>,
    },
}

/// All kernels that were loaded.
pub struct Kernels {
    /// Linked kernels, by the code hash of the Wasm that is built from the same source.
    natives: BTreeMap<Digest, Arc<dyn Engine>>,
    prefers_native: bool,
    wasm: Wasm,
    /// Kernels in the chain's own interpreter, by code hash.
    interpreted: Mutex<BTreeMap<Digest, Arc<Interpreted>>>,
}

impl Kernels {
    /// Creates an empty set, with kernels to be run by `choice`.
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run wasmtime.
    pub fn new(choice: EngineChoice) -> Result<Self, EngineError> {
        let mut natives: BTreeMap<Digest, Arc<dyn Engine>> = BTreeMap::new();
        let prefers_native = match choice {
            EngineChoice::Wasm => false,
            EngineChoice::Native { built } => {
                natives.insert(blake2(&built), Arc::new(Native::new()));
                true
            }
        };
        Ok(Self {
            natives,
            prefers_native,
            wasm: Wasm::new()?,
            interpreted: Mutex::default(),
        })
    }

    /// Trusts the kernel with this code hash, see [`Wasm::trusting`].
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run wasmtime.
    pub fn trusting(mut self, code_hash: Digest) -> Result<Self, EngineError> {
        self.wasm = self.wasm.trusting(code_hash)?;
        Ok(self)
    }

    /// Keeps compiled kernels in the store's folder, see [`Wasm::keep_compiled_in`]. Without a
    /// folder that may be used, each start compiles them again, and the log says why.
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run wasmtime.
    pub fn keeping_compiled(mut self, store: &Path) -> Result<Self, EngineError> {
        match self.wasm.keep_compiled_in(&store.join(COMPILED)) {
            Err(EngineError::Folder(error)) => {
                tracing::warn!(%error, "compiled kernels are not kept: each start compiles again");
            }
            done => done?,
        }
        Ok(self)
    }

    /// Adds the linked kernels, by the code of the contracts built from the same source.
    pub fn with_linked(self, bundles: &Bundles) -> Self {
        self.with_native(blake2(&bundles.yuma.code), Arc::new(Native::new()))
            .with_native(blake2(&bundles.mean.code), Arc::new(Mean))
    }

    /// Adds `native` as the linked kernel for this code hash, so that a proposer can compare the
    /// two.
    pub fn with_native(mut self, code_hash: Digest, native: Arc<dyn Engine>) -> Self {
        self.natives.insert(code_hash, native);
        self
    }

    /// Returns the kernel with code hash `hash`: the linked one if it is preferred and there is
    /// one, else the chain's bytes, checked against the hash.
    pub fn engine(
        &self,
        chain: &dyn ChainRead,
        hash: &Digest,
    ) -> Result<Arc<dyn Engine>, RoleError> {
        match self.natives.get(hash) {
            Some(native) if self.prefers_native => Ok(Arc::clone(native)),
            _ => self.wasm(chain, hash),
        }
    }

    /// Returns the other engine for the kernel that [`Kernels::engine`] returns: the linked kernel
    /// or wasmtime if there is a linked one, else the chain's own interpreter.
    ///
    /// # Errors
    /// Those of loading the kernel.
    pub fn second(
        &self,
        chain: &dyn ChainRead,
        hash: &Digest,
    ) -> Result<Arc<dyn Engine>, RoleError> {
        match self.natives.get(hash) {
            None => self.interpreted(chain, hash),
            Some(_) if self.prefers_native => self.wasm(chain, hash),
            Some(native) => Ok(Arc::clone(native)),
        }
    }

    fn interpreted(
        &self,
        chain: &dyn ChainRead,
        hash: &Digest,
    ) -> Result<Arc<dyn Engine>, RoleError> {
        let lock = self.interpreted.lock();
        let mut interpreted = lock.unwrap_or_else(PoisonError::into_inner);
        if let Some(kernel) = interpreted.get(hash) {
            return Ok(Arc::clone(kernel) as Arc<dyn Engine>);
        }
        let kernel = Arc::new(Interpreted::load(&code(chain, hash)?, hash)?);
        interpreted.insert(*hash, Arc::clone(&kernel));
        Ok(kernel)
    }

    fn wasm(&self, chain: &dyn ChainRead, hash: &Digest) -> Result<Arc<dyn Engine>, RoleError> {
        if let Some(loaded) = self.wasm.loaded(hash) {
            return Ok(loaded?);
        }
        Ok(self.wasm.load(&code(chain, hash)?, hash)?)
    }
}

fn code(chain: &dyn ChainRead, hash: &Digest) -> Result<Vec<u8>, RoleError> {
    chain.code(hash)?.ok_or(RoleError::NoKernelCode(*hash))
}
