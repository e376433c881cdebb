//! The front of the epoch contract: weights, and epochs that are not disputed.
//!
//! See `inktensor_primitives::front`.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub use self::epoch_front::{EpochFront, EpochFrontRef};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod epoch_front {
    use inktensor_epoch::Epoch;
    use inktensor_primitives::{
        epoch::{EpochDeployError, EpochRules, Epochs, Peers},
        execute, front,
    };

    /// The storage of the epoch contract, as its full code has it.
    #[ink(storage)]
    pub struct EpochFront {
        epoch: Epoch,
    }

    impl EpochFront {
        /// Deploys the epoch contract with the hash of its full code, which must be on the chain,
        /// and the arguments of the full code's constructor.
        ///
        /// # Errors
        /// Those of the full code's constructor.
        #[ink(constructor)]
        pub fn new(
            full_code: Hash,
            peers: Peers,
            rules: EpochRules,
        ) -> Result<Self, EpochDeployError> {
            front::set_full_code(full_code);
            let epoch = Epoch::new(peers, rules)?;
            Ok(Self { epoch })
        }

        /// Takes every message of the epoch contract: executes those of epochs here, and hands
        /// all others on to the full code.
        #[ink(message, selector = _)]
        pub fn execute(&mut self) {
            execute! {
                self.epoch;
                answers {}
                tries {
                    "Epochs::batch" batch(calls),
                    "Epochs::close" close(netuid),
                    "Epochs::collect" collect(netuid, uids),
                    "Epochs::commit_weights" commit_weights(netuid, epoch, hash),
                    "Epochs::finalize" finalize(netuid, assertion),
                    "Epochs::finalize_and_settle"
                        finalize_and_settle(netuid, epoch, assertion, chunks, most),
                    "Epochs::propose" propose(netuid, assertion),
                    "Epochs::reveal_weights"
                        reveal_weights(netuid, hotkey, uids, weights, salt, version_key),
                    "Epochs::set_weights" set_weights(netuid, uids, weights, version_key),
                    "Epochs::settle" settle(netuid, epoch, chunks, most),
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
