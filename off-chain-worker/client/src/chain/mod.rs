//! Access to a chain with `pallet-contracts`: one trait, typed messages on top, an in-process
//! chain, one that another process serves, and one that a node serves.
//!
//! A [`Chain`] moves bytes. [`Typed`] turns the messages of `inktensor-primitives` into those bytes
//! and back, so nobody writes a selector, and nobody depends on a crate that implements a contract.

mod error;
mod event;
mod message;
mod metered;
pub mod rpc;

pub use error::{CallError, ChainError};
pub use event::ContractEvent;
pub use message::{contracts, query_all, selector, Message, Sent, Typed};
pub use metered::{Bill, Meter};

use inktensor_primitives::{AccountId, Digest};
use scale::{Decode, Encode};

/// A chain with `pallet-contracts`.
///
/// Accounts sign by name: an implementation holds the keys, or needs none.
pub trait Chain {
    /// Hash of the first block: which chain this is. Chains in this process all begin with the
    /// same.
    fn genesis(&self) -> Result<Digest, ChainError>;

    /// Height of the best block.
    fn block(&self) -> Result<u32, ChainError>;

    /// Runs a message as `caller` and returns what the contract returned. Nothing changes on the
    /// chain.
    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError>;

    /// Runs several messages as `caller`, each to a contract, and returns what each returned.
    /// Nothing changes on the chain.
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

    /// Runs a message signed by `signer`. A contract that returns an error has changed nothing; its
    /// answer is in the receipt all the same.
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError>;

    /// Puts code on the chain, for `signer` to pay the deposit, and returns its hash. Code that is
    /// there already stays.
    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError>;

    /// Makes a contract of uploaded code. `input` is the constructor's selector and arguments.
    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError>;

    /// What it would come to to upload `code` and make a contract of it. Nothing changes on the
    /// chain.
    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError>;

    /// The code with this hash.
    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError>;

    /// The code hash of the contract at `address`, if there is one.
    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError>;

    /// Events of contracts from block `from` on, oldest first.
    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError>;
}

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Receipt {
    /// What the contract returned, encoded.
    pub output: Vec<u8>,
    /// What contracts told while it ran.
    pub events: Vec<ContractEvent>,
    /// What it cost.
    pub cost: Cost,
}

/// A contract that came to be, or refused to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Instantiated {
    /// Its address.
    pub address: AccountId,
    /// What its constructor returned, encoded.
    pub output: Vec<u8>,
    /// Whether the constructor refused. Then there is nothing at `address`.
    pub reverted: bool,
    /// What it cost.
    pub cost: Cost,
}

/// What a transaction cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Cost {
    /// Time, in picoseconds of the chain's reference machine.
    pub ref_time: u64,
    /// Bytes of proof a light validator would need.
    pub proof_size: u64,
    /// Deposit taken for new storage; negative if more was given back.
    pub deposit: i128,
    /// Fee in the chain's own coin; zero on a chain that takes none.
    pub fee: u128,
}
