//! What subnets cost, and what their owners do.

use crate::{
    args::{ChainArguments, SignerArguments, Who},
    commands::Failure,
    output::table::tao_text,
    session::{missing, print, tell},
};
use inktensor_client::{chain::Typed, ss58::ss58};
use inktensor_primitives::{
    registry::{NetworkRules, Registry, SubnetIdentity},
    NetUid,
};
use serde_json::{json, Value};
use std::io::Write;

/// Which chain.
#[derive(clap::Args)]
pub struct Price {
    #[command(flatten)]
    chain: ChainArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which subnet to start.
#[derive(clap::Args)]
pub struct Start {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to offer to whom.
#[derive(clap::Args)]
pub struct Offer {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Who may accept it; nobody if none is named
    #[arg(long, value_name = "NAME|ADDRESS")]
    to: Option<Who>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What to accept.
#[derive(clap::Args)]
pub struct Accept {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The new owner's hotkey, whose neuron always has a permit; the signer if none is named
    #[arg(long, value_name = "NAME|ADDRESS")]
    owner_hotkey: Option<Who>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Who the subnet is.
#[derive(clap::Args)]
pub struct SetIdentity {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Its name
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// Its home page
    #[arg(long, value_name = "URL", default_value = "")]
    page: String,
    /// Its code
    #[arg(long, value_name = "URL", default_value = "")]
    repository: String,
    /// Its logo
    #[arg(long, value_name = "URL", default_value = "")]
    logo: String,
    /// How to reach its owner
    #[arg(long, value_name = "TEXT", default_value = "")]
    contact: String,
    /// Where its people talk
    #[arg(long, value_name = "TEXT", default_value = "")]
    community: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Whose identity.
#[derive(clap::Args)]
pub struct GetIdentity {
    #[command(flatten)]
    chain: ChainArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Which sign.
#[derive(clap::Args)]
pub struct SetSymbol {
    #[command(flatten)]
    chain: ChainArguments,
    #[command(flatten)]
    signer: SignerArguments,
    /// The subnet
    #[arg(long, value_name = "NUMBER")]
    netuid: u16,
    /// The sign, of at most 16 bytes; empty for none
    #[arg(long, value_name = "TEXT")]
    symbol: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Shows what the next subnet costs.
pub fn price(arguments: &Price, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let (chain, registry) = (opened.chain.as_ref(), || opened.contracts.registry());
    let price = chain.query(registry().creation_price())?;
    let live: Vec<NetUid> = chain.query(registry().live_subnets())?;
    let rules: NetworkRules = chain.query(registry().network_rules())?;
    let candidate = chain.query(registry().retirement_candidate())?;
    let is_full = live.len() >= usize::from(rules.subnet_limit);
    let gives_way = candidate.filter(|_| is_full);
    if arguments.json {
        let document = json!({
            "price_rao": price.0,
            "min_lock_rao": rules.min_lock.0,
            "lock_interval": rules.lock_interval,
            "creation_interval": rules.creation_interval,
            "subnets": live.len(),
            "subnet_limit": rules.subnet_limit,
            "gives_way": gives_way.map(|it| it.0),
        });
        return Ok(print(&document, out)?);
    }
    writeln!(
        out,
        "the next subnet locks {} TAO; the least is {} TAO",
        tao_text(price),
        tao_text(rules.min_lock)
    )?;
    writeln!(out, "{} of {} subnets", live.len(), rules.subnet_limit)?;
    match (is_full, gives_way) {
        (false, _) => {}
        (true, Some(netuid)) => writeln!(out, "subnet {} would give way", netuid.0)?,
        (true, None) => writeln!(out, "none can give way: all are immune")?,
    }
    Ok(())
}

/// Starts a subnet.
pub fn start(arguments: &Start, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let netuid = NetUid(arguments.netuid);
    let message = session.contracts.registry().start(netuid);
    let done = session.run("Registry::start", message)?;
    let sentence = format!("started subnet {}", netuid.0);
    let document = json!({ "netuid": netuid.0 });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

/// Offers a subnet.
pub fn offer(arguments: &Offer, out: &mut dyn Write) -> Result<(), Failure> {
    let to = arguments.to.as_ref();
    let to = to.map(|who| who.on(&arguments.chain.chain)).transpose()?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let netuid = NetUid(arguments.netuid);
    let message = session.contracts.registry().offer_subnet(netuid, to);
    let done = session.run("Registry::offer_subnet", message)?;
    let to = to.map(|to| ss58(&to));
    let sentence = match &to {
        Some(to) => format!("offered subnet {} to {to}", netuid.0),
        None => format!("subnet {} is no longer offered", netuid.0),
    };
    let document = json!({ "netuid": netuid.0, "to": to });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

/// Accepts a subnet.
pub fn accept(arguments: &Accept, out: &mut dyn Write) -> Result<(), Failure> {
    let hotkey = arguments.owner_hotkey.as_ref();
    let hotkey = hotkey
        .map(|who| who.on(&arguments.chain.chain))
        .transpose()?;
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let (netuid, hotkey) = (NetUid(arguments.netuid), hotkey.unwrap_or(session.account));
    let message = session.contracts.registry().accept_subnet(netuid, hotkey);
    let done = session.run("Registry::accept_subnet", message)?;
    let owner = ss58(&session.account);
    let sentence = format!("subnet {} belongs to {owner}", netuid.0);
    let document = json!({ "netuid": netuid.0, "owner": owner, "owner_hotkey": ss58(&hotkey) });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

/// Says who a subnet is.
pub fn set_identity(arguments: &SetIdentity, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let netuid = NetUid(arguments.netuid);
    let identity = SubnetIdentity {
        name: arguments.name.clone(),
        description: arguments.description.clone(),
        url: arguments.page.clone(),
        repository: arguments.repository.clone(),
        logo: arguments.logo.clone(),
        contact: arguments.contact.clone(),
        community: arguments.community.clone(),
    };
    let identity = (identity != SubnetIdentity::default()).then_some(identity);
    let message = session
        .contracts
        .registry()
        .set_identity(netuid, identity.clone());
    let done = session.run("Registry::set_identity", message)?;
    let sentence = match &identity {
        Some(_) => format!("subnet {} says who it is", netuid.0),
        None => format!("subnet {} no longer says who it is", netuid.0),
    };
    let document = json!({ "netuid": netuid.0, "identity": identity.as_ref().map(document) });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

/// Shows who a subnet says it is.
pub fn get_identity(arguments: &GetIdentity, out: &mut dyn Write) -> Result<(), Failure> {
    let opened = arguments.chain.open()?;
    let netuid = NetUid(arguments.netuid);
    let message = opened.contracts.registry().identity(netuid);
    let identity: Option<SubnetIdentity> = opened.chain.query(message)?;
    if arguments.json {
        let document = json!({ "netuid": netuid.0, "identity": identity.as_ref().map(document) });
        return Ok(print(&document, out)?);
    }
    let it = identity.ok_or_else(|| missing(format_args!("identity of subnet {}", netuid.0)))?;
    for (name, value) in [
        ("name", &it.name),
        ("description", &it.description),
        ("page", &it.url),
        ("repository", &it.repository),
        ("logo", &it.logo),
        ("contact", &it.contact),
        ("community", &it.community),
    ] {
        // Anyone may have written anything.
        writeln!(out, "{name:<12} {}", value.escape_debug())?;
    }
    Ok(())
}

/// Gives a subnet a sign.
pub fn set_symbol(arguments: &SetSymbol, out: &mut dyn Write) -> Result<(), Failure> {
    let mut session = arguments.chain.sign(&arguments.signer)?;
    let (netuid, symbol) = (NetUid(arguments.netuid), arguments.symbol.clone());
    let message = session
        .contracts
        .registry()
        .set_symbol(netuid, symbol.clone());
    let done = session.run("Registry::set_symbol", message)?;
    let sentence = format!("the sign of subnet {} is {symbol:?}", netuid.0);
    let document = json!({ "netuid": netuid.0, "symbol": symbol });
    Ok(tell(arguments.json, &sentence, document, &done.cost, out)?)
}

fn document(it: &SubnetIdentity) -> Value {
    json!({
        "name": it.name,
        "description": it.description,
        "page": it.url,
        "repository": it.repository,
        "logo": it.logo,
        "contact": it.contact,
        "community": it.community,
    })
}
