//! The comparison of network and model after each action.

use super::Lockstep;
use crate::model::SubnetModel;
use inktensor_primitives::epoch::{PostedAssertion, Stage};
use std::fmt::Debug;

impl Lockstep {
    /// Counts an action, compares network and model, and checks the invariants.
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
            contract => now.1.get(contract) != self.checked.1.get(contract),
        };
        if ["epoch", "registry", "token"].into_iter().any(has_changed)
            || self.protocol != self.compared
        {
            self.compare();
        }
        self.net.assert_invariants_on(has_changed);
        self.net.checked = Some(now.clone());
        self.checked = now;
        self.compared = self.protocol.clone();
    }

    /// Compares the state of every epoch and the TAO of every account.
    fn compare(&self) {
        let (net, protocol) = (&self.net, &self.protocol);
        assert_eq!(net.block(), protocol.block);
        for (netuid, subnet) in &protocol.subnets {
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
                    subnet.replays_at(&protocol.rules),
                    subnet.rolls_over_at(&protocol.rules)
                ),
                "{netuid:?}"
            );
            assert_eq!(
                net.collateral_required(*netuid),
                protocol.collateral_required(*netuid)
            );
            let actual = status.settling.map(|it| {
                let settled = (0..it.chunks()).filter(|chunk| it.is_settled(*chunk));
                (it.epoch, it.final_at, it.paid, it.budget, settled.collect())
            });
            let expected = subnet.settling.as_ref().map(|it| {
                (
                    it.epoch,
                    it.final_at,
                    it.paid,
                    it.budget,
                    it.settled.clone(),
                )
            });
            assert_eq!(actual, expected, "{netuid:?}");
        }
        for (who, account) in &protocol.accounts {
            assert_eq!(net.collateral(*who), account.collateral, "{who:?}");
            assert_eq!(net.balance(*who), account.balance.to_u128(), "{who:?}");
        }
    }
}

/// Returns the contract's stage for the state of a subnet.
fn stage(subnet: &SubnetModel) -> Stage {
    let Some(closed) = &subnet.closed else {
        return Stage::Open;
    };
    let standing = closed.standing.iter().map(|posted| PostedAssertion {
        assertion: posted.claimed.assertion.digest(),
        proposer: posted.by,
        collateral: posted.collateral,
        deadline: posted.deadline,
    });
    match standing.len() {
        0 => Stage::Closed,
        _ => Stage::Asserted(standing.collect()),
    }
}
