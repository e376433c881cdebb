//! The calls of a subnet owner, by name and with arguments as a command line has them.

use drink::{minimal::MinimalSandbox, session::Session};
use inktensor_drink_tests::{account, argument, Failure, Network};
use inktensor_primitives::{
    epoch::{EpochError, Stage, WeightsRow},
    registry::{Hyperparameter, NeuronView, RegistryError, Subnet, SubnetIdentity},
    AccountId, NetUid, Rao, Uid,
};

const OWNER: AccountId = account("owner");
const OWNER_HOTKEY: AccountId = account("owner-hotkey");
const STRANGER: AccountId = account("stranger");
const TEMPO: u32 = 20;

/// Sends a message about subnet `netuid` to the registry.
fn registry(
    net: &mut Network,
    who: AccountId,
    message: &str,
    netuid: NetUid,
    argument: Option<String>,
) -> Result<Result<(), RegistryError>, Failure> {
    let arguments: Vec<String> = [netuid.0.to_string()].into_iter().chain(argument).collect();
    net.call(who, net.addresses.registry, message, &arguments)
}

fn subnet(net: &mut Network, netuid: NetUid) -> Result<Option<Subnet>, Failure> {
    let arguments = [netuid.0.to_string()];
    net.read(net.addresses.registry, "Registry::subnet", &arguments)
}

#[drink::test]
fn create_subnet_locks_the_price(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let price: Rao = net.read(net.addresses.registry, "Registry::creation_price", &[])?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    assert_eq!(netuid, NetUid(1));
    assert_eq!(net.balance(OWNER)?, 0);
    assert_eq!(net.balance(net.addresses.registry)?, price.to_u128());
    let created = subnet(&mut net, netuid)?.expect("the subnet");
    assert_eq!((created.owner, created.tempo), (OWNER, TEMPO));
    Ok(())
}

#[drink::test]
fn create_subnet_above_the_limit_is_refused(
    session: Session<MinimalSandbox>,
) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let registry = net.addresses.registry;
    let price: Rao = net.read(registry, "Registry::creation_price", &[])?;
    let arguments = [
        "\"example\"".into(),
        argument(OWNER_HOTKEY),
        argument(net.addresses.yuma),
        TEMPO.to_string(),
        "64".into(),
        "8".into(),
        (price.0 - 1).to_string(),
        "None".into(),
    ];
    let message = "Registry::create_subnet";
    let refused = net.call::<NetUid, RegistryError>(OWNER, registry, message, &arguments)?;
    assert_eq!(refused, Err(RegistryError::PriceAbove(price)));
    Ok(())
}

#[drink::test]
fn set_hyperparameter_changes_the_subnet(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    let message = "Registry::set_hyperparameter";
    let value = Some(format!("{:?}", Hyperparameter::ImmunityPeriod(99)));
    let refused = registry(&mut net, STRANGER, message, netuid, value.clone())?;
    assert_eq!(refused, Err(RegistryError::NotOwner));
    assert_eq!(registry(&mut net, OWNER, message, netuid, value)?, Ok(()));
    let changed = subnet(&mut net, netuid)?.expect("the subnet");
    assert_eq!(changed.immunity_period, 99);
    Ok(())
}

#[drink::test]
fn set_hyperparameter_out_of_bounds_is_refused(
    session: Session<MinimalSandbox>,
) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    let value = Some("ImmunityPeriod(1000001)".into());
    let message = "Registry::set_hyperparameter";
    let refused = registry(&mut net, OWNER, message, netuid, value)?;
    assert!(matches!(
        refused,
        Err(RegistryError::OutOfBounds { max: 1_000_000, .. })
    ));
    Ok(())
}

#[drink::test]
fn set_identity_names_the_subnet(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    let identity = SubnetIdentity {
        name: "Text prompting".into(),
        ..SubnetIdentity::default()
    };
    let argument = Some(format!("{:?}", Some(&identity)));
    let set = registry(&mut net, OWNER, "Registry::set_identity", netuid, argument)?;
    assert_eq!(set, Ok(()));
    let arguments = [netuid.0.to_string()];
    let address = net.addresses.registry;
    let shown: Option<SubnetIdentity> = net.read(address, "Registry::identity", &arguments)?;
    assert_eq!(shown, Some(identity));
    Ok(())
}

#[drink::test]
fn register_gives_the_next_uid(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    assert_eq!(net.register(netuid, OWNER, OWNER_HOTKEY)?, Uid(0));
    let (coldkey, hotkey) = (account("miner-owner"), account("miner"));
    assert_eq!(net.register(netuid, coldkey, hotkey)?, Uid(1));
    let arguments = [netuid.0.to_string(), "0".into()];
    let address = net.addresses.registry;
    let page: Vec<NeuronView> = net.read(address, "Registry::metagraph", &arguments)?;
    let hotkeys: Vec<AccountId> = page.iter().map(|it| it.neuron.hotkey).collect();
    assert_eq!(hotkeys, [OWNER_HOTKEY, hotkey]);
    Ok(())
}

#[drink::test]
fn set_weights_by_the_owners_hotkey_needs_no_permit(
    session: Session<MinimalSandbox>,
) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    let uid = net.register(netuid, OWNER, OWNER_HOTKEY)?;
    let miner = net.register(netuid, account("miner-owner"), account("miner"))?;
    net.set_weights(netuid, OWNER_HOTKEY, &[(miner.0, 50_000)])?;
    let arguments = [netuid.0.to_string(), uid.0.to_string()];
    let epoch = net.addresses.epoch;
    let row: Option<WeightsRow> = net.read(epoch, "Epochs::weights", &arguments)?;
    assert!(row.is_some());

    // The miner has no permit: it may only weigh itself.
    let arguments = [netuid.0.to_string(), "[0]".into(), "[1]".into(), "0".into()];
    let message = "Epochs::set_weights";
    let hotkey = account("miner");
    let refused = net.call::<(), EpochError>(hotkey, epoch, message, &arguments)?;
    assert_eq!(refused, Err(EpochError::NoPermit));
    Ok(())
}

#[drink::test]
fn close_before_the_tempo_is_over_is_refused(
    session: Session<MinimalSandbox>,
) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    net.register(netuid, OWNER, OWNER_HOTKEY)?;
    let closes_at = net.status(netuid)?.expect("a status").closes_at;
    let arguments = [netuid.0.to_string()];
    let epoch = net.addresses.epoch;
    let message = "Epochs::close";
    let refused = net.call::<(), EpochError>(STRANGER, epoch, message, &arguments)?;
    assert_eq!(refused, Err(EpochError::TempoNotOver(closes_at)));
    Ok(())
}

#[drink::test]
fn third_epoch_pays_the_miner(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
    net.register(netuid, OWNER, OWNER_HOTKEY)?;
    let (coldkey, hotkey) = (account("miner-owner"), account("miner"));
    let miner = net.register(netuid, coldkey, hotkey)?;
    net.add_stake(netuid, OWNER, OWNER_HOTKEY, Rao::from_tao(100))?;
    let arguments = [netuid.0.to_string(), argument(hotkey), argument(coldkey)];
    let (staking, epochs) = (net.addresses.staking, net.addresses.epoch);
    let collect = [netuid.0.to_string(), format!("[{}]", miner.0)];
    for epoch in 0..3 {
        // Weights that were set without a permit do not count once there is one.
        net.set_weights(netuid, OWNER_HOTKEY, &[(miner.0, u16::MAX)])?;
        net.run_epoch(netuid)?;
        let status = net.status(netuid)?.expect("a status");
        let last = Some(epoch);
        assert_eq!((status.stage, status.final_epoch), (Stage::Open, last));
        // Stake of epoch 0 weighs in epoch 1, and the subnet shares in emission from its close on.
        // What a miner earns is owed until its owner collects it, as stake.
        let collected =
            net.call::<Rao, EpochError>(coldkey, epochs, "Epochs::collect", &collect)?;
        let earned: Rao = net.read(staking, "Staking::stake", &arguments)?;
        match epoch {
            2 => assert!(
                collected == Ok(earned) && earned > Rao::ZERO,
                "{collected:?}"
            ),
            _ => assert_eq!(collected, Err(EpochError::NothingOwed)),
        }
    }
    Ok(())
}
