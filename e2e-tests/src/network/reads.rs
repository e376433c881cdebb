//! Typed reads: one method per view of the contracts.

use crate::{accounts::STRANGER, network::Costs, Network};
use inktensor_client::chain::{ChainRead, Message, Typed};
use inktensor_primitives::{
    emission::{Emission, EpochBudget, Fees, Issuance},
    epoch::{
        Collateral, CommitsView, EpochError, EpochRules, EpochStatus, Epochs, Peers, WeightsRow,
    },
    kernel::{
        ChunkInputs, EpochHeader, EpochPlan, IncentiveKernel, KernelError, StepInput, StepOutput,
    },
    registry::{
        AnnouncedRules, HyperparameterView, KernelEntry, NetworkRules, Neuron, NeuronView,
        PruneCandidate, RegistrationQuote, Registry, RegistryError, Seat, ServingView, Subnet,
        SubnetIdentity,
    },
    staking::{
        ChildrenView, NominatorView, ParentView, PositionView, RootDividends, Staking,
        StakingError, Standing, TakeInfo,
    },
    token::{Succession, TokenControl},
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
    /// Returns the TAO of `who`, in rao.
    psp22.balance_of as balance(who: AccountId) -> u128;
    /// Returns all TAO, in rao.
    psp22.total_supply as total_supply() -> u128;
    /// Returns all TAO ever minted, in rao.
    token.total_minted as total_minted() -> u128;
    /// Returns the only account that may mint.
    token.minter as minter() -> Option<AccountId>;
    /// Returns the only account that may announce a successor.
    token.registry as token_registry() -> Option<AccountId>;
    /// Returns the announced succession.
    token.succession as succession() -> Option<Succession>;
    /// Returns the cap of all TAO, in rao.
    token.cap as cap() -> u128;
    /// Returns the number of subnets.
    registry.subnets as subnets() -> u16;
    /// Returns the price of a new subnet.
    registry.creation_price as creation_price() -> Rao;
    /// Returns the subnets that are not retired.
    registry.live_subnets as live_subnets() -> Vec<NetUid>;
    /// Returns the subnet that would be retired next.
    registry.retirement_candidate as retirement_candidate() -> Option<NetUid>;
    /// Returns all locks and deposits in the registry.
    registry.held as held() -> Rao;
    /// Returns the network's rules.
    registry.network_rules as network_rules() -> NetworkRules;
    /// Returns the announced rules.
    registry.announced_rules as announced_rules() -> Option<AnnouncedRules>;
    /// Returns the account that the admin's role is offered to.
    registry.offered_admin as offered_admin() -> Option<AccountId>;
    /// Returns the end of the brake.
    registry.braked_until as braked_until() -> Option<u32>;
    /// Returns the block from which the network is closed.
    registry.closes_down_at as closes_down_at() -> Option<u32>;
    /// Returns the coldkey that a hotkey has agreed to belong to.
    registry.agreed as agreed(hotkey: AccountId) -> Option<AccountId>;
    /// Returns the bytes that a hotkey signs to agree.
    registry.agreement as agreement(hotkey: AccountId, coldkey: AccountId) -> Vec<u8>;
    /// Returns a subnet as its next epoch has it.
    registry.next_subnet as next_subnet(netuid: NetUid) -> Option<Subnet>;
    /// Returns all hyperparameters of a subnet.
    registry.hyperparameters as hyperparameters(netuid: NetUid) -> Vec<HyperparameterView>;
    /// Returns the quote of a registration.
    registry.quote_registration as quote_registration(netuid: NetUid) -> Option<RegistrationQuote>;
    /// Returns the neurons that would be replaced next.
    registry.prune_candidates as prune_candidates(netuid: NetUid, count: u16) -> Vec<PruneCandidate>;
    /// Returns the account that a subnet is offered to.
    registry.offered_to as offered_to(netuid: NetUid) -> Option<AccountId>;
    /// Returns all that a neuron has published.
    registry.serving as serving(netuid: NetUid, uid: Uid) -> Option<ServingView>;
    /// Returns all that the neurons of a page have published.
    registry.serving_page as serving_page(netuid: NetUid, page: u16) -> Vec<ServingView>;
    /// Returns a subnet's identity.
    registry.identity as identity(netuid: NetUid) -> Option<SubnetIdentity>;
    /// Returns a subnet.
    registry.subnet as subnet(netuid: NetUid) -> Option<Subnet>;
    /// Returns the account that governs the network.
    registry.admin as admin() -> AccountId;
    /// Returns the entry of a kernel.
    registry.kernel as kernel_entry(kernel: AccountId) -> Option<KernelEntry>;
    /// Returns all kernels ever allowed.
    registry.kernels as kernels() -> Vec<AccountId>;
    /// Returns the seat of a hotkey.
    registry.seat as seat(netuid: NetUid, hotkey: AccountId) -> Option<Seat>;
    /// Returns the neuron on a uid.
    registry.neuron as neuron(netuid: NetUid, uid: Uid) -> Option<Neuron>;
    /// Returns the neurons on uids at the end of an epoch.
    registry.neurons_at as neurons_at(netuid: NetUid, epoch: u32, start: Uid, count: u16) -> Result<Vec<Neuron>, RegistryError>;
    /// Returns a page of the metagraph.
    registry.metagraph as metagraph(netuid: NetUid, page: u16) -> Vec<NeuronView>;
    /// Returns the owner of a hotkey.
    registry.owner_of as owner_of(hotkey: AccountId) -> Option<AccountId>;
    /// Returns the value of a position.
    staking.stake as stake_of(netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao;
    /// Returns the stake on a hotkey.
    staking.hotkey_stake as hotkey_stake(netuid: NetUid, hotkey: AccountId) -> Rao;
    /// Returns the stake on a hotkey at the end of an epoch.
    staking.stake_at as stake_at(netuid: NetUid, hotkey: AccountId, epoch: u32) -> Result<Rao, StakingError>;
    /// Returns the stake on a subnet.
    staking.subnet_stake as subnet_stake(netuid: NetUid) -> Rao;
    /// Returns the stake that weighed in the subnet's last closed epoch.
    staking.matured_stake as matured_stake(netuid: NetUid) -> Rao;
    /// Returns all stake.
    staking.total_stake as total_stake() -> Rao;
    /// Returns the dividends that root stake can claim.
    staking.root_claim as root_claim(hotkey: AccountId, coldkey: AccountId) -> Rao;
    /// Returns the dividends of a hotkey's root stake.
    staking.root_dividends as root_dividends(hotkey: AccountId) -> RootDividends;
    /// Returns all unclaimed dividends of root.
    staking.root_unclaimed as root_unclaimed() -> Rao;
    /// Returns the parts of a subnet's owner that are owed.
    emission.cut as cut(netuid: NetUid) -> Rao;
    /// Returns the pay that is owed to a hotkey whose neuron was replaced.
    registry.left as left(netuid: NetUid, hotkey: AccountId) -> Rao;
    /// Returns all dividends that are due to parents.
    staking.dues as dues() -> Rao;
    /// Returns the take of a hotkey.
    staking.take as take(hotkey: AccountId) -> Bps;
    /// Returns the take of a hotkey that an epoch is paid by.
    staking.take_at as take_at(netuid: NetUid, hotkey: AccountId, epoch: u32) -> Result<Bps, StakingError>;
    /// Returns the take of a hotkey, and the block at which it can be raised.
    staking.take_info as take_info(hotkey: AccountId) -> TakeInfo;
    /// Returns the children of a hotkey.
    staking.children as children(netuid: NetUid, hotkey: AccountId) -> ChildrenView;
    /// Returns the parents of a hotkey.
    staking.parents as parents(netuid: NetUid, hotkey: AccountId) -> Vec<ParentView>;
    /// Returns the take of a child.
    staking.child_take as child_take(netuid: NetUid, hotkey: AccountId) -> TakeInfo;
    /// Returns the votes of accounts at the end of a root epoch, and the electorate.
    staking.standings as standings(accounts: Vec<AccountId>, epoch: u32) -> Result<(Vec<Standing>, Rao), StakingError>;
    /// Returns the number of positions of a coldkey.
    staking.position_count as position_count(coldkey: AccountId) -> u32;
    /// Returns the positions of a coldkey.
    staking.positions as positions(coldkey: AccountId, page: u32) -> Vec<PositionView>;
    /// Returns the number of positions on a hotkey.
    staking.nominator_count as nominator_count(hotkey: AccountId) -> u32;
    /// Returns the positions on a hotkey.
    staking.nominators as nominators(hotkey: AccountId, page: u32) -> Vec<NominatorView>;
    /// Returns the state of issuance.
    emission.issuance as issuance() -> Issuance;
    /// Returns the budget of an epoch that is not complete.
    emission.budget as budget(netuid: NetUid, epoch: u32) -> Option<EpochBudget>;
    /// Returns the amount that a subnet would draw now.
    emission.pending as pending(netuid: NetUid) -> Rao;
    /// Returns the fees for those who run epochs.
    emission.fees as fees() -> Fees;
    /// Returns the account of the protocol's reserve.
    emission.treasury as treasury() -> AccountId;
    /// Returns the addresses that the epoch contract calls.
    epoch.peers as peers() -> Peers;
    /// Returns the plan of the deployed kernel.
    yuma.plan as kernel_plan_of(header: EpochHeader) -> Result<EpochPlan, KernelError>;
    /// Runs a step of the deployed kernel on the chain.
    yuma.step as kernel_step(input: StepInput) -> Result<StepOutput, KernelError>;
    /// Returns the state of a subnet's epochs.
    epoch.status as status(netuid: NetUid) -> Option<EpochStatus>;
    /// Returns the statuses of several subnets' epochs.
    epoch.statuses as statuses(netuids: Vec<NetUid>) -> Vec<Option<EpochStatus>>;
    /// Returns the header of the epoch that closed last.
    epoch.header as header(netuid: NetUid) -> Option<EpochHeader>;
    /// Returns the plan of the epoch that closed last.
    epoch.plan as plan(netuid: NetUid) -> Option<EpochPlan>;
    /// Returns the inputs of a chunk of the epoch that closed last.
    epoch.chunk_inputs as chunk_inputs(netuid: NetUid, chunk: u16) -> Result<ChunkInputs, EpochError>;
    /// Returns the weights that a neuron has set.
    epoch.weights as weights(netuid: NetUid, uid: Uid) -> Option<WeightsRow>;
    /// Returns the uids with a permit.
    epoch.roster as roster(netuid: NetUid) -> Vec<Uid>;
    /// Returns the error that setting weights would meet.
    epoch.why_not as why_not(netuid: NetUid, hotkey: AccountId, uids: Vec<Uid>, weights: Vec<u16>, version_key: u64) -> Option<EpochError>;
    /// Returns the error that revealing weights would meet.
    epoch.why_not_reveal as why_not_reveal(netuid: NetUid, hotkey: AccountId, uids: Vec<Uid>, weights: Vec<u16>, salt: Vec<u8>, version_key: u64) -> Option<EpochError>;
    /// Returns the commits of a neuron.
    epoch.commits as commits(netuid: NetUid, hotkey: AccountId) -> CommitsView;
    /// Returns the hashes of the carry-over state of the last final epoch.
    epoch.memory_hashes as memory_hashes(netuid: NetUid) -> Vec<Option<Digest>>;
    /// Returns the collateral of a worker.
    epoch.collateral as collateral(worker: AccountId) -> Collateral;
    /// Returns all collateral.
    epoch.total_collateral as total_collateral() -> Rao;
    /// Returns the collateral that a subnet's next assertion needs.
    epoch.collateral_required as collateral_required(netuid: NetUid) -> Rao;
    /// Returns the epoch contract's rules.
    epoch.rules as rules() -> EpochRules;
}

impl Network {
    /// Returns the deployed kernel's plan of an epoch.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn kernel_plan(&self, header: &EpochHeader) -> Result<EpochPlan, KernelError> {
        self.kernel_plan_of(header.clone())
    }

    /// Returns the costs of a step of the deployed kernel as a transaction.
    pub fn kernel_step_costs(&self, input: StepInput) -> Costs {
        let message: Message<Result<StepOutput, KernelError>> =
            self.addresses.yuma().step(input).into();
        self.costs_of(STRANGER, message.to, &message.input)
    }

    /// Returns the size of the code with this hash, in bytes.
    pub fn code_size(&self, hash: &Digest) -> usize {
        let code = self.chain.code(hash).expect("readable");
        code.expect("the code is on the chain").len()
    }

    /// Returns the price of a registration.
    pub fn price(&self, netuid: NetUid) -> Rao {
        let subnet = self.subnet(netuid).expect("the subnet");
        subnet.registration_price
    }
}
