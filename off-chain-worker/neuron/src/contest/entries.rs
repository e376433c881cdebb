//! The entries of an epoch, read from the chain.

use crate::{
    evidence::{
        seeds::{question_seed, Round},
        Head,
    },
    view::{neurons_at, Served},
};
use inktensor_client::{
    chain::{BlockId, ChainError, ChainRead},
    deploy::Addresses,
};
use inktensor_contest::{entries, Entry, Epoch, Pledge, Subnet};
use inktensor_primitives::{
    registry::{Commitment, CommitmentKind},
    Digest, NetUid,
};
use inktensor_task::Seed;

/// Returns the pledge of an entry in a commitment, if it is one.
pub fn entry_of(commitment: &Commitment) -> Option<Pledge> {
    match commitment.kind {
        CommitmentKind::Raw => Pledge::from_data(&commitment.data),
        CommitmentKind::Text | CommitmentKind::Url | CommitmentKind::Hash => None,
    }
}

/// Returns the epoch `number` of a contest.
pub const fn epoch(home: Digest, netuid: NetUid, number: u32, round: Round) -> Epoch {
    Epoch {
        subnet: Subnet {
            home,
            netuid: netuid.0,
        },
        number,
        cut_off: round.cut_off(),
    }
}

/// Reads the entries of an epoch, in the state after its cut-off, which is `block`: there the
/// commitment of each miner is its last one up to the cut-off.
///
/// # Errors
/// If the chain does not answer, or has discarded the state.
pub fn read(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    (epoch, block): (&Epoch, BlockId),
) -> Result<Vec<Entry>, ChainError> {
    let neurons = neurons_at(chain, contracts, NetUid(epoch.subnet.netuid), block)?;
    Ok(entries(epoch, neurons.iter().filter_map(pledged)))
}

/// Returns the entry of a neuron, if its commitment is one.
fn pledged(neuron: &Served) -> Option<Entry> {
    let commitment = neuron.commitment.as_ref()?;
    Some(Entry {
        block: commitment.block,
        seat: neuron.registration().seat(),
        pledge: entry_of(commitment)?,
    })
}

/// Returns the seed of the rows of the validator in `head`.
pub fn rows_seed(head: &Head) -> Seed {
    question_seed(
        &head.home,
        head.netuid,
        head.epoch,
        &head.seed_block.hash,
        &head.validator,
    )
}
