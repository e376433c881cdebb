//! Errors of the treasury.

use crate::Rao;

/// Errors of the treasury's constructor. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum TreasuryDeployError {
    /// Nothing at the token's address answers as a PSP22 token. Deploy the token first and give its
    /// address.
    NoToken,
    /// The owner is the treasury itself or the token, which can give no orders. Give another
    /// account.
    BadOwner,
}

/// A number of a new grant that has bounds. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum GrantField {
    /// Block before which nothing of a stream is vested.
    Cliff,
    /// Block from which a stream is vested.
    End,
    /// Most rao of a budget's period.
    PerPeriod,
    /// Blocks of a budget's period.
    Period,
    /// Block from which a budget is over.
    Until,
}

/// Errors of the treasury. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum TreasuryError {
    /// The caller is not the treasury's owner. Other accounts cannot call this message.
    NotOwner,
    /// The treasury is not offered to the caller. Ask its owner to offer it.
    OwnerNotOffered,
    /// The account is the treasury itself or the token, where TAO would be lost. Give another
    /// account.
    BadAccount,
    /// The amount is zero. Use at least one rao.
    ZeroAmount,
    /// The amount is above the rest of the tenth that may go out in 30 days. Use at most the rest,
    /// or wait.
    AboveLimit {
        /// The amount, in rao.
        amount: Rao,
        /// Amount that may still go out now, in rao.
        left: Rao,
    },
    /// A number of a new grant is out of its bounds. Use a value within them.
    OutOfBounds {
        /// The number.
        field: GrantField,
        /// The given value.
        value: u64,
        /// Least value.
        min: u64,
        /// Largest value.
        max: u64,
    },
    /// No grant has this number, or it is closed. Check the number.
    NoGrant(u32),
    /// No stream has this number, or it is closed. Check the number.
    NoStream(u32),
    /// No budget has this number, or it is closed. Check the number.
    NoBudget(u32),
    /// Nothing of the stream is vested and unpaid now. Claim later.
    NothingToClaim,
    /// The stream was revoked in this block. Nothing is left to revoke.
    AlreadyRevoked(u32),
    /// The caller is not the stream's payee. Call from the payee's account.
    NotPayee,
    /// The caller is not the budget's manager. Call from the manager's account.
    NotManager,
    /// The amount is above the rest of the budget, or of its period. Draw at most the rest, or wait
    /// for the next period.
    AboveBudget {
        /// The amount, in rao.
        amount: Rao,
        /// Amount that can be drawn now, in rao.
        left: Rao,
        /// First block of the next period.
        next_period: u32,
    },
    /// The budget is over since this block. Ask the owner for another one.
    Ended(u32),
    /// The grant is not over: the stream is not fully paid, or the budget has something left.
    /// Close it later.
    NotOver,
    /// The token to rescue is TAO. Pay TAO with `pay`.
    IsTao,
    /// The other token refused the transfer, or did not answer. Check token and balance.
    OtherToken,
    /// The token refused to transfer this amount in rao, or did not answer. Check the deployment.
    Payment(Rao),
    /// The token did not answer with the treasury's balance. Check the deployment.
    Token,
    /// A sum is out of range, which cannot happen below the cap of TAO. Nothing was changed; check
    /// the deployment.
    Overflow,
}

#[cfg(feature = "std")]
mod text {
    use super::{GrantField, TreasuryDeployError, TreasuryError};
    use crate::Rao;
    use core::fmt;

    impl fmt::Display for TreasuryDeployError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::NoToken => write!(
                    f,
                    "nothing at the token's address answers as a PSP22 token; deploy the token \
                     first and give its address"
                ),
                Self::BadOwner => write!(
                    f,
                    "the owner is the treasury itself or the token, which can give no orders; give \
                     another account"
                ),
            }
        }
    }

    impl fmt::Display for GrantField {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::Cliff => "the cliff of the stream",
                Self::End => "the end of the stream",
                Self::PerPeriod => "the amount per period",
                Self::Period => "the period",
                Self::Until => "the end of the budget",
            })
        }
    }

    /// Writes a value that is out of its bounds.
    fn out_of_bounds(
        f: &mut fmt::Formatter<'_>,
        field: GrantField,
        [value, min, max]: [u64; 3],
    ) -> fmt::Result {
        match field {
            GrantField::PerPeriod => write!(
                f,
                "{field} is {}, which is not within {} and {}; use an amount within these bounds",
                Rao(value),
                Rao(min),
                Rao(max)
            ),
            GrantField::Period => write!(
                f,
                "{field} is {value} blocks, which is not within {min} and {max}; use a length \
                 within these bounds"
            ),
            GrantField::Cliff | GrantField::End | GrantField::Until => write!(
                f,
                "{field} is block {value}, which is not within {min} and {max}; use a block within \
                 these bounds"
            ),
        }
    }

    impl fmt::Display for TreasuryError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match self {
                Self::NotOwner => write!(
                    f,
                    "the caller is not the treasury's owner; other accounts cannot call this \
                     message"
                ),
                Self::OwnerNotOffered => write!(
                    f,
                    "the treasury is not offered to the caller; ask its owner to offer it"
                ),
                Self::BadAccount => write!(
                    f,
                    "the account is the treasury itself or the token, where TAO would be lost; \
                     give another account"
                ),
                Self::ZeroAmount => write!(f, "the amount is zero; use at least one rao"),
                Self::AboveLimit { amount, left } => write!(
                    f,
                    "{amount} is above the {left} that may still go out, since at most a tenth of \
                     the free TAO goes out in 30 days; use less, or wait"
                ),
                Self::OutOfBounds {
                    field,
                    value,
                    min,
                    max,
                } => out_of_bounds(f, *field, [*value, *min, *max]),
                Self::NoGrant(id) => write!(
                    f,
                    "no grant has the number {id}, or it is closed; check the number"
                ),
                Self::NoStream(id) => write!(
                    f,
                    "no stream has the number {id}, or it is closed; check the number"
                ),
                Self::NoBudget(id) => write!(
                    f,
                    "no budget has the number {id}, or it is closed; check the number"
                ),
                Self::NothingToClaim => write!(
                    f,
                    "nothing of the stream is vested and unpaid now; claim later"
                ),
                Self::AlreadyRevoked(block) => write!(
                    f,
                    "the stream was revoked in block {block}; nothing is left to revoke"
                ),
                Self::NotPayee => write!(
                    f,
                    "the caller is not the stream's payee; call from the payee's account"
                ),
                Self::NotManager => write!(
                    f,
                    "the caller is not the budget's manager; call from the manager's account"
                ),
                Self::AboveBudget {
                    amount,
                    left,
                    next_period,
                } => write!(
                    f,
                    "{amount} is above the {left} that the budget has left for this period; draw \
                     less, or wait for block {next_period}"
                ),
                Self::Ended(block) => write!(
                    f,
                    "the budget is over since block {block}; ask the owner for another one"
                ),
                Self::NotOver => write!(
                    f,
                    "the stream is not fully paid, or the budget has something left and is not \
                     over; close the grant later"
                ),
                Self::IsTao => write!(f, "the token to rescue is TAO; use pay for TAO"),
                Self::OtherToken => write!(
                    f,
                    "the other token refused the transfer or did not answer; check token and \
                     balance"
                ),
                Self::Payment(amount) => write!(
                    f,
                    "the token refused to transfer {amount} or did not answer; check the \
                     deployment"
                ),
                Self::Token => write!(
                    f,
                    "the token did not answer with the treasury's balance; check the deployment"
                ),
                Self::Overflow => write!(
                    f,
                    "a sum is out of range, which cannot happen below the cap of TAO; nothing was \
                     changed, check the deployment"
                ),
            }
        }
    }
}
