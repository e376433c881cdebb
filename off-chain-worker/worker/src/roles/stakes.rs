//! Stakes of a chunk that are stored in parts, where a call cannot read them all.

use inktensor_client::{
    chain::{Answer, CallError, Chain, ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    emission::EmissionError,
    epoch::{EpochError, Epochs},
    kernel::{EpochHeader, EpochPlan},
    AccountId, NetUid, PAGE,
};

/// Has the chain store the stakes of the chunk that step `k` of the closed epoch of `netuid` is
/// about, as many in a call as it takes, signed by `account`. Returns false if all were stored
/// before, or cannot be stored.
///
/// # Errors
/// If the chain does not answer.
pub fn store_stakes_of_step(
    chain: &mut dyn Chain,
    contracts: &Addresses,
    account: AccountId,
    (netuid, k): (NetUid, u32),
) -> Result<bool, ChainError> {
    let Some(chunk) = chunk_of_step(chain, contracts, netuid, k)? else {
        return Ok(false);
    };
    let before = chain.query(contracts.epoch().gathered(netuid, chunk))?;
    let (mut stored, mut count) = (before, PAGE);
    while count > 0 {
        let message = contracts.epoch().gather(netuid, chunk, count);
        match chain.send(account, message).answer() {
            // A call that stores nothing more: the chunk is complete. A node that lies about the
            // number ends this too, before it costs many fees.
            Ok(sent) if sent.value <= stored || sent.value > PAGE => break,
            Ok(sent) => stored = sent.value,
            Err(error) if is_too_large(&error) => count /= 2,
            Err(CallError::Chain(error)) => return Err(error),
            Err(CallError::Refused(_)) => break,
        }
    }
    Ok(stored > before)
}

/// Returns the chunk of step `k` of the closed epoch.
fn chunk_of_step(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
    k: u32,
) -> Result<Option<u16>, ChainError> {
    let header: Option<EpochHeader> = chain.query(contracts.epoch().header(netuid))?;
    let plan: Option<EpochPlan> = chain.query(contracts.epoch().plan(netuid))?;
    let place = header
        .zip(plan)
        .and_then(|(header, plan)| plan.place(k, header.neurons));
    Ok(place.map(|(_, chunk)| chunk))
}

/// Returns true if a message may need more gas or memory than a call has. To a contract a peer that
/// runs out of proof is a peer that gives no answer.
pub const fn is_too_large(error: &CallError<EpochError>) -> bool {
    matches!(
        error,
        CallError::Chain(ChainError::OutOfGas | ChainError::Trapped)
            | CallError::Refused(
                EpochError::PeerUnavailable
                    | EpochError::KernelFailed
                    | EpochError::Emission(EmissionError::Staking | EmissionError::Token)
            )
    )
}
