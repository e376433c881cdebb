//! What a subnet costs, how often one can be created, and which one gives way.
//!
//! The price is locked, not burned: the registry holds it until the subnet is retired. Source:
//! subtensor-reference.md 4.9.

use crate::hyperparameters::{amount, within};
use inktensor_primitives::{
    registry::{BoundedField, NetworkRules, RegistryError},
    NetUid, Rao,
};

/// The last creation, and the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Creation {
    rules: NetworkRules,
    /// Price and block of the last creation.
    last: Option<(Rao, u32)>,
    /// Locks of subnets that are not retired, and deposits.
    held: Rao,
}

impl Creation {
    /// Nothing created yet.
    ///
    /// # Errors
    /// `OutOfBounds`.
    pub fn new(rules: NetworkRules) -> Result<Self, RegistryError> {
        Ok(Self {
            rules: checked(rules)?,
            last: None,
            held: Rao::ZERO,
        })
    }

    /// The rules.
    pub const fn rules(&self) -> NetworkRules {
        self.rules
    }

    /// Changes the rules.
    ///
    /// # Errors
    /// `OutOfBounds`.
    pub fn set_rules(&mut self, rules: NetworkRules) -> Result<(), RegistryError> {
        self.rules = checked(rules)?;
        Ok(())
    }

    /// All that is held for others.
    pub const fn held(&self) -> Rao {
        self.held
    }

    /// What a subnet costs at block `now`.
    pub fn price(&self, now: u32) -> Rao {
        match self.last {
            None => self.rules.min_lock,
            Some((last, at)) => lock_cost(
                last,
                now.saturating_sub(at),
                self.rules.lock_interval,
                self.rules.min_lock,
            ),
        }
    }

    /// Locks the price at block `now`, which is at most `max_price`, and returns it.
    ///
    /// # Errors
    /// `TooSoon`, `PriceAbove`, `Exhausted`.
    pub fn lock(&mut self, now: u32, max_price: Rao) -> Result<Rao, RegistryError> {
        if let Some((_, at)) = self.last {
            let next = at.saturating_add(self.rules.creation_interval);
            if now < next {
                return Err(RegistryError::TooSoon(next));
            }
        }
        let price = self.price(now);
        if price > max_price {
            return Err(RegistryError::PriceAbove(price));
        }
        self.held = self
            .held
            .checked_add(price)
            .ok_or(RegistryError::Exhausted)?;
        self.last = Some((price, now));
        Ok(price)
    }

    /// Counts a deposit in.
    ///
    /// # Errors
    /// `Exhausted`, which cannot be: there is less TAO than an amount can be.
    pub fn hold(&mut self, deposit: Rao) -> Result<(), RegistryError> {
        self.held = self
            .held
            .checked_add(deposit)
            .ok_or(RegistryError::Exhausted)?;
        Ok(())
    }

    /// Gives a lock or a deposit up.
    ///
    /// # Errors
    /// `Exhausted`, which cannot be: all locks were counted in.
    pub fn unlock(&mut self, lock: Rao) -> Result<(), RegistryError> {
        self.held = self
            .held
            .checked_sub(lock)
            .ok_or(RegistryError::Exhausted)?;
        Ok(())
    }
}

/// `2 * last - floor(last / interval) * blocks`, at least `min` and at most the cap of TAO.
fn lock_cost(last: Rao, blocks: u32, interval: u32, min: Rao) -> Rao {
    let step = last.0.checked_div(interval.into()).unwrap_or(last.0);
    let fallen = step.saturating_mul(blocks.into());
    let price = last.0.saturating_mul(2).saturating_sub(fallen);
    Rao(price).max(min).min(Rao::CAP)
}

fn checked(rules: NetworkRules) -> Result<NetworkRules, RegistryError> {
    amount(BoundedField::MinLock, rules.min_lock)?;
    amount(BoundedField::NominatorMin, rules.nominator_min)?;
    amount(BoundedField::ServingDeposit, rules.serving_deposit)?;
    amount(BoundedField::SwapFee, rules.swap_fee)?;
    within(
        BoundedField::LockInterval,
        rules.lock_interval,
        1,
        u32::MAX.into(),
    )?;
    within(
        BoundedField::SubnetLimit,
        rules.subnet_limit,
        1,
        NetworkRules::MOST_SUBNETS.into(),
    )?;
    Ok(rules)
}

/// What decides which subnet gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weakness {
    /// What its last settled epochs paid.
    pub strength: Rao,
    /// Block of its creation.
    pub created_at: u32,
    /// Its number.
    pub netuid: NetUid,
}

/// The weakest of `subnets` that is not immune at block `now`; else the block at which the first
/// one is no longer.
///
/// # Errors
/// `NetworkFull` with that block.
pub fn weakest(
    subnets: impl Iterator<Item = Weakness>,
    now: u32,
    immunity: u32,
) -> Result<NetUid, RegistryError> {
    let mut least: Option<Weakness> = None;
    let mut first_ripe = u32::MAX;
    for subnet in subnets {
        let ripe_at = subnet.created_at.saturating_add(immunity);
        if ripe_at > now {
            first_ripe = first_ripe.min(ripe_at);
        } else if least.is_none_or(|least| subnet < least) {
            least = Some(subnet);
        }
    }
    least
        .map(|least| least.netuid)
        .ok_or(RegistryError::NetworkFull(first_ripe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Prices computed from the formula of subtensor-reference.md 4.9 with its interval of 100 800
    /// blocks and least price of 1000 TAO: last price in TAO, blocks since, price in rao.
    #[test]
    fn lock_costs_are_the_references() {
        for (last, blocks, expected) in [
            (1_000, 0, 2_000_000_000_000),
            (1_000, 1, 1_999_990_079_366),
            (1_000, 50_400, 1_500_000_024_000),
            (1_000, 100_800, 1_000_000_048_000),
            (1_000, 200_000, 1_000_000_000_000),
            (2_000, 100_800, 2_000_000_096_000 - 64_000),
            (8_000, 7_200, 15_428_571_432_000),
        ] {
            let step = last * 1_000_000_000 / 100_800;
            let by_hand = (2 * last * 1_000_000_000 - step * blocks).max(1_000_000_000_000);
            let found = lock_cost(
                Rao::from_tao(last),
                u32::try_from(blocks).unwrap(),
                100_800,
                Rao::from_tao(1_000),
            );
            assert_eq!(found, Rao(by_hand));
            assert!(
                found.0.abs_diff(expected) < 100_000,
                "{last} {blocks} {found:?}"
            );
        }
    }

    fn rules() -> NetworkRules {
        NetworkRules {
            min_lock: Rao(100),
            lock_interval: 10,
            creation_interval: 5,
            ..NetworkRules::DEFAULT
        }
    }

    #[test]
    fn the_price_doubles_and_falls_back() {
        let mut creation = Creation::new(rules()).unwrap();
        assert_eq!(creation.price(77), Rao(100));
        assert_eq!(
            creation.lock(77, Rao(99)),
            Err(RegistryError::PriceAbove(Rao(100)))
        );
        assert_eq!(creation.lock(77, Rao(100)), Ok(Rao(100)));
        assert_eq!(creation.price(77), Rao(200));
        assert_eq!(creation.lock(81, Rao(999)), Err(RegistryError::TooSoon(82)));
        assert_eq!(creation.lock(82, Rao(999)), Ok(Rao(150)));
        assert_eq!(creation.held(), Rao(250));
        assert_eq!(creation.unlock(Rao(150)), Ok(()));
        assert_eq!(creation.held(), Rao(100));
        assert_eq!(creation.price(1_000), Rao(100));
    }

    #[test]
    fn rules_out_of_bounds_are_refused() {
        for refused in [
            NetworkRules {
                min_lock: Rao(Rao::CAP.0 + 1),
                ..rules()
            },
            NetworkRules {
                lock_interval: 0,
                ..rules()
            },
            NetworkRules {
                subnet_limit: 0,
                ..rules()
            },
            NetworkRules {
                subnet_limit: 1_025,
                ..rules()
            },
        ] {
            assert!(Creation::new(refused).is_err());
            let mut creation = Creation::new(rules()).unwrap();
            assert!(creation.set_rules(refused).is_err());
            assert_eq!(creation.rules(), rules());
        }
    }

    fn subnet(netuid: u16, strength: u64, created_at: u32) -> Weakness {
        Weakness {
            strength: Rao(strength),
            created_at,
            netuid: NetUid(netuid),
        }
    }

    #[test]
    fn the_weakest_then_oldest_gives_way_once_it_may() {
        let all = [
            subnet(1, 5, 0),
            subnet(2, 3, 9),
            subnet(3, 3, 4),
            subnet(4, 0, 95),
        ];
        let found = |now| weakest(all.into_iter(), now, 10);
        assert_eq!(found(100), Ok(NetUid(3)));
        assert_eq!(found(105), Ok(NetUid(4)));
        assert_eq!(found(12), Ok(NetUid(1)));
        assert_eq!(found(3), Err(RegistryError::NetworkFull(10)));
    }

    proptest! {
        /// It starts at twice the last price, never rises with time, and never leaves its bounds.
        #[test]
        fn a_lock_cost_only_falls(
            last in 0..=Rao::CAP.0,
            (early, late) in (any::<u32>(), any::<u32>()),
            interval in 1..=u32::MAX,
            min in 0..=Rao::CAP.0,
        ) {
            let cost = |blocks| lock_cost(Rao(last), blocks, interval, Rao(min));
            let (early, late) = (early.min(late), early.max(late));
            prop_assert!(cost(late) <= cost(early));
            prop_assert_eq!(cost(0), Rao(last * 2).max(Rao(min)).min(Rao::CAP));
            prop_assert!(Rao(min) <= cost(late));
        }
    }
}
