//! Runs the incentive kernels of a subnet: engines, the trace of an epoch, proofs and test vectors.

pub mod engine;
pub mod epoch;
pub mod vectors;
