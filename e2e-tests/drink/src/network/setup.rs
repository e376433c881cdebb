//! Preparing a network: TAO, subnets, neurons, stake, weights.

use super::{argument, succeeded, Network, BANK};
use crate::Failure;
use inktensor_primitives::{
    epoch::EpochError, registry::RegistryError, staking::StakingError, AccountId, NetUid, Rao, Uid,
};
use psp22::PSP22Error;

impl Network {
    /// Returns the TAO of `who`, in rao.
    ///
    /// # Errors
    /// `Session`.
    pub fn balance(&mut self, who: AccountId) -> Result<u128, Failure> {
        self.read(self.addresses.token, "PSP22::balance_of", &[argument(who)])
    }

    /// Returns all TAO, in rao.
    ///
    /// # Errors
    /// `Session`.
    pub fn total_supply(&mut self) -> Result<u128, Failure> {
        self.read(self.addresses.token, "PSP22::total_supply", &[])
    }

    /// Sends `amount` of the bank's TAO to `who`.
    ///
    /// # Errors
    /// `Refused` if the bank has less.
    pub fn fund(&mut self, who: AccountId, amount: Rao) -> Result<(), Failure> {
        let arguments = [argument(who), amount.0.to_string(), "[]".into()];
        self.pay(BANK, "PSP22::transfer", &arguments)
    }

    /// Lets `contract` collect `amount` of the TAO of `who`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn approve(
        &mut self,
        who: AccountId,
        contract: AccountId,
        amount: Rao,
    ) -> Result<(), Failure> {
        let arguments = [argument(contract), amount.0.to_string()];
        self.pay(who, "PSP22::approve", &arguments)
    }

    /// Creates and starts a subnet of `owner` that runs Yuma, paid with the bank's TAO.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn create_subnet(
        &mut self,
        owner: AccountId,
        hotkey: AccountId,
        tempo: u32,
    ) -> Result<NetUid, Failure> {
        let registry = self.addresses.registry;
        let price: Rao = self.read(registry, "Registry::creation_price", &[])?;
        self.fund(owner, price)?;
        self.approve(owner, registry, price)?;
        let arguments = [
            "\"example\"".into(),
            argument(hotkey),
            argument(self.addresses.yuma),
            tempo.to_string(),
            "64".into(),
            "8".into(),
            price.0.to_string(),
            "None".into(),
        ];
        self.agree(hotkey, owner)?;
        let create = "Registry::create_subnet";
        let created = self.call::<NetUid, RegistryError>(owner, registry, create, &arguments)?;
        let netuid = succeeded(create, created)?;
        let start = "Registry::start";
        let arguments = [netuid.0.to_string()];
        let started = self.call::<(), RegistryError>(owner, registry, start, &arguments)?;
        succeeded(start, started)?;
        Ok(netuid)
    }

    /// Lets `hotkey` agree to belong to `coldkey`, unless it has an owner.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn agree(&mut self, hotkey: AccountId, coldkey: AccountId) -> Result<(), Failure> {
        let registry = self.addresses.registry;
        let owner: Option<AccountId> =
            self.read(registry, "Registry::owner_of", &[argument(hotkey)])?;
        if owner.is_some() {
            return Ok(());
        }
        let message = "Registry::agree";
        let arguments = [format!("Some({})", argument(coldkey))];
        let agreed = self.call::<(), RegistryError>(hotkey, registry, message, &arguments)?;
        succeeded(message, agreed)
    }

    /// Registers `hotkey` for `coldkey`, which pays with the bank's TAO.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn register(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        hotkey: AccountId,
    ) -> Result<Uid, Failure> {
        let registry = self.addresses.registry;
        // A registration makes the next one dearer; what is left over stays with the coldkey.
        let limit = Rao::from_tao(100);
        self.fund(coldkey, limit)?;
        self.approve(coldkey, registry, limit)?;
        let message = "Registry::register";
        let arguments = [
            netuid.0.to_string(),
            argument(hotkey),
            limit.0.to_string(),
            "None".into(),
        ];
        self.agree(hotkey, coldkey)?;
        let registered = self.call::<Uid, RegistryError>(coldkey, registry, message, &arguments)?;
        succeeded(message, registered)
    }

    /// Stakes `amount` of the bank's TAO on `hotkey` for `coldkey`.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn add_stake(
        &mut self,
        netuid: NetUid,
        coldkey: AccountId,
        hotkey: AccountId,
        amount: Rao,
    ) -> Result<(), Failure> {
        let staking = self.addresses.staking;
        self.fund(coldkey, amount)?;
        self.approve(coldkey, staking, amount)?;
        let message = "Staking::add_stake";
        let arguments = [netuid.0.to_string(), argument(hotkey), amount.0.to_string()];
        let added = self.call::<(), StakingError>(coldkey, staking, message, &arguments)?;
        succeeded(message, added)
    }

    /// Sets the weights of `hotkey`: pairs of uid and weight.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn set_weights(
        &mut self,
        netuid: NetUid,
        hotkey: AccountId,
        weights: &[(u16, u16)],
    ) -> Result<(), Failure> {
        let (uids, weights): (Vec<u16>, Vec<u16>) = weights.iter().copied().unzip();
        let arguments = [
            netuid.0.to_string(),
            format!("{uids:?}"),
            format!("{weights:?}"),
            "0".into(),
        ];
        let message = "Epochs::set_weights";
        let epoch = self.addresses.epoch;
        let set = self.call::<(), EpochError>(hotkey, epoch, message, &arguments)?;
        succeeded(message, set)
    }

    /// Sends a message of the token.
    fn pay(
        &mut self,
        who: AccountId,
        message: &'static str,
        arguments: &[String],
    ) -> Result<(), Failure> {
        let paid = self.call::<(), PSP22Error>(who, self.addresses.token, message, arguments)?;
        succeeded(message, paid)
    }
}
