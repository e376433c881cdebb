//! The inputs of the closed epoch, as far as the chain returns them and their memory is known.

use super::{block, EpochCache};
use crate::error::RoleError;
use inktensor_client::chain::{
    query_all, Answer, BlockId, CallError, ChainError, ChainRead, Pinned, Typed,
};
use inktensor_compute::epoch::{EpochInputs, Limits};
use inktensor_primitives::{
    epoch::{EpochError, Epochs},
    kernel::{ChunkInputs, EpochHeader, EpochPlan},
    NetUid,
};
use std::{collections::BTreeSet, time::Instant};

/// The inputs of an epoch, as far as they are known.
pub(super) struct KnownInputs {
    pub inputs: EpochInputs,
    pub plan: EpochPlan,
    /// Block in which the epoch closed.
    pub closed_in: BlockId,
    /// First part that is not known.
    pub gap: Option<Gap>,
    unknown_inputs: BTreeSet<u16>,
    unknown_memory: BTreeSet<u16>,
}

/// A part of an epoch's inputs that is not known.
#[derive(Clone, Debug)]
pub(super) enum Gap {
    /// Memory of a chunk from the last final epoch.
    Memory { netuid: NetUid, epoch: u32 },
    /// Input of a chunk from the chain's storage.
    Inputs {
        netuid: NetUid,
        chunk: u16,
        reason: String,
    },
}

impl From<Gap> for RoleError {
    fn from(gap: Gap) -> Self {
        match gap {
            Gap::Memory { netuid, epoch } => RoleError::MemoryUnknown { netuid, epoch },
            Gap::Inputs {
                netuid,
                chunk,
                reason,
            } => RoleError::InputsUnknown {
                netuid,
                chunk,
                reason,
            },
        }
    }
}

impl KnownInputs {
    /// Returns complete inputs.
    pub const fn whole(inputs: EpochInputs, plan: EpochPlan, closed_in: BlockId) -> Self {
        Self {
            inputs,
            plan,
            closed_in,
            gap: None,
            unknown_inputs: BTreeSet::new(),
            unknown_memory: BTreeSet::new(),
        }
    }

    /// Returns the limits of the computation, which is given up at `deadline`.
    pub fn limits(&self, deadline: Option<Instant>) -> Limits {
        Limits {
            unknown_inputs: self.unknown_inputs.clone(),
            unknown_memory: self.unknown_memory.clone(),
            deadline,
        }
    }
}

/// Inputs of all chunks, and the chunks whose inputs the chain does not return, with its errors.
type Gathered = (Vec<ChunkInputs>, Vec<(u16, String)>);

impl EpochCache {
    /// Reads plan and inputs of the closed epoch from the chain, finds the memory, and stores them
    /// if they are complete.
    pub(super) fn read(
        &self,
        chain: &Pinned<'_>,
        header: EpochHeader,
    ) -> Result<KnownInputs, RoleError> {
        let netuid = header.netuid;
        let number = block(header.closed_at);
        let hash = chain.ancestor(&chain.id(), number)?;
        let closed_in = BlockId {
            number,
            hash: hash.ok_or(ChainError::BlockGone(number))?,
        };
        let plan = chain
            .query(self.contracts.epoch().plan(netuid))?
            .ok_or(RoleError::NothingClosed(netuid))?;
        let (chunks, unknown_inputs) = self.gather(chain, &header, &plan)?;
        let memory = self.memory(chain, &header, &plan)?;
        let unknown_memory: BTreeSet<u16> = (0..)
            .zip(&memory)
            .filter(|(_, known)| known.is_none())
            .map(|(chunk, _)| chunk)
            .collect();
        let gap = match unknown_inputs.first() {
            Some((chunk, reason)) => Some(Gap::Inputs {
                netuid,
                chunk: *chunk,
                reason: reason.clone(),
            }),
            None => (!unknown_memory.is_empty()).then(|| Gap::Memory {
                netuid,
                epoch: header.final_epoch.unwrap_or_default(),
            }),
        };
        let inputs = EpochInputs {
            chunks,
            memory: memory.into_iter().map(Option::unwrap_or_default).collect(),
            header,
        };
        // A chain in process has one state only: the next epoch may have closed in between.
        let again: Option<EpochHeader> = chain.query(self.contracts.epoch().header(netuid))?;
        if again.as_ref() != Some(&inputs.header) {
            return Err(ChainError::BlockGone(chain.id().number).into());
        }
        if let (Some(store), None) = (&self.store, &gap) {
            store.put_inputs(&inputs, &plan, &closed_in)?;
        }
        Ok(KnownInputs {
            inputs,
            plan,
            closed_in,
            gap,
            unknown_inputs: unknown_inputs.into_iter().map(|(chunk, _)| chunk).collect(),
            unknown_memory,
        })
    }

    /// Reads the inputs with the function that a dispute reads them with. Returns the chunks whose
    /// inputs the chain does not return, with its errors; their inputs are empty.
    fn gather(
        &self,
        chain: &dyn ChainRead,
        header: &EpochHeader,
        plan: &EpochPlan,
    ) -> Result<Gathered, RoleError> {
        let chunks = 0..plan.chunks(header.neurons);
        let message = |chunk| self.contracts.epoch().chunk_inputs(header.netuid, chunk);
        let together: Result<Vec<Result<ChunkInputs, EpochError>>, ChainError> =
            query_all(chain, chunks.clone().map(message));
        let answers: Vec<Result<ChunkInputs, CallError<EpochError>>> = match together {
            Ok(answers) => answers
                .into_iter()
                .map(|answer| answer.map_err(CallError::Refused))
                .collect(),
            Err(error) if error.is_of_the_connection() => return Err(error.into()),
            Err(error @ ChainError::Pruned { .. }) => {
                return Err(error.into());
            }
            // One of them failed: the others are known.
            Err(_) => chunks
                .map(|chunk| chain.query(message(chunk)).answer())
                .collect(),
        };
        let (mut inputs, mut unknown) = (Vec::with_capacity(answers.len()), Vec::new());
        for (chunk, answer) in (0..).zip(answers) {
            match answer {
                Ok(chunk) => inputs.push(chunk),
                Err(CallError::Chain(error)) if error.is_of_the_connection() => {
                    return Err(error.into());
                }
                Err(error) => {
                    inputs.push(ChunkInputs::default());
                    unknown.push((chunk, error.to_string()));
                }
            }
        }
        Ok((inputs, unknown))
    }
}
