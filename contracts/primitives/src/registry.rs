//! Subnets, their hyperparameters, and who sits on which uid.

mod kernels;

pub use kernels::{AdminChanged, KernelAllowed, KernelEntry, KernelRetired, MAX_KERNELS};

use crate::{
    kernel::{NeuronResult, YumaParams},
    token::WireError,
    AccountId, Digest, NetUid, Rao, Uid,
};
use ink::prelude::{string::String, vec::Vec};

/// Bytes a subnet's name may have.
pub const MAX_NAME: usize = 64;

/// A subnet: who owns it, how it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Subnet {
    /// What people call it.
    pub name: String,
    /// The account that may set its hyperparameters and gets the owner's cut.
    pub owner: AccountId,
    /// The owner's hotkey: its neuron always has a permit, and the cut is staked on it.
    pub owner_hotkey: AccountId,
    /// Block of its creation.
    pub created_at: u32,
    /// The open epoch: writes of now belong to it.
    pub epoch: u32,
    /// Blocks per epoch.
    pub tempo: u32,
    /// The kernel that computes its epochs.
    pub kernel: AccountId,
    /// Seats.
    pub max_uids: u16,
    /// Permits given out per epoch, the owner's not counted.
    pub max_validators: u16,
    /// Seats taken.
    pub neurons: u16,
    /// Blocks during which a new neuron cannot be replaced.
    pub immunity_period: u32,
    /// Rao burned by the next registration.
    pub registration_price: Rao,
    /// What the kernel is told.
    pub params: KernelParams,
}

/// Parameters handed to a subnet's kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum KernelParams {
    /// For the Yuma kernel, with bounds checked by the registry.
    Yuma(YumaParams),
    /// For any other kernel: bytes that only it understands.
    Other(Vec<u8>),
}

impl KernelParams {
    /// Whether both are for Yuma, or both for other kernels.
    pub fn is_like(&self, other: &Self) -> bool {
        let is_yuma = |params: &Self| matches!(params, KernelParams::Yuma(_));
        is_yuma(self) == is_yuma(other)
    }
}

/// One hyperparameter and the value to give it. Bounds are stated per variant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Hyperparameter {
    /// Blocks per epoch, `1 ..= 50 400`.
    Tempo(u32),
    /// The kernel's address, which must be on the list of allowed ones and not retired. Parameters stay if they are of
    /// the kind that the kernel's defaults are of, Yuma's or other bytes; else the defaults replace them.
    Kernel(AccountId),
    /// Seats, at least the seats taken, at most `MAX_UIDS`.
    MaxUids(u16),
    /// Permits, `1 ..= MAX_VALIDATORS`.
    MaxValidators(u16),
    /// Immunity in blocks, at most 1 000 000.
    ImmunityPeriod(u32),
    /// Price of a registration in rao, `1 ..= 1000 TAO`.
    RegistrationPrice(Rao),
    /// Bytes for a kernel other than Yuma, at most `MAX_PARAMS`. Replaces the Yuma parameters.
    OtherParams(Vec<u8>),
    /// All Yuma parameters at once, each within the bounds below. Replaces another kernel's bytes.
    Yuma(YumaParams),
    /// `1 ..= 1 000 000` blocks.
    ActivityCutoff(u64),
    /// Any amount up to the cap of TAO.
    MinStake(Rao),
    /// Any.
    Kappa(u16),
    /// Any.
    BondsPenalty(u16),
    /// `0 ..= 1 000 000` millionths.
    BondsMovingAverage(u64),
    /// Yuma3 or Yuma2.
    Yuma3(bool),
    /// Liquid alpha on or off.
    LiquidAlpha(bool),
    /// `(low, high)` with `1638 <= low <= high`.
    AlphaValues(u16, u16),
    /// Not negative.
    AlphaSigmoidSteepness(i16),
    /// The commit-reveal mask on or off.
    CommitReveal(bool),
}

/// Who sits on a uid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Neuron {
    /// Signs weights; serves.
    pub hotkey: AccountId,
    /// Owns the hotkey: registered it, and is paid.
    pub coldkey: AccountId,
    /// Block of the registration.
    pub registered_at: u32,
    /// Epoch that was open at the registration.
    pub registered_epoch: u32,
    /// Number of this registration on its subnet; never used twice. Nothing set for one generation of a uid
    /// passes to the next.
    pub generation: u32,
}

/// Where a hotkey sits now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Seat {
    /// Its uid.
    pub uid: Uid,
    /// Its neuron's generation.
    pub generation: u32,
    /// Epoch that was open when it registered: a seat taken after the last final epoch has no permit yet.
    pub registered_epoch: u32,
    /// Seats taken on the subnet.
    pub neurons: u16,
    /// The open epoch.
    pub epoch: u32,
}

/// Since when, and as which registration, a neuron has its uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Tenure {
    /// Its generation.
    pub generation: u32,
    /// Epoch that was open when it registered.
    pub registered_epoch: u32,
}

/// A neuron with its last scores: a line of the metagraph.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct NeuronView {
    /// The uid.
    pub uid: Uid,
    /// Who sits there.
    pub neuron: Neuron,
    /// What the last settled epoch found for it; all zero for a newcomer.
    pub score: NeuronResult,
}

/// What an epoch freezes of a subnet when it closes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct SubnetSnapshot {
    /// Number of neurons.
    pub neurons: u16,
    /// The owner's neuron.
    pub owner_uid: Option<Uid>,
    /// The subnet as of the close.
    pub subnet: Subnet,
    /// The kernel's parameters as it reads them.
    pub params: Vec<u8>,
    /// The code that the kernel was allowed with.
    pub kernel_code: Digest,
}

/// Who may be staked on, and by whom it is owned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct HotkeyStatus {
    /// The subnet exists.
    pub subnet_exists: bool,
    /// Owner of the hotkey, if it has ever registered anywhere or is a subnet owner's.
    pub owner: Option<AccountId>,
}

/// The contracts that the registry works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct RegistryPeers {
    /// TAO.
    pub token: AccountId,
    /// Closes epochs and records scores, once it is named.
    pub epoch: Option<AccountId>,
}

/// The registry.
#[ink::trait_definition]
pub trait Registry {
    /// Names the epoch contract, once. Only the deployer; afterwards nobody can.
    ///
    /// # Errors
    /// `NotDeployer`, `AlreadyWired`.
    #[ink(message)]
    fn wire(&mut self, epoch: AccountId) -> Result<(), WireError>;

    /// Lets subnets choose `kernel`, whose code must have `code_hash` now. A subnet that has no parameters for it begins
    /// with `defaults`. Allowing it again lifts its retirement and replaces the defaults. Only the admin.
    ///
    /// # Errors
    /// `NotAdmin`, `OutOfBounds` for the defaults, `KernelCode` with what is at the address, `KernelListed` with the code
    /// hash it was allowed with before, `Exhausted` when `MAX_KERNELS` are listed.
    #[ink(message)]
    fn allow_kernel(
        &mut self,
        kernel: AccountId,
        code_hash: Digest,
        defaults: KernelParams,
    ) -> Result<(), RegistryError>;

    /// Lets no more subnets choose `kernel`. Those that run it keep it, so nobody can stop a subnet's epochs. Only the admin.
    ///
    /// # Errors
    /// `NotAdmin`, `KernelNotAllowed` if it is not listed or retired already.
    #[ink(message)]
    fn retire_kernel(&mut self, kernel: AccountId) -> Result<(), RegistryError>;

    /// Hands the admin's role on. Only the admin, at first the deployer.
    ///
    /// # Errors
    /// `NotAdmin`.
    #[ink(message)]
    fn set_admin(&mut self, admin: AccountId) -> Result<(), RegistryError>;

    /// Who decides which kernels are allowed, and nothing else.
    #[ink(message)]
    fn admin(&self) -> AccountId;

    /// What is listed of the kernel at `address`.
    #[ink(message)]
    fn kernel(&self, address: AccountId) -> Option<KernelEntry>;

    /// All kernels ever allowed, in the order in which they were, retired ones too.
    #[ink(message)]
    fn kernels(&self) -> Vec<AccountId>;

    /// Creates a subnet with default hyperparameters, owned by the caller, who burns the creation price
    /// (approve it for this contract first). Returns its netuid; the first is 1. `owner_hotkey` becomes the caller's, if it is
    /// nobody's yet: nobody else can then take the seat that always has a permit.
    ///
    /// # Errors
    /// `BadName`, `OutOfBounds` for tempo, seats or permits, `KernelNotAllowed`, `NotHotkeyOwner`, `Payment`.
    #[ink(message)]
    fn create_subnet(
        &mut self,
        name: String,
        owner_hotkey: AccountId,
        kernel: AccountId,
        tempo: u32,
        max_uids: u16,
        max_validators: u16,
    ) -> Result<NetUid, RegistryError>;

    /// Sets one hyperparameter. Only the subnet's owner. It counts from the open epoch on.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds`, `KernelNotAllowed`, `NotYuma` for a Yuma parameter of another kernel's
    /// subnet.
    #[ink(message)]
    fn set_hyperparameter(
        &mut self,
        netuid: NetUid,
        value: Hyperparameter,
    ) -> Result<(), RegistryError>;

    /// Gives `hotkey` a seat, owned by the caller, who burns the registration price (approve it first).
    /// On a full subnet it replaces the neuron of lowest emission that is not immune; among equals the older,
    /// then the lower uid.
    ///
    /// # Errors
    /// `UnknownSubnet`, `AlreadyRegistered`, `NotHotkeyOwner`, `PriceAbove`, `AllImmune`, `Payment`.
    #[ink(message)]
    fn register(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        max_price: Rao,
    ) -> Result<Uid, RegistryError>;

    /// Called by the epoch contract at close: freezes the subnet and opens epoch `closing + 1`.
    ///
    /// # Errors
    /// `NotEpoch`, `UnknownSubnet`, `WrongEpoch`.
    #[ink(message)]
    fn begin_epoch(
        &mut self,
        netuid: NetUid,
        closing: u32,
    ) -> Result<SubnetSnapshot, RegistryError>;

    /// Called by the epoch contract at settle: records scores of `epoch` from uid `start` on, which must not cross a page.
    /// A neuron that took its seat later keeps its zero score.
    ///
    /// # Errors
    /// `NotEpoch`, `UnknownSubnet`, `OutOfBounds`, `TooOld`.
    #[ink(message)]
    fn record_scores(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        scores: Vec<NeuronResult>,
    ) -> Result<(), RegistryError>;

    /// The subnet.
    #[ink(message)]
    fn subnet(&self, netuid: NetUid) -> Option<Subnet>;

    /// Number of subnets; netuids run from 1 to this.
    #[ink(message)]
    fn subnets(&self) -> u16;

    /// Rao burned by creating a subnet.
    #[ink(message)]
    fn creation_price(&self) -> Rao;

    /// The other contracts.
    #[ink(message)]
    fn peers(&self) -> RegistryPeers;

    /// Where `hotkey` sits on `netuid`.
    #[ink(message)]
    fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat>;

    /// Who sits on `uid` now.
    #[ink(message)]
    fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron>;

    /// Who sat on the `count` uids from `start` at the end of `epoch`; they must not cross a page.
    ///
    /// # Errors
    /// `UnknownSubnet`, `OutOfBounds` beyond the page or the seats taken then, `TooOld`.
    #[ink(message)]
    fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, RegistryError>;

    /// The tenures of the neurons that sat on `uids` at the end of `epoch`: one call for a whole roster, whose uids are
    /// spread over all pages. `uids` ascend; at most `MAX_VALIDATORS + 1`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `OutOfBounds` beyond the seats taken then or for too many uids, `TooOld`.
    #[ink(message)]
    fn tenures_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        uids: Vec<Uid>,
    ) -> Result<Vec<Tenure>, RegistryError>;

    /// Page `page` (64 uids) of the metagraph.
    #[ink(message)]
    fn metagraph(&self, netuid: NetUid, page: u16) -> Vec<NeuronView>;

    /// Who owns `hotkey`: the account that first registered it anywhere, or created a subnet with it.
    #[ink(message)]
    fn owner_of(&self, hotkey: AccountId) -> Option<AccountId>;

    /// Whether `netuid` exists, and who owns `hotkey`; one call for the staking contract.
    #[ink(message)]
    fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus;
}

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
    /// A value is outside its bounds, which are both allowed. A negative value is given as two's complement.
    OutOfBounds {
        /// What was given.
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
    /// The code at the kernel's address has not the hash given: the hash it has, none without a contract there.
    /// Give the hash of what you have looked at.
    KernelCode(Option<Digest>),
    /// The address is listed with another code hash: that hash. Deploy the new code at an address of its own.
    KernelListed(Digest),
}

/// A subnet came to be.
#[ink::event]
pub struct SubnetCreated {
    /// Its number.
    #[ink(topic)]
    pub netuid: NetUid,
    /// Its owner.
    #[ink(topic)]
    pub owner: AccountId,
    /// Rao burned for it.
    pub price: Rao,
}

/// A hyperparameter has a new value.
#[ink::event]
pub struct HyperparameterSet {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The parameter and its value.
    pub value: Hyperparameter,
}

/// A hotkey took a seat.
#[ink::event]
pub struct NeuronRegistered {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The hotkey.
    #[ink(topic)]
    pub hotkey: AccountId,
    /// Its owner.
    #[ink(topic)]
    pub coldkey: AccountId,
    /// Its seat.
    pub uid: Uid,
    /// Whom it replaced.
    pub replaced: Option<AccountId>,
    /// Rao burned.
    pub price: Rao,
}
