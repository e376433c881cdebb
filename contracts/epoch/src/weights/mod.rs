//! Weights: the canonical form, pages, commits, and the rules for setting weights.
//!
//! A closed epoch's rows stay readable while the next epoch writes. A row has a head, and up to 16
//! page cells of 256 uids each. Heads are epoch-versioned. Page cells are not: a row has two slots,
//! and the first write of an epoch goes to the slot that the epoch before does not read.
//!
//! The heads of 64 validators are one cell, with the blocks of their last commits. So setting
//! weights on a subnet of 256 neurons reads one cell of weights and writes two.

mod canonical;
mod commits;
mod page;
mod permission;
mod row_head;
mod store;

pub use canonical::canonical;
pub use commits::{reveals_in, Commit, CommitStore, Queue};
pub use page::RowPage;
pub use permission::{check_evidence, check_rate, check_stake, row, Facts, Way, WeightsUpdate};
#[cfg(test)]
pub use row_head::rewrite;
pub use row_head::{RowHead, RowRef};
pub use store::{HeadPage, LastCommit, RowCell, RowStore, RowWriter};
