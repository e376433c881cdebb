//! The identity of a subnet: name, pages, contact.

use crate::{
    args::{NetuidArg, ReadArgs, SignArgs},
    error::Failure,
    output::View,
};
use inktensor_primitives::registry::{Registry, SubnetIdentity};
use serde::Serialize;
use std::io::{self, Write};

/// Arguments of `subnet set-identity`.
#[derive(clap::Args)]
pub struct Set {
    #[command(flatten)]
    sign: SignArgs,
    #[command(flatten)]
    netuid: NetuidArg,
    /// The name
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,
    /// The purpose
    #[arg(long, value_name = "TEXT", default_value = "")]
    description: String,
    /// The home page
    #[arg(long, value_name = "URL", default_value = "")]
    page: String,
    /// The repository of the code
    #[arg(long, value_name = "URL", default_value = "")]
    repository: String,
    /// The logo
    #[arg(long, value_name = "URL", default_value = "")]
    logo: String,
    /// The address to reach the owner at
    #[arg(long, value_name = "TEXT", default_value = "")]
    contact: String,
    /// The place where users meet
    #[arg(long, value_name = "TEXT", default_value = "")]
    community: String,
}

/// Arguments of `subnet show-identity`.
#[derive(clap::Args)]
pub struct Show {
    #[command(flatten)]
    read: ReadArgs,
    #[command(flatten)]
    netuid: NetuidArg,
}

#[derive(Serialize)]
struct IdentityOf {
    netuid: u16,
    identity: Option<Identity>,
}

#[derive(Serialize)]
struct Identity {
    name: String,
    description: String,
    page: String,
    repository: String,
    logo: String,
    contact: String,
    community: String,
}

impl From<SubnetIdentity> for Identity {
    fn from(it: SubnetIdentity) -> Self {
        Self {
            name: it.name,
            description: it.description,
            page: it.url,
            repository: it.repository,
            logo: it.logo,
            contact: it.contact,
            community: it.community,
        }
    }
}

impl View for IdentityOf {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(it) = &self.identity else {
            return writeln!(out, "subnet {} has no identity", self.netuid);
        };
        for (name, value) in [
            ("name", &it.name),
            ("description", &it.description),
            ("page", &it.page),
            ("repository", &it.repository),
            ("logo", &it.logo),
            ("contact", &it.contact),
            ("community", &it.community),
        ] {
            // The owner chose the text; control characters are escaped.
            writeln!(out, "{name:<12} {}", value.escape_debug())?;
        }
        Ok(())
    }
}

/// Sets or clears a subnet's identity.
pub fn set(arguments: &Set, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
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
    let mut session = arguments.sign.open()?;
    session.network.subnet(netuid)?;
    let contracts = session.network.contracts();
    let message = contracts.registry().set_identity(netuid, identity.clone());
    let done = session.send(message)?;
    let sentence = match &identity {
        Some(_) => format!("set the identity of subnet {}", netuid.0),
        None => format!("cleared the identity of subnet {}", netuid.0),
    };
    let answer = IdentityOf {
        netuid: netuid.0,
        identity: identity.map(Identity::from),
    };
    arguments.sign.report(&sentence, &answer, &done.cost, out)
}

/// Shows a subnet's identity.
pub fn show(arguments: &Show, out: &mut dyn Write) -> Result<(), Failure> {
    let netuid = arguments.netuid.netuid;
    let network = arguments.read.open()?;
    network.subnet(netuid)?;
    let identity: Option<SubnetIdentity> =
        network.query(network.contracts().registry().identity(netuid))?;
    let answer = IdentityOf {
        netuid: netuid.0,
        identity: identity.map(Identity::from),
    };
    Ok(arguments.read.show(&answer, out)?)
}
