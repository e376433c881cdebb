//! Why the registry refuses.

use super::Parameter;
use crate::{Digest, Rao, Uid};

/// Errors of the registry. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum RegistryError {
    /// No subnet has this netuid. `subnets` says how many there are.
    UnknownSubnet,
    /// Only the subnet's owner may do this.
    NotOwner,
    /// Only the epoch contract may do this.
    NotEpoch,
    /// The value is outside its bounds, which are both allowed. Use a value within them.
    OutOfBounds {
        /// The field or argument that the value is for.
        field: BoundedField,
        /// The value. A negative one is shown as two's complement.
        value: u64,
        /// Least value allowed.
        min: u64,
        /// Largest value allowed.
        max: u64,
    },
    /// A name is empty or longer than `MAX_NAME` bytes.
    BadName,
    /// The subnet's kernel is not Yuma, so it has no such parameter. Use `OtherParams`.
    NotYuma,
    /// The hotkey has a seat on this subnet already.
    AlreadyRegistered(Uid),
    /// Another coldkey registered this hotkey first. Use another hotkey.
    NotHotkeyOwner,
    /// The registration price is above the caller's limit: the price now.
    PriceAbove(Rao),
    /// The subnet is full and every neuron is immune. Try again later.
    AllImmune,
    /// The payment failed: balance or allowance for this contract is below the price.
    Payment(Rao),
    /// The epoch to close is not the open one: the open one.
    WrongEpoch(u32),
    /// The epoch asked for is no longer kept.
    TooOld,
    /// No more subnets, generations or kernels can be numbered.
    Exhausted,
    /// Only the admin may do this. `admin` says who it is.
    NotAdmin,
    /// The kernel is not on the list of allowed ones, or retired. `kernels` lists them.
    KernelNotAllowed,
    /// The code at the kernel's address has not the hash given: the hash it has, none without a
    /// contract there. Give the hash of what you have looked at.
    KernelCode(Option<Digest>),
    /// The address is listed with another code hash: that hash. Deploy the new code at an address
    /// of its own.
    KernelListed(Digest),
    /// Nothing was created or registered: too soon after the last time, or too many in this block.
    /// The first block at which it can be tried again.
    TooSoon(u32),
    /// An owner may change this parameter again from this block on.
    Cooldown(u32),
    /// Parameters do not change shortly before an epoch may close. They may again from this block
    /// on.
    Frozen(u32),
    /// The network decides this parameter: only the admin may set it. `hyperparameters` says whose
    /// each one is.
    SetByAdmin,
    /// The subnet takes no registrations now. Its owner may allow them with `RegistrationAllowed`.
    RegistrationClosed,
    /// The subnet was started before: at this block.
    AlreadyStarted(u32),
    /// The subnet was not offered to the caller. Its owner offers it with `offer_subnet`.
    NotOffered,
    /// The subnet is retired since this block: nothing begins on it any more. Stake can be taken
    /// back.
    Retired(u32),
    /// The network is full, and every subnet is immune: the first block at which one is not.
    NetworkFull(u32),
    /// Governance does not let subnets choose this split.
    SplitNotAllowed,
    /// The caller has no seat on the subnet. The hotkey of a neuron calls.
    NotSeated,
    /// The host is no address that others can reach, or no host name.
    BadHost,
    /// The neuron shows nothing.
    NothingServed,
}

/// A field or argument whose value has bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum BoundedField {
    /// A hyperparameter. `OtherParams` is counted in bytes.
    Hyperparameter(Parameter),
    /// `NetworkRules::min_lock`, in rao.
    MinLock,
    /// `NetworkRules::lock_interval`, in blocks.
    LockInterval,
    /// `NetworkRules::subnet_limit`.
    SubnetLimit,
    /// `NetworkRules::nominator_min`, in rao.
    NominatorMin,
    /// `NetworkRules::serving_deposit`, in rao.
    ServingDeposit,
    /// `NetworkRules::swap_fee`, in rao.
    SwapFee,
    /// A text of a subnet's identity, in bytes.
    Identity,
    /// A subnet's symbol, in bytes.
    Symbol,
    /// The port of an endpoint.
    Port,
    /// The data of a commitment, in bytes.
    Commitment,
    /// The number of an epoch.
    Epoch,
    /// A uid.
    Uid,
    /// A number of uids.
    UidCount,
}

impl From<Parameter> for BoundedField {
    fn from(parameter: Parameter) -> Self {
        Self::Hyperparameter(parameter)
    }
}
