//! Division and spending of budgets.

use super::*;
use inktensor_primitives::Bps;
use proptest::prelude::*;

fn split(miners: u16, validators: u16, owner: u16, treasury: u16) -> Split {
    Split {
        miners: Bps(miners),
        validators: Bps(validators),
        owner: Bps(owner),
        treasury: Bps(treasury),
    }
}

const FREE: Fees = Fees {
    proposer: Bps(0),
    keeper: Bps(0),
};

fn parts(budget: &EpochBudget) -> [u64; 4] {
    [
        budget.miners,
        budget.validators,
        budget.owner,
        budget.treasury,
    ]
    .map(|rao| rao.0)
}

#[test]
fn the_presets_are_50_25_0_25_and_41_41_18_0() {
    let default = divide(Rao(1_000), &Split::DEFAULT, &FREE).unwrap();
    assert_eq!(parts(&default), [500, 250, 0, 250]);
    let bittensor = divide(Rao(1_000), &Split::BITTENSOR, &FREE).unwrap();
    assert_eq!(parts(&bittensor), [410, 410, 180, 0]);
}

#[test]
fn rounding_goes_to_the_first_with_a_part() {
    let given = |split| parts(&divide(Rao(7), &split, &FREE).unwrap());
    assert_eq!(given(Split::DEFAULT), [3, 1, 0, 3]);
    assert_eq!(given(Split::BITTENSOR), [4, 2, 1, 0]);
    assert_eq!(given(split(0, 5_000, 5_000, 0)), [0, 4, 3, 0]);
    assert_eq!(given(split(0, 0, 10_000, 0)), [0, 0, 7, 0]);
}

#[test]
fn more_than_a_whole_is_refused() {
    let refused = divide(Rao(10), &split(9_000, 9_000, 0, 0), &FREE);
    assert_eq!(refused, Err(EmissionError::Overflow));
    let fees = Fees {
        proposer: Bps(9_000),
        keeper: Bps(9_000),
    };
    let refused = divide(Rao(10), &Split::DEFAULT, &fees);
    assert_eq!(refused, Err(EmissionError::Overflow));
}

#[test]
fn fees_are_taken_off_the_top() {
    let budget = divide(Rao(40_000), &Split::DEFAULT, &Fees::DEFAULT).unwrap();
    assert_eq!((budget.proposer, budget.keeper), (Rao(200), Rao(100)));
    assert_eq!(parts(&budget), [19_850, 9_925, 0, 9_925]);
    let poor = divide(Rao(399), &Split::DEFAULT, &Fees::DEFAULT).unwrap();
    assert_eq!((poor.proposer, poor.keeper), (Rao(1), Rao(0)));
}

#[test]
fn a_fee_pays_no_more_than_it_has() {
    let mut budget = divide(Rao(40_000), &Split::DEFAULT, &Fees::DEFAULT).unwrap();
    let before = budget;
    for (fee, had) in [(Fee::Proposer, 200), (Fee::Keeper, 100)] {
        let refused = take(&mut budget, fee, Rao(had + 1));
        assert_eq!(refused, Err(EmissionError::OverBudget(Rao(had))));
    }
    assert_eq!(budget, before);
    assert_eq!(take(&mut budget, Fee::Proposer, Rao(150)), Ok(()));
    assert_eq!(take(&mut budget, Fee::Proposer, Rao(50)), Ok(()));
    let empty = take(&mut budget, Fee::Proposer, Rao(1));
    assert_eq!(empty, Err(EmissionError::OverBudget(Rao::ZERO)));
    assert_eq!(budget.keeper, Rao(100), "the other fee is unchanged");
    assert_eq!(unspent(&budget), Ok(Rao(39_800)));
}

#[test]
fn fees_of_a_tenth_are_the_most() {
    let fees = |proposer, keeper| Fees {
        proposer: Bps(proposer),
        keeper: Bps(keeper),
    };
    assert!(Fees::DEFAULT.are_allowed());
    assert!(fees(600, 400).are_allowed() && fees(0, 0).are_allowed());
    assert!(!fees(600, 401).are_allowed());
    assert!(!fees(u16::MAX, u16::MAX).are_allowed());
}

#[test]
fn spending_stops_at_the_part_of_miners_and_validators() {
    let mut budget = divide(Rao(1_000), &Split::DEFAULT, &FREE).unwrap();
    assert_eq!(spend(&mut budget, Rao(600)), Ok(()));
    let before = budget;
    let refused = spend(&mut budget, Rao(151));
    assert_eq!(refused, Err(EmissionError::OverBudget(Rao(150))));
    assert_eq!(budget, before);
    assert_eq!(spend(&mut budget, Rao(150)), Ok(()));
    assert_eq!(unpaid(&budget), Ok(Rao::ZERO));
}

#[test]
fn sums_that_wrap_around_are_refused() {
    assert_eq!(sum([Rao(3), Rao(7)]), Ok(Rao(10)));
    let wrapping = sum([Rao(u64::MAX), Rao(1)]);
    assert_eq!(wrapping, Err(EmissionError::Overflow));
    assert_eq!(sum([]), Ok(Rao::ZERO));
}

proptest! {
    /// However a chunk is divided, the parts of its fee sum to the fee.
    #[test]
    fn fee_parts_sum_to_the_fee(fee in 0..=Rao::CAP.0, mut cuts in prop::array::uniform2(0u16..=64)) {
        cuts.sort_unstable();
        let [a, b] = cuts;
        let part = |from, to| fee_part(Rao(fee), (from, to, 64)).0;
        prop_assert_eq!(part(0, a) + part(a, b) + part(b, 64), fee);
    }

    #[test]
    fn the_parts_sum_to_the_whole(
        amount in 0..=Rao::CAP.0,
        cuts in prop::array::uniform3(0u16..=10_000),
        (proposer, keeper) in (0u16..=1_000).prop_flat_map(|first| (Just(first), 0..=1_000 - first)),
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let [a, b, c] = cuts;
        let split = split(a, b - a, c - b, 10_000 - c);
        prop_assert!(split.is_whole());
        let fees = Fees { proposer: Bps(proposer), keeper: Bps(keeper) };
        let budget = divide(Rao(amount), &split, &fees).unwrap();
        let pots = budget.proposer.0 + budget.keeper.0;
        prop_assert_eq!(parts(&budget).iter().sum::<u64>() + pots, amount);
        prop_assert_eq!(unspent(&budget), Ok(Rao(amount)));
        for (pot, share) in [(budget.proposer, proposer), (budget.keeper, keeper)] {
            let exact = u128::from(amount) * u128::from(share);
            prop_assert_eq!(u128::from(pot.0), exact / 10_000);
        }
        let amount = amount - pots;
        let shares = [split.miners, split.validators, split.owner, split.treasury];
        for (part, share) in parts(&budget).into_iter().zip(shares) {
            let exact = u128::from(amount) * u128::from(share.0);
            prop_assert!(u128::from(part) * 10_000 < exact + 4 * 10_000);
            prop_assert!(u128::from(part) * 10_000 + 10_000 > exact);
            prop_assert!(share.0 > 0 || part == 0);
        }
    }
}
