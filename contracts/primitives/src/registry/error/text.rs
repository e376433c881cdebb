//! Texts of the registry's errors, for people. Not part of a contract.

use super::{BoundedField, RegistryError};
use crate::{
    hash::hex,
    registry::{Parameter, Unit, STUCK_AFTER},
    Rao,
};
use core::fmt;

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownSubnet => write!(f, "the subnet does not exist; check the netuid"),
            Self::NotOwner => write!(
                f,
                "the caller does not own the subnet; sign with the owner's account"
            ),
            Self::NotEpoch => write!(
                f,
                "the caller is not the epoch contract; other accounts cannot call this message"
            ),
            Self::OutOfBounds {
                field,
                value,
                min,
                max,
            } => out_of_bounds(f, *field, *value, *min, *max),
            Self::BadName => write!(
                f,
                "the name is empty or longer than 64 bytes; use 1 to 64 bytes"
            ),
            Self::NotYuma => write!(
                f,
                "the subnet's kernel is not Yuma and has no such parameter; set other_params \
                 instead"
            ),
            Self::IsYuma => write!(
                f,
                "the subnet's kernel takes Yuma's parameters, no bytes; set Yuma's parameters \
                 instead"
            ),
            Self::AlreadyRegistered(uid) => write!(
                f,
                "the hotkey is already registered on this subnet, on uid {uid}; use another hotkey"
            ),
            Self::NotHotkeyOwner => write!(
                f,
                "the hotkey belongs to another coldkey, or the new hotkey of a swap already has \
                 an owner; use another hotkey"
            ),
            Self::PriceAbove(price) => write!(
                f,
                "the price of {price} is above the caller's limit; raise the limit, or wait until \
                 the price falls"
            ),
            Self::AllImmune => write!(
                f,
                "the subnet is full and every neuron is immune; try again when a neuron's \
                 immunity is over"
            ),
            Self::Payment(amount) => write!(
                f,
                "the caller's balance, or allowance for the registry, is below {amount}; get more \
                 TAO, or approve the amount"
            ),
            Self::WrongEpoch(open) => {
                write!(f, "epoch {open} is the open one; close epoch {open}")
            }
            Self::TooOld => write!(
                f,
                "the state of the epoch is no longer stored; use a later epoch"
            ),
            Self::Exhausted => write!(
                f,
                "no further subnet, registration or kernel can be numbered; use one that exists"
            ),
            Self::NotAdmin => write!(
                f,
                "the caller is not the admin; sign with the admin's account"
            ),
            Self::KernelNotAllowed => write!(
                f,
                "the kernel is not on the list of allowed kernels, or is retired; choose one of \
                 the list"
            ),
            Self::KernelCode(None) => write!(
                f,
                "there is no contract at the kernel's address; check the address"
            ),
            Self::KernelCode(Some(hash)) => write!(
                f,
                "the code at the kernel's address has the hash {}; check the code, then give its \
                 hash",
                hex(hash)
            ),
            Self::KernelListed(hash) => write!(
                f,
                "the address is on the list with the code hash {}; deploy the new code at another \
                 address",
                hex(hash)
            ),
            Self::TooSoon(block) => write!(
                f,
                "not before block {block}: the last time was too recent; try again then"
            ),
            Self::Cooldown(block) => write!(
                f,
                "not before block {block}: the owner changed this hyperparameter recently; try \
                 again then"
            ),
            Self::SetByAdmin => write!(
                f,
                "only the admin may set this hyperparameter; the list of hyperparameters has who \
                 may set which"
            ),
            Self::RegistrationClosed => write!(
                f,
                "registrations are off on this subnet; the admin can turn them on"
            ),
            Self::AlreadyStarted(block) => write!(
                f,
                "the subnet was started at block {block}; there is nothing left to do"
            ),
            Self::NotOffered => write!(
                f,
                "the subnet is not offered to the caller; the owner must offer the subnet first"
            ),
            Self::Retired(block) => write!(
                f,
                "the subnet was retired at block {block}; use another subnet, and remove stake \
                 from this one"
            ),
            Self::NetworkFull(block) => write!(
                f,
                "not before block {block}: the network is full and every subnet is immune; try \
                 again then"
            ),
            Self::SplitNotAllowed => write!(
                f,
                "the rules of the network do not allow this split; use the network's split"
            ),
            Self::NotSeated => write!(
                f,
                "the hotkey has no neuron on this subnet; register the hotkey, or use a neuron's \
                 hotkey"
            ),
            Self::BadHost => write!(
                f,
                "the host is not a public address or a valid host name; use a host that others \
                 can reach"
            ),
            Self::NothingServed => {
                write!(f, "the neuron serves nothing; there is nothing to stop")
            }
            Self::NotAgreed => write!(
                f,
                "the hotkey has not agreed to belong to the coldkey; send agree from the hotkey \
                 first, or pass a signature of the hotkey"
            ),
            Self::HotkeyOwned => write!(
                f,
                "the hotkey has an owner already and cannot agree to another; use another hotkey"
            ),
            Self::Announced(block) => write!(
                f,
                "not before block {block}: the change is announced and counts from then on; try \
                 again then"
            ),
            Self::NothingAnnounced => {
                write!(f, "nothing is announced; there is nothing to cancel")
            }
            Self::KernelByOwner => write!(
                f,
                "the subnet's epochs close, so only its owner chooses the kernel; the admin may \
                 after three epochs without pay, or when no epoch closes for {STUCK_AFTER} blocks"
            ),
            Self::AdminNotOffered => write!(
                f,
                "the admin's role is not offered to the caller; the admin must offer it first"
            ),
            Self::Braked(block) => write!(
                f,
                "not before block {block}: the admin has stopped new seats and subnets; try again \
                 then"
            ),
            Self::ClosedDown(block) => write!(
                f,
                "the network is closed down from block {block} on; withdraw locks and stake"
            ),
            Self::NotClosedDown => write!(
                f,
                "the network is not closed down; locks stay while subnets run"
            ),
            Self::Token => write!(
                f,
                "the token did not accept the successor; check that the token names this registry"
            ),
        }
    }
}

/// Writes that `value` of `field` is outside `min ..= max`, in the unit of the field.
fn out_of_bounds(
    f: &mut fmt::Formatter<'_>,
    field: BoundedField,
    value: u64,
    min: u64,
    max: u64,
) -> fmt::Result {
    let name = field.name();
    match Kind::of(field) {
        Kind::Bytes => write!(
            f,
            "{name} has {value} bytes, more than the limit of {max}; shorten it"
        ),
        Kind::Amount => {
            let (value, min, max) = (Rao(value), Rao(min), Rao(max));
            write!(
                f,
                "{name} is {value}, which is not within {min} and {max}; use an amount within \
                 these bounds"
            )
        }
        Kind::Signed => {
            // A negative value comes as two's complement of 16 bits.
            let [low, high, ..] = value.to_le_bytes();
            let value = i16::from_le_bytes([low, high]);
            write!(
                f,
                "{name} is {value}, which is not within {min} and {max}; use a value within these \
                 bounds"
            )
        }
        Kind::Number => write!(
            f,
            "{name} is {value}, which is not within {min} and {max}; use a value within these \
             bounds"
        ),
    }
}

/// The unit of a field's value.
enum Kind {
    Number,
    Signed,
    Amount,
    Bytes,
}

impl Kind {
    fn of(field: BoundedField) -> Self {
        match field {
            BoundedField::Hyperparameter(parameter) => match parameter {
                Parameter::OtherParams => Self::Bytes,
                Parameter::AlphaSigmoidSteepness => Self::Signed,
                other if other.unit() == Some(Unit::Rao) => Self::Amount,
                _ => Self::Number,
            },
            BoundedField::MinLock
            | BoundedField::NominatorMin
            | BoundedField::ServingDeposit
            | BoundedField::SwapFee => Self::Amount,
            BoundedField::Identity | BoundedField::Symbol | BoundedField::Commitment => Self::Bytes,
            BoundedField::LockInterval
            | BoundedField::SubnetLimit
            | BoundedField::CreationInterval
            | BoundedField::SubnetImmunity
            | BoundedField::Brake
            | BoundedField::Port
            | BoundedField::Epoch
            | BoundedField::Uid
            | BoundedField::UidCount => Self::Number,
        }
    }
}

impl BoundedField {
    /// Returns the name of the field in an error's text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hyperparameter(parameter) => parameter.name(),
            Self::MinLock => "min_lock",
            Self::LockInterval => "lock_interval",
            Self::SubnetLimit => "subnet_limit",
            Self::CreationInterval => "creation_interval",
            Self::SubnetImmunity => "subnet_immunity",
            Self::Brake => "the end of the brake",
            Self::NominatorMin => "nominator_min",
            Self::ServingDeposit => "serving_deposit",
            Self::SwapFee => "swap_fee",
            Self::Identity => "a field of the identity",
            Self::Symbol => "the symbol",
            Self::Port => "the port",
            Self::Commitment => "the commitment",
            Self::Epoch => "the epoch",
            Self::Uid => "the uid",
            Self::UidCount => "the number of uids",
        }
    }
}
