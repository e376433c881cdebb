//! How much TAO comes into being per block.
//!
//! By what has been issued, not by time: one TAO per block until half of the cap is issued, then
//! half a TAO until half of what then remains is issued, and so on. The issuance before a block
//! decides the block's rate. Source: subtensor `coinbase/block_emission.rs`.

use inktensor_primitives::Rao;

/// Rao per block before the first halving.
const FIRST_RATE: u64 = Rao::PER_TAO;

/// Halvings after which the rate is below one rao, hence zero: `10^9 < 2^30`.
const HALVINGS: u32 = 30;

/// Halvings that have happened once `issued` rao exist, at most `HALVINGS`.
fn halvings(issued: Rao) -> u32 {
    (1..=HALVINGS)
        .take_while(|k| threshold(*k) <= issued.0)
        .last()
        .unwrap_or(0)
}

/// Least issuance after `k` halvings: `ceil(cap * (1 - 2^-k))`.
fn threshold(k: u32) -> u64 {
    Rao::CAP.0.saturating_sub(Rao::CAP.0 >> k)
}

/// Rao that the next block brings when `issued` rao exist: `floor(10^9 / 2^k)` after `k` halvings,
/// 0 at the cap.
pub fn per_block(issued: Rao) -> Rao {
    if issued >= Rao::CAP {
        return Rao::ZERO;
    }
    Rao(FIRST_RATE >> halvings(issued))
}

/// Rao that exist `blocks` blocks after `issued` did: never more than the cap, never less than
/// `issued`.
///
/// One round per halving inside the span: a rate holds until the first block that begins at or
/// above the next threshold.
pub fn issued_after(issued: Rao, blocks: u32) -> Rao {
    let mut issued = issued;
    let mut blocks = u64::from(blocks);
    while blocks > 0 {
        let rate = per_block(issued).0;
        let next = threshold(halvings(issued).saturating_add(1));
        let missing = next.saturating_sub(issued.0);
        // A rate of zero ends it: nothing will be issued any more.
        let Some(until_next) = missing
            .checked_add(rate.saturating_sub(1))
            .and_then(|up| up.checked_div(rate))
        else {
            break;
        };
        let taken = blocks.min(until_next);
        blocks = blocks.saturating_sub(taken);
        // At most `missing + rate`, so nothing saturates before the cap does.
        issued = Rao(issued.0.saturating_add(taken.saturating_mul(rate))).min(Rao::CAP);
    }
    issued
}

#[cfg(test)]
mod tests;
