//! The subnets that a role serves, and their statuses.

use inktensor_client::{
    chain::{query_all, ChainError, ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs, Settlement, Stage, MAX_STATUSES},
    registry::Registry,
    NetUid,
};
use std::collections::BTreeSet;

/// A subnet and the status of its epochs.
pub type SubnetStatus = (NetUid, EpochStatus);

/// The subnets that a role serves.
///
/// A retired subnet is served until its last epoch is over. From then on it is not read again.
#[derive(Clone, Debug)]
pub struct Subnets {
    contracts: Addresses,
    /// Subnets to serve; all if empty.
    only: BTreeSet<NetUid>,
    /// Retired subnets on which nothing can happen any more.
    over: BTreeSet<NetUid>,
    /// Subnet after which the next turn begins.
    after: Option<NetUid>,
}

impl Subnets {
    /// Creates the set of all subnets of the deployment at `contracts`.
    pub const fn of(contracts: Addresses) -> Self {
        Self {
            contracts,
            only: BTreeSet::new(),
            over: BTreeSet::new(),
            after: None,
        }
    }

    /// Serves only these subnets; all of them if there are none.
    pub fn only(mut self, netuids: impl IntoIterator<Item = NetUid>) -> Self {
        self.only = netuids.into_iter().collect();
        self
    }

    /// Returns the contracts of the deployment.
    pub const fn contracts(&self) -> &Addresses {
        &self.contracts
    }

    /// Makes the next turn begin after `netuid`, so that no subnet with much to do keeps others
    /// waiting.
    pub const fn begin_after(&mut self, netuid: NetUid) {
        self.after = Some(netuid);
    }

    /// Reads the status of each of these subnets that exists.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn statuses(
        &self,
        chain: &dyn ChainRead,
        netuids: Vec<NetUid>,
    ) -> Result<Vec<SubnetStatus>, ChainError> {
        let pages = netuids
            .chunks(MAX_STATUSES)
            .map(|page| self.contracts.epoch().statuses(page.to_vec()));
        let pages: Vec<Vec<Option<EpochStatus>>> = query_all(chain, pages)?;
        let answers = netuids.into_iter().zip(pages.into_iter().flatten());
        Ok(answers
            .filter_map(|(netuid, status)| Some((netuid, status?)))
            .collect())
    }

    /// Reads the status of each subnet, in the order of this turn.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read(&mut self, chain: &dyn ChainRead) -> Result<Vec<SubnetStatus>, ChainError> {
        let registry = self.contracts.registry();
        let live: BTreeSet<NetUid> = chain
            .query::<Vec<NetUid>>(registry.live_subnets())?
            .into_iter()
            .collect();
        let made: u16 = chain.query(self.contracts.registry().subnets())?;
        let is_wanted = |netuid: &NetUid| {
            let is_served = self.only.is_empty() || self.only.contains(netuid);
            is_served && (live.contains(netuid) || !self.over.contains(netuid))
        };
        let wanted: Vec<NetUid> = (1..=made).map(NetUid).filter(is_wanted).collect();
        let mut statuses = self.statuses(chain, wanted)?;
        let over = statuses
            .iter()
            .filter(|(netuid, status)| !live.contains(netuid) && is_over(status));
        self.over.extend(over.map(|(netuid, _)| *netuid));
        if let Some(after) = self.after {
            let first = statuses.partition_point(|(netuid, _)| *netuid <= after);
            statuses.rotate_left(first);
        }
        Ok(statuses)
    }
}

/// Returns true if nothing can happen on a subnet with this status, if it is retired.
fn is_over(status: &EpochStatus) -> bool {
    let is_settled = status.settling.as_ref().is_none_or(Settlement::is_complete);
    status.stage == Stage::Open && is_settled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::Net;

    #[test]
    fn subnets_are_read_in_turn_and_only_those_that_are_served() {
        let net = Net::new();
        let second = net.create_subnet();
        let netuids = |subnets: &mut Subnets| -> Vec<NetUid> {
            let statuses = subnets.read(&net).unwrap();
            statuses.into_iter().map(|(netuid, _)| netuid).collect()
        };
        let first = NetUid(1);
        let mut all = Subnets::of(net.contracts);
        assert_eq!(netuids(&mut all), [first, second]);
        all.begin_after(first);
        assert_eq!(netuids(&mut all), [second, first]);
        all.begin_after(second);
        assert_eq!(netuids(&mut all), [first, second]);
        let mut one = Subnets::of(net.contracts).only([second, NetUid(9)]);
        assert_eq!(netuids(&mut one), [second]);
    }

    #[test]
    fn a_retired_subnet_is_left_out_once_its_last_epoch_is_over() {
        let net = Net::new();
        let (_, open) = Subnets::of(net.contracts).read(&net).unwrap().remove(0);
        assert!(is_over(&open));
        let closed = EpochStatus {
            stage: Stage::Closed,
            ..open
        };
        assert!(!is_over(&closed));
    }
}
