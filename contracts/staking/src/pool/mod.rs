//! Pool: all stake on one hotkey on one subnet, owned by positions.
//!
//! - `vesting`: a pool and a position, with the deposits that have no shares yet
//! - `shares`: shares, deposits, withdrawals, rewards
//! - `cell`: storage form of a pool, with its matured stake by epoch
//! - `slots`: vested deposits in that cell
//! - `mul_div`: exact products and quotients

mod cell;
mod mul_div;
mod shares;
mod slots;
mod vesting;

pub use self::{
    cell::PoolCell,
    shares::SharePool,
    slots::Slots,
    vesting::{Pool, Position, Vested, Withdrawn},
};
