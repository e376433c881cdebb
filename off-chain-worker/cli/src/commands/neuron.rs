//! `inktensor neuron`: gives hotkeys seats, and shows what a seat costs.

use crate::{
    agreement::HotkeyKey,
    args::{ListArgs, NetuidArg, ReadArgs, SignArgs, Who},
    error::{Failure, Verdict},
    network::no_subnet,
    output::{
        self,
        format::{count, tao, yes},
        json::Address,
        table::{number, text, Room, Table},
        View,
    },
    values,
};
use inktensor_primitives::{
    registry::{NeuronRegistered, PruneCandidate, RegistrationQuote, Registry},
    NetUid, Rao,
};
use serde::Serialize;
use std::io::{self, Write};

/// Commands about neurons.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Register a hotkey on a subnet for the signer, who burns the price
    ///
    /// The price is approved for the registry first, unless the registration would be refused.
    #[command(after_help = example!(
        "neuron register --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
    ))]
    Register(Register),
    /// Agree, as a hotkey, to be registered by a coldkey
    ///
    /// A hotkey has one owner, for good. The hotkey signs this command; the coldkey signs
    /// `neuron register`. A coldkey that has the hotkey's key passes it to `neuron register
    /// --hotkey-suri-file` instead.
    #[command(after_help = example!(
        "neuron agree --url ws://127.0.0.1:9944 --suri-file hot.suri --coldkey \
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
    ))]
    Agree(Agree),
    /// Show the price of a seat, and which neuron would be replaced
    #[command(after_help = example!("neuron quote --url ws://127.0.0.1:9944 --netuid 1"))]
    Quote(Quote),
    /// List the neurons that would be replaced, first to go first
    #[command(after_help = example!(
        "neuron prune-candidates --url ws://127.0.0.1:9944 --netuid 1"
    ))]
    PruneCandidates(PruneCandidates),
    /// Give a neuron of the signer another hotkey, for a fee
    ///
    /// Stake, take and children stay on the hotkey that the neuron registered with.
    #[command(after_help = example!(
        "neuron swap-hotkey --url ws://127.0.0.1:9944 --suri-file cold.suri --netuid 1 --hotkey \
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty --new \
         5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y"
    ))]
    SwapHotkey(SwapHotkey),
}

/// Arguments of `neuron register`.
#[derive(clap::Args)]
pub struct Register {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The hotkey; by default that of --hotkey-suri-file, or the signer
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Option<Who>,
    /// The most to pay; by default the price of now
    #[arg(long, value_parser = values::tao, value_name = "TAO")]
    max_price: Option<Rao>,
    #[command(flatten)]
    hotkey_key: HotkeyKey,
}

/// Arguments of `neuron agree`.
#[derive(clap::Args)]
pub struct Agree {
    #[command(flatten)]
    sign: SignArgs,
    /// The coldkey; without it, an agreement is withdrawn
    #[arg(long, value_name = "NAME|ADDRESS")]
    coldkey: Option<Who>,
}

/// Arguments of `neuron quote`.
#[derive(clap::Args)]
pub struct Quote {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

/// Arguments of `neuron prune-candidates`.
#[derive(clap::Args)]
pub struct PruneCandidates {
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The number of neurons, at most 16
    #[arg(
        long,
        value_parser = values::whole::<u16>(1..=16),
        default_value = "16",
        value_name = "NUMBER"
    )]
    count: u16,
}

/// Arguments of `neuron swap-hotkey`.
#[derive(clap::Args)]
pub struct SwapHotkey {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The hotkey that the neuron has
    #[arg(long, value_name = "NAME|ADDRESS")]
    hotkey: Who,
    /// The new hotkey, which must not be registered yet
    #[arg(long, value_name = "NAME|ADDRESS")]
    new: Who,
    #[command(flatten)]
    hotkey_key: HotkeyKey,
}

#[derive(Serialize)]
struct Registered {
    netuid: u16,
    uid: u16,
    hotkey: Address,
    coldkey: Address,
    price_rao: u64,
    replaced: Option<Address>,
}

#[derive(Serialize)]
struct Agreed {
    hotkey: Address,
    coldkey: Option<Address>,
}

#[derive(Serialize)]
struct Swapped {
    netuid: u16,
    hotkey: Address,
    new: Address,
    fee_rao: u64,
}

/// The price of a seat.
#[derive(Serialize)]
struct QuoteView {
    netuid: u16,
    price_rao: u64,
    next_price_rao: u64,
    left_in_block: u16,
    free: u16,
    replaces: Option<u16>,
    is_open: bool,
}

impl View for QuoteView {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if !self.is_open {
            return writeln!(out, "subnet {} takes no registrations", self.netuid);
        }
        writeln!(
            out,
            "a seat costs {} TAO, and the next one in the same block {} TAO",
            tao(Rao(self.price_rao)),
            tao(Rao(self.next_price_rao))
        )?;
        let room = count(self.left_in_block, "more registration");
        writeln!(out, "this block has room for {room}")?;
        match (self.free, self.replaces) {
            (0, Some(uid)) => writeln!(out, "all seats are taken: uid {uid} would be replaced"),
            (0, None) => writeln!(out, "all seats are taken, and every neuron is immune"),
            (free, _) => writeln!(out, "free: {}", count(free, "seat")),
        }
    }
}

/// The neurons that would be replaced.
#[derive(Serialize)]
#[serde(transparent)]
struct Candidates(Vec<Candidate>);

#[derive(Serialize)]
struct Candidate {
    uid: u16,
    hotkey: Address,
    emission_rao: u64,
    registered_at: u32,
    is_immune: bool,
}

/// Runs the command.
pub fn run(command: &Command, out: &mut dyn Write) -> Result<Verdict, Failure> {
    match command {
        Command::Register(arguments) => register(arguments, out)?,
        Command::Agree(arguments) => agree(arguments, out)?,
        Command::Quote(arguments) => quote(arguments, out)?,
        Command::PruneCandidates(arguments) => prune_candidates(arguments, out)?,
        Command::SwapHotkey(arguments) => swap_hotkey(arguments, out)?,
    }
    Ok(Verdict::Good)
}

fn register(arguments: &Register, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let price = session.network.subnet(netuid)?.registration_price;
    let most = arguments.max_price.unwrap_or(price);
    if price > most {
        return Err(Failure::input(format_args!(
            "a seat costs {} TAO, more than --max-price",
            tao(price)
        )));
    }
    let hotkey = arguments.hotkey.as_ref();
    let hotkey = arguments
        .hotkey_key
        .hotkey_or(hotkey, &arguments.sign, &session)?;
    if let Some(owner) = session.network.owner_of(hotkey)? {
        if owner != session.account {
            return Err(Failure::input(format_args!(
                "the hotkey {} belongs to {}; register another hotkey",
                Address(hotkey),
                Address(owner)
            )));
        }
    }
    let signature = arguments.hotkey_key.agree(&mut session, hotkey)?;
    session.too_soon = "the block has no room for another registration";
    let done = session.pay(price, || {
        contracts
            .registry()
            .register(netuid, hotkey, most, signature)
    })?;
    // Others may have registered in the same block: the event has the uid and the price.
    let mut events = done.all_events::<NeuronRegistered>();
    let event = events.find(|event| event.hotkey == hotkey);
    let (uid, price) = event
        .as_ref()
        .map_or((done.value, most), |it| (it.uid, it.price));
    let answer = Registered {
        netuid: netuid.0,
        uid: uid.0,
        hotkey: hotkey.into(),
        coldkey: session.account.into(),
        price_rao: price.0,
        replaced: event.and_then(|event| event.replaced).map(Address),
    };
    let mut sentence = format!(
        "registered {} as uid {} of subnet {} for {} TAO",
        answer.hotkey,
        uid.0,
        netuid.0,
        tao(price)
    );
    if let Some(replaced) = &answer.replaced {
        sentence.push_str(&format!(", replacing {replaced}"));
    }
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn agree(arguments: &Agree, out: &mut dyn Write) -> Result<(), Failure> {
    let chain = &arguments.sign.chain;
    let coldkey = arguments.coldkey.as_ref().map(|who| chain.account(who));
    let coldkey = coldkey.transpose()?;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let done = session.send(contracts.registry().agree(coldkey))?;
    let answer = Agreed {
        hotkey: session.account.into(),
        coldkey: coldkey.map(Address),
    };
    let sentence = match &answer.coldkey {
        Some(coldkey) => format!("{} agrees to belong to {coldkey}", answer.hotkey),
        None => format!("{} agrees to belong to no coldkey", answer.hotkey),
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn swap_hotkey(arguments: &SwapHotkey, out: &mut dyn Write) -> Result<(), Failure> {
    let chain = &arguments.sign.chain;
    let hotkey = chain.account(&arguments.hotkey)?;
    let new = chain.account(&arguments.new)?;
    let netuid = arguments.netuid.netuid;
    let mut session = arguments.sign.open()?;
    let contracts = session.network.contracts();
    let fee = session
        .network
        .query(contracts.registry().network_rules())?
        .swap_fee;
    session.network.subnet(netuid)?;
    session.check_owns(hotkey)?;
    if let Some(owner) = session.network.owner_of(new)? {
        return Err(Failure::input(format_args!(
            "--new {} already has an owner, {}; choose another hotkey",
            Address(new),
            Address(owner)
        )));
    }
    let signature = arguments.hotkey_key.agree(&mut session, new)?;
    session.too_soon = "the neuron's hotkey was swapped too recently";
    let done = session.pay(fee, || {
        contracts
            .registry()
            .swap_hotkey(netuid, hotkey, new, signature)
    })?;
    let answer = Swapped {
        netuid: netuid.0,
        hotkey: hotkey.into(),
        new: new.into(),
        fee_rao: fee.0,
    };
    let sentence = format!(
        "the neuron of {} has the hotkey {}",
        answer.hotkey, answer.new
    );
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

fn quote(arguments: &Quote, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid: NetUid = arguments.netuid.netuid;
    let network = arguments.read.open()?;
    let quote: Option<RegistrationQuote> =
        network.query(network.contracts().registry().quote_registration(netuid))?;
    let it = quote.ok_or_else(|| no_subnet(netuid))?;
    let answer = QuoteView {
        netuid: netuid.0,
        price_rao: it.price.0,
        next_price_rao: it.next_price.0,
        left_in_block: it.left_in_block,
        free: it.free,
        replaces: it.replaces.map(|uid| uid.0),
        is_open: it.is_open,
    };
    Ok(arguments.read.show(&answer, out)?)
}

fn prune_candidates(arguments: &PruneCandidates, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.list.open()?;
    let registry = network.contracts().registry();
    let all: Vec<PruneCandidate> =
        network.query(registry.prune_candidates(netuid, arguments.count))?;
    let rows = all.iter().map(|it| Candidate {
        uid: it.uid.0,
        hotkey: it.hotkey.into(),
        emission_rao: it.emission.0,
        registered_at: it.registered_at,
        is_immune: it.is_immune,
    });
    Ok(arguments.list.show(&Candidates(rows.collect()), out)?)
}

impl output::List for Candidates {
    type Row = Candidate;

    fn rows(&self) -> &[Candidate] {
        &self.0
    }

    fn table(&self, room: Room, out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            number("uid"),
            text("hotkey"),
            number("paid TAO"),
            number("since"),
            text("immune"),
        ];
        let mut table = Table::new(room, columns);
        for it in &self.0 {
            table.row([
                it.uid.to_string(),
                room.account(&it.hotkey.0),
                tao(Rao(it.emission_rao)),
                it.registered_at.to_string(),
                yes(it.is_immune),
            ]);
        }
        table.print(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_counts_the_registrations_of_a_block() {
        let text = |left_in_block, free| {
            let quote = QuoteView {
                netuid: 1,
                price_rao: Rao::PER_TAO,
                next_price_rao: 1_260_000_000,
                left_in_block,
                free,
                replaces: None,
                is_open: true,
            };
            let mut out = Vec::new();
            quote.text(&mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        let many = text(4, 3);
        let block = "this block has room for 4 more registrations\nfree: 3 seats\n";
        assert!(many.ends_with(block), "{many}");
        let one = text(1, 1);
        assert!(
            one.ends_with("1 more registration\nfree: 1 seat\n"),
            "{one}"
        );
        assert!(many.lines().chain(one.lines()).all(|it| it.len() <= 80));
    }
}
