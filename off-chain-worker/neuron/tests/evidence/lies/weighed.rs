//! Check 5: lies about averages and weights.

use super::*;

pub fn another_root_before(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.evidence.head.before = Some(digest(rng));
    it.pledge();
    Some(Expected::exactly(Falsehood::Before))
}

/// The validator begins with empty averages, although it has pledged before.
pub fn evidence_before_denied(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.before.take()?;
    it.evidence.head.before = None;
    it.conclude();
    Some(Expected::exactly(Falsehood::Before))
}

/// The validator once pledged another one's evidence, and continues from its averages.
pub fn evidence_before_of_another_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let other = newcomer(rng, 0, &mut it.keys);
    let change: fn(&mut Evidence, _) = match rng.below(3) {
        0 => |before, other| before.head.validator = other,
        1 => |before, _| before.head.home[0] ^= 1,
        _ => |before, _| before.head.epoch += 1,
    };
    let before = it.before.as_mut()?;
    change(before, other);
    let root = before.root();
    it.facts.before.as_mut()?.root = root;
    it.evidence.head.before = Some(root);
    it.pledge();
    Some(Expected::exactly(Falsehood::Before))
}

pub fn friend_averaged_higher(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = rng.index(it.evidence.standings.len());
    let standing = it.evidence.standings.get_mut(index)?;
    let (uid, found) = (standing.uid, standing.average);
    let given = Worth(within(rng, 0, 65_535) as u16);
    if given == found {
        return None;
    }
    standing.average = given;
    it.weigh();
    let (given, found) = (Some(given), Some(found));
    Some(Expected::exactly(Falsehood::Average { uid, given, found }))
}

pub fn miner_left_out_of_averages(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = rng.index(it.evidence.standings.len());
    it.evidence.standings.get(index)?;
    let Standing { uid, average, .. } = it.evidence.standings.remove(index);
    it.weigh();
    let found = Some(average);
    Some(Expected::exactly(Falsehood::Average {
        uid,
        given: None,
        found,
    }))
}

pub fn stranger_averaged(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let average = Worth(within(rng, 1, 65_535) as u16);
    let uid = Uid(60_001);
    it.evidence.standings.push(Standing {
        uid,
        generation: 1,
        average,
        failed: None,
    });
    it.weigh();
    let given = Some(average);
    Some(Expected::exactly(Falsehood::Average {
        uid,
        given,
        found: None,
    }))
}

pub fn averages_reordered(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    let [first, .., last] = it.evidence.standings.as_mut_slice() else {
        return None;
    };
    std::mem::swap(first, last);
    let (uid, found) = (last.uid, Some(last.average));
    it.pledge();
    Some(Expected::exactly(Falsehood::Average {
        uid,
        given: None,
        found,
    }))
}

pub fn friend_weighed_higher(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let index = rng.index(it.facts.miners.len());
    let uid = it.facts.miners.get(index)?.uid;
    let weights = &mut it.evidence.weights;
    let found = weights.iter().find(|it| it.0 == uid).map_or(0, |it| it.1);
    let given = rng.below(65_536) as u16;
    if given == found {
        return None;
    }
    weights.retain(|it| it.0 != uid);
    weights.push((uid, given));
    weights.sort_unstable();
    it.settle();
    Some(Expected::exactly(Falsehood::Weight { uid, given, found }))
}

pub fn weights_reordered(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    if it.evidence.weights.len() < 2 {
        return None;
    }
    it.evidence.weights.reverse();
    it.settle();
    Some(Expected::like(|found| {
        matches!(found, Falsehood::Weight { .. })
    }))
}

/// Honest evidence, and other weights on the chain.
pub fn weights_copied(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let mut averages = scoring_averages(it)?;
    for standing in &mut averages {
        standing.average = Worth(within(rng, 0, 65_535) as u16);
    }
    let copied = scoring::weights(&averages);
    let given = it.evidence.weights.clone();
    if copied == given {
        return None;
    }
    it.facts.weights = ChainWeights::Row(copied.clone());
    Some(Expected::like(move |found| match found {
        Falsehood::ChainWeight {
            uid,
            given: own,
            chain,
        } => {
            let of = |row: &[(Uid, u16)]| row.iter().find(|it| it.0 == *uid).map_or(0, |it| it.1);
            own != chain && *own == of(&given) && *chain == of(&copied)
        }
        _ => false,
    }))
}

fn scoring_averages(it: &Network) -> Option<Vec<Standing>> {
    (!it.evidence.standings.is_empty()).then(|| it.evidence.standings.clone())
}

pub fn weights_not_set(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.facts.weights = ChainWeights::Absent;
    (!it.evidence.weights.is_empty()).then(|| Expected::exactly(Falsehood::WeightsNotSet))
}
