//! Addresses as wallets write them: SS58 with the prefix 42 of chains without a prefix of their
//! own.
//!
//! Only for texts: nothing here is part of a contract.

use crate::AccountId;

/// The SS58 prefix of chains without one of their own.
const PREFIX: u8 = 42;
/// The text before an address in the preimage of its checksum.
const CHECKSUM: &[u8] = b"SS58PRE";
const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Returns the SS58 address of `account`, such as
/// `5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY`.
pub fn ss58(account: &AccountId) -> String {
    let mut bytes = vec![PREFIX];
    bytes.extend_from_slice(account.as_ref());
    let checksum = blake2b_512(&[CHECKSUM, &bytes].concat());
    bytes.extend(checksum.iter().take(2));
    base58(&bytes)
}

/// Returns `bytes` in base 58. The first byte must not be zero.
fn base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u32> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry = carry.saturating_add(*digit << 8);
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let places = digits
        .iter()
        .rev()
        .filter_map(|it| usize::try_from(*it).ok());
    let letters = places.filter_map(|place| DIGITS.get(place));
    letters.map(|letter| char::from(*letter)).collect()
}

/// Initial state of BLAKE2b. Source: RFC 7693, section 2.6.
const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];
/// Order of the message's words in each round. Source: RFC 7693, section 2.7.
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];
/// Rounds of BLAKE2b.
const ROUNDS: usize = 12;
/// Words that each half of a round mixes: four columns, then four diagonals.
const MIXES: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// Returns the BLAKE2b hash of `input`, which has at most one block of 128 bytes.
fn blake2b_512(input: &[u8]) -> [u8; 64] {
    debug_assert!(input.len() <= 128);
    let mut m = [0u64; 16];
    for (word, bytes) in m.iter_mut().zip(input.chunks(8)) {
        let shifts = (0..).step_by(8);
        *word = shifts
            .zip(bytes)
            .fold(0, |sum, (shift, byte)| sum | (u64::from(*byte) << shift));
    }
    let mut h = IV;
    // The parameter block: 64 bytes of hash, no key, one leaf.
    h[0] ^= 0x0101_0040;
    let mut v = [0u64; 16];
    v[..8].copy_from_slice(&h);
    v[8..].copy_from_slice(&IV);
    v[12] ^= u64::try_from(input.len()).unwrap_or(u64::MAX);
    v[14] = !v[14]; // This is the last block.
    for order in SIGMA.iter().cycle().take(ROUNDS) {
        for ([a, b, c, d], pair) in MIXES.into_iter().zip(order.chunks(2)) {
            for (word, turns) in pair.iter().zip([[32, 24], [16, 63]]) {
                v[a] = v[a].wrapping_add(v[b]).wrapping_add(m[*word]);
                v[d] = (v[d] ^ v[a]).rotate_right(turns[0]);
                v[c] = v[c].wrapping_add(v[d]);
                v[b] = (v[b] ^ v[c]).rotate_right(turns[1]);
            }
        }
    }
    let mut hash = [0; 64];
    for (place, bytes) in hash.chunks_mut(8).enumerate() {
        bytes.copy_from_slice(&(h[place] ^ v[place] ^ v[place + 8]).to_le_bytes());
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hex;

    /// Source: RFC 7693, appendix A.
    #[test]
    fn blake2b_is_the_standard_one() {
        assert_eq!(
            hex(&blake2b_512(b"abc")),
            "0xba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
             7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
        );
    }

    /// Source: the development accounts of every Substrate chain.
    #[test]
    fn addresses_are_those_of_wallets() {
        for (key, address) in [
            (
                "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d",
                "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
            ),
            (
                "8eaf04151687736326c9fea17e25fc5287613693c912909cb226aa4794f26a48",
                "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
            ),
        ] {
            let mut bytes = [0; 32];
            for (byte, pair) in bytes.iter_mut().zip(key.as_bytes().chunks(2)) {
                *byte = u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
            }
            assert_eq!(ss58(&bytes.into()), address);
        }
    }
}
