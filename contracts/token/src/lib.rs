//! TAO: a PSP22 token with 9 decimals, a cap of 21 000 000 and one minter.
//!
//! The deployer lists the genesis holders and names the minter once; after that no account has any
//! power over the token but the minter, which can mint up to the cap. Burning lowers the supply,
//! never the amount minted: burned TAO is not issued again.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod genesis;
mod issuance;

pub use self::token::{Token, TokenRef};
pub use genesis::TokenError;
pub use issuance::{NOT_MINTER, OVER_CAP};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod token {
    use crate::{
        genesis::{self, TokenError},
        issuance::{Issuance, Minter},
    };
    use ink::prelude::{string::String, vec::Vec};
    use inktensor_primitives::{
        token::{TokenControl, WireError},
        Rao,
    };
    use psp22::{
        PSP22Burnable, PSP22Data, PSP22Error, PSP22Event, PSP22Metadata, PSP22Mintable, PSP22,
    };

    /// Name and symbol of the token.
    const TAO: &str = "TAO";
    /// 1 TAO is 10^9 rao.
    const DECIMALS: u8 = 9;

    /// TAO.
    #[ink(storage)]
    pub struct Token {
        data: PSP22Data,
        issuance: Issuance,
    }

    impl Token {
        /// Deploys TAO with `holders` and what each holds at genesis, in rao. The caller may name
        /// the minter, once.
        ///
        /// # Errors
        /// `NoHolders`, `ZeroAmount`, `DuplicateHolder`, `OverCap`.
        #[ink(constructor)]
        pub fn new(holders: Vec<(AccountId, u128)>) -> Result<Self, TokenError> {
            let total = genesis::check(&holders)?;
            let mut data = PSP22Data::default();
            for (holder, amount) in holders {
                // Below the cap after the check, so the token has no reason to refuse.
                let events = data.mint(holder, amount).map_err(|_| TokenError::OverCap)?;
                Self::tell(events);
            }
            Ok(Self {
                data,
                issuance: Issuance::new(Self::env().caller(), total),
            })
        }

        fn tell(events: Vec<PSP22Event>) {
            for event in events {
                match event {
                    PSP22Event::Transfer(transfer) => Self::env().emit_event(transfer),
                    PSP22Event::Approval(approval) => Self::env().emit_event(approval),
                }
            }
        }
    }

    impl PSP22 for Token {
        /// Rao in existence: minted, not burned.
        #[ink(message)]
        fn total_supply(&self) -> u128 {
            self.data.total_supply()
        }

        /// Rao that `owner` has.
        #[ink(message)]
        fn balance_of(&self, owner: AccountId) -> u128 {
            self.data.balance_of(owner)
        }

        /// Rao of `owner` that `spender` may still transfer.
        #[ink(message)]
        fn allowance(&self, owner: AccountId, spender: AccountId) -> u128 {
            self.data.allowance(owner, spender)
        }

        /// Transfers `value` rao of the caller to `to`. `data` is ignored.
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
            Self::tell(events);
            Ok(())
        }

        /// Transfers `value` rao of `from` to `to`, within what `from` allows the caller. `data` is
        /// ignored.
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
            Self::tell(events);
            Ok(())
        }

        /// Allows `spender` to transfer up to `value` rao of the caller; replaces what was allowed
        /// before.
        #[ink(message)]
        fn approve(&mut self, spender: AccountId, value: u128) -> Result<(), PSP22Error> {
            let events = self.data.approve(self.env().caller(), spender, value)?;
            Self::tell(events);
            Ok(())
        }

        /// Allows `spender` to transfer `delta_value` rao more of the caller.
        #[ink(message)]
        fn increase_allowance(
            &mut self,
            spender: AccountId,
            delta_value: u128,
        ) -> Result<(), PSP22Error> {
            let caller = self.env().caller();
            let events = self.data.increase_allowance(caller, spender, delta_value)?;
            Self::tell(events);
            Ok(())
        }

        /// Allows `spender` to transfer `delta_value` rao less of the caller.
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
            Self::tell(events);
            Ok(())
        }
    }

    impl PSP22Metadata for Token {
        /// The token's name.
        #[ink(message)]
        fn token_name(&self) -> Option<String> {
            Some(String::from(TAO))
        }

        /// The token's symbol.
        #[ink(message)]
        fn token_symbol(&self) -> Option<String> {
            Some(String::from(TAO))
        }

        /// Decimals of one TAO.
        #[ink(message)]
        fn token_decimals(&self) -> u8 {
            DECIMALS
        }
    }

    impl PSP22Mintable for Token {
        /// Mints `value` rao to the caller. Only the minter.
        ///
        /// # Errors
        /// `Custom("NotMinter")`, or `Custom("OverCap")` if more than the cap would have been
        /// minted in all.
        #[ink(message)]
        fn mint(&mut self, value: u128) -> Result<(), PSP22Error> {
            let caller = self.env().caller();
            self.issuance.mint(caller, value)?;
            let events = self.data.mint(caller, value)?;
            Self::tell(events);
            Ok(())
        }
    }

    impl PSP22Burnable for Token {
        /// Burns `value` rao of the caller, for good.
        ///
        /// # Errors
        /// `InsufficientBalance`.
        #[ink(message)]
        fn burn(&mut self, value: u128) -> Result<(), PSP22Error> {
            let events = self.data.burn(self.env().caller(), value)?;
            Self::tell(events);
            Ok(())
        }
    }

    impl TokenControl for Token {
        /// Names the minter, once. Only the deployer; afterwards nobody can.
        ///
        /// # Errors
        /// `NotDeployer`, or `AlreadyWired` once a minter is named.
        #[ink(message)]
        fn wire(&mut self, minter: AccountId) -> Result<(), WireError> {
            self.issuance.wire(self.env().caller(), minter)
        }

        /// The only account that may mint. None until it is named.
        #[ink(message)]
        fn minter(&self) -> Option<AccountId> {
            match self.issuance.minter() {
                Minter::Named(minter) => Some(minter),
                Minter::NamedBy { .. } => None,
            }
        }

        /// Rao that may ever exist.
        #[ink(message)]
        fn cap(&self) -> u128 {
            Rao::CAP.to_u128()
        }

        /// Rao minted so far, genesis included; burning does not lower it.
        #[ink(message)]
        fn total_minted(&self) -> u128 {
            self.issuance.minted()
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::{NOT_MINTER, OVER_CAP};
        use ink::env::{
            test::{default_accounts, set_caller, DefaultAccounts},
            DefaultEnvironment,
        };

        /// A token whose caller has all of `supply`. The suite also wants one without supply, which
        /// the constructor refuses.
        fn held_by_caller(supply: u128) -> Token {
            let caller = ink::env::caller::<DefaultEnvironment>();
            match supply {
                0 => Token {
                    data: PSP22Data::default(),
                    issuance: Issuance::new(caller, 0),
                },
                _ => Token::new(vec![(caller, supply)]).unwrap(),
            }
        }

        psp22::tests!(Token, held_by_caller);

        fn accounts() -> DefaultAccounts<DefaultEnvironment> {
            default_accounts::<DefaultEnvironment>()
        }

        fn call_as(caller: AccountId) {
            set_caller::<DefaultEnvironment>(caller);
        }

        fn refused(why: &str) -> Result<(), PSP22Error> {
            Err(PSP22Error::Custom(String::from(why)))
        }

        /// TAO deployed by Alice: Bob has 5, Charlie 7.
        fn deployed() -> Token {
            call_as(accounts().alice);
            Token::new(vec![(accounts().bob, 5), (accounts().charlie, 7)]).unwrap()
        }

        #[ink::test]
        fn genesis_pays_every_holder_and_counts_as_minted() {
            let token = deployed();
            assert_eq!(token.balance_of(accounts().bob), 5);
            assert_eq!(token.balance_of(accounts().charlie), 7);
            assert_eq!(token.balance_of(accounts().alice), 0);
            assert_eq!((token.total_supply(), token.total_minted()), (12, 12));
            assert_eq!(ink::env::test::recorded_events().count(), 2);
        }

        #[ink::test]
        fn a_bad_genesis_is_refused() {
            assert_eq!(Token::new(vec![]).err(), Some(TokenError::NoHolders));
        }

        #[ink::test]
        fn tao_has_nine_decimals_and_its_cap() {
            let token = deployed();
            assert_eq!(token.token_name().as_deref(), Some("TAO"));
            assert_eq!(token.token_symbol().as_deref(), Some("TAO"));
            assert_eq!(token.token_decimals(), 9);
            assert_eq!(token.cap(), 21_000_000_000_000_000);
        }

        #[ink::test]
        fn only_the_deployer_names_the_minter_and_only_once() {
            let mut token = deployed();
            call_as(accounts().bob);
            assert_eq!(token.wire(accounts().bob), Err(WireError::NotDeployer));
            assert_eq!(token.minter(), None);
            call_as(accounts().alice);
            assert_eq!(token.wire(accounts().eve), Ok(()));
            assert_eq!(token.minter(), Some(accounts().eve));
            assert_eq!(token.wire(accounts().alice), Err(WireError::AlreadyWired));
            assert_eq!(token.minter(), Some(accounts().eve));
        }

        #[ink::test]
        fn only_the_minter_mints_and_only_to_itself() {
            let mut token = deployed();
            assert_eq!(token.mint(1), refused(NOT_MINTER));
            assert_eq!(token.wire(accounts().eve), Ok(()));
            assert_eq!(token.mint(1), refused(NOT_MINTER));
            call_as(accounts().eve);
            assert_eq!(token.mint(8), Ok(()));
            assert_eq!(token.balance_of(accounts().eve), 8);
            assert_eq!((token.total_supply(), token.total_minted()), (20, 20));
        }

        #[ink::test]
        fn burning_makes_no_room_below_the_cap() {
            let mut token = deployed();
            assert_eq!(token.wire(accounts().eve), Ok(()));
            call_as(accounts().eve);
            assert_eq!(token.mint(token.cap() - 12), Ok(()));
            assert_eq!(token.burn(100), Ok(()));
            assert_eq!(token.total_supply(), token.cap() - 100);
            assert_eq!(token.total_minted(), token.cap());
            assert_eq!(token.mint(1), refused(OVER_CAP));
            assert_eq!(token.total_supply(), token.cap() - 100);
        }

        #[ink::test]
        fn nobody_burns_more_than_he_has() {
            let mut token = deployed();
            call_as(accounts().bob);
            assert_eq!(token.burn(6), Err(PSP22Error::InsufficientBalance));
            assert_eq!(token.burn(5), Ok(()));
            assert_eq!(token.balance_of(accounts().bob), 0);
            assert_eq!((token.total_supply(), token.total_minted()), (7, 12));
        }
    }
}
