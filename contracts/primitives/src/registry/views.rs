//! Answers about registrations, replacements and scores.

use super::Neuron;
use crate::{kernel::NeuronResult, AccountId, Rao, Uid};

/// A neuron with its last scores: a line of the metagraph.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct NeuronView {
    /// The uid.
    pub uid: Uid,
    /// The neuron on the uid.
    pub neuron: Neuron,
    /// Result of the last settled epoch, all zero for a newcomer.
    pub score: NeuronResult,
    /// Pay in rao that is owed to the neuron's owner: incentive and take. `Epochs::collect` stakes
    /// it.
    pub owed: Rao,
}

/// The price of the next registration, and the seat that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct RegistrationQuote {
    /// Price of the next registration in this block, in rao.
    pub price: Rao,
    /// Price of the registration after that in the same block, in rao.
    pub next_price: Rao,
    /// Number of registrations that are left in this block.
    pub left_in_block: u16,
    /// Number of free seats.
    pub free: u16,
    /// The uid that is replaced if no seat is free. Absent if every neuron is immune.
    pub replaces: Option<Uid>,
    /// True if registrations are allowed.
    pub is_open: bool,
}

/// A neuron that a registration on a full subnet may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct PruneCandidate {
    /// The uid.
    pub uid: Uid,
    /// The hotkey.
    pub hotkey: AccountId,
    /// Emission of the neuron in the last settled epoch, in rao.
    pub emission: Rao,
    /// Block of the registration.
    pub registered_at: u32,
    /// True if the neuron is immune. Immune neurons are replaced only while too few others can be.
    pub is_immune: bool,
}
