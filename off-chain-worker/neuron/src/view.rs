//! The facts of a subnet that a neuron reads, all at one block.

use crate::evidence::Registration;
use inktensor_client::{
    chain::{query_all, BlockId, ChainError, ChainRead, Pinned, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs},
    registry::{
        roster_with_owner, Axon, Commitment, Neuron, NeuronView, Registry, ServingView, Subnet,
    },
    staking::{Staking, StakingError},
    AccountId, NetUid, Rao, Uid, PAGE,
};
use std::collections::BTreeMap;

/// A neuron with a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permitted {
    /// The uid.
    pub uid: Uid,
    /// The neuron.
    pub neuron: Neuron,
    /// Stake that the neuron weighs with in the open epoch, in rao.
    pub stake: Rao,
}

/// The facts of a subnet that may change with any block: at most 129 neurons are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetView {
    /// The block.
    pub block: BlockId,
    /// The subnet.
    pub subnet: Subnet,
    /// The status of its epochs.
    pub status: EpochStatus,
    /// Neurons with a permit by the last final epoch, and the owner's, by uid.
    pub permitted: Vec<Permitted>,
    /// The uid of the owner's neuron, if there is one.
    pub owner_uid: Option<Uid>,
}

impl SubnetView {
    /// Reads the subnet at the best block. Returns `None` for a subnet that does not exist.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn read(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
    ) -> Result<Option<Self>, ChainError> {
        let pinned = Pinned::best(chain)?;
        Self::at(&pinned, contracts, netuid)
    }

    /// Reads the subnet on the state of `pinned`. Returns `None` for a subnet that does not exist.
    ///
    /// # Errors
    /// If the chain does not answer, or does not have the state any more.
    pub fn at(
        pinned: &Pinned<'_>,
        contracts: &Addresses,
        netuid: NetUid,
    ) -> Result<Option<Self>, ChainError> {
        let block = pinned.id();
        let subnet: Option<Subnet> = pinned.query(contracts.registry().subnet(netuid))?;
        let status: Option<EpochStatus> = pinned.query(contracts.epoch().status(netuid))?;
        let (Some(subnet), Some(status)) = (subnet, status) else {
            return Ok(None);
        };
        let owner_uid = pinned
            .query(contracts.registry().seat(netuid, subnet.owner_hotkey))?
            .map(|seat| seat.uid);
        let roster: Vec<Uid> = pinned.query(contracts.epoch().roster(netuid))?;
        let roster = roster_with_owner(roster, owner_uid);
        let neurons = query_all(
            pinned,
            roster
                .iter()
                .map(|uid| contracts.registry().neuron(netuid, *uid)),
        )?;
        let seats = roster.into_iter().zip(neurons);
        // A permit is of a generation: the chain's roster has no uid that was replaced since.
        let seats: Vec<(Uid, Neuron)> = seats
            .filter_map(|(uid, neuron)| neuron.map(|it| (uid, it)))
            .filter(|(uid, neuron)| {
                Some(*uid) == owner_uid
                    || status
                        .final_epoch
                        .is_some_and(|last| neuron.registered_epoch <= last)
            })
            .collect();
        let mut stakes = Vec::with_capacity(seats.len());
        for page in seats.chunks(usize::from(PAGE)) {
            let identities = page.iter().map(|(_, neuron)| neuron.identity()).collect();
            let message = contracts
                .staking()
                .stakes_at(netuid, identities, status.open);
            let read: Result<Vec<Rao>, StakingError> = pinned.query(message)?;
            // A subnet that closes an epoch between two nodes' states has stakes again at the next
            // block.
            stakes.extend(read.unwrap_or_else(|_| vec![Rao::ZERO; page.len()]));
        }
        let permitted = seats.into_iter().zip(stakes);
        Ok(Some(Self {
            block,
            subnet,
            status,
            permitted: permitted
                .map(|((uid, neuron), stake)| Permitted { uid, neuron, stake })
                .collect(),
            owner_uid,
        }))
    }

    /// Returns the neuron of `hotkey`, if it has a permit.
    pub fn permit_of(&self, hotkey: &AccountId) -> Option<&Permitted> {
        self.permitted.iter().find(|it| it.neuron.hotkey == *hotkey)
    }
}

/// A neuron with what it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The neuron and its last scores.
    pub view: NeuronView,
    /// The endpoint.
    pub axon: Option<Axon>,
    /// The commitment.
    pub commitment: Option<Commitment>,
}

impl Served {
    /// Returns the neuron.
    pub const fn registration(&self) -> Registration {
        Registration {
            uid: self.view.uid,
            generation: self.view.neuron.generation,
            hotkey: self.view.neuron.hotkey,
        }
    }
}

/// Reads all neurons of a subnet and what they serve, by uid, on the state after `block`.
///
/// # Errors
/// If the chain does not answer, or does not have the state any more.
pub fn neurons_at(
    chain: &dyn ChainRead,
    contracts: &Addresses,
    netuid: NetUid,
    block: BlockId,
) -> Result<Vec<Served>, ChainError> {
    let pinned = Pinned::new(chain, block);
    let subnet: Option<Subnet> = pinned.query(contracts.registry().subnet(netuid))?;
    let pages = subnet.map_or(0, |subnet| subnet.neurons.div_ceil(PAGE));
    let neurons: Vec<Vec<NeuronView>> = query_all(
        &pinned,
        (0..pages).map(|page| contracts.registry().metagraph(netuid, page)),
    )?;
    let serving: Vec<Vec<ServingView>> = query_all(
        &pinned,
        (0..pages).map(|page| contracts.registry().serving_page(netuid, page)),
    )?;
    let mut serving: BTreeMap<Uid, ServingView> = serving
        .into_iter()
        .flatten()
        .map(|it| (it.uid, it))
        .collect();
    let neurons = neurons.into_iter().flatten();
    Ok(neurons
        .map(|view| {
            let (axon, commitment) = serving
                .remove(&view.uid)
                .map_or((None, None), |it| (it.axon, it.commitment));
            Served {
                view,
                axon,
                commitment,
            }
        })
        .collect())
}

/// Neurons for tests.
#[cfg(test)]
pub mod testing {
    use super::*;
    use inktensor_primitives::registry::Host;
    use inktensor_wire::PROTOCOL;

    /// Returns a neuron without pay, which serves this protocol.
    pub fn served(uid: u16) -> Served {
        let hotkey = AccountId::from([u8::try_from(uid).unwrap(); 32]);
        Served {
            view: NeuronView {
                uid: Uid(uid),
                neuron: Neuron {
                    hotkey,
                    coldkey: hotkey,
                    registered_at: 1,
                    registered_epoch: 0,
                    generation: 1,
                    identity: None,
                },
                score: Default::default(),
                owed: Rao::ZERO,
            },
            axon: Some(Axon {
                host: Host::V4([127, 0, 0, 1]),
                port: 1024,
                protocol: PROTOCOL,
                version: 1,
                tls: None,
            }),
            commitment: None,
        }
    }
}
