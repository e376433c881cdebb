//! All that can be observed of a network, to compare before and after.

use crate::Network;
use inktensor_primitives::{
    emission::Issuance,
    epoch::{Collateral, EpochStatus},
    kernel::EpochHeader,
    registry::Subnet,
    AccountId, Digest, NetUid, Rao, Uid,
};
use std::collections::BTreeMap;

/// All that can be observed of a network.
///
/// The typed part says in words what differs; the roots of the contracts' storage make sure that
/// nothing is missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The block.
    pub block: u32,
    /// All TAO.
    pub supply: u128,
    /// All TAO ever minted.
    pub minted: u128,
    /// TAO of everyone who ever had some.
    pub balances: BTreeMap<AccountId, u128>,
    /// Every position that may exist.
    pub positions: BTreeMap<(NetUid, AccountId, AccountId), Rao>,
    /// Every collateral there ever was.
    pub bonds: BTreeMap<AccountId, Collateral>,
    /// The subnets.
    pub subnets: BTreeMap<NetUid, SubnetState>,
    /// The state of issuance.
    pub issuance: Issuance,
    /// For each contract the root hash of all that it stores.
    pub storage: BTreeMap<&'static str, Digest>,
}

/// A subnet and where its epochs stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetState {
    /// The subnet.
    pub subnet: Option<Subnet>,
    /// Its epochs.
    pub status: Option<EpochStatus>,
    /// The epoch that closed last.
    pub header: Option<EpochHeader>,
    /// Who holds a permit.
    pub roster: Vec<Uid>,
    /// Its stake.
    pub stake: Rao,
}

impl Network {
    /// All that can be observed now.
    pub fn snapshot(&self) -> Snapshot {
        let book = &self.book;
        let subnets = book.subnets.keys().map(|netuid| {
            let state = SubnetState {
                subnet: self.subnet(*netuid),
                status: self.status(*netuid),
                header: self.header(*netuid),
                roster: self.roster(*netuid),
                stake: self.subnet_stake(*netuid),
            };
            (*netuid, state)
        });
        let positions = book.positions.iter().map(|position| {
            let (netuid, hotkey, coldkey) = *position;
            (*position, self.stake_of(netuid, hotkey, coldkey))
        });
        Snapshot {
            block: self.block(),
            supply: self.total_supply(),
            minted: self.total_minted(),
            balances: book
                .holders
                .iter()
                .map(|who| (*who, self.balance(*who)))
                .collect(),
            positions: positions.collect(),
            bonds: book
                .bonders
                .iter()
                .map(|who| (*who, self.collateral(*who)))
                .collect(),
            subnets: subnets.collect(),
            issuance: self.issuance(),
            storage: self.storage_roots(),
        }
    }

    /// For each contract the root hash of all that it stores.
    pub fn storage_roots(&self) -> BTreeMap<&'static str, Digest> {
        let roots = self.addresses.named().map(|(name, address)| {
            let root = self.chain.storage_root(&address);
            (name, root.expect("readable").expect("a contract"))
        });
        roots.into_iter().collect()
    }
}
