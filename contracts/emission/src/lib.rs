//! The emission contract: issuance of TAO, its division between subnets and roles, and pay-out.
//!
//! The contract is the token's only minter. Contracts have no block hook, so nothing happens until
//! a subnet's epoch closes. Then the curve is evaluated over all blocks since the last call.
//!
//! # Key terms
//! * **issued**: TAO that the halving curve has released. Issued TAO is minted when it is paid.
//! * **owed**: pay of owners that is set aside, until they collect it. It is minted then.
//! * **weight**: the matured stake of a subnet at its last draw: what was there from the opening of
//!   the epoch to its close. Subnets share issuance by weight.
//! * **draw**: the subnet's share since its last draw becomes the budget of the closed epoch, as
//!   far as the weight has stayed. The rest goes back to all.
//! * **budget**: an epoch's amounts for miners, validators, owner, treasury and fees.
//! * **carry over**: what a budget does not spend goes to the subnet's next budget.
//!
//! # Modules
//! * `ledger`: issued, minted, owed and promised amounts
//! * `slice`: the neurons of a chunk that one call pays
//! * `budget`: the division of an epoch's budget, and spending
//! * `accumulator`: sharing by weight, at the cost of one subnet per call
//! * `weight`: the rule that turns stake into a share of emission
//! * `curve`: issuance by halvings, in closed form over any span
//!
//! # Invariants
//! * `issued - genesis = minted + owed + unspent budgets + carried over + earned but not drawn`,
//!   exact to a rao per subnet.
//! * Issued TAO never exceeds the cap and never falls.
//! * A budget never pays more than it has, and each epoch is drawn once.
//! * Only the epoch contract, which the deployer names once, draws, pays and completes.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

pub mod accumulator;
pub mod budget;
pub mod curve;
pub mod ledger;
pub mod slice;
pub mod weight;

#[cfg(test)]
mod tests;

pub use self::emission::{EmissionContract, EmissionContractRef};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod emission {
    use crate::{
        budget,
        ledger::{Account, Division, Draw, Ledger},
        slice::Slice,
        weight,
    };
    use ink::{
        codegen::TraitCallBuilder,
        contract_ref,
        prelude::{vec, vec::Vec},
        storage::{traits::ManualKey, Mapping},
    };
    use inktensor_primitives::{
        emission::{
            Carried, Completed, Drawn, Emission, EmissionDeployError, EmissionError, EmissionPeers,
            EpochBudget, Fee, FeePaid, Fees, Issuance, Paid, Payout, Released, Split, SplitPreset,
        },
        staking::{Credited, Payment, Staking},
        token::{TokenControl, WireError},
        wiring::Wired,
        NetUid, Rao, Tao, Wiring,
    };

    /// The emission contract.
    #[ink(storage)]
    pub struct EmissionContract {
        tao: Tao,
        /// The staking contract, which credits pay as stake.
        staking: AccountId,
        treasury: AccountId,
        division: Division,
        /// The epoch contract, once it is named.
        wiring: Wiring<AccountId>,
        ledger: Ledger,
        /// Accounts of subnets.
        accounts: Mapping<NetUid, Account, ManualKey<0x4143_434F>>,
    }

    impl EmissionContract {
        /// Deploys the contract. TAO that `token` has minted so far counts as issued. The caller
        /// may name the epoch contract, once.
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
        ) -> Result<Self, EmissionDeployError> {
            if !split.is_whole() {
                return Err(EmissionDeployError::SplitNotWhole);
            }
            if !fees.are_allowed() {
                return Err(EmissionDeployError::FeesTooHigh);
            }
            if [token, staking, Self::env().account_id()].contains(&treasury) {
                return Err(EmissionDeployError::BadTreasury);
            }
            let tao: contract_ref!(TokenControl) = token.into();
            let Ok(Ok(minted)) = tao.call().total_minted().try_invoke() else {
                return Err(EmissionDeployError::NoToken);
            };
            let genesis = u64::try_from(minted)
                .map(Rao)
                .ok()
                .filter(|minted| *minted <= Rao::CAP)
                .ok_or(EmissionDeployError::AboveCap)?;
            let stake: contract_ref!(Staking) = staking.into();
            match stake.call().peers().try_invoke() {
                Ok(Ok(peers)) if peers.registry == treasury => {
                    return Err(EmissionDeployError::BadTreasury);
                }
                Ok(Ok(_)) => {}
                _ => return Err(EmissionDeployError::NoStaking),
            }
            let ledger = Ledger::new(genesis, Self::env().block_number());
            let deployer = Self::env().caller();
            let division = Division { fees, split };
            let tao = Tao(token);
            Ok(Self::with(
                tao, staking, treasury, division, deployer, ledger,
            ))
        }

        /// Makes the contract before the first draw.
        pub(crate) fn with(
            tao: Tao,
            staking: AccountId,
            treasury: AccountId,
            division: Division,
            deployer: AccountId,
            ledger: Ledger,
        ) -> Self {
            Self {
                tao,
                staking,
                treasury,
                division,
                wiring: Wiring::by(deployer),
                ledger,
                accounts: Mapping::new(),
            }
        }

        /// Checks that the epoch contract calls.
        fn only_epoch(&self) -> Result<(), EmissionError> {
            if self.wiring.is_peer(self.env().caller()) {
                Ok(())
            } else {
                Err(EmissionError::NotEpoch)
            }
        }

        /// Returns the budget of an epoch whose pay-out is not complete.
        fn open_budget(
            &self,
            netuid: NetUid,
            epoch: u32,
        ) -> Result<(Account, EpochBudget), EmissionError> {
            let account = self.account(netuid);
            let budget = account.budget(epoch).ok_or(EmissionError::NotDrawn)?;
            Ok((account, budget))
        }

        /// Returns a subnet's account.
        fn account(&self, netuid: NetUid) -> Account {
            self.accounts.get(netuid).unwrap_or_default()
        }

        /// Emits `FeePaid`, unless the amount is zero.
        fn emit_fee(
            &self,
            (netuid, epoch): (NetUid, u32),
            fee: Fee,
            payee: AccountId,
            amount: Rao,
        ) {
            if !amount.is_zero() {
                self.env().emit_event(FeePaid {
                    netuid,
                    epoch,
                    payee,
                    fee,
                    amount,
                });
            }
        }

        /// Credits dividends of `epoch` as stake, as far as one call has room for. The amount that
        /// staking must receive is not minted yet.
        fn credit(
            &self,
            netuid: NetUid,
            epoch: u32,
            payments: Vec<Payment>,
        ) -> Result<Credited, EmissionError> {
            if payments.is_empty() {
                return Ok(Credited::default());
            }
            let mut staking: contract_ref!(Staking) = self.staking.into();
            let call = staking.call_mut().distribute(netuid, epoch, payments);
            match call.try_invoke() {
                Ok(Ok(Ok(credited))) => Ok(credited),
                _ => Err(EmissionError::Staking),
            }
        }

        /// Mints pay that is owed, and stakes it. Returns the sum.
        fn stake_owed(
            &mut self,
            netuid: NetUid,
            payments: Vec<Payment>,
        ) -> Result<Rao, EmissionError> {
            let amount = budget::sum(payments.iter().map(|it| it.amount))?;
            if amount.is_zero() {
                return Ok(amount);
            }
            self.ledger.pay_owed(amount)?;
            let mut staking: contract_ref!(Staking) = self.staking.into();
            let call = staking.call_mut().stake_pay(netuid, payments);
            match call.try_invoke() {
                Ok(Ok(Ok(staked))) if staked == amount => {}
                _ => return Err(EmissionError::Staking),
            }
            self.tao.mint_to(&[(self.staking, amount)])?;
            Ok(amount)
        }
    }

    impl Emission for EmissionContract {
        /// Returns the state of issuance, evaluated up to the last draw.
        #[ink(message)]
        fn issuance(&self) -> Issuance {
            self.ledger.issuance()
        }

        /// Returns the amount in rao that a subnet would draw if its epoch closed now, and its
        /// matured stake had not shrunk since its last close.
        #[ink(message)]
        fn pending(&self, netuid: NetUid) -> Rao {
            self.ledger
                .pending(&self.account(netuid), self.env().block_number())
                .unwrap_or_default()
        }

        /// Returns the budget of an epoch whose pay-out is not complete.
        #[ink(message)]
        fn budget(&self, netuid: NetUid, epoch: u32) -> Option<EpochBudget> {
            self.account(netuid).budget(epoch)
        }

        /// Returns the owner's parts of a subnet's budgets that are owed, in rao.
        #[ink(message)]
        fn cut(&self, netuid: NetUid) -> Rao {
            self.account(netuid).cut()
        }

        /// Returns the split of the network, which budgets follow by default.
        #[ink(message)]
        fn split(&self) -> Split {
            self.division.split
        }

        /// Returns the fees for running an epoch.
        #[ink(message)]
        fn fees(&self) -> Fees {
            self.division.fees
        }

        /// Returns the account of the treasury.
        #[ink(message)]
        fn treasury(&self) -> AccountId {
            self.treasury
        }

        /// Returns the contracts that this contract calls or is called by.
        #[ink(message)]
        fn peers(&self) -> EmissionPeers {
            EmissionPeers {
                token: self.tao.0,
                staking: self.staking,
                epoch: self.wiring.peers().copied(),
            }
        }

        /// Divides the share of a retired subnet between the subnets that share in issuance now,
        /// and ends its weight. Returns the amount in rao.
        ///
        /// Anyone may call, also again, for amounts that a last epoch has carried over since.
        ///
        /// # Events
        /// `Released`.
        ///
        /// # Errors
        /// `StillLive`, `Staking`, `NobodyShares`.
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

        /// Draws a subnet's budget for `epoch` and divides it by `preset`. Epoch contract only,
        /// when the epoch closes.
        ///
        /// Issuance is evaluated up to the current block. `matured`, the stake in rao that weighed
        /// in `epoch`, is the subnet's weight from now on. If it is less than before, the subnet
        /// draws that part of its share, and all subnets share the rest.
        ///
        /// # Events
        /// `Drawn`.
        ///
        /// # Errors
        /// `NotEpoch`, `AlreadyDrawn`.
        #[ink(message)]
        fn draw(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            preset: SplitPreset,
            matured: Rao,
        ) -> Result<EpochBudget, EmissionError> {
            self.only_epoch()?;
            let now = self.env().block_number();
            let mut account = self.account(netuid);
            let Draw { budget, returned } = self.ledger.draw(
                &mut account,
                epoch,
                now,
                weight::weight(matured),
                &self.division.with(preset),
            )?;
            account.set_budget(epoch, budget)?;
            self.accounts.insert(netuid, &account);
            self.env().emit_event(Drawn {
                netuid,
                epoch,
                budget,
                returned,
                issued: self.ledger.issuance().issued,
            });
            Ok(budget)
        }

        /// Pays neurons of one chunk of `epoch`, in order, as far as one call has room for, and the
        /// part of the keeper's fee. Epoch contract only.
        ///
        /// Dividends are minted as stake. Incentive and take are owed to owners, and minted when
        /// they are collected.
        ///
        /// # Events
        /// `FeePaid`, unless the fee is zero.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`, `OverBudget`, `Token`, `Staking`.
        #[ink(message)]
        fn pay(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            payout: Payout,
        ) -> Result<Paid, EmissionError> {
            self.only_epoch()?;
            let (mut account, mut budget) = self.open_budget(netuid, epoch)?;
            let Payout {
                before,
                most,
                incentives,
                dividends,
                keeper,
                fee,
                proposer,
            } = payout;
            let (places, payments): (Vec<u16>, Vec<Payment>) = dividends.into_iter().unzip();
            let credited = self.credit(netuid, epoch, payments)?;
            let slice = Slice::of(incentives, &places, &credited, most)?;
            let owed = slice.owed()?;
            self.ledger.pay(&mut budget, credited.amount, owed)?;
            let fee = slice.fee(fee, before);
            self.ledger.pay_fee(&mut budget, Fee::Keeper, fee)?;
            let (proposer, for_proposer) = proposer.unwrap_or((keeper, Rao::ZERO));
            self.ledger
                .pay_fee(&mut budget, Fee::Proposer, for_proposer)?;
            account.set_budget(epoch, budget)?;
            self.accounts.insert(netuid, &account);
            self.tao.mint_to(&[
                (self.staking, credited.amount),
                (keeper, fee),
                (proposer, for_proposer),
            ])?;
            self.emit_fee((netuid, epoch), Fee::Proposer, proposer, for_proposer);
            self.emit_fee((netuid, epoch), Fee::Keeper, keeper, fee);
            let amount = budget::sum([credited.amount, owed])?;
            Ok(Paid {
                amount,
                owed: slice.owners,
            })
        }

        /// Mints pay that is owed to owners, and stakes it on their hotkeys. Returns the sum in
        /// rao. Epoch contract only, for pay that the registry no longer owes.
        ///
        /// # Errors
        /// `NotEpoch`, `Overflow` for more than is owed, `Token`, `Staking`.
        #[ink(message)]
        fn pay_owed(
            &mut self,
            netuid: NetUid,
            payments: Vec<Payment>,
        ) -> Result<Rao, EmissionError> {
            self.only_epoch()?;
            self.stake_owed(netuid, payments)
        }

        /// Stakes the owner's parts of a subnet's budgets on the owner's hotkey. Returns the sum in
        /// rao. Anyone may call.
        ///
        /// # Errors
        /// `NothingOwed`, `Token`, `Staking`.
        #[ink(message)]
        fn collect_cut(&mut self, netuid: NetUid) -> Result<Rao, EmissionError> {
            let mut account = self.account(netuid);
            let cut = account.take_cut().ok_or(EmissionError::NothingOwed)?;
            self.accounts.insert(netuid, &account);
            self.stake_owed(netuid, vec![cut])
        }

        /// Mints and pays `amount` rao of a fee of `epoch` to `payee`, as TAO. Epoch contract only.
        ///
        /// # Events
        /// `FeePaid`, unless the amount is zero.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`, `OverBudget` with the amount that the fee has left, `Token`.
        #[ink(message)]
        fn pay_fee(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            fee: Fee,
            payee: AccountId,
            amount: Rao,
        ) -> Result<(), EmissionError> {
            self.only_epoch()?;
            let (mut account, mut budget) = self.open_budget(netuid, epoch)?;
            if amount.is_zero() {
                return Ok(());
            }
            self.ledger.pay_fee(&mut budget, fee, amount)?;
            account.set_budget(epoch, budget)?;
            self.accounts.insert(netuid, &account);
            self.tao.mint_to(&[(payee, amount)])?;
            self.emit_fee((netuid, epoch), fee, payee, amount);
            Ok(())
        }

        /// Ends the pay-out of `epoch`: pays the treasury. Epoch contract only, after the last
        /// chunk or after the settle window.
        ///
        /// The owner's part is owed to the subnet's owner, who collects it with `collect_cut`. What
        /// is owed to a former owner, or on another hotkey, is paid to that owner as TAO.
        /// The unpaid rest of miners, validators and fees goes to the subnet's next budget.
        ///
        /// # Events
        /// `Completed`.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`, `Token`, `Overflow`.
        #[ink(message)]
        fn complete(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            owner: AccountId,
            owner_hotkey: AccountId,
        ) -> Result<(), EmissionError> {
            self.only_epoch()?;
            let (mut account, budget) = self.open_budget(netuid, epoch)?;
            let closing = self.ledger.complete(&mut account, &budget)?;
            let former = account.add_cut(Payment {
                hotkey: owner_hotkey,
                coldkey: owner,
                amount: closing.owner,
            })?;
            account.end_budget();
            self.accounts.insert(netuid, &account);
            let mut mints = vec![(self.treasury, closing.treasury)];
            // Stake would be a position at the keeper's cost.
            if let Some(former) = former {
                self.ledger.pay_owed(former.amount)?;
                mints.push((former.coldkey, former.amount));
            }
            self.tao.mint_to(&mints)?;
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

        /// Carries the unspent budget of `epoch`, which is rolled over, to the subnet's next
        /// budget. Returns the amount in rao. Epoch contract only.
        ///
        /// # Events
        /// `Carried`.
        ///
        /// # Errors
        /// `NotEpoch`, `NotDrawn`.
        #[ink(message)]
        fn carry(&mut self, netuid: NetUid, epoch: u32) -> Result<Rao, EmissionError> {
            self.only_epoch()?;
            let (mut account, budget) = self.open_budget(netuid, epoch)?;
            let amount = Ledger::carry(&mut account, &budget)?;
            account.end_budget();
            self.accounts.insert(netuid, &account);
            self.env().emit_event(Carried {
                netuid,
                epoch,
                amount,
            });
            Ok(amount)
        }

        /// Names the epoch contract. Deployer only, once, during deployment.
        ///
        /// # Events
        /// `Wired`.
        ///
        /// # Errors
        /// `AlreadyWired`, `NotDeployer`, `BadPeer` if the contract is the treasury.
        #[ink(message)]
        fn wire(&mut self, epoch: AccountId) -> Result<(), WireError> {
            self.wiring.wire(self.env().caller(), epoch)?;
            if epoch == self.treasury {
                return Err(WireError::BadPeer);
            }
            self.env().emit_event(Wired { peers: vec![epoch] });
            Ok(())
        }
    }
}
