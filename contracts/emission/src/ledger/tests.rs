use super::*;
use inktensor_primitives::Bps;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SUBNETS: usize = 3;

const FREE: Fees = Fees {
    proposer: Bps(0),
    keeper: Bps(0),
};

/// A ledger with its subnets and open budgets.
struct World {
    ledger: Ledger,
    accounts: [Account; SUBNETS],
    budgets: BTreeMap<(usize, u32), EpochBudget>,
    now: u32,
    division: Division,
}

impl World {
    fn new(genesis: u64, split: Split) -> Self {
        Self::with_fees(genesis, split, FREE)
    }

    fn with_fees(genesis: u64, split: Split, fees: Fees) -> Self {
        Self {
            ledger: Ledger::new(Rao(genesis), 100),
            accounts: Default::default(),
            budgets: BTreeMap::new(),
            now: 100,
            division: Division { fees, split },
        }
    }

    fn draw(&mut self, subnet: usize, weight: u64) -> EpochBudget {
        let account = &mut self.accounts[subnet];
        let epoch = account.next_epoch;
        let budget = self
            .ledger
            .draw(account, epoch, self.now, Rao(weight), &self.division)
            .unwrap()
            .budget;
        self.budgets.insert((subnet, epoch), budget);
        budget
    }

    /// Pays `amount`, a third of it owed.
    fn pay(&mut self, key: (usize, u32), amount: u64) {
        let budget = self.budgets.get_mut(&key).unwrap();
        let owed = amount / 3;
        self.ledger
            .pay(budget, Rao(amount - owed), Rao(owed))
            .unwrap();
    }

    /// Pays a part of what is owed.
    fn collect(&mut self, permille: u64) {
        let owed = self.ledger.issuance().owed.0;
        let amount = owed / 1_000 * permille;
        self.ledger.pay_owed(Rao(amount)).unwrap();
        assert_eq!(self.ledger.issuance().owed, Rao(owed - amount));
    }

    fn pay_fee(&mut self, key: (usize, u32), fee: Fee, amount: u64) {
        let budget = self.budgets.get_mut(&key).unwrap();
        self.ledger.pay_fee(budget, fee, Rao(amount)).unwrap();
    }

    fn carry(&mut self, key: (usize, u32)) -> Rao {
        let budget = self.budgets.remove(&key).unwrap();
        Ledger::carry(&mut self.accounts[key.0], &budget).unwrap()
    }

    fn release(&mut self, subnet: usize) -> Result<Rao, EmissionError> {
        let account = &mut self.accounts[subnet];
        self.ledger.release(account, self.now)
    }

    fn complete(&mut self, key: (usize, u32)) -> Closing {
        let budget = self.budgets.remove(&key).unwrap();
        self.ledger
            .complete(&mut self.accounts[key.0], &budget)
            .unwrap()
    }

    /// Checks the equation of the module. Rounding holds back less than one rao, and one per
    /// subnet.
    fn check(&self) {
        let Issuance {
            issued,
            minted,
            owed,
            genesis,
            block,
            ..
        } = self.ledger.issuance();
        let open: u64 = self
            .budgets
            .values()
            .map(|budget| budget::unspent(budget).unwrap().0)
            .sum();
        let pending: u64 = self
            .accounts
            .iter()
            .map(|account| self.ledger.pending(account, block).unwrap().0)
            .sum();
        let held = minted.0 + owed.0 + open + pending;
        let made = issued.0 - genesis.0;
        assert!(held <= made, "{held} of {made}");
        assert!(made - held <= SUBNETS as u64, "{held} of {made}");
        assert!(issued <= Rao::CAP);
    }
}

#[test]
fn nothing_is_issued_while_no_subnet_shares() {
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
        .draw(&mut world.accounts[0], 0, 200, Rao(1), &world.division);
    assert_eq!(again, Err(EmissionError::AlreadyDrawn));
    assert_eq!((world.ledger, world.accounts[0]), before);
}

#[test]
fn no_epoch_is_drawn_while_another_is_paid_out() {
    let mut account = Account::default();
    let budget = EpochBudget::default();
    assert_eq!(account.set_budget(3, budget), Ok(()));
    let before = account;
    assert_eq!(
        account.set_budget(4, budget),
        Err(EmissionError::AlreadyDrawn)
    );
    assert_eq!(account, before);
    assert_eq!((account.budget(3), account.budget(4)), (Some(budget), None));
    account.end_budget();
    assert_eq!(account.budget(3), None);
    assert_eq!(account.set_budget(4, budget), Ok(()));
}

#[test]
fn the_unpaid_rest_goes_to_the_next_budget() {
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
    let issuance = world.ledger.issuance();
    assert_eq!(issuance.minted.0 + issuance.owed.0, 200_000_000);
    assert_eq!(issuance.owed, Rao(180_000_000 + 20_000_000 / 3));
    world.check();
    let pending = world.ledger.pending(&world.accounts[0], world.now);
    assert_eq!(pending, Ok(Rao(800_000_000)));
    assert_eq!(world.draw(0, 1).miners, Rao(328_000_000));
    world.check();
}

#[test]
fn the_rest_of_fees_goes_to_the_next_budget() {
    let mut world = World::with_fees(0, Split::BITTENSOR, Fees::DEFAULT);
    world.draw(0, 1);
    world.now += 1;
    let budget = world.draw(0, 1);
    assert_eq!(
        (budget.proposer, budget.keeper, budget.owner),
        (Rao(5_000_000), Rao(2_500_000), Rao(178_650_000))
    );
    world.pay_fee((0, 1), Fee::Proposer, 5_000_000);
    world.pay_fee((0, 1), Fee::Keeper, 2_499_999);
    world.check();
    let closing = world.complete((0, 1));
    assert_eq!(closing.carried, Rao(2 * 406_925_000 + 1));
    let issuance = world.ledger.issuance();
    assert_eq!(issuance.minted, Rao(7_499_999));
    assert_eq!(issuance.owed, Rao(178_650_000));
    world.check();
}

#[test]
fn a_carried_budget_goes_to_the_next_whole() {
    let mut world = World::with_fees(0, Split::DEFAULT, Fees::DEFAULT);
    world.draw(0, 1);
    world.now += 1;
    world.draw(0, 1);
    world.pay_fee((0, 1), Fee::Proposer, 1);
    assert_eq!(world.carry((0, 1)), Rao(999_999_999));
    assert_eq!(world.ledger.issuance().minted, Rao(1));
    world.check();
    let budget = world.draw(0, 1);
    assert_eq!(budget::unspent(&budget), Ok(Rao(999_999_999)));
    world.check();
}

#[test]
fn a_released_share_goes_to_the_others() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 1);
    world.draw(1, 1);
    world.now += 4;
    assert_eq!(world.release(0), Ok(Rao(2_000_000_000)));
    world.check();
    assert_eq!(world.ledger.issuance().total_weight, Rao(1));
    world.now += 1;
    assert_eq!(
        world.ledger.pending(&world.accounts[0], world.now),
        Ok(Rao(0))
    );
    let budget = world.draw(1, 1);
    assert_eq!(budget::unspent(&budget), Ok(Rao(5_000_000_000)));
    world.check();
}

#[test]
fn amounts_that_a_last_epoch_carries_are_released_later() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 1);
    world.draw(1, 1);
    world.now += 2;
    world.draw(0, 1);
    assert_eq!(world.release(0), Ok(Rao(0)));
    world.carry((0, 1));
    assert_eq!(world.release(0), Ok(Rao(1_000_000_000)));
    world.check();
}

#[test]
fn nothing_is_released_while_no_subnet_shares() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 1);
    world.now += 1;
    let before = (world.ledger, world.accounts[0]);
    assert_eq!(world.release(0), Err(EmissionError::NobodyShares));
    assert_eq!((world.ledger, world.accounts[0]), before);
}

#[test]
fn stake_that_has_left_draws_nothing_and_all_share_the_rest() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 300);
    world.draw(1, 100);
    world.now += 4;
    // Two thirds of the stake have left: the subnet draws 1 of its 3 TAO.
    let draw = world.ledger.draw(
        &mut world.accounts[0],
        1,
        world.now,
        Rao(100),
        &world.division,
    );
    let draw = draw.unwrap();
    assert_eq!(draw.returned, Rao(2_000_000_000));
    assert_eq!(budget::unspent(&draw.budget), Ok(Rao(1_000_000_000)));
    world.budgets.insert((0, 1), draw.budget);
    world.check();
    // The rest is shared by the weights from now on.
    for subnet in [0, 1] {
        let pending = world.ledger.pending(&world.accounts[subnet], world.now);
        let earned = [1_000_000_000, 2_000_000_000][subnet];
        assert_eq!(pending, Ok(Rao(earned)));
    }
    assert_eq!(budget::unspent(&world.draw(1, 100)), Ok(Rao(2_000_000_000)));
    world.check();
}

/// Weight of one sample, however long the epoch, draws nothing: the audit's week of emission.
#[test]
fn weight_of_one_close_draws_nothing() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 100);
    world.draw(1, 1_000_000);
    world.now += 50_400;
    assert_eq!(world.draw(1, 0), EpochBudget::default());
    let all = budget::unspent(&world.draw(0, 100)).unwrap();
    // But for a fraction of a rao in the share of the other.
    assert_eq!(all, Rao(Rao::from_tao(50_400).0 - 1));
    world.check();
}

#[test]
fn a_share_that_no_subnet_can_take_is_carried_over() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 100);
    world.now += 3;
    assert_eq!(world.draw(0, 0), EpochBudget::default());
    world.check();
    let budget = world.draw(0, 5);
    assert_eq!(budget::unspent(&budget), Ok(Rao(3_000_000_000)));
    world.check();
}

#[test]
fn a_preset_divides_by_its_own_split() {
    let division = Division {
        fees: FREE,
        split: Split::DEFAULT,
    };
    assert_eq!(division.with(SplitPreset::Network), division);
    assert_eq!(
        division.with(SplitPreset::Bittensor).split,
        Split::BITTENSOR
    );
    assert_eq!(division.with(SplitPreset::Bittensor).fees, FREE);
}

#[test]
fn a_fee_is_not_overspent() {
    let mut world = World::with_fees(0, Split::DEFAULT, Fees::DEFAULT);
    world.draw(0, 1);
    world.now += 1;
    let mut budget = world.draw(0, 1);
    let before = (world.ledger, budget);
    let refused = world
        .ledger
        .pay_fee(&mut budget, Fee::Keeper, Rao(2_500_001));
    assert_eq!(refused, Err(EmissionError::OverBudget(Rao(2_500_000))));
    assert_eq!((world.ledger, budget), before);
}

#[test]
fn a_budget_is_not_overspent() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 1);
    world.now += 1;
    let mut budget = world.draw(0, 1);
    let before = (world.ledger, budget);
    let refused = world.ledger.pay(&mut budget, Rao(750_000_000), Rao(1));
    assert_eq!(refused, Err(EmissionError::OverBudget(Rao(750_000_000))));
    assert_eq!((world.ledger, budget), before);
}

#[test]
fn no_more_is_collected_than_is_owed() {
    let mut world = World::new(0, Split::DEFAULT);
    world.draw(0, 1);
    world.now += 1;
    world.draw(0, 1);
    world.pay((0, 1), 300);
    let before = world.ledger;
    assert_eq!(
        world.ledger.pay_owed(Rao(101)),
        Err(EmissionError::Overflow)
    );
    assert_eq!(world.ledger, before);
    assert_eq!(world.ledger.pay_owed(Rao(100)), Ok(()));
    let issuance = world.ledger.issuance();
    assert_eq!((issuance.minted, issuance.owed), (Rao(300), Rao::ZERO));
    world.check();
}

#[test]
fn a_cut_of_a_former_owner_is_paid_at_once() {
    let part = |owner: u8, amount| Payment {
        hotkey: [owner; 32].into(),
        coldkey: [owner; 32].into(),
        amount: Rao(amount),
    };
    let mut account = Account::default();
    assert_eq!(account.take_cut(), None);
    assert_eq!(account.add_cut(part(1, 5)), Ok(None));
    assert_eq!(account.add_cut(part(1, 7)), Ok(None));
    assert_eq!(account.cut(), Rao(12));
    assert_eq!(account.add_cut(part(2, 1)), Ok(Some(part(1, 12))));
    assert_eq!(account.take_cut(), Some(part(2, 1)));
    assert_eq!((account.take_cut(), account.cut()), (None, Rao::ZERO));
    assert_eq!(account.add_cut(part(1, 3)), Ok(None), "nothing is owed");
}

#[test]
fn pending_is_the_amount_of_a_draw() {
    let mut world = World::with_fees(5, Split::DEFAULT, Fees::DEFAULT);
    world.draw(0, 3);
    world.draw(1, 4);
    world.now += 1_000;
    let pending = world.ledger.pending(&world.accounts[1], world.now).unwrap();
    let drawn = world.draw(1, 4);
    assert_eq!(Ok(pending), budget::unspent(&drawn));
}

/// A call after some blocks.
#[derive(Clone, Debug)]
enum Call {
    Draw {
        subnet: usize,
        weight: u64,
    },
    Pay {
        index: usize,
        permille: u64,
    },
    Fee {
        index: usize,
        keeper: bool,
        permille: u64,
    },
    Complete {
        index: usize,
    },
    Carry {
        index: usize,
    },
    Release {
        subnet: usize,
    },
    Collect {
        permille: u64,
    },
}

fn calls() -> impl Strategy<Value = Vec<(u32, Call)>> {
    let call = prop_oneof![
        (0..SUBNETS, 0..=Rao::CAP.0, 0u32..55).prop_map(|(subnet, weight, shift)| Call::Draw {
            subnet,
            weight: weight >> shift
        }),
        // A weight that comes and goes.
        (0..SUBNETS, 0u64..3).prop_map(|(subnet, weight)| Call::Draw { subnet, weight }),
        (any::<usize>(), 0u64..=1_000).prop_map(|(index, permille)| Call::Pay { index, permille }),
        (any::<usize>(), any::<bool>(), 0u64..=1_000).prop_map(|(index, keeper, permille)| {
            Call::Fee {
                index,
                keeper,
                permille,
            }
        }),
        any::<usize>().prop_map(|index| Call::Complete { index }),
        any::<usize>().prop_map(|index| Call::Carry { index }),
        (0..SUBNETS).prop_map(|subnet| Call::Release { subnet }),
        (0u64..=1_000).prop_map(|permille| Call::Collect { permille }),
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
        (proposer, keeper) in (0u16..=500, 0u16..=500),
        calls in calls(),
    ) {
        let split = if bittensor { Split::BITTENSOR } else { Split::DEFAULT };
        let fees = Fees { proposer: Bps(proposer), keeper: Bps(keeper) };
        let mut world = World::with_fees(genesis, split, fees);
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
                Call::Fee { index, keeper, permille } => {
                    if let Some(key) = key(&world, index) {
                        let budget = world.budgets[&key];
                        let (fee, left) = if keeper {
                            (Fee::Keeper, budget.keeper)
                        } else {
                            (Fee::Proposer, budget.proposer)
                        };
                        world.pay_fee(key, fee, left.0 / 1_000 * permille);
                    }
                }
                Call::Carry { index } => {
                    if let Some(key) = key(&world, index) {
                        world.carry(key);
                    }
                }
                Call::Release { subnet } => {
                    let shared = world.release(subnet);
                    prop_assert!(!matches!(shared, Err(EmissionError::Overflow)));
                }
                Call::Complete { index } => {
                    if let Some(key) = key(&world, index) {
                        world.complete(key);
                    }
                }
                Call::Collect { permille } => world.collect(permille),
            }
            world.check();
        }
    }
}
