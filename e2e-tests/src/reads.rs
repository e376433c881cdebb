//! Typed reads: what each view of the contracts says now.

use crate::{accounts::STRANGER, Network};
use inktensor_client::chain::{Chain, Cost, Typed};
use inktensor_primitives::{
    emission::{Emission, EpochBudget, Fees, Issuance},
    epoch::{
        Collateral, CommitsView, EpochError, EpochRules, EpochStatus, Epochs, Peers, WeightsRow,
    },
    kernel::{
        ChunkInputs, EpochHeader, EpochPlan, IncentiveKernel, KernelError, StepInput, StepOutput,
    },
    registry::{
        HyperparameterView, KernelEntry, NetworkRules, Neuron, NeuronView, PruneCandidate,
        RegistrationQuote, Registry, RegistryError, Seat, ServingView, Subnet, SubnetIdentity,
    },
    staking::{
        ChildrenView, NominatorView, ParentView, PositionView, RootDividends, Staking,
        StakingError, TakeInfo,
    },
    token::TokenControl,
    AccountId, Bps, Digest, NetUid, Rao, Uid,
};
use psp22::PSP22;

/// One method per view: the contract's message of the same name, unless a name is taken.
macro_rules! reads {
    ($($(#[$doc:meta])* $contract:ident . $message:ident as $name:ident ($($arg:ident : $type:ty),*) -> $answer:ty;)+) => {
        impl Network {
            $(
                $(#[$doc])*
                pub fn $name(&self $(, $arg: $type)*) -> $answer {
                    match self.chain.query(self.addresses.$contract().$message($($arg),*)) {
                        Ok(answer) => answer,
                        Err(error) => panic!("{}: {error}", stringify!($message)),
                    }
                }
            )+
        }
    };
}

reads! {
    /// TAO of `who`, in rao.
    psp22.balance_of as balance(who: AccountId) -> u128;
    /// All TAO, in rao.
    psp22.total_supply as total_supply() -> u128;
    /// All TAO ever minted, in rao.
    token.total_minted as total_minted() -> u128;
    /// The only account that may mint.
    token.minter as minter() -> Option<AccountId>;
    /// Rao that may ever exist.
    token.cap as cap() -> u128;
    /// Number of subnets.
    registry.subnets as subnets() -> u16;
    /// What is to be locked for a subnet.
    registry.creation_price as creation_price() -> Rao;
    /// The subnets that are not retired.
    registry.live_subnets as live_subnets() -> Vec<NetUid>;
    /// Which subnet would be retired.
    registry.retirement_candidate as retirement_candidate() -> Option<NetUid>;
    /// What the registry holds for others.
    registry.held as held() -> Rao;
    /// The network's rules.
    registry.network_rules as network_rules() -> NetworkRules;
    /// All hyperparameters of a subnet.
    registry.hyperparameters as hyperparameters(netuid: NetUid) -> Vec<HyperparameterView>;
    /// What a registration costs.
    registry.quote_registration as quote_registration(netuid: NetUid) -> Option<RegistrationQuote>;
    /// Who would give way.
    registry.prune_candidates as prune_candidates(netuid: NetUid, count: u16) -> Vec<PruneCandidate>;
    /// To whom a subnet is offered.
    registry.offered_to as offered_to(netuid: NetUid) -> Option<AccountId>;
    /// What a neuron shows.
    registry.serving as serving(netuid: NetUid, uid: Uid) -> Option<ServingView>;
    /// What the neurons of a page show.
    registry.serving_page as serving_page(netuid: NetUid, page: u16) -> Vec<ServingView>;
    /// Who a subnet says it is.
    registry.identity as identity(netuid: NetUid) -> Option<SubnetIdentity>;
    /// A subnet.
    registry.subnet as subnet(netuid: NetUid) -> Option<Subnet>;
    /// Who decides which kernels are allowed.
    registry.admin as admin() -> AccountId;
    /// What is listed of a kernel.
    registry.kernel as kernel_entry(kernel: AccountId) -> Option<KernelEntry>;
    /// All kernels ever allowed.
    registry.kernels as kernels() -> Vec<AccountId>;
    /// Where a hotkey sits.
    registry.seat as seat(netuid: NetUid, hotkey: AccountId) -> Option<Seat>;
    /// Who sits on a uid.
    registry.neuron as neuron(netuid: NetUid, uid: Uid) -> Option<Neuron>;
    /// Who sat on uids at the end of an epoch.
    registry.neurons_at as neurons_at(netuid: NetUid, epoch: u32, start: Uid, count: u16) -> Result<Vec<Neuron>, RegistryError>;
    /// A page of the metagraph.
    registry.metagraph as metagraph(netuid: NetUid, page: u16) -> Vec<NeuronView>;
    /// Who owns a hotkey.
    registry.owner_of as owner_of(hotkey: AccountId) -> Option<AccountId>;
    /// A position's value.
    staking.stake as stake_of(netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao;
    /// Stake behind a hotkey.
    staking.hotkey_stake as hotkey_stake(netuid: NetUid, hotkey: AccountId) -> Rao;
    /// Stake behind a hotkey at the end of an epoch.
    staking.stake_at as stake_at(netuid: NetUid, hotkey: AccountId, epoch: u32) -> Result<Rao, StakingError>;
    /// Stake on a subnet.
    staking.subnet_stake as subnet_stake(netuid: NetUid) -> Rao;
    /// All stake.
    staking.total_stake as total_stake() -> Rao;
    /// What root stake could claim.
    staking.root_claim as root_claim(hotkey: AccountId, coldkey: AccountId) -> Rao;
    /// What a hotkey's root stake earns.
    staking.root_dividends as root_dividends(hotkey: AccountId) -> RootDividends;
    /// Dividends that nobody has claimed.
    staking.root_unclaimed as root_unclaimed() -> Rao;
    /// A hotkey's take.
    staking.take as take(hotkey: AccountId) -> Bps;
    /// A take, and when it may be raised.
    staking.take_info as take_info(hotkey: AccountId) -> TakeInfo;
    /// The children of a hotkey.
    staking.children as children(netuid: NetUid, hotkey: AccountId) -> ChildrenView;
    /// The parents of a hotkey.
    staking.parents as parents(netuid: NetUid, hotkey: AccountId) -> Vec<ParentView>;
    /// What a child keeps.
    staking.child_take as child_take(netuid: NetUid, hotkey: AccountId) -> TakeInfo;
    /// In how many places a coldkey has stake.
    staking.position_count as position_count(coldkey: AccountId) -> u32;
    /// Where a coldkey has stake.
    staking.positions as positions(coldkey: AccountId, page: u32) -> Vec<PositionView>;
    /// In how many places there is stake on a hotkey.
    staking.nominator_count as nominator_count(hotkey: AccountId) -> u32;
    /// Who has stake on a hotkey.
    staking.nominators as nominators(hotkey: AccountId, page: u32) -> Vec<NominatorView>;
    /// The state of issuance.
    emission.issuance as issuance() -> Issuance;
    /// The budget of an epoch that is not complete.
    emission.budget as budget(netuid: NetUid, epoch: u32) -> Option<EpochBudget>;
    /// What a subnet would draw now.
    emission.pending as pending(netuid: NetUid) -> Rao;
    /// What those who run epochs get.
    emission.fees as fees() -> Fees;
    /// The account of the protocol's reserve.
    emission.treasury as treasury() -> AccountId;
    /// The epoch contract's peers.
    epoch.peers as peers() -> Peers;
    /// What the deployed kernel plans.
    yuma.plan as kernel_plan_of(header: EpochHeader) -> Result<EpochPlan, KernelError>;
    /// A step of the deployed kernel, run on the chain.
    yuma.step as kernel_step(input: StepInput) -> Result<StepOutput, KernelError>;
    /// Where a subnet's epochs stand.
    epoch.status as status(netuid: NetUid) -> Option<EpochStatus>;
    /// Header of the epoch that closed last.
    epoch.header as header(netuid: NetUid) -> Option<EpochHeader>;
    /// Plan of the epoch that closed last.
    epoch.plan as plan(netuid: NetUid) -> Option<EpochPlan>;
    /// Inputs of a chunk of the epoch that closed last.
    epoch.chunk_inputs as chunk_inputs(netuid: NetUid, chunk: u16) -> Result<ChunkInputs, EpochError>;
    /// The weights a neuron has set.
    epoch.weights as weights(netuid: NetUid, uid: Uid) -> Option<WeightsRow>;
    /// Uids with a permit.
    epoch.roster as roster(netuid: NetUid) -> Vec<Uid>;
    /// Why weights cannot be set.
    epoch.why_not as why_not(netuid: NetUid, hotkey: AccountId, uids: Vec<Uid>, weights: Vec<u16>, version_key: u64) -> Option<EpochError>;
    /// Why weights cannot be revealed.
    epoch.why_not_reveal as why_not_reveal(netuid: NetUid, hotkey: AccountId, uids: Vec<Uid>, weights: Vec<u16>, salt: Vec<u8>, version_key: u64) -> Option<EpochError>;
    /// What a neuron has committed to.
    epoch.commits as commits(netuid: NetUid, hotkey: AccountId) -> CommitsView;
    /// Hashes of what the last final epoch left.
    epoch.memory_hashes as memory_hashes(netuid: NetUid) -> Vec<Digest>;
    /// A worker's collateral.
    epoch.collateral as collateral(worker: AccountId) -> Collateral;
    /// All collateral.
    epoch.total_collateral as total_collateral() -> Rao;
    /// What a subnet's next assertion needs.
    epoch.collateral_required as collateral_required(netuid: NetUid) -> Rao;
    /// The constants of the game.
    epoch.rules as rules() -> EpochRules;
}

impl Network {
    /// What the deployed kernel plans for an epoch.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn kernel_plan(&self, header: &EpochHeader) -> Result<EpochPlan, KernelError> {
        self.kernel_plan_of(header.clone())
    }

    /// What a step of the deployed kernel costs as a transaction.
    pub fn kernel_step_cost(&mut self, input: StepInput) -> Cost {
        let message = self.addresses.yuma().step(input);
        let sent = self.chain.send(STRANGER, message);
        sent.expect("the kernel answers").cost
    }

    /// Bytes of the code with this hash.
    pub fn code_size(&self, hash: &Digest) -> usize {
        let code = self.chain.code(hash).expect("readable");
        code.expect("the code is on the chain").len()
    }

    /// What a registration burns.
    pub fn price(&self, netuid: NetUid) -> Rao {
        let subnet = self.subnet(netuid).expect("the subnet");
        subnet.registration_price
    }
}
