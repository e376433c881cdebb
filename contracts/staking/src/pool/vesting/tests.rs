use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A pool, three positions, and the number of the open epoch.
#[derive(Clone, Debug, Default)]
struct Stakers {
    pool: Pool,
    positions: [Position; 3],
    vested: BTreeMap<u32, Vested>,
    open: u32,
    paid_in: u64,
    paid_out: u64,
}

/// An action of a staker, a reward, or the close of the open epoch.
#[derive(Clone, Debug)]
enum Action {
    Add { who: usize, amount: u64 },
    Credit { who: usize, amount: u64 },
    Withdraw { who: usize, permille: u64 },
    WithdrawAll { who: usize },
    Reward { amount: u64 },
    Close,
}

impl Stakers {
    /// Collects the vested shares of a position.
    fn touch(&mut self, who: usize) {
        if let Some(epoch) = self.positions[who].uncollected(self.open) {
            let vested = self.vested.get_mut(&epoch).expect("kept");
            self.pool.collect(&mut self.positions[who], vested).unwrap();
            if vested.is_spent() {
                self.vested.remove(&epoch);
            }
        }
    }

    fn worth(&self, who: usize) -> u64 {
        let mut seen = self.clone();
        seen.touch(who);
        seen.pool.worth(&seen.positions[who]).unwrap().0
    }

    fn perform(&mut self, action: &Action) {
        let room = Rao::CAP.0.saturating_sub(self.pool.value().unwrap().0);
        match *action {
            Action::Add { who, amount } => {
                self.touch(who);
                let amount = amount.min(room).max(1);
                self.pool
                    .add(&mut self.positions[who], Rao(amount), self.open)
                    .unwrap();
                self.paid_in += amount;
            }
            Action::Credit { who, amount } => {
                self.touch(who);
                let amount = amount.min(room).max(1);
                self.pool
                    .credit(&mut self.positions[who], Rao(amount))
                    .unwrap();
                self.paid_in += amount;
            }
            Action::Withdraw { who, permille } => {
                self.touch(who);
                let amount = self.worth(who) / 1_000 * permille;
                self.pool
                    .withdraw(&mut self.positions[who], Rao(amount))
                    .unwrap();
                self.paid_out += amount;
            }
            Action::WithdrawAll { who } => {
                self.touch(who);
                if !self.positions[who].is_empty() {
                    let amount = self.pool.withdraw_all(&mut self.positions[who]).unwrap();
                    self.paid_out += amount.0;
                }
            }
            Action::Reward { amount } => {
                if !self.pool.shares.is_empty() {
                    let amount = amount.min(room);
                    self.pool.reward(Rao(amount)).unwrap();
                    self.paid_in += amount;
                }
            }
            Action::Close => {
                let vested = self.pool.vest().unwrap();
                self.vested.extend(vested.map(|vested| (self.open, vested)));
                self.open += 1;
            }
        }
    }

    fn check(&self) {
        let value = self.pool.value().unwrap().0;
        assert_eq!(value, self.paid_in - self.paid_out, "conservation");
        let sum: u64 = (0..3).map(|who| self.worth(who)).sum();
        assert!(sum <= value && value - sum <= 3, "{sum} of {value}");
        let mut all = self.clone();
        (0..3).for_each(|who| all.touch(who));
        assert!(all.vested.is_empty(), "all vested shares are collected");
        let is_empty = self.pool.shares.is_empty() && self.pool.pending.is_zero();
        assert_eq!(is_empty, value == 0);
    }
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let amounts = || (1..=Rao::CAP.0, 0u32..55).prop_map(|(it, shift)| (it >> shift).max(1));
    let who = 0usize..3;
    prop::collection::vec(
        prop_oneof![
            3 => (who.clone(), amounts()).prop_map(|(who, amount)| Action::Add { who, amount }),
            1 => (who.clone(), amounts()).prop_map(|(who, amount)| Action::Credit { who, amount }),
            2 => (who.clone(), 0u64..=1_000)
                .prop_map(|(who, permille)| Action::Withdraw { who, permille }),
            1 => who.prop_map(|who| Action::WithdrawAll { who }),
            2 => amounts().prop_map(|amount| Action::Reward { amount }),
            3 => Just(Action::Close),
        ],
        1..40,
    )
}

#[test]
fn deposits_of_the_open_epoch_get_no_part_of_its_pay() {
    let mut stakers = Stakers::default();
    stakers.perform(&Action::Add {
        who: 0,
        amount: 1_000,
    });
    stakers.perform(&Action::Close);
    stakers.perform(&Action::Add {
        who: 1,
        amount: 9_000,
    });
    stakers.perform(&Action::Reward { amount: 500 });
    assert_eq!((stakers.worth(0), stakers.worth(1)), (1_500, 9_000));
    // The deposit counts as stake at once.
    assert_eq!(stakers.pool.value(), Ok(Rao(10_500)));
    stakers.perform(&Action::Close);
    stakers.perform(&Action::Reward { amount: 1_050 });
    assert_eq!((stakers.worth(0), stakers.worth(1)), (1_650, 9_900));
    stakers.check();
}

#[test]
fn a_withdrawal_takes_pending_deposits_first() {
    let mut stakers = Stakers::default();
    stakers.perform(&Action::Add {
        who: 0,
        amount: 100,
    });
    stakers.perform(&Action::Close);
    stakers.perform(&Action::Add { who: 0, amount: 50 });
    stakers.touch(0);
    stakers
        .pool
        .withdraw(&mut stakers.positions[0], Rao(40))
        .unwrap();
    assert_eq!(stakers.pool.pending, Rao(10));
    assert_eq!(stakers.pool.shares.value(), Rao(100));
    let refused = stakers.pool.withdraw(&mut stakers.positions[0], Rao(111));
    assert_eq!(refused, Err(StakingError::NotEnoughStake(Rao(110))));
}

#[test]
fn uncollected_shares_may_be_worth_a_rao_less_per_position() {
    let mut stakers = Stakers::default();
    let add = |who, amount| Action::Add { who, amount };
    stakers.perform(&add(0, 1_000));
    stakers.perform(&Action::Close);
    stakers.perform(&Action::Reward { amount: 500 });
    stakers.perform(&add(1, 1));
    stakers.perform(&add(2, 1));
    stakers.perform(&Action::Close);
    stakers.perform(&Action::WithdrawAll { who: 0 });
    // An odd number of shares is for two positions. Until one has collected its half, the worth of
    // both is computed from the smaller half.
    assert_eq!((stakers.worth(1), stakers.worth(2)), (0, 0));
    stakers.check();
    stakers.touch(1);
    assert_eq!((stakers.worth(1), stakers.worth(2)), (0, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_pool_stays_sound(actions in actions()) {
        let mut stakers = Stakers::default();
        for action in &actions {
            stakers.perform(action);
            stakers.check();
        }
    }

    /// After any history: a deposit that is withdrawn before the epoch closes returns its amount,
    /// whatever was paid in between.
    #[test]
    fn a_visit_within_an_epoch_gains_nothing(
        actions in actions(),
        amount in 1u64..1 << 50,
        rewards in prop::collection::vec(1u64..1 << 50, 0..4),
    ) {
        let mut stakers = Stakers::default();
        actions.iter().for_each(|action| stakers.perform(action));
        stakers.perform(&Action::WithdrawAll { who: 0 });
        let others = (stakers.worth(1), stakers.worth(2));
        // Everything fits below the cap, with the deposit and without.
        let room = Rao::CAP.0.saturating_sub(stakers.pool.value().unwrap().0) / 8;
        let amount = amount.min(room).max(1);
        stakers.perform(&Action::Add { who: 0, amount });
        let mut plain = stakers.clone();
        plain.perform(&Action::WithdrawAll { who: 0 });
        for reward in rewards {
            let reward = reward.min(room);
            stakers.perform(&Action::Reward { amount: reward });
            plain.perform(&Action::Reward { amount: reward });
        }
        prop_assert_eq!(stakers.worth(0), amount);
        stakers.perform(&Action::WithdrawAll { who: 0 });
        prop_assert_eq!((stakers.worth(1), stakers.worth(2)), (plain.worth(1), plain.worth(2)));
        prop_assert!(stakers.worth(1) >= others.0 && stakers.worth(2) >= others.1);
    }
}
