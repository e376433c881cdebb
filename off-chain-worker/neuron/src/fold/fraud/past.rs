//! The facts of a past epoch, read from a chain.
//!
//! All of them are states after given blocks, so a node must still have these: an archive has all.

use super::Past;
use crate::{
    evidence::{
        history::{FactsError, History},
        read_facts::manifest_of,
        seeds::Round,
    },
    fold::pledges::{Pledges, Votes},
};
use inktensor_client::{
    chain::{ChainRead, Typed},
    deploy::Addresses,
};
use inktensor_primitives::{
    registry::{Registry, Subnet},
    NetUid,
};
use inktensor_train::voted_start;
use inktensor_wire::home;

impl Past {
    /// Reads the facts of an epoch whose probes are known.
    ///
    /// # Errors
    /// See [`FactsError`].
    pub fn read(
        chain: &dyn ChainRead,
        contracts: &Addresses,
        netuid: NetUid,
        number: u32,
    ) -> Result<Self, FactsError> {
        let history = History::read(chain, contracts, netuid, number.saturating_sub(1))?;
        let opened_at = history.opened(number)?;
        let subnet: Option<Subnet> = history
            .at(opened_at)?
            .query(contracts.registry().subnet(netuid))?;
        let tempo = subnet.ok_or(FactsError::UnknownSubnet(netuid))?.tempo;
        let round = Round::new(opened_at, tempo).ok_or(FactsError::Tempo(tempo))?;
        let best = history.best.number;
        let pledges = Pledges::read(chain, contracts, netuid, round, history.best)?;
        let (pledges, _) = pledges.ok_or(FactsError::NotAsked {
            at: round.asked_at(),
            best,
        })?;
        let start = match round.due_at() < best {
            true => {
                let block = history.block(round.due_at())?;
                let votes = Votes::read(chain, contracts, netuid, block, number)?;
                votes.and_then(|votes| voted_start(&votes.voters))
            }
            false => None,
        };
        Ok(Self {
            home: home(&chain.genesis()?, &contracts.registry),
            netuid,
            number,
            manifest: manifest_of(&history, contracts, netuid, number)?,
            pledges,
            start,
        })
    }
}
