//! The costs of whole epochs of subnets of several sizes, and of each step of their kernel.

use crate::parts::{self, Part};
use inktensor_client::chain::{ChainError, Message, Typed};
use inktensor_compute::epoch::EpochInputs;
use inktensor_devnet::weights::Weights;
use inktensor_e2e_tests::{
    accounts::*,
    network::{fits_block, opinion, Costs},
    steps::step_input,
    EpochRun, Network, Shape, Template,
};
use inktensor_primitives::{
    epoch::{EpochError, Epochs, Stage},
    registry::Hyperparameter,
    NetUid, Uid, MAX_VALIDATORS,
};

/// The most chunks of a phase of which every step is measured. Of more, every eighth and the last
/// are.
const ALL_CHUNKS: usize = 8;

/// Numbers of steps of a `replay` call, as far as they fit.
const TOGETHER: [u32; 6] = [20, 10, 4, 3, 2, 1];

/// The size and parameters of a subnet.
#[derive(Clone, Copy)]
pub struct Case {
    pub neurons: u16,
    pub validators: u16,
    /// True for liquid alpha, the most expensive rule of bonds.
    pub liquid_alpha: bool,
    /// Share of the weights that are set, in per cent.
    pub filled: u16,
}

impl Case {
    /// Returns a subnet with default parameters.
    pub fn plain(neurons: u16, validators: u16) -> Self {
        Self {
            neurons,
            validators,
            liquid_alpha: false,
            filled: 100,
        }
    }

    /// Returns a subnet in which a validator weighs one miner of ten.
    pub fn sparse(neurons: u16, validators: u16) -> Self {
        Self {
            filled: 10,
            ..Self::plain(neurons, validators)
        }
    }

    /// Returns true for a subnet with all weights and default parameters.
    pub fn is_plain(&self) -> bool {
        !self.liquid_alpha && self.filled == 100
    }

    /// Returns a subnet with the most expensive parameters.
    pub fn heaviest(neurons: u16, validators: u16) -> Self {
        Self {
            liquid_alpha: true,
            ..Self::plain(neurons, validators)
        }
    }

    pub fn name(&self) -> String {
        let mut name = format!("{} x {}", self.neurons, self.validators);
        if self.liquid_alpha {
            name.push_str(", liquid alpha");
        }
        if self.filled < 100 {
            name.push_str(&format!(", {} % filled", self.filled));
        }
        name
    }
}

/// The costs of an epoch.
pub struct Figures {
    pub case: Case,
    /// Full rows of all validators.
    pub weights: Costs,
    pub close: Costs,
    pub propose: Costs,
    pub finalize: Costs,
    /// All calls that finalize and settle it together.
    pub finish: Costs,
    /// The settlement of all chunks.
    pub settle: Costs,
    /// The collection of all pay, a page of neurons a call, and the owner's part.
    pub collect: Costs,
    /// Replays of the same epoch: steps of a call, and the cost of all calls.
    pub replays: Vec<(u32, Costs)>,
    /// A rollover of the same epoch.
    pub roll_over: Costs,
    /// Single steps of the kernel, by phase.
    pub steps: Vec<Costs>,
    /// Disputes of honest steps, by phase.
    pub disputes: Vec<Costs>,
    /// A dispute that slashes, at the most expensive step.
    pub slash: Costs,
    /// The size of the assertion in bytes.
    pub assertion: usize,
    /// The parts of the close and of the first settlement.
    pub parts: Vec<Part>,
    /// A step that the kernel refuses.
    pub nothing: Costs,
}

/// A full subnet in which as many neurons have stake as can have permits.
pub struct Subnet {
    neurons: u16,
    netuid: NetUid,
    registered: Template,
}

impl Subnet {
    /// Creates a full subnet of `neurons`.
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

    /// Runs the subnet with the parameters of `case` until weights and bonds are full. Measures the
    /// next epoch.
    pub fn measure(&self, case: Case) -> Figures {
        assert_eq!(case.neurons, self.neurons);
        let netuid = self.netuid;
        let mut net = Network::begin_from(&self.registered);
        net.set(netuid, Hyperparameter::MaxValidators(case.validators));
        net.set(netuid, Hyperparameter::LiquidAlpha(case.liquid_alpha));
        // The values count from the second epoch on, which gives permits; the third leaves bonds.
        net.run_epoch(netuid);
        net.run_epoch(netuid);
        assert_eq!(net.roster(netuid).len(), usize::from(case.validators));
        let ((), weights) = net.weighed(|net| fill_weights(net, netuid, case.filled));
        net.run_epoch(netuid);
        fill_weights(&mut net, netuid, case.filled);
        let ready = net.status(netuid).expect("a status").closes_at;
        net.advance_to(ready);
        let open = net.template();
        let (_, close) = net.weighed(|net| net.close(netuid));

        let inputs = net.inputs(netuid);
        let closed = net.template();
        let (computed, propose) = net.weighed(|net| net.assert_epoch(netuid));
        let steps = kernel_steps(&net, &inputs, &computed);
        let (heaviest, disputes) = disputes(&mut net, &inputs, &computed);
        let asserted = net.template();
        let ((), finalize) = net.weighed(|net| net.finalize(netuid));
        let last = net.template();
        let ((), settle) = net.weighed(|net| net.settle_chunks(netuid));
        let ((), collect) = net.weighed(|net| net.collect_all(netuid));
        let mut net = Network::begin_from(&asserted);
        let ((), finish) = net.weighed(|net| net.finalize_and_settle(netuid));
        let replays = replays(&closed, &inputs);
        let mut parts = parts::of_close(&open, &computed.header);
        parts.extend(parts::of_settlement(&last, &computed));
        for costs in [&close, &propose, &finalize] {
            assert_eq!(costs.v31.calls, 1, "one message each");
        }
        Figures {
            case,
            weights,
            close,
            propose,
            finalize,
            finish,
            settle,
            collect,
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

/// Sets weights of every neuron with a permit on `filled` per cent of the neurons, which differ
/// from validator to validator.
fn fill_weights(net: &mut Network, netuid: NetUid, filled: u16) {
    let neurons = net.subnet(netuid).expect("the subnet").neurons;
    for uid in net.roster(netuid) {
        let hotkey = net.neuron(netuid, uid).expect("a neuron").hotkey;
        let weighs = |whom: &Uid| {
            let mixed = u32::from(whom.0).wrapping_mul(2_654_435_761);
            let draw = (u32::from(uid.0) * 40_503) ^ mixed;
            (draw >> 16) % 100 < u32::from(filled)
        };
        let uids: Vec<Uid> = (0..neurons).map(Uid).filter(weighs).collect();
        let weights = uids.iter().map(|whom| opinion(uid, *whom)).collect();
        net.as_(hotkey)
            .set_weights(netuid, uids, weights)
            .expect("set");
    }
}

/// Returns phase and number of the steps to measure.
fn sample(inputs: &EpochInputs, computed: &EpochRun) -> impl Iterator<Item = (usize, usize)> {
    let chunks = inputs.chunks.len();
    (0..computed.trace.steps.len())
        .map(move |k| (k / chunks, k))
        .filter(move |(_, k)| {
            let chunk = k % chunks;
            chunks <= ALL_CHUNKS || chunk.is_multiple_of(8) || chunk + 1 == chunks
        })
}

/// Returns the costs of single steps.
fn kernel_steps(net: &Network, inputs: &EpochInputs, computed: &EpochRun) -> Vec<Costs> {
    let mut phases = vec![Costs::default(); computed.trace.plan.phases.len()];
    for (phase, k) in sample(inputs, computed) {
        let costs = net.kernel_step_costs(step_input(inputs, &computed.trace, k));
        phases[phase].add(&costs);
    }
    phases
}

/// Returns the most expensive step, and the costs of disputes of an honest assertion.
fn disputes(net: &mut Network, inputs: &EpochInputs, computed: &EpochRun) -> (u32, Vec<Costs>) {
    let mut phases = vec![Costs::default(); computed.trace.plan.phases.len()];
    let mut heaviest = (0, 0);
    for (phase, k) in sample(inputs, computed) {
        let k = u32::try_from(k).expect("few steps");
        let proof = computed
            .trace
            .proof(inputs, &computed.assertion, k)
            .expect("a step");
        let (outcome, costs) =
            net.weighed(|net| net.as_(STRANGER).dispute(inputs.header.netuid, k, &proof));
        assert_eq!(outcome, Err(EpochError::StepIsCorrect), "step {k}");
        phases[phase].add(&costs);
        heaviest = heaviest.max((costs.v31.total.ref_time, k));
    }
    (heaviest.1, phases)
}

/// Returns the costs of a dispute of an assertion with a false step `k`.
fn slash(
    closed: &Template,
    netuid: NetUid,
    inputs: &EpochInputs,
    computed: &EpochRun,
    k: u32,
) -> Costs {
    let mut net = Network::begin_from(closed);
    let mut lie = computed.assertion.clone();
    lie.steps[usize::try_from(k).expect("few steps")][0] ^= 1;
    net.propose_lie(netuid, &lie);
    let (found, proof) = computed.trace.refute(inputs, &lie).expect("a lie");
    assert_eq!(found, k);
    let (outcome, costs) = net.weighed(|net| net.as_(STRANGER).dispute(netuid, k, &proof));
    assert_eq!(outcome, Ok(()));
    costs
}

/// Returns the costs of replays of the closed epoch for several numbers of steps of a call. For a
/// large epoch only the largest possible number is measured.
fn replays(closed: &Template, inputs: &EpochInputs) -> Vec<(u32, Costs)> {
    let mut replays = TOGETHER
        .iter()
        .filter_map(|steps| Some((*steps, replay(closed, inputs.header.netuid, *steps)?)));
    if inputs.chunks.len() <= ALL_CHUNKS {
        replays.collect()
    } else {
        replays.next().into_iter().collect()
    }
}

/// Returns the costs of calls that replay `steps` steps each. `None` if a call traps, since a
/// contract's memory is not freed during a call, or exceeds a block with all weights.
fn replay(closed: &Template, netuid: NetUid, steps: u32) -> Option<Costs> {
    let mut net = Network::begin_from(closed);
    net.expect_honest(netuid);
    let due = net.status(netuid).expect("a status").replays_at;
    net.advance_to(due.expect("it can be replayed"));
    let mut all = Costs::default();
    let mut next = 0;
    while net.status(netuid).expect("a status").stage != Stage::Open {
        let memory = net.memory_for(netuid, next, steps);
        let message: Message<Result<u32, EpochError>> =
            net.addresses().epoch().replay(netuid, steps, memory).into();
        let (to, input) = (message.to, message.input.clone());
        match net.chain().cost_with(Weights::V31, STRANGER, to, &input) {
            Ok(_) => {}
            Err(ChainError::Trapped) => return None,
            Err(error) => panic!("{error}"),
        }
        let costs = net.costs_of(STRANGER, to, &input);
        if !fits_block(&costs.v31.total) && !fits_block(&costs.v38.total) {
            return None;
        }
        all.add(&costs);
        let sent = net.with_chain(|chain| chain.send(STRANGER, message));
        next = sent.expect("an answer").value.expect("replayed");
    }
    Some(all)
}

/// Returns the costs of rolling the closed epoch over.
fn roll_over(closed: &Template, netuid: NetUid) -> Costs {
    let mut net = Network::begin_from(closed);
    let due = net.status(netuid).expect("a status").rolls_over_at;
    net.advance_to(due.expect("it can be given up"));
    let (outcome, costs) = net.weighed(|net| net.as_(STRANGER).roll_over(netuid));
    outcome.expect("rolled over");
    costs
}
