//! Emission: how much TAO comes into being, for which subnet, for which role, and its pay-out.
//!
//! The token's only minter. Contracts have no block hook: nothing happens until a subnet's epoch
//! closes, then the curve is evaluated over all blocks since the last call. A budget is a promise;
//! TAO is minted when it is paid.
//!
//! - `curve`: issuance by halvings, in closed form over any span
//! - `accumulator`: what each subnet has earned by its weight
//! - `budget`: an epoch's budget by role, and spending it
//! - `ledger`: the three together, with the invariant that nothing is lost or paid twice
//! - `roles`: who may wire, draw and pay
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub mod accumulator;
pub mod budget;
pub mod curve;
pub mod ledger;
pub mod roles;

#[cfg(test)]
mod tests;

pub use self::emission::{DeployError, EmissionContract, EmissionContractRef};

// Only the code that ink! generates needs it.
#[allow(unsafe_code)]
#[ink::contract]
mod emission {
    use crate::{
        budget,
        ledger::{Account, Division, Ledger},
        roles::Roles,
    };
    use ink::{
        codegen::TraitCallBuilder,
        contract_ref,
        prelude::{vec, vec::Vec},
        storage::{traits::ManualKey, Mapping},
    };
    use inktensor_primitives::{
        emission::{
            Carried, Completed, Drawn, Emission, EmissionError, EmissionPeers, EpochBudget, Fee,
            FeePaid, Fees, Issuance, Released, Split, SplitPreset,
        },
        staking::{Payment, Staking},
        token::{TokenControl, WireError},
        NetUid, Rao,
    };
    use psp22::{PSP22Mintable, PSP22};

    /// Why the contract could not be deployed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[ink::scale_derive(Encode, Decode, TypeInfo)]
    pub enum DeployError {
        /// The split's parts do not sum to 10 000 basis points.
        SplitNotWhole,
        /// Nothing at the token's address answers as the TAO token. Deploy the token first and
        /// give its address.
        NoToken,
        /// More TAO was minted than the cap allows, so this is another token. Give the TAO token's
        /// address.
        AboveCap,
        /// Nothing at the staking contract's address answers as one. Deploy it first and give its
        /// address.
        NoStaking,
        /// The treasury is the token, the staking contract or this contract, where its TAO would
        /// be lost. Give another account.
        BadTreasury,
        /// The two fees are more than a tenth of a budget together. Give at most 1 000 basis
        /// points.
        FeesTooHigh,
    }

    /// The emission contract.
    #[ink(storage)]
    pub struct EmissionContract {
        /// TAO.
        token: AccountId,
        /// Holds what is paid to neurons, as stake.
        staking: AccountId,
        /// The protocol's reserve.
        treasury: AccountId,
        /// How budgets are divided.
        division: Division,
        /// Who may do what.
        roles: Roles,
        /// What was issued, minted and shared.
        ledger: Ledger,
        /// Each subnet's account.
        accounts: Mapping<NetUid, Account, ManualKey<0x4143_434F>>,
        /// Budgets of (subnet, epoch) that are not complete.
        budgets: Mapping<(NetUid, u32), EpochBudget, ManualKey<0x4255_4447>>,
    }

    impl EmissionContract {
        /// Deploys the contract. What `token` has minted so far counts as issued. The caller may
        /// wire it, once.
        ///
        /// # Errors
        /// `SplitNotWhole`, `FeesTooHigh`, `BadTreasury`, `NoToken`, `AboveCap`, `NoStaking`.
        #[ink(constructor)]
        pub fn new(
            token: AccountId,
            staking: AccountId,
            treasury: AccountId,
            split: Split,
            fees: Fees,
        ) -> Result<Self, DeployError> {
            if !split.is_whole() {
                return Err(DeployError::SplitNotWhole);
            }
            if !fees.are_allowed() {
                return Err(DeployError::FeesTooHigh);
            }
            if [token, staking, Self::env().account_id()].contains(&treasury) {
                return Err(DeployError::BadTreasury);
            }
            let tao: contract_ref!(TokenControl) = token.into();
            let Ok(Ok(minted)) = tao.call().total_minted().try_invoke() else {
                return Err(DeployError::NoToken);
            };
            let genesis = u64::try_from(minted)
                .map(Rao)
                .ok()
                .filter(|minted| *minted <= Rao::CAP)
                .ok_or(DeployError::AboveCap)?;
            let stake: contract_ref!(Staking) = staking.into();
            if !matches!(stake.call().total_stake().try_invoke(), Ok(Ok(_))) {
                return Err(DeployError::NoStaking);
            }
            let ledger = Ledger::new(genesis, Self::env().block_number());
            let roles = Roles::Deployer(Self::env().caller());
            let division = Division { fees, split };
            Ok(Self::with(
                token, staking, treasury, division, roles, ledger,
            ))
        }

        /// The contract as it is before anybody has drawn.
        pub(crate) fn with(
            token: AccountId,
            staking: AccountId,
            treasury: AccountId,
            division: Division,
            roles: Roles,
            ledger: Ledger,
        ) -> Self {
            Self {
                token,
                staking,
                treasury,
                division,
                roles,
                ledger,
                accounts: Mapping::new(),
                budgets: Mapping::new(),
            }
        }

        /// Refuses everybody but the epoch contract.
        fn ensure_epoch(&self) -> Result<(), EmissionError> {
            if self.roles.is_epoch(self.env().caller()) {
                Ok(())
            } else {
                Err(EmissionError::NotEpoch)
            }
        }

        /// The budget of an epoch that is not complete.
        fn open_budget(&self, netuid: NetUid, epoch: u32) -> Result<EpochBudget, EmissionError> {
            self.budgets
                .get((netuid, epoch))
                .ok_or(EmissionError::NotDrawn)
        }

        fn account(&self, netuid: NetUid) -> Account {
            self.accounts.get(netuid).unwrap_or_default()
        }

        /// Stake on the subnet: its weight from now on.
        fn weight(&self, netuid: NetUid) -> Result<Rao, EmissionError> {
            let staking: contract_ref!(Staking) = self.staking.into();
            match staking.call().subnet_stake(netuid).try_invoke() {
                Ok(Ok(weight)) => Ok(weight),
                _ => Err(EmissionError::Staking),
            }
        }

        /// Mints `amount` to this contract, which passes it on in the same call.
        fn mint(&self, amount: Rao) -> Result<(), EmissionError> {
            let mut token: contract_ref!(PSP22Mintable) = self.token.into();
            match token.call_mut().mint(amount.to_u128()).try_invoke() {
                Ok(Ok(Ok(()))) => Ok(()),
                _ => Err(EmissionError::Token),
            }
        }

        /// Passes `amount` on to `to`.
        fn send(&self, to: AccountId, amount: Rao) -> Result<(), EmissionError> {
            let mut token: contract_ref!(PSP22) = self.token.into();
            match token
                .call_mut()
                .transfer(to, amount.to_u128(), Vec::new())
                .try_invoke()
            {
                Ok(Ok(Ok(()))) => Ok(()),
                _ => Err(EmissionError::Token),
            }
        }

        /// Sends `amount` to the staking contract and has it credited as `payments`, pay of `epoch`
        /// that sums to it.
        fn stake(
            &self,
            netuid: NetUid,
            epoch: u32,
            amount: Rao,
            payments: Vec<Payment>,
        ) -> Result<(), EmissionError> {
            self.send(self.staking, amount)?;
            let mut staking: contract_ref!(Staking) = self.staking.into();
            let call = staking.call_mut().distribute(netuid, epoch, payments);
            match call.try_invoke() {
                Ok(Ok(Ok(credited))) if credited == amount => Ok(()),
                _ => Err(EmissionError::Staking),
            }
        }
    }

    impl Emission for EmissionContract {
        /// Names the epoch contract, once. Only the deployer; afterwards nobody can.
        ///
        /// # Errors
        /// `NotDeployer`, `AlreadyWired`.
        #[ink(message)]
        fn wire(&mut self, epoch: AccountId) -> Result<(), WireError> {
            self.roles = self.roles.wire(self.env().caller(), epoch)?;
            Ok(())
        }

        /// Called by the epoch contract at close: issues up to now, takes the subnet's share for
        /// `epoch`, divides it as `preset` says and samples the subnet's weight anew.
        ///
        /// # Errors
        /// `NotEpoch`, `AlreadyDrawn`, `Staking`.
        #[ink(message)]
        fn draw(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            preset: SplitPreset,
        ) -> Result<EpochBudget, EmissionError> {
            self.ensure_epoch()?;
            let weight = self.weight(netuid)?;
            let now = self.env().block_number();
            let mut account = self.account(netuid);
            let budget = self.ledger.draw(
                &mut account,
                epoch,
                now,
                weight,
                &self.division.with(preset),
            )?;
            self.accounts.insert(netuid, &account);
            self.budgets.insert((netuid, epoch), &budget);
            self.env().emit_event(Drawn {
                netuid,
                epoch,
                budget,
                issued: self.ledger.issuance().issued,
            });
            Ok(budget)
        }

        /// Called by the epoch contract at settle: mints and pays one chunk.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`, `OverBudget`, `Token`, `Staking`.
        #[ink(message)]
        fn pay(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            payments: Vec<Payment>,
        ) -> Result<Rao, EmissionError> {
            self.ensure_epoch()?;
            let mut budget = self.open_budget(netuid, epoch)?;
            let amount = budget::total(&payments)?;
            if amount.is_zero() {
                return Ok(amount);
            }
            self.ledger.pay(&mut budget, amount)?;
            self.budgets.insert((netuid, epoch), &budget);
            self.mint(amount)?;
            self.stake(netuid, epoch, amount, payments)?;
            Ok(amount)
        }

        /// Called by the epoch contract: mints out of one of the epoch's pots for `payee`, who gets
        /// it as liquid TAO.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`, `OverBudget`, `Token`.
        #[ink(message)]
        fn pay_fee(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            fee: Fee,
            payee: AccountId,
            amount: Rao,
        ) -> Result<(), EmissionError> {
            self.ensure_epoch()?;
            let mut budget = self.open_budget(netuid, epoch)?;
            if amount.is_zero() {
                return Ok(());
            }
            self.ledger.pay_fee(&mut budget, fee, amount)?;
            self.budgets.insert((netuid, epoch), &budget);
            self.mint(amount)?;
            self.send(payee, amount)?;
            self.env().emit_event(FeePaid {
                netuid,
                epoch,
                payee,
                fee,
                amount,
            });
            Ok(())
        }

        /// Called by the epoch contract after the last chunk, or when the epoch will not be settled
        /// any more: pays owner and treasury. What miners and validators were not paid, and
        /// what is left of the pots, goes to the subnet's next budget.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`, `Token`, `Staking`.
        #[ink(message)]
        fn complete(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            owner: AccountId,
            owner_hotkey: AccountId,
        ) -> Result<(), EmissionError> {
            self.ensure_epoch()?;
            let budget = self.open_budget(netuid, epoch)?;
            let mut account = self.account(netuid);
            let closing = self.ledger.complete(&mut account, &budget)?;
            self.accounts.insert(netuid, &account);
            self.budgets.remove((netuid, epoch));
            if !closing.owner.is_zero() {
                self.mint(closing.owner)?;
                let payment = Payment {
                    hotkey: owner_hotkey,
                    coldkey: owner,
                    miner: closing.owner,
                    validator: Rao::ZERO,
                };
                self.stake(netuid, epoch, closing.owner, vec![payment])?;
            }
            if !closing.treasury.is_zero() {
                self.mint(closing.treasury)?;
                self.send(self.treasury, closing.treasury)?;
            }
            self.env().emit_event(Completed {
                netuid,
                epoch,
                paid: budget.paid,
                owner: closing.owner,
                treasury: closing.treasury,
                carried: closing.carried,
            });
            Ok(())
        }

        /// Called by the epoch contract for an epoch that will not become final: all that its
        /// budget has left goes to the subnet's next one.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`.
        #[ink(message)]
        fn carry(&mut self, netuid: NetUid, epoch: u32) -> Result<Rao, EmissionError> {
            self.ensure_epoch()?;
            let budget = self.open_budget(netuid, epoch)?;
            let mut account = self.account(netuid);
            let amount = Ledger::carry(&mut account, &budget)?;
            self.accounts.insert(netuid, &account);
            self.budgets.remove((netuid, epoch));
            self.env().emit_event(Carried {
                netuid,
                epoch,
                amount,
            });
            Ok(amount)
        }

        /// Ends a retired subnet's part in emission: what it has earned and carried goes to the
        /// subnets that share now, and its weight is gone. Anyone may call, also again, for
        /// what a last epoch has carried since.
        ///
        /// # Errors
        /// `StillLive`, `NobodyShares`, `Staking`.
        #[ink(message)]
        fn release(&mut self, netuid: NetUid) -> Result<Rao, EmissionError> {
            let staking: contract_ref!(Staking) = self.staking.into();
            match staking.call().is_live(netuid).try_invoke() {
                Ok(Ok(Some(false))) => {}
                Ok(Ok(_)) => return Err(EmissionError::StillLive),
                _ => return Err(EmissionError::Staking),
            }
            let now = self.env().block_number();
            let mut account = self.account(netuid);
            let amount = self.ledger.release(&mut account, now)?;
            self.accounts.insert(netuid, &account);
            self.env().emit_event(Released { netuid, amount });
            Ok(amount)
        }

        /// The state of issuance, evaluated up to the last draw.
        #[ink(message)]
        fn issuance(&self) -> Issuance {
            self.ledger.issuance()
        }

        /// The network's own division of budgets.
        #[ink(message)]
        fn split(&self) -> Split {
            self.division.split
        }

        /// What those who run an epoch get of its budget.
        #[ink(message)]
        fn fees(&self) -> Fees {
            self.division.fees
        }

        /// The account of the protocol's reserve.
        #[ink(message)]
        fn treasury(&self) -> AccountId {
            self.treasury
        }

        /// The other contracts.
        #[ink(message)]
        fn peers(&self) -> EmissionPeers {
            EmissionPeers {
                token: self.token,
                staking: self.staking,
                epoch: self.roles.epoch(),
            }
        }

        /// The budget of an epoch that is not yet complete.
        #[ink(message)]
        fn budget(&self, netuid: NetUid, epoch: u32) -> Option<EpochBudget> {
            self.budgets.get((netuid, epoch))
        }

        /// What the subnet would draw if its epoch closed now.
        #[ink(message)]
        fn pending(&self, netuid: NetUid) -> Rao {
            self.ledger
                .pending(&self.account(netuid), self.env().block_number())
                .unwrap_or_default()
        }
    }
}
