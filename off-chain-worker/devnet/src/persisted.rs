//! A chain in a folder: each transaction is written to disk at once.

use crate::{
    chain_dir::{ChainDir, ChainDirError, DirLock},
    sandbox::SandboxChain,
};
use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Instantiated, Receipt},
    forward_reads,
};
use inktensor_primitives::{AccountId, Digest};

/// A chain in a folder. Each transaction has a block of its own, as on a node that makes blocks for
/// transactions only.
pub struct PersistedChain {
    chain: SandboxChain,
    dir: ChainDir,
    /// Lock of the folder while the chain is in use.
    _lock: DirLock,
}

impl PersistedChain {
    /// Opens the chain that `dir` holds, locked by `lock`.
    ///
    /// # Errors
    /// `File`, `State`.
    pub fn open(dir: ChainDir, lock: DirLock) -> Result<Self, ChainDirError> {
        Ok(Self {
            chain: dir.chain()?,
            dir,
            _lock: lock,
        })
    }

    /// Makes a block, calls `act` in it, and writes the state.
    fn transact<T>(
        &mut self,
        act: impl FnOnce(&mut SandboxChain) -> Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        self.chain.advance(1);
        let done = act(&mut self.chain)?;
        let saved = self.dir.save(&self.chain.state());
        saved.map_err(|error| ChainError::Runtime(error.to_string()))?;
        Ok(done)
    }
}

impl ChainRead for PersistedChain {
    forward_reads!(self => self.chain);
}

impl Chain for PersistedChain {
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        self.transact(|chain| chain.submit(signer, to, input))
    }

    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError> {
        self.transact(|chain| chain.upload(signer, code))
    }

    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.transact(|chain| chain.instantiate(signer, code_hash, input, salt))
    }
}
