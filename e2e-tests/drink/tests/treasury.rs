//! The treasury on a chain: what it pays arrives, and what is refused changes nothing.

use drink::{
    minimal::{MinimalSandbox, System},
    session::{error::SessionError, Session},
    Sandbox,
};
use inktensor_drink_tests::{account, argument, Failure, Network, BANK};
use inktensor_primitives::{
    treasury::{BudgetView, Limits, StreamView, TreasuryError, DAY, WINDOW},
    AccountId, Rao,
};
use psp22::PSP22Error;
use scale::Decode;

const OWNER: AccountId = account("treasury-owner");
const PAYEE: AccountId = account("payee");
const MANAGER: AccountId = account("manager");
const STRANGER: AccountId = account("stranger");
/// TAO that the treasury has at first, in rao.
const RECEIVED: u64 = 1_000_000;

/// A network with a treasury.
struct WithTreasury {
    net: Network,
    at: AccountId,
}

impl WithTreasury {
    fn deploy(session: Session<MinimalSandbox>) -> Result<Self, Failure> {
        let mut net = Network::deploy(session)?;
        let arguments = [argument(net.addresses.token), argument(OWNER)];
        let at = net.deploy_contract(OWNER, "treasury", &arguments)?;
        let token = net.addresses.token;
        let arguments = [argument(at), RECEIVED.to_string(), "[]".into()];
        let sent = net.call::<(), PSP22Error>(BANK, token, "PSP22::transfer", &arguments)?;
        assert_eq!(sent, Ok(()));
        Ok(Self { net, at })
    }

    fn call<T: Decode>(
        &mut self,
        who: AccountId,
        message: &str,
        arguments: &[String],
    ) -> Result<Result<T, TreasuryError>, Failure> {
        let message = format!("Treasury::{message}");
        self.net.call(who, self.at, &message, arguments)
    }

    fn read<T: Decode>(&mut self, message: &str, arguments: &[String]) -> Result<T, Failure> {
        let message = format!("Treasury::{message}");
        self.net.read(self.at, &message, arguments)
    }

    fn limits(&mut self) -> Result<Limits, Failure> {
        self.read("limits", &[])
    }

    /// Returns the TAO of the treasury and of the payee.
    fn balances(&mut self) -> Result<(u128, u128), Failure> {
        Ok((self.net.balance(self.at)?, self.net.balance(PAYEE)?))
    }

    fn pay(&mut self, amount: u64) -> Result<Result<(), TreasuryError>, Failure> {
        self.call(OWNER, "pay", &[argument(PAYEE), amount.to_string()])
    }

    /// Goes on `blocks` blocks.
    fn wait(&mut self, blocks: u32) {
        let block = self.net.block() + blocks;
        let sandbox = self.net.session().sandbox();
        sandbox.execute_with(|| System::set_block_number(block));
    }

    /// Opens a stream of `total` rao that vests in a hundred blocks from now.
    fn open_stream(&mut self, total: u64) -> Result<Result<u32, TreasuryError>, Failure> {
        let (start, payee) = (self.net.block(), argument(PAYEE));
        let end = start + 100;
        let stream = format!(
            "{{ payee: {payee}, total: {total}, start: {start}, cliff: {start}, end: {end} }}"
        );
        self.call(OWNER, "open_stream", &[stream])
    }

    /// Opens a budget of `total` rao, a tenth of it in each ten blocks, for a hundred blocks.
    fn open_budget(&mut self, total: u64) -> Result<Result<u32, TreasuryError>, Failure> {
        let (until, manager) = (self.net.block() + 100, argument(MANAGER));
        let per_period = total / 10;
        let budget = format!(
            "{{ manager: {manager}, total: {total}, per_period: {per_period}, period: 10, until: \
             {until} }}"
        );
        self.call(OWNER, "open_budget", &[budget])
    }
}

#[drink::test]
fn the_owner_pays_a_tenth_in_thirty_days(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut it = WithTreasury::deploy(session)?;
    assert_eq!(it.pay(60_000)?, Ok(()));
    assert_eq!(it.balances()?, (940_000, 60_000));
    let (amount, left) = (Rao(40_001), Rao(40_000));
    let refused = Err(TreasuryError::AboveLimit { amount, left });
    assert_eq!(it.pay(40_001)?, refused);
    assert_eq!(it.pay(40_000)?, Ok(()));
    it.wait(WINDOW - 1);
    assert!(it.pay(1)?.is_err());
    assert_eq!(it.balances()?, (900_000, 100_000));
    it.wait(DAY + 1);
    let limits = it.limits()?;
    assert_eq!((limits.left, limits.out), (Rao(90_000), Rao::ZERO));
    assert_eq!(it.pay(90_000)?, Ok(()));
    assert_eq!(it.balances()?, (810_000, 190_000));
    Ok(())
}

#[drink::test]
fn a_stream_is_paid_as_it_vests(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut it = WithTreasury::deploy(session)?;
    let id = [it.open_stream(50_000)?.expect("opened").to_string()];
    it.wait(30);
    let stream: Option<StreamView> = it.read("stream", &id)?;
    let claimable = stream.expect("the stream").claimable;
    assert_eq!(it.call::<Rao>(STRANGER, "claim", &id)?, Ok(claimable));
    assert_eq!(it.net.balance(PAYEE)?, claimable.to_u128());
    let refused = Err(TreasuryError::NothingToClaim);
    assert_eq!(it.call::<Rao>(STRANGER, "claim", &id)?, refused);
    it.wait(20);
    let freed = it.call::<Rao>(OWNER, "revoke", &id)?.expect("revoked");
    it.wait(100);
    let rest = it.call::<Rao>(STRANGER, "claim", &id)?.expect("claimed");
    assert_eq!(claimable.0 + rest.0 + freed.0, 50_000);
    assert_eq!(it.call::<Rao>(STRANGER, "close", &id)?, Ok(Rao::ZERO));
    assert_eq!(it.read::<Option<StreamView>>("stream", &id)?, None);
    let limits = it.limits()?;
    assert_eq!((limits.committed, limits.out), (Rao::ZERO, Rao(50_000)));
    assert_eq!(limits.free.to_u128(), it.net.balance(it.at)?);
    assert_eq!(limits.left, Rao(50_000));
    Ok(())
}

#[drink::test]
fn the_payee_passes_a_stream_on(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut it = WithTreasury::deploy(session)?;
    let id = it.open_stream(50_000)?.expect("opened").to_string();
    let to_stranger = [id.clone(), argument(STRANGER)];
    let refused = it.call::<()>(STRANGER, "set_payee", &to_stranger)?;
    assert_eq!(refused, Err(TreasuryError::NotPayee));
    assert_eq!(it.call::<()>(PAYEE, "set_payee", &to_stranger)?, Ok(()));
    it.wait(100);
    assert_eq!(it.call::<Rao>(PAYEE, "claim", &[id])?, Ok(Rao(50_000)));
    assert_eq!(it.net.balance(STRANGER)?, 50_000);
    Ok(())
}

#[drink::test]
fn a_manager_draws_a_budget(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut it = WithTreasury::deploy(session)?;
    let id = it.open_budget(50_000)?.expect("opened").to_string();
    let draw = |amount: u64| [id.clone(), argument(PAYEE), amount.to_string()];
    let refused = it.call::<()>(OWNER, "draw", &draw(1))?;
    assert_eq!(refused, Err(TreasuryError::NotManager));
    assert_eq!(it.call::<()>(MANAGER, "draw", &draw(5_000))?, Ok(()));
    assert!(it.call::<()>(MANAGER, "draw", &draw(1))?.is_err());
    it.wait(10);
    assert_eq!(it.call::<()>(MANAGER, "draw", &draw(5_000))?, Ok(()));
    assert_eq!(it.balances()?, (990_000, 10_000));
    let id = [id];
    let early = it.call::<Rao>(STRANGER, "close", &id)?;
    assert_eq!(early, Err(TreasuryError::NotOver));
    it.wait(100);
    assert_eq!(it.call::<Rao>(STRANGER, "close", &id)?, Ok(Rao(40_000)));
    assert_eq!(it.read::<Option<BudgetView>>("budget", &id)?, None);
    assert_eq!(it.limits()?.free, Rao(990_000));
    Ok(())
}

#[drink::test]
fn another_token_is_rescued(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut it = WithTreasury::deploy(session)?;
    let holders = format!("[({}, 77)]", argument(it.at));
    let other = it.net.deploy_contract(STRANGER, "token", &[holders])?;
    let rescue = |token, amount: u64| [argument(token), argument(PAYEE), amount.to_string()];
    let tao = it.net.addresses.token;
    for (who, token, amount, refused) in [
        (STRANGER, other, 77, TreasuryError::NotOwner),
        (OWNER, tao, 77, TreasuryError::IsTao),
        (OWNER, other, 78, TreasuryError::OtherToken),
        (OWNER, STRANGER, 77, TreasuryError::OtherToken),
    ] {
        let answer = it.call::<()>(who, "rescue", &rescue(token, amount))?;
        assert_eq!(answer, Err(refused));
    }
    assert_eq!(it.call::<()>(OWNER, "rescue", &rescue(other, 77))?, Ok(()));
    let balance: u128 = it
        .net
        .read(other, "PSP22::balance_of", &[argument(PAYEE)])?;
    assert_eq!((balance, it.limits()?.out), (77, Rao::ZERO));
    Ok(())
}

#[drink::test]
fn ownership_passes_on_in_two_steps(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut it = WithTreasury::deploy(session)?;
    let offer = [format!("Some({})", argument(STRANGER))];
    assert_eq!(it.call::<()>(OWNER, "offer_owner", &offer)?, Ok(()));
    assert_eq!(it.read::<AccountId>("owner", &[])?, OWNER);
    assert_eq!(it.call::<()>(STRANGER, "accept_owner", &[])?, Ok(()));
    assert_eq!(it.read::<AccountId>("owner", &[])?, STRANGER);
    assert_eq!(it.pay(1)?, Err(TreasuryError::NotOwner));
    Ok(())
}

#[drink::test]
fn a_treasury_needs_a_token(session: Session<MinimalSandbox>) -> Result<(), Failure> {
    let mut net = Network::deploy(session)?;
    let arguments = [argument(STRANGER), argument(OWNER)];
    let refused = net.deploy_contract(OWNER, "treasury", &arguments);
    let reverted = matches!(
        refused,
        Err(Failure::Session {
            source: SessionError::DeploymentReverted,
            ..
        })
    );
    assert!(reverted);
    Ok(())
}
