//! The genesis holders.

// The codec's derive for enums casts variant numbers; there is no cast of ours here.
#![allow(clippy::cast_possible_truncation)]

use inktensor_primitives::{
    token::{check_holders, HoldersError},
    AccountId,
};

/// Errors of the constructor. Variant order is ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum TokenError {
    /// There are no holders, so no account could ever pay or stake. Name at least one holder.
    NoHolders,
    /// The amount of this holder is zero. Leave the holder out.
    ZeroAmount(AccountId),
    /// This holder occurs twice. Add its amounts up.
    DuplicateHolder(AccountId),
    /// The sum of all amounts exceeds the cap. Lower the amounts.
    OverCap,
}

/// Checks the genesis `holders`. Returns the sum of their amounts in rao.
///
/// # Errors
/// `NoHolders`; then for each holder in order `ZeroAmount`, `DuplicateHolder`, `OverCap`.
pub fn check(holders: &[(AccountId, u128)]) -> Result<u128, TokenError> {
    check_holders(holders).map_err(TokenError::from)
}

impl From<HoldersError> for TokenError {
    fn from(error: HoldersError) -> Self {
        match error {
            HoldersError::NoHolders => Self::NoHolders,
            HoldersError::ZeroAmount(holder) => Self::ZeroAmount(holder),
            HoldersError::DuplicateHolder(holder) => Self::DuplicateHolder(holder),
            HoldersError::OverCap => Self::OverCap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::Rao;
    use proptest::prelude::*;

    fn account(seed: u8) -> AccountId {
        AccountId::from([seed; 32])
    }

    #[test]
    fn each_error_names_its_holder() {
        let (a, b) = (account(1), account(2));
        assert_eq!(check(&[]), Err(TokenError::NoHolders));
        assert_eq!(check(&[(a, 1), (b, 0)]), Err(TokenError::ZeroAmount(b)));
        assert_eq!(
            check(&[(a, 1), (b, 1), (a, 1)]),
            Err(TokenError::DuplicateHolder(a))
        );
    }

    #[test]
    fn the_cap_itself_is_allowed_and_nothing_above() {
        let cap = Rao::CAP.to_u128();
        assert_eq!(check(&[(account(1), cap)]), Ok(cap));
        assert_eq!(check(&[(account(1), cap + 1)]), Err(TokenError::OverCap));
        assert_eq!(
            check(&[(account(1), cap), (account(2), 1)]),
            Err(TokenError::OverCap)
        );
        assert_eq!(
            check(&[(account(1), 1), (account(2), u128::MAX)]),
            Err(TokenError::OverCap)
        );
    }

    proptest! {
        #[test]
        fn accepts_exactly_distinct_holders_with_something_each(
            holders in proptest::collection::vec((0u8..12, 0u128..3), 0..8)
        ) {
            let seeds: std::collections::BTreeSet<u8> = holders.iter().map(|(seed, _)| *seed).collect();
            let sound = !holders.is_empty()
                && seeds.len() == holders.len()
                && holders.iter().all(|(_, amount)| *amount > 0);
            let sum: u128 = holders.iter().map(|(_, amount)| amount).sum();
            let given: Vec<_> = holders.iter().map(|(seed, amount)| (account(*seed), *amount)).collect();
            prop_assert_eq!(check(&given).ok(), sound.then_some(sum));
        }
    }
}
