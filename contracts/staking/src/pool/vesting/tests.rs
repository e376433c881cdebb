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
    Add {
        who: usize,
        amount: u64,
    },
    Credit {
        who: usize,
        amount: u64,
    },
    Withdraw {
        who: usize,
        permille: u64,
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
    Close {
        epochs: u32,
    },
}

impl Stakers {
    /// Collects the vested shares of a position.
    fn touch(&mut self, who: usize) {
        let position = &mut self.positions[who];
        for (epoch, deposits) in position.advance(self.open) {
            let vested = self.vested.get_mut(&epoch).expect("kept");
            self.pool.collect(position, deposits, vested).unwrap();
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
                    .add(&mut self.positions[who], Rao(amount))
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
                    self.paid_out += amount.amount.0;
                }
            }
            Action::Transfer { who, to, permille } => {
                self.touch(who);
                self.touch(to);
                let part = u128::from(self.worth(who)) * u128::from(permille) / 1_000;
                let amount = u64::try_from(part).unwrap();
                let (mut from, mut other) = (self.positions[who], self.positions[to]);
                if who != to {
                    let transferred = self.pool.transfer(&mut from, &mut other, Rao(amount));
                    transferred.unwrap();
                    (self.positions[who], self.positions[to]) = (from, other);
                }
            }
            Action::Reward { amount } => {
                if !self.pool.shares.is_empty() {
                    let amount = amount.min(room);
                    self.pool.reward(Rao(amount)).unwrap();
                    self.paid_in += amount;
                }
            }
            Action::Close { epochs } => {
                let next = self.open + epochs;
                self.vested
                    .extend(self.pool.advance(self.open, next).unwrap());
                self.open = next;
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
        let pool = &self.pool;
        let is_empty = pool.shares.is_empty() && pool.unvested.is_zero() && pool.pending.is_zero();
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
            1 => who.clone().prop_map(|who| Action::WithdrawAll { who }),
            1 => (who.clone(), who, 0u64..=1_000)
                .prop_map(|(who, to, permille)| Action::Transfer { who, to, permille }),
            2 => amounts().prop_map(|amount| Action::Reward { amount }),
            3 => (1u32..4).prop_map(|epochs| Action::Close { epochs }),
        ],
        1..40,
    )
}

fn add(who: usize, amount: u64) -> Action {
    Action::Add { who, amount }
}

const CLOSE: Action = Action::Close { epochs: 1 };

/// The pay of an epoch arrives while the next one is open.
#[test]
fn pay_of_an_epoch_goes_to_the_stake_that_weighed_in_it() {
    let mut stakers = Stakers::default();
    let matured = |stakers: &Stakers| stakers.pool.matured().unwrap().0;
    // Epoch 0: both deposit, neither weighs.
    stakers.perform(&add(0, 1_000));
    assert_eq!(matured(&stakers), 0);
    stakers.perform(&CLOSE);
    // Epoch 1: the first deposit weighs. Pay of epoch 0 would find no shares.
    stakers.perform(&add(1, 9_000));
    assert_eq!(matured(&stakers), 1_000);
    assert!(stakers.pool.shares.is_empty());
    stakers.perform(&CLOSE);
    // Epoch 2: the pay of epoch 1 is the first staker's; the second one weighs.
    stakers.perform(&Action::Reward { amount: 500 });
    assert_eq!((stakers.worth(0), stakers.worth(1)), (1_500, 9_000));
    assert_eq!(matured(&stakers), 10_500);
    stakers.perform(&CLOSE);
    // Epoch 3: the pay of epoch 2 is shared by what weighed in it.
    stakers.perform(&Action::Reward { amount: 1_050 });
    assert_eq!((stakers.worth(0), stakers.worth(1)), (1_650, 9_900));
    stakers.check();
}

#[test]
fn a_withdrawal_takes_the_youngest_deposits_first() {
    let mut stakers = Stakers::default();
    for (amount, epochs) in [(100, 2), (70, 1), (50, 0)] {
        stakers.perform(&add(0, amount));
        stakers.perform(&Action::Close { epochs });
    }
    stakers.touch(0);
    let withdraw = |stakers: &mut Stakers, amount| {
        let pool = &mut stakers.pool;
        pool.withdraw(&mut stakers.positions[0], Rao(amount))
    };
    let withdrawn = withdraw(&mut stakers, 40).unwrap();
    assert_eq!((withdrawn.amount, withdrawn.pending), (Rao(40), Rao(40)));
    let parts = |stakers: &Stakers| {
        let pool = stakers.pool;
        (pool.shares.value().0, pool.unvested.0, pool.pending.0)
    };
    assert_eq!(parts(&stakers), (100, 70, 10));
    let withdrawn = withdraw(&mut stakers, 90).unwrap();
    assert_eq!((withdrawn.amount, withdrawn.pending), (Rao(90), Rao(10)));
    assert_eq!(parts(&stakers), (90, 0, 0));
    let refused = withdraw(&mut stakers, 91);
    assert_eq!(refused, Err(StakingError::NotEnoughStake(Rao(90))));
}

#[test]
fn a_transfer_keeps_the_age_of_stake() {
    let mut stakers = Stakers::default();
    for (amount, epochs) in [(100, 2), (70, 1), (50, 0)] {
        stakers.perform(&add(0, amount));
        stakers.perform(&Action::Close { epochs });
    }
    let pool = stakers.pool;
    let transfer = |permille| Action::Transfer {
        who: 0,
        to: 1,
        permille,
    };
    stakers.perform(&transfer(1_000));
    assert_eq!(stakers.pool, pool);
    assert_eq!((stakers.worth(0), stakers.worth(1)), (0, 220));
    assert!(stakers.positions[0].is_empty());
    assert_eq!(stakers.positions[1].pending(stakers.open), Rao(50));
    stakers.perform(&Action::Reward { amount: 100 });
    assert_eq!(stakers.worth(1), 320);
    stakers.check();
}

#[test]
fn uncollected_shares_may_be_worth_a_rao_less_per_position() {
    let mut stakers = Stakers::default();
    stakers.perform(&add(0, 1_000));
    stakers.perform(&Action::Close { epochs: 2 });
    stakers.perform(&Action::Reward { amount: 500 });
    stakers.perform(&add(1, 1));
    stakers.perform(&add(2, 1));
    stakers.perform(&Action::Close { epochs: 2 });
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

    /// After any history: a deposit that is withdrawn before a whole epoch has passed over it
    /// returns its amount, whatever was paid in between.
    #[test]
    fn a_visit_of_less_than_an_epoch_gains_nothing(
        actions in actions(),
        amount in 1u64..1 << 50,
        rewards in prop::collection::vec(1u64..1 << 50, 0..4),
        closes in prop::collection::vec(any::<bool>(), 4),
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
        // At most one close.
        let closes_before = closes.iter().position(|closes| *closes);
        for (place, reward) in rewards.into_iter().enumerate() {
            if closes_before == Some(place) {
                stakers.perform(&CLOSE);
                plain.perform(&CLOSE);
            }
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
