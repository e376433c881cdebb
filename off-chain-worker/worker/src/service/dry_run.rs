//! A chain to which nothing is sent: each message is only read, and what it would come to is told.

use crate::service::decode::{self, Answer};
use inktensor_client::{
    chain::{Answer, Chain, ChainError, ChainRead, Instantiated, Receipt},
    deploy::Addresses,
    forward_reads,
};
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use std::collections::BTreeMap;
use tracing::info;

/// A chain to which nothing is sent.
pub struct Rehearsal {
    chain: Box<dyn Chain>,
    contracts: Addresses,
    /// The block at which messages were rehearsed last.
    block: u32,
    /// What was told at that block, and at the one before: a message that is still due is not told
    /// again.
    told: [BTreeMap<Digest, Told>; 2],
}

/// What a message would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Answer(Answer),
    Error(ChainError),
}

impl Rehearsal {
    /// Reads from `chain`, and sends it nothing.
    pub fn new(chain: Box<dyn Chain>, contracts: Addresses) -> Self {
        Self {
            chain,
            contracts,
            block: 0,
            told: Default::default(),
        }
    }

    /// Tells what the message would come to, unless that was told already.
    fn tell(&mut self, to: AccountId, input: &[u8], told: Told) -> Result<bool, ChainError> {
        let block = self.chain.block()?;
        let [now, before] = &mut self.told;
        if self.block != block {
            self.block = block;
            *before = std::mem::take(now);
        }
        let message = blake2(&[to.as_ref(), input].concat());
        let known = [&*now, before]
            .iter()
            .any(|it| it.get(&message) == Some(&told));
        now.insert(message, told.clone());
        if known {
            return Ok(false);
        }
        let (name, netuid) = (decode::name(input), decode::netuid(input));
        let netuid = netuid.map(|netuid| netuid.0);
        match told {
            Told::Answer(Answer::Done) => {
                info!(
                    call = name,
                    netuid, block, "would send {name}: it would be done"
                )
            }
            Told::Answer(Answer::Refused(error)) => info!(
                call = name,
                netuid, block, error, "would send {name}: it would be refused"
            ),
            Told::Answer(Answer::NotUnderstood) => info!(
                call = name,
                netuid, block, "would send {name}: the contract does not understand it"
            ),
            Told::Error(error) => info!(
                call = name,
                netuid,
                block,
                %error,
                "would send {name}: it would fail"
            ),
        }
        Ok(true)
    }
}

fn not_sent<T>() -> Result<T, ChainError> {
    Err(ChainError::NotSent("this is a dry run".into()))
}

impl ChainRead for Rehearsal {
    forward_reads!(self => self.chain);
}

impl Chain for Rehearsal {
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let told = match self.chain.read(signer, to, input) {
            Ok(output) => Told::Answer(Answer::of(&self.contracts, &to, &output)),
            Err(error) if error.is_of_the_connection() => return Err(error),
            Err(error) => Told::Error(error),
        };
        self.tell(to, input, told)?;
        not_sent()
    }

    fn upload(&mut self, _: AccountId, _: &[u8]) -> Result<Digest, ChainError> {
        not_sent()
    }

    fn instantiate(
        &mut self,
        _: AccountId,
        _: Digest,
        _: &[u8],
        _: &[u8],
    ) -> Result<Instantiated, ChainError> {
        not_sent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::tests::{Net, TEMPO};
    use inktensor_client::chain::{Message, Typed};
    use inktensor_devnet::account;
    use inktensor_primitives::{epoch::Epochs, NetUid, Rao};

    #[test]
    fn nothing_is_sent_and_each_step_is_told_once() {
        let net = Net::new();
        let mut rehearsal = Rehearsal::new(Box::new(net.clone()), net.contracts);
        let before = net.root();
        let me = account("worker");
        let close: Message<_> = net.contracts.epoch().close(NetUid(1)).into();
        assert_eq!(
            rehearsal.submit(me, close.to, &close.input),
            Err(ChainError::NotSent("this is a dry run".into()))
        );
        assert_eq!((net.root(), net.sent.get()), (before, 0));
        let told = |rehearsal: &mut Rehearsal, answer| {
            rehearsal
                .tell(close.to, &close.input, Told::Answer(answer))
                .unwrap()
        };
        // It was refused, as the tempo is not over, and that was told.
        let late = close_answer(&net, &close);
        assert!(matches!(&late, Answer::Refused(error) if error.contains("TempoNotOver")));
        assert!(!told(&mut rehearsal, late.clone()));
        net.advance(1);
        assert!(!told(&mut rehearsal, late));
        net.advance(TEMPO);
        let done = close_answer(&net, &close);
        assert_eq!(done, Answer::Done);
        assert!(told(&mut rehearsal, done.clone()));
        net.advance(1);
        assert!(!told(&mut rehearsal, done.clone()));
        // What was not due for a while is told anew.
        net.advance(1);
        let other = net.contracts.epoch().deposit_collateral(Rao(1));
        assert!(rehearsal.send(me, other).answer().is_err());
        net.advance(1);
        let other = net.contracts.epoch().deposit_collateral(Rao(1));
        assert!(rehearsal.send(me, other).answer().is_err());
        assert!(told(&mut rehearsal, done));
        assert_eq!((net.root(), net.sent.get()), (before, 0));
    }

    fn close_answer<R>(net: &Net, close: &Message<R>) -> Answer {
        let me = account("worker");
        let output = net.read(me, close.to, &close.input).unwrap();
        Answer::of(&net.contracts, &close.to, &output)
    }
}
