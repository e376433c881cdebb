//! Pay that is owed to owners: collects it.

use crate::{
    args::{SignArgs, Who},
    error::Failure,
    output::{format::tao, json::Address},
    session::Session,
    values,
};
use inktensor_client::chain::Cost;
use inktensor_primitives::{
    emission::Emission,
    epoch::Epochs,
    registry::{Registry, Subnet},
    AccountId, NetUid, Rao, Uid,
};
use serde::Serialize;
use std::io::Write;

/// Neurons whose pay one call collects. The message takes 64, but where every access to a cell
/// counts 10 KiB of proof, a block has no room for 64 owners whose stake is new.
const AT_ONCE: usize = 16;

/// Arguments of `stake collect`.
#[derive(clap::Args)]
pub struct Collect {
    #[command(flatten)]
    sign: SignArgs,
    /// The subnet; all by default
    #[arg(long, value_parser = values::netuid, value_name = "NUMBER")]
    netuid: Option<NetUid>,
    /// A hotkey whose neuron was replaced: collects what is left to its owner
    #[arg(long, value_name = "NAME|ADDRESS", requires = "netuid")]
    hotkey: Option<Who>,
}

#[derive(Serialize)]
struct Collected {
    coldkey: Address,
    amount_rao: u64,
    subnets: Vec<SubnetPay>,
}

#[derive(Serialize)]
struct SubnetPay {
    netuid: u16,
    uids: Vec<u16>,
    amount_rao: u64,
}

/// The sums of the calls of a command.
#[derive(Default)]
struct Sums {
    subnets: Vec<SubnetPay>,
    cost: Cost,
}

impl Sums {
    fn add(&mut self, netuid: NetUid, uids: &[Uid], amount: Rao, cost: Cost) {
        self.cost = self.cost.and(cost);
        self.subnets.push(SubnetPay {
            netuid: netuid.0,
            uids: uids.iter().map(|uid| uid.0).collect(),
            amount_rao: amount.0,
        });
    }
}

/// Collects pay that is owed to the signer.
///
/// # Errors
/// If nothing is owed, and those of the chain and of the contracts.
pub fn collect(arguments: &Collect, out: &mut dyn Write) -> Result<(), Failure> {
    let sign = &arguments.sign;
    let hotkey = arguments.hotkey.as_ref().map(|who| sign.chain.account(who));
    let hotkey = hotkey.transpose()?;
    let mut session = sign.open()?;
    let mut sums = Sums::default();
    if let (Some(netuid), Some(hotkey)) = (arguments.netuid, hotkey) {
        let message = session
            .network
            .contracts()
            .epoch()
            .collect_left(netuid, hotkey);
        let done = session.send(message)?;
        sums.add(netuid, &[], done.value, done.cost);
    } else {
        let netuids = match arguments.netuid {
            Some(netuid) => vec![netuid],
            None => subnets(&session)?,
        };
        for netuid in netuids {
            collect_on(&mut session, netuid, &mut sums)?;
        }
    }
    let amount = sums
        .subnets
        .iter()
        .fold(0u64, |sum, it| sum.saturating_add(it.amount_rao));
    if sums.subnets.is_empty() {
        return Err(Failure::input(
            "nothing is owed to the signer: its neurons have earned nothing since it collected \
             last",
        ));
    }
    let answer = Collected {
        coldkey: session.account.into(),
        amount_rao: amount,
        subnets: sums.subnets,
    };
    let sentence = format!(
        "{} TAO of pay is stake of {} now",
        tao(Rao(amount)),
        answer.coldkey
    );
    sign.report(&sentence, &answer, &sums.cost, out)
}

/// Returns every subnet ever created.
fn subnets(session: &Session) -> Result<Vec<NetUid>, Failure> {
    let contracts = session.network.contracts();
    let count: u16 = session.network.query(contracts.registry().subnets())?;
    Ok((1..=count).map(NetUid).collect())
}

/// Collects what is owed to the signer's neurons on a subnet, and to the signer as its owner.
fn collect_on(session: &mut Session, netuid: NetUid, sums: &mut Sums) -> Result<(), Failure> {
    let signer: AccountId = session.account;
    let neurons = session.network.neurons(netuid)?;
    let own = neurons
        .iter()
        .filter(|it| it.neuron.coldkey == signer && !it.owed.is_zero());
    let uids: Vec<Uid> = own.map(|it| it.uid).collect();
    for uids in uids.chunks(AT_ONCE) {
        let contracts = session.network.contracts();
        let message = contracts.epoch().collect(netuid, uids.to_vec());
        let done = session.send(message)?;
        sums.add(netuid, uids, done.value, done.cost);
    }
    let contracts = session.network.contracts();
    let subnet: Option<Subnet> = session.network.query(contracts.registry().subnet(netuid))?;
    let cut: Rao = session.network.query(contracts.emission().cut(netuid))?;
    if subnet.is_some_and(|it| it.owner == signer) && !cut.is_zero() {
        let done = session.send(contracts.emission().collect_cut(netuid))?;
        sums.add(netuid, &[], done.value, done.cost);
    }
    Ok(())
}
