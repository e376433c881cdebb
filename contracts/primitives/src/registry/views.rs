//! What the registry says of hyperparameters, prices and replacements.

use super::Parameter;
use crate::{AccountId, Rao, Uid};

/// Who may set a hyperparameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Setter {
    /// The subnet's owner, and the admin.
    Owner,
    /// The registry's admin alone.
    Admin,
}

/// In what a number of a [`HyperparameterView`] counts.
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
    /// 65 535ths.
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
    /// Which.
    pub parameter: Parameter,
    /// What it is.
    pub value: u64,
    /// Least value that can be set now.
    pub min: u64,
    /// Largest value that can be set now.
    pub max: u64,
    /// In what it counts.
    pub unit: Unit,
    /// Who may set it.
    pub setter: Setter,
    /// First block, not before the present one, at which its setter may change it.
    pub changes_from: u32,
}

/// What a registration costs, and what comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct RegistrationQuote {
    /// Rao that the next registration burns in this block.
    pub price: Rao,
    /// Rao that the one after it would burn in the same block.
    pub next_price: Rao,
    /// How many more there can be in this block.
    pub left_in_block: u16,
    /// Seats that nobody has taken.
    pub free: u16,
    /// Who gives way where no seat is free; none if all are immune.
    pub replaces: Option<Uid>,
    /// Whether seats can be taken at all.
    pub is_open: bool,
}

/// A neuron that may have to give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct PruneCandidate {
    /// Its uid.
    pub uid: Uid,
    /// Its hotkey.
    pub hotkey: AccountId,
    /// What the last settled epoch paid it.
    pub emission: Rao,
    /// Block of its registration.
    pub registered_at: u32,
    /// Whether it is immune still: such neurons give way only while too few others can.
    pub is_immune: bool,
}
