//! What a chain adds to an explanation: who sits where, what they take, and what the epoch's money became.

use super::{Identity, MoneyFact};
use crate::{
    chain::{Chain, ChainError, ContractEvent, Typed},
    deploy::Addresses,
    epoch::EpochInputs,
    scenario::ss58,
};
use inktensor_primitives::{
    emission::{Carried, Completed, Drawn, FeePaid},
    epoch::Settled,
    kernel::EpochHeader,
    registry::{NeuronView, Registry},
    staking::Staking,
    Uid, PAGE,
};

/// What a chain says of an epoch beside its inputs.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Who sits where, in order of uid.
    pub identities: Vec<Identity>,
    /// What the epoch's budget became.
    pub money: MoneyFact,
}

impl Surroundings {
    /// What `chain` says of the epoch of `inputs`, whose chunks have `size` uids, and of the neuron at `uid`.
    ///
    /// The chain tells who sits on a seat now. Who took it after the epoch is not who was paid, and stays unnamed.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub fn of(
        chain: &dyn Chain,
        contracts: &Addresses,
        inputs: &EpochInputs,
        size: u16,
        uid: Uid,
    ) -> Result<Self, ChainError> {
        Ok(Self {
            identities: identities(chain, contracts, inputs, uid)?,
            money: money(
                &chain.events(0)?,
                contracts,
                &inputs.header,
                uid.0 / size.max(1),
            ),
        })
    }
}

fn identities(
    chain: &dyn Chain,
    contracts: &Addresses,
    inputs: &EpochInputs,
    uid: Uid,
) -> Result<Vec<Identity>, ChainError> {
    let header = &inputs.header;
    let neurons = inputs.chunks.iter().flat_map(|chunk| &chunk.neurons);
    let registered: Vec<u64> = neurons.map(|neuron| neuron.registered_at).collect();
    let mut identities = vec![Identity::default(); registered.len()];
    for page in 0..header.neurons.div_ceil(PAGE) {
        let message = contracts.registry().metagraph(header.netuid, page);
        let views: Vec<NeuronView> = chain.query(message)?;
        for view in views {
            let place = usize::from(view.uid.0);
            let same = registered.get(place) == Some(&u64::from(view.neuron.registered_at))
                && view.neuron.registered_epoch <= header.epoch;
            let Some(identity) = identities.get_mut(place).filter(|_| same) else {
                continue;
            };
            identity.hotkey = Some(ss58(&view.neuron.hotkey));
            identity.coldkey = Some(ss58(&view.neuron.coldkey));
            if view.uid == uid {
                let message = contracts.staking().take(view.neuron.hotkey);
                identity.take = Some(chain.query(message)?);
            }
        }
    }
    Ok(identities)
}

/// What the contracts have told of the epoch's money, and of what `chunk` was paid.
fn money(
    events: &[ContractEvent],
    contracts: &Addresses,
    header: &EpochHeader,
    chunk: u16,
) -> MoneyFact {
    let it = |netuid, epoch| (netuid, epoch) == (header.netuid, header.epoch);
    let mut money = MoneyFact::default();
    for event in events {
        if event.contract == contracts.epoch {
            if let Some(settled) = event.decode::<Settled>() {
                if it(settled.netuid, settled.epoch) && settled.chunk == chunk {
                    money.chunk_paid = Some(settled.paid.0);
                }
            }
        }
        if event.contract != contracts.emission {
            continue;
        }
        if let Some(drawn) = event.decode::<Drawn>() {
            if it(drawn.netuid, drawn.epoch) {
                money.owner = drawn.budget.owner.0;
                money.treasury = drawn.budget.treasury.0;
                money.proposer = drawn.budget.proposer.0;
                money.keeper = drawn.budget.keeper.0;
            }
        } else if let Some(fee) = event.decode::<FeePaid>() {
            if it(fee.netuid, fee.epoch) {
                money.fees_paid = money.fees_paid.saturating_add(fee.amount.0);
            }
        } else if let Some(completed) = event.decode::<Completed>() {
            if it(completed.netuid, completed.epoch) {
                money.paid = Some(completed.paid.0);
                money.carried = Some(completed.carried.0);
            }
        } else if let Some(carried) = event.decode::<Carried>() {
            if it(carried.netuid, carried.epoch) {
                money.carried = Some(carried.amount.0);
            }
        }
    }
    money
}
