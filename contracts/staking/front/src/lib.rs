//! The front of the staking contract: what epochs and their pay do with stake.
//!
//! See `inktensor_primitives::front`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub use self::staking_front::{StakingFront, StakingFrontRef};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod staking_front {
    use inktensor_primitives::{
        execute, front,
        staking::{Staking, StakingDeployError},
    };
    use inktensor_staking::StakingContract;

    /// The storage of the staking contract, as its full code has it.
    #[ink(storage)]
    pub struct StakingFront {
        staking: StakingContract,
    }

    impl StakingFront {
        /// Deploys the staking contract with the hash of its full code, which must be on the chain,
        /// and the arguments of the full code's constructor.
        ///
        /// # Errors
        /// Those of the full code's constructor.
        #[ink(constructor)]
        pub fn new(
            full_code: Hash,
            token: AccountId,
            registry: AccountId,
        ) -> Result<Self, StakingDeployError> {
            front::set_full_code(full_code);
            let staking = StakingContract::new(token, registry)?;
            Ok(Self { staking })
        }

        /// Takes every message of the staking contract: executes those of epochs here, and hands
        /// all others on to the full code.
        #[ink(message, selector = _)]
        pub fn execute(&mut self) {
            execute! {
                self.staking;
                answers {
                    "Staking::is_live" is_live(netuid),
                }
                tries {
                    "Staking::begin_epoch" begin_epoch(netuid, closing),
                    "Staking::stakes_at" stakes_at(netuid, hotkeys, epoch),
                }
                writes {
                    "Staking::distribute" distribute(netuid, epoch, payments),
                    "Staking::stake_pay" stake_pay(netuid, payments),
                }
            }
        }

        /// Returns the hash of the full code. It never changes.
        #[ink(message, selector = @)]
        pub fn full_code(&self) -> Hash {
            front::full_code()
        }
    }
}
