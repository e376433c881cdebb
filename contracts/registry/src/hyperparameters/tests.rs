//! Hyperparameters are accepted within their bounds alone, and change their field alone.

use super::{
    bounds::{initial, name, within},
    *,
};
use ink::prelude::string::String;
use inktensor_primitives::{
    kernel::YumaParams,
    registry::{BoundedField, Parameter, Terms, MAX_NAME},
    Bps,
};
use proptest::prelude::*;

fn values(params: KernelParams) -> Values {
    Values {
        tempo: 360,
        kernel: AccountId::from([3; 32]),
        kernel_code: [3; 32],
        max_uids: 256,
        max_validators: 64,
        immunity_period: DEFAULT_IMMUNITY_PERIOD,
        terms: Terms::default(),
        params,
    }
}

fn yuma() -> Values {
    values(KernelParams::Yuma(YumaParams::default()))
}

fn params(values: &Values) -> YumaParams {
    match &values.params {
        KernelParams::Yuma(params) => params.clone(),
        KernelParams::Other(_) => panic!("not Yuma"),
    }
}

/// Allows two kernels: that of `[9; 32]` for Yuma parameters, that of `[8; 32]` for the bytes 5 and
/// 6. Their code hashes are their addresses.
fn choose(kernel: AccountId) -> Result<(KernelParams, Digest), RegistryError> {
    if kernel == AccountId::from([9; 32]) {
        Ok((KernelParams::Yuma(YumaParams::default()), [9; 32]))
    } else if kernel == AccountId::from([8; 32]) {
        Ok((KernelParams::Other(vec![5, 6]), [8; 32]))
    } else {
        Err(RegistryError::KernelNotAllowed)
    }
}

/// Returns the conditions at block 7, where subnets may choose Bittensor's split.
fn conditions(taken: u16) -> Conditions {
    Conditions {
        taken,
        now: 7,
        is_admin: true,
        bittensor_split: true,
    }
}

fn set_with(values: &mut Values, taken: u16, value: Hyperparameter) -> Result<(), RegistryError> {
    let mut price = Price::new(DEFAULT_REGISTRATION_PRICE, 0);
    set(values, &mut price, conditions(taken), value, choose)
}

/// Sets `value` on a Yuma subnet with ten neurons.
fn set_on_yuma(value: Hyperparameter) -> Result<Values, RegistryError> {
    let mut changed = yuma();
    set_with(&mut changed, 10, value).map(|()| changed)
}

/// Checks that values just outside these bounds are refused, and the bounds themselves accepted.
fn check_bounds(
    parameter: Parameter,
    (min, max): (u64, u64),
    make: impl Fn(u64) -> Option<Hyperparameter>,
) {
    let outside = [min.checked_sub(1), max.checked_add(1)];
    for value in outside.into_iter().flatten() {
        // Some bounds are those of the value's type.
        if let Some(refused) = make(value) {
            let error = RegistryError::OutOfBounds {
                field: parameter.into(),
                value,
                min,
                max,
            };
            assert_eq!(set_on_yuma(refused), Err(error));
        }
    }
    for value in [min, max] {
        let accepted = make(value).unwrap();
        assert!(set_on_yuma(accepted).is_ok(), "{parameter:?} {value}");
    }
}

#[test]
fn bounds_are_the_documented_ones() {
    let (all_tao, one_tao) = (21_000_000_000_000_000, 1_000_000_000);
    for (parameter, min, max) in [
        (Parameter::Tempo, 1, 50_400),
        (Parameter::MaxUids, 10, 4_096),
        (Parameter::MaxValidators, 1, 128),
        (Parameter::ImmunityPeriod, 360, 1_000_000),
        (Parameter::RegistrationPrice, 500_000, 100 * one_tao),
        (Parameter::ActivityCutoff, 1, 1_000_000),
        (Parameter::MinStake, 0, all_tao),
        (Parameter::Kappa, 0, 65_535),
        (Parameter::BondsPenalty, 0, 65_535),
        (Parameter::BondsMovingAverage, 0, 975_000),
        (Parameter::AlphaSigmoidSteepness, 0, 32_767),
        (Parameter::MinBurn, 1, one_tao - 1),
        (Parameter::MaxBurn, one_tao / 10, all_tao),
        (Parameter::BurnHalfLife, 1, 36_100),
        (Parameter::BurnIncrease, 10_000, 30_000),
        (Parameter::MaxRegistrationsPerBlock, 1, 4),
        (Parameter::MinNonImmuneUids, 0, 4_096),
        (Parameter::ImmuneOwnerUids, 1, 10),
        (Parameter::WeightsVersionKey, 0, u64::MAX),
        (Parameter::WeightsRateLimit, 0, 50_400),
        (Parameter::MinAllowedWeights, 1, 4_096),
        (Parameter::RevealPeriod, 1, 100),
        (Parameter::StakeThreshold, 0, all_tao),
        (Parameter::ServingRateLimit, 0, 50_400),
    ] {
        let make = |number| Hyperparameter::from_number(parameter, number);
        check_bounds(parameter, (min, max), make);
    }
    let narrow = |number: u64| u16::try_from(number).ok();
    check_bounds(Parameter::AlphaLow, (1_638, 30_000), |low| {
        Some(Hyperparameter::AlphaValues(narrow(low)?, 30_000))
    });
    check_bounds(Parameter::AlphaHigh, (1_638, 65_535), |high| {
        Some(Hyperparameter::AlphaValues(1_638, narrow(high)?))
    });
    for (bytes, fits) in [(0, true), (256, true), (257, false)] {
        let mut other = values(KernelParams::Other(vec![1]));
        let bytes = Hyperparameter::OtherParams(vec![0; bytes]);
        assert_eq!(set_with(&mut other, 0, bytes).is_ok(), fits);
    }
}

#[test]
fn bounds_narrow_by_other_settings() {
    let mut values = yuma();
    values.terms.registration.min_burn = Rao(300_000_000);
    values.terms.registration.max_burn = Rao(400_000_000);
    for (parameter, expected) in [
        (Parameter::MaxUids, (20, 4_096)),
        (Parameter::RegistrationPrice, (300_000_000, 400_000_000)),
        (Parameter::MinBurn, (1, 400_000_000)),
        (Parameter::MaxBurn, (300_000_000, Rao::CAP.0)),
        (Parameter::AlphaLow, (1_638, 58_982)),
        (Parameter::AlphaHigh, (1_638, 65_535)),
    ] {
        assert_eq!(bounds::of(parameter, &values, 20), expected);
    }
}

/// Every number of the table has a field, which reads back the value set.
#[test]
fn every_number_has_a_field() {
    for parameter in Parameter::ALL {
        let (min, max) = bounds::of(*parameter, &yuma(), 10);
        for number in [min, max] {
            let Some(value) = Hyperparameter::from_number(*parameter, number) else {
                continue;
            };
            let changed = set_on_yuma(value).unwrap();
            let found = fields::read(&changed, Rao(number), *parameter);
            assert_eq!(found, Some(number), "{parameter:?}");
        }
    }
    let other = values(KernelParams::Other(Vec::new()));
    assert_eq!(fields::read(&other, Rao(1), Parameter::Kappa), None);
    assert_eq!(fields::read(&yuma(), Rao(1), Parameter::Kernel), None);
}

#[test]
fn a_negative_steepness_is_refused() {
    for (slope, value) in [(-1, 65_535), (i16::MIN, 32_768)] {
        assert_eq!(
            set_on_yuma(Hyperparameter::AlphaSigmoidSteepness(slope)).err(),
            Some(RegistryError::OutOfBounds {
                field: Parameter::AlphaSigmoidSteepness.into(),
                value,
                min: 0,
                max: 32_767
            })
        );
    }
    for slope in [0, i16::MAX] {
        let changed = set_on_yuma(Hyperparameter::AlphaSigmoidSteepness(slope)).unwrap();
        assert_eq!(params(&changed).alpha_sigmoid_steepness, slope);
    }
}

#[test]
fn a_new_subnet_is_within_bounds() {
    assert_eq!(initial(Parameter::MaxUids, 1), Ok(()));
    assert!(initial(Parameter::MaxUids, 0).is_err());
    assert!(initial(Parameter::Tempo, 50_401).is_err());
}

#[test]
fn names_have_a_length() {
    assert_eq!(name(String::new()), Err(RegistryError::BadName));
    assert!(name("a".repeat(MAX_NAME)).is_ok());
    assert_eq!(name("a".repeat(MAX_NAME + 1)), Err(RegistryError::BadName));
    // Bytes count, not characters.
    assert_eq!(
        name("τ".repeat(MAX_NAME / 2 + 1)),
        Err(RegistryError::BadName)
    );
}

#[test]
fn each_parameter_changes_its_field_and_no_other() {
    let kernel = AccountId::from([9; 32]);
    let expect = |value, change: fn(&mut Values)| {
        let mut expected = yuma();
        change(&mut expected);
        assert_eq!(set_on_yuma(value), Ok(expected));
    };
    expect(Hyperparameter::Tempo(7), |s| s.tempo = 7);
    expect(Hyperparameter::MaxUids(70), |s| s.max_uids = 70);
    expect(Hyperparameter::MaxValidators(7), |s| s.max_validators = 7);
    expect(Hyperparameter::ImmunityPeriod(700), |s| {
        s.immunity_period = 700;
    });
    expect(Hyperparameter::Tempo(7_000), |s| {
        (s.tempo, s.immunity_period) = (7_000, 7_000);
    });
    expect(Hyperparameter::RegistrationPrice(Rao(700_000)), |_| {});
    expect(Hyperparameter::MinBurn(Rao(7)), |s| {
        s.terms.registration.min_burn = Rao(7);
    });
    expect(Hyperparameter::MaxBurn(Rao(700_000_000)), |s| {
        s.terms.registration.max_burn = Rao(700_000_000);
    });
    expect(Hyperparameter::BurnHalfLife(7), |s| {
        s.terms.registration.half_life = 7;
    });
    expect(Hyperparameter::BurnIncrease(Bps(20_000)), |s| {
        s.terms.registration.increase = Bps(20_000);
    });
    expect(Hyperparameter::MaxRegistrationsPerBlock(3), |s| {
        s.terms.registration.per_block = 3;
    });
    expect(Hyperparameter::RegistrationAllowed(false), |s| {
        s.terms.registration.is_open = false;
    });
    expect(Hyperparameter::MinNonImmuneUids(7), |s| {
        s.terms.pruning.min_non_immune = 7;
    });
    expect(Hyperparameter::ImmuneOwnerUids(7), |s| {
        s.terms.pruning.immune_owners = 7;
    });
    expect(Hyperparameter::Split(SplitPreset::Bittensor), |s| {
        s.terms.split = SplitPreset::Bittensor;
    });
    expect(Hyperparameter::TransferEnabled(false), |s| {
        s.terms.no_transfers = true;
    });
    expect(Hyperparameter::WeightsVersionKey(7), |s| {
        s.terms.weights.version_key = 7;
    });
    expect(Hyperparameter::WeightsRateLimit(7), |s| {
        s.terms.weights.rate_limit = 7;
    });
    expect(Hyperparameter::MinAllowedWeights(7), |s| {
        s.terms.weights.min_count = 7;
    });
    expect(Hyperparameter::CommitRevealWeights(true), |s| {
        s.terms.weights.commit_reveal = true;
    });
    expect(Hyperparameter::RevealPeriod(7), |s| {
        s.terms.weights.reveal_period = 7;
    });
    expect(Hyperparameter::ServingRateLimit(7), |s| {
        s.terms.serving_rate_limit = 7;
    });
    expect(Hyperparameter::EvidenceRequired(true), |s| {
        s.terms.weights.evidence = true;
    });
    expect(Hyperparameter::StakeThreshold(Rao(7)), |s| {
        s.terms.weights.stake_threshold = Rao(7);
    });
    let changed = set_on_yuma(Hyperparameter::Kernel(kernel)).unwrap();
    let expected = Values {
        kernel,
        kernel_code: [9; 32],
        ..yuma()
    };
    assert_eq!(changed, expected);
}

#[test]
fn a_registration_price_counts_at_once() {
    let (mut values, mut price) = (yuma(), Price::new(DEFAULT_REGISTRATION_PRICE, 0));
    let value = Hyperparameter::RegistrationPrice(Rao(600_000));
    let set = set(&mut values, &mut price, conditions(0), value, choose);
    assert_eq!((set, price), (Ok(()), Price::new(Rao(600_000), 7)));
}

#[test]
fn the_network_rules_decide_whether_a_split_may_be_chosen() {
    let (mut values, mut price) = (yuma(), Price::new(Rao(1), 0));
    let strict = Conditions {
        bittensor_split: false,
        ..conditions(0)
    };
    let mut try_to = |preset| {
        let value = Hyperparameter::Split(preset);
        set(&mut values, &mut price, strict, value, choose)
    };
    assert_eq!(
        try_to(SplitPreset::Bittensor),
        Err(RegistryError::SplitNotAllowed)
    );
    assert_eq!(try_to(SplitPreset::Network), Ok(()));
}

#[test]
fn each_yuma_parameter_changes_its_field_and_no_other() {
    let expect = |value, change: fn(&mut YumaParams)| {
        let mut expected = YumaParams::default();
        change(&mut expected);
        assert_eq!(params(&set_on_yuma(value).unwrap()), expected);
    };
    expect(Hyperparameter::ActivityCutoff(7), |p| p.activity_cutoff = 7);
    expect(Hyperparameter::MinStake(Rao(7)), |p| p.min_stake = Rao(7));
    expect(Hyperparameter::Kappa(7), |p| p.kappa = 7);
    expect(Hyperparameter::BondsPenalty(7), |p| p.bonds_penalty = 7);
    expect(Hyperparameter::BondsMovingAverage(7), |p| {
        p.bonds_moving_average = 7;
    });
    expect(Hyperparameter::Yuma3(false), |p| p.yuma3 = false);
    expect(Hyperparameter::LiquidAlpha(true), |p| p.liquid_alpha = true);
    expect(Hyperparameter::AlphaValues(2_000, 3_000), |p| {
        (p.alpha_low, p.alpha_high) = (2_000, 3_000);
    });
    expect(Hyperparameter::AlphaSigmoidSteepness(7), |p| {
        p.alpha_sigmoid_steepness = 7;
    });
    expect(Hyperparameter::CommitReveal(true), |p| {
        p.commit_reveal = true;
    });
}

#[test]
fn a_kernel_has_parameters_of_its_kind_alone() {
    let mut other = values(KernelParams::Other(vec![1]));
    let before = other.clone();
    for value in [
        Hyperparameter::Kappa(1),
        Hyperparameter::AlphaValues(2_000, 3_000),
        Hyperparameter::CommitReveal(true),
        Hyperparameter::Yuma(YumaParams::default()),
    ] {
        assert_eq!(set_with(&mut other, 0, value), Err(RegistryError::NotYuma));
        assert_eq!(other, before);
    }
    assert_eq!(set_with(&mut other, 0, Hyperparameter::Tempo(9)), Ok(()));
    assert_eq!(
        set_on_yuma(Hyperparameter::OtherParams(vec![1])),
        Err(RegistryError::IsYuma)
    );
}

#[test]
fn an_owner_sets_all_parameters_at_once_but_those_of_the_admin() {
    let owner = Conditions {
        is_admin: false,
        ..conditions(0)
    };
    let try_to = |params: YumaParams| {
        let (mut values, mut price) = (yuma(), Price::new(Rao(1), 0));
        let value = Hyperparameter::Yuma(params);
        set(&mut values, &mut price, owner, value, choose)
    };
    let default = YumaParams::default;
    let allowed = try_to(YumaParams {
        activity_cutoff: 7,
        bonds_penalty: 7,
        ..default()
    });
    assert_eq!(allowed, Ok(()));
    for params in [
        YumaParams {
            kappa: 7,
            ..default()
        },
        YumaParams {
            min_stake: Rao(7),
            ..default()
        },
    ] {
        assert_eq!(try_to(params), Err(RegistryError::SetByAdmin));
    }
}

#[test]
fn a_kernel_keeps_parameters_of_its_kind_alone() {
    let custom = YumaParams {
        kappa: 7,
        ..YumaParams::default()
    };
    let (yuma, other) = (AccountId::from([9; 32]), AccountId::from([8; 32]));
    let (own, foreign) = (
        KernelParams::Yuma(custom),
        KernelParams::Other(vec![1, 2, 3]),
    );
    let defaults = |kernel| choose(kernel).unwrap().0;
    for (had, kernel, has) in [
        (own.clone(), yuma, own.clone()),
        (own.clone(), other, defaults(other)),
        (foreign.clone(), yuma, defaults(yuma)),
        (foreign.clone(), other, foreign.clone()),
    ] {
        let mut changed = values(had);
        let chosen = set_with(&mut changed, 0, Hyperparameter::Kernel(kernel));
        assert_eq!(chosen, Ok(()));
        let expected = Values {
            kernel,
            kernel_code: choose(kernel).unwrap().1,
            ..values(has)
        };
        assert_eq!(changed, expected);
    }
}

#[test]
fn a_kernel_that_may_not_be_chosen_changes_nothing() {
    assert_eq!(
        set_on_yuma(Hyperparameter::Kernel(AccountId::from([1; 32]))),
        Err(RegistryError::KernelNotAllowed)
    );
}

fn any_params() -> impl Strategy<Value = YumaParams> {
    let near = |bound: u64| prop_oneof![0..=bound, bound.saturating_sub(1)..=bound + 1];
    (
        near(1_000_000),
        near(Rao::CAP.0),
        any::<u16>(),
        near(1_000_000),
        prop_oneof![1_630u16..1_650, any::<u16>()],
        prop_oneof![1_630u16..1_650, any::<u16>()],
        any::<i16>(),
    )
        .prop_map(
            |(cutoff, stake, kappa, average, alpha_low, alpha_high, slope)| YumaParams {
                activity_cutoff: cutoff,
                min_stake: Rao(stake),
                kappa,
                bonds_moving_average: average,
                alpha_low,
                alpha_high,
                alpha_sigmoid_steepness: slope,
                ..YumaParams::default()
            },
        )
}

proptest! {
    /// Given all at once, parameters pass exactly if each is within its documented range.
    #[test]
    fn all_at_once_pass_the_same_bounds(given in any_params()) {
        let sound = (1..=1_000_000).contains(&given.activity_cutoff)
            && given.min_stake <= Rao::CAP
            && given.bonds_moving_average <= 975_000
            && 1_638 <= given.alpha_low
            && given.alpha_low <= given.alpha_high
            && given.alpha_sigmoid_steepness >= 0;
        let result = set_on_yuma(Hyperparameter::Yuma(given.clone()));
        prop_assert_eq!(result.is_ok(), sound);
        if let Ok(changed) = result {
            prop_assert_eq!(params(&changed), given);
        }
    }

    #[test]
    fn a_refused_value_is_outside_the_bounds_it_names(
        value in any::<u64>(), min in any::<u64>(), max in any::<u64>()
    ) {
        let passed = within(BoundedField::Port, value, (min, max));
        prop_assert_eq!(passed.is_ok(), (min..=max).contains(&value));
        if passed.is_err() {
            prop_assert_eq!(passed, Err(RegistryError::OutOfBounds {
                field: BoundedField::Port,
                value,
                min,
                max,
            }));
        }
    }
}
