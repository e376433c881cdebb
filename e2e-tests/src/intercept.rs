//! A chain whose transactions can be dropped, delayed or counted on their way.

use inktensor_primitives::{AccountId, Digest};
use inktensor_worker::chain::{
    sandbox::SandboxChain, Chain, ChainError, ContractEvent, Instantiated, Receipt,
};

/// A transaction that has not reached the chain.
#[derive(Clone, Copy, Debug)]
pub struct Transaction<'a> {
    /// The signer.
    pub signer: AccountId,
    /// The contract.
    pub to: AccountId,
    /// Selector and arguments.
    pub input: &'a [u8],
}

impl Transaction<'_> {
    /// Submits it to the chain.
    #[allow(clippy::missing_errors_doc, reason = "see the chain's own")]
    pub fn submit(self, chain: &mut SandboxChain) -> Result<Receipt, ChainError> {
        chain.submit(self.signer, self.to, self.input)
    }
}

/// A chain that hands each transaction to `intercept` instead of submitting it.
pub struct Intercepted<'a, F> {
    /// The chain.
    pub chain: &'a mut SandboxChain,
    /// The function that decides on a transaction.
    pub intercept: F,
}

impl<F> Chain for Intercepted<'_, F>
where
    F: FnMut(&mut SandboxChain, Transaction<'_>) -> Result<Receipt, ChainError>,
{
    fn genesis(&self) -> Result<Digest, ChainError> {
        self.chain.genesis()
    }

    fn block(&self) -> Result<u32, ChainError> {
        self.chain.block()
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        self.chain.read(caller, to, input)
    }

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        (self.intercept)(self.chain, Transaction { signer, to, input })
    }

    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError> {
        self.chain.upload(signer, code)
    }

    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.chain.instantiate(signer, code_hash, input, salt)
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

    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError> {
        self.chain.events(from)
    }
}
