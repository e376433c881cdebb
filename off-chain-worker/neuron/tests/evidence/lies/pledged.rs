//! Check 1: lies about the pledge and the head.

use super::*;

pub fn no_pledge(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.facts.pledged = None;
    Some(Expected::exactly(Falsehood::NotPledged))
}

pub fn pledge_out_of_time(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let from = it.facts.round()?.asked_at();
    let to = it.facts.closed_at?;
    let block = match rng.below(2) {
        0 => from - within(rng, 1, 8),
        _ => to + within(rng, 1, 8),
    };
    it.facts.pledged.as_mut()?.block = block;
    Some(Expected::exactly(Falsehood::PledgedAt { block, from, to }))
}

pub fn pledge_of_another_epoch(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let epoch = it.facts.epoch + within(rng, 1, 3);
    it.facts.pledged.as_mut()?.epoch = epoch;
    Some(Expected::exactly(Falsehood::PledgedEpoch(epoch)))
}

pub fn another_root(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    let pledged = digest(rng);
    it.facts.pledged.as_mut()?.root = pledged;
    let found = it.evidence.root();
    Some(Expected::exactly(Falsehood::Root { found, pledged }))
}

pub fn another_count(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    let pledged = &mut it.facts.pledged.as_mut()?.receipts;
    *pledged += 1;
    let (found, pledged) = (it.evidence.receipts.len(), *pledged);
    Some(Expected::exactly(Falsehood::PledgedReceipts {
        found,
        pledged,
    }))
}

pub fn another_hash_of_weights(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.facts.pledged.as_mut()?.weights = digest(rng);
    Some(Expected::exactly(Falsehood::PledgedWeights))
}

fn of_head(it: &mut Network, field: HeadField) -> Option<Expected> {
    it.pledge();
    Some(Expected::exactly(Falsehood::Head(field)))
}

pub fn another_deployment(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.evidence.head.home = digest(rng);
    of_head(it, HeadField::Home)
}

pub fn another_subnet(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.evidence.head.netuid = NetUid(it.evidence.head.netuid.0 + 1);
    of_head(it, HeadField::Netuid)
}

pub fn another_epoch(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.evidence.head.epoch -= 1;
    of_head(it, HeadField::Epoch)
}

pub fn another_validator(it: &mut Network, rng: &mut Draw) -> Option<Expected> {
    it.evidence.head.validator = newcomer(rng, 0, &mut it.keys);
    of_head(it, HeadField::Validator)
}

pub fn another_generation(it: &mut Network, _: &mut Draw) -> Option<Expected> {
    it.evidence.head.validator.generation += 1;
    of_head(it, HeadField::Validator)
}
