//! Payout: the dividends of an epoch become stake, and dividends of root stake.
//!
//! - `distribute`: a chunk of dividends, credited one by one
//! - `hand_on`: what children have earned for parents, credited to the parents
//! - `collect`: pay that owners collect, as stake
//! - `split`: the parts of a hotkey's dividends

mod collect;
mod distribute;
mod hand_on;
mod split;

pub use self::{
    collect::stake_pay,
    distribute::Distribution,
    hand_on::{hand_on, HandedOver},
    split::Tally,
};

#[cfg(test)]
mod sequences;
#[cfg(test)]
mod tests;
