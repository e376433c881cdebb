//! The kernels of the subnets, fetched from the chain by their code hash.

use crate::roles::RoleError;
use inktensor_client::{chain::ChainRead, deploy::Bundles};
use inktensor_compute::engine::{
    native::{Mean, Native},
    wasm::Wasm,
    Engine, EngineError,
};
use inktensor_primitives::{hash::blake2, Digest};
use std::{collections::BTreeMap, sync::Arc};

/// What kernels are run by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineChoice {
    /// The chain's own bytes, in wasmtime.
    Wasm,
    /// The linked kernel, for subnets whose code is the one given; other kernels run in wasmtime.
    Native {
        /// The Wasm built from the linked kernel's source.
        built: Vec<u8>,
    },
}

/// Loads kernels, and keeps them loaded.
pub struct Kernels {
    /// Linked kernels, by the code hash of the Wasm that is built from the same source.
    natives: BTreeMap<Digest, Arc<dyn Engine>>,
    prefers_native: bool,
    wasm: Wasm,
}

impl Kernels {
    /// Kernels to be run by `choice`.
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
        })
    }

    /// Trusts the kernel with this code hash to end, see [`Wasm::trusting`].
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run wasmtime.
    pub fn trusting(mut self, code_hash: Digest) -> Result<Self, EngineError> {
        self.wasm = self.wasm.trusting(code_hash)?;
        Ok(self)
    }

    /// Knows the linked kernels by the contracts built from the same source.
    pub fn with_linked(self, bundles: &Bundles) -> Self {
        self.with_native(blake2(&bundles.yuma.code), Arc::new(Native::new()))
            .with_native(blake2(&bundles.mean.code), Arc::new(Mean))
    }

    /// Knows that `native` stands for the kernel with this code hash, so that a proposer can hold
    /// the two against each other.
    pub fn with_native(mut self, code_hash: Digest, native: Arc<dyn Engine>) -> Self {
        self.natives.insert(code_hash, native);
        self
    }

    /// The kernel with code hash `hash`: the linked one if it is preferred and there is one, else
    /// the chain's bytes, checked against the hash and loaded.
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

    /// The other way to run the kernel that [`Kernels::engine`] gives; none if there is only one.
    pub fn second(
        &self,
        chain: &dyn ChainRead,
        hash: &Digest,
    ) -> Result<Option<Arc<dyn Engine>>, RoleError> {
        match self.natives.get(hash) {
            None => Ok(None),
            Some(_) if self.prefers_native => self.wasm(chain, hash).map(Some),
            Some(native) => Ok(Some(Arc::clone(native))),
        }
    }

    fn wasm(&self, chain: &dyn ChainRead, hash: &Digest) -> Result<Arc<dyn Engine>, RoleError> {
        let code = chain.code(hash)?.ok_or(RoleError::NoKernelCode(*hash))?;
        Ok(self.wasm.load(&code, hash)?)
    }
}
