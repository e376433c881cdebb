//! A chain whose answers, costs and errors are counted. It sends nothing once the worker is asked
//! to stop.

use super::{
    metrics,
    signals::Stop,
    status::{LoopStatus, Status},
};
use crate::service::decode::{self, Reply};
use inktensor_client::{
    chain::{BlockId, Call, Chain, ChainError, ChainRead, Receipt},
    deploy::Addresses,
    forward_deploys, forward_reads,
};
use inktensor_primitives::AccountId;
use std::sync::Arc;
use tracing::debug;

/// A counted chain.
pub struct Instrumented {
    chain: Box<dyn Chain>,
    contracts: Addresses,
    status: Arc<Status>,
    of_loop: Arc<LoopStatus>,
    stop: Arc<Stop>,
}

impl Instrumented {
    /// Wraps `chain`. Each answer is a sign of life for `of_loop`.
    pub fn new(
        chain: Box<dyn Chain>,
        contracts: Addresses,
        status: Arc<Status>,
        of_loop: Arc<LoopStatus>,
        stop: Arc<Stop>,
    ) -> Self {
        Self {
            chain,
            contracts,
            status,
            of_loop,
            stop,
        }
    }

    /// Counts an answer or an error.
    fn count<T>(&self, answer: Result<T, ChainError>) -> Result<T, ChainError> {
        match &answer {
            Ok(_) => self.of_loop.beat(),
            Err(error @ ChainError::NotSent(_)) => debug!(%error, "not sent"),
            Err(error) => {
                metrics::count_chain_error(error);
                debug!(%error, kind = metrics::chain_error(error), "the chain failed");
            }
        }
        answer
    }

    fn count_sent(&self, to: &AccountId, input: &[u8], sent: &Result<Receipt, ChainError>) {
        let (message, netuid) = (decode::name(input), decode::netuid(input));
        let (netuid, proposal) = (netuid.map(|netuid| netuid.0), decode::proposal(input));
        match sent {
            Ok(receipt) => {
                let outcome = match Reply::of(&self.contracts, to, &receipt.output) {
                    Reply::Done => "done",
                    Reply::Refused(error) => {
                        debug!(call = message, netuid, proposal, error, "refused");
                        "refused"
                    }
                    Reply::NotUnderstood => "failed",
                };
                metrics::count_transaction(message, outcome);
                metrics::add_cost(message, &receipt.cost);
                debug!(
                    call = message,
                    netuid,
                    proposal,
                    outcome,
                    ref_time = receipt.cost.ref_time,
                    proof_size = receipt.cost.proof_size,
                    deposit = %receipt.cost.deposit,
                    fee = %receipt.cost.fee,
                    "sent"
                );
            }
            Err(ChainError::NotSent(_)) => metrics::count_transaction(message, "not_sent"),
            Err(_) => metrics::count_transaction(message, "failed"),
        }
    }
}

impl ChainRead for Instrumented {
    forward_reads!(self => self.chain, through count);
}

impl Instrumented {
    /// Returns the height of the best block, and records it for monitoring.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn see_block(&self) -> Result<u32, ChainError> {
        let block = self.block()?;
        self.status.saw(block);
        Ok(block)
    }

    /// Returns the error of a transaction that is held back, if the worker is to end.
    fn held_back(&self) -> Option<ChainError> {
        let by = self.stop.asked_by()?;
        Some(ChainError::NotSent(format!("{by} asks the worker to end")))
    }
}

impl Chain for Instrumented {
    forward_deploys!(self => self.chain, through count);

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let sent = match self.held_back() {
            Some(error) => Err(error),
            None => self.chain.submit(signer, to, input),
        };
        self.count_sent(&to, input, &sent);
        self.count(sent)
    }

    fn submit_after(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
        after: &BlockId,
    ) -> Result<Receipt, ChainError> {
        let sent = match self.held_back() {
            Some(error) => Err(error),
            None => self.chain.submit_after(signer, to, input, after),
        };
        self.count_sent(&to, input, &sent);
        self.count(sent)
    }

    fn submit_many(
        &mut self,
        signer: AccountId,
        calls: &[Call],
    ) -> Vec<Result<Receipt, ChainError>> {
        let sent = match self.held_back() {
            Some(error) => calls.iter().map(|_| Err(error.clone())).collect(),
            None => self.chain.submit_many(signer, calls),
        };
        let counted = calls.iter().zip(sent).map(|(call, sent)| {
            self.count_sent(&call.to, &call.input, &sent);
            self.count(sent)
        });
        counted.collect()
    }
}
