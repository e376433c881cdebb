//! The runtime of the chain in this process: accounts, their coin, and `pallet-contracts`.
//!
//! Limits and deposits are those of `ink_sandbox`, the runtime of ink!'s own tests. The weights can
//! be exchanged, see [`weights`].

pub mod weights;

pub use configuration::{Balances, Contracts, Runtime, RuntimeEvent, RuntimeOrigin, System};
pub use sp_io::TestExternalities as Externalities;

use frame_support::sp_runtime::{testing::H256, BuildStorage};

/// The nodes of a state's trie with the numbers of their references, by database key.
pub type RawStorage = Vec<(Vec<u8>, (Vec<u8>, i32))>;

/// A copy of a state.
#[derive(Clone)]
pub struct Snapshot {
    /// The nodes of the trie.
    pub storage: RawStorage,
    /// The root of the trie.
    pub storage_root: H256,
}

impl Snapshot {
    /// Copies the current state.
    pub fn of(state: &Externalities) -> Self {
        let mut backend = state.as_backend();
        let storage_root = *backend.root();
        let nodes = backend.backend_storage_mut().drain();
        Self {
            storage: nodes
                .into_iter()
                .filter(|(_, (_, references))| *references > 0)
                .collect(),
            storage_root,
        }
    }
}

impl From<Snapshot> for Externalities {
    fn from(snapshot: Snapshot) -> Self {
        let Snapshot {
            storage,
            storage_root,
        } = snapshot;
        Self::from_raw_snapshot(storage, storage_root, Default::default())
    }
}

/// Returns the state of a new chain in block 1.
pub fn genesis() -> Externalities {
    // A configuration without accounts and code has nothing that could fail.
    let storage = frame_system::GenesisConfig::<Runtime>::default()
        .build_storage()
        .unwrap_or_default();
    let mut state = Externalities::new(storage);
    state.execute_with(|| {
        System::initialize(&1, &Default::default(), &Default::default());
        System::note_finished_initialize();
    });
    state
}

/// The code that FRAME's macros make has no documentation.
#[allow(
    missing_docs,
    unexpected_cfgs,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "FRAME's macros write this code"
)]
mod configuration {
    use super::weights;
    use frame_support::{
        construct_runtime, derive_impl,
        sp_runtime::{traits::Convert, AccountId32, Perbill},
        traits::{ConstBool, ConstU128, ConstU32, Get, Randomness, Time},
        weights::Weight,
    };
    use frame_system::mocking::MockBlockU32;

    /// Milliseconds between two blocks, for contracts that ask for the time.
    const BLOCK_TIME: u64 = 6_000;
    /// Largest code of a contract.
    const MAX_CODE: u32 = 123 * 1024;

    construct_runtime!(
        pub enum Runtime {
            System: frame_system,
            Balances: pallet_balances,
            Contracts: pallet_contracts,
        }
    );

    #[derive_impl(frame_system::config_preludes::SolochainDefaultConfig as frame_system::DefaultConfig)]
    impl frame_system::Config for Runtime {
        type Block = MockBlockU32<Runtime>;
        type AccountData = pallet_balances::AccountData<u128>;
    }

    impl pallet_balances::Config for Runtime {
        type RuntimeEvent = RuntimeEvent;
        type WeightInfo = ();
        type Balance = u128;
        type DustRemoval = ();
        type ExistentialDeposit = ConstU128<1>;
        type AccountStore = System;
        type ReserveIdentifier = [u8; 8];
        type FreezeIdentifier = ();
        type MaxLocks = ();
        type MaxReserves = ();
        type MaxFreezes = ();
        type RuntimeHoldReason = RuntimeHoldReason;
        type RuntimeFreezeReason = RuntimeFreezeReason;
    }

    /// The time, which follows from the block.
    pub struct Clock;

    impl Time for Clock {
        type Moment = u64;

        fn now() -> u64 {
            u64::from(System::block_number()).saturating_mul(BLOCK_TIME)
        }
    }

    /// Randomness, which contracts of ink! 5 cannot ask for.
    pub struct NoRandomness;

    impl Randomness<frame_support::sp_runtime::testing::H256, u32> for NoRandomness {
        fn random(_: &[u8]) -> (frame_support::sp_runtime::testing::H256, u32) {
            Default::default()
        }
    }

    impl Convert<Weight, u128> for Runtime {
        fn convert(weight: Weight) -> u128 {
            weight.ref_time().into()
        }
    }

    /// No part of a code's deposit is locked by its contracts.
    pub struct NoLockup;

    impl Get<Perbill> for NoLockup {
        fn get() -> Perbill {
            Perbill::zero()
        }
    }

    impl pallet_contracts::Config for Runtime {
        type Time = Clock;
        type Randomness = NoRandomness;
        type Currency = Balances;
        type RuntimeEvent = RuntimeEvent;
        type RuntimeCall = RuntimeCall;
        type CallFilter = ();
        type WeightPrice = Self;
        type WeightInfo = weights::InForce;
        type ChainExtension = ();
        type Schedule = weights::InForce;
        type CallStack = [pallet_contracts::Frame<Self>; 5];
        type DepositPerByte = ConstU128<1>;
        type DepositPerItem = ConstU128<1>;
        type AddressGenerator = pallet_contracts::DefaultAddressGenerator;
        type MaxCodeLen = ConstU32<MAX_CODE>;
        type MaxStorageKeyLen = ConstU32<128>;
        type UnsafeUnstableInterface = ConstBool<false>;
        type UploadOrigin = frame_system::EnsureSigned<AccountId32>;
        type InstantiateOrigin = frame_system::EnsureSigned<AccountId32>;
        type MaxDebugBufferLen = ConstU32<{ 2 * 1024 * 1024 }>;
        type Migrations = ();
        type DefaultDepositLimit = ConstU128<10_000_000>;
        type Debug = ();
        type CodeHashLockupDepositPercent = NoLockup;
        type MaxDelegateDependencies = ConstU32<32>;
        type RuntimeHoldReason = RuntimeHoldReason;
        type Environment = ();
        type Xcm = ();
        type ApiVersion = ();
    }
}
