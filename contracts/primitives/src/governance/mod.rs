//! The governance contract: holders of staked TAO decide about the network's rules and its
//! treasury.
//!
//! A proposal is a list of typed actions. The actions determine its track, and the track its delays
//! and thresholds. Stake votes by coldkey, as of a root epoch that has ended; a vote counts the
//! smaller of what was there then and what is there now.

mod action;
mod error;
mod events;
mod track;
mod types;

pub use action::{Action, NetworkRule, RawCall, MAX_RAW_INPUT};
pub use error::{GovernanceDeployError, GovernanceError};
pub use events::{
    Cancelled, ConfirmBegan, ConfirmLost, Consented, DepositPaid, DepositPut, Ended, Executed,
    GuardSet, LeadBegan, ProposalMade, Recounted, RolesAccepted, Skipped, TrackSet, Voted,
};
pub use track::{Curve, Track, TrackField, TrackRules, DAY, MILLION};
pub use types::{
    Ballot, Body, Choice, GovernancePeers, GovernanceTerms, GuardAct, GuardView, NewGuard,
    NewProposal, ProposalView, State, Tally, MAX_ACTIONS, MAX_ACTION_BYTES, MAX_GUARD, MAX_LINK,
    MAX_RECOUNTS, MAX_SWEPT, MAX_TITLE,
};

use crate::{AccountId, Rao};
use ink::prelude::vec::Vec;

/// The governance contract.
///
/// Messages of holders come first, then those of anyone, of the guard, and views.
#[ink::trait_definition]
pub trait Governance {
    /// Makes a proposal, and puts `deposit` rao of the caller's TAO. Returns its number.
    ///
    /// Approve the amount for this contract first. With the whole deposit of the track the lead
    /// begins at once; with at least a tenth of it the proposal is a draft, and others can put the
    /// rest within 14 days by `back`. A draft costs a hundredth of the deposit besides, which goes
    /// to the treasury. An account has at most two proposals that are open.
    ///
    /// # Events
    /// `ProposalMade`, `DepositPut`, and `LeadBegan` with the whole deposit.
    ///
    /// # Errors
    /// `TooManyActions`, `BadText`, `BadAction`, `BadTarget`, `BadTrackRules`, `BadGuard`,
    /// `OtherCode`, `MixedTracks`, `UnknownProposal`, `NotVetoed`, `NotOpenYet`,
    /// `TooManyProposals`, `DepositTooSmall`, `NoPlace`, `NoSnapshot`, `Payment`,
    /// `PeerUnavailable`.
    #[ink(message)]
    fn propose(&mut self, proposal: NewProposal, deposit: Rao) -> Result<u32, GovernanceError>;

    /// Adds at most `amount` rao of the caller's TAO to the deposit of a draft. Returns the part
    /// that was missing and taken, in rao.
    ///
    /// # Events
    /// `DepositPut`, and `LeadBegan` if the deposit is complete.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotADraft`, `DepositTooSmall` for zero, `NoPlace`, `NoSnapshot`,
    /// `Payment`.
    #[ink(message)]
    fn back(&mut self, id: u32, amount: Rao) -> Result<Rao, GovernanceError>;

    /// Withdraws the caller's draft. A proposal whose deposit is complete is decided by votes.
    ///
    /// # Events
    /// `Ended`.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotProposer`, `NotADraft`.
    #[ink(message)]
    fn withdraw(&mut self, id: u32) -> Result<(), GovernanceError>;

    /// Votes with the caller's stake, and with that of the coldkeys whose proxy the caller was at
    /// the snapshot, as far as they do not vote themselves. Replaces an earlier vote. Returns the
    /// votes in rao.
    ///
    /// # Events
    /// `Voted`, `ConfirmBegan`, `ConfirmLost`.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotVoting`, `NoVotes`, `Staking`.
    #[ink(message)]
    fn vote(&mut self, id: u32, choice: Choice) -> Result<Rao, GovernanceError>;

    /// Counts the stake of `accounts` again, at most 32: what has left since the snapshot does not
    /// count, for the account's own vote and for that of its proxy. Anyone may call.
    ///
    /// # Events
    /// `Recounted` for each account whose votes changed, `ConfirmBegan`, `ConfirmLost`.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotVoting`, `TooMany`, `Staking`.
    #[ink(message)]
    fn recount(&mut self, id: u32, accounts: Vec<AccountId>) -> Result<(), GovernanceError>;

    /// Closes a proposal that nearly all votes are against, so that its place is free. Anyone may
    /// call, after a quarter of the time to decide and at least two days; after one day for a
    /// proposal that stops.
    ///
    /// # Events
    /// `Ended`.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotVoting`, `NotRejectable`.
    #[ink(message)]
    fn close(&mut self, id: u32) -> Result<(), GovernanceError>;

    /// Executes all actions of a proposal that is ready, or none. Anyone may call. If one action
    /// fails, nothing changes, and the proposal stays ready until its window is over.
    ///
    /// An action that stops something which is over, or another one than when it was proposed, is
    /// skipped: another account cannot undo a proposal by ending its object before. In a proposal
    /// that spends, the end of a grant is not skipped, but fails.
    ///
    /// # Events
    /// `Executed`, `Skipped` for each action that was skipped, and those of the actions.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotReady`, `After`, and the errors of the actions.
    #[ink(message)]
    fn execute(&mut self, id: u32) -> Result<(), GovernanceError>;

    /// Pays the caller's part of a deposit back. Returns the amount in rao.
    ///
    /// A deposit is returned once the proposal is approved, or has ended without that: not if it
    /// was closed, and not if it was rejected or cancelled with less than a fifth of the votes.
    ///
    /// # Events
    /// `DepositPaid`.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotReturned`, `Payment`.
    #[ink(message)]
    fn reclaim(&mut self, id: u32) -> Result<Rao, GovernanceError>;

    /// Pays a deposit that is lost to the treasury. Anyone may call. Returns the amount in rao.
    ///
    /// # Events
    /// `DepositPaid`.
    ///
    /// # Errors
    /// `UnknownProposal`, `NotForfeited`, `Payment`.
    #[ink(message)]
    fn forfeit(&mut self, id: u32) -> Result<Rao, GovernanceError>;

    /// Frees the ballots of `accounts`, at most 64, on a proposal that is over. Anyone may call,
    /// and receives the storage deposit. Returns the number of ballots.
    ///
    /// # Errors
    /// `UnknownProposal`, `TooMany`, `NotFinal`.
    #[ink(message)]
    fn sweep(&mut self, id: u32, accounts: Vec<AccountId>) -> Result<u32, GovernanceError>;

    /// Makes governance the registry's admin and the treasury's owner, as far as these roles are
    /// offered to it. Anyone may call.
    ///
    /// # Events
    /// `RolesAccepted`.
    ///
    /// # Errors
    /// `NothingOffered`, `Registry`, `Treasury`, `PeerUnavailable`.
    #[ink(message)]
    fn accept_roles(&mut self) -> Result<(), GovernanceError>;

    /// Consents to an act of the guard. Members only. The act is done when enough members have
    /// consented within seven days. Returns true if it was.
    ///
    /// # Events
    /// `Consented`.
    ///
    /// # Errors
    /// `NotGuard`, `AlreadyConsented`, `UnknownProposal`, `BeyondGuard`, `NoVeto`, `Registry`.
    #[ink(message)]
    fn consent(&mut self, act: GuardAct) -> Result<bool, GovernanceError>;

    /// Returns the number of proposals ever made. Numbers run from 0.
    #[ink(message)]
    fn proposals(&self) -> u32;

    /// Returns a proposal.
    #[ink(message)]
    fn proposal(&self, id: u32) -> Option<ProposalView>;

    /// Returns actions, title and link of a proposal.
    #[ink(message)]
    fn body(&self, id: u32) -> Option<Body>;

    /// Returns the ballot of an account. Absent if the account was not counted.
    #[ink(message)]
    fn ballot(&self, id: u32, account: AccountId) -> Option<Ballot>;

    /// Returns the part of a proposal's deposit that `account` has put and not reclaimed, in rao.
    #[ink(message)]
    fn deposit(&self, id: u32, account: AccountId) -> Rao;

    /// Returns the rules of a track for new proposals.
    #[ink(message)]
    fn track(&self, track: Track) -> TrackRules;

    /// Returns the numbers of the proposals that have, or had last, the places of a track.
    #[ink(message)]
    fn places(&self, track: Track) -> Vec<u32>;

    /// Returns the guard, unless there is no guard or its term is over.
    #[ink(message)]
    fn guard(&self) -> Option<GuardView>;

    /// Returns the members that have consented to an act within seven days.
    #[ink(message)]
    fn consents(&self, act: GuardAct) -> Vec<AccountId>;

    /// Returns the least electorate that support is measured by, in rao. It never changes.
    #[ink(message)]
    fn electorate_floor(&self) -> Rao;

    /// Returns the block from which all tracks take proposals. It never changes.
    #[ink(message)]
    fn opens_at(&self) -> u32;

    /// Returns the deposits that this contract holds, in rao. Its balance is at least this amount.
    #[ink(message)]
    fn held(&self) -> Rao;

    /// Returns the amount that small proposals may take out of the treasury now, in rao.
    #[ink(message)]
    fn small_left(&self) -> Rao;

    /// Returns the contracts that governance governs.
    #[ink(message)]
    fn peers(&self) -> GovernancePeers;
}
