//! The allow-list of kernels.
//!
//! Subnets rely on entries: an entry is never removed and its code hash never changes. The admin
//! adds entries, which count from a later block on, and retires them, which ends new choices alone.
//! No epoch waits for the admin.

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
#[derive(Debug, Default)]
pub struct Kernels {
    entries: Mapping<AccountId, KernelEntry, ManualKey<0x7265_0007>>,
    /// Addresses of all entries, oldest first.
    listed: Lazy<Vec<AccountId>, ManualKey<0x7265_0008>>,
}

impl Kernels {
    /// Lists `kernel` with this entry, or changes the entry of a listed one. `found` is the hash of
    /// the code at the address.
    ///
    /// # Errors
    /// `KernelCode`, `KernelListed`, `Exhausted`.
    pub fn allow(
        &mut self,
        kernel: AccountId,
        found: Option<Digest>,
        entry: &KernelEntry,
    ) -> Result<(), RegistryError> {
        if found != Some(entry.code_hash) {
            return Err(RegistryError::KernelCode(found));
        }
        match self.entries.get(kernel) {
            Some(before) if before.code_hash != entry.code_hash => {
                return Err(RegistryError::KernelListed(before.code_hash));
            }
            Some(_) => {}
            None => self.list(kernel)?,
        }
        self.entries.insert(kernel, entry);
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

    /// Returns the default parameters and the code hash of a kernel that a subnet may choose at
    /// block `now`.
    ///
    /// # Errors
    /// `KernelNotAllowed`, `Announced`.
    pub fn choose(
        &self,
        kernel: AccountId,
        now: u32,
    ) -> Result<(KernelParams, Digest), RegistryError> {
        let entry = self.allowed(kernel)?;
        if now < entry.from {
            return Err(RegistryError::Announced(entry.from));
        }
        Ok((entry.defaults, entry.code_hash))
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
