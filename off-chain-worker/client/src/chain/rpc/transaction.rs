//! A transaction from its signature to its block.
//!
//! A transaction is signed once, so it can be carried out only once, however often it is sent. If
//! the connection is lost in between, the transaction is searched for in the blocks that follow,
//! and sent again to a node that does not know it. Its outcome is unknown only if that fails.

use super::{
    api::Gas,
    events::{self, BlockEvent},
    link::{At, Connection, Link, Trouble},
    refusal::refusal,
};
use crate::chain::{ChainError, ContractEvent};
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use scale::{Compact, Decode};
use std::time::{Duration, Instant};
use subxt::{
    config::DefaultExtrinsicParamsBuilder,
    dynamic,
    ext::{
        scale_encode::{EncodeAsFields, EncodeAsType},
        scale_value::Value,
    },
    rpcs::methods::legacy::TransactionStatus,
    tx::StaticPayload,
    utils::{AccountId32, MultiAddress, H256},
    PolkadotConfig,
};
use subxt_signer::sr25519::Keypair;

/// Blocks for which a transaction is valid. Afterwards it can never be carried out.
const MORTAL: u64 = 64;
/// Longest wait for a transaction's block, however short the timeout is: some blocks of twelve
/// seconds, and finality.
const INCLUSION: Duration = Duration::from_secs(90);
/// Time between two searches for a transaction whose connection was lost.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The moment at which a transaction counts as carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Wait {
    /// In the best block, which may still be replaced: for callers that check again anyway
    #[default]
    Best,
    /// In a block that is final
    Finalized,
}

/// A transaction in a block.
#[derive(Debug)]
pub struct Included {
    /// Number of the block.
    pub number: u32,
    /// Hash of the block.
    pub hash: H256,
    /// Events of the transaction.
    pub events: Vec<BlockEvent>,
}

impl std::fmt::Debug for BlockEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.pallet, self.name)
    }
}

impl Included {
    /// Returns the events of contracts.
    pub fn contract_events(&self) -> Vec<ContractEvent> {
        let events = self.events.iter();
        events
            .filter_map(|event| event.contract_event(self.number))
            .collect()
    }

    /// Returns the runtime's error if the transaction failed.
    pub fn outcome(&self, at: &At, to: Option<AccountId>) -> Result<(), ChainError> {
        match self.find("System", "ExtrinsicFailed") {
            Some(failed) => Err(refusal(at, &failed.fields, to)),
            None => Ok(()),
        }
    }

    /// Returns the fee in the chain's own coin; 0 if the chain has no such event.
    pub fn fee(&self) -> u128 {
        self.find("TransactionPayment", "TransactionFeePaid")
            .and_then(|paid| <([u8; 32], u128)>::decode(&mut &paid.fields[..]).ok())
            .map_or(0, |(_, fee)| fee)
    }

    /// Returns the event with this name.
    pub fn find(&self, pallet: &str, name: &str) -> Option<&BlockEvent> {
        let mut events = self.events.iter();
        events.find(|event| event.pallet == pallet && event.name == name)
    }
}

/// Creates a message to a contract.
pub fn call(to: AccountId, gas: Gas, deposit: u128, input: &[u8]) -> impl Payload {
    let to: MultiAddress<AccountId32, ()> = MultiAddress::Id(AccountId32(raw(&to)));
    let arguments = (to, 0u128, weight(gas), Some(deposit), input.to_vec());
    dynamic::transaction("Contracts", "call", arguments)
}

/// Creates an upload of code.
pub fn upload(code: &[u8], deposit: u128) -> impl Payload {
    let enforced = Value::unnamed_variant("Enforced", []);
    let arguments = (code.to_vec(), Some(deposit), enforced);
    dynamic::transaction("Contracts", "upload_code", arguments)
}

/// Creates an instantiation of a contract.
pub fn instantiate(
    code_hash: Digest,
    gas: Gas,
    deposit: u128,
    input: &[u8],
    salt: &[u8],
) -> impl Payload {
    let (input, salt) = (input.to_vec(), salt.to_vec());
    let arguments = (0u128, weight(gas), Some(deposit), code_hash, input, salt);
    dynamic::transaction("Contracts", "instantiate", arguments)
}

/// Creates a transaction that does nothing.
pub fn remark() -> impl Payload {
    dynamic::transaction("System", "remark", (Vec::<u8>::new(),))
}

/// A transaction that can be signed.
pub trait Payload: subxt::tx::Payload {}

impl<T: EncodeAsFields> Payload for StaticPayload<T> {}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Weight {
    ref_time: u64,
    proof_size: u64,
}

const fn weight(gas: Gas) -> Weight {
    Weight {
        ref_time: gas.ref_time,
        proof_size: gas.proof_size,
    }
}

/// Returns the bytes of an account.
pub fn raw(account: &AccountId) -> [u8; 32] {
    *AsRef::<[u8; 32]>::as_ref(account)
}

/// Signs `payload` with `key`, sends it, and waits for its block.
///
/// # Errors
/// As [`sign`] and [`Signed::carry_out`].
pub fn carry_out(
    link: &Link,
    key: &Keypair,
    payload: &impl Payload,
    wait: Wait,
) -> Result<Included, ChainError> {
    sign(link, key, payload)?.carry_out(link, wait)
}

/// Signs `payload` with `key`. Nothing is sent.
///
/// # Errors
/// `Unreachable`; `Runtime` if it cannot be made for this chain.
pub fn sign(link: &Link, key: &Keypair, payload: &impl Payload) -> Result<Signed, ChainError> {
    let connection = link.checked()?;
    link.run(signed(connection, key, payload))
        .map_err(|trouble| unsent(link, trouble))
}

/// A signed transaction.
pub struct Signed {
    connection: Connection,
    bytes: Vec<u8>,
    /// Number of the best block at the signature.
    pub after: u32,
}

impl Signed {
    /// Sends the transaction, and waits for its block.
    ///
    /// # Errors
    /// `Runtime` if the chain does not take the transaction; `OutcomeUnknown` if no block has it
    /// when the timeout ends.
    pub fn carry_out(self, link: &Link, wait: Wait) -> Result<Included, ChainError> {
        let timeout = link.timeout().max(INCLUSION);
        let deadline = Instant::now() + timeout;
        let sent = async {
            let sending = send(&self.connection, &self.bytes, wait);
            tokio::time::timeout(timeout, sending).await
        };
        let sent = link
            .run(sent)
            .unwrap_or_else(|_| Err(Trouble::Lost("it is in no block yet".into())));
        let hash = match sent {
            Ok(hash) => hash,
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Lost(reason)) => {
                link.give_up();
                let found = look_for(link, &self, deadline)?;
                return found.ok_or(ChainError::OutcomeUnknown(reason));
            }
        };
        let extrinsic = blake2(&self.bytes);
        let found = link.ask(|connection| async move {
            let number = events::number(&connection, hash).await?;
            find(&connection, number, hash, &extrinsic).await
        });
        found?.ok_or_else(|| {
            let problem = "the block that it was in has been replaced";
            ChainError::OutcomeUnknown(problem.into())
        })
    }
}

async fn signed(
    connection: Connection,
    key: &Keypair,
    payload: &impl Payload,
) -> Result<Signed, Trouble> {
    let account = key.public_key().to_account_id();
    let nonce = connection.rpc.system_account_next_index(&account).await?;
    let (best, best_hash) = events::best(&connection).await?;
    // Valid from a final block on, so that a replaced block does not take the transaction with it;
    // from the best block, should finality lag.
    let finalized = connection.rpc.chain_get_finalized_head().await?;
    let number = events::number(&connection, finalized).await?;
    let (from, from_hash) = if u64::from(best.saturating_sub(number)) < MORTAL / 2 {
        (number, finalized)
    } else {
        (best, best_hash)
    };
    let params = DefaultExtrinsicParamsBuilder::<PolkadotConfig>::new()
        .nonce(nonce)
        .mortal_from_unchecked(MORTAL, u64::from(from), from_hash)
        .build();
    let transactions = connection.at.transactions();
    let mut signable = transactions
        .create_signable_offline(payload, params)
        .map_err(unusable)?;
    let signed = signable.sign(key).map_err(unusable)?;
    let bytes = signed.into_encoded();
    Ok(Signed {
        connection,
        bytes,
        after: best,
    })
}

fn unusable(error: impl std::fmt::Display) -> Trouble {
    let problem = format!("the transaction cannot be made for this chain: {error}");
    Trouble::Final(ChainError::Runtime(problem))
}

fn unsent(link: &Link, trouble: Trouble) -> ChainError {
    match trouble {
        Trouble::Final(error) => error,
        Trouble::Lost(reason) => ChainError::Unreachable {
            address: link.address(),
            reason,
        },
    }
}

/// Sends a transaction, and returns the hash of its block.
async fn send(connection: &Connection, bytes: &[u8], wait: Wait) -> Result<H256, Trouble> {
    let refused = |why: &str| {
        let problem = format!("the transaction was not taken: {why}");
        Err(Trouble::Final(ChainError::Runtime(problem)))
    };
    let mut progress = connection
        .rpc
        .author_submit_and_watch_extrinsic(bytes)
        .await?;
    while let Some(status) = progress.next().await {
        match status? {
            TransactionStatus::InBlock(hash) if wait == Wait::Best => return Ok(hash),
            TransactionStatus::Finalized(hash) => return Ok(hash),
            TransactionStatus::Invalid => return refused("it became invalid"),
            TransactionStatus::Usurped(_) => {
                return refused("another one of the same account took its place")
            }
            TransactionStatus::Dropped => return refused("the node has no room for it"),
            TransactionStatus::FinalityTimeout(_) => {
                return Err(Trouble::Lost("its block does not become final".into()))
            }
            TransactionStatus::Future
            | TransactionStatus::Ready
            | TransactionStatus::Broadcast(_)
            | TransactionStatus::InBlock(_)
            | TransactionStatus::Retracted(_) => (),
        }
    }
    Err(Trouble::Lost("the node stopped telling of it".into()))
}

/// Searches for a transaction in the blocks after its signature, until `deadline`. Sends it again
/// to a node that does not know it, such as a restarted one.
fn look_for(
    link: &Link,
    signed: &Signed,
    deadline: Instant,
) -> Result<Option<Included>, ChainError> {
    let extrinsic = blake2(&signed.bytes);
    let mut next = signed.after.saturating_add(1);
    let mut refused = false;
    loop {
        let from = next;
        let looked = link.ask(|connection| async move {
            let (best, _) = events::best(&connection).await?;
            for number in from..=best {
                let hash = connection
                    .rpc
                    .chain_get_block_hash(Some(number.into()))
                    .await?;
                let hash = hash.ok_or_else(|| Trouble::Lost("a block was replaced".into()))?;
                if let Some(found) = find(&connection, number, hash, &extrinsic).await? {
                    return Ok((Some(found), best, true));
                }
            }
            Ok((None, best, is_taken(&connection, &signed.bytes).await?))
        });
        match looked {
            Ok((Some(found), ..)) => return Ok(Some(found)),
            // In no block, and no longer valid.
            Ok((None, _, false)) if refused => return Ok(None),
            Ok((None, best, taken)) => {
                next = best.saturating_add(1);
                refused = !taken;
            }
            // The outcome stays unknown.
            Err(_) => return Ok(None),
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Returns true if the transaction waits for a block. Sends it again first if it does not.
async fn is_taken(connection: &Connection, bytes: &[u8]) -> Result<bool, Trouble> {
    if pending(connection).await?.iter().any(|it| it.0 == bytes) {
        return Ok(true);
    }
    match connection.rpc.author_submit_extrinsic(bytes).await {
        Ok(_) => Ok(true),
        // Carried out in between, or not valid any more: its nonce is taken, or its time is over.
        Err(subxt::rpcs::Error::User(_)) => Ok(false),
        Err(lost) => Err(lost.into()),
    }
}

/// Returns the transactions that wait for a block.
async fn pending(
    connection: &Connection,
) -> Result<Vec<subxt::rpcs::methods::legacy::Bytes>, Trouble> {
    let none = subxt::rpcs::rpc_params![];
    Ok(connection
        .raw
        .request("author_pendingExtrinsics", none)
        .await?)
}

/// Returns the transaction, if it is in this block.
async fn find(
    connection: &Connection,
    number: u32,
    hash: H256,
    extrinsic: &Digest,
) -> Result<Option<Included>, Trouble> {
    let block = connection.rpc.chain_get_block(Some(hash)).await?;
    let block = block.ok_or_else(|| Trouble::Lost("the node has forgotten a block".into()))?;
    let mut extrinsics = block.block.extrinsics.iter();
    let Some(index) = extrinsics.position(|bytes| blake2(&bytes.0) == *extrinsic) else {
        return Ok(None);
    };
    let events = events::system_events(connection, number, hash).await?;
    let mut events = events::decoded(&connection.at, events)?;
    events.retain(|event| event.transaction.map(usize::try_from) == Some(Ok(index)));
    Ok(Some(Included {
        number,
        hash,
        events,
    }))
}

/// Returns true if an equal message waits for a block. The input is a call's last field, and `to`
/// stands before it, so the end of the transaction decides.
pub async fn is_pending(
    connection: &Connection,
    to: &AccountId,
    input: &[u8],
) -> Result<bool, Trouble> {
    use scale::Encode;
    let pending = pending(connection).await?;
    let length = u32::try_from(input.len()).unwrap_or(u32::MAX);
    let end = [&Compact(length).encode(), input].concat();
    let to = raw(to);
    let like = |bytes: &[u8]| bytes.ends_with(&end) && bytes.windows(32).any(|part| part == to);
    Ok(pending.iter().any(|bytes| like(&bytes.0)))
}
