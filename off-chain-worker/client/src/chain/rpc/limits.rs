//! What a transaction is given: what its rehearsal needed, and a margin, since the chain moves on
//! before it is carried out.

use super::api::Gas;

/// The margin: a quarter.
const MARGIN: u64 = 4;
/// Storage items and bytes that may come to a transaction in between, beyond the margin: somebody
/// else may have freed what it was about to change.
const MORE_ITEMS: u128 = 4;
/// See [`MORE_ITEMS`].
const MORE_BYTES: u128 = 4 * 1024;

/// What the chain allows, and what it asks for storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// The most that one transaction may be given.
    pub most: Gas,
    /// Deposit for a storage item.
    pub per_item: u128,
    /// Deposit for a byte in storage.
    pub per_byte: u128,
}

impl Tariff {
    /// The gas to give a transaction whose rehearsal required `required`: a quarter more, rounded
    /// up, and no more than any may have. None if it requires more than that.
    pub fn gas(&self, required: Gas) -> Option<Gas> {
        let most = self.most;
        if required.ref_time > most.ref_time || required.proof_size > most.proof_size {
            return None;
        }
        let more = |value: u64, most: u64| value.saturating_add(value.div_ceil(MARGIN)).min(most);
        Some(Gas {
            ref_time: more(required.ref_time, most.ref_time),
            proof_size: more(required.proof_size, most.proof_size),
        })
    }

    /// The deposit that a transaction may take whose rehearsal took `deposit`: a quarter more and
    /// some items.
    pub fn deposit(&self, deposit: i128) -> u128 {
        let taken = u128::try_from(deposit).unwrap_or_default();
        let items = self.per_item.saturating_mul(MORE_ITEMS);
        let bytes = self.per_byte.saturating_mul(MORE_BYTES);
        let margin = (taken / u128::from(MARGIN)).saturating_add(items);
        taken.saturating_add(margin).saturating_add(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARIFF: Tariff = Tariff {
        most: gas(1_000, 100),
        per_item: 10,
        per_byte: 1,
    };

    const fn gas(ref_time: u64, proof_size: u64) -> Gas {
        Gas {
            ref_time,
            proof_size,
        }
    }

    #[test]
    fn gas_has_a_margin_and_a_limit() {
        assert_eq!(TARIFF.gas(gas(401, 8)), Some(gas(502, 10)));
        assert_eq!(TARIFF.gas(gas(900, 100)), Some(gas(1_000, 100)));
        assert_eq!(TARIFF.gas(gas(1_001, 1)), None);
        assert_eq!(TARIFF.gas(gas(1, 101)), None);
    }

    #[test]
    fn a_deposit_has_a_margin_even_where_none_was_taken() {
        let items = 4 * 10 + 4 * 1024;
        assert_eq!(TARIFF.deposit(1_000), 1_250 + items);
        assert_eq!(TARIFF.deposit(-5), items);
        let most = u128::MAX / 2;
        assert_eq!(TARIFF.deposit(i128::MAX), most + most / 4 + items);
    }
}
