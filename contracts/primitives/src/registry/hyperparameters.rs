//! Hyperparameters: the settings of one subnet.

use crate::{emission::SplitPreset, kernel::YumaParams, AccountId, Bps, Rao};
use ink::prelude::vec::Vec;

/// One hyperparameter with the value to set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Hyperparameter {
    /// Blocks per epoch, `1 ..= 50 400`.
    Tempo(u32),
    /// The address of an allowed kernel that is not retired.
    ///
    /// The parameters stay if the kernel's defaults are of the same kind, Yuma or other bytes.
    /// Otherwise the defaults replace them.
    Kernel(AccountId),
    /// Number of seats, at least the seats taken and at most 4 096.
    MaxUids(u16),
    /// Permits per epoch, `1 ..= 128`, the owner's not counted.
    MaxValidators(u16),
    /// Blocks during which a new neuron cannot be replaced, at most 1 000 000.
    ImmunityPeriod(u32),
    /// Price of the next registration in rao, from `MinBurn` to `MaxBurn`. Later prices follow from
    /// this one.
    RegistrationPrice(Rao),
    /// Parameters of a kernel other than Yuma, at most 256 bytes. Replaces the Yuma parameters.
    OtherParams(Vec<u8>),
    /// All Yuma parameters at once, each within its own bounds. Replaces other kernels' bytes.
    Yuma(YumaParams),
    /// Blocks without new weights after which a validator is inactive, `1 ..= 1 000 000`.
    ActivityCutoff(u64),
    /// Stake in rao below which a neuron has no weight in consensus, at most the cap of TAO.
    MinStake(Rao),
    /// Part of stake that must agree on a weight, in 65535ths. Any value.
    Kappa(u16),
    /// Weights that bonds follow: 65535 for clipped weights, 0 for the weights as set. Any value.
    BondsPenalty(u16),
    /// Inertia of bonds in millionths, at most 1 000 000.
    BondsMovingAverage(u64),
    /// Yuma3 bonds instead of Yuma2 bonds.
    Yuma3(bool),
    /// Liquid alpha: a bond's inertia depends on consensus. Requires `Yuma3`.
    LiquidAlpha(bool),
    /// Smallest and largest bond rate under liquid alpha in 65535ths, `1638 <= low <= high`.
    AlphaValues(u16, u16),
    /// Slope of liquid alpha times 100, not negative.
    AlphaSigmoidSteepness(i16),
    /// The commit mask: weights committed before a neuron registered do not count for that neuron.
    CommitReveal(bool),
    /// Least price of a registration in rao, from 1 rao to below 1 TAO and at most `MaxBurn`.
    MinBurn(Rao),
    /// Largest price of a registration in rao, at least 0.1 TAO and `MinBurn`, at most the cap of
    /// TAO.
    MaxBurn(Rao),
    /// Blocks in which the price of a registration halves, `1 ..= 36 100`.
    BurnHalfLife(u16),
    /// Factor of the price for each registration, `10 000 ..= 30 000` basis points: one to three
    /// times.
    BurnIncrease(Bps),
    /// Most registrations per block, at least 1.
    MaxRegistrationsPerBlock(u16),
    /// Registrations on or off. Admin only.
    RegistrationAllowed(bool),
    /// Number of replaceable neurons up to which an immune neuron is replaced instead, at most
    /// 4 096. Admin only.
    MinNonImmuneUids(u16),
    /// Number of the owner's neurons that are never replaced, `1 ..= 10`.
    ImmuneOwnerUids(u16),
    /// Division of budgets: the network's split, or another one that `NetworkRules` allows.
    Split(SplitPreset),
    /// Transfers of stake to another coldkey on or off.
    TransferEnabled(bool),
    /// Least version of a client that may set weights; 0 for any.
    WeightsVersionKey(u64),
    /// Blocks between two updates of a neuron's weights, at most 50 400; 0 for no limit. Admin
    /// only.
    WeightsRateLimit(u32),
    /// Least number of weights in a row, `1 ..= 4 096`. A subnet with fewer neurons requires one
    /// for each neuron.
    MinAllowedWeights(u16),
    /// Weights are committed first and revealed later, instead of set at once.
    CommitRevealWeights(bool),
    /// Epochs between a commit and its reveal, `1 ..= 100`.
    RevealPeriod(u32),
    /// Stake in rao that a hotkey needs to set weights; the owner's hotkey is exempt. Admin only.
    StakeThreshold(Rao),
    /// Blocks between two updates of an endpoint or a commitment, at most 50 400; 0 for no limit.
    ServingRateLimit(u32),
}

/// The name of a hyperparameter: a variant of `Hyperparameter` without the value. Variant order is
/// ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Parameter {
    /// Blocks per epoch.
    Tempo,
    /// The kernel.
    Kernel,
    /// Number of seats.
    MaxUids,
    /// Permits per epoch.
    MaxValidators,
    /// Immunity of new neurons.
    ImmunityPeriod,
    /// Price of the next registration.
    RegistrationPrice,
    /// Parameters of a kernel other than Yuma.
    OtherParams,
    /// All Yuma parameters.
    Yuma,
    /// Inactivity of validators.
    ActivityCutoff,
    /// Least stake with weight in consensus.
    MinStake,
    /// Majority of consensus.
    Kappa,
    /// Penalty of bonds.
    BondsPenalty,
    /// Inertia of bonds.
    BondsMovingAverage,
    /// Yuma3 bonds.
    Yuma3,
    /// Liquid alpha.
    LiquidAlpha,
    /// Smallest bond rate: the first value of `Hyperparameter::AlphaValues`.
    AlphaLow,
    /// Largest bond rate: the second value of `Hyperparameter::AlphaValues`.
    AlphaHigh,
    /// Slope of liquid alpha.
    AlphaSigmoidSteepness,
    /// The commit mask.
    CommitReveal,
    /// Least price of a registration.
    MinBurn,
    /// Largest price of a registration.
    MaxBurn,
    /// Half-life of the price of a registration.
    BurnHalfLife,
    /// Factor of the price for each registration.
    BurnIncrease,
    /// Most registrations per block.
    MaxRegistrationsPerBlock,
    /// Registrations on or off.
    RegistrationAllowed,
    /// Least number of replaceable neurons.
    MinNonImmuneUids,
    /// Number of the owner's neurons that are never replaced.
    ImmuneOwnerUids,
    /// Division of budgets.
    Split,
    /// Transfers of stake on or off.
    TransferEnabled,
    /// Least version of a client.
    WeightsVersionKey,
    /// Blocks between two updates of weights.
    WeightsRateLimit,
    /// Least number of weights in a row.
    MinAllowedWeights,
    /// Commit and reveal of weights.
    CommitRevealWeights,
    /// Epochs between a commit and its reveal.
    RevealPeriod,
    /// Stake needed to set weights.
    StakeThreshold,
    /// Blocks between two updates of an endpoint or a commitment.
    ServingRateLimit,
}

impl Parameter {
    /// Returns the name that users write and read, as in btcli where btcli has one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tempo => "tempo",
            Self::Kernel => "kernel",
            Self::MaxUids => "max_uids",
            Self::MaxValidators => "max_validators",
            Self::ImmunityPeriod => "immunity_period",
            Self::RegistrationPrice => "registration_price",
            Self::OtherParams => "other_params",
            Self::Yuma => "yuma",
            Self::ActivityCutoff => "activity_cutoff",
            Self::MinStake => "min_stake",
            Self::Kappa => "kappa",
            Self::BondsPenalty => "bonds_penalty",
            Self::BondsMovingAverage => "bonds_moving_avg",
            Self::Yuma3 => "yuma3_enabled",
            Self::LiquidAlpha => "liquid_alpha_enabled",
            Self::AlphaLow => "alpha_low",
            Self::AlphaHigh => "alpha_high",
            Self::AlphaSigmoidSteepness => "alpha_sigmoid_steepness",
            Self::CommitReveal => "commit_mask",
            Self::MinBurn => "min_burn",
            Self::MaxBurn => "max_burn",
            Self::BurnHalfLife => "burn_half_life",
            Self::BurnIncrease => "burn_increase",
            Self::MaxRegistrationsPerBlock => "max_regs_per_block",
            Self::RegistrationAllowed => "registration_allowed",
            Self::MinNonImmuneUids => "min_non_immune_uids",
            Self::ImmuneOwnerUids => "immune_owner_uids",
            Self::Split => "split",
            Self::TransferEnabled => "transfers_enabled",
            Self::WeightsVersionKey => "weights_version",
            Self::WeightsRateLimit => "weights_rate_limit",
            Self::MinAllowedWeights => "min_allowed_weights",
            Self::CommitRevealWeights => "commit_reveal_enabled",
            Self::RevealPeriod => "commit_reveal_period",
            Self::StakeThreshold => "stake_threshold",
            Self::ServingRateLimit => "serving_rate_limit",
        }
    }
}

/// The account that may set a hyperparameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Setter {
    /// The subnet's owner, or the admin.
    Owner,
    /// The admin alone.
    Admin,
}

/// The unit of a hyperparameter's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Unit {
    /// A plain number.
    Number,
    /// Rao.
    Rao,
    /// Blocks.
    Blocks,
    /// Epochs.
    Epochs,
    /// Basis points.
    Bps,
    /// 65535ths.
    U16Ratio,
    /// Millionths.
    Millionths,
    /// 0 for no, 1 for yes.
    Flag,
}

/// A hyperparameter whose value is a number: all but the kernel and the bytes of kernels other than
/// Yuma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct HyperparameterView {
    /// The hyperparameter.
    pub parameter: Parameter,
    /// The value.
    pub value: u64,
    /// Least value that can be set now.
    pub min: u64,
    /// Largest value that can be set now.
    pub max: u64,
    /// Unit of value, minimum and maximum.
    pub unit: Unit,
    /// The account that may set the hyperparameter.
    pub setter: Setter,
    /// First block, from the current one on, at which the setter may change the value.
    pub changes_from: u32,
}
