//! Grants, limits, and their constants.

use crate::{AccountId, Rao};

/// Blocks of a day of blocks of 12 seconds. Outgoing TAO is counted by days.
pub const DAY: u32 = 7_200;
/// Blocks within which at most a tenth of the free TAO goes out: 30 days.
pub const WINDOW: u32 = 30 * DAY;
/// The part of the free TAO that may go out in a window, as a divisor: a tenth. A constant that no
/// account can change.
pub const OUT_DIVISOR: u64 = 10;
/// Most blocks from the opening of a grant to its end: ten years.
pub const LONGEST_GRANT: u32 = 3_650 * DAY;

/// A stream to open: TAO that vests for a payee from block to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NewStream {
    /// The account that is paid.
    pub payee: AccountId,
    /// Amount that vests from `start` to `end`, in rao.
    pub total: Rao,
    /// Block from which the amount vests. May be in the past.
    pub start: u32,
    /// Block before which nothing is vested, from `start` to `end`.
    pub cliff: u32,
    /// Block from which the whole amount is vested, after `start`, at most ten years off.
    pub end: u32,
}

/// A budget to open: TAO that a manager pays out, so much a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NewBudget {
    /// The account that draws.
    pub manager: AccountId,
    /// Amount of the whole budget, in rao.
    pub total: Rao,
    /// Most rao of a period.
    pub per_period: Rao,
    /// Blocks of a period. The first begins when the budget is opened.
    pub period: u32,
    /// Block from which the manager draws no more, at most ten years off.
    pub until: u32,
}

/// A stream, as of now. All amounts are in rao.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct StreamView {
    /// The account that is paid.
    pub payee: AccountId,
    /// Amount that vests from `start` to `end`.
    pub total: Rao,
    /// Amount paid so far.
    pub paid: Rao,
    /// Block from which the amount vests.
    pub start: u32,
    /// Block before which nothing is vested.
    pub cliff: u32,
    /// Block from which the whole amount is vested.
    pub end: u32,
    /// Block in which the stream was revoked. What was vested then can still be claimed.
    pub revoked_at: Option<u32>,
    /// Amount vested so far, paid or not.
    pub vested: Rao,
    /// Amount that `claim` would pay now.
    pub claimable: Rao,
}

/// A budget, as of now. All amounts are in rao.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct BudgetView {
    /// The account that draws.
    pub manager: AccountId,
    /// Amount that is not drawn.
    pub left: Rao,
    /// Most rao of a period.
    pub per_period: Rao,
    /// Blocks of a period.
    pub period: u32,
    /// Block in which the budget was opened, and the first period began.
    pub opened: u32,
    /// Block from which the manager draws no more.
    pub until: u32,
    /// Amount that the manager can draw now.
    pub drawable: Rao,
    /// First block of the next period.
    pub next_period: u32,
}

/// The limit on outgoing TAO, as of now. All amounts are in rao.
///
/// The window is the present day and the 30 days before it, so that it covers any 216 000 blocks
/// that end now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Limits {
    /// First block of the window.
    pub from: u32,
    /// Block from which the oldest amount in `out` counts no more. Absent if nothing went out.
    pub ends: Option<u32>,
    /// Amount that was free when the window began, with what was received since.
    pub base: Rao,
    /// Amount paid and committed by the owner in the window.
    pub out: Rao,
    /// Amount that the owner may still pay or commit now: a tenth of `base`, less `out`.
    pub left: Rao,
    /// Amount that is not committed.
    pub free: Rao,
    /// Amount committed to streams and budgets, and not paid.
    pub committed: Rao,
}
