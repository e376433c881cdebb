//! The shortest test there is: one bundle, one message.

use drink::{
    minimal::MinimalSandbox,
    session::{Session, NO_ENDOWMENT},
};
use inktensor_drink_tests::{account, argument, bundle, Failure};

#[drink::test]
fn token_gives_its_holders_their_tao(mut session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let holder = argument(account("holder"));
    let holders = format!("[({holder}, 1000)]");
    session
        .deploy_bundle(bundle("token")?, "new", &[holders], vec![], NO_ENDOWMENT)
        .expect("deployed");
    let balance = session.call::<_, u128>("PSP22::balance_of", &[holder], NO_ENDOWMENT);
    assert_eq!(balance.expect("read"), Ok(1000));
    Ok(())
}
