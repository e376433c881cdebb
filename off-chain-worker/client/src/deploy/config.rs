//! The configuration of a deployment.

use inktensor_primitives::{
    emission::{Fees, Split},
    epoch::EpochRules,
    governance::GovernanceTerms,
    registry::NetworkRules,
    AccountId, Bps, Rao,
};

/// The configuration of a deployment. The admin can change later what the fields say; everything
/// else is fixed once deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Account that deploys and wires the contracts. It keeps no role, unless it is the admin too.
    pub deployer: AccountId,
    /// Account that governs the network: allows kernels, sets the rules of the network, and may
    /// set hyperparameters.
    pub admin: AccountId,
    /// Accounts that hold TAO from the start, and their amounts. Not empty: without TAO no account
    /// could register or stake.
    pub holders: Vec<(AccountId, Rao)>,
    /// Price of subnets, their number, and the bounds of what they may choose. The admin can
    /// change them.
    pub network: NetworkRules,
    /// Division of a budget between roles.
    pub split: Split,
    /// Shares of a budget for the accounts that run epochs.
    pub fees: Fees,
    /// Account that receives the protocol's part of budgets.
    pub treasury: AccountId,
    /// Constants of the epoch protocol.
    pub rules: EpochRules,
    /// The token of an earlier generation of contracts, which this one succeeds. Absent for a
    /// network with a token of its own. With it there are no holders: the TAO of the token stays
    /// where it is, and the emission contract mints once the succession that the earlier registry
    /// has announced counts. The deployer must be another than the earlier generation's: the same
    /// one finds the earlier contracts at the addresses of those with the same arguments.
    pub succeeds: Option<AccountId>,
    /// Terms of governance. With these, the governance contract is the admin in place of `admin`,
    /// and its treasury is the treasury in place of `treasury`.
    pub governance: Option<GovernanceTerms>,
}

impl Config {
    /// Blocks of an epoch on a new subnet, unless its owner chooses others: the least that the
    /// reference allows.
    ///
    /// Source: subtensor-reference.md 6.1.
    pub const TEMPO: u32 = 360;
    /// Rules by default.
    ///
    /// With blocks of 12 seconds: 48 minutes to dispute, collateral of a quarter of what an epoch
    /// pays and at least 10 TAO, a tenth of it for a successful dispute, an hour to settle.
    /// Anyone may replay the epoch half an hour after its close, and roll it over after three hours
    /// without progress.
    pub const RULES: EpochRules = EpochRules {
        challenge_period: 240,
        collateral: Rao::from_tao(10),
        collateral_part: Bps(2_500),
        reward_part: Bps(1_000),
        settle_window: 300,
        replay_delay: 150,
        rollover_delay: 900,
    };

    /// Returns a configuration with `deployer` as admin, `treasury` as the treasury, and the split,
    /// fees and rules by default.
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
            succeeds: None,
            governance: None,
        }
    }
}
