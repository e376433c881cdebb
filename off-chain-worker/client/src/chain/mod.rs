//! Access to a chain with `pallet-contracts`: what a chain can do, typed messages on top, and
//! [`rpc`], the chain that a node serves.
//!
//! # Terms
//! * **chain**: moves bytes. [`ChainRead`] reads, [`Chain`] sends too. A function that takes a
//!   `&dyn ChainRead` cannot send.
//! * **message**: a call of a contract, made by the builders in [`contracts`]. [`Typed`] encodes it
//!   and decodes its answer, so no caller writes a selector.
//! * **pinned**: read at one block, by its hash, whatever blocks follow; see [`Pinned`].
//! * **answer**: a message that may refuse returns a `Result`; [`Answer::answer`] unfolds it.
//! * **wrapper**: a chain that changes some methods of another one. The macros
//!   [`forward_reads`](crate::forward_reads) and [`forward_deploys`](crate::forward_deploys) write
//!   the methods that it leaves as they are.

mod agreeing;
mod error;
mod event;
mod forward;
mod message;
mod metered;
mod pinned;
mod pointers;
pub mod rpc;

pub use agreeing::Agreeing;
pub use error::{CallError, ChainError, ContractError};
pub use event::ContractEvent;
pub use message::{contracts, query_all, selector, Answer, Message, Sent, Typed};
pub use metered::{Bill, Meter};
pub use pinned::Pinned;

use inktensor_primitives::{AccountId, Digest};
use scale::{Decode, Encode};

/// A block. Its hash binds all blocks before it, and so every state that a reader of the block
/// sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct BlockId {
    /// Number of the block.
    pub number: u32,
    /// Hash of the block.
    pub hash: Digest,
}

/// The reading half of a chain. Nothing here changes the chain.
pub trait ChainRead {
    /// Returns the hash of the first block, which identifies the chain. All chains in this process
    /// have the same one.
    fn genesis(&self) -> Result<Digest, ChainError>;

    /// Returns the best block. Another one may replace it.
    fn best(&self) -> Result<BlockId, ChainError>;

    /// Returns the height of the best block.
    fn block(&self) -> Result<u32, ChainError> {
        Ok(self.best()?.number)
    }

    /// Returns the last block that no other block can replace. In a chain without forks it is the
    /// best block.
    fn finalized(&self) -> Result<BlockId, ChainError>;

    /// Returns the hash of the block with this number in the past of `of`; that of `of` itself for
    /// its own number. Returns `None` for a later number, and for a block that the chain has
    /// forgotten.
    ///
    /// # Errors
    /// `BlockGone` if `of` was replaced.
    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError>;

    /// Returns true if `block` is in the past of `of`, or `of` itself.
    ///
    /// # Errors
    /// `BlockGone` if `of` was replaced.
    fn includes(&self, of: &BlockId, block: &BlockId) -> Result<bool, ChainError> {
        Ok(self.ancestor(of, block.number)? == Some(block.hash))
    }

    /// Runs a message on the best block as `caller`, and returns the contract's output.
    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError>;

    /// Runs several messages as `caller`, each to a contract, and returns the output of each.
    fn read_all(
        &self,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        let reads = reads.iter();
        reads
            .map(|(to, input)| self.read(caller, *to, input))
            .collect()
    }

    /// Runs several messages as `caller` on the state after the block `at`, and returns the output
    /// of each.
    ///
    /// # Errors
    /// `BlockGone` if the block was replaced; `Pruned` if its state was discarded.
    fn read_all_at(
        &self,
        at: &BlockId,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError>;

    /// Returns the address and cost of a contract made of `code`, without making it.
    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError>;

    /// Returns the code with this hash.
    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError>;

    /// Returns the code hash of the contract at `address`.
    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError>;

    /// Returns the state of the chain's sudo key. By default it is unknown.
    fn sudo_key(&self) -> Result<SudoKey, ChainError> {
        Ok(SudoKey::Unknown)
    }

    /// Returns the events of contracts from block `from` on, oldest first.
    ///
    /// # Errors
    /// `Pruned` if the chain has discarded the first of these blocks. It names the oldest one that
    /// can be read.
    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError>;
}

/// The key of pallet Sudo, which can replace the code of any contract of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum SudoKey {
    /// The chain has been asked, and there is no such key.
    Absent,
    /// The key of this account.
    Of(AccountId),
    /// The chain does not show whether there is a key.
    Unknown,
}

/// A message to a contract, encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Contract that receives the message.
    pub to: AccountId,
    /// Selector and arguments.
    pub input: Vec<u8>,
}

/// A chain with `pallet-contracts`.
///
/// A signer is named by its account: an implementation holds the keys, or needs none.
pub trait Chain: ChainRead {
    /// Runs a message signed by `signer`. A contract that returns an error has changed nothing; the
    /// receipt holds that error too.
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError>;

    /// Runs a message like [`submit`](Chain::submit), on forks with the block `after` only: on
    /// another fork the transaction is not valid.
    ///
    /// # Errors
    /// `BlockGone` if another block has replaced `after`. Nothing was sent then.
    fn submit_after(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
        after: &BlockId,
    ) -> Result<Receipt, ChainError> {
        let best = self.best()?;
        if !self.includes(&best, after)? {
            return Err(ChainError::BlockGone(after.number));
        }
        self.submit(signer, to, input)
    }

    /// Runs messages signed by `signer`, in this order, and returns the outcome of each. A chain of
    /// nodes sends them together, with consecutive nonces: none may need another one of the list.
    /// A call that a dry run refuses is not sent, and takes no nonce. After an error of the
    /// connection the rest is `NotSent`.
    fn submit_many(
        &mut self,
        signer: AccountId,
        calls: &[Call],
    ) -> Vec<Result<Receipt, ChainError>> {
        let calls = calls.iter();
        calls
            .map(|call| self.submit(signer, call.to, &call.input))
            .collect()
    }

    /// Puts code on the chain, at the deposit of `signer`, and returns its hash. Code that is
    /// already there stays.
    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError>;

    /// Makes a contract of uploaded code. `input` is the constructor's selector and arguments.
    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError>;
}

/// The outcome of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// The contract's output, encoded.
    pub output: Vec<u8>,
    /// The events that contracts emitted during the transaction.
    pub events: Vec<ContractEvent>,
    /// The cost.
    pub cost: Cost,
}

/// The outcome of an instantiation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Instantiated {
    /// Address of the contract.
    pub address: AccountId,
    /// The constructor's output, encoded.
    pub output: Vec<u8>,
    /// True if the constructor refused. Then there is nothing at `address`.
    pub reverted: bool,
    /// The cost.
    pub cost: Cost,
}

/// The cost of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Cost {
    /// Time, in picoseconds of the chain's reference machine.
    pub ref_time: u64,
    /// Bytes of proof that a light validator would need.
    pub proof_size: u64,
    /// Deposit taken for new storage; negative if more was returned.
    pub deposit: i128,
    /// Fee in the chain's own coin; zero on a chain that takes none.
    pub fee: u128,
}

impl Cost {
    /// Returns the cost of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            ref_time: self.ref_time.saturating_add(other.ref_time),
            proof_size: self.proof_size.saturating_add(other.proof_size),
            deposit: self.deposit.saturating_add(other.deposit),
            fee: self.fee.saturating_add(other.fee),
        }
    }
}
