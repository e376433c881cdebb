//! The other contracts, and calls to the registry. A refusal and a missing answer both become an
//! error of the message.

use ink::{codegen::TraitCallBuilder, contract_ref, env::DefaultEnvironment};
use inktensor_primitives::{
    registry::{HotkeyStatus, Registry},
    staking::StakingError,
    AccountId, NetUid,
};

type RegistryRef = contract_ref!(Registry, DefaultEnvironment);

/// The contracts that `wire` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Peers {
    /// The emission contract, which distributes pay.
    pub emission: AccountId,
    /// The epoch contract, which opens epochs.
    pub epoch: AccountId,
}

/// The registry at an address, as far as staking needs it: subnets and the owners of hotkeys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Hotkeys(pub AccountId);

impl Hotkeys {
    /// Returns true if a registry answers at the address.
    pub fn answers(self) -> bool {
        let registry: RegistryRef = self.0.into();
        matches!(registry.call().subnets().try_invoke(), Ok(Ok(_)))
    }

    /// Returns true if the subnet is live, false if it is retired. Returns `None` if it was never
    /// created or the registry does not answer.
    pub fn is_live(self, netuid: NetUid) -> Option<bool> {
        let registry: RegistryRef = self.0.into();
        let Ok(Ok(created)) = registry.call().subnets().try_invoke() else {
            return None;
        };
        if !(1..=created).contains(&netuid.0) {
            return None;
        }
        // The status of a subnet is part of the status of any hotkey.
        let hotkey = AccountId::from([0; 32]);
        match registry.call().hotkey_status(netuid, hotkey).try_invoke() {
            Ok(Ok(status)) => Some(status.subnet_exists),
            _ => None,
        }
    }

    /// Returns the status of a subnet and a hotkey. The registry does not know root, which always
    /// exists and allows transfers.
    ///
    /// # Errors
    /// `Registry`.
    pub fn status(self, netuid: NetUid, hotkey: AccountId) -> Result<HotkeyStatus, StakingError> {
        let registry: RegistryRef = self.0.into();
        match registry.call().hotkey_status(netuid, hotkey).try_invoke() {
            Ok(Ok(status)) if netuid.is_root() => Ok(HotkeyStatus {
                subnet_exists: true,
                subnet_started: true,
                transfers: true,
                ..status
            }),
            Ok(Ok(status)) => Ok(status),
            _ => Err(StakingError::Registry),
        }
    }

    /// Refuses root, a subnet that is not live, and every account but the owner of `hotkey`.
    ///
    /// # Errors
    /// `UnknownSubnet`, `NotHotkeyOwner`, `Registry`.
    pub fn ensure_owner_on(
        self,
        netuid: NetUid,
        hotkey: AccountId,
        account: AccountId,
    ) -> Result<(), StakingError> {
        if netuid.is_root() {
            return Err(StakingError::UnknownSubnet);
        }
        let status = self.status(netuid, hotkey)?;
        if !status.subnet_exists {
            return Err(StakingError::UnknownSubnet);
        }
        if status.owner != Some(account) {
            return Err(StakingError::NotHotkeyOwner);
        }
        Ok(())
    }

    /// Refuses every account but the owner of `hotkey`.
    ///
    /// # Errors
    /// `NotHotkeyOwner`, `Registry`.
    pub fn ensure_owner(self, hotkey: AccountId, account: AccountId) -> Result<(), StakingError> {
        let registry: RegistryRef = self.0.into();
        match registry.call().owner_of(hotkey).try_invoke() {
            Ok(Ok(Some(owner))) if owner == account => Ok(()),
            Ok(Ok(_)) => Err(StakingError::NotHotkeyOwner),
            _ => Err(StakingError::Registry),
        }
    }
}
