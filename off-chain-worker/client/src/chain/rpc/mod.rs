//! A chain that a node serves, over JSON-RPC.
//!
//! A message runs dry before it is sent: a refusal by the contract costs nothing. The transaction
//! gets the gas that the dry run needed, and a margin. Its cost is the gas of the dry run and the
//! paid fee. A chain does not keep a message's return value, so the answer is that of another dry
//! run, on the state before the transaction's block.
//!
//! Calls block the thread until the node has answered.

mod api;
mod events;
mod limits;
mod link;
mod refusal;
mod settings;
mod transaction;

pub use settings::{Settings, TIMEOUT};
pub use transaction::Wait;

use super::{Chain, ChainError, ChainRead, ContractEvent, Cost, Instantiated, Receipt};
use crate::keys;
use api::{CallOutput, Code, DryRun, Gas, InstantiateOutput, Uploaded};
use events::EventCache;
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use link::{Connection, Link, Trouble};
use refusal::{is_revert, refusal};
use scale::Decode;
use sp_crypto_hashing::{twox_128, twox_64};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};
use subxt::{ext::futures::future::try_join_all, utils::H256};
use subxt_signer::sr25519::Keypair;
use transaction::{carry_out, is_pending, raw, Included};

/// Reads that run at the same time.
const AT_ONCE: usize = 32;
/// Longest wait for an equal transaction of another account.
const DUPLICATE_WAIT: Duration = Duration::from_secs(15);
/// Time between two reads of the node's pool.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// A chain that a node serves.
pub struct RpcChain {
    link: Link,
    keys: BTreeMap<AccountId, Keypair>,
    wait: Wait,
    events: RefCell<EventCache>,
}

impl fmt::Debug for RpcChain {
    // Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RpcChain")
    }
}

impl RpcChain {
    /// Connects to one of the nodes, for the accounts of `keys`.
    ///
    /// # Errors
    /// `Unreachable` if no node answers within the timeout, or none is of the chain.
    pub fn connect(
        settings: Settings,
        keys: impl IntoIterator<Item = Keypair>,
    ) -> Result<Self, ChainError> {
        let link = Link::new(settings.addresses, settings.timeout, settings.genesis)?;
        let keys = keys
            .into_iter()
            .map(|it| (keys::account(&it), it))
            .collect();
        let chain = Self {
            link,
            keys,
            wait: settings.wait,
            events: RefCell::default(),
        };
        chain.block()?;
        Ok(chain)
    }

    /// Keeps the events of these contracts only, so that a busy chain needs no room here.
    pub fn listen_to(&mut self, contracts: impl IntoIterator<Item = AccountId>) {
        self.events = RefCell::new(EventCache::of(contracts));
    }

    /// Returns the name of the chain.
    ///
    /// # Errors
    /// `Unreachable`.
    pub fn name(&self) -> Result<String, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.rpc.system_chain().await?) })
    }

    /// Sends a transaction that does nothing. A node that makes blocks for transactions only then
    /// makes one.
    ///
    /// # Errors
    /// As [`Chain::submit`].
    pub fn remark(&mut self, signer: AccountId) -> Result<(), ChainError> {
        self.succeed(signer, &transaction::remark(), None).map(drop)
    }

    fn key(&self, signer: AccountId) -> Result<&Keypair, ChainError> {
        self.keys.get(&signer).ok_or_else(|| {
            let problem = format!(
                "there is no key of {} here",
                inktensor_primitives::hash::hex(&raw(&signer))
            );
            ChainError::Runtime(problem)
        })
    }

    /// Sends a transaction, and returns an error if it failed.
    fn succeed(
        &self,
        signer: AccountId,
        payload: &impl transaction::Payload,
        to: Option<AccountId>,
    ) -> Result<Included, ChainError> {
        let included = carry_out(&self.link, self.key(signer)?, payload, self.wait)?;
        let outcome = self.link.ask(|connection| {
            let outcome = included.outcome(&connection.at, to);
            async move { Ok(outcome) }
        });
        outcome?.map(|()| included)
    }

    /// Runs a message dry, on the state after block `at`; by default after the best block.
    fn dry_run_call(
        &self,
        caller: AccountId,
        to: AccountId,
        input: &[u8],
        at: Option<H256>,
    ) -> Result<DryRun<CallOutput>, ChainError> {
        let arguments = api::call(caller, to, input);
        self.runtime_call("ContractsApi_call", &arguments, at, api::dry_run)
    }

    fn dry_run_instantiate(
        &self,
        signer: AccountId,
        code: &Code<'_>,
        input: &[u8],
        salt: &[u8],
    ) -> Result<DryRun<InstantiateOutput>, ChainError> {
        let arguments = api::instantiate(signer, code, input, salt);
        self.runtime_call("ContractsApi_instantiate", &arguments, None, api::dry_run)
    }

    fn runtime_call<T>(
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
    fn refused(&self, encoded: &[u8], to: Option<AccountId>) -> ChainError {
        let refused = self.link.ask(|connection| {
            let refused = refusal(&connection.at, encoded, to);
            async move { Ok(refused) }
        });
        refused.unwrap_or_else(|unreachable| unreachable)
    }

    fn storage(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.rpc.state_get_storage(key, None).await?) })
    }

    /// Waits while an equal message of another account waits for a block: once that is carried out,
    /// this one would be refused at its own cost.
    fn give_way(&self, to: AccountId, input: &[u8]) -> Result<(), ChainError> {
        let until = Instant::now() + DUPLICATE_WAIT.min(self.link.timeout());
        let start = self.block()?;
        loop {
            let pending = self
                .link
                .ask(|connection| async move { is_pending(&connection, &to, input).await });
            // Some nodes do not serve this request.
            let is_pending = match pending {
                Ok(pending) => pending,
                Err(ChainError::Runtime(_)) => false,
                Err(error) => return Err(error),
            };
            // A transaction that no block takes must not delay this one for long.
            let is_over = Instant::now() >= until || self.block()? > start.saturating_add(1);
            if !is_pending || is_over {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Returns the receipt of a message that the contract would refuse. Nothing is sent then, and
    /// nothing is paid.
    fn refusal_of(
        &self,
        dry_run: &DryRun<CallOutput>,
        to: AccountId,
    ) -> Result<Option<Receipt>, ChainError> {
        match &dry_run.result {
            Ok(answer) if answer.reverted => Ok(Some(Receipt {
                output: answer.data.clone(),
                events: Vec::new(),
                cost: Cost::default(),
            })),
            Ok(_) => Ok(None),
            Err(error) => Err(self.refused(error, Some(to))),
        }
    }

    fn tariff_of(&self) -> Result<limits::Tariff, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.tariff) })
    }

    fn gas(&self, required: Gas) -> Result<Gas, ChainError> {
        self.tariff_of()?.gas(required).ok_or(ChainError::OutOfGas)
    }

    /// Returns the answer to the message, on the state before its block.
    fn answered(
        &self,
        included: &Included,
        before: DryRun<CallOutput>,
        (signer, to, input): (AccountId, AccountId, &[u8]),
    ) -> Result<CallOutput, ChainError> {
        let hash = included.hash;
        let parent = self.link.ask(|connection| async move {
            let header = connection.rpc.chain_get_header(Some(hash)).await?;
            let header = header.ok_or_else(|| Trouble::Lost("a block is gone".into()))?;
            Ok(header.parent_hash)
        })?;
        let again = self.dry_run_call(signer, to, input, Some(parent))?;
        match (again.result, before.result) {
            (Ok(answer), _) if !answer.reverted => Ok(answer),
            // An earlier transaction of the same block made it possible.
            (_, Ok(answer)) => Ok(answer),
            (_, Err(error)) => Err(self.refused(&error, Some(to))),
        }
    }
}

fn unlike(function: &str) -> ChainError {
    ChainError::Runtime(format!(
        "the answer of {function} is not of pallet-contracts' API version 2"
    ))
}

/// Returns the storage prefix of the pallet's map with this name.
fn pallet_key(map: &str) -> Vec<u8> {
    [twox_128(b"Contracts"), twox_128(map.as_bytes())].concat()
}

impl ChainRead for RpcChain {
    fn genesis(&self) -> Result<Digest, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.genesis) })
    }

    fn block(&self) -> Result<u32, ChainError> {
        let best = self
            .link
            .ask(|connection| async move { events::best(&connection).await })?;
        Ok(best.0)
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
        let mut answers = Vec::with_capacity(reads.len());
        for some in reads.chunks(AT_ONCE) {
            let read = |connection: Connection| async move {
                let calls = some.iter().map(|(to, input)| {
                    let (arguments, rpc) = (api::call(caller, *to, input), &connection.rpc);
                    async move {
                        let call = rpc.state_call("ContractsApi_call", Some(&arguments), None);
                        Ok::<_, Trouble>(call.await?)
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

    fn code(&self, code_hash: &Digest) -> Result<Option<Vec<u8>>, ChainError> {
        match self.storage(&code_key(code_hash))? {
            None => Ok(None),
            Some(value) => Vec::<u8>::decode(&mut &value[..])
                .map(Some)
                .map_err(|_| ChainError::BadAnswer),
        }
    }

    fn code_hash(&self, address: &AccountId) -> Result<Option<Digest>, ChainError> {
        let mut key = pallet_key("ContractInfoOf");
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
        let update = {
            let cache = &*self.events.borrow();
            self.link
                .ask(|connection| async move { events::update(&connection, cache, from).await })?
        };
        let mut cache = self.events.borrow_mut();
        update.apply(&mut cache);
        Ok(cache.since(from))
    }
}

impl Chain for RpcChain {
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let key = self.key(signer)?;
        let before = self.block()?;
        let mut dry_run = self.dry_run_call(signer, to, input, None)?;
        if let Some(refused) = self.refusal_of(&dry_run, to)? {
            return Ok(refused);
        }
        let gas = self.gas(limits::needed(input, dry_run.required))?;
        let deposit = self.tariff_of()?.deposit(dry_run.deposit);
        let signed =
            transaction::sign(&self.link, key, &transaction::call(to, gas, deposit, input))?;
        // The last look before a fee is paid: another account may have done the same in between.
        self.give_way(to, input)?;
        if self.block()? != before {
            dry_run = self.dry_run_call(signer, to, input, None)?;
            if let Some(refused) = self.refusal_of(&dry_run, to)? {
                return Ok(refused);
            }
        }
        let included = signed.carry_out(&self.link, self.wait)?;
        let outcome = self.link.ask(|connection| {
            let outcome = included.outcome(&connection.at, Some(to));
            async move { Ok(outcome) }
        })?;
        let paid = Cost {
            fee: included.fee(),
            ..dry_run.cost()
        };
        match outcome {
            Ok(()) => Ok(Receipt {
                events: included.contract_events(),
                output: self.answered(&included, dry_run, (signer, to, input))?.data,
                cost: paid,
            }),
            // Another account was first, in the same block. The answer now states the reason.
            Err(error) if is_revert(&error) => {
                let again = self.dry_run_call(signer, to, input, Some(included.hash))?;
                match again.result {
                    Ok(answer) if answer.reverted => Ok(Receipt {
                        output: answer.data,
                        events: Vec::new(),
                        cost: Cost { deposit: 0, ..paid },
                    }),
                    _ => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError> {
        let hash = blake2(code);
        if self.storage(&code_key(&hash))?.is_some() {
            return Ok(hash);
        }
        let arguments = api::upload(signer, code);
        let read = |mut bytes: &[u8]| api::result::<Uploaded>(&mut bytes);
        let dry_run = self.runtime_call("ContractsApi_upload_code", &arguments, None, read)?;
        let uploaded = dry_run.map_err(|error| self.refused(&error, None))?;
        let deposit = i128::try_from(uploaded.deposit).unwrap_or(i128::MAX);
        let payload = transaction::upload(code, self.tariff_of()?.deposit(deposit));
        self.succeed(signer, &payload, None)?;
        Ok(hash)
    }

    fn instantiate(
        &mut self,
        signer: AccountId,
        code_hash: Digest,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Instantiated, ChainError> {
        let code = Code::Existing(code_hash);
        let dry_run = self.dry_run_instantiate(signer, &code, input, salt)?;
        let cost = dry_run.cost();
        let made = dry_run.result;
        let made = made.map_err(|error| self.refused(&error, None))?;
        let mut instantiated = Instantiated {
            address: made.address,
            reverted: made.answer.reverted,
            output: made.answer.data,
            cost,
        };
        if instantiated.reverted {
            instantiated.cost = Cost::default();
            return Ok(instantiated);
        }
        let gas = self.gas(dry_run.required)?;
        let deposit = self.tariff_of()?.deposit(cost.deposit);
        let payload = transaction::instantiate(code_hash, gas, deposit, input, salt);
        let included = self.succeed(signer, &payload, None)?;
        let emitted = included.find("Contracts", "Instantiated");
        let address =
            emitted.and_then(|event| <[[u8; 32]; 2]>::decode(&mut &event.fields[..]).ok());
        let [_, address] = address.ok_or(ChainError::BadAnswer)?;
        instantiated.address = address.into();
        instantiated.cost.fee = included.fee();
        Ok(instantiated)
    }
}

fn code_key(hash: &Digest) -> Vec<u8> {
    let mut key = pallet_key("PristineCode");
    key.extend(hash);
    key
}
