//! Neurons that break the protocol: they speak it by the library, and not by the stock binary.

mod copier;
mod favourer;
mod liar;
mod relay;
mod signer;
mod trainer;

pub use copier::Copier;
pub use favourer::Favourer;
pub use liar::{Liar, Lie, Scene};
pub use relay::Relay;
pub use signer::Signer;
pub use trainer::{Forger, Forgery};
