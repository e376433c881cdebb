//! The observable state of a network, to compare before and after.

use crate::Network;
use inktensor_primitives::{
    emission::Issuance,
    epoch::{Collateral, EpochStatus},
    kernel::EpochHeader,
    registry::Subnet,
    AccountId, Digest, NetUid, Rao, Uid,
};
use std::collections::BTreeMap;

/// For each contract, the root hash of its storage.
pub type StorageRoots = BTreeMap<&'static str, Digest>;

/// The observable state of a network.
///
/// The typed fields make a difference readable; the roots of the contracts' storage leave nothing
/// out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The block.
    pub block: u32,
    /// All TAO.
    pub supply: u128,
    /// All TAO ever minted.
    pub minted: u128,
    /// TAO of every account that ever had some.
    pub balances: BTreeMap<AccountId, u128>,
    /// Every position that may exist.
    pub positions: BTreeMap<(NetUid, AccountId, AccountId), Rao>,
    /// Collateral of every account that ever had some.
    pub collateral: BTreeMap<AccountId, Collateral>,
    /// The subnets.
    pub subnets: BTreeMap<NetUid, SubnetState>,
    /// The state of issuance.
    pub issuance: Issuance,
    /// The root hashes of the contracts' storage.
    pub storage: StorageRoots,
}

/// A subnet and its epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetState {
    /// The subnet.
    pub subnet: Option<Subnet>,
    /// The state of its epochs.
    pub status: Option<EpochStatus>,
    /// The epoch that closed last.
    pub header: Option<EpochHeader>,
    /// Uids with a permit.
    pub roster: Vec<Uid>,
    /// The stake on it.
    pub stake: Rao,
}

impl Network {
    /// Returns the observable state.
    pub fn snapshot(&self) -> Snapshot {
        let observer = &self.observer;
        let subnets = observer.subnets.keys().map(|netuid| {
            let state = SubnetState {
                subnet: self.subnet(*netuid),
                status: self.status(*netuid),
                header: self.header(*netuid),
                roster: self.roster(*netuid),
                stake: self.subnet_stake(*netuid),
            };
            (*netuid, state)
        });
        let positions = observer.positions.iter().map(|position| {
            let (netuid, hotkey, coldkey) = *position;
            (*position, self.stake_of(netuid, hotkey, coldkey))
        });
        Snapshot {
            block: self.block(),
            supply: self.total_supply(),
            minted: self.total_minted(),
            balances: observer
                .holders
                .iter()
                .map(|who| (*who, self.balance(*who)))
                .collect(),
            positions: positions.collect(),
            collateral: observer
                .workers
                .iter()
                .map(|who| (*who, self.collateral(*who)))
                .collect(),
            subnets: subnets.collect(),
            issuance: self.issuance(),
            storage: self.storage_roots(),
        }
    }

    /// Returns the root hash of each contract's storage.
    pub fn storage_roots(&self) -> StorageRoots {
        let roots = self.addresses.named().map(|(name, address)| {
            let root = self.chain.storage_root(&address);
            (name, root.expect("readable").expect("a contract"))
        });
        roots.into_iter().collect()
    }
}
