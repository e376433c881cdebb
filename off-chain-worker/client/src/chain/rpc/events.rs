//! The events of contracts, block by block, as far as they were asked for.
//!
//! Final blocks are read once. Later blocks may be replaced, so their hashes are compared each
//! time.

use super::{
    link::{At, Connection, Trouble},
    refusal::is_discarded,
};
use crate::chain::ContractEvent;
use inktensor_primitives::AccountId;
use scale::Decode;
use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
};
use subxt::{
    events::Phase,
    ext::futures::{stream, StreamExt, TryStreamExt},
    rpcs::rpc_params,
    utils::H256,
};

/// Hashes per request.
const HASHES: usize = 256;
/// Blocks that are read at the same time.
const AT_ONCE: usize = 16;
/// Blocks in the cache: a month's worth at six seconds each, if most of them are empty.
const REMEMBERED: usize = 432_000;
/// Storage key of a block's events: the hashed names of pallet and value.
const SYSTEM_EVENTS: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7,
    0x80, 0xd4, 0x1e, 0x5e, 0x16, 0x05, 0x67, 0x65, 0xbc, 0x84, 0x61, 0x85, 0x10, 0x72, 0xc9, 0xd7,
];

/// A cache of contracts' events.
#[derive(Debug, Default)]
pub struct EventCache {
    blocks: BTreeMap<u32, Seen>,
    /// Last known block that cannot be replaced.
    final_to: u32,
    /// Contracts whose events are kept; all contracts if empty.
    contracts: BTreeSet<AccountId>,
}

#[derive(Clone, Debug)]
struct Seen {
    hash: H256,
    events: Vec<ContractEvent>,
}

impl EventCache {
    /// Creates a cache for the events of these contracts only.
    pub fn of(contracts: impl IntoIterator<Item = AccountId>) -> Self {
        Self {
            contracts: contracts.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Returns the cached events from block `from` on.
    pub fn since(&self, from: u32) -> Vec<ContractEvent> {
        self.blocks
            .range(from..)
            .flat_map(|(_, seen)| seen.events.iter().cloned())
            .collect()
    }

    /// Returns true if the blocks from `from` to `best` are cached, the last of them with this
    /// hash.
    pub fn reaches(&self, from: u32, best: (u32, H256)) -> bool {
        let known = self.blocks.range(from..=best.0).count();
        usize::try_from(best.0.saturating_sub(from)).is_ok_and(|gap| known == gap.saturating_add(1))
            && self
                .blocks
                .get(&best.0)
                .is_some_and(|seen| seen.hash == best.1)
    }

    /// Returns true if the block with this number and hash is cached.
    fn knows(&self, number: u32, hash: H256) -> bool {
        self.blocks
            .get(&number)
            .is_some_and(|seen| seen.hash == hash)
    }

    fn is_settled(&self, number: u32) -> bool {
        number <= self.final_to && self.blocks.contains_key(&number)
    }

    /// Adds blocks, and removes those above `best`.
    fn learn(&mut self, read: Vec<(u32, Seen)>, best: u32, final_to: u32) {
        self.blocks.retain(|number, _| *number <= best);
        self.blocks.extend(read);
        self.final_to = final_to;
        while self.blocks.len() > REMEMBERED {
            self.blocks.pop_first();
        }
    }
}

/// Returns number and hash of the best block.
pub async fn best(connection: &Connection) -> Result<(u32, H256), Trouble> {
    let hash = connection.rpc.chain_get_block_hash(None).await?;
    let hash = hash.ok_or_else(|| Trouble::Lost("the node has no blocks".into()))?;
    Ok((number(connection, hash).await?, hash))
}

/// Returns the number of the block with this hash.
pub async fn number(connection: &Connection, hash: H256) -> Result<u32, Trouble> {
    let header = connection.rpc.chain_get_header(Some(hash)).await?;
    let header = header.ok_or_else(|| Trouble::Lost("the node has forgotten a block".into()))?;
    u32::try_from(header.number)
        .map_err(|_| Trouble::Lost("a block has a number beyond all that contracts count".into()))
}

/// Reads the blocks from `from` to the best one that `cache` lacks, for [`Update::apply`]. Begins
/// with the newest, and ends at one whose state the node has discarded.
pub async fn update(
    connection: &Connection,
    cache: &EventCache,
    from: u32,
) -> Result<Update, Trouble> {
    let (best, best_hash) = best(connection).await?;
    let mut update = Update {
        read: Vec::new(),
        best,
        final_to: cache.final_to,
        oldest: from,
    };
    if cache.reaches(from, (best, best_hash)) {
        return Ok(update);
    }
    let finalized = connection.rpc.chain_get_finalized_head().await?;
    update.final_to = number(connection, finalized).await?.min(best);
    let wanted: Vec<u32> = (from..=best)
        .filter(|number| !cache.is_settled(*number))
        .collect();
    for numbers in wanted.rchunks(HASHES) {
        let hashes = hashes(connection, numbers).await?;
        let pairs = numbers.iter().copied().zip(hashes).rev();
        let missing = pairs.filter(|(number, hash)| !cache.knows(*number, *hash));
        if let Some(discarded) = read(connection, cache, missing, &mut update.read).await? {
            update.oldest = discarded.saturating_add(1);
            break;
        }
    }
    Ok(update)
}

/// Reads these blocks into `all`. Returns the first one whose state the node has discarded; those
/// after it are not read.
async fn read(
    connection: &Connection,
    cache: &EventCache,
    blocks: impl Iterator<Item = (u32, H256)>,
    all: &mut Vec<(u32, Seen)>,
) -> Result<Option<u32>, Trouble> {
    let read = stream::iter(blocks)
        .map(|(number, hash)| async move {
            let events = contract_events(connection, (number, hash)).await?;
            Ok::<_, Trouble>((number, hash, events))
        })
        .buffered(AT_ONCE);
    let mut read = pin!(read);
    while let Some((number, hash, events)) = read.try_next().await? {
        let Some(mut events) = events else {
            return Ok(Some(number));
        };
        let contracts = &cache.contracts;
        events.retain(|event| contracts.is_empty() || contracts.contains(&event.contract));
        all.push((number, Seen { hash, events }));
    }
    Ok(None)
}

/// The blocks that a cache lacks.
pub struct Update {
    read: Vec<(u32, Seen)>,
    best: u32,
    final_to: u32,
    /// Oldest block that could be read; the first one that was asked for, if all could.
    oldest: u32,
}

impl Update {
    /// Adds the blocks to `cache`. Returns the oldest block that could be read.
    pub fn apply(self, cache: &mut EventCache) -> u32 {
        cache.learn(self.read, self.best, self.final_to);
        self.oldest
    }
}

/// Returns the hashes of the blocks with these numbers.
async fn hashes(connection: &Connection, numbers: &[u32]) -> Result<Vec<H256>, Trouble> {
    let hashes: Vec<Option<H256>> = connection
        .raw
        .request("chain_getBlockHash", rpc_params![numbers])
        .await?;
    let found: Vec<H256> = hashes.into_iter().flatten().collect();
    if found.len() == numbers.len() {
        return Ok(found);
    }
    // The best block was replaced in between.
    Err(Trouble::Lost("the node does not know all blocks".into()))
}

/// Reads the events of contracts in a block. Returns `None` if the node has discarded its state.
async fn contract_events(
    connection: &Connection,
    (number, hash): (u32, H256),
) -> Result<Option<Vec<ContractEvent>>, Trouble> {
    let Some(bytes) = system_events(connection, hash).await? else {
        return Ok(None);
    };
    let events = decoded(&connection.at, bytes)?;
    let events = events.iter().filter_map(|it| it.contract_event(number));
    Ok(Some(events.collect()))
}

/// Reads the encoded events of the block with this hash. Returns `None` if the node has discarded
/// its state.
pub async fn system_events(
    connection: &Connection,
    hash: H256,
) -> Result<Option<Vec<u8>>, Trouble> {
    let stored = connection
        .rpc
        .state_get_storage(&SYSTEM_EVENTS, Some(hash))
        .await;
    match stored {
        Ok(bytes) => Ok(Some(bytes.unwrap_or_default())),
        Err(subxt::rpcs::Error::User(problem)) if is_discarded(&problem.message) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// An event of a block.
#[derive(Clone)]
pub struct BlockEvent {
    /// Transaction that caused the event, counted from 0. `None` for an event of the block itself.
    pub transaction: Option<u32>,
    /// Pallet of the event.
    pub pallet: String,
    /// Name of the event.
    pub name: String,
    /// Fields of the event, encoded.
    pub fields: Vec<u8>,
    topics: Vec<[u8; 32]>,
}

impl BlockEvent {
    /// Returns the contract's event, if this is one.
    pub fn contract_event(&self, block: u32) -> Option<ContractEvent> {
        if (self.pallet.as_str(), self.name.as_str()) != ("Contracts", "ContractEmitted") {
            return None;
        }
        let (contract, data) = <([u8; 32], Vec<u8>)>::decode(&mut &self.fields[..]).ok()?;
        Some(ContractEvent {
            block,
            contract: contract.into(),
            topics: self.topics.clone(),
            data,
        })
    }
}

/// Decodes all events of a block.
pub fn decoded(at: &At, bytes: Vec<u8>) -> Result<Vec<BlockEvent>, Trouble> {
    let events = at.events().from_bytes(bytes);
    let decoded = events.iter().map(|event| {
        // An unknown event is of a runtime upgrade: a new connection has its types.
        let event = event.map_err(|error| Trouble::Lost(error.to_string()))?;
        Ok(BlockEvent {
            transaction: match event.phase() {
                Phase::ApplyExtrinsic(index) => Some(index),
                Phase::Finalization | Phase::Initialization => None,
            },
            pallet: event.pallet_name().into(),
            name: event.event_name().into(),
            fields: event.field_bytes().into(),
            topics: event.topics().iter().map(|topic| topic.0).collect(),
        })
    });
    decoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(hash: u8, contracts: &[u8]) -> Seen {
        Seen {
            hash: H256([hash; 32]),
            events: contracts
                .iter()
                .map(|contract| ContractEvent {
                    block: 0,
                    contract: [*contract; 32].into(),
                    topics: Vec::new(),
                    data: Vec::new(),
                })
                .collect(),
        }
    }

    fn contracts_since(cache: &EventCache, from: u32) -> Vec<u8> {
        let events = cache.since(from);
        let first = |event: &ContractEvent| AsRef::<[u8]>::as_ref(&event.contract)[0];
        events.iter().map(first).collect()
    }

    #[test]
    fn final_blocks_are_not_read_again_and_replaced_ones_are_dropped() {
        let mut cache = EventCache::default();
        let read = vec![(3, seen(3, &[1])), (4, seen(4, &[2])), (5, seen(5, &[3]))];
        cache.learn(read, 5, 3);
        assert!(cache.is_settled(3) && !cache.is_settled(4) && !cache.is_settled(2));
        assert!(cache.reaches(3, (5, H256([5; 32]))));
        assert!(!cache.reaches(3, (5, H256([9; 32]))));
        assert!(!cache.reaches(2, (5, H256([5; 32]))));
        assert_eq!(contracts_since(&cache, 4), [2, 3]);
        cache.learn(vec![(4, seen(8, &[7]))], 4, 3);
        assert_eq!(contracts_since(&cache, 3), [1, 7]);
        assert!(cache.knows(4, H256([8; 32])) && !cache.knows(5, H256([5; 32])));
    }

    #[test]
    fn only_emitted_events_are_events_of_contracts() {
        use scale::Encode;
        let mut event = BlockEvent {
            transaction: Some(1),
            pallet: "Contracts".into(),
            name: "ContractEmitted".into(),
            fields: ([7u8; 32], vec![1u8, 2]).encode(),
            topics: vec![[4; 32]],
        };
        let emitted = event.contract_event(9).unwrap();
        assert_eq!((emitted.block, emitted.contract), (9, [7; 32].into()));
        assert_eq!((emitted.data, emitted.topics), (vec![1, 2], vec![[4; 32]]));
        event.name = "Called".into();
        assert!(event.contract_event(9).is_none());
    }
}
