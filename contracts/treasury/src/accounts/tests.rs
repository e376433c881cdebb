use super::*;
use ink::env::{test::run_test, DefaultEnvironment};
use inktensor_primitives::treasury::{DAY, WINDOW};
use proptest::prelude::*;

const PAYEE: [u8; 32] = [1; 32];
const MANAGER: [u8; 32] = [2; 32];
const OTHER: [u8; 32] = [3; 32];

/// Runs `test` with an empty storage.
fn with_storage(test: impl FnOnce()) {
    run_test::<DefaultEnvironment, _>(|_| {
        test();
        Ok(())
    })
    .unwrap();
}

fn stream(total: u64, [start, cliff, end]: [u32; 3]) -> NewStream {
    NewStream {
        payee: PAYEE.into(),
        total: Rao(total),
        start,
        cliff,
        end,
    }
}

fn budget(total: u64, per_period: u64, period: u32, until: u32) -> NewBudget {
    NewBudget {
        manager: MANAGER.into(),
        total: Rao(total),
        per_period: Rao(per_period),
        period,
        until,
    }
}

/// Accounts with their balance and all that ever happened to it.
struct Treasury {
    accounts: Accounts,
    now: u32,
    balance: u64,
    received: u64,
    paid: u64,
    /// Block, free amount before, received amount and outgoing amount of each move.
    moves: Vec<(u32, u64, u64, u64)>,
}

impl Treasury {
    fn with(balance: u64) -> Self {
        Self {
            accounts: Accounts::default(),
            now: 1,
            balance,
            received: balance,
            paid: 0,
            moves: Vec::new(),
        }
    }

    fn free(&self) -> u64 {
        self.accounts.free(Rao(self.balance)).0
    }

    fn limits(&self) -> Limits {
        self.accounts.limits(Rao(self.balance), self.now)
    }

    fn note(&mut self, received: u64, out: u64) {
        self.moves.push((self.now, self.free(), received, out));
    }

    fn receive(&mut self, amount: u64) {
        self.note(amount, 0);
        self.balance += amount;
        self.received += amount;
    }

    fn pay_out(&mut self, amount: u64) {
        self.balance -= amount;
        self.paid += amount;
    }

    fn pay(&mut self, amount: u64) -> Result<(), TreasuryError> {
        let free = self.free();
        self.accounts
            .pay(Rao(self.balance), Rao(amount), self.now)?;
        self.moves.push((self.now, free, 0, amount));
        self.pay_out(amount);
        Ok(())
    }

    fn open_stream(&mut self, new: &NewStream) -> Result<u32, TreasuryError> {
        let free = self.free();
        let id = self
            .accounts
            .open_stream(Rao(self.balance), new, self.now)?;
        self.moves.push((self.now, free, 0, new.total.0));
        Ok(id)
    }

    fn open_budget(&mut self, new: &NewBudget) -> Result<u32, TreasuryError> {
        let free = self.free();
        let id = self
            .accounts
            .open_budget(Rao(self.balance), new, self.now)?;
        self.moves.push((self.now, free, 0, new.total.0));
        Ok(id)
    }

    fn claim(&mut self, id: u32) -> Result<u64, TreasuryError> {
        let (payee, amount) = self.accounts.claim(id, self.now)?;
        assert_eq!(payee, PAYEE.into());
        self.pay_out(amount.0);
        Ok(amount.0)
    }

    fn draw(&mut self, id: u32, amount: u64) -> Result<(), TreasuryError> {
        let (manager, amount_in_rao) = (MANAGER.into(), Rao(amount));
        let refused = self
            .accounts
            .draw(id, OTHER.into(), amount_in_rao, self.now);
        assert!(matches!(
            refused,
            Err(TreasuryError::NotManager | TreasuryError::NoBudget(_))
        ));
        self.accounts.draw(id, manager, amount_in_rao, self.now)?;
        self.pay_out(amount);
        Ok(())
    }

    fn revoke(&mut self, id: u32) -> Result<u64, TreasuryError> {
        let free = self.free();
        let freed = self.accounts.revoke(id, self.now)?.0;
        assert_eq!(self.free(), free + freed);
        Ok(freed)
    }

    fn close(&mut self, id: u32) -> Result<u64, TreasuryError> {
        let free = self.free();
        let freed = self.accounts.close(id, self.now)?.0;
        assert_eq!(self.free(), free + freed);
        Ok(freed)
    }

    /// Checks T1 to T3.
    fn assert_invariants(&self) {
        let (accounts, mut owed) = (&self.accounts, 0);
        for id in 0..accounts.count() {
            let of_stream = accounts.stream(id).map(|it| it.owed().0);
            let of_budget = accounts.budget(id).map(|it| it.left().0);
            assert!(of_stream.is_err() || of_budget.is_err());
            owed += of_stream.unwrap_or(0) + of_budget.unwrap_or(0);
        }
        assert_eq!(accounts.committed, Rao(owed));
        assert!(owed <= self.balance);
        assert_eq!(self.received, self.paid + self.balance);
        let mut sums = (0, 0);
        let moves = self.moves.iter().rev();
        for (_, free, received, out) in moves.take_while(|it| self.now - it.0 < WINDOW) {
            sums = (sums.0 + received, sums.1 + out);
            assert!(sums.1 * 10 <= free + sums.0, "{sums:?} {free}");
        }
        let limits = self.limits();
        assert_eq!(limits.free.0, self.balance - owed);
        assert!(limits.left.0 * 10 <= limits.free.0 && limits.out.0 * 10 <= limits.base.0);
    }
}

#[ink::test]
fn grants_are_numbered_together() {
    let mut it = Treasury::with(1_000);
    assert_eq!(it.open_stream(&stream(10, [1, 1, 5])), Ok(0));
    assert_eq!(it.open_budget(&budget(20, 5, 1, 9)), Ok(1));
    assert_eq!(it.open_stream(&stream(30, [1, 1, 5])), Ok(2));
    assert_eq!(it.accounts.count(), 3);
    assert_eq!(it.claim(1), Err(TreasuryError::NoStream(1)));
    assert_eq!(it.draw(0, 1), Err(TreasuryError::NoBudget(0)));
    assert_eq!(it.revoke(3), Err(TreasuryError::NoGrant(3)));
    assert_eq!(it.close(3), Err(TreasuryError::NoGrant(3)));
    assert_eq!((it.free(), it.limits().left.0), (940, 40));
    it.assert_invariants();
}

#[ink::test]
fn grants_count_as_outgoing_when_they_are_opened() {
    let mut it = Treasury::with(1_000);
    let above = |amount, left| {
        let (amount, left) = (Rao(amount), Rao(left));
        TreasuryError::AboveLimit { amount, left }
    };
    let too_much = it.open_stream(&stream(101, [1, 1, 5]));
    assert_eq!(too_much, Err(above(101, 100)));
    assert_eq!(it.accounts.count(), 0);
    assert_eq!(it.open_stream(&stream(60, [1, 1, 5])), Ok(0));
    let too_much = it.open_budget(&budget(41, 5, 1, 9));
    assert_eq!(too_much, Err(above(41, 40)));
    assert_eq!(it.open_budget(&budget(40, 5, 1, 9)), Ok(1));
    assert_eq!(it.pay(1), Err(above(1, 0)));
    // Claims and draws are paid out of what is committed.
    it.now = 5;
    assert_eq!(it.claim(0), Ok(60));
    assert_eq!(it.draw(1, 5), Ok(()));
    assert_eq!((it.free(), it.balance), (900, 935));
    it.assert_invariants();
}

#[ink::test]
fn a_revoked_grant_is_removed_once_it_owes_nothing() {
    let mut it = Treasury::with(1_000);
    it.open_stream(&stream(40, [1, 1, 41])).unwrap();
    it.open_stream(&stream(40, [1, 41, 41])).unwrap();
    it.open_budget(&budget(20, 5, 1, 9)).unwrap();
    it.now = 11;
    assert_eq!(
        (it.revoke(0), it.revoke(1), it.revoke(2)),
        (Ok(30), Ok(40), Ok(20))
    );
    assert_eq!(it.revoke(0), Err(TreasuryError::AlreadyRevoked(11)));
    for removed in [1, 2] {
        assert_eq!(it.revoke(removed), Err(TreasuryError::NoGrant(removed)));
    }
    assert_eq!((it.free(), it.limits().left.0), (990, 0));
    assert_eq!(it.close(0), Err(TreasuryError::NotOver));
    assert_eq!((it.claim(0), it.close(0)), (Ok(10), Ok(0)));
    assert_eq!(it.close(0), Err(TreasuryError::NoGrant(0)));
    assert_eq!(it.accounts.committed, Rao::ZERO);
    it.assert_invariants();
}

#[ink::test]
fn grants_that_are_over_are_closed() {
    let mut it = Treasury::with(1_000);
    it.open_stream(&stream(10, [1, 1, 5])).unwrap();
    it.open_budget(&budget(20, 20, 1, 9)).unwrap();
    it.open_budget(&budget(30, 30, 1, 9)).unwrap();
    assert_eq!(it.draw(1, 20), Ok(()));
    for (id, freed) in [
        (0, Err(TreasuryError::NotOver)),
        (1, Ok(0)),
        (2, Err(TreasuryError::NotOver)),
    ] {
        assert_eq!(it.close(id), freed);
    }
    it.now = 9;
    assert_eq!(it.close(0), Err(TreasuryError::NotOver));
    assert_eq!(
        (it.claim(0), it.close(0), it.close(2)),
        (Ok(10), Ok(0), Ok(30))
    );
    assert_eq!((it.free(), it.balance), (970, 970));
    it.assert_invariants();
}

#[ink::test]
fn the_payee_of_a_stream_changes() {
    let mut it = Treasury::with(1_000);
    it.open_stream(&stream(10, [1, 1, 5])).unwrap();
    let accounts = &mut it.accounts;
    let (payee, other) = (PAYEE.into(), OTHER.into());
    let refused = accounts.set_payee(0, other, other);
    assert_eq!(refused, Err(TreasuryError::NotPayee));
    assert_eq!(accounts.set_payee(0, payee, other), Ok(payee));
    assert_eq!(accounts.claim(0, 5), Ok((other, Rao(10))));
    let absent = accounts.set_payee(1, payee, other);
    assert_eq!(absent, Err(TreasuryError::NoStream(1)));
}

/// A call, or time that passes.
#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    Receive(u64),
    Pay(u64),
    Stream {
        total: u64,
        start: u32,
        cliff: u32,
        end: u32,
    },
    Budget {
        total: u64,
        per_period: u64,
        period: u32,
        until: u32,
    },
    Claim(u32),
    Draw(u32, u64),
    Revoke(u32),
    Close(u32),
}

/// Amounts up to a little above a tenth of a thousand.
fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![1u64..130, 1u64..10]
}

fn step() -> impl Strategy<Value = Step> {
    let blocks = || prop_oneof![0u32..20, 0..DAY * 2, 0..WINDOW + DAY];
    let grant = || 0u32..8;
    prop_oneof![
        4 => blocks().prop_map(Step::Wait),
        2 => (0u64..2_000).prop_map(Step::Receive),
        3 => amount().prop_map(Step::Pay),
        3 => (amount(), blocks(), blocks(), blocks()).prop_map(|(total, start, cliff, end)| {
            Step::Stream { total, start, cliff, end }
        }),
        3 => (amount(), amount(), blocks(), blocks()).prop_map(
            |(total, per_period, period, until)| Step::Budget { total, per_period, period, until }
        ),
        4 => grant().prop_map(Step::Claim),
        4 => (grant(), amount()).prop_map(|(id, amount)| Step::Draw(id, amount)),
        2 => grant().prop_map(Step::Revoke),
        2 => grant().prop_map(Step::Close),
    ]
}

/// Takes one step. Refused calls change nothing: the chain undoes them, and here they are no moves.
fn take(it: &mut Treasury, step: Step) {
    let now = it.now;
    match step {
        Step::Wait(blocks) => it.now += blocks,
        Step::Receive(amount) => it.receive(amount),
        Step::Pay(amount) => {
            let _ = it.pay(amount);
        }
        Step::Stream {
            total,
            start,
            cliff,
            end,
        } => {
            let (start, cliff) = (now + start, now + start + cliff);
            let _ = it.open_stream(&stream(total, [start, cliff, cliff + end]));
        }
        Step::Budget {
            total,
            per_period,
            period,
            until,
        } => {
            let new = budget(total, per_period.min(total), period, now + until);
            let _ = it.open_budget(&new);
        }
        Step::Claim(id) => {
            let _ = it.claim(id);
        }
        Step::Draw(id, amount) => {
            let _ = it.draw(id, amount);
        }
        Step::Revoke(id) => {
            let _ = it.revoke(id);
        }
        Step::Close(id) => {
            let _ = it.close(id);
        }
    }
}

proptest! {
    /// T1 to T3 hold after any calls. At the end every grant can be emptied: all that is committed
    /// is there.
    #[test]
    fn any_calls_keep_the_invariants(
        balance in 0u64..3_000,
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        with_storage(|| {
            let mut it = Treasury::with(balance);
            for step in steps {
                take(&mut it, step);
                it.assert_invariants();
            }
            it.now += 3 * WINDOW;
            for id in 0..it.accounts.count() {
                let _ = it.claim(id);
                let _ = it.close(id);
                it.assert_invariants();
            }
            assert_eq!(it.accounts.committed, Rao::ZERO);
            it.now += WINDOW + DAY;
            assert_eq!(it.limits().left.0, it.balance / 10);
        });
    }
}
