//! A chain that is believed only as far as several of its nodes agree.

use super::{
    BlockId, Call, Chain, ChainError, ChainRead, ContractEvent, Instantiated, Receipt, SudoKey,
};
use crate::forward_deploys;
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use std::rc::Rc;

/// Blocks below the nodes' heads in which a block is searched that enough of them have.
const FORK: u32 = 16;

/// A chain whose reads are the answers that enough of its nodes give. It sends through one chain.
///
/// The best block is the highest one that enough nodes have, with the same hash. All reads happen
/// at that block, so nodes that are some blocks apart give the same answers. Code has a hash, so
/// any node's is good.
pub struct Agreeing<C> {
    chain: C,
    nodes: Vec<Rc<dyn ChainRead>>,
    wanted: usize,
}

impl<C: ChainRead> Agreeing<C> {
    /// Believes what `wanted` of `nodes` answer. `chain` sends.
    pub fn new(chain: C, nodes: Vec<Rc<dyn ChainRead>>, wanted: usize) -> Self {
        Self {
            chain,
            wanted: wanted.clamp(1, nodes.len().max(1)),
            nodes,
        }
    }

    /// Returns the answer that enough nodes give.
    ///
    /// # Errors
    /// `NodesDiffer`; the error that enough nodes give; `Unreachable` if no node answers.
    fn agreed<T: Clone + PartialEq>(
        &self,
        ask: impl Fn(&dyn ChainRead) -> Result<T, ChainError>,
    ) -> Result<T, ChainError> {
        let mut answers: Vec<(Result<T, ChainError>, usize)> = Vec::new();
        let mut lost = None;
        for node in &self.nodes {
            let answer = ask(node.as_ref());
            if let Err(error @ ChainError::Unreachable { .. }) = answer {
                lost = Some(error);
                continue;
            }
            let known = answers.iter_mut().find(|(known, _)| *known == answer);
            let votes = match known {
                Some((_, votes)) => {
                    *votes = votes.saturating_add(1);
                    *votes
                }
                None => {
                    answers.push((answer.clone(), 1));
                    1
                }
            };
            if votes >= self.wanted {
                return answer;
            }
        }
        match lost {
            Some(lost) if answers.is_empty() => Err(lost),
            _ => Err(self.differ(answers.iter().map(|(_, votes)| *votes).max())),
        }
    }

    fn differ(&self, votes: Option<usize>) -> ChainError {
        let number = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        ChainError::NodesDiffer {
            agree: number(votes.unwrap_or_default()),
            wanted: number(self.wanted),
        }
    }

    /// Returns the highest block that enough nodes have. `head` is a node's own.
    fn highest(
        &self,
        head: impl Fn(&dyn ChainRead) -> Result<BlockId, ChainError>,
    ) -> Result<BlockId, ChainError> {
        let mut lost = None;
        let mut heads = Vec::new();
        for node in &self.nodes {
            match head(node.as_ref()) {
                Ok(block) => heads.push((node, block)),
                Err(error) => lost = Some(error),
            }
        }
        heads.sort_by_key(|(_, block)| std::cmp::Reverse(block.number));
        let Some((_, last)) = heads.get(self.wanted.saturating_sub(1)) else {
            return Err(lost.unwrap_or_else(|| self.differ(Some(heads.len()))));
        };
        let top = last.number;
        let mut most = 0;
        for number in (top.saturating_sub(FORK)..=top).rev() {
            let mut hashes: Vec<Digest> = heads
                .iter()
                .filter_map(|(node, block)| node.ancestor(block, number).ok().flatten())
                .collect();
            hashes.sort_unstable();
            for same in hashes.chunk_by(|one, other| one == other) {
                most = most.max(same.len());
                if let (true, Some(hash)) = (same.len() >= self.wanted, same.first()) {
                    return Ok(BlockId {
                        number,
                        hash: *hash,
                    });
                }
            }
        }
        Err(self.differ(Some(most)))
    }
}

impl<C: ChainRead> ChainRead for Agreeing<C> {
    fn genesis(&self) -> Result<Digest, ChainError> {
        self.chain.genesis()
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        self.highest(|node| node.best())
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        self.highest(|node| node.finalized())
    }

    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        self.agreed(|node| node.ancestor(of, number))
    }

    fn includes(&self, of: &BlockId, block: &BlockId) -> Result<bool, ChainError> {
        self.agreed(|node| node.includes(of, block))
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        let outputs = self.read_all(caller, &[(to, input.to_vec())])?;
        outputs.into_iter().next().ok_or(ChainError::BadAnswer)
    }

    fn read_all(
        &self,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.read_all_at(&self.best()?, caller, reads)
    }

    fn read_all_at(
        &self,
        at: &BlockId,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.agreed(|node| node.read_all_at(at, caller, reads))
    }

    fn sudo_key(&self) -> Result<SudoKey, ChainError> {
        self.agreed(|node| node.sudo_key())
    }

    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        self.chain.estimate(signer, code, input, salt)
    }

    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        let mut problem = None;
        for node in &self.nodes {
            match node.code(code_hash) {
                Ok(Some(code)) if blake2(&code) == *code_hash => return Ok(Some(code)),
                Ok(_) => {}
                Err(error) => problem = Some(error),
            }
        }
        problem.map_or(Ok(None), Err)
    }

    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        self.agreed(|node| node.code_hash(address))
    }

    /// Returns the events up to the best block.
    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError> {
        let last = self.best()?.number;
        self.agreed(|node| {
            let mut events = node.events(from)?;
            events.retain(|event| event.block <= last);
            Ok(events)
        })
    }
}

impl<C: Chain> Chain for Agreeing<C> {
    forward_deploys!(self => self.chain);

    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        self.chain.submit(signer, to, input)
    }

    fn submit_after(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
        after: &BlockId,
    ) -> Result<Receipt, ChainError> {
        self.chain.submit_after(signer, to, input, after)
    }

    fn submit_many(
        &mut self,
        signer: AccountId,
        calls: &[Call],
    ) -> Vec<Result<Receipt, ChainError>> {
        self.chain.submit_many(signer, calls)
    }
}

#[cfg(test)]
mod tests;
