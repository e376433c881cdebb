use super::*;
use proptest::prelude::*;

/// Rewards up to this sum exist in all: the cap.
const CAP: u64 = Rao::CAP.0;

/// A pool with the positions of a few people, and a check of everything that must always hold.
#[derive(Clone, Debug)]
struct Market {
    pool: Pool,
    people: [Position; 3],
    paid_in: u64,
    paid_out: u64,
}

/// What somebody does.
#[derive(Clone, Debug)]
enum Deed {
    Deposit { who: usize, amount: u64 },
    Withdraw { who: usize, permille: u64 },
    WithdrawAllBut { who: usize, rest: u64 },
    WithdrawAll { who: usize },
    Reward { amount: u64 },
}

impl Market {
    fn new() -> Self {
        Self {
            pool: Pool::default(),
            people: Default::default(),
            paid_in: 0,
            paid_out: 0,
        }
    }

    fn worth(&self, who: usize) -> u64 {
        self.pool.worth(&self.people[who]).unwrap().0
    }

    fn deposit(&mut self, who: usize, amount: u64) {
        self.pool
            .deposit(&mut self.people[who], Rao(amount))
            .unwrap();
        self.paid_in += amount;
    }

    fn withdraw(&mut self, who: usize, amount: u64) {
        self.pool
            .withdraw(&mut self.people[who], Rao(amount))
            .unwrap();
        self.paid_out += amount;
    }

    fn withdraw_all(&mut self, who: usize) -> u64 {
        let amount = self.pool.withdraw_all(&mut self.people[who]).unwrap().0;
        self.paid_out += amount;
        amount
    }

    fn reward(&mut self, amount: u64) {
        self.pool.reward(Rao(amount)).unwrap();
        self.paid_in += amount;
    }

    /// Does `deed`, if it can be done within the cap, and says who did it.
    fn perform(&mut self, deed: &Deed) -> Option<usize> {
        let room = CAP.saturating_sub(self.pool.value.0);
        match *deed {
            Deed::Deposit { who, amount } => {
                self.deposit(who, amount.min(room).max(1));
                Some(who)
            }
            Deed::Withdraw { who, permille } => {
                self.withdraw(who, self.worth(who) / 1_000 * permille);
                Some(who)
            }
            Deed::WithdrawAllBut { who, rest } => {
                self.withdraw(who, self.worth(who).saturating_sub(rest));
                Some(who)
            }
            Deed::WithdrawAll { who } => {
                if !self.people[who].is_empty() {
                    self.withdraw_all(who);
                }
                Some(who)
            }
            Deed::Reward { amount } => {
                if !self.pool.is_empty() {
                    self.reward(amount.min(room));
                }
                None
            }
        }
    }

    fn check(&self) {
        let Pool { value, shares, .. } = self.pool;
        let sum: u64 = (0..3).map(|who| self.worth(who)).sum();
        assert!(sum <= value.0, "positions are worth {sum} of {value:?}");
        assert!(sum + 3 > value.0 || shares == 0, "{sum} of {value:?}");
        assert_eq!(value.0, self.paid_in - self.paid_out, "conservation");
        let held: u128 = self
            .people
            .iter()
            .map(|position| self.pool.shares_of(position).unwrap())
            .sum();
        assert_eq!(held, shares, "shares are the positions' shares");
        assert_eq!(value.is_zero(), shares == 0, "{:?}", self.pool);
        assert!(shares >= u128::from(value.0) << 32, "too few shares");
        assert!(shares <= u128::from(value.0) << 64, "too many shares");
    }
}

fn amounts() -> impl Strategy<Value = u64> {
    (1..=CAP, 0u32..55).prop_map(|(amount, shift)| (amount >> shift).max(1))
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let who = 0usize..3;
    prop::collection::vec(
        prop_oneof![
            (who.clone(), amounts()).prop_map(|(who, amount)| Deed::Deposit { who, amount }),
            (who.clone(), 0u64..=1_000)
                .prop_map(|(who, permille)| Deed::Withdraw { who, permille }),
            (who.clone(), 0u64..3).prop_map(|(who, rest)| Deed::WithdrawAllBut { who, rest }),
            who.prop_map(|who| Deed::WithdrawAll { who }),
            amounts().prop_map(|amount| Deed::Reward { amount }),
        ],
        1..40,
    )
}

#[test]
fn the_first_deposit_is_worth_itself() {
    let mut market = Market::new();
    market.deposit(0, 2_000_000);
    assert_eq!(market.worth(0), 2_000_000);
    market.check();
}

#[test]
fn rewards_are_shared_by_stake() {
    let mut market = Market::new();
    market.deposit(0, 1_000);
    market.deposit(1, 3_000);
    market.reward(400);
    assert_eq!((market.worth(0), market.worth(1)), (1_100, 3_300));
    market.check();
}

#[test]
fn the_last_to_leave_empties_the_pool() {
    let mut market = Market::new();
    market.deposit(0, 10);
    market.deposit(1, 20);
    market.reward(1);
    market.withdraw_all(0);
    market.withdraw_all(1);
    assert_eq!(market.pool, Pool::default());
    assert!(market.people.iter().all(Position::is_empty));
    assert_eq!(market.paid_out, 31);
}

#[test]
fn taking_exactly_all_deletes_the_position() {
    let mut market = Market::new();
    market.deposit(0, 3);
    market.deposit(1, 4);
    market.reward(3);
    market.withdraw(0, market.worth(0));
    assert!(market.people[0].is_empty());
    market.check();
}

#[test]
fn nobody_takes_more_than_is_theirs() {
    let mut market = Market::new();
    market.deposit(0, 100);
    market.deposit(1, 100);
    let before = market.clone();
    let refused = market.pool.withdraw(&mut market.people[0], Rao(101));
    assert_eq!(refused, Err(StakingError::NotEnoughStake(Rao(100))));
    assert_eq!(market.pool, before.pool);
    assert_eq!(market.people, before.people);
}

#[test]
fn an_empty_pool_takes_no_reward_and_gives_nothing() {
    let (mut pool, mut position) = (Pool::default(), Position::default());
    let none = Err(StakingError::NotEnoughStake(Rao::ZERO));
    assert_eq!(pool.reward(Rao(1)), none);
    assert_eq!(
        pool.withdraw_all(&mut position),
        Err(StakingError::NotEnoughStake(Rao::ZERO))
    );
    assert_eq!(pool, Pool::default());
}

#[test]
fn a_pool_refuses_a_sum_out_of_range_and_stays_as_it_was() {
    let (mut pool, mut position) = (Pool::default(), Position::default());
    pool.deposit(&mut position, Rao(u64::MAX)).unwrap();
    let before = (pool, position);
    let overflow = Err(StakingError::Overflow);
    assert_eq!(pool.deposit(&mut position, Rao(1)), overflow);
    assert_eq!(pool.reward(Rao(1)), overflow);
    assert_eq!((pool, position), before);
}

/// One rao stays, a reward comes, all but one rao leaves, and so on: without scales a share would
/// be worth more than any deposit after a few rounds, and each deposit would be rounded down to
/// nothing.
#[test]
fn repeated_rewards_on_dust_do_not_make_shares_dear() {
    let mut market = Market::new();
    market.deposit(0, 1);
    for _ in 0..50 {
        market.reward(1 << 40);
        market.withdraw(0, market.worth(0) - 1);
        market.check();
    }
    market.reward(1_000_000_007);
    market.deposit(1, 2_000_000);
    assert!(market.worth(1) >= 1_999_999, "{}", market.worth(1));
    assert!(market.pool.scale() > 10);
    market.check();
}

/// Without shares of fractions of a rao the victim's deposit of 100 would buy one share of 90 and
/// lose the rest.
#[test]
fn the_first_depositor_attack_takes_at_most_a_rao() {
    let mut market = Market::new();
    market.deposit(0, 1);
    market.reward(89);
    market.deposit(1, 100);
    assert!(market.worth(1) >= 99);
    let attacker = market.withdraw_all(0);
    assert!(attacker <= 90 + 1, "{attacker}");
    assert!(market.worth(1) >= 99);
    market.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_pool_stays_sound(deeds in deeds()) {
        let mut market = Market::new();
        for deed in &deeds {
            market.perform(deed);
            market.check();
        }
    }

    #[test]
    fn nobody_loses_by_what_others_do(deeds in deeds()) {
        let mut market = Market::new();
        for deed in &deeds {
            let before = market.clone();
            let actor = market.perform(deed);
            for who in (0..3).filter(|who| Some(*who) != actor) {
                prop_assert!(
                    market.worth(who) >= before.worth(who),
                    "{deed:?} takes from {who}: {} -> {}", before.worth(who), market.worth(who),
                );
            }
        }
    }

    #[test]
    fn coming_and_going_gains_nothing_and_costs_at_most_a_rao(
        deeds in deeds(),
        amount in amounts(),
    ) {
        let mut market = Market::new();
        deeds.iter().for_each(|deed| { market.perform(deed); });
        // Somebody new, in the seat of the first, who leaves.
        market.perform(&Deed::WithdrawAll { who: 0 });
        let amount = amount.min(CAP.saturating_sub(market.pool.value().0)).max(1);
        market.deposit(0, amount);
        let back = market.withdraw_all(0);
        prop_assert!(back <= amount, "{back} for {amount}");
        prop_assert!(back + 1 >= amount, "{back} for {amount}");
        market.check();
    }

    #[test]
    fn a_withdrawal_costs_what_it_gives(deeds in deeds(), permille in 0u64..=1_000) {
        let mut market = Market::new();
        deeds.iter().for_each(|deed| { market.perform(deed); });
        let before = market.worth(1);
        let amount = before / 1_000 * permille;
        market.withdraw(1, amount);
        let after = market.worth(1);
        prop_assert!(after <= before - amount, "{before} - {amount} = {after}");
        prop_assert!(after + 1 >= before - amount, "{before} - {amount} = {after}");
    }
}
