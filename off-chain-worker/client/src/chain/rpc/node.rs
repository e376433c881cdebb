//! The reads of a chain that nodes serve.

use super::{
    api::{self, CallOutput, Code, DryRun, Gas, InstantiateOutput},
    events::{self, EventCache},
    heads,
    limits::Tariff,
    link::{Connection, Link, Trouble},
    payload::raw,
    refusal::{refusal, unread},
};
use crate::chain::{BlockId, ChainError, ChainRead, ContractEvent, Instantiated, SudoKey};
use inktensor_primitives::{AccountId, Digest};
use scale::{Decode, DecodeAll};
use sp_crypto_hashing::{twox_128, twox_64};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use subxt::{ext::futures::future::try_join_all, rpcs::Error as RpcError, utils::H256};

/// Reads that run at the same time.
const AT_ONCE: usize = 32;
/// Time between two comparisons of the nodes' best blocks.
const COMPARED_EVERY: Duration = Duration::from_secs(5);

/// A chain, read at one of its nodes at a time.
pub struct Node {
    link: Link,
    events: Mutex<EventCache>,
    /// Each node of the chain alone. Empty if there is one only.
    each: Vec<Arc<Node>>,
    /// Time of the last comparison of the nodes.
    compared: Mutex<Option<Instant>>,
}

impl Node {
    /// Creates the chain behind `link`, and each node of it.
    pub fn of(link: Link) -> Self {
        let mut each = link.each();
        if each.len() == 1 {
            each.clear();
        }
        Self {
            each: each.into_iter().map(Self::alone).map(Arc::new).collect(),
            ..Self::alone(link)
        }
    }

    fn alone(link: Link) -> Self {
        Self {
            link,
            events: Mutex::default(),
            each: Vec::new(),
            compared: Mutex::default(),
        }
    }

    /// Returns the way to the chain.
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// Returns each node of the chain alone; none if there is one only.
    pub fn each(&self) -> &[Arc<Node>] {
        &self.each
    }

    /// Keeps the events of these contracts only.
    pub fn listen_to(&self, contracts: &[AccountId]) {
        *self.cache() = EventCache::of(contracts.iter().copied());
        for node in &self.each {
            node.listen_to(contracts);
        }
    }

    fn cache(&self) -> MutexGuard<'_, EventCache> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a message dry, on the state after block `at`; by default after the best block.
    pub fn dry_run_call(
        &self,
        caller: AccountId,
        to: AccountId,
        input: &[u8],
        at: Option<H256>,
    ) -> Result<DryRun<CallOutput>, ChainError> {
        let arguments = api::call(caller, to, input);
        self.runtime_call("ContractsApi_call", &arguments, at, api::dry_run)
    }

    /// Runs a constructor dry.
    pub fn dry_run_instantiate(
        &self,
        signer: AccountId,
        code: &Code<'_>,
        input: &[u8],
        salt: &[u8],
    ) -> Result<DryRun<InstantiateOutput>, ChainError> {
        let arguments = api::instantiate(signer, code, input, salt);
        self.runtime_call("ContractsApi_instantiate", &arguments, None, api::dry_run)
    }

    /// Calls a function of the runtime.
    pub fn runtime_call<T>(
        &self,
        function: &str,
        arguments: &[u8],
        at: Option<H256>,
        read: impl Fn(&[u8]) -> Result<T, scale::Error>,
    ) -> Result<T, ChainError> {
        let bytes = self.link.ask(|connection| async move {
            Ok(connection
                .rpc
                .state_call(function, Some(arguments), at)
                .await?)
        })?;
        read(&bytes).map_err(|_| unlike(function))
    }

    /// Decodes the runtime's error.
    pub fn refused(&self, encoded: &[u8], to: Option<AccountId>) -> ChainError {
        let refused = self.link.ask(|connection| {
            let refused = refusal(&connection.at, encoded, to);
            async move { Ok(refused) }
        });
        refused.unwrap_or_else(|unreachable| unreachable)
    }

    /// Returns a value of the chain's storage, at the best block.
    pub fn storage(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.rpc.state_get_storage(key, None).await?) })
    }

    /// Returns the limits of transactions.
    pub fn tariff(&self) -> Result<Tariff, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.tariff) })
    }

    /// Returns the gas for a transaction whose dry run needed `required`.
    pub fn gas(&self, required: Gas) -> Result<Gas, ChainError> {
        self.tariff()?.gas(required).ok_or(ChainError::OutOfGas)
    }

    /// Returns the gas for the message `input` whose dry run needed `required`.
    pub fn gas_of(&self, input: &[u8], required: Gas) -> Result<Gas, ChainError> {
        let gas = self.tariff()?.gas_of(input, required);
        gas.ok_or(ChainError::OutOfGas)
    }

    /// Runs messages on the state after block `at`; by default after the best block.
    fn outputs(
        &self,
        at: Option<&BlockId>,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        let hash = at.map(|at| H256(at.hash));
        let mut answers = Vec::with_capacity(reads.len());
        for some in reads.chunks(AT_ONCE) {
            let read = |connection: Connection| async move {
                let calls = some.iter().map(|(to, input)| {
                    let (arguments, rpc) = (api::call(caller, *to, input), &connection.rpc);
                    async move {
                        let call = rpc.state_call("ContractsApi_call", Some(&arguments), hash);
                        match (call.await, at) {
                            (Err(RpcError::User(problem)), Some(at)) => {
                                Err(Trouble::Final(unread(&problem, at.number)))
                            }
                            (answer, _) => Ok(answer?),
                        }
                    }
                });
                try_join_all(calls).await
            };
            for (bytes, (to, _)) in self.link.ask(read)?.iter().zip(some) {
                let read = api::dry_run::<CallOutput>(bytes);
                let read = read.map_err(|_| unlike("ContractsApi_call"))?;
                let answer = read
                    .result
                    .map_err(|error| self.refused(&error, Some(*to)))?;
                answers.push(answer.data);
            }
        }
        Ok(answers)
    }

    /// Compares the best blocks of all nodes at times, and leaves a node whose best block is far
    /// from the others'. Returns true if another node is in use now.
    fn leaves_node(&self) -> bool {
        if self.each.is_empty() {
            return false;
        }
        {
            let mut compared = self.compared.lock().unwrap_or_else(PoisonError::into_inner);
            if compared.is_some_and(|at| at.elapsed() < COMPARED_EVERY) {
                return false;
            }
            *compared = Some(Instant::now());
        }
        let nodes = self.each.iter();
        let heads: Vec<Option<u32>> = nodes
            .map(|node| node.best().ok().map(|block| block.number))
            .collect();
        let Some(better) = heads::better(&heads, self.link.in_use()) else {
            return false;
        };
        tracing::warn!(
            "the node at {} is away from the others: its best block is {}, theirs {}",
            self.link.address(),
            text(heads.get(self.link.in_use())),
            text(heads.get(better)),
        );
        self.link.prefer(better);
        true
    }
}

fn text(head: Option<&Option<u32>>) -> String {
    head.copied()
        .flatten()
        .map_or_else(|| "unknown".into(), |head| head.to_string())
}

fn unlike(function: &str) -> ChainError {
    ChainError::Runtime(format!(
        "the answer of {function} is not of pallet-contracts' API version 2"
    ))
}

/// Returns the storage prefix of a pallet's map with this name.
fn map_key(pallet: &str, map: &str) -> Vec<u8> {
    [twox_128(pallet.as_bytes()), twox_128(map.as_bytes())].concat()
}

/// The call of pallet Sudo by which it is known, whatever name a runtime gives the pallet.
const SUDO_CALL: &str = "sudo_unchecked_weight";

/// Returns the name of pallet Sudo in the runtime, if the runtime has it.
fn sudo_pallet(connection: &Connection) -> Option<String> {
    let metadata = connection.at.metadata();
    let mut pallets = metadata.pallets();
    let found = pallets.find(|pallet| {
        let calls = pallet.call_variants().unwrap_or_default();
        pallet.name() == "Sudo" || calls.iter().any(|call| call.name == SUDO_CALL)
    });
    found.map(|pallet| pallet.name().to_owned())
}

/// Returns the storage key of the code with this hash.
pub fn code_key(hash: &Digest) -> Vec<u8> {
    let mut key = map_key("Contracts", "PristineCode");
    key.extend(hash);
    key
}

/// Returns the storage key of the hash of block `number`, which the chain keeps for some time.
fn block_hash_key(number: u32) -> Vec<u8> {
    let number = number.to_le_bytes();
    let mut key = map_key("System", "BlockHash");
    key.extend(twox_64(&number));
    key.extend(number);
    key
}

/// Returns the hash of block `number` in the past of `of`.
///
/// The state of `of` has the hashes of the blocks before it, so no fork can be mixed in. Older ones
/// are those of the node's best chain, if `of` is on it.
pub async fn ancestor(
    connection: &Connection,
    of: &BlockId,
    number: u32,
) -> Result<Option<H256>, Trouble> {
    if number > of.number {
        return Ok(None);
    }
    if number < of.number {
        let key = block_hash_key(number);
        let at = Some(H256(of.hash));
        match connection.rpc.state_get_storage(&key, at).await {
            Ok(Some(hash)) => {
                let hash = <[u8; 32]>::decode(&mut &hash[..]);
                return hash.map(|hash| Some(H256(hash))).map_err(|_| {
                    Trouble::Lost("a block has a hash of another size than 32 bytes".into())
                });
            }
            Ok(None) => {}
            Err(RpcError::User(problem)) => match unread(&problem, of.number) {
                // Its hash alone may still be known.
                ChainError::Pruned { .. } => {}
                error => return Err(error.into()),
            },
            Err(lost) => return Err(lost.into()),
        }
    }
    let hash = |number: u32| connection.rpc.chain_get_block_hash(Some(number.into()));
    let found = hash(number).await?;
    if hash(of.number).await? != Some(H256(of.hash)) {
        return Err(ChainError::BlockGone(of.number).into());
    }
    Ok(found)
}

impl ChainRead for Node {
    fn genesis(&self) -> Result<Digest, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.genesis) })
    }

    fn best(&self) -> Result<BlockId, ChainError> {
        let best = || {
            self.link
                .ask(|connection| async move { events::best(&connection).await })
        };
        let mut found = best()?;
        if self.leaves_node() {
            found = best()?;
        }
        let (number, hash) = found;
        Ok(BlockId {
            number,
            hash: hash.0,
        })
    }

    fn finalized(&self) -> Result<BlockId, ChainError> {
        self.link.ask(|connection| async move {
            let hash = connection.rpc.chain_get_finalized_head().await?;
            Ok(BlockId {
                number: events::number(&connection, hash).await?,
                hash: hash.0,
            })
        })
    }

    fn ancestor(&self, of: &BlockId, number: u32) -> Result<Option<Digest>, ChainError> {
        let found = self
            .link
            .ask(|connection| async move { ancestor(&connection, of, number).await })?;
        Ok(found.map(|hash| hash.0))
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        match self.dry_run_call(caller, to, input, None)?.result {
            Ok(answer) => Ok(answer.data),
            Err(error) => Err(self.refused(&error, Some(to))),
        }
    }

    fn read_all(
        &self,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.outputs(None, caller, reads)
    }

    fn read_all_at(
        &self,
        at: &BlockId,
        caller: AccountId,
        reads: &[(AccountId, Vec<u8>)],
    ) -> Result<Vec<Vec<u8>>, ChainError> {
        self.outputs(Some(at), caller, reads)
    }

    fn estimate(
        &self,
        signer: AccountId,
        code: &[u8],
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        let dry_run = self.dry_run_instantiate(signer, &Code::New(code), input, salt)?;
        let cost = dry_run.cost();
        let made = dry_run.result;
        let made = made.map_err(|error| self.refused(&error, None))?;
        Ok(Instantiated {
            address: made.address,
            reverted: made.answer.reverted,
            output: made.answer.data,
            cost,
        })
    }

    fn sudo_key(&self) -> Result<SudoKey, ChainError> {
        let pallet = self
            .link
            .ask(|connection| async move { Ok(sudo_pallet(&connection)) })?;
        let Some(pallet) = pallet else {
            return Ok(SudoKey::Absent);
        };
        let Some(key) = self.storage(&map_key(&pallet, "Key"))? else {
            return Ok(SudoKey::Absent);
        };
        // This program cannot name a key of another type than an account.
        let account = <[u8; 32]>::decode_all(&mut &key[..]);
        Ok(account.map_or(SudoKey::Unknown, |it| SudoKey::Of(it.into())))
    }

    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        match self.storage(&code_key(code_hash))? {
            None => Ok(None),
            Some(value) => Vec::<u8>::decode(&mut &value[..])
                .map(Some)
                .map_err(|_| ChainError::BadAnswer),
        }
    }

    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        let mut key = map_key("Contracts", "ContractInfoOf");
        let address = raw(address);
        key.extend(twox_64(&address));
        key.extend(address);
        match self.storage(&key)? {
            None => Ok(None),
            // A contract's record begins with the name of its storage and the hash of its code.
            Some(record) => <(Vec<u8>, Digest)>::decode(&mut &record[..])
                .map(|(_, hash)| Some(hash))
                .map_err(|_| ChainError::BadAnswer),
        }
    }

    fn events(&self, from: u32) -> Result<Vec<ContractEvent>, ChainError> {
        // There are no events in the first block of a chain.
        let from = from.max(1);
        let mut cache = self.cache();
        let update = {
            let cached = &*cache;
            self.link
                .ask(|connection| async move { events::update(&connection, cached, from).await })?
        };
        let oldest = update.apply(&mut cache);
        if oldest > from {
            return Err(ChainError::Pruned { first: oldest });
        }
        Ok(cache.since(from))
    }
}
