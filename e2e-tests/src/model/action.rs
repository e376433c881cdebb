//! The actions that accounts try.

use super::{Claim, Evidence};
use inktensor_primitives::registry::Hyperparameter;
use std::fmt;

/// The index that stands for root, in actions on stake.
pub const ROOT: usize = usize::MAX;

/// One thing that an account tries. Subnets, workers and stakers ("persons") are counted from 0.
#[derive(Clone, Debug)]
pub enum Action {
    /// Empty blocks are made.
    Wait(Until),
    /// The first worker makes the next due call honestly.
    Next(usize),
    /// A worker closes the open epoch.
    Close(usize, u32),
    /// A worker posts an assertion.
    Propose(usize, u32, Claim),
    /// A worker disputes one of the assertions that stand, by its place. Places wrap around.
    Dispute(usize, u32, usize, Evidence),
    /// A worker finalizes with the first assertion that stands or another one.
    Finalize(usize, u32, Which),
    /// Finalizes the assertion that is due and settles its first chunk, with its results or others.
    Finish(usize, u32, Which),
    /// A worker settles a chunk with the due results or others. The first number is the distance
    /// from the last final epoch, the second the chunk.
    Settle(usize, u32, i8, u16, Which),
    /// A worker replays a number of steps with a memory argument.
    Replay(usize, u32, u32, Given),
    /// A worker rolls the closed epoch over.
    RollOver(usize, u32),
    /// A worker deposits collateral, in rao.
    Deposit(u32, u64),
    /// A worker withdraws free collateral, in rao.
    Withdraw(u32, u64),
    /// A worker receives TAO, in rao.
    Fund(u32, u64),
    /// A person registers its hotkey.
    Register(usize, u32),
    /// A person (the second) stakes on another's hotkey (the first), in rao.
    Stake(usize, u32, u32, u64),
    /// That person removes stake, in rao.
    Unstake(usize, u32, u32, u64),
    /// That person removes all stake.
    UnstakeAll(usize, u32, u32),
    /// A person moves stake from a hotkey (the first) to another (the second), from one subnet to
    /// another, in rao. 0 stands for all.
    Move(usize, u32, usize, u32, u32, u64),
    /// A person transfers stake on a hotkey to another person (the last), in rao. 0 stands for
    /// all.
    Give(usize, u32, u32, u32, u64),
    /// A person (the second) claims the dividends of root stake on another's hotkey (the first).
    ClaimRoot(u32, u32),
    /// A person sets the children of its hotkey.
    Children(usize, u32, Vec<(u32, u64)>),
    /// A person allows or forbids another's hotkey (the second) as a parent of its own.
    Parent(usize, u32, u32, bool),
    /// A person removes its stake from a number of positions.
    UnstakeEverywhere(u32, u16),
    /// A person sets its take, in basis points.
    Take(u32, u16),
    /// A person's hotkey sets weights.
    Weights(usize, u32, Vec<(u16, u16)>),
    /// A person's hotkey commits to weights of the open epoch or another one.
    Commit(usize, u32, Vec<(u16, u16)>, Which),
    /// A stranger reveals weights of a person's hotkey.
    Reveal(usize, u32, Vec<(u16, u16)>),
    /// A person's hotkey publishes an endpoint with this port.
    Serve(usize, u32, u16),
    /// That hotkey stops serving.
    StopServing(usize, u32),
    /// The owner offers a subnet to a person.
    Offer(usize, u32),
    /// A person accepts a subnet.
    Accept(usize, u32),
    /// A stranger releases a retired subnet's share.
    Release(usize),
    /// The admin sets a hyperparameter.
    Rule(usize, Hyperparameter),
    /// The owner sets a hyperparameter.
    Set(usize, Hyperparameter),
    /// A person burns TAO, in rao.
    Burn(u32, u64),
}

/// The end of a wait.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// A number of blocks.
    Blocks(u32),
    /// The block at which the next call on a subnet is due.
    Due(usize),
    /// The block before.
    AlmostDue(usize),
}

/// The choice of an assertion, results or an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The due one.
    Due,
    /// Another one of the same shape.
    Other,
}

/// The memory argument of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// The carry-over state of the last final epoch.
    Right,
    /// The same with an extra byte.
    Altered,
    /// One entry too few.
    TooFew,
    /// One entry too many.
    TooMany,
}

impl Given {
    /// Returns the argument made from the right `memory`.
    pub fn of(self, mut memory: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        match self {
            Given::Right => {}
            Given::Altered => {
                if let Some(bytes) = memory.last_mut() {
                    bytes.push(0);
                }
            }
            Given::TooFew => {
                memory.pop();
            }
            Given::TooMany => memory.push(Vec::new()),
        }
        memory
    }
}

/// A value that prints on one line, also in a list with a line for each item.
#[derive(Clone)]
pub struct Line<T>(pub T);

impl<T: fmt::Debug> fmt::Debug for Line<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Lie;

    #[test]
    fn list_prints_one_action_per_line() {
        let actions = vec![
            Line(Action::Wait(Until::Due(1))),
            Line(Action::Propose(0, 2, Claim::Lie(Lie::Step(3)))),
        ];
        assert_eq!(
            format!("{actions:#?}"),
            "[\n    Wait(Due(1)),\n    Propose(0, 2, Lie(Step(3))),\n]"
        );
    }
}
