//! The table of hyperparameters: the one place that lists them.
//!
//! A row makes a variant of [`Hyperparameter`] and of [`Parameter`], a number's name, help, unit,
//! setter and bounds, and its place in a subnet. The registry contract reads and writes the fields
//! of its storage by the same rows; clients take names, help and units from here. So a new
//! hyperparameter is a new row at the end, and a field in `Terms` or `YumaParams` to hold it.
//!
//! The names are those of btcli and subtensor. Setters are subtensor's, with two exceptions that are
//! the owner's here: the number of permits, which the owner chooses when it creates the subnet, and
//! registrations per block, which the price limits.

use crate::{
    emission::SplitPreset,
    kernel::YumaParams,
    registry::{Setter, Unit, MAX_IMMUNE_OWNERS},
    AccountId, Bps, Rao, MAX_UIDS, MAX_VALIDATORS,
};
use ink::prelude::vec::Vec;

/// Longest tempo and longest rate limit: a week of blocks of 12 seconds.
const WEEK: u64 = 50_400;
/// Longest period of immunity and of activity: some five months of blocks of 12 seconds.
const MAX_BLOCKS: u64 = 1_000_000;
/// One, in millionths.
const MILLION: u64 = 1_000_000;
/// Least bond rate: 0.025 of 65535. Below this rate bonds hardly move.
const MIN_ALPHA: u64 = 1_638;
/// All of a ratio in 65535ths.
const U16_ONE: u64 = u16::MAX as u64;
/// Largest slope that the kernel's arithmetic takes.
const MAX_STEEPNESS: u64 = i16::MAX as u64;
/// Smallest upper limit of a registration price. Source: subtensor-reference.md 6.1.
const LEAST_MAX_BURN: u64 = Rao::PER_TAO / 10;
/// Largest lower limit of a registration price. Source: subtensor-reference.md 6.1.
const MOST_MIN_BURN: u64 = Rao::PER_TAO - 1;

/// Passes the table of hyperparameters to the macro `$then`.
///
/// Rows stand in the order of variants, which is ABI: append only. A row is
///
/// ```text
/// Variant(types) "help" {
///     Parameter "name" Setter (Unit least..=largest, place)
/// }
/// ```
///
/// with one line per value. The place of a number is
///
/// * `subnet.FIELD`: a field of `Subnet`, and of the registry's settings
/// * `not subnet.FIELD`: the same, stored as its opposite
/// * `yuma.FIELD`: a field of `YumaParams`
/// * `price`: the price of the next registration
///
/// A value that is not a number has `()` in place of unit, bounds and place. `least` and `largest`
/// hold on every subnet; the registry may narrow them by other settings of a subnet.
#[macro_export]
macro_rules! hyperparameters {
    ($then:ident) => {
        $then! {
            Tempo(u32) "Blocks per epoch." {
                Tempo "tempo" Owner (Blocks 1..=WEEK, subnet.tempo)
            }
            Kernel(AccountId) "Address of the kernel, which must be allowed and not retired. \
        Parameters stay if the new kernel's are of the same kind, Yuma's or other bytes. \
        Otherwise the kernel's defaults replace them." {
                Kernel "kernel" Owner ()
            }
            MaxUids(u16) "Seats, at least the number of seats taken." {
                MaxUids "max_uids" Owner (Number 1..=MAX_UIDS as u64, subnet.max_uids)
            }
            MaxValidators(u16) "Permits per epoch, the owner's not counted." {
                MaxValidators "max_validators" Owner
                    (Number 1..=MAX_VALIDATORS as u64, subnet.max_validators)
            }
            ImmunityPeriod(u32) "Blocks after its registration in which a neuron is immune: \
        it is replaced only if too few others can be." {
                ImmunityPeriod "immunity_period" Owner
                    (Blocks 0..=MAX_BLOCKS, subnet.immunity_period)
            }
            RegistrationPrice(Rao) "Price of the next registration, from min_burn to max_burn. \
        Later prices continue from this one." {
                RegistrationPrice "registration_price" Owner (Rao 0..=Rao::CAP.0, price)
            }
            OtherParams(Vec<u8>) "Parameters for a kernel other than Yuma, at most 256 bytes. \
        They replace Yuma's parameters." {
                OtherParams "other_params" Owner ()
            }
            Yuma(YumaParams) "All parameters of the Yuma kernel, each within its own bounds. \
        They replace another kernel's bytes." {
                Yuma "yuma_params" Owner ()
            }
            ActivityCutoff(u64) "Blocks without new weights after which a validator counts as \
        inactive." {
                ActivityCutoff "activity_cutoff" Owner
                    (Blocks 1..=MAX_BLOCKS, yuma.activity_cutoff)
            }
            MinStake(Rao) "Stake below which a neuron has no weight in consensus." {
                MinStake "min_stake" Owner (Rao 0..=Rao::CAP.0, yuma.min_stake)
            }
            Kappa(u16) "Part of the active stake that must support a weight, in 65535ths." {
                Kappa "kappa" Owner (U16Ratio 0..=U16_ONE, yuma.kappa)
            }
            BondsPenalty(u16) "Weights that bonds follow, in 65535ths: all for clipped weights, \
        0 for weights as set." {
                BondsPenalty "bonds_penalty" Owner (U16Ratio 0..=U16_ONE, yuma.bonds_penalty)
            }
            BondsMovingAverage(u64) "Inertia of bonds, in millionths." {
                BondsMovingAverage "bonds_moving_avg" Owner
                    (Millionths 0..=MILLION, yuma.bonds_moving_average)
            }
            Yuma3(bool) "Yuma3 bonds if true, Yuma2 bonds if false." {
                Yuma3 "yuma3_enabled" Owner (Flag 0..=1, yuma.yuma3)
            }
            LiquidAlpha(bool) "Liquid alpha: the inertia of a bond depends on consensus. \
        Requires Yuma3." {
                LiquidAlpha "liquid_alpha_enabled" Owner (Flag 0..=1, yuma.liquid_alpha)
            }
            AlphaValues(u16, u16) "Smallest and largest bond rate under liquid alpha, in 65535ths, \
        in this order." {
                AlphaLow "alpha_low" Owner (U16Ratio MIN_ALPHA..=U16_ONE, yuma.alpha_low)
                AlphaHigh "alpha_high" Owner (U16Ratio MIN_ALPHA..=U16_ONE, yuma.alpha_high)
            }
            AlphaSigmoidSteepness(i16) "Slope of liquid alpha, times 100; not negative." {
                AlphaSigmoidSteepness "alpha_sigmoid_steepness" Owner
                    (Number 0..=MAX_STEEPNESS, yuma.alpha_sigmoid_steepness)
            }
            CommitReveal(bool) "The commit mask: weights committed before a neuron registered do \
        not count for that neuron." {
                CommitReveal "commit_mask" Owner (Flag 0..=1, yuma.commit_reveal)
            }
            MinBurn(Rao) "Lower limit of the registration price, at most max_burn." {
                MinBurn "min_burn" Owner
                    (Rao 1..=MOST_MIN_BURN, subnet.terms.registration.min_burn)
            }
            MaxBurn(Rao) "Upper limit of the registration price, at least min_burn." {
                MaxBurn "max_burn" Owner
                    (Rao LEAST_MAX_BURN..=Rao::CAP.0, subnet.terms.registration.max_burn)
            }
            BurnHalfLife(u16) "Blocks in which the registration price halves." {
                BurnHalfLife "burn_half_life" Owner
                    (Blocks 1..=36_100, subnet.terms.registration.half_life)
            }
            BurnIncrease(Bps) "Factor by which a registration multiplies the price, in basis \
        points." {
                BurnIncrease "burn_increase" Owner
                    (Bps 10_000..=30_000, subnet.terms.registration.increase)
            }
            MaxRegistrationsPerBlock(u16) "Most registrations in one block." {
                MaxRegistrationsPerBlock "max_regs_per_block" Owner
                    (Number 1..=u16::MAX as u64, subnet.terms.registration.per_block)
            }
            RegistrationAllowed(bool) "Registrations are open." {
                RegistrationAllowed "registration_allowed" Admin
                    (Flag 0..=1, subnet.terms.registration.is_open)
            }
            MinNonImmuneUids(u16) "Number of neurons without immunity that stay: while there are \
        no more of them, an immune neuron is replaced instead." {
                MinNonImmuneUids "min_non_immune_uids" Admin
                    (Number 0..=MAX_UIDS as u64, subnet.terms.pruning.min_non_immune)
            }
            ImmuneOwnerUids(u16) "Number of the owner's neurons that are never replaced." {
                ImmuneOwnerUids "immune_owner_uids" Owner
                    (Number 1..=MAX_IMMUNE_OWNERS as u64, subnet.terms.pruning.immune_owners)
            }
            Split(SplitPreset) "Division of budgets: 0 for the network's, 1 for Bittensor's if the \
        network rules allow it." {
                Split "split" Owner (Number 0..=1, subnet.terms.split)
            }
            TransferEnabled(bool) "Stake on the subnet may move to another coldkey." {
                TransferEnabled "transfers_enabled" Owner
                    (Flag 0..=1, not subnet.terms.no_transfers)
            }
            WeightsVersionKey(u64) "Least client version that may set weights; 0 for any." {
                WeightsVersionKey "weights_version" Owner
                    (Number 0..=u64::MAX, subnet.terms.weights.version_key)
            }
            WeightsRateLimit(u32) "Blocks between two updates of a neuron's weights; 0 for no \
        limit." {
                WeightsRateLimit "weights_rate_limit" Admin
                    (Blocks 0..=WEEK, subnet.terms.weights.rate_limit)
            }
            MinAllowedWeights(u16) "Least number of weights in a row, never more than the number \
        of neurons." {
                MinAllowedWeights "min_allowed_weights" Owner
                    (Number 1..=MAX_UIDS as u64, subnet.terms.weights.min_count)
            }
            CommitRevealWeights(bool) "Validators commit to weights first and reveal them later." {
                CommitRevealWeights "commit_reveal_enabled" Owner
                    (Flag 0..=1, subnet.terms.weights.commit_reveal)
            }
            RevealPeriod(u32) "Epochs between a commit and its reveal." {
                RevealPeriod "commit_reveal_period" Owner
                    (Epochs 1..=100, subnet.terms.weights.reveal_period)
            }
            StakeThreshold(Rao) "Stake that a hotkey needs to set weights; the owner's hotkey \
        needs none." {
                StakeThreshold "stake_threshold" Admin
                    (Rao 0..=Rao::CAP.0, subnet.terms.weights.stake_threshold)
            }
            ServingRateLimit(u32) "Blocks between two changes of what a neuron serves; 0 for no \
        limit." {
                ServingRateLimit "serving_rate_limit" Owner
                    (Blocks 0..=WEEK, subnet.terms.serving_rate_limit)
            }
        }
    };
}

/// Defines both enums and what the table states about their variants.
macro_rules! define {
    ($( $variant:ident $types:tt $help:tt {
        $( $parameter:ident $name:tt $setter:ident $number:tt )+
    } )+) => {
        /// One hyperparameter and its new value. Variant order is ABI: append only.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[ink::scale_derive(Encode, Decode, TypeInfo)]
        pub enum Hyperparameter {
            $( #[doc = $help] $variant $types, )+
        }

        /// A hyperparameter without its value. Variant order is ABI: append only.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[ink::scale_derive(Encode, Decode, TypeInfo)]
        #[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
        pub enum Parameter {
            $( $( #[doc = $help] $parameter, )+ )+
        }

        impl Hyperparameter {
            /// Returns the parameter; of a pair, the first.
            pub const fn parameter(&self) -> Parameter {
                match self {
                    $( Self::$variant(..) => first!($( $parameter )+), )+
                }
            }

            /// Returns `parameter` with the value `number`, in the parameter's unit. Returns `None`
            /// if the value is not one number, or `number` does not fit its type.
            pub fn from_number(parameter: Parameter, number: u64) -> Option<Self> {
                match parameter {
                    $( $( Parameter::$parameter => one_number!($variant $types $number, number), )+ )+
                }
            }
        }

        impl Parameter {
            /// All parameters, in order.
            pub const ALL: &'static [Parameter] = &[$( $( Parameter::$parameter, )+ )+];

            /// Returns the parameter's name in btcli and subtensor.
            pub const fn name(self) -> &'static str {
                match self {
                    $( $( Self::$parameter => $name, )+ )+
                }
            }

            /// Returns a sentence about the parameter for users.
            pub const fn help(self) -> &'static str {
                match self {
                    $( $( Self::$parameter => $help, )+ )+
                }
            }

            /// Returns the account that may set the parameter.
            pub const fn setter(self) -> Setter {
                match self {
                    $( $( Self::$parameter => Setter::$setter, )+ )+
                }
            }

            /// Returns the unit of a parameter that is a number.
            pub const fn unit(self) -> Option<Unit> {
                match self {
                    $( $( Self::$parameter => unit!($number), )+ )+
                }
            }

            /// Returns the least and the largest value on any subnet. Returns zeros if the
            /// parameter is not a number.
            pub const fn bounds(self) -> (u64, u64) {
                match self {
                    $( $( Self::$parameter => bounds!($number), )+ )+
                }
            }

            /// Returns true for a number that is a parameter of the Yuma kernel.
            pub const fn is_of_yuma(self) -> bool {
                match self {
                    $( $( Self::$parameter => is_of_yuma!($number), )+ )+
                }
            }
        }
    };
}

/// The first of one or more parameters.
macro_rules! first {
    ($first:ident $( $rest:ident )*) => {
        Parameter::$first
    };
}

/// The hyperparameter with one number as its value.
macro_rules! one_number {
    ($variant:ident ($type:ty) ($unit:ident $bounds:expr, $($place:tt)+), $number:ident) => {
        <$type as Number>::from_number($number).map(Self::$variant)
    };
    ($variant:ident $types:tt $other:tt, $number:ident) => {
        None
    };
}

/// The unit of a number.
macro_rules! unit {
    (($unit:ident $bounds:expr, $($place:tt)+)) => {
        Some(Unit::$unit)
    };
    (()) => {
        None
    };
}

/// The bounds of a number.
macro_rules! bounds {
    (($unit:ident $bounds:expr, $($place:tt)+)) => {{
        const BOUNDS: core::ops::RangeInclusive<u64> = $bounds;
        (*BOUNDS.start(), *BOUNDS.end())
    }};
    (()) => {
        (0, 0)
    };
}

/// True for a field of `YumaParams`.
macro_rules! is_of_yuma {
    (($unit:ident $bounds:expr, yuma . $field:ident)) => {
        true
    };
    ($other:tt) => {
        false
    };
}

hyperparameters!(define);

impl Parameter {
    /// Returns the parameter of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }
}

/// A type of values that are numbers.
pub trait Number: Sized {
    /// Converts to a number. A negative value converts to its two's complement.
    fn number(self) -> u64;

    /// Converts from a number. Returns `None` for a number that the type does not have.
    fn from_number(number: u64) -> Option<Self>;
}

/// Implements [`Number`] by conversions of the standard library.
macro_rules! number {
    ($( $type:ty ),+) => {
        $( impl Number for $type {
            fn number(self) -> u64 {
                self.into()
            }

            fn from_number(number: u64) -> Option<Self> {
                number.try_into().ok()
            }
        } )+
    };
}

number!(u16, u32, u64);

impl Number for bool {
    fn number(self) -> u64 {
        self.into()
    }

    fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Number for i16 {
    fn number(self) -> u64 {
        u16::from_le_bytes(self.to_le_bytes()).into()
    }

    fn from_number(number: u64) -> Option<Self> {
        number.try_into().ok()
    }
}

impl Number for Rao {
    fn number(self) -> u64 {
        self.0
    }

    fn from_number(number: u64) -> Option<Self> {
        Some(Rao(number))
    }
}

impl Number for Bps {
    fn number(self) -> u64 {
        self.0.into()
    }

    fn from_number(number: u64) -> Option<Self> {
        u16::from_number(number).map(Bps)
    }
}

impl Number for SplitPreset {
    fn number(self) -> u64 {
        match self {
            SplitPreset::Network => 0,
            SplitPreset::Bittensor => 1,
        }
    }

    fn from_number(number: u64) -> Option<Self> {
        match number {
            0 => Some(SplitPreset::Network),
            1 => Some(SplitPreset::Bittensor),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::MAX_PARAMS;
    use ink::scale::Encode;

    /// Variant numbers are ABI, and keys of storage.
    #[test]
    fn variants_have_the_numbers_of_the_first_release() {
        for (parameter, number) in [
            (Parameter::Tempo, 0),
            (Parameter::Kernel, 1),
            (Parameter::Yuma, 7),
            (Parameter::AlphaLow, 15),
            (Parameter::AlphaHigh, 16),
            (Parameter::CommitReveal, 18),
            (Parameter::Split, 27),
            (Parameter::ServingRateLimit, 35),
        ] {
            assert_eq!(parameter.encode(), [number]);
        }
        for (value, number) in [
            (Hyperparameter::AlphaValues(1, 2), 15),
            (Hyperparameter::AlphaSigmoidSteepness(1), 16),
            (Hyperparameter::Split(SplitPreset::Network), 26),
            (Hyperparameter::ServingRateLimit(1), 34),
        ] {
            assert_eq!(value.encode().first(), Some(&number));
        }
        assert_eq!(Parameter::ALL.len(), 36);
    }

    #[test]
    fn names_are_unique_and_find_their_parameter() {
        for parameter in Parameter::ALL {
            assert_eq!(Parameter::from_name(parameter.name()), Some(*parameter));
        }
        assert_eq!(Parameter::from_name("colour"), None);
    }

    #[test]
    fn a_number_within_its_bounds_makes_a_hyperparameter() {
        let others = [
            "kernel",
            "other_params",
            "yuma_params",
            "alpha_low",
            "alpha_high",
        ];
        for parameter in Parameter::ALL {
            let (min, max) = parameter.bounds();
            for number in [min, max] {
                let made = Hyperparameter::from_number(*parameter, number);
                assert_eq!(made.is_none(), others.contains(&parameter.name()));
                assert!(made.is_none_or(|made| made.parameter() == *parameter));
            }
        }
        assert_eq!(
            Hyperparameter::from_number(Parameter::MaxUids, 65_536),
            None
        );
        assert_eq!(Hyperparameter::from_number(Parameter::Yuma3, 2), None);
    }

    #[test]
    fn numbers_convert_both_ways() {
        assert_eq!((-1i16).number(), 65_535);
        assert_eq!(i16::from_number(32_768), None);
        assert_eq!(i16::from_number(7).map(Number::number), Some(7));
        for split in [SplitPreset::Network, SplitPreset::Bittensor] {
            assert_eq!(SplitPreset::from_number(split.number()), Some(split));
        }
    }

    #[test]
    fn help_is_a_sentence() {
        assert!(Parameter::OtherParams
            .help()
            .contains(&MAX_PARAMS.to_string()));
        for parameter in Parameter::ALL {
            let help = parameter.help();
            assert!(help.ends_with('.') && !help.contains("  "), "{help}");
        }
    }
}
