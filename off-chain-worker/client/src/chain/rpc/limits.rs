//! The limits of a transaction: the need that its dry run found, and a margin, since the chain's
//! state may change before the transaction is carried out.

use super::api::Gas;
use inktensor_primitives::kernel::STEP_TIME;

/// Selector of the message that disputes a step.
const DISPUTE: [u8; 4] = ink::selector_bytes!("Epochs::dispute");

/// Divisor of the margin: a quarter.
const MARGIN: u64 = 4;
/// Storage items that a transaction may need beyond the margin: another transaction may have freed
/// what it was about to change.
const MORE_ITEMS: u128 = 4;
/// Bytes that a transaction may need likewise.
const MORE_BYTES: u128 = 4 * 1024;

/// The chain's limits and prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// Largest gas of one transaction.
    pub most: Gas,
    /// Deposit for a storage item.
    pub per_item: u128,
    /// Deposit for a byte in storage.
    pub per_byte: u128,
}

impl Tariff {
    /// Returns the gas for the message `input` whose dry run needed `required`. A dispute also gets
    /// the time of a step, as far as the chain has it: a trap of the kernel counts only if the
    /// kernel had that time. Returns `None` if `required` is above the limit of a transaction.
    pub fn gas_of(&self, input: &[u8], required: Gas) -> Option<Gas> {
        let gas = self.gas(required)?;
        let beside = if input.starts_with(&DISPUTE) {
            STEP_TIME
        } else {
            0
        };
        let ref_time = gas.ref_time.saturating_add(beside);
        Some(Gas {
            ref_time: ref_time.min(self.most.ref_time),
            ..gas
        })
    }

    /// Returns the gas for a transaction whose dry run needed `required`: a quarter more, rounded
    /// up, within the chain's limit. Returns `None` if `required` is above that limit.
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

    /// Returns the deposit limit for a transaction whose dry run took `deposit`: a quarter more,
    /// and some items.
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
    fn a_dispute_has_the_time_of_a_step_beside_where_the_chain_has_it() {
        let dispute = [&DISPUTE[..], &[1]].concat();
        let large = Tariff {
            most: gas(2 * STEP_TIME, 100),
            ..TARIFF
        };
        assert_eq!(
            large.gas_of(&dispute, gas(8, 8)),
            Some(gas(10 + STEP_TIME, 10))
        );
        assert_eq!(large.gas_of(&[1, 2, 3], gas(8, 8)), Some(gas(10, 10)));
        assert_eq!(TARIFF.gas_of(&dispute, gas(8, 8)), Some(gas(1_000, 10)));
        assert_eq!(TARIFF.gas_of(&dispute, gas(1_001, 8)), None);
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
