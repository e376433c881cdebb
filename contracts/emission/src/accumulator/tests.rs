//! Sharing by weight, exact to the last 2^-64 of a rao.

use super::*;
use proptest::prelude::*;

/// Subnets that share, and the sums of all issues and draws.
#[derive(Default)]
struct Network {
    accumulator: Accumulator,
    shares: [Share; 4],
    issued: u128,
    drawn: u128,
}

impl Network {
    fn issue(&mut self, amount: u64) {
        if self.accumulator.is_shared() {
            self.accumulator.add(Rao(amount)).unwrap();
            self.issued += u128::from(amount);
        }
    }

    fn draw(&mut self, subnet: usize, weight: u64) -> u64 {
        let share = &mut self.shares[subnet];
        let drawn = self.accumulator.draw(share, Rao(weight)).unwrap().0;
        self.drawn += u128::from(drawn);
        drawn
    }

    /// Checks the equation of the module, to the last 2^-64 of a rao.
    fn check(&self) {
        let undrawn: u128 = self
            .shares
            .iter()
            .map(|share| {
                let (whole, fraction) = self.accumulator.earned(share).unwrap();
                (whole.to_u128() << 64) + u128::from(fraction)
            })
            .sum();
        let held = (self.drawn << 64) + undrawn + self.accumulator.remainder;
        assert_eq!(held, self.issued << 64);
        let weights: u128 = self.shares.iter().map(|share| share.weight.to_u128()).sum();
        assert_eq!(weights, self.accumulator.total_weight);
    }
}

#[test]
fn two_subnets_share_by_weight() {
    let mut net = Network::default();
    net.draw(0, 1);
    net.draw(1, 3);
    net.issue(1_000);
    assert_eq!(net.draw(0, 1), 250);
    assert_eq!(net.draw(1, 3), 750);
    net.check();
}

#[test]
fn a_new_subnet_earns_nothing_of_the_past() {
    let mut net = Network::default();
    net.draw(0, 5);
    net.issue(1_000);
    assert_eq!(net.draw(1, 5), 0);
    net.issue(1_000);
    assert_eq!(net.draw(0, 5), 1_500);
    assert_eq!(net.draw(1, 5), 500);
    net.check();
}

#[test]
fn a_new_weight_counts_from_the_draw_on() {
    let mut net = Network::default();
    net.draw(0, 1);
    net.draw(1, 1);
    net.issue(100);
    assert_eq!(net.draw(0, 9), 50);
    net.issue(100);
    assert_eq!(net.draw(0, 9), 90);
    assert_eq!(net.draw(1, 1), 60);
    net.check();
}

#[test]
fn thirds_lose_nothing_over_time() {
    let mut net = Network::default();
    (0..3).for_each(|subnet| assert_eq!(net.draw(subnet, 1), 0));
    for _ in 0..9 {
        net.issue(1);
        (0..3).for_each(|subnet| {
            net.draw(subnet, 1);
        });
        net.check();
    }
    // Nine rao for three subnets: each has at most one rao of fractions left.
    assert!(net.drawn >= 6, "{}", net.drawn);
}

#[test]
fn without_subnets_nothing_is_added() {
    let mut accumulator = Accumulator::default();
    assert!(!accumulator.is_shared());
    assert_eq!(accumulator.add(Rao(1)), None);
}

#[test]
fn the_whole_supply_on_the_least_weight_fits() {
    let mut net = Network::default();
    net.draw(0, 1);
    net.issue(Rao::CAP.0 - 1);
    assert_eq!(net.draw(0, u64::MAX), Rao::CAP.0 - 1);
    net.draw(1, u64::MAX);
    assert_eq!(net.accumulator.total_weight(), Rao(u64::MAX));
    net.issue(1);
    net.check();
}

proptest! {
    #[test]
    fn nothing_is_lost_or_made(
        calls in prop::collection::vec((0usize..4, 0..=Rao::CAP.0, 0u32..55, 0u64..1 << 45), 1..60),
    ) {
        let mut net = Network::default();
        for (subnet, weight, shift, issued) in calls {
            net.draw(subnet, weight >> shift);
            net.issue(issued);
            net.check();
        }
        prop_assert!(net.drawn <= net.issued);
    }
}
