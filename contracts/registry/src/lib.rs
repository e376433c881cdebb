//! Subnets, their hyperparameters, and who sits on which uid.
//!
//! Anyone creates a subnet and owns it: its price is locked until the subnet gives way to another.
//! Anyone registers a neuron for the subnet's price, which is burned. On a full subnet a newcomer
//! takes the seat of the least paid neuron that is no longer immune.
//!
//! A subnet chooses its kernel from a list that the admin, at first the deployer, adds to. The
//! admin also sets the rules of the network and hyperparameters, some of which are its alone. It
//! takes no kernel away from a subnet that runs it, and changes no closed epoch.
//!
//! - `creation`, `price`, `pruning`, `limits`: the rules, without storage
//! - `hyperparameters`, `table`, `settings`: what a subnet can be told, its bounds, and how it is
//!   shown
//! - `subnets`: what is stored, and what becomes of it
//!
//! Consensus reads neurons as of the end of an epoch, so a page of neurons keeps the last two. The
//! epoch contract, named once by the deployer, is the only one to close an epoch and to record
//! scores.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod creation;
mod hyperparameters;
mod kernels;
mod limits;
mod pages;
mod payment;
mod price;
mod pruning;
mod seats;
mod serving;
mod settings;
mod subnets;
mod table;
mod wiring;

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
        hyperparameters::{self, DEFAULT_IMMUNITY_PERIOD},
        kernels::Kernels,
        payment,
        serving::Shown,
        settings::Settings,
        subnets::{Applicant, Change, Subnets},
        wiring::Wiring,
    };
    use ink::prelude::{string::String, vec::Vec};
    use inktensor_primitives::{
        kernel::NeuronResult,
        registry::{
            AdminChanged, Axon, AxonServed, Commitment, CommitmentKind, CommitmentMade,
            HotkeyStatus, HotkeySwapped, Hyperparameter, HyperparameterSet, HyperparameterView,
            IdentitySet, KernelAllowed, KernelEntry, KernelParams, KernelRetired, NetworkRules,
            NetworkRulesSet, Neuron, NeuronRegistered, NeuronView, Prometheus, PrometheusServed,
            PruneCandidate, RegistrationQuote, Registry, RegistryError, RegistryPeers, Seat,
            ServingStopped, ServingView, Subnet, SubnetCreated, SubnetIdentity, SubnetOffered,
            SubnetRetired, SubnetSnapshot, SubnetStarted, SubnetTransferred, Tenure, Terms, Voter,
        },
        token::WireError,
        Digest, NetUid, Rao, Uid,
    };

    /// The registry of subnets and neurons.
    #[ink(storage)]
    pub struct SubnetRegistry {
        token: AccountId,
        creation: Creation,
        wiring: Wiring,
        pub(crate) kernels: Kernels,
        pub(crate) subnets: Subnets,
    }

    impl SubnetRegistry {
        /// Deploys a registry that is paid in `token`, for a network with these rules. The caller
        /// may name the epoch contract, once, and is the admin.
        ///
        /// # Errors
        /// `OutOfBounds` for a rule.
        #[ink(constructor)]
        pub fn new(token: AccountId, rules: NetworkRules) -> Result<Self, RegistryError> {
            Ok(Self {
                token,
                creation: Creation::new(rules)?,
                wiring: Wiring::NamedBy {
                    deployer: Self::env().caller(),
                },
                kernels: Kernels::new(Self::env().caller()),
                subnets: Subnets::default(),
            })
        }

        fn burn_from_caller(&self, price: Rao) -> Result<(), RegistryError> {
            let registry = self.env().account_id();
            payment::burn(self.token, registry, self.env().caller(), price)
        }

        fn take_from_caller(&self, price: Rao) -> Result<(), RegistryError> {
            let registry = self.env().account_id();
            payment::take(self.token, registry, self.env().caller(), price)
        }

        /// Lets the caller's neuron show something, for a deposit if it is the first thing.
        fn show(&mut self, netuid: NetUid, shown: Shown) -> Result<(), RegistryError> {
            let (caller, now) = (self.env().caller(), self.env().block_number());
            let deposit = self.creation.rules().serving_deposit;
            let due = self.subnets.show(netuid, caller, shown, now, deposit)?;
            self.creation.hold(due)?;
            self.take_from_caller(due)
        }

        /// Gives a deposit back to the hotkey that paid it.
        fn give_back(&mut self, hotkey: AccountId, deposit: Rao) -> Result<(), RegistryError> {
            self.creation.unlock(deposit)?;
            payment::give(self.token, hotkey, deposit)
        }

        /// On a full network, retires a subnet and gives its owner the lock back.
        fn make_room(&mut self) -> Result<(), RegistryError> {
            let now = self.env().block_number();
            let rules = self.creation.rules();
            if let Some(retired) = self.subnets.make_room(now, &rules)? {
                self.creation.unlock(retired.lock)?;
                payment::give(self.token, retired.owner, retired.lock)?;
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
        /// Names the epoch contract, once. Only the deployer; afterwards nobody can.
        ///
        /// # Errors
        /// `NotDeployer`, `AlreadyWired`.
        #[ink(message)]
        fn wire(&mut self, epoch: AccountId) -> Result<(), WireError> {
            self.wiring.wire(self.env().caller(), epoch)
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
            hyperparameters::check_params(&defaults)?;
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

        /// Who decides which kernels are allowed and sets the rules of the network, and may set
        /// hyperparameters of any subnet.
        #[ink(message)]
        fn admin(&self) -> AccountId {
            self.kernels.admin()
        }

        /// What is listed of the kernel at `address`.
        #[ink(message)]
        fn kernel(&self, address: AccountId) -> Option<KernelEntry> {
            self.kernels.entry(address)
        }

        /// All kernels ever allowed, in the order in which they were.
        #[ink(message)]
        fn kernels(&self) -> Vec<AccountId> {
            self.kernels.all()
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

        /// The rules of the network.
        #[ink(message)]
        fn network_rules(&self) -> NetworkRules {
            self.creation.rules()
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
            let mut settings = Settings {
                name: hyperparameters::name(name)?,
                owner,
                owner_hotkey,
                symbol: String::new(),
                created_at: now,
                started_at: None,
                retired_at: None,
                lock: Rao::ZERO,
                tempo: hyperparameters::tempo(tempo)?,
                kernel,
                max_uids: hyperparameters::max_uids(max_uids, 0)?,
                max_validators: hyperparameters::max_validators(max_validators)?,
                immunity_period: DEFAULT_IMMUNITY_PERIOD,
                terms: Terms::default(),
                params: self.kernels.choose(kernel)?,
            };
            let price = self.creation.lock(now, max_price)?;
            settings.lock = price;
            self.make_room()?;
            let netuid = self.subnets.create(&settings)?;
            self.take_from_caller(price)?;
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

        /// To whom a subnet is offered.
        #[ink(message)]
        fn offered_to(&self, netuid: NetUid) -> Option<AccountId> {
            self.subnets.offered_to(netuid)
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
            self.subnets.set_symbol(netuid, self.env().caller(), symbol)
        }

        /// Who a subnet says it is.
        #[ink(message)]
        fn identity(&self, netuid: NetUid) -> Option<SubnetIdentity> {
            self.subnets.identity(netuid)
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
            self.burn_from_caller(seat.price)?;
            if let Some(gone) = seat.replaced {
                self.give_back(gone, seat.deposit)?;
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

        /// Shows where the caller's neuron answers, in the place of what it showed before.
        ///
        /// # Errors
        /// `NotSeated`, `BadHost`, `OutOfBounds` for port 0, `TooSoon`, `Payment`.
        #[ink(message)]
        fn serve_axon(&mut self, netuid: NetUid, axon: Axon) -> Result<(), RegistryError> {
            self.show(netuid, Shown::Axon(axon.clone()))?;
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
            self.show(netuid, Shown::Prometheus(prometheus.clone()))?;
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
            self.show(netuid, Shown::Commitment(commitment.clone()))?;
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
            let deposit = self.subnets.hide(netuid, hotkey)?;
            self.give_back(hotkey, deposit)?;
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
            self.burn_from_caller(self.creation.rules().swap_fee)?;
            self.env().emit_event(HotkeySwapped {
                netuid,
                from: hotkey,
                to: new_hotkey,
                identity: swapped.identity,
                uid: swapped.uid,
            });
            Ok(())
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
            self.wiring.only_epoch(self.env().caller())?;
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
            self.wiring.only_epoch(self.env().caller())?;
            self.subnets.record(netuid, epoch, start, &scores)
        }

        /// The subnet.
        #[ink(message)]
        fn subnet(&self, netuid: NetUid) -> Option<Subnet> {
            self.subnets.subnet(netuid, self.env().block_number())
        }

        /// Number of subnets ever created; netuids run from 1 to this.
        #[ink(message)]
        fn subnets(&self) -> u16 {
            self.subnets.count()
        }

        /// The netuids of all subnets that are not retired, ascending.
        #[ink(message)]
        fn live_subnets(&self) -> Vec<NetUid> {
            self.subnets.live()
        }

        /// Rao to lock for creating a subnet now.
        #[ink(message)]
        fn creation_price(&self) -> Rao {
            self.creation.price(self.env().block_number())
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

        /// All hyperparameters of a subnet: value, bounds, whose each one is, and from which block
        /// on it may change.
        #[ink(message)]
        fn hyperparameters(&self, netuid: NetUid) -> Vec<HyperparameterView> {
            self.subnets
                .hyperparameters(netuid, self.env().block_number())
        }

        /// What a registration costs now, and what comes of it.
        #[ink(message)]
        fn quote_registration(&self, netuid: NetUid) -> Option<RegistrationQuote> {
            self.subnets.quote(netuid, self.env().block_number())
        }

        /// Who would give way to newcomers on a full subnet, in this order; at most `count`, which
        /// is at most 16.
        #[ink(message)]
        fn prune_candidates(&self, netuid: NetUid, count: u16) -> Vec<PruneCandidate> {
            let now = self.env().block_number();
            self.subnets.prune_candidates(netuid, count, now)
        }

        /// The other contracts.
        #[ink(message)]
        fn peers(&self) -> RegistryPeers {
            RegistryPeers {
                token: self.token,
                epoch: self.wiring.epoch(),
            }
        }

        /// Where `hotkey` sits on `netuid`.
        #[ink(message)]
        fn seat(&self, netuid: NetUid, hotkey: AccountId) -> Option<Seat> {
            self.subnets.seat(netuid, hotkey)
        }

        /// Where `hotkey` sits on `netuid`, and on what terms it sets weights.
        #[ink(message)]
        fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Option<Voter> {
            self.subnets.voter(netuid, hotkey)
        }

        /// Who sits on `uid` now.
        #[ink(message)]
        fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron> {
            self.subnets.neuron(netuid, uid)
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

        /// Page `page` (64 uids) of the metagraph.
        #[ink(message)]
        fn metagraph(&self, netuid: NetUid, page: u16) -> Vec<NeuronView> {
            self.subnets.metagraph(netuid, page)
        }

        /// Who owns `hotkey`: the account that first registered it anywhere, or made it a subnet's
        /// owner hotkey.
        #[ink(message)]
        fn owner_of(&self, hotkey: AccountId) -> Option<AccountId> {
            self.subnets.owner_of(hotkey)
        }

        /// Whether `netuid` exists, and who owns `hotkey`.
        #[ink(message)]
        fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus {
            let nominator_min = self.creation.rules().nominator_min;
            self.subnets.hotkey_status(netuid, hotkey, nominator_min)
        }
    }
}
