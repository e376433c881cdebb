//! A user's contract, `user-contract/`, against the whole network.

use drink::{minimal::MinimalSandbox, session::Session};
use inktensor_drink_tests::{account, argument, Failure, Network};
use inktensor_primitives::{staking::StakingError, AccountId, NetUid, Rao};
use scale::Decode;

const OWNER: AccountId = account("owner");
const OWNER_HOTKEY: AccountId = account("owner-hotkey");
const USER: AccountId = account("user");
const STRANGER: AccountId = account("stranger");
const TEMPO: u32 = 20;

/// The errors of the contract, in the order of its metadata.
#[derive(Debug, PartialEq, Eq, Decode)]
enum NominatorError {
    NotOwner,
    Payment(Rao),
    Staking(StakingError),
    NoAnswer,
}

/// A network with one subnet, and a nominator of `USER` for the hotkey of the subnet's owner.
struct Setup {
    net: Network,
    netuid: NetUid,
    nominator: AccountId,
}

impl Setup {
    fn new(session: Session<MinimalSandbox>) -> Result<Self, Failure> {
        let mut net = Network::deploy(session)?;
        let netuid = net.create_subnet(OWNER, OWNER_HOTKEY, TEMPO)?;
        net.register(netuid, OWNER, OWNER_HOTKEY)?;
        let arguments = [
            argument(net.addresses.token),
            argument(net.addresses.staking),
            netuid.0.to_string(),
            argument(OWNER_HOTKEY),
        ];
        let nominator = net.deploy_contract(USER, "nominator", &arguments)?;
        Ok(Self {
            net,
            netuid,
            nominator,
        })
    }

    /// Gives the user `amount` of TAO, of which the contract may collect as much.
    fn provide(&mut self, amount: Rao) -> Result<(), Failure> {
        self.net.fund(USER, amount)?;
        self.net.approve(USER, self.nominator, amount)
    }

    fn stake(
        &mut self,
        who: AccountId,
        amount: Rao,
    ) -> Result<Result<(), NominatorError>, Failure> {
        let arguments = [amount.0.to_string()];
        self.net.call(who, self.nominator, "stake", &arguments)
    }

    fn withdraw(&mut self, who: AccountId) -> Result<Result<Rao, NominatorError>, Failure> {
        self.net.call(who, self.nominator, "withdraw", &[])
    }

    fn position(&mut self) -> Result<Result<Rao, NominatorError>, Failure> {
        self.net.call(STRANGER, self.nominator, "position", &[])
    }
}

#[drink::test]
fn stake_opens_a_position_of_the_contract(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut setup = Setup::new(session)?;
    let amount = Rao::from_tao(7);
    assert_eq!(setup.position()?, Ok(Rao::ZERO));
    setup.provide(amount)?;
    assert_eq!(setup.stake(USER, amount)?, Ok(()));
    assert_eq!(setup.position()?, Ok(amount));
    assert_eq!(setup.net.balance(USER)?, 0);

    // The network has the same position under the contract's address.
    let staking = setup.net.addresses.staking;
    let arguments = [
        setup.netuid.0.to_string(),
        argument(OWNER_HOTKEY),
        argument(setup.nominator),
    ];
    let stake: Rao = setup.net.read(staking, "Staking::stake", &arguments)?;
    assert_eq!(stake, amount);
    Ok(())
}

#[drink::test]
fn stake_earns_dividends(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut setup = Setup::new(session)?;
    let (netuid, amount) = (setup.netuid, Rao::from_tao(100));
    // The owner's hotkey has a permit from the start, and a miner to weigh.
    setup
        .net
        .register(netuid, account("miner-owner"), account("miner"))?;
    setup.provide(amount)?;
    assert_eq!(setup.stake(USER, amount)?, Ok(()));
    setup
        .net
        .set_weights(netuid, OWNER_HOTKEY, &[(1, u16::MAX)])?;

    // Stake weighs from the epoch after the one in which it came, and the first epoch in which it
    // weighs pays nothing yet.
    for _ in 0..3 {
        setup.net.run_epoch(netuid)?;
    }
    let position = setup.position()?.expect("the position");
    assert!(position > amount, "{position:?}");
    assert_eq!(setup.withdraw(USER)?, Ok(position));
    assert_eq!(setup.net.balance(USER)?, position.to_u128());
    assert_eq!(setup.position()?, Ok(Rao::ZERO));
    Ok(())
}

#[drink::test]
fn stake_without_approval_is_refused(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut setup = Setup::new(session)?;
    let amount = Rao::from_tao(7);
    setup.net.fund(USER, amount)?;
    let refused = setup.stake(USER, amount)?;
    assert_eq!(refused, Err(NominatorError::Payment(amount)));
    assert_eq!(setup.net.balance(USER)?, amount.to_u128());
    Ok(())
}

#[drink::test]
fn stake_below_the_least_is_refused_with_the_networks_error(
    session: Session<MinimalSandbox>,
) -> Result<(), Failure> {
    let mut setup = Setup::new(session)?;
    let staking = setup.net.addresses.staking;
    let least: Rao = setup.net.read(staking, "min_stake", &[])?;
    let amount = Rao(least.0 - 1);
    setup.provide(amount)?;
    let refused = setup.stake(USER, amount)?;
    let error = StakingError::TooLittle(least);
    assert_eq!(refused, Err(NominatorError::Staking(error)));
    // The whole call is undone, the collection of the owner's TAO with it.
    assert_eq!(setup.net.balance(USER)?, amount.to_u128());
    Ok(())
}

#[drink::test]
fn stake_and_withdraw_by_another_account_are_refused(
    session: Session<MinimalSandbox>,
) -> Result<(), Failure> {
    let mut setup = Setup::new(session)?;
    let refused = setup.stake(STRANGER, Rao::from_tao(1))?;
    assert_eq!(refused, Err(NominatorError::NotOwner));
    assert_eq!(setup.withdraw(STRANGER)?, Err(NominatorError::NotOwner));
    Ok(())
}
