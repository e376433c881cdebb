//! Calls that have to be refused.

use crate::{Caller, Network};
use inktensor_primitives::AccountId;
use std::fmt::Debug;

impl Network {
    /// Expects that `call`, signed by `who`, is refused with `error` and changes nothing.
    ///
    /// # Panics
    /// See [`Network::refused`]; also if the call is refused with another error.
    #[track_caller]
    pub fn refuses<T: Debug, E: Debug + PartialEq>(
        &mut self,
        who: AccountId,
        call: impl FnOnce(Caller<'_>) -> Result<T, E>,
        error: E,
    ) {
        assert_eq!(self.refused(who, call), error);
    }

    /// Returns the error of `call`, signed by `who`, which must be refused and change nothing.
    ///
    /// "Nothing" is the storage of every contract, by its root hash, and the block.
    ///
    /// # Panics
    /// If the call succeeds or changes a contract's storage.
    #[track_caller]
    pub fn refused<T: Debug, E>(
        &mut self,
        who: AccountId,
        call: impl FnOnce(Caller<'_>) -> Result<T, E>,
    ) -> E {
        let before = (self.block(), self.storage_roots());
        let error = match call(self.as_(who)) {
            Ok(value) => panic!("the call must be refused, but returned {value:?}"),
            Err(error) => error,
        };
        let after = (self.block(), self.storage_roots());
        assert_eq!(after, before, "a refused call changes nothing");
        error
    }
}
