//! Arithmetic and models with the same bits on every machine.
