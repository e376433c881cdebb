//! What somebody may try.

use super::{Claim, Evidence};
use inktensor_primitives::registry::Hyperparameter;
use std::fmt;

/// Where stake is on no subnet, for actions of stakers.
pub const ROOT: usize = usize::MAX;

/// One thing that somebody tries. Subnets, workers and people are counted from 0.
#[derive(Clone, Debug)]
pub enum Action {
    /// Blocks pass in which nobody else does anything.
    Wait(Until),
    /// Whatever the epoch's life asks for next is done honestly.
    Live(usize),
    /// A worker closes the open epoch.
    Close(usize, u32),
    /// A worker posts an assertion.
    Propose(usize, u32, Claim),
    /// A worker disputes what stands.
    Dispute(usize, u32, Evidence),
    /// A worker makes final what stands, or tries to with another assertion.
    Finalize(usize, u32, Which),
    /// A worker settles a chunk of the epoch this many after the last final one, with the results
    /// that are due or with others.
    Settle(usize, u32, i8, u16, Which),
    /// A worker has the chain execute so many steps, and gives this for the memory that they read.
    Replay(usize, u32, u32, Given),
    /// A worker gives the closed epoch up.
    RollOver(usize, u32),
    /// A worker adds to its collateral, in rao.
    Deposit(u32, u64),
    /// A worker takes free collateral back, in rao.
    Withdraw(u32, u64),
    /// A worker is given TAO, in rao.
    Fund(u32, u64),
    /// A person registers its hotkey.
    Register(usize, u32),
    /// A person (the second) stakes on another's hotkey (the first), in rao.
    Stake(usize, u32, u32, u64),
    /// It takes some of it back, in rao.
    Unstake(usize, u32, u32, u64),
    /// It takes all of it back.
    UnstakeAll(usize, u32, u32),
    /// A person moves its stake on a hotkey (the first) to another (the second), from one subnet
    /// to another, in rao; all of it if that is nothing.
    Move(usize, u32, usize, u32, u32, u64),
    /// A person gives its stake on a hotkey to another person (the last), in rao; all of it if
    /// that is nothing.
    Give(usize, u32, u32, u32, u64),
    /// A person (the second) claims what its root stake on another's hotkey (the first) has
    /// earned.
    ClaimRoot(u32, u32),
    /// A person gives parts of its hotkey's stake to other people's hotkeys, or its own again.
    Children(usize, u32, Vec<(u32, u64)>),
    /// A person lets another's hotkey (the second) have its own as a child, or no longer.
    Parent(usize, u32, u32, bool),
    /// A person takes its stake back from so many places.
    UnstakeEverywhere(u32, u16),
    /// A person sets its take, in basis points.
    Take(u32, u16),
    /// A person's hotkey sets weights.
    Weights(usize, u32, Vec<(u16, u16)>),
    /// A person's hotkey commits to weights for the open epoch, or for another.
    Commit(usize, u32, Vec<(u16, u16)>, Which),
    /// Somebody reveals weights of a person's hotkey.
    Reveal(usize, u32, Vec<(u16, u16)>),
    /// A person's hotkey shows where it answers, at this port.
    Serve(usize, u32, u16),
    /// It shows nothing any more.
    Hide(usize, u32),
    /// The owner offers a subnet to a person.
    Offer(usize, u32),
    /// A person accepts a subnet.
    Accept(usize, u32),
    /// Anyone spreads a retired subnet's share.
    Release(usize),
    /// The admin sets a hyperparameter.
    Rule(usize, Hyperparameter),
    /// The owner sets a hyperparameter.
    Set(usize, Hyperparameter),
    /// A person burns TAO, in rao.
    Burn(u32, u64),
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// For so many blocks.
    Blocks(u32),
    /// To the block at which the next call on a subnet is due.
    Due(usize),
    /// To the block before.
    AlmostDue(usize),
}

/// Which assertion or results somebody comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one that is called for.
    Due,
    /// Another, of the same shape.
    Other,
}

/// What a replay is given for the memory that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// What the last final epoch left.
    Right,
    /// The same with a byte more.
    Torn,
    /// One entry too few.
    TooFew,
    /// One entry too many.
    TooMany,
}

impl Given {
    /// What is given instead of the right `memory`.
    pub fn of(self, mut memory: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        match self {
            Given::Right => {}
            Given::Torn => {
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

/// Prints on one line, also within a list that is printed with a line for each item.
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
    fn a_story_prints_one_action_per_line() {
        let story = vec![
            Line(Action::Wait(Until::Due(1))),
            Line(Action::Propose(0, 2, Claim::Lie(Lie::Step(3)))),
        ];
        assert_eq!(
            format!("{story:#?}"),
            "[\n    Wait(Due(1)),\n    Propose(0, 2, Lie(Step(3))),\n]"
        );
    }
}
