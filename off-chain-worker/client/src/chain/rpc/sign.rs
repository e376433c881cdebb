//! Signatures: the birth, the nonce and the tip of a transaction.

use super::{
    events,
    link::{Connection, Trouble},
    node::ancestor,
    payload::Payload,
};
use crate::chain::{BlockId, ChainError};
use scale::{Compact, Decode, Encode};
use subxt::{config::DefaultExtrinsicParamsBuilder, utils::H256, PolkadotConfig};
use subxt_signer::sr25519::Keypair;

/// Blocks for which a transaction is valid. Afterwards it can never be carried out.
pub const MORTAL: u64 = 64;
/// Largest tip as a multiple of the fee, by default.
const MOST_TIP: u128 = 256;

/// The block from which on a transaction is valid. On a fork without it the transaction is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    /// Number of the block.
    number: u32,
    /// Hash of the block.
    hash: H256,
    /// Number of the best block at the signature.
    pub best: u32,
}

/// Returns the birth of a transaction that is valid on forks with the block `after` only; by
/// default on all forks from a final block on, so that a replaced block does not take the
/// transaction with it.
///
/// # Errors
/// `BlockGone` if `after` is not on the best chain. `NotSent` if it is older than half of a
/// transaction's time and not final.
pub async fn birth(connection: &Connection, after: Option<&BlockId>) -> Result<Birth, Trouble> {
    let (best, best_hash) = events::best(connection).await?;
    let is_recent = |number: u32| u64::from(best.saturating_sub(number)) < MORTAL / 2;
    if let Some(after) = after {
        let on = BlockId {
            number: best,
            hash: best_hash.0,
        };
        if ancestor(connection, &on, after.number).await? != Some(H256(after.hash)) {
            return Err(ChainError::BlockGone(after.number).into());
        }
        if is_recent(after.number) {
            return Ok(Birth {
                number: after.number,
                hash: H256(after.hash),
                best,
            });
        }
    }
    let finalized = connection.rpc.chain_get_finalized_head().await?;
    let number = events::number(connection, finalized).await?;
    if let Some(after) = after.filter(|after| number < after.number) {
        let problem = format!("block {} is not final yet", after.number);
        return Err(ChainError::NotSent(problem).into());
    }
    // From the best block, should finality lag.
    let (number, hash) = match is_recent(number) {
        true => (number, finalized),
        false => (best, best_hash),
    };
    Ok(Birth { number, hash, best })
}

/// Signs `payload` with `key`.
///
/// # Errors
/// `Runtime` if the transaction cannot be made for this chain.
pub fn sign(
    connection: &Connection,
    key: &Keypair,
    payload: &impl Payload,
    birth: &Birth,
    (nonce, tip): (u64, u128),
) -> Result<Vec<u8>, ChainError> {
    let params = DefaultExtrinsicParamsBuilder::<PolkadotConfig>::new()
        .nonce(nonce)
        .tip(tip)
        .mortal_from_unchecked(MORTAL, u64::from(birth.number), birth.hash)
        .build();
    let transactions = connection.at.transactions();
    let mut signable = transactions
        .create_signable_offline(payload, params)
        .map_err(unusable)?;
    let signed = signable.sign(key).map_err(unusable)?;
    Ok(signed.into_encoded())
}

fn unusable(error: impl std::fmt::Display) -> ChainError {
    ChainError::Runtime(format!(
        "the transaction cannot be made for this chain: {error}"
    ))
}

/// The tips of an urgent transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tips {
    now: u128,
    most: u128,
}

impl Tips {
    /// Returns tips that begin with the transaction's `fee`, and go up to `most`; by default to 256
    /// times the fee.
    pub fn from_fee(fee: u128, most: Option<u128>) -> Self {
        let most = most.unwrap_or_else(|| fee.saturating_mul(MOST_TIP));
        Self {
            now: fee.max(1).min(most),
            most,
        }
    }

    /// Returns the present tip.
    pub const fn now(&self) -> u128 {
        self.now
    }

    /// Returns the tips after another block without the transaction: twice the present one. Returns
    /// `None` at the limit.
    pub fn doubled(&self) -> Option<Self> {
        let now = self.now.saturating_mul(2).min(self.most);
        (now > self.now).then_some(Self { now, ..*self })
    }
}

/// Returns the fee of a signed transaction, without its tip; 0 if the chain has no such function.
pub async fn fee(connection: &Connection, signed: &[u8]) -> Result<u128, Trouble> {
    let length = u32::try_from(signed.len()).unwrap_or(u32::MAX);
    let arguments = [signed, &length.encode()].concat();
    let function = "TransactionPaymentApi_query_info";
    let info = connection
        .rpc
        .state_call(function, Some(&arguments), None)
        .await;
    match info {
        Ok(info) => Ok(partial_fee(&info).unwrap_or_default()),
        Err(subxt::rpcs::Error::User(_)) => Ok(0),
        Err(lost) => Err(lost.into()),
    }
}

/// Returns the fee in a runtime's dispatch information: weight, class, fee.
fn partial_fee(mut info: &[u8]) -> Option<u128> {
    let input = &mut info;
    <(Compact<u64>, Compact<u64>, u8)>::decode(input).ok()?;
    u128::decode(input).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tip_begins_with_the_fee_and_doubles_up_to_its_limit() {
        let mut tips = Tips::from_fee(100, Some(500));
        let mut all = vec![tips.now()];
        while let Some(next) = tips.doubled() {
            tips = next;
            all.push(tips.now());
        }
        assert_eq!(all, [100, 200, 400, 500]);
        let mut times = 0;
        let mut tips = Tips::from_fee(100, None);
        while let Some(next) = tips.doubled() {
            tips = next;
            times += 1;
        }
        assert_eq!((tips.now(), times), (25_600, 8));
        assert_eq!(Tips::from_fee(100, Some(0)).doubled(), None);
        assert_eq!(Tips::from_fee(0, None).now(), 0);
        assert_eq!(Tips::from_fee(0, Some(3)).now(), 1);
    }

    #[test]
    fn the_fee_is_read_after_weight_and_class() {
        let info = (Compact(5u64), Compact(70_000u64), 0u8, 9u128).encode();
        assert_eq!(partial_fee(&info), Some(9));
        assert_eq!(partial_fee(&info[..info.len() - 1]), None);
    }
}
