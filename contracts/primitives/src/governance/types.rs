//! Proposals, ballots, the guard, and answers about them.

use super::{Action, Track, TrackRules};
use crate::{AccountId, Digest, Rao};
use ink::prelude::{string::String, vec::Vec};

/// Most actions of a proposal.
pub const MAX_ACTIONS: usize = 8;
/// Most bytes of a proposal's encoded actions.
pub const MAX_ACTION_BYTES: usize = 4 * 1024;
/// Most bytes of a title.
pub const MAX_TITLE: usize = 80;
/// Most bytes of a link.
pub const MAX_LINK: usize = 256;
/// Most accounts of one `recount`.
pub const MAX_RECOUNTS: usize = 32;
/// Most accounts of one `sweep`.
pub const MAX_SWEPT: usize = 64;
/// Most members of a guard.
pub const MAX_GUARD: usize = 12;

/// A proposal to make.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct NewProposal {
    /// The actions, `1 ..= 8`, of at most 4096 bytes together. They are executed in this order, all
    /// or none.
    pub actions: Vec<Action>,
    /// Title, `1 ..= 80` bytes.
    pub title: String,
    /// Address of the text that explains the proposal, at most 256 bytes. May be empty.
    pub link: String,
    /// blake2_256 of that text, or zeros without one.
    pub text_hash: Digest,
    /// A proposal that must have ended before this one is executed.
    pub after: Option<u32>,
    /// A vetoed proposal with the same actions. The guard can neither hold nor veto this one, which
    /// is decided by the track `Constitution`.
    pub overriding: Option<u32>,
}

/// The parts of a proposal that voters read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Body {
    /// The actions.
    pub actions: Vec<Action>,
    /// For each action that stops something, the number of its object when the proposal was made;
    /// else zero. See `Skipped`.
    pub objects: Vec<u32>,
    /// The title.
    pub title: String,
    /// Address of the text that explains the proposal.
    pub link: String,
    /// blake2_256 of that text.
    pub text_hash: Digest,
}

/// A vote's direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Choice {
    /// For the proposal.
    Aye,
    /// Against the proposal.
    Nay,
    /// Neither. The caller's stake is taken out of the vote of its proxy.
    Abstain,
}

/// Votes that are counted, in rao of stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Tally {
    /// Stake for the proposal.
    pub ayes: Rao,
    /// Stake against the proposal.
    pub nays: Rao,
    /// Stake of abstentions.
    pub abstains: Rao,
}

/// The ballot of an account on a proposal. All amounts are in rao.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Ballot {
    /// The account's own vote. Absent if the account was only recounted, or has others whose stake
    /// left its vote.
    pub choice: Option<Choice>,
    /// The account's own stake that counts: the smaller of then and now.
    pub own: Rao,
    /// Stake then of the coldkeys whose proxy the account was.
    pub others: Rao,
    /// The part of `others` that does not count for the account: of coldkeys that vote themselves,
    /// and stake that has left.
    pub gone: Rao,
    /// The part of the account's own stake then that does not count for its proxy.
    pub share: Rao,
}

impl Ballot {
    /// Returns the votes of the ballot, in rao: zero without a choice.
    ///
    /// `gone` is never above `others`, which is the sum of the stake that `gone` is a part of.
    pub const fn weight(&self) -> Rao {
        if self.choice.is_none() {
            return Rao::ZERO;
        }
        let others = self.others.0.saturating_sub(self.gone.0);
        Rao(self.own.0.saturating_add(others))
    }
}

/// The state of a proposal. Each open one names the block at which the state ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum State {
    /// The deposit is not complete. The draft lapses at the block.
    Draft(u32),
    /// The deposit is complete, and the snapshot is not over. Voting begins at the block.
    Lead(u32),
    /// Votes are counted, and the proposal does not pass. It is rejected at the block.
    Voting(u32),
    /// Votes are counted, and the proposal passes. It is approved at the block if it still does.
    Confirming(u32),
    /// Approved. It may be executed from the block on.
    Queued(u32),
    /// Anyone may execute the proposal, before the block.
    Ready(u32),
    /// Executed.
    Executed,
    /// Not passed in time.
    Rejected,
    /// The draft's deposit was not completed in time.
    Lapsed,
    /// Approved, and not executed in time.
    Expired,
    /// Withdrawn by its proposer.
    Withdrawn,
    /// Cancelled by another proposal.
    Cancelled,
    /// Vetoed by the guard.
    Vetoed,
    /// Closed early, because nearly all votes were against it.
    Closed,
}

impl State {
    /// Returns true if nothing can change the proposal any more.
    pub const fn is_final(self) -> bool {
        !matches!(
            self,
            Self::Draft(_)
                | Self::Lead(_)
                | Self::Voting(_)
                | Self::Confirming(_)
                | Self::Queued(_)
                | Self::Ready(_)
        )
    }

    /// Returns true while votes are counted.
    pub const fn is_voting(self) -> bool {
        matches!(self, Self::Voting(_) | Self::Confirming(_))
    }
}

/// A proposal now. Amounts are in rao, thresholds in millionths.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct ProposalView {
    /// Number of the proposal.
    pub id: u32,
    /// The account that made the proposal.
    pub proposer: AccountId,
    /// The track, which follows from the actions.
    pub track: Track,
    /// The track's rules when the proposal was made.
    pub rules: TrackRules,
    /// True if the guard can neither hold nor veto the proposal.
    pub is_immune: bool,
    /// Hash of this contract, number, proposer, actions and text. `Executed` names it.
    pub digest: Digest,
    /// Block in which the proposal was made.
    pub made_at: u32,
    /// Part of the deposit that was put.
    pub put: Rao,
    /// Root epoch at whose end stake counts. Absent for a draft.
    pub snapshot: Option<u32>,
    /// All stake that could vote at the snapshot. Absent before the first vote.
    pub electorate: Option<Rao>,
    /// The votes.
    pub tally: Tally,
    /// A proposal that must have ended before this one is executed.
    pub after: Option<u32>,
    /// Part of ayes that must be reached now, of ayes and nays. Zero unless votes are counted.
    pub approval: u32,
    /// Part of ayes that must be reached now, of the electorate. Zero unless votes are counted.
    pub support: u32,
    /// The state.
    pub state: State,
}

/// The accounts that can delay and stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NewGuard {
    /// The members, `3 ..= 12`, each once.
    pub members: Vec<AccountId>,
    /// Number of members that must consent: more than half.
    pub threshold: u8,
    /// Blocks after which the guard ends by itself, at most 360 days.
    pub term: u32,
    /// Most vetoes in 90 days, at most 4.
    pub vetoes: u8,
}

/// An act of the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum GuardAct {
    /// Delays an approved proposal by seven days, once.
    Hold(u32),
    /// Ends an approved proposal.
    Veto(u32),
    /// Stops new stake, seats and subnets until the block. See the registry's `brake`.
    Brake(u32),
}

/// The guard now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct GuardView {
    /// The members.
    pub members: Vec<AccountId>,
    /// Number of members that must consent.
    pub threshold: u8,
    /// Number of the guard. Each one in office has another.
    pub number: u32,
    /// Block from which the guard has no power.
    pub until: u32,
    /// Number of vetoes that the guard has now.
    pub vetoes_left: u8,
}

/// The contracts that governance governs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct GovernancePeers {
    /// The token contract.
    pub token: AccountId,
    /// The registry, whose admin governance is.
    pub registry: AccountId,
    /// The staking contract, which knows the votes.
    pub staking: AccountId,
    /// The emission contract.
    pub emission: AccountId,
    /// The epoch contract.
    pub epoch: AccountId,
    /// The treasury, whose owner governance is.
    pub treasury: AccountId,
}

impl GovernancePeers {
    const fn all(&self) -> [AccountId; 6] {
        [
            self.token,
            self.registry,
            self.staking,
            self.emission,
            self.epoch,
            self.treasury,
        ]
    }

    /// Returns true for the address of one of these contracts.
    pub fn contains(&self, address: AccountId) -> bool {
        self.all().contains(&address)
    }

    /// Returns true if no two contracts have the same address.
    pub fn are_distinct(&self) -> bool {
        let all = self.all();
        let mut rest = all.iter();
        while let Some(address) = rest.next() {
            if rest.clone().any(|other| other == address) {
                return false;
            }
        }
        true
    }
}

/// The terms of a new governance contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct GovernanceTerms {
    /// Least electorate that support is measured by, in rao. The first stakers of a new network
    /// then cannot decide alone.
    pub electorate_floor: Rao,
    /// Blocks during which the tracks `SpendLarge` and `Constitution` take no proposal but one that
    /// only sets the guard or overrides a veto, at most 180 days.
    pub opens_after: u32,
    /// The first guard. Absent for a governance without one.
    pub guard: Option<NewGuard>,
}
