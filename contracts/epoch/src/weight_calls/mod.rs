//! Calls that set weights: at once, or by a commit and a later reveal.

use crate::{
    inputs::Source,
    subnets::SubnetStore,
    weights::{
        check_evidence, check_rate, check_stake, reveals_in, row, Commit, CommitStore, Facts,
        HeadPage, LastCommit, RowStore, RowWriter, Way, WeightsUpdate,
    },
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    epoch::{
        CommitsView, CommittedWeights, EpochError, RevealsMissed, WeightsCommitted, WeightsSet,
        MAX_SALT,
    },
    registry::Voter,
    AccountId, NetUid, Rao,
};

/// Hotkey that sets weights on a subnet, and its neuron there.
#[derive(Clone, Debug)]
pub struct Validator {
    /// The subnet.
    pub netuid: NetUid,
    /// The hotkey.
    pub hotkey: AccountId,
    /// Seat and terms of the hotkey's neuron.
    pub voter: Voter,
}

/// Sources of facts about validators, beside their weights.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a, S> {
    /// Source of permits.
    permits: &'a SubnetStore,
    /// Source of stake.
    stake: &'a S,
}

impl<'a, S: Source> Sources<'a, S> {
    /// Returns the sources of permits and of stake.
    pub const fn new(permits: &'a SubnetStore, stake: &'a S) -> Self {
        Self { permits, stake }
    }
}

/// Weights that open a commit.
#[derive(Clone, Copy, Debug)]
pub struct RevealedWeights<'a> {
    contract: AccountId,
    update: WeightsUpdate<'a>,
    salt: &'a [u8],
}

impl<'a> RevealedWeights<'a> {
    /// Returns weights that open a commit to `update` with `salt`, made on the epoch contract at
    /// `contract`.
    pub const fn new(contract: AccountId, update: WeightsUpdate<'a>, salt: &'a [u8]) -> Self {
        Self {
            contract,
            update,
            salt,
        }
    }
}

/// Weights of all subnets: rows and commits.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct WeightStore {
    rows: RowStore,
    commits: CommitStore,
}

impl WeightStore {
    /// Returns the rows.
    pub fn rows(&self) -> &RowStore {
        &self.rows
    }

    /// Returns the unrevealed commits of a validator.
    pub fn commits(&self, validator: &Validator) -> CommitsView {
        let Voter { seat, terms, .. } = &validator.voter;
        let queue = self.commits.get(validator.netuid, seat.generation);
        queue.view(seat.epoch, terms.reveal_period)
    }

    /// Returns the row of `update`, if the validator may set it at `block`.
    ///
    /// # Errors
    /// Those of `set_weights`.
    pub fn settable_row<S: Source>(
        &self,
        validator: &Validator,
        update: WeightsUpdate,
        block: u32,
        sources: &Sources<S>,
    ) -> Result<Vec<u16>, EpochError> {
        let heads = self.heads(validator);
        let facts = ValidatorFacts::new(validator, &heads, sources);
        row(&validator.voter, Way::Set(block), update, &facts)
    }

    /// Returns the row of `revealed` and its commit, if the validator's commit may be revealed now.
    ///
    /// # Errors
    /// Those of `reveal_weights`.
    pub fn revealable_row<S: Source>(
        &self,
        validator: &Validator,
        revealed: RevealedWeights,
        sources: &Sources<S>,
    ) -> Result<(Vec<u16>, Commit), EpochError> {
        let RevealedWeights {
            contract,
            update,
            salt,
        } = revealed;
        if salt.len() > usize::from(MAX_SALT) {
            return Err(EpochError::SaltTooLong(MAX_SALT));
        }
        let Validator {
            netuid,
            hotkey,
            ref voter,
        } = *validator;
        let generation = voter.seat.generation;
        let queue = self.commits.get(netuid, generation);
        let commit = queue.find(voter.seat.epoch, voter.terms.reveal_period, |epoch| {
            CommittedWeights {
                contract,
                netuid,
                hotkey,
                generation,
                epoch,
                uids: update.uids,
                weights: update.weights,
                salt,
                version_key: update.version_key,
            }
            .digest()
        })?;
        // A reveal has no rate limit, so no row is read for it.
        let heads = HeadPage::default();
        let facts = ValidatorFacts::new(validator, &heads, sources);
        let row = row(voter, Way::Reveal, update, &facts)?;
        Ok((row, commit))
    }

    /// Sets weights at `block`, and drops all commits of the validator, which are older.
    ///
    /// # Errors
    /// Those of `set_weights`.
    pub fn set<S: Source>(
        &mut self,
        validator: &Validator,
        update: WeightsUpdate,
        block: u32,
        sources: &Sources<S>,
    ) -> Result<WeightsSet, EpochError> {
        let mut heads = self.heads(validator);
        let facts = ValidatorFacts::new(validator, &heads, sources);
        let row = row(&validator.voter, Way::Set(block), update, &facts)?;
        let (netuid, seat) = (validator.netuid, &validator.voter.seat);
        let mut cell = heads.cell(seat.uid);
        if let Some(last) = cell.committed.take() {
            let generation = last.generation;
            if generation == seat.generation {
                let mut queue = self.commits.get(netuid, generation);
                queue.clear();
                if self.commits.put(netuid, generation, &queue) {
                    cell.committed = Some(last);
                }
            } else {
                // The neuron that made them is gone.
                self.commits.remove(netuid, generation);
            }
            heads.set(seat.uid, cell);
        }
        self.write(validator, heads, &row, block)
    }

    /// Commits the validator to weights. The commit must name the open epoch.
    ///
    /// # Errors
    /// Those of `commit_weights`.
    pub fn commit<S: Source>(
        &mut self,
        validator: &Validator,
        commit: Commit,
        sources: &Sources<S>,
    ) -> Result<(Option<RevealsMissed>, WeightsCommitted), EpochError> {
        let Validator {
            netuid,
            hotkey,
            ref voter,
        } = *validator;
        let (seat, terms) = (&voter.seat, &voter.terms);
        if !terms.commit_reveal {
            return Err(EpochError::NoCommitReveal);
        }
        let mut heads = self.heads(validator);
        let facts = ValidatorFacts::new(validator, &heads, sources);
        check_stake(voter, &facts)?;
        check_rate(terms, commit.block, facts.updated_at())?;
        if commit.epoch != seat.epoch {
            return Err(EpochError::WrongEpoch(seat.epoch));
        }
        check_evidence(voter)?;
        let mut queue = self.commits.get(netuid, seat.generation);
        let missed = queue.expire(seat.epoch, terms.reveal_period);
        queue.add(commit)?;
        self.commits.put(netuid, seat.generation, &queue);
        let mut cell = heads.cell(seat.uid);
        let last = LastCommit {
            generation: seat.generation,
            block: commit.block,
        };
        if let Some(before) = cell.committed.replace(last) {
            if before.generation != last.generation {
                self.commits.remove(netuid, before.generation);
            }
        }
        heads.set(seat.uid, cell);
        self.rows.put_heads(netuid, seat.uid, &heads);
        let committed = WeightsCommitted {
            netuid,
            hotkey,
            hash: commit.hash,
            reveals_in: reveals_in(&commit, terms.reveal_period),
        };
        Ok((reveals_missed(validator, missed), committed))
    }

    /// Reveals weights and sets them at the block of their commit, so that they do not count for a
    /// neuron that registered later.
    ///
    /// # Errors
    /// Those of `reveal_weights`.
    pub fn reveal<S: Source>(
        &mut self,
        validator: &Validator,
        revealed: RevealedWeights,
        sources: &Sources<S>,
    ) -> Result<(Option<RevealsMissed>, WeightsSet), EpochError> {
        let (row, commit) = self.revealable_row(validator, revealed, sources)?;
        let Voter { seat, terms, .. } = &validator.voter;
        let mut queue = self.commits.get(validator.netuid, seat.generation);
        queue.reveal(&commit);
        let missed = queue.expire(seat.epoch, terms.reveal_period);
        self.commits.put(validator.netuid, seat.generation, &queue);
        let heads = self.heads(validator);
        let set = self.write(validator, heads, &row, commit.block)?;
        Ok((reveals_missed(validator, missed), set))
    }

    fn heads(&self, validator: &Validator) -> HeadPage {
        self.rows.heads(validator.netuid, validator.voter.seat.uid)
    }

    fn write(
        &mut self,
        validator: &Validator,
        heads: HeadPage,
        row: &[u16],
        block: u32,
    ) -> Result<WeightsSet, EpochError> {
        let Validator {
            netuid,
            hotkey,
            ref voter,
        } = *validator;
        let uid = voter.seat.uid;
        let writer = RowWriter {
            netuid,
            uid,
            generation: voter.seat.generation,
            open: voter.seat.epoch,
            block,
        };
        let entries = self.rows.write(writer, heads, row)?;
        Ok(WeightsSet {
            netuid,
            hotkey,
            uid,
            entries,
        })
    }
}

/// Facts about a validator in storage and in the other contracts.
struct ValidatorFacts<'a, S> {
    validator: &'a Validator,
    heads: &'a HeadPage,
    sources: &'a Sources<'a, S>,
}

impl<'a, S> ValidatorFacts<'a, S> {
    /// Returns the facts about `validator`, whose uid's page of heads is `heads`.
    const fn new(
        validator: &'a Validator,
        heads: &'a HeadPage,
        sources: &'a Sources<'a, S>,
    ) -> Self {
        Self {
            validator,
            heads,
            sources,
        }
    }
}

impl<S: Source> Facts for ValidatorFacts<'_, S> {
    fn stake(&self) -> Result<Rao, EpochError> {
        let Validator { netuid, voter, .. } = self.validator;
        let stakes =
            self.sources
                .stake
                .stakes_at(*netuid, vec![voter.identity], voter.seat.epoch)?;
        stakes.first().copied().ok_or(EpochError::PeerUnavailable)
    }

    fn updated_at(&self) -> Option<u32> {
        let seat = &self.validator.voter.seat;
        self.heads.cell(seat.uid).updated_at(seat.generation)
    }

    fn has_permit(&self) -> bool {
        let Validator { netuid, voter, .. } = self.validator;
        self.sources.permits.has_permit(*netuid, &voter.seat)
    }
}

/// Returns the event for `count` missed reveals, if there are any.
fn reveals_missed(validator: &Validator, count: u32) -> Option<RevealsMissed> {
    (count > 0).then_some(RevealsMissed {
        netuid: validator.netuid,
        hotkey: validator.hotkey,
        count,
    })
}

#[cfg(test)]
mod tests;
