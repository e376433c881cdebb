//! What the chain tells of an epoch that it executed itself: public data, for whoever did not
//! compute it.

use inktensor_client::chain::ContractEvent;
use inktensor_primitives::{
    epoch::{ReplayedMemory, ReplayedResults},
    kernel::NeuronResult,
    AccountId, NetUid,
};

/// What each of `chunks` chunks remembers from a replayed epoch, if that was told whole: the parts
/// of a chunk come in order.
///
/// Check it against the chain's hashes.
pub fn memory(
    told: &[ContractEvent],
    contract: AccountId,
    about: (NetUid, u32),
    chunks: usize,
) -> Option<Vec<Vec<u8>>> {
    let mut memory = vec![Vec::new(); chunks];
    for part in decoded::<ReplayedMemory>(told, contract) {
        if (part.netuid, part.epoch) != about {
            continue;
        }
        let bytes = memory.get_mut(usize::from(part.chunk))?;
        if u32::try_from(bytes.len()) != Ok(part.offset) {
            return None;
        }
        bytes.extend(part.bytes);
    }
    Some(memory)
}

/// What each chunk's neurons get by a replayed epoch, if anything of it was told. The chain checks
/// it when it is settled.
pub fn results(
    told: &[ContractEvent],
    contract: AccountId,
    about: (NetUid, u32),
) -> Option<Vec<Vec<NeuronResult>>> {
    let mut results = Vec::new();
    for part in decoded::<ReplayedResults>(told, contract) {
        if (part.netuid, part.epoch) != about {
            continue;
        }
        if usize::from(part.chunk) != results.len() {
            return None;
        }
        results.push(part.results);
    }
    (!results.is_empty()).then_some(results)
}

fn decoded<E: ink::env::Event + scale::Decode>(
    told: &[ContractEvent],
    contract: AccountId,
) -> Vec<E> {
    let told = told.iter().filter(|event| event.contract == contract);
    told.filter_map(ContractEvent::decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ink::env::Event;
    use scale::Encode;

    const CONTRACT: [u8; 32] = [9; 32];
    const ABOUT: (NetUid, u32) = (NetUid(3), 4);

    fn event<E: Event + Encode>(event: &E) -> ContractEvent {
        ContractEvent {
            block: 1,
            contract: CONTRACT.into(),
            topics: E::SIGNATURE_TOPIC.into_iter().collect(),
            data: event.encode(),
        }
    }

    fn part(about: (NetUid, u32), chunk: u16, offset: u32, bytes: &[u8]) -> ContractEvent {
        event(&ReplayedMemory {
            netuid: about.0,
            epoch: about.1,
            chunk,
            offset,
            bytes: bytes.to_vec(),
        })
    }

    fn result(about: (NetUid, u32), chunk: u16) -> ContractEvent {
        event(&ReplayedResults {
            netuid: about.0,
            epoch: about.1,
            chunk,
            results: vec![NeuronResult::default(); usize::from(chunk) + 1],
        })
    }

    #[test]
    fn parts_make_a_memory_whole() {
        let told = [
            part(ABOUT, 0, 0, &[1, 2]),
            part((NetUid(8), 4), 0, 0, &[7]),
            part(ABOUT, 0, 2, &[3]),
            part((NetUid(3), 5), 1, 0, &[7]),
            part(ABOUT, 2, 0, &[4]),
        ];
        let memory = |chunks| memory(&told, CONTRACT.into(), ABOUT, chunks);
        assert_eq!(memory(3), Some(vec![vec![1, 2, 3], vec![], vec![4]]));
        assert_eq!(memory(2), None);
    }

    #[test]
    fn a_memory_with_a_gap_is_none() {
        let told = [part(ABOUT, 0, 0, &[1, 2]), part(ABOUT, 0, 3, &[3])];
        assert_eq!(memory(&told, CONTRACT.into(), ABOUT, 1), None);
    }

    #[test]
    fn results_come_chunk_by_chunk() {
        let told = [
            result(ABOUT, 0),
            result((NetUid(8), 4), 0),
            result(ABOUT, 1),
        ];
        let lens = |told: &[ContractEvent]| {
            let found = results(told, CONTRACT.into(), ABOUT)?;
            Some(found.iter().map(Vec::len).collect::<Vec<_>>())
        };
        assert_eq!(lens(&told), Some(vec![1, 2]));
        assert_eq!(lens(&told[..2]), Some(vec![1]));
        assert_eq!(lens(&told[2..]), None);
        assert_eq!(lens(&[]), None);
    }

    #[test]
    fn what_another_contract_tells_is_not_listened_to() {
        let told = [result(ABOUT, 0)];
        assert_eq!(results(&told, [1; 32].into(), ABOUT), None);
    }
}
