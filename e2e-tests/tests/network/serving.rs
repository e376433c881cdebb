//! Published data of neurons: endpoints, metrics endpoints and commitments.

use inktensor_client::chain::{ChainRead, ContractEvent};
use inktensor_e2e_tests::{accounts::*, Network, Prepared, Shape};
use inktensor_primitives::{
    registry::{
        Axon, AxonServed, BoundedField, CommitmentKind, CommitmentMade, Host, Hyperparameter,
        Prometheus, PrometheusServed, RegistryError, ServingStopped,
    },
    NetUid, Rao, Uid,
};

fn axon(port: u16) -> Axon {
    Axon {
        host: Host::V4([203, 0, 113, 7]),
        port,
        protocol: 4,
        version: 1,
        tls: Some([7; 32]),
    }
}

/// Returns a full subnet of two replaceable miners whose hotkeys can pay one deposit each.
fn with_miners() -> (Network, NetUid, Rao) {
    static PREPARED: Prepared<(NetUid, Rao)> = Prepared::new(|net| {
        let netuid = net.create(Shape {
            seats: 2,
            settings: vec![Hyperparameter::ImmunityPeriod(20)],
            ..Shape::default()
        });
        net.with_miners(netuid, 2);
        let deposit = net.network_rules().serving_deposit;
        assert!(deposit > Rao::ZERO);
        let registry = net.addresses().registry;
        for i in 0..2 {
            net.provide(nth("miner", i), registry, deposit);
        }
        (netuid, deposit)
    });
    let (net, (netuid, deposit)) = PREPARED.network();
    (net, netuid, deposit)
}

#[test]
fn serve_axon_holds_a_deposit_until_stop_serving() {
    let (mut net, netuid, deposit) = with_miners();
    let (miner, held) = (nth("miner", 0), net.held());
    net.as_(miner)
        .serve_axon(netuid, axon(8_091))
        .expect("served");
    assert_eq!(net.held(), Rao(held.0 + deposit.0));
    assert_eq!(net.balance(miner), 0);
    let shown = net.serving(netuid, Uid(0)).expect("shown");
    assert_eq!((shown.axon, shown.deposit), (Some(axon(8_091)), deposit));
    // Further data needs no further deposit.
    let prometheus = Prometheus {
        host: Host::Name("miner.example.org".into()),
        port: 7_091,
        version: 1,
    };
    net.as_(miner)
        .serve_prometheus(netuid, prometheus.clone())
        .expect("served");
    net.as_(miner)
        .commit(netuid, CommitmentKind::Url, b"https://example.org".to_vec())
        .expect("committed");
    let page = net.serving_page(netuid, 0);
    assert_eq!(page.len(), 1);
    assert_eq!(page[0].prometheus, Some(prometheus));
    let commitment = page[0].commitment.clone().expect("committed");
    assert_eq!(commitment.kind, CommitmentKind::Url);
    assert_eq!(commitment.data, b"https://example.org");
    assert_eq!(net.as_(miner).stop_serving(netuid), Ok(deposit));
    assert_eq!((net.held(), net.balance(miner)), (held, deposit.to_u128()));
    assert_eq!(net.serving(netuid, Uid(0)), None);
    assert_eq!(
        net.as_(miner).stop_serving(netuid),
        Err(RegistryError::NothingServed)
    );
}

/// Returns the deposit that an event of serving names, and the kind of the event.
fn deposit_in(event: &ContractEvent) -> Option<(&'static str, Rao)> {
    let axon = event.decode::<AxonServed>();
    let prometheus = event.decode::<PrometheusServed>();
    let commitment = event.decode::<CommitmentMade>();
    let stopped = event.decode::<ServingStopped>();
    axon.map(|it| ("axon", it.deposit))
        .or(prometheus.map(|it| ("prometheus", it.deposit)))
        .or(commitment.map(|it| ("commitment", it.deposit)))
        .or(stopped.map(|it| ("stopped", it.deposit)))
}

#[test]
fn events_of_serving_name_the_deposit_that_is_paid_and_returned() {
    let (mut net, netuid, deposit) = with_miners();
    let miner = nth("miner", 0);
    let prometheus = Prometheus {
        host: Host::V4([203, 0, 113, 7]),
        port: 7_091,
        version: 1,
    };
    net.as_(miner)
        .serve_prometheus(netuid, prometheus)
        .expect("served");
    net.as_(miner).serve_axon(netuid, axon(1)).expect("served");
    net.as_(miner)
        .commit(netuid, CommitmentKind::Raw, vec![1])
        .expect("committed");
    net.as_(miner).stop_serving(netuid).expect("stopped");
    let events = net.chain().events(net.block()).expect("the events");
    let deposits: Vec<_> = events.iter().filter_map(deposit_in).collect();
    assert_eq!(
        deposits,
        [
            ("prometheus", deposit),
            ("axon", Rao::ZERO),
            ("commitment", Rao::ZERO),
            ("stopped", deposit),
        ]
    );
}

#[test]
fn serve_axon_again_too_soon_is_refused() {
    let (mut net, netuid, _) = with_miners();
    let miner = nth("miner", 0);
    net.as_(miner).serve_axon(netuid, axon(1)).expect("served");
    let again = net.block() + 50;
    net.advance(49);
    net.refuses(
        miner,
        |it| it.serve_axon(netuid, axon(2)),
        RegistryError::TooSoon(again),
    );
    net.advance(1);
    net.as_(miner).serve_axon(netuid, axon(2)).expect("served");
}

#[test]
fn serve_axon_of_bad_data_is_refused() {
    let (mut net, netuid, deposit) = with_miners();
    let miner = nth("miner", 0);
    let at = |host, port| Axon {
        host,
        port,
        ..axon(1)
    };
    for (nonsense, refused) in [
        (at(Host::V4([127, 0, 0, 1]), 1), RegistryError::BadHost),
        (
            at(Host::Name("localhost".into()), 1),
            RegistryError::BadHost,
        ),
        (
            at(Host::V4([203, 0, 113, 7]), 0),
            RegistryError::OutOfBounds {
                field: BoundedField::Port,
                value: 0,
                min: 1,
                max: 65_535,
            },
        ),
    ] {
        net.refuses(miner, |it| it.serve_axon(netuid, nonsense), refused);
    }
    assert!(matches!(
        net.refused(miner, |it| it.commit(
            netuid,
            CommitmentKind::Raw,
            vec![0; 129]
        )),
        RegistryError::OutOfBounds { max: 128, .. }
    ));
    net.refuses(
        STRANGER,
        |it| it.serve_axon(netuid, axon(1)),
        RegistryError::NotSeated,
    );
    // Without the deposit nothing is published.
    net.as_(miner).transfer(BOB, Rao(1)).expect("transferred");
    assert_eq!(
        net.as_(miner).serve_axon(netuid, axon(1)),
        Err(RegistryError::Payment(deposit))
    );
    assert_eq!(net.serving(netuid, Uid(0)), None);
}

#[test]
fn published_data_ends_with_the_neuron() {
    let (mut net, netuid, deposit) = with_miners();
    let miner = nth("miner", 0);
    net.as_(miner).serve_axon(netuid, axon(1)).expect("served");
    net.advance(1);
    assert_eq!(net.enrol(netuid, ALICE, ALICE_HOTKEY), Uid(0));
    assert_eq!(net.serving(netuid, Uid(0)), None);
    assert_eq!(net.balance(miner), deposit.to_u128(), "the deposit is back");
    assert_eq!(
        net.as_(miner).stop_serving(netuid),
        Err(RegistryError::NotSeated)
    );
}
