//! Stake: coldkey -> hotkey -> subnet, in share pools, with delegate take.

mod error;
mod events;

pub use error::StakingError;
pub use events::{
    ChildTakeSet, ChildrenSet, Distributed, Inherited, ParentAllowed, RootAccrued, RootClaimed,
    StakeAdded, StakeMoved, StakeRemoved, TakeSet,
};

use crate::{token::WireError, AccountId, Bps, NetUid, Rao};
use ink::prelude::vec::Vec;

/// Largest delegate take, and the take of a hotkey whose owner has set none: 18 %.
pub const MAX_TAKE: Bps = Bps(1_800);

/// Blocks that must have passed since a take last changed before it is raised: thirty days of
/// blocks of 12 seconds. Source: subtensor-reference.md 3.11.
pub const TAKE_RAISE_INTERVAL: u32 = 216_000;

/// Most children of a hotkey on a subnet. Source: subtensor-reference.md 3.11.
pub const MAX_CHILDREN: u16 = 5;
/// Most hotkeys that may have a hotkey as their child, so that its stake can be told at a bounded
/// cost.
pub const MAX_PARENTS: u16 = 8;
/// Blocks before a list of children counts. Source: subtensor-reference.md 6.2,
/// `PendingChildKeyCooldown`.
pub const CHILD_COOLDOWN: u32 = 7_200;
/// Blocks between two settings of a hotkey's children. Source: subtensor-reference.md 5.5.
pub const CHILDREN_INTERVAL: u32 = 150;

/// What stake on root weighs on every subnet, of `u64::MAX`: 5.27 %. It never changes, so that no
/// closed epoch does. Source: subtensor-reference.md 6.2, `TaoWeight`.
pub const TAO_WEIGHT: u64 = 971_718_665_099_567_868;
/// Blocks over which dividends of root stake reach those who have it. Who stakes for a block gets a
/// block's part of them.
pub const ROOT_STREAM: u32 = 360;

/// A hotkey that gets a part of another's stake, for weight alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Child {
    /// How much, of `u64::MAX`.
    pub proportion: u64,
    /// Who.
    pub hotkey: AccountId,
}

/// A list of children that does not count yet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct PendingChildren {
    /// The children.
    pub children: Vec<Child>,
    /// The list counts from the first epoch on that opens after this block.
    pub after: u32,
}

/// The children of a hotkey on a subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ChildrenView {
    /// In the open epoch.
    pub children: Vec<Child>,
    /// Later.
    pub pending: Option<PendingChildren>,
}

/// A hotkey that has another as its child, or may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ParentView {
    /// Who.
    pub hotkey: AccountId,
    /// What it gives of its stake in the open epoch, of `u64::MAX`; 0 if it only may.
    pub proportion: u64,
}

/// What a hotkey's owner keeps of dividends, and when that may be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct TakeInfo {
    /// The take.
    pub take: Bps,
    /// First block at which it may be raised. It may be lowered at any time.
    pub raises_from: u32,
}

/// What the root stake of a hotkey earns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct RootDividends {
    /// All root stake on the hotkey.
    pub stake: Rao,
    /// Dividends that have not reached it yet.
    pub left: Rao,
    /// Block at which the last of them will have.
    pub until: u32,
}

/// Stake of a coldkey somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct PositionView {
    /// The subnet.
    pub netuid: NetUid,
    /// Behind whom.
    pub hotkey: AccountId,
    /// What the coldkey would get back, rounded down.
    pub stake: Rao,
}

/// Stake on a hotkey of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct NominatorView {
    /// The subnet.
    pub netuid: NetUid,
    /// Whose it is.
    pub coldkey: AccountId,
    /// What the coldkey would get back, rounded down.
    pub stake: Rao,
}

/// What one neuron is paid for an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Payment {
    /// The hotkey.
    pub hotkey: AccountId,
    /// Its owner.
    pub coldkey: AccountId,
    /// For the owner, as stake on the hotkey.
    pub miner: Rao,
    /// Take for the owner, the rest for all who stake on the hotkey.
    pub validator: Rao,
}

/// The contracts that the staking contract works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct StakingPeers {
    /// TAO.
    pub token: AccountId,
    /// Knows subnets and the owners of hotkeys.
    pub registry: AccountId,
    /// Credits pay, once it is named.
    pub emission: Option<AccountId>,
    /// Opens epochs, once it is named.
    pub epoch: Option<AccountId>,
}

/// The staking contract. It holds the staked TAO.
#[ink::trait_definition]
pub trait Staking {
    /// Names the emission and epoch contracts, once. Only the deployer; afterwards nobody can.
    ///
    /// # Errors
    /// `NotDeployer`, `AlreadyWired`.
    #[ink(message)]
    fn wire(&mut self, emission: AccountId, epoch: AccountId) -> Result<(), WireError>;

    /// Stakes `amount` of the caller's TAO on `hotkey` (approve it for this contract first). It
    /// earns from the open epoch on, whose pay comes after its close: what is paid while the
    /// epoch is open is for the one before. On root, which is netuid 0, it counts
    /// on every subnet with `TAO_WEIGHT`, and what it earns is claimed.
    ///
    /// # Errors
    /// `UnknownSubnet`, `UnknownHotkey`, `TooLittle` with the least that can be added, or that must
    /// be on another's hotkey, `Payment`.
    #[ink(message)]
    fn add_stake(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), StakingError>;

    /// Takes `amount` of the caller's stake back. Shares are rounded up, so never less stays than
    /// is owed to others. What would stay on another's hotkey below the least nomination is
    /// taken back too; `StakeRemoved` tells how much it was.
    ///
    /// # Errors
    /// `NotEnoughStake`, `TooLittle`, `Payment`.
    #[ink(message)]
    fn remove_stake(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), StakingError>;

    /// Takes all of the caller's stake on `hotkey` back, on root with what it has earned, and
    /// returns how much that is.
    ///
    /// # Errors
    /// `NotEnoughStake` if there is none, `Payment`.
    #[ink(message)]
    fn remove_all_stake(&mut self, netuid: NetUid, hotkey: AccountId) -> Result<Rao, StakingError>;

    /// Takes the caller's stake back from everywhere, from at most `limit` places, which is `1 ..=
    /// PAGE`, the latest first; on root with what it has earned. Returns how much it was, and
    /// in how many places there still is some: call again while there is.
    ///
    /// # Errors
    /// `TooMany`, `NotEnoughStake` if there is none, `Payment`.
    #[ink(message)]
    fn unstake_all(&mut self, limit: u16) -> Result<(Rao, u32), StakingError>;

    /// Moves the caller's stake, `amount` of it or all, to another hotkey, another subnet, or both.
    /// No TAO is paid. Returns how much it was: what would stay below the least nomination
    /// moves too.
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
    ) -> Result<Rao, StakingError>;

    /// Gives the caller's stake on `hotkey`, `amount` of it or all, to another coldkey, as stake on
    /// the same hotkey. The subnet's owner can switch this off. Returns how much it was.
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
    ) -> Result<Rao, StakingError>;

    /// Pays out what the caller's root stake on `hotkey` has earned, and returns how much that is.
    ///
    /// # Errors
    /// `NothingToClaim`, `Payment`.
    #[ink(message)]
    fn claim_root(&mut self, hotkey: AccountId) -> Result<Rao, StakingError>;

    /// What `claim_root` would pay `coldkey` now.
    #[ink(message)]
    fn root_claim(&self, hotkey: AccountId, coldkey: AccountId) -> Rao;

    /// What the root stake of `hotkey` earns.
    #[ink(message)]
    fn root_dividends(&self, hotkey: AccountId) -> RootDividends;

    /// Dividends of root stake that nobody has claimed. This contract's balance is that and
    /// `total_stake`.
    #[ink(message)]
    fn root_unclaimed(&self) -> Rao;

    /// Sets the share of dividends that the owner of `hotkey` keeps. Only its owner. It may be
    /// lowered at any time, and raised once `TAKE_RAISE_INTERVAL` blocks have passed since it
    /// last changed.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `TakeAbove`, `TakeTooSoon`.
    #[ink(message)]
    fn set_take(&mut self, hotkey: AccountId, take: Bps) -> Result<(), StakingError>;

    /// Gives parts of the own stake of `hotkey`, which the caller owns, to children on a subnet, in
    /// the place of those before. They have that much more weight, and share what they earn by
    /// it. The list counts from the first epoch on that opens after a cooldown of
    /// `CHILD_COOLDOWN` blocks; before a subnet's first close it counts at once. A child of another
    /// owner must have accepted the parent.
    ///
    /// # Errors
    /// `TooManyChildren`, `BadChild`, `TooMuchGiven`, `UnknownSubnet`, `NotHotkeyOwner`, `Cycle`,
    /// `UnknownHotkey`, `NotAccepted`, `TooManyParents`, `ChildrenTooSoon`.
    #[ink(message)]
    fn set_children(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        children: Vec<Child>,
    ) -> Result<(), StakingError>;

    /// Lets `parent`, of another owner, have the caller's hotkey `child` as a child on a subnet, or
    /// no longer.
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
    ) -> Result<(), StakingError>;

    /// Sets what the caller's `hotkey` keeps, on a subnet, of what it earns for parents of other
    /// owners. As `set_take`; nothing at first.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `TakeAbove`, `TakeTooSoon`.
    #[ink(message)]
    fn set_child_take(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        take: Bps,
    ) -> Result<(), StakingError>;

    /// The children of `hotkey` on a subnet.
    #[ink(message)]
    fn children(&self, netuid: NetUid, hotkey: AccountId) -> ChildrenView;

    /// The parents of `hotkey` on a subnet, and those that it lets be.
    #[ink(message)]
    fn parents(&self, netuid: NetUid, hotkey: AccountId) -> Vec<ParentView>;

    /// What `hotkey` keeps, on a subnet, of what it earns for parents of other owners.
    #[ink(message)]
    fn child_take(&self, netuid: NetUid, hotkey: AccountId) -> TakeInfo;

    /// Called by the epoch contract at close: from here on writes belong to epoch `closing + 1`.
    ///
    /// # Errors
    /// `NotEpoch`.
    #[ink(message)]
    fn begin_epoch(&mut self, netuid: NetUid, closing: u32) -> Result<(), StakingError>;

    /// Called by the emission contract after it has minted the sum of `payments`, pay of `epoch`,
    /// to this contract: credits them as stake. Returns that sum.
    ///
    /// # Errors
    /// `NotEmission`, `Overflow`.
    #[ink(message)]
    fn distribute(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        payments: Vec<Payment>,
    ) -> Result<Rao, StakingError>;

    /// Whether the subnet goes on: false once it is retired, none if it was never created or the
    /// registry does not answer.
    #[ink(message)]
    fn is_live(&self, netuid: NetUid) -> Option<bool>;

    /// Stake behind each of `hotkeys` at the end of `epoch`, or now if it is still open: its own,
    /// less what its children have of it, and what its parents give, and the same of root stake
    /// with `TAO_WEIGHT`. At most `PAGE` hotkeys.
    ///
    /// # Errors
    /// `TooOld`, `TooMany`.
    #[ink(message)]
    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, StakingError>;

    /// Stake behind `hotkey` at the end of `epoch`, as in `stakes_at`.
    ///
    /// # Errors
    /// `TooOld`.
    #[ink(message)]
    fn stake_at(&self, netuid: NetUid, hotkey: AccountId, epoch: u32) -> Result<Rao, StakingError>;

    /// What `coldkey` would get back from `hotkey`, rounded down.
    #[ink(message)]
    fn stake(&self, netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao;

    /// Stake behind `hotkey` now.
    #[ink(message)]
    fn hotkey_stake(&self, netuid: NetUid, hotkey: AccountId) -> Rao;

    /// Stake on the subnet: its weight in the division of emission. Of root: all root stake.
    #[ink(message)]
    fn subnet_stake(&self, netuid: NetUid) -> Rao;

    /// All stake.
    #[ink(message)]
    fn total_stake(&self) -> Rao;

    /// The take of `hotkey`: `MAX_TAKE` until its owner sets another.
    #[ink(message)]
    fn take(&self, hotkey: AccountId) -> Bps;

    /// The take of `hotkey`, and when it may be raised.
    #[ink(message)]
    fn take_info(&self, hotkey: AccountId) -> TakeInfo;

    /// In how many places `coldkey` has stake.
    #[ink(message)]
    fn position_count(&self, coldkey: AccountId) -> u32;

    /// Page `page` (64 places) of where `coldkey` has stake, in no particular order.
    #[ink(message)]
    fn positions(&self, coldkey: AccountId, page: u32) -> Vec<PositionView>;

    /// In how many places, of any coldkey, there is stake on `hotkey`.
    #[ink(message)]
    fn nominator_count(&self, hotkey: AccountId) -> u32;

    /// Page `page` (64 places) of who has stake on `hotkey`, in no particular order.
    #[ink(message)]
    fn nominators(&self, hotkey: AccountId, page: u32) -> Vec<NominatorView>;

    /// The other contracts.
    #[ink(message)]
    fn peers(&self) -> StakingPeers;
}
