//! The epoch contract: weights, and an epoch's life: close, propose, dispute, finalize, settle.
//!
//! Key terms: an *epoch* is open while it collects stake, seats and weights; *closed* when its inputs are frozen in a
//! *header*; *asserted* when a worker has posted its outcome with a bond behind it; *final* when the challenge period has
//! passed; *settled* when every chunk is paid. The *roster* is the uids with a permit. A *chunk* is what one step of the kernel
//! works on.
//!
//! This crate root is the shell: access, storage, events. [`peers`] makes the calls. The rules are in modules of their own:
//! [`life`] (which call is due), [`weights`] (rows), [`closing`], [`frozen`] and [`gather`] (what an epoch reads), [`shape`]
//! (what may be posted), [`dispute`] (what is false), [`bonds`] and [`settlement`] (money).
//!
//! To be built with `INK_STATIC_BUFFER_SIZE` at `primitives::kernel::STATIC_BUFFER`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub mod bonds;
pub mod closing;
pub mod dispute;
pub mod frozen;
pub mod gather;
pub mod life;
pub mod peers;
pub mod rules;
pub mod settlement;
pub mod shape;
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
        bonds::{self, BondStore},
        closing,
        dispute::judge,
        frozen::{self, ClosedEpoch, Closing, Memory},
        gather::{self, Source},
        life::{FinalEpoch, Life, Released},
        peers::{self, Calls},
        rules::{self, DeployError},
        settlement::{payments, Settling, Span},
        shape,
        weights::{canonical, RowStore, RowWriter},
    };
    use ink::{
        prelude::vec::Vec,
        storage::{traits::ManualKey, Mapping},
    };
    use inktensor_primitives::{
        assertion::{final_digest, Assertion},
        dispute::{Disputed, StepProof},
        epoch::{
            Bond, BondChanged, EpochClosed, EpochError, EpochRolledOver, EpochRules, EpochStatus,
            Epochs, Finalized, Peers, Proposed, Settled, WeightsRow, WeightsSet,
        },
        kernel::{ChunkInputs, EpochHeader, EpochPlan, NeuronResult},
        registry::Seat,
        Digest, NetUid, Rao, Uid,
    };

    /// The epoch contract. No account has a role in it: whoever calls, the rules are the same.
    #[ink(storage)]
    pub struct Epoch {
        /// The other contracts.
        peers: Peers,
        /// The constants of the game.
        rules: EpochRules,
        /// Where each subnet's epochs stand; absent before its first close.
        lives: Mapping<NetUid, Life, ManualKey<0x4550_0020>>,
        /// The epoch that closed last on each subnet.
        closed: Mapping<NetUid, ClosedEpoch, ManualKey<0x4550_0021>>,
        /// Roster of the last final epoch.
        rosters: Mapping<NetUid, Vec<Uid>, ManualKey<0x4550_0022>>,
        /// Memory of the last final epoch.
        memories: Mapping<NetUid, Memory, ManualKey<0x4550_0023>>,
        /// The last final epoch while it is not settled.
        settling: Mapping<NetUid, Settling, ManualKey<0x4550_0024>>,
        /// Weights.
        rows: RowStore,
        /// Bonds.
        bonds: BondStore,
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
                bonds: BondStore::default(),
            })
        }
    }

    impl Epochs for Epoch {
        /// Sets the caller's weights on a subnet, replacing all before. Needs a permit, unless the only uid is the caller's
        /// own. Empty lists clear them.
        #[ink(message)]
        fn set_weights(
            &mut self,
            netuid: NetUid,
            uids: Vec<Uid>,
            weights: Vec<u16>,
        ) -> Result<(), EpochError> {
            let hotkey = self.env().caller();
            let seat = self.peers.seat(netuid, hotkey)?;
            let row = canonical(seat.neurons, &uids, &weights)?;
            if uids != [seat.uid] {
                self.check_permit(netuid, hotkey, &seat)?;
            }
            let writer = RowWriter {
                netuid,
                uid: seat.uid,
                generation: seat.generation,
                open: seat.epoch,
                block: self.env().block_number(),
            };
            let entries = self.rows.write(writer, &row)?;
            self.env().emit_event(WeightsSet {
                netuid,
                hotkey,
                uid: seat.uid,
                entries,
            });
            Ok(())
        }

        /// Adds TAO of the caller, approved for this contract, to its free bond.
        #[ink(message)]
        fn deposit_bond(&mut self, amount: Rao) -> Result<(), EpochError> {
            let worker = self.env().caller();
            let bond = self.bonds.deposit(worker, amount)?;
            self.peers
                .collect(worker, self.env().account_id(), amount)?;
            self.env().emit_event(BondChanged { worker, bond });
            Ok(())
        }

        /// Takes free bond of the caller back.
        #[ink(message)]
        fn withdraw_bond(&mut self, amount: Rao) -> Result<(), EpochError> {
            let worker = self.env().caller();
            let bond = self.bonds.withdraw(worker, amount)?;
            self.peers.send(worker, amount)?;
            self.env().emit_event(BondChanged { worker, bond });
            Ok(())
        }

        /// Closes the open epoch once its tempo is over and freezes its inputs. Anyone may call.
        #[ink(message)]
        fn close(&mut self, netuid: NetUid) -> Result<Option<EpochHeader>, EpochError> {
            let block = self.env().block_number();
            let subnet = self.peers.subnet(netuid)?;
            let mut life = self.life(netuid, subnet.created_at);
            life.check_close(block, subnet.tempo)?;
            if subnet.neurons == 0 {
                life.restart(block);
                self.lives.insert(netuid, &life);
                self.env().emit_event(EpochRolledOver {
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

        /// Posts the closed epoch's assertion and locks the caller's bond behind it. Anyone with a free bond may call.
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
            let needed = bonds::required(self.rules.bond, life.slashed);
            let bond = self.bonds.lock(proposer, needed)?;
            let deadline = life.propose(
                self.env().block_number(),
                self.rules.challenge_period,
                assertion.digest(),
                proposer,
                needed,
            )?;
            self.lives.insert(netuid, &life);
            self.env().emit_event(BondChanged {
                worker: proposer,
                bond,
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

        /// Has a step of the asserted epoch executed again and, if it comes to anything else than asserted, slashes the bond. Anyone
        /// may call before the deadline.
        #[ink(message)]
        fn dispute(&mut self, netuid: NetUid, k: u32, proof: StepProof) -> Result<(), EpochError> {
            let challenger = self.env().caller();
            let Ok((mut life, closed)) = self.closed_epoch(netuid) else {
                return Err(EpochError::NotAsserted);
            };
            let epoch = closed.header.epoch;
            let claimed = proof.assertion.digest();
            let Released { proposer, bond } = life.take_down(self.env().block_number(), claimed)?;
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
            let left = self.bonds.slash(proposer, bond)?;
            let (reward, burned) = bonds::split(bond);
            self.peers.send(challenger, reward)?;
            self.peers.burn(burned)?;
            self.env().emit_event(BondChanged {
                worker: proposer,
                bond: left,
            });
            self.env().emit_event(Disputed {
                netuid,
                epoch,
                challenger,
                step: k,
                slashed: bond,
                reward,
            });
            Ok(())
        }

        /// Makes the asserted epoch final once its challenge period is over, and frees the bond. Anyone may call, with the
        /// assertion from the `Proposed` event.
        #[ink(message)]
        fn finalize(&mut self, netuid: NetUid, assertion: Assertion) -> Result<(), EpochError> {
            let block = self.env().block_number();
            let Ok((mut life, closed)) = self.closed_epoch(netuid) else {
                return Err(EpochError::NotAsserted);
            };
            let digest = assertion.digest();
            let last = FinalEpoch {
                epoch: closed.header.epoch,
                closed_at: closed.header.closed_at,
                digest: final_digest(&closed.header_hash, &digest),
            };
            let released = life.finalize(block, digest, last)?;
            let bond = self.bonds.release(released.proposer, released.bond)?;
            self.lives.insert(netuid, &life);
            self.rosters.insert(netuid, &assertion.roster);
            self.memories
                .insert(netuid, &Memory::of(&closed, assertion.memory));
            self.settling
                .insert(netuid, &Settling::begin(&closed, assertion.results, block));
            self.env().emit_event(BondChanged {
                worker: released.proposer,
                bond,
            });
            self.env().emit_event(Finalized {
                netuid,
                epoch: closed.header.epoch,
                proposer: released.proposer,
                assertion: digest,
            });
            Ok(())
        }

        /// Pays the neurons of a chunk of a final epoch and records their scores. Anyone may call, with the results that hash to
        /// what became final. Returns what was paid.
        #[ink(message)]
        fn settle(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            chunk: u16,
            results: Vec<NeuronResult>,
        ) -> Result<Rao, EpochError> {
            let mut settling = self.settling.get(netuid).ok_or(EpochError::NotSettling)?;
            let (Span { start, len }, paid) = settling.settle(netuid, epoch, chunk, &results)?;
            let complete = settling.settlement.is_complete();
            if complete {
                self.settling.remove(netuid);
            } else {
                self.settling.insert(netuid, &settling);
            }

            // Whoever had the seat when the epoch closed is paid, replaced since or not.
            let neurons = self.peers.neurons_at(netuid, epoch, start, len)?;
            let payments = payments(&neurons, &results);
            if !payments.is_empty() {
                self.peers.pay(netuid, epoch, payments)?;
            }
            self.peers.record_scores(netuid, epoch, start, results)?;
            if complete {
                self.peers.complete(netuid, &settling.settlement)?;
            }
            self.env().emit_event(Settled {
                netuid,
                epoch,
                chunk,
                paid,
                complete,
            });
            Ok(paid)
        }

        /// Where the subnet's epochs stand. None if there is no such subnet.
        #[ink(message)]
        fn status(&self, netuid: NetUid) -> Option<EpochStatus> {
            let subnet = self.peers.subnet(netuid).ok()?;
            let life = self.life(netuid, subnet.created_at);
            Some(EpochStatus {
                open: life.open,
                opened_at: life.opened_at,
                closes_at: life.closes_at(subnet.tempo).ok()?,
                stage: life.stage,
                final_epoch: life.last.map(|last| last.epoch),
                settling: self
                    .settling
                    .get(netuid)
                    .map(|settling| settling.settlement),
            })
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

        /// Bond of a worker.
        #[ink(message)]
        fn bond(&self, worker: AccountId) -> Bond {
            self.bonds.of(worker)
        }

        /// All bonds: the balance of TAO that this contract has.
        #[ink(message)]
        fn total_bonds(&self) -> Rao {
            self.bonds.total()
        }

        /// Bond that the subnet's next assertion needs.
        #[ink(message)]
        fn bond_required(&self, netuid: NetUid) -> Rao {
            let slashed = self.lives.get(netuid).map_or(0, |life| life.slashed);
            bonds::required(self.rules.bond, slashed)
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

    #[ink(impl)]
    impl Epoch {
        /// The subnet's life; before its first close, that from its creation on.
        fn life(&self, netuid: NetUid, created_at: u32) -> Life {
            self.lives
                .get(netuid)
                .unwrap_or_else(|| Life::new(created_at))
        }

        /// The epoch that closed last, and where it stands.
        fn closed_epoch(&self, netuid: NetUid) -> Result<(Life, ClosedEpoch), EpochError> {
            match (self.lives.get(netuid), self.closed.get(netuid)) {
                (Some(life), Some(closed)) => Ok((life, closed)),
                _ => Err(EpochError::NothingClosed),
            }
        }

        /// A permit is the neuron's by the last final epoch's roster, unless it has taken its seat since; the owner's neuron
        /// always has one.
        fn check_permit(
            &self,
            netuid: NetUid,
            hotkey: AccountId,
            seat: &Seat,
        ) -> Result<(), EpochError> {
            let final_epoch = self
                .lives
                .get(netuid)
                .and_then(|life| life.last)
                .map(|last| last.epoch);
            let newcomer = frozen::is_newcomer(seat.registered_epoch, final_epoch);
            if !newcomer && self.roster(netuid).binary_search(&seat.uid).is_ok() {
                return Ok(());
            }
            if self.peers.subnet(netuid)?.owner_hotkey == hotkey {
                return Ok(());
            }
            Err(EpochError::NoPermit)
        }

        /// Ends the settlement of the last final epoch, if one is left over and its window has passed: what it has not paid
        /// goes back to the subnet's budget.
        fn end_settlement(&mut self, netuid: NetUid, block: u32) -> Result<(), EpochError> {
            let Some(settling) = self.settling.get(netuid) else {
                return Ok(());
            };
            let held_until = settling.held_until(self.rules.settle_window)?;
            if block < held_until {
                return Err(EpochError::Unsettled(held_until));
            }
            self.settling.remove(netuid);
            self.peers.complete(netuid, &settling.settlement)
        }
    }
}
