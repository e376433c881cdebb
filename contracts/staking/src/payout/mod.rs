//! Payout: the pay of an epoch becomes stake, and dividends of root stake.
//!
//! - `distribute`: a chunk of payments, credited one by one
//! - `split`: the parts of one payment

mod distribute;
mod split;

pub use self::distribute::{Credited, Distribution};
