//! The output of all commands: text and tables for people, JSON and CSV for programs.
//!
//! A command fills a view: a type whose fields are the JSON document, and that prints as text. In
//! JSON and CSV an amount is a whole number of rao in a field whose name ends in `_rao`, an account
//! is an SS58 address, and a hash is hexadecimal after `0x`.

pub mod csv;
pub mod format;
pub mod json;
pub mod table;
pub mod waiting;

use inktensor_client::chain::Cost;
use serde::Serialize;
use std::io::{self, Write};
use table::Room;

/// An answer with one text and one JSON document.
pub trait View: Serialize {
    /// Prints the answer as text.
    fn text(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// An answer with rows: a table, CSV, or a JSON document.
pub trait List: Serialize {
    /// A row of the CSV form.
    type Row: Serialize;

    /// Returns the rows of the CSV form.
    fn rows(&self) -> &[Self::Row];

    /// Prints the answer as a table, with what belongs above and below.
    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()>;
}

/// Prints a view as a JSON document, or as text.
pub fn show(as_json: bool, view: &impl View, out: &mut dyn Write) -> io::Result<()> {
    if as_json {
        json::print(view, out)
    } else {
        view.text(out)
    }
}

/// A transaction's answer with its cost, for programs.
#[derive(Serialize)]
struct Reported<'a, T> {
    #[serde(flatten)]
    answer: &'a T,
    cost: json::CostView,
}

/// Prints what a command's transactions did: `sentence` and what they cost, or `answer` with the
/// field `cost`.
pub fn report(
    as_json: bool,
    sentence: &str,
    answer: &impl Serialize,
    cost: &Cost,
    out: &mut dyn Write,
) -> io::Result<()> {
    if as_json {
        let cost = json::CostView::from(cost);
        return json::print(&Reported { answer, cost }, out);
    }
    writeln!(out, "{sentence}")?;
    match format::cost(cost) {
        Some(line) => writeln!(out, "{line}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize)]
    struct Paid {
        amount_rao: u64,
    }

    fn reported(as_json: bool, fee: u128) -> String {
        let cost = Cost {
            fee,
            ..Cost::default()
        };
        let mut out = Vec::new();
        report(as_json, "paid", &Paid { amount_rao: 7 }, &cost, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_transaction_shows_its_fee() {
        assert_eq!(reported(false, 0), "paid\n");
        let text = reported(false, 1_500_000);
        assert!(text.starts_with("paid\nfee 1 500 000"), "{text}");
        let document: serde_json::Value = serde_json::from_str(&reported(true, 5)).unwrap();
        assert_eq!(document["amount_rao"], 7);
        assert_eq!(document["cost"]["fee"], "5");
    }
}
