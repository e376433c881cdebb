//! The subnet `train`: miners train one model together, and each is paid for steps that anyone can
//! run again, bit for bit.
//!
//! Pure rules without clock, network or chance. `docs/train.md` is the specification. In the order
//! of an epoch:
//!
//! - [`Train`], [`State`], [`Recipe`], [`Corpus`]: the fold `train/1` and its state
//! - [`Epoch`], [`Work`], [`Trace`]: a miner's steps, and its pledge before anyone shows work
//! - [`probes`], [`Answer`], [`judge`], [`examine`]: a validator runs drawn steps again
//! - [`FraudProof`]: one step that convinces everyone
//! - [`Record`]: worth of an epoch, and the bar after a failed probe
//! - [`candidates`], [`Vote`], [`members`]: the miners whose ends make the next state
//! - [`Join`], [`Guard`]: the next state, and the guard of the model
//! - [`voted_start`]: the state with which an epoch began, by the word of most stake
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod corpus;
mod error;
mod examine;
mod file;
mod guard;
mod join;
mod members;
mod probe;
mod proof;
mod state;
#[cfg(test)]
mod toy;
mod trace;
mod train;
mod verdict;
mod work;
mod worth;

pub use corpus::{Corpus, CORPUS_LIMIT};
pub use error::TrainError;
pub use examine::{examine, Examined, Failure};
pub use file::FileError;
pub use guard::{Guard, WORSE_PART};
pub use join::{Join, JoinError};
pub use members::{
    candidates, members, most_named_start, voted_start, Ballot, Member, Vote, Voter, BALLOT_BYTES,
    MEMBERS_LIMIT,
};
pub use probe::{probed, probes, Answer, Opening, ANSWER_OVERHEAD};
pub use proof::FraudProof;
pub use state::{Recipe, State, STATE_LIMIT};
pub use trace::Trace;
pub use train::{Joining, Train, MEASURED_ROWS};
pub use verdict::{judge, Fraud, Place, Unfit, Verdict};
pub use work::{Epoch, Void, Work};
pub use worth::{worth_of, Record, BARRED_EPOCHS};
