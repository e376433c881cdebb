//! Errors of governance.

use super::TrackField;
use crate::{registry::RegistryError, staking::StakingError, treasury::TreasuryError, Rao};

/// Errors of the constructor of governance. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum GovernanceDeployError {
    /// Nothing at the staking contract's address answers with these peers. Deploy it first and give
    /// its address.
    NoStaking,
    /// Nothing at the treasury's address answers with this token. Deploy it first and give its
    /// address.
    NoTreasury,
    /// Two of the addresses are the same. Give the address of each contract.
    PeersNotDistinct,
    /// The guard is out of its bounds: 3 to 12 members, a threshold of more than half, at most 360
    /// days and at most 4 vetoes.
    BadGuard,
    /// The training period is longer than this many blocks. Give a shorter one.
    OpensTooLate(u32),
}

/// Errors of governance. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum GovernanceError {
    /// No proposal has this number. Check the number.
    UnknownProposal(u32),
    /// The proposal has no action, or more than eight, or their encoding is too long. Give fewer.
    TooManyActions,
    /// The title is empty or too long, or the link is too long. Shorten it.
    BadText,
    /// Actions that stop something and others are in one proposal. Make two proposals.
    MixedTracks,
    /// This action could never be executed. Check its values.
    BadAction(u16),
    /// This field of a track's rules is out of its bounds. Choose another value.
    BadTrackRules(TrackField),
    /// The guard is out of its bounds. Give 3 to 12 members, a threshold of more than half, at most
    /// 360 days and at most 4 vetoes.
    BadGuard,
    /// The track takes no proposals before this block. Wait.
    NotOpenYet(u32),
    /// All places of the track are taken. Try again when a vote ends.
    NoPlace(u16),
    /// The account has this many open proposals, the most. Wait until one ends, or withdraw it.
    TooManyProposals(u16),
    /// The first part of a deposit must be at least this much. Put more.
    DepositTooSmall(Rao),
    /// The deposit is complete, or the proposal is no draft any more.
    NotADraft,
    /// No root epoch has ended yet, so no stake has votes. Try again in the next one.
    NoSnapshot,
    /// Only the proposer may withdraw the proposal.
    NotProposer,
    /// Votes are not counted now. Look at the proposal's state.
    NotVoting,
    /// The account had no stake and was no proxy at the snapshot.
    NoVotes,
    /// More accounts than this at once. Give fewer.
    TooMany(u16),
    /// The proposal cannot be closed early: nearly all votes must be against it, after a quarter of
    /// the time to decide.
    NotRejectable,
    /// The proposal is not ready. Look at its state.
    NotReady,
    /// This proposal must end first.
    After(u32),
    /// The proposal has ended. Nothing can change it.
    Final,
    /// The proposal is not over yet.
    NotFinal,
    /// The deposit is not returned to those who put it, or not yet.
    NotReturned,
    /// The deposit is not lost.
    NotForfeited,
    /// The caller is not a member of the guard, or the guard's term is over.
    NotGuard,
    /// The member has consented to this act already.
    AlreadyConsented,
    /// The guard cannot do this to the proposal: it must be queued or ready, and must neither stop
    /// something nor override a veto. A proposal is held once.
    BeyondGuard,
    /// The guard has no veto left before this block.
    NoVeto(u32),
    /// No role is offered to governance. Offer one first.
    NothingOffered,
    /// The overridden proposal was not vetoed, or has other actions.
    NotVetoed,
    /// Small spending is limited to this much now. Wait, or propose larger spending.
    SmallLimit(Rao),
    /// The raw call names one of the network's own contracts, or too much input.
    BadTarget,
    /// The code of the called contract is not the one that was voted on.
    OtherCode,
    /// The called contract failed, or answered with an error.
    CallFailed,
    /// Less than this `ref_time` is left for a raw call. Execute with a higher limit.
    NeedsRefTime(u64),
    /// The token refused to move this much. Check balance and allowance.
    Payment(Rao),
    /// The registry refused.
    Registry(RegistryError),
    /// The staking contract refused.
    Staking(StakingError),
    /// The treasury refused.
    Treasury(TreasuryError),
    /// A contract of the network did not answer. Check the deployment.
    PeerUnavailable,
    /// A sum is out of range, which cannot happen below the cap of TAO. Nothing was changed.
    Overflow,
}

impl From<RegistryError> for GovernanceError {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<StakingError> for GovernanceError {
    fn from(error: StakingError) -> Self {
        Self::Staking(error)
    }
}

impl From<TreasuryError> for GovernanceError {
    fn from(error: TreasuryError) -> Self {
        Self::Treasury(error)
    }
}

#[cfg(feature = "std")]
impl core::fmt::Display for GovernanceDeployError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NoStaking => write!(
                f,
                "nothing at the staking contract's address answers with the given token and \
                 registry; deploy the staking contract first and give its address"
            ),
            Self::NoTreasury => write!(
                f,
                "nothing at the treasury's address answers with the given token; deploy the \
                 treasury first and give its address"
            ),
            Self::PeersNotDistinct => write!(
                f,
                "two of the contracts have the same address; give the address of each contract"
            ),
            Self::BadGuard => bad_guard(f),
            Self::OpensTooLate(most) => write!(
                f,
                "the training period is longer than {most} blocks; give a shorter one"
            ),
        }
    }
}

#[cfg(feature = "std")]
fn bad_guard(f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
    write!(
        f,
        "the guard is out of its bounds; give 3 to 12 different members, a threshold of more than \
         half of them, a term of 1 to 360 days and at most 4 vetoes"
    )
}

#[cfg(feature = "std")]
impl core::fmt::Display for TrackField {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Deposit => "deposit",
            Self::Places => "number of places",
            Self::Lead => "lead",
            Self::Decide => "time to decide, with the time to confirm,",
            Self::Confirm => "time to confirm",
            Self::Delay => "delay",
            Self::Window => "window",
            Self::Approval => "approval curve",
            Self::Support => "support curve",
            Self::Order => "order among the tracks",
        })
    }
}

#[cfg(feature = "std")]
impl core::fmt::Display for GovernanceError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::UnknownProposal(id) => {
                write!(f, "no proposal has the number {id}; check the number")
            }
            Self::TooManyActions => write!(
                f,
                "the proposal has no action, more than 8, or more than 4096 bytes of them; give \
                 fewer"
            ),
            Self::BadText => write!(
                f,
                "the title has not 1 to 80 bytes, or the link has more than 256; shorten it"
            ),
            Self::MixedTracks => write!(
                f,
                "an action that only stops something stands beside another action; make two \
                 proposals"
            ),
            Self::BadAction(number) => write!(
                f,
                "action {} could never be executed; check its values",
                number.saturating_add(1)
            ),
            Self::BadTrackRules(field) => write!(
                f,
                "the {field} of the track is out of its bounds; choose another value"
            ),
            Self::BadGuard => bad_guard(f),
            Self::NotOpenYet(from) => write!(
                f,
                "the track takes no proposals before block {from}; wait, or propose a guard"
            ),
            Self::NoPlace(places) => write!(
                f,
                "all {places} places of the track are taken; try again when a vote has ended"
            ),
            Self::TooManyProposals(most) => write!(
                f,
                "the account has {most} open proposals, which is the most; wait until one ends, or \
                 withdraw one"
            ),
            Self::DepositTooSmall(least) => write!(
                f,
                "the first part of the deposit is below {least}; put at least that"
            ),
            Self::NotADraft => write!(
                f,
                "the proposal is not a draft any more, so nothing is added to its deposit and it is \
                 not withdrawn; vote instead"
            ),
            Self::NoSnapshot => write!(
                f,
                "no root epoch has ended yet, so no stake has votes; try again in the next one"
            ),
            Self::NotProposer => write!(
                f,
                "the caller did not make the proposal; only its proposer may withdraw it"
            ),
            Self::NotVoting => write!(
                f,
                "votes on the proposal are not counted now; look at its state"
            ),
            Self::NoVotes => write!(
                f,
                "the account had no stake for a whole root epoch at the snapshot, and was no \
                 proxy; stake before the next proposal"
            ),
            Self::TooMany(most) => {
                write!(f, "more than {most} accounts at once; give fewer")
            }
            Self::NotRejectable => write!(
                f,
                "the proposal cannot be closed early; that needs less than a fifth of the votes for \
                 it, 1 % of the electorate against it, and a quarter of the time to decide"
            ),
            Self::NotReady => write!(
                f,
                "the proposal is not ready to be executed; look at its state"
            ),
            Self::After(id) => write!(
                f,
                "proposal {id} has not ended, and this one waits for it; execute or await that one"
            ),
            Self::Final => write!(f, "the proposal has ended; make another one"),
            Self::NotFinal => write!(f, "the proposal is not over; wait until it is"),
            Self::NotReturned => write!(
                f,
                "the caller gets no deposit back from this proposal now; look at its state"
            ),
            Self::NotForfeited => write!(
                f,
                "the deposit of the proposal is not lost; those who put it can reclaim it"
            ),
            Self::NotGuard => write!(
                f,
                "the caller is not a member of the guard, or its term is over; ask a member"
            ),
            Self::AlreadyConsented => write!(
                f,
                "the member has consented to this act already; other members have to"
            ),
            Self::BeyondGuard => write!(
                f,
                "the guard can hold and veto only approved proposals that neither stop something \
                 nor override a veto, and hold one once; let the vote decide"
            ),
            Self::NoVeto(from) => write!(
                f,
                "the guard has used its vetoes; the next one is possible from block {from} on"
            ),
            Self::NothingOffered => write!(
                f,
                "neither the admin's role nor the treasury is offered to governance; offer one \
                 first"
            ),
            Self::NotVetoed => write!(
                f,
                "the overridden proposal was not vetoed, or has other actions; name one that was \
                 vetoed and repeat its actions"
            ),
            Self::SmallLimit(left) => write!(
                f,
                "small spending has {left} left in these 30 days; wait, or propose larger spending"
            ),
            Self::BadTarget => write!(
                f,
                "the call is of one of the network's own contracts, or of none, or has more than \
                 1024 bytes of input; use an action with a type"
            ),
            Self::OtherCode => write!(
                f,
                "the contract has other code than was voted on; make a new proposal"
            ),
            Self::CallFailed => write!(
                f,
                "the called contract failed or answered with an error; see what it needs"
            ),
            Self::NeedsRefTime(least) => write!(
                f,
                "less than the ref_time of {least} is left, which a call of the proposal may take; \
                 execute with a higher gas limit"
            ),
            Self::Payment(amount) => write!(
                f,
                "the token refused to move {amount}; check balance and allowance"
            ),
            Self::Registry(error) => write!(f, "registry: {error}"),
            Self::Staking(error) => write!(f, "staking: {error}"),
            Self::Treasury(error) => write!(f, "treasury: {error}"),
            Self::PeerUnavailable => write!(
                f,
                "a contract of the network did not answer; check the deployment"
            ),
            Self::Overflow => write!(
                f,
                "a sum is out of range, which cannot happen below the cap of TAO; nothing was \
                 changed, check the deployment"
            ),
        }
    }
}
