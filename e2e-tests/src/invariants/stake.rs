//! Invariants of stake: subnets, pools, positions and lists of positions.

use super::Audit;
use inktensor_primitives::{
    staking::{NominatorView, PositionView, Staking},
    AccountId, NetUid, Rao, PAGE,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most positions of which every pool is checked. Of more, every n-th pool is checked.
///
/// A pool takes at least four calls, which are too many for the thousands of pools of a full
/// subnet. The sample depends on nothing but the block, so that a failure can be repeated. It moves
/// by one pool with each block: audits at n consecutive blocks check every pool. Every audit still
/// reads the lists of all coldkeys and compares their sum with the total. A pool outside the sample
/// may therefore divide its stake wrongly, but it cannot lose or create any.
const MOST_POSITIONS: usize = 512;

/// A pool: subnet and hotkey.
type Pool = (NetUid, AccountId);
/// The stake of each position: subnet, hotkey, coldkey.
type Positions = BTreeMap<(NetUid, AccountId, AccountId), Rao>;

impl Audit<'_> {
    /// Checks invariant 1: all stake belongs to a subnet, a pool and a position, and all dividends
    /// of root belong to a position.
    pub fn assert_stake(&self) {
        let total: Rao = self.ask(self.addresses.staking().total_stake());
        self.assert_claims(self.ask(self.addresses.staking().root_unclaimed()));
        let subnets = self.observer.subnets.keys().chain([&NetUid::ROOT]);
        let by_subnet: u64 = subnets
            .map(|netuid| self.ask(self.addresses.staking().subnet_stake(*netuid)).0)
            .sum();
        assert_eq!(total, Rao(by_subnet), "all stake is on some subnet");

        let listed = self.listed_positions();
        let sum: u64 = listed.values().map(|stake| stake.0).sum();
        // Each position is rounded down by less than a rao, and by a share more while its pending
        // deposit has not become shares.
        let slack = u64::try_from(self.observer.positions.len()).expect("few positions");
        assert!(
            sum <= total.0 && total.0 - sum <= slack,
            "{total:?} is staked, {sum} in {slack} positions"
        );

        let mut pools: BTreeMap<Pool, Vec<AccountId>> = BTreeMap::new();
        for (netuid, hotkey, coldkey) in &self.observer.positions {
            let coldkeys = pools.entry((*netuid, *hotkey)).or_default();
            coldkeys.push(*coldkey);
        }
        let step = self.observer.positions.len() / MOST_POSITIONS + 1;
        let first = self.first_of_sample(step.min(pools.len()));
        let (mut by_pool, mut hotkeys) = (0, BTreeSet::new());
        for (pool, coldkeys) in pools.iter().skip(first).step_by(step) {
            by_pool += self.assert_pool(*pool, coldkeys, &listed);
            hotkeys.insert(pool.1);
        }
        for hotkey in hotkeys {
            self.assert_nominators(hotkey, &listed);
        }
        if step == 1 {
            assert_eq!(total, Rao(by_pool), "all stake is in some pool");
        }
    }

    /// Returns the place of the first pool of the sample at the current block, below `places`.
    fn first_of_sample(&self, places: usize) -> usize {
        let block = usize::try_from(self.chain.block().expect("the block")).expect("32 bits");
        block.checked_rem(places).unwrap_or_default()
    }

    /// Returns the positions in the lists of all coldkeys, each of which must be recorded.
    fn listed_positions(&self) -> Positions {
        let coldkeys: BTreeSet<AccountId> = self.observer.positions.iter().map(|it| it.2).collect();
        let mut listed = Positions::new();
        for coldkey in coldkeys {
            let count: u32 = self.ask(self.addresses.staking().position_count(coldkey));
            for page in 0..count.div_ceil(PAGE.into()) {
                let message = self.addresses.staking().positions(coldkey, page);
                let page: Vec<PositionView> = self.ask(message);
                for it in page {
                    let position = (it.netuid, it.hotkey, coldkey);
                    // A position worth less than a rao still has shares.
                    assert!(
                        it.stake.is_zero() || self.observer.positions.contains(&position),
                        "{position:?} is listed"
                    );
                    let twice = listed.insert(position, it.stake);
                    assert_eq!(twice, None, "{position:?} is listed once");
                }
            }
        }
        listed
    }

    /// Checks that a pool has the stake of its positions, and that each position has the listed
    /// stake. Returns the stake of the pool.
    fn assert_pool(
        &self,
        (netuid, hotkey): Pool,
        coldkeys: &[AccountId],
        listed: &Positions,
    ) -> u64 {
        let mut owed = 0;
        for coldkey in coldkeys {
            let message = self.addresses.staking().stake(netuid, hotkey, *coldkey);
            let stake = self.ask(message);
            let position = (netuid, hotkey, *coldkey);
            let due = listed.get(&position).copied().unwrap_or_default();
            assert_eq!(stake, due, "{position:?} has the listed stake");
            owed += stake.0;
        }
        let message = self.addresses.staking().hotkey_stake(netuid, hotkey);
        let pool = self.ask(message).0;
        let slack = u64::try_from(coldkeys.len()).expect("few positions");
        assert!(
            owed <= pool && pool - owed <= slack,
            "{netuid:?} {hotkey:?}: {pool} in the pool, {owed} in {slack} positions"
        );
        pool
    }

    /// Checks that the positions on a hotkey are those in the lists of their coldkeys.
    fn assert_nominators(&self, hotkey: AccountId, listed: &Positions) {
        let count: u32 = self.ask(self.addresses.staking().nominator_count(hotkey));
        let pages = (0..count.div_ceil(PAGE.into())).flat_map(|page| {
            let message = self.addresses.staking().nominators(hotkey, page);
            let page: Vec<NominatorView> = self.ask(message);
            page.into_iter().map(|it| (it.netuid, it.coldkey, it.stake))
        });
        let on_hotkey = listed.iter().filter(|(position, _)| position.1 == hotkey);
        let due = on_hotkey.map(|(position, stake)| (position.0, position.2, *stake));
        let [listed, due] = [pages.collect(), due.collect()].map(|mut stakes: Vec<_>| {
            stakes.retain(|it| it.2 > Rao::ZERO);
            stakes.sort_unstable();
            stakes
        });
        assert_eq!(listed, due, "{hotkey:?}");
    }

    /// Checks that unclaimed dividends of root are claimable or still streaming, but for rounding
    /// at each change.
    fn assert_claims(&self, unclaimed: Rao) {
        let on_root = self.observer.positions.iter().filter(|it| it.0.is_root());
        let (mut known, mut slack) = (0, self.observer.rounded);
        let mut hotkeys = BTreeSet::new();
        for (_, hotkey, coldkey) in on_root {
            let claim = self.ask(self.addresses.staking().root_claim(*hotkey, *coldkey));
            known += claim.0;
            slack += 1;
            hotkeys.insert(*hotkey);
        }
        for hotkey in hotkeys {
            known += self
                .ask(self.addresses.staking().root_dividends(hotkey))
                .left
                .0;
        }
        assert!(
            known <= unclaimed.0 && unclaimed.0 - known <= slack,
            "{unclaimed:?} is unclaimed, {known} is known of"
        );
    }
}
