//! Tables for a terminal.

use super::format::short;
use comfy_table::{CellAlignment, LineStyle, TableStyle};
use inktensor_client::ss58::ss58;
use inktensor_primitives::AccountId;
use std::{
    env,
    io::{self, Write},
};

/// Columns of a terminal from which on addresses are shown whole.
const WIDE: u16 = 140;
/// Columns of a terminal that does not say how many it has.
const USUAL: u16 = 80;

/// The room that there is for a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// 80 columns.
    Narrow,
    /// The 140 columns of a wide terminal.
    Wide,
    /// As many columns as there are: the user asked for all.
    All,
}

impl Room {
    /// Returns the room that the terminal has: by the variable `COLUMNS`, else by the terminal
    /// itself, else 80 columns.
    pub fn of_terminal() -> Self {
        let given = env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
        let columns = given.or_else(|| comfy_table::Table::new().width());
        if columns.unwrap_or(USUAL) < WIDE {
            Room::Narrow
        } else {
            Room::Wide
        }
    }

    /// Returns an account: whole where there is room, else the ends of its address.
    pub fn account(self, account: &AccountId) -> String {
        let text = ss58(account);
        match self {
            Room::Narrow => short(&text, 6, 4),
            Room::Wide | Room::All => text,
        }
    }

    /// Returns an account of second rank: whole only where all is asked for.
    pub fn second_account(self, account: &AccountId) -> String {
        let text = ss58(account);
        match self {
            Room::Narrow | Room::Wide => short(&text, 6, 4),
            Room::All => text,
        }
    }
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    name: &'static str,
    is_number: bool,
    least: Room,
    is_left_out: bool,
}

/// Returns a column of text.
pub const fn text(name: &'static str) -> Column {
    Column {
        name,
        is_number: false,
        least: Room::Narrow,
        is_left_out: false,
    }
}

/// Returns a column of numbers, which are aligned to the right.
pub const fn number(name: &'static str) -> Column {
    Column {
        is_number: true,
        ..text(name)
    }
}

impl Column {
    /// Shows the column from this room on.
    pub const fn from(self, least: Room) -> Self {
        Self { least, ..self }
    }

    /// Shows the column only if `holds`.
    pub const fn only_if(self, holds: bool) -> Self {
        Self {
            is_left_out: !holds,
            ..self
        }
    }
}

/// A table.
pub struct Table {
    shown: Vec<bool>,
    rows: comfy_table::Table,
}

impl Table {
    /// Returns a table that shows those of `columns` that there is room for.
    pub fn new<const N: usize>(room: Room, columns: [Column; N]) -> Self {
        let shown: Vec<bool> = columns
            .iter()
            .map(|it| it.least <= room && !it.is_left_out)
            .collect();
        let columns: Vec<&Column> = columns
            .iter()
            .zip(&shown)
            .filter_map(|(column, shown)| shown.then_some(column))
            .collect();
        let mut rows = comfy_table::Table::new();
        rows.load_style(
            TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')),
        )
        .set_header(columns.iter().map(|it| it.name).collect::<Vec<_>>());
        for (column, it) in rows.column_iter_mut().zip(&columns) {
            // With the line between columns, two spaces.
            column.set_padding((1, 0));
            if it.is_number {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self { shown, rows }
    }

    /// Adds a row, with a cell for each column, also for those that are not shown.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        let cells = cells.into_iter().zip(&self.shown);
        let cells: Vec<String> = cells
            .filter_map(|(cell, shown)| shown.then_some(cell))
            .collect();
        self.rows.add_row(cells);
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.row_count()
    }

    /// Returns true if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Prints the table, or "none" if it has no rows.
    pub fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_empty() {
            return writeln!(out, "none");
        }
        writeln!(out, "{}", self.rows.trim_fmt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(room: Room) -> String {
        let columns = [
            number("uid"),
            text("hotkey"),
            text("coldkey").from(Room::Wide),
            number("paid TAO").only_if(room != Room::All),
        ];
        let mut table = Table::new(room, columns);
        table.row(["7", "hot", "cold", "1.5"].map(String::from));
        assert_eq!(table.len(), 1);
        let mut out = Vec::new();
        table.print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_without_rows_is_none() {
        let mut out = Vec::new();
        let table = Table::new(Room::Narrow, [number("uid"), text("hotkey")]);
        table.print(&mut out).unwrap();
        assert_eq!(out, b"none\n");
    }

    #[test]
    fn a_table_shows_the_columns_that_it_has_room_for() {
        let narrow = printed(Room::Narrow);
        assert!(
            !narrow.contains("cold") && narrow.contains("1.5"),
            "{narrow}"
        );
        let wide = printed(Room::Wide);
        assert!(wide.contains("coldkey") && wide.contains("paid"), "{wide}");
        let all = printed(Room::All);
        assert!(all.contains("cold") && !all.contains("paid"), "{all}");
    }
}
