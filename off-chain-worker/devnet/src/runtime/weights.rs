//! Weights: the prices by which `pallet-contracts` counts time and proof.
//!
//! The pallet in this process is version 31. A node has a later version, which executes the same
//! messages with the same answers, and counts otherwise. [`Weights::V38`] has its prices as
//! figures, so that a test in this process can state a bound of a message on a node.

use super::Runtime;
use frame_support::{sp_runtime::traits::TrailingZeroInput, traits::Get, weights::Weight};
use inktensor_client::chain::Cost;
use pallet_contracts::{weights::WeightInfo, HostFnWeights, InstructionWeights, Schedule};
use scale::Decode;
use std::{cell::Cell, marker::PhantomData, sync::LazyLock};

/// A set of weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// Weights of pallet-contracts 31, with which the chain in this process comes. Loading code
    /// costs the most.
    #[default]
    V31,
    /// Weights of pallet-contracts 38, of `substrate-contracts-node` 0.42. Every access to a
    /// storage cell costs 10 KiB of proof.
    V38,
    /// No weights: the proof size of a message is the number of its accesses, see [`Accesses`].
    Accesses,
}

impl Weights {
    /// The sets of versions of the pallet.
    pub const ALL: [Self; 2] = [Self::V31, Self::V38];

    /// Runs `action`, whose messages are counted with these weights.
    pub(crate) fn in_force<T>(self, action: impl FnOnce() -> T) -> T {
        let before = IN_FORCE.replace(self);
        let result = action();
        IN_FORCE.set(before);
        result
    }
}

/// The numbers of accesses of a message: what weights of later versions charge for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Cells read.
    pub reads: u64,
    /// Cells written or deleted.
    pub writes: u64,
    /// Calls of other contracts.
    pub calls: u64,
}

impl Accesses {
    /// Bits of a proof size for each number.
    const BITS: u32 = 16;
    const READ: u64 = 1;
    const WRITE: u64 = 1 << Self::BITS;
    const CALL: u64 = 1 << (2 * Self::BITS);

    /// Returns the accesses of a message that was counted with [`Weights::Accesses`].
    pub const fn of(cost: &Cost) -> Self {
        Self {
            reads: cost.proof_size % Self::WRITE,
            writes: cost.proof_size % Self::CALL / Self::WRITE,
            calls: cost.proof_size / Self::CALL,
        }
    }
}

thread_local! {
    static IN_FORCE: Cell<Weights> = const { Cell::new(Weights::V31) };
}

/// The weights that the pallet asks for: those of the running action.
pub struct InForce;

impl Get<Schedule<Runtime>> for InForce {
    fn get() -> Schedule<Runtime> {
        static V31: LazyLock<Schedule<Runtime>> = LazyLock::new(Schedule::default);
        static V38: LazyLock<Schedule<Runtime>> = LazyLock::new(|| Schedule {
            instruction_weights: InstructionWeights {
                base: v38::FUEL,
                _phantom: PhantomData,
            },
            host_fn_weights: v38::host_functions(),
            ..Schedule::default()
        });
        static ACCESSES: LazyLock<Schedule<Runtime>> = LazyLock::new(|| Schedule {
            host_fn_weights: accesses(),
            ..Schedule::default()
        });
        match IN_FORCE.get() {
            Weights::V31 => V31.clone(),
            Weights::V38 => V38.clone(),
            Weights::Accesses => ACCESSES.clone(),
        }
    }
}

/// Returns the prices of [`Weights::Accesses`]. Functions that are not named here are free.
fn accesses() -> HostFnWeights<Runtime> {
    let proof = |size| Weight::from_parts(0, size);
    let (read, write) = (proof(Accesses::READ), proof(Accesses::WRITE));
    HostFnWeights {
        get_storage: read,
        contains_storage: read,
        set_storage: write,
        clear_storage: write,
        take_storage: write,
        call: proof(Accesses::CALL),
        // The encoding of prices of zero is zeros, so this does not fail.
        ..HostFnWeights::decode(&mut TrailingZeroInput::zeroes()).unwrap_or_default()
    }
}

/// The prices of pallet-contracts 38, from its file `weights.rs` and the costs that its file
/// `wasm/runtime.rs` makes of them.
///
/// Version 31 has no charge for entering a host function, and none for the call of a copy. Both are
/// within the prices of the functions here.
mod v38 {
    use super::*;

    /// Picoseconds of a read and of a write of the database, with RocksDB.
    const READ: u64 = 25_000_000;
    const WRITE: u64 = 100_000_000;
    /// Entering a host function.
    const ENTER: u64 = 53_173;
    /// A copy into the contract's memory and out of it, without its bytes.
    const COPY_IN: u64 = 517_000;
    const COPY_OUT: u64 = 372_000;
    /// The difference between a full trie of a contract and an empty one, for a read and a write.
    const FULL_READ: u64 = 45_087_000 - 14_356_000;
    const FULL_WRITE: u64 = 50_152_000 - 16_010_000;
    const FULL_PROOF: u64 = 26_628 - 16_618;

    /// Picoseconds of a unit of fuel of wasmi 0.31, the interpreter of version 31.
    ///
    /// Version 38 charges 1198 (the price of `i64.load` and `i64.store`, 7191, in 6 instructions)
    /// for a unit of wasmi 0.32, whose instructions are fewer. The figure is measured: kernel steps
    /// cost as much here as on the node, see `e2e-tests/tests/rpc.rs`.
    pub const FUEL: u32 = 1_198;

    const fn host(time: u64, proof: u64) -> Weight {
        Weight::from_parts(time + ENTER, proof)
    }

    const fn read(time: u64) -> Weight {
        host(time + READ + FULL_READ, 248 + FULL_PROOF)
    }

    const fn write(time: u64, proof: u64) -> Weight {
        host(time + READ + WRITE + FULL_WRITE, proof + FULL_PROOF)
    }

    const fn each(time: u64, proof: u64) -> Weight {
        Weight::from_parts(time, proof)
    }

    /// Returns the prices of the host functions.
    pub fn host_functions() -> HostFnWeights<Runtime> {
        HostFnWeights {
            caller: host(678_000, 0),
            is_contract: host(6_235_000 + READ, 3_819),
            code_hash: host(7_653_000 + READ, 3_912),
            own_code_hash: host(764_000, 0),
            caller_is_origin: host(417_000, 0),
            caller_is_root: host(349_000, 0),
            address: host(628_000, 0),
            gas_left: host(730_000, 0),
            balance: host(4_577_000, 0),
            value_transferred: host(603_000, 0),
            minimum_balance: host(610_000, 0),
            block_number: host(583_000, 0),
            now: host(602_000, 0),
            weight_to_fee: host(4_291_000 + READ, 1_552),
            input: host(COPY_IN, 0),
            input_per_byte: each(301, 0),
            r#return: host(COPY_OUT, 0),
            return_per_byte: each(411, 0),
            terminate: host(15_257_892 + 2 * READ + 3 * WRITE, 3_784),
            random: host(3_605_000 + READ, 1_561),
            deposit_event: host(3_999_591, 990),
            deposit_event_per_topic: each(2_011_090 + READ + WRITE, 2_475),
            deposit_event_per_byte: each(12 + 60_000, 0),
            debug_message: host(472_000, 0),
            debug_message_per_byte: each(1_207, 0),
            set_storage: write(8_915_233, 249),
            set_storage_per_new_byte: each(255, 0),
            set_storage_per_old_byte: each(39, 1),
            set_code_hash: host(18_486_000 + 2 * READ + WRITE, 3_895),
            clear_storage: write(7_912_778, 248),
            clear_storage_per_byte: each(88, 1),
            contains_storage: read(6_952_661),
            contains_storage_per_byte: each(77, 1),
            get_storage: read(7_647_236),
            get_storage_per_byte: each(603, 1),
            take_storage: write(8_384_015, 248),
            take_storage_per_byte: each(625, 1),
            transfer: host(8_791_000, 0),
            call: host(120_016_020 + 3 * READ + WRITE + COPY_OUT + COPY_IN, 4_085),
            delegate_call: host(115_083_000 + 2 * READ + COPY_OUT + COPY_IN, 3_895),
            call_transfer_surcharge: each(42_848_338 + READ + WRITE, 2_182),
            call_per_cloned_byte: each(6, 0),
            instantiate: host(1_890_038_000 + 5 * READ + 3 * WRITE + COPY_IN, 4_132),
            instantiate_transfer_surcharge: each(0, 0),
            instantiate_per_input_byte: each(581, 0),
            instantiate_per_salt_byte: each(915, 0),
            hash_sha2_256: host(9_599_151, 0),
            hash_sha2_256_per_byte: each(1_336, 0),
            hash_keccak_256: host(10_964_255, 0),
            hash_keccak_256_per_byte: each(3_593, 0),
            hash_blake2_256: host(6_579_283, 0),
            hash_blake2_256_per_byte: each(1_466, 0),
            hash_blake2_128: host(10_990_209, 0),
            hash_blake2_128_per_byte: each(1_457, 0),
            ecdsa_recover: host(49_219_000, 0),
            ecdsa_to_eth_address: host(12_962_000, 0),
            sr25519_verify: host(41_864_855, 0),
            sr25519_verify_per_byte: each(5_154, 0),
            reentrance_count: host(339_000, 0),
            account_reentrance_count: host(380_000, 0),
            instantiation_nonce: host(3_025_000 + READ, 1_704),
            lock_delegate_dependency: host(8_640_000 + READ + WRITE, 3_820),
            unlock_delegate_dependency: host(7_815_000 + READ + WRITE, 3_558),
            _phantom: PhantomData,
        }
    }

    /// Returns the price of loading `bytes` of code.
    pub fn code(bytes: u64) -> Weight {
        each(700, 1).saturating_mul(bytes)
    }
}

/// Implements the pallet's trait by its own weights.
macro_rules! of_the_pallet {
    ($($name:ident($($argument:ident),*))*) => {
        $(fn $name($($argument: u32),*) -> Weight {
            <() as WeightInfo>::$name($($argument),*)
        })*
    };
}

impl WeightInfo for InForce {
    /// Returns the price of loading code, of which the pallet reads the difference to none.
    fn call_with_code_per_byte(bytes: u32) -> Weight {
        match IN_FORCE.get() {
            Weights::V31 => <() as WeightInfo>::call_with_code_per_byte(bytes),
            Weights::V38 => v38::code(bytes.into()),
            Weights::Accesses => Weight::zero(),
        }
    }

    // The pallet reads the rest for transactions, which pay no fee here, and for the schedule,
    // which is another one under other weights.
    of_the_pallet! {
        on_process_deletion_queue_batch() on_initialize_per_trie_key(k)
        v9_migration_step(c) v10_migration_step() v11_migration_step(k) v12_migration_step(c)
        v13_migration_step() v14_migration_step() v15_migration_step()
        migration_noop() migrate()
        on_runtime_upgrade_noop() on_runtime_upgrade_in_progress() on_runtime_upgrade()
        instantiate_with_code(c, i, s) instantiate(i, s) call()
        upload_code_determinism_enforced(c) upload_code_determinism_relaxed(c)
        remove_code() set_code()
        seal_caller(r) seal_is_contract(r) seal_code_hash(r) seal_own_code_hash(r)
        seal_caller_is_origin(r) seal_caller_is_root(r) seal_address(r) seal_gas_left(r)
        seal_balance(r) seal_value_transferred(r) seal_minimum_balance(r) seal_block_number(r)
        seal_now(r) seal_weight_to_fee(r) seal_input(r) seal_input_per_byte(n)
        seal_return(r) seal_return_per_byte(n) seal_terminate(r) seal_random(r)
        seal_deposit_event(r) seal_deposit_event_per_topic_and_byte(t, n)
        seal_debug_message(r) seal_debug_message_per_byte(i)
        seal_set_storage(r) seal_set_storage_per_new_byte(n) seal_set_storage_per_old_byte(n)
        seal_clear_storage(r) seal_clear_storage_per_byte(n)
        seal_get_storage(r) seal_get_storage_per_byte(n)
        seal_contains_storage(r) seal_contains_storage_per_byte(n)
        seal_take_storage(r) seal_take_storage_per_byte(n)
        seal_transfer(r) seal_call(r) seal_delegate_call(r)
        seal_call_per_transfer_clone_byte(t, c)
        seal_instantiate(r) seal_instantiate_per_transfer_input_salt_byte(t, i, s)
        seal_hash_sha2_256(r) seal_hash_sha2_256_per_byte(n)
        seal_hash_keccak_256(r) seal_hash_keccak_256_per_byte(n)
        seal_hash_blake2_256(r) seal_hash_blake2_256_per_byte(n)
        seal_hash_blake2_128(r) seal_hash_blake2_128_per_byte(n)
        seal_sr25519_verify_per_byte(n) seal_sr25519_verify(r)
        seal_ecdsa_recover(r) seal_ecdsa_to_eth_address(r) seal_set_code_hash(r)
        lock_delegate_dependency(r) unlock_delegate_dependency(r)
        seal_reentrance_count(r) seal_account_reentrance_count(r) seal_instantiation_nonce(r)
        instr_i64_load_store(r)
    }
}
