//! Stake: coldkey -> hotkey -> subnet.
//!
//! The contract holds all staked TAO. Who stakes on a hotkey gets shares of that hotkey's pool on
//! that subnet; pay arrives as stake, either for one owner or by raising the value of a whole pool.
//! Pools' values are kept by epoch, since consensus reads them for epochs that are closed.
//!
//! - `book`: what storage keeps of stake, read and written
//! - `fund`: what was added in the open epoch, beside a pool
//! - `root`, `stream`: stake that counts on all subnets, and what it earns
//! - `relations`, `inheritance`, `children`: parts of stake that weigh for other hotkeys
//! - `index`: where each coldkey has stake, and who on each hotkey
//! - `takes`: what delegates keep
//! - `moves`: stake out of a position, into another
//! - `mul_div`: exact products and quotients
//! - `pool`: shares, deposits, withdrawals, rewards
//! - `distribution`: pay, credited
//! - `payout`: a neuron's pay divided between its owner and its stakers
//! - `cell`: what storage keeps
//! - `roles`: who may wire, pay and open epochs
//! - `peers`: calls to token and registry
//!
//! The token balance of this contract is at least `total_stake` and `root_unclaimed`, and exactly
//! that unless somebody sends TAO here by a plain transfer: such TAO belongs to nobody and stays.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod book;
pub mod cell;
mod children;
mod distribution;
pub mod fund;
pub mod index;
pub mod inheritance;
mod moves;
pub mod mul_div;
pub mod payout;
pub mod peers;
pub mod pool;
pub mod relations;
pub mod roles;
pub mod root;
pub mod stream;
pub mod takes;

#[cfg(test)]
mod tests;

pub use self::staking::{DeployError, PositionKey, StakingContract, StakingContractRef};
use inktensor_primitives::{staking::MAX_TAKE, Bps, Rao};

/// Least amount that can be added at once: what storage and settlement of a position are worth at
/// the very least. What remains after a withdrawal may be less. Source: subtensor
/// `DefaultMinStake`.
pub const MIN_STAKE: Rao = Rao(2_000_000);

/// The take of a hotkey whose owner has set none. Source: subtensor `InitialDefaultDelegateTake`.
pub const DEFAULT_TAKE: Bps = MAX_TAKE;

// Only the code that ink! generates needs it.
#[allow(unsafe_code)]
#[ink::contract]
mod staking {
    use crate::{
        cell::{PoolCell, SubnetStake},
        fund::{Holding, Ripe},
        index::{Index, Whose},
        peers,
        relations::Relations,
        roles::Roles,
        root::Root,
        takes::Takes,
        MIN_STAKE,
    };
    use ink::{
        prelude::vec::Vec,
        storage::{traits::ManualKey, Mapping},
    };
    use inktensor_primitives::{
        staking::{
            Child, ChildTakeSet, ChildrenSet, ChildrenView, NominatorView, ParentAllowed,
            ParentView, Payment, PositionView, RootDividends, StakeAdded, Staking, StakingError,
            StakingPeers, TakeInfo, TakeSet,
        },
        token::WireError,
        Bps, NetUid, Rao, PAGE,
    };

    /// Why the contract could not be deployed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum DeployError {
        /// Nothing at the token's address answers as a PSP22 token. Deploy the token first and
        /// give its address.
        NoToken,
        /// Nothing at the registry's address answers as a registry. Deploy the registry first and
        /// give its address.
        NoRegistry,
    }

    /// Subnet, hotkey, coldkey.
    pub type PositionKey = (NetUid, AccountId, AccountId);

    /// Subnet, hotkey, epoch.
    pub type EpochKey = (NetUid, AccountId, u32);

    /// The staking contract.
    #[ink(storage)]
    pub struct StakingContract {
        /// TAO.
        pub(crate) token: AccountId,
        /// Knows subnets and the owners of hotkeys.
        pub(crate) registry: AccountId,
        /// Who may do what.
        roles: Roles,
        /// All stake.
        pub(crate) total: Rao,
        /// How many epochs of any subnet have closed.
        pub(crate) closes: u32,
        /// Open epoch and stake of each subnet.
        pub(crate) subnets: Mapping<NetUid, SubnetStake, ManualKey<0x5355_424E>>,
        /// Pool of each (subnet, hotkey).
        pub(crate) pools: Mapping<(NetUid, AccountId), PoolCell, ManualKey<0x504F_4F4C>>,
        /// What each (subnet, hotkey, coldkey) has.
        pub(crate) positions: Mapping<PositionKey, Holding, ManualKey<0x504F_5349>>,
        /// What was added to each (subnet, hotkey) in an epoch, and became.
        pub(crate) ripe: Mapping<EpochKey, Ripe, ManualKey<0x5249_5045>>,
        /// Stake on root, and what it earns.
        pub(crate) root: Root,
        /// Where each coldkey has stake, and who has stake on each hotkey.
        pub(crate) index: Index,
        /// Who gives which part of its stake to whom.
        pub(crate) relations: Mapping<(NetUid, AccountId), Relations, ManualKey<0x5245_4C41>>,
        /// Takes.
        pub(crate) takes: Takes,
    }

    impl StakingContract {
        /// Deploys the contract for `token` and the hotkeys of `registry`. The caller may wire it,
        /// once.
        ///
        /// # Errors
        /// `NoToken`, `NoRegistry`.
        #[ink(constructor)]
        pub fn new(token: AccountId, registry: AccountId) -> Result<Self, DeployError> {
            if !peers::is_token(token) {
                return Err(DeployError::NoToken);
            }
            if !peers::is_registry(registry) {
                return Err(DeployError::NoRegistry);
            }
            Ok(Self::deployed_by(Self::env().caller(), token, registry))
        }

        /// Least amount that can be staked at once.
        #[ink(message)]
        pub fn min_stake(&self) -> Rao {
            MIN_STAKE
        }

        /// The subnet's open epoch, as this contract knows it.
        #[ink(message)]
        pub fn open_epoch(&self, netuid: NetUid) -> u32 {
            self.subnet(netuid).open
        }

        /// The contract as it is before anybody has staked.
        pub(crate) fn deployed_by(
            deployer: AccountId,
            token: AccountId,
            registry: AccountId,
        ) -> Self {
            Self {
                token,
                registry,
                roles: Roles::Deployer(deployer),
                total: Rao::ZERO,
                closes: 0,
                subnets: Mapping::new(),
                pools: Mapping::new(),
                positions: Mapping::new(),
                ripe: Mapping::new(),
                root: Root::default(),
                index: Index::default(),
                relations: Mapping::new(),
                takes: Takes::default(),
            }
        }
    }

    impl Staking for StakingContract {
        /// Names the emission and epoch contracts, once. Only the deployer; afterwards nobody can.
        ///
        /// # Errors
        /// `NotDeployer`, `AlreadyWired`.
        #[ink(message)]
        fn wire(&mut self, emission: AccountId, epoch: AccountId) -> Result<(), WireError> {
            self.roles = self.roles.wire(self.env().caller(), emission, epoch)?;
            Ok(())
        }

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
            if amount < MIN_STAKE {
                return Err(StakingError::TooLittle(MIN_STAKE));
            }
            let coldkey = self.env().caller();
            let status = peers::status(self.registry, netuid, hotkey)?;
            self.put_in((netuid, hotkey, coldkey), amount, status)?;
            peers::collect(self.token, coldkey, self.env().account_id(), amount)?;
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
            let key = (netuid, hotkey, self.env().caller());
            let held = self.worth(key);
            if amount > held {
                return Err(StakingError::NotEnoughStake(held));
            }
            let least = self.least_kept(key)?;
            let amount = self.take_out(key, Some(amount), least)?;
            self.pay_back(netuid, hotkey, amount)
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
            let coldkey = self.env().caller();
            let amount = self.clear((netuid, hotkey, coldkey))?;
            peers::give(self.token, coldkey, amount)?;
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
            let mut sum = Rao::ZERO;
            let whose = Whose::Coldkey(coldkey);
            let mut left = self.index.count(whose);
            if left == 0 {
                return Err(StakingError::NotEnoughStake(Rao::ZERO));
            }
            for _ in 0..limit {
                let last = left.checked_sub(1);
                let Some(key) = last.and_then(|last| self.index.entry(whose, last)) else {
                    break;
                };
                let amount = self.clear(key)?;
                sum = sum.checked_add(amount).ok_or(StakingError::Overflow)?;
                left = self.index.count(whose);
            }
            peers::give(self.token, coldkey, sum)?;
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
            let coldkey = self.env().caller();
            let (from, to) = ((netuid, hotkey, coldkey), (to_netuid, to_hotkey, coldkey));
            if from == to {
                return Err(StakingError::SamePosition);
            }
            let status = peers::status(self.registry, to_netuid, to_hotkey)?;
            let moved = self.carry_over(from, to, amount, status)?;
            self.tell_moved(from, to, moved);
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
            let (from, to) = ((netuid, hotkey, self.env().caller()), (netuid, hotkey, to));
            if from == to {
                return Err(StakingError::SamePosition);
            }
            let status = peers::status(self.registry, netuid, hotkey)?;
            if status.subnet_exists && !status.transfers {
                return Err(StakingError::TransfersOff);
            }
            let moved = self.carry_over(from, to, amount, status)?;
            self.tell_moved(from, to, moved);
            Ok(moved)
        }

        /// Pays out what the caller's root stake on `hotkey` has earned, and returns how much that
        /// is.
        ///
        /// # Errors
        /// `NothingToClaim`, `Payment`.
        #[ink(message)]
        fn claim_root(&mut self, hotkey: AccountId) -> Result<Rao, StakingError> {
            let coldkey = self.env().caller();
            let amount = self.take_claim(hotkey, coldkey)?;
            if amount.is_zero() {
                return Err(StakingError::NothingToClaim);
            }
            peers::give(self.token, coldkey, amount)?;
            Ok(amount)
        }

        /// What `claim_root` would pay `coldkey` now.
        #[ink(message)]
        fn root_claim(&self, hotkey: AccountId, coldkey: AccountId) -> Rao {
            let stake = self.worth((NetUid::ROOT, hotkey, coldkey));
            let now = self.env().block_number();
            self.root.owed((hotkey, coldkey), stake, now)
        }

        /// What the root stake of `hotkey` earns.
        #[ink(message)]
        fn root_dividends(&self, hotkey: AccountId) -> RootDividends {
            self.root.dividends(hotkey, self.env().block_number())
        }

        /// Dividends of root stake that nobody has claimed. This contract's balance is that and
        /// `total_stake`.
        #[ink(message)]
        fn root_unclaimed(&self) -> Rao {
            self.root.unclaimed()
        }

        /// Sets the share of dividends that the owner of `hotkey` keeps. Only its owner. It may be
        /// lowered at any time, and raised once the interval has passed since it last
        /// changed.
        ///
        /// # Errors
        /// `NotHotkeyOwner`, `TakeAbove`, `TakeTooSoon`.
        #[ink(message)]
        fn set_take(&mut self, hotkey: AccountId, take: Bps) -> Result<(), StakingError> {
            let now = self.env().block_number();
            self.takes.set(hotkey, take, now)?;
            peers::ensure_owner(self.registry, hotkey, self.env().caller())?;
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
            let after = self.give_to_children(netuid, hotkey, children.clone())?;
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
            self.accept_parent(netuid, child, parent, allowed)?;
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
            self.keep_of_parents(netuid, hotkey, take)?;
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
            self.look_up_children(netuid, hotkey)
        }

        /// The parents of `hotkey` on a subnet, and those that it lets be.
        #[ink(message)]
        fn parents(&self, netuid: NetUid, hotkey: AccountId) -> Vec<ParentView> {
            self.look_up_parents(netuid, hotkey)
        }

        /// What `hotkey` keeps, on a subnet, of what it earns for parents of other owners.
        #[ink(message)]
        fn child_take(&self, netuid: NetUid, hotkey: AccountId) -> TakeInfo {
            let relations = self.relations.get((netuid, hotkey));
            crate::takes::info(relations.and_then(|it| it.take), Bps::default())
        }

        /// Called by the epoch contract at close: from here on writes belong to epoch `closing +
        /// 1`.
        ///
        /// # Errors
        /// `NotEpoch`.
        #[ink(message)]
        fn begin_epoch(&mut self, netuid: NetUid, closing: u32) -> Result<(), StakingError> {
            if !self.roles.is_epoch(self.env().caller()) {
                return Err(StakingError::NotEpoch);
            }
            let mut subnet = self.subnet(netuid);
            subnet.open = closing.checked_add(1).ok_or(StakingError::Overflow)?;
            subnet.before_at = subnet.opened_at;
            subnet.opened_at = self.env().block_number();
            self.closes = self.closes.checked_add(1).ok_or(StakingError::Overflow)?;
            subnet.opened_by = self.closes;
            self.subnets.insert(netuid, &subnet);
            Ok(())
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
            if !self.roles.is_emission(self.env().caller()) {
                return Err(StakingError::NotEmission);
            }
            self.pay_out(netuid, epoch, &payments)
        }

        /// Whether the subnet goes on: false once it is retired, none if it was never created or
        /// the registry does not answer.
        #[ink(message)]
        fn is_live(&self, netuid: NetUid) -> Option<bool> {
            peers::is_live(self.registry, netuid)
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
            let clock = self.clock(netuid);
            hotkeys
                .into_iter()
                .map(|hotkey| self.weight_at(netuid, hotkey, epoch, &clock))
                .collect()
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
            self.weight_at(netuid, hotkey, epoch, &self.clock(netuid))
        }

        /// What `coldkey` would get back from `hotkey`, rounded down.
        #[ink(message)]
        fn stake(&self, netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao {
            self.worth((netuid, hotkey, coldkey))
        }

        /// Stake behind `hotkey` now.
        #[ink(message)]
        fn hotkey_stake(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
            self.pool(netuid, hotkey).value()
        }

        /// Stake on the subnet: its weight in the division of emission. Of root: all root stake.
        #[ink(message)]
        fn subnet_stake(&self, netuid: NetUid) -> Rao {
            self.subnet(netuid).total
        }

        /// All stake.
        #[ink(message)]
        fn total_stake(&self) -> Rao {
            self.total
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
            self.index.count(Whose::Coldkey(coldkey))
        }

        /// Page `page` (64 places) of where `coldkey` has stake.
        #[ink(message)]
        fn positions(&self, coldkey: AccountId, page: u32) -> Vec<PositionView> {
            self.list_positions(coldkey, page)
        }

        /// In how many places, of any coldkey, there is stake on `hotkey`.
        #[ink(message)]
        fn nominator_count(&self, hotkey: AccountId) -> u32 {
            self.index.count(Whose::Hotkey(hotkey))
        }

        /// Page `page` (64 places) of who has stake on `hotkey`.
        #[ink(message)]
        fn nominators(&self, hotkey: AccountId, page: u32) -> Vec<NominatorView> {
            self.list_nominators(hotkey, page)
        }

        /// The other contracts.
        #[ink(message)]
        fn peers(&self) -> StakingPeers {
            let (emission, epoch) = self.roles.peers().unzip();
            StakingPeers {
                token: self.token,
                registry: self.registry,
                emission,
                epoch,
            }
        }
    }
}
