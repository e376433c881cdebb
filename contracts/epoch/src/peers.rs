//! Calls to the other contracts, with their errors made ours.
//!
//! None uses the sugar that traps: an answer that does not decode, a trap, or a missing contract is
//! `PeerUnavailable`, or `KernelUnavailable` and `KernelFailed` for a kernel. An error ends the
//! message, so whatever was done before is undone.

use crate::gather::Source;
use ink::{
    codegen::TraitCallBuilder,
    contract_ref,
    env::{DefaultEnvironment, Error},
    prelude::vec::Vec,
    MessageResult,
};
use inktensor_primitives::{
    emission::{Emission, EpochBudget, Fee, SplitPreset},
    epoch::{EpochError, Peers, Settlement},
    kernel::{EpochHeader, EpochPlan, IncentiveKernel, NeuronResult, StepInput, StepOutput},
    registry::{Neuron, Registry, Subnet, SubnetSnapshot, Tenure, Voter},
    staking::{Payment, Staking},
    AccountId, Digest, NetUid, Rao, Uid,
};
use psp22::{PSP22Burnable, PSP22};

type TokenRef = contract_ref!(PSP22, DefaultEnvironment);
type BurnRef = contract_ref!(PSP22Burnable, DefaultEnvironment);
type RegistryRef = contract_ref!(Registry, DefaultEnvironment);
type StakingRef = contract_ref!(Staking, DefaultEnvironment);
type EmissionRef = contract_ref!(Emission, DefaultEnvironment);
type KernelRef = contract_ref!(IncentiveKernel, DefaultEnvironment);

/// What a call came to: not made, not understood, or answered.
type Outcome<T> = Result<MessageResult<T>, Error>;

fn answer<T>(outcome: Outcome<T>) -> Result<T, EpochError> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) | Err(_) => Err(EpochError::PeerUnavailable),
    }
}

/// The plan of `header`'s kernel.
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

/// What `input` comes to in the kernel of its header.
///
/// # Errors
/// `KernelChanged`; `Kernel`, which is a pure function of the input; `KernelFailed`, which may be
/// for want of gas.
pub fn step(input: StepInput) -> Result<StepOutput, EpochError> {
    check_kernel(&input.header)?;
    let kernel: KernelRef = input.header.kernel.into();
    match kernel.call().step(input).try_invoke() {
        Ok(Ok(output)) => output.map_err(EpochError::Kernel),
        Ok(Err(_)) | Err(_) => Err(EpochError::KernelFailed),
    }
}

/// Checks that the kernel of `header` still is the code that the epoch closed with.
///
/// # Errors
/// `KernelChanged`, also if there is no code any more.
pub fn check_kernel(header: &EpochHeader) -> Result<(), EpochError> {
    if code_hash(header.kernel) == Ok(header.kernel_code) {
        Ok(())
    } else {
        Err(EpochError::KernelChanged)
    }
}

/// The hash of the code at a kernel's address.
///
/// # Errors
/// `KernelUnavailable` if there is none.
pub fn code_hash(kernel: AccountId) -> Result<Digest, EpochError> {
    ink::env::code_hash::<DefaultEnvironment>(&kernel)
        .map(Into::into)
        .map_err(|_| EpochError::KernelUnavailable)
}

/// What this contract asks of the others, besides the inputs of an epoch. Each call's errors are
/// those of the message of the same name.
pub trait Calls {
    /// Takes `amount` of what `payer` has approved.
    fn collect(&self, payer: AccountId, payee: AccountId, amount: Rao) -> Result<(), EpochError>;
    /// Sends `amount` of this contract's TAO.
    fn send(&self, payee: AccountId, amount: Rao) -> Result<(), EpochError>;
    /// Burns `amount` of this contract's TAO.
    fn burn(&self, amount: Rao) -> Result<(), EpochError>;
    /// `Registry::subnet`; an absent one is `UnknownSubnet`.
    fn subnet(&self, netuid: NetUid) -> Result<Subnet, EpochError>;
    /// `Registry::voter`; an absent one is `NotRegistered`.
    fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Result<Voter, EpochError>;
    /// `Registry::neuron`.
    fn neuron(&self, netuid: NetUid, uid: Uid) -> Result<Option<Neuron>, EpochError>;
    /// `begin_epoch` of registry and staking, which so stay in step.
    fn begin_epoch(&self, netuid: NetUid, closing: u32) -> Result<SubnetSnapshot, EpochError>;
    /// `Registry::record_scores`.
    fn record_scores(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        scores: Vec<NeuronResult>,
    ) -> Result<(), EpochError>;
    /// `Emission::draw`.
    fn draw(
        &self,
        netuid: NetUid,
        epoch: u32,
        preset: SplitPreset,
    ) -> Result<EpochBudget, EpochError>;
    /// `Emission::pay`.
    fn pay(&self, netuid: NetUid, epoch: u32, payments: Vec<Payment>) -> Result<(), EpochError>;
    /// `Emission::pay_fee`; a fee of nothing is not asked for.
    fn pay_fee(
        &self,
        netuid: NetUid,
        epoch: u32,
        fee: Fee,
        payee: AccountId,
        amount: Rao,
    ) -> Result<(), EpochError>;
    /// `Emission::complete`.
    fn complete(&self, netuid: NetUid, settlement: &Settlement) -> Result<(), EpochError>;
    /// `Emission::carry`.
    fn carry(&self, netuid: NetUid, epoch: u32) -> Result<Rao, EpochError>;
}

impl Calls for Peers {
    fn collect(&self, payer: AccountId, payee: AccountId, amount: Rao) -> Result<(), EpochError> {
        let mut token: TokenRef = self.token.into();
        let call = token
            .call_mut()
            .transfer_from(payer, payee, amount.to_u128(), Vec::new());
        answer(call.try_invoke())?.map_err(|_| EpochError::Payment(amount))
    }

    fn send(&self, payee: AccountId, amount: Rao) -> Result<(), EpochError> {
        let mut token: TokenRef = self.token.into();
        let call = token
            .call_mut()
            .transfer(payee, amount.to_u128(), Vec::new());
        answer(call.try_invoke())?.map_err(|_| EpochError::Payment(amount))
    }

    fn burn(&self, amount: Rao) -> Result<(), EpochError> {
        let mut token: BurnRef = self.token.into();
        let call = token.call_mut().burn(amount.to_u128());
        answer(call.try_invoke())?.map_err(|_| EpochError::Payment(amount))
    }

    fn subnet(&self, netuid: NetUid) -> Result<Subnet, EpochError> {
        let registry: RegistryRef = self.registry.into();
        answer(registry.call().subnet(netuid).try_invoke())?.ok_or(EpochError::UnknownSubnet)
    }

    fn voter(&self, netuid: NetUid, hotkey: AccountId) -> Result<Voter, EpochError> {
        let registry: RegistryRef = self.registry.into();
        let call = registry.call().voter(netuid, hotkey);
        answer(call.try_invoke())?.ok_or(EpochError::NotRegistered)
    }

    fn neuron(&self, netuid: NetUid, uid: Uid) -> Result<Option<Neuron>, EpochError> {
        let registry: RegistryRef = self.registry.into();
        answer(registry.call().neuron(netuid, uid).try_invoke())
    }

    fn begin_epoch(&self, netuid: NetUid, closing: u32) -> Result<SubnetSnapshot, EpochError> {
        let mut registry: RegistryRef = self.registry.into();
        let call = registry.call_mut().begin_epoch(netuid, closing);
        let snapshot = answer(call.try_invoke())?.map_err(EpochError::Registry)?;
        let mut staking: StakingRef = self.staking.into();
        let call = staking.call_mut().begin_epoch(netuid, closing);
        answer(call.try_invoke())?.map_err(EpochError::Staking)?;
        Ok(snapshot)
    }

    fn record_scores(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        scores: Vec<NeuronResult>,
    ) -> Result<(), EpochError> {
        let mut registry: RegistryRef = self.registry.into();
        let call = registry
            .call_mut()
            .record_scores(netuid, epoch, start, scores);
        answer(call.try_invoke())?.map_err(EpochError::Registry)
    }

    fn draw(
        &self,
        netuid: NetUid,
        epoch: u32,
        preset: SplitPreset,
    ) -> Result<EpochBudget, EpochError> {
        let mut emission: EmissionRef = self.emission.into();
        let call = emission.call_mut().draw(netuid, epoch, preset);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    fn pay(&self, netuid: NetUid, epoch: u32, payments: Vec<Payment>) -> Result<(), EpochError> {
        let mut emission: EmissionRef = self.emission.into();
        let call = emission.call_mut().pay(netuid, epoch, payments);
        answer(call.try_invoke())?.map_err(EpochError::Emission)?;
        Ok(())
    }

    fn pay_fee(
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
        let mut emission: EmissionRef = self.emission.into();
        let call = emission
            .call_mut()
            .pay_fee(netuid, epoch, fee, payee, amount);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    fn carry(&self, netuid: NetUid, epoch: u32) -> Result<Rao, EpochError> {
        let mut emission: EmissionRef = self.emission.into();
        let call = emission.call_mut().carry(netuid, epoch);
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }

    fn complete(&self, netuid: NetUid, settlement: &Settlement) -> Result<(), EpochError> {
        let mut emission: EmissionRef = self.emission.into();
        let call = emission.call_mut().complete(
            netuid,
            settlement.epoch,
            settlement.owner,
            settlement.owner_hotkey,
        );
        answer(call.try_invoke())?.map_err(EpochError::Emission)
    }
}

impl Source for Peers {
    fn neurons_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        start: Uid,
        count: u16,
    ) -> Result<Vec<Neuron>, EpochError> {
        let registry: RegistryRef = self.registry.into();
        let call = registry.call().neurons_at(netuid, epoch, start, count);
        answer(call.try_invoke())?.map_err(EpochError::Registry)
    }

    fn tenures_at(
        &self,
        netuid: NetUid,
        epoch: u32,
        uids: Vec<Uid>,
    ) -> Result<Vec<Tenure>, EpochError> {
        let registry: RegistryRef = self.registry.into();
        let call = registry.call().tenures_at(netuid, epoch, uids);
        answer(call.try_invoke())?.map_err(EpochError::Registry)
    }

    fn stakes_at(
        &self,
        netuid: NetUid,
        hotkeys: Vec<AccountId>,
        epoch: u32,
    ) -> Result<Vec<Rao>, EpochError> {
        let staking: StakingRef = self.staking.into();
        let call = staking.call().stakes_at(netuid, hotkeys, epoch);
        answer(call.try_invoke())?.map_err(EpochError::Staking)
    }
}
