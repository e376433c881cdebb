//! Powers of the admin, their delays and their limits.

use crate::{AccountId, NetUid, Rao};

/// Blocks from the announcement of a kernel or of network rules until they count: a day of blocks
/// of 12 seconds.
pub const ANNOUNCED_FOR: u32 = 7_200;
/// Blocks from the announcement of the close-down until the network closes: 30 days.
pub const CLOSE_DOWN_DELAY: u32 = 30 * 7_200;
/// Most blocks of a brake, and least blocks between two brakes: a week.
pub const BRAKE_PERIOD: u32 = 50_400;
/// Least blocks between two retirements of subnets: an hour.
pub const RETIREMENT_INTERVAL: u32 = 300;
/// Blocks after which an epoch that is due and does not close makes its subnet a stuck one. An
/// epoch that is posted, replayed, disputed and settled as late as the default rules allow is
/// faster.
pub const STUCK_AFTER: u32 = 1_500;
/// Blocks from a change of a hyperparameter until the epoch of a stuck subnet may close with it.
pub const NOTICE: u32 = 300;

/// The offer of the admin's role to another account, or the withdrawal of the offer.
#[ink::event]
pub struct AdminOffered {
    /// The account that may accept the role. Absent if the offer was withdrawn.
    pub to: Option<AccountId>,
}

/// A change of the admin.
#[ink::event]
pub struct AdminChanged {
    /// The former admin.
    pub from: AccountId,
    /// The new admin.
    #[ink(topic)]
    pub to: AccountId,
}

/// A brake: no new stake, seats and subnets until a block.
#[ink::event]
pub struct BrakeSet {
    /// Block from which stake, seats and subnets are sold again.
    pub until: u32,
}

/// The announcement that the network closes down, in favour of a successor.
#[ink::event]
pub struct CloseDownAnnounced {
    /// Block from which no epoch closes and locks can be withdrawn.
    pub at: u32,
    /// Contract that may mint what is left below the cap. See `TokenControl::succession`.
    #[ink(topic)]
    pub minter: AccountId,
    /// Registry that may name the successor's successor.
    pub registry: AccountId,
}

/// The withdrawal of an announced close-down.
#[ink::event]
pub struct CloseDownCancelled {
    /// Block at which the network would have closed.
    pub at: u32,
}

/// The return of a subnet's lock after the close-down.
#[ink::event]
pub struct LockWithdrawn {
    /// The subnet, which is retired.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The owner, who received the lock.
    #[ink(topic)]
    pub owner: AccountId,
    /// The lock, in rao.
    pub lock: Rao,
}
