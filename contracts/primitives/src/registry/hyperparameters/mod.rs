//! Hyperparameters: the settings of one subnet, from one table.
//!
//! A row of the table (`hyperparameters!`) makes a variant of [`Hyperparameter`] and of
//! [`Parameter`], a name, help, unit, setter and bounds, and a place in a subnet. The registry
//! contract reads and writes its storage by the same rows. Clients take names, help and units from
//! here. So a new hyperparameter is a new row at the end, and a field in `Terms` or `YumaParams`
//! for its value.

#[macro_use]
mod table;

use crate::{
    emission::SplitPreset, kernel::YumaParams, registry::MAX_IMMUNE_OWNERS, AccountId, Bps, Rao,
    MAX_UIDS, MAX_VALIDATORS,
};
use ink::prelude::vec::Vec;

/// Longest tempo and longest rate limit: a week of blocks of 12 seconds.
const WEEK: u64 = 50_400;
/// Longest period of immunity and of activity: some five months of blocks of 12 seconds.
const MAX_BLOCKS: u64 = 1_000_000;
/// Largest inertia of bonds, in millionths. Source: subtensor-reference.md 6.1.
const MOST_INERTIA: u64 = 975_000;
/// Most registrations in a block: an owner cannot replace all neurons of a subnet in one block.
const MOST_REGISTRATIONS: u64 = 4;
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

/// The account that may set a hyperparameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Setter {
    /// The subnet's owner, or the admin.
    Owner,
    /// The admin alone.
    Admin,
}

/// The unit of a hyperparameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Unit {
    /// A plain number.
    Number,
    /// Rao.
    Rao,
    /// Blocks.
    Blocks,
    /// Epochs.
    Epochs,
    /// Basis points.
    Bps,
    /// 65535ths.
    U16Ratio,
    /// Millionths.
    Millionths,
    /// 0 for no, 1 for yes.
    Flag,
}

/// A hyperparameter whose value is a number: all but the kernel and the bytes of kernels other than
/// Yuma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct HyperparameterView {
    /// The hyperparameter.
    pub parameter: Parameter,
    /// The value.
    pub value: u64,
    /// The value from the next epoch on, if it is another one.
    pub next: Option<u64>,
    /// Least value that can be set now.
    pub min: u64,
    /// Largest value that can be set now.
    pub max: u64,
    /// Unit of value, minimum and maximum.
    pub unit: Unit,
    /// The account that may set the hyperparameter.
    pub setter: Setter,
    /// First block, from the current one on, at which the setter may change the value.
    pub changes_from: u32,
}

/// Defines both enums and what the table states about their variants.
macro_rules! define {
    ($( $variant:ident $types:tt $help:tt {
        $( $parameter:ident $name:tt $setter:ident $number:tt )+
    } )+) => {
        /// One hyperparameter with the value to set. Variant order is ABI: append only.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[ink::scale_derive(Encode, Decode, TypeInfo)]
        #[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
        pub enum Hyperparameter {
            $( #[doc = $help] $variant $types, )+
        }

        /// The name of a hyperparameter: a variant of `Hyperparameter` without the value. Variant
        /// order is ABI: append only.
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
                    $( $(
                        Parameter::$parameter => one_number!($variant $types $number, number),
                    )+ )+
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
mod tests;
