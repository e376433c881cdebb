//! A chain in a folder to work on: what is sent to it is kept at once.

use crate::chain_dir::Kept;
use crate::sandbox::SandboxChain;
use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Instantiated, Receipt},
    forward_reads,
};
use inktensor_primitives::{AccountId, Digest};

/// A chain in a folder. Each transaction is in a block of its own, as on a chain whose blocks are
/// made for transactions.
pub struct KeptChain {
    chain: SandboxChain,
    kept: Kept,
}

impl KeptChain {
    /// The chain that is in `kept`.
    pub const fn new(chain: SandboxChain, kept: Kept) -> Self {
        Self { chain, kept }
    }

    /// Makes a block, acts in it, and keeps what came of it.
    fn transact<T>(
        &mut self,
        act: impl FnOnce(&mut SandboxChain) -> Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        self.chain.advance(1);
        let done = act(&mut self.chain)?;
        let kept = self.kept.save(&self.chain.state());
        kept.map_err(|error| ChainError::Runtime(error.to_string()))?;
        Ok(done)
    }
}

impl ChainRead for KeptChain {
    forward_reads!(self => self.chain);
}

impl Chain for KeptChain {
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
