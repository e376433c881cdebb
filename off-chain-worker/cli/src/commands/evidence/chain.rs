//! The chain of an audit, which is opened only if something must be read from it.

use crate::{args::ChainArgs, error::Failure, network::Network};
use clap::{error::Error, ArgMatches, Args, Command, FromArgMatches};
use inktensor_primitives::{hash::hex, Digest};
use inktensor_wire::home;
use std::cell::OnceCell;

/// The id of the argument that names a chain.
const CHAIN: &str = "chain";

/// The arguments of a chain that is needed only if files do not say all.
pub struct OptionalChain(Option<ChainArgs>);

impl Args for OptionalChain {
    fn augment_args(command: Command) -> Command {
        // The same arguments, of which none is required.
        ChainArgs::augment_args_for_update(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        ChainArgs::augment_args_for_update(command)
    }
}

impl FromArgMatches for OptionalChain {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        match matches.contains_id(CHAIN) {
            true => ChainArgs::from_arg_matches(matches).map(|it| Self(Some(it))),
            false => Ok(Self(None)),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A chain that is opened once, when it is needed.
pub struct Chain<'a> {
    arguments: &'a OptionalChain,
    opened: OnceCell<Network>,
    /// The deployment that a file names.
    home: OnceCell<Digest>,
}

impl<'a> Chain<'a> {
    /// Returns the chain that the arguments name, without opening it.
    pub fn new(arguments: &'a OptionalChain) -> Self {
        Self {
            arguments,
            opened: OnceCell::new(),
            home: OnceCell::new(),
        }
    }

    /// Returns true if a chain is named.
    pub fn is_named(&self) -> bool {
        self.arguments.0.is_some()
    }

    /// Demands that the chain is of this deployment, if it is opened.
    pub fn is_of(&self, home: Digest) {
        // The facts are read once.
        let _ = self.home.set(home);
    }

    /// Returns the network, to read `what` from it, which `otherwise` could give instead.
    ///
    /// # Errors
    /// If no chain is named, it cannot be opened, or it is of another deployment than the facts.
    pub fn network(&self, what: &str, otherwise: &str) -> Result<&Network, Failure> {
        if let Some(network) = self.opened.get() {
            return Ok(network);
        }
        let Some(arguments) = &self.arguments.0 else {
            return Err(Failure::input(format_args!(
                "{what} must be read from a chain, and none is named; name one with --chain, or \
                 {otherwise}"
            )));
        };
        let network = arguments.open()?;
        if let Some(named) = self.home.get() {
            let found = home(&network.chain().genesis()?, &network.contracts().registry);
            if found != *named {
                return Err(Failure::input(format_args!(
                    "--facts is of the deployment {} and --chain has the deployment {}; name the \
                     chain of the facts",
                    hex(named),
                    hex(&found)
                )));
            }
        }
        Ok(self.opened.get_or_init(|| network))
    }
}
