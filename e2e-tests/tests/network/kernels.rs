//! Allowed kernels: who allows them, and the effect on epochs.

use inktensor_e2e_tests::{accounts::*, bundles, Network, Shape};
use inktensor_primitives::{
    epoch::EpochError,
    hash::blake2,
    kernel::YumaParams,
    registry::{Hyperparameter, KernelParams, RegistryError, STUCK_AFTER},
    AccountId, Digest, NetUid, Rao,
};

fn yuma_defaults() -> KernelParams {
    KernelParams::Yuma(YumaParams::default())
}

/// Returns the address and code hash of the Yuma kernel.
fn yuma(net: &Network) -> (AccountId, Digest) {
    (net.addresses().yuma, blake2(&bundles().yuma.code))
}

/// Allows a contract that is not a kernel.
fn allow_token(net: &mut Network, defaults: KernelParams) -> AccountId {
    let token = net.addresses().token;
    let code = net.code_hash(token).expect("deployed");
    let allowed = net.as_(ADMIN).allow_kernel(token, code, defaults);
    assert_eq!(allowed, Ok(()));
    token
}

/// Chooses a kernel as the subnet's owner.
fn choose(net: &mut Network, netuid: NetUid, kernel: AccountId) {
    let set = net
        .as_(OWNER)
        .set_hyperparameter(netuid, Hyperparameter::Kernel(kernel));
    assert_eq!(set, Ok(()));
}

/// Creates a subnet of two validators and three miners, and waits until its first epoch can close.
fn with_epoch_to_close(net: &mut Network) -> NetUid {
    let netuid = net.create(Shape::default());
    net.with_validators(netuid, 2).with_miners(netuid, 3);
    net.start_all();
    let closes_at = net.status(netuid).expect("a status").closes_at;
    net.advance_to(closes_at);
    netuid
}

#[test]
fn deployment_allows_its_kernels_and_transfers_the_role() {
    let net = Network::deploy();
    let (kernel, code) = yuma(&net);
    assert_eq!(net.admin(), ADMIN);
    let mean = net.addresses().mean;
    assert_eq!(net.kernels(), [kernel, mean]);
    let entry = net.kernel_entry(mean).expect("listed");
    assert_eq!(
        (entry.code_hash, entry.defaults, entry.retired),
        (
            blake2(&bundles().mean.code),
            KernelParams::Other(Vec::new()),
            false
        )
    );
    let entry = net.kernel_entry(kernel).expect("listed");
    assert_eq!(
        (entry.code_hash, entry.defaults, entry.retired),
        (code, yuma_defaults(), false)
    );
}

#[test]
fn allow_and_retire_by_other_accounts_are_refused() {
    let mut net = Network::deploy();
    let (kernel, code) = yuma(&net);
    let contracts = net.addresses().named().map(|(_, address)| address);
    let outsiders = [DEPLOYER, OWNER, BANK, TREASURY, STRANGER];
    let before = net.snapshot();
    let until = net.block() + 1;
    for who in outsiders.into_iter().chain(contracts) {
        for answer in [
            net.as_(who).allow_kernel(kernel, code, yuma_defaults()),
            net.as_(who).retire_kernel(kernel),
            net.as_(who).offer_admin(Some(who)),
            net.as_(who).brake(until),
        ] {
            assert_eq!(answer, Err(RegistryError::NotAdmin));
        }
    }
    assert_eq!(net.snapshot(), before);
}

#[test]
fn accept_admin_ends_the_role_of_the_former_admin() {
    let mut net = Network::deploy();
    let (kernel, _) = yuma(&net);
    assert_eq!(net.as_(ADMIN).offer_admin(Some(ALICE)), Ok(()));
    assert_eq!((net.admin(), net.offered_admin()), (ADMIN, Some(ALICE)));
    net.refuses(BOB, |it| it.accept_admin(), RegistryError::AdminNotOffered);
    assert_eq!(net.as_(ALICE).accept_admin(), Ok(()));
    assert_eq!((net.admin(), net.offered_admin()), (ALICE, None));
    assert_eq!(
        net.as_(ADMIN).retire_kernel(kernel),
        Err(RegistryError::NotAdmin)
    );
    assert_eq!(net.as_(ALICE).retire_kernel(kernel), Ok(()));
}

#[test]
fn allow_kernel_without_that_code_is_refused() {
    let mut net = Network::deploy();
    let addresses = net.addresses();
    let (_, code) = yuma(&net);
    let token_code = net.code_hash(addresses.token);
    for (kernel, found) in [(STRANGER, None), (addresses.token, token_code)] {
        net.refuses(
            ADMIN,
            |it| it.allow_kernel(kernel, code, yuma_defaults()),
            RegistryError::KernelCode(found),
        );
    }
}

#[test]
fn allow_kernel_with_defaults_out_of_bounds_is_refused() {
    let mut net = Network::deploy();
    let (kernel, code) = yuma(&net);
    let allowed = net.refused(ADMIN, |it| {
        it.allow_kernel(kernel, code, KernelParams::Other(vec![0; 257]))
    });
    assert!(matches!(allowed, RegistryError::OutOfBounds { .. }));
}

#[test]
fn allow_kernel_of_changed_code_is_refused_at_the_same_address() {
    let mut net = Network::deploy();
    let (kernel, code) = yuma(&net);
    let other = net.replace_code(kernel, &bundles().token.code);
    for (hash, refusal) in [
        (code, RegistryError::KernelCode(Some(other))),
        (other, RegistryError::KernelListed(code)),
    ] {
        net.refuses(
            ADMIN,
            |it| it.allow_kernel(kernel, hash, yuma_defaults()),
            refusal,
        );
    }
}

#[test]
fn choice_of_a_kernel_that_is_not_allowed_is_refused() {
    let mut net = Network::deploy();
    let netuid = net.create(Shape::default());
    let (registry, price) = (net.addresses().registry, net.creation_price());
    net.provide(ALICE, registry, price);
    let token = net.addresses().token;
    for kernel in [STRANGER, token] {
        net.refuses(
            ALICE,
            |it| it.create_subnet("text".into(), ALICE_HOTKEY, kernel, 20, 64, 4, Rao::CAP),
            RegistryError::KernelNotAllowed,
        );
        net.refuses(
            OWNER,
            |it| it.set_hyperparameter(netuid, Hyperparameter::Kernel(kernel)),
            RegistryError::KernelNotAllowed,
        );
    }
}

#[test]
fn create_subnet_copies_the_kernels_defaults() {
    let mut net = Network::deploy();
    let defaults = KernelParams::Other(vec![1, 2]);
    let kernel = allow_token(&mut net, defaults.clone());
    let (registry, price) = (net.addresses().registry, net.creation_price());
    net.provide(OWNER, registry, price);
    let netuid = net
        .as_(OWNER)
        .create_subnet("text".into(), OWNER_HOTKEY, kernel, 20, 64, 4, Rao::CAP)
        .expect("created");
    assert_eq!(net.subnet(netuid).expect("it exists").params, defaults);
}

#[test]
fn choice_of_a_kernel_replaces_parameters_of_another_kind_only() {
    let mut net = Network::deploy();
    let defaults = KernelParams::Other(vec![1, 2]);
    let other = allow_token(&mut net, defaults.clone());
    let netuid = net.create(Shape::default());
    let (yuma, _) = yuma(&net);
    net.set(netuid, Hyperparameter::Kappa(7));
    let params = |net: &Network| net.subnet(netuid).expect("it exists").params;
    let custom = params(&net);
    choose(&mut net, netuid, yuma);
    assert_eq!(params(&net), custom);
    choose(&mut net, netuid, other);
    assert_eq!(params(&net), defaults);
    choose(&mut net, netuid, yuma);
    assert_eq!(params(&net), yuma_defaults());
}

#[test]
fn retired_kernel_runs_on_its_subnets_only() {
    let mut net = Network::deploy();
    let netuid = with_epoch_to_close(&mut net);
    let (kernel, _) = yuma(&net);
    assert_eq!(net.as_(ADMIN).retire_kernel(kernel), Ok(()));
    assert_eq!(
        net.as_(ADMIN).retire_kernel(kernel),
        Err(RegistryError::KernelNotAllowed)
    );
    let set = net
        .as_(OWNER)
        .set_hyperparameter(netuid, Hyperparameter::Kernel(kernel));
    assert_eq!(set, Err(RegistryError::KernelNotAllowed));
    for epoch in 0..2 {
        net.honest_weights(netuid);
        assert_eq!(net.run_epoch(netuid).header.epoch, epoch);
    }
}

#[test]
fn close_without_a_kernel_is_refused() {
    let mut net = Network::deploy();
    let token = allow_token(&mut net, KernelParams::Other(Vec::new()));
    let netuid = with_epoch_to_close(&mut net);
    let (yuma, _) = yuma(&net);
    choose(&mut net, netuid, token);
    net.run_epoch(netuid);
    let due = net.status(netuid).expect("a status").closes_at;
    net.advance_to(due);
    let refused = EpochError::KernelUnavailable;
    net.refuses(KEEPER, |it| it.close(netuid), refused.clone());
    // The owner repairs it. The epoch closes when it is late, and all could see the change.
    net.advance(20);
    choose(&mut net, netuid, yuma);
    net.refuses(KEEPER, |it| it.close(netuid), refused.clone());
    net.advance_to(due + STUCK_AFTER - 1);
    net.refuses(KEEPER, |it| it.close(netuid), refused);
    net.advance(1);
    assert_eq!(net.close(netuid).kernel, yuma);
}

#[test]
fn close_with_changed_code_is_refused() {
    let mut net = Network::deploy();
    let netuid = with_epoch_to_close(&mut net);
    let (kernel, code) = yuma(&net);
    net.replace_code(kernel, &bundles().token.code);
    net.refuses(KEEPER, |it| it.close(netuid), EpochError::KernelChanged);
    assert_eq!(net.replace_code(kernel, &bundles().yuma.code), code);
    assert_eq!(net.close(netuid).kernel_code, code);
}

#[test]
fn remove_stake_succeeds_without_a_kernel() {
    let mut net = Network::deploy();
    let netuid = with_epoch_to_close(&mut net);
    let (kernel, _) = yuma(&net);
    net.replace_code(kernel, &bundles().token.code);
    let (owner, hotkey) = (nth("validator-owner", 0), nth("validator", 0));
    let amount = Rao::from_tao(100);
    assert_eq!(net.as_(owner).remove_all_stake(netuid, hotkey), Ok(amount));
}
