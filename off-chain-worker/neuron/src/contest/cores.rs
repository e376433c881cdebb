//! Losses on all cores: the rows are shared out, and the bits are those of one core.

use crate::threads::{cores, in_order};
use inktensor_contest::{HeldOut, Model, ROWS};
use inktensor_task::{Contest, Loss, NoLoss, Seed};

/// Rows of a part that one core computes: few enough that all cores end at about the same time.
const PART: usize = 8;

/// A contest whose losses are computed on all cores.
#[derive(Clone, Copy, Debug)]
pub struct OnCores<'a>(pub &'a HeldOut);

impl Contest for OnCores<'_> {
    type Entry = Model;

    const NAME: &'static str = HeldOut::NAME;

    const UNIT: &'static str = HeldOut::UNIT;

    fn losses(&self, entry: &Model, seed: &Seed) -> Result<Vec<Loss>, NoLoss> {
        let rows = self.0.rows(seed);
        let size = self.0.row().saturating_mul(PART).max(1);
        let parts: Vec<&[u8]> = rows.chunks(size).collect();
        let losses = in_order(&parts, cores(), |part| self.0.row_losses(entry, part));
        let mut all = Vec::with_capacity(ROWS.into());
        for part in losses {
            all.extend(part?);
        }
        Ok(all)
    }
}
