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
//! * `admin`: the admin, the brake, the close-down
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
//! * What an epoch obeys is fixed when it opens. The admin takes no kernel away from a subnet that
//!   runs it, and changes no epoch but those to come.
//! * The admin's kernels and rules count a day after they are announced, the close-down 30 days
//!   after.
//! * A hotkey has agreed to belong to its owner.
//! * Only the epoch contract, which the deployer names once, closes epochs and records scores.
//! * Seats are taken in order and never freed; netuids and generations are never used twice.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod admin;
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
        admin::Admin,
        creation::Creation,
        hyperparameters::{
            bounds,
            settings::{Settings, Values},
            DEFAULT_IMMUNITY_PERIOD,
        },
        kernels::Kernels,
        serving::Served,
        subnets::{Applicant, Change, Closing, Subnets},
    };
    use ink::prelude::{string::String, vec, vec::Vec};
    use inktensor_primitives::{
        done, front_only,
        registry::{
            AdminChanged, AdminOffered, Agreement, AnnouncedRules, Axon, AxonServed, BrakeSet,
            CloseDownAnnounced, CloseDownCancelled, Commitment, CommitmentKind, CommitmentMade,
            HotkeyAgreed, HotkeyStatus, HotkeySwapped, Hyperparameter, HyperparameterSet,
            HyperparameterView, IdentitySet, KernelAllowed, KernelEntry, KernelParams,
            KernelRetired, LockWithdrawn, NetworkRules, NetworkRulesCancelled, NetworkRulesSet,
            Neuron, NeuronRegistered, NeuronView, PagePay, Parameter, Prometheus, PrometheusServed,
            PruneCandidate, RegistrationQuote, Registry, RegistryError, RegistryPeers, Seat,
            ServingStopped, ServingView, Signature, Subnet, SubnetCreated, SubnetIdentity,
            SubnetOffered, SubnetRetired, SubnetSnapshot, SubnetStarted, SubnetTransferred,
            SymbolSet, Terms, Voter, ANNOUNCED_FOR,
        },
        staking::Payment,
        token::{Successor, WireError},
        wiring::{Wired, Wiring},
        Digest, NetUid, Rao, Tao, Uid,
    };

    /// The registry of subnets and neurons.
    #[ink(storage)]
    pub struct SubnetRegistry {
        tao: Tao,
        creation: Creation,
        /// The epoch contract, once it is named.
        wiring: Wiring<AccountId>,
        admin: Admin,
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
                admin: Admin::new(Self::env().caller()),
                kernels: Kernels::default(),
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
        /// deposit, which is returned.
        fn serve(&mut self, netuid: NetUid, served: Served) -> Result<Rao, RegistryError> {
            let (caller, now) = (self.env().caller(), self.env().block_number());
            let deposit = self.creation.rules(now).serving_deposit;
            let due = self.subnets.serve(netuid, caller, served, now, deposit)?;
            self.creation.hold(due)?;
            self.collect(due)?;
            Ok(due)
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

        /// Returns true if `hotkey` has signed that it belongs to the caller.
        fn has_signed(&self, hotkey: AccountId, signature: Option<Signature>) -> bool {
            let Some(signature) = signature else {
                return false;
            };
            let agreement = Agreement {
                registry: self.env().account_id(),
                hotkey,
                coldkey: self.env().caller(),
            };
            let key: &[u8; 32] = hotkey.as_ref();
            self.env()
                .sr25519_verify(&signature, &agreement.bytes(), key)
                .is_ok()
        }

        /// Returns the block from which a change counts that the admin announces now. A network
        /// without subnets has nothing to protect.
        fn counts_from(&self) -> u32 {
            let now = self.env().block_number();
            if self.subnets.count() == 0 {
                now
            } else {
                now.saturating_add(ANNOUNCED_FOR)
            }
        }

        /// Announces `successor` to the token, or withdraws the announced one.
        fn name_successor(&self, successor: Option<Successor>) -> Result<(), RegistryError> {
            if self.tao.succeed(successor) {
                Ok(())
            } else {
                Err(RegistryError::Token)
            }
        }

        /// Retires a subnet of a full network and returns the lock to its owner.
        fn make_room(&mut self) -> Result<(), RegistryError> {
            let now = self.env().block_number();
            let rules = self.creation.rules(now);
            if let Some(retired) = self.subnets.make_room(now, &rules)? {
                self.creation.retire(now)?;
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
        /// A hotkey that has no owner yet must agree to belong to the caller: by `agree`, or by a
        /// signature of the bytes of `agreement`. A hotkey that is the caller itself needs neither.
        ///
        /// # Events
        /// `NeuronRegistered`.
        ///
        /// # Errors
        /// `ClosedDown`, `Braked`, `UnknownSubnet`, `Retired`, `RegistrationClosed`,
        /// `AlreadyRegistered`, `NotHotkeyOwner`, `NotAgreed`, `TooSoon`, `PriceAbove`,
        /// `AllImmune`, `Payment`.
        #[ink(message)]
        fn register(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            max_price: Rao,
            signature: Option<Signature>,
        ) -> Result<Uid, RegistryError> {
            let (coldkey, now) = (self.env().caller(), self.env().block_number());
            self.admin.check_open(now)?;
            let applicant = Applicant {
                hotkey,
                coldkey,
                max_price,
                now,
                has_signed: self.has_signed(hotkey, signature),
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

        /// Agrees that `coldkey` becomes the owner of the caller, a hotkey, or withdraws the
        /// agreement.
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
        fn agree(&mut self, coldkey: Option<AccountId>) -> Result<(), RegistryError> {
            let hotkey = self.env().caller();
            self.subnets.agree(hotkey, coldkey)?;
            self.env().emit_event(HotkeyAgreed { hotkey, coldkey });
            Ok(())
        }

        /// Replaces the hotkey of the caller's neuron on a subnet by `new_hotkey`.
        ///
        /// Burns the swap fee of the network rules: approve the fee for this contract first.
        /// `new_hotkey` must have no owner yet, and must agree to belong to the caller as for
        /// `register`. The seat stays, with uid, scores, weights, permit and endpoints. Stake and
        /// take stay on the hotkey that the neuron registered with. Commits that are not revealed
        /// are lost, because they bind the hotkey. The new hotkey counts from the open epoch on.
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
        ) -> Result<(), RegistryError> {
            let (caller, now) = (self.env().caller(), self.env().block_number());
            let has_signed = self.has_signed(new_hotkey, signature);
            let keys = (hotkey, new_hotkey);
            let swapped = self
                .subnets
                .swap_hotkey(netuid, caller, keys, has_signed, now)?;
            self.burn(self.creation.rules(now).swap_fee)?;
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
            let deposit = self.serve(netuid, Served::Axon(axon.clone()))?;
            let hotkey = self.env().caller();
            self.env().emit_event(AxonServed {
                netuid,
                hotkey,
                axon,
                deposit,
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
            let deposit = self.serve(netuid, Served::Prometheus(prometheus.clone()))?;
            let hotkey = self.env().caller();
            self.env().emit_event(PrometheusServed {
                netuid,
                hotkey,
                prometheus,
                deposit,
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
            let deposit = self.serve(netuid, Served::Commitment(commitment.clone()))?;
            let hotkey = self.env().caller();
            self.env().emit_event(CommitmentMade {
                netuid,
                hotkey,
                commitment,
                deposit,
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
        /// no owner yet, it must agree to belong to the caller as for `register`, and the caller
        /// becomes its owner. So no other account can take the seat that always has a permit. On a
        /// full network the weakest subnet that is not immune is retired, and its owner receives
        /// the lock. Epochs begin after `start`. The first netuid is 1; none is used twice.
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
        ) -> Result<NetUid, RegistryError> {
            let owner = self.env().caller();
            let now = self.env().block_number();
            self.admin.check_open(now)?;
            let name = bounds::name(name)?;
            bounds::initial(Parameter::Tempo, tempo.into())?;
            bounds::initial(Parameter::MaxUids, max_uids.into())?;
            bounds::initial(Parameter::MaxValidators, max_validators.into())?;
            let (params, kernel_code) = self.kernels.choose(kernel, now)?;
            let mut settings = Settings {
                name,
                owner,
                owner_hotkey,
                symbol: String::new(),
                created_at: now,
                started_at: None,
                retired_at: None,
                lock: Rao::ZERO,
                present: Values {
                    tempo,
                    kernel,
                    kernel_code,
                    max_uids,
                    max_validators,
                    immunity_period: DEFAULT_IMMUNITY_PERIOD.max(tempo),
                    terms: Terms::default(),
                    params,
                },
                next: None,
            };
            let price = self.creation.lock(now, max_price)?;
            settings.lock = price;
            self.make_room()?;
            let has_signed = self.has_signed(owner_hotkey, signature);
            let netuid = self.subnets.create(&settings, has_signed)?;
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
        /// `ClosedDown`, `UnknownSubnet`, `NotOwner`, `Retired`, `AlreadyStarted`.
        #[ink(message)]
        fn start(&mut self, netuid: NetUid) -> Result<(), RegistryError> {
            let at = self.env().block_number();
            self.admin.check_not_closed(at)?;
            self.subnets.start(netuid, self.env().caller(), at)?;
            self.env().emit_event(SubnetStarted { netuid, at });
            Ok(())
        }

        /// Sets one hyperparameter of a subnet. Owner or admin only; some are the admin's alone.
        ///
        /// On a subnet whose epochs run the value counts from the next epoch on, and the owner
        /// waits two tempos between changes of the same one. A registration price counts at once.
        /// An epoch that closes more than 1500 blocks late closes with values that were set 300
        /// blocks before.
        ///
        /// The kernel is the owner's choice. The admin may choose it after three epochs without
        /// pay, or when no epoch closes for 1500 blocks.
        ///
        /// # Events
        /// `HyperparameterSet`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `SetByAdmin`, `KernelByOwner`, `Cooldown`; then by
        /// hyperparameter `KernelNotAllowed`, `Announced` for a kernel, `SplitNotAllowed`,
        /// `NotYuma` for a Yuma parameter of another kernel's subnet, `IsYuma` for the bytes of
        /// another kernel, or `OutOfBounds`.
        #[ink(message)]
        fn set_hyperparameter(
            &mut self,
            netuid: NetUid,
            value: Hyperparameter,
        ) -> Result<(), RegistryError> {
            let now = self.env().block_number();
            let change = Change {
                caller: self.env().caller(),
                now,
                rules: self.creation.rules(now),
                kernels: &self.kernels,
                admin: self.admin.account(),
            };
            let from_epoch = self.subnets.set(netuid, value.clone(), change)?;
            self.env().emit_event(HyperparameterSet {
                netuid,
                value,
                from_epoch,
            });
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
        /// The neuron of `owner_hotkey`, a hotkey of the caller, always has a permit. A hotkey
        /// without an owner must agree to belong to the caller as for `register`. The new owner
        /// counts from the open epoch on; pay for closed epochs goes to the former owner.
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
        ) -> Result<(), RegistryError> {
            let to = self.env().caller();
            let has_signed = self.has_signed(owner_hotkey, signature);
            let from = self.subnets.accept(netuid, to, owner_hotkey, has_signed)?;
            self.env().emit_event(SubnetTransferred {
                netuid,
                from,
                to,
                owner_hotkey,
            });
            Ok(())
        }

        /// Returns the lock of a subnet to its owner after the close-down, and retires the subnet.
        /// Owner only. Returns the lock in rao.
        ///
        /// # Events
        /// `LockWithdrawn`.
        ///
        /// # Errors
        /// `NotClosedDown`, `UnknownSubnet`, `NotOwner`, `Retired`, `Payment`.
        #[ink(message)]
        fn withdraw_lock(&mut self, netuid: NetUid) -> Result<Rao, RegistryError> {
            let (owner, now) = (self.env().caller(), self.env().block_number());
            if !self.admin.is_closed(now) {
                return Err(RegistryError::NotClosedDown);
            }
            let lock = self.subnets.withdraw_lock(netuid, owner, now)?;
            self.creation.unlock(lock)?;
            self.tao.send(owner, lock)?;
            self.env().emit_event(LockWithdrawn {
                netuid,
                owner,
                lock,
            });
            Ok(lock)
        }

        /// Returns a subnet, or nothing if the subnet was never created.
        #[ink(message)]
        fn subnet(&self, netuid: NetUid) -> Option<Subnet> {
            self.subnets.subnet(netuid, self.env().block_number())
        }

        /// Returns a subnet with the hyperparameters of its next epoch, or nothing if the subnet
        /// was never created.
        #[ink(message)]
        fn next_subnet(&self, netuid: NetUid) -> Option<Subnet> {
            let now = self.env().block_number();
            self.subnets.next_subnet(netuid, now)
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

        /// Returns the coldkey that `hotkey` has agreed to belong to, while the hotkey has no
        /// owner.
        #[ink(message)]
        fn agreed(&self, hotkey: AccountId) -> Option<AccountId> {
            self.subnets.agreed(hotkey)
        }

        /// Returns the bytes that `hotkey` signs, by sr25519, to agree that `coldkey` becomes its
        /// owner.
        #[ink(message)]
        fn agreement(&self, hotkey: AccountId, coldkey: AccountId) -> Vec<u8> {
            let registry = self.env().account_id();
            let agreement = Agreement {
                registry,
                hotkey,
                coldkey,
            };
            agreement.bytes()
        }

        /// Returns every numeric hyperparameter of a subnet with its value in the open and in the
        /// next epoch, bounds, unit, setter, and the first block at which the setter may change the
        /// value.
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
            let now = self.env().block_number();
            let rules = self.creation.rules(now);
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

        /// Returns the rules of the network that count now.
        #[ink(message)]
        fn network_rules(&self) -> NetworkRules {
            self.creation.rules(self.env().block_number())
        }

        /// Returns the rules of the network that are announced and do not count yet.
        #[ink(message)]
        fn announced_rules(&self) -> Option<AnnouncedRules> {
            self.creation.announced(self.env().block_number())
        }

        /// Returns the admin: the account that allows kernels, sets the network's rules, and may
        /// set hyperparameters of any subnet.
        #[ink(message)]
        fn admin(&self) -> AccountId {
            self.admin.account()
        }

        /// Returns the account that the admin's role is offered to.
        #[ink(message)]
        fn offered_admin(&self) -> Option<AccountId> {
            self.admin.offered_to()
        }

        /// Returns the block until which the admin has stopped new stake, seats and subnets. Absent
        /// without a brake.
        #[ink(message)]
        fn braked_until(&self) -> Option<u32> {
            self.admin.braked_until(self.env().block_number())
        }

        /// Returns the block from which no epoch closes. Absent unless the admin has announced a
        /// close-down.
        #[ink(message)]
        fn closes_down_at(&self) -> Option<u32> {
            self.admin.closes_down_at()
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
            let now = self.env().block_number();
            let nominator_min = self.creation.rules(now).nominator_min;
            let braked_until = self.admin.braked_until(now);
            self.subnets
                .hotkey_status(netuid, hotkey, nominator_min, braked_until)
        }

        /// Announces that subnets may choose `kernel`, whose code must have the hash `code_hash`.
        /// Admin only.
        ///
        /// Subnets may choose the kernel 7200 blocks later, or at once on a network without
        /// subnets. `retire_kernel` withdraws an announcement. A subnet that has no parameters for
        /// the kernel starts with `defaults`. Allowing a retired kernel ends its retirement and
        /// replaces the defaults, with the same delay.
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
            self.admin.only(self.env().caller())?;
            bounds::check_params(&defaults)?;
            // The one error is that there is no contract.
            let found = self.env().code_hash(&kernel).ok().map(Into::into);
            let from = self.counts_from();
            let entry = KernelEntry {
                code_hash,
                defaults: defaults.clone(),
                from,
                retired: false,
            };
            self.kernels.allow(kernel, found, &entry)?;
            self.env().emit_event(KernelAllowed {
                kernel,
                code_hash,
                defaults,
                from,
            });
            Ok(())
        }

        /// Retires `kernel`, or withdraws its announcement: no further subnet may choose it.
        /// Subnets that run the kernel keep it. Admin only.
        ///
        /// # Events
        /// `KernelRetired`.
        ///
        /// # Errors
        /// `NotAdmin`, `KernelNotAllowed` if the kernel is not on the list or is retired already.
        #[ink(message)]
        fn retire_kernel(&mut self, kernel: AccountId) -> Result<(), RegistryError> {
            self.admin.only(self.env().caller())?;
            self.kernels.retire(kernel)?;
            self.env().emit_event(KernelRetired { kernel });
            Ok(())
        }

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
        fn set_network_rules(&mut self, rules: NetworkRules) -> Result<(), RegistryError> {
            self.admin.only(self.env().caller())?;
            let (from, now) = (self.counts_from(), self.env().block_number());
            let live = self.subnets.live().len();
            self.creation.announce(rules, live, from, now)?;
            self.env().emit_event(NetworkRulesSet { rules, from });
            Ok(())
        }

        /// Withdraws announced rules that do not count yet. Admin only.
        ///
        /// # Events
        /// `NetworkRulesCancelled`.
        ///
        /// # Errors
        /// `NotAdmin`, `NothingAnnounced`.
        #[ink(message)]
        fn cancel_network_rules(&mut self) -> Result<(), RegistryError> {
            self.admin.only(self.env().caller())?;
            let rules = self.creation.cancel(self.env().block_number())?;
            self.env().emit_event(NetworkRulesCancelled { rules });
            Ok(())
        }

        /// Offers the admin's role to another account, or withdraws the offer. Admin only. The
        /// admin stays the same until the other account calls `accept_admin`.
        ///
        /// # Events
        /// `AdminOffered`.
        ///
        /// # Errors
        /// `NotAdmin`.
        #[ink(message)]
        fn offer_admin(&mut self, to: Option<AccountId>) -> Result<(), RegistryError> {
            self.admin.offer(self.env().caller(), to)?;
            self.env().emit_event(AdminOffered { to });
            Ok(())
        }

        /// Makes the caller the admin, if the role is offered to the caller.
        ///
        /// # Events
        /// `AdminChanged`.
        ///
        /// # Errors
        /// `AdminNotOffered`.
        #[ink(message)]
        fn accept_admin(&mut self) -> Result<(), RegistryError> {
            let to = self.env().caller();
            let from = self.admin.accept(to)?;
            self.env().emit_event(AdminChanged { from, to });
            Ok(())
        }

        /// Stops new stake, seats and subnets until block `until`, or ends a brake earlier. Admin
        /// only.
        ///
        /// A brake lasts at most a week, 50 400 blocks, and the next one begins a week after its
        /// end at the earliest. Epochs, pay, the removal of stake and all that is there already go
        /// on.
        ///
        /// # Events
        /// `BrakeSet`.
        ///
        /// # Errors
        /// `NotAdmin`, `TooSoon` after the last brake, `OutOfBounds`.
        #[ink(message)]
        fn brake(&mut self, until: u32) -> Result<(), RegistryError> {
            let now = self.env().block_number();
            self.admin.only(self.env().caller())?;
            self.admin.brake(now, until)?;
            self.env().emit_event(BrakeSet { until });
            Ok(())
        }

        /// Announces that the network closes down 30 days later, 216 000 blocks, in favour of a
        /// successor. Admin only.
        ///
        /// From then on no epoch closes, no subnet and no seat is sold, and each owner may withdraw
        /// the lock of its subnet. A day later the right to mint what is left below the cap passes
        /// to the successor. Stake and balances stay where they are, and can be removed at any
        /// time. Another announcement replaces this one and starts the delay again.
        ///
        /// # Events
        /// `CloseDownAnnounced`.
        ///
        /// # Errors
        /// `NotAdmin`, `ClosedDown`, `Token`.
        #[ink(message)]
        fn close_down(&mut self, successor: Successor) -> Result<(), RegistryError> {
            self.admin.only(self.env().caller())?;
            let at = self.admin.close_down(self.env().block_number())?;
            self.name_successor(Some(successor))?;
            self.env().emit_event(CloseDownAnnounced {
                at,
                minter: successor.minter,
                registry: successor.registry,
            });
            Ok(())
        }

        /// Withdraws an announced close-down. Admin only.
        ///
        /// # Events
        /// `CloseDownCancelled`.
        ///
        /// # Errors
        /// `NotAdmin`, `NothingAnnounced`, `ClosedDown`, `Token`.
        #[ink(message)]
        fn cancel_close_down(&mut self) -> Result<(), RegistryError> {
            self.admin.only(self.env().caller())?;
            let at = self.admin.cancel_close_down(self.env().block_number())?;
            self.name_successor(None)?;
            self.env().emit_event(CloseDownCancelled { at });
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
            front_only!();
            self.subnets.neurons_at(netuid, epoch, start, count)
        }

        /// Closes epoch `closing` of a subnet, opens the next one, and returns everything that a
        /// close fixes of the subnet. `roster` are the uids with a permit by the last final epoch,
        /// ascending and at most 128. On a subnet without neurons nothing closes. Epoch contract
        /// only.
        ///
        /// # Errors
        /// `NotEpoch`, `ClosedDown`, `UnknownSubnet`, `Retired`, `WrongEpoch`, `OutOfBounds` for
        /// too many uids, for one beyond the seats that are taken, or for one that does not ascend.
        #[ink(message)]
        fn begin_epoch(
            &mut self,
            netuid: NetUid,
            closing: u32,
            roster: Vec<Uid>,
        ) -> Result<SubnetSnapshot, RegistryError> {
            front_only!();
            self.only_epoch()?;
            let now = self.env().block_number();
            self.admin.check_not_closed(now)?;
            let closing = Closing {
                epoch: closing,
                now,
                roster,
            };
            done(self.subnets.close(netuid, closing)?)
        }

        /// Records scores of `epoch`, and the pay in rao that is owed to the owner of each neuron.
        /// Epoch contract only.
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
            pay: Vec<PagePay>,
        ) -> Result<(), RegistryError> {
            front_only!();
            self.only_epoch()?;
            done(self.subnets.record(netuid, epoch, &pay)?)
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
            front_only!();
            self.only_epoch()?;
            done(self.subnets.take_owed(netuid, &uids)?)
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
            front_only!();
            self.only_epoch()?;
            done(self.subnets.take_left(netuid, hotkey))
        }

        /// Returns the pay in rao that is owed to the owner of `hotkey` for registrations that were
        /// replaced. `Epochs::collect_left` stakes it.
        #[ink(message)]
        fn left(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
            self.subnets.left(netuid, hotkey)
        }

        /// Names the epoch contract. Deployer only, once, during deployment.
        ///
        /// # Events
        /// `Wired`.
        ///
        /// # Errors
        /// `AlreadyWired`, `NotDeployer`.
        #[ink(message)]
        fn wire(&mut self, epoch: AccountId) -> Result<(), WireError> {
            self.wiring.wire(self.env().caller(), epoch)?;
            self.env().emit_event(Wired { peers: vec![epoch] });
            Ok(())
        }
    }
}
