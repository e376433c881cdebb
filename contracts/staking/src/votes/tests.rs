use super::*;
use proptest::prelude::*;

const PERSONS: usize = 4;

fn account(seed: usize) -> AccountId {
    [u8::try_from(seed).unwrap() + 1; 32].into()
}

/// Returns own stake and stake of others, matured, and the present own stake.
fn standing(votes: &Votes, who: usize, epoch: u32, open: u32) -> (u64, u64, u64) {
    let (found, _) = votes.standings(&[account(who)], epoch, open).unwrap();
    (found[0].own.0, found[0].others.0, found[0].own_now.0)
}

fn electorate(votes: &Votes, epoch: u32, open: u32) -> u64 {
    votes.standings(&[], epoch, open).unwrap().1 .0
}

#[ink::test]
fn stake_votes_once_it_was_there_for_a_root_epoch() {
    let mut votes = Votes::default();
    votes.count(account(0), (Rao(0), Rao(100)), 3).unwrap();
    votes.count(account(0), (Rao(100), Rao(130)), 4).unwrap();
    let at = |votes: &Votes, epoch| standing(votes, 0, epoch, 6);
    assert_eq!(at(&votes, 3), (0, 0, 130));
    assert_eq!(at(&votes, 4), (100, 0, 130));
    assert_eq!(at(&votes, 5), (130, 0, 130));
    assert_eq!(at(&votes, 2), (0, 0, 130));
    // What leaves was the youngest; what has voted stays as it was.
    votes.count(account(0), (Rao(130), Rao(150)), 6).unwrap();
    votes.count(account(0), (Rao(150), Rao(120)), 6).unwrap();
    assert_eq!(standing(&votes, 0, 5, 7), (130, 0, 120));
    assert_eq!(standing(&votes, 0, 6, 7), (120, 0, 120));
    assert_eq!(votes.standings(&[], 7, 7), Err(StakingError::NotEnded(7)));
}

#[ink::test]
fn stake_of_an_instant_has_no_vote() {
    let mut votes = Votes::default();
    // Around the end of a root epoch.
    votes.count(account(0), (Rao(0), Rao(1_000)), 3).unwrap();
    votes.count(account(0), (Rao(1_000), Rao(0)), 4).unwrap();
    for epoch in 0..6 {
        assert_eq!(standing(&votes, 0, epoch, 6), (0, 0, 0));
        assert_eq!(electorate(&votes, epoch, 6), 0);
    }
}

#[ink::test]
fn a_proxy_votes_with_the_stake_of_others() {
    let mut votes = Votes::default();
    for (who, amount) in [(0, 100), (1, 20), (2, 7)] {
        votes.count(account(who), (Rao(0), Rao(amount)), 0).unwrap();
    }
    for who in [0, 1] {
        let proxy = Proxy::Account(account(3));
        votes.set_proxy(account(who), proxy, 1).unwrap();
    }
    votes.set_proxy(account(2), Proxy::Aside, 1).unwrap();
    assert_eq!(standing(&votes, 3, 1, 2), (0, 120, 0));
    assert_eq!(electorate(&votes, 1, 2), 120);
    // One of them leaves, and adds stake.
    votes.set_proxy(account(1), Proxy::None, 2).unwrap();
    votes.count(account(1), (Rao(20), Rao(25)), 2).unwrap();
    assert_eq!(standing(&votes, 3, 2, 3), (0, 100, 0));
    assert_eq!(standing(&votes, 1, 2, 3), (20, 0, 25));
    assert_eq!(electorate(&votes, 2, 3), 120);
    assert_eq!(electorate(&votes, 3, 4), 125);
    let itself = Proxy::Account(account(1));
    let refused = votes.set_proxy(account(1), itself, 3);
    assert_eq!(refused, Err(StakingError::SelfProxy));
}

/// A change of stake or of a proxy, some root epochs later.
#[derive(Clone, Debug)]
struct Change {
    later: u32,
    who: usize,
    stake: u64,
    /// A person, itself for none, or the number of persons for aside.
    proxy: Option<usize>,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (
        0u32..3,
        0..PERSONS,
        0u64..1_000,
        prop::option::of(0..=PERSONS),
    );
    let change = change.prop_map(|(later, who, stake, proxy)| Change {
        later,
        who,
        stake,
        proxy,
    });
    prop::collection::vec(change, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    /// After any changes: an account's standing has its own stake and that of the accounts whose
    /// proxy it is, no root epoch that has ended changes, and histories are bounded.
    #[test]
    fn standings_are_those_of_a_plain_history(changes in changes()) {
        ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
            let mut votes = Votes::default();
            let mut open = 0;
            let mut now = [(0u64, 0u64, Proxy::None); PERSONS];
            let mut ended: Vec<[(u64, u64, Proxy); PERSONS]> = Vec::new();
            for change in changes {
                for _ in 0..change.later {
                    ended.push(now);
                    open += 1;
                    for (matured, pending, _) in &mut now {
                        *matured += *pending;
                        *pending = 0;
                    }
                }
                let (matured, pending, proxy) = &mut now[change.who];
                match change.proxy {
                    Some(to) => {
                        let to = match to {
                            PERSONS => Proxy::Aside,
                            to if to == change.who => Proxy::None,
                            to => Proxy::Account(account(to)),
                        };
                        *proxy = to;
                        votes.set_proxy(account(change.who), to, open).unwrap();
                    }
                    None => {
                        let before = Rao(*matured + *pending);
                        *matured = change.stake.min(*matured);
                        *pending = change.stake - *matured;
                        let worth = (before, Rao(change.stake));
                        votes.count(account(change.who), worth, open).unwrap();
                    }
                }
                let kept = usize::try_from(VOTE_EPOCHS_KEPT).unwrap();
                let first = ended.len().saturating_sub(kept);
                for (epoch, then) in ended.iter().enumerate().skip(first) {
                    let epoch = u32::try_from(epoch).unwrap();
                    let mut counted = 0;
                    for who in 0..PERSONS {
                        let through = then.iter().filter(|it| it.2 == Proxy::Account(account(who)));
                        let others: u64 = through.map(|it| it.0).sum();
                        let own_now = now[who].0 + now[who].1;
                        let found = standing(&votes, who, epoch, open);
                        assert_eq!(found, (then[who].0, others, own_now), "{who} in {epoch}");
                        if then[who].2 != Proxy::Aside {
                            counted += then[who].0;
                        }
                    }
                    assert_eq!(electorate(&votes, epoch, open), counted);
                }
                for who in 0..PERSONS {
                    let history: History<VoteRecord> = votes.history(account(who));
                    assert!(history.len() <= kept + 1);
                }
            }
            Ok(())
        })
        .unwrap();
    }
}
