//! The lag of a subnet, for monitoring.

use inktensor_primitives::epoch::{EpochStatus, Stage};

/// The progress of a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubnetLag {
    /// The open epoch.
    pub open: u32,
    /// The last final epoch.
    pub final_epoch: Option<u32>,
    /// Blocks for which the next step has been due; 0 if no step is due.
    pub lag: u32,
}

impl SubnetLag {
    /// Computes the progress at `block`.
    pub fn at(status: &EpochStatus, block: u32) -> Self {
        Self {
            open: status.open,
            final_epoch: status.final_epoch,
            lag: block.saturating_sub(due_since(status)),
        }
    }
}

/// Returns the first block at which the next step can be taken. Settling comes first, as in a
/// keeper.
fn due_since(status: &EpochStatus) -> u32 {
    if let Some(settling) = status.settling.as_ref().filter(|it| !it.is_complete()) {
        return settling.final_at;
    }
    match &status.stage {
        Stage::Open => status.closes_at,
        // The open epoch opened when the closed one, which is to be posted, closed.
        Stage::Closed => status.opened_at,
        Stage::Asserted(standing) => standing
            .first()
            .map_or(status.opened_at, |first| first.deadline),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use inktensor_primitives::{
        epoch::{PostedAssertion, Settlement},
        Rao,
    };

    fn status(stage: Stage) -> EpochStatus {
        EpochStatus {
            open: 4,
            opened_at: 100,
            closes_at: 150,
            stage,
            final_epoch: Some(2),
            replayed: 0,
            settling: None,
            replays_at: Some(130),
            rolls_over_at: None,
        }
    }

    #[test]
    fn the_lag_counts_from_the_block_at_which_the_next_step_could_be_taken() {
        let lag = |status: &EpochStatus, block| SubnetLag::at(status, block).lag;
        let open = status(Stage::Open);
        assert_eq!(
            (lag(&open, 149), lag(&open, 150), lag(&open, 157)),
            (0, 0, 7)
        );
        assert_eq!(lag(&status(Stage::Closed), 105), 5);
        let posted = |deadline| PostedAssertion {
            assertion: [1; 32],
            proposer: [2; 32].into(),
            collateral: Rao(1),
            deadline,
        };
        let asserted = status(Stage::Asserted(vec![posted(120), posted(122)]));
        assert_eq!((lag(&asserted, 119), lag(&asserted, 123)), (0, 3));
    }

    #[test]
    fn pay_that_is_due_comes_before_the_next_close() {
        let settlement = |settled| Settlement {
            epoch: 2,
            neurons: 130,
            chunk: 64,
            final_at: 110,
            settled: vec![settled],
            partly: Vec::new(),
            budget: Rao(9),
            paid: Rao(0),
            owner: [3; 32].into(),
            owner_hotkey: [4; 32].into(),
            fee: Rao(0),
        };
        let mut status = status(Stage::Open);
        status.settling = Some(settlement(0b011));
        assert_eq!(SubnetLag::at(&status, 115).lag, 5);
        status.settling = Some(settlement(0b111));
        assert_eq!(SubnetLag::at(&status, 115).lag, 0);
    }
}
