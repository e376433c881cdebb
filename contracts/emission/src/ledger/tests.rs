use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SUBNETS: usize = 3;

/// A ledger with its subnets and open budgets.
struct World {
    ledger: Ledger,
    accounts: [Account; SUBNETS],
    budgets: BTreeMap<(usize, u32), EpochBudget>,
    now: u32,
    split: Split,
}

impl World {
    fn new(genesis: u64, split: Split) -> Self {
        Self {
            ledger: Ledger::new(Rao(genesis), 100),
            accounts: Default::default(),
            budgets: BTreeMap::new(),
            now: 100,
            split,
        }
    }

    fn draw(&mut self, subnet: usize, weight: u64) -> EpochBudget {
        let account = &mut self.accounts[subnet];
        let epoch = account.next_epoch;
        let budget = self
            .ledger
            .draw(account, epoch, self.now, Rao(weight), &self.split)
            .unwrap();
        self.budgets.insert((subnet, epoch), budget);
        budget
    }

    fn pay(&mut self, key: (usize, u32), amount: u64) {
        let budget = self.budgets.get_mut(&key).unwrap();
        self.ledger.pay(budget, Rao(amount)).unwrap();
    }

    fn complete(&mut self, key: (usize, u32)) -> Closing {
        let budget = self.budgets.remove(&key).unwrap();
        self.ledger
            .complete(&mut self.accounts[key.0], &budget)
            .unwrap()
    }

    /// The equation of the module's head. Rounding keeps back less than a rao per subnet and one.
    fn check(&self) {
        let Issuance {
            issued,
            minted,
            genesis,
            block,
            ..
        } = self.ledger.issuance();
        let open: u64 = self
            .budgets
            .values()
            .map(|budget| budget::unpaid(budget).unwrap().0 + budget.owner.0 + budget.treasury.0)
            .sum();
        let pending: u64 = self
            .accounts
            .iter()
            .map(|account| self.ledger.pending(account, block).unwrap().0)
            .sum();
        let held = minted.0 + open + pending;
        let made = issued.0 - genesis.0;
        assert!(held <= made, "{held} of {made}");
        assert!(made - held <= SUBNETS as u64, "{held} of {made}");
        assert!(issued <= Rao::CAP);
    }
}

#[test]
fn nothing_is_issued_while_nobody_shares() {
    let mut world = World::new(1_000, Split::DEFAULT);
    world.now = 10_000;
    assert_eq!(world.draw(0, 0), EpochBudget::default());
    assert_eq!(world.ledger.issuance().issued, Rao(1_000));
    assert_eq!(world.ledger.issuance().block, 10_000);
    world.draw(0, 4);
    world.now = 10_010;
    let budget = world.draw(0, 4);
    assert_eq!(world.ledger.issuance().issued, Rao(10_000_001_000));
    assert_eq!(budget.miners, Rao(5_000_000_000));
    world.check();
}

#[test]
fn an_epoch_is_drawn_once() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 1);
    let before = (world.ledger, world.accounts[0]);
    let again = world
        .ledger
        .draw(&mut world.accounts[0], 0, 200, Rao(1), &Split::DEFAULT);
    assert_eq!(again, Err(EmissionError::AlreadyDrawn));
    assert_eq!((world.ledger, world.accounts[0]), before);
}

#[test]
fn what_was_not_paid_comes_back_in_the_next_budget() {
    let mut world = World::new(0, Split::BITTENSOR);
    world.draw(0, 1);
    world.now += 1;
    let budget = world.draw(0, 1);
    assert_eq!(
        (budget.miners.0, budget.owner.0),
        (410_000_000, 180_000_000)
    );
    world.pay((0, 1), 20_000_000);
    let closing = world.complete((0, 1));
    assert_eq!(closing.carried, Rao(800_000_000));
    assert_eq!(world.ledger.issuance().minted, Rao(200_000_000));
    world.check();
    let pending = world.ledger.pending(&world.accounts[0], world.now);
    assert_eq!(pending, Ok(Rao(800_000_000)));
    assert_eq!(world.draw(0, 1).miners, Rao(328_000_000));
    world.check();
}

#[test]
fn a_budget_is_not_overspent() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 1);
    world.now += 1;
    let mut budget = world.draw(0, 1);
    let before = (world.ledger, budget);
    let refused = world.ledger.pay(&mut budget, Rao(750_000_001));
    assert_eq!(refused, Err(EmissionError::OverBudget(Rao(750_000_000))));
    assert_eq!((world.ledger, budget), before);
}

#[test]
fn pending_is_what_a_draw_gives() {
    let mut world = World::new(5, Split::DEFAULT);
    world.draw(0, 3);
    world.draw(1, 4);
    world.now += 1_000;
    let pending = world.ledger.pending(&world.accounts[1], world.now).unwrap();
    let drawn = world.draw(1, 4);
    let total = drawn.miners.0 + drawn.validators.0 + drawn.owner.0 + drawn.treasury.0;
    assert_eq!(pending.0, total);
}

/// What may happen: time passes, then one call.
#[derive(Clone, Debug)]
enum Call {
    Draw { subnet: usize, weight: u64 },
    Pay { index: usize, permille: u64 },
    Complete { index: usize },
}

fn calls() -> impl Strategy<Value = Vec<(u32, Call)>> {
    let call = prop_oneof![
        (0..SUBNETS, 0..=Rao::CAP.0, 0u32..55).prop_map(|(subnet, weight, shift)| Call::Draw {
            subnet,
            weight: weight >> shift
        }),
        (any::<usize>(), 0u64..=1_000).prop_map(|(index, permille)| Call::Pay { index, permille }),
        any::<usize>().prop_map(|index| Call::Complete { index }),
    ];
    let blocks = (0..20_000_000u32, 0u32..25).prop_map(|(blocks, shift)| blocks >> shift);
    prop::collection::vec((blocks, call), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_is_lost_or_paid_twice(
        genesis in 0..=Rao::CAP.0,
        bittensor in any::<bool>(),
        calls in calls(),
    ) {
        let split = if bittensor { Split::BITTENSOR } else { Split::DEFAULT };
        let mut world = World::new(genesis, split);
        for (blocks, call) in calls {
            world.now += blocks;
            let key = |world: &World, index: usize| {
                let open: Vec<_> = world.budgets.keys().copied().collect();
                (!open.is_empty()).then(|| open[index % open.len()])
            };
            match call {
                Call::Draw { subnet, weight } => {
                    world.draw(subnet, weight);
                }
                Call::Pay { index, permille } => {
                    if let Some(key) = key(&world, index) {
                        let left = budget::unpaid(&world.budgets[&key]).unwrap().0;
                        world.pay(key, left / 1_000 * permille);
                    }
                }
                Call::Complete { index } => {
                    if let Some(key) = key(&world, index) {
                        world.complete(key);
                    }
                }
            }
            world.check();
        }
    }
}
