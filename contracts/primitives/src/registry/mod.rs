//! The interface of the registry: subnets, their hyperparameters, and the neurons on their uids.
//!
//! - `types`: subnets and neurons
//! - `hyperparameters`: the table of settings of one subnet, and their view
//! - `terms`: the part of a subnet's settings that rules read
//! - `network`: rules of the whole network, and identities of subnets
//! - `kernels`: the allow-list of kernels
//! - `admin`: powers of the admin, their delays and limits
//! - `agreement`: the agreement of a hotkey to belong to a coldkey
//! - `serving`: endpoints and commitments of neurons
//! - `views`: answers about registrations, replacements and scores
//! - `events`, `error`: events and errors

mod admin;
mod agreement;
mod error;
mod events;
mod hyperparameters;
mod kernels;
mod network;
mod serving;
mod terms;
mod types;
mod views;

pub use admin::{
    AdminChanged, AdminOffered, BrakeSet, CloseDownAnnounced, CloseDownCancelled, LockWithdrawn,
    ANNOUNCED_FOR, BRAKE_PERIOD, CLOSE_DOWN_DELAY, NOTICE, RETIREMENT_INTERVAL, STUCK_AFTER,
};
pub use agreement::{Agreement, HotkeyAgreed, Signature};
pub use error::{BoundedField, RegistryError};
pub use events::{
    HotkeySwapped, HyperparameterSet, IdentitySet, NetworkRulesCancelled, NetworkRulesSet,
    NeuronRegistered, SubnetCreated, SubnetOffered, SubnetRetired, SubnetStarted,
    SubnetTransferred, SymbolSet,
};
pub use hyperparameters::{Hyperparameter, HyperparameterView, Number, Parameter, Setter, Unit};
pub use kernels::{KernelAllowed, KernelEntry, KernelRetired, MAX_KERNELS};
pub use network::{
    AnnouncedRules, NetworkRules, SubnetIdentity, MAX_IDENTITY_FIELD, MAX_SYMBOL, SWAP_INTERVAL,
};
pub use serving::{
    Axon, AxonServed, Commitment, CommitmentKind, CommitmentMade, Host, Prometheus,
    PrometheusServed, ServingStopped, ServingView, MAX_COMMITMENT, MAX_HOST,
};
pub use terms::{PruningTerms, RegistrationTerms, Terms, WeightTerms, MAX_IMMUNE_OWNERS};
pub use types::{
    roster_with_owner, HotkeyStatus, KernelParams, Neuron, PagePay, RegistryPeers, Seat, Subnet,
    SubnetSnapshot, Tenure, Voter, MAX_NAME,
};
pub use views::{NeuronView, PruneCandidate, RegistrationQuote};

use crate::{
    staking::Payment,
    token::{Successor, WireError},
    AccountId, Digest, NetUid, Rao, Uid,
};
use ink::prelude::{string::String, vec::Vec};

/// The registry of subnets and neurons.
///
/// The order is: messages of users, of subnet owners, views, messages of the admin, and at the end
/// those of other contracts and of the deployer.
#[ink::trait_definition]
pub trait Registry {
    /// Registers `hotkey` on a subnet, owned by the caller, and returns its uid.
    ///
    /// Burns the registration price: approve the price for this contract first. Fails if the price
    /// is above `max_price`, in rao. On a full subnet the first of `prune_candidates` is replaced.
    ///
    /// A hotkey that has no owner yet must agree to belong to the caller: by `agree`, or by a
    /// signature of the bytes of `agreement`. A hotkey that is the caller itself needs neither.
    ///
    /// # Events
    /// `NeuronRegistered`.
    ///
    /// # Errors
    /// `ClosedDown`, `Braked`, `UnknownSubnet`, `Retired`, `RegistrationClosed`,
    /// `AlreadyRegistered`, `NotHotkeyOwner`, `NotAgreed`, `TooSoon`, `PriceAbove`, `AllImmune`,
    /// `Payment`.
    #[ink(message)]
    fn register(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        max_price: Rao,
        signature: Option<Signature>,
    ) -> Result<Uid, RegistryError>;

    /// Agrees that `coldkey` becomes the owner of the caller, a hotkey, or withdraws the agreement.
    ///
    /// The coldkey becomes the owner when it registers the hotkey, swaps to it, or creates or
    /// accepts a subnet with it. A hotkey that has an owner keeps it for good.
    ///
    /// # Events
    /// `HotkeyAgreed`.
    ///
    /// # Errors
    /// `HotkeyOwned`.
    #[ink(message)]
    fn agree(&mut self, coldkey: Option<AccountId>) -> Result<(), RegistryError>;

    /// Replaces the hotkey of the caller's neuron on a subnet by `new_hotkey`.
    ///
    /// Burns the swap fee of the network rules: approve the fee for this contract first.
    /// `new_hotkey` must have no owner yet, and must agree to belong to the caller as for
    /// `register`. The seat stays, with uid, scores, weights, permit and endpoints. Stake and take
    /// stay on the hotkey that the neuron registered with. Commits that are not revealed are lost,
    /// because they bind the hotkey. The new hotkey counts from the open epoch on.
    ///
    /// # Events
    /// `HotkeySwapped`.
    ///
    /// # Errors
    /// `NotSeated`, `NotHotkeyOwner` for either hotkey, `TooSoon` after the neuron's last swap,
    /// `NotAgreed`, `Payment`.
    #[ink(message)]
    fn swap_hotkey(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        new_hotkey: AccountId,
        signature: Option<Signature>,
    ) -> Result<(), RegistryError>;

    /// Publishes the endpoint of the caller's neuron, in place of the last one. The caller is the
    /// hotkey.
    ///
    /// The first endpoint or commitment of a neuron costs the serving deposit of the network rules:
    /// approve the deposit for this contract first. The hotkey receives the deposit when the neuron
    /// stops serving or is replaced.
    ///
    /// # Events
    /// `AxonServed`.
    ///
    /// # Errors
    /// `OutOfBounds` for port 0, `BadHost`, `UnknownSubnet`, `NotSeated`, `TooSoon`, `Payment`.
    #[ink(message)]
    fn serve_axon(&mut self, netuid: NetUid, axon: Axon) -> Result<(), RegistryError>;

    /// Publishes the endpoint of the metrics of the caller's neuron, in place of the last one. The
    /// caller is the hotkey. The serving deposit is due as for `serve_axon`.
    ///
    /// # Events
    /// `PrometheusServed`.
    ///
    /// # Errors
    /// `OutOfBounds` for port 0, `BadHost`, `UnknownSubnet`, `NotSeated`, `TooSoon`, `Payment`.
    #[ink(message)]
    fn serve_prometheus(
        &mut self,
        netuid: NetUid,
        prometheus: Prometheus,
    ) -> Result<(), RegistryError>;

    /// Publishes `data` as the commitment of the caller's neuron, in place of the last one. The
    /// caller is the hotkey. The serving deposit is due as for `serve_axon`.
    ///
    /// # Events
    /// `CommitmentMade`.
    ///
    /// # Errors
    /// `OutOfBounds` for more than 128 bytes, `UnknownSubnet`, `NotSeated`, `TooSoon`, `Payment`.
    #[ink(message)]
    fn commit(
        &mut self,
        netuid: NetUid,
        kind: CommitmentKind,
        data: Vec<u8>,
    ) -> Result<(), RegistryError>;

    /// Removes the endpoints and the commitment of the caller's neuron and returns the serving
    /// deposit to the caller. The caller is the hotkey. Returns the deposit in rao.
    ///
    /// # Events
    /// `ServingStopped`.
    ///
    /// # Errors
    /// `NotSeated`, `NothingServed`, `Payment`.
    #[ink(message)]
    fn stop_serving(&mut self, netuid: NetUid) -> Result<Rao, RegistryError>;

    /// Creates a subnet with default hyperparameters, owned by the caller, and returns its netuid.
    ///
    /// Locks the creation price until the subnet is retired: approve the price for this contract
    /// first. Fails if the price is above `max_price`, in rao. If `owner_hotkey` has no owner yet,
    /// it must agree to belong to the caller as for `register`, and the caller becomes its owner.
    /// So no other account can take the seat that always has a permit. On a full network the
    /// weakest subnet that is not immune is retired, and its owner receives the lock. Epochs begin
    /// after `start`. The first netuid is 1; none is used twice.
    ///
    /// # Events
    /// `SubnetRetired` if the network is full, `SubnetCreated`.
    ///
    /// # Errors
    /// `ClosedDown`, `Braked`, `BadName`, `OutOfBounds` for tempo, seats or permits,
    /// `KernelNotAllowed`, `Announced` for the kernel, `TooSoon`, `PriceAbove`, `NetworkFull`,
    /// `NotHotkeyOwner`, `NotAgreed`, `Payment`.
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
        signature: Option<Signature>,
    ) -> Result<NetUid, RegistryError>;

    /// Starts the epochs of a subnet, for good. Owner only.
    ///
    /// # Events
    /// `SubnetStarted`.
    ///
    /// # Errors
    /// `ClosedDown`, `UnknownSubnet`, `NotOwner`, `Retired`, `AlreadyStarted`.
    #[ink(message)]
    fn start(&mut self, netuid: NetUid) -> Result<(), RegistryError>;

    /// Sets one hyperparameter of a subnet. Owner or admin only; some are the admin's alone.
    ///
    /// On a subnet whose epochs run the value counts from the next epoch on, and the owner waits
    /// two tempos between changes of the same one. A registration price counts at once. An epoch
    /// that closes more than 1500 blocks late closes with values that were set 300 blocks before.
    ///
    /// The kernel is the owner's choice. The admin may choose it after three epochs without pay, or
    /// when no epoch closes for 1500 blocks.
    ///
    /// # Events
    /// `HyperparameterSet`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `SetByAdmin`, `KernelByOwner`, `Cooldown`; then by
    /// hyperparameter `KernelNotAllowed`, `Announced` for a kernel, `SplitNotAllowed`, `NotYuma`
    /// for a Yuma parameter of another kernel's subnet, `IsYuma` for the bytes of another kernel,
    /// or `OutOfBounds`.
    #[ink(message)]
    fn set_hyperparameter(
        &mut self,
        netuid: NetUid,
        value: Hyperparameter,
    ) -> Result<(), RegistryError>;

    /// Sets or clears the identity of a subnet. Owner only.
    ///
    /// # Events
    /// `IdentitySet`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds` for a field of more than 256 bytes.
    #[ink(message)]
    fn set_identity(
        &mut self,
        netuid: NetUid,
        identity: Option<SubnetIdentity>,
    ) -> Result<(), RegistryError>;

    /// Sets the symbol of a subnet, or clears it with an empty text. Owner only.
    ///
    /// # Events
    /// `SymbolSet`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `OutOfBounds` for more than 16 bytes.
    #[ink(message)]
    fn set_symbol(&mut self, netuid: NetUid, symbol: String) -> Result<(), RegistryError>;

    /// Offers a subnet to another account, or withdraws the offer. Owner only. The owner stays the
    /// same until the other account calls `accept_subnet`.
    ///
    /// # Events
    /// `SubnetOffered`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotOwner`, `Retired`.
    #[ink(message)]
    fn offer_subnet(&mut self, netuid: NetUid, to: Option<AccountId>) -> Result<(), RegistryError>;

    /// Makes the caller the owner of a subnet that is offered to the caller.
    ///
    /// The neuron of `owner_hotkey`, a hotkey of the caller, always has a permit. A hotkey without
    /// an owner must agree to belong to the caller as for `register`. The new owner counts from the
    /// open epoch on; pay for closed epochs goes to the former owner.
    ///
    /// # Events
    /// `SubnetTransferred`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `NotOffered`, `NotHotkeyOwner`, `NotAgreed`.
    #[ink(message)]
    fn accept_subnet(
        &mut self,
        netuid: NetUid,
        owner_hotkey: AccountId,
        signature: Option<Signature>,
    ) -> Result<(), RegistryError>;

    /// Returns the lock of a subnet to its owner after the close-down, and retires the subnet.
    /// Owner only. Returns the lock in rao.
    ///
    /// # Events
    /// `LockWithdrawn`.
    ///
    /// # Errors
    /// `NotClosedDown`, `UnknownSubnet`, `NotOwner`, `Retired`, `Payment`.
    #[ink(message)]
    fn withdraw_lock(&mut self, netuid: NetUid) -> Result<Rao, RegistryError>;

    /// Returns a subnet, or nothing if the subnet was never created.
    #[ink(message)]
    fn subnet(&self, netuid: NetUid) -> Option<Subnet>;

    /// Returns a subnet with the hyperparameters of its next epoch, or nothing if the subnet was
    /// never created.
    #[ink(message)]
    fn next_subnet(&self, netuid: NetUid) -> Option<Subnet>;

    /// Returns the number of subnets ever created. Netuids run from 1 to this number.
    #[ink(message)]
    fn subnets(&self) -> u16;

    /// Returns the netuids of all subnets that are not retired, ascending.
    #[ink(message)]
    fn live_subnets(&self) -> Vec<NetUid>;

    /// Returns page `page` of a subnet's metagraph, 64 uids a page from page 0 on.
    #[ink(message)]
    fn metagraph(&self, netuid: NetUid, page: u16) -> Vec<NeuronView>;

    /// Returns the current neuron on `uid`.
    #[ink(message)]
    fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron>;

    /// Returns the current seat of `hotkey` on a subnet.
    #[ink(message)]
    fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat>;

    /// Returns the owner of `hotkey`: the account that first registered the hotkey on any subnet,
    /// or created a subnet with the hotkey.
    #[ink(message)]
    fn owner_of(&self, hotkey: AccountId) -> Option<AccountId>;

    /// Returns the coldkey that `hotkey` has agreed to belong to, while the hotkey has no owner.
    #[ink(message)]
    fn agreed(&self, hotkey: AccountId) -> Option<AccountId>;

    /// Returns the bytes that `hotkey` signs, by sr25519, to agree that `coldkey` becomes its
    /// owner.
    #[ink(message)]
    fn agreement(&self, hotkey: AccountId, coldkey: AccountId) -> Vec<u8>;

    /// Returns every numeric hyperparameter of a subnet with its value in the open and in the next
    /// epoch, bounds, unit, setter, and the first block at which the setter may change the value.
    #[ink(message)]
    fn hyperparameters(&self, netuid: NetUid) -> Vec<HyperparameterView>;

    /// Returns the price of the next registration on a subnet, and the seat that it takes.
    #[ink(message)]
    fn quote_registration(&self, netuid: NetUid) -> Option<RegistrationQuote>;

    /// Returns the first `count` neurons, at most 16, that registrations on a full subnet would
    /// replace, in this order.
    #[ink(message)]
    fn prune_candidates(&self, netuid: NetUid, count: u16) -> Vec<PruneCandidate>;

    /// Returns the endpoints and the commitment of the neuron on `uid`.
    #[ink(message)]
    fn serving(&self, netuid: NetUid, uid: Uid) -> Option<ServingView>;

    /// Returns endpoints and commitments of page `page`, 64 uids a page from page 0 on. Neurons
    /// that do not serve are left out.
    #[ink(message)]
    fn serving_page(&self, netuid: NetUid, page: u16) -> Vec<ServingView>;

    /// Returns the identity of a subnet.
    #[ink(message)]
    fn identity(&self, netuid: NetUid) -> Option<SubnetIdentity>;

    /// Returns the account that a subnet is offered to.
    #[ink(message)]
    fn offered_to(&self, netuid: NetUid) -> Option<AccountId>;

    /// Returns the lock in rao that creating a subnet costs now. The price doubles with each
    /// creation and falls linearly afterwards.
    #[ink(message)]
    fn creation_price(&self) -> Rao;

    /// Returns the subnet that the next creation on a full network would retire, or nothing if all
    /// are immune.
    #[ink(message)]
    fn retirement_candidate(&self) -> Option<NetUid>;

    /// Returns the TAO in rao that this contract holds for others: locks of subnets that are not
    /// retired, and serving deposits. The contract's balance is at least this amount.
    #[ink(message)]
    fn held(&self) -> Rao;

    /// Returns the addresses of all kernels ever allowed, oldest first, retired ones included.
    #[ink(message)]
    fn kernels(&self) -> Vec<AccountId>;

    /// Returns the entry of the kernel at `address`.
    #[ink(message)]
    fn kernel(&self, address: AccountId) -> Option<KernelEntry>;

    /// Returns the rules of the network that count now.
    #[ink(message)]
    fn network_rules(&self) -> NetworkRules;

    /// Returns the rules of the network that are announced and do not count yet.
    #[ink(message)]
    fn announced_rules(&self) -> Option<AnnouncedRules>;

    /// Returns the admin: the account that allows kernels, sets the network's rules, and may set
    /// hyperparameters of any subnet.
    #[ink(message)]
    fn admin(&self) -> AccountId;

    /// Returns the account that the admin's role is offered to.
    #[ink(message)]
    fn offered_admin(&self) -> Option<AccountId>;

    /// Returns the block until which the admin has stopped new stake, seats and subnets. Absent
    /// without a brake.
    #[ink(message)]
    fn braked_until(&self) -> Option<u32>;

    /// Returns the block from which no epoch closes. Absent unless the admin has announced a
    /// close-down.
    #[ink(message)]
    fn closes_down_at(&self) -> Option<u32>;

    /// Returns the contracts that this contract calls or is called by.
    #[ink(message)]
    fn peers(&self) -> RegistryPeers;

    /// Returns the owner of `hotkey`, and the conditions for stake on a subnet. Called by
    /// the staking contract.
    #[ink(message)]
    fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus;

    /// Announces that subnets may choose `kernel`, whose code must have the hash `code_hash`. Admin
    /// only.
    ///
    /// Subnets may choose the kernel 7200 blocks later, or at once on a network without subnets.
    /// `retire_kernel` withdraws an announcement. A subnet that has no parameters for the kernel
    /// starts with `defaults`. Allowing a retired kernel ends its retirement and replaces the
    /// defaults, with the same delay.
    ///
    /// # Events
    /// `KernelAllowed`.
    ///
    /// # Errors
    /// `NotAdmin`, `OutOfBounds` for the defaults, `KernelCode` with the hash of the code at the
    /// address, `KernelListed` with the hash that the kernel was allowed with before, `Exhausted`
    /// for the 257th kernel.
    #[ink(message)]
    fn allow_kernel(
        &mut self,
        kernel: AccountId,
        code_hash: Digest,
        defaults: KernelParams,
    ) -> Result<(), RegistryError>;

    /// Retires `kernel`, or withdraws its announcement: no further subnet may choose it. Subnets
    /// that run the kernel keep it. Admin only.
    ///
    /// # Events
    /// `KernelRetired`.
    ///
    /// # Errors
    /// `NotAdmin`, `KernelNotAllowed` if the kernel is not on the list or is retired already.
    #[ink(message)]
    fn retire_kernel(&mut self, kernel: AccountId) -> Result<(), RegistryError>;

    /// Announces the rules of the network, all at once. Admin only.
    ///
    /// The rules count 7200 blocks later, or at once on a network without subnets. Another
    /// announcement replaces this one and starts the delay again.
    ///
    /// # Events
    /// `NetworkRulesSet`.
    ///
    /// # Errors
    /// `NotAdmin`, `OutOfBounds`.
    #[ink(message)]
    fn set_network_rules(&mut self, rules: NetworkRules) -> Result<(), RegistryError>;

    /// Withdraws announced rules that do not count yet. Admin only.
    ///
    /// # Events
    /// `NetworkRulesCancelled`.
    ///
    /// # Errors
    /// `NotAdmin`, `NothingAnnounced`.
    #[ink(message)]
    fn cancel_network_rules(&mut self) -> Result<(), RegistryError>;

    /// Offers the admin's role to another account, or withdraws the offer. Admin only. The admin
    /// stays the same until the other account calls `accept_admin`.
    ///
    /// # Events
    /// `AdminOffered`.
    ///
    /// # Errors
    /// `NotAdmin`.
    #[ink(message)]
    fn offer_admin(&mut self, to: Option<AccountId>) -> Result<(), RegistryError>;

    /// Makes the caller the admin, if the role is offered to the caller.
    ///
    /// # Events
    /// `AdminChanged`.
    ///
    /// # Errors
    /// `AdminNotOffered`.
    #[ink(message)]
    fn accept_admin(&mut self) -> Result<(), RegistryError>;

    /// Stops new stake, seats and subnets until block `until`, or ends a brake earlier. Admin only.
    ///
    /// A brake lasts at most a week, 50 400 blocks, and the next one begins a week after its end at
    /// the earliest. Epochs, pay, the removal of stake and all that is there already go on.
    ///
    /// # Events
    /// `BrakeSet`.
    ///
    /// # Errors
    /// `NotAdmin`, `TooSoon` after the last brake, `OutOfBounds`.
    #[ink(message)]
    fn brake(&mut self, until: u32) -> Result<(), RegistryError>;

    /// Announces that the network closes down 30 days later, 216 000 blocks, in favour of a
    /// successor. Admin only.
    ///
    /// From then on no epoch closes, no subnet and no seat is sold, and each owner may withdraw the
    /// lock of its subnet. A day later the right to mint what is left below the cap passes to the
    /// successor. Stake and balances stay where they are, and can be removed at any time. Another
    /// announcement replaces this one and starts the delay again.
    ///
    /// # Events
    /// `CloseDownAnnounced`.
    ///
    /// # Errors
    /// `NotAdmin`, `ClosedDown`, `Token`.
    #[ink(message)]
    fn close_down(&mut self, successor: Successor) -> Result<(), RegistryError>;

    /// Withdraws an announced close-down. Admin only.
    ///
    /// # Events
    /// `CloseDownCancelled`.
    ///
    /// # Errors
    /// `NotAdmin`, `NothingAnnounced`, `ClosedDown`, `Token`.
    #[ink(message)]
    fn cancel_close_down(&mut self) -> Result<(), RegistryError>;

    /// Returns the current seat of `hotkey` on a subnet, and the terms for its weights. Called by
    /// the epoch contract.
    #[ink(message)]
    fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Option<Voter>;

    /// Returns the neurons on `count` uids from `start` on, at the end of `epoch`. The uids must be
    /// of one page of 64. Called by the epoch contract.
    ///
    /// # Errors
    /// `UnknownSubnet`, `TooOld`, `OutOfBounds` beyond the page or the seats taken then.
    #[ink(message)]
    fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, RegistryError>;

    /// Closes epoch `closing` of a subnet, opens the next one, and returns everything that a close
    /// fixes of the subnet. `roster` are the uids with a permit by the last final epoch, ascending
    /// and at most 128. On a subnet without neurons nothing closes. Epoch contract only.
    ///
    /// # Errors
    /// `NotEpoch`, `ClosedDown`, `UnknownSubnet`, `Retired`, `WrongEpoch`, `OutOfBounds` for too
    /// many uids, for one beyond the seats that are taken, or for one that does not ascend.
    #[ink(message)]
    fn begin_epoch(
        &mut self,
        netuid: NetUid,
        closing: u32,
        roster: Vec<Uid>,
    ) -> Result<SubnetSnapshot, RegistryError>;

    /// Records scores of `epoch`, and the pay in rao that is owed to the owner of each neuron.
    /// Epoch contract only.
    ///
    /// A neuron that registered after the epoch keeps a score of zero, and the pay is owed to the
    /// neuron that it has replaced.
    ///
    /// # Errors
    /// `NotEpoch`, `UnknownSubnet`, `OutOfBounds`, `TooOld`, `Exhausted`.
    #[ink(message)]
    fn record_pay(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        pay: Vec<PagePay>,
    ) -> Result<(), RegistryError>;

    /// Removes and returns the pay that is owed to the neurons on `uids`, at most 64. Epoch
    /// contract only.
    ///
    /// # Errors
    /// `NotEpoch`, `OutOfBounds`, `NotSeated`.
    #[ink(message)]
    fn take_owed(&mut self, netuid: NetUid, uids: Vec<Uid>) -> Result<Vec<Payment>, RegistryError>;

    /// Removes and returns the pay that is owed to the owner of `hotkey` for registrations that
    /// were replaced. Epoch contract only.
    ///
    /// # Errors
    /// `NotEpoch`.
    #[ink(message)]
    fn take_left(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
    ) -> Result<Option<Payment>, RegistryError>;

    /// Returns the pay in rao that is owed to the owner of `hotkey` for registrations that were
    /// replaced. `Epochs::collect_left` stakes it.
    #[ink(message)]
    fn left(&self, netuid: NetUid, hotkey: AccountId) -> Rao;

    /// Names the epoch contract. Deployer only, once, during deployment.
    ///
    /// # Events
    /// `Wired`.
    ///
    /// # Errors
    /// `AlreadyWired`, `NotDeployer`.
    #[ink(message)]
    fn wire(&mut self, epoch: AccountId) -> Result<(), WireError>;
}
