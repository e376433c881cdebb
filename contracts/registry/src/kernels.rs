//! The kernels that subnets may choose, and who says so.
//!
//! An entry is a promise to the subnets that rely on it: it is never taken away and its code hash
//! never changes. The admin adds entries and closes them for new choices; no epoch waits for it.

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
    /// The addresses of all entries, oldest first.
    listed: Lazy<Vec<AccountId>, ManualKey<0x7265_0008>>,
}

impl Kernels {
    /// An empty list, for `admin` to fill.
    pub fn new(admin: AccountId) -> Self {
        Self {
            admin,
            entries: Mapping::default(),
            listed: Lazy::default(),
        }
    }

    /// Who adds to the list.
    pub fn admin(&self) -> AccountId {
        self.admin
    }

    /// Passes the admin alone.
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

    /// Makes `new` the admin in the place of `caller`.
    ///
    /// # Errors
    /// `NotAdmin`.
    pub fn hand_on(&mut self, caller: AccountId, new: AccountId) -> Result<(), RegistryError> {
        self.only_admin(caller)?;
        self.admin = new;
        Ok(())
    }

    /// Lists `kernel` with `code_hash`, or lists it anew with other defaults. `found` is the hash
    /// of the code that is at the address.
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

    /// Closes the entry of `kernel` for new choices.
    ///
    /// # Errors
    /// `KernelNotAllowed`.
    pub fn retire(&mut self, kernel: AccountId) -> Result<(), RegistryError> {
        let mut entry = self.allowed(kernel)?;
        entry.retired = true;
        self.entries.insert(kernel, &entry);
        Ok(())
    }

    /// Passes a kernel that a subnet may choose now, and says the parameters to begin with.
    ///
    /// # Errors
    /// `KernelNotAllowed`.
    pub fn choose(&self, kernel: AccountId) -> Result<KernelParams, RegistryError> {
        self.allowed(kernel).map(|entry| entry.defaults)
    }

    /// What is listed of `kernel`, retired or not.
    pub fn entry(&self, kernel: AccountId) -> Option<KernelEntry> {
        self.entries.get(kernel)
    }

    /// All kernels ever allowed, oldest first.
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
