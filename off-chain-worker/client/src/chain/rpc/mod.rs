//! A chain that nodes serve, over JSON-RPC.
//!
//! A message runs dry before it is sent: a refusal by the contract costs nothing. The transaction
//! gets the gas that the dry run needed, and a margin. Its cost is the gas of the dry run and the
//! paid fee. A chain does not keep a message's return value, so the answer is that of another dry
//! run, on the state before the transaction's block.
//!
//! Calls block the thread until a node has answered. The transactions that wait for a block are
//! never asked for: there may be more of them than an answer can hold.
//!
//! # Several nodes
//! One node is asked at a time. Another one takes its place when it does not answer, or when its
//! best block is away from those of the others. [`RpcChain::nodes`] are the nodes one by one, for
//! second opinions. An urgent message goes to all of them.

mod api;
mod events;
mod flight;
mod greeting;
mod heads;
mod included;
mod limits;
mod link;
mod node;
mod nonces;
mod payload;
mod refusal;
mod settings;
mod sign;

pub use flight::Wait;
pub use node::Node;
pub use settings::{Settings, Urgent, TIMEOUT};

use super::{BlockId, Call, Chain, ChainError, ChainRead, Cost, Instantiated, Receipt};
use crate::{forward_reads, keys};
use api::{CallOutput, Code, DryRun, Uploaded};
use flight::{carry_out, send_off, Terms, Urgency};
use included::Included;
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use link::{Link, Trouble};
use node::code_key;
use payload::{raw, Payload};
use refusal::is_revert;
use scale::Decode;
use std::{collections::BTreeMap, fmt, sync::Arc};
use subxt::utils::H256;
use subxt_signer::sr25519::Keypair;

/// A chain that nodes serve.
pub struct RpcChain {
    node: Node,
    keys: BTreeMap<AccountId, Keypair>,
    wait: Wait,
    urgent: Urgent,
}

impl fmt::Debug for RpcChain {
    // Without keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RpcChain")
    }
}

/// A message that a dry run accepts.
struct Ready<'a> {
    to: AccountId,
    input: &'a [u8],
    dry_run: DryRun<CallOutput>,
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
            node: Node::of(link),
            keys,
            wait: settings.wait,
            urgent: settings.urgent,
        };
        chain.genesis()?;
        Ok(chain)
    }

    /// Returns each node of the chain alone, to compare their answers. The list is empty for a
    /// chain of one node.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.node.each().to_vec()
    }

    /// Keeps the events of these contracts only, so that a busy chain needs no room here.
    pub fn listen_to(&mut self, contracts: impl IntoIterator<Item = AccountId>) {
        let contracts: Vec<AccountId> = contracts.into_iter().collect();
        self.node.listen_to(&contracts);
    }

    /// Returns the name of the chain.
    ///
    /// # Errors
    /// `Unreachable`.
    pub fn name(&self) -> Result<String, ChainError> {
        self.node
            .link()
            .ask(|connection| async move { Ok(connection.rpc.system_chain().await?) })
    }

    /// Sends a transaction that does nothing. A node that makes blocks for transactions only then
    /// makes one.
    ///
    /// # Errors
    /// As [`Chain::submit`].
    pub fn remark(&mut self, signer: AccountId) -> Result<(), ChainError> {
        self.succeed(signer, &payload::remark(), None).map(drop)
    }

    /// Sends `count` transactions that do nothing, one right after the other, and does not wait for
    /// their blocks. A node that makes a block for each transaction makes as many blocks.
    ///
    /// # Errors
    /// If the node does not take one of them. Those before it stay.
    pub fn remarks(&mut self, signer: AccountId, count: u32) -> Result<(), ChainError> {
        let payloads: Vec<_> = (0..count).map(|_| payload::remark()).collect();
        send_off(&self.node, self.key(signer)?, &payloads)
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
    fn succeed<P: Payload>(
        &self,
        signer: AccountId,
        payload: &P,
        to: Option<AccountId>,
    ) -> Result<Included, ChainError> {
        let terms = Terms {
            wait: self.wait,
            ..Terms::default()
        };
        let payloads = std::slice::from_ref(payload);
        let mut sent = carry_out(&self.node, self.key(signer)?, payloads, &terms);
        let included = sent.pop().ok_or(ChainError::BadAnswer)??;
        self.outcome(&included, to)?.map(|()| included)
    }

    /// Returns the outcome of a transaction. The outer error is one of the connection.
    fn outcome(
        &self,
        included: &Included,
        to: Option<AccountId>,
    ) -> Result<Result<(), ChainError>, ChainError> {
        self.node.link().ask(|connection| {
            let outcome = included.outcome(&connection.at, to);
            async move { Ok(outcome) }
        })
    }

    /// Returns the urgency of a message.
    fn urgency(&self, input: &[u8]) -> Option<Urgency> {
        let selectors = &self.urgent.selectors;
        let is_urgent = selectors.iter().any(|it| input.starts_with(it));
        is_urgent.then_some(Urgency {
            most_tip: self.urgent.most_tip,
        })
    }

    /// Runs a message dry. Returns the receipt of a refusal: nothing is sent then, and nothing is
    /// paid. One node is asked; for an urgent message the others too, until one accepts.
    fn rehearse<'a>(
        &self,
        signer: AccountId,
        (to, input): (AccountId, &'a [u8]),
    ) -> Result<Result<Ready<'a>, Receipt>, ChainError> {
        self.key(signer)?;
        let ready = |node: &Node| -> Result<Result<Ready<'a>, Receipt>, ChainError> {
            let dry_run = node.dry_run_call(signer, to, input, None)?;
            match &dry_run.result {
                Ok(answer) if answer.reverted => Ok(Err(refusal_of(answer))),
                Ok(_) => Ok(Ok(Ready { to, input, dry_run })),
                Err(error) => Err(node.refused(error, Some(to))),
            }
        };
        let first = ready(&self.node);
        if matches!(first, Ok(Ok(_))) || self.urgency(input).is_none() {
            return first;
        }
        let mut others = self.node.each().iter().map(|node| ready(node));
        others
            .find(|answer| matches!(answer, Ok(Ok(_))))
            .unwrap_or(first)
    }

    /// Creates the transaction of a message.
    fn payload(&self, ready: &Ready<'_>) -> Result<impl Payload, ChainError> {
        let gas = self.node.gas_of(ready.input, ready.dry_run.required)?;
        let deposit = self.node.tariff()?.deposit(ready.dry_run.deposit);
        Ok(payload::call(ready.to, gas, deposit, ready.input))
    }

    /// Sends messages that dry runs have accepted, together. All of them have the same urgency.
    fn send_ready(
        &self,
        signer: AccountId,
        messages: &[Ready<'_>],
        after: Option<&BlockId>,
    ) -> Vec<Result<Receipt, ChainError>> {
        let key = match self.key(signer) {
            Ok(key) => key,
            Err(error) => return messages.iter().map(|_| Err(error.clone())).collect(),
        };
        // A message that no block has room for stops no other one.
        let (mut payloads, mut problems) = (Vec::new(), Vec::new());
        for message in messages {
            match self.payload(message) {
                Ok(payload) => {
                    payloads.push(payload);
                    problems.push(None);
                }
                Err(error) => problems.push(Some(error)),
            }
        }
        let terms = Terms {
            wait: self.wait,
            after,
            urgency: messages.first().and_then(|it| self.urgency(it.input)),
        };
        let mut sent = carry_out(&self.node, key, &payloads, &terms).into_iter();
        let outcome = |(message, problem): (&Ready<'_>, Option<ChainError>)| match problem {
            Some(error) => Err(error),
            None => {
                let included = sent.next().unwrap_or_else(|| Err(left_out()))?;
                self.receipt(&included, signer, message)
            }
        };
        messages.iter().zip(problems).map(outcome).collect()
    }

    /// Returns the receipt of a message in a block.
    fn receipt(
        &self,
        included: &Included,
        signer: AccountId,
        message: &Ready<'_>,
    ) -> Result<Receipt, ChainError> {
        let Ready { to, input, dry_run } = message;
        let paid = Cost {
            fee: included.fee(),
            ..dry_run.cost()
        };
        match self.outcome(included, Some(*to))? {
            Ok(()) => Ok(Receipt {
                events: included.contract_events(),
                output: self.answered(included, signer, message)?.data,
                cost: paid,
            }),
            // Another account was first, in the same block. The answer now states the reason.
            Err(error) if is_revert(&error) => {
                let at = Some(included.hash);
                let again = self.node.dry_run_call(signer, *to, input, at)?;
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

    /// Returns the answer to the message, on the state before its block.
    fn answered(
        &self,
        included: &Included,
        signer: AccountId,
        message: &Ready<'_>,
    ) -> Result<CallOutput, ChainError> {
        let hash = included.hash;
        let parent: H256 = self.node.link().ask(|connection| async move {
            let header = connection.rpc.chain_get_header(Some(hash)).await?;
            let header = header.ok_or_else(|| Trouble::Lost("a block is gone".into()))?;
            Ok(header.parent_hash)
        })?;
        let Ready { to, input, dry_run } = message;
        let again = self.node.dry_run_call(signer, *to, input, Some(parent))?;
        match (again.result, &dry_run.result) {
            (Ok(answer), _) if !answer.reverted => Ok(answer),
            // An earlier transaction of the same block made it possible.
            (_, Ok(answer)) => Ok(answer.clone()),
            (_, Err(error)) => Err(self.node.refused(error, Some(*to))),
        }
    }
}

/// Returns the receipt of a message that the contract refuses.
fn refusal_of(answer: &CallOutput) -> Receipt {
    Receipt {
        output: answer.data.clone(),
        events: Vec::new(),
        cost: Cost::default(),
    }
}

impl ChainRead for RpcChain {
    forward_reads!(self => self.node);
}

impl Chain for RpcChain {
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        match self.rehearse(signer, (to, input))? {
            Ok(ready) => only(self.send_ready(signer, &[ready], None)),
            Err(refused) => Ok(refused),
        }
    }

    fn submit_after(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
        after: &BlockId,
    ) -> Result<Receipt, ChainError> {
        match self.rehearse(signer, (to, input))? {
            Ok(ready) => only(self.send_ready(signer, &[ready], Some(after))),
            Err(refused) => Ok(refused),
        }
    }

    /// Sends urgent messages first.
    fn submit_many(
        &mut self,
        signer: AccountId,
        calls: &[Call],
    ) -> Vec<Result<Receipt, ChainError>> {
        let mut outcomes: Vec<Option<Result<Receipt, ChainError>>> = Vec::new();
        let mut ready: Vec<(usize, Ready<'_>)> = Vec::new();
        for (place, call) in calls.iter().enumerate() {
            outcomes.push(match self.rehearse(signer, (call.to, &call.input)) {
                Ok(Ok(message)) => {
                    ready.push((place, message));
                    None
                }
                Ok(Err(refused)) => Some(Ok(refused)),
                Err(error) => Some(Err(error)),
            });
        }
        let is_urgent = |(_, it): &(usize, Ready<'_>)| self.urgency(it.input).is_some();
        let (urgent, others): (Vec<_>, Vec<_>) = ready.into_iter().partition(is_urgent);
        for group in [urgent, others] {
            let (places, messages): (Vec<usize>, Vec<Ready<'_>>) = group.into_iter().unzip();
            let sent = self.send_ready(signer, &messages, None);
            for (place, outcome) in places.into_iter().zip(sent) {
                if let Some(slot) = outcomes.get_mut(place) {
                    *slot = Some(outcome);
                }
            }
        }
        let unsent = || Err(left_out());
        outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(unsent))
            .collect()
    }

    fn upload(&mut self, signer: AccountId, code: &[u8]) -> Result<Digest, ChainError> {
        let hash = blake2(code);
        if self.node.storage(&code_key(&hash))?.is_some() {
            return Ok(hash);
        }
        let arguments = api::upload(signer, code);
        let read = |mut bytes: &[u8]| api::result::<Uploaded>(&mut bytes);
        let function = "ContractsApi_upload_code";
        let dry_run = self.node.runtime_call(function, &arguments, None, read)?;
        let uploaded = dry_run.map_err(|error| self.node.refused(&error, None))?;
        let deposit = i128::try_from(uploaded.deposit).unwrap_or(i128::MAX);
        let payload = payload::upload(code, self.node.tariff()?.deposit(deposit));
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
        let dry_run = self.node.dry_run_instantiate(signer, &code, input, salt)?;
        let cost = dry_run.cost();
        let made = dry_run.result;
        let made = made.map_err(|error| self.node.refused(&error, None))?;
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
        let gas = self.node.gas(dry_run.required)?;
        let deposit = self.node.tariff()?.deposit(cost.deposit);
        let payload = payload::instantiate(code_hash, gas, deposit, input, salt);
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

/// Returns the error of a message that was not sent with others.
fn left_out() -> ChainError {
    ChainError::NotSent("it was left out".into())
}

/// Returns the only one of `receipts`.
fn only(receipts: Vec<Result<Receipt, ChainError>>) -> Result<Receipt, ChainError> {
    let mut receipts = receipts.into_iter();
    receipts.next().unwrap_or(Err(ChainError::BadAnswer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_can_be_moved_to_another_thread() {
        fn is_send<T: Send>() {}
        is_send::<RpcChain>();
        is_send::<Arc<Node>>();
    }
}
