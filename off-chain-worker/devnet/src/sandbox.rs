//! A chain in this process: the real `pallet-contracts`, without a node, with blocks on demand.
//!
//! Gas and deposits are those of pallet-contracts [`PALLET_VERSION`], unless other [`Weights`] are
//! chosen. Accounts need no keys and never run out of the chain's own coin, which pays deposits.
//! They can run out of TAO.

use crate::{
    past::{Moment, Past},
    past_states::PastStates,
    runtime::{
        self, weights::Weights, Balances, Contracts, Externalities, Runtime, RuntimeEvent,
        RuntimeOrigin, System,
    },
};
use frame_support::{
    sp_runtime::{AccountId32, DispatchError},
    storage::{child, storage_prefix, unhashed, with_transaction, TransactionOutcome},
    traits::fungible::{Inspect, Mutate},
    weights::Weight,
    StorageHasher, Twox64Concat,
};
use inktensor_client::chain::{
    BlockId, Chain, ChainError, ChainRead, ContractEvent, Cost, Instantiated, Receipt, SudoKey,
};
use inktensor_primitives::{AccountId, Digest};
use pallet_contracts::{
    Code, CollectEvents, ContractExecResult, ContractInstantiateResult, ContractResult, DebugInfo,
    Determinism, Event, StorageDeposit,
};
use scale::Decode;
use std::{cell::RefCell, fmt::Debug};

/// Version of pallet-contracts, which gas figures depend on.
pub const PALLET_VERSION: &str = "31";

/// Far above the need of any message, and far below where sums of weights overflow.
const NO_LIMIT: u64 = u64::MAX / 4;
/// Deposit limit of a transaction: none in effect.
const DEPOSIT_LIMIT: u128 = 1 << 100;
/// Amount that an account gets when it has less than half of it.
const FUNDS: u128 = 1 << 110;

type EventRecord = frame_system::EventRecord<RuntimeEvent, <Runtime as frame_system::Config>::Hash>;
type CallResult = ContractExecResult<u128, EventRecord>;
type InstantiateResult = ContractInstantiateResult<AccountId32, u128, EventRecord>;

/// A chain in this process.
pub struct SandboxChain {
    // Reading runs the contract in a transaction that is rolled back, which needs the state
    // mutably.
    state: RefCell<Externalities>,
    events: Vec<ContractEvent>,
    past: Past,
    /// Blocks after which a block is final; none by default.
    lag: u32,
    gas: Weight,
    weights: Weights,
    /// Blocks whose events are kept.
    history: u32,
    /// States after past blocks.
    states: PastStates,
}

/// The storage that a contract occupies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageUse {
    /// Number of cells.
    pub items: u32,
    /// Length of all values.
    pub bytes: u32,
}

/// A state of the chain to return to.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) state: runtime::Snapshot,
    pub(super) events: usize,
    pub(super) moment: Moment,
}

/// The state of the chain with all events of its contracts, from which another chain can continue.
#[derive(Clone)]
pub struct State {
    pub(super) snapshot: Snapshot,
    pub(super) events: Vec<ContractEvent>,
    pub(super) past: Past,
}

impl Default for SandboxChain {
    fn default() -> Self {
        Self::new()
    }
}

impl SandboxChain {
    /// Creates a chain at block 1.
    pub fn new() -> Self {
        Self {
            state: RefCell::new(runtime::genesis()),
            events: Vec::new(),
            past: Past::begin(),
            lag: 0,
            gas: Weight::from_parts(NO_LIMIT, NO_LIMIT),
            weights: Weights::default(),
            history: u32::MAX,
            states: PastStates::default(),
        }
    }

    /// Keeps the states after the last `changes` blocks that changed something, so that messages
    /// can be read at past blocks. By default such a read sees the present state.
    pub fn keep_states(&mut self, changes: usize) {
        self.states = PastStates::keeping(changes);
    }

    /// Counts messages with `weights` from now on. The state is the same under all weights.
    pub const fn count_with(&mut self, weights: Weights) {
        self.weights = weights;
    }

    /// Returns the weights that messages are counted with.
    pub const fn weights(&self) -> Weights {
        self.weights
    }

    /// Returns the cost of a message of `signer` with `weights`, without limits. The message
    /// changes nothing.
    ///
    /// # Errors
    /// `NoContract`, `Trapped`, `Runtime`.
    pub fn cost_with(
        &self,
        weights: Weights,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Cost, ChainError> {
        let (signer, input) = (account(signer), input.to_vec());
        let gas = Weight::from_parts(NO_LIMIT, NO_LIMIT);
        let result = self.counted(weights, || {
            rolled_back(|| {
                fund(&signer);
                call(signer.clone(), account(to), input, gas)
            })
        })?;
        let cost = cost(&result);
        match result.result {
            Ok(_) => Ok(cost),
            Err(error) => Err(refusal(error, to)),
        }
    }

    /// Continues the chain of `state`.
    pub fn begin_from(state: &State) -> Self {
        let mut chain = Self::new();
        chain.events.clone_from(&state.events);
        chain.past.clone_from(&state.past);
        chain.restore(&state.snapshot);
        chain
    }

    /// Returns the state of the chain, from which another chain can continue.
    pub fn state(&mut self) -> State {
        State {
            snapshot: self.snapshot(),
            events: self.events.clone(),
            past: self.past.clone(),
        }
    }

    /// Limits each message to `ref_time` picoseconds of the chain's reference machine. There is no
    /// limit by default.
    pub const fn limit_time(&mut self, ref_time: u64) {
        self.gas = Weight::from_parts(ref_time, self.gas.proof_size());
    }

    /// Limits each message to `bytes` of proof. There is no limit by default.
    pub const fn limit_proof(&mut self, bytes: u64) {
        self.gas = Weight::from_parts(self.gas.ref_time(), bytes);
    }

    /// Keeps the states and events of the last `blocks` blocks only, as an ordinary node does:
    /// older ones are `Pruned`. By default all are kept.
    pub const fn limit_history(&mut self, blocks: u32) {
        self.history = blocks;
    }

    /// Forgets the events for which `is_forgotten` returns true.
    pub fn forget_events(&mut self, is_forgotten: impl Fn(&ContractEvent) -> bool) {
        self.events.retain(|event| !is_forgotten(event));
    }

    /// Makes a block final so many blocks later only, as on a chain with forks. By default it is
    /// final at once.
    pub const fn lag_finality(&mut self, blocks: u32) {
        self.lag = blocks;
    }

    /// Returns the oldest block whose state is kept.
    fn oldest(&self) -> u32 {
        self.past.now().number.saturating_sub(self.history)
    }

    /// Returns the events of contracts from block `from` on, oldest first.
    pub fn events_from(&self, from: u32) -> &[ContractEvent] {
        let start = self.events.partition_point(|event| event.block < from);
        self.events.get(start..).unwrap_or_default()
    }

    /// Lets `blocks` empty blocks pass.
    pub fn advance(&mut self, blocks: u32) {
        let present = self.past.now().number;
        self.states.end_block(present, self.state.get_mut());
        let number = self.inside(|| {
            let number = System::block_number().saturating_add(blocks);
            System::set_block_number(number);
            number
        });
        self.past.add(number, &[]);
    }

    /// Returns a snapshot of the state.
    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            state: runtime::Snapshot::of(self.state.get_mut()),
            events: self.events.len(),
            moment: self.past.moment(),
        }
    }

    /// Returns to a snapshot of this chain.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        self.state = RefCell::new(snapshot.state.clone().into());
        self.events.truncate(snapshot.events);
        self.past.restore(&snapshot.moment);
        self.states.change();
    }

    /// Replaces the code of the contract at `address` by uploaded code. Only root can do this on a
    /// real chain: no contract of this project changes its code.
    ///
    /// # Errors
    /// `Runtime` if there is no such contract or code.
    pub fn replace_code(
        &mut self,
        address: AccountId,
        code_hash: Digest,
    ) -> Result<(), ChainError> {
        let number = self.inside(|| {
            let contract = account(address).into();
            Contracts::set_code(RuntimeOrigin::root(), contract, code_hash.into())?;
            Ok::<_, DispatchError>(System::block_number())
        });
        let number = number.map_err(runtime)?;
        self.past.add(number, &[address.as_ref(), &code_hash]);
        Ok(())
    }

    /// Removes uploaded code, as the account that uploaded it may while no contract uses it.
    ///
    /// # Errors
    /// `Runtime` if another account uploaded it, or if it is in use.
    pub fn remove_code(&mut self, signer: AccountId, code_hash: Digest) -> Result<(), ChainError> {
        let signer = account(signer);
        let (result, _) = self.transact(&signer, &[&code_hash], || {
            let origin = RuntimeOrigin::signed(signer.clone());
            Contracts::remove_code(origin, code_hash.into())
        });
        result.map(|_| ()).map_err(|error| runtime(error.error))
    }

    /// Returns the root hash of the storage of the contract at `address`. Equal roots mean equal
    /// contents.
    pub fn storage_root(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        // The first field of a contract's record is the trie id of its storage.
        let key = record_key(address);
        let root = self.inside(|| {
            let name = unhashed::get::<Vec<u8>>(&key)?;
            let root = child::root(
                &child::ChildInfo::new_default(&name),
                child::StateVersion::V1,
            );
            Some(root)
        });
        root.map(|root| Digest::try_from(root).map_err(|_| ChainError::BadAnswer))
            .transpose()
    }

    /// Returns the storage that the contract at `address` occupies. A chain holds a deposit for
    /// each item and for each byte.
    pub fn storage_use(&self, address: &AccountId) -> Option<StorageUse> {
        // After the trie id and the code hash, a contract's record has the number of bytes, then
        // the number of items.
        let key = record_key(address);
        let (_, _, bytes, items): (Vec<u8>, Digest, u32, u32) =
            self.inside(|| unhashed::get(&key))?;
        Some(StorageUse { items, bytes })
    }

    fn inside<T>(&self, action: impl FnOnce() -> T) -> T {
        self.counted(self.weights, action)
    }

    fn counted<T>(&self, weights: Weights, action: impl FnOnce() -> T) -> T {
        let mut state = self.state.borrow_mut();
        weights.in_force(|| state.execute_with(action))
    }

    /// Runs a transaction of `signer`, which `done` describes, and records the events of contracts.
    fn transact<T>(
        &mut self,
        signer: &AccountId32,
        done: &[&[u8]],
        action: impl FnOnce() -> T,
    ) -> (T, usize) {
        let (result, emitted, number) = self.inside(|| {
            fund(signer);
            System::reset_events();
            let result = action();
            (result, contract_events(), System::block_number())
        });
        let before = self.events.len();
        self.events.extend(emitted);
        let who: &[u8] = signer.as_ref();
        let described: Vec<&[u8]> = std::iter::once(who).chain(done.iter().copied()).collect();
        self.past.add(number, &described);
        self.states.change();
        (result, before)
    }
}

impl ChainRead for SandboxChain {
    fn genesis(&self) -> Result<Digest, ChainError> {
        Ok(self.inside(|| System::block_hash(0)).0)
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        Ok(self.past.now())
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        let best = self.best()?;
        let number = best.number.saturating_sub(self.lag);
        let hash = self.past.ancestor(&best, number)?;
        // The first block is final from the start.
        Ok(hash.map_or(best, |hash| BlockId { number, hash }))
    }

    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        self.past.ancestor(of, number)
    }

    fn includes(&self, of: &BlockId, block: &BlockId) -> Result<bool, ChainError> {
        self.past.includes(of, block)
    }

    /// Reads the state after `at` if past states are kept, else the present one.
    fn read_all_at(
        &self,
        at: &BlockId,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        if !self.past.contains(at) {
            return Err(ChainError::BlockGone(at.number));
        }
        if at.number < self.oldest() {
            let first = self.oldest();
            return Err(ChainError::Pruned { first });
        }
        if at.number == self.past.now().number {
            return self.read_all(caller, reads);
        }
        let read = |state: Externalities| {
            let present = self.state.replace(state);
            self.inside(|| System::set_block_number(at.number));
            let outputs = self.read_all(caller, reads);
            (outputs, self.state.replace(present))
        };
        match self.states.with(at.number, read) {
            Some(outputs) => outputs,
            None => self.read_all(caller, reads),
        }
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        let (caller, input, gas) = (account(caller), input.to_vec(), self.gas);
        let result = self.inside(|| {
            rolled_back(|| {
                fund(&caller);
                call(caller, account(to), input, gas)
            })
        })?;
        match result.result {
            Ok(value) => Ok(value.data),
            Err(error) => Err(refusal(error, to)),
        }
    }

    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        let (signer, gas) = (account(signer), self.gas);
        let code = Code::Upload(code.to_vec());
        let result = self.inside(|| {
            rolled_back(|| {
                fund(&signer);
                make(signer.clone(), code, input, salt, gas)
            })
        })?;
        made(result)
    }

    /// The runtime has no pallet Sudo.
    fn sudo_key(&self) -> Result<SudoKey, ChainError> {
        Ok(SudoKey::Absent)
    }

    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        let mut key = pallet_key("PristineCode");
        key.extend(code_hash);
        match self.inside(|| unhashed::get_raw(&key)) {
            None => Ok(None),
            Some(value) => Vec::<u8>::decode(&mut &value[..])
                .map(Some)
                .map_err(|_| ChainError::BadAnswer),
        }
    }

    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        let address = account(*address);
        Ok(self.inside(|| Contracts::code_hash(&address).map(|hash| hash.0)))
    }

    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError> {
        let first = self.oldest();
        if from.max(1) < first {
            return Err(ChainError::Pruned { first });
        }
        Ok(self.events_from(from).to_vec())
    }
}

impl Chain for SandboxChain {
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let (signer, gas) = (account(signer), self.gas);
        let (result, emitted) = self.transact(&signer, &[to.as_ref(), input], || {
            call(signer.clone(), account(to), input.to_vec(), gas)
        });
        let cost = cost(&result);
        let value = result.result.map_err(|error| refusal(error, to))?;
        Ok(Receipt {
            output: value.data,
            events: self.events.get(emitted..).unwrap_or_default().to_vec(),
            cost,
        })
    }

    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError> {
        let signer = account(signer);
        let (result, _) = self.transact(&signer, &[code], || {
            Contracts::bare_upload_code(
                signer.clone(),
                code.to_vec(),
                Some(DEPOSIT_LIMIT),
                Determinism::Enforced,
            )
        });
        result.map(|value| value.code_hash.0).map_err(runtime)
    }

    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        let (signer, gas) = (account(signer), self.gas);
        let code = Code::Existing(code_hash.into());
        let done = [&code_hash[..], input, salt];
        let (result, _) = self.transact(&signer, &done, || {
            make(signer.clone(), code, input, salt, gas)
        });
        made(result)
    }
}

fn account(id: AccountId) -> AccountId32 {
    AccountId32::new(*AsRef::<[u8; 32]>::as_ref(&id))
}

fn call(signer: AccountId32, to: AccountId32, input: Vec<u8>, gas: Weight) -> CallResult {
    Contracts::bare_call(
        signer,
        to,
        0,
        gas,
        Some(DEPOSIT_LIMIT),
        input,
        DebugInfo::Skip,
        CollectEvents::Skip,
        Determinism::Enforced,
    )
}

fn make(
    signer: AccountId32,
    code: Code<<Runtime as frame_system::Config>::Hash>,
    input: &[u8],
    salt: &[u8],
    gas: Weight,
) -> InstantiateResult {
    Contracts::bare_instantiate(
        signer,
        0,
        gas,
        Some(DEPOSIT_LIMIT),
        code,
        input.to_vec(),
        salt.to_vec(),
        DebugInfo::Skip,
        CollectEvents::Skip,
    )
}

fn made(result: InstantiateResult) -> Result<Instantiated, ChainError> {
    let cost = cost(&result);
    let value = result.result.map_err(runtime)?;
    Ok(Instantiated {
        address: <[u8; 32]>::from(value.account_id).into(),
        reverted: value.result.did_revert(),
        output: value.result.data,
        cost,
    })
}

fn cost<R, E>(result: &ContractResult<R, u128, E>) -> Cost {
    Cost {
        ref_time: result.gas_consumed.ref_time(),
        proof_size: result.gas_consumed.proof_size(),
        deposit: match result.storage_deposit {
            StorageDeposit::Charge(amount) => i128::try_from(amount).unwrap_or(i128::MAX),
            StorageDeposit::Refund(amount) => i128::try_from(amount).map_or(i128::MIN, |a| -a),
        },
        // No block author takes fees here.
        fee: 0,
    }
}

/// Runs `action` and reverts its changes.
fn rolled_back<T>(action: impl FnOnce() -> T) -> Result<T, ChainError> {
    with_transaction(|| TransactionOutcome::Rollback(Ok::<_, DispatchError>(action())))
        .map_err(runtime)
}

fn fund(who: &AccountId32) {
    if Balances::balance(who) < FUNDS / 2 {
        // Fails only when all coins together no longer fit 128 bits; then the transaction itself
        // fails.
        let _ = Balances::mint_into(who, FUNDS);
    }
}

fn contract_events() -> Vec<ContractEvent> {
    let block = System::block_number();
    System::read_events_no_consensus()
        .filter_map(|record| match record.event {
            RuntimeEvent::Contracts(Event::ContractEmitted { contract, data }) => {
                Some(ContractEvent {
                    block,
                    contract: <[u8; 32]>::from(contract).into(),
                    topics: record.topics.iter().map(|topic| topic.0).collect(),
                    data,
                })
            }
            _ => None,
        })
        .collect()
}

/// Returns the storage prefix of the pallet's map with this name.
fn pallet_key(map: &str) -> Vec<u8> {
    storage_prefix(b"Contracts", map.as_bytes()).to_vec()
}

/// Returns the key of the record that the pallet has of the contract at `address`.
fn record_key(address: &AccountId) -> Vec<u8> {
    let mut key = pallet_key("ContractInfoOf");
    key.extend(Twox64Concat::hash(AsRef::<[u8; 32]>::as_ref(address)));
    key
}

fn refusal(error: DispatchError, to: AccountId) -> ChainError {
    match named(&error) {
        Some("ContractNotFound") => ChainError::NoContract(to),
        Some("ContractTrapped") => ChainError::Trapped,
        Some("OutOfGas") => ChainError::OutOfGas,
        _ => runtime(error),
    }
}

fn runtime(error: impl Into<DispatchError> + Debug) -> ChainError {
    let error = error.into();
    match named(&error) {
        Some("CodeNotFound") => ChainError::Runtime("there is no code with this hash".into()),
        Some(name) => ChainError::Runtime(name.into()),
        None => ChainError::Runtime(<&'static str>::from(error).into()),
    }
}

fn named(error: &DispatchError) -> Option<&'static str> {
    match error {
        DispatchError::Module(module) => module.message,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: [u8; 32] = [1; 32];

    #[test]
    fn blocks_pass_on_demand_and_snapshots_bring_them_back() {
        let mut chain = SandboxChain::new();
        let start = chain.snapshot();
        chain.advance(5_000);
        assert_eq!(chain.block(), Ok(5_001));
        chain.restore(&start);
        assert_eq!(chain.block(), Ok(1));
    }

    #[test]
    fn states_of_old_blocks_can_be_discarded() {
        let mut chain = SandboxChain::new();
        let start = chain.best().unwrap();
        chain.limit_history(3);
        chain.advance(3);
        assert_eq!(chain.events(0), Ok(Vec::new()));
        assert_eq!(chain.read_all_at(&start, ALICE.into(), &[]), Ok(Vec::new()));
        chain.advance(1);
        let discarded = ChainError::Pruned { first: 2 };
        assert_eq!(chain.events(1), Err(discarded.clone()));
        assert_eq!(chain.events(2), Ok(Vec::new()));
        let read = chain.read_all_at(&start, ALICE.into(), &[]);
        assert_eq!(read, Err(discarded));
    }

    #[test]
    fn what_is_not_there_is_said_to_be_missing() {
        let mut chain = SandboxChain::new();
        let nowhere = AccountId::from([9; 32]);
        assert_eq!(
            chain.submit(ALICE.into(), nowhere, &[0; 4]),
            Err(ChainError::NoContract(nowhere))
        );
        assert_eq!(
            chain.read(ALICE.into(), nowhere, &[0; 4]),
            Err(ChainError::NoContract(nowhere))
        );
        assert_eq!(chain.code(&[3; 32]), Ok(None));
        assert_eq!(chain.code_hash(&nowhere), Ok(None));
        assert_eq!(chain.storage_use(&nowhere), None);
    }
}
