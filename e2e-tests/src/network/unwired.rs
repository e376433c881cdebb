//! A chain that deploys contracts and swallows messages to them.

use inktensor_primitives::{AccountId, Digest};
use inktensor_worker::chain::{
    sandbox::SandboxChain, Chain, ChainError, ContractEvent, Cost, Instantiated, Receipt,
};

/// A chain that answers every message to a contract with `Ok(())` and does not deliver it.
pub struct Unwired<'a>(pub &'a mut SandboxChain);

impl Chain for Unwired<'_> {
    fn genesis(&self) -> Result<Digest, ChainError> {
        self.0.genesis()
    }

    fn block(&self) -> Result<u32, ChainError> {
        self.0.block()
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        self.0.read(caller, to, input)
    }

    fn submit(&mut self, _: AccountId, _: AccountId, _: &[u8]) -> Result<Receipt, ChainError> {
        Ok(Receipt {
            // `Ok(Ok(()))`: the message was decoded and succeeded.
            output: vec![0, 0],
            events: Vec::new(),
            cost: Cost::default(),
        })
    }

    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError> {
        self.0.upload(signer, code)
    }

    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.0.instantiate(signer, code_hash, input, salt)
    }

    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.0.estimate(signer, code, input, salt)
    }

    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        self.0.code(code_hash)
    }

    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        self.0.code_hash(address)
    }

    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError> {
        self.0.events(from)
    }
}
