//! Typed calls: one method per message, signed by the caller. Each returns the message's answer.

use crate::Network;
use inktensor_client::chain::{contracts, Cost, Message, Typed};
use inktensor_primitives::{
    assertion::Assertion,
    dispute::StepProof,
    emission::{Emission, EmissionError, EpochBudget, Fee, Paid, Payout, SplitPreset},
    epoch::{EpochError, Epochs, FinalChunk, WeightsCall},
    kernel::{EpochHeader, NeuronResult},
    registry::{
        Axon, CommitmentKind, Hyperparameter, KernelParams, NetworkRules, PagePay, Prometheus,
        Registry, RegistryError, Signature, SubnetIdentity, SubnetSnapshot,
    },
    staking::{Child, Credited, Payment, Proxy, Staking, StakingError},
    token::{SuccessionError, Successor, TokenControl, WireError},
    AccountId, Bps, Digest, NetUid, Rao, Uid, PAGE,
};
use psp22::{PSP22Burnable, PSP22Error, PSP22Mintable, PSP22};
use scale::Decode;

/// The calls that an account signs.
pub struct Caller<'a> {
    pub(crate) net: &'a mut Network,
    pub(crate) who: AccountId,
}

/// Time of a block for transactions: three quarters of two seconds, in picoseconds.
pub const BLOCK_TIME: u64 = 1_500_000_000_000;
/// Proof of a block for transactions: three quarters of 5 MiB.
pub const BLOCK_PROOF: u64 = 5 * 1024 * 1024 / 4 * 3;

/// Returns true if a block has room for a transaction of this cost.
pub fn fits_block(cost: &Cost) -> bool {
    cost.ref_time <= BLOCK_TIME && cost.proof_size <= BLOCK_PROOF
}

/// The answer of a message that can fail.
type Fallible<T, E> = Result<T, E>;

/// One method per message that changes state.
macro_rules! calls {
    ($($(#[$doc:meta])* $contract:ident . $message:ident as $name:ident ($($arg:ident : $type:ty),*) -> $ok:ty, $error:ty;)+) => {
        impl Caller<'_> {
            $(
                $(#[$doc])*
                #[allow(clippy::missing_errors_doc, reason = "see the message's own documentation")]
                #[track_caller]
                pub fn $name(self $(, $arg: $type)*) -> Fallible<$ok, $error> {
                    let message = self.net.addresses.$contract().$message($($arg),*);
                    self.send(message)
                }
            )+
        }
    };
}

calls! {
    /// Lets `spender` collect up to `amount` rao.
    psp22.approve as approve(spender: AccountId, amount: u128) -> (), PSP22Error;
    /// Lets `spender` collect `amount` rao more.
    psp22.increase_allowance as increase_allowance(spender: AccountId, amount: u128) -> (), PSP22Error;
    /// Lets `spender` collect `amount` rao less.
    psp22.decrease_allowance as decrease_allowance(spender: AccountId, amount: u128) -> (), PSP22Error;
    /// Transfers what `from` has approved.
    psp22.transfer_from as transfer_from(from: AccountId, to: AccountId, amount: u128, data: Vec<u8>) -> (), PSP22Error;
    /// Names the token's minter and the registry.
    token.wire as wire_token(minter: AccountId, registry: AccountId) -> (), WireError;
    /// Announces a successor; for the registry.
    token.succeed as succeed(to: Option<Successor>) -> Option<u32>, SuccessionError;
    /// Names the registry's peer.
    registry.wire as wire_registry(epoch: AccountId) -> (), WireError;
    /// Names the staking contract's peers.
    staking.wire as wire_staking(emission: AccountId, epoch: AccountId) -> (), WireError;
    /// Names the emission contract's peer.
    emission.wire as wire_emission(epoch: AccountId) -> (), WireError;
    /// Lets subnets choose a kernel.
    registry.allow_kernel as allow_kernel(kernel: AccountId, code_hash: Digest, defaults: KernelParams) -> (), RegistryError;
    /// Retires a kernel: no further subnet can choose it.
    registry.retire_kernel as retire_kernel(kernel: AccountId) -> (), RegistryError;
    /// Offers the admin's role.
    registry.offer_admin as offer_admin(to: Option<AccountId>) -> (), RegistryError;
    /// Accepts the admin's role.
    registry.accept_admin as accept_admin() -> (), RegistryError;
    /// Stops new stake, seats and subnets.
    registry.brake as brake(until: u32) -> (), RegistryError;
    /// Announces the close-down.
    registry.close_down as close_down(successor: Successor) -> (), RegistryError;
    /// Withdraws the close-down.
    registry.cancel_close_down as cancel_close_down() -> (), RegistryError;
    /// Withdraws the lock of a subnet after the close-down.
    registry.withdraw_lock as withdraw_lock(netuid: NetUid) -> Rao, RegistryError;
    /// Agrees that the caller, a hotkey, belongs to a coldkey.
    registry.agree as agree(coldkey: Option<AccountId>) -> (), RegistryError;
    /// Creates a subnet, with a hotkey that has agreed or passes on a signature.
    registry.create_subnet as create_subnet_signed(name: String, owner_hotkey: AccountId, kernel: AccountId, tempo: u32, max_uids: u16, max_validators: u16, max_price: Rao, signature: Option<Signature>) -> NetUid, RegistryError;
    /// Sets a hyperparameter.
    registry.set_hyperparameter as set_hyperparameter(netuid: NetUid, value: Hyperparameter) -> (), RegistryError;
    /// Sets the network's rules.
    registry.set_network_rules as set_network_rules(rules: NetworkRules) -> (), RegistryError;
    /// Withdraws announced rules.
    registry.cancel_network_rules as cancel_network_rules() -> (), RegistryError;
    /// Starts a subnet.
    registry.start as start(netuid: NetUid) -> (), RegistryError;
    /// Offers a subnet.
    registry.offer_subnet as offer_subnet(netuid: NetUid, to: Option<AccountId>) -> (), RegistryError;
    /// Accepts a subnet, with a hotkey that has agreed or passes on a signature.
    registry.accept_subnet as accept_subnet_signed(netuid: NetUid, owner_hotkey: AccountId, signature: Option<Signature>) -> (), RegistryError;
    /// Sets or clears a subnet's identity.
    registry.set_identity as set_identity(netuid: NetUid, identity: Option<SubnetIdentity>) -> (), RegistryError;
    /// Sets a subnet's symbol.
    registry.set_symbol as set_symbol(netuid: NetUid, symbol: String) -> (), RegistryError;
    /// Registers a hotkey that has agreed or passes on a signature.
    registry.register as register_signed(netuid: NetUid, hotkey: AccountId, max_price: Rao, signature: Option<Signature>) -> Uid, RegistryError;
    /// Replaces a neuron's hotkey by one that has agreed or passes on a signature.
    registry.swap_hotkey as swap_hotkey_signed(netuid: NetUid, hotkey: AccountId, new: AccountId, signature: Option<Signature>) -> (), RegistryError;
    /// Publishes a neuron's endpoint.
    registry.serve_axon as serve_axon(netuid: NetUid, axon: Axon) -> (), RegistryError;
    /// Publishes a neuron's metrics endpoint.
    registry.serve_prometheus as serve_prometheus(netuid: NetUid, prometheus: Prometheus) -> (), RegistryError;
    /// Publishes a neuron's commitment.
    registry.commit as commit(netuid: NetUid, kind: CommitmentKind, data: Vec<u8>) -> (), RegistryError;
    /// Removes all that a neuron has published.
    registry.stop_serving as stop_serving(netuid: NetUid) -> Rao, RegistryError;
    /// Opens the registry's next epoch; for the epoch contract.
    registry.begin_epoch as begin_registry_epoch(netuid: NetUid, closing: u32, roster: Vec<Uid>) -> SubnetSnapshot, RegistryError;
    /// Records scores and pay; for the epoch contract.
    registry.record_pay as record_pay(netuid: NetUid, epoch: u32, pay: Vec<PagePay>) -> (), RegistryError;
    /// Takes pay that is owed; for the epoch contract.
    registry.take_owed as take_owed(netuid: NetUid, uids: Vec<Uid>) -> Vec<Payment>, RegistryError;
    /// Takes pay of the replaced; for the epoch contract.
    registry.take_left as take_left(netuid: NetUid, hotkey: AccountId) -> Option<Payment>, RegistryError;
    /// Adds stake.
    staking.add_stake as add_stake(netuid: NetUid, hotkey: AccountId, amount: Rao) -> (), StakingError;
    /// Removes stake.
    staking.remove_stake as remove_stake(netuid: NetUid, hotkey: AccountId, amount: Rao) -> (), StakingError;
    /// Removes all stake.
    staking.remove_all_stake as remove_all_stake(netuid: NetUid, hotkey: AccountId) -> Rao, StakingError;
    /// Removes stake from all positions.
    staking.unstake_all as unstake_all(limit: u16) -> (Rao, u32), StakingError;
    /// Moves stake to another hotkey or subnet.
    staking.move_stake as move_stake(netuid: NetUid, hotkey: AccountId, to_netuid: NetUid, to_hotkey: AccountId, amount: Option<Rao>) -> Rao, StakingError;
    /// Transfers stake to another coldkey.
    staking.transfer_stake as transfer_stake(netuid: NetUid, hotkey: AccountId, to: AccountId, amount: Option<Rao>) -> Rao, StakingError;
    /// Claims the dividends of root stake.
    staking.claim_root as claim_root(hotkey: AccountId) -> Rao, StakingError;
    /// Sets the children of a hotkey.
    staking.set_children as set_children(netuid: NetUid, hotkey: AccountId, children: Vec<Child>) -> (), StakingError;
    /// Credits to parents what a child has earned for them.
    staking.hand_on as hand_on(netuid: NetUid, child: AccountId, parents: Vec<AccountId>) -> Rao, StakingError;
    /// Allows or forbids a parent for a hotkey.
    staking.allow_parent as allow_parent(netuid: NetUid, child: AccountId, parent: AccountId, allowed: bool) -> (), StakingError;
    /// Sets the take of a child.
    staking.set_child_take as set_child_take(netuid: NetUid, hotkey: AccountId, take: Bps) -> (), StakingError;
    /// Sets the take of a hotkey.
    staking.set_take as set_take(hotkey: AccountId, take: Bps) -> (), StakingError;
    /// Sets the proxy of a coldkey.
    staking.set_proxy as set_proxy(proxy: Proxy) -> (), StakingError;
    /// Counts pay in a position for votes.
    staking.count_vote as count_vote(netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao, StakingError;
    /// Opens the staking contract's next epoch; for the epoch contract.
    staking.begin_epoch as begin_staking_epoch(netuid: NetUid, closing: u32) -> Rao, StakingError;
    /// Credits dividends; for the emission contract.
    staking.distribute as distribute(netuid: NetUid, epoch: u32, payments: Vec<Payment>) -> Credited, StakingError;
    /// Stakes pay; for the emission contract.
    staking.stake_pay as stake_pay(netuid: NetUid, payments: Vec<Payment>) -> Rao, StakingError;
    /// Draws a budget; for the epoch contract.
    emission.draw as draw(netuid: NetUid, epoch: u32, preset: SplitPreset, matured: Rao) -> EpochBudget, EmissionError;
    /// Pays a chunk; for the epoch contract.
    emission.pay as pay(netuid: NetUid, epoch: u32, payout: Payout) -> Paid, EmissionError;
    /// Pays what is owed; for the epoch contract.
    emission.pay_owed as pay_owed(netuid: NetUid, payments: Vec<Payment>) -> Rao, EmissionError;
    /// Stakes the parts of a subnet's owner.
    emission.collect_cut as collect_cut(netuid: NetUid) -> Rao, EmissionError;
    /// Ends a pay-out; for the epoch contract.
    emission.complete as complete(netuid: NetUid, epoch: u32, owner: AccountId, owner_hotkey: AccountId) -> (), EmissionError;
    /// Pays a fee; for the epoch contract.
    emission.pay_fee as pay_fee(netuid: NetUid, epoch: u32, fee: Fee, payee: AccountId, amount: Rao) -> (), EmissionError;
    /// Releases a retired subnet's share.
    emission.release as release(netuid: NetUid) -> Rao, EmissionError;
    /// Carries a budget over; for the epoch contract.
    emission.carry as carry(netuid: NetUid, epoch: u32) -> Rao, EmissionError;
    /// Sets weights.
    epoch.set_weights as set_weights_by(netuid: NetUid, uids: Vec<Uid>, weights: Vec<u16>, version_key: u64) -> (), EpochError;
    /// Commits to weights.
    epoch.commit_weights as commit_weights(netuid: NetUid, epoch: u32, hash: Digest) -> (), EpochError;
    /// Reveals weights.
    epoch.reveal_weights as reveal_weights(netuid: NetUid, hotkey: AccountId, uids: Vec<Uid>, weights: Vec<u16>, salt: Vec<u8>, version_key: u64) -> (), EpochError;
    /// Makes several weight calls at once.
    epoch.batch as batch(calls: Vec<WeightsCall>) -> Vec<Result<(), EpochError>>, EpochError;
    /// Deposits collateral.
    epoch.deposit_collateral as deposit_collateral(amount: Rao) -> (), EpochError;
    /// Withdraws free collateral.
    epoch.withdraw_collateral as withdraw_collateral(amount: Rao) -> (), EpochError;
    /// Closes the open epoch.
    epoch.close as close(netuid: NetUid) -> Option<EpochHeader>, EpochError;
    /// Stakes pay that is owed to neurons.
    epoch.collect as collect(netuid: NetUid, uids: Vec<Uid>) -> Rao, EpochError;
    /// Stakes pay that is owed to a hotkey whose neuron was replaced.
    epoch.collect_left as collect_left(netuid: NetUid, hotkey: AccountId) -> Rao, EpochError;
    /// Executes steps of the closed epoch.
    epoch.replay as replay(netuid: NetUid, steps: u32, memory: Vec<Vec<u8>>) -> u32, EpochError;
    /// Stores stakes of a chunk of the closed epoch.
    epoch.gather as gather(netuid: NetUid, chunk: u16, count: u16) -> u16, EpochError;
    /// Rolls the closed epoch over.
    epoch.roll_over as roll_over(netuid: NetUid) -> Rao, EpochError;
}

#[allow(
    clippy::missing_errors_doc,
    reason = "see the messages' own documentation"
)]
impl Caller<'_> {
    /// Registers a hotkey, which agrees to belong to the caller if that is all that is missing.
    #[track_caller]
    pub fn register(
        self,
        netuid: NetUid,
        hotkey: AccountId,
        max_price: Rao,
    ) -> Result<Uid, RegistryError> {
        self.agreed(hotkey, |it| {
            it.register_signed(netuid, hotkey, max_price, None)
        })
    }

    /// Replaces a neuron's hotkey by `new`, which agrees if that is all that is missing.
    #[track_caller]
    pub fn swap_hotkey(
        self,
        netuid: NetUid,
        hotkey: AccountId,
        new: AccountId,
    ) -> Result<(), RegistryError> {
        self.agreed(new, |it| it.swap_hotkey_signed(netuid, hotkey, new, None))
    }

    /// Creates a subnet. `owner_hotkey` agrees if that is all that is missing.
    #[allow(clippy::too_many_arguments, reason = "the message's arguments")]
    #[track_caller]
    pub fn create_subnet(
        self,
        name: String,
        owner_hotkey: AccountId,
        kernel: AccountId,
        tempo: u32,
        max_uids: u16,
        max_validators: u16,
        max_price: Rao,
    ) -> Result<NetUid, RegistryError> {
        self.agreed(owner_hotkey, |it| {
            it.create_subnet_signed(
                name.clone(),
                owner_hotkey,
                kernel,
                tempo,
                max_uids,
                max_validators,
                max_price,
                None,
            )
        })
    }

    /// Accepts a subnet. `owner_hotkey` agrees if that is all that is missing.
    #[track_caller]
    pub fn accept_subnet(
        self,
        netuid: NetUid,
        owner_hotkey: AccountId,
    ) -> Result<(), RegistryError> {
        self.agreed(owner_hotkey, |it| {
            it.accept_subnet_signed(netuid, owner_hotkey, None)
        })
    }

    /// Makes a call. If it is refused because `hotkey` has not agreed, lets the hotkey agree to
    /// belong to the caller, and makes the call again.
    #[track_caller]
    fn agreed<T>(
        self,
        hotkey: AccountId,
        call: impl Fn(Caller<'_>) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let Self { net, who } = self;
        match call(net.as_(who)) {
            Err(RegistryError::NotAgreed) => {
                net.as_(hotkey).agree(Some(who)).expect("no owner");
                call(net.as_(who))
            }
            answer => answer,
        }
    }

    /// Transfers TAO.
    pub fn transfer(self, to: AccountId, amount: Rao) -> Result<(), PSP22Error> {
        let message = self
            .net
            .addresses
            .psp22()
            .transfer(to, amount.to_u128(), Vec::new());
        self.send(message)
    }

    /// Sets weights, as a client of version 0.
    pub fn set_weights(
        self,
        netuid: NetUid,
        uids: Vec<Uid>,
        weights: Vec<u16>,
    ) -> Result<(), EpochError> {
        self.set_weights_by(netuid, uids, weights, 0)
    }

    /// Mints TAO; for the emission contract.
    pub fn mint(self, amount: Rao) -> Result<(), PSP22Error> {
        let mut token = contracts::psp22_mintable(self.net.addresses.token);
        self.send(token.mint(amount.to_u128()))
    }

    /// Burns TAO.
    pub fn burn(self, amount: u128) -> Result<(), PSP22Error> {
        let mut token = contracts::psp22_burnable(self.net.addresses.token);
        self.send(token.burn(amount))
    }

    /// Posts an assertion.
    pub fn propose(self, netuid: NetUid, assertion: &Assertion) -> Result<(), EpochError> {
        let message = self
            .net
            .addresses
            .epoch()
            .propose(netuid, assertion.clone());
        self.send(message)
    }

    /// Disputes a step of an asserted epoch.
    pub fn dispute(self, netuid: NetUid, k: u32, proof: &StepProof) -> Result<(), EpochError> {
        let message = self.net.addresses.epoch().dispute(netuid, k, proof.clone());
        self.send(message)
    }

    /// Finalizes an asserted epoch.
    pub fn finalize(self, netuid: NetUid, assertion: &Assertion) -> Result<(), EpochError> {
        let message = self
            .net
            .addresses
            .epoch()
            .finalize(netuid, assertion.clone());
        self.send(message)
    }

    /// Settles a chunk of a final epoch, with the memory of the honest computation or the replay.
    pub fn settle(
        self,
        netuid: NetUid,
        epoch: u32,
        chunk: u16,
        results: &[NeuronResult],
    ) -> Result<Rao, EpochError> {
        let memory = self.net.left_memory(netuid, epoch).unwrap_or_default();
        let memory = memory.into_iter().nth(usize::from(chunk));
        self.settle_with(netuid, epoch, chunk, results, memory.unwrap_or_default())
    }

    /// Settles a chunk of a final epoch.
    pub fn settle_with(
        self,
        netuid: NetUid,
        epoch: u32,
        chunk: u16,
        results: &[NeuronResult],
        memory: Vec<u8>,
    ) -> Result<Rao, EpochError> {
        self.settle_some((netuid, epoch, chunk), results, memory, PAGE)
    }

    /// Settles a chunk of a final epoch, at most `most` neurons.
    pub fn settle_some(
        self,
        (netuid, epoch, chunk): (NetUid, u32, u16),
        results: &[NeuronResult],
        memory: Vec<u8>,
        most: u16,
    ) -> Result<Rao, EpochError> {
        let outcome = FinalChunk {
            chunk,
            results: results.to_vec(),
            memory,
        };
        self.settle_chunks(netuid, epoch, vec![outcome], most)
    }

    /// Settles chunks of a final epoch together.
    pub fn settle_chunks(
        self,
        netuid: NetUid,
        epoch: u32,
        chunks: Vec<FinalChunk>,
        most: u16,
    ) -> Result<Rao, EpochError> {
        let mut contract = self.net.addresses.epoch();
        let message = contract.settle(netuid, epoch, chunks, most);
        self.send(message)
    }

    /// Calls `Epochs::finalize_and_settle` for whole chunks.
    #[track_caller]
    pub fn finalize_and_settle(
        self,
        netuid: NetUid,
        epoch: u32,
        assertion: &Assertion,
        chunks: Vec<FinalChunk>,
    ) -> Result<Rao, EpochError> {
        let mut contract = self.net.addresses.epoch();
        let assertion = assertion.clone();
        let message = contract.finalize_and_settle(netuid, epoch, assertion, chunks, PAGE);
        self.send(message)
    }

    /// Sends a message to any contract. Returns its answer.
    ///
    /// # Panics
    /// If the chain does not carry it out.
    #[track_caller]
    pub fn send<R: Decode>(self, message: impl Into<Message<R>>) -> R {
        let message = message.into();
        self.net.weigh(self.who, message.to, &message.input);
        match self.net.chain.send(self.who, message) {
            Ok(sent) => {
                assert!(
                    fits_block(&sent.cost),
                    "no block holds this: {:?}",
                    sent.cost
                );
                self.net.spent.add(&sent.cost);
                self.net.record(&sent.events);
                sent.value
            }
            Err(error) => panic!("{error}"),
        }
    }
}
