//! A chain that a node serves, over JSON-RPC.
//!
//! A transaction is rehearsed before it is sent: what a contract would refuse costs nothing. It is
//! given what the rehearsal needed and a margin, and what it cost is what the rehearsal used, with
//! the fee that was paid. Its answer is that of the rehearsal, which is made again on the state
//! before its block: a chain does not keep what a message returned.

mod api;
mod history;
mod limits;
mod link;
mod refusal;
mod transaction;

pub use transaction::Wait;

use super::{Chain, ChainError, ChainRead, ContractEvent, Cost, Instantiated, Receipt};
use crate::keys;
use api::{Answer, Code, Gas, Made, Rehearsed, Uploaded};
use history::History;
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

/// How long a client waits for an answer or a block, unless told otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Reads that are under way at the same time.
const AT_ONCE: usize = 32;
/// How long a transaction waits for the same one of somebody else.
const COURTESY: Duration = Duration::from_secs(15);
/// The wait between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How to reach a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Nodes of it, `ws://` or `wss://`. The first that answers is asked; when it stops, the next.
    pub addresses: Vec<String>,
    /// How long to wait for an answer, or for a transaction's block.
    pub patience: Duration,
    /// When a transaction counts as carried out.
    pub wait: Wait,
    /// Hash of the first block of the chain that it has to be; any chain if none is given.
    pub genesis: Option<Digest>,
}

/// A chain that a node serves.
pub struct RpcChain {
    link: Link,
    keys: BTreeMap<AccountId, Keypair>,
    wait: Wait,
    history: RefCell<History>,
}

impl fmt::Debug for RpcChain {
    // Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RpcChain")
    }
}

impl RpcChain {
    /// Connects to one of the nodes, for accounts that hold `keys`.
    ///
    /// # Errors
    /// `Unreachable` if none of them answers in time, or is of the chain that it has to be.
    pub fn connect(
        settings: Settings,
        keys: impl IntoIterator<Item = Keypair>,
    ) -> Result<Self, ChainError> {
        let link = Link::new(settings.addresses, settings.patience, settings.genesis)?;
        let keys = keys
            .into_iter()
            .map(|it| (keys::account(&it), it))
            .collect();
        let chain = Self {
            link,
            keys,
            wait: settings.wait,
            history: RefCell::default(),
        };
        chain.block()?;
        Ok(chain)
    }

    /// Listens to events of these contracts only, so that a busy chain needs no room here.
    pub fn listen_to(&mut self, contracts: impl IntoIterator<Item = AccountId>) {
        self.history = RefCell::new(History::of(contracts));
    }

    /// What people call the chain, as the node says it.
    ///
    /// # Errors
    /// `Unreachable`.
    pub fn name(&self) -> Result<String, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.rpc.system_chain().await?) })
    }

    /// Puts a transaction that does nothing into a block: a node that makes blocks for transactions
    /// only makes one.
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

    /// Carries a transaction out that has to go well.
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

    /// What a message would come to, on the state after the block `at`, or the best one.
    fn rehearse(
        &self,
        caller: AccountId,
        to: AccountId,
        input: &[u8],
        at: Option<H256>,
    ) -> Result<Rehearsed<Answer>, ChainError> {
        let arguments = api::call(caller, to, input);
        self.runtime_call("ContractsApi_call", &arguments, at, api::rehearsed)
    }

    fn rehearse_making(
        &self,
        signer: AccountId,
        code: &Code<'_>,
        input: &[u8],
        salt: &[u8],
    ) -> Result<Rehearsed<Made>, ChainError> {
        let arguments = api::instantiate(signer, code, input, salt);
        self.runtime_call("ContractsApi_instantiate", &arguments, None, api::rehearsed)
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

    /// The runtime's error in words.
    fn refused(&self, encoded: &[u8], to: Option<AccountId>) -> ChainError {
        let told = self.link.ask(|connection| {
            let told = refusal(&connection.at, encoded, to);
            async move { Ok(told) }
        });
        told.unwrap_or_else(|unreachable| unreachable)
    }

    fn storage(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ChainError> {
        self.link
            .ask(|connection| async move { Ok(connection.rpc.state_get_storage(key, None).await?) })
    }

    /// Waits while the same message of somebody else waits for a block: if that is carried out,
    /// this one would be paid for in vain.
    fn give_way(&self, to: AccountId, input: &[u8]) -> Result<(), ChainError> {
        let until = Instant::now() + COURTESY.min(self.link.patience());
        let start = self.block()?;
        loop {
            let pending = self
                .link
                .ask(|connection| async move { is_pending(&connection, &to, input).await });
            // A node that does not tell is not asked to.
            let is_pending = match pending {
                Ok(pending) => pending,
                Err(ChainError::Runtime(_)) => false,
                Err(error) => return Err(error),
            };
            // Nobody can hold this one up for long by sending one that no block takes.
            let is_over = Instant::now() >= until || self.block()? > start.saturating_add(1);
            if !is_pending || is_over {
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// What a message answers that would not be carried out: nothing is sent then, and nothing
    /// paid.
    fn refusal_of(
        &self,
        rehearsed: &Rehearsed<Answer>,
        to: AccountId,
    ) -> Result<Option<Receipt>, ChainError> {
        match &rehearsed.result {
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

    /// What the message answered, on the state before the block that it is in.
    fn answered(
        &self,
        included: &Included,
        before: Rehearsed<Answer>,
        (signer, to, input): (AccountId, AccountId, &[u8]),
    ) -> Result<Answer, ChainError> {
        let hash = included.hash;
        let parent = self.link.ask(|connection| async move {
            let header = connection.rpc.chain_get_header(Some(hash)).await?;
            let header = header.ok_or_else(|| Trouble::Lost("a block is gone".into()))?;
            Ok(header.parent_hash)
        })?;
        let again = self.rehearse(signer, to, input, Some(parent))?;
        match (again.result, before.result) {
            (Ok(answer), _) if !answer.reverted => Ok(answer),
            // Something before it in its block made it possible.
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

/// Where the pallet keeps a map of its, from the map's name.
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
            .ask(|connection| async move { history::best(&connection).await })?;
        Ok(best.0)
    }

    fn read(&self, caller: AccountId, to: AccountId, input: &[u8]) -> Result<Vec<u8>, ChainError> {
        match self.rehearse(caller, to, input, None)?.result {
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
                let read = api::rehearsed::<Answer>(bytes);
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
        let rehearsed = self.rehearse_making(signer, &Code::New(code), input, salt)?;
        let cost = rehearsed.cost();
        let made = rehearsed.result;
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
            let history = &*self.history.borrow();
            self.link.ask(|connection| async move {
                history::update(&connection, history, from).await
            })?
        };
        let mut history = self.history.borrow_mut();
        update.apply(&mut history);
        Ok(history.since(from))
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
        let mut rehearsed = self.rehearse(signer, to, input, None)?;
        if let Some(refused) = self.refusal_of(&rehearsed, to)? {
            return Ok(refused);
        }
        let gas = self.gas(rehearsed.required)?;
        let deposit = self.tariff_of()?.deposit(rehearsed.deposit);
        let signed =
            transaction::sign(&self.link, key, &transaction::call(to, gas, deposit, input))?;
        // The last look before money is spent: who was quicker meanwhile has left nothing to do.
        self.give_way(to, input)?;
        if self.block()? != before {
            rehearsed = self.rehearse(signer, to, input, None)?;
            if let Some(refused) = self.refusal_of(&rehearsed, to)? {
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
            ..rehearsed.cost()
        };
        match outcome {
            Ok(()) => Ok(Receipt {
                events: included.events(),
                output: self
                    .answered(&included, rehearsed, (signer, to, input))?
                    .data,
                cost: paid,
            }),
            // Somebody was quicker, in the same block: what it answers now says with what.
            Err(error) if is_revert(&error) => {
                let again = self.rehearse(signer, to, input, Some(included.hash))?;
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
        let rehearsed = self.runtime_call("ContractsApi_upload_code", &arguments, None, read)?;
        let uploaded = rehearsed.map_err(|error| self.refused(&error, None))?;
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
        let rehearsed = self.rehearse_making(signer, &code, input, salt)?;
        let cost = rehearsed.cost();
        let made = rehearsed.result;
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
        let gas = self.gas(rehearsed.required)?;
        let deposit = self.tariff_of()?.deposit(cost.deposit);
        let payload = transaction::instantiate(code_hash, gas, deposit, input, salt);
        let included = self.succeed(signer, &payload, None)?;
        let told = included.find("Contracts", "Instantiated");
        let address = told.and_then(|told| <[[u8; 32]; 2]>::decode(&mut &told.fields[..]).ok());
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
