//! The canonical form of a row: one weight per uid, zero where none is set, the largest 65535.

use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{epoch::EpochError, Uid};

/// Returns the row that gives `weights[i]` to `uids[i]`, as one weight for each of `neurons` uids,
/// max-upscaled.
///
/// # Errors
/// `LengthMismatch`, `UnknownUid`, `DuplicateUid`, in this order; of several bad uids, the first in
/// `uids`.
pub fn canonical(neurons: u16, uids: &[Uid], weights: &[u16]) -> Result<Vec<u16>, EpochError> {
    if uids.len() != weights.len() {
        let count = |items: usize| u32::try_from(items).unwrap_or(u32::MAX);
        return Err(EpochError::LengthMismatch(
            count(uids.len()),
            count(weights.len()),
        ));
    }
    let mut row = vec![0; usize::from(neurons)];
    let mut given = vec![false; usize::from(neurons)];
    for (&uid, &weight) in uids.iter().zip(weights) {
        let at = usize::from(uid.0);
        let (Some(place), Some(seen)) = (row.get_mut(at), given.get_mut(at)) else {
            return Err(EpochError::UnknownUid(uid, neurons));
        };
        if core::mem::replace(seen, true) {
            return Err(EpochError::DuplicateUid(uid));
        }
        *place = weight;
    }
    max_upscale(&mut row);
    Ok(row)
}

/// Scales `weights` so that the largest becomes 65535. All zero stays all zero; nothing else
/// becomes zero.
///
/// Rounds to the nearest, ties up, after a product and a quotient in Q32 that round down. Above
/// 32768 the quotient comes first, since a product with 65535 would leave the reference's 32
/// integer bits; the last unit depends on it. Source: subtensor-reference.md 1.4,
/// `vec_max_upscale_to_u16`.
fn max_upscale(weights: &mut [u16]) {
    /// 65535 in Q32.
    const FULL: u64 = 65_535 << 32;
    let max = u64::from(weights.iter().copied().max().unwrap_or_default());
    // No quotient: all weights are zero.
    let Some(factor) = FULL.checked_div(max) else {
        return;
    };
    for weight in weights {
        let given = u64::from(*weight);
        let scaled = if max > 32_768 {
            // Below 2^16 * 2^33.
            given.saturating_mul(factor)
        } else {
            // Below 2^15 * 2^16 * 2^32.
            given
                .saturating_mul(FULL)
                .checked_div(max)
                .unwrap_or_default()
        };
        let rounded = scaled.saturating_add(1 << 31) >> 32;
        *weight = u16::try_from(rounded).unwrap_or(u16::MAX);
    }
}

#[cfg(test)]
mod tests;
