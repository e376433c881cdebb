//! Tables and values as people read them.

use crate::output::format::short;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use inktensor_client::ss58::ss58;
use inktensor_primitives::{AccountId, Rao};
use std::{
    env,
    io::{self, Write},
};

/// Columns from which on addresses are shown whole.
const WIDE: u16 = 140;
/// Columns of a terminal that does not say.
const USUAL: u16 = 80;

/// A table whose columns of these numbers are aligned to the right.
pub fn table<'a>(header: impl IntoIterator<Item = &'a str>, numbers: &[usize]) -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')))
        .set_header(header.into_iter().collect::<Vec<_>>());
    // With the line between columns, two spaces.
    for column in table.column_iter_mut() {
        column.set_padding((1, 0));
    }
    for column in numbers {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Prints a table.
pub fn show(table: &Table, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", table.trim_fmt())
}

/// An account: whole where there is room, else its ends.
pub fn account(account: &AccountId) -> String {
    let text = ss58(account);
    if is_wide() {
        text
    } else {
        short(&text, 6, 4)
    }
}

/// Whether there is room for whole addresses.
pub fn is_wide() -> bool {
    width() >= WIDE
}

/// Columns of the terminal: what `COLUMNS` says, else the terminal itself, else 80.
fn width() -> u16 {
    let said = env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    said.or_else(|| Table::new().width()).unwrap_or(USUAL)
}

/// An amount in TAO, to the last rao, without zeros at the end.
pub fn tao_text(amount: Rao) -> String {
    let (whole, fraction) = (amount.0 / Rao::PER_TAO, amount.0 % Rao::PER_TAO);
    if fraction == 0 {
        return whole.to_string();
    }
    let fraction = format!("{fraction:09}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

/// The amount that `text` writes in TAO, with up to nine decimals.
pub fn tao(text: &str) -> Result<Rao, String> {
    let wrong = || {
        format!(
            "{text:?} is not an amount of TAO such as 12 or 0.5, with up to nine decimals, at most {}",
            Rao::CAP.0 / Rao::PER_TAO
        )
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 9 {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let fraction: u64 = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
    let rao = whole
        .checked_mul(Rao::PER_TAO)
        .and_then(|whole| whole.checked_add(fraction));
    rao.map(Rao)
        .filter(|rao| *rao <= Rao::CAP)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_last_rao() {
        for (text, rao) in [
            ("0", 0),
            ("12", 12_000_000_000),
            ("0.5", 500_000_000),
            ("1.000000001", 1_000_000_001),
            ("21000000", 21_000_000_000_000_000),
        ] {
            assert_eq!(tao(text), Ok(Rao(rao)), "{text}");
            assert_eq!(tao_text(Rao(rao)), text);
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1,5",
            "1.0000000001",
            "21000000.1",
            "99999999999999999999",
        ] {
            assert!(tao(text).is_err(), "{text}");
        }
    }
}
