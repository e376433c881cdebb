//! Stakes of a chunk that are stored in parts, where a call cannot read them all.

use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, Sent, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    assertion::Assertion,
    epoch::{EpochError, Epochs},
    AccountId, NetUid, PAGE,
};

/// A chunk of the closed epoch of a subnet.
#[derive(Clone, Copy, Debug)]
pub struct Chunk {
    /// The subnet.
    pub netuid: NetUid,
    /// The chunk.
    pub chunk: u16,
}

impl Chunk {
    /// Returns the chunk of step `k` of an assertion.
    pub fn of_step(netuid: NetUid, k: u32, assertion: &Assertion) -> Self {
        // A step's chunk is its number within a phase, which has a step for each chunk.
        let chunks = u32::try_from(assertion.results.len()).unwrap_or(u32::MAX);
        let chunk = k.checked_rem(chunks).unwrap_or_default();
        let chunk = u16::try_from(chunk).unwrap_or_default();
        Self { netuid, chunk }
    }

    /// Sends a dispute or a replay of a step of this chunk, by `send`. If it needs more than a call
    /// can take, has the chain store the chunk's stakes, signed by `account`, and sends it again.
    ///
    /// # Errors
    /// That of the message; of `gather` only if the chain does not answer.
    pub fn send_with_stakes<T>(
        self,
        chain: &mut dyn Chain,
        contracts: &Addresses,
        account: AccountId,
        mut send: impl FnMut(&mut dyn Chain) -> Result<Sent<T>, CallError<EpochError>>,
    ) -> Result<Sent<T>, CallError<EpochError>> {
        let error = match send(chain) {
            Err(error) if is_too_large(&error) => error,
            answer => return answer,
        };
        if self.store_stakes(chain, contracts, account)? {
            send(chain)
        } else {
            Err(error)
        }
    }

    /// Has the chain store the stakes of the chunk, as many in a call as it takes. Returns false if
    /// all were stored before, or cannot be stored.
    fn store_stakes(
        self,
        chain: &mut dyn Chain,
        contracts: &Addresses,
        account: AccountId,
    ) -> Result<bool, ChainError> {
        let Self { netuid, chunk } = self;
        let before = chain.query(contracts.epoch().gathered(netuid, chunk))?;
        let (mut stored, mut count) = (before, PAGE);
        while count > 0 {
            let message = contracts.epoch().gather(netuid, chunk, count);
            match chain.send(account, message).answer() {
                // A call that stores nothing more: the chunk is complete.
                Ok(sent) if sent.value == stored => break,
                Ok(sent) => stored = sent.value,
                Err(error) if is_too_large(&error) => count /= 2,
                Err(CallError::Chain(error)) => return Err(error),
                Err(CallError::Refused(_)) => break,
            }
        }
        Ok(stored > before)
    }
}

/// Returns true if a message may need more gas or memory than a call has. To a contract a peer that
/// runs out of proof is a peer that gives no answer.
const fn is_too_large(error: &CallError<EpochError>) -> bool {
    matches!(
        error,
        CallError::Chain(ChainError::OutOfGas | ChainError::Trapped)
            | CallError::Refused(EpochError::PeerUnavailable | EpochError::KernelFailed)
    )
}
