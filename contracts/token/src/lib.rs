//! TAO: a PSP22 token with 9 decimals, a cap of 21 000 000 TAO and one minter.
//!
//! # Key terms
//! * **rao**: the unit of all amounts. 1 TAO is 10^9 rao.
//! * **genesis**: the holders and amounts of the constructor.
//! * **minter**: the only account that may mint, the emission contract. The deployer names it once.
//! * **successor**: the contract that may mint instead, 31 days after the registry announces it.
//!
//! # Modules
//! * `issuance`: the minter, its successor, and the amount minted so far
//!
//! # Invariants
//! * The amount minted never exceeds the cap and never falls: burned TAO is not minted again.
//! * Only the minter mints. The registry may announce its successor. No account has any other power
//!   over the token, and none over balances.
//! * A call that changes neither balance nor allowance emits no event.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod issuance;

#[cfg(test)]
mod tests;

pub use self::token::{Token, TokenRef};
pub use issuance::{NOT_MINTER, OVER_CAP};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod token {
    use crate::issuance::Issuance;
    use ink::prelude::{string::String, vec, vec::Vec};
    use inktensor_primitives::{
        token::{
            check_holders, Succession, SuccessionError, Successor, SuccessorNamed,
            SuccessorWithdrawn, TokenControl, TokenDeployError, WireError,
        },
        wiring::Wired,
        Rao,
    };
    use psp22::{
        PSP22Burnable, PSP22Data, PSP22Error, PSP22Event, PSP22Metadata, PSP22Mintable, PSP22,
    };

    /// Name and symbol of the token.
    const TAO: &str = "TAO";
    /// Decimals of the token: 1 TAO is 10^9 rao.
    const DECIMALS: u8 = 9;

    /// The TAO token.
    #[ink(storage)]
    pub struct Token {
        pub(crate) data: PSP22Data,
        pub(crate) issuance: Issuance,
    }

    impl Token {
        /// Deploys TAO with the genesis `holders` and their amounts in rao. The caller may name the
        /// minter, once.
        ///
        /// # Events
        /// A `Transfer` for each holder.
        ///
        /// # Errors
        /// `NoHolders`; then for each holder in order `ZeroAmount`, `DuplicateHolder`, `OverCap`.
        #[ink(constructor)]
        pub fn new(holders: Vec<(AccountId, u128)>) -> Result<Self, TokenDeployError> {
            let total = check_holders(&holders)?;
            let mut data = PSP22Data::default();
            for (holder, amount) in holders {
                // The check keeps the sum within the cap, so the token does not refuse.
                let minted = data.mint(holder, amount);
                let events = minted.map_err(|_| TokenDeployError::OverCap)?;
                Self::emit(events);
            }
            Ok(Self {
                data,
                issuance: Issuance::new(Self::env().caller(), total),
            })
        }

        /// Emits the events of a call of the token's data.
        fn emit(events: Vec<PSP22Event>) {
            for event in events {
                match event {
                    PSP22Event::Transfer(transfer) => Self::env().emit_event(transfer),
                    PSP22Event::Approval(approval) => Self::env().emit_event(approval),
                }
            }
        }
    }

    impl PSP22 for Token {
        /// Returns the supply in rao: minted and not burned.
        #[ink(message)]
        fn total_supply(&self) -> u128 {
            self.data.total_supply()
        }

        /// Returns the balance of `owner`, in rao.
        #[ink(message)]
        fn balance_of(&self, owner: AccountId) -> u128 {
            self.data.balance_of(owner)
        }

        /// Returns the rao of `owner` that `spender` may still transfer.
        #[ink(message)]
        fn allowance(&self, owner: AccountId, spender: AccountId) -> u128 {
            self.data.allowance(owner, spender)
        }

        /// Transfers `value` rao of the caller to `to`. `data` is ignored.
        ///
        /// # Events
        /// `Transfer`.
        ///
        /// # Errors
        /// `InsufficientBalance`.
        #[ink(message)]
        fn transfer(
            &mut self,
            to: AccountId,
            value: u128,
            _data: Vec<u8>,
        ) -> Result<(), PSP22Error> {
            let events = self.data.transfer(self.env().caller(), to, value)?;
            Self::emit(events);
            Ok(())
        }

        /// Transfers `value` rao of `from` to `to`, within the caller's allowance. `data` is
        /// ignored.
        ///
        /// # Events
        /// `Approval` of the rest of the allowance, then `Transfer`.
        ///
        /// # Errors
        /// `InsufficientAllowance`, then `InsufficientBalance`.
        #[ink(message)]
        fn transfer_from(
            &mut self,
            from: AccountId,
            to: AccountId,
            value: u128,
            _data: Vec<u8>,
        ) -> Result<(), PSP22Error> {
            let caller = self.env().caller();
            let events = self.data.transfer_from(caller, from, to, value)?;
            Self::emit(events);
            Ok(())
        }

        /// Sets the allowance of `spender`: the rao of the caller that it may transfer.
        ///
        /// # Events
        /// `Approval`.
        #[ink(message)]
        fn approve(&mut self, spender: AccountId, value: u128) -> Result<(), PSP22Error> {
            let events = self.data.approve(self.env().caller(), spender, value)?;
            Self::emit(events);
            Ok(())
        }

        /// Raises the allowance of `spender` by `delta_value` rao.
        ///
        /// # Events
        /// `Approval`.
        #[ink(message)]
        fn increase_allowance(
            &mut self,
            spender: AccountId,
            delta_value: u128,
        ) -> Result<(), PSP22Error> {
            let caller = self.env().caller();
            let events = self.data.increase_allowance(caller, spender, delta_value)?;
            Self::emit(events);
            Ok(())
        }

        /// Lowers the allowance of `spender` by `delta_value` rao.
        ///
        /// # Events
        /// `Approval`.
        ///
        /// # Errors
        /// `InsufficientAllowance`.
        #[ink(message)]
        fn decrease_allowance(
            &mut self,
            spender: AccountId,
            delta_value: u128,
        ) -> Result<(), PSP22Error> {
            let caller = self.env().caller();
            let events = self.data.decrease_allowance(caller, spender, delta_value)?;
            Self::emit(events);
            Ok(())
        }
    }

    impl PSP22Metadata for Token {
        /// Returns the token's name.
        #[ink(message)]
        fn token_name(&self) -> Option<String> {
            Some(String::from(TAO))
        }

        /// Returns the token's symbol.
        #[ink(message)]
        fn token_symbol(&self) -> Option<String> {
            Some(String::from(TAO))
        }

        /// Returns the token's decimals.
        #[ink(message)]
        fn token_decimals(&self) -> u8 {
            DECIMALS
        }
    }

    impl PSP22Mintable for Token {
        /// Mints `value` rao to the caller. Minter only.
        ///
        /// # Events
        /// `Transfer`.
        ///
        /// # Errors
        /// `Custom("NotMinter")`, `Custom("OverCap")` if the amount minted would exceed the cap.
        #[ink(message)]
        fn mint(&mut self, value: u128) -> Result<(), PSP22Error> {
            self.mint_to(vec![(self.env().caller(), value)])
        }
    }

    impl PSP22Burnable for Token {
        /// Burns `value` rao of the caller. Burned TAO is not minted again.
        ///
        /// # Events
        /// `Transfer`.
        ///
        /// # Errors
        /// `InsufficientBalance`.
        #[ink(message)]
        fn burn(&mut self, value: u128) -> Result<(), PSP22Error> {
            let events = self.data.burn(self.env().caller(), value)?;
            Self::emit(events);
            Ok(())
        }
    }

    impl TokenControl for Token {
        /// Returns the largest amount that may ever be minted, in rao.
        #[ink(message)]
        fn cap(&self) -> u128 {
            Rao::CAP.to_u128()
        }

        /// Returns the amount minted so far, in rao, genesis included. Burning does not lower it.
        #[ink(message)]
        fn total_minted(&self) -> u128 {
            self.issuance.minted()
        }

        /// Returns the only account that may mint, the emission contract or its successor. Absent
        /// before the token is wired.
        #[ink(message)]
        fn minter(&self) -> Option<AccountId> {
            let peers = self.issuance.peers(self.env().block_number());
            peers.map(|peers| peers.minter)
        }

        /// Mints to each of these accounts its amount in rao. Minter only.
        ///
        /// # Events
        /// `Transfer` for each account.
        ///
        /// # Errors
        /// `Custom("NotMinter")`, `Custom("OverCap")` if the amount minted would exceed the cap.
        #[ink(message)]
        fn mint_to(&mut self, payees: Vec<(AccountId, u128)>) -> Result<(), PSP22Error> {
            let (caller, now) = (self.env().caller(), self.env().block_number());
            for (payee, value) in payees {
                self.issuance.mint(caller, value, now)?;
                let events = self.data.mint(payee, value)?;
                Self::emit(events);
            }
            Ok(())
        }

        /// Returns the only account that may announce a successor, the registry or its successor.
        /// Absent before the token is wired.
        #[ink(message)]
        fn registry(&self) -> Option<AccountId> {
            let peers = self.issuance.peers(self.env().block_number());
            peers.map(|peers| peers.registry)
        }

        /// Returns the succession that is announced and does not count yet.
        #[ink(message)]
        fn succession(&self) -> Option<Succession> {
            self.issuance.succession(self.env().block_number())
        }

        /// Announces a successor, or withdraws the announced one. Registry only.
        ///
        /// From 31 days after the announcement on the successor may mint, up to the cap, and the
        /// present minter may not. Balances and allowances stay as they are. Another announcement
        /// replaces this one and starts the delay again. Returns the block from which the successor
        /// may mint, or nothing for a withdrawal.
        ///
        /// # Events
        /// `SuccessorNamed`, or `SuccessorWithdrawn` if one was announced.
        ///
        /// # Errors
        /// `NotRegistry`.
        #[ink(message)]
        fn succeed(&mut self, to: Option<Successor>) -> Result<Option<u32>, SuccessionError> {
            let (caller, now) = (self.env().caller(), self.env().block_number());
            match self.issuance.succeed(caller, to, now)? {
                (_, Some(Succession { to, at })) => {
                    self.env().emit_event(SuccessorNamed {
                        minter: to.minter,
                        registry: to.registry,
                        at,
                    });
                    Ok(Some(at))
                }
                (Some(before), None) => {
                    self.env().emit_event(SuccessorWithdrawn {
                        minter: before.to.minter,
                    });
                    Ok(None)
                }
                (None, None) => Ok(None),
            }
        }

        /// Names the minter and the registry. Deployer only, once, during deployment.
        ///
        /// # Events
        /// `Wired`.
        ///
        /// # Errors
        /// `AlreadyWired`, `NotDeployer`.
        #[ink(message)]
        fn wire(&mut self, minter: AccountId, registry: AccountId) -> Result<(), WireError> {
            let peers = Successor { minter, registry };
            self.issuance.wire(self.env().caller(), peers)?;
            self.env().emit_event(Wired {
                peers: vec![minter, registry],
            });
            Ok(())
        }
    }
}
