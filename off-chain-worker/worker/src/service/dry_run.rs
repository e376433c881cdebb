//! A chain for a dry run: each message is read instead of sent, and its outcome is logged.

use crate::service::decode::{self, Reply};
use inktensor_client::{
    chain::{Chain, ChainError, ChainRead, Instantiated, Receipt},
    deploy::Addresses,
    forward_reads,
};
use inktensor_primitives::{hash::blake2, AccountId, Digest};
use std::collections::BTreeMap;
use tracing::info;

/// A chain that sends nothing.
pub struct DryRun {
    chain: Box<dyn Chain>,
    contracts: Addresses,
    /// Block of the last message.
    block: u32,
    /// Predictions logged at that block, and at the one before: a message that is still due is not
    /// logged again.
    logged: [BTreeMap<Digest, Prediction>; 2],
}

/// The outcome that a message would have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Prediction {
    Reply(Reply),
    Error(ChainError),
}

impl DryRun {
    /// Wraps `chain`, which is only read.
    pub fn new(chain: Box<dyn Chain>, contracts: Addresses) -> Self {
        Self {
            chain,
            contracts,
            block: 0,
            logged: Default::default(),
        }
    }

    /// Logs the prediction, unless it was logged already. Returns true if it was logged now.
    fn log(
        &mut self,
        to: AccountId,
        input: &[u8],
        prediction: Prediction,
    ) -> Result<bool, ChainError> {
        let block = self.chain.block()?;
        let [now, before] = &mut self.logged;
        if self.block != block {
            self.block = block;
            *before = std::mem::take(now);
        }
        let message = blake2(&[to.as_ref(), input].concat());
        let known = [&*now, before]
            .iter()
            .any(|it| it.get(&message) == Some(&prediction));
        now.insert(message, prediction.clone());
        if known {
            return Ok(false);
        }
        let (name, netuid) = (decode::name(input), decode::netuid(input));
        let (netuid, proposal) = (netuid.map(|netuid| netuid.0), decode::proposal(input));
        match prediction {
            Prediction::Reply(Reply::Done) => {
                info!(
                    call = name,
                    netuid, proposal, block, "would send {name}: it would be done"
                )
            }
            Prediction::Reply(Reply::Refused(error)) => info!(
                call = name,
                netuid, proposal, block, error, "would send {name}: it would be refused"
            ),
            Prediction::Reply(Reply::NotUnderstood) => info!(
                call = name,
                netuid, proposal, block, "would send {name}: the contract does not understand it"
            ),
            Prediction::Error(error) => info!(
                call = name,
                netuid,
                proposal,
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

impl ChainRead for DryRun {
    forward_reads!(self => self.chain);
}

impl Chain for DryRun {
    fn submit(
        &mut self,
        signer: AccountId,
        to: AccountId,
        input: &[u8],
    ) -> Result<Receipt, ChainError> {
        let prediction = match self.chain.read(signer, to, input) {
            Ok(output) => Prediction::Reply(Reply::of(&self.contracts, &to, &output)),
            Err(error) if error.is_of_the_connection() => return Err(error),
            Err(error) => Prediction::Error(error),
        };
        self.log(to, input, prediction)?;
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
    use inktensor_client::chain::{Answer, Message, Typed};
    use inktensor_devnet::account;
    use inktensor_primitives::{epoch::Epochs, NetUid, Rao};

    #[test]
    fn nothing_is_sent_and_each_step_is_logged_once() {
        let net = Net::new();
        let mut dry_run = DryRun::new(Box::new(net.clone()), net.contracts);
        let before = net.root();
        let me = account("worker");
        let close: Message<_> = net.contracts.epoch().close(NetUid(1)).into();
        assert_eq!(
            dry_run.submit(me, close.to, &close.input),
            Err(ChainError::NotSent("this is a dry run".into()))
        );
        assert_eq!((net.root(), net.sent.get()), (before, 0));
        let logged = |dry_run: &mut DryRun, answer| {
            dry_run
                .log(close.to, &close.input, Prediction::Reply(answer))
                .unwrap()
        };
        // The refusal was logged: the tempo is not over.
        let late = close_answer(&net, &close);
        assert!(matches!(&late, Reply::Refused(error) if error.contains("not before block")));
        assert!(!logged(&mut dry_run, late.clone()));
        net.advance(1);
        assert!(!logged(&mut dry_run, late));
        net.advance(TEMPO);
        let done = close_answer(&net, &close);
        assert_eq!(done, Reply::Done);
        assert!(logged(&mut dry_run, done.clone()));
        net.advance(1);
        assert!(!logged(&mut dry_run, done.clone()));
        // After a pause, a due message is logged again.
        net.advance(1);
        let other = net.contracts.epoch().deposit_collateral(Rao(1));
        assert!(dry_run.send(me, other).answer().is_err());
        net.advance(1);
        let other = net.contracts.epoch().deposit_collateral(Rao(1));
        assert!(dry_run.send(me, other).answer().is_err());
        assert!(logged(&mut dry_run, done));
        assert_eq!((net.root(), net.sent.get()), (before, 0));
    }

    fn close_answer<R>(net: &Net, close: &Message<R>) -> Reply {
        let me = account("worker");
        let output = net.read(me, close.to, &close.input).unwrap();
        Reply::of(&net.contracts, &close.to, &output)
    }
}
