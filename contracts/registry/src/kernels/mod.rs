//! The allow-list of kernels, and the admin.
//!
//! Subnets rely on entries: an entry is never removed and its code hash never changes. The admin
//! adds entries and retires them, which ends new choices alone. No epoch waits for the admin.

use ink::{
    prelude::vec::Vec,
    storage::{traits::ManualKey, Lazy, Mapping},
};
use inktensor_primitives::{
    registry::{KernelEntry, KernelParams, RegistryError, MAX_KERNELS},
    AccountId, Digest,
};

/// The allow-list.
#[ink::storage_item]
#[derive(Debug)]
pub struct Kernels {
    admin: AccountId,
    entries: Mapping<AccountId, KernelEntry, ManualKey<0x7265_0007>>,
    /// Addresses of all entries, oldest first.
    listed: Lazy<Vec<AccountId>, ManualKey<0x7265_0008>>,
}

impl Kernels {
    /// Makes an empty list with this admin.
    pub fn new(admin: AccountId) -> Self {
        Self {
            admin,
            entries: Mapping::default(),
            listed: Lazy::default(),
        }
    }

    /// Returns the admin.
    pub fn admin(&self) -> AccountId {
        self.admin
    }

    /// Checks that `caller` is the admin.
    ///
    /// # Errors
    /// `NotAdmin`.
    pub fn only_admin(&self, caller: AccountId) -> Result<(), RegistryError> {
        if caller == self.admin {
            Ok(())
        } else {
            Err(RegistryError::NotAdmin)
        }
    }

    /// Makes `new` the admin in place of `caller`.
    ///
    /// # Errors
    /// `NotAdmin`.
    pub fn hand_on(&mut self, caller: AccountId, new: AccountId) -> Result<(), RegistryError> {
        self.only_admin(caller)?;
        self.admin = new;
        Ok(())
    }

    /// Lists `kernel` with `code_hash`, or changes the defaults of a listed one. `found` is the
    /// hash of the code at the address.
    ///
    /// # Errors
    /// `KernelCode`, `KernelListed`, `Exhausted`.
    pub fn allow(
        &mut self,
        kernel: AccountId,
        code_hash: Digest,
        found: Option<Digest>,
        defaults: KernelParams,
    ) -> Result<(), RegistryError> {
        if found != Some(code_hash) {
            return Err(RegistryError::KernelCode(found));
        }
        match self.entries.get(kernel) {
            Some(entry) if entry.code_hash != code_hash => {
                return Err(RegistryError::KernelListed(entry.code_hash));
            }
            Some(_) => {}
            None => self.list(kernel)?,
        }
        let entry = KernelEntry {
            code_hash,
            defaults,
            retired: false,
        };
        self.entries.insert(kernel, &entry);
        Ok(())
    }

    /// Retires the entry of `kernel`, so that no more subnets can choose it.
    ///
    /// # Errors
    /// `KernelNotAllowed`.
    pub fn retire(&mut self, kernel: AccountId) -> Result<(), RegistryError> {
        let mut entry = self.allowed(kernel)?;
        entry.retired = true;
        self.entries.insert(kernel, &entry);
        Ok(())
    }

    /// Returns the default parameters of a kernel that a subnet may choose.
    ///
    /// # Errors
    /// `KernelNotAllowed`.
    pub fn choose(&self, kernel: AccountId) -> Result<KernelParams, RegistryError> {
        self.allowed(kernel).map(|entry| entry.defaults)
    }

    /// Returns the entry of `kernel`, retired or not.
    pub fn entry(&self, kernel: AccountId) -> Option<KernelEntry> {
        self.entries.get(kernel)
    }

    /// Returns all kernels ever allowed, oldest first.
    pub fn all(&self) -> Vec<AccountId> {
        self.listed.get_or_default()
    }

    fn allowed(&self, kernel: AccountId) -> Result<KernelEntry, RegistryError> {
        self.entry(kernel)
            .filter(|entry| !entry.retired)
            .ok_or(RegistryError::KernelNotAllowed)
    }

    fn list(&mut self, kernel: AccountId) -> Result<(), RegistryError> {
        let mut listed = self.all();
        if listed.len() >= usize::from(MAX_KERNELS) {
            return Err(RegistryError::Exhausted);
        }
        listed.push(kernel);
        self.listed.set(&listed);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
