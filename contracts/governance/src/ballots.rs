//! Ballots: each rao of the snapshot counts at most once.
//!
//! An account's ballot counts its own stake, the smaller of then and now, and the stake of the
//! coldkeys whose proxy it was, less what is gone: of those that vote themselves, and of those
//! whose stake has left. Ballots may be cast, changed and recounted in any order; the end is the
//! same.

use ink::storage::{traits::ManualKey, Mapping};
use inktensor_primitives::{
    governance::{Ballot, Choice, GovernanceError, Tally},
    staking::{Proxy, Standing},
    AccountId, Rao,
};

/// All ballots, by proposal and account.
#[ink::storage_item]
#[derive(Debug, Default)]
pub struct Ballots {
    ballots: Mapping<(u32, AccountId), Ballot, ManualKey<0x474F_5601>>,
}

impl Ballots {
    /// Returns the ballot of an account.
    pub fn get(&self, id: u32, account: AccountId) -> Option<Ballot> {
        self.ballots.get((id, account))
    }

    /// Removes the ballot of an account. Returns true if there was one.
    pub fn remove(&mut self, id: u32, account: AccountId) -> bool {
        self.ballots.take((id, account)).is_some()
    }

    /// Counts `account` with its standing, and with its vote if `choice` is one. Returns the ballot
    /// and the tally after it.
    ///
    /// # Errors
    /// `Overflow`.
    pub fn count(
        &mut self,
        id: u32,
        account: AccountId,
        standing: &Standing,
        choice: Option<Choice>,
        tally: Tally,
    ) -> Result<(Ballot, Tally), GovernanceError> {
        let before = self.get(id, account).unwrap_or_default();
        let after = recounted(&before, standing, choice);
        let mut tally = moved(tally, before.choice, before.weight(), Rao::ZERO)?;
        tally = moved(tally, after.choice, Rao::ZERO, after.weight())?;
        if before != after {
            self.ballots.insert((id, account), &after);
        }
        if let (Proxy::Account(proxy), true) = (standing.proxy, before.share != after.share) {
            let mut theirs = self.get(id, proxy).unwrap_or_default();
            let weight = theirs.weight();
            let gone = theirs.gone.checked_sub(before.share);
            let gone = gone.and_then(|rest| rest.checked_add(after.share));
            theirs.gone = gone.ok_or(GovernanceError::Overflow)?;
            tally = moved(tally, theirs.choice, weight, theirs.weight())?;
            self.ballots.insert((id, proxy), &theirs);
        }
        Ok((after, tally))
    }
}

/// Returns `ballot` counted again with the standing of its account.
fn recounted(ballot: &Ballot, standing: &Standing, choice: Option<Choice>) -> Ballot {
    let choice = choice.or(ballot.choice);
    // Stake that was set aside has no vote.
    let own = if standing.proxy == Proxy::Aside {
        Rao::ZERO
    } else {
        standing.own.min(standing.own_now)
    };
    let share = match standing.proxy {
        Proxy::Account(_) if choice.is_some() => standing.own,
        Proxy::Account(_) => Rao(standing.own.0.saturating_sub(own.0)),
        Proxy::None | Proxy::Aside => Rao::ZERO,
    };
    Ballot {
        choice,
        own,
        others: standing.others,
        gone: ballot.gone,
        share,
    }
}

/// Returns `tally` with `from` votes for `choice` replaced by `to`.
fn moved(
    tally: Tally,
    choice: Option<Choice>,
    from: Rao,
    to: Rao,
) -> Result<Tally, GovernanceError> {
    let mut tally = tally;
    let sum = match choice {
        Some(Choice::Aye) => &mut tally.ayes,
        Some(Choice::Nay) => &mut tally.nays,
        Some(Choice::Abstain) => &mut tally.abstains,
        None => return Ok(tally),
    };
    let changed = sum.checked_sub(from).and_then(|rest| rest.checked_add(to));
    *sum = changed.ok_or(GovernanceError::Overflow)?;
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const ID: u32 = 3;

    fn account(number: u8) -> AccountId {
        [number; 32].into()
    }

    fn standing(own: u64, others: u64, proxy: Proxy, now: u64) -> Standing {
        Standing {
            own: Rao(own),
            others: Rao(others),
            proxy,
            own_now: Rao(now),
        }
    }

    /// The example of docs/governance.md.
    #[ink::test]
    fn proxy_loses_what_its_people_vote_or_take_away() {
        let (dora, nik, mia) = (account(1), account(2), account(3));
        let through = Proxy::Account(dora);
        let mut ballots = Ballots::default();
        let mut tally = Tally::default();
        let mut count = |who, standing: Standing, choice| {
            let counted = ballots.count(ID, who, &standing, choice, tally).unwrap();
            tally = counted.1;
            (tally.ayes.0, tally.nays.0)
        };
        let aye = Some(Choice::Aye);
        let nay = Some(Choice::Nay);
        let own = standing(900, 150, Proxy::None, 900);
        assert_eq!(count(dora, own, aye), (1_050, 0));
        let niks = standing(100, 0, through, 100);
        assert_eq!(count(nik, niks, nay), (950, 100));
        assert_eq!(count(mia, standing(50, 0, through, 20), None), (920, 100));
        assert_eq!(count(nik, standing(100, 0, through, 0), None), (920, 0));
        assert_eq!(count(mia, standing(50, 0, through, 500), None), (950, 0));
    }

    #[ink::test]
    fn stake_that_is_aside_has_no_vote_but_a_proxy_keeps_its_people() {
        let mut ballots = Ballots::default();
        let aside = standing(70, 30, Proxy::Aside, 70);
        let choice = Some(Choice::Aye);
        let (ballot, tally) = ballots
            .count(ID, account(1), &aside, choice, Tally::default())
            .unwrap();
        assert_eq!((ballot.weight(), tally.ayes), (Rao(30), Rao(30)));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Vote(usize, u8),
        Recount(usize, u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0usize..6, 0u8..3).prop_map(|(who, choice)| Step::Vote(who, choice)),
            (0usize..6, 0u64..200).prop_map(|(who, now)| Step::Recount(who, now)),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        /// At any time each rao of the snapshot counts at most once. After all are recounted the
        /// tally is the sum of the smaller of then and now, each for its own vote or its proxy's.
        #[test]
        fn no_rao_votes_twice(
            owns in proptest::collection::vec(0u64..200, 6),
            proxies in proptest::collection::vec(0usize..8, 6),
            steps in steps(),
        ) {
            ink::env::test::run_test::<ink::env::DefaultEnvironment, _>(|_| {
                check(&owns, &proxies, steps);
                Ok(())
            }).unwrap();
        }
    }

    /// Plays `steps` of six accounts with these stakes and proxies, and compares the tally.
    fn check(owns: &[u64], proxies: &[usize], steps: Vec<Step>) {
        let proxy = |who: usize| match proxies[who] {
            other if other < 6 && other != who => {
                Proxy::Account(account(u8::try_from(other).unwrap()))
            }
            7 => Proxy::Aside,
            _ => Proxy::None,
        };
        let others = |who: usize| -> u64 {
            (0..6)
                .filter(|other| proxies[*other] == who && *other != who)
                .map(|other| owns[other])
                .sum()
        };
        let voters: u64 = (0..6)
            .filter(|it| proxies[*it] != 7)
            .map(|it| owns[it])
            .sum();
        let mut nows = owns.to_vec();
        let mut choices: BTreeMap<usize, Choice> = BTreeMap::new();
        let mut ballots = Ballots::default();
        let mut tally = Tally::default();
        let all = (0..6).map(|who| Step::Recount(who, u64::MAX));
        for step in steps.into_iter().chain(all) {
            let (who, choice) = match step {
                Step::Vote(who, choice) => {
                    let choice = match choice {
                        0 => Choice::Aye,
                        1 => Choice::Nay,
                        _ => Choice::Abstain,
                    };
                    choices.insert(who, choice);
                    (who, Some(choice))
                }
                Step::Recount(who, now) => {
                    if now < u64::MAX {
                        nows[who] = now;
                    }
                    (who, None)
                }
            };
            let standing = standing(owns[who], others(who), proxy(who), nows[who]);
            let id = account(u8::try_from(who).unwrap());
            tally = ballots.count(ID, id, &standing, choice, tally).unwrap().1;
            let counted = tally.ayes.0 + tally.nays.0 + tally.abstains.0;
            assert!(counted <= voters);
            for who in 0..6 {
                let id = account(u8::try_from(who).unwrap());
                let ballot = ballots.get(ID, id).unwrap_or_default();
                assert!(ballot.gone.0 <= others(who));
            }
        }
        let mut expected = Tally::default();
        for who in 0..6 {
            let voice = match (choices.get(&who), proxy(who)) {
                (_, Proxy::Aside) => None,
                (Some(choice), _) => Some(*choice),
                (None, Proxy::Account(_)) => choices.get(&proxies[who]).copied(),
                (None, Proxy::None) => None,
            };
            let amount = owns[who].min(nows[who]);
            match voice {
                Some(Choice::Aye) => expected.ayes.0 += amount,
                Some(Choice::Nay) => expected.nays.0 += amount,
                Some(Choice::Abstain) => expected.abstains.0 += amount,
                None => {}
            }
        }
        assert_eq!(tally, expected);
    }
}
