//! A chain whose answers, costs and errors are counted, and to which nothing more is sent once the
//! worker is to end.

use super::{metrics, signals::Stop, status::Status};
use crate::service::decode::{self, Answer};
use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Receipt},
    deploy::Addresses,
    forward_deploys, forward_reads,
};
use inktensor_primitives::AccountId;
use std::sync::Arc;
use tracing::debug;

/// A chain that is watched.
pub struct Observed {
    chain: Box<dyn Chain>,
    contracts: Addresses,
    status: Arc<Status>,
    stop: Arc<Stop>,
}

impl Observed {
    /// Watches `chain`, and tells `status` of each answer.
    pub fn new(
        chain: Box<dyn Chain>,
        contracts: Addresses,
        status: Arc<Status>,
        stop: Arc<Stop>,
    ) -> Self {
        Self {
            chain,
            contracts,
            status,
            stop,
        }
    }

    /// Counts how an answer came out.
    fn count<T>(&self, answer: Result<T, ChainError>) -> Result<T, ChainError> {
        match &answer {
            Ok(_) => self.status.beat(),
            Err(error @ ChainError::NotSent(_)) => debug!(%error, "not sent"),
            Err(error) => {
                metrics::chain_failed(error);
                debug!(%error, kind = metrics::chain_error(error), "the chain failed");
            }
        }
        answer
    }

    fn count_sent(&self, to: &AccountId, input: &[u8], sent: &Result<Receipt, ChainError>) {
        let (message, netuid) = (decode::name(input), decode::netuid(input));
        let netuid = netuid.map(|netuid| netuid.0);
        match sent {
            Ok(receipt) => {
                let outcome = match Answer::of(&self.contracts, to, &receipt.output) {
                    Answer::Done => "done",
                    Answer::Refused(error) => {
                        debug!(call = message, netuid, error, "refused");
                        "refused"
                    }
                    Answer::NotUnderstood => "failed",
                };
                metrics::sent(message, outcome);
                metrics::paid(message, &receipt.cost);
                debug!(
                    call = message,
                    netuid,
                    outcome,
                    ref_time = receipt.cost.ref_time,
                    proof_size = receipt.cost.proof_size,
                    deposit = %receipt.cost.deposit,
                    fee = %receipt.cost.fee,
                    "sent"
                );
            }
            Err(ChainError::NotSent(_)) => metrics::sent(message, "not_sent"),
            Err(_) => metrics::sent(message, "failed"),
        }
    }
}

impl ChainRead for Observed {
    forward_reads!(self => self.chain, through count);
}

impl Chain for Observed {
    forward_deploys!(self => self.chain, through count);

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let sent = match self.stop.asked_by() {
            Some(by) => Err(ChainError::NotSent(format!("{by} asks the worker to end"))),
            None => self.chain.submit(signer, to, input),
        };
        self.count_sent(&to, input, &sent);
        self.count(sent)
    }
}
