//! Bounds of addresses and blocks, and the choice of the connection that gives way.

use super::*;
use std::net::{Ipv4Addr, Ipv6Addr};

fn gate(connections: usize, connections_per_address: usize, rate: u32) -> Gate {
    Gate::new(&Limits {
        connections,
        connections_per_address,
        connects_per_address: rate,
        reads_per_address: 1,
        ..Limits::default()
    })
}

fn ip(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(number))
}

#[test]
fn admit_bounds_the_connections_of_an_address() {
    let mut gate = gate(10, 2, 100);
    let now = Instant::now();
    let first = gate.admit(ip(1), now).unwrap();
    gate.admit(ip(1), now).unwrap();
    assert_eq!(gate.admit(ip(1), now).unwrap_err(), Closed::Address);
    gate.admit(ip(2), now).unwrap();
    gate.release(first.id);
    gate.admit(ip(1), now).unwrap();
}

#[test]
fn admit_bounds_the_rate_of_an_address() {
    let mut gate = gate(100, 100, 1);
    let now = Instant::now();
    for _ in 0..BURST {
        let id = gate.admit(ip(1), now).unwrap().id;
        gate.release(id);
    }
    assert_eq!(gate.admit(ip(1), now).unwrap_err(), Closed::Rate);
    gate.admit(ip(2), now).unwrap();
    gate.admit(ip(1), now + Duration::from_secs(1)).unwrap();
}

#[test]
fn admit_to_a_full_gate_evicts_the_oldest_unproven_connection() {
    let mut gate = gate(2, 2, 100);
    let now = Instant::now();
    let first = gate.admit(ip(1), now).unwrap();
    let second = gate.admit(ip(2), now).unwrap();
    gate.prove(first.id);
    let third = gate.admit(ip(3), now).unwrap();
    assert_eq!(gate.open(), 2);
    assert!(!gate.open.contains_key(&second.id));
    gate.prove(third.id);
    assert_eq!(gate.admit(ip(4), now).unwrap_err(), Closed::Full);
    // The evicted connection releases its place once more when it ends.
    gate.release(second.id);
    assert_eq!(gate.open(), 2);
}

#[test]
fn addresses_are_bounded_and_forgotten() {
    let mut gate = gate(10, 2, 1);
    let now = Instant::now();
    for number in 0..u32::try_from(MAX_ADDRESSES).unwrap() {
        gate.read(ip(number * 256), now).unwrap();
    }
    assert!(gate.read(ip(u32::MAX), now).is_err());
    assert_eq!(gate.admit(ip(u32::MAX), now).unwrap_err(), Closed::Full);
    let later = now + Duration::from_secs(60);
    gate.read(ip(u32::MAX), later).unwrap();
    assert_eq!(gate.addresses.known.len(), 1);
}

#[test]
fn admit_bounds_the_connections_and_the_rate_of_a_block() {
    let now = Instant::now();
    let mut gate = gate(100, 1, 100);
    for number in 0..OF_BLOCK {
        gate.admit(ip(number), now).unwrap();
    }
    assert_eq!(gate.admit(ip(255), now).unwrap_err(), Closed::Address);
    gate.admit(ip(256), now).unwrap();

    let mut gate = self::gate(100, 100, 1);
    for number in 0..OF_BLOCK * BURST {
        let id = gate.admit(ip(number), now).unwrap().id;
        gate.release(id);
        gate.read(ip(number), now).unwrap();
    }
    assert_eq!(gate.admit(ip(255), now).unwrap_err(), Closed::Rate);
    assert!(gate.read(ip(255), now).is_err());
    gate.admit(ip(256), now).unwrap();
    gate.read(ip(256), now).unwrap();
}

#[test]
fn admit_to_a_full_gate_evicts_from_the_block_with_most_strangers() {
    let mut gate = gate(4, 2, 100);
    let now = Instant::now();
    let alone = gate.admit(ip(1), now).unwrap();
    let flood: Vec<u64> = (0..3)
        .map(|number| gate.admit(ip(256 + number), now).unwrap().id)
        .collect();
    // The oldest of all is alone in its block, and stays until the others are as few.
    for evicted in &flood[..2] {
        let later = gate.admit(ip(512), now).unwrap();
        assert!(!gate.open.contains_key(evicted));
        gate.prove(later.id);
    }
    assert!(gate.open.contains_key(&alone.id) && gate.open.contains_key(&flood[2]));
    gate.admit(ip(768), now).unwrap();
    assert!(!gate.open.contains_key(&alone.id));
}

#[test]
fn transfers_of_an_address_are_bounded_and_forgotten() {
    let mut gate = Gate::new(&Limits {
        transfers_per_address: 2,
        ..Limits::default()
    });
    let now = Instant::now();
    let mut begun = |address| gate.begin_transfer(ip(address), now).is_some();
    assert!(begun(1) && begun(1) && !begun(1) && begun(2));
    for address in [1, 1, 2] {
        gate.end_transfer(ip(address), true);
    }
    assert!(gate.transfers.is_empty() && gate.begin_transfer(ip(1), now).is_some());
}

#[test]
fn strangers_have_half_of_the_places_for_blobs() {
    let mut gate = Gate::new(&Limits {
        transfers: 8,
        ..Limits::default()
    });
    let now = Instant::now();
    for address in 1..=4 {
        assert_eq!(gate.begin_transfer(ip(address), now), Some(true));
    }
    assert_eq!(gate.begin_transfer(ip(5), now), None);
    // One that has asked with a signature has a place.
    gate.welcome(caller(1), ip(5), now);
    assert_eq!(gate.begin_transfer(ip(5), now), Some(false));
    gate.end_transfer(ip(1), true);
    assert_eq!(gate.begin_transfer(ip(6), now), Some(true));
}

#[test]
fn a_block_is_256_addresses_of_ipv4_or_48_bits_of_ipv6() {
    let of = |address: &str| block(network(address.parse().unwrap()));
    assert_eq!(of("10.1.2.3"), of("10.1.2.255"));
    assert_ne!(of("10.1.2.3"), of("10.1.3.3"));
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:3::"));
    assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:2:2::1"));
}

#[test]
fn an_ipv6_network_is_one_source() {
    let address = |low| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, low));
    assert_eq!(network(address(1)), network(address(2)));
    let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    assert_eq!(network(mapped), network(IpAddr::V4(Ipv4Addr::LOCALHOST)));
}

fn caller(number: u8) -> AccountId {
    AccountId::from([number; 32])
}

#[test]
fn handshakes_of_strangers_are_bounded_and_those_of_callers_are_not_among_them() {
    let mut gate = gate(10_000, 100, 100);
    let now = Instant::now();
    gate.limit_handshakes(10, now);
    assert_eq!(gate.welcome(caller(1), ip(1), now), None);
    let admitted = |gate: &mut Gate, number| {
        let admitted = gate.admit(ip(number), now);
        admitted.map(|it| gate.release(it.id))
    };
    // Each stranger is in a block of its own.
    let strangers = (1..100).filter(|number| admitted(&mut gate, number * 256).is_ok());
    assert_eq!(strangers.count(), 10);
    assert_eq!(admitted(&mut gate, 512), Err(Closed::Handshakes));
    for _ in 0..100 {
        assert_eq!(admitted(&mut gate, 1), Ok(()));
    }
    // The caller asks from elsewhere now.
    gate.welcome(caller(1), ip(2), now);
    assert_eq!(admitted(&mut gate, 1), Err(Closed::Handshakes));
    assert_eq!(admitted(&mut gate, 2), Ok(()));
    let later = now + Duration::from_secs(4 * 3600);
    let unused = gate.admit(ip(2), later).map(|it| gate.release(it.id));
    assert_eq!(unused, Ok(()));
    assert!(!gate.proven.has(network(ip(2)), later));
}

#[test]
fn a_proven_address_has_eight_times_the_rate() {
    let mut gate = gate(1000, 100, 1);
    let now = Instant::now();
    gate.welcome(caller(1), ip(1), now);
    let mut admitted = 0;
    while let Ok(it) = gate.admit(ip(1), now) {
        gate.release(it.id);
        admitted += 1;
    }
    assert!(admitted > 0);
    let later = now + Duration::from_secs(60);
    let mut admitted = 0;
    while let Ok(it) = gate.admit(ip(1), later) {
        gate.release(it.id);
        admitted += 1;
    }
    assert_eq!(admitted, OF_PROVEN * BURST);
}

#[test]
fn misled_connections_of_callers_are_counted_and_reported_once_a_minute() {
    let mut gate = gate(10, 10, 10);
    let now = Instant::now();
    assert_eq!(gate.misled(ip(1), now), None);
    assert_eq!(gate.misled(ip(1), now), None);
    assert_eq!(gate.misled(ip(2), now), None);
    assert_eq!(gate.count_misled(), 0);
    assert_eq!(gate.welcome(caller(1), ip(1), now), Some(2));
    assert_eq!(gate.misled(ip(1), now), None);
    let later = now + Duration::from_secs(60);
    assert_eq!(gate.misled(ip(1), later), Some(2));
    assert_eq!(gate.count_misled(), 2);
}
