//! The halving curve, the division between subnets and roles, and pay-out.

use crate::{staking::Payment, token::WireError, AccountId, Bps, NetUid, Rao};
use ink::prelude::vec::Vec;

/// How a subnet's budget is divided, in basis points that sum to 10 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Split {
    /// For miners, by incentive.
    pub miners: Bps,
    /// For validators and their stakers, by dividends.
    pub validators: Bps,
    /// For the subnet's owner.
    pub owner: Bps,
    /// For the protocol's reserve.
    pub treasury: Bps,
}

impl Split {
    /// The default: 50 / 25 / 0 / 25.
    pub const DEFAULT: Split = Split {
        miners: Bps(5_000),
        validators: Bps(2_500),
        owner: Bps(0),
        treasury: Bps(2_500),
    };
    /// Bittensor's: 41 / 41 / 18 / 0.
    pub const BITTENSOR: Split = Split {
        miners: Bps(4_100),
        validators: Bps(4_100),
        owner: Bps(1_800),
        treasury: Bps(0),
    };

    /// Whether the parts make a whole.
    pub const fn is_whole(&self) -> bool {
        let rest = Bps::ONE.0;
        let Some(rest) = rest.checked_sub(self.miners.0) else {
            return false;
        };
        let Some(rest) = rest.checked_sub(self.validators.0) else {
            return false;
        };
        let Some(rest) = rest.checked_sub(self.owner.0) else {
            return false;
        };
        rest == self.treasury.0
    }
}

/// Which division a subnet's budgets follow. A subnet chooses, as far as governance lets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum SplitPreset {
    /// The network's own split, which the emission contract was deployed with.
    #[default]
    Network,
    /// Bittensor's: [`Split::BITTENSOR`].
    Bittensor,
}

/// What those who run an epoch get of its budget, in basis points. They are taken off the top,
/// before the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Fees {
    /// For whoever computes the epoch: its proposer, or those who replay it.
    pub proposer: Bps,
    /// For whoever settles it, an equal part per chunk.
    pub keeper: Bps,
}

impl Fees {
    /// The default: 0.5 % and 0.25 %.
    pub const DEFAULT: Fees = Fees {
        proposer: Bps(50),
        keeper: Bps(25),
    };
    /// The most that both may be together: a tenth.
    pub const MOST: Bps = Bps(1_000);

    /// Whether they are within [`Fees::MOST`].
    pub const fn are_allowed(&self) -> bool {
        self.proposer.0.saturating_add(self.keeper.0) <= Self::MOST.0
    }
}

/// One of the two pots that fees are paid from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum Fee {
    /// For computing the epoch.
    Proposer,
    /// For settling it.
    Keeper,
}

/// An epoch's budget, divided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct EpochBudget {
    /// For miners.
    pub miners: Rao,
    /// For validators and their stakers.
    pub validators: Rao,
    /// For the subnet's owner.
    pub owner: Rao,
    /// For the treasury, with the rounding of the other parts. Without a treasury's part in the
    /// split, the rounding goes to the first of miners, validators and owner that has one.
    pub treasury: Rao,
    /// Paid so far to miners and validators.
    pub paid: Rao,
    /// Left of what is for computing the epoch.
    pub proposer: Rao,
    /// Left of what is for settling it.
    pub keeper: Rao,
}

impl EpochBudget {
    /// All that is not spent yet; `None` if that is no amount, which no budget of the emission
    /// contract is.
    pub fn unspent(&self) -> Option<Rao> {
        let parts = [
            self.validators,
            self.owner,
            self.treasury,
            self.proposer,
            self.keeper,
        ];
        parts
            .into_iter()
            .try_fold(self.miners, Rao::checked_add)?
            .checked_sub(self.paid)
    }
}

/// The state of issuance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct Issuance {
    /// Issued by the curve so far, genesis included: decides the rate.
    pub issued: Rao,
    /// Rao per block now.
    pub per_block: Rao,
    /// Block up to which the curve has been evaluated.
    pub block: u32,
    /// Minted so far by this contract.
    pub minted: Rao,
    /// Issued at genesis.
    pub genesis: Rao,
    /// Sum of the weights that share it.
    pub total_weight: Rao,
}

/// The contracts that the emission contract works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub struct EmissionPeers {
    /// TAO.
    pub token: AccountId,
    /// Holds what is paid to neurons, as stake.
    pub staking: AccountId,
    /// Draws, pays and completes, once it is named.
    pub epoch: Option<AccountId>,
}

/// The emission contract, the token's minter.
#[ink::trait_definition]
pub trait Emission {
    /// Names the epoch contract, once. Only the deployer; afterwards nobody can.
    ///
    /// # Errors
    /// `NotDeployer`, `AlreadyWired`.
    #[ink(message)]
    fn wire(&mut self, epoch: AccountId) -> Result<(), WireError>;

    /// Called by the epoch contract at close: issues up to now, takes the subnet's share for
    /// `epoch`, divides it as `preset` says and samples the subnet's weight anew.
    ///
    /// # Errors
    /// `NotEpoch`, `AlreadyDrawn`, `Staking`.
    #[ink(message)]
    fn draw(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        preset: SplitPreset,
    ) -> Result<EpochBudget, EmissionError>;

    /// Called by the epoch contract at settle: mints and pays one chunk.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`, `OverBudget`, `Token`, `Staking`.
    #[ink(message)]
    fn pay(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        payments: Vec<Payment>,
    ) -> Result<Rao, EmissionError>;

    /// Called by the epoch contract: mints `amount` out of one of the epoch's pots for `payee`, who
    /// gets it as liquid TAO.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`, `OverBudget` with what is left in the pot, `Token`.
    #[ink(message)]
    fn pay_fee(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        fee: Fee,
        payee: AccountId,
        amount: Rao,
    ) -> Result<(), EmissionError>;

    /// Called by the epoch contract after the last chunk, or when the epoch will not be settled any
    /// more: pays owner and treasury. What miners and validators were not paid, and what is
    /// left of the pots, goes to the subnet's next budget.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`, `Token`, `Staking`.
    #[ink(message)]
    fn complete(
        &mut self,
        netuid: NetUid,
        epoch: u32,
        owner: AccountId,
        owner_hotkey: AccountId,
    ) -> Result<(), EmissionError>;

    /// Called by the epoch contract for an epoch that will not become final: all that its budget
    /// has left goes to the subnet's next one. Returns how much that is.
    ///
    /// # Errors
    /// `NotEpoch`, `NotDrawn`.
    #[ink(message)]
    fn carry(&mut self, netuid: NetUid, epoch: u32) -> Result<Rao, EmissionError>;

    /// Ends a retired subnet's part in emission: what it has earned and carried goes to the subnets
    /// that share now, and its weight is gone. Anyone may call, also again, for what a last
    /// epoch has carried since. Returns how much was spread.
    ///
    /// # Errors
    /// `StillLive`, `NobodyShares`, `Staking`.
    #[ink(message)]
    fn release(&mut self, netuid: NetUid) -> Result<Rao, EmissionError>;

    /// The state of issuance, evaluated up to the last draw.
    #[ink(message)]
    fn issuance(&self) -> Issuance;

    /// The network's own division of budgets, [`SplitPreset::Network`].
    #[ink(message)]
    fn split(&self) -> Split;

    /// What those who run an epoch get of its budget.
    #[ink(message)]
    fn fees(&self) -> Fees;

    /// The account of the protocol's reserve.
    #[ink(message)]
    fn treasury(&self) -> AccountId;

    /// The other contracts.
    #[ink(message)]
    fn peers(&self) -> EmissionPeers;

    /// The budget of an epoch that is not yet complete.
    #[ink(message)]
    fn budget(&self, netuid: NetUid, epoch: u32) -> Option<EpochBudget>;

    /// What the subnet would draw if its epoch closed now.
    #[ink(message)]
    fn pending(&self, netuid: NetUid) -> Rao;
}

/// Errors of the emission contract. Variant order is ABI: append only.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum EmissionError {
    /// Only the epoch contract may do this.
    NotEpoch,
    /// This epoch's budget was drawn before.
    AlreadyDrawn,
    /// No budget was drawn for this epoch, or it is complete.
    NotDrawn,
    /// The payments exceed what the epoch has left: what it has left.
    OverBudget(Rao),
    /// The token contract refused to mint. Check that this contract is its minter.
    Token,
    /// The staking contract failed. Check the deployment.
    Staking,
    /// A sum left its range. Cannot happen while the cap holds; nothing was changed.
    Overflow,
    /// The subnet is not retired, or was never created: its share is its own.
    StillLive,
    /// No other subnet shares now, so what is released would be nobody's. Try again when one does.
    NobodyShares,
}

/// A retired subnet's share went to the others.
#[ink::event]
pub struct Released {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// How much was spread.
    pub amount: Rao,
}

/// A subnet took its share of emission.
#[ink::event]
pub struct Drawn {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// The share, divided.
    pub budget: EpochBudget,
    /// All issued so far.
    pub issued: Rao,
}

/// An epoch's pay-out is over.
#[ink::event]
pub struct Completed {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Paid to miners and validators.
    pub paid: Rao,
    /// Paid to the owner.
    pub owner: Rao,
    /// Paid to the treasury.
    pub treasury: Rao,
    /// Left for the next epoch.
    pub carried: Rao,
}

/// Somebody was paid for running an epoch.
#[ink::event]
pub struct FeePaid {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// Who.
    #[ink(topic)]
    pub payee: AccountId,
    /// For what.
    pub fee: Fee,
    /// How much.
    pub amount: Rao,
}

/// An epoch will not become final: what its budget had left waits for the next draw.
#[ink::event]
pub struct Carried {
    /// The subnet.
    #[ink(topic)]
    pub netuid: NetUid,
    /// The epoch.
    #[ink(topic)]
    pub epoch: u32,
    /// How much.
    pub amount: Rao,
}
