//! Macros for wrappers: a chain that changes some methods of another one writes only those.

/// Writes all methods of [`ChainRead`](crate::chain::ChainRead), for a wrapper of another chain.
///
/// `forward_reads!(self => self.chain)` calls the same method of `self.chain`. With
/// `forward_reads!(self => self.chain, through count)` each result passes through `self.count`.
///
/// ```
/// use inktensor_client::{
///     chain::{Chain, ChainError, ChainRead, Receipt},
///     forward_deploys, forward_reads,
/// };
/// use inktensor_primitives::AccountId;
///
/// /// A chain that counts its transactions.
/// struct Counted<C> {
///     chain: C,
///     transactions: u32,
/// }
///
/// impl<C: ChainRead> ChainRead for Counted<C> {
///     forward_reads!(self => self.chain);
/// }
///
/// impl<C: Chain> Chain for Counted<C> {
///     forward_deploys!(self => self.chain);
///
///     fn submit(
///         &mut self,
///         signer: AccountId,
///         to: AccountId,
///         input: &[u8],
///     ) -> Result<Receipt, ChainError> {
///         self.transactions += 1;
///         self.chain.submit(signer, to, input)
///     }
/// }
/// ```
#[macro_export]
macro_rules! forward_reads {
    ($self:ident => $chain:expr) => {
        $crate::forward_reads!(@ $self, $chain, [::core::convert::identity]);
    };
    ($self:ident => $chain:expr, through $count:ident) => {
        $crate::forward_reads!(@ $self, $chain, [$self.$count]);
    };
    (@ $self:ident, $chain:expr, [$($through:tt)+]) => {
        fn genesis(&$self) -> Result<$crate::Digest, $crate::chain::ChainError> {
            $($through)+($chain.genesis())
        }

        fn best(&$self) -> Result<$crate::chain::BlockId, $crate::chain::ChainError> {
            $($through)+($chain.best())
        }

        fn finalized(&$self) -> Result<$crate::chain::BlockId, $crate::chain::ChainError> {
            $($through)+($chain.finalized())
        }

        fn ancestor(
            &$self,
            of: &$crate::chain::BlockId,
            number: u32,
        ) -> Result<Option<$crate::Digest>, $crate::chain::ChainError> {
            $($through)+($chain.ancestor(of, number))
        }

        fn includes(
            &$self,
            of: &$crate::chain::BlockId,
            block: &$crate::chain::BlockId,
        ) -> Result<bool, $crate::chain::ChainError> {
            $($through)+($chain.includes(of, block))
        }

        fn read(
            &$self,
            caller: $crate::AccountId,
            to: $crate::AccountId,
            input: &[u8],
        ) -> Result<Vec<u8>, $crate::chain::ChainError> {
            $($through)+($chain.read(caller, to, input))
        }

        fn read_all(
            &$self,
            caller: $crate::AccountId,
            reads: &[($crate::AccountId, Vec<u8>)],
        ) -> Result<Vec<Vec<u8>>, $crate::chain::ChainError> {
            $($through)+($chain.read_all(caller, reads))
        }

        fn read_all_at(
            &$self,
            at: &$crate::chain::BlockId,
            caller: $crate::AccountId,
            reads: &[($crate::AccountId, Vec<u8>)],
        ) -> Result<Vec<Vec<u8>>, $crate::chain::ChainError> {
            $($through)+($chain.read_all_at(at, caller, reads))
        }

        fn estimate(
            &$self,
            signer: $crate::AccountId,
            code: &[u8],
            input: &[u8],
            salt: &[u8],
        ) -> Result<$crate::chain::Instantiated, $crate::chain::ChainError> {
            $($through)+($chain.estimate(signer, code, input, salt))
        }

        fn code(
            &$self,
            code_hash: &$crate::Digest,
        ) -> Result<Option<Vec<u8>>, $crate::chain::ChainError> {
            $($through)+($chain.code(code_hash))
        }

        fn code_hash(
            &$self,
            address: &$crate::AccountId,
        ) -> Result<Option<$crate::Digest>, $crate::chain::ChainError> {
            $($through)+($chain.code_hash(address))
        }

        fn sudo_key(&$self) -> Result<$crate::chain::SudoKey, $crate::chain::ChainError> {
            $($through)+($chain.sudo_key())
        }

        fn events(
            &$self,
            from: u32,
        ) -> Result<Vec<$crate::chain::ContractEvent>, $crate::chain::ChainError> {
            $($through)+($chain.events(from))
        }
    };
}

/// Writes [`upload`](crate::chain::Chain::upload) and
/// [`instantiate`](crate::chain::Chain::instantiate), for a wrapper of another chain. See
/// [`forward_reads`](crate::forward_reads).
#[macro_export]
macro_rules! forward_deploys {
    ($self:ident => $chain:expr) => {
        $crate::forward_deploys!(@ $self, $chain, [::core::convert::identity]);
    };
    ($self:ident => $chain:expr, through $count:ident) => {
        $crate::forward_deploys!(@ $self, $chain, [$self.$count]);
    };
    (@ $self:ident, $chain:expr, [$($through:tt)+]) => {
        fn upload(
            &mut $self,
            signer: $crate::AccountId,
            code: &[u8],
        ) -> Result<$crate::Digest, $crate::chain::ChainError> {
            let uploaded = $chain.upload(signer, code);
            $($through)+(uploaded)
        }

        fn instantiate(
            &mut $self,
            signer: $crate::AccountId,
            code_hash: $crate::Digest,
            input: &[u8],
            salt: &[u8],
        ) -> Result<$crate::chain::Instantiated, $crate::chain::ChainError> {
            let made = $chain.instantiate(signer, code_hash, input, salt);
            $($through)+(made)
        }
    };
}
