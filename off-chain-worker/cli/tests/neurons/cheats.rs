//! Miners of a training that cheat, as threads of the test.

use crate::network::{Net, NETUID};
use inktensor_neuron::config::{Fields, MineLayer};
use inktensor_simulation::live::cheats::{Forger, Forgery};
use std::num::{NonZeroU16, NonZeroU64};

/// Starts a miner that cheats, whose key is that of `name`.
pub fn start(net: &Net, name: &str, forgery: Forgery) -> Forger {
    net.hotkey(name);
    let layer = MineLayer {
        netuid: NonZeroU16::new(NETUID.0),
        chain: Some(net.address().parse().unwrap()),
        listen: Some("127.0.0.1:0".parse().unwrap()),
        host: Some(format!("{name}.localhost")),
        store: Some(net.path(name).into()),
        blob: Some(vec![
            net.path("state").into(),
            net.path("task.toml").into(),
            net.path("corpus").into(),
        ]),
        allow_private: Some(true),
        poll: NonZeroU64::new(50),
        ..MineLayer::defaults()
    };
    Forger::start(layer.common().unwrap(), &net.suri(name), forgery).unwrap()
}
