//! The halving curve, block by block: the reference for the emission contract's closed form.

use inktensor_primitives::Rao;

/// Returns the rao that one block issues after `issued`.
pub fn per_block(issued: Rao) -> Rao {
    let cap = Rao::CAP.0;
    if issued.0 >= cap {
        return Rao::ZERO;
    }
    // The k-th halving is at cap * (1 - 2^-k), rounded up.
    let halvings = (1..64).take_while(|k| issued.0 >= cap - (cap >> k)).count();
    Rao((Rao::PER_TAO >> halvings).min(cap - issued.0))
}

/// Returns the rao issued after `blocks` more blocks, beginning with `issued`.
pub fn issue(issued: Rao, blocks: u32) -> Rao {
    (0..blocks).fold(issued, |issued, _| Rao(issued.0 + per_block(issued).0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_halves_at_half_of_what_remains() {
        assert_eq!(per_block(Rao(0)), Rao(1_000_000_000));
        assert_eq!(per_block(Rao::from_tao(10_500_000)), Rao(500_000_000));
        assert_eq!(
            per_block(Rao(Rao::from_tao(10_500_000).0 - 1)),
            Rao(1_000_000_000)
        );
        assert_eq!(per_block(Rao::from_tao(15_750_000)), Rao(250_000_000));
        assert_eq!(per_block(Rao::CAP), Rao::ZERO);
    }

    #[test]
    fn issue_crosses_a_halving_inside_a_span() {
        let start = Rao(Rao::from_tao(10_500_000).0 - 2_000_000_000);
        assert_eq!(
            issue(start, 4),
            Rao(Rao::from_tao(10_500_000).0 + 1_000_000_000)
        );
    }
}
