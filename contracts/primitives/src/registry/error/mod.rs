//! Errors of the registry.

#[cfg(feature = "std")]
mod text;

use super::Parameter;
use crate::{Digest, Rao, Uid};

/// Errors of the registry. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum RegistryError {
    /// The subnet does not exist. Check the netuid.
    UnknownSubnet,
    /// The caller does not own the subnet. Sign with the owner's account.
    NotOwner,
    /// The caller is not the epoch contract. Other accounts cannot call this message.
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
    /// The name is empty or longer than 64 bytes. Use 1 to 64 bytes.
    BadName,
    /// The subnet's kernel is not Yuma and has no such parameter. Set `OtherParams` instead.
    NotYuma,
    /// The subnet's kernel takes Yuma's parameters, no bytes. Set Yuma's parameters instead.
    IsYuma,
    /// The hotkey is already registered on this subnet, on this uid. Use another hotkey.
    AlreadyRegistered(Uid),
    /// The hotkey belongs to another coldkey, or the new hotkey of a swap already has an owner.
    /// Use another hotkey.
    NotHotkeyOwner,
    /// This price, in rao, is above the caller's limit. Raise the limit, or wait until the price
    /// falls.
    PriceAbove(Rao),
    /// The subnet is full and every neuron is immune. Try again when a neuron's immunity is over.
    AllImmune,
    /// The caller's balance, or allowance for this contract, is below this amount in rao. Get more
    /// TAO, or approve the amount.
    Payment(Rao),
    /// The epoch to close is not the open one, which is this epoch. Close the open epoch.
    WrongEpoch(u32),
    /// The state of the epoch is no longer stored. Use a later epoch.
    TooOld,
    /// No further subnet, registration or kernel can be numbered. Use one that exists.
    Exhausted,
    /// The caller is not the admin. Sign with the admin's account.
    NotAdmin,
    /// The kernel is not on the list of allowed kernels, or is retired. Choose one that `kernels`
    /// returns.
    KernelNotAllowed,
    /// The code at the kernel's address has this hash, or there is no contract. Check the code,
    /// then give its hash.
    KernelCode(Option<Digest>),
    /// The address is on the list with this code hash. Deploy the new code at another address.
    KernelListed(Digest),
    /// The last time was too recent, or the block has too many registrations. Try again from this
    /// block on.
    TooSoon(u32),
    /// The owner changed this hyperparameter recently. Try again from this block on.
    Cooldown(u32),
    /// Only the admin may set this hyperparameter. `hyperparameters` returns who may set which.
    SetByAdmin,
    /// Registrations are off on this subnet. The admin can turn them on with
    /// `RegistrationAllowed`.
    RegistrationClosed,
    /// The subnet was started at this block. There is nothing left to do.
    AlreadyStarted(u32),
    /// The subnet is not offered to the caller. The owner must call `offer_subnet` first.
    NotOffered,
    /// The subnet was retired at this block. Use another subnet; stake can still be removed.
    Retired(u32),
    /// The network is full and every subnet is immune. Try again from this block on.
    NetworkFull(u32),
    /// The rules of the network do not allow this split. Use the network's split.
    SplitNotAllowed,
    /// The hotkey has no neuron on this subnet. Register the hotkey, or use a neuron's hotkey.
    NotSeated,
    /// The host is not a public address or a valid host name. Use a host that others can reach.
    BadHost,
    /// The neuron serves nothing. There is nothing to stop.
    NothingServed,
    /// The hotkey has not agreed to belong to the coldkey. Send `agree` from the hotkey first, or
    /// pass a signature of the hotkey.
    NotAgreed,
    /// The hotkey has an owner already and cannot agree to another. Use another hotkey.
    HotkeyOwned,
    /// The change is announced and counts from this block on. Try again then.
    Announced(u32),
    /// Nothing is announced. There is nothing to cancel.
    NothingAnnounced,
    /// The subnet's epochs close, so only its owner chooses the kernel. The admin may choose it
    /// after three epochs without pay, or when no epoch closes for 1500 blocks.
    KernelByOwner,
    /// The admin's role is not offered to the caller. The admin must call `offer_admin` first.
    AdminNotOffered,
    /// The admin has stopped new seats and subnets until this block. Try again then.
    Braked(u32),
    /// The network is closed down from this block on. Withdraw locks and stake.
    ClosedDown(u32),
    /// The network is not closed down. Locks stay while subnets run.
    NotClosedDown,
    /// The token did not accept the successor. Check that the token names this registry.
    Token,
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
    /// `NetworkRules::creation_interval`, in blocks.
    CreationInterval,
    /// `NetworkRules::subnet_immunity`, in blocks.
    SubnetImmunity,
    /// End of a brake, a block.
    Brake,
    /// `NetworkRules::nominator_min`, in rao.
    NominatorMin,
    /// `NetworkRules::serving_deposit`, in rao.
    ServingDeposit,
    /// `NetworkRules::swap_fee`, in rao.
    SwapFee,
    /// A field of a subnet's identity, in bytes.
    Identity,
    /// A subnet's symbol, in bytes.
    Symbol,
    /// The port of an endpoint.
    Port,
    /// The data of a commitment, in bytes.
    Commitment,
    /// The number of an epoch.
    Epoch,
    /// A uid, or the end of a range of uids.
    Uid,
    /// A number of uids.
    UidCount,
}

impl From<Parameter> for BoundedField {
    fn from(parameter: Parameter) -> Self {
        Self::Hyperparameter(parameter)
    }
}
