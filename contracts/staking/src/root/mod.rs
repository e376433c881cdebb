//! Root: stake on netuid 0, which counts on every subnet.
//!
//! - `account`: root stake of hotkeys, with its history, takes, and claims on dividends
//! - `stream`: dividends, paid to root stake block by block

mod account;
mod stream;

pub use self::account::{ClaimKey, Root, RootAccount, Settled};
