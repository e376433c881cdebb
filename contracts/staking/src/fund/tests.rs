use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A fund, its people and an epoch that closes now and then.
#[derive(Clone, Debug, Default)]
struct Market {
    fund: Fund,
    people: [Holding; 3],
    ripe: BTreeMap<u32, Ripe>,
    open: u32,
    paid_in: u64,
    paid_out: u64,
}

/// What happens.
#[derive(Clone, Debug)]
enum Deed {
    Add { who: usize, amount: u64 },
    Credit { who: usize, amount: u64 },
    Withdraw { who: usize, permille: u64 },
    WithdrawAll { who: usize },
    Reward { amount: u64 },
    Close,
}

impl Market {
    /// Brings the fund and a holding up to the open epoch.
    fn touch(&mut self, who: usize) {
        if let Some(epoch) = self.people[who].fetches(self.open) {
            let ripe = self.ripe.get_mut(&epoch).expect("kept");
            self.fund.fetch(&mut self.people[who], ripe).unwrap();
            if ripe.is_spent() {
                self.ripe.remove(&epoch);
            }
        }
    }

    fn worth(&self, who: usize) -> u64 {
        let mut seen = self.clone();
        seen.touch(who);
        seen.fund.worth(&seen.people[who]).unwrap().0
    }

    fn perform(&mut self, deed: &Deed) {
        let room = Rao::CAP.0.saturating_sub(self.fund.value().unwrap().0);
        match *deed {
            Deed::Add { who, amount } => {
                self.touch(who);
                let amount = amount.min(room).max(1);
                self.fund
                    .add(&mut self.people[who], Rao(amount), self.open)
                    .unwrap();
                self.paid_in += amount;
            }
            Deed::Credit { who, amount } => {
                self.touch(who);
                let amount = amount.min(room).max(1);
                self.fund
                    .credit(&mut self.people[who], Rao(amount))
                    .unwrap();
                self.paid_in += amount;
            }
            Deed::Withdraw { who, permille } => {
                self.touch(who);
                let amount = self.worth(who) / 1_000 * permille;
                self.fund
                    .withdraw(&mut self.people[who], Rao(amount))
                    .unwrap();
                self.paid_out += amount;
            }
            Deed::WithdrawAll { who } => {
                self.touch(who);
                if !self.people[who].is_empty() {
                    let amount = self.fund.withdraw_all(&mut self.people[who]).unwrap();
                    self.paid_out += amount.0;
                }
            }
            Deed::Reward { amount } => {
                if !self.fund.pool.is_empty() {
                    let amount = amount.min(room);
                    self.fund.reward(Rao(amount)).unwrap();
                    self.paid_in += amount;
                }
            }
            Deed::Close => {
                let ripe = self.fund.ripen().unwrap();
                self.ripe.extend(ripe.map(|ripe| (self.open, ripe)));
                self.open += 1;
            }
        }
    }

    fn check(&self) {
        let value = self.fund.value().unwrap().0;
        assert_eq!(value, self.paid_in - self.paid_out, "conservation");
        let sum: u64 = (0..3).map(|who| self.worth(who)).sum();
        assert!(sum <= value && value - sum <= 3, "{sum} of {value}");
        let mut all = self.clone();
        (0..3).for_each(|who| all.touch(who));
        assert!(all.ripe.is_empty(), "everything is somebody's");
        let is_empty = self.fund.pool.is_empty() && self.fund.fresh.is_zero();
        assert_eq!(is_empty, value == 0);
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let amounts = || (1..=Rao::CAP.0, 0u32..55).prop_map(|(it, shift)| (it >> shift).max(1));
    let who = 0usize..3;
    prop::collection::vec(
        prop_oneof![
            3 => (who.clone(), amounts()).prop_map(|(who, amount)| Deed::Add { who, amount }),
            1 => (who.clone(), amounts()).prop_map(|(who, amount)| Deed::Credit { who, amount }),
            2 => (who.clone(), 0u64..=1_000)
                .prop_map(|(who, permille)| Deed::Withdraw { who, permille }),
            1 => who.prop_map(|who| Deed::WithdrawAll { who }),
            2 => amounts().prop_map(|amount| Deed::Reward { amount }),
            3 => Just(Deed::Close),
        ],
        1..40,
    )
}

#[test]
fn what_was_added_in_the_open_epoch_has_no_part_in_its_pay() {
    let mut market = Market::default();
    market.perform(&Deed::Add {
        who: 0,
        amount: 1_000,
    });
    market.perform(&Deed::Close);
    market.perform(&Deed::Add {
        who: 1,
        amount: 9_000,
    });
    market.perform(&Deed::Reward { amount: 500 });
    assert_eq!((market.worth(0), market.worth(1)), (1_500, 9_000));
    // It weighs at once.
    assert_eq!(market.fund.value(), Ok(Rao(10_500)));
    market.perform(&Deed::Close);
    market.perform(&Deed::Reward { amount: 1_050 });
    assert_eq!((market.worth(0), market.worth(1)), (1_650, 9_900));
    market.check();
}

#[test]
fn a_withdrawal_takes_what_was_added_last_first() {
    let mut market = Market::default();
    market.perform(&Deed::Add {
        who: 0,
        amount: 100,
    });
    market.perform(&Deed::Close);
    market.perform(&Deed::Add { who: 0, amount: 50 });
    market.touch(0);
    market
        .fund
        .withdraw(&mut market.people[0], Rao(40))
        .unwrap();
    assert_eq!(market.fund.fresh, Rao(10));
    assert_eq!(market.fund.pool.value(), Rao(100));
    let refused = market.fund.withdraw(&mut market.people[0], Rao(111));
    assert_eq!(refused, Err(StakingError::NotEnoughStake(Rao(110))));
}

#[test]
fn what_has_not_been_fetched_may_be_worth_a_rao_less_each() {
    let mut market = Market::default();
    let add = |who, amount| Deed::Add { who, amount };
    market.perform(&add(0, 1_000));
    market.perform(&Deed::Close);
    market.perform(&Deed::Reward { amount: 500 });
    market.perform(&add(1, 1));
    market.perform(&add(2, 1));
    market.perform(&Deed::Close);
    market.perform(&Deed::WithdrawAll { who: 0 });
    // An odd number of shares is for both: until one has fetched its half, each could have the
    // smaller one.
    assert_eq!((market.worth(1), market.worth(2)), (0, 0));
    market.check();
    market.touch(1);
    assert_eq!((market.worth(1), market.worth(2)), (0, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_fund_stays_sound(deeds in deeds()) {
        let mut market = Market::default();
        for deed in &deeds {
            market.perform(deed);
            market.check();
        }
    }

    /// Whatever was before: adding, being there for pay, and leaving before the epoch closes gives back what was added.
    #[test]
    fn a_visit_within_an_epoch_gains_nothing(
        deeds in deeds(),
        amount in 1u64..1 << 50,
        rewards in prop::collection::vec(1u64..1 << 50, 0..4),
    ) {
        let mut market = Market::default();
        deeds.iter().for_each(|deed| market.perform(deed));
        market.perform(&Deed::WithdrawAll { who: 0 });
        let others = (market.worth(1), market.worth(2));
        // All of it fits below the cap, with the visitor and without.
        let room = Rao::CAP.0.saturating_sub(market.fund.value().unwrap().0) / 8;
        let amount = amount.min(room).max(1);
        market.perform(&Deed::Add { who: 0, amount });
        let mut plain = market.clone();
        plain.perform(&Deed::WithdrawAll { who: 0 });
        for reward in rewards {
            let reward = reward.min(room);
            market.perform(&Deed::Reward { amount: reward });
            plain.perform(&Deed::Reward { amount: reward });
        }
        prop_assert_eq!(market.worth(0), amount);
        market.perform(&Deed::WithdrawAll { who: 0 });
        prop_assert_eq!((market.worth(1), market.worth(2)), (plain.worth(1), plain.worth(2)));
        prop_assert!(market.worth(1) >= others.0 && market.worth(2) >= others.1);
    }
}
