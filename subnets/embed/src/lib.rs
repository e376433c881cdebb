//! The subnet embed.
