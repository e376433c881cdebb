//! Calls that have to be refused.

use crate::{Caller, Network};
use inktensor_primitives::AccountId;
use std::fmt::Debug;

impl Network {
    /// Expects that `call`, signed by `who`, is refused with `error` and changes nothing.
    ///
    /// "Nothing" is the storage of every contract, by its root hash, and the block.
    ///
    /// # Panics
    /// If the call succeeds, is refused with another error, or changes a contract's storage.
    #[track_caller]
    pub fn refuses<T: Debug, E: Debug + PartialEq>(
        &mut self,
        who: AccountId,
        call: impl FnOnce(Caller<'_>) -> Result<T, E>,
        error: E,
    ) {
        let before = (self.block(), self.storage_roots());
        match call(self.as_(who)) {
            Ok(value) => panic!("expected {error:?}, but the call returned {value:?}"),
            Err(refusal) => assert_eq!(refusal, error),
        }
        let after = (self.block(), self.storage_roots());
        assert_eq!(after, before, "a refused call changes nothing");
    }
}
