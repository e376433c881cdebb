use super::*;
use proptest::prelude::*;

/// The cap on all TAO, and so on all rewards.
const CAP: u64 = Rao::CAP.0;

/// A pool, the shares of three stakers, and a check of the invariants.
#[derive(Clone, Debug)]
struct Stakers {
    pool: SharePool,
    held: [Shares; 3],
    paid_in: u64,
    paid_out: u64,
}

/// An action of a staker, or a reward.
#[derive(Clone, Debug)]
enum Action {
    Deposit {
        who: usize,
        amount: u64,
    },
    Withdraw {
        who: usize,
        permille: u64,
    },
    WithdrawAllBut {
        who: usize,
        rest: u64,
    },
    WithdrawAll {
        who: usize,
    },
    Transfer {
        who: usize,
        to: usize,
        permille: u64,
    },
    Reward {
        amount: u64,
    },
}

impl Stakers {
    fn new() -> Self {
        Self {
            pool: SharePool::default(),
            held: Default::default(),
            paid_in: 0,
            paid_out: 0,
        }
    }

    fn worth(&self, who: usize) -> u64 {
        self.pool.worth(&self.held[who]).unwrap().0
    }

    fn deposit(&mut self, who: usize, amount: u64) {
        self.pool.deposit(&mut self.held[who], Rao(amount)).unwrap();
        self.paid_in += amount;
    }

    fn withdraw(&mut self, who: usize, amount: u64) {
        self.pool
            .withdraw(&mut self.held[who], Rao(amount))
            .unwrap();
        self.paid_out += amount;
    }

    fn withdraw_all(&mut self, who: usize) -> u64 {
        let amount = self.worth(who);
        self.withdraw(who, amount);
        amount
    }

    fn reward(&mut self, amount: u64) {
        self.pool.reward(Rao(amount)).unwrap();
        self.paid_in += amount;
    }

    /// Performs `action`, within the cap, and returns the staker that acts.
    fn perform(&mut self, action: &Action) -> Option<usize> {
        let room = CAP.saturating_sub(self.pool.value.0);
        match *action {
            Action::Deposit { who, amount } => {
                self.deposit(who, amount.min(room).max(1));
                Some(who)
            }
            Action::Withdraw { who, permille } => {
                self.withdraw(who, self.worth(who) / 1_000 * permille);
                Some(who)
            }
            Action::WithdrawAllBut { who, rest } => {
                self.withdraw(who, self.worth(who).saturating_sub(rest));
                Some(who)
            }
            Action::WithdrawAll { who } => {
                if !self.held[who].is_empty() {
                    self.withdraw_all(who);
                }
                Some(who)
            }
            Action::Transfer { who, to, permille } => {
                let amount = Rao(self.worth(who) / 1_000 * permille);
                let (mut from, mut other) = (self.held[who], self.held[to]);
                if who != to {
                    self.pool.transfer(&mut from, &mut other, amount).unwrap();
                    (self.held[who], self.held[to]) = (from, other);
                }
                Some(who)
            }
            Action::Reward { amount } => {
                if !self.pool.is_empty() {
                    self.reward(amount.min(room));
                }
                None
            }
        }
    }

    fn check(&self) {
        let SharePool { value, shares, .. } = self.pool;
        let sum: u64 = (0..3).map(|who| self.worth(who)).sum();
        assert!(sum <= value.0, "positions are worth {sum} of {value:?}");
        assert!(sum + 3 > value.0 || shares == 0, "{sum} of {value:?}");
        assert_eq!(value.0, self.paid_in - self.paid_out, "conservation");
        let count: u128 = self
            .held
            .iter()
            .map(|held| self.pool.count_of(held).unwrap())
            .sum();
        assert_eq!(count, shares, "shares are the positions' shares");
        assert_eq!(value.is_zero(), shares == 0, "{:?}", self.pool);
        assert!(shares >= u128::from(value.0) << 32, "too few shares");
        assert!(shares <= u128::from(value.0) << 64, "too many shares");
    }
}

fn amounts() -> impl Strategy<Value = u64> {
    (1..=CAP, 0u32..55).prop_map(|(amount, shift)| (amount >> shift).max(1))
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let who = 0usize..3;
    prop::collection::vec(
        prop_oneof![
            (who.clone(), amounts()).prop_map(|(who, amount)| Action::Deposit { who, amount }),
            (who.clone(), 0u64..=1_000)
                .prop_map(|(who, permille)| Action::Withdraw { who, permille }),
            (who.clone(), 0u64..3).prop_map(|(who, rest)| Action::WithdrawAllBut { who, rest }),
            who.clone().prop_map(|who| Action::WithdrawAll { who }),
            (who.clone(), who, 0u64..=1_000).prop_map(|(who, to, permille)| Action::Transfer {
                who,
                to,
                permille
            }),
            amounts().prop_map(|amount| Action::Reward { amount }),
        ],
        1..40,
    )
}

#[test]
fn the_first_deposit_is_worth_itself() {
    let mut stakers = Stakers::new();
    stakers.deposit(0, 2_000_000);
    assert_eq!(stakers.worth(0), 2_000_000);
    stakers.check();
}

#[test]
fn rewards_are_shared_by_stake() {
    let mut stakers = Stakers::new();
    stakers.deposit(0, 1_000);
    stakers.deposit(1, 3_000);
    stakers.reward(400);
    assert_eq!((stakers.worth(0), stakers.worth(1)), (1_100, 3_300));
    stakers.check();
}

#[test]
fn the_last_to_leave_empties_the_pool() {
    let mut stakers = Stakers::new();
    stakers.deposit(0, 10);
    stakers.deposit(1, 20);
    stakers.reward(1);
    stakers.withdraw_all(0);
    stakers.withdraw_all(1);
    assert_eq!(stakers.pool, SharePool::default());
    assert!(stakers.held.iter().all(Shares::is_empty));
    assert_eq!(stakers.paid_out, 31);
}

#[test]
fn taking_exactly_all_deletes_the_position() {
    let mut stakers = Stakers::new();
    stakers.deposit(0, 3);
    stakers.deposit(1, 4);
    stakers.reward(3);
    stakers.withdraw(0, stakers.worth(0));
    assert!(stakers.held[0].is_empty());
    stakers.check();
}

#[test]
fn no_position_withdraws_more_than_its_worth() {
    let mut stakers = Stakers::new();
    stakers.deposit(0, 100);
    stakers.deposit(1, 100);
    let before = stakers.clone();
    let refused = stakers.pool.withdraw(&mut stakers.held[0], Rao(101));
    assert_eq!(refused, Err(StakingError::NotEnoughStake(Rao(100))));
    assert_eq!(stakers.pool, before.pool);
    assert_eq!(stakers.held, before.held);
}

#[test]
fn an_empty_pool_takes_no_reward_and_gives_nothing() {
    let (mut pool, mut held) = (SharePool::default(), Shares::default());
    let none = Err(StakingError::NotEnoughStake(Rao::ZERO));
    assert_eq!(pool.reward(Rao(1)), none);
    assert_eq!(pool.withdraw(&mut held, Rao(1)), none);
    assert_eq!(pool, SharePool::default());
}

#[test]
fn a_pool_refuses_a_sum_out_of_range_and_stays_as_it_was() {
    let (mut pool, mut position) = (SharePool::default(), Shares::default());
    pool.deposit(&mut position, Rao(u64::MAX)).unwrap();
    let before = (pool, position);
    let overflow = Err(StakingError::Overflow);
    assert_eq!(pool.deposit(&mut position, Rao(1)), overflow);
    assert_eq!(pool.reward(Rao(1)), overflow);
    assert_eq!((pool, position), before);
}

/// One rao stays, a reward is paid, all but one rao leaves, and so on. Without scales, a share
/// would be worth more than any deposit after a few rounds, and each deposit would be rounded down
/// to nothing.
#[test]
fn repeated_rewards_on_dust_do_not_make_shares_dear() {
    let mut stakers = Stakers::new();
    stakers.deposit(0, 1);
    for _ in 0..50 {
        stakers.reward(1 << 40);
        stakers.withdraw(0, stakers.worth(0) - 1);
        stakers.check();
    }
    stakers.reward(1_000_000_007);
    stakers.deposit(1, 2_000_000);
    assert!(stakers.worth(1) >= 1_999_999, "{}", stakers.worth(1));
    assert!(stakers.pool.scale() > 10);
    stakers.check();
}

/// Without shares of fractions of a rao the victim's deposit of 100 would buy one share of 90 and
/// lose the rest.
#[test]
fn the_first_depositor_attack_takes_at_most_a_rao() {
    let mut stakers = Stakers::new();
    stakers.deposit(0, 1);
    stakers.reward(89);
    stakers.deposit(1, 100);
    assert!(stakers.worth(1) >= 99);
    let attacker = stakers.withdraw_all(0);
    assert!(attacker <= 90 + 1, "{attacker}");
    assert!(stakers.worth(1) >= 99);
    stakers.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_pool_stays_sound(actions in actions()) {
        let mut stakers = Stakers::new();
        for action in &actions {
            stakers.perform(action);
            stakers.check();
        }
    }

    #[test]
    fn no_action_lowers_another_stakers_worth(actions in actions()) {
        let mut stakers = Stakers::new();
        for action in &actions {
            let before = stakers.clone();
            let actor = stakers.perform(action);
            for who in (0..3).filter(|who| Some(*who) != actor) {
                prop_assert!(
                    stakers.worth(who) >= before.worth(who),
                    "{action:?} takes from {who}: {} -> {}", before.worth(who), stakers.worth(who),
                );
            }
        }
    }

    #[test]
    fn a_deposit_and_its_withdrawal_gain_nothing_and_cost_at_most_a_rao(
        actions in actions(),
        amount in amounts(),
    ) {
        let mut stakers = Stakers::new();
        actions.iter().for_each(|action| { stakers.perform(action); });
        // The first staker leaves, and another takes the slot.
        stakers.perform(&Action::WithdrawAll { who: 0 });
        let amount = amount.min(CAP.saturating_sub(stakers.pool.value().0)).max(1);
        stakers.deposit(0, amount);
        let back = stakers.withdraw_all(0);
        prop_assert!(back <= amount, "{back} for {amount}");
        prop_assert!(back + 1 >= amount, "{back} for {amount}");
        stakers.check();
    }

    /// The receiver gets the amount, and at most the fraction of a rao that it lacked before.
    #[test]
    fn a_transfer_gives_what_it_takes(actions in actions(), permille in 0u64..=1_000) {
        let mut stakers = Stakers::new();
        actions.iter().for_each(|action| { stakers.perform(action); });
        let before = (stakers.worth(0), stakers.worth(1), stakers.worth(2));
        let amount = before.0 / 1_000 * permille;
        stakers.perform(&Action::Transfer { who: 0, to: 1, permille });
        let after = (stakers.worth(0), stakers.worth(1), stakers.worth(2));
        prop_assert!(after.0 <= before.0 - amount && after.0 + 1 >= before.0 - amount);
        prop_assert!(after.1 >= before.1 + amount && after.1 <= before.1 + amount + 1);
        prop_assert_eq!(after.2, before.2);
        stakers.check();
    }

    #[test]
    fn a_withdrawal_costs_what_it_gives(actions in actions(), permille in 0u64..=1_000) {
        let mut stakers = Stakers::new();
        actions.iter().for_each(|action| { stakers.perform(action); });
        let before = stakers.worth(1);
        let amount = before / 1_000 * permille;
        stakers.withdraw(1, amount);
        let after = stakers.worth(1);
        prop_assert!(after <= before - amount, "{before} - {amount} = {after}");
        prop_assert!(after + 1 >= before - amount, "{before} - {amount} = {after}");
    }
}
