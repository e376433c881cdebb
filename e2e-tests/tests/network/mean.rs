//! Subnets with the mean kernel. All other contracts treat kernels alike.

use crate::kernel_on_chain::largest_steps;
use inktensor_client::chain::Typed;
use inktensor_compute::{engine::native::Mean, epoch::compute};
use inktensor_e2e_tests::{
    accounts::*,
    engines::kernels,
    network::{BLOCK_PROOF, BLOCK_TIME},
    steps::{step_input, step_output},
    Network, Prepared, Shape,
};
use inktensor_primitives::{
    epoch::{EpochError, Stage},
    kernel::{Budget, IncentiveKernel, KernelError},
    registry::{Hyperparameter, KernelParams},
    NetUid, Rao, Uid,
};
use inktensor_worker::{
    epochs::EpochCache,
    roles::{Keeper, Proposer},
};

/// Returns a subnet with the mean kernel, of two validators with 100 and 101 TAO and three miners,
/// after one final epoch.
fn with_final_epoch() -> (Network, NetUid) {
    static PREPARED: Prepared<NetUid> = Prepared::new(|net| {
        let netuid = net.create(Shape {
            kernel: |addresses| addresses.mean,
            ..Shape::default()
        });
        net.with_validators(netuid, 2).with_miners(netuid, 3);
        net.run_epoch(netuid);
        netuid
    });
    PREPARED.network()
}

#[test]
fn epoch_pays_by_mean_weights() {
    let (mut net, netuid) = with_final_epoch();
    assert_eq!(net.roster(netuid), [Uid(0), Uid(1)]);
    // 100 TAO weigh 1:1:0, 101 TAO weigh 0:0:1.
    for (validator, weights) in [(0, [1, 1, 0]), (1, [0, 0, 1])] {
        let miners = vec![Uid(2), Uid(3), Uid(4)];
        net.as_(nth("validator", validator))
            .set_weights(netuid, miners, weights.to_vec())
            .expect("set");
    }
    let computed = net.run_epoch(netuid);
    assert_eq!(computed.header.kernel, net.addresses().mean);
    let Budget::Split { miners, validators } = computed.header.budget else {
        panic!("the chain splits budgets");
    };
    assert!(miners > Rao::ZERO && validators > Rao::ZERO);
    let part = |whole: Rao, part: u128, all: u128| {
        Rao(u64::try_from(whole.to_u128() * part / all).expect("a part"))
    };
    let paid: Vec<(Rao, Rao)> = computed
        .trace
        .neurons()
        .map(|result| (result.miner, result.validator))
        .collect();
    assert_eq!(
        paid,
        [
            (Rao::ZERO, part(validators, 100, 201)),
            (Rao::ZERO, part(validators, 101, 201)),
            (part(miners, 50, 201), Rao::ZERO),
            (part(miners, 50, 201), Rao::ZERO),
            (part(miners, 101, 201), Rao::ZERO),
        ]
    );
}

#[test]
fn epoch_without_weights_carries_its_budget_over() {
    let (mut net, netuid) = with_final_epoch();
    let idle = net.run_epoch(netuid);
    assert!(idle.header.budget.total() > Rao::ZERO);
    assert_eq!(idle.pay(), Rao::ZERO);
    assert!(net.pending(netuid) >= idle.header.budget.total());
    net.honest_weights(netuid);
    let next = net.run_epoch(netuid);
    assert!(next.header.budget.total() > idle.header.budget.total());
    let lost = next.header.budget.total().0 - next.pay().0;
    assert!(lost <= 2 * u64::from(next.header.neurons), "{lost}");
}

#[test]
fn dispute_of_any_step_slashes_the_proposer() {
    let (mut net, netuid) = with_final_epoch();
    net.honest_weights(netuid);
    net.close(netuid);
    let (computed, inputs) = (net.compute(netuid), net.inputs(netuid));
    assert_eq!(computed.assertion.steps.len(), 4);
    for k in 0..4 {
        let mut lie = computed.assertion.clone();
        lie.steps[k][0] ^= 1;
        net.propose_lie(netuid, &lie);
        let (found, proof) = computed.trace.refute(&inputs, &lie).expect("a lie");
        assert_eq!(u32::try_from(k), Ok(found));
        assert_eq!(net.as_(STRANGER).dispute(netuid, found, &proof), Ok(()));
        let status = net.status(netuid).expect("a status");
        assert_eq!(status.stage, Stage::Closed);
    }
    net.assert_epoch(netuid);
    for k in 0..4 {
        let (assertion, trace) = (&computed.assertion, &computed.trace);
        let proof = trace.proof(&inputs, assertion, k).expect("a proof");
        assert_eq!(
            net.as_(STRANGER).dispute(netuid, k, &proof),
            Err(EpochError::StepIsCorrect)
        );
    }
}

#[test]
fn subnet_changes_its_kernel_and_back() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let addresses = net.addresses();
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    net.run_epoch(netuid);
    net.honest_weights(netuid);
    // A choice counts from the next epoch on.
    net.set(netuid, Hyperparameter::Kernel(addresses.mean));
    net.run_epoch(netuid);
    let bonds = net.memory_hashes(netuid);
    assert_eq!(bonds.len(), 1);

    let subnet = net.subnet(netuid).expect("it exists");
    assert_eq!(subnet.params, KernelParams::Other(Vec::new()));
    net.set(netuid, Hyperparameter::Kernel(addresses.yuma));
    let header = net.close(netuid);
    assert_eq!((header.kernel, header.epoch), (addresses.mean, 2));
    // The mean kernel does not get Yuma's carry-over state.
    assert!(net.memory_hashes(netuid).is_empty());
    net.forget(netuid);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle(netuid);

    let header = net.close(netuid);
    assert_eq!((header.kernel, header.epoch), (addresses.yuma, 3));
    net.forget(netuid);
    net.assert_epoch(netuid);
    net.finalize(netuid);
    net.settle(netuid);
}

#[test]
fn close_with_parameters_is_refused() {
    let (mut net, netuid) = with_final_epoch();
    net.set(netuid, Hyperparameter::OtherParams(vec![0]));
    net.run_epoch(netuid);
    let closes_at = net.status(netuid).expect("a status").closes_at;
    net.advance_to(closes_at);
    net.refuses(
        KEEPER,
        |it| it.close(netuid),
        EpochError::Kernel(KernelError::BadParams),
    );
}

#[test]
fn largest_step_fits_a_quarter_of_a_block() {
    let mut net = Network::deploy();
    let mut inputs = largest_steps();
    inputs.header.params.clear();
    let trace = compute(&Mean, &inputs).expect("a trace");
    for k in 0..trace.steps.len() {
        let message = net.addresses().mean().step(step_input(&inputs, &trace, k));
        let sent = net.with_chain(|chain| chain.send(STRANGER, message));
        let sent = sent.expect("the kernel answers");
        assert_eq!(sent.value, Ok(step_output(&inputs, &trace, k)), "step {k}");
        let cost = sent.cost;
        assert!(cost.ref_time < BLOCK_TIME / 4, "step {k}: {cost:?}");
        assert!(cost.proof_size < BLOCK_PROOF / 4, "step {k}: {cost:?}");
    }
}

#[test]
fn workers_follow_a_subnet_from_one_kernel_to_another() {
    let mut net = Network::deploy();
    let addresses = net.addresses();
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    net.fund(WORKER, Rao::from_tao(100));
    let kernels = kernels();
    let mut ledger = EpochCache::new(addresses, kernels);
    let (keeper, proposer) = (
        Keeper::new(KEEPER, addresses),
        Proposer::new(WORKER, addresses),
    );
    let all = [addresses.yuma, addresses.mean, addresses.yuma];
    net.start_all();
    for (epoch, kernel) in (0..).zip(all) {
        // A choice counts from the next epoch on.
        if let Some(next) = usize::try_from(epoch + 1)
            .ok()
            .and_then(|next| all.get(next))
        {
            net.set(netuid, Hyperparameter::Kernel(*next));
        }
        for _ in 0..100 {
            let status = net.status(netuid).expect("a status");
            if status.final_epoch == Some(epoch) && status.settling.is_none() {
                break;
            }
            let kept = net.with_chain(|chain| keeper.tick(chain, &mut ledger));
            kept.expect("an answer").clean().expect("no problem");
            let proposed = net.with_chain(|chain| proposer.tick(chain, &mut ledger));
            proposed.expect("an answer").clean().expect("no problem");
            net.advance(1);
        }
        let header = net.header(netuid).expect("a header");
        assert_eq!((header.epoch, header.kernel), (epoch, kernel));
        let status = net.status(netuid).expect("a status");
        assert_eq!((status.final_epoch, status.settling), (Some(epoch), None));
    }
}
