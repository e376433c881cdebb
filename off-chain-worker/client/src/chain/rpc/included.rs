//! A transaction in a block, and the search for it.

use super::{
    events::{self, BlockEvent},
    link::{At, Connection, Trouble},
    refusal::refusal,
};
use crate::chain::{ChainError, ContractEvent};
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use scale::Decode;
use subxt::utils::H256;

/// Blocks that are searched again after a fork: more than a fork is deep.
const FORK: u32 = 16;

/// A transaction in a block.
#[derive(Clone, Debug)]
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

/// The result of a search.
pub struct Search {
    /// The transactions that were found, by their place in the list of those wanted.
    pub found: Vec<(usize, Included)>,
    /// The last block that was searched.
    pub last: (u32, H256),
}

/// Searches the blocks from `first` to the best one for transactions with these hashes. Blocks up
/// to `last`, where an earlier search ended, are searched again only if another block has replaced
/// that one.
pub async fn search(
    connection: &Connection,
    first: u32,
    last: Option<(u32, H256)>,
    wanted: &[Digest],
) -> Result<Search, Trouble> {
    let best = events::best(connection).await?;
    let mut search = Search {
        found: Vec::new(),
        last: best,
    };
    if last == Some(best) {
        return Ok(search);
    }
    let from = match last {
        None => first,
        Some((number, hash)) if hash_of(connection, number, best).await? == Some(hash) => {
            number.saturating_add(1)
        }
        Some((number, _)) => number.min(best.0).saturating_sub(FORK).max(first),
    };
    for number in from..=best.0 {
        let hash = hash_of(connection, number, best).await?;
        let hash = hash.ok_or_else(|| Trouble::Lost("a block was replaced".into()))?;
        let found = within(connection, (number, hash), wanted).await?;
        search.found.extend(found);
    }
    Ok(search)
}

/// Returns the hash of block `number` on the chain whose best block is `best`.
async fn hash_of(
    connection: &Connection,
    number: u32,
    best: (u32, H256),
) -> Result<Option<H256>, Trouble> {
    if number == best.0 {
        return Ok(Some(best.1));
    }
    let hash = connection
        .rpc
        .chain_get_block_hash(Some(number.into()))
        .await?;
    Ok(hash)
}

/// Returns the transactions of a block with one of these hashes.
async fn within(
    connection: &Connection,
    (number, hash): (u32, H256),
    wanted: &[Digest],
) -> Result<Vec<(usize, Included)>, Trouble> {
    let block = connection.rpc.chain_get_block(Some(hash)).await?;
    let block = block.ok_or_else(|| Trouble::Lost("the node has forgotten a block".into()))?;
    let extrinsics = block.block.extrinsics.iter().enumerate();
    let places: Vec<(usize, usize)> = extrinsics
        .filter_map(|(place, bytes)| {
            let hash = blake2(&bytes.0);
            let which = wanted.iter().position(|wanted| *wanted == hash)?;
            Some((which, place))
        })
        .collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let bytes = events::system_events(connection, hash).await?;
    let bytes = bytes.ok_or_else(|| Trouble::Lost("the node has discarded a block".into()))?;
    let events = events::decoded(&connection.at, bytes)?;
    let included = |(which, place): (usize, usize)| {
        let is_its =
            |event: &&BlockEvent| event.transaction.map(usize::try_from) == Some(Ok(place));
        let included = Included {
            number,
            hash,
            events: events.iter().filter(is_its).cloned().collect(),
        };
        (which, included)
    };
    Ok(places.into_iter().map(included).collect())
}
