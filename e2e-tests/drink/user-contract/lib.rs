//! An example of a user's contract: it stakes its owner's TAO on one hotkey of one subnet.
//!
//! The contract calls the token and the staking contract through their interfaces. Stake belongs
//! to the contract's address; only the owner can withdraw it.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]
// The derived codec of an enum casts variant numbers.
#![allow(clippy::cast_possible_truncation)]

pub use self::nominator::{Nominator, NominatorError, NominatorRef};

// Only the code that ink! generates needs unsafe code.
#[allow(unsafe_code)]
#[ink::contract]
mod nominator {
    use ink::{codegen::TraitCallBuilder, contract_ref, prelude::vec::Vec};
    use inktensor_primitives::{
        staking::{Staking, StakingError},
        NetUid, Rao,
    };
    use psp22::PSP22;

    /// Errors of the nominator.
    #[derive(Clone, Debug, PartialEq, Eq)]
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum NominatorError {
        /// The caller does not own the contract. Call from the owner's account.
        NotOwner,
        /// The token refused to move this amount. Approve it for the contract first.
        Payment(Rao),
        /// The staking contract refused, with its own error.
        Staking(StakingError),
        /// The staking contract does not answer. Check its address.
        NoAnswer,
    }

    /// A contract that stakes on one hotkey.
    #[ink(storage)]
    pub struct Nominator {
        owner: AccountId,
        token: AccountId,
        staking: AccountId,
        netuid: NetUid,
        hotkey: AccountId,
    }

    impl Nominator {
        /// Deploys the contract for the caller, who owns it, with the addresses of the network's
        /// token and staking contract.
        #[ink(constructor)]
        pub fn new(
            token: AccountId,
            staking: AccountId,
            netuid: NetUid,
            hotkey: AccountId,
        ) -> Self {
            Self {
                owner: Self::env().caller(),
                token,
                staking,
                netuid,
                hotkey,
            }
        }

        /// Collects `amount` of the caller's TAO and stakes it on the hotkey.
        ///
        /// # Errors
        /// `NotOwner`, `Payment`, `Staking`, `NoAnswer`, in this order.
        #[ink(message)]
        pub fn stake(&mut self, amount: Rao) -> Result<(), NominatorError> {
            let owner = self.ensure_owner()?;
            self.collect(owner, amount)?;
            self.approve(amount)?;
            let mut staking: contract_ref!(Staking) = self.staking.into();
            let call = staking
                .call_mut()
                .add_stake(self.netuid, self.hotkey, amount);
            match call.try_invoke() {
                Ok(Ok(answer)) => answer.map_err(NominatorError::Staking),
                _ => Err(NominatorError::NoAnswer),
            }
        }

        /// Removes all stake from the hotkey and sends it to the owner. Returns the amount.
        ///
        /// # Errors
        /// `NotOwner`, `Staking`, `NoAnswer`, `Payment`, in this order.
        #[ink(message)]
        pub fn withdraw(&mut self) -> Result<Rao, NominatorError> {
            let owner = self.ensure_owner()?;
            let mut staking: contract_ref!(Staking) = self.staking.into();
            let call = staking
                .call_mut()
                .remove_all_stake(self.netuid, self.hotkey);
            let amount = match call.try_invoke() {
                Ok(Ok(answer)) => answer.map_err(NominatorError::Staking)?,
                _ => return Err(NominatorError::NoAnswer),
            };
            let mut token: contract_ref!(PSP22) = self.token.into();
            let call = token
                .call_mut()
                .transfer(owner, amount.to_u128(), Vec::new());
            match call.try_invoke() {
                Ok(Ok(Ok(()))) => Ok(amount),
                _ => Err(NominatorError::Payment(amount)),
            }
        }

        /// Returns the contract's stake on the hotkey, with all that it has earned.
        ///
        /// # Errors
        /// `NoAnswer`.
        #[ink(message)]
        pub fn position(&self) -> Result<Rao, NominatorError> {
            let staking: contract_ref!(Staking) = self.staking.into();
            let me = self.env().account_id();
            match staking
                .call()
                .stake(self.netuid, self.hotkey, me)
                .try_invoke()
            {
                Ok(Ok(stake)) => Ok(stake),
                _ => Err(NominatorError::NoAnswer),
            }
        }

        /// Returns the owner, if the owner calls.
        fn ensure_owner(&self) -> Result<AccountId, NominatorError> {
            if self.env().caller() == self.owner {
                Ok(self.owner)
            } else {
                Err(NominatorError::NotOwner)
            }
        }

        /// Moves `amount` from the owner, who has approved it, to this contract.
        fn collect(&self, owner: AccountId, amount: Rao) -> Result<(), NominatorError> {
            let mut token: contract_ref!(PSP22) = self.token.into();
            let me = self.env().account_id();
            let call = token
                .call_mut()
                .transfer_from(owner, me, amount.to_u128(), Vec::new());
            match call.try_invoke() {
                Ok(Ok(Ok(()))) => Ok(()),
                _ => Err(NominatorError::Payment(amount)),
            }
        }

        /// Lets the staking contract collect `amount` from this contract.
        fn approve(&self, amount: Rao) -> Result<(), NominatorError> {
            let mut token: contract_ref!(PSP22) = self.token.into();
            let call = token.call_mut().approve(self.staking, amount.to_u128());
            match call.try_invoke() {
                Ok(Ok(Ok(()))) => Ok(()),
                _ => Err(NominatorError::Payment(amount)),
            }
        }
    }
}
