//! The stored settings of a subnet: name, kernel, hyperparameters.

use crate::seats::Seats;
use ink::{
    prelude::{string::String, vec::Vec},
    scale::Encode,
};
use inktensor_primitives::{
    registry::{KernelParams, RegistryError, Subnet, Terms},
    AccountId, Digest, Rao,
};

/// Values of all hyperparameters of a subnet, but the registration price, which is a state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Values {
    /// See [`Subnet::tempo`].
    pub tempo: u32,
    /// See [`Subnet::kernel`].
    pub kernel: AccountId,
    /// Hash of the kernel's code by the list of kernels, where it never changes.
    pub kernel_code: Digest,
    /// See [`Subnet::max_uids`].
    pub max_uids: u16,
    /// See [`Subnet::max_validators`].
    pub max_validators: u16,
    /// See [`Subnet::immunity_period`].
    pub immunity_period: u32,
    /// See [`Subnet::terms`].
    pub terms: Terms,
    /// See [`Subnet::params`].
    pub params: KernelParams,
}

/// Values that were set while an epoch was open, and count from the next one on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Next {
    /// The values.
    pub values: Values,
    /// Block of the last change.
    pub set_at: u32,
}

/// A subnet without the counters that change at registrations and closes (see [`Seats`]), which are
/// far more frequent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Settings {
    /// See [`Subnet::name`].
    pub name: String,
    /// See [`Subnet::owner`].
    pub owner: AccountId,
    /// See [`Subnet::owner_hotkey`].
    pub owner_hotkey: AccountId,
    /// See [`Subnet::symbol`].
    pub symbol: String,
    /// See [`Subnet::created_at`].
    pub created_at: u32,
    /// See [`Subnet::started_at`].
    pub started_at: Option<u32>,
    /// See [`Subnet::retired_at`].
    pub retired_at: Option<u32>,
    /// See [`Subnet::lock`].
    pub lock: Rao,
    /// Hyperparameters of the open epoch.
    pub present: Values,
    /// Hyperparameters of the next epoch, if one was set while the open one is open.
    pub next: Option<Next>,
}

impl Settings {
    /// Passes a subnet that is not retired.
    ///
    /// # Errors
    /// `Retired`.
    pub fn live(self) -> Result<Self, RegistryError> {
        match self.retired_at {
            Some(at) => Err(RegistryError::Retired(at)),
            None => Ok(self),
        }
    }

    /// Passes the subnet's owner alone.
    ///
    /// # Errors
    /// `NotOwner`.
    pub fn only_owner(&self, caller: AccountId) -> Result<(), RegistryError> {
        if caller == self.owner {
            Ok(())
        } else {
            Err(RegistryError::NotOwner)
        }
    }

    /// Returns the values that count from the next epoch on.
    pub fn latest(&self) -> &Values {
        self.next
            .as_ref()
            .map_or(&self.present, |next| &next.values)
    }

    /// Makes the next values the present ones, on a subnet with `taken` seats taken. Returns the
    /// former values, or nothing if there were no next ones.
    pub fn take_next(&mut self, taken: u16) -> Option<Values> {
        let mut values = self.next.take()?.values;
        // Seats are never freed, and some may be taken since the limit was set.
        values.max_uids = values.max_uids.max(taken);
        Some(core::mem::replace(&mut self.present, values))
    }

    /// Returns the public view of the subnet, whose next registration costs `registration_price`.
    pub fn subnet(self, seats: &Seats, registration_price: Rao) -> Subnet {
        let values = self.present;
        Subnet {
            name: self.name,
            owner: self.owner,
            owner_hotkey: self.owner_hotkey,
            symbol: self.symbol,
            created_at: self.created_at,
            started_at: self.started_at,
            retired_at: self.retired_at,
            lock: self.lock,
            epoch: seats.epoch(),
            tempo: values.tempo,
            kernel: values.kernel,
            max_uids: values.max_uids,
            max_validators: values.max_validators,
            neurons: seats.taken(),
            immunity_period: values.immunity_period,
            registration_price,
            terms: values.terms,
            params: values.params,
        }
    }
}

/// Encodes the parameters for their kernel.
pub fn kernel_bytes(params: &KernelParams) -> Vec<u8> {
    match params {
        KernelParams::Yuma(yuma) => yuma.encode(),
        KernelParams::Other(bytes) => bytes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ink::scale::DecodeAll;
    use inktensor_primitives::kernel::{YumaParams, MAX_PARAMS};

    #[test]
    fn a_kernel_reads_back_its_parameters() {
        let yuma = YumaParams {
            kappa: 7,
            ..YumaParams::default()
        };
        let bytes = kernel_bytes(&KernelParams::Yuma(yuma.clone()));
        assert!(bytes.len() <= MAX_PARAMS);
        assert_eq!(YumaParams::decode_all(&mut bytes.as_slice()), Ok(yuma));
        assert_eq!(kernel_bytes(&KernelParams::Other(vec![1, 2])), vec![1, 2]);
    }
}
