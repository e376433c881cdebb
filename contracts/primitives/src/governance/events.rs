//! Events of governance.

use super::{Choice, GuardAct, NewGuard, Track, TrackRules};
use crate::{AccountId, Digest, Rao};
use ink::prelude::string::String;

/// A new proposal.
#[ink::event]
pub struct ProposalMade {
    /// Number of the proposal.
    #[ink(topic)]
    pub id: u32,
    /// The account that made the proposal.
    #[ink(topic)]
    pub proposer: AccountId,
    /// The track.
    pub track: Track,
    /// Hash of this contract, number, proposer, actions and text.
    pub digest: Digest,
    /// The title.
    pub title: String,
}

/// A part of a proposal's deposit.
#[ink::event]
pub struct DepositPut {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// The account that put the part.
    pub from: AccountId,
    /// The part, in rao.
    pub amount: Rao,
}

/// The complete deposit of a proposal.
#[ink::event]
pub struct LeadBegan {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// Root epoch at whose end stake counts.
    pub snapshot: u32,
    /// Block from which votes are counted.
    pub voting_from: u32,
}

/// A vote.
#[ink::event]
pub struct Voted {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// The account that votes.
    #[ink(topic)]
    pub account: AccountId,
    /// The vote.
    pub choice: Choice,
    /// Votes of the ballot, in rao.
    pub weight: Rao,
}

/// A ballot that was counted again, with another result.
#[ink::event]
pub struct Recounted {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// The account whose stake was counted.
    pub account: AccountId,
    /// The account's own stake that counts, in rao.
    pub own: Rao,
}

/// The begin of a proposal's confirmation: it passes from this block on.
#[ink::event]
pub struct ConfirmBegan {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// Block in which the proposal began to pass.
    pub at: u32,
}

/// The end of a proposal's confirmation without approval: it does not pass any more.
#[ink::event]
pub struct ConfirmLost {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
}

/// The end of a proposal by an account: withdrawn, or closed because nearly all are against it.
#[ink::event]
pub struct Ended {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// The account.
    pub by: AccountId,
}

/// The cancellation of a proposal by another one.
#[ink::event]
pub struct Cancelled {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
}

/// An executed proposal.
#[ink::event]
pub struct Executed {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// The digest that was voted on.
    pub digest: Digest,
    /// The account that executed the proposal.
    pub by: AccountId,
}

/// An action that was not done when its proposal was executed, because the object that it stops was
/// gone, or was another one than when the proposal was made.
#[ink::event]
pub struct Skipped {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// Number of the action in the proposal, from 0 on.
    pub action: u16,
}

/// A deposit that was returned to an account, or lost to the treasury.
#[ink::event]
pub struct DepositPaid {
    /// The proposal.
    #[ink(topic)]
    pub id: u32,
    /// The account that was paid.
    pub to: AccountId,
    /// The amount, in rao.
    pub amount: Rao,
}

/// New rules of a track.
#[ink::event]
pub struct TrackSet {
    /// The track.
    #[ink(topic)]
    pub track: Track,
    /// The rules of later proposals.
    pub rules: TrackRules,
}

/// A new guard, or the dismissal of the former one.
#[ink::event]
pub struct GuardSet {
    /// The guard. Absent after a dismissal.
    pub guard: Option<NewGuard>,
}

/// The consent of a member of the guard.
#[ink::event]
pub struct Consented {
    /// The member.
    #[ink(topic)]
    pub member: AccountId,
    /// The act.
    pub act: GuardAct,
    /// True if enough members have consented, so that the act was done.
    pub done: bool,
}

/// The roles that governance has accepted.
#[ink::event]
pub struct RolesAccepted {
    /// True if governance became the registry's admin.
    pub admin: bool,
    /// True if governance became the treasury's owner.
    pub owner: bool,
}
