//! The rule that turns stake into a share of emission. It is here and nowhere else.
//!
//! Emission follows stake one for one: a rao of matured stake is a unit of weight on any subnet.
//! There is no price, no slippage and no judgement of a subnet's worth, so stake earns most on a
//! subnet of its owner's. A market price of subnets will replace [`weight`]; the rest of the
//! contract needs no more than a number for each subnet.

use inktensor_primitives::Rao;

/// Returns the weight with which a subnet shares in emission after an epoch in which `matured`
/// stake weighed on it.
pub fn weight(matured: Rao) -> Rao {
    matured
}

/// Returns the part of `earned` that a subnet draws which shared with weight `before`, and has
/// weight `now`: `earned * min(now, before) / before`, rounded down.
///
/// So a subnet draws only for stake that stayed from one close to the next, however long its tempo.
/// Nothing is drawn without weight before.
pub fn drawn(earned: Rao, before: Rao, now: Rao) -> Rao {
    if now >= before {
        return earned;
    }
    // Below 2^128, and not more than `earned`.
    let product = earned.to_u128().saturating_mul(now.to_u128());
    let part = product.checked_div(before.to_u128()).unwrap_or_default();
    Rao(u64::try_from(part).unwrap_or(earned.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_subnet_draws_for_the_stake_that_stayed() {
        let cases = [
            (100, 50, 50, 100),
            (100, 50, 90, 100),
            (100, 50, 25, 50),
            (100, 3, 1, 33),
            (100, 50, 0, 0),
            (100, 0, 0, 100),
            (u64::MAX, u64::MAX, u64::MAX - 1, u64::MAX - 1),
        ];
        for (earned, before, now, due) in cases {
            let found = drawn(Rao(earned), Rao(before), Rao(now));
            assert_eq!(found, Rao(due), "{earned} {before} {now}");
        }
    }

    proptest! {
        #[test]
        fn stake_of_an_instant_draws_nothing_more(
            earned in any::<u64>(), before in any::<u64>(), now in any::<u64>(), flash in any::<u64>(),
        ) {
            let due = drawn(Rao(earned), Rao(before), Rao(now));
            prop_assert!(due <= Rao(earned));
            // More stake than before raises nothing.
            let more = before.saturating_add(flash);
            prop_assert_eq!(drawn(Rao(earned), Rao(before), Rao(more)), Rao(earned));
        }
    }
}
