//! A chain on which something happens to transactions on their way.

use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Receipt},
    forward_deploys, forward_reads,
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_primitives::AccountId;

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

impl<F> ChainRead for Meddled<'_, F> {
    forward_reads!(self => self.chain);
}

impl<F> Chain for Meddled<'_, F>
where
    F: FnMut(&mut SandboxChain, Sending<'_>) -> Result<Receipt, ChainError>,
{
    forward_deploys!(self => self.chain);

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        (self.meddle)(self.chain, Sending { signer, to, input })
    }
}
