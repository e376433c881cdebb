//! Votes: `inktensor gov vote`, `votes`, `delegate` and `recount`.

use super::{governing, proposal, state::choice, IdArg};
use crate::{
    args::{ReadArgs, SignArgs, Who},
    error::Failure,
    network::Network,
    output::{format::tao, json::Address, View},
};
use inktensor_client::deploy::Governing;
use inktensor_primitives::{
    governance::{Ballot, Choice, ConfirmBegan, ConfirmLost, Governance, ProposalView, Voted},
    staking::{Proxy, Staking, Standing, ROOT_EPOCH},
    AccountId, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `gov vote`.
#[derive(clap::Args)]
pub struct Vote {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    id: IdArg,
    #[command(flatten)]
    choice: ChoiceArgs,
}

/// A vote's direction.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct ChoiceArgs {
    /// For the proposal
    #[arg(long)]
    aye: bool,
    /// Against the proposal
    #[arg(long)]
    nay: bool,
    /// Neither: takes the signer's stake out of its proxy's vote
    #[arg(long)]
    abstain: bool,
}

/// Arguments of `gov votes`.
#[derive(clap::Args)]
pub struct Votes {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    id: IdArg,
    /// The account
    #[arg(long, value_name = "NAME|ADDRESS")]
    account: Who,
}

/// Arguments of `gov delegate`.
#[derive(clap::Args)]
pub struct Delegate {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    proxy: ProxyArgs,
}

/// The account that votes with a coldkey's stake.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct ProxyArgs {
    /// This account votes with the signer's stake, as far as the signer does not
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Option<Who>,
    /// The signer alone votes with its stake
    #[arg(long)]
    itself: bool,
    /// No account votes with the stake, and it is not counted in the electorate
    #[arg(long)]
    aside: bool,
}

/// Arguments of `gov recount`.
#[derive(clap::Args)]
pub struct Recount {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    id: IdArg,
    /// An account whose stake is counted again; may be given 32 times
    #[arg(long = "voter", required = true, value_name = "NAME|ADDRESS")]
    voters: Vec<Who>,
}

#[derive(Serialize)]
struct VoteCast {
    id: u32,
    choice: &'static str,
    weight_rao: u64,
    /// Block from which the proposal passes, if it began to.
    confirming_from: Option<u32>,
    is_confirmation_lost: bool,
}

#[derive(Serialize)]
struct Recounted {
    id: u32,
    voters: Vec<Address>,
}

#[derive(Serialize)]
struct Delegated {
    proxy: Option<Address>,
    is_aside: bool,
}

/// Votes on a proposal.
pub fn vote(arguments: &Vote, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let direction = match &arguments.choice {
        ChoiceArgs { aye: true, .. } => Choice::Aye,
        ChoiceArgs { nay: true, .. } => Choice::Nay,
        _ => Choice::Abstain,
    };
    let done = session.send(at.governance().vote(id, direction))?;
    let weight = done.event::<Voted>().map_or(done.value, |it| it.weight);
    let answer = VoteCast {
        id,
        choice: choice(direction),
        weight_rao: weight.0,
        confirming_from: done.event::<ConfirmBegan>().map(|it| it.at),
        is_confirmation_lost: done.event::<ConfirmLost>().is_some(),
    };
    let then = match (answer.confirming_from, answer.is_confirmation_lost) {
        (Some(block), _) => format!("; it passes from block {block} on"),
        (None, true) => "; it does not pass any more".into(),
        (None, false) => String::new(),
    };
    let sentence = format!(
        "{} on proposal {id} with {} TAO{then}",
        answer.choice,
        tao(weight)
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Sets the account that votes with the signer's stake.
pub fn delegate(arguments: &Delegate, out: &mut dyn Write) -> Result<(), Failure> {
    let to = arguments.proxy.to.as_ref();
    let to = to
        .map(|who| arguments.sign.chain.account(who))
        .transpose()?;
    let mut session = arguments.sign.open()?;
    governing(&session.network)?;
    let proxy = match to {
        Some(account) => Proxy::Account(account),
        None if arguments.proxy.aside => Proxy::Aside,
        None => Proxy::None,
    };
    let message = session.network.contracts().staking().set_proxy(proxy);
    let done = session.send(message)?;
    let answer = Delegated {
        proxy: to.map(Address),
        is_aside: proxy == Proxy::Aside,
    };
    let sentence = match proxy {
        Proxy::Account(account) => format!(
            "{} votes with the stake of {}, as far as that account does not vote itself, on \
             snapshots to come",
            Address(account),
            Address(session.account)
        ),
        Proxy::None => format!("{} votes alone with its stake", Address(session.account)),
        Proxy::Aside => format!(
            "the stake of {} neither votes nor is counted in the electorate",
            Address(session.account)
        ),
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Counts stake again.
pub fn recount(arguments: &Recount, out: &mut dyn Write) -> Result<(), Failure> {
    let id = arguments.id.id;
    let voters = arguments.voters.iter();
    let voters: Vec<AccountId> = voters
        .map(|who| arguments.sign.chain.account(who))
        .collect::<Result<_, _>>()?;
    let mut session = arguments.sign.open()?;
    let at = governing(&session.network)?;
    let done = session.send(at.governance().recount(id, voters.clone()))?;
    let changed: Vec<inktensor_primitives::governance::Recounted> = done.all_events().collect();
    let mut lines: Vec<String> = changed
        .iter()
        .map(|it| {
            format!(
                "{} counts {} TAO of its own now",
                Address(it.account),
                tao(it.own)
            )
        })
        .collect();
    if lines.is_empty() {
        lines.push("nothing changed".into());
    }
    let answer = Recounted {
        id,
        voters: changed.iter().map(|it| it.account.into()).collect(),
    };
    arguments
        .sign
        .report(&lines.join("\n"), &answer, &done.cost, out)
}

/// The votes of an account, and the reasons for their number.
#[derive(Serialize)]
struct Explained {
    id: u32,
    account: Address,
    snapshot: u32,
    own_then_rao: u64,
    own_now_rao: u64,
    others_rao: u64,
    proxy: Option<Address>,
    is_aside: bool,
    /// The vote. Absent if the account has not voted itself.
    choice: Option<&'static str>,
    /// Votes that are counted for the account.
    counted_rao: u64,
    /// Votes that the account would have if it voted now.
    would_count_rao: u64,
    /// Part of `others_rao` that does not count for the account.
    gone_rao: u64,
}

/// Shows the votes of an account.
pub fn votes(arguments: &Votes, out: &mut dyn Write) -> Result<(), Failure> {
    let account = arguments.read.chain.account(&arguments.account)?;
    let network = arguments.read.open()?;
    let at = governing(&network)?;
    let (view, _) = proposal(&network, at, arguments.id.id)?;
    let answer = explained(&network, at, &view, account)?;
    Ok(arguments.read.show(&answer, out)?)
}

fn explained(
    network: &Network,
    at: Governing,
    view: &ProposalView,
    account: AccountId,
) -> Result<Explained, Failure> {
    let Some(snapshot) = view.snapshot else {
        return Err(Failure::input(format_args!(
            "proposal {} is a draft, so no stake counts yet; `inktensor gov back {}` adds to its \
             deposit",
            view.id, view.id
        )));
    };
    let ends = snapshot.saturating_add(1).saturating_mul(ROOT_EPOCH);
    if network.block()? < ends {
        return Err(Failure::input(format_args!(
            "the snapshot of proposal {} is the end of root epoch {snapshot}, block {ends}; try \
             again then",
            view.id
        )));
    }
    let staking = network.contracts().staking();
    let (standings, _) = network
        .query(staking.standings(vec![account], snapshot))?
        .map_err(|error| Failure::Refused(format!("staking: {error}")))?;
    let standing: &Standing = standings
        .first()
        .ok_or_else(|| Failure::input("staking does not answer for the account"))?;
    let ballot: Option<Ballot> = network.query(at.governance().ballot(view.id, account))?;
    let (is_aside, proxy) = match standing.proxy {
        Proxy::None => (false, None),
        Proxy::Account(account) => (false, Some(Address(account))),
        Proxy::Aside => (true, None),
    };
    let ballot = ballot.unwrap_or_default();
    let own = if is_aside {
        Rao::ZERO
    } else {
        standing.own.min(standing.own_now)
    };
    let others = standing.others.0.saturating_sub(ballot.gone.0);
    Ok(Explained {
        id: view.id,
        account: account.into(),
        snapshot,
        own_then_rao: standing.own.0,
        own_now_rao: standing.own_now.0,
        others_rao: standing.others.0,
        proxy,
        is_aside,
        choice: ballot.choice.map(choice),
        counted_rao: ballot.weight().0,
        would_count_rao: own.0.saturating_add(others),
        gone_rao: ballot.gone.0,
    })
}

impl View for Explained {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let amount = |rao| tao(Rao(rao));
        let mut line = |name: &str, value: &str| writeln!(out, "{name:<11} {value}");
        line("account", &self.account.to_string())?;
        line(
            "own stake",
            &format!(
                "{} TAO in all of root epoch {}, {} now: the smaller counts",
                amount(self.own_then_rao),
                self.snapshot,
                amount(self.own_now_rao)
            ),
        )?;
        if self.is_aside {
            line("set aside", "the own stake does not vote")?;
        }
        if self.others_rao > 0 {
            line(
                "as a proxy",
                &format!(
                    "{} TAO of others, of which {} vote themselves or have left",
                    amount(self.others_rao),
                    amount(self.gone_rao)
                ),
            )?;
        }
        if let Some(proxy) = &self.proxy {
            line("proxy", &proxy.to_string())?;
            let own = match self.choice {
                Some(_) => "the account has voted itself, so the proxy does not count its stake",
                None => "the proxy's vote counts the own stake",
            };
            line("", own)?;
        }
        match self.choice {
            Some(choice) => line(
                "vote",
                &format!("{choice} with {} TAO", amount(self.counted_rao)),
            ),
            None => line(
                "vote",
                &format!(
                    "none; voting now would count {} TAO",
                    amount(self.would_count_rao)
                ),
            ),
        }
    }
}
