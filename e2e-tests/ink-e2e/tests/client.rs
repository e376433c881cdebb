//! The contracts as ink!'s own end-to-end client sees them: prebuilt code on a node, with fees and
//! nonces.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use ink::env::DefaultEnvironment;
use ink_e2e::{alice, bob, charlie, Client, ContractsBackend, Keypair, PolkadotConfig, RpcClient};
use inktensor_client::{chain::contracts, deploy::Bundles};
use inktensor_e2e_tests::node::{Node, Options};
use inktensor_primitives::{
    registry::{NetworkRules, Registry, RegistryError},
    staking::{Staking, StakingError},
    token::TokenControl,
    AccountId, NetUid, Rao,
};
use psp22::{PSP22Error, PSP22Metadata, PSP22};

const SUPPLY: u128 = 5_000_000_000_000_000;
const NETUID: NetUid = NetUid(1);

fn account(key: &Keypair) -> AccountId {
    key.public_key().0.into()
}

async fn client(node: &Node) -> Client<PolkadotConfig, DefaultEnvironment> {
    let folder = Bundles::folder().expect("the contracts are built");
    let names = [
        "token",
        "registry",
        "registry_front",
        "staking",
        "staking_front",
    ];
    let code = names.map(|name| folder.join(name).with_extension("wasm"));
    let rpc = RpcClient::from_url(node.url()).await.expect("it answers");
    Client::new(rpc, code).await.expect("a client")
}

#[tokio::test]
async fn token_registry_and_staking_answer_on_a_node() {
    let test = "token_registry_and_staking_answer_on_a_node";
    let Some(node) = Node::for_test(test, Options::default()) else {
        return;
    };
    let mut client = client(&node).await;
    let (owner, other) = (alice(), bob());

    let mut constructor = inktensor_token::TokenRef::new(vec![(account(&owner), SUPPLY)]);
    let mut made = client.instantiate("token", &owner, &mut constructor);
    let tao = made.submit().await.expect("the token").account_id;
    let mut full = client.upload("registry", &owner);
    let full = full.submit().await.expect("its full code").code_hash;
    let mut constructor =
        inktensor_registry_front::RegistryFrontRef::new(full, tao, NetworkRules::DEFAULT);
    let mut made = client.instantiate("registry_front", &owner, &mut constructor);
    let subnets = made.submit().await.expect("the registry").account_id;
    let mut full = client.upload("staking", &owner);
    let full = full.submit().await.expect("its full code").code_hash;
    let mut constructor = inktensor_staking_front::StakingFrontRef::new(full, tao, subnets);
    let mut made = client.instantiate("staking_front", &owner, &mut constructor);
    let stake = made.submit().await.expect("staking").account_id;

    // The token is a PSP22 token, with the cap of TAO.
    let psp22 = || contracts::psp22(tao);
    let symbol = contracts::psp22_metadata(tao).token_symbol();
    let symbol = client.call(&other, &symbol).dry_run().await.expect("read");
    assert_eq!(symbol.return_value().as_deref(), Some("TAO"));
    let cap = contracts::token(tao).cap();
    let cap = client.call(&other, &cap).dry_run().await.expect("read");
    assert_eq!(cap.return_value(), Rao::CAP.to_u128());
    let amount = Rao::from_tao(100).to_u128();
    let transfer = psp22().transfer(account(&other), amount, vec![]);
    client
        .call(&owner, &transfer)
        .submit()
        .await
        .expect("given");
    let balance = psp22().balance_of(account(&other));
    let balance = client.call(&other, &balance).dry_run().await.expect("read");
    assert_eq!(balance.return_value(), amount);
    let beyond = psp22().transfer(account(&owner), amount + 1, vec![]);
    let refused = client.call(&other, &beyond).dry_run().await.expect("asked");
    assert_eq!(refused.return_value(), Err(PSP22Error::InsufficientBalance));
    assert!(client.call(&other, &beyond).submit().await.is_err());

    // A subnet needs an allowed kernel, and only the admin allows one.
    let create = || {
        let mut registry = contracts::registry(subnets);
        let (hotkey, most) = (account(&owner), Rao::CAP);
        registry.create_subnet("one".into(), hotkey, tao, 20, 8, 2, most, None)
    };
    let refused = client
        .call(&owner, &create())
        .dry_run()
        .await
        .expect("asked");
    assert_eq!(refused.return_value(), Err(RegistryError::KernelNotAllowed));
    let admin = contracts::registry(subnets).offer_admin(Some(account(&other)));
    let refused = client
        .call(&charlie(), &admin)
        .dry_run()
        .await
        .expect("asked");
    assert_eq!(refused.return_value(), Err(RegistryError::NotAdmin));

    // Stake needs a subnet.
    let add = contracts::staking(stake).add_stake(NETUID, account(&owner), Rao::from_tao(1));
    let refused = client.call(&owner, &add).dry_run().await.expect("asked");
    assert_eq!(refused.return_value(), Err(StakingError::UnknownSubnet));
    let peers = contracts::staking(stake).peers();
    let peers = client.call(&owner, &peers).dry_run().await.expect("read");
    let peers = peers.return_value();
    assert_eq!((peers.token, peers.registry), (tao, subnets));
    assert_eq!((peers.emission, peers.epoch), (None, None));
}
