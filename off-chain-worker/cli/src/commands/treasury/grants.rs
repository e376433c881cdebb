//! Payments of streams and budgets.

use super::{governing, GrantArg};
use crate::{
    args::{SignArgs, Who},
    error::Failure,
    output::{format::tao, json::Address},
    values,
};
use inktensor_primitives::{
    treasury::{StreamClaimed, StreamView, Treasury},
    AccountId, Rao,
};
use serde::Serialize;
use std::io::Write;

/// Arguments of a command about one stream or budget.
#[derive(clap::Args)]
pub struct One {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    grant: GrantArg,
}

/// Arguments of `treasury draw`.
#[derive(clap::Args)]
pub struct Draw {
    #[command(flatten)]
    one: One,
    /// The account to pay
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Who,
    /// The amount
    #[arg(long, value_parser = values::some_tao, value_name = "TAO")]
    amount: Rao,
}

/// Arguments of `treasury set-payee`.
#[derive(clap::Args)]
pub struct SetPayee {
    #[command(flatten)]
    one: One,
    /// The new payee
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Who,
}

/// A payment.
#[derive(Serialize)]
struct Paid {
    grant: u32,
    to: Option<Address>,
    amount_rao: u64,
}

/// A grant that was removed.
#[derive(Serialize)]
struct Closed {
    grant: u32,
    freed_rao: u64,
}

/// A change of a payee.
#[derive(Serialize)]
struct PayeeSet {
    grant: u32,
    to: Address,
}

/// Pays what is vested of a stream.
pub fn claim(arguments: &One, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.grant.id;
    let mut session = arguments.sign.open()?;
    let treasury = governing(&session.network)?;
    let stream: Option<StreamView> = session.network.query(treasury.treasury().stream(id))?;
    let done = session.send(treasury.treasury().claim(id))?;
    let event: Option<StreamClaimed> = done.event();
    let to: Option<AccountId> = event.as_ref().map(|it| it.payee);
    let answer = Paid {
        grant: id,
        to: to.or(stream.map(|it| it.payee)).map(Address),
        amount_rao: event.map_or(done.value, |it| it.amount).0,
    };
    let to = answer.to.as_ref().map(ToString::to_string);
    let sentence = format!(
        "paid {} TAO of stream {id} to {}",
        tao(Rao(answer.amount_rao)),
        to.unwrap_or_else(|| "its payee".into())
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Pays from a budget.
pub fn draw(arguments: &Draw, out: &mut dyn Write) -> Result<(), Failure> {
    let (id, sign) = (arguments.one.grant.id, &arguments.one.sign);
    let to = sign.chain.account(&arguments.to)?;
    let mut session = sign.open()?;
    let treasury = governing(&session.network)?;
    let amount = arguments.amount;
    let done = session.send(treasury.treasury().draw(id, to, amount))?;
    let answer = Paid {
        grant: id,
        to: Some(to.into()),
        amount_rao: amount.0,
    };
    let sentence = format!("paid {} TAO of budget {id} to {}", tao(amount), Address(to));
    sign.report(&sentence, &answer, &done.cost, out)
}

/// Removes a grant that is over.
pub fn close(arguments: &One, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.grant.id;
    let mut session = arguments.sign.open()?;
    let treasury = governing(&session.network)?;
    let done = session.send(treasury.treasury().close(id))?;
    let answer = Closed {
        grant: id,
        freed_rao: done.value.0,
    };
    let sentence = format!("removed grant {id}; {} TAO are free again", tao(done.value));
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Replaces the payee of a stream.
pub fn set_payee(arguments: &SetPayee, out: &mut dyn Write) -> Result<(), Failure> {
    let (id, sign) = (arguments.one.grant.id, &arguments.one.sign);
    let to = sign.chain.account(&arguments.to)?;
    let mut session = sign.open()?;
    let treasury = governing(&session.network)?;
    let done = session.send(treasury.treasury().set_payee(id, to))?;
    let answer = PayeeSet {
        grant: id,
        to: to.into(),
    };
    let sentence = format!("stream {id} is paid to {} from now on", answer.to);
    sign.report(&sentence, &answer, &done.cost, out)
}
