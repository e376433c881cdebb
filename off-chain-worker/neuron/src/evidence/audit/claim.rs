//! The checks that evidence of every kind has: head, pledge, seed, manifest and weights.

use super::{absence, difference, Falsehood, HeadField, Missing};
use crate::{
    evidence::{
        facts::{ChainWeights, Facts},
        seeds::Round,
        Head,
    },
    manifest::Manifest,
};
use inktensor_primitives::{Digest, Uid};

/// The parts of evidence that are compared with the chain.
pub(crate) struct Claim<'a> {
    /// The head.
    pub head: &'a Head,
    /// The weights.
    pub weights: &'a [(Uid, u16)],
    /// The facts.
    pub facts: &'a Facts,
}

/// The parts of a pledge that follow from evidence.
pub(crate) struct Claimed {
    /// Root of the evidence.
    pub root: Digest,
    /// Hash of the weights.
    pub weights: Digest,
    /// Number of receipts, or of lines of a verdict.
    pub receipts: usize,
}

impl Claim<'_> {
    /// Check 1: the evidence is of this validator and epoch.
    pub fn head(&self) -> Result<(), Falsehood> {
        let (head, facts) = (self.head, self.facts);
        let same = [
            (HeadField::Home, head.home == facts.home),
            (HeadField::Netuid, head.netuid == facts.netuid),
            (HeadField::Epoch, head.epoch == facts.epoch),
            (
                HeadField::Validator,
                facts.validator == Some(head.validator),
            ),
        ];
        match same.into_iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(Falsehood::Head(field)),
            None => Ok(()),
        }
    }

    /// Check 1: the evidence is the one that was pledged, in time. Returns the reason why a missing
    /// pledge cannot be judged.
    pub fn pledge(
        &self,
        round: Round,
        claimed: impl FnOnce() -> Claimed,
    ) -> Result<Option<Missing>, Falsehood> {
        let Some(pledged) = self.facts.pledged else {
            return absence::without_pledge(self.facts).map(Some);
        };
        let (from, to) = (round.asked_at(), self.facts.closed_at.unwrap_or(u32::MAX));
        if !(from..=to).contains(&pledged.block) {
            let block = pledged.block;
            return Err(Falsehood::PledgedAt { block, from, to });
        }
        if pledged.epoch != self.facts.epoch {
            return Err(Falsehood::PledgedEpoch(pledged.epoch));
        }
        let claimed = claimed();
        if claimed.root != pledged.root {
            return Err(Falsehood::Root {
                found: claimed.root,
                pledged: pledged.root,
            });
        }
        if u32::try_from(claimed.receipts) != Ok(pledged.receipts) {
            return Err(Falsehood::PledgedReceipts {
                found: claimed.receipts,
                pledged: pledged.receipts,
            });
        }
        match claimed.weights == pledged.weights {
            true => Ok(None),
            false => Err(Falsehood::PledgedWeights),
        }
    }

    /// Check 2: the seed follows from the right block.
    pub fn seed_block(&self) -> Result<(), Falsehood> {
        let (found, expected) = (self.head.seed_block, self.facts.seed_block);
        match found == expected {
            true => Ok(()),
            false => Err(Falsehood::SeedBlock {
                found: found.number,
                expected: expected.number,
            }),
        }
    }

    /// Check 2: the manifest is the one that counts. Returns it, or the reason why it cannot be
    /// judged. `loaded` is the work that the auditor has loaded.
    pub fn manifest(
        &self,
        file: &[u8],
        loaded: &str,
    ) -> Result<Result<Manifest, Missing>, Falsehood> {
        let Some(expected) = self.facts.manifest else {
            return Ok(Err(Missing::Manifest));
        };
        let found = self.head.manifest;
        if found != expected {
            return Err(Falsehood::Manifest { found, expected });
        }
        if Manifest::hash(file) != expected {
            return Ok(Err(Missing::ManifestFile(expected)));
        }
        Ok(match Manifest::parse(file) {
            Ok(manifest) if manifest.task == loaded => Ok(manifest),
            Ok(manifest) => Err(Missing::Task {
                wanted: manifest.task,
                loaded: loaded.into(),
            }),
            Err(error) => Err(Missing::BadManifest(error)),
        })
    }

    /// Check 5: the averages continue from the evidence that was pledged before. Returns true if
    /// any evidence was. `given` is the head of the auditor's file with its root.
    pub fn continues(
        &self,
        given: Option<(&Head, Digest)>,
    ) -> Result<Result<bool, Missing>, Falsehood> {
        let now = self.head;
        let Some(pledged) = self.facts.before else {
            return match now.before {
                None => Ok(Ok(false)),
                Some(_) => Err(Falsehood::Before),
            };
        };
        if now.before != Some(pledged.root) {
            return Err(Falsehood::Before);
        }
        // Any other file is not the evidence before, so it is as good as no file.
        let Some((then, _)) = given.filter(|(_, root)| *root == pledged.root) else {
            return Ok(Err(Missing::Before {
                epoch: pledged.epoch,
                root: pledged.root,
            }));
        };
        let same = then.home == now.home
            && then.netuid == now.netuid
            && then.epoch == pledged.epoch
            && then.epoch < now.epoch
            && then.validator.seat() == now.validator.seat();
        match same {
            true => Ok(Ok(true)),
            false => Err(Falsehood::Before),
        }
    }

    /// Check 5: the weights are those on the chain. Returns the reason why they cannot be judged.
    pub fn chain_weights(&self) -> Result<Option<Missing>, Falsehood> {
        let given = self.weights;
        match &self.facts.weights {
            ChainWeights::Row(row) => match difference(given, row) {
                None => Ok(None),
                Some((uid, given, chain)) => Err(Falsehood::ChainWeight { uid, given, chain }),
            },
            ChainWeights::Absent if given.is_empty() => Ok(None),
            ChainWeights::Absent => Err(Falsehood::WeightsNotSet),
            ChainWeights::Expected { epoch } => Ok(Some(Missing::Weights(*epoch))),
        }
    }
}
