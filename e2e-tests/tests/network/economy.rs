//! Costs and gains of attacks. Each test prints its totals.

use inktensor_client::{
    chain::{Cost, Typed},
    deploy::Config,
};
use inktensor_e2e_tests::{
    accounts::*,
    model::{Claim, HonestEpoch, Lie},
    network::config,
    network::{BLOCK_PROOF, BLOCK_TIME},
    Network, Shape,
};
use inktensor_primitives::{
    dispute::StepProof,
    epoch::{EpochError, EpochRules, Epochs, Stage},
    AccountId, NetUid, Rao,
};

const LIAR: AccountId = named("liar");
const ACCOMPLICE: AccountId = named("accomplice");
const WATCHER: AccountId = named("watcher");
const LIE: Claim = Claim::Lie(Lie::Results(0));

/// Closes the second epoch of a small subnet, which reads weights and carry-over state. Returns the
/// honest computation too.
fn with_closed_epoch(net: Network) -> (Network, NetUid, HonestEpoch) {
    let mut net = net;
    let netuid = net.with_closed_epoch();
    let known = HonestEpoch::of(&net, netuid);
    (net, netuid, known)
}

/// Returns the TAO of all accounts in `who`, liquid and as collateral.
fn wealth(net: &Network, who: &[AccountId]) -> u128 {
    let of = |who: &AccountId| {
        let collateral = net.collateral(*who);
        net.balance(*who) + u128::from(collateral.free.0 + collateral.locked.0)
    };
    who.iter().map(of).sum()
}

/// Posts a lie. Returns the collateral behind it, and the step and proof that disprove it.
fn lie(
    net: &mut Network,
    netuid: NetUid,
    who: AccountId,
    known: &HonestEpoch,
) -> (Rao, u32, StepProof) {
    let collateral = net.collateral_required(netuid);
    let claimed = LIE.about(known);
    net.as_(who)
        .propose(netuid, &claimed.assertion)
        .expect("the collateral suffices");
    let refutation = known.trace.refute(&known.inputs, &claimed.assertion);
    let (k, proof) = refutation.expect("a lie");
    (collateral, k, proof)
}

fn tao(rao: u128) -> String {
    format!(
        "{}.{:09} TAO",
        rao / u128::from(Rao::PER_TAO),
        rao % u128::from(Rao::PER_TAO)
    )
}

#[test]
fn dispute_of_an_own_lie_burns_half_of_the_collateral() {
    // The collateral is odd, so that the rounding is burned too.
    let collateral = Rao(Rao::from_tao(10).0 + 1);
    let rules = EpochRules {
        collateral,
        ..config().rules
    };
    let net = Network::deploy_with(&Config { rules, ..config() });
    let (mut net, netuid, known) = with_closed_epoch(net);
    let both = [LIAR, ACCOMPLICE];
    net.give_collateral(LIAR, Rao::from_tao(400));
    let (rich, supply) = (wealth(&net, &both), net.total_supply());
    let mut lost = 0;
    for _ in 0..5 {
        let (locked, k, proof) = lie(&mut net, netuid, LIAR, &known);
        assert_eq!(locked, collateral);
        assert_eq!(net.as_(ACCOMPLICE).dispute(netuid, k, &proof), Ok(()));
        lost += collateral.to_u128().div_ceil(2);
        assert_eq!(rich - wealth(&net, &both), lost);
        assert_eq!(supply - net.total_supply(), lost, "the loss is burned");
    }
    println!(
        "5 lies, disputed by the liar itself: {} put at stake, {} burned",
        tao(5 * collateral.to_u128()),
        tao(lost)
    );
}

/// Returns the block at which an epoch is final if `reactions` blocks pass between each lie and its
/// dispute, and the loss of the liars. The honest assertion is posted after the first lie.
fn delayed_by(reactions: &[u32]) -> (u32, u128) {
    let liars = [nth("liar", 0), nth("liar", 1), nth("liar", 2)];
    let (mut net, netuid, known) = with_closed_epoch(Network::deploy());
    let collateral = net.rules().collateral;
    for who in liars {
        net.give_collateral(who, Rao::from_tao(500));
    }
    let (rich, supply) = (wealth(&net, &liars), net.total_supply());
    for (round, (blocks, who)) in (0..).zip(reactions.iter().zip(liars.iter().cycle())) {
        // The next lie is posted in the block of the dispute.
        let (locked, k, proof) = lie(&mut net, netuid, *who, &known);
        let factor = if round == 0 { 1 } else { 2 };
        assert_eq!(locked.0, factor * collateral.0, "for every liar");
        if round == 0 {
            net.assert_epoch(netuid);
        }
        net.advance(*blocks);
        assert_eq!(net.as_(WATCHER).dispute(netuid, k, &proof), Ok(()));
    }
    let lost = rich - wealth(&net, &liars);
    let rewards = wealth(&net, &[WATCHER]);
    assert_eq!(supply - net.total_supply(), lost - rewards);
    assert_eq!(rewards, lost / 2);
    if reactions.is_empty() {
        net.assert_epoch(netuid);
    }
    net.finalize(netuid);
    net.settle(netuid);
    (net.block(), lost)
}

#[test]
fn lies_in_a_row_cost_their_collateral_and_delay_nothing() {
    let (undisturbed, lost) = delayed_by(&[]);
    assert_eq!(lost, 0);
    let collateral = config().rules.collateral;
    let last = config().rules.challenge_period - 1;
    for reactions in [
        vec![1],
        vec![1; 4],
        vec![2, 0, 1, 0, 1],
        vec![last],
        vec![0; 6],
    ] {
        let (final_at, lost) = delayed_by(&reactions);
        assert_eq!(final_at, undisturbed, "no block of delay");
        let lies = u64::try_from(reactions.len()).expect("few");
        assert_eq!(lost, u128::from(collateral.0 * (2 * lies - 1)));
        println!(
            "{lies} lies of 3 liars, disputed after {reactions:?} blocks: {} lost, no delay",
            tao(lost)
        );
    }
}

#[test]
fn copied_dispute_takes_the_reward_and_slashes_the_liar() {
    let (mut net, netuid, known) = with_closed_epoch(Network::deploy());
    let collateral = net.rules().collateral;
    net.give_collateral(LIAR, collateral);
    let (_, k, proof) = lie(&mut net, netuid, LIAR, &known);
    // The copy comes first. The watcher's own dispute is refused and costs no TAO.
    let rich = wealth(&net, &[WATCHER]);
    assert_eq!(net.as_(STRANGER).dispute(netuid, k, &proof), Ok(()));
    assert_eq!(
        net.as_(WATCHER).dispute(netuid, k, &proof),
        Err(EpochError::NotAsserted)
    );
    assert_eq!(wealth(&net, &[STRANGER]), u128::from(collateral.0 / 2));
    assert_eq!(wealth(&net, &[WATCHER]), rich);
    assert_eq!(wealth(&net, &[LIAR]), 0, "the liar loses all");
    assert_eq!(net.status(netuid).expect("a status").stage, Stage::Closed);
    // The liar may have sent the copy: a lie costs half its collateral at least.
    println!(
        "a lie of {}: {} to the first challenger, {} burned",
        tao(collateral.to_u128()),
        tao(u128::from(collateral.0 / 2)),
        tao(u128::from(collateral.0 - collateral.0 / 2))
    );
}

#[test]
fn dispute_of_an_earlier_lie_does_not_affect_the_next() {
    let (mut net, netuid, known) = with_closed_epoch(Network::deploy());
    let collateral = net.rules().collateral;
    net.give_collateral(LIAR, collateral);
    let (_, k, proof) = lie(&mut net, netuid, LIAR, &known);
    net.as_(WATCHER).dispute(netuid, k, &proof).expect("fraud");
    net.assert_epoch(netuid);
    net.refuses(
        WATCHER,
        |it| it.dispute(netuid, k, &proof),
        EpochError::AssertionMismatch,
    );
}

#[test]
fn dispute_of_an_honest_assertion_costs_only_the_caller() {
    let (mut net, netuid, known) = with_closed_epoch(Network::deploy());
    let computed = net.assert_epoch(netuid);
    let before = net.snapshot();
    let mut epoch = net.addresses().epoch();
    let mut spent = Vec::new();
    for k in (0..).take(computed.assertion.steps.len()) {
        let proof = known.trace.proof(&known.inputs, &computed.assertion, k);
        let message = epoch.dispute(netuid, k, proof.expect("a step"));
        let sent = net.with_chain(|chain| chain.send(STRANGER, message));
        let sent = sent.expect("answered");
        assert_eq!(sent.value, Err(EpochError::StepIsCorrect));
        assert_eq!(sent.cost.deposit, 0);
        spent.push(sent.cost);
        assert_eq!(net.snapshot(), before, "step {k}");
    }
    let time: u64 = spent.iter().map(|cost| cost.ref_time).sum();
    assert!(time > 0);
    println!(
        "{} disputes of correct steps: {} ms of chain time for the caller, nothing for the proposer",
        spent.len(),
        time / 1_000_000_000
    );
    // The deadline and the finality of the assertion are unchanged.
    let [standing] = net.standing(netuid)[..] else {
        panic!("it stands");
    };
    net.advance_to(standing.deadline);
    assert_eq!(
        net.as_(KEEPER).finalize(netuid, &computed.assertion),
        Ok(())
    );
}

/// The assumed price of a full block of transactions: one TAO.
const FULL_BLOCK: Rao = Rao::from_tao(1);

/// Returns the price of a transaction under that assumption: its share of the block's time or
/// proof, whichever is larger.
fn gas_price(cost: &Cost) -> Rao {
    let part = |used: u64, all: u64| u128::from(FULL_BLOCK.0) * u128::from(used) / u128::from(all);
    let most = part(cost.ref_time, BLOCK_TIME).max(part(cost.proof_size, BLOCK_PROOF));
    Rao(u64::try_from(most).expect("at most a block"))
}

/// A lie can move what the epoch pays to miners and validators, so a quarter of that stands behind
/// it, whatever the tempo; and the liar that disputes itself loses nine tenths.
#[test]
fn collateral_grows_with_what_an_epoch_pays() {
    let rules = Config::RULES;
    let least = rules.collateral;
    let mut net = Network::deploy_with(&Config { rules, ..config() });
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    // The first epoch pays next to nothing.
    let quarter = Rao(net.close(netuid).budget.total().0 / 4);
    assert!(quarter < least, "{quarter}");
    assert_eq!(net.collateral_required(netuid), least);
    net.finish_epoch(netuid);
    net.honest_weights(netuid);
    let due = Rao(net.close(netuid).budget.total().0 / 4);
    assert!(due > least, "{due}");
    assert_eq!(net.collateral_required(netuid), due);
    let known = HonestEpoch::of(&net, netuid);
    net.give_collateral(LIAR, due);
    let before = wealth(&net, &[LIAR, ACCOMPLICE]);
    let (locked, k, proof) = lie(&mut net, netuid, LIAR, &known);
    assert_eq!(locked, due);
    assert_eq!(net.as_(ACCOMPLICE).dispute(netuid, k, &proof), Ok(()));
    let lost = before - wealth(&net, &[LIAR, ACCOMPLICE]);
    assert_eq!(lost, u128::from(due.0 - due.0 / 10));
}

#[test]
fn reward_exceeds_the_gas_of_a_dispute() {
    // The rules of a real deployment.
    let rules = Config::RULES;
    let net = Network::deploy_with(&Config { rules, ..config() });
    let (mut net, netuid, known) = with_closed_epoch(net);
    let collateral = net.collateral_required(netuid);
    net.give_collateral(LIAR, collateral);
    let (_, k, proof) = lie(&mut net, netuid, LIAR, &known);
    let message = net.addresses().epoch().dispute(netuid, k, proof);
    let sent = net.with_chain(|chain| chain.send(WATCHER, message));
    let sent = sent.expect("answered");
    assert_eq!(sent.value, Ok(()));
    let reward = wealth(&net, &[WATCHER]);
    assert_eq!(reward, u128::from(collateral.0 / 10));
    let gas = gas_price(&sent.cost);
    // No step may take more than a quarter of two seconds.
    let most = gas_price(&Cost {
        ref_time: 500_000_000_000,
        ..sent.cost
    });
    println!(
        "reward {}, gas of this dispute {}, of the largest there may be {}",
        tao(reward),
        tao(gas.to_u128()),
        tao(most.to_u128())
    );
    assert!(reward > 10 * most.to_u128());
}

#[test]
fn undisputed_lie_moves_at_most_the_budget() {
    let (mut net, netuid, known) = with_closed_epoch(Network::deploy());
    let budget = known.inputs.header.budget.total();
    let all = |net: &Network| net.total_stake();
    let before = all(&net);
    let collateral = net.rules().collateral;
    net.give_collateral(LIAR, collateral);
    let claimed = Claim::Lie(Lie::Overpay(0)).about(&known);
    net.as_(LIAR)
        .propose(netuid, &claimed.assertion)
        .expect("posted");
    net.finalize(netuid);
    assert_eq!(
        net.as_(LIAR).settle_with(
            netuid,
            1,
            0,
            &claimed.results[0],
            known.trace.memory[0].clone()
        ),
        Err(EpochError::OverBudget(budget))
    );
    assert_eq!(all(&net), before);
    // The next epoch is honest and has the unpaid rest.
    net.advance(net.rules().settle_window);
    let header = net.close(netuid);
    assert!(header.budget.total() > budget);
    println!(
        "a lie paying {} out of {}: nothing paid, the next budget is {}",
        tao(budget.to_u128() + 1),
        tao(budget.to_u128()),
        tao(header.budget.total().to_u128())
    );
}

#[test]
fn collateral_of_one_subnet_does_not_count_on_another() {
    let (mut net, first, known) = with_closed_epoch(Network::deploy());
    let second = net.create(Shape::default());
    net.with_miners(second, 2);
    net.close(second);
    let other = HonestEpoch::of(&net, second);
    let collateral = net.rules().collateral;
    net.give_collateral(LIAR, Rao(2 * collateral.0));
    let (_, k, proof) = lie(&mut net, first, LIAR, &known);
    net.as_(LIAR)
        .propose(second, &other.assertion)
        .expect("the rest of the collateral");
    net.as_(WATCHER).dispute(first, k, &proof).expect("fraud");
    // The collateral behind the honest assertion is still locked.
    assert_eq!(
        (net.collateral(LIAR).free, net.collateral(LIAR).locked),
        (Rao::ZERO, collateral)
    );
    assert_eq!(
        net.as_(LIAR).withdraw_collateral(Rao(1)),
        Err(EpochError::CollateralTooSmall(Rao(1)))
    );
    assert_eq!(
        net.collateral_required(second),
        Rao(2 * collateral.0),
        "each subnet doubles separately"
    );
    net.advance(net.rules().challenge_period);
    net.as_(STRANGER)
        .finalize(second, &other.assertion)
        .expect("final");
    assert_eq!(net.as_(LIAR).withdraw_collateral(collateral), Ok(()));
}

#[test]
fn one_account_in_all_roles_gains_fees_and_loses_by_every_lie() {
    let (mut net, netuid, known) = with_closed_epoch(Network::deploy());
    let budget = net.budget(netuid, 1).expect("drawn");
    let chunks = u64::try_from(known.trace.results.len()).expect("few");
    let fees = budget.proposer.0 + budget.keeper.0 / chunks * chunks;
    assert!(fees > 0);
    net.record_honest(netuid, &known.trace);
    let template = net.template();
    let mut gains = Vec::new();
    for lies in 0..3 {
        let mut net = Network::begin_from(&template);
        net.give_collateral(LIAR, Rao::from_tao(100));
        let rich = wealth(&net, &[LIAR]);
        let mut burned = 0;
        for _ in 0..lies {
            let (collateral, k, proof) = lie(&mut net, netuid, LIAR, &known);
            assert_eq!(collateral, net.rules().collateral);
            net.as_(LIAR).dispute(netuid, k, &proof).expect("a lie");
            burned += collateral.to_u128() / 2;
        }
        net.as_(LIAR)
            .propose(netuid, &known.assertion)
            .expect("posted");
        net.advance(net.rules().challenge_period);
        net.as_(LIAR)
            .finalize(netuid, &known.assertion)
            .expect("final");
        for (chunk, results) in (0..).zip(&known.trace.results) {
            net.as_(LIAR)
                .settle(netuid, 1, chunk, results)
                .expect("settled");
            let again = net.as_(LIAR).settle(netuid, 1, chunk, results);
            assert!(matches!(
                again,
                Err(EpochError::NotSettling | EpochError::AlreadySettled)
            ));
        }
        let gain = i128::try_from(wealth(&net, &[LIAR])).expect("small")
            - i128::try_from(rich).expect("small");
        assert_eq!(
            gain,
            i128::from(fees) - i128::try_from(burned).expect("small")
        );
        gains.push(gain);
    }
    println!("proposer, challenger and keeper in one, with 0, 1, 2 lies: {gains:?} rao");
    assert!(gains[0] > 0 && gains[1] < 0 && gains[2] < gains[1]);
}
