//! The life of a subnet's epochs: open, closed, asserted, final. Knows no storage and no other contract.
//!
//! One epoch is open, collecting. The one before it may be closed and not yet final; it must become final before the
//! open one can close. So there is at most one closed epoch, and at most one assertion.

use inktensor_primitives::{
    epoch::{EpochError, Stage},
    AccountId, Digest, Rao,
};

/// Where a subnet's epochs stand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Life {
    /// The open epoch.
    pub open: u32,
    /// Block at which it opened.
    pub opened_at: u32,
    /// The epoch before it, while it is closed and not final.
    pub stage: Stage,
    /// Assertions of that epoch that were slashed.
    pub slashed: u32,
    /// The last final epoch.
    pub last: Option<FinalEpoch>,
}

/// What the next epochs need to know of a final one, besides its roster and memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct FinalEpoch {
    /// Its number.
    pub epoch: u32,
    /// Block at which it closed.
    pub closed_at: u64,
    /// Its hash, which the next header names.
    pub digest: Digest,
}

/// A bond that no longer stands behind an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Whose.
    pub proposer: AccountId,
    /// How much.
    pub bond: Rao,
}

impl Life {
    /// A subnet's life from its creation on: epoch 0 is open.
    pub fn new(created_at: u32) -> Self {
        Self {
            open: 0,
            opened_at: created_at,
            stage: Stage::Open,
            slashed: 0,
            last: None,
        }
    }

    /// First block at which the open epoch may close.
    ///
    /// # Errors
    /// `Overflow` beyond the last block there can be.
    pub fn closes_at(&self, tempo: u32) -> Result<u32, EpochError> {
        self.opened_at
            .checked_add(tempo)
            .ok_or(EpochError::Overflow)
    }

    /// Checks that the open epoch may close at `block`.
    ///
    /// # Errors
    /// `TempoNotOver`, `EpochUnfinished`.
    pub fn check_close(&self, block: u32, tempo: u32) -> Result<(), EpochError> {
        let first = self.closes_at(tempo)?;
        if block < first {
            return Err(EpochError::TempoNotOver(first));
        }
        match self.stage {
            Stage::Open => Ok(()),
            Stage::Closed | Stage::Asserted { .. } => Err(EpochError::EpochUnfinished),
        }
    }

    /// Starts the tempo of the open epoch anew.
    pub fn restart(&mut self, block: u32) {
        self.opened_at = block;
    }

    /// Closes the open epoch at `block` and opens the next. To be asked for by `check_close` before.
    ///
    /// # Errors
    /// `EpochUnfinished`, `Overflow`.
    pub fn close(&mut self, block: u32) -> Result<(), EpochError> {
        if self.stage != Stage::Open {
            return Err(EpochError::EpochUnfinished);
        }
        self.open = self.open.checked_add(1).ok_or(EpochError::Overflow)?;
        self.opened_at = block;
        self.stage = Stage::Closed;
        Ok(())
    }

    /// Checks that the closed epoch awaits an assertion.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`.
    pub fn check_propose(&self) -> Result<(), EpochError> {
        match self.stage {
            Stage::Open => Err(EpochError::NothingClosed),
            Stage::Closed => Ok(()),
            Stage::Asserted { .. } => Err(EpochError::AlreadyAsserted),
        }
    }

    /// Posts an assertion at `block`. It can be disputed before the block returned, and finalised from it on.
    ///
    /// # Errors
    /// `NothingClosed`, `AlreadyAsserted`, `Overflow`.
    pub fn propose(
        &mut self,
        block: u32,
        challenge_period: u32,
        assertion: Digest,
        proposer: AccountId,
        bond: Rao,
    ) -> Result<u32, EpochError> {
        self.check_propose()?;
        let deadline = block
            .checked_add(challenge_period)
            .ok_or(EpochError::Overflow)?;
        self.stage = Stage::Asserted {
            assertion,
            proposer,
            bond,
            deadline,
        };
        Ok(deadline)
    }

    /// Takes the assertion that hashes to `claimed` down at `block`, for being false: the epoch awaits an assertion again. Returns
    /// the bond that is lost.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengeOver` from the deadline on, `AssertionMismatch`.
    pub fn take_down(&mut self, block: u32, claimed: Digest) -> Result<Released, EpochError> {
        let Stage::Asserted {
            assertion,
            proposer,
            bond,
            deadline,
        } = self.stage
        else {
            return Err(EpochError::NotAsserted);
        };
        if block >= deadline {
            return Err(EpochError::ChallengeOver(deadline));
        }
        if claimed != assertion {
            return Err(EpochError::AssertionMismatch);
        }
        self.slashed = self.slashed.checked_add(1).ok_or(EpochError::Overflow)?;
        self.stage = Stage::Closed;
        Ok(Released { proposer, bond })
    }

    /// Makes the asserted epoch final at `block` and frees its proposer's bond.
    ///
    /// # Errors
    /// `NotAsserted`, `ChallengePeriod` before the deadline, `AssertionMismatch`.
    pub fn finalize(
        &mut self,
        block: u32,
        claimed: Digest,
        last: FinalEpoch,
    ) -> Result<Released, EpochError> {
        let Stage::Asserted {
            assertion,
            proposer,
            bond,
            deadline,
        } = self.stage
        else {
            return Err(EpochError::NotAsserted);
        };
        if block < deadline {
            return Err(EpochError::ChallengePeriod(deadline));
        }
        if claimed != assertion {
            return Err(EpochError::AssertionMismatch);
        }
        self.stage = Stage::Open;
        self.slashed = 0;
        self.last = Some(last);
        Ok(Released { proposer, bond })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEMPO: u32 = 10;
    const PERIOD: u32 = 5;
    const ASSERTION: Digest = [7; 32];
    const BOND: Rao = Rao(100);

    fn worker() -> AccountId {
        AccountId::from([1; 32])
    }

    fn last(epoch: u32) -> FinalEpoch {
        FinalEpoch {
            epoch,
            closed_at: 110,
            digest: [9; 32],
        }
    }

    fn asserted() -> Life {
        let mut life = Life::new(100);
        life.close(110).unwrap();
        assert_eq!(
            life.propose(112, PERIOD, ASSERTION, worker(), BOND),
            Ok(117)
        );
        life
    }

    #[test]
    fn closes_from_the_block_at_which_the_tempo_is_over() {
        let life = Life::new(100);
        assert_eq!(
            life.check_close(109, TEMPO),
            Err(EpochError::TempoNotOver(110))
        );
        assert_eq!(life.check_close(110, TEMPO), Ok(()));
    }

    #[test]
    fn the_next_epoch_opens_at_the_close() {
        let mut life = Life::new(100);
        life.close(115).unwrap();
        assert_eq!(
            (life.open, life.opened_at, &life.stage),
            (1, 115, &Stage::Closed)
        );
        assert_eq!(
            life.check_close(124, TEMPO),
            Err(EpochError::TempoNotOver(125))
        );
        assert_eq!(
            life.check_close(125, TEMPO),
            Err(EpochError::EpochUnfinished)
        );
    }

    #[test]
    fn an_empty_epoch_starts_anew_under_its_number() {
        let mut life = Life::new(100);
        life.restart(110);
        assert_eq!(life, Life::new(110));
    }

    #[test]
    fn one_assertion_at_most() {
        let mut open = Life::new(100);
        assert_eq!(
            open.propose(112, PERIOD, ASSERTION, worker(), BOND),
            Err(EpochError::NothingClosed)
        );
        let mut life = asserted();
        assert_eq!(
            life.propose(113, PERIOD, [8; 32], worker(), BOND),
            Err(EpochError::AlreadyAsserted)
        );
    }

    /// The boundary: disputable up to the block before the deadline, final from the deadline on.
    #[test]
    fn final_from_the_deadline_on() {
        let mut life = asserted();
        assert_eq!(
            life.finalize(116, ASSERTION, last(0)),
            Err(EpochError::ChallengePeriod(117))
        );
        assert_eq!(
            life.finalize(117, ASSERTION, last(0)),
            Ok(Released {
                proposer: worker(),
                bond: BOND
            })
        );
        assert_eq!(life.stage, Stage::Open);
        assert_eq!(life.last, Some(last(0)));
        assert_eq!(
            life.finalize(118, ASSERTION, last(0)),
            Err(EpochError::NotAsserted)
        );
    }

    #[test]
    fn only_what_was_posted_becomes_final() {
        let mut life = asserted();
        let before = life.clone();
        assert_eq!(
            life.finalize(117, [8; 32], last(0)),
            Err(EpochError::AssertionMismatch)
        );
        assert_eq!(life, before);
    }

    /// The other side of the same boundary.
    #[test]
    fn disputable_before_the_deadline() {
        let mut late = asserted();
        assert_eq!(
            late.take_down(117, ASSERTION),
            Err(EpochError::ChallengeOver(117))
        );
        assert_eq!(late, asserted());
        let mut life = asserted();
        assert_eq!(
            life.take_down(116, [8; 32]),
            Err(EpochError::AssertionMismatch)
        );
        assert_eq!(
            life.take_down(116, ASSERTION),
            Ok(Released {
                proposer: worker(),
                bond: BOND
            })
        );
        assert_eq!((&life.stage, life.slashed), (&Stage::Closed, 1));
        assert_eq!(life.take_down(116, ASSERTION), Err(EpochError::NotAsserted));
    }

    #[test]
    fn the_next_epoch_starts_with_no_assertion_slashed() {
        let mut life = asserted();
        life.take_down(113, ASSERTION).unwrap();
        life.propose(113, PERIOD, ASSERTION, worker(), BOND)
            .unwrap();
        life.finalize(118, ASSERTION, last(0)).unwrap();
        assert_eq!(life.slashed, 0);
    }

    #[derive(Clone, Debug)]
    enum Action {
        Wait(u32),
        Close,
        Restart,
        Propose(u8),
        TakeDown(u8),
        Finalize(u8),
    }

    fn action() -> impl Strategy<Value = Action> {
        prop_oneof![
            (0u32..20).prop_map(Action::Wait),
            Just(Action::Close),
            Just(Action::Restart),
            (0u8..3).prop_map(Action::Propose),
            (0u8..3).prop_map(Action::TakeDown),
            (0u8..3).prop_map(Action::Finalize),
        ]
    }

    proptest! {
        /// In any order of calls: an epoch becomes final once, in order, with what was posted, after its period;
        /// a refused call changes nothing; every bond taken is released or lost exactly once or still held.
        #[test]
        fn any_order_of_calls(actions in prop::collection::vec(action(), 0..80)) {
            let mut life = Life::new(0);
            let mut block = 0;
            let mut posted: Option<(u8, u32)> = None;
            let mut finals = Vec::new();
            let (mut taken, mut released) = (0u64, 0u64);
            for action in actions {
                let before = life.clone();
                match action {
                    Action::Wait(blocks) => block += blocks,
                    Action::Close => {
                        if life.check_close(block, TEMPO).is_ok() {
                            prop_assert!(block >= before.opened_at + TEMPO);
                            prop_assert_eq!(&before.stage, &Stage::Open);
                            life.close(block).unwrap();
                            prop_assert_eq!(life.open, before.open + 1);
                        } else {
                            prop_assert!(block < before.opened_at + TEMPO || before.stage != Stage::Open);
                        }
                    }
                    Action::Restart => {
                        if life.check_close(block, TEMPO).is_ok() {
                            life.restart(block);
                            prop_assert_eq!(life.open, before.open);
                        }
                    }
                    Action::Propose(claim) => {
                        let outcome = life.propose(block, PERIOD, [claim; 32], worker(), BOND);
                        if let Ok(deadline) = outcome {
                            prop_assert_eq!(before.stage, Stage::Closed);
                            prop_assert_eq!(deadline, block + PERIOD);
                            posted = Some((claim, block));
                            taken += BOND.0;
                        } else {
                            prop_assert_eq!(&life, &before);
                        }
                    }
                    Action::TakeDown(claim) => match life.take_down(block, [claim; 32]) {
                        Ok(lost) => {
                            let (was, at) = posted.take().unwrap();
                            prop_assert_eq!(was, claim);
                            prop_assert!(block < at + PERIOD);
                            prop_assert_eq!(life.slashed, before.slashed + 1);
                            released += lost.bond.0;
                        }
                        Err(_) => prop_assert_eq!(&life, &before),
                    },
                    Action::Finalize(claim) => {
                        let epoch = life.open.saturating_sub(1);
                        match life.finalize(block, [claim; 32], last(epoch)) {
                            Ok(free) => {
                                let (was, at) = posted.take().unwrap();
                                prop_assert_eq!(was, claim);
                                prop_assert!(block >= at + PERIOD);
                                released += free.bond.0;
                                finals.push(epoch);
                            }
                            Err(_) => prop_assert_eq!(&life, &before),
                        }
                    }
                }
                let held = if let Stage::Asserted { bond, .. } = life.stage { bond.0 } else { 0 };
                prop_assert_eq!(taken, released + held);
                let closed = u32::from(life.stage != Stage::Open);
                prop_assert_eq!(u32::try_from(finals.len()).unwrap() + closed, life.open);
            }
            prop_assert!(finals.iter().copied().eq(0..u32::try_from(finals.len()).unwrap()));
        }
    }
}
