//! Weights: made canonical, cut into pages, kept so that a closed epoch's rows stay readable while
//! the next epoch writes.
//!
//! A row has a head, and up to 64 page cells of 64 uids each. Heads are epoch-versioned. Page cells
//! are not: a row has two slots, and the first write of an epoch goes to the slot that the epoch
//! before does not read.

mod canonical;
mod commits;
mod head;
mod page;
mod rules;
mod store;

pub use canonical::canonical;
pub use commits::{reveals_in, Commit, CommitStore, Queue};
#[cfg(test)]
pub use head::rewrite;
pub use head::{RowHead, RowRef};
pub use page::RowPage;
pub use rules::{check_rate, check_stake, row, Ballot, Facts, Way};
pub use store::{HeadPage, RowStore, RowWriter};
