//! The wire protocol between neurons.
