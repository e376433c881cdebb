//! What contracts told, block by block, as far as it was asked for.
//!
//! Blocks that are final are read once. Later ones are held against their hashes each time, since
//! they may be replaced.

use super::link::{At, Connection, Trouble};
use crate::chain::{ChainError, ContractEvent};
use inktensor_primitives::AccountId;
use scale::Decode;
use std::collections::{BTreeMap, BTreeSet};
use subxt::{
    events::Phase,
    ext::futures::{stream, StreamExt, TryStreamExt},
    rpcs::rpc_params,
    utils::H256,
};

/// Blocks whose hashes are asked for at once.
const HASHES: usize = 256;
/// Blocks that are read at the same time.
const AT_ONCE: usize = 16;
/// Blocks that are remembered: a month's worth at six seconds each, if nothing happened in most of
/// them.
const REMEMBERED: usize = 432_000;
/// Where a chain keeps the events of a block: the hashed names of pallet and value.
const SYSTEM_EVENTS: [u8; 32] = [
    0x26, 0xaa, 0x39, 0x4e, 0xea, 0x56, 0x30, 0xe0, 0x7c, 0x48, 0xae, 0x0c, 0x95, 0x58, 0xce, 0xf7,
    0x80, 0xd4, 0x1e, 0x5e, 0x16, 0x05, 0x67, 0x65, 0xbc, 0x84, 0x61, 0x85, 0x10, 0x72, 0xc9, 0xd7,
];

/// What contracts told.
#[derive(Debug, Default)]
pub struct History {
    blocks: BTreeMap<u32, Seen>,
    /// The last block that can no longer be replaced, as far as is known.
    final_to: u32,
    /// The contracts that are listened to; none means all.
    contracts: BTreeSet<AccountId>,
}

#[derive(Clone, Debug)]
struct Seen {
    hash: H256,
    events: Vec<ContractEvent>,
}

impl History {
    /// Listens to these contracts only. What was heard before is forgotten.
    pub fn of(contracts: impl IntoIterator<Item = AccountId>) -> Self {
        Self {
            contracts: contracts.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Events from block `from` on, of what is known.
    pub fn since(&self, from: u32) -> Vec<ContractEvent> {
        self.blocks
            .range(from..)
            .flat_map(|(_, seen)| seen.events.iter().cloned())
            .collect()
    }

    /// Whether the blocks from `from` to `best` are known, the last of them with this hash.
    pub fn reaches(&self, from: u32, best: (u32, H256)) -> bool {
        let known = self.blocks.range(from..=best.0).count();
        usize::try_from(best.0.saturating_sub(from)).is_ok_and(|gap| known == gap.saturating_add(1))
            && self
                .blocks
                .get(&best.0)
                .is_some_and(|seen| seen.hash == best.1)
    }

    /// What is known of the block with this number and hash.
    fn knows(&self, number: u32, hash: H256) -> bool {
        self.blocks
            .get(&number)
            .is_some_and(|seen| seen.hash == hash)
    }

    fn is_settled(&self, number: u32) -> bool {
        number <= self.final_to && self.blocks.contains_key(&number)
    }

    /// Takes in what was read. Blocks above `best` are gone.
    fn learn(&mut self, read: Vec<(u32, Seen)>, best: u32, final_to: u32) {
        self.blocks.retain(|number, _| *number <= best);
        self.blocks.extend(read);
        self.final_to = final_to;
        while self.blocks.len() > REMEMBERED {
            self.blocks.pop_first();
        }
    }
}

/// Number and hash of the best block.
pub async fn best(connection: &Connection) -> Result<(u32, H256), Trouble> {
    let hash = connection.rpc.chain_get_block_hash(None).await?;
    let hash = hash.ok_or_else(|| Trouble::Lost("the node has no blocks".into()))?;
    Ok((number(connection, hash).await?, hash))
}

/// Number of the block with this hash.
pub async fn number(connection: &Connection, hash: H256) -> Result<u32, Trouble> {
    let header = connection.rpc.chain_get_header(Some(hash)).await?;
    let header = header.ok_or_else(|| Trouble::Lost("the node has forgotten a block".into()))?;
    u32::try_from(header.number)
        .map_err(|_| Trouble::Lost("a block has a number beyond all that contracts count".into()))
}

/// What is missing of the blocks from `from` to the best one, to be taken in with
/// [`Update::apply`].
pub async fn update(
    connection: &Connection,
    history: &History,
    from: u32,
) -> Result<Update, Trouble> {
    let (best, best_hash) = best(connection).await?;
    if history.reaches(from, (best, best_hash)) {
        return Ok(Update {
            read: Vec::new(),
            best,
            final_to: history.final_to,
        });
    }
    let finalized = connection.rpc.chain_get_finalized_head().await?;
    let final_to = number(connection, finalized).await?.min(best);
    let wanted: Vec<u32> = (from..=best)
        .filter(|number| !history.is_settled(*number))
        .collect();
    let mut missing = Vec::new();
    for numbers in wanted.chunks(HASHES) {
        let hashes = hashes(connection, numbers).await?;
        let pairs = numbers.iter().copied().zip(hashes);
        missing.extend(pairs.filter(|(number, hash)| !history.knows(*number, *hash)));
    }
    let contracts = &history.contracts;
    let read = stream::iter(missing)
        .map(|(number, hash)| async move {
            let mut events = contract_events(connection, number, hash).await?;
            events.retain(|event| contracts.is_empty() || contracts.contains(&event.contract));
            Ok::<_, Trouble>((number, Seen { hash, events }))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Update {
        read,
        best,
        final_to,
    })
}

/// What was missing.
pub struct Update {
    read: Vec<(u32, Seen)>,
    best: u32,
    final_to: u32,
}

impl Update {
    /// Takes it in.
    pub fn apply(self, history: &mut History) {
        history.learn(self.read, self.best, self.final_to);
    }
}

/// Hashes of the blocks with these numbers.
async fn hashes(connection: &Connection, numbers: &[u32]) -> Result<Vec<H256>, Trouble> {
    let hashes: Vec<Option<H256>> = connection
        .raw
        .request("chain_getBlockHash", rpc_params![numbers])
        .await?;
    let found: Vec<H256> = hashes.into_iter().flatten().collect();
    if found.len() == numbers.len() {
        return Ok(found);
    }
    // The best block was replaced meanwhile.
    Err(Trouble::Lost("the node does not know all blocks".into()))
}

/// What contracts told in a block.
async fn contract_events(
    connection: &Connection,
    number: u32,
    hash: H256,
) -> Result<Vec<ContractEvent>, Trouble> {
    let bytes = system_events(connection, number, hash).await?;
    let mut found = Vec::new();
    for told in decoded(&connection.at, bytes)? {
        found.extend(told.event(number));
    }
    Ok(found)
}

/// The events of a block, encoded.
pub async fn system_events(
    connection: &Connection,
    number: u32,
    hash: H256,
) -> Result<Vec<u8>, Trouble> {
    let stored = connection
        .rpc
        .state_get_storage(&SYSTEM_EVENTS, Some(hash))
        .await;
    match stored {
        Ok(bytes) => Ok(bytes.unwrap_or_default()),
        Err(subxt::rpcs::Error::User(problem)) => {
            Err(Trouble::Final(ChainError::Runtime(format!(
                "the events of block {number} cannot be had: {}; a node keeps those of old blocks with --state-pruning archive",
                problem.message
            ))))
        }
        Err(lost) => Err(lost.into()),
    }
}

/// An event of a block.
pub struct Told {
    /// The transaction that it is of, counted from 0; none if it is of the block itself.
    pub transaction: Option<u32>,
    /// The pallet.
    pub pallet: String,
    /// What happened.
    pub name: String,
    /// Its fields, encoded.
    pub fields: Vec<u8>,
    topics: Vec<[u8; 32]>,
}

impl Told {
    /// What a contract told, if this is that.
    pub fn event(&self, block: u32) -> Option<ContractEvent> {
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

/// All events of a block.
pub fn decoded(at: &At, bytes: Vec<u8>) -> Result<Vec<Told>, Trouble> {
    let events = at.events().from_bytes(bytes);
    let told = events.iter().map(|event| {
        // Of another runtime than the one at which the connection was made: a new one knows it.
        let event = event.map_err(|error| Trouble::Lost(error.to_string()))?;
        Ok(Told {
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
    told.collect()
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

    fn told(history: &History, from: u32) -> Vec<u8> {
        let events = history.since(from);
        let first = |event: &ContractEvent| AsRef::<[u8]>::as_ref(&event.contract)[0];
        events.iter().map(first).collect()
    }

    #[test]
    fn what_is_final_is_not_asked_for_again_and_what_is_replaced_is_forgotten() {
        let mut history = History::default();
        let read = vec![(3, seen(3, &[1])), (4, seen(4, &[2])), (5, seen(5, &[3]))];
        history.learn(read, 5, 3);
        assert!(history.is_settled(3) && !history.is_settled(4) && !history.is_settled(2));
        assert!(history.reaches(3, (5, H256([5; 32]))));
        assert!(!history.reaches(3, (5, H256([9; 32]))));
        assert!(!history.reaches(2, (5, H256([5; 32]))));
        assert_eq!(told(&history, 4), [2, 3]);
        history.learn(vec![(4, seen(8, &[7]))], 4, 3);
        assert_eq!(told(&history, 3), [1, 7]);
        assert!(history.knows(4, H256([8; 32])) && !history.knows(5, H256([5; 32])));
    }

    #[test]
    fn only_what_contracts_tell_is_an_event_of_theirs() {
        use scale::Encode;
        let mut told = Told {
            transaction: Some(1),
            pallet: "Contracts".into(),
            name: "ContractEmitted".into(),
            fields: ([7u8; 32], vec![1u8, 2]).encode(),
            topics: vec![[4; 32]],
        };
        let event = told.event(9).unwrap();
        assert_eq!((event.block, event.contract), (9, [7; 32].into()));
        assert_eq!((event.data, event.topics), (vec![1, 2], vec![[4; 32]]));
        told.name = "Called".into();
        assert!(told.event(9).is_none());
    }
}
