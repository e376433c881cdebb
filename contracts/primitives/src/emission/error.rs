//! Errors of the emission contract.

use crate::Rao;

/// Errors of the emission contract's constructor. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EmissionDeployError {
    /// The split's parts do not sum to 10 000 basis points. Correct a part.
    SplitNotWhole,
    /// Nothing at the token's address answers as the TAO token. Deploy the token first and give
    /// its address.
    NoToken,
    /// More TAO was minted than the cap allows, so this is another token. Give the TAO token's
    /// address.
    AboveCap,
    /// Nothing at the staking contract's address answers as one. Deploy it first and give its
    /// address.
    NoStaking,
    /// The treasury is the token, the registry, the staking contract or this contract, where its
    /// TAO would be lost. Give another account.
    BadTreasury,
    /// The two fees are more than a tenth of a budget together. Give at most 1 000 basis points.
    FeesTooHigh,
}

#[cfg(feature = "std")]
impl core::fmt::Display for EmissionDeployError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        use super::Fees;
        use crate::Bps;
        match self {
            Self::SplitNotWhole => write!(
                f,
                "the parts of the split do not sum to {} basis points; correct a part",
                Bps::ONE.0
            ),
            Self::NoToken => write!(
                f,
                "nothing at the token's address answers as the TAO token; deploy the token first \
                 and give its address"
            ),
            Self::AboveCap => write!(
                f,
                "more was minted at the token's address than the cap of {}, so this is another \
                 token; give the TAO token's address",
                Rao::CAP
            ),
            Self::NoStaking => write!(
                f,
                "nothing at the staking contract's address answers as one; deploy the staking \
                 contract first and give its address"
            ),
            Self::BadTreasury => write!(
                f,
                "the treasury is the token, the registry, the staking contract or the emission \
                 contract, where its TAO would be lost; give another account"
            ),
            Self::FeesTooHigh => write!(
                f,
                "the fees of proposer and keeper are more than {} of a budget together; lower one",
                Fees::MOST
            ),
        }
    }
}

/// Errors of the emission contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EmissionError {
    /// The caller is not the epoch contract. Other accounts cannot call this message.
    NotEpoch,
    /// The budget of the epoch is drawn already, or that of an earlier one is still paid out.
    /// Complete that pay-out, then draw the budget of a later epoch.
    AlreadyDrawn,
    /// No budget was drawn for the epoch, or its pay-out is complete. Check subnet and epoch.
    NotDrawn,
    /// The payments exceed this amount in rao, which the epoch has left. Check the results.
    OverBudget(Rao),
    /// The token refused to mint or to transfer. Check that this contract is the token's minter.
    Token,
    /// The staking contract failed. Check the deployment.
    Staking,
    /// A sum is out of range, which cannot happen below the cap of TAO. Nothing was changed; check
    /// the deployment.
    Overflow,
    /// The subnet is not retired, or was never created. Only a retired subnet can be released.
    StillLive,
    /// No other subnet shares in issuance now. Try again when one does.
    NobodyShares,
    /// Nothing is owed to the subnet's owner. Collect after the next settlement.
    NothingOwed,
}

#[cfg(feature = "std")]
impl core::fmt::Display for EmissionError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotEpoch => write!(
                f,
                "the caller is not the epoch contract; other accounts cannot call this message"
            ),
            Self::AlreadyDrawn => write!(
                f,
                "the budget of the epoch is drawn already, or that of an earlier one is still paid \
                 out; complete that pay-out, then draw the budget of a later epoch"
            ),
            Self::NotDrawn => write!(
                f,
                "no budget was drawn for the epoch, or its pay-out is complete; check subnet and \
                 epoch"
            ),
            Self::OverBudget(left) => write!(
                f,
                "the payments exceed the {left} that the epoch has left; check the results"
            ),
            Self::Token => write!(
                f,
                "the token refused to mint or to transfer; check that the emission contract is \
                 the token's minter"
            ),
            Self::Staking => write!(f, "the staking contract failed; check the deployment"),
            Self::Overflow => write!(
                f,
                "a sum is out of range, which cannot happen below the cap of TAO; nothing was \
                 changed, check the deployment"
            ),
            Self::StillLive => write!(
                f,
                "the subnet is not retired, or was never created; only a retired subnet can be \
                 released"
            ),
            Self::NobodyShares => write!(
                f,
                "no other subnet shares in issuance now; try again when one does"
            ),
            Self::NothingOwed => write!(
                f,
                "nothing is owed to the subnet's owner; collect after the next settlement"
            ),
        }
    }
}
