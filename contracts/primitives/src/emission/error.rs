//! Errors of the emission contract.

use crate::Rao;

/// Errors of the emission contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EmissionError {
    /// The caller is not the epoch contract. Other accounts cannot call this message.
    NotEpoch,
    /// The budget of the epoch is drawn already. Draw the budget of a later epoch.
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
                "the budget of the epoch is drawn already; draw the budget of a later epoch"
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
        }
    }
}
