//! Stake: what each coldkey has on each hotkey of each subnet, and on root.
//!
//! - `positions`: positions, pools and sums in storage, and every change of a position
//! - `sums`: each subnet's epochs and sum in storage
//! - `transfers`: stake added, removed and moved, by the rules of staking
//! - `hotkeys`: the cells of a hotkey that decide its weight and its dividends
//! - `views`: pages of positions
//! - `subnets`: rules of a subnet's epochs and sum
//! - `index`: positions by coldkey and by hotkey

mod hotkeys;
mod index;
mod positions;
mod subnets;
mod sums;
mod transfers;
mod views;

pub use self::{
    hotkeys::{HotkeyCells, HOTKEY_READS, MOST_REWARD_WRITES},
    index::{List, PositionKey},
    positions::Stake,
    subnets::{EpochClock, OwnStake},
    sums::OpenSubnet,
    transfers::{least_remainder, Deposit, Moved, Removed, MIN_STAKE},
};

#[cfg(test)]
mod sequences;
#[cfg(test)]
mod tests;
