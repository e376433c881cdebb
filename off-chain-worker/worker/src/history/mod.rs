//! The events of an epoch.

pub mod assertion;
pub(crate) mod posted;
pub(crate) mod replay;
