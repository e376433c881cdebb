//! The messages between contracts of a close and a settlement, each sent alone.
//!
//! Only the contracts may send them, so the contracts sign them here, which a chain without keys
//! allows. Sent alone, each message also pays for entering the chain, so the sum is a little above
//! the whole.

use inktensor_client::chain::{Message, Typed};
use inktensor_e2e_tests::{accounts::KEEPER, network::Costs, EpochRun, Network, Template};
use inktensor_primitives::{
    emission::{Emission, Payout, SplitPreset},
    kernel::{EpochHeader, IncentiveKernel, Rows, StepInput},
    registry::{PagePay, Registry},
    staking::{Payment, Staking},
    AccountId, Rao, Uid, PAGE,
};
use scale::Decode;
use std::fmt::Debug;

/// A message between contracts.
pub struct Part {
    /// The call that it is part of.
    pub of: &'static str,
    pub contract: &'static str,
    pub message: &'static str,
    pub costs: Costs,
}

/// Returns the parts of the close of `open` that makes `header`.
pub fn of_close(open: &Template, header: &EpochHeader) -> Vec<Part> {
    let (netuid, epoch) = (header.netuid, header.epoch);
    let mut alone = Alone::of("close", open);
    let at = alone.net.addresses();
    let begin = at
        .registry()
        .begin_epoch(netuid, epoch, header.roster.clone());
    alone.change("registry", "begin_epoch", at.epoch, begin);
    let begin = at.staking().begin_epoch(netuid, epoch);
    alone.change("staking", "begin_epoch", at.epoch, begin);
    let draw = at
        .emission()
        .draw(netuid, epoch, SplitPreset::Network, Rao::ZERO);
    alone.change("emission", "draw", at.epoch, draw);
    let plan = at.yuma().plan(header.clone());
    alone.change("kernel", "plan", at.epoch, plan);
    alone.end()
}

/// Returns the parts of settling the first chunk of the final epoch `computed`.
pub fn of_settlement(last: &Template, computed: &EpochRun) -> Vec<Part> {
    let EpochHeader { netuid, epoch, .. } = computed.header;
    let results = computed.trace.results.first().expect("a chunk").clone();
    let mut alone = Alone::of("settle", last);
    let at = alone.net.addresses();
    let count = u16::try_from(results.len()).expect("a chunk");
    let neurons = at.registry().neurons_at(netuid, epoch, Uid(0), count);
    alone.change("registry", "neurons_at", at.epoch, neurons);
    let dividends = (0..)
        .zip(&results)
        .filter(|(_, result)| !result.validator.is_zero())
        .map(|(uid, result)| {
            let payment = Payment {
                hotkey: computed.neuron(uid).hotkey,
                coldkey: computed.neuron(uid).coldkey,
                amount: result.validator,
            };
            (uid, payment)
        })
        .collect();
    let owed: Vec<Rao> = results.iter().map(|result| result.miner).collect();
    let payout = Payout {
        proposer: None,
        before: 0,
        most: PAGE,
        incentives: owed.clone(),
        dividends,
        keeper: KEEPER,
        fee: Rao(1),
    };
    let pay = at.emission().pay(netuid, epoch, payout);
    alone.change("emission", "pay", at.epoch, pay);
    let pay = PagePay {
        start: Uid(0),
        scores: results,
        owed,
    };
    let record = at.registry().record_pay(netuid, epoch, vec![pay]);
    alone.change("registry", "record_pay", at.epoch, record);
    alone.end()
}

/// Returns the costs of a step beyond the last, which the kernel refuses: entering the chain, and
/// loading the code.
pub fn of_nothing(open: &Template, header: &EpochHeader) -> Costs {
    let net = Network::begin_from(open);
    net.kernel_step_costs(StepInput {
        header: header.clone(),
        phase: u8::MAX,
        chunk: 0,
        carry: Vec::new(),
        scratch: Vec::new(),
        memory: Vec::new(),
        neurons: Vec::new(),
        rows: Rows::default(),
    })
}

/// A network in which contracts sign messages.
struct Alone {
    of: &'static str,
    net: Network,
    parts: Vec<Part>,
}

impl Alone {
    fn of(of: &'static str, template: &Template) -> Self {
        Self {
            of,
            net: Network::begin_from(template),
            parts: Vec::new(),
        }
    }

    /// Records a message that must succeed.
    fn change<R: Decode, E: Decode + Debug>(
        &mut self,
        contract: &'static str,
        message: &'static str,
        signer: AccountId,
        sent: impl Into<Message<Result<R, E>>>,
    ) {
        let sent = sent.into();
        let costs = self.net.costs_of(signer, sent.to, &sent.input);
        let sent = self.net.with_chain(|chain| chain.send(signer, sent));
        let sent = sent.expect("an answer");
        if let Err(error) = sent.value {
            panic!("{contract} {message}: {error:?}");
        }
        self.parts.push(Part {
            of: self.of,
            contract,
            message,
            costs,
        });
    }

    fn end(self) -> Vec<Part> {
        // Half an epoch breaks the invariants, so the network must not check them.
        std::mem::forget(self.net);
        self.parts
    }
}
