//! The parameters of the Yuma kernel.

use crate::Rao;

/// Parameters of the Yuma kernel, SCALE-encoded in `EpochHeader::params`.
///
/// Ratios in u16 are parts of 65535.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct YumaParams {
    /// Blocks without new weights after which a validator counts as inactive.
    pub activity_cutoff: u64,
    /// Stake, in rao, below which a neuron has no weight in consensus.
    pub min_stake: Rao,
    /// The part of stake that must agree on a weight, in 65535ths.
    pub kappa: u16,
    /// Weights that bonds follow: 65535 for clipped weights, 0 for the weights as set.
    pub bonds_penalty: u16,
    /// Inertia of bonds, in millionths.
    pub bonds_moving_average: u64,
    /// True for Yuma3 bonds, false for Yuma2 bonds.
    pub yuma3: bool,
    /// True if the inertia of a bond depends on consensus. Requires `yuma3`.
    pub liquid_alpha: bool,
    /// Smallest bond rate under liquid alpha, in 65535ths.
    pub alpha_low: u16,
    /// Largest bond rate under liquid alpha, in 65535ths.
    pub alpha_high: u16,
    /// Slope of liquid alpha, times 100.
    pub alpha_sigmoid_steepness: i16,
    /// True if weights committed before a neuron registered do not count for that neuron.
    pub commit_reveal: bool,
}

impl Default for YumaParams {
    /// Returns the reference's defaults for a new subnet, except that `commit_reveal` is off.
    fn default() -> Self {
        Self {
            activity_cutoff: 5_000,
            min_stake: Rao::ZERO,
            kappa: 32_767,
            bonds_penalty: 65_535,
            bonds_moving_average: 900_000,
            yuma3: true,
            liquid_alpha: false,
            alpha_low: 45_875,
            alpha_high: 58_982,
            alpha_sigmoid_steepness: 1_000,
            commit_reveal: false,
        }
    }
}
