//! The halving curve: TAO issued per block.
//!
//! The rate depends on issued TAO, not on time. It is one TAO per block until half of the cap is
//! issued, then half a TAO until half of the rest is issued, and so on. Issuance before a block
//! decides the block's rate. Source: subtensor `coinbase/block_emission.rs`.

use inktensor_primitives::Rao;

/// Rao per block before the first halving.
const FIRST_RATE: u64 = Rao::PER_TAO;

/// Halvings after which the rate is below one rao, hence zero: `10^9 < 2^30`.
const HALVINGS: u32 = 30;

/// Returns the number of halvings at `issued` rao, at most `HALVINGS`.
fn halvings(issued: Rao) -> u32 {
    (1..=HALVINGS)
        .take_while(|k| threshold(*k) <= issued.0)
        .last()
        .unwrap_or(0)
}

/// Returns the least issuance after `k` halvings: `ceil(cap * (1 - 2^-k))`.
fn threshold(k: u32) -> u64 {
    Rao::CAP.0.saturating_sub(Rao::CAP.0 >> k)
}

/// Returns the rao that the next block issues at `issued` rao: `floor(10^9 / 2^k)` after `k`
/// halvings, 0 at the cap.
pub fn per_block(issued: Rao) -> Rao {
    if issued >= Rao::CAP {
        return Rao::ZERO;
    }
    Rao(FIRST_RATE >> halvings(issued))
}

/// Returns the issuance `blocks` blocks after `issued`: at most the cap, at least `issued`.
///
/// The loop has one round per halving inside the span. A rate holds until the first block that
/// starts at or above the next threshold.
pub fn issued_after(issued: Rao, blocks: u32) -> Rao {
    let mut issued = issued;
    let mut blocks = u64::from(blocks);
    while blocks > 0 {
        let rate = per_block(issued).0;
        let next = threshold(halvings(issued).saturating_add(1));
        let missing = next.saturating_sub(issued.0);
        // At a rate of zero no more TAO is ever issued.
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
