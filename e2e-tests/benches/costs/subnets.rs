//! Whole epochs of subnets of several sizes, and each step of their kernel.

use crate::parts::{self, Part};
use inktensor_client::chain::{Bill, ChainError, Cost, Typed};
use inktensor_compute::epoch::EpochInputs;
use inktensor_e2e_tests::{
    accounts::*,
    network::{fits_block, opinion},
    steps::step_input,
    ComputedEpoch, Network, Shape,
    Template,
};
use inktensor_primitives::{
    epoch::{EpochError, Epochs, Stage},
    registry::Hyperparameter,
    NetUid, Uid, MAX_VALIDATORS,
};

/// Chunks per phase up to which every step is measured. Of more, every eighth is, and the last.
const ALL_CHUNKS: usize = 8;

/// Steps that a call of `replay` is to execute, as far as they fit.
const TOGETHER: [u32; 6] = [20, 10, 4, 3, 2, 1];

/// A subnet's size and rule.
#[derive(Clone, Copy)]
pub struct Case {
    pub neurons: u16,
    pub validators: u16,
    /// Whether bonds follow consensus by liquid alpha, which costs the most.
    pub liquid_alpha: bool,
}

impl Case {
    /// The rule of a new subnet.
    pub fn plain(neurons: u16, validators: u16) -> Self {
        Self {
            neurons,
            validators,
            liquid_alpha: false,
        }
    }

    /// The rule that costs the most.
    pub fn heaviest(neurons: u16, validators: u16) -> Self {
        Self {
            liquid_alpha: true,
            ..Self::plain(neurons, validators)
        }
    }

    pub fn name(&self) -> String {
        let rule = if self.liquid_alpha {
            ", liquid alpha"
        } else {
            ""
        };
        format!("{} x {}{rule}", self.neurons, self.validators)
    }
}

/// What an epoch costs.
pub struct Figures {
    pub case: Case,
    /// The row of every validator, for every neuron.
    pub weights: Bill,
    pub close: Bill,
    pub propose: Bill,
    pub finalize: Bill,
    /// All chunks.
    pub settle: Bill,
    /// Replays of the same epoch instead: steps a call, and what the calls cost.
    pub replays: Vec<(u32, Bill)>,
    /// Giving the epoch up instead.
    pub roll_over: Bill,
    /// Steps of the kernel called by themselves, by phase.
    pub steps: Vec<Bill>,
    /// Disputes of honest steps, by phase.
    pub disputes: Vec<Bill>,
    /// A dispute that slashes, at the step that is the heaviest.
    pub slash: Cost,
    /// Bytes of the assertion.
    pub assertion: usize,
    /// What its close and its first settlement consist of.
    pub parts: Vec<Part>,
    /// A step that the kernel refuses at once.
    pub nothing: Cost,
}

/// A subnet of which everybody has registered, and as many have stake as may ever have permits.
pub struct Subnet {
    neurons: u16,
    netuid: NetUid,
    registered: Template,
}

impl Subnet {
    /// A full subnet of `neurons`.
    pub fn of(neurons: u16) -> Self {
        let mut net = Network::deploy();
        let netuid = net.create(Shape {
            tempo: 100,
            seats: neurons,
            permits: 1,
            ..Shape::default()
        });
        let staked = u32::from(MAX_VALIDATORS);
        let others = u32::from(neurons) - staked;
        net.with_validators(netuid, staked);
        net.enrol_crowd(netuid, named("farm"), "miner", others);
        Self {
            neurons,
            netuid,
            registered: net.template(),
        }
    }

    /// Runs the subnet as `case` has it until weights and bonds are full, and measures the epoch
    /// after that.
    pub fn measure(&self, case: Case) -> Figures {
        assert_eq!(case.neurons, self.neurons);
        let netuid = self.netuid;
        let mut net = Network::begin_from(&self.registered);
        net.set(netuid, Hyperparameter::MaxValidators(case.validators));
        net.set(netuid, Hyperparameter::LiquidAlpha(case.liquid_alpha));
        // The first epoch gives permits, the second leaves bonds to remember.
        net.run_epoch(netuid);
        assert_eq!(net.roster(netuid).len(), usize::from(case.validators));
        let ((), weights) = net.metered(|net| fill_weights(net, netuid));
        net.run_epoch(netuid);
        fill_weights(&mut net, netuid);
        let ready = net.status(netuid).expect("a status").closes_at;
        net.advance_to(ready);
        let open = net.template();
        let (_, close) = net.metered(|net| net.close(netuid));

        let inputs = net.inputs(netuid);
        let closed = net.template();
        let (computed, propose) = net.metered(|net| net.assert_epoch(netuid));
        let steps = kernel_steps(&mut net, &inputs, &computed);
        let (heaviest, disputes) = disputes(&mut net, &inputs, &computed);
        let ((), finalize) = net.metered(|net| net.finalize(netuid));
        let last = net.template();
        let ((), settle) = net.metered(|net| net.settle(netuid));
        let replays = replays(&closed, &inputs);
        let mut parts = parts::of_close(&open, &computed.header);
        parts.extend(parts::of_settlement(&last, &computed));
        for bill in [&close, &propose, &finalize] {
            assert_eq!(bill.calls, 1, "one message each");
        }
        Figures {
            case,
            weights,
            close,
            propose,
            finalize,
            settle,
            replays,
            roll_over: roll_over(&closed, netuid),
            steps,
            disputes,
            slash: slash(&closed, netuid, &inputs, &computed, heaviest),
            assertion: scale::Encode::encoded_size(&computed.assertion),
            parts,
            nothing: parts::of_nothing(&open, &computed.header),
        }
    }
}

/// Lets every neuron with a permit weigh all neurons.
fn fill_weights(net: &mut Network, netuid: NetUid) {
    let neurons = net.subnet(netuid).expect("the subnet").neurons;
    let all: Vec<Uid> = (0..neurons).map(Uid).collect();
    for uid in net.roster(netuid) {
        let hotkey = net.neuron(netuid, uid).expect("a neuron").hotkey;
        let weights = all.iter().map(|whom| opinion(uid, *whom)).collect();
        net.as_(hotkey)
            .set_weights(netuid, all.clone(), weights)
            .expect("set");
    }
}

/// Phase and number of the steps to measure.
fn sample(inputs: &EpochInputs, computed: &ComputedEpoch) -> impl Iterator<Item = (usize, usize)> {
    let chunks = inputs.chunks.len();
    (0..computed.trace.steps.len())
        .map(move |k| (k / chunks, k))
        .filter(move |(_, k)| {
            let chunk = k % chunks;
            chunks <= ALL_CHUNKS || chunk.is_multiple_of(8) || chunk + 1 == chunks
        })
}

/// What the kernel's steps cost by themselves.
fn kernel_steps(net: &mut Network, inputs: &EpochInputs, computed: &ComputedEpoch) -> Vec<Bill> {
    let mut bills = vec![Bill::default(); computed.trace.plan.phases.len()];
    for (phase, k) in sample(inputs, computed) {
        let cost = net.kernel_step_cost(step_input(inputs, &computed.trace, k));
        bills[phase].add(&cost);
    }
    bills
}

/// What disputes of an honest assertion cost, and which is the heaviest.
fn disputes(net: &mut Network, inputs: &EpochInputs, computed: &ComputedEpoch) -> (u32, Vec<Bill>) {
    let mut bills = vec![Bill::default(); computed.trace.plan.phases.len()];
    let mut heaviest = (0, 0);
    for (phase, k) in sample(inputs, computed) {
        let k = u32::try_from(k).expect("few steps");
        let proof = computed.trace.proof(inputs, &computed.assertion, k).expect("a step");
        let (outcome, bill) =
            net.metered(|net| net.as_(STRANGER).dispute(inputs.header.netuid, k, &proof));
        assert_eq!(outcome, Err(EpochError::StepIsCorrect), "step {k}");
        bills[phase].add(&bill.total);
        heaviest = heaviest.max((bill.total.ref_time, k));
    }
    (heaviest.1, bills)
}

/// What it costs to disprove an assertion of which step `k` is false.
fn slash(closed: &Template, netuid: NetUid, inputs: &EpochInputs, computed: &ComputedEpoch, k: u32) -> Cost {
    let mut net = Network::begin_from(closed);
    let mut lie = computed.assertion.clone();
    lie.steps[usize::try_from(k).expect("few steps")][0] ^= 1;
    net.propose_lie(netuid, &lie);
    let (found, proof) = computed.trace.refute(inputs, &lie).expect("a lie");
    assert_eq!(found, k);
    let (outcome, bill) = net.metered(|net| net.as_(STRANGER).dispute(netuid, k, &proof));
    assert_eq!(outcome, Ok(()));
    assert!(fits_block(&bill.total));
    bill.total
}

/// What the calls cost in which the chain executes the closed epoch itself, for several numbers of
/// steps a call. Of a large epoch only the largest number that can be.
fn replays(closed: &Template, inputs: &EpochInputs) -> Vec<(u32, Bill)> {
    let mut replays = TOGETHER
        .iter()
        .filter_map(|steps| Some((*steps, replay(closed, inputs.header.netuid, *steps)?)));
    if inputs.chunks.len() <= ALL_CHUNKS {
        replays.collect()
    } else {
        replays.next().into_iter().collect()
    }
}

/// What the calls cost that execute `steps` steps each. None if so many trap, since a contract's
/// memory is not freed during a call, or exceed a block.
fn replay(closed: &Template, netuid: NetUid, steps: u32) -> Option<Bill> {
    let mut net = Network::begin_from(closed);
    net.expect_honest(netuid);
    let due = net.status(netuid).expect("a status").replays_at;
    net.advance_to(due.expect("it can be replayed"));
    let mut bill = Bill::default();
    let mut next = 0;
    while net.status(netuid).expect("a status").stage != Stage::Open {
        let memory = net.memory_for(netuid, next, steps);
        let message = net.addresses().epoch().replay(netuid, steps, memory);
        match net.with_chain(|chain| chain.send(STRANGER, message)) {
            Ok(sent) => {
                next = sent.value.expect("replayed");
                bill.add(&sent.cost);
                if !fits_block(&sent.cost) {
                    return None;
                }
            }
            Err(ChainError::Trapped) => return None,
            Err(error) => panic!("{error}"),
        }
    }
    Some(bill)
}

/// What it costs to give the closed epoch up.
fn roll_over(closed: &Template, netuid: NetUid) -> Bill {
    let mut net = Network::begin_from(closed);
    let due = net.status(netuid).expect("a status").rolls_over_at;
    net.advance_to(due.expect("it can be given up"));
    let (outcome, bill) = net.metered(|net| net.as_(STRANGER).roll_over(netuid));
    outcome.expect("given up");
    bill
}
