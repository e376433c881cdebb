//! Pointers to a chain are chains.

use super::{BlockId, Call, Chain, ChainError, ChainRead, Receipt};
use crate::{forward_deploys, forward_reads};
use inktensor_primitives::AccountId;
use std::sync::Arc;

impl<C: ChainRead + ?Sized> ChainRead for Arc<C> {
    forward_reads!(self => (**self));
}

impl<C: ChainRead + ?Sized> ChainRead for Box<C> {
    forward_reads!(self => (**self));
}

impl<C: Chain + ?Sized> Chain for Box<C> {
    forward_deploys!(self => (**self));

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        (**self).submit(signer, to, input)
    }

    fn submit_after(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
        after: &BlockId,
    ) -> Result<Receipt, ChainError> {
        (**self).submit_after(signer, to, input, after)
    }

    fn submit_many(
        &mut self,
        signer: AccountId,
        calls: &[Call],
    ) -> Vec<Result<Receipt, ChainError>> {
        (**self).submit_many(signer, calls)
    }
}
