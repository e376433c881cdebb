//! Blind changes of evidence and of its file.

use crate::network::digest;
use inktensor_neuron::evidence::{Evidence, Grade};
use inktensor_primitives::Uid;
use inktensor_task::{Draw, Worth};
use inktensor_wire::{Content, Outcome};

/// Returns the file with a byte changed, cut off, added or moved. It differs from `file`.
pub fn damage(file: &[u8], rng: &mut Draw) -> Vec<u8> {
    let mut bytes = file.to_vec();
    let at = rng.index(bytes.len());
    match rng.below(5) {
        0 | 1 => bytes[at] ^= 1 << rng.below(8),
        2 => bytes.truncate(at),
        3 => bytes.insert(at, bytes[at] ^ 1),
        _ => {
            bytes.remove(at);
        }
    }
    match bytes == file {
        true => damage(file, rng),
        false => bytes,
    }
}

/// Changes one field of the evidence, any of them. Returns true for a change that is no lie: time
/// that was waited for a miner that stayed silent, and the status of a response that counts as no
/// answer, are the validator's word alone.
pub fn mutate(evidence: &mut Evidence, rng: &mut Draw) -> bool {
    let receipts = evidence.receipts.len();
    let parts = if receipts == 0 { 9 } else { 27 };
    let receipt = rng.index(receipts);
    let bit = 1 << rng.below(8);
    match (rng.below(parts), evidence.receipts.get_mut(receipt)) {
        (0, _) => evidence.head.home[rng.index(32)] ^= bit,
        (1, _) => evidence.head.netuid.0 ^= u16::from(bit),
        (2, _) => evidence.head.epoch ^= u32::from(bit),
        (3, _) => evidence.head.validator.generation ^= u32::from(bit),
        (4, _) => evidence.head.validator.hotkey = digest(rng).into(),
        (5, _) => evidence.head.manifest[rng.index(32)] ^= bit,
        (6, _) => evidence.head.seed_block.hash[rng.index(32)] ^= bit,
        (7, _) => evidence.head.before = evidence.head.before.xor(Some(digest(rng))),
        (8, _) => evidence.weights.push((Uid(9_999), u16::from(bit))),
        (9, Some(it)) => it.uid.0 ^= u16::from(bit),
        (10, Some(it)) => it.number ^= u16::from(bit),
        (11, Some(it)) => it.asked.body[rng.index(32)] ^= bit,
        (12, Some(it)) => it.asked.context.home[rng.index(32)] ^= bit,
        (13, Some(it)) => it.asked.context.epoch ^= u32::from(bit),
        (14, Some(it)) => it.asked.context.by = it.asked.context.by.map(|by| by ^ u32::from(bit)),
        (15, Some(it)) => it.asked.context.to = digest(rng).into(),
        (16, Some(it)) => it.asked.context.seat ^= u32::from(bit),
        (17, Some(it)) => it.asked.hotkey = digest(rng).into(),
        (18, Some(it)) => it.asked.created ^= u64::from(bit),
        (19, Some(it)) => it.asked.expires ^= u64::from(bit),
        (20, Some(it)) => it.asked.nonce[rng.index(16)] ^= bit,
        (21, Some(it)) => it.asked.signature[rng.index(64)] ^= bit,
        (22, Some(it)) => {
            it.grade = match it.grade {
                Grade::Checked(Worth(worth)) => Grade::Checked(Worth(worth ^ u16::from(bit))),
                Grade::Unchecked => Grade::Checked(Worth::WHOLE),
                Grade::Late => Grade::Unanswered,
                Grade::Unanswered => Grade::Withheld,
                Grade::Withheld => Grade::Late,
            }
        }
        (23, _) => match evidence.standings.first_mut() {
            Some(it) => it.average.0 ^= u16::from(bit),
            None => return true,
        },
        (24, _) => match evidence.standings.last_mut() {
            Some(it) => it.generation ^= u32::from(bit),
            None => return true,
        },
        (25, _) => {
            evidence.receipts.truncate(receipt);
        }
        (_, Some(it)) => match &mut it.outcome {
            Outcome::Signed(response) | Outcome::Refused(response) => match rng.below(4) {
                0 => response.created ^= u64::from(bit),
                1 => response.status ^= u16::from(bit),
                2 => response.signature[rng.index(64)] ^= bit,
                _ => response.content = Content::Whole(digest(rng).to_vec()),
            },
            Outcome::Silent { millis } => {
                *millis ^= u32::from(bit);
                return true;
            }
            Outcome::Unsigned { status } => {
                *status ^= u16::from(bit);
                return true;
            }
        },
        _ => return true,
    }
    false
}
