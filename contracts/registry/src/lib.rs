//! Subnets, their hyperparameters, and who sits on which uid.
//!
//! Anyone creates a subnet for a price and owns it; anyone registers a neuron for the subnet's price. Both prices are
//! burned. On a full subnet a newcomer takes the seat of the least paid neuron that is no longer immune.
//!
//! A subnet chooses its kernel from a list that the admin, at first the deployer, adds to. The admin can do nothing else, and
//! takes no kernel away from a subnet that runs it.
//!
//! Consensus reads neurons as of the end of an epoch, so a page of neurons keeps the last two. The epoch contract,
//! named once by the deployer, is the only one to close an epoch and to record scores.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod hyperparameters;
mod kernels;
mod pages;
mod payment;
mod pruning;
mod seats;
mod settings;
mod subnets;
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
        hyperparameters::{self, DEFAULT_IMMUNITY_PERIOD, DEFAULT_REGISTRATION_PRICE},
        kernels::Kernels,
        payment,
        settings::Settings,
        subnets::{Applicant, Subnets},
        wiring::Wiring,
    };
    use ink::prelude::{string::String, vec::Vec};
    use inktensor_primitives::{
        kernel::NeuronResult,
        registry::{
            AdminChanged, HotkeyStatus, Hyperparameter, HyperparameterSet, KernelAllowed,
            KernelEntry, KernelParams, KernelRetired, Neuron, NeuronRegistered, NeuronView,
            Registry, RegistryError, RegistryPeers, Seat, Subnet, SubnetCreated, SubnetSnapshot, Tenure,
        },
        token::WireError,
        Digest, NetUid, Rao, Uid,
    };

    /// The registry of subnets and neurons.
    #[ink(storage)]
    pub struct SubnetRegistry {
        token: AccountId,
        creation_price: Rao,
        wiring: Wiring,
        pub(crate) kernels: Kernels,
        pub(crate) subnets: Subnets,
    }

    impl SubnetRegistry {
        /// Deploys a registry that is paid in `token` and burns `creation_price` for each subnet; a price of zero makes
        /// subnets free. The caller may name the epoch contract, once, and is the admin.
        ///
        /// # Errors
        /// `OutOfBounds` for a price above the cap of TAO.
        #[ink(constructor)]
        pub fn new(token: AccountId, creation_price: Rao) -> Result<Self, RegistryError> {
            Ok(Self {
                token,
                creation_price: hyperparameters::amount(creation_price)?,
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

        /// Who decides which kernels are allowed, and nothing else.
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

        /// Creates a subnet with default hyperparameters, owned by the caller, who burns the creation price
        /// (approve it for this contract first). Returns its netuid; the first is 1.
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
        ) -> Result<NetUid, RegistryError> {
            let owner = self.env().caller();
            let netuid = self.subnets.create(&Settings {
                name: hyperparameters::name(name)?,
                owner,
                owner_hotkey,
                created_at: self.env().block_number(),
                tempo: hyperparameters::tempo(tempo)?,
                kernel,
                max_uids: hyperparameters::max_uids(max_uids, 0)?,
                max_validators: hyperparameters::max_validators(max_validators)?,
                immunity_period: DEFAULT_IMMUNITY_PERIOD,
                registration_price: DEFAULT_REGISTRATION_PRICE,
                params: self.kernels.choose(kernel)?,
            })?;
            self.burn_from_caller(self.creation_price)?;
            self.env().emit_event(SubnetCreated {
                netuid,
                owner,
                price: self.creation_price,
            });
            Ok(netuid)
        }

        /// Sets one hyperparameter. Only the subnet's owner. It counts from the open epoch on.
        ///
        /// # Errors
        /// `UnknownSubnet`, `NotOwner`, `OutOfBounds`, `KernelNotAllowed`, `NotYuma` for a Yuma parameter of another
        /// kernel's subnet.
        #[ink(message)]
        fn set_hyperparameter(
            &mut self,
            netuid: NetUid,
            value: Hyperparameter,
        ) -> Result<(), RegistryError> {
            let caller = self.env().caller();
            self.subnets
                .set(netuid, caller, value.clone(), &self.kernels)?;
            self.env().emit_event(HyperparameterSet { netuid, value });
            Ok(())
        }

        /// Gives `hotkey` a seat, owned by the caller, who burns the registration price (approve it for this contract
        /// first). On a full subnet it replaces the neuron of lowest emission that is not immune.
        ///
        /// # Errors
        /// `UnknownSubnet`, `AlreadyRegistered`, `NotHotkeyOwner`, `PriceAbove`, `AllImmune`, `Payment`.
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
            self.subnets.close(netuid, closing, &self.kernels)
        }

        /// Called by the epoch contract at settle: records scores of `epoch` from uid `start` on, which must not cross
        /// a page. A neuron that took its seat later keeps its zero score.
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
            self.subnets.subnet(netuid)
        }

        /// Number of subnets; netuids run from 1 to this.
        #[ink(message)]
        fn subnets(&self) -> u16 {
            self.subnets.count()
        }

        /// Rao burned by creating a subnet.
        #[ink(message)]
        fn creation_price(&self) -> Rao {
            self.creation_price
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

        /// Who sits on `uid` now.
        #[ink(message)]
        fn neuron(&self, netuid: NetUid, uid: Uid) -> Option<Neuron> {
            self.subnets.neuron(netuid, uid)
        }

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
        ) -> Result<Vec<Neuron>, RegistryError> {
            self.subnets.neurons_at(netuid, epoch, start, count)
        }

        /// The tenures of the neurons that sat on `uids`, ascending, at the end of `epoch`.
        ///
        /// # Errors
        /// `UnknownSubnet`, `OutOfBounds` beyond the seats taken then or for too many uids, `TooOld`.
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

        /// Who owns `hotkey`: the account that first registered it anywhere, or made it a subnet's owner hotkey.
        #[ink(message)]
        fn owner_of(&self, hotkey: AccountId) -> Option<AccountId> {
            self.subnets.owner_of(hotkey)
        }

        /// Whether `netuid` exists, and who owns `hotkey`.
        #[ink(message)]
        fn hotkey_status(&self, netuid: NetUid, hotkey: AccountId) -> HotkeyStatus {
            self.subnets.hotkey_status(netuid, hotkey)
        }
    }
}
