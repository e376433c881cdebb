//! The registry: subnets, their hyperparameters, and the neurons on their uids.
//!
//! # Key terms
//! * **owner**: the account that created a subnet, or accepted it. The price of the creation stays
//!   locked until the subnet is retired.
//! * **neuron**: a hotkey on a uid. Any account registers a neuron for the subnet's price, which is
//!   burned. On a full subnet a new neuron replaces the one with the least emission.
//! * **generation**: the number of a registration on its subnet, never used twice. Everything that
//!   belongs to a neuron is stored by generation.
//! * **kernel**: the contract that computes a subnet's epochs, chosen from the admin's allow-list.
//! * **admin**: the account that governs the network, at first the deployer. It sets the network's
//!   rules, the allow-list and some hyperparameters.
//!
//! # Modules
//! Storage components, which do not know the environment:
//! * `subnets`: all subnets and their neurons
//! * `kernels`: the allow-list
//! * `creation`: the network's rules, the price of a subnet, TAO held
//!
//! Rules without storage:
//! * `hyperparameters`: bounds, setting, limits on changes, view
//! * `price`, `pruning`: the price of a registration, the order of replacement
//! * `pages`, `seats`, `serving`: what storage holds of a page, a subnet, a registration
//!
//! # Invariants
//! * The contract's balance of TAO is at least `held`: locks of subnets that are not retired, and
//!   serving deposits.
//! * A page of neurons holds the open and the last closed epoch. So nothing after a close changes
//!   what consensus reads of the closed epoch.
//! * The admin takes no kernel away from a subnet that runs it, and changes no closed epoch.
//! * Only the epoch contract, which the deployer names once, closes epochs and records scores.
//! * Seats are taken in order and never freed; netuids and generations are never used twice.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod creation;
mod hyperparameters;
mod kernels;
mod pages;
mod price;
mod pruning;
mod seats;
mod serving;
mod subnets;

#[cfg(test)]
mod tests;

pub use self::registry::{SubnetRegistry, SubnetRegistryRef};
pub use hyperparameters::{DEFAULT_IMMUNITY_PERIOD, DEFAULT_REGISTRATION_PRICE};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod registry {
    use crate::{
        creation::Creation,
        hyperparameters::{bounds, settings::Settings, DEFAULT_IMMUNITY_PERIOD},
        kernels::Kernels,
        serving::Served,
        subnets::{Applicant, Change, Subnets},
    };
    use ink::prelude::{string::String, vec::Vec};
    use inktensor_primitives::{
        kernel::NeuronResult,
        registry::{
            AdminChanged, Axon, AxonServed, Commitment, CommitmentKind, CommitmentMade,
            HotkeyStatus, HotkeySwapped, Hyperparameter, HyperparameterSet, HyperparameterView,
            IdentitySet, KernelAllowed, KernelEntry, KernelParams, KernelRetired, NetworkRules,
            NetworkRulesSet, Neuron, NeuronRegistered, NeuronView, Parameter, Prometheus,
            PrometheusServed, PruneCandidate, RegistrationQuote, Registry, RegistryError,
            RegistryPeers, Seat, ServingStopped, ServingView, Subnet, SubnetCreated,
            SubnetIdentity, SubnetOffered, SubnetRetired, SubnetSnapshot, SubnetStarted,
            SubnetTransferred, SymbolSet, Tenure, Terms, Voter,
        },
        staking::Payment,
        token::WireError,
        Digest, NetUid, Rao, Tao, Uid, Wiring,
    };

    /// The registry of subnets and neurons.
    #[ink(storage)]
    pub struct SubnetRegistry {
        tao: Tao,
        creation: Creation,
        /// The epoch contract, once it is named.
        wiring: Wiring<AccountId>,
        pub(crate) kernels: Kernels,
        pub(crate) subnets: Subnets,
    }

    impl SubnetRegistry {
        /// Deploys the registry of a network with these rules, which is paid in `token`. The caller
        /// becomes the admin, and may name the epoch contract once.
        ///
        /// # Errors
        /// `OutOfBounds` for a rule.
        #[ink(constructor)]
        pub fn new(token: AccountId, rules: NetworkRules) -> Result<Self, RegistryError> {
            Ok(Self {
                tao: Tao(token),
                creation: Creation::new(rules)?,
                wiring: Wiring::by(Self::env().caller()),
                kernels: Kernels::new(Self::env().caller()),
                subnets: Subnets::default(),
            })
        }

        /// Collects `price` from the caller, who must have approved it.
        fn collect(&self, price: Rao) -> Result<(), RegistryError> {
            let (caller, registry) = (self.env().caller(), self.env().account_id());
            Ok(self.tao.collect(caller, registry, price)?)
        }

        /// Collects `price` from the caller and burns it.
        fn burn(&self, price: Rao) -> Result<(), RegistryError> {
            self.collect(price)?;
            Ok(self.tao.burn(price)?)
        }

        /// Serves an endpoint or a commitment of the caller's neuron. The first one costs a
        /// deposit.
        fn serve(&mut self, netuid: NetUid, served: Served) -> Result<(), RegistryError> {
            let (caller, now) = (self.env().caller(), self.env().block_number());
            let deposit = self.creation.rules().serving_deposit;
            let due = self.subnets.serve(netuid, caller, served, now, deposit)?;
            self.creation.hold(due)?;
            self.collect(due)
        }

        /// Returns a deposit to the hotkey that paid it.
        fn return_deposit(&mut self, hotkey: AccountId, deposit: Rao) -> Result<(), RegistryError> {
            self.creation.unlock(deposit)?;
            Ok(self.tao.send(hotkey, deposit)?)
        }

        /// Checks that the epoch contract calls.
        fn only_epoch(&self) -> Result<(), RegistryError> {
            if self.wiring.is_peer(self.env().caller()) {
                Ok(())
            } else {
                Err(RegistryError::NotEpoch)
            }
        }

        /// Retires a subnet of a full network and returns the lock to its owner.
        fn make_room(&mut self) -> Result<(), RegistryError> {
            let now = self.env().block_number();
            let rules = self.creation.rules();
            if let Some(retired) = self.subnets.make_room(now, &rules)? {
                self.creation.unlock(retired.lock)?;
                self.tao.send(retired.owner, retired.lock)?;
                self.env().emit_event(SubnetRetired {
                    netuid: retired.netuid,
                    owner: retired.owner,
                    lock: retired.lock,
                });
            }
            Ok(())
        }
    }

    impl Registry for SubnetRegistry {
        /// Registers `hotkey` on a subnet, owned by the caller, and returns its uid.
        ///
        /// Burns the registration price: approve the price for this contract first. Fails if the
        /// price is above `max_price`, in rao. On a full subnet the first of `prune_candidates` is
        /// replaced.
        ///
        /// # Events
        /// `NeuronRegistered`.
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
        ) -> Result<Uid, RegistryError> {
            let coldkey = self.env().caller();
            let applicant = Applicant {
                hotkey,
                coldkey,
                max_price,
                now: self.env().block_number(),
            };
            let seat = self.subnets.register(netuid, applicant)?;
            self.burn(seat.price)?;
            if let Some(replaced) = seat.replaced {
                self.return_deposit(replaced, seat.deposit)?;
            }
            self.env().emit_event(NeuronRegistered {
                netuid,
                hotkey,
                coldkey,
                uid: seat.uid,
                replaced: seat.replaced,
                price: seat.price,
            });
            Ok(seat.uid)
        }

        /// Replaces the hotkey of the caller's neuron on a subnet by `new_hotkey`.
        ///
        /// Burns the swap fee of the network rules: approve the fee for this contract first.
        /// `new_hotkey` must have no owner yet. The seat stays, with uid, scores, weights, permit
        /// and endpoints. Stake and take stay on the hotkey that the neuron registered with.
        /// Commits that are not revealed are lost, because they bind the hotkey. The new hotkey
        /// counts from the open epoch on.
        ///
        /// # Events
        /// `HotkeySwapped`.
        ///
        /// # Errors
        /// `NotSeated`, `NotHotkeyOwner` for either hotkey, `TooSoon` after the neuron's last swap,
        /// `Payment`.
        #[ink(message)]
        fn swap_hotkey(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            new_hotkey: AccountId,
        ) -> Result<(), RegistryError> {
            let (caller, now) = (self.env().caller(), self.env().block_number());
            let swapped = self
                .subnets
                .swap_hotkey(netuid, caller, (hotkey, new_hotkey), now)?;
            self.burn(self.creation.rules().swap_fee)?;
            self.env().emit_event(HotkeySwapped {
                netuid,
                from: hotkey,
                to: new_hotkey,
                identity: swapped.identity,
                uid: swapped.uid,
            });
            Ok(())
        }

        /// Publishes the endpoint of the caller's neuron, in place of the last one. The caller is
        /// the hotkey.
        ///
        /// The first endpoint or commitment of a neuron costs the serving deposit of the network
        /// rules: approve the deposit for this contract first. The hotkey receives the deposit when
        /// the neuron stops serving or is replaced.
        ///
        /// # Events
        /// `AxonServed`.
        ///
        /// # Errors
        /// `OutOfBounds` for port 0, `BadHost`, `UnknownSubnet`, `NotSeated`, `TooSoon`, `Payment`.
        #[ink(message)]
        fn serve_axon(&mut self, netuid: NetUid, axon: Axon) -> Result<(), RegistryError> {
            self.serve(netuid, Served::Axon(axon.clone()))?;
            let hotkey = self.env().caller();
            self.env().emit_event(AxonServed {
                netuid,
                hotkey,
                axon,
            });
            Ok(())
        }

        /// Publishes the endpoint of the metrics of the caller's neuron, in place of the last one.
        /// The caller is the hotkey. The serving deposit is due as for `serve_axon`.
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
        ) -> Result<(), RegistryError> {
            self.serve(netuid, Served::Prometheus(prometheus.clone()))?;
            let hotkey = self.env().caller();
            self.env().emit_event(PrometheusServed {
                netuid,
                hotkey,
                prometheus,
            });
            Ok(())
        }

        /// Publishes `data` as the commitment of the caller's neuron, in place of the last one. The
        /// caller is the hotkey. The serving deposit is due as for `serve_axon`.
        ///
        /// # Events
        /// `CommitmentMade`.
        ///
        /// # Errors
        /// `OutOfBounds` for more than 128 bytes, `UnknownSubnet`, `NotSeated`, `TooSoon`,
        /// `Payment`.
        #[ink(message)]
        fn commit(
            &mut self,
            netuid: NetUid,
            kind: CommitmentKind,
            data: Vec<u8>,
        ) -> Result<(), RegistryError> {
            let commitment = Commitment {
                kind,
                data,
                block: self.env().block_number(),
            };
            self.serve(netuid, Served::Commitment(commitment.clone()))?;
            let hotkey = self.env().caller();
            self.env().emit_event(CommitmentMade {
                netuid,
                hotkey,
                commitment,
            });
            Ok(())
        }

        /// Removes the endpoints and the commitment of the caller's neuron and returns the serving
        /// deposit to the caller. The caller is the hotkey. Returns the deposit in rao.
        ///
        /// # Events
        /// `ServingStopped`.
        ///
        /// # Errors
        /// `NotSeated`, `NothingServed`, `Payment`.
        #[ink(message)]
        fn stop_serving(&mut self, netuid: NetUid) -> Result<Rao, RegistryError> {
            let hotkey = self.env().caller();
            let deposit = self.subnets.stop_serving(netuid, hotkey)?;
            self.return_deposit(hotkey, deposit)?;
            self.env().emit_event(ServingStopped {
                netuid,
                hotkey,
                deposit,
            });
            Ok(deposit)
        }

        /// Creates a subnet with default hyperparameters, owned by the caller, and returns its
        /// netuid.
        ///
        /// Locks the creation price until the subnet is retired: approve the price for this
        /// contract first. Fails if the price is above `max_price`, in rao. If `owner_hotkey` has
        /// no owner yet, the caller becomes its owner, so that no other account can take the seat
        /// that always has a permit. On a full network the weakest subnet that is not immune is
        /// retired, and its owner receives the lock. Epochs begin after `start`. The first netuid
        /// is 1; none is used twice.
        ///
        /// # Events
        /// `SubnetRetired` if the network is full, `SubnetCreated`.
        ///
        /// # Errors
        /// `BadName`, `OutOfBounds` for tempo, seats or permits, `KernelNotAllowed`, `TooSoon`,
        /// `PriceAbove`, `NetworkFull`, `NotHotkeyOwner`, `Payment`.
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
        ) -> Result<NetUid, RegistryError> {
            let owner = self.env().caller();
            let now = self.env().block_number();
            let name = bounds::name(name)?;
            bounds::initial(Parameter::Tempo, tempo.into())?;
            bounds::initial(Parameter::MaxUids, max_uids.into())?;
            bounds::initial(Parameter::MaxValidators, max_validators.into())?;
            let mut settings = Settings {
                name,
                owner,
                owner_hotkey,
                symbol: String::new(),
                created_at: now,
                started_at: None,
                retired_at: None,
                lock: Rao::ZERO,
                tempo,
                kernel,
                max_uids,
                max_validators,
                immunity_period: DEFAULT_IMMUNITY_PERIOD,
                terms: Terms::default(),
                params: self.kernels.choose(kernel)?,
            };
            let price = self.creation.lock(now, max_price)?;
            settings.lock = price;
            self.make_room()?;
            let netuid = self.subnets.create(&settings)?;
            self.collect(price)?;
            self.env().emit_event(SubnetCreated {
                netuid,
                owner,
                price,
            });
            Ok(netuid)
        }

        /// Starts the epochs of a subnet, for good. Owner only.
        ///
        /// # Events
        /// `SubnetStarted`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `Retired`, `AlreadyStarted`.
        #[ink(message)]
        fn start(&mut self, netuid: NetUid) -> Result<(), RegistryError> {
            let at = self.env().block_number();
            self.subnets.start(netuid, self.env().caller(), at)?;
            self.env().emit_event(SubnetStarted { netuid, at });
            Ok(())
        }

        /// Sets one hyperparameter of a subnet. Owner or admin only; some are the admin's alone.
        ///
        /// The value counts from the open epoch on. On a started subnet no hyperparameter changes
        /// shortly before the epoch may close, and the owner waits two tempos between changes of
        /// the same one.
        ///
        /// # Events
        /// `HyperparameterSet`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `SetByAdmin`, `Frozen`, `Cooldown`; then by hyperparameter
        /// `KernelNotAllowed`, `SplitNotAllowed`, `NotYuma` for a Yuma parameter of another
        /// kernel's subnet, or `OutOfBounds`.
        #[ink(message)]
        fn set_hyperparameter(
            &mut self,
            netuid: NetUid,
            value: Hyperparameter,
        ) -> Result<(), RegistryError> {
            let change = Change {
                caller: self.env().caller(),
                now: self.env().block_number(),
                rules: self.creation.rules(),
                kernels: &self.kernels,
            };
            self.subnets.set(netuid, value.clone(), change)?;
            self.env().emit_event(HyperparameterSet { netuid, value });
            Ok(())
        }

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
        ) -> Result<(), RegistryError> {
            let caller = self.env().caller();
            self.subnets
                .set_identity(netuid, caller, identity.as_ref())?;
            self.env().emit_event(IdentitySet { netuid, identity });
            Ok(())
        }

        /// Sets the symbol of a subnet, or clears it with an empty text. Owner only.
        ///
        /// # Events
        /// `SymbolSet`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `OutOfBounds` for more than 16 bytes.
        #[ink(message)]
        fn set_symbol(&mut self, netuid: NetUid, symbol: String) -> Result<(), RegistryError> {
            let caller = self.env().caller();
            self.subnets.set_symbol(netuid, caller, &symbol)?;
            self.env().emit_event(SymbolSet { netuid, symbol });
            Ok(())
        }

        /// Offers a subnet to another account, or withdraws the offer. Owner only. The owner stays
        /// the same until the other account calls `accept_subnet`.
        ///
        /// # Events
        /// `SubnetOffered`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `Retired`.
        #[ink(message)]
        fn offer_subnet(
            &mut self,
            netuid: NetUid,
            to: Option<AccountId>,
        ) -> Result<(), RegistryError> {
            self.subnets.offer(netuid, self.env().caller(), to)?;
            self.env().emit_event(SubnetOffered { netuid, to });
            Ok(())
        }

        /// Makes the caller the owner of a subnet that is offered to the caller.
        ///
        /// The neuron of `owner_hotkey`, a hotkey of the caller, always has a permit. The new owner
        /// counts from the open epoch on; pay for closed epochs goes to the former owner.
        ///
        /// # Events
        /// `SubnetTransferred`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `Retired`, `NotOffered`, `NotHotkeyOwner`.
        #[ink(message)]
        fn accept_subnet(
            &mut self,
            netuid: NetUid,
            owner_hotkey: AccountId,
        ) -> Result<(), RegistryError> {
            let to = self.env().caller();
            let from = self.subnets.accept(netuid, to, owner_hotkey)?;
            self.env().emit_event(SubnetTransferred {
                netuid,
                from,
                to,
                owner_hotkey,
            });
            Ok(())
        }

        /// Returns a subnet, or nothing if the subnet was never created.
        #[ink(message)]
        fn subnet(&self, netuid: NetUid) -> Option<Subnet> {
            self.subnets.subnet(netuid, self.env().block_number())
        }

        /// Returns the number of subnets ever created. Netuids run from 1 to this number.
        #[ink(message)]
        fn subnets(&self) -> u16 {
            self.subnets.count()
        }

        /// Returns the netuids of all subnets that are not retired, ascending.
        #[ink(message)]
        fn live_subnets(&self) -> Vec<NetUid> {
            self.subnets.live()
        }

        /// Returns page `page` of a subnet's metagraph, 64 uids a page from page 0 on.
        #[ink(message)]
        fn metagraph(&self, netuid: NetUid, page: u16) -> Vec<NeuronView> {
            self.subnets.metagraph(netuid, page)
        }

        /// Returns the current neuron on `uid`.
        #[ink(message)]
        fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron> {
            self.subnets.neuron(netuid, uid)
        }

        /// Returns the current seat of `hotkey` on a subnet.
        #[ink(message)]
        fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat> {
            self.subnets.seat(netuid, hotkey)
        }

        /// Returns the owner of `hotkey`: the account that first registered the hotkey on any
        /// subnet, or created a subnet with the hotkey.
        #[ink(message)]
        fn owner_of(&self, hotkey: AccountId) -> Option<AccountId> {
            self.subnets.owner_of(hotkey)
        }

        /// Returns every numeric hyperparameter of a subnet with value, bounds, unit, setter, and
        /// the first block at which the setter may change the value.
        #[ink(message)]
        fn hyperparameters(&self, netuid: NetUid) -> Vec<HyperparameterView> {
            self.subnets
                .hyperparameters(netuid, self.env().block_number())
        }

        /// Returns the price of the next registration on a subnet, and the seat that it takes.
        #[ink(message)]
        fn quote_registration(&self, netuid: NetUid) -> Option<RegistrationQuote> {
            self.subnets.quote(netuid, self.env().block_number())
        }

        /// Returns the first `count` neurons, at most 16, that registrations on a full subnet would
        /// replace, in this order.
        #[ink(message)]
        fn prune_candidates(&self, netuid: NetUid, count: u16) -> Vec<PruneCandidate> {
            let now = self.env().block_number();
            self.subnets.prune_candidates(netuid, count, now)
        }

        /// Returns the endpoints and the commitment of the neuron on `uid`.
        #[ink(message)]
        fn serving(&self, netuid: NetUid, uid: Uid) -> Option<ServingView> {
            self.subnets.serving(netuid, uid)
        }

        /// Returns endpoints and commitments of page `page`, 64 uids a page from page 0 on. Neurons
        /// that do not serve are left out.
        #[ink(message)]
        fn serving_page(&self, netuid: NetUid, page: u16) -> Vec<ServingView> {
            self.subnets.serving_page(netuid, page)
        }

        /// Returns the identity of a subnet.
        #[ink(message)]
        fn identity(&self, netuid: NetUid) -> Option<SubnetIdentity> {
            self.subnets.identity(netuid)
        }

        /// Returns the account that a subnet is offered to.
        #[ink(message)]
        fn offered_to(&self, netuid: NetUid) -> Option<AccountId> {
            self.subnets.offered_to(netuid)
        }

        /// Returns the lock in rao that creating a subnet costs now. The price doubles with each
        /// creation and falls linearly afterwards.
        #[ink(message)]
        fn creation_price(&self) -> Rao {
            self.creation.price(self.env().block_number())
        }

        /// Returns the subnet that the next creation on a full network would retire, or nothing if
        /// all are immune.
        #[ink(message)]
        fn retirement_candidate(&self) -> Option<NetUid> {
            let (now, rules) = (self.env().block_number(), self.creation.rules());
            self.subnets.candidate(now, &rules).ok()
        }

        /// Returns the TAO in rao that this contract holds for others: locks of subnets that are
        /// not retired, and serving deposits. The contract's balance is at least this amount.
        #[ink(message)]
        fn held(&self) -> Rao {
            self.creation.held()
        }

        /// Returns the addresses of all kernels ever allowed, oldest first, retired ones included.
        #[ink(message)]
        fn kernels(&self) -> Vec<AccountId> {
            self.kernels.all()
        }

        /// Returns the entry of the kernel at `address`.
        #[ink(message)]
        fn kernel(&self, address: AccountId) -> Option<KernelEntry> {
            self.kernels.entry(address)
        }

        /// Returns the rules of the network.
        #[ink(message)]
        fn network_rules(&self) -> NetworkRules {
            self.creation.rules()
        }

        /// Returns the admin: the account that allows kernels, sets the network's rules, and may
        /// set hyperparameters of any subnet.
        #[ink(message)]
        fn admin(&self) -> AccountId {
            self.kernels.admin()
        }

        /// Returns the contracts that this contract calls or is called by.
        #[ink(message)]
        fn peers(&self) -> RegistryPeers {
            RegistryPeers {
                token: self.tao.0,
                epoch: self.wiring.peers().copied(),
            }
        }

        /// Returns the owner of `hotkey`, and the conditions for stake on a subnet. Called by the
        /// staking contract.
        #[ink(message)]
        fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus {
            let nominator_min = self.creation.rules().nominator_min;
            self.subnets.hotkey_status(netuid, hotkey, nominator_min)
        }

        /// Allows subnets to choose `kernel`, whose code must have the hash `code_hash`. Admin
        /// only.
        ///
        /// A subnet that has no parameters for the kernel starts with `defaults`. Allowing a
        /// retired kernel ends its retirement and replaces the defaults.
        ///
        /// # Events
        /// `KernelAllowed`.
        ///
        /// # Errors
        /// `NotAdmin`, `OutOfBounds` for the defaults, `KernelCode` with the hash of the code at
        /// the address, `KernelListed` with the hash that the kernel was allowed with before,
        /// `Exhausted` for the 257th kernel.
        #[ink(message)]
        fn allow_kernel(
            &mut self,
            kernel: AccountId,
            code_hash: Digest,
            defaults: KernelParams,
        ) -> Result<(), RegistryError> {
            self.kernels.only_admin(self.env().caller())?;
            bounds::check_params(&defaults)?;
            // The one error is that there is no contract.
            let found = self.env().code_hash(&kernel).ok().map(Into::into);
            self.kernels
                .allow(kernel, code_hash, found, defaults.clone())?;
            self.env().emit_event(KernelAllowed {
                kernel,
                code_hash,
                defaults,
            });
            Ok(())
        }

        /// Retires `kernel`: no further subnet may choose it. Subnets that run the kernel keep it.
        /// Admin only.
        ///
        /// # Events
        /// `KernelRetired`.
        ///
        /// # Errors
        /// `NotAdmin`, `KernelNotAllowed` if the kernel is not on the list or is retired already.
        #[ink(message)]
        fn retire_kernel(&mut self, kernel: AccountId) -> Result<(), RegistryError> {
            self.kernels.only_admin(self.env().caller())?;
            self.kernels.retire(kernel)?;
            self.env().emit_event(KernelRetired { kernel });
            Ok(())
        }

        /// Sets the rules of the network, all at once. Admin only.
        ///
        /// # Events
        /// `NetworkRulesSet`.
        ///
        /// # Errors
        /// `NotAdmin`, `OutOfBounds`.
        #[ink(message)]
        fn set_network_rules(&mut self, rules: NetworkRules) -> Result<(), RegistryError> {
            self.kernels.only_admin(self.env().caller())?;
            self.creation.set_rules(rules)?;
            self.env().emit_event(NetworkRulesSet { rules });
            Ok(())
        }

        /// Makes another account the admin. Admin only.
        ///
        /// # Events
        /// `AdminChanged`.
        ///
        /// # Errors
        /// `NotAdmin`.
        #[ink(message)]
        fn set_admin(&mut self, admin: AccountId) -> Result<(), RegistryError> {
            let from = self.env().caller();
            self.kernels.hand_on(from, admin)?;
            self.env().emit_event(AdminChanged { from, to: admin });
            Ok(())
        }

        /// Returns the current seat of `hotkey` on a subnet, and the terms for its weights. Called
        /// by the epoch contract.
        #[ink(message)]
        fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Option<Voter> {
            self.subnets.voter(netuid, hotkey)
        }

        /// Returns the neurons on `count` uids from `start` on, at the end of `epoch`. The uids
        /// must be of one page of 64. Called by the epoch contract.
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
        ) -> Result<Vec<Neuron>, RegistryError> {
            self.subnets.neurons_at(netuid, epoch, start, count)
        }

        /// Returns the registrations of the neurons on `uids`, ascending and at most 129, at the
        /// end of `epoch`. Called by the epoch contract, once for a whole roster.
        ///
        /// # Errors
        /// `UnknownSubnet`, `TooOld`, `OutOfBounds` for too many uids, for one beyond the seats
        /// taken then, or for one that does not ascend.
        #[ink(message)]
        fn tenures_at(
            &self,
            netuid: NetUid,
            epoch: u32,
            uids: Vec<Uid>,
        ) -> Result<Vec<Tenure>, RegistryError> {
            self.subnets.tenures_at(netuid, epoch, &uids)
        }

        /// Closes epoch `closing` of a subnet, opens the next one, and returns the subnet at the
        /// close. Epoch contract only.
        ///
        /// # Errors
        /// `NotEpoch`, `UnknownSubnet`, `Retired`, `WrongEpoch`.
        #[ink(message)]
        fn begin_epoch(
            &mut self,
            netuid: NetUid,
            closing: u32,
        ) -> Result<SubnetSnapshot, RegistryError> {
            self.only_epoch()?;
            let now = self.env().block_number();
            self.subnets.close(netuid, closing, now, &self.kernels)
        }

        /// Records the scores of `epoch` for the uids from `start` on, which must be of one page of
        /// 64, and the pay in rao that is owed to the owner of each. Epoch contract only.
        ///
        /// A neuron that registered after the epoch keeps a score of zero, and the pay is owed to
        /// the neuron that it has replaced.
        ///
        /// # Errors
        /// `NotEpoch`, `UnknownSubnet`, `OutOfBounds`, `TooOld`, `Exhausted`.
        #[ink(message)]
        fn record_pay(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            start: Uid,
            scores: Vec<NeuronResult>,
            owed: Vec<Rao>,
        ) -> Result<(), RegistryError> {
            self.only_epoch()?;
            self.subnets.record(netuid, epoch, start, &scores, &owed)
        }

        /// Removes and returns the pay that is owed to the neurons on `uids`, at most 64. Epoch
        /// contract only.
        ///
        /// # Errors
        /// `NotEpoch`, `OutOfBounds`, `NotSeated`.
        #[ink(message)]
        fn take_owed(
            &mut self,
            netuid: NetUid,
            uids: Vec<Uid>,
        ) -> Result<Vec<Payment>, RegistryError> {
            self.only_epoch()?;
            self.subnets.take_owed(netuid, &uids)
        }

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
        ) -> Result<Option<Payment>, RegistryError> {
            self.only_epoch()?;
            Ok(self.subnets.take_left(netuid, hotkey))
        }

        /// Returns the pay in rao that is owed to the owner of `hotkey` for registrations that were
        /// replaced. `Epochs::collect_left` stakes it.
        #[ink(message)]
        fn left(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
            self.subnets.left(netuid, hotkey)
        }

        /// Names the epoch contract. Deployer only, once, during deployment.
        ///
        /// # Errors
        /// `AlreadyWired`, `NotDeployer`.
        #[ink(message)]
        fn wire(&mut self, epoch: AccountId) -> Result<(), WireError> {
            self.wiring.wire(self.env().caller(), epoch)
        }
    }
}
