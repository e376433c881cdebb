//! The treasury: TAO that one owner pays out, at most a tenth of what is free in 30 days.
//!
//! The emission contract mints the treasury's part of each budget to this contract. The owner, an
//! account or a contract that counts votes, pays it out at once, or commits it to grants.
//!
//! # Key terms
//! * **owner**: the only account that pays and opens grants. It passes on in two steps.
//! * **grant**: a stream or a budget. Its whole amount is committed when it is opened.
//! * **stream**: TAO that vests for a payee from block to block. Anyone may call for its payment.
//! * **budget**: TAO that a manager pays out, so much a period, until a block.
//! * **free**: the balance that is not committed.
//! * **out**: what the owner paid or committed in the window, the last 30 days.
//!
//! # Modules
//! * `accounts`: grants, the amount committed to them, and the window
//! * `window`: the limit on outgoing TAO
//! * `stream`, `budget`: the rules of the two kinds of grants
//! * `bounds`: bounds of the numbers of a new grant
//! * `owner`: the owner and its succession
//! * `calls`: calls to tokens
//!
//! # Invariants
//! * T1: `committed` is the sum of what all grants may still pay, and at most the balance.
//! * T2: in any 216 000 blocks at most a tenth of the TAO goes out that was free before them or was
//!   received in them. No account can change the tenth. See `window` for the inequality.
//! * T3: all TAO ever received is the balance and what was paid: payments, claims and draws.
//! * T4: a stream pays at most its amount, and what has vested never falls.
//! * T5: only the owner pays and commits, and only a budget's manager draws from it.
//!
//! Each message does a bounded amount of work: it touches one grant and at most 31 days.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub mod accounts;
pub mod bounds;
pub mod budget;
mod calls;
pub mod owner;
pub mod stream;
pub mod window;

#[cfg(test)]
mod tests;

pub use self::treasury::{TreasuryContract, TreasuryContractRef};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod treasury {
    use crate::{accounts::Accounts, calls, owner::Owner};
    use inktensor_primitives::{
        done,
        treasury::{
            BudgetDrawn, BudgetOpened, BudgetView, GrantClosed, GrantRevoked, Limits, NewBudget,
            NewStream, OwnerChanged, OwnerOffered, PayeeChanged, StreamClaimed, StreamOpened,
            StreamView, TokenRescued, Treasury, TreasuryDeployError, TreasuryError, TreasuryPaid,
        },
        Rao, Tao,
    };

    /// The treasury contract.
    #[ink(storage)]
    pub struct TreasuryContract {
        tao: Tao,
        owner: Owner,
        accounts: Accounts,
    }

    impl TreasuryContract {
        /// Deploys the treasury of `token`, which `owner` pays out.
        ///
        /// # Errors
        /// `BadOwner`, `NoToken`, in this order.
        #[ink(constructor)]
        pub fn new(token: AccountId, owner: AccountId) -> Result<Self, TreasuryDeployError> {
            if [token, Self::env().account_id()].contains(&owner) {
                return Err(TreasuryDeployError::BadOwner);
            }
            let tao = Tao(token);
            if !tao.answers() {
                return Err(TreasuryDeployError::NoToken);
            }
            Ok(Self::with(tao, owner))
        }

        /// Makes the contract without grants.
        pub(crate) fn with(tao: Tao, owner: AccountId) -> Self {
            Self {
                tao,
                owner: Owner::new(owner),
                accounts: Accounts::default(),
            }
        }

        /// Returns the treasury's balance.
        fn balance(&self) -> Result<Rao, TreasuryError> {
            calls::balance(self.tao, self.env().account_id())
        }

        /// Checks that TAO paid to `account` is not lost.
        fn check_account(&self, account: AccountId) -> Result<(), TreasuryError> {
            if [self.tao.0, self.env().account_id()].contains(&account) {
                return Err(TreasuryError::BadAccount);
            }
            Ok(())
        }

        /// Checks that `amount` can be paid to `to`.
        fn check_payment(&self, to: AccountId, amount: Rao) -> Result<(), TreasuryError> {
            self.check_account(to)?;
            if amount.is_zero() {
                return Err(TreasuryError::ZeroAmount);
            }
            Ok(())
        }
    }

    impl Treasury for TreasuryContract {
        /// Returns the token contract.
        #[ink(message)]
        fn token(&self) -> AccountId {
            self.tao.0
        }

        /// Returns the owner, who pays and opens grants.
        #[ink(message)]
        fn owner(&self) -> AccountId {
            self.owner.account()
        }

        /// Returns the account that the treasury is offered to.
        #[ink(message)]
        fn offered_owner(&self) -> Option<AccountId> {
            self.owner.offered_to()
        }

        /// Returns the balance that is not committed to grants, in rao. 0 if the token does not
        /// answer.
        #[ink(message)]
        fn free(&self) -> Rao {
            self.accounts.free(self.balance().unwrap_or_default())
        }

        /// Returns the limit on outgoing TAO and the amounts that it depends on.
        #[ink(message)]
        fn limits(&self) -> Limits {
            let balance = self.balance().unwrap_or_default();
            self.accounts.limits(balance, self.env().block_number())
        }

        /// Returns the number of grants ever opened. Their numbers are below it.
        #[ink(message)]
        fn grants(&self) -> u32 {
            self.accounts.count()
        }

        /// Returns a stream as of now. Absent if it is closed, or the number is not a stream's.
        #[ink(message)]
        fn stream(&self, id: u32) -> Option<StreamView> {
            let stream = self.accounts.stream(id).ok()?;
            Some(stream.view(self.env().block_number()))
        }

        /// Returns a budget as of now. Absent if it is closed, or the number is not a budget's.
        #[ink(message)]
        fn budget(&self, id: u32) -> Option<BudgetView> {
            let budget = self.accounts.budget(id).ok()?;
            Some(budget.view(self.env().block_number()))
        }

        /// Pays a stream's payee what is vested and unpaid. Returns the amount in rao. Anyone may
        /// call.
        ///
        /// # Events
        /// `StreamClaimed`.
        ///
        /// # Errors
        /// `NoStream`, `NothingToClaim`, `Payment`, in this order.
        #[ink(message)]
        fn claim(&mut self, id: u32) -> Result<Rao, TreasuryError> {
            let (payee, amount) = self.accounts.claim(id, self.env().block_number())?;
            self.tao.send(payee, amount)?;
            self.env().emit_event(StreamClaimed { id, payee, amount });
            Ok(amount)
        }

        /// Removes a grant that is over: a stream that is fully paid, or a budget after its end or
        /// with nothing left. Returns the amount that is free again, in rao. Anyone may call; the
        /// storage deposit goes to the caller.
        ///
        /// # Events
        /// `GrantClosed`.
        ///
        /// # Errors
        /// `NoGrant`, `NotOver`, in this order.
        #[ink(message)]
        fn close(&mut self, id: u32) -> Result<Rao, TreasuryError> {
            let freed = self.accounts.close(id, self.env().block_number())?;
            self.env().emit_event(GrantClosed { id, freed });
            Ok(freed)
        }

        /// Replaces the payee of a stream. Present payee only.
        ///
        /// # Events
        /// `PayeeChanged`.
        ///
        /// # Errors
        /// `BadAccount`, `NoStream`, `NotPayee`, in this order.
        #[ink(message)]
        fn set_payee(&mut self, id: u32, to: AccountId) -> Result<(), TreasuryError> {
            self.check_account(to)?;
            let from = self.accounts.set_payee(id, self.env().caller(), to)?;
            self.env().emit_event(PayeeChanged { id, from, to });
            done(())
        }

        /// Pays `amount` rao of a budget to `to`. The budget's manager only.
        ///
        /// # Events
        /// `BudgetDrawn`.
        ///
        /// # Errors
        /// `BadAccount`, `ZeroAmount`, `NoBudget`, `NotManager`, `Ended`, `AboveBudget`, `Payment`,
        /// in this order.
        #[ink(message)]
        fn draw(&mut self, id: u32, to: AccountId, amount: Rao) -> Result<(), TreasuryError> {
            self.check_payment(to, amount)?;
            let (caller, now) = (self.env().caller(), self.env().block_number());
            self.accounts.draw(id, caller, amount, now)?;
            self.tao.send(to, amount)?;
            self.env().emit_event(BudgetDrawn { id, to, amount });
            Ok(())
        }

        /// Pays `amount` rao to `to`. Owner only.
        ///
        /// # Events
        /// `TreasuryPaid`.
        ///
        /// # Errors
        /// `NotOwner`, `BadAccount`, `ZeroAmount`, `Token`, `AboveLimit`, `Payment`, in this order.
        #[ink(message)]
        fn pay(&mut self, to: AccountId, amount: Rao) -> Result<(), TreasuryError> {
            self.owner.only(self.env().caller())?;
            self.check_payment(to, amount)?;
            let balance = self.balance()?;
            self.accounts
                .pay(balance, amount, self.env().block_number())?;
            self.tao.send(to, amount)?;
            self.env().emit_event(TreasuryPaid { to, amount });
            done(())
        }

        /// Opens a stream: TAO that vests for a payee from block to block. Returns its number.
        /// Owner only. The whole amount counts as outgoing now.
        ///
        /// Nothing is vested before the cliff. From then on `total * (min(now, end) - start) / (end
        /// - start)` is, rounded down.
        ///
        /// # Events
        /// `StreamOpened`.
        ///
        /// # Errors
        /// `NotOwner`, `BadAccount`, `ZeroAmount`, `OutOfBounds`, `Token`, `AboveLimit`, in this
        /// order.
        #[ink(message)]
        fn open_stream(&mut self, stream: NewStream) -> Result<u32, TreasuryError> {
            self.owner.only(self.env().caller())?;
            self.check_payment(stream.payee, stream.total)?;
            let (balance, now) = (self.balance()?, self.env().block_number());
            let id = self.accounts.open_stream(balance, &stream, now)?;
            let NewStream {
                payee,
                total,
                start,
                cliff,
                end,
            } = stream;
            self.env().emit_event(StreamOpened {
                id,
                payee,
                total,
                start,
                cliff,
                end,
            });
            Ok(id)
        }

        /// Opens a budget: TAO that a manager pays out, so much a period. Returns its number. Owner
        /// only. The whole amount counts as outgoing now.
        ///
        /// # Events
        /// `BudgetOpened`.
        ///
        /// # Errors
        /// `NotOwner`, `BadAccount`, `ZeroAmount`, `OutOfBounds`, `Token`, `AboveLimit`, in this
        /// order.
        #[ink(message)]
        fn open_budget(&mut self, budget: NewBudget) -> Result<u32, TreasuryError> {
            self.owner.only(self.env().caller())?;
            self.check_payment(budget.manager, budget.total)?;
            let (balance, now) = (self.balance()?, self.env().block_number());
            let id = self.accounts.open_budget(balance, &budget, now)?;
            let NewBudget {
                manager,
                total,
                per_period,
                period,
                until,
            } = budget;
            self.env().emit_event(BudgetOpened {
                id,
                manager,
                total,
                per_period,
                period,
                until,
            });
            Ok(id)
        }

        /// Ends a grant. Returns the amount that is free again, in rao. Owner only.
        ///
        /// What has vested of a stream can still be claimed. A budget is removed. The freed amount
        /// stays counted as outgoing, and raises the limit only when it has been free for 30 days.
        ///
        /// # Events
        /// `GrantRevoked`.
        ///
        /// # Errors
        /// `NotOwner`, `NoGrant`, `AlreadyRevoked`, in this order.
        #[ink(message)]
        fn revoke(&mut self, id: u32) -> Result<Rao, TreasuryError> {
            self.owner.only(self.env().caller())?;
            let freed = self.accounts.revoke(id, self.env().block_number())?;
            self.env().emit_event(GrantRevoked { id, freed });
            Ok(freed)
        }

        /// Transfers `amount` of another PSP22 token than TAO to `to`. Owner only.
        ///
        /// # Events
        /// `TokenRescued`.
        ///
        /// # Errors
        /// `NotOwner`, `IsTao`, `BadAccount`, `ZeroAmount`, `OtherToken`, in this order.
        #[ink(message)]
        fn rescue(
            &mut self,
            token: AccountId,
            to: AccountId,
            amount: u128,
        ) -> Result<(), TreasuryError> {
            self.owner.only(self.env().caller())?;
            if token == self.tao.0 {
                return Err(TreasuryError::IsTao);
            }
            if to == self.env().account_id() {
                return Err(TreasuryError::BadAccount);
            }
            if amount == 0 {
                return Err(TreasuryError::ZeroAmount);
            }
            calls::transfer(token, to, amount)?;
            self.env().emit_event(TokenRescued { token, to, amount });
            done(())
        }

        /// Offers the treasury to another owner, or withdraws the offer. Owner only.
        ///
        /// # Events
        /// `OwnerOffered`.
        ///
        /// # Errors
        /// `NotOwner`, `BadAccount`, in this order.
        #[ink(message)]
        fn offer_owner(&mut self, to: Option<AccountId>) -> Result<(), TreasuryError> {
            self.owner.only(self.env().caller())?;
            if let Some(to) = to {
                self.check_account(to)?;
            }
            self.owner.offer(to);
            self.env().emit_event(OwnerOffered { to });
            Ok(())
        }

        /// Makes the caller the owner, to whom the treasury is offered.
        ///
        /// # Events
        /// `OwnerChanged`.
        ///
        /// # Errors
        /// `OwnerNotOffered`.
        #[ink(message)]
        fn accept_owner(&mut self) -> Result<(), TreasuryError> {
            let to = self.env().caller();
            let from = self.owner.accept(to)?;
            self.env().emit_event(OwnerChanged { from, to });
            Ok(())
        }
    }
}
