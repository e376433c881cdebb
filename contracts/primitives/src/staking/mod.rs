//! The interface of the staking contract: stake by subnet, hotkey and coldkey, in share pools.
//!
//! - `types`: children and pay
//! - `views`: answers about positions, takes, children and root dividends
//! - `events`, `error`: events and errors

mod error;
mod events;
mod types;
mod views;

pub use error::{StakingDeployError, StakingError};
pub use events::{
    ChildTakeSet, ChildrenSet, Collected, Distributed, HandedOn, ParentAllowed, ProxySet,
    RootClaimed, StakeAdded, StakeMoved, StakeRemoved, TakeSet,
};
pub use types::{Child, Credited, HotkeyPart, Payment, PendingChildren, Proxy, StakingPeers};
pub use views::{
    ChildrenView, NominatorView, ParentView, PositionView, RootDividends, Standing, TakeInfo,
};

use crate::{token::WireError, AccountId, Bps, NetUid, Rao};
use ink::prelude::vec::Vec;

/// Largest take of a hotkey, and the take before the owner sets one: 18 %.
pub const MAX_TAKE: Bps = Bps(1_800);

/// Blocks after the last change of a take before it may be raised: thirty days of blocks of 12
/// seconds.
///
/// Source: subtensor-reference.md 3.11.
pub const TAKE_RAISE_INTERVAL: u32 = 216_000;

/// Most children of a hotkey on a subnet. Source: subtensor-reference.md 3.11.
pub const MAX_CHILDREN: u16 = 5;
/// Most parents of a hotkey on a subnet. Bounds the cost of reading the hotkey's stake.
pub const MAX_PARENTS: u16 = 8;
/// Blocks before a list of children counts.
///
/// Source: subtensor-reference.md 6.2, `PendingChildKeyCooldown`.
pub const CHILD_COOLDOWN: u32 = 7_200;
/// Blocks between two lists of a hotkey's children. Source: subtensor-reference.md 5.5.
pub const CHILDREN_INTERVAL: u32 = 150;

/// Part of what is handed on to a parent that the caller of `hand_on` receives: the part of a
/// budget that keepers receive by default.
pub const HAND_ON_FEE: Bps = Bps(25);

/// Weight of root stake on every subnet, of `u64::MAX`: 5.27 %. The weight never changes, so that
/// no closed epoch changes.
///
/// Source: subtensor-reference.md 6.2, `TaoWeight`.
pub const TAO_WEIGHT: u64 = 971_718_665_099_567_868;
/// Blocks in which root dividends flow to the root stake. Stake of one block receives one block's
/// part.
pub const ROOT_STREAM: u32 = 360;
/// Blocks of a root epoch, of which the first begins at block 0: a day of blocks of 12 seconds.
///
/// A subnet that closes an epoch in root epoch `r` reads the root stake that was there during all
/// of root epoch `r - 1`.
pub const ROOT_EPOCH: u32 = 7_200;
/// Root epochs for which the root stake of each hotkey is kept: 16 days. An epoch of a subnet must
/// be final and settled within that time after its close.
pub const ROOT_EPOCHS_KEPT: u32 = 16;
/// Root epochs for which the votes of each account are kept: 32 days.
pub const VOTE_EPOCHS_KEPT: u32 = 32;
/// Most accounts whose standing is read at once.
pub const MAX_STANDINGS: u16 = 32;

/// The staking contract. It holds all staked TAO.
///
/// Messages of users come first, then views, and at the end those of other contracts and of the
/// deployer.
#[ink::trait_definition]
pub trait Staking {
    /// Stakes `amount` rao of the caller's TAO on `hotkey`.
    ///
    /// Approve the amount for this contract first. The stake weighs and earns from the next epoch
    /// on, and from the first one if the subnet has not started. Stake on root, netuid 0, counts on
    /// every subnet with 5.27 %, after a whole root epoch of 7 200 blocks; its dividends are
    /// claimed with `claim_root`.
    ///
    /// # Events
    /// `StakeAdded`.
    ///
    /// # Errors
    /// `TooLittle` for an amount below the least stake, `Braked`, `UnknownSubnet`, `UnknownHotkey`,
    /// `TooLittle` for a position below the least nomination, `Payment`.
    #[ink(message)]
    fn add_stake(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), StakingError>;

    /// Removes `amount` rao of the caller's stake on `hotkey` and pays it to the caller.
    ///
    /// A remainder below the least nomination on a hotkey of another owner is paid too; the event
    /// has the sum. Shares are rounded up, so that other positions never lose.
    ///
    /// # Events
    /// `StakeRemoved`.
    ///
    /// # Errors
    /// `TooLittle` for zero, `NotEnoughStake`, `Payment`.
    #[ink(message)]
    fn remove_stake(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), StakingError>;

    /// Removes all of the caller's stake on `hotkey`, on root with the root dividends, and pays it
    /// to the caller. Returns the amount in rao.
    ///
    /// # Events
    /// `StakeRemoved`, `RootClaimed`.
    ///
    /// # Errors
    /// `NotEnoughStake` if there is no stake, `Payment`.
    #[ink(message)]
    fn remove_all_stake(&mut self, netuid: NetUid, hotkey: AccountId) -> Result<Rao, StakingError>;

    /// Removes the caller's stake from at most `limit` positions, newest first, and pays it to the
    /// caller. `limit` is `1 ..= 64`. Positions on root are paid with their root dividends.
    ///
    /// Returns the amount in rao, and the number of positions that are left. Call again while there
    /// are any.
    ///
    /// # Events
    /// `StakeRemoved` and `RootClaimed` for each position.
    ///
    /// # Errors
    /// `TooMany`, `NotEnoughStake` if there is no stake, `Payment`.
    #[ink(message)]
    fn unstake_all(&mut self, limit: u16) -> Result<(Rao, u32), StakingError>;

    /// Moves `amount` rao of the caller's stake, or all of it, to another hotkey, another subnet,
    /// or both. Pays no TAO.
    ///
    /// Returns the amount in rao. A remainder below the least nomination moves too. The stake
    /// weighs in its new place from the next epoch there on. Stake that weighed in its former
    /// place forgoes the pay of the epoch that is open there, and of the one before if that is
    /// not settled.
    ///
    /// # Events
    /// `StakeMoved`.
    ///
    /// # Errors
    /// `SamePosition`, `NotEnoughStake`, `TooLittle`; `UnknownSubnet`, `UnknownHotkey` and
    /// `TooLittle` for the destination.
    #[ink(message)]
    fn move_stake(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        to_netuid: NetUid,
        to_hotkey: AccountId,
        amount: Option<Rao>,
    ) -> Result<Rao, StakingError>;

    /// Transfers `amount` rao of the caller's stake on `hotkey`, or all of it, to another coldkey,
    /// as stake on the same hotkey. The subnet's owner can turn transfers off.
    ///
    /// Returns the amount in rao. A remainder below the least nomination is transferred too. The
    /// stake keeps its shares: it weighs and is paid as if it had always been the other coldkey's.
    ///
    /// # Events
    /// `StakeMoved`.
    ///
    /// # Errors
    /// `SamePosition`, `TransfersOff`, `NotEnoughStake`, `TooLittle`; `UnknownSubnet`,
    /// `UnknownHotkey` and `TooLittle` for the destination.
    #[ink(message)]
    fn transfer_stake(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        to: AccountId,
        amount: Option<Rao>,
    ) -> Result<Rao, StakingError>;

    /// Pays the root dividends of the caller's root stake on `hotkey` to the caller. Returns the
    /// amount in rao.
    ///
    /// # Events
    /// `RootClaimed`.
    ///
    /// # Errors
    /// `NothingToClaim`, `Payment`.
    #[ink(message)]
    fn claim_root(&mut self, hotkey: AccountId) -> Result<Rao, StakingError>;

    /// Sets the take of `hotkey`: the part of its dividends that the owner keeps, in basis points.
    /// The hotkey's owner only.
    ///
    /// The take counts for epochs that open after this block. Lowering the take is possible at any
    /// time. Raising requires 216 000 blocks since the last change.
    ///
    /// # Events
    /// `TakeSet`.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`, `NotHotkeyOwner`.
    #[ink(message)]
    fn set_take(&mut self, hotkey: AccountId, take: Bps) -> Result<(), StakingError>;

    /// Sets the children of `hotkey` on a subnet, in place of the former ones. The hotkey's owner
    /// only.
    ///
    /// Each child weighs with its proportion of the hotkey's own stake, and shares the dividends
    /// with the hotkey. The list counts from the first epoch that opens more than 7 200 blocks
    /// later; before the subnet's first close the list counts at once. A child of another owner
    /// must have allowed the parent with `allow_parent`.
    ///
    /// # Events
    /// `ChildrenSet`.
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

    /// Allows `parent`, a hotkey of another owner, to have the caller's hotkey `child` as a child
    /// on a subnet, or withdraws the permission. The child's owner only.
    ///
    /// A parent that has the child loses it with the first epoch that opens more than 7 200 blocks
    /// later, as with a new list of children.
    ///
    /// # Events
    /// `ParentAllowed`.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `TooManyParents`.
    #[ink(message)]
    fn allow_parent(
        &mut self,
        netuid: NetUid,
        child: AccountId,
        parent: AccountId,
        allowed: bool,
    ) -> Result<(), StakingError>;

    /// Hands on the dividends that `child` has earned for `parents`, at most 8: they become stake
    /// of the parents' owners and stakers, and dividends of the parents' root stake. Anyone may
    /// call, and receives 0.25 % as TAO. Returns that fee in rao.
    ///
    /// Take and division are those of the paid epochs.
    ///
    /// # Events
    /// `HandedOn` for each parent with anything due.
    ///
    /// # Errors
    /// `TooMany`, `NothingDue`, `Payment`.
    #[ink(message)]
    fn hand_on(
        &mut self,
        netuid: NetUid,
        child: AccountId,
        parents: Vec<AccountId>,
    ) -> Result<Rao, StakingError>;

    /// Sets the child take of `hotkey` on a subnet: the part that the hotkey keeps of dividends it
    /// earns for parents of other owners, in basis points. The hotkey's owner only.
    ///
    /// The child take is 0 at first, and changes and counts by the rules of `set_take`.
    ///
    /// # Events
    /// `ChildTakeSet`.
    ///
    /// # Errors
    /// `TakeAbove`, `TakeTooSoon`, `NotHotkeyOwner`.
    #[ink(message)]
    fn set_child_take(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        take: Bps,
    ) -> Result<(), StakingError>;

    /// Sets the account that votes with the caller's stake, or sets the stake aside. The caller may
    /// vote itself all the same; its own vote counts first.
    ///
    /// # Events
    /// `ProxySet`.
    ///
    /// # Errors
    /// `SelfProxy`.
    #[ink(message)]
    fn set_proxy(&mut self, proxy: Proxy) -> Result<(), StakingError>;

    /// Counts the stake that pay has added to a position, for votes: dividends, and pay that the
    /// owner has collected or that was handed on. Anyone may call; a deposit, a withdrawal or a
    /// transfer of stake does the same. Returns the amount that was not counted before, in rao.
    ///
    /// # Errors
    /// `Overflow`.
    #[ink(message)]
    fn count_vote(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        coldkey: AccountId,
    ) -> Result<Rao, StakingError>;

    /// Returns the votes of each of `accounts`, at most 32, at the end of root epoch `epoch`, and
    /// all stake that could vote then, in rao.
    ///
    /// What votes was there when the root epoch began, on any hotkey and subnet, and stayed until
    /// its end.
    ///
    /// # Errors
    /// `TooMany`, `NotEnded`, `TooOld`.
    #[ink(message)]
    fn standings(
        &self,
        accounts: Vec<AccountId>,
        epoch: u32,
    ) -> Result<(Vec<Standing>, Rao), StakingError>;

    /// Returns the stake of `coldkey` on `hotkey` in rao: the amount that removing all of it would
    /// pay, rounded down.
    #[ink(message)]
    fn stake(&self, netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao;

    /// Returns all stake on `hotkey` on a subnet in rao, of every coldkey. Children, parents and
    /// root stake are not counted.
    #[ink(message)]
    fn hotkey_stake(&self, netuid: NetUid, hotkey: AccountId) -> Rao;

    /// Returns all stake on a subnet in rao. Netuid 0 is all root stake.
    #[ink(message)]
    fn subnet_stake(&self, netuid: NetUid) -> Rao;

    /// Returns the stake in rao that weighed in the subnet's last closed epoch: all stake that was
    /// there from the opening to the close. The subnet shares in emission by it until the next
    /// close.
    #[ink(message)]
    fn matured_stake(&self, netuid: NetUid) -> Rao;

    /// Returns all stake in this contract, in rao.
    #[ink(message)]
    fn total_stake(&self) -> Rao;

    /// Returns page `page` of the positions of `coldkey`, 64 a page from page 0 on, in no
    /// particular order.
    #[ink(message)]
    fn positions(&self, coldkey: AccountId, page: u32) -> Vec<PositionView>;

    /// Returns the number of positions of `coldkey`.
    #[ink(message)]
    fn position_count(&self, coldkey: AccountId) -> u32;

    /// Returns page `page` of the positions on `hotkey`, 64 a page from page 0 on, in no particular
    /// order.
    #[ink(message)]
    fn nominators(&self, hotkey: AccountId, page: u32) -> Vec<NominatorView>;

    /// Returns the number of positions on `hotkey`, of every coldkey and subnet.
    #[ink(message)]
    fn nominator_count(&self, hotkey: AccountId) -> u32;

    /// Returns the take of `hotkey` in basis points: 1 800 before the owner sets another. An epoch
    /// is paid by the take that was set before the epoch opened.
    #[ink(message)]
    fn take(&self, hotkey: AccountId) -> Bps;

    /// Returns the take of `hotkey` that `epoch` of a subnet is paid by, in basis points: the last
    /// one set before the epoch opened. For a later epoch, that is the present take.
    ///
    /// # Errors
    /// `TooOld` for an epoch before the last closed one.
    #[ink(message)]
    fn take_at(&self, netuid: NetUid, hotkey: AccountId, epoch: u32) -> Result<Bps, StakingError>;

    /// Returns the take of `hotkey`, and the first block at which it may be raised.
    #[ink(message)]
    fn take_info(&self, hotkey: AccountId) -> TakeInfo;

    /// Returns the children of `hotkey` on a subnet.
    #[ink(message)]
    fn children(&self, netuid: NetUid, hotkey: AccountId) -> ChildrenView;

    /// Returns the parents of `hotkey` on a subnet, including allowed ones that delegate nothing
    /// yet, and former ones to which something is due.
    #[ink(message)]
    fn parents(&self, netuid: NetUid, hotkey: AccountId) -> Vec<ParentView>;

    /// Returns the child take of `hotkey` on a subnet, and the first block at which it may be
    /// raised.
    #[ink(message)]
    fn child_take(&self, netuid: NetUid, hotkey: AccountId) -> TakeInfo;

    /// Returns the amount in rao that `claim_root` would pay `coldkey` now.
    #[ink(message)]
    fn root_claim(&self, hotkey: AccountId, coldkey: AccountId) -> Rao;

    /// Returns the root stake of `hotkey`, and the dividends that still flow to it.
    #[ink(message)]
    fn root_dividends(&self, hotkey: AccountId) -> RootDividends;

    /// Returns all root dividends that are not claimed, in rao. The contract's balance is at least
    /// this amount plus `total_stake` and `dues`.
    #[ink(message)]
    fn root_unclaimed(&self) -> Rao;

    /// Returns all dividends that children have earned for parents and that are not handed on, in
    /// rao.
    #[ink(message)]
    fn dues(&self) -> Rao;

    /// Returns the stake that `hotkey` weighs with on a subnet at the end of `epoch` in rao, or now
    /// while the epoch is open. A later epoch is answered as if no stake changed until then.
    ///
    /// This is the hotkey's own stake, less the children's part, plus a part of each parent's
    /// stake. Root stake counts in the same way, with 5.27 %. Own stake is what was there when the
    /// epoch opened and has stayed. Root stake is what was there during the whole root epoch before
    /// the close.
    ///
    /// # Errors
    /// `TooOld`.
    #[ink(message)]
    fn stake_at(&self, netuid: NetUid, hotkey: AccountId, epoch: u32) -> Result<Rao, StakingError>;

    /// Returns the stake that each of `hotkeys`, at most 64, weighs with on a subnet, as `stake_at`
    /// does. Called by the epoch contract.
    ///
    /// # Errors
    /// `TooMany`, `TooOld`.
    #[ink(message)]
    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, StakingError>;

    /// Returns true for a subnet that is not retired, and false for a retired one. Returns nothing
    /// if the subnet was never created, or the registry does not answer. Called by the emission
    /// contract.
    #[ink(message)]
    fn is_live(&self, netuid: NetUid) -> Option<bool>;

    /// Returns the contracts that this contract calls or is called by.
    #[ink(message)]
    fn peers(&self) -> StakingPeers;

    /// Opens epoch `closing + 1` of a subnet, and returns the stake in rao that weighed in
    /// `closing`: the subnet shares in emission by it. Epoch contract only.
    ///
    /// # Errors
    /// `NotEpoch`.
    #[ink(message)]
    fn begin_epoch(&mut self, netuid: NetUid, closing: u32) -> Result<Rao, StakingError>;

    /// Credits dividends of `epoch` to the stakers of hotkeys, in order, as far as one call has
    /// room for. Emission contract only, which then mints the returned amount to this contract.
    ///
    /// What a hotkey has earned for its parents becomes due; `hand_on` credits it. The owner's part
    /// is not credited: it is returned, and the owner collects it.
    ///
    /// # Events
    /// `Distributed`.
    ///
    /// # Errors
    /// `NotEmission`, `TooOld`, `Overflow`.
    #[ink(message)]
    fn distribute(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        payments: Vec<Payment>,
    ) -> Result<Credited, StakingError>;

    /// Stakes pay that owners collect, each on its own hotkey, and returns the sum in rao. Emission
    /// contract only, which mints that sum to this contract.
    ///
    /// The stake is a deposit of the open epoch, like any other.
    ///
    /// # Events
    /// `Collected`.
    ///
    /// # Errors
    /// `NotEmission`, `Overflow`.
    #[ink(message)]
    fn stake_pay(&mut self, netuid: NetUid, payments: Vec<Payment>) -> Result<Rao, StakingError>;

    /// Names the emission and the epoch contract. Deployer only, once, during deployment.
    ///
    /// # Events
    /// `Wired`.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    #[ink(message)]
    fn wire(&mut self, emission: AccountId, epoch: AccountId) -> Result<(), WireError>;
}
