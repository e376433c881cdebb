//! Subnets, their hyperparameters, and who sits on which uid.

mod error;
mod events;
mod kernels;
mod network;
mod serving;
mod terms;
mod views;

pub use error::{BoundedField, RegistryError};
pub use events::{
    HotkeySwapped, HyperparameterSet, IdentitySet, NetworkRulesSet, NeuronRegistered,
    SubnetCreated, SubnetOffered, SubnetRetired, SubnetStarted, SubnetTransferred,
};
pub use kernels::{AdminChanged, KernelAllowed, KernelEntry, KernelRetired, MAX_KERNELS};

use crate::{
    emission::SplitPreset,
    kernel::{NeuronResult, YumaParams},
    token::WireError,
    AccountId, Bps, Digest, NetUid, Rao, Uid,
};
use ink::prelude::{string::String, vec::Vec};

pub use network::{NetworkRules, SubnetIdentity, MAX_IDENTITY_FIELD, MAX_SYMBOL, SWAP_INTERVAL};
pub use serving::{
    Axon, AxonServed, Commitment, CommitmentKind, CommitmentMade, Host, Prometheus,
    PrometheusServed, ServingStopped, ServingView, MAX_COMMITMENT, MAX_HOST,
};
pub use terms::{PruningTerms, RegistrationTerms, Terms, WeightTerms, MAX_IMMUNE_OWNERS};
pub use views::{HyperparameterView, Parameter, PruneCandidate, RegistrationQuote, Setter, Unit};

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
    /// Short sign for it, such as a Greek letter; empty if it has none.
    pub symbol: String,
    /// Block of its creation.
    pub created_at: u32,
    /// Block from which its epochs run; none before its owner has started it.
    pub started_at: Option<u32>,
    /// Block at which it gave way to another subnet.
    pub retired_at: Option<u32>,
    /// Rao that its owner locked to create it, held by the registry until it is retired.
    pub lock: Rao,
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
    /// Rao burned by the next registration, as of now.
    pub registration_price: Rao,
    /// On what terms seats are taken and lost, weights are set and budgets divided.
    pub terms: Terms,
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
    /// The kernel's address, which must be on the list of allowed ones and not retired. Parameters
    /// stay if they are of the kind that the kernel's defaults are of, Yuma's or other bytes;
    /// else the defaults replace them.
    Kernel(AccountId),
    /// Seats, at least the seats taken, at most `MAX_UIDS`.
    MaxUids(u16),
    /// Permits, `1 ..= MAX_VALIDATORS`.
    MaxValidators(u16),
    /// Immunity in blocks, at most 1 000 000.
    ImmunityPeriod(u32),
    /// The price of the next registration in rao, from `MinBurn` to `MaxBurn`. It goes on from
    /// there.
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
    /// Least price of a registration in rao, from 1 up to below 1 TAO and at most `MaxBurn`.
    MinBurn(Rao),
    /// Largest price of a registration in rao, from 0.1 TAO and `MinBurn` up to the cap of TAO.
    MaxBurn(Rao),
    /// Blocks in which the price of a registration halves, `1 ..= 36 100`.
    BurnHalfLife(u16),
    /// What a registration multiplies the price by, `10 000 ..= 30 000` basis points: once to
    /// three times.
    BurnIncrease(Bps),
    /// Most registrations in one block, at least 1.
    MaxRegistrationsPerBlock(u16),
    /// Whether seats can be taken. The network's.
    RegistrationAllowed(bool),
    /// While no more neurons than this can be replaced, an immune one gives way instead. The
    /// network's.
    MinNonImmuneUids(u16),
    /// How many of the owner's neurons never give way, `1 ..= 10`.
    ImmuneOwnerUids(u16),
    /// How budgets are divided: the network's own split, or another as far as `NetworkRules` lets
    /// subnets choose.
    Split(SplitPreset),
    /// Whether stake may change hands on the subnet.
    TransferEnabled(bool),
    /// Least version of a client that may set weights; 0 for any.
    WeightsVersionKey(u64),
    /// Blocks between two updates of a neuron's weights, at most 50 400; 0 for no limit. The
    /// network's.
    WeightsRateLimit(u32),
    /// Least number of weights in a row, `1 ..= MAX_UIDS`; never more than there are neurons.
    MinAllowedWeights(u16),
    /// Whether weights are committed to first and revealed later.
    CommitRevealWeights(bool),
    /// Epochs between a commit and its reveal, `1 ..= 100`.
    RevealPeriod(u32),
    /// Stake below which a hotkey sets no weights; the owner's hotkey is exempt. The network's.
    StakeThreshold(Rao),
    /// Blocks between two changes of what a neuron shows, at most 50 400; 0 for no limit.
    ServingRateLimit(u32),
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
    /// Number of this registration on its subnet; never used twice. Nothing set for one generation
    /// of a uid passes to the next.
    pub generation: u32,
    /// The hotkey that it registered with, if it has another since: stake and take stay with that
    /// one.
    pub identity: Option<AccountId>,
}

impl Neuron {
    /// The hotkey that its stake is on.
    pub fn identity(&self) -> AccountId {
        self.identity.unwrap_or(self.hotkey)
    }
}

/// Where a hotkey sits now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Seat {
    /// Its uid.
    pub uid: Uid,
    /// Its neuron's generation.
    pub generation: u32,
    /// Epoch that was open when it registered: a seat taken after the last final epoch has no
    /// permit yet.
    pub registered_epoch: u32,
    /// Seats taken on the subnet.
    pub neurons: u16,
    /// The open epoch.
    pub epoch: u32,
}

/// A hotkey that sets weights: where it sits, and on what terms.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Voter {
    /// Its seat.
    pub seat: Seat,
    /// The hotkey that its stake is on.
    pub identity: AccountId,
    /// Whether it is the subnet owner's hotkey, which always has a permit.
    pub is_owner: bool,
    /// Who may set weights, and how.
    pub terms: WeightTerms,
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
    /// The subnet exists and is not retired.
    pub subnet_exists: bool,
    /// Owner of the hotkey, if it has ever registered anywhere or is a subnet owner's.
    pub owner: Option<AccountId>,
    /// Stake may change hands on the subnet.
    pub transfers: bool,
    /// Least stake that others than the owner keep on the hotkey. See
    /// [`NetworkRules::nominator_min`].
    pub nominator_min: Rao,
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

    /// Lets subnets choose `kernel`, whose code must have `code_hash` now. A subnet that has no
    /// parameters for it begins with `defaults`. Allowing it again lifts its retirement and
    /// replaces the defaults. Only the admin.
    ///
    /// # Errors
    /// `NotAdmin`, `OutOfBounds` for the defaults, `KernelCode` with what is at the address,
    /// `KernelListed` with the code hash it was allowed with before, `Exhausted` when
    /// `MAX_KERNELS` are listed.
    #[ink(message)]
    fn allow_kernel(
        &mut self,
        kernel: AccountId,
        code_hash: Digest,
        defaults: KernelParams,
    ) -> Result<(), RegistryError>;

    /// Lets no more subnets choose `kernel`. Those that run it keep it, so nobody can stop a
    /// subnet's epochs. Only the admin.
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

    /// Who decides which kernels are allowed and sets the rules of the network, and may set
    /// hyperparameters of any subnet.
    #[ink(message)]
    fn admin(&self) -> AccountId;

    /// What is listed of the kernel at `address`.
    #[ink(message)]
    fn kernel(&self, address: AccountId) -> Option<KernelEntry>;

    /// All kernels ever allowed, in the order in which they were, retired ones too.
    #[ink(message)]
    fn kernels(&self) -> Vec<AccountId>;

    /// Sets the rules of the network. Only the admin.
    ///
    /// # Errors
    /// `NotAdmin`, `OutOfBounds`.
    #[ink(message)]
    fn set_network_rules(&mut self, rules: NetworkRules) -> Result<(), RegistryError>;

    /// The rules of the network.
    #[ink(message)]
    fn network_rules(&self) -> NetworkRules;

    /// Creates a subnet with default hyperparameters, owned by the caller, who locks the creation
    /// price (approve it for this contract first). Returns its netuid; the first is 1, and none
    /// is ever used twice. `owner_hotkey` becomes the caller's, if it is nobody's yet: nobody
    /// else can then take the seat that always has a permit. Where the network is full,
    /// the weakest subnet that is not immune gives way, and its owner gets its lock back. Epochs
    /// run once it is started.
    ///
    /// # Errors
    /// `BadName`, `OutOfBounds` for tempo, seats or permits, `KernelNotAllowed`, `NotHotkeyOwner`,
    /// `TooSoon`, `NetworkFull`, `PriceAbove`, `Payment`.
    #[ink(message)]
    fn create_subnet(
        &mut self,
        name: String,
        owner_hotkey: AccountId,
        kernel: AccountId,
        tempo: u32,
        max_uids: u16,
        max_validators: u16,
        max_price: Rao,
    ) -> Result<NetUid, RegistryError>;

    /// Lets a subnet's epochs run from now on, for good. Only its owner.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `Retired`, `AlreadyStarted`.
    #[ink(message)]
    fn start(&mut self, netuid: NetUid) -> Result<(), RegistryError>;

    /// Offers a subnet to another owner, or takes an offer back. Only its owner. Nothing changes
    /// until the other accepts.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `Retired`.
    #[ink(message)]
    fn offer_subnet(&mut self, netuid: NetUid, to: Option<AccountId>) -> Result<(), RegistryError>;

    /// Takes over a subnet that is offered to the caller, with the caller's hotkey for the seat
    /// that always has a permit. It counts from the open epoch on: pay for closed ones still
    /// goes to the owner before.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `NotOffered`, `NotHotkeyOwner`.
    #[ink(message)]
    fn accept_subnet(
        &mut self,
        netuid: NetUid,
        owner_hotkey: AccountId,
    ) -> Result<(), RegistryError>;

    /// To whom a subnet is offered.
    #[ink(message)]
    fn offered_to(&self, netuid: NetUid) -> Option<AccountId>;

    /// Says who a subnet is, or no longer. Only its owner.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds` for a field that is too long.
    #[ink(message)]
    fn set_identity(
        &mut self,
        netuid: NetUid,
        identity: Option<SubnetIdentity>,
    ) -> Result<(), RegistryError>;

    /// Gives a subnet a short sign; empty for none. Only its owner.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds` beyond `MAX_SYMBOL` bytes.
    #[ink(message)]
    fn set_symbol(&mut self, netuid: NetUid, symbol: String) -> Result<(), RegistryError>;

    /// Who a subnet says it is.
    #[ink(message)]
    fn identity(&self, netuid: NetUid) -> Option<SubnetIdentity>;

    /// Sets one hyperparameter. Only the subnet's owner, or the admin; some are the admin's alone.
    /// It counts from the open epoch on. On a subnet that runs, nobody changes any shortly
    /// before its epoch may close, and the owner waits between two changes of the same one.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `SetByAdmin`, `Frozen`, `Cooldown`, `OutOfBounds`,
    /// `KernelNotAllowed`, `SplitNotAllowed`, `NotYuma` for a Yuma parameter of another
    /// kernel's subnet.
    #[ink(message)]
    fn set_hyperparameter(
        &mut self,
        netuid: NetUid,
        value: Hyperparameter,
    ) -> Result<(), RegistryError>;

    /// Gives `hotkey` a seat, owned by the caller, who burns the registration price (approve it
    /// first). On a full subnet it replaces the first of `prune_candidates`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `RegistrationClosed`, `AlreadyRegistered`, `NotHotkeyOwner`,
    /// `TooSoon`, `PriceAbove`, `AllImmune`, `Payment`.
    #[ink(message)]
    fn register(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        max_price: Rao,
    ) -> Result<Uid, RegistryError>;

    /// Gives the neuron of `hotkey`, which the caller owns, another hotkey on a subnet, for a fee
    /// that is burned (approve it first). `new_hotkey` must be nobody's yet. The seat stays,
    /// with uid, scores, weights, permit and what the neuron shows; stake and take stay on
    /// the hotkey that it registered with. Commits that wait are lost: they bind the hotkey. It
    /// counts from the open epoch on.
    ///
    /// # Errors
    /// `NotSeated`, `NotHotkeyOwner` for either, `TooSoon` after the neuron's last swap, `Payment`.
    #[ink(message)]
    fn swap_hotkey(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        new_hotkey: AccountId,
    ) -> Result<(), RegistryError>;

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

    /// Called by the epoch contract at settle: records scores of `epoch` from uid `start` on, which
    /// must not cross a page. A neuron that took its seat later keeps its zero score.
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

    /// Number of subnets ever created; netuids run from 1 to this.
    #[ink(message)]
    fn subnets(&self) -> u16;

    /// The netuids of all subnets that are not retired, ascending.
    #[ink(message)]
    fn live_subnets(&self) -> Vec<NetUid>;

    /// Rao to lock for creating a subnet now. It doubles with each and falls back linearly.
    #[ink(message)]
    fn creation_price(&self) -> Rao;

    /// The subnet that would give way if one more were created on a full network now; none if all
    /// are immune.
    #[ink(message)]
    fn retirement_candidate(&self) -> Option<NetUid>;

    /// Rao that this contract holds for others: the locks of subnets that are not retired, and
    /// deposits of neurons. Its balance is that.
    #[ink(message)]
    fn held(&self) -> Rao;

    /// All hyperparameters of a subnet: value, bounds, whose each one is, and from which block on
    /// it may change.
    #[ink(message)]
    fn hyperparameters(&self, netuid: NetUid) -> Vec<HyperparameterView>;

    /// What a registration costs now, and what comes of it.
    #[ink(message)]
    fn quote_registration(&self, netuid: NetUid) -> Option<RegistrationQuote>;

    /// Who would give way to newcomers on a full subnet, in this order; at most `count`, which is
    /// at most 16.
    #[ink(message)]
    fn prune_candidates(&self, netuid: NetUid, count: u16) -> Vec<PruneCandidate>;

    /// The other contracts.
    #[ink(message)]
    fn peers(&self) -> RegistryPeers;

    /// Where `hotkey` sits on `netuid`.
    #[ink(message)]
    fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat>;

    /// Where `hotkey` sits on `netuid`, and on what terms it sets weights; one call for the epoch
    /// contract.
    #[ink(message)]
    fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Option<Voter>;

    /// Who sits on `uid` now.
    #[ink(message)]
    fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron>;

    /// Shows where the caller's neuron answers, in the place of what it showed before. What a
    /// neuron shows costs a deposit, once, which the registry holds (approve it first) and
    /// gives back to the hotkey when it shows nothing any more or gives way.
    ///
    /// # Errors
    /// `NotSeated`, `BadHost`, `OutOfBounds` for port 0, `TooSoon`, `Payment`.
    #[ink(message)]
    fn serve_axon(&mut self, netuid: NetUid, axon: Axon) -> Result<(), RegistryError>;

    /// Shows where the metrics of the caller's neuron are. As `serve_axon`.
    ///
    /// # Errors
    /// `NotSeated`, `BadHost`, `OutOfBounds` for port 0, `TooSoon`, `Payment`.
    #[ink(message)]
    fn serve_prometheus(
        &mut self,
        netuid: NetUid,
        prometheus: Prometheus,
    ) -> Result<(), RegistryError>;

    /// Commits the caller's neuron to some bytes in public. As `serve_axon`.
    ///
    /// # Errors
    /// `NotSeated`, `OutOfBounds` for too many bytes, `TooSoon`, `Payment`.
    #[ink(message)]
    fn commit(
        &mut self,
        netuid: NetUid,
        kind: CommitmentKind,
        data: Vec<u8>,
    ) -> Result<(), RegistryError>;

    /// Shows nothing of the caller's neuron any more, and gives the deposit back. Returns it.
    ///
    /// # Errors
    /// `NotSeated`, `NothingServed`, `Payment`.
    #[ink(message)]
    fn stop_serving(&mut self, netuid: NetUid) -> Result<Rao, RegistryError>;

    /// What the neuron on `uid` shows.
    #[ink(message)]
    fn serving(&self, netuid: NetUid, uid: Uid) -> Option<ServingView>;

    /// What the neurons of page `page` (64 uids) show; those that show nothing are left out.
    #[ink(message)]
    fn serving_page(&self, netuid: NetUid, page: u16) -> Vec<ServingView>;

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

    /// The tenures of the neurons that sat on `uids` at the end of `epoch`: one call for a whole
    /// roster, whose uids are spread over all pages. `uids` ascend; at most `MAX_VALIDATORS +
    /// 1`.
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

    /// Who owns `hotkey`: the account that first registered it anywhere, or created a subnet with
    /// it.
    #[ink(message)]
    fn owner_of(&self, hotkey: AccountId) -> Option<AccountId>;

    /// Whether `netuid` exists, and who owns `hotkey`; one call for the staking contract.
    #[ink(message)]
    fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus;
}
