//! A chain whose transactions can be dropped, delayed or counted on their way.

use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Receipt},
    forward_deploys, forward_reads,
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_primitives::AccountId;

/// Far above the time of any message, in picoseconds.
const PLENTY: u64 = 1 << 60;

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

    /// Submits it to the chain, where it may take `ref_time` picoseconds. Reads have no limit.
    #[allow(clippy::missing_errors_doc, reason = "see the chain's own")]
    pub fn submit_within(
        self,
        chain: &mut SandboxChain,
        ref_time: u64,
    ) -> Result<Receipt, ChainError> {
        chain.limit_time(ref_time);
        let receipt = self.submit(chain);
        chain.limit_time(PLENTY);
        receipt
    }
}

/// A chain that hands each transaction to `intercept` instead of submitting it.
pub struct Intercepted<'a, F> {
    /// The chain.
    pub chain: &'a mut SandboxChain,
    /// The function that decides on a transaction.
    pub intercept: F,
}

impl<F> ChainRead for Intercepted<'_, F> {
    forward_reads!(self => self.chain);
}

impl<F> Chain for Intercepted<'_, F>
where
    F: FnMut(&mut SandboxChain, Transaction<'_>) -> Result<Receipt, ChainError>,
{
    forward_deploys!(self => self.chain);

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        (self.intercept)(self.chain, Transaction { signer, to, input })
    }
}
