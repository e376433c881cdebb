//! A server over loopback: the weaknesses of other protocols, the order of checks, the bounds.

mod bounds;
mod fairness;
mod order;
mod pages;
mod restart;
mod weaknesses;
