//! Values that the tests of several crates begin with. No program depends on this crate.
//!
//! A test changes the fields that it is about: `EpochHeader { neurons: 4, ..header() }`.

use inktensor_primitives::{
    kernel::{Budget, EpochHeader},
    NetUid, Rao,
};

/// Returns the header of a closed epoch: epoch 8 of subnet 3, with one neuron, one permit, an empty
/// roster, no final epoch before it and nothing to pay.
pub fn header() -> EpochHeader {
    EpochHeader {
        contract: [1; 32].into(),
        netuid: NetUid(3),
        epoch: 8,
        final_epoch: None,
        opened_at: 0,
        closed_at: 10,
        previous_close: 0,
        tempo: 10,
        neurons: 1,
        kernel: [2; 32].into(),
        kernel_code: [0; 32],
        params: Vec::new(),
        max_validators: 1,
        owner_uid: None,
        budget: Budget::Combined(Rao(0)),
        roster: Vec::new(),
        previous: [0; 32],
    }
}
