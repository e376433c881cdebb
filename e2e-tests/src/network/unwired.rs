//! A chain that deploys contracts and swallows messages to them.

use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Cost, Receipt},
    forward_deploys, forward_reads,
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_primitives::AccountId;

/// A chain that answers every message to a contract with `Ok(())` and does not deliver it.
pub struct Unwired<'a>(pub &'a mut SandboxChain);

impl ChainRead for Unwired<'_> {
    forward_reads!(self => self.0);
}

impl Chain for Unwired<'_> {
    forward_deploys!(self => self.0);

    fn submit(&mut self, _: AccountId, _: AccountId, _: &[u8]) -> Result<Receipt, ChainError> {
        Ok(Receipt {
            // `Ok(Ok(()))`: the message was decoded and succeeded.
            output: vec![0, 0],
            events: Vec::new(),
            cost: Cost::default(),
        })
    }
}
