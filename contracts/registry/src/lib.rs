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

        /// Serves an endpoint or a commitment of the caller's neuron. The first one costs a deposit.
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

        /// On a full network, retires a subnet and returns the lock to its owner.
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
        /// The netuids of all subnets that are not retired, ascending.
        #[ink(message)]
        fn live_subnets(&self) -> Vec<NetUid> {
            self.subnets.live()
        }

        /// Number of subnets ever created; netuids run from 1 to this.
        #[ink(message)]
        fn subnets(&self) -> u16 {
            self.subnets.count()
        }

        /// The subnet.
        #[ink(message)]
        fn subnet(&self, netuid: NetUid) -> Option<Subnet> {
            self.subnets.subnet(netuid, self.env().block_number())
        }

        /// Who a subnet says it is.
        #[ink(message)]
        fn identity(&self, netuid: NetUid) -> Option<SubnetIdentity> {
            self.subnets.identity(netuid)
        }

        /// To whom a subnet is offered.
        #[ink(message)]
        fn offered_to(&self, netuid: NetUid) -> Option<AccountId> {
            self.subnets.offered_to(netuid)
        }

        /// All hyperparameters of a subnet: value, bounds, whose each one is, and from which block
        /// on it may change.
        #[ink(message)]
        fn hyperparameters(&self, netuid: NetUid) -> Vec<HyperparameterView> {
            self.subnets
                .hyperparameters(netuid, self.env().block_number())
        }

        /// Rao to lock for creating a subnet now.
        #[ink(message)]
        fn creation_price(&self) -> Rao {
            self.creation.price(self.env().block_number())
        }

        /// Creates a subnet with default hyperparameters, owned by the caller, who locks the
        /// creation price (approve it for this contract first). Returns its netuid; the
        /// first is 1. Epochs run once it is started.
        ///
        /// # Errors
        /// `BadName`, `OutOfBounds` for tempo, seats or permits, `KernelNotAllowed`,
        /// `NotHotkeyOwner`, `TooSoon`, `NetworkFull`, `PriceAbove`, `Payment`.
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

        /// Lets a subnet's epochs run from now on, for good. Only its owner.
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

        /// Sets one hyperparameter. Only the subnet's owner, or the admin; some are the admin's
        /// alone. It counts from the open epoch on.
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

        /// Says who a subnet is, or no longer. Only its owner.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `OutOfBounds` for a field that is too long.
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

        /// Gives a subnet a short sign; empty for none. Only its owner.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `OutOfBounds`.
        #[ink(message)]
        fn set_symbol(&mut self, netuid: NetUid, symbol: String) -> Result<(), RegistryError> {
            let caller = self.env().caller();
            self.subnets.set_symbol(netuid, caller, &symbol)?;
            self.env().emit_event(SymbolSet { netuid, symbol });
            Ok(())
        }

        /// Offers a subnet to another owner, or takes an offer back. Only its owner.
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

        /// Takes over a subnet that is offered to the caller, with the caller's hotkey for the seat
        /// that always has a permit.
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

        /// What a registration costs now, and what comes of it.
        #[ink(message)]
        fn quote_registration(&self, netuid: NetUid) -> Option<RegistrationQuote> {
            self.subnets.quote(netuid, self.env().block_number())
        }

        /// Gives `hotkey` a seat, owned by the caller, who burns the registration price (approve it
        /// for this contract first). On a full subnet it replaces the first of
        /// `prune_candidates`.
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

        /// Gives the neuron of `hotkey`, which the caller owns, another hotkey on a subnet, for a
        /// fee that is burned (approve it first).
        ///
        /// # Errors
        /// `NotSeated`, `NotHotkeyOwner`, `TooSoon`, `Payment`.
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

        /// Shows where the caller's neuron answers, in the place of what it showed before.
        ///
        /// # Errors
        /// `NotSeated`, `BadHost`, `OutOfBounds` for port 0, `TooSoon`, `Payment`.
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

        /// Shows where the metrics of the caller's neuron are.
        ///
        /// # Errors
        /// `NotSeated`, `BadHost`, `OutOfBounds` for port 0, `TooSoon`, `Payment`.
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

        /// Commits the caller's neuron to some bytes in public.
        ///
        /// # Errors
        /// `NotSeated`, `OutOfBounds` for too many bytes, `TooSoon`, `Payment`.
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

        /// Shows nothing of the caller's neuron any more, and gives the deposit back.
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

        /// What the neuron on `uid` shows.
        #[ink(message)]
        fn serving(&self, netuid: NetUid, uid: Uid) -> Option<ServingView> {
            self.subnets.serving(netuid, uid)
        }

        /// What the neurons of page `page` (64 uids) show; those that show nothing are left out.
        #[ink(message)]
        fn serving_page(&self, netuid: NetUid, page: u16) -> Vec<ServingView> {
            self.subnets.serving_page(netuid, page)
        }

        /// Page `page` (64 uids) of the metagraph.
        #[ink(message)]
        fn metagraph(&self, netuid: NetUid, page: u16) -> Vec<NeuronView> {
            self.subnets.metagraph(netuid, page)
        }

        /// Who sits on `uid` now.
        #[ink(message)]
        fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron> {
            self.subnets.neuron(netuid, uid)
        }

        /// Where `hotkey` sits on `netuid`.
        #[ink(message)]
        fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat> {
            self.subnets.seat(netuid, hotkey)
        }

        /// Who owns `hotkey`: the account that first registered it anywhere, or made it a subnet's
        /// owner hotkey.
        #[ink(message)]
        fn owner_of(&self, hotkey: AccountId) -> Option<AccountId> {
            self.subnets.owner_of(hotkey)
        }

        /// Who would give way to newcomers on a full subnet, in this order; at most `count`, which
        /// is at most 16.
        #[ink(message)]
        fn prune_candidates(&self, netuid: NetUid, count: u16) -> Vec<PruneCandidate> {
            let now = self.env().block_number();
            self.subnets.prune_candidates(netuid, count, now)
        }

        /// The subnet that would give way if one more were created on a full network now; none if
        /// all are immune.
        #[ink(message)]
        fn retirement_candidate(&self) -> Option<NetUid> {
            let (now, rules) = (self.env().block_number(), self.creation.rules());
            self.subnets.candidate(now, &rules).ok()
        }

        /// Rao that this contract holds for others: the locks of subnets that are not retired, and
        /// deposits of neurons.
        #[ink(message)]
        fn held(&self) -> Rao {
            self.creation.held()
        }

        /// The rules of the network.
        #[ink(message)]
        fn network_rules(&self) -> NetworkRules {
            self.creation.rules()
        }

        /// All kernels ever allowed, in the order in which they were.
        #[ink(message)]
        fn kernels(&self) -> Vec<AccountId> {
            self.kernels.all()
        }

        /// What is listed of the kernel at `address`.
        #[ink(message)]
        fn kernel(&self, address: AccountId) -> Option<KernelEntry> {
            self.kernels.entry(address)
        }

        /// Who decides which kernels are allowed and sets the rules of the network, and may set
        /// hyperparameters of any subnet.
        #[ink(message)]
        fn admin(&self) -> AccountId {
            self.kernels.admin()
        }

        /// The other contracts.
        #[ink(message)]
        fn peers(&self) -> RegistryPeers {
            RegistryPeers {
                token: self.tao.0,
                epoch: self.wiring.peers().copied(),
            }
        }

        /// Sets the rules of the network. Only the admin.
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

        /// Lets subnets choose `kernel`, whose code must have `code_hash` now. Only the admin.
        ///
        /// # Errors
        /// `NotAdmin`, `OutOfBounds`, `KernelCode`, `KernelListed`, `Exhausted`.
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

        /// Lets no more subnets choose `kernel`; those that run it keep it. Only the admin.
        ///
        /// # Errors
        /// `NotAdmin`, `KernelNotAllowed`.
        #[ink(message)]
        fn retire_kernel(&mut self, kernel: AccountId) -> Result<(), RegistryError> {
            self.kernels.only_admin(self.env().caller())?;
            self.kernels.retire(kernel)?;
            self.env().emit_event(KernelRetired { kernel });
            Ok(())
        }

        /// Hands the admin's role on. Only the admin.
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

        /// Whether `netuid` exists, and who owns `hotkey`.
        #[ink(message)]
        fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus {
            let nominator_min = self.creation.rules().nominator_min;
            self.subnets.hotkey_status(netuid, hotkey, nominator_min)
        }

        /// Where `hotkey` sits on `netuid`, and on what terms it sets weights.
        #[ink(message)]
        fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Option<Voter> {
            self.subnets.voter(netuid, hotkey)
        }

        /// Who sat on the `count` uids from `start` at the end of `epoch`; they must not cross a
        /// page.
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
        ) -> Result<Vec<Neuron>, RegistryError> {
            self.subnets.neurons_at(netuid, epoch, start, count)
        }

        /// The tenures of the neurons that sat on `uids`, ascending, at the end of `epoch`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `OutOfBounds` beyond the seats taken then or for too many uids,
        /// `TooOld`.
        #[ink(message)]
        fn tenures_at(
            &self,
            netuid: NetUid,
            epoch: u32,
            uids: Vec<Uid>,
        ) -> Result<Vec<Tenure>, RegistryError> {
            self.subnets.tenures_at(netuid, epoch, &uids)
        }

        /// Called by the epoch contract at close: freezes the subnet and opens epoch `closing + 1`.
        ///
        /// # Errors
        /// `NotEpoch`, `UnknownSubnet`, `WrongEpoch`.
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

        /// Called by the epoch contract at settle: records scores of `epoch` from uid `start` on,
        /// which must not cross a page. A neuron that took its seat later keeps its zero
        /// score.
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
        ) -> Result<(), RegistryError> {
            self.only_epoch()?;
            self.subnets.record(netuid, epoch, start, &scores)
        }

        /// Names the epoch contract, once. Only the deployer; afterwards nobody can.
        ///
        /// # Errors
        /// `NotDeployer`, `AlreadyWired`.
        #[ink(message)]
        fn wire(&mut self, epoch: AccountId) -> Result<(), WireError> {
            self.wiring.wire(self.env().caller(), epoch)
        }
    }
}
