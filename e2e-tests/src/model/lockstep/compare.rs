//! What must agree after each action.

use super::World;
use crate::model::SubnetGame;
use inktensor_primitives::epoch::Stage;
use std::fmt::Debug;

impl World {
    /// Counts an action and checks all there is to check.
    pub(super) fn done<T: Debug, E: Debug>(&mut self, kind: &'static str, answer: &Result<T, E>) {
        let (done, refused) = self.tally.entry(kind).or_default();
        let now = (self.net.block(), self.net.storage_roots());
        if answer.is_ok() {
            *done += 1;
        } else {
            *refused += 1;
            assert_eq!(now, self.checked, "a refused call changes nothing");
        }
        let has_changed = |part: &str| match part {
            "block" => now.0 != self.checked.0,
            contract => now.1[contract] != self.checked.1[contract],
        };
        if ["epoch", "registry", "token"].into_iter().any(has_changed) || self.game != self.compared
        {
            self.compare();
        }
        self.net.assert_invariants_on(has_changed);
        self.checked = now;
        self.compared = self.game.clone();
    }

    /// Network and game agree on where every epoch stands and what every player has.
    fn compare(&self) {
        let (net, game) = (&self.net, &self.game);
        assert_eq!(net.block(), game.block);
        for (netuid, subnet) in &game.subnets {
            let status = net.status(*netuid).expect("a status");
            assert_eq!(
                (
                    status.open,
                    status.opened_at,
                    status.closes_at,
                    status.final_epoch
                ),
                (
                    subnet.open,
                    subnet.opened_at,
                    subnet.opened_at + subnet.tempo,
                    subnet.final_epoch
                )
            );
            assert_eq!(status.stage, stage(subnet), "{netuid:?}");
            assert_eq!(
                (status.replays_at, status.rolls_over_at),
                (
                    subnet.replays_at(&game.rules),
                    subnet.rolls_over_at(&game.rules)
                ),
                "{netuid:?}"
            );
            assert_eq!(
                net.collateral_required(*netuid),
                game.collateral_required(*netuid)
            );
            let told = status.settling.map(|it| {
                let settled = (0..it.chunks()).filter(|chunk| it.is_settled(*chunk));
                (it.epoch, it.final_at, it.paid, it.budget, settled.collect())
            });
            let meant = subnet.settling.as_ref().map(|it| {
                (
                    it.epoch,
                    it.final_at,
                    it.paid,
                    it.budget,
                    it.settled.clone(),
                )
            });
            assert_eq!(told, meant, "{netuid:?}");
        }
        for (who, account) in &game.accounts {
            assert_eq!(net.collateral(*who), account.collateral, "{who:?}");
            assert_eq!(net.balance(*who), account.purse.to_u128(), "{who:?}");
        }
    }
}

/// How the contract calls where a subnet stands.
fn stage(subnet: &SubnetGame) -> Stage {
    let Some(closed) = &subnet.closed else {
        return Stage::Open;
    };
    match &closed.standing {
        None if closed.replayed > 0 => Stage::Replaying {
            next: closed.replayed,
        },
        None => Stage::Closed,
        Some(standing) => Stage::Asserted {
            assertion: standing.claimed.assertion.digest(),
            proposer: standing.by,
            collateral: standing.collateral,
            deadline: standing.deadline,
        },
    }
}
