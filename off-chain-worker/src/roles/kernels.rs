//! The kernels of the subnets, fetched from the chain by their code hash.

use super::RoleError;
use crate::{
    chain::Chain,
    engine::{native::Native, wasm::Wasm, Engine, EngineError},
};
use inktensor_primitives::Digest;
use std::sync::Arc;

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
    choice: EngineChoice,
    wasm: Wasm,
}

impl Kernels {
    /// Kernels to be run by `choice`.
    ///
    /// # Errors
    /// `Runtime` if this machine cannot run wasmtime.
    pub fn new(choice: EngineChoice) -> Result<Self, EngineError> {
        Ok(Self {
            choice,
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

    /// The kernel with code hash `hash`, from the chain, checked against the hash and loaded.
    pub fn engine(&self, chain: &dyn Chain, hash: &Digest) -> Result<Arc<dyn Engine>, RoleError> {
        if let EngineChoice::Native { built } = &self.choice {
            if let Ok(native) = Native::standing_for(hash, built) {
                return Ok(Arc::new(native));
            }
        }
        let code = chain.code(hash)?.ok_or(RoleError::NoKernelCode(*hash))?;
        Ok(self.wasm.load(&code, hash)?)
    }
}
