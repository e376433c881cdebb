//! Stake: coldkey -> hotkey -> subnet.
//!
//! The contract holds all staked TAO. A coldkey stakes on a hotkey on a subnet, and owns shares of
//! that hotkey's pool. Dividends arrive as stake: they raise the value of all shares. Pay that an
//! owner collects is a deposit like any other. Consensus reads the stake of closed epochs, so
//! values are stored by epoch.
//!
//! # Key terms
//! - **Position**: the stake of one coldkey on one hotkey on one subnet.
//! - **Pool**: all positions on one hotkey on one subnet. Its value is their stake.
//! - **Share**: a part of a pool. A position's shares are worth `value * shares / all shares` of
//!   the value without pending deposits, rounded down.
//! - **Pending deposit**: stake added in the open epoch. It neither weighs nor is paid.
//! - **Matured stake**: stake that was there when the epoch opened. It weighs.
//! - **Vest**: deposits become shares once the first epoch in which they weighed has closed, so
//!   that the pay of an epoch is for the stake that weighed in it.
//! - **Root stake**: stake on netuid 0. It counts on every subnet with `TAO_WEIGHT`, and matures by
//!   root epochs of `ROOT_EPOCH` blocks. Root dividends are no stake: they are paid block by block,
//!   and claimed.
//! - **Own stake**: the matured stake of a hotkey's pool on a subnet, and of its root stake.
//! - **Child, parent**: a hotkey (the parent) gives proportions of its own stake to children, as
//!   weight alone. A child shares its dividends with its parents.
//! - **Due**: dividends that a child has earned for a parent, until they are handed on.
//! - **Weight**: the stake that counts in consensus. Own stake, less the parts given to children,
//!   with the parts that parents give.
//! - **Take**: the share of dividends that the owner of a hotkey keeps.
//! - **Nomination**: a position of a coldkey that does not own the hotkey.
//!
//! # Modules
//! From the lowest layer to the highest. A module uses only lower ones.
//! - `history`: values by root epoch
//! - `pool`: a pool and its shares; deposits without shares
//! - `takes`: the take of a hotkey
//! - `root`: history and dividends of root stake; takes of hotkeys
//! - `votes`: what each coldkey has staked, by root epoch
//! - `stake`: positions, pools and sums in storage; deposits, withdrawals, transfers
//! - `children`: relations between hotkeys; weight
//! - `payout`: dividends of an epoch, dues of parents, and pay that owners collect
//! - `calls`: calls to the registry
//! - this file: the contract. A message makes calls, lets a component apply rules to its state, and
//!   emits events. Components know no environment: caller and block are parameters.
//!
//! # Invariants
//! - The value of a pool is at least the sum of its positions. Every rounding is in favour of the
//!   positions that stay.
//! - The stake of a subnet is the sum of its pools, and `total_stake` is the sum of all subnets and
//!   root.
//! - The token balance of this contract is `total_stake`, `root_unclaimed` and `dues` together. TAO
//!   that was sent here by a plain transfer is on top of that; it has no owner and stays.
//! - Stake, takes and children of a closed epoch never change. They can be read at least until the
//!   next epoch has closed, and root stake for `ROOT_EPOCHS_KEPT` root epochs.
//! - A stake that is added and removed within one epoch returns the same amount and weighs nowhere.
//! - No message raises a hotkey's weight in an epoch that is open, but for dividends that arrive.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod calls;
mod children;
mod history;
mod payout;
mod pool;
mod root;
mod stake;
mod takes;
mod votes;

#[cfg(test)]
mod tests;

pub use self::{
    stake::{PositionKey, MIN_STAKE},
    staking::{StakingContract, StakingContractRef},
    takes::DEFAULT_TAKE,
};

// Only the code that ink! generates needs it.
#[allow(unsafe_code)]
#[ink::contract]
mod staking {
    use crate::{
        calls::{Hotkeys, Peers},
        children::{ChildList, Children},
        history::root_epoch,
        payout::{hand_on, stake_pay, Distribution, HandedOver, Tally},
        stake::{least_remainder, Deposit, List, Moved, PositionKey, Removed, Stake, MIN_STAKE},
    };
    use ink::prelude::{vec, vec::Vec};
    use inktensor_primitives::{
        done, front_only,
        staking::{
            Child, ChildTakeSet, ChildrenSet, ChildrenView, Collected, Credited, Distributed,
            HandedOn, NominatorView, ParentAllowed, ParentView, Payment, PositionView, Proxy,
            ProxySet, RootClaimed, RootDividends, StakeAdded, StakeMoved, StakeRemoved, Staking,
            StakingDeployError, StakingError, StakingPeers, Standing, TakeInfo, TakeSet,
            MAX_PARENTS, MAX_STANDINGS,
        },
        tao::Tao,
        token::WireError,
        wiring::{Wired, Wiring},
        Bps, NetUid, Rao, PAGE,
    };

    /// The staking contract.
    #[ink(storage)]
    pub struct StakingContract {
        /// The token.
        tao: Tao,
        /// The registry: subnets and the owners of hotkeys.
        registry: Hotkeys,
        /// The contracts that distribute pay and open epochs.
        wiring: Wiring<Peers>,
        /// Positions, pools and root stake.
        pub(crate) stake: Stake,
        /// Children and parents of hotkeys.
        children: Children,
    }

    impl StakingContract {
        /// Deploys the contract for `token` and the hotkeys of `registry`. The caller may wire it,
        /// once.
        ///
        /// # Errors
        /// `NoToken`, `NoRegistry`.
        #[ink(constructor)]
        pub fn new(token: AccountId, registry: AccountId) -> Result<Self, StakingDeployError> {
            if !Tao(token).answers() {
                return Err(StakingDeployError::NoToken);
            }
            if !Hotkeys(registry).answers() {
                return Err(StakingDeployError::NoRegistry);
            }
            Ok(Self::deployed_by(Self::env().caller(), token, registry))
        }

        /// Returns the least amount that can be staked at once.
        #[ink(message)]
        pub fn min_stake(&self) -> Rao {
            MIN_STAKE
        }

        /// Returns the subnet's open epoch, or the root epoch of netuid 0.
        #[ink(message)]
        pub fn open_epoch(&self, netuid: NetUid) -> u32 {
            self.stake.clock(netuid, self.now()).open
        }

        /// Returns the contract without stake, as `deployer` deploys it.
        pub(crate) fn deployed_by(
            deployer: AccountId,
            token: AccountId,
            registry: AccountId,
        ) -> Self {
            Self {
                tao: Tao(token),
                registry: Hotkeys(registry),
                wiring: Wiring::by(deployer),
                stake: Stake::default(),
                children: Children::default(),
            }
        }

        /// Refuses every caller but the emission contract.
        fn only_emission(&self) -> Result<(), StakingError> {
            match self.wiring.peers() {
                Some(peers) if peers.emission == self.env().caller() => Ok(()),
                _ => Err(StakingError::NotEmission),
            }
        }

        fn now(&self) -> u32 {
            self.env().block_number()
        }

        /// Returns the caller's position on a hotkey.
        fn position(&self, netuid: NetUid, hotkey: AccountId) -> PositionKey {
            PositionKey {
                netuid,
                hotkey,
                coldkey: self.env().caller(),
            }
        }

        /// Returns the least stake that a withdrawal may leave in a position.
        fn least_remainder(&self, position: PositionKey) -> Result<Rao, StakingError> {
            let status = self.registry.status(position.netuid, position.hotkey)?;
            Ok(least_remainder(&status, position.coldkey))
        }

        fn emit_stake_removed(&self, position: PositionKey, amount: Rao) {
            let PositionKey {
                netuid,
                hotkey,
                coldkey,
            } = position;
            self.env().emit_event(StakeRemoved {
                netuid,
                coldkey,
                hotkey,
                amount,
            });
        }

        /// Emits the events of a position that was removed whole.
        fn emit_position_removed(&self, position: PositionKey, removed: Removed) {
            self.emit_stake_removed(position, removed.stake);
            self.emit_claimed(position, removed.dividends);
        }

        /// Emits `RootClaimed`, unless `amount` is zero.
        fn emit_claimed(&self, position: PositionKey, amount: Rao) {
            if !amount.is_zero() {
                self.env().emit_event(RootClaimed {
                    coldkey: position.coldkey,
                    hotkey: position.hotkey,
                    amount,
                });
            }
        }

        fn emit_handed_on(&self, netuid: NetUid, child: AccountId, over: HandedOver) {
            let HandedOver {
                parent,
                owner,
                staked,
                root,
                fee,
            } = over;
            self.env().emit_event(HandedOn {
                netuid,
                child,
                parent,
                coldkey: owner,
                amount: staked,
                root,
                fee,
            });
        }

        fn emit_moved(&self, (from, to): (PositionKey, PositionKey), moved: Moved) {
            self.env().emit_event(StakeMoved {
                netuid: from.netuid,
                hotkey: from.hotkey,
                coldkey: from.coldkey,
                to_netuid: to.netuid,
                to_hotkey: to.hotkey,
                to_coldkey: to.coldkey,
                amount: moved.amount,
                forgoes: moved.forgoes,
            });
        }
    }

    impl Staking for StakingContract {
        /// Stakes `amount` rao of the caller's TAO on `hotkey`.
        ///
        /// Approve the amount for this contract first. The stake weighs and earns from the next
        /// epoch on, and from the first one if the subnet has not started. Stake on root, netuid 0,
        /// counts on every subnet with 5.27 %, after a whole root epoch of 7 200 blocks; its
        /// dividends are claimed with `claim_root`.
        ///
        /// # Events
        /// `StakeAdded`.
        ///
        /// # Errors
        /// `TooLittle` for an amount below the least stake, `Braked`, `UnknownSubnet`,
        /// `UnknownHotkey`, `TooLittle` for a position below the least nomination, `Payment`.
        #[ink(message)]
        fn add_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            amount: Rao,
        ) -> Result<(), StakingError> {
            let deposit = Deposit::of(amount)?;
            let position = self.position(netuid, hotkey);
            let status = self.registry.status(netuid, hotkey)?;
            if let Some(until) = status.braked_until {
                return Err(StakingError::Braked(until));
            }
            let added = self.stake.add(position, deposit, &status, self.now())?;
            let coldkey = position.coldkey;
            self.tao.collect(coldkey, self.env().account_id(), amount)?;
            self.env().emit_event(StakeAdded {
                netuid,
                coldkey,
                hotkey,
                amount,
                weighs_from: added.weighs_from,
            });
            Ok(())
        }

        /// Removes `amount` rao of the caller's stake on `hotkey` and pays it to the caller.
        ///
        /// A remainder below the least nomination on a hotkey of another owner is paid too; the
        /// event has the sum. Shares are rounded up, so that other positions never lose.
        ///
        /// # Events
        /// `StakeRemoved`.
        ///
        /// # Errors
        /// `TooLittle` for zero, `NotEnoughStake`, `Payment`.
        #[ink(message)]
        fn remove_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            amount: Rao,
        ) -> Result<(), StakingError> {
            if amount.is_zero() {
                return Err(StakingError::TooLittle(Rao(1)));
            }
            let position = self.position(netuid, hotkey);
            // Refused before the call to the registry.
            let now = self.now();
            self.stake.ensure_at_least(position, amount, now)?;
            let least = self.least_remainder(position)?;
            let removed = self.stake.remove(position, Some(amount), least, now)?;
            self.tao.send(position.coldkey, removed.amount)?;
            self.emit_stake_removed(position, removed.amount);
            Ok(())
        }

        /// Removes all of the caller's stake on `hotkey`, on root with the root dividends, and pays
        /// it to the caller. Returns the amount in rao.
        ///
        /// # Events
        /// `StakeRemoved`, `RootClaimed`.
        ///
        /// # Errors
        /// `NotEnoughStake` if there is no stake, `Payment`.
        #[ink(message)]
        fn remove_all_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
        ) -> Result<Rao, StakingError> {
            let position = self.position(netuid, hotkey);
            let removed = self.stake.remove_all(position, self.now())?;
            self.emit_position_removed(position, removed);
            let amount = removed.total()?;
            self.tao.send(position.coldkey, amount)?;
            Ok(amount)
        }

        /// Removes the caller's stake from at most `limit` positions, newest first, and pays it to
        /// the caller. `limit` is `1 ..= 64`. Positions on root are paid with their root
        /// dividends.
        ///
        /// Returns the amount in rao, and the number of positions that are left. Call again while
        /// there are any.
        ///
        /// # Events
        /// `StakeRemoved` and `RootClaimed` for each position.
        ///
        /// # Errors
        /// `TooMany`, `NotEnoughStake` if there is no stake, `Payment`.
        #[ink(message)]
        fn unstake_all(&mut self, limit: u16) -> Result<(Rao, u32), StakingError> {
            if !(1..=PAGE).contains(&limit) {
                return Err(StakingError::TooMany(PAGE));
            }
            let coldkey = self.env().caller();
            let positions = List::Coldkey(coldkey);
            let mut left = self.stake.count(positions);
            if left == 0 {
                return Err(StakingError::NotEnoughStake(Rao::ZERO));
            }
            let now = self.now();
            let (mut sum, mut counted) = (Rao::ZERO, Rao::ZERO);
            for _ in 0..limit {
                let Some(position) = self.stake.last(positions, left) else {
                    break;
                };
                let removed = self.stake.remove_all_but_votes(position, now)?;
                self.emit_position_removed(position, removed);
                let votes = counted.checked_add(removed.counted);
                counted = votes.ok_or(StakingError::Overflow)?;
                let amount = removed.total()?;
                sum = sum.checked_add(amount).ok_or(StakingError::Overflow)?;
                left = self.stake.count(positions);
            }
            // Once for all positions, since each time reads and writes two or three cells.
            self.stake.record_vote(coldkey, (counted, Rao::ZERO), now)?;
            self.tao.send(coldkey, sum)?;
            Ok((sum, left))
        }

        /// Moves `amount` rao of the caller's stake, or all of it, to another hotkey, another
        /// subnet, or both. Pays no TAO.
        ///
        /// Returns the amount in rao. A remainder below the least nomination moves too. The stake
        /// weighs in its new place from the next epoch there on. Stake that weighed in its former
        /// place forgoes the pay of the epoch that is open there, and of the one before if that is
        /// not settled.
        ///
        /// # Events
        /// `StakeMoved`.
        ///
        /// # Errors
        /// `SamePosition`, `NotEnoughStake`, `TooLittle`; `UnknownSubnet`, `UnknownHotkey` and
        /// `TooLittle` for the destination.
        #[ink(message)]
        fn move_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            to_netuid: NetUid,
            to_hotkey: AccountId,
            amount: Option<Rao>,
        ) -> Result<Rao, StakingError> {
            let from = self.position(netuid, hotkey);
            let to = self.position(to_netuid, to_hotkey);
            if from == to {
                return Err(StakingError::SamePosition);
            }
            let status = self.registry.status(to_netuid, to_hotkey)?;
            let least = match amount {
                Some(_) => self.least_remainder(from)?,
                None => Rao::ZERO,
            };
            let now = self.now();
            let moved = self
                .stake
                .transfer((from, to), amount, least, &status, now)?;
            self.emit_moved((from, to), moved);
            Ok(moved.amount)
        }

        /// Transfers `amount` rao of the caller's stake on `hotkey`, or all of it, to another
        /// coldkey, as stake on the same hotkey. The subnet's owner can turn transfers off.
        ///
        /// Returns the amount in rao. A remainder below the least nomination is transferred too.
        /// The stake keeps its shares: it weighs and is paid as if it had always been the
        /// other coldkey's.
        ///
        /// # Events
        /// `StakeMoved`.
        ///
        /// # Errors
        /// `SamePosition`, `TransfersOff`, `NotEnoughStake`, `TooLittle`; `UnknownSubnet`,
        /// `UnknownHotkey` and `TooLittle` for the destination.
        #[ink(message)]
        fn transfer_stake(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            to: AccountId,
            amount: Option<Rao>,
        ) -> Result<Rao, StakingError> {
            let from = self.position(netuid, hotkey);
            let to = PositionKey {
                coldkey: to,
                ..from
            };
            if from == to {
                return Err(StakingError::SamePosition);
            }
            let status = self.registry.status(netuid, hotkey)?;
            if status.subnet_exists && !status.transfers {
                return Err(StakingError::TransfersOff);
            }
            let now = self.now();
            let amount = self.stake.give(from, to.coldkey, amount, &status, now)?;
            let forgoes = Rao::ZERO;
            self.emit_moved((from, to), Moved { amount, forgoes });
            Ok(amount)
        }

        /// Pays the root dividends of the caller's root stake on `hotkey` to the caller. Returns
        /// the amount in rao.
        ///
        /// # Events
        /// `RootClaimed`.
        ///
        /// # Errors
        /// `NothingToClaim`, `Payment`.
        #[ink(message)]
        fn claim_root(&mut self, hotkey: AccountId) -> Result<Rao, StakingError> {
            let position = self.position(NetUid::ROOT, hotkey);
            let amount = self.stake.claim_dividends(position, self.now())?;
            if amount.is_zero() {
                return Err(StakingError::NothingToClaim);
            }
            self.emit_claimed(position, amount);
            self.tao.send(position.coldkey, amount)?;
            Ok(amount)
        }

        /// Sets the take of `hotkey`: the part of its dividends that the owner keeps, in basis
        /// points. The hotkey's owner only.
        ///
        /// The take counts for epochs that open after this block. Lowering the take is possible at
        /// any time. Raising requires 216 000 blocks since the last change.
        ///
        /// # Events
        /// `TakeSet`.
        ///
        /// # Errors
        /// `TakeAbove`, `TakeTooSoon`, `NotHotkeyOwner`.
        #[ink(message)]
        fn set_take(&mut self, hotkey: AccountId, take: Bps) -> Result<(), StakingError> {
            self.stake.set_take(hotkey, take, self.now())?;
            self.registry.ensure_owner(hotkey, self.env().caller())?;
            self.env().emit_event(TakeSet { hotkey, take });
            Ok(())
        }

        /// Sets the children of `hotkey` on a subnet, in place of the former ones. The hotkey's
        /// owner only.
        ///
        /// Each child weighs with its proportion of the hotkey's own stake, and shares the
        /// dividends with the hotkey. The list counts from the first epoch that opens more
        /// than 7 200 blocks later; before the subnet's first close the list counts at
        /// once. A child of another owner must have allowed the parent with `allow_parent`.
        ///
        /// # Events
        /// `ChildrenSet`.
        ///
        /// # Errors
        /// `TooManyChildren`, `BadChild`, `TooMuchGiven`, `UnknownSubnet`, `NotHotkeyOwner`,
        /// `Cycle`, `UnknownHotkey`, `NotAccepted`, `TooManyParents`, `ChildrenTooSoon`.
        #[ink(message)]
        fn set_children(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            children: Vec<Child>,
        ) -> Result<(), StakingError> {
            let list = ChildList::of(&hotkey, children.clone())?;
            let (registry, owner) = (self.registry, self.env().caller());
            registry.ensure_owner_on(netuid, hotkey, owner)?;
            let clock = self.stake.clock(netuid, self.now());
            let owner_of = |child| Ok(registry.status(netuid, child)?.owner);
            let now = self.now();
            let (stake, key) = (&mut self.stake, (netuid, hotkey));
            let after = self
                .children
                .set(stake, key, &list, owner, &clock, now, owner_of)?;
            self.env().emit_event(ChildrenSet {
                netuid,
                hotkey,
                children,
                after,
            });
            Ok(())
        }

        /// Allows `parent`, a hotkey of another owner, to have the caller's hotkey `child` as a
        /// child on a subnet, or withdraws the permission. The child's owner only.
        ///
        /// A parent that has the child loses it with the first epoch that opens more than 7 200
        /// blocks later, as with a new list of children.
        ///
        /// # Events
        /// `ParentAllowed`.
        ///
        /// # Errors
        /// `NotHotkeyOwner`, `TooManyParents`.
        #[ink(message)]
        fn allow_parent(
            &mut self,
            netuid: NetUid,
            child: AccountId,
            parent: AccountId,
            allowed: bool,
        ) -> Result<(), StakingError> {
            self.registry.ensure_owner(child, self.env().caller())?;
            let now = self.now();
            let clock = self.stake.clock(netuid, now);
            let link = (child, parent);
            let after =
                self.children
                    .allow_parent(&mut self.stake, netuid, link, allowed, &clock, now)?;
            self.env().emit_event(ParentAllowed {
                netuid,
                child,
                parent,
                allowed,
                after,
            });
            Ok(())
        }

        /// Hands on the dividends that `child` has earned for `parents`, at most 8: they become
        /// stake of the parents' owners and stakers, and dividends of the parents' root stake.
        /// Anyone may call, and receives 0.25 % as TAO. Returns that fee in rao.
        ///
        /// Take and division are those of the paid epochs.
        ///
        /// # Events
        /// `HandedOn` for each parent with anything due.
        ///
        /// # Errors
        /// `TooMany`, `NothingDue`, `Payment`.
        #[ink(message)]
        fn hand_on(
            &mut self,
            netuid: NetUid,
            child: AccountId,
            parents: Vec<AccountId>,
        ) -> Result<Rao, StakingError> {
            if parents.len() > usize::from(MAX_PARENTS) {
                return Err(StakingError::TooMany(MAX_PARENTS));
            }
            let (caller, now) = (self.env().caller(), self.now());
            let (stake, children) = (&mut self.stake, &mut self.children);
            let handed = hand_on(stake, children, (netuid, child), &parents, now)?;
            if handed.is_empty() {
                return Err(StakingError::NothingDue);
            }
            let mut fees = Rao::ZERO;
            for over in handed {
                let sum = fees.checked_add(over.fee);
                fees = sum.ok_or(StakingError::Overflow)?;
                self.emit_handed_on(netuid, child, over);
            }
            self.tao.send(caller, fees)?;
            Ok(fees)
        }

        /// Sets the child take of `hotkey` on a subnet: the part that the hotkey keeps of dividends
        /// it earns for parents of other owners, in basis points. The hotkey's owner only.
        ///
        /// The child take is 0 at first, and changes and counts by the rules of `set_take`.
        ///
        /// # Events
        /// `ChildTakeSet`.
        ///
        /// # Errors
        /// `TakeAbove`, `TakeTooSoon`, `NotHotkeyOwner`.
        #[ink(message)]
        fn set_child_take(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            take: Bps,
        ) -> Result<(), StakingError> {
            let now = self.now();
            self.children
                .set_take(&mut self.stake, netuid, hotkey, take, now)?;
            self.registry.ensure_owner(hotkey, self.env().caller())?;
            self.env().emit_event(ChildTakeSet {
                netuid,
                hotkey,
                take,
            });
            Ok(())
        }

        /// Sets the account that votes with the caller's stake, or sets the stake aside. The caller
        /// may vote itself all the same; its own vote counts first.
        ///
        /// # Events
        /// `ProxySet`.
        ///
        /// # Errors
        /// `SelfProxy`.
        #[ink(message)]
        fn set_proxy(&mut self, proxy: Proxy) -> Result<(), StakingError> {
            let (coldkey, open) = (self.env().caller(), root_epoch(self.now()));
            self.stake.votes_mut().set_proxy(coldkey, proxy, open)?;
            self.env().emit_event(ProxySet { coldkey, proxy });
            Ok(())
        }

        /// Counts the stake that pay has added to a position, for votes: dividends, and pay that
        /// the owner has collected or that was handed on. Anyone may call; a deposit, a withdrawal
        /// or a transfer of stake does the same. Returns the amount that was not counted before,
        /// in rao.
        ///
        /// # Errors
        /// `Overflow`.
        #[ink(message)]
        fn count_vote(
            &mut self,
            netuid: NetUid,
            hotkey: AccountId,
            coldkey: AccountId,
        ) -> Result<Rao, StakingError> {
            let position = PositionKey {
                netuid,
                hotkey,
                coldkey,
            };
            self.stake.count_vote(position, self.now())
        }

        /// Returns the votes of each of `accounts`, at most 32, at the end of root epoch `epoch`,
        /// and all stake that could vote then, in rao.
        ///
        /// What votes was there when the root epoch began, on any hotkey and subnet, and stayed
        /// until its end.
        ///
        /// # Errors
        /// `TooMany`, `NotEnded`, `TooOld`.
        #[ink(message)]
        fn standings(
            &self,
            accounts: Vec<AccountId>,
            epoch: u32,
        ) -> Result<(Vec<Standing>, Rao), StakingError> {
            if accounts.len() > usize::from(MAX_STANDINGS) {
                return Err(StakingError::TooMany(MAX_STANDINGS));
            }
            let open = root_epoch(self.now());
            self.stake.votes().standings(&accounts, epoch, open)
        }

        /// Returns the stake of `coldkey` on `hotkey` in rao: the amount that removing all of it
        /// would pay, rounded down.
        #[ink(message)]
        fn stake(&self, netuid: NetUid, hotkey: AccountId, coldkey: AccountId) -> Rao {
            let position = PositionKey {
                netuid,
                hotkey,
                coldkey,
            };
            self.stake.worth(position, self.now())
        }

        /// Returns all stake on `hotkey` on a subnet in rao, of every coldkey. Children, parents
        /// and root stake are not counted.
        #[ink(message)]
        fn hotkey_stake(&self, netuid: NetUid, hotkey: AccountId) -> Rao {
            self.stake.on_hotkey(netuid, hotkey)
        }

        /// Returns all stake on a subnet in rao. Netuid 0 is all root stake.
        #[ink(message)]
        fn subnet_stake(&self, netuid: NetUid) -> Rao {
            self.stake.on_subnet(netuid)
        }

        /// Returns the stake in rao that weighed in the subnet's last closed epoch: all stake that
        /// was there from the opening to the close. The subnet shares in emission by it until the
        /// next close.
        #[ink(message)]
        fn matured_stake(&self, netuid: NetUid) -> Rao {
            self.stake.matured(netuid)
        }

        /// Returns all stake in this contract, in rao.
        #[ink(message)]
        fn total_stake(&self) -> Rao {
            self.stake.total()
        }

        /// Returns page `page` of the positions of `coldkey`, 64 a page from page 0 on, in no
        /// particular order.
        #[ink(message)]
        fn positions(&self, coldkey: AccountId, page: u32) -> Vec<PositionView> {
            self.stake.positions(coldkey, page, self.now())
        }

        /// Returns the number of positions of `coldkey`.
        #[ink(message)]
        fn position_count(&self, coldkey: AccountId) -> u32 {
            self.stake.count(List::Coldkey(coldkey))
        }

        /// Returns page `page` of the positions on `hotkey`, 64 a page from page 0 on, in no
        /// particular order.
        #[ink(message)]
        fn nominators(&self, hotkey: AccountId, page: u32) -> Vec<NominatorView> {
            self.stake.nominators(hotkey, page, self.now())
        }

        /// Returns the number of positions on `hotkey`, of every coldkey and subnet.
        #[ink(message)]
        fn nominator_count(&self, hotkey: AccountId) -> u32 {
            self.stake.count(List::Hotkey(hotkey))
        }

        /// Returns the take of `hotkey` in basis points: 1 800 before the owner sets another. An
        /// epoch is paid by the take that was set before the epoch opened.
        #[ink(message)]
        fn take(&self, hotkey: AccountId) -> Bps {
            self.stake.root().take(hotkey)
        }

        /// Returns the take of `hotkey` that `epoch` of a subnet is paid by, in basis points: the
        /// last one set before the epoch opened. For a later epoch, that is the present take.
        ///
        /// # Errors
        /// `TooOld` for an epoch before the last closed one.
        #[ink(message)]
        fn take_at(
            &self,
            netuid: NetUid,
            hotkey: AccountId,
            epoch: u32,
        ) -> Result<Bps, StakingError> {
            let clock = self.stake.clock(netuid, self.now());
            if epoch > clock.open {
                return Ok(self.stake.root().take(hotkey));
            }
            Ok(self
                .stake
                .root()
                .take_at(hotkey, clock.opening_block(epoch)?))
        }

        /// Returns the take of `hotkey`, and the first block at which it may be raised.
        #[ink(message)]
        fn take_info(&self, hotkey: AccountId) -> TakeInfo {
            self.stake.root().take_info(hotkey)
        }

        /// Returns the children of `hotkey` on a subnet.
        #[ink(message)]
        fn children(&self, netuid: NetUid, hotkey: AccountId) -> ChildrenView {
            let clock = self.stake.clock(netuid, self.now());
            self.children.children(netuid, hotkey, &clock)
        }

        /// Returns the parents of `hotkey` on a subnet, including allowed ones that delegate
        /// nothing yet, and former ones to which something is due.
        #[ink(message)]
        fn parents(&self, netuid: NetUid, hotkey: AccountId) -> Vec<ParentView> {
            let clock = self.stake.clock(netuid, self.now());
            self.children.parents(netuid, hotkey, &clock)
        }

        /// Returns the child take of `hotkey` on a subnet, and the first block at which it may be
        /// raised.
        #[ink(message)]
        fn child_take(&self, netuid: NetUid, hotkey: AccountId) -> TakeInfo {
            self.children.take(netuid, hotkey)
        }

        /// Returns the amount in rao that `claim_root` would pay `coldkey` now.
        #[ink(message)]
        fn root_claim(&self, hotkey: AccountId, coldkey: AccountId) -> Rao {
            let position = PositionKey {
                netuid: NetUid::ROOT,
                hotkey,
                coldkey,
            };
            self.stake.claimable_dividends(position, self.now())
        }

        /// Returns the root stake of `hotkey`, and the dividends that still flow to it.
        #[ink(message)]
        fn root_dividends(&self, hotkey: AccountId) -> RootDividends {
            self.stake.root().dividends(hotkey, self.now())
        }

        /// Returns all root dividends that are not claimed, in rao. The contract's balance is at
        /// least this amount plus `total_stake` and `dues`.
        #[ink(message)]
        fn root_unclaimed(&self) -> Rao {
            self.stake.root().unclaimed()
        }

        /// Returns all dividends that children have earned for parents and that are not handed on,
        /// in rao.
        #[ink(message)]
        fn dues(&self) -> Rao {
            self.children.dues()
        }

        /// Returns the stake that `hotkey` weighs with on a subnet at the end of `epoch` in rao, or
        /// now while the epoch is open. A later epoch is answered as if no stake changed until
        /// then.
        ///
        /// This is the hotkey's own stake, less the children's part, plus a part of each parent's
        /// stake. Root stake counts in the same way, with 5.27 %. Own stake is what was there when
        /// the epoch opened and has stayed. Root stake is what was there during the whole root
        /// epoch before the close.
        ///
        /// # Errors
        /// `TooOld`.
        #[ink(message)]
        fn stake_at(
            &self,
            netuid: NetUid,
            hotkey: AccountId,
            epoch: u32,
        ) -> Result<Rao, StakingError> {
            let clock = self.stake.clock(netuid, self.now());
            self.children
                .weight_at(&self.stake, netuid, hotkey, epoch, &clock)
        }

        /// Returns the stake that each of `hotkeys`, at most 64, weighs with on a subnet, as
        /// `stake_at` does. Called by the epoch contract.
        ///
        /// # Errors
        /// `TooMany`, `TooOld`.
        #[ink(message)]
        fn stakes_at(
            &self,
            netuid: NetUid,
            hotkeys: Vec<AccountId>,
            epoch: u32,
        ) -> Result<Vec<Rao>, StakingError> {
            front_only!();
            if hotkeys.len() > usize::from(PAGE) {
                return Err(StakingError::TooMany(PAGE));
            }
            let clock = self.stake.clock(netuid, self.now());
            let weight = |hotkey| {
                self.children
                    .weight_at(&self.stake, netuid, hotkey, epoch, &clock)
            };
            hotkeys.into_iter().map(weight).collect()
        }

        /// Returns true for a subnet that is not retired, and false for a retired one. Returns
        /// nothing if the subnet was never created, or the registry does not answer. Called
        /// by the emission contract.
        #[ink(message)]
        fn is_live(&self, netuid: NetUid) -> Option<bool> {
            self.registry.is_live(netuid)
        }

        /// Returns the contracts that this contract calls or is called by.
        #[ink(message)]
        fn peers(&self) -> StakingPeers {
            let peers = self.wiring.peers();
            StakingPeers {
                token: self.tao.0,
                registry: self.registry.0,
                emission: peers.map(|peers| peers.emission),
                epoch: peers.map(|peers| peers.epoch),
            }
        }

        /// Opens epoch `closing + 1` of a subnet, and returns the stake in rao that weighed in
        /// `closing`: the subnet shares in emission by it. Epoch contract only.
        ///
        /// # Errors
        /// `NotEpoch`.
        #[ink(message)]
        fn begin_epoch(&mut self, netuid: NetUid, closing: u32) -> Result<Rao, StakingError> {
            front_only!();
            match self.wiring.peers() {
                Some(peers) if peers.epoch == self.env().caller() => {}
                _ => return Err(StakingError::NotEpoch),
            }
            done(self.stake.begin_epoch(netuid, closing, self.now())?)
        }

        /// Credits dividends of `epoch` to the stakers of hotkeys, in order, as far as one call has
        /// room for. Emission contract only, which then mints the returned amount to this contract.
        ///
        /// What a hotkey has earned for its parents becomes due; `hand_on` credits it. The owner's
        /// part is not credited: it is returned, and the owner collects it.
        ///
        /// # Events
        /// `Distributed`.
        ///
        /// # Errors
        /// `NotEmission`, `TooOld`, `Overflow`.
        #[ink(message)]
        fn distribute(
            &mut self,
            netuid: NetUid,
            epoch: u32,
            payments: Vec<Payment>,
        ) -> Result<Credited, StakingError> {
            front_only!();
            self.only_emission()?;
            let now = self.now();
            let (stake, children) = (&mut self.stake, &mut self.children);
            let chunk = Distribution::new(stake, children, (netuid, epoch), now);
            let done = chunk.credit(&payments)?;
            let Tally {
                hotkeys, owners, ..
            } = done.tally;
            self.env().emit_event(Distributed {
                netuid,
                epoch,
                hotkeys,
                owners,
                dividends: done.tally.all_dividends()?,
                due: done.parts.due,
                root: done.parts.root,
            });
            Ok(Credited {
                owners: done.owners,
                amount: done.tally.amount()?,
            })
        }

        /// Stakes pay that owners collect, each on its own hotkey, and returns the sum in rao.
        /// Emission contract only, which mints that sum to this contract.
        ///
        /// The stake is a deposit of the open epoch, like any other.
        ///
        /// # Events
        /// `Collected`.
        ///
        /// # Errors
        /// `NotEmission`, `Overflow`.
        #[ink(message)]
        fn stake_pay(
            &mut self,
            netuid: NetUid,
            payments: Vec<Payment>,
        ) -> Result<Rao, StakingError> {
            front_only!();
            self.only_emission()?;
            let now = self.now();
            let sum = stake_pay(&mut self.stake, netuid, &payments, now)?;
            self.env().emit_event(Collected { netuid, payments });
            Ok(sum)
        }

        /// Names the emission and the epoch contract. Deployer only, once, during deployment.
        ///
        /// # Events
        /// `Wired`.
        ///
        /// # Errors
        /// `AlreadyWired`, `NotDeployer`.
        #[ink(message)]
        fn wire(&mut self, emission: AccountId, epoch: AccountId) -> Result<(), WireError> {
            let peers = Peers { emission, epoch };
            self.wiring.wire(self.env().caller(), peers)?;
            self.env().emit_event(Wired {
                peers: vec![emission, epoch],
            });
            Ok(())
        }
    }
}
