//! What a deployment is to be like.

use inktensor_primitives::{
    emission::{Fees, Split},
    epoch::EpochRules,
    registry::NetworkRules,
    AccountId, Rao,
};

/// What a deployment is to be like. Everything here but the admin and what it sets is fixed once
/// deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The account that deploys and wires. It keeps no role but the admin's, if that is given to
    /// it.
    pub deployer: AccountId,
    /// The account that decides which kernels subnets may choose, sets the rules of the network,
    /// and may set hyperparameters.
    pub admin: AccountId,
    /// Who holds TAO from the start, and how much. Not empty: without TAO nobody could register or
    /// stake.
    pub holders: Vec<(AccountId, Rao)>,
    /// What subnets cost, how many there can be, and what they may choose. The admin can change
    /// it.
    pub network: NetworkRules,
    /// How budgets are divided between roles.
    pub split: Split,
    /// What those who run epochs get of their budgets.
    pub fees: Fees,
    /// The account of the protocol's reserve.
    pub treasury: AccountId,
    /// Constants of the epoch game.
    pub rules: EpochRules,
}

impl Config {
    /// The rules unless others are asked for.
    ///
    /// With blocks of 12 seconds: 10 minutes to dispute, collateral of 10 TAO, an hour to settle. Half
    /// an hour after a close anyone may replay the epoch; after three hours without progress
    /// anyone may give it up.
    pub const RULES: EpochRules = EpochRules {
        challenge_period: 50,
        collateral: Rao::from_tao(10),
        settle_window: 300,
        replay_delay: 150,
        rollover_delay: 900,
    };

    /// A deployment by `deployer`, who stays admin, for `holders`, with the default split, fees and
    /// rules and a reserve at `treasury`.
    pub fn new(deployer: AccountId, treasury: AccountId, holders: Vec<(AccountId, Rao)>) -> Self {
        Self {
            deployer,
            admin: deployer,
            holders,
            network: NetworkRules::DEFAULT,
            split: Split::DEFAULT,
            fees: Fees::DEFAULT,
            treasury,
            rules: Self::RULES,
        }
    }
}
