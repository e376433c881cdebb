//! The protocol `inktensor-1` between neurons: signed HTTP/1.1, whose answers are receipts.
//!
//! A question is signed by the caller's hotkey (RFC 9421 over RFC 9530, in one strict profile). An
//! answer is signed by the receiver's hotkey and covers the question's signature, so the pair shows
//! to anyone, years later and without a network, what was asked and what was answered.
//!
//! - [`Context`]: the chain, subnet, epoch and seats that a question is valid for
//! - [`SignedRequest`], [`SignedResponse`], [`Outcome`], [`Exchange`]: both halves of a receipt, as
//!   evidence stores them, with `verify`
//! - [`Server`], [`Service`], [`Roster`], [`Limits`]: the receiver, with every limit
//! - [`Mark`]: the newest question that was accepted, for the time after a restart
//! - [`Client`], [`Endpoint`]: the caller, to whom each address is hostile
//! - [`Identity`], [`Pin`]: TLS with a certificate that is pinned by its hash
//! - [`Blobs`], [`Mirror`]: files by their hash, served and fetched
//!
//! `docs/wire.md` is the specification.
#![forbid(unsafe_code)]

pub mod blobs;
pub mod client;
pub mod context;
pub mod fields;
pub mod media;
pub mod path;
pub mod receipt;
pub mod server;
pub mod signature;
#[cfg(test)]
mod testing;
pub mod tls;

pub use blobs::{BlobError, BlobLimits, Blobs, FetchError, Mirror, MirrorError, MirrorProblem};
pub use client::{AskError, Cause, Client, ClientLimits, Endpoint, Exchange, Transport};
pub use context::{home, Context};
pub use media::Media;
pub use path::{Path, PathError};
pub use receipt::{Content, Outcome, SignedRequest, SignedResponse, VerifyError};
pub use server::{
    Admitted, Caller, Counts, Guests, Limits, Mark, MarkError, Page, Response, Roster, Running,
    Server, ServerError, Service,
};
pub use signature::Hotkey;
pub use tls::{Identity, IdentityError, Pin};

/// The name of the protocol: the `tag` of every signature.
pub const TAG: &str = "inktensor-1";
/// The value of `Axon::protocol` of a neuron that speaks `inktensor-1`.
pub const PROTOCOL: u8 = 9;
/// The longest time between `created` and `expires` of a question, in seconds. It bounds the work
/// that a receiver owes, and is the most that a client waits.
pub const MAX_LIFETIME: u64 = 60;
/// Most bytes of a body of a question by default.
pub const MAX_QUESTION: usize = 64 * 1024;
/// Most bytes of a head, with its request line or status line.
pub const MAX_HEAD: usize = 16 * 1024;
