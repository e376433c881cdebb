//! The epoch contract: weights, and the lifecycle of a subnet's epochs: close, propose, dispute,
//! finalize or replay, roll over, settle.
//!
//! # Key terms
//!
//! - An *epoch* is **open** while it collects stake, neurons and weights.
//! - It is **closed** when its inputs are frozen in a *header*.
//! - It is **asserted** when a worker has posted its outcome, the *assertion*, with *collateral*
//!   behind it. Up to four assertions stand side by side. Until the *challenge period* of one ends,
//!   anyone can *dispute* a step of it.
//! - It is **final** when the challenge period of the first assertion has passed, or when the chain
//!   has *replayed* all its steps. Its *memory* is the carry-over state that the next epochs read.
//! - It is **settled** when every chunk is paid.
//! - A closed epoch without progress *rolls over*: it is abandoned, and its budget goes to the
//!   next.
//! - The *roster* is the list of uids with a permit. A *chunk* is the part of the uids that one
//!   step of the kernel works on.
//!
//! # Modules
//!
//! This file alone names the contract. A message makes calls, applies a rule to a storage
//! component, and emits the events that the component returns. All other modules get caller and
//! block as arguments.
//!
//! - [`lifecycle`]: the state machine of a subnet's epochs
//! - [`subnets`]: storage of lifecycles, closed epochs and outcomes
//! - [`closed_epoch`], [`close`]: the inputs that a close freezes, and the calls that freeze them
//! - [`weights`], [`weight_calls`]: rows and commits, and the rules for setting weights
//! - [`inputs`]: the inputs of a step from storage
//! - [`step`], [`dispute`], [`replay`]: execution of a step, to judge an assertion or to make one
//! - [`collateral`], [`settlement`]: collateral of workers, and payment of a final epoch
//! - [`publication`]: events with the results and memory that a replay or a settlement publishes
//! - [`calls`]: calls to the other contracts
//! - [`assertion_shape`], [`config`]: limits of an assertion, and arguments of a deployment
//!
//! # Invariants
//!
//! - A subnet has at most one closed epoch that is not final, and that epoch at most four
//!   assertions, of which no two are equal.
//! - After a close, no write changes the inputs of the closed epoch.
//! - Collateral is released or slashed exactly once; its sum is the contract's balance of TAO.
//! - Each chunk of a final epoch is paid at most once, and all chunks together at most the budget.
//! - An epoch reads only memory whose bytes are in an event: who wants to compute or dispute it has
//!   them.
//! - Dispute, replay and the worker compute a step by the same functions from the same inputs.
//!
//! Build with `INK_STATIC_BUFFER_SIZE` at `primitives::kernel::STATIC_BUFFER`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub mod assertion_shape;
pub mod calls;
pub mod close;
pub mod closed_epoch;
pub mod collateral;
pub mod config;
pub mod dispute;
pub mod inputs;
pub mod lifecycle;
pub mod publication;
pub mod replay;
pub mod settlement;
pub mod step;
pub mod subnets;
pub mod weight_calls;
pub mod weights;

#[cfg(test)]
mod tests;

pub use self::epoch::{Epoch, EpochRef};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod epoch {
    use crate::{
        calls::{self, Addresses},
        close,
        closed_epoch::Closing,
        collateral::{self, CollateralStore},
        config,
        dispute::judge,
        inputs::{Inputs, Source, StakeStore},
        lifecycle::{Finality, Lifecycle, Posting, Released},
        publication::{memory_events, results_event},
        replay::{self, ReplayStore},
        settlement::{dividends, Settling},
        subnets::{Outcome, SubnetStore},
        weight_calls::{RevealedWeights, Sources, WeightStore},
        weights::{Commit, WeightsUpdate},
    };
    use ink::prelude::vec::Vec;
    use inktensor_primitives::{
        assertion::Assertion,
        dispute::{Disputed, StepProof},
        done,
        emission::Fee,
        epoch::{
            Collateral, CommitsView, EpochDeployError, EpochError, EpochRolledOver, EpochRules,
            EpochStatus, Epochs, FinalChunk, Peers, Proposed, Replayed, TempoRestarted,
            WeightsCall, WeightsRow, MAX_BATCH, MAX_STATUSES,
        },
        front_only,
        kernel::{ChunkInputs, EpochHeader, EpochPlan, PhasePlan},
        Digest, NetUid, Rao, Uid,
    };

    /// The epoch contract. No account has a role in it: the same rules hold for every caller.
    ///
    /// Its root cell does not change after deployment, so messages end with [`done`].
    #[ink(storage)]
    pub struct Epoch {
        /// The other contracts.
        addresses: Addresses,
        /// Rules of epochs.
        rules: EpochRules,
        /// Epochs of all subnets.
        subnets: SubnetStore,
        /// Weights.
        weights: WeightStore,
        /// Collateral of workers.
        collateral: CollateralStore,
        /// Replays.
        replays: ReplayStore,
        /// Stakes that are gathered for steps.
        stakes: StakeStore,
    }

    impl Epoch {
        /// Deploys with the other contracts and the rules of epochs. Neither can change later.
        ///
        /// # Errors
        /// `NoChallengePeriod`, `NoCollateral`, `NoSettleWindow`, `NoReplayDelay`,
        /// `RolloverBeforeReplay`, `PeersNotDistinct`.
        #[ink(constructor)]
        pub fn new(peers: Peers, rules: EpochRules) -> Result<Self, EpochDeployError> {
            config::check(&peers, &rules)?;
            Ok(Self {
                addresses: Addresses::new(peers),
                rules,
                subnets: SubnetStore::default(),
                weights: WeightStore::default(),
                collateral: CollateralStore::default(),
                replays: ReplayStore::default(),
                stakes: StakeStore::default(),
            })
        }

        /// Frees the collateral of the assertions of an epoch that is final, or rolled over.
        fn release(&mut self, released: Vec<Released>) -> Result<(), EpochError> {
            for released in released {
                let changed = self.collateral.release(released)?;
                self.env().emit_event(changed);
            }
            Ok(())
        }

        /// Makes the closed epoch final. Returns its settlement, which is to be stored, and the
        /// proposer with its fee, which is to be paid.
        fn make_final(
            &mut self,
            netuid: NetUid,
            assertion: Assertion,
        ) -> Result<(Settling, (AccountId, Rao)), EpochError> {
            let block = self.env().block_number();
            let Ok((mut lifecycle, closed)) = self.subnets.closed_epoch(netuid) else {
                return Err(EpochError::NotAsserted);
            };
            let outcome = Outcome::new(assertion);
            let last = closed.ended_as(&outcome.digest, &outcome.assertion.roster);
            let replayed = lifecycle.replayed;
            let Finality { proposer, released } =
                lifecycle.finalize(block, &outcome.digest, last)?;
            calls::check_kernel(&closed.header)?;
            self.release(released)?;
            // Replayed steps are paid already.
            let (pot, steps) = (closed.proposer_fee, closed.steps());
            let fee = replay::fee(pot, replayed, steps, steps);
            if replayed > 0 {
                self.replays.remove(netuid, closed.chunks());
            }
            let (finalized, settling) =
                self.subnets
                    .finalize(&lifecycle, &closed, outcome, Some(proposer), block);
            self.env().emit_event(finalized);
            Ok((settling, (proposer, fee)))
        }

        /// Settles chunks of the final epoch: see `settle`. Pays the fee of a proposer too, if one
        /// is given.
        fn settle_chunks(
            &mut self,
            (netuid, epoch): (NetUid, u32),
            mut settling: Settling,
            (chunks, most): (Vec<FinalChunk>, u16),
            proposer: Option<(AccountId, Rao)>,
        ) -> Result<Rao, EpochError> {
            let keeper = self.env().caller();
            let due = settling.due(netuid, epoch, chunks, most)?;
            for it in due.chunks.iter().filter(|it| it.unpaid.before == 0) {
                let FinalChunk {
                    chunk,
                    results,
                    memory,
                } = &it.given;
                for part in memory_events(netuid, epoch, *chunk, memory) {
                    self.env().emit_event(part);
                }
                self.env()
                    .emit_event(results_event(netuid, epoch, *chunk, results.clone()));
            }
            // The neurons at the close are paid, even if they have been replaced since.
            let dividends = match due.with_dividends() {
                Some((start, paid)) => {
                    let count = u16::try_from(paid.len()).unwrap_or(u16::MAX);
                    dividends(
                        &self.addresses.neurons_at(netuid, epoch, start, count)?,
                        paid,
                    )
                }
                None => Vec::new(),
            };
            let fee = settling.settlement.fee;
            let payout = due.payout(dividends, (keeper, fee), proposer);
            let paid = self.addresses.pay(netuid, epoch, payout)?;
            let amount = paid.amount;
            let (parts, pay) = due.paid(paid)?;
            self.addresses.record_pay(netuid, epoch, pay)?;
            let settled = self.subnets.settle(netuid, &mut settling, &parts)?;
            if settling.settlement.is_complete() {
                self.addresses.complete(netuid, &settling.settlement)?;
            }
            for event in settled {
                self.env().emit_event(event);
            }
            Ok(amount)
        }

        /// Sets weights of the caller's neuron: see `set_weights`.
        fn set(
            &mut self,
            netuid: NetUid,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> Result<(), EpochError> {
            let (caller, block) = (self.env().caller(), self.env().block_number());
            let validator = self.addresses.validator(netuid, caller)?;
            let update = WeightsUpdate::new(&uids, &weights, version_key);
            let sources = Sources::new(&self.subnets, &self.addresses);
            let set = self.weights.set(&validator, update, block, &sources)?;
            self.env().emit_event(set);
            Ok(())
        }

        /// Commits the caller's neuron to weights: see `commit_weights`.
        fn commit(&mut self, netuid: NetUid, epoch: u32, hash: Digest) -> Result<(), EpochError> {
            let (caller, block) = (self.env().caller(), self.env().block_number());
            let validator = self.addresses.validator(netuid, caller)?;
            let commit = Commit { hash, epoch, block };
            let sources = Sources::new(&self.subnets, &self.addresses);
            let (missed, committed) = self.weights.commit(&validator, commit, &sources)?;
            if let Some(missed) = missed {
                self.env().emit_event(missed);
            }
            self.env().emit_event(committed);
            Ok(())
        }

        /// Reveals weights of `hotkey`: see `reveal_weights`.
        fn reveal(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            salt: Vec<u8>,
            version_key: u64,
        ) -> Result<(), EpochError> {
            let contract = self.env().account_id();
            let validator = self.addresses.validator(netuid, hotkey)?;
            let update = WeightsUpdate::new(&uids, &weights, version_key);
            let revealed = RevealedWeights::new(contract, update, &salt);
            let sources = Sources::new(&self.subnets, &self.addresses);
            let (missed, set) = self.weights.reveal(&validator, revealed, &sources)?;
            if let Some(missed) = missed {
                self.env().emit_event(missed);
            }
            self.env().emit_event(set);
            Ok(())
        }
    }

    impl Epochs for Epoch {
        /// Sets the weights of the caller's neuron on a subnet, in place of the former ones. The
        /// caller is the hotkey.
        ///
        /// `weights[i]` is for `uids[i]`. Only the ratio of weights counts: the row is stored
        /// sorted, without zeros, and scaled so that the largest is 65535. Empty lists
        /// clear the row. `version_key` is the version of the client. A permit is required,
        /// except for the subnet owner's hotkey, or if the only uid is the neuron's own.
        /// Commits that are not revealed are dropped, because these weights are newer.
        ///
        /// # Events
        /// `WeightsSet`.
        ///
        /// # Errors
        /// `NotRegistered`, `CommitFirst`, `LengthMismatch`, `StakeTooLow`, `VersionTooOld`,
        /// `WeightsTooSoon`, `NoPermit`, `UnknownUid`, `DuplicateUid`, `TooFewWeights`,
        /// `EvidenceFirst`. `why_not` returns the first one without a transaction.
        #[ink(message)]
        fn set_weights(
            &mut self,
            netuid: NetUid,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> Result<(), EpochError> {
            front_only!();
            self.set(netuid, uids, weights, version_key)?;
            done(())
        }

        /// Returns the first error that `set_weights` by `hotkey` would return now, or nothing if
        /// it would succeed.
        #[ink(message)]
        fn why_not(
            &self,
            netuid: NetUid,
            hotkey: AccountId,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> Option<EpochError> {
            let block = self.env().block_number();
            let update = WeightsUpdate::new(&uids, &weights, version_key);
            let sources = Sources::new(&self.subnets, &self.addresses);
            let validator = self.addresses.validator(netuid, hotkey);
            validator
                .and_then(|it| self.weights.settable_row(&it, update, block, &sources))
                .err()
        }

        /// Commits the caller's neuron to weights with the hash `hash`, to be revealed in a later
        /// epoch. The caller is the hotkey.
        ///
        /// `epoch` is the open epoch, which the hash binds. The epoch of the reveal follows from
        /// the subnet's reveal period.
        ///
        /// # Events
        /// `RevealsMissed` if earlier commits have expired, `WeightsCommitted`.
        ///
        /// # Errors
        /// `NotRegistered`, `NoCommitReveal`, `StakeTooLow`, `WeightsTooSoon`, `WrongEpoch` with
        /// the open epoch, `EvidenceFirst`, `TooManyCommits`.
        #[ink(message)]
        fn commit_weights(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            hash: Digest,
        ) -> Result<(), EpochError> {
            front_only!();
            self.commit(netuid, epoch, hash)?;
            done(())
        }

        /// Reveals weights that `hotkey` has committed, and sets them as of the block of the
        /// commit. Anyone who has the weights and the salt may call. Older commits are
        /// dropped.
        ///
        /// # Events
        /// `RevealsMissed` if earlier commits have expired, `WeightsSet`.
        ///
        /// # Errors
        /// `NotRegistered`, `SaltTooLong`, `NoSuchCommit`, `RevealTooEarly`, `RevealTooLate`, then
        /// those of `set_weights` except `CommitFirst`, `WeightsTooSoon` and `EvidenceFirst`.
        /// `why_not_reveal` returns the first one without a transaction.
        #[ink(message)]
        fn reveal_weights(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            salt: Vec<u8>,
            version_key: u64,
        ) -> Result<(), EpochError> {
            front_only!();
            self.reveal(netuid, hotkey, uids, weights, salt, version_key)?;
            done(())
        }

        /// Returns the first error that `reveal_weights` would return now, or nothing if it would
        /// succeed.
        #[ink(message)]
        fn why_not_reveal(
            &self,
            netuid: NetUid,
            hotkey: AccountId,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            salt: Vec<u8>,
            version_key: u64,
        ) -> Option<EpochError> {
            let update = WeightsUpdate::new(&uids, &weights, version_key);
            let revealed = RevealedWeights::new(self.env().account_id(), update, &salt);
            let sources = Sources::new(&self.subnets, &self.addresses);
            let validator = self.addresses.validator(netuid, hotkey);
            validator
                .and_then(|it| self.weights.revealable_row(&it, revealed, &sources))
                .err()
        }

        /// Makes up to 16 calls about weights, each as if alone, and returns the result of each. A
        /// refused call changes nothing, and the others proceed.
        ///
        /// # Events
        /// Those of the calls that succeed.
        ///
        /// # Errors
        /// `TooManyCalls`.
        #[ink(message)]
        fn batch(
            &mut self,
            calls: Vec<WeightsCall>,
        ) -> Result<Vec<Result<(), EpochError>>, EpochError> {
            front_only!();
            if calls.len() > usize::from(MAX_BATCH) {
                return Err(EpochError::TooManyCalls(MAX_BATCH));
            }
            let results = calls.into_iter().map(|call| match call {
                WeightsCall::Set {
                    netuid,
                    uids,
                    weights,
                    version_key,
                } => self.set(netuid, uids, weights, version_key),
                WeightsCall::Commit {
                    netuid,
                    epoch,
                    hash,
                } => self.commit(netuid, epoch, hash),
                WeightsCall::Reveal {
                    netuid,
                    hotkey,
                    uids,
                    weights,
                    salt,
                    version_key,
                } => self.reveal(netuid, hotkey, uids, weights, salt, version_key),
            });
            done(results.collect())
        }

        /// Returns the weights that the current neuron on `uid` has set.
        #[ink(message)]
        fn weights(&self, netuid: NetUid, uid: Uid) -> Option<WeightsRow> {
            let neuron = self.addresses.neuron(netuid, uid).ok().flatten()?;
            self.weights.rows().row(netuid, uid, neuron.generation)
        }

        /// Returns the commits of the neuron of `hotkey` that are not revealed.
        #[ink(message)]
        fn commits(&self, netuid: NetUid, hotkey: AccountId) -> CommitsView {
            match self.addresses.validator(netuid, hotkey) {
                Ok(validator) => self.weights.commits(&validator),
                Err(_) => CommitsView::default(),
            }
        }

        /// Returns the status of a subnet's epochs, or nothing if the subnet does not exist.
        #[ink(message)]
        fn status(&self, netuid: NetUid) -> Option<EpochStatus> {
            let subnet = self.addresses.subnet(netuid).ok()?;
            let started_at = subnet.started_at.unwrap_or(subnet.created_at);
            let lifecycle = self.subnets.lifecycle(netuid, started_at);
            let settling = self.subnets.settlement(netuid);
            let closed = self.subnets.closed(netuid);
            let kernel_changed =
                closed.is_some_and(|closed| calls::check_kernel(&closed.header).is_err());
            lifecycle.status(&subnet, &self.rules, settling, kernel_changed)
        }

        /// Returns the status of the epochs of each of `netuids`, in their order, or nothing for a
        /// subnet that does not exist. At most the first [`MAX_STATUSES`] are answered.
        #[ink(message)]
        fn statuses(&self, netuids: Vec<NetUid>) -> Vec<Option<EpochStatus>> {
            let netuids = netuids.into_iter().take(MAX_STATUSES);
            netuids.map(|netuid| self.status(netuid)).collect()
        }

        /// Returns the uids with a permit by the last final epoch, ascending.
        #[ink(message)]
        fn roster(&self, netuid: NetUid) -> Vec<Uid> {
            self.subnets.roster(netuid)
        }

        /// Returns the header of the epoch that closed last.
        #[ink(message)]
        fn header(&self, netuid: NetUid) -> Option<EpochHeader> {
            self.subnets.closed(netuid).map(|closed| closed.header)
        }

        /// Returns the plan of the epoch that closed last.
        #[ink(message)]
        fn plan(&self, netuid: NetUid) -> Option<EpochPlan> {
            self.subnets.closed(netuid).map(|closed| closed.plan)
        }

        /// Returns the rules of epochs.
        #[ink(message)]
        fn rules(&self) -> EpochRules {
            self.rules
        }

        /// Returns the contracts that this contract calls.
        #[ink(message)]
        fn peers(&self) -> Peers {
            self.addresses.peers()
        }

        /// Deposits `amount` rao of the caller's TAO as free collateral. Approve the amount for
        /// this contract first.
        ///
        /// # Events
        /// `CollateralChanged`.
        ///
        /// # Errors
        /// `Payment`.
        #[ink(message)]
        fn deposit_collateral(&mut self, amount: Rao) -> Result<(), EpochError> {
            let worker = self.env().caller();
            let changed = self.collateral.deposit(worker, amount)?;
            let contract = self.env().account_id();
            self.addresses.tao().collect(worker, contract, amount)?;
            self.env().emit_event(changed);
            Ok(())
        }

        /// Withdraws `amount` rao of the caller's free collateral, as TAO.
        ///
        /// # Events
        /// `CollateralChanged`.
        ///
        /// # Errors
        /// `CollateralTooSmall`, `Payment`.
        #[ink(message)]
        fn withdraw_collateral(&mut self, amount: Rao) -> Result<(), EpochError> {
            let worker = self.env().caller();
            let changed = self.collateral.withdraw(worker, amount)?;
            self.addresses.tao().send(worker, amount)?;
            self.env().emit_event(changed);
            Ok(())
        }

        /// Returns the collateral of `worker`.
        #[ink(message)]
        fn collateral(&self, worker: AccountId) -> Collateral {
            self.collateral.of(worker)
        }

        /// Returns the collateral in rao that the next assertion of the subnet's closed epoch
        /// requires: the larger of the rules' least amount and of their part of what the epoch pays
        /// to miners and validators, doubled for each assertion that stands, at most the cap of
        /// TAO.
        #[ink(message)]
        fn collateral_required(&self, netuid: NetUid) -> Rao {
            let closed = self.subnets.closed(netuid);
            let budget = closed.map(|closed| closed.header.budget.total());
            let standing = self.subnets.standing(netuid);
            collateral::required(&self.rules, budget.unwrap_or_default(), standing)
        }

        /// Returns all collateral in rao. The contract's balance is at least this amount.
        #[ink(message)]
        fn total_collateral(&self) -> Rao {
            self.collateral.total()
        }

        /// Closes the open epoch of a subnet once its tempo is over, and returns the header. Anyone
        /// may call.
        ///
        /// A close fixes the inputs of the epoch and draws its budget. On a subnet without neurons
        /// nothing closes: the tempo restarts, and nothing is returned.
        ///
        /// # Events
        /// `EpochClosed`, or `TempoRestarted` without neurons.
        ///
        /// # Errors
        /// `UnknownSubnet`, `Retired`, `NotStarted`, `TempoNotOver` with the first block at which
        /// the epoch may close, `EpochUnfinished`, `Unsettled`, those of registry, staking
        /// and emission, `KernelUnavailable`, `KernelChanged` if the kernel's code is not
        /// the allowed one, `Kernel` if the kernel has no plan, `UnsoundPlan`.
        #[ink(message)]
        fn close(&mut self, netuid: NetUid) -> Result<Option<EpochHeader>, EpochError> {
            front_only!();
            let block = self.env().block_number();
            let stored = self.subnets.stored_lifecycle(netuid);
            let open = stored.as_ref().map_or(0, |lifecycle| lifecycle.open);
            let last = stored
                .as_ref()
                .and_then(|lifecycle| lifecycle.last.as_ref());
            let roster = last.map_or_else(Vec::new, |last| last.roster.clone());
            let addresses = &self.addresses;
            let snapshot = addresses.begin_registry_epoch(netuid, open, roster)?;
            let started_at = close::started_at(&snapshot.subnet)?;
            let mut lifecycle = stored.unwrap_or_else(|| Lifecycle::new(started_at));
            let due = lifecycle.due_close(block, snapshot.due_after)?;
            if snapshot.neurons == 0 {
                let epoch = due.restart();
                self.subnets.set_lifecycle(netuid, &lifecycle);
                self.env().emit_event(TempoRestarted { netuid, epoch });
                return Ok(None);
            }
            let window = self.rules.settle_window;
            if let Some(settlement) = self.subnets.end_settlement(netuid, block, window)? {
                self.addresses.complete(netuid, &settlement)?;
            }
            let closing = Closing {
                contract: self.env().account_id(),
                netuid,
                block,
            };
            let rows = self.weights.rows();
            let closed = close::freeze(&self.addresses, rows, &due, closing, snapshot)?;
            due.close(closed.steps())?;
            let event = self.subnets.close(&lifecycle, &closed);
            self.env().emit_event(event);
            done(Some(closed.header))
        }

        /// Abandons the closed epoch after a long time without progress, and returns the amount in
        /// rao that its budget carries over. Anyone may call.
        ///
        /// Roster and memory stay those of the last final epoch. If the kernel's code has changed
        /// since the close, an asserted epoch can be rolled over too, and the collateral of all its
        /// assertions is freed.
        ///
        /// # Events
        /// `CollateralChanged` for each assertion whose collateral is freed, `EpochRolledOver`.
        ///
        /// # Errors
        /// `NothingClosed`, `AlreadyAsserted`, `RolloverNotDue` with the first block at which the
        /// epoch can be rolled over, or those of emission.
        #[ink(message)]
        fn roll_over(&mut self, netuid: NetUid) -> Result<Rao, EpochError> {
            let block = self.env().block_number();
            let (mut lifecycle, closed) = self.subnets.closed_epoch(netuid)?;
            let kernel_changed = calls::check_kernel(&closed.header).is_err();
            let released = lifecycle.roll_over(block, self.rules.rollover_delay, kernel_changed)?;
            self.release(released)?;
            let epoch = closed.header.epoch;
            let carried = self.addresses.carry(netuid, epoch)?;
            self.subnets.set_lifecycle(netuid, &lifecycle);
            self.replays.remove(netuid, closed.chunks());
            self.env().emit_event(EpochRolledOver {
                netuid,
                epoch,
                carried,
            });
            done(carried)
        }

        /// Proposes the outcome of the closed epoch: posts an assertion beside those that stand,
        /// and locks the caller's collateral behind it, as much as `collateral_required` returns.
        /// Anyone may call.
        ///
        /// # Events
        /// `CollateralChanged`, `Proposed`.
        ///
        /// # Errors
        /// `NothingClosed`, `AlreadyAsserted` if the same assertion stands, `TooManyAssertions`,
        /// `HeaderMismatch`, `BadShape`, `ContradictsReplay`, `CollateralTooSmall`, `TooLate`
        /// twelve days after the close.
        #[ink(message)]
        fn propose(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError> {
            front_only!();
            let (proposer, block) = (self.env().caller(), self.env().block_number());
            let (mut lifecycle, closed) = self.subnets.closed_epoch(netuid)?;
            let digest = assertion.digest();
            let due = lifecycle.due_assertion(&digest)?;
            closed.check_assertion(&assertion)?;
            if due.replayed() > 0 && !self.replays.agrees_with(netuid, &assertion) {
                return Err(EpochError::ContradictsReplay);
            }
            let budget = closed.header.budget.total();
            let collateral = collateral::required(&self.rules, budget, due.standing());
            let changed = self.collateral.lock(proposer, collateral)?;
            let posting = Posting {
                assertion: digest,
                proposer,
                collateral,
            };
            let deadline = due.post(block, self.rules.challenge_period, posting)?;
            self.subnets.set_lifecycle(netuid, &lifecycle);
            self.env().emit_event(changed);
            self.env().emit_event(Proposed {
                netuid,
                epoch: closed.header.epoch,
                proposer,
                deadline,
                assertion,
            });
            done(())
        }

        /// Disputes step `k` of an assertion that stands: the chain re-executes the step. Anyone
        /// may call before the deadline of the assertion.
        ///
        /// The assertion is false if the output differs from it or violates the kernel interface,
        /// or if the kernel returns an error or traps. The assertion is then removed at once, and
        /// its collateral slashed: the rules' `reward_part` goes to the caller, the rest is burned.
        ///
        /// # Events
        /// `CollateralChanged`, `Disputed`.
        ///
        /// # Errors
        /// `NotAsserted`, `AssertionMismatch`, `ChallengeOver` with the deadline, `StepOutOfRange`
        /// with the number of steps, `OpeningMismatch`, those of registry and staking,
        /// `KernelChanged`, `KernelFailed`, `StepIsCorrect`, `Payment`. After an error nothing has
        /// changed.
        #[ink(message)]
        fn dispute(&mut self, netuid: NetUid, k: u32, proof: StepProof) -> Result<(), EpochError> {
            let (challenger, block) = (self.env().caller(), self.env().block_number());
            let Ok((mut lifecycle, closed)) = self.subnets.closed_epoch(netuid) else {
                return Err(EpochError::NotAsserted);
            };
            let epoch = closed.header.epoch;
            let assertion = proof.assertion.digest();
            let lost = lifecycle.overturn(block, &assertion)?;
            let inputs = Inputs::new(&self.addresses, self.weights.rows(), &self.stakes);
            let memory = self.subnets.memory(netuid);
            let gather = |closed: &_, chunk, reads| inputs.of_chunk(closed, chunk, &reads);
            judge(closed, k, proof, memory, gather, calls::step)?;

            // The assertion is false.
            self.subnets.set_lifecycle(netuid, &lifecycle);
            let slash = self.collateral.slash(lost, self.rules.reward_part)?;
            self.addresses.tao().send(challenger, slash.reward)?;
            self.addresses.tao().burn(slash.burned)?;
            self.env().emit_event(slash.changed);
            self.env().emit_event(Disputed {
                netuid,
                epoch,
                challenger,
                assertion,
                step: k,
                slashed: lost.collateral,
                reward: slash.reward,
            });
            done(())
        }

        /// Finalizes the first assertion that stands, from its deadline on, frees the collateral of
        /// all, and pays the proposer's fee. Anyone may call, with the assertion of the `Proposed`
        /// event.
        ///
        /// # Events
        /// `CollateralChanged` for each assertion, `Finalized`.
        ///
        /// # Errors
        /// `NotAsserted`, `ChallengePeriod` with the deadline of the first assertion,
        /// `AssertionMismatch`, `KernelChanged`, or those of emission.
        #[ink(message)]
        fn finalize(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError> {
            front_only!();
            let (settling, (proposer, fee)) = self.make_final(netuid, assertion)?;
            self.subnets.set_settling(netuid, &settling);
            let epoch = settling.settlement.epoch;
            self.addresses
                .pay_fee(netuid, epoch, Fee::Proposer, proposer, fee)?;
            done(())
        }

        /// Settles chunks of a final epoch: pays their neurons, records their scores, and publishes
        /// their results and memory. Returns the pay in rao. Anyone may call, with the final
        /// results and memory, and receives the keeper's fee.
        ///
        /// Dividends become stake. Incentives and takes are owed to the owners, who `collect` them.
        ///
        /// A call with one chunk pays at most `most` neurons, the first of the chunk that are not
        /// paid, and fewer if their parents are many; at least one. It receives its part of the
        /// fee, and further calls go on. A call with several, at most 16, passes over a chunk that
        /// is settled already or in part, one that is given again, and one with dividends after the
        /// first that it pays. The others are paid whole, or the call is refused.
        ///
        /// The next epoch reads the memory of published chunks only: memory that not everybody can
        /// read does not count.
        ///
        /// # Events
        /// For each chunk, `ResultsPublished` and `MemoryPublished` for each part of its memory,
        /// with the first call; `Settled`.
        ///
        /// # Errors
        /// `NotSettling`, `TooManyChunks`, `ChunkOutOfRange`, `AlreadySettled`, `NoWholeChunk`,
        /// `ResultsMismatch`, `MemoryMismatch`, `NoRoom`, `OverBudget`, or those of registry and
        /// emission.
        #[ink(message)]
        fn settle(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            chunks: Vec<FinalChunk>,
            most: u16,
        ) -> Result<Rao, EpochError> {
            front_only!();
            let settling = self.subnets.settling(netuid)?;
            done(self.settle_chunks((netuid, epoch), settling, (chunks, most), None)?)
        }

        /// Finalizes the first assertion that stands and settles chunks of its epoch, in one call:
        /// see `finalize` and `settle`. Returns the pay in rao. Anyone may call.
        ///
        /// # Events
        /// Those of `finalize`, then those of `settle`.
        ///
        /// # Errors
        /// Those of both. After an error nothing has changed.
        #[ink(message)]
        fn finalize_and_settle(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            assertion: Assertion,
            chunks: Vec<FinalChunk>,
            most: u16,
        ) -> Result<Rao, EpochError> {
            front_only!();
            let (settling, proposer) = self.make_final(netuid, assertion)?;
            let chunks = (chunks, most);
            done(self.settle_chunks((netuid, epoch), settling, chunks, Some(proposer))?)
        }

        /// Stakes the pay that is owed to the owners of the neurons on `uids`, at most 64, each on
        /// its own hotkey. Returns the sum in rao. Anyone may call.
        ///
        /// The stake is a deposit of the open epoch, like any other.
        ///
        /// # Errors
        /// `NothingOwed`, or those of registry and emission.
        #[ink(message)]
        fn collect(&mut self, netuid: NetUid, uids: Vec<Uid>) -> Result<Rao, EpochError> {
            front_only!();
            let payments = self.addresses.take_owed(netuid, uids)?;
            done(self.addresses.pay_owed(netuid, payments)?)
        }

        /// Stakes the pay that is owed to the owner of `hotkey` for registrations that were
        /// replaced. Returns the sum in rao. Anyone may call.
        ///
        /// # Errors
        /// `NothingOwed`, or those of registry and emission.
        #[ink(message)]
        fn collect_left(&mut self, netuid: NetUid, hotkey: AccountId) -> Result<Rao, EpochError> {
            let payment = self.addresses.take_left(netuid, hotkey)?;
            self.addresses
                .pay_owed(netuid, payment.into_iter().collect())
        }

        /// Replays up to `steps` of the next steps of a closed epoch that has no assertion, and
        /// returns the next step to execute. Anyone may call, and receives a part of the
        /// proposer's fee.
        ///
        /// After the last step the epoch is final. Assertions can still be posted before: those
        /// that contradict a replayed step are refused. `memory` has one entry, in order, for each
        /// executed step that reads memory: the bytes that the last final epoch left for the step's
        /// chunk. `memory_hashes` returns the chunks that have memory. A call has room for one step
        /// of any kernel; a call with too many steps fails and changes nothing.
        ///
        /// # Events
        /// `MemoryPublished` and `ResultsPublished` for the steps that write them, `Replayed`, and
        /// `Finalized` after the last step.
        ///
        /// # Errors
        /// `NothingClosed`, `AlreadyAsserted`, `ReplayNotDue` with the first block at which the
        /// epoch can be replayed, `NoSteps`; `OpeningMismatch` if an entry of `memory` does not
        /// have its hash, is missing or is left over; `KernelChanged`, `KernelFailed`,
        /// `KernelTrapped`, `Kernel`, `BrokenPromise` and `BadShape` if a step cannot be executed
        /// or made final; or those of the other contracts. After an error nothing has changed.
        #[ink(message)]
        fn replay(
            &mut self,
            netuid: NetUid,
            steps: u32,
            memory: Vec<Vec<u8>>,
        ) -> Result<u32, EpochError> {
            let (caller, block) = (self.env().caller(), self.env().block_number());
            let (mut lifecycle, closed) = self.subnets.closed_epoch(netuid)?;
            let due = lifecycle.due_replay(block, self.rules.replay_delay)?;
            let (epoch, hashes) = (closed.header.epoch, self.subnets.memory_hashes(&closed));
            let inputs = Inputs::new(&self.addresses, self.weights.rows(), &self.stakes);
            let gather = |closed: &_, chunk, reads| inputs.of_chunk(closed, chunk, &reads);
            let (replay, executed) =
                self.replays
                    .execute(&closed, steps, &hashes, memory, gather, calls::step)?;
            for step in executed {
                for part in memory_events(netuid, epoch, step.chunk, &step.memory) {
                    self.env().emit_event(part);
                }
                if let Some(results) = step.results {
                    self.env()
                        .emit_event(results_event(netuid, epoch, step.chunk, results));
                }
            }
            let next = replay.next();
            self.env().emit_event(Replayed {
                netuid,
                epoch,
                caller,
                next,
            });
            let fee = replay::fee(closed.proposer_fee, due.next(), next, closed.steps());
            self.addresses
                .pay_fee(netuid, epoch, Fee::Proposer, caller, fee)?;
            if next < closed.steps() {
                due.pause(next);
                self.subnets.set_lifecycle(netuid, &lifecycle);
                self.replays.pause(netuid, &replay);
            } else {
                let outcome = Outcome::new(replay.finish(&closed)?);
                due.finish(closed.ended_as(&outcome.digest, &outcome.assertion.roster));
                self.replays.remove(netuid, closed.chunks());
                let (finalized, settling) = self
                    .subnets
                    .finalize(&lifecycle, &closed, outcome, None, block);
                self.subnets.set_settling(netuid, &settling);
                self.env().emit_event(finalized);
            }
            done(next)
        }

        /// Returns the inputs that storage contributes to the steps of `chunk` of the epoch that
        /// closed last. Workers and disputes read the same inputs.
        ///
        /// # Errors
        /// `NothingClosed`, `ChunkOutOfRange`, or those of registry and staking.
        #[ink(message)]
        fn chunk_inputs(&self, netuid: NetUid, chunk: u16) -> Result<ChunkInputs, EpochError> {
            let closed = self.subnets.closed(netuid);
            let closed = closed.ok_or(EpochError::NothingClosed)?;
            Inputs::new(&self.addresses, self.weights.rows(), &self.stakes).of_chunk(
                &closed,
                chunk,
                &PhasePlan::ALL,
            )
        }

        /// Reads the stakes of the next `count` neurons of `chunk` of the epoch that closed last,
        /// and stores them for disputes and replays. Returns the number of neurons of the
        /// chunk whose stakes are stored.
        ///
        /// Anyone may call. A dispute or a replay of a step that reads stake reads those that are
        /// not stored. Each parent of a hotkey costs two reads more, so those of a chunk
        /// may be more than one call can read.
        ///
        /// # Errors
        /// `NothingClosed`, `ChunkOutOfRange`, or those of registry and staking.
        #[ink(message)]
        fn gather(&mut self, netuid: NetUid, chunk: u16, count: u16) -> Result<u16, EpochError> {
            let closed = self.subnets.closed(netuid);
            let closed = closed.ok_or(EpochError::NothingClosed)?;
            let inputs = Inputs::new(&self.addresses, self.weights.rows(), &self.stakes);
            let stakes = inputs.gather(&closed, chunk, count)?;
            let stored = u16::try_from(stakes.len()).map_err(|_| EpochError::Overflow)?;
            self.stakes.put(netuid, chunk, closed.header.epoch, stakes);
            done(stored)
        }

        /// Returns the number of neurons of `chunk` of the epoch that closed last whose stakes are
        /// stored.
        #[ink(message)]
        fn gathered(&self, netuid: NetUid, chunk: u16) -> u16 {
            let closed = self.subnets.closed(netuid);
            let stored = closed.map(|closed| {
                let epoch = closed.header.epoch;
                self.stakes.gathered(netuid, chunk, epoch).len()
            });
            u16::try_from(stored.unwrap_or_default()).unwrap_or(u16::MAX)
        }

        /// Returns the hash of each chunk's memory from the last final epoch, as the next epoch
        /// reads it. A chunk whose memory is not published, by its settlement or a replay, has
        /// none: the next epoch reads empty memory for it.
        ///
        /// The list is empty if the epoch that closed last has another kernel code or another size
        /// of chunks: it then starts without memory.
        #[ink(message)]
        fn memory_hashes(&self, netuid: NetUid) -> Vec<Option<Digest>> {
            let closed = self.subnets.closed(netuid);
            closed.map_or_else(Vec::new, |closed| self.subnets.last_memory_hashes(&closed))
        }
    }
}
