//! Stake: coldkey -> hotkey -> subnet.
//!
//! The contract holds all staked TAO. A coldkey stakes on a hotkey on a subnet, and owns shares of
//! that hotkey's pool. Pay arrives as stake: as shares for one owner, or as dividends, which raise
//! the value of all shares. Consensus reads the stake of closed epochs, so values are stored by
//! epoch.
//!
//! # Key terms
//! - **Position**: the stake of one coldkey on one hotkey on one subnet.
//! - **Pool**: all positions on one hotkey on one subnet. Its value is their stake.
//! - **Share**: a part of a pool. A position is worth `value * shares / all shares`, rounded down.
//! - **Pending deposit**: stake added in the open epoch. It is part of the value, but has no shares.
//! - **Vest**: pending deposits of a closed epoch become shares, at the price after the close.
//! - **Root stake**: stake on netuid 0. It counts on every subnet with `TAO_WEIGHT`. Its dividends
//!   are no stake: they are paid block by block, and claimed.
//! - **Own stake**: the stake of a hotkey's pool on a subnet, and its root stake.
//! - **Child, parent**: a hotkey (the parent) gives proportions of its own stake to children, as
//!   weight alone. A child shares its dividends with its parents.
//! - **Weight**: the stake that counts in consensus. Own stake, less the parts given to children,
//!   with the parts that parents give.
//! - **Take**: the share of dividends that the owner of a hotkey keeps.
//! - **Nomination**: a position of a coldkey that does not own the hotkey.
//!
//! # Modules
//! From the lowest layer to the highest. A module uses only lower ones.
//! - `pool`: a pool and its shares; pending deposits
//! - `root`: history and dividends of root stake
//! - `stake`: positions, pools and sums in storage; deposits, withdrawals, transfers
//! - `takes`: takes of hotkeys
//! - `children`: relations between hotkeys; weight
//! - `payout`: pay of an epoch, split and credited
//! - `calls`: calls to the registry
//! - this file: the contract. A message makes calls, lets a component apply rules to its state,
//!   and emits events. Components know no caller, no block and no event.
//!
//! # Invariants
//! - The value of a pool is at least the sum of its positions. Every rounding is in favour of the
//!   positions that stay.
//! - The stake of a subnet is the sum of its pools, and `total_stake` is the sum of all subnets
//!   and root.
//! - The token balance of this contract is `total_stake` and `root_unclaimed` together. TAO that
//!   was sent here by a plain transfer is on top of that; it has no owner and stays.
//! - Stake and children of a closed epoch never change. They can be read until the next epoch has
//!   closed too.
//! - A stake that is added and removed within one epoch returns the same amount.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod calls;
mod children;
mod payout;
mod pool;
mod root;
mod stake;
mod takes;

#[cfg(test)]
mod tests;

pub use self::{
    stake::{PositionKey, MIN_STAKE},
    staking::{DeployError, StakingContract, StakingContractRef},
    takes::DEFAULT_TAKE,
};

// Only the code that ink! generates needs it.
#[allow(unsafe_code)]
#[ink::contract]
mod staking {
    use crate::{
        calls::{Hotkeys, Peers},
        children::{ChildList, Children},
        payout::{Credited, Distribution, Tally},
        stake::{least_remainder, Deposit, List, PositionKey, Removed, Stake, MIN_STAKE},
        takes::Takes,
    };
    use ink::prelude::vec::Vec;
    use inktensor_primitives::{
        staking::{
            Child, ChildTakeSet, ChildrenSet, ChildrenView, Distributed, Inherited, NominatorView,
            ParentAllowed, ParentView, Payment, PositionView, RootAccrued, RootClaimed,
            RootDividends, StakeAdded, StakeMoved, StakeRemoved, Staking, StakingError,
            StakingPeers, TakeInfo, TakeSet,
        },
        tao::Tao,
        token::WireError,
        wiring::Wiring,
        Bps, NetUid, Rao, PAGE,
    };

    /// Errors of the constructor.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum DeployError {
        /// No PSP22 token answers at the token's address. Deploy the token first and give its
        /// address.
        NoToken,
        /// No registry answers at the registry's address. Deploy the registry first and give its
        /// address.
        NoRegistry,
    }

    /// The staking contract.
    #[ink(storage)]
    pub struct StakingContract {
        /// The token.
        tao: Tao,
        /// The registry: subnets and the owners of hotkeys.
        registry: Hotkeys,
        /// The contracts that distribute pay and open epochs.
        wiring: Wiring<Peers>,
        /// Positions, pools and root stake.
        pub(crate) stake: Stake,
        /// Children and parents of hotkeys.
        children: Children,
        /// Takes of hotkeys.
        takes: Takes,
    }

    impl StakingContract {
        /// Deploys the contract for `token` and the hotkeys of `registry`. The caller may wire it,
        /// once.
        ///
        /// # Errors
        /// `NoToken`, `NoRegistry`.
        #[ink(constructor)]
        pub fn new(token: AccountId, registry: AccountId) -> Result<Self, DeployError> {
            if !Tao(token).answers() {
                return Err(DeployError::NoToken);
            }
            if !Hotkeys(registry).answers() {
                return Err(DeployError::NoRegistry);
            }
            Ok(Self::deployed_by(Self::env().caller(), token, registry))
        }

        /// Returns the least amount that can be staked at once.
        #[ink(message)]
        pub fn min_stake(&self) -> Rao {
            MIN_STAKE
        }

        /// Returns the subnet's open epoch.
        #[ink(message)]
        pub fn open_epoch(&self, netuid: NetUid) -> u32 {
            self.stake.clock(netuid).open
        }

        /// Returns the contract without stake, as `deployer` deploys it.
        pub(crate) fn deployed_by(
            deployer: AccountId,
            token: AccountId,
            registry: AccountId,
        ) -> Self {
            Self {
                tao: Tao(token),
                registry: Hotkeys(registry),
                wiring: Wiring::by(deployer),
                stake: Stake::default(),
                children: Children::default(),
                takes: Takes::default(),
            }
        }

        fn now(&self) -> u32 {
            self.env().block_number()
        }

        /// Returns the caller's position on a hotkey.
        fn position(&self, netuid: NetUid, hotkey: AccountId) -> PositionKey {
            PositionKey {
                netuid,
                hotkey,
                coldkey: self.env().caller(),
            }
        }

        /// Returns the least stake that a withdrawal may leave in a position.
        fn least_remainder(&self, position: PositionKey) -> Result<Rao, StakingError> {
            let status = self.registry.status(position.netuid, position.hotkey)?;
            Ok(least_remainder(&status, position.coldkey))
        }

        fn emit_stake_removed(&self, position: PositionKey, amount: Rao) {
            let PositionKey {
                netuid,
                hotkey,
                coldkey,
            } = position;
            self.env().emit_event(StakeRemoved {
                netuid,
                coldkey,
                hotkey,
                amount,
            });
        }

        /// Emits the events of a position that was removed whole.
        fn emit_position_removed(&self, position: PositionKey, removed: Removed) {
            self.emit_stake_removed(position, removed.stake);
            self.emit_claimed(position, removed.dividends);
        }

        /// Emits `RootClaimed`, unless `amount` is zero.
        fn emit_claimed(&self, position: PositionKey, amount: Rao) {
            if !amount.is_zero() {
                self.env().emit_event(RootClaimed {
                    coldkey: position.coldkey,
                    hotkey: position.hotkey,
                    amount,
                });
            }
        }

        fn emit_moved(&self, (from, to): (PositionKey, PositionKey), amount: Rao) {
            self.env().emit_event(StakeMoved {
                netuid: from.netuid,
                hotkey: from.hotkey,
                coldkey: from.coldkey,
                to_netuid: to.netuid,
                to_hotkey: to.hotkey,
                to_coldkey: to.coldkey,
                amount,
            });
        }

        /// Emits the events of a part of `child`'s pay for `epoch`.
        fn emit_credited(netuid: NetUid, epoch: u32, child: AccountId, credited: &Credited) {
            let Credited {
                hotkey,
                coldkey,
                amount,
                root,
                is_parent,
            } = *credited;
            if !root.is_zero() {
                Self::env().emit_event(RootAccrued {
                    netuid,
                    hotkey,
                    epoch,
                    amount: root,
                });
            }
            if is_parent {
                Self::env().emit_event(Inherited {
                    netuid,
                    child,
                    parent: hotkey,
                    coldkey,
                    epoch,
                    amount,
                });
            }
        }

        fn emit_distributed(
            &self,
            netuid: NetUid,
            epoch: u32,
            tally: &Tally,
        ) -> Result<(), StakingError> {
            self.env().emit_event(Distributed {
                netuid,
                epoch,
                neurons: tally.neurons,
                miners: tally.miners,
                takes: tally.takes,
                dividends: tally.all_dividends()?,
            });
            Ok(())
        }
    }

    impl Staking for StakingContract {
        /// Stakes `amount` of the caller's TAO on `hotkey` (approve it for this contract first).
        ///
        /// # Errors
        /// `UnknownSubnet`, `UnknownHotkey`, `TooLittle`, `Payment`.
        #[ink(message)]
        fn add_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            amount: Rao,
        ) -> Result<(), StakingError> {
            let deposit = Deposit::of(amount)?;
            let position = self.position(netuid, hotkey);
            let status = self.registry.status(netuid, hotkey)?;
            self.stake.add(position, deposit, &status, self.now())?;
            let coldkey = position.coldkey;
            self.tao.collect(coldkey, self.env().account_id(), amount)?;
            self.env().emit_event(StakeAdded {
                netuid,
                coldkey,
                hotkey,
                amount,
            });
            Ok(())
        }

        /// Takes `amount` of the caller's stake back. Shares are rounded up, so never less stays
        /// than is owed to others.
        ///
        /// # Errors
        /// `NotEnoughStake`, `TooLittle`, `Payment`.
        #[ink(message)]
        fn remove_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            amount: Rao,
        ) -> Result<(), StakingError> {
            if amount.is_zero() {
                return Err(StakingError::TooLittle(Rao(1)));
            }
            let position = self.position(netuid, hotkey);
            // Refused before the call to the registry.
            self.stake.ensure_at_least(position, amount)?;
            let least = self.least_remainder(position)?;
            let now = self.now();
            let removed = self.stake.remove(position, Some(amount), least, now)?;
            self.tao.send(position.coldkey, removed)?;
            self.emit_stake_removed(position, removed);
            Ok(())
        }

        /// Takes all of the caller's stake on `hotkey` back, on root with what it has earned, and
        /// returns how much that is.
        ///
        /// # Errors
        /// `NotEnoughStake` if there is none, `Payment`.
        #[ink(message)]
        fn remove_all_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
        ) -> Result<Rao, StakingError> {
            let position = self.position(netuid, hotkey);
            let removed = self.stake.remove_all(position, self.now())?;
            self.emit_position_removed(position, removed);
            let amount = removed.total()?;
            self.tao.send(position.coldkey, amount)?;
            Ok(amount)
        }

        /// Takes the caller's stake back from everywhere, from at most `limit` places, which is `1
        /// ..= PAGE`, the latest first; on root with what it has earned. Returns how much
        /// it was, and in how many places there still is some.
        ///
        /// # Errors
        /// `TooMany`, `NotEnoughStake` if there is none, `Payment`.
        #[ink(message)]
        fn unstake_all(&mut self, limit: u16) -> Result<(Rao, u32), StakingError> {
            if !(1..=PAGE).contains(&limit) {
                return Err(StakingError::TooMany(PAGE));
            }
            let coldkey = self.env().caller();
            let positions = List::Coldkey(coldkey);
            let mut left = self.stake.count(positions);
            if left == 0 {
                return Err(StakingError::NotEnoughStake(Rao::ZERO));
            }
            let mut sum = Rao::ZERO;
            for _ in 0..limit {
                let Some(position) = self.stake.last(positions, left) else {
                    break;
                };
                let removed = self.stake.remove_all(position, self.now())?;
                self.emit_position_removed(position, removed);
                let amount = removed.total()?;
                sum = sum.checked_add(amount).ok_or(StakingError::Overflow)?;
                left = self.stake.count(positions);
            }
            self.tao.send(coldkey, sum)?;
            Ok((sum, left))
        }

        /// Moves the caller's stake, `amount` of it or all, to another hotkey, another subnet, or
        /// both. Returns how much it was.
        ///
        /// # Errors
        /// `SamePosition`, `UnknownSubnet` and `UnknownHotkey` for where it goes, `NotEnoughStake`,
        /// `TooLittle`.
        #[ink(message)]
        fn move_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            to_netuid: NetUid,
            to_hotkey: AccountId,
            amount: Option<Rao>,
        ) -> Result<Rao, StakingError> {
            let from = self.position(netuid, hotkey);
            let to = self.position(to_netuid, to_hotkey);
            if from == to {
                return Err(StakingError::SamePosition);
            }
            let status = self.registry.status(to_netuid, to_hotkey)?;
            let least = match amount {
                Some(_) => self.least_remainder(from)?,
                None => Rao::ZERO,
            };
            let now = self.now();
            let moved = self
                .stake
                .transfer((from, to), amount, least, &status, now)?;
            self.emit_moved((from, to), moved);
            Ok(moved)
        }

        /// Gives the caller's stake on `hotkey`, `amount` of it or all, to another coldkey, as
        /// stake on the same hotkey.
        ///
        /// # Errors
        /// `SamePosition`, `UnknownSubnet`, `UnknownHotkey`, `TransfersOff`, `NotEnoughStake`,
        /// `TooLittle`.
        #[ink(message)]
        fn transfer_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            to: AccountId,
            amount: Option<Rao>,
        ) -> Result<Rao, StakingError> {
            let from = self.position(netuid, hotkey);
            let to = PositionKey {
                coldkey: to,
                ..from
            };
            if from == to {
                return Err(StakingError::SamePosition);
            }
            let status = self.registry.status(netuid, hotkey)?;
            if status.subnet_exists && !status.transfers {
                return Err(StakingError::TransfersOff);
            }
            let least = least_remainder(&status, from.coldkey);
            let now = self.now();
            let moved = self
                .stake
                .transfer((from, to), amount, least, &status, now)?;
            self.emit_moved((from, to), moved);
            Ok(moved)
        }

        /// Pays out what the caller's root stake on `hotkey` has earned, and returns how much that
        /// is.
        ///
        /// # Errors
        /// `NothingToClaim`, `Payment`.
        #[ink(message)]
        fn claim_root(&mut self, hotkey: AccountId) -> Result<Rao, StakingError> {
            let position = self.position(NetUid::ROOT, hotkey);
            let amount = self.stake.claim_dividends(position, self.now())?;
            if amount.is_zero() {
                return Err(StakingError::NothingToClaim);
            }
            self.emit_claimed(position, amount);
            self.tao.send(position.coldkey, amount)?;
            Ok(amount)
        }

        /// What `claim_root` would pay `coldkey` now.
        #[ink(message)]
        fn root_claim(&self, hotkey: AccountId, coldkey: AccountId) -> Rao {
            let position = PositionKey {
                netuid: NetUid::ROOT,
                hotkey,
                coldkey,
            };
            self.stake.claimable_dividends(position, self.now())
        }

        /// What the root stake of `hotkey` earns.
        #[ink(message)]
        fn root_dividends(&self, hotkey: AccountId) -> RootDividends {
            self.stake.root().dividends(hotkey, self.now())
        }

        /// Dividends of root stake that nobody has claimed. This contract's balance is that and
        /// `total_stake`.
        #[ink(message)]
        fn root_unclaimed(&self) -> Rao {
            self.stake.root().unclaimed()
        }

        /// Sets the share of dividends that the owner of `hotkey` keeps. Only its owner. It may be
        /// lowered at any time, and raised once the interval has passed since it last
        /// changed.
        ///
        /// # Errors
        /// `NotHotkeyOwner`, `TakeAbove`, `TakeTooSoon`.
        #[ink(message)]
        fn set_take(&mut self, hotkey: AccountId, take: Bps) -> Result<(), StakingError> {
            self.takes.set(hotkey, take, self.now())?;
            self.registry.ensure_owner(hotkey, self.env().caller())?;
            self.env().emit_event(TakeSet { hotkey, take });
            Ok(())
        }

        /// Gives parts of the own stake of `hotkey`, which the caller owns, to children on a
        /// subnet, in the place of those before.
        ///
        /// # Errors
        /// `TooManyChildren`, `BadChild`, `TooMuchGiven`, `UnknownSubnet`, `NotHotkeyOwner`,
        /// `Cycle`, `UnknownHotkey`, `NotAccepted`, `TooManyParents`, `ChildrenTooSoon`.
        #[ink(message)]
        fn set_children(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            children: Vec<Child>,
        ) -> Result<(), StakingError> {
            let list = ChildList::of(&hotkey, children.clone())?;
            let (registry, owner) = (self.registry, self.env().caller());
            registry.ensure_owner_on(netuid, hotkey, owner)?;
            let clock = self.stake.clock(netuid);
            let owner_of = |child| Ok(registry.status(netuid, child)?.owner);
            let now = self.now();
            let after = self
                .children
                .set((netuid, hotkey), list, owner, &clock, now, owner_of)?;
            self.env().emit_event(ChildrenSet {
                netuid,
                hotkey,
                children,
                after,
            });
            Ok(())
        }

        /// Lets `parent`, of another owner, have the caller's hotkey `child` as a child on a
        /// subnet, or no longer.
        ///
        /// # Errors
        /// `NotHotkeyOwner`, `TooManyParents`, `StillParent`.
        #[ink(message)]
        fn allow_parent(
            &mut self,
            netuid: NetUid,
            child: AccountId,
            parent: AccountId,
            allowed: bool,
        ) -> Result<(), StakingError> {
            self.registry.ensure_owner(child, self.env().caller())?;
            let clock = self.stake.clock(netuid);
            self.children
                .allow_parent(netuid, child, parent, allowed, &clock)?;
            self.env().emit_event(ParentAllowed {
                netuid,
                child,
                parent,
                allowed,
            });
            Ok(())
        }

        /// Sets what the caller's `hotkey` keeps, on a subnet, of what it earns for parents of
        /// other owners.
        ///
        /// # Errors
        /// `NotHotkeyOwner`, `TakeAbove`, `TakeTooSoon`.
        #[ink(message)]
        fn set_child_take(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            take: Bps,
        ) -> Result<(), StakingError> {
            self.children.set_take(netuid, hotkey, take, self.now())?;
            self.registry.ensure_owner(hotkey, self.env().caller())?;
            self.env().emit_event(ChildTakeSet {
                netuid,
                hotkey,
                take,
            });
            Ok(())
        }

        /// The children of `hotkey` on a subnet.
        #[ink(message)]
        fn children(&self, netuid: NetUid, hotkey: AccountId) -> ChildrenView {
            let clock = self.stake.clock(netuid);
            self.children.children(netuid, hotkey, &clock)
        }

        /// The parents of `hotkey` on a subnet, and those that it lets be.
        #[ink(message)]
        fn parents(&self, netuid: NetUid, hotkey: AccountId) -> Vec<ParentView> {
            let clock = self.stake.clock(netuid);
            self.children.parents(netuid, hotkey, &clock)
        }

        /// What `hotkey` keeps, on a subnet, of what it earns for parents of other owners.
        #[ink(message)]
        fn child_take(&self, netuid: NetUid, hotkey: AccountId) -> TakeInfo {
            self.children.take(netuid, hotkey)
        }

        /// Called by the epoch contract at close: from here on writes belong to epoch `closing +
        /// 1`.
        ///
        /// # Errors
        /// `NotEpoch`.
        #[ink(message)]
        fn begin_epoch(&mut self, netuid: NetUid, closing: u32) -> Result<(), StakingError> {
            match self.wiring.peers() {
                Some(peers) if peers.epoch == self.env().caller() => {}
                _ => return Err(StakingError::NotEpoch),
            }
            self.stake.begin_epoch(netuid, closing, self.now())
        }

        /// Called by the emission contract after it has minted the sum of `payments`, pay of
        /// `epoch`, to this contract: credits them as stake. Returns that sum.
        ///
        /// # Errors
        /// `NotEmission`, `Overflow`.
        #[ink(message)]
        fn distribute(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            payments: Vec<Payment>,
        ) -> Result<Rao, StakingError> {
            match self.wiring.peers() {
                Some(peers) if peers.emission == self.env().caller() => {}
                _ => return Err(StakingError::NotEmission),
            }
            let now = self.now();
            let (stake, children, takes) = (&mut self.stake, &self.children, &self.takes);
            let mut chunk = Distribution::new(stake, children, takes, (netuid, epoch), now);
            for payment in &payments {
                for credited in chunk.credit(payment)? {
                    Self::emit_credited(netuid, epoch, payment.hotkey, &credited);
                }
            }
            let tally = chunk.finish()?;
            self.emit_distributed(netuid, epoch, &tally)?;
            tally.total()
        }

        /// Whether the subnet goes on: false once it is retired, none if it was never created or
        /// the registry does not answer.
        #[ink(message)]
        fn is_live(&self, netuid: NetUid) -> Option<bool> {
            self.registry.is_live(netuid)
        }

        /// Stake behind each of `hotkeys` at the end of `epoch`, or now if it is still open. At
        /// most `PAGE` hotkeys.
        ///
        /// # Errors
        /// `TooOld`, `TooMany`.
        #[ink(message)]
        fn stakes_at(
            &self,
            netuid: NetUid,
            hotkeys: Vec<AccountId>,
            epoch: u32,
        ) -> Result<Vec<Rao>, StakingError> {
            if hotkeys.len() > usize::from(PAGE) {
                return Err(StakingError::TooMany(PAGE));
            }
            let clock = self.stake.clock(netuid);
            let weight = |hotkey| {
                self.children
                    .weight_at(&self.stake, netuid, hotkey, epoch, &clock)
            };
            hotkeys.into_iter().map(weight).collect()
        }

        /// Stake behind `hotkey` at the end of `epoch`.
        ///
        /// # Errors
        /// `TooOld`.
        #[ink(message)]
        fn stake_at(
            &self,
            netuid: NetUid,
            hotkey: AccountId,
            epoch: u32,
        ) -> Result<Rao, StakingError> {
            let clock = self.stake.clock(netuid);
            self.children
                .weight_at(&self.stake, netuid, hotkey, epoch, &clock)
        }

        /// What `coldkey` would get back from `hotkey`, rounded down.
        #[ink(message)]
        fn stake(&self, netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao {
            self.stake.worth(PositionKey {
                netuid,
                hotkey,
                coldkey,
            })
        }

        /// Stake behind `hotkey` now.
        #[ink(message)]
        fn hotkey_stake(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
            self.stake.on_hotkey(netuid, hotkey)
        }

        /// Stake on the subnet: its weight in the division of emission. Of root: all root stake.
        #[ink(message)]
        fn subnet_stake(&self, netuid: NetUid) -> Rao {
            self.stake.on_subnet(netuid)
        }

        /// All stake.
        #[ink(message)]
        fn total_stake(&self) -> Rao {
            self.stake.total()
        }

        /// The take of `hotkey`: `MAX_TAKE` until its owner sets another.
        #[ink(message)]
        fn take(&self, hotkey: AccountId) -> Bps {
            self.takes.take(hotkey)
        }

        /// The take of `hotkey`, and when it may be raised.
        #[ink(message)]
        fn take_info(&self, hotkey: AccountId) -> TakeInfo {
            self.takes.info(hotkey)
        }

        /// In how many places `coldkey` has stake.
        #[ink(message)]
        fn position_count(&self, coldkey: AccountId) -> u32 {
            self.stake.count(List::Coldkey(coldkey))
        }

        /// Page `page` (64 places) of where `coldkey` has stake.
        #[ink(message)]
        fn positions(&self, coldkey: AccountId, page: u32) -> Vec<PositionView> {
            self.stake.positions(coldkey, page)
        }

        /// In how many places, of any coldkey, there is stake on `hotkey`.
        #[ink(message)]
        fn nominator_count(&self, hotkey: AccountId) -> u32 {
            self.stake.count(List::Hotkey(hotkey))
        }

        /// Page `page` (64 places) of who has stake on `hotkey`.
        #[ink(message)]
        fn nominators(&self, hotkey: AccountId, page: u32) -> Vec<NominatorView> {
            self.stake.nominators(hotkey, page)
        }

        /// The other contracts.
        #[ink(message)]
        fn peers(&self) -> StakingPeers {
            let peers = self.wiring.peers();
            StakingPeers {
                token: self.tao.0,
                registry: self.registry.0,
                emission: peers.map(|peers| peers.emission),
                epoch: peers.map(|peers| peers.epoch),
            }
        }

        /// Names the emission and epoch contracts, once. Only the deployer; afterwards nobody can.
        ///
        /// # Errors
        /// `NotDeployer`, `AlreadyWired`.
        #[ink(message)]
        fn wire(&mut self, emission: AccountId, epoch: AccountId) -> Result<(), WireError> {
            self.wiring
                .wire(self.env().caller(), Peers { emission, epoch })
        }
    }
}
