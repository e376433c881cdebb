//! Calls to the other contracts, with their errors made `EpochError`s.
//!
//! No call traps. An answer that does not decode, a trap or a missing contract is
//! `PeerUnavailable`; of a kernel it is `KernelUnavailable`, `KernelTrapped` or `KernelFailed`. An
//! error ends the message, so the chain reverts everything before it.

use crate::{inputs::Source, weight_calls::Validator};
use ink::{
    codegen::TraitCallBuilder,
    contract_ref,
    env::{DefaultEnvironment, Error, ReturnErrorCode},
    prelude::vec::Vec,
    MessageResult,
};
use inktensor_primitives::{
    emission::{Emission, EpochBudget, Fee, Paid, Payout, SplitPreset},
    epoch::{EpochError, Peers, Settlement},
    kernel::{EpochHeader, EpochPlan, IncentiveKernel, StepInput, StepOutput, STEP_TIME},
    registry::{Neuron, PagePay, Registry, RegistryError, Subnet, SubnetSnapshot},
    staking::{Payment, Staking},
    tao::Tao,
    AccountId, Digest, NetUid, Rao, Uid,
};

type RegistryRef = contract_ref!(Registry, DefaultEnvironment);
type StakingRef = contract_ref!(Staking, DefaultEnvironment);
type EmissionRef = contract_ref!(Emission, DefaultEnvironment);
type KernelRef = contract_ref!(IncentiveKernel, DefaultEnvironment);

/// Outcome of a call: not made, not decoded, or answered.
type Outcome<T> = Result<MessageResult<T>, Error>;

fn answer<T>(outcome: Outcome<T>) -> Result<T, EpochError> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) | Err(_) => Err(EpochError::PeerUnavailable),
    }
}

/// Returns the plan of the kernel of `header`.
///
/// # Errors
/// `Kernel`, `KernelUnavailable`.
pub fn plan(header: EpochHeader) -> Result<EpochPlan, EpochError> {
    let kernel: KernelRef = header.kernel.into();
    match kernel.call().plan(header).try_invoke() {
        Ok(Ok(plan)) => plan.map_err(EpochError::Kernel),
        Ok(Err(_)) | Err(_) => Err(EpochError::KernelUnavailable),
    }
}

/// Executes a step in the kernel of its header.
///
/// A trap is one of the kernel if the call had all the time that a step may take. The gas that is
/// left after the call proves nothing: the chain gives back most of the gas of a kernel that ran
/// out of it, if the rounding of its host calls makes the bill larger than the gas. A kernel that
/// runs out of proof size leaves less than the two payments of a slash need.
///
/// # Errors
/// `KernelChanged`; `Kernel` and `KernelTrapped`, which are pure functions of the input;
/// `KernelFailed`, which may be for want of gas.
pub fn step(input: StepInput) -> Result<StepOutput, EpochError> {
    check_kernel(&input.header)?;
    let kernel: KernelRef = input.header.kernel.into();
    let has_time = ink::env::gas_left::<DefaultEnvironment>() >= STEP_TIME;
    match kernel.call().step(input).try_invoke() {
        Ok(Ok(output)) => output.map_err(EpochError::Kernel),
        // Malformed answers: one that the kernel gives to input that it cannot read, and one that
        // is no answer. Both are the same for every caller.
        Ok(Err(_)) | Err(Error::Decode(_)) => Err(EpochError::KernelTrapped),
        Err(Error::ReturnError(ReturnErrorCode::CalleeTrapped)) if has_time => {
            Err(EpochError::KernelTrapped)
        }
        Err(_) => Err(EpochError::KernelFailed),
    }
}

/// Checks that the kernel of `header` still is the code that the epoch closed with.
///
/// # Errors
/// `KernelChanged`, also if its address no longer has code.
pub fn check_kernel(header: &EpochHeader) -> Result<(), EpochError> {
    if code_hash(header.kernel) == Ok(header.kernel_code) {
        Ok(())
    } else {
        Err(EpochError::KernelChanged)
    }
}

/// Returns the hash of the code at a kernel's address.
///
/// # Errors
/// `KernelUnavailable` if the address has no code.
pub fn code_hash(kernel: AccountId) -> Result<Digest, EpochError> {
    ink::env::code_hash::<DefaultEnvironment>(&kernel)
        .map(Into::into)
        .map_err(|_| EpochError::KernelUnavailable)
}

/// Addresses of the other contracts. The errors of each call are those of the message of the same
/// name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Addresses(Peers);

impl Addresses {
    /// Returns the contracts at these addresses.
    pub const fn new(peers: Peers) -> Self {
        Self(peers)
    }

    /// Returns the addresses.
    pub const fn peers(&self) -> Peers {
        self.0
    }

    /// Returns the token.
    pub const fn tao(&self) -> Tao {
        Tao(self.0.token)
    }

    fn registry(&self) -> RegistryRef {
        self.0.registry.into()
    }

    fn staking(&self) -> StakingRef {
        self.0.staking.into()
    }

    fn emission(&self) -> EmissionRef {
        self.0.emission.into()
    }

    /// Calls `Registry::subnet`.
    ///
    /// # Errors
    /// `UnknownSubnet`.
    pub fn subnet(&self, netuid: NetUid) -> Result<Subnet, EpochError> {
        let call = self.registry().call().subnet(netuid);
        answer(call.try_invoke())?.ok_or(EpochError::UnknownSubnet)
    }

    /// Calls `Registry::voter`.
    ///
    /// # Errors
    /// `NotRegistered`.
    pub fn validator(&self, netuid: NetUid, hotkey: AccountId) -> Result<Validator, EpochError> {
        let call = self.registry().call().voter(netuid, hotkey);
        let voter = answer(call.try_invoke())?.ok_or(EpochError::NotRegistered)?;
        Ok(Validator {
            netuid,
            hotkey,
            voter,
        })
    }

    /// Calls `Registry::neuron`.
    pub fn neuron(&self, netuid: NetUid, uid: Uid) -> Result<Option<Neuron>, EpochError> {
        answer(self.registry().call().neuron(netuid, uid).try_invoke())
    }

    /// Calls `Registry::begin_epoch`. A close calls `Staking::begin_epoch` too, so both always have
    /// the same open epoch.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`.
    pub fn begin_registry_epoch(
        &self,
        netuid: NetUid,
        closing: u32,
        roster: Vec<Uid>,
    ) -> Result<SubnetSnapshot, EpochError> {
        let mut registry = self.registry();
        let call = registry.call_mut().begin_epoch(netuid, closing, roster);
        answer(call.try_invoke())?.map_err(|error| match error {
            RegistryError::UnknownSubnet => EpochError::UnknownSubnet,
            RegistryError::Retired(at) => EpochError::Retired(at),
            error => EpochError::Registry(error),
        })
    }

    /// Calls `Staking::begin_epoch`.
    pub fn begin_staking_epoch(&self, netuid: NetUid, closing: u32) -> Result<Rao, EpochError> {
        let call = self.staking().call_mut().begin_epoch(netuid, closing);
        answer(call.try_invoke())?.map_err(EpochError::Staking)
    }

    /// Calls `Registry::record_pay`.
    ///
    /// # Errors
    /// Those of the registry.
    pub fn record_pay(
        &self,
        netuid: NetUid,
        epoch: u32,
        pay: Vec<PagePay>,
    ) -> Result<(), EpochError> {
        let call = self.registry().call_mut().record_pay(netuid, epoch, pay);
        answer(call.try_invoke())?.map_err(EpochError::Registry)
    }

    /// Calls `Registry::take_owed`.
    ///
    /// # Errors
    /// Those of the registry.
    pub fn take_owed(&self, netuid: NetUid, uids: Vec<Uid>) -> Result<Vec<Payment>, EpochError> {
        let call = self.registry().call_mut().take_owed(netuid, uids);
        answer(call.try_invoke())?.map_err(EpochError::Registry)
    }

    /// Calls `Registry::take_left`.
    ///
    /// # Errors
    /// Those of the registry.
    pub fn take_left(
        &self,
        netuid: NetUid,
        hotkey: AccountId,
    ) -> Result<Option<Payment>, EpochError> {
        let call = self.registry().call_mut().take_left(netuid, hotkey);
        answer(call.try_invoke())?.map_err(EpochError::Registry)
    }

    /// Calls `Emission::draw`.
    pub fn draw(
        &self,
        netuid: NetUid,
        epoch: u32,
        preset: SplitPreset,
        matured: Rao,
    ) -> Result<EpochBudget, EpochError> {
        let mut emission = self.emission();
        let call = emission.call_mut().draw(netuid, epoch, preset, matured);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    /// Calls `Emission::pay`.
    ///
    /// # Errors
    /// Those of emission.
    pub fn pay(&self, netuid: NetUid, epoch: u32, payout: Payout) -> Result<Paid, EpochError> {
        let call = self.emission().call_mut().pay(netuid, epoch, payout);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    /// Calls `Emission::pay_owed`.
    ///
    /// # Errors
    /// `NothingOwed` without payments, or those of emission.
    pub fn pay_owed(&self, netuid: NetUid, payments: Vec<Payment>) -> Result<Rao, EpochError> {
        if payments.is_empty() {
            return Err(EpochError::NothingOwed);
        }
        let call = self.emission().call_mut().pay_owed(netuid, payments);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    /// Calls `Emission::pay_fee`, unless the amount is zero.
    pub fn pay_fee(
        &self,
        netuid: NetUid,
        epoch: u32,
        fee: Fee,
        payee: AccountId,
        amount: Rao,
    ) -> Result<(), EpochError> {
        if amount.is_zero() {
            return Ok(());
        }
        let call = self
            .emission()
            .call_mut()
            .pay_fee(netuid, epoch, fee, payee, amount);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    /// Calls `Emission::carry`.
    pub fn carry(&self, netuid: NetUid, epoch: u32) -> Result<Rao, EpochError> {
        let call = self.emission().call_mut().carry(netuid, epoch);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    /// Calls `Emission::complete`.
    pub fn complete(&self, netuid: NetUid, settlement: &Settlement) -> Result<(), EpochError> {
        let call = self.emission().call_mut().complete(
            netuid,
            settlement.epoch,
            settlement.owner,
            settlement.owner_hotkey,
        );
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }
}

impl Source for Addresses {
    fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, EpochError> {
        let call = self
            .registry()
            .call()
            .neurons_at(netuid, epoch, start, count);
        answer(call.try_invoke())?.map_err(EpochError::Registry)
    }

    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, EpochError> {
        let call = self.staking().call().stakes_at(netuid, hotkeys, epoch);
        answer(call.try_invoke())?.map_err(EpochError::Staking)
    }
}
