//! Texts of the staking contract's errors, for people. Not part of a contract.

use super::{StakingDeployError, StakingError};
use crate::ss58::ss58;
use core::fmt;

impl fmt::Display for StakingDeployError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoToken => {
                "no PSP22 token answers at the token's address; deploy the token first and give \
                 its address"
            }
            Self::NoRegistry => {
                "no registry answers at the registry's address; deploy the registry first and \
                 give its address"
            }
        })
    }
}

impl fmt::Display for StakingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSubnet => write!(
                f,
                "the subnet does not exist, is retired, or is root where root is not allowed; \
                 check the netuid"
            ),
            Self::UnknownHotkey => write!(
                f,
                "the hotkey has never registered, so it has no owner; check the address"
            ),
            Self::TooLittle(least) => write!(
                f,
                "the amount, or the stake on a hotkey of another owner, is below the least stake \
                 of {least}; stake more"
            ),
            Self::NotEnoughStake(held) if held.is_zero() => write!(
                f,
                "the caller has no stake in this position; check subnet and hotkey"
            ),
            Self::NotEnoughStake(held) => write!(
                f,
                "the caller's stake in this position is {held}; use at most that"
            ),
            Self::NotHotkeyOwner => write!(
                f,
                "the caller does not own the hotkey; sign with the coldkey that does"
            ),
            Self::TakeAbove(most) => {
                write!(f, "the take is above the limit of {most}; set a lower one")
            }
            Self::Payment(amount) => write!(
                f,
                "the caller's balance, or allowance for the staking contract, is below {amount}; \
                 get more TAO, or approve the amount"
            ),
            Self::NotEpoch => write!(
                f,
                "the caller is not the epoch contract; other accounts cannot call this message"
            ),
            Self::NotEmission => write!(
                f,
                "the caller is not the emission contract; other accounts cannot call this message"
            ),
            Self::TooOld => write!(
                f,
                "the state of the epoch is no longer stored; use a later epoch"
            ),
            Self::TooMany(most) => write!(
                f,
                "the number of items is not within 1 and {most}; use several calls"
            ),
            Self::Overflow => write!(
                f,
                "a sum is out of range, which cannot happen below the cap of TAO; nothing was \
                 changed, check the deployment"
            ),
            Self::Registry => write!(f, "the registry did not answer; check the deployment"),
            Self::TakeTooSoon(block) => write!(
                f,
                "the take cannot be raised before block {block}; lowering is always possible"
            ),
            Self::TransfersOff => write!(
                f,
                "transfers of stake are off on this subnet; remove the stake, and let the other \
                 account stake"
            ),
            Self::SamePosition => write!(
                f,
                "origin and destination are the same position; choose another destination"
            ),
            Self::TooManyChildren(most) => {
                write!(f, "a hotkey has at most {most} children; shorten the list")
            }
            Self::BadChild(child) => write!(
                f,
                "a hotkey cannot be its own child, be in the list twice, or have a proportion of \
                 0, as {} does; correct the list",
                ss58(child)
            ),
            Self::TooMuchGiven => write!(
                f,
                "the proportions of the children sum to more than the whole; lower them"
            ),
            Self::Cycle(child) => write!(
                f,
                "{} has, or will have, this hotkey as a child; remove the hotkey from those \
                 children first",
                ss58(child)
            ),
            Self::NotAccepted(child) => write!(
                f,
                "{} belongs to another owner, who has not allowed this parent; the child's owner \
                 must allow the parent first",
                ss58(child)
            ),
            Self::TooManyParents(most) => write!(
                f,
                "the child has {most} parents already; hand on what is due to former ones, or \
                 choose another child"
            ),
            Self::ChildrenTooSoon(block) => write!(
                f,
                "not before block {block}: the children were set recently; try again then"
            ),
            Self::NothingDue => write!(
                f,
                "the child has earned nothing for these parents since it was last handed on; hand \
                 on later, or for other parents"
            ),
            Self::NothingToClaim => write!(
                f,
                "the root stake on the hotkey has earned nothing since the last claim; claim later"
            ),
            Self::Braked(block) => write!(
                f,
                "not before block {block}: the admin has stopped new stake; try again then, stake \
                 can be removed"
            ),
            Self::SelfProxy => write!(
                f,
                "the caller cannot be its own proxy; name another account, or none"
            ),
            Self::NotEnded(open) => write!(f, "root epoch {open} is open; ask for an earlier one"),
        }
    }
}
