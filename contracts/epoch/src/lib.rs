//! The epoch contract: weights, and an epoch's life: close, propose, dispute, finalize or replay,
//! roll over, settle.
//!
//! Key terms: an *epoch* is open while it collects stake, seats and weights; *closed* when its
//! inputs are frozen in a *header*; *asserted* when a worker has posted its outcome with collateral
//! behind it; *final* when the challenge period has passed, or the chain has *replayed* it step by
//! step; *settled* when every chunk is paid. One that makes no progress is *rolled over*: given up.
//! The *roster* is the uids with a permit. A *chunk* is what one step of the kernel works on.
//!
//! This crate root is the shell: access, storage, events; [`ending`], [`lookup`] and [`voting`] are
//! parts of it. [`peers`] makes the calls. The rules are in modules of their own: [`life`] (which
//! call is due), [`weights`] (rows, commits, who may set them), [`closing`], [`frozen`] and
//! [`gather`] (what an epoch reads), [`shape`] (what may be posted), [`step`] (what a step comes
//! to), [`dispute`] (what is false), [`replay`] (steps executed here), [`collateral`] and [`settlement`]
//! (money).
//!
//! To be built with `INK_STATIC_BUFFER_SIZE` at `primitives::kernel::STATIC_BUFFER`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub mod closing;
pub mod collateral;
pub mod dispute;
mod ending;
pub mod frozen;
pub mod gather;
pub mod life;
mod lookup;
pub mod peers;
pub mod replay;
pub mod rules;
pub mod settlement;
pub mod shape;
pub mod step;
mod voting;
pub mod weights;

#[cfg(test)]
mod limits;
#[cfg(test)]
mod testing;

pub use self::epoch::{Epoch, EpochRef};
pub use rules::DeployError;

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod epoch {
    use crate::{
        closing,
        collateral::{self, CollateralStore},
        dispute::judge,
        frozen::{ClosedEpoch, Closing, Memory},
        gather,
        life::Life,
        peers::{self, Calls},
        replay::ReplayStore,
        rules::{self, DeployError},
        settlement::Settling,
        shape,
        voting::{ballot, Opening},
        weights::{CommitStore, RowStore},
    };
    use ink::{
        prelude::vec::Vec,
        storage::{traits::ManualKey, Mapping},
    };
    use inktensor_primitives::{
        assertion::Assertion,
        dispute::StepProof,
        emission::Fee,
        epoch::{
            Collateral, CollateralChanged, CommitsView, EpochClosed, EpochError, EpochRolledOver,
            EpochRules, EpochStatus, Epochs, Peers, Proposed, TempoRestarted, WeightsCall,
            WeightsRow, MAX_BATCH,
        },
        kernel::{ChunkInputs, EpochHeader, EpochPlan, NeuronResult},
        Digest, NetUid, Rao, Uid,
    };

    /// The epoch contract. No account has a role in it: whoever calls, the rules are the same.
    #[ink(storage)]
    pub struct Epoch {
        /// The other contracts.
        pub(crate) peers: Peers,
        /// The constants of the game.
        pub(crate) rules: EpochRules,
        /// Where each subnet's epochs stand; absent before its first close.
        pub(crate) lives: Mapping<NetUid, Life, ManualKey<0x4550_0020>>,
        /// The epoch that closed last on each subnet.
        pub(crate) closed: Mapping<NetUid, ClosedEpoch, ManualKey<0x4550_0021>>,
        /// Roster of the last final epoch.
        pub(crate) rosters: Mapping<NetUid, Vec<Uid>, ManualKey<0x4550_0022>>,
        /// Memory of the last final epoch.
        pub(crate) memories: Mapping<NetUid, Memory, ManualKey<0x4550_0023>>,
        /// The last final epoch while it is not settled.
        pub(crate) settling: Mapping<NetUid, Settling, ManualKey<0x4550_0024>>,
        /// Weights.
        pub(crate) rows: RowStore,
        /// Weights that are committed to.
        pub(crate) commits: CommitStore,
        /// Collateral of workers.
        pub(crate) collateral: CollateralStore,
        /// Replays.
        pub(crate) replays: ReplayStore,
    }

    impl Epoch {
        /// Deploys with the other contracts and the constants of the game, both for good.
        #[ink(constructor)]
        pub fn new(peers: Peers, rules: EpochRules) -> Result<Self, DeployError> {
            rules::check(&peers, &rules)?;
            Ok(Self {
                peers,
                rules,
                lives: Mapping::new(),
                closed: Mapping::new(),
                rosters: Mapping::new(),
                memories: Mapping::new(),
                settling: Mapping::new(),
                rows: RowStore::default(),
                commits: CommitStore::default(),
                collateral: CollateralStore::default(),
                replays: ReplayStore::default(),
            })
        }
    }

    impl Epochs for Epoch {
        /// Sets the caller's weights on a subnet, replacing all before. Needs a permit, unless the
        /// only uid is the caller's own. Empty lists clear them.
        ///
        /// # Errors
        /// `NotRegistered`, `CommitFirst`, `LengthMismatch`, `StakeTooLow`, `VersionTooOld`,
        /// `WeightsTooSoon`, `NoPermit`, `UnknownUid`, `DuplicateUid`, `TooFewWeights`.
        #[ink(message)]
        fn set_weights(
            &mut self,
            netuid: NetUid,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> Result<(), EpochError> {
            let ballot = ballot(&uids, &weights, version_key);
            self.vote(netuid, self.env().caller(), ballot)
        }

        /// Commits the caller to weights that hash to `hash`, to be revealed in a later epoch.
        /// `epoch` is the open one.
        ///
        /// # Errors
        /// `NotRegistered`, `NoCommitReveal`, `StakeTooLow`, `WeightsTooSoon`, `WrongEpoch`,
        /// `TooManyCommits`.
        #[ink(message)]
        fn commit_weights(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            hash: Digest,
        ) -> Result<(), EpochError> {
            self.commit(netuid, self.env().caller(), epoch, hash)
        }

        /// Reveals weights that a hotkey has committed to, and sets them. Anyone who has them may
        /// call.
        ///
        /// # Errors
        /// `NotRegistered`, `SaltTooLong`, `NoSuchCommit`, `RevealTooEarly`, `RevealTooLate`, then
        /// those of `set_weights` but for `CommitFirst` and `WeightsTooSoon`.
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
            let opening = Opening {
                ballot: ballot(&uids, &weights, version_key),
                salt: &salt,
            };
            self.reveal(self.env().account_id(), netuid, hotkey, &opening)
        }

        /// Makes several calls about weights, each as if alone. Returns what each came to.
        ///
        /// # Errors
        /// `TooManyCalls`.
        #[ink(message)]
        fn batch(
            &mut self,
            calls: Vec<WeightsCall>,
        ) -> Result<Vec<Result<(), EpochError>>, EpochError> {
            if calls.len() > usize::from(MAX_BATCH) {
                return Err(EpochError::TooManyCalls(MAX_BATCH));
            }
            let (contract, caller) = (self.env().account_id(), self.env().caller());
            let calls = calls.into_iter();
            Ok(calls.map(|it| self.call(contract, caller, it)).collect())
        }

        /// The first reason for which `set_weights` by a hotkey would be refused now.
        #[ink(message)]
        fn why_not(
            &self,
            netuid: NetUid,
            hotkey: AccountId,
            uids: Vec<Uid>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> Option<EpochError> {
            let ballot = ballot(&uids, &weights, version_key);
            let block = self.env().block_number();
            self.to_set(netuid, hotkey, ballot, block).err()
        }

        /// The first reason for which `reveal_weights` would be refused now.
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
            let opening = Opening {
                ballot: ballot(&uids, &weights, version_key),
                salt: &salt,
            };
            let contract = self.env().account_id();
            self.to_reveal(contract, netuid, hotkey, &opening).err()
        }

        /// What the neuron of a hotkey has committed to and not revealed.
        #[ink(message)]
        fn commits(&self, netuid: NetUid, hotkey: AccountId) -> CommitsView {
            self.look_up_commits(netuid, hotkey)
        }

        /// Adds TAO of the caller, approved for this contract, to its free collateral.
        ///
        /// # Errors
        /// `Payment`.
        #[ink(message)]
        fn deposit_collateral(&mut self, amount: Rao) -> Result<(), EpochError> {
            let worker = self.env().caller();
            let collateral = self.collateral.deposit(worker, amount)?;
            self.peers
                .collect(worker, self.env().account_id(), amount)?;
            self.env()
                .emit_event(CollateralChanged { worker, collateral });
            Ok(())
        }

        /// Takes free collateral of the caller back.
        ///
        /// # Errors
        /// `CollateralTooSmall`, `Payment`.
        #[ink(message)]
        fn withdraw_collateral(&mut self, amount: Rao) -> Result<(), EpochError> {
            let worker = self.env().caller();
            let collateral = self.collateral.withdraw(worker, amount)?;
            self.peers.send(worker, amount)?;
            self.env()
                .emit_event(CollateralChanged { worker, collateral });
            Ok(())
        }

        /// Closes the open epoch once its tempo is over and freezes its inputs. Anyone may call.
        ///
        /// # Errors
        /// `UnknownSubnet`, `Retired`, `NotStarted`, `TempoNotOver` with the first block at which
        /// it may close, `EpochUnfinished`, `Unsettled`, `KernelUnavailable`,
        /// `KernelChanged`, `Kernel`.
        #[ink(message)]
        fn close(&mut self, netuid: NetUid) -> Result<Option<EpochHeader>, EpochError> {
            let block = self.env().block_number();
            let subnet = self.peers.subnet(netuid)?;
            if let Some(at) = subnet.retired_at {
                return Err(EpochError::Retired(at));
            }
            let started_at = subnet.started_at.ok_or(EpochError::NotStarted)?;
            let mut life = self.life(netuid, started_at);
            life.check_close(block, subnet.tempo)?;
            if subnet.neurons == 0 {
                life.restart(block);
                self.lives.insert(netuid, &life);
                self.env().emit_event(TempoRestarted {
                    netuid,
                    epoch: life.open,
                });
                return Ok(None);
            }
            self.end_settlement(netuid, block)?;
            let closing = Closing {
                contract: self.env().account_id(),
                netuid,
                block,
            };
            let closed =
                closing::freeze(&self.peers, &self.rows, &life, closing, self.roster(netuid))?;
            life.close(block)?;
            self.lives.insert(netuid, &life);
            self.closed.insert(netuid, &closed);
            self.env().emit_event(EpochClosed {
                netuid,
                epoch: closed.header.epoch,
                header_hash: closed.header_hash,
                neurons: closed.header.neurons,
                budget: closed.header.budget.total(),
            });
            Ok(Some(closed.header))
        }

        /// Posts the closed epoch's assertion and locks the caller's collateral behind it. Anyone with a
        /// free collateral may call.
        ///
        /// # Errors
        /// `NothingClosed`, `AlreadyAsserted`, `Replaying`, `HeaderMismatch`, `BadShape`,
        /// `CollateralTooSmall`.
        #[ink(message)]
        fn propose(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError> {
            let proposer = self.env().caller();
            let (mut life, closed) = self.closed_epoch(netuid)?;
            life.check_propose()?;
            if assertion.header_hash != closed.header_hash {
                return Err(EpochError::HeaderMismatch);
            }
            if !shape::is_in_shape(&assertion, &closed.header, &closed.plan) {
                return Err(EpochError::BadShape);
            }
            let needed = collateral::required(self.rules.collateral, life.slashed);
            let collateral = self.collateral.lock(proposer, needed)?;
            let deadline = life.propose(
                self.env().block_number(),
                self.rules.challenge_period,
                assertion.digest(),
                proposer,
                needed,
            )?;
            self.lives.insert(netuid, &life);
            self.env().emit_event(CollateralChanged {
                worker: proposer,
                collateral,
            });
            self.env().emit_event(Proposed {
                netuid,
                epoch: closed.header.epoch,
                proposer,
                deadline,
                assertion,
            });
            Ok(())
        }

        /// Has a step of the asserted epoch executed again and, if it comes to anything else than
        /// asserted, slashes the collateral. Anyone may call before the deadline.
        ///
        /// # Errors
        /// `NotAsserted`, `ChallengeOver`, `AssertionMismatch`, `StepOutOfRange`,
        /// `OpeningMismatch`, `KernelChanged`, `KernelFailed`, `StepIsCorrect`.
        #[ink(message)]
        fn dispute(&mut self, netuid: NetUid, k: u32, proof: StepProof) -> Result<(), EpochError> {
            let Ok((mut life, closed)) = self.closed_epoch(netuid) else {
                return Err(EpochError::NotAsserted);
            };
            let epoch = closed.header.epoch;
            let claimed = proof.assertion.digest();
            let released = life.take_down(self.env().block_number(), claimed)?;
            judge(
                closed,
                k,
                proof,
                self.memories.get(netuid),
                |closed, chunk| gather::chunk_inputs(&self.peers, &self.rows, closed, chunk),
                peers::step,
            )?;
            // The assertion is false.
            self.lives.insert(netuid, &life);
            self.slash(released, netuid, epoch, k)
        }

        /// Makes the asserted epoch final once its challenge period is over, and frees the collateral.
        /// Anyone may call, with the assertion from the `Proposed` event.
        ///
        /// # Errors
        /// `NotAsserted`, `ChallengePeriod` with the first block at which it can be,
        /// `AssertionMismatch`, `KernelChanged`.
        #[ink(message)]
        fn finalize(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError> {
            let Ok((mut life, closed)) = self.closed_epoch(netuid) else {
                return Err(EpochError::NotAsserted);
            };
            let digest = assertion.digest();
            let last = closed.ended_as(&digest);
            let released = life.finalize(self.env().block_number(), digest, last)?;
            peers::check_kernel(&closed.header)?;
            let proposer = released.proposer;
            self.free_collateral(released)?;
            let (epoch, fee) = (closed.header.epoch, closed.proposer_fee);
            self.peers
                .pay_fee(netuid, epoch, Fee::Proposer, proposer, fee)?;
            self.make_final(&life, &closed, assertion, digest, Some(proposer));
            Ok(())
        }

        /// Executes the next steps of the closed epoch, at most as many as asked for. After the
        /// last one the epoch is final. Anyone may call once the delay is over, with what
        /// the chunks remember. Returns the first step that is still to be executed.
        ///
        /// # Errors
        /// `NothingClosed`, `AlreadyAsserted`, `ReplayNotDue` with the first block at which it is,
        /// `NoSteps`, `OpeningMismatch`.
        #[ink(message)]
        fn replay(
            &mut self,
            netuid: NetUid,
            steps: u32,
            memory: Vec<Vec<u8>>,
        ) -> Result<u32, EpochError> {
            let block = self.env().block_number();
            let (mut life, closed) = self.closed_epoch(netuid)?;
            let from = life.check_replay(block, self.rules.replay_delay)?;
            let replay = self.execute(&closed, steps, memory)?;
            let next = replay.next();
            self.pay_replayer(&closed, from, next)?;
            if next < closed.steps() {
                life.go_on(block, next);
                self.lives.insert(netuid, &life);
                self.replays.pause(netuid, &replay);
            } else {
                let assertion = replay.finish(&closed)?;
                let digest = assertion.digest();
                life.end_replay(closed.ended_as(&digest));
                self.replays.forget(netuid, closed.chunks());
                self.make_final(&life, &closed, assertion, digest, None);
            }
            Ok(next)
        }

        /// Gives up the closed epoch if it has not moved for long, or can no longer become final.
        /// Anyone may call. Returns what the subnet's next budget gets.
        ///
        /// # Errors
        /// `NothingClosed`, `AlreadyAsserted`, `RolloverNotDue` with the first block at which it
        /// is.
        #[ink(message)]
        fn roll_over(&mut self, netuid: NetUid) -> Result<Rao, EpochError> {
            let block = self.env().block_number();
            let (mut life, closed) = self.closed_epoch(netuid)?;
            let stands = peers::check_kernel(&closed.header).is_ok();
            let released = life.roll_over(block, self.rules.rollover_delay, stands)?;
            if let Some(released) = released {
                self.free_collateral(released)?;
            }
            let epoch = closed.header.epoch;
            let carried = self.peers.carry(netuid, epoch)?;
            self.lives.insert(netuid, &life);
            self.replays.forget(netuid, closed.chunks());
            self.env().emit_event(EpochRolledOver {
                netuid,
                epoch,
                carried,
            });
            Ok(carried)
        }

        /// Pays the neurons of a chunk of a final epoch and records their scores. Anyone may call,
        /// with the results that hash to what became final. Returns what was paid.
        ///
        /// # Errors
        /// `NotSettling`, `ChunkOutOfRange`, `AlreadySettled`, `ResultsMismatch`, `OverBudget`.
        #[ink(message)]
        fn settle(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            chunk: u16,
            results: Vec<NeuronResult>,
        ) -> Result<Rao, EpochError> {
            self.settle_chunk(netuid, epoch, chunk, results)
        }

        /// Where the subnet's epochs stand. None if there is no such subnet.
        #[ink(message)]
        fn status(&self, netuid: NetUid) -> Option<EpochStatus> {
            self.look_up_status(netuid)
        }

        /// Header of the epoch that closed last.
        #[ink(message)]
        fn header(&self, netuid: NetUid) -> Option<EpochHeader> {
            self.closed.get(netuid).map(|closed| closed.header)
        }

        /// Plan of the epoch that closed last.
        #[ink(message)]
        fn plan(&self, netuid: NetUid) -> Option<EpochPlan> {
            self.closed.get(netuid).map(|closed| closed.plan)
        }

        /// What storage contributes to the steps of a chunk of the epoch that closed last.
        #[ink(message)]
        fn chunk_inputs(&self, netuid: NetUid, chunk: u16) -> Result<ChunkInputs, EpochError> {
            let closed = self.closed.get(netuid).ok_or(EpochError::NothingClosed)?;
            gather::chunk_inputs(&self.peers, &self.rows, &closed, chunk)
        }

        /// The weights that the neuron on a uid has set, as of now.
        #[ink(message)]
        fn weights(&self, netuid: NetUid, uid: Uid) -> Option<WeightsRow> {
            let neuron = self.peers.neuron(netuid, uid).ok().flatten()?;
            self.rows.row(netuid, uid, neuron.generation)
        }

        /// Uids with a permit by the last final epoch, ascending.
        #[ink(message)]
        fn roster(&self, netuid: NetUid) -> Vec<Uid> {
            self.rosters.get(netuid).unwrap_or_default()
        }

        /// Hashes of what each chunk remembers from the last final epoch.
        #[ink(message)]
        fn memory_hashes(&self, netuid: NetUid) -> Vec<Digest> {
            match (self.memories.get(netuid), self.closed.get(netuid)) {
                (Some(memory), Some(closed)) => memory.for_epoch(&closed),
                _ => Vec::new(),
            }
        }

        /// Collateral of a worker.
        #[ink(message)]
        fn collateral(&self, worker: AccountId) -> Collateral {
            self.collateral.of(worker)
        }

        /// All collateral: the balance of TAO that this contract has.
        #[ink(message)]
        fn total_collateral(&self) -> Rao {
            self.collateral.total()
        }

        /// Collateral that the subnet's next assertion needs.
        #[ink(message)]
        fn collateral_required(&self, netuid: NetUid) -> Rao {
            let slashed = self.lives.get(netuid).map_or(0, |life| life.slashed);
            collateral::required(self.rules.collateral, slashed)
        }

        /// The constants of the game.
        #[ink(message)]
        fn rules(&self) -> EpochRules {
            self.rules
        }

        /// The other contracts.
        #[ink(message)]
        fn peers(&self) -> Peers {
            self.peers
        }
    }
}
