//! A chain on which something happens to transactions on their way.

use inktensor_client::chain::{Chain, ChainError, ContractEvent, Instantiated, Receipt};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_primitives::{AccountId, Digest};

/// A transaction on its way.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// Who signed it.
    pub signer: AccountId,
    /// The contract.
    pub to: AccountId,
    /// Selector and arguments.
    pub input: &'a [u8],
}

impl Sending<'_> {
    /// Lets it arrive.
    #[allow(clippy::missing_errors_doc, reason = "see the chain's own")]
    pub fn arrive(self, chain: &mut SandboxChain) -> Result<Receipt, ChainError> {
        chain.submit(self.signer, self.to, self.input)
    }
}

/// A chain whose transactions are in the hands of `meddle`.
pub struct Meddled<'a, F> {
    /// The chain.
    pub chain: &'a mut SandboxChain,
    /// What happens to a transaction.
    pub meddle: F,
}

impl<F> Chain for Meddled<'_, F>
where
    F: FnMut(&mut SandboxChain, Sending<'_>) -> Result<Receipt, ChainError>,
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
        (self.meddle)(self.chain, Sending { signer, to, input })
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
