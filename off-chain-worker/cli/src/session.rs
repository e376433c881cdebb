//! What commands share that work on a chain: approvals, prices, and how what was sent is told.

use crate::{args::Session, commands::Failure, output::table::tao_text};
use inktensor_client::chain::{Answer, CallError, ChainError, ContractEvent, Cost, Message, Typed};
use inktensor_primitives::{AccountId, Rao};
use psp22::PSP22;
use scale::Decode;
use serde_json::{json, Value};
use std::{
    fmt::Debug,
    io::{self, Write},
};

/// What was sent, and what came back.
pub struct Done<T> {
    /// The contract's answer.
    pub value: T,
    /// What contracts told.
    pub events: Vec<ContractEvent>,
    /// What all transactions of the command cost together.
    pub cost: Cost,
}

impl Session {
    /// Sends a message that may refuse, and tells a refusal in one line.
    pub fn run<T: Decode, E: Decode + Debug>(
        &mut self,
        what: &str,
        message: impl Into<Message<Result<T, E>>>,
    ) -> Result<Done<T>, Failure> {
        match self.chain.send(self.account, message).answer() {
            Ok(sent) => Ok(Done {
                value: sent.value,
                events: sent.events,
                cost: sent.cost,
            }),
            Err(CallError::Refused(error)) => Err(Failure::input(format_args!(
                "{what} was refused: {error:?}"
            ))),
            Err(CallError::Chain(error)) => Err(Failure::input(format_args!("{what}: {error}"))),
        }
    }

    /// Lets `spender` take `amount` of the signer's TAO, if it may not yet. Says so early when
    /// there is too little.
    pub fn approve(&mut self, spender: AccountId, amount: Rao) -> Result<Cost, Failure> {
        let psp22 = || self.contracts.psp22();
        let balance: u128 = self.query(psp22().balance_of(self.account))?;
        if balance < amount.to_u128() {
            return Err(Failure::input(format_args!(
                "{} TAO are needed, and the account has {}",
                tao_text(amount),
                tao_text(Rao(u64::try_from(balance).unwrap_or(u64::MAX)))
            )));
        }
        let allowed: u128 = self.query(psp22().allowance(self.account, spender))?;
        if allowed >= amount.to_u128() {
            return Ok(Cost::default());
        }
        let message = psp22().approve(spender, amount.to_u128());
        Ok(self.run("PSP22::approve", message)?.cost)
    }

    /// Reads a message.
    pub fn query<R: Decode>(&self, message: impl Into<Message<R>>) -> Result<R, Failure> {
        self.chain.query(message).map_err(Failure::input)
    }
}

/// The sum of what two transactions cost.
pub fn both(one: Cost, other: Cost) -> Cost {
    Cost {
        ref_time: one.ref_time.saturating_add(other.ref_time),
        proof_size: one.proof_size.saturating_add(other.proof_size),
        deposit: one.deposit.saturating_add(other.deposit),
        fee: one.fee.saturating_add(other.fee),
    }
}

/// What a transaction cost, for programs.
pub fn cost(cost: &Cost) -> Value {
    json!({
        "ref_time": cost.ref_time,
        "proof_size": cost.proof_size,
        "deposit": cost.deposit.to_string(),
        "fee": cost.fee.to_string(),
    })
}

/// Prints what was done: a sentence for people, a document for programs.
pub fn tell(
    json: bool,
    sentence: &str,
    mut document: Value,
    spent: &Cost,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !json {
        return writeln!(out, "{sentence}");
    }
    if let Some(fields) = document.as_object_mut() {
        fields.insert("cost".into(), cost(spent));
    }
    print(&document, out)
}

/// Prints a document.
pub fn print(document: &Value, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(document).map_err(io::Error::from)?;
    writeln!(out, "{text}")
}

/// What is not there, said as one line.
pub fn missing(what: impl std::fmt::Display) -> Failure {
    Failure::input(format_args!("there is no {what}"))
}

impl From<ChainError> for Failure {
    fn from(error: ChainError) -> Self {
        Failure::input(error)
    }
}
