//! Payout: the pay of an epoch becomes stake, and dividends of root stake.
//!
//! - `distribute`: a chunk of payments, credited one by one
//! - `hand_on`: what children have earned for parents, credited to the parents
//! - `split`: the parts of one payment

mod distribute;
mod hand_on;
mod split;

pub use self::{
    distribute::Distribution,
    hand_on::{hand_on, HandedOver},
};
