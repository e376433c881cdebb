//! The front of the registry: what contracts call, and what epochs do.
//!
//! See `inktensor_primitives::front`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub use self::registry_front::{RegistryFront, RegistryFrontRef};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod registry_front {
    use inktensor_primitives::{
        execute, front,
        registry::{NetworkRules, Registry, RegistryError},
    };
    use inktensor_registry::SubnetRegistry;

    /// The storage of the registry, as its full code has it.
    #[ink(storage)]
    pub struct RegistryFront {
        registry: SubnetRegistry,
    }

    impl RegistryFront {
        /// Deploys the registry with the hash of its full code, which must be on the chain,
        /// and the arguments of the full code's constructor.
        ///
        /// # Errors
        /// Those of the full code's constructor.
        #[ink(constructor)]
        pub fn new(
            full_code: Hash,
            token: AccountId,
            rules: NetworkRules,
        ) -> Result<Self, RegistryError> {
            front::set_full_code(full_code);
            let registry = SubnetRegistry::new(token, rules)?;
            Ok(Self { registry })
        }

        /// Takes every message of the registry: executes those of epochs here, and hands
        /// all others on to the full code.
        #[ink(message, selector = _)]
        pub fn execute(&mut self) {
            execute! {
                self.registry;
                answers {
                    "Registry::hotkey_status" hotkey_status(netuid, hotkey),
                    "Registry::neuron" neuron(netuid, uid),
                    "Registry::owner_of" owner_of(hotkey),
                    "Registry::subnet" subnet(netuid),
                    "Registry::subnets" subnets(),
                    "Registry::voter" voter(netuid, hotkey),
                }
                tries {
                    "Registry::begin_epoch" begin_epoch(netuid, closing, roster),
                    "Registry::neurons_at" neurons_at(netuid, epoch, start, count),
                    "Registry::record_pay" record_pay(netuid, epoch, pay),
                    "Registry::take_left" take_left(netuid, hotkey),
                    "Registry::take_owed" take_owed(netuid, uids),
                }
                writes {}
            }
        }

        /// Returns the hash of the full code. It never changes.
        #[ink(message, selector = @)]
        pub fn full_code(&self) -> Hash {
            front::full_code()
        }
    }
}
