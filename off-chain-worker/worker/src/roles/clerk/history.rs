//! The blocks whose events the clerk has read.
//!
//! New blocks are read at once, and the last few of them again, because others may replace them.
//! After a start the clerk also reads backwards, page by page, as far as the chain keeps events.

use super::following::{Following, Sources};
use crate::history::kept_events;
use inktensor_client::chain::{ChainError, ChainRead};

/// Blocks that are read again, since others may replace them.
const OVERLAP: u32 = 16;
/// Blocks that are read backwards at once.
const STEP: u32 = 2_000;
/// Most blocks that are read backwards: seven days.
const FURTHEST: u32 = 50_400;

/// The blocks whose events were read.
#[derive(Debug, Default)]
pub struct History {
    /// First block of the next read.
    next: Option<u32>,
    /// First block that was read, as far as it matters.
    oldest: u32,
    /// Block down to which events are wanted.
    target: u32,
}

impl History {
    /// Reads the events since the last read up to `block`. The first read also fixes how far the
    /// clerk reads backwards: to `wanted`, if votes are counted then.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read_new(
        &mut self,
        chain: &dyn ChainRead,
        block: u32,
        wanted: Option<u32>,
        (following, sources): (&mut Following, &Sources),
    ) -> Result<(), ChainError> {
        let from = match self.next {
            Some(next) => next.saturating_sub(OVERLAP),
            None => {
                let from = block.saturating_sub(OVERLAP);
                self.oldest = from;
                self.target = target(block, wanted).min(from);
                from
            }
        };
        let (events, _) = kept_events(chain, from)?;
        following.forget_events_before(from);
        for event in &events {
            following.handle(sources, event);
        }
        self.next = Some(block.saturating_add(1));
        Ok(())
    }

    /// Reads one page of earlier events. Returns true if more are wanted.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read_old(
        &mut self,
        chain: &dyn ChainRead,
        (following, sources): (&mut Following, &Sources),
    ) -> Result<bool, ChainError> {
        if self.oldest <= self.target {
            return Ok(false);
        }
        let from = self.oldest.saturating_sub(STEP).max(self.target);
        let (events, since) = kept_events(chain, from)?;
        for event in events.iter().filter(|event| event.block < self.oldest) {
            following.handle(sources, event);
        }
        self.oldest = from;
        if since > from {
            // The chain has discarded what came before.
            self.target = from;
        }
        Ok(self.oldest > self.target)
    }
}

/// Returns the first block of interest to a clerk that starts at `block`.
fn target(block: u32, wanted: Option<u32>) -> u32 {
    wanted.map_or(block, |wanted| {
        wanted.max(block.saturating_sub(FURTHEST)).min(block)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clerk_reads_back_as_far_as_votes_need_and_at_most_seven_days() {
        assert_eq!(target(100_000, None), 100_000);
        assert_eq!(target(100_000, Some(93_600)), 93_600);
        assert_eq!(target(100_000, Some(7_200)), 49_600);
        assert_eq!(target(10, Some(0)), 0);
    }
}
