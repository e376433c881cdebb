//! A chain that is read at one block.

use super::{BlockId, ChainError, ChainRead, ContractEvent, Instantiated, SudoKey};
use inktensor_primitives::{AccountId, Digest};

/// A chain at one block: all messages are read on the state after that block, and events are those
/// up to it. A fork that replaces the block makes reads fail with `BlockGone`. They never mix the
/// two.
///
/// Code and addresses of contracts are those of the best block: code has its hash, and the
/// contracts here never change theirs.
#[derive(Clone, Copy)]
pub struct Pinned<'a> {
    chain: &'a dyn ChainRead,
    block: BlockId,
}

impl<'a> Pinned<'a> {
    /// Pins `chain` to `block`.
    pub const fn new(chain: &'a dyn ChainRead, block: BlockId) -> Self {
        Self { chain, block }
    }

    /// Pins `chain` to its best block.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn best(chain: &'a dyn ChainRead) -> Result<Self, ChainError> {
        Ok(Self::new(chain, chain.best()?))
    }

    /// Returns the block.
    pub const fn id(&self) -> BlockId {
        self.block
    }
}

impl ChainRead for Pinned<'_> {
    fn genesis(&self) -> Result<Digest, ChainError> {
        self.chain.genesis()
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        Ok(self.block)
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        self.chain.finalized()
    }

    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        self.chain.ancestor(of, number)
    }

    fn includes(&self, of: &BlockId, block: &BlockId) -> Result<bool, ChainError> {
        self.chain.includes(of, block)
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        let outputs = self.read_all(caller, &[(to, input.to_vec())])?;
        outputs.into_iter().next().ok_or(ChainError::BadAnswer)
    }

    fn read_all(
        &self,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.chain.read_all_at(&self.block, caller, reads)
    }

    fn read_all_at(
        &self,
        at: &BlockId,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.chain.read_all_at(at, caller, reads)
    }

    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.chain.estimate(signer, code, input, salt)
    }

    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        self.chain.code(code_hash)
    }

    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        self.chain.code_hash(address)
    }

    fn sudo_key(&self) -> Result<SudoKey, ChainError> {
        self.chain.sudo_key()
    }

    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError> {
        let mut events = self.chain.events(from)?;
        events.retain(|event| event.block <= self.block.number);
        Ok(events)
    }
}
