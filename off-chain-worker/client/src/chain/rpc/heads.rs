//! The choice of a node by its best block.

/// Blocks that a node's best block may be away from the others'.
const AWAY: u32 = 5;

/// Returns the node to use, if it is another one than `in_use`. `heads` has the number of each
/// node's best block, `None` for a node that does not answer.
///
/// A node that stands still falls behind the others, and one that invents blocks is ahead of them.
/// Both are left for the first node near the middle of all. Of two nodes the higher one is right.
pub fn better(heads: &[Option<u32>], in_use: usize) -> Option<usize> {
    let mut known: Vec<u32> = heads.iter().flatten().copied().collect();
    known.sort_unstable();
    let middle = *known.get(known.len() / 2)?;
    let is_near = |head: &Option<u32>| head.is_some_and(|head| head.abs_diff(middle) <= AWAY);
    if heads.get(in_use).is_some_and(is_near) {
        return None;
    }
    heads.iter().position(is_near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(heads: &[u32], in_use: usize) -> Option<usize> {
        let heads: Vec<Option<u32>> = heads.iter().copied().map(Some).collect();
        better(&heads, in_use)
    }

    #[test]
    fn a_node_that_stands_still_is_left() {
        assert_eq!(choice(&[100, 105, 105], 0), None);
        assert_eq!(choice(&[100, 106, 106], 0), Some(1));
        assert_eq!(choice(&[100, 106], 0), Some(1));
        assert_eq!(choice(&[106, 100], 0), None);
    }

    #[test]
    fn a_node_that_invents_blocks_is_left() {
        assert_eq!(choice(&[1_000_000, 106, 105], 0), Some(1));
        assert_eq!(choice(&[106, 1_000_000, 105], 0), None);
    }

    #[test]
    fn nodes_without_an_answer_do_not_count() {
        assert_eq!(better(&[None, Some(7), None], 0), Some(1));
        assert_eq!(better(&[Some(3), None, None], 0), None);
        assert_eq!(better(&[None, None], 0), None);
        assert_eq!(choice(&[7], 0), None);
    }
}
