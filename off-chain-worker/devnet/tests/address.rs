//! The rule for a contract's address against the pallet itself.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]

use inktensor_client::{
    chain::Chain,
    deploy::{contract_address, Bundle},
};
use inktensor_devnet::sandbox::SandboxChain;
use inktensor_primitives::AccountId;

#[test]
fn a_contract_comes_to_be_where_it_is_said() {
    let deployer = AccountId::from([7; 32]);
    let code = Bundle::find("mean").unwrap().code;
    let mut chain = SandboxChain::new();
    let hash = chain.upload(deployer, &code).unwrap();
    let input = ink::selector_bytes!("new");
    let salt = [1u8, 2, 3];
    let made = chain.instantiate(deployer, hash, &input, &salt).unwrap();
    let expected = contract_address(deployer, &hash, &input, &salt);
    assert_eq!(made.address, expected);
}
