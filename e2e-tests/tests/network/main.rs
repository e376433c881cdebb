//! Behaviour across contracts, grouped by the contract that a test is about.
//!
//! One test program, so that the contracts are deployed once and every test begins from a copy.
//! Dropping a [`Network`](inktensor_e2e_tests::Network) checks the protocol's invariants.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod adversary;
mod assertion;
mod attacks;
mod attacks_assertions;
mod attacks_pay;
mod attacks_registry;
mod attacks_stake;
mod bounds;
mod children;
mod clerk;
mod commit_reveal;
mod dispute;
mod economy;
mod emission;
mod epoch;
mod evidence_terms;
mod explain;
mod fees;
mod fronts;
mod genesis;
mod governance;
mod governance_attacks;
mod governance_machine;
mod governance_money;
mod governance_table;
mod harness;
mod keeper;
mod kernel_on_chain;
mod kernels;
mod limits_of_chains;
mod load;
mod mean;
mod one_block;
mod ordinary_node;
mod proposer;
mod registration;
mod registry;
mod reorg;
mod replay;
mod restart;
mod roles;
mod rollover;
mod root;
mod scenario;
mod serving;
mod settlement;
mod snapshots;
mod stake_moves;
mod staking;
mod state_machine;
mod subnets;
mod succession;
mod succession_played;
mod swap;
mod token;
mod verify;
mod votes;
mod watcher;
mod weights;
mod wiring;
mod worker;
