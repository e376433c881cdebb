//! Governance: holders of staked TAO decide about the network's rules and its treasury.
//!
//! The contract is the registry's admin and the treasury's owner. No key stands above it, and
//! nothing calls it: no epoch waits for any of its states.
//!
//! # Key terms
//! - **Proposal**: up to eight typed actions, executed all or none.
//! - **Track**: delays and thresholds. It follows from the actions.
//! - **Snapshot**: the root epoch at whose end stake counts. Stake counts if it was there for that
//!   whole root epoch, so stake of a loan does not.
//! - **Ballot**: a vote of an account. It counts the smaller of the stake then and now.
//! - **Proxy**: the account that votes with a coldkey's stake unless the coldkey votes itself.
//! - **Recount**: counts the stake of others again. Anyone may call.
//! - **Approval**: ayes of ayes and nays. **Support**: ayes of the electorate.
//! - **Confirmation**: a time for which a proposal must pass without interruption.
//! - **Guard**: members that can hold and veto for a limited time, and brake.
//!
//! # Modules
//! - `proposal`: the record of a proposal, and its state at a block
//! - `ballots`: counting, so that no rao votes twice
//! - `guard`: members, consents, vetoes
//! - `places`: limits of proposals at once
//! - `small_spending`: the limit of small spending
//! - `checks`: sizes, tracks and values of proposals
//! - `objects`: the objects that actions stop
//! - `calls`: calls to other contracts
//! - this file: the contract. A message makes calls, lets a component apply rules to its state, and
//!   emits events.
//!
//! # Invariants
//! - At any time each rao of a snapshot counts at most once.
//! - An approved proposal has passed at every block of its confirmation.
//! - A proposal is executed at most once, not before its delay is over, not after its window, and
//!   with the digest that was voted on.
//! - A failed execution changes nothing.
//! - The TAO balance of this contract is at least the deposits that it holds.
#![cfg_attr(not(feature = "std"), no_std, no_main)]
#![deny(unsafe_code)]

mod ballots;
mod calls;
mod checks;
mod guard;
mod objects;
mod places;
mod proposal;
mod small_spending;

pub use self::governance::{GovernanceContract, GovernanceContractRef};

// ink! generates the only unsafe code: pointers to message functions.
#[allow(unsafe_code)]
#[ink::contract]
mod governance {
    use crate::{
        ballots::Ballots,
        calls, checks,
        guard::{is_sound, Guards},
        objects::{object, Object},
        places::{Places, MOST_DRAFTS},
        proposal::{Confirmation, End, Fate, Proposal, Schedule},
        small_spending::{is_small, SmallSpending},
    };
    use core::cmp::Ordering;
    use ink::{
        codegen::TraitCallBuilder,
        prelude::{vec, vec::Vec},
        scale::Encode,
        storage::{traits::ManualKey, Mapping},
    };
    use inktensor_primitives::{
        done,
        governance::{
            Action, Ballot, Body, Cancelled, Choice, ConfirmBegan, ConfirmLost, Consented,
            DepositPaid, DepositPut, Ended, Executed, Governance, GovernanceDeployError,
            GovernanceError, GovernancePeers, GovernanceTerms, GuardAct, GuardSet, GuardView,
            LeadBegan, NewGuard, NewProposal, ProposalMade, ProposalView, Recounted, RolesAccepted,
            Skipped, State, Tally, Track, TrackField, TrackRules, TrackSet, Voted, DAY,
            MAX_RECOUNTS, MAX_SWEPT,
        },
        hash::{blake2, Preimage, Tag},
        registry::Registry,
        staking::Standing,
        treasury::Treasury,
        Digest, Rao, Tao,
    };

    /// Longest time in which only proposals of a guard are taken by the slowest tracks.
    const LONGEST_TRAINING: u32 = 180 * DAY;
    /// Part of a deposit with which a draft begins.
    const LEAST_PART: u64 = 10;
    /// Part of a deposit that a draft costs.
    const DRAFT_FEE_PART: u64 = 100;
    /// `ref_time` that making a raw call takes itself, rounded up.
    const CALL_REF_TIME: u64 = 2_000_000_000;

    /// The governance contract.
    #[ink(storage)]
    pub struct GovernanceContract {
        peers: GovernancePeers,
        electorate_floor: Rao,
        opens_at: u32,
        /// Number of proposals ever made.
        count: u32,
        /// Sum of the deposits that are held.
        held: Rao,
        small: SmallSpending,
        guards: Guards,
        places: Places,
        ballots: Ballots,
        /// Rules of tracks that differ from the default ones.
        tracks: Mapping<Track, TrackRules, ManualKey<0x474F_5605>>,
        records: Mapping<u32, Proposal, ManualKey<0x474F_5606>>,
        bodies: Mapping<u32, Body, ManualKey<0x474F_5607>>,
        /// Parts of deposits.
        deposits: Mapping<(u32, AccountId), Rao, ManualKey<0x474F_5608>>,
    }

    impl GovernanceContract {
        /// Deploys governance for the contracts of a network. It has no role until those who have
        /// the roles offer them, and anyone calls `accept_roles`.
        ///
        /// # Errors
        /// `PeersNotDistinct`, `OpensTooLate`, `BadGuard`, `NoStaking`, `NoTreasury`.
        #[ink(constructor)]
        pub fn new(
            peers: GovernancePeers,
            terms: GovernanceTerms,
        ) -> Result<Self, GovernanceDeployError> {
            if !peers.are_distinct() {
                return Err(GovernanceDeployError::PeersNotDistinct);
            }
            if terms.opens_after > LONGEST_TRAINING {
                return Err(GovernanceDeployError::OpensTooLate(LONGEST_TRAINING));
            }
            if terms.guard.as_ref().is_some_and(|guard| !is_sound(guard)) {
                return Err(GovernanceDeployError::BadGuard);
            }
            if !calls::staking_answers(&peers) {
                return Err(GovernanceDeployError::NoStaking);
            }
            if !calls::treasury_answers(&peers) {
                return Err(GovernanceDeployError::NoTreasury);
            }
            let now = Self::env().block_number();
            let mut guards = Guards::default();
            if let Some(guard) = terms.guard {
                let appointed = guards.appoint(guard, now);
                appointed.map_err(|_| GovernanceDeployError::BadGuard)?;
            }
            Ok(Self {
                peers,
                electorate_floor: terms.electorate_floor,
                opens_at: now.saturating_add(terms.opens_after),
                count: 0,
                held: Rao::ZERO,
                small: SmallSpending::default(),
                guards,
                places: Places::default(),
                ballots: Ballots::default(),
                tracks: Mapping::new(),
                records: Mapping::new(),
                bodies: Mapping::new(),
                deposits: Mapping::new(),
            })
        }

        fn now(&self) -> u32 {
            self.env().block_number()
        }

        const fn tao(&self) -> Tao {
            Tao(self.peers.token)
        }

        fn record(&self, id: u32) -> Result<Proposal, GovernanceError> {
            let record = self.records.get(id);
            record.ok_or(GovernanceError::UnknownProposal(id))
        }

        fn rules(&self, track: Track) -> TrackRules {
            let set = self.tracks.get(track);
            set.unwrap_or_else(|| track.default_rules())
        }

        fn has_place(&self, id: u32, now: u32) -> bool {
            self.records.get(id).is_some_and(|it| it.has_place(now))
        }

        fn is_draft(&self, id: u32, now: u32) -> bool {
            let record = self.records.get(id);
            record.is_some_and(|it| matches!(it.state(now), State::Draft(_)))
        }

        fn is_open(&self, id: u32, now: u32) -> bool {
            self.records.get(id).is_some_and(|it| it.is_open(now))
        }

        /// Checks the actions of a proposal. Returns its track, and the number of the object that
        /// each action stops.
        fn check_actions(&self, actions: &[Action]) -> Result<(Track, Vec<u32>), GovernanceError> {
            let own = self.env().account_id();
            let mut objects = Vec::with_capacity(actions.len());
            for (number, action) in (0..).zip(actions) {
                checks::values(number, action, own, &self.peers)?;
                self.check_on_chain(number, action)?;
                objects.push(match self.object(action)? {
                    Object::None => 0,
                    Object::Is(object) => object,
                    Object::Gone => return Err(GovernanceError::BadAction(number)),
                });
            }
            let spends = checks::spends(actions)?;
            let is_small = spends.is_zero() || is_small(spends, calls::free(&self.peers)?);
            Ok((checks::track(actions, is_small)?, objects))
        }

        /// Returns the object of an action now.
        fn object(&self, action: &Action) -> Result<Object, GovernanceError> {
            let now = self.now();
            object(action, &self.peers, now, |action| match action {
                Action::Cancel(id) => {
                    let is_final = self.record(*id)?.state(now).is_final();
                    Ok((!is_final).then_some(*id))
                }
                _ => Ok(self.guards.view(now).map(|it| it.number)),
            })
        }

        /// Checks that a track takes a proposal of these actions yet.
        fn check_open(&self, track: Track, actions: &[Action]) -> Result<(), GovernanceError> {
            let waits = matches!(track, Track::SpendLarge | Track::Constitution);
            let sets_guard = |action: &Action| matches!(action, Action::SetGuard(_));
            if waits && self.now() < self.opens_at && !actions.iter().all(sets_guard) {
                return Err(GovernanceError::NotOpenYet(self.opens_at));
            }
            Ok(())
        }

        /// Checks an action against the chain.
        fn check_on_chain(&self, number: u16, action: &Action) -> Result<(), GovernanceError> {
            let is_possible = match action {
                Action::SetHyperparameter(netuid, _) => {
                    let registry = calls::registry(&self.peers);
                    netuid.0 <= calls::value(registry.call().subnets().try_invoke())?
                }
                Action::AllowKernel {
                    kernel, code_hash, ..
                } => self.has_code(*kernel, code_hash),
                Action::SetTrack(track, rules) => return self.check_order(*track, rules),
                Action::Cancel(id) => self.record(*id)?.track != Track::Stop,
                Action::Raw(call) if !self.has_code(call.target, &call.code_hash) => {
                    return Err(GovernanceError::OtherCode);
                }
                _ => true,
            };
            if is_possible {
                Ok(())
            } else {
                Err(GovernanceError::BadAction(number))
            }
        }

        /// Checks that new rules of a track are no easier than those of an easier track, and no
        /// harder than those of a harder one.
        fn check_order(&self, track: Track, rules: &TrackRules) -> Result<(), GovernanceError> {
            let is_in_order = |other: Track| {
                let others = self.rules(other);
                match other.cmp(&track) {
                    // Actions that stop stand alone.
                    _ if [track, other].contains(&Track::Stop) => true,
                    Ordering::Less => others.is_at_most(rules),
                    Ordering::Equal => true,
                    Ordering::Greater => rules.is_at_most(&others),
                }
            };
            if Track::ALL.into_iter().all(is_in_order) {
                Ok(())
            } else {
                Err(GovernanceError::BadTrackRules(TrackField::Order))
            }
        }

        fn has_code(&self, address: AccountId, code_hash: &Digest) -> bool {
            let found = self.env().code_hash(&address);
            found.is_ok_and(|found| found.as_ref() == code_hash)
        }

        /// Returns the digest of proposal `id` of the caller.
        fn digest(&self, id: u32, proposal: &NewProposal) -> Digest {
            let own = self.env().account_id();
            let proposer = self.env().caller();
            Preimage::new(Tag::Proposal, 512)
                .fixed(own.as_ref())
                .u32(id)
                .fixed(proposer.as_ref())
                .bytes(&proposal.encode())
                .digest()
        }

        /// Takes `amount` of the caller's TAO as a part of a deposit. Begins the lead of a proposal
        /// whose deposit is complete.
        fn put(
            &mut self,
            id: u32,
            record: &mut Proposal,
            amount: Rao,
        ) -> Result<(), GovernanceError> {
            let (from, now) = (self.env().caller(), self.now());
            let add = |sum: Rao| sum.checked_add(amount).ok_or(GovernanceError::Overflow);
            let part = add(self.deposits.get((id, from)).unwrap_or_default())?;
            self.deposits.insert((id, from), &part);
            record.put = add(record.put)?;
            self.held = add(self.held)?;
            if record.put >= record.rules.deposit {
                let Schedule { snapshot, start } = record.begin(now)?;
                let (track, most) = (record.track, record.rules.places);
                let mut places = core::mem::take(&mut self.places);
                places.take((track, false), id, most, |other| self.has_place(other, now))?;
                self.places = places;
                self.env().emit_event(LeadBegan {
                    id,
                    snapshot,
                    voting_from: start,
                });
            }
            self.records.insert(id, record);
            self.tao().collect(from, self.env().account_id(), amount)?;
            self.env().emit_event(DepositPut { id, from, amount });
            Ok(())
        }

        /// Counts accounts of a proposal whose votes are counted now. Returns the last ballot.
        fn count_all(
            &mut self,
            id: u32,
            record: &mut Proposal,
            accounts: Vec<AccountId>,
            choice: Option<Choice>,
        ) -> Result<Ballot, GovernanceError> {
            let (Some(schedule), now) = (record.schedule, self.now()) else {
                return Err(GovernanceError::NotVoting);
            };
            if !record.state(now).is_voting() {
                return Err(GovernanceError::NotVoting);
            }
            let (standings, electorate) =
                calls::standings(&self.peers, accounts.clone(), schedule.snapshot)?;
            record.electorate = Some(electorate);
            let mut tally = record.tally;
            let mut last = Ballot::default();
            for (account, standing) in accounts.into_iter().zip(standings) {
                let has_votes = !standing.own.is_zero() || !standing.others.is_zero();
                if choice.is_some() && !has_votes {
                    return Err(GovernanceError::NoVotes);
                }
                if has_votes {
                    (last, tally) = self.count_one(id, account, &standing, choice, tally)?;
                }
            }
            let confirmation = record.count(tally, now);
            self.records.insert(id, record);
            match confirmation {
                Confirmation::Same => {}
                Confirmation::Began(at) => self.env().emit_event(ConfirmBegan { id, at }),
                Confirmation::Lost => self.env().emit_event(ConfirmLost { id }),
            }
            Ok(last)
        }

        fn count_one(
            &mut self,
            id: u32,
            account: AccountId,
            standing: &Standing,
            choice: Option<Choice>,
            tally: Tally,
        ) -> Result<(Ballot, Tally), GovernanceError> {
            let before = self.ballots.get(id, account).unwrap_or_default();
            let (ballot, tally) = self.ballots.count(id, account, standing, choice, tally)?;
            match choice {
                Some(choice) => self.env().emit_event(Voted {
                    id,
                    account,
                    choice,
                    weight: ballot.weight(),
                }),
                None if before != ballot => self.env().emit_event(Recounted {
                    id,
                    account,
                    own: ballot.own,
                }),
                None => {}
            }
            Ok((ballot, tally))
        }

        /// Does one action of a proposal.
        fn perform(&mut self, action: Action, now: u32) -> Result<(), GovernanceError> {
            let mut registry = calls::registry(&self.peers);
            let mut treasury = calls::treasury(&self.peers);
            match action {
                Action::SetHyperparameter(netuid, value) => {
                    let call = registry.call_mut().set_hyperparameter(netuid, value);
                    calls::answer(call.try_invoke())
                }
                Action::AllowKernel {
                    kernel,
                    code_hash,
                    defaults,
                } => {
                    let call = registry
                        .call_mut()
                        .allow_kernel(kernel, code_hash, defaults);
                    calls::answer(call.try_invoke())
                }
                Action::RetireKernel(kernel) => {
                    calls::answer(registry.call_mut().retire_kernel(kernel).try_invoke())
                }
                // All changes of rules are one announcement: see `change_rules`.
                Action::ChangeRule(_) => Ok(()),
                Action::Pay { to, amount } => {
                    calls::answer(treasury.call_mut().pay(to, amount).try_invoke())
                }
                Action::OpenStream(stream) => {
                    calls::answer(treasury.call_mut().open_stream(stream).try_invoke()).map(drop)
                }
                Action::OpenBudget(budget) => {
                    calls::answer(treasury.call_mut().open_budget(budget).try_invoke()).map(drop)
                }
                Action::Revoke(id) => {
                    calls::answer(treasury.call_mut().revoke(id).try_invoke()).map(drop)
                }
                Action::Rescue { token, to, amount } => {
                    calls::answer(treasury.call_mut().rescue(token, to, amount).try_invoke())
                }
                Action::SetTrack(track, rules) => {
                    self.check_order(track, &rules)?;
                    self.tracks.insert(track, &rules);
                    self.env().emit_event(TrackSet { track, rules });
                    Ok(())
                }
                Action::SetGuard(guard) => self.appoint(guard, now),
                Action::OfferRoles(to) => {
                    calls::answer(registry.call_mut().offer_admin(Some(to)).try_invoke())?;
                    calls::answer(treasury.call_mut().offer_owner(Some(to)).try_invoke())
                }
                Action::CloseDown(successor) => {
                    calls::answer(registry.call_mut().close_down(successor).try_invoke())
                }
                Action::CancelCloseDown => {
                    calls::answer(registry.call_mut().cancel_close_down().try_invoke())
                }
                Action::CancelRules => {
                    calls::answer(registry.call_mut().cancel_network_rules().try_invoke())
                }
                Action::Cancel(id) => self.cancel(id, now),
                Action::LiftBrake => calls::answer(registry.call_mut().brake(now).try_invoke()),
                Action::DismissGuard => {
                    self.guards.dismiss();
                    self.env().emit_event(GuardSet { guard: None });
                    Ok(())
                }
                Action::Raw(call) => {
                    if !self.has_code(call.target, &call.code_hash) {
                        return Err(GovernanceError::OtherCode);
                    }
                    // A lower limit would be no error of the call, but its end within the target.
                    let least = call.ref_time.saturating_add(CALL_REF_TIME);
                    if self.env().gas_left() < least {
                        return Err(GovernanceError::NeedsRefTime(call.ref_time));
                    }
                    calls::raw(&call)
                }
                Action::WithdrawOffers => self.withdraw_offers(),
                Action::WithdrawKernel(kernel) => {
                    calls::answer(registry.call_mut().retire_kernel(kernel).try_invoke())
                }
            }
        }

        /// Withdraws the offers of the roles that governance has.
        fn withdraw_offers(&self) -> Result<(), GovernanceError> {
            let own = self.env().account_id();
            let mut registry = calls::registry(&self.peers);
            let mut treasury = calls::treasury(&self.peers);
            if calls::value(registry.call().admin().try_invoke())? == own {
                calls::answer(registry.call_mut().offer_admin(None).try_invoke())?;
            }
            if calls::value(treasury.call().owner().try_invoke())? == own {
                calls::answer(treasury.call_mut().offer_owner(None).try_invoke())?;
            }
            Ok(())
        }

        /// Announces all changes of rules among `actions` together: an announcement replaces the
        /// former one, so it must have its changes too.
        fn change_rules(&self, actions: &[Action]) -> Result<(), GovernanceError> {
            let changes = actions.iter().filter_map(|action| match action {
                Action::ChangeRule(rule) => Some(*rule),
                _ => None,
            });
            let mut changes = changes.peekable();
            if changes.peek().is_none() {
                return Ok(());
            }
            let mut registry = calls::registry(&self.peers);
            let announced = calls::value(registry.call().announced_rules().try_invoke())?;
            let rules = match announced {
                Some(announced) => announced.rules,
                None => calls::value(registry.call().network_rules().try_invoke())?,
            };
            let rules = changes.fold(rules, |rules, change| change.applied_to(rules));
            calls::answer(registry.call_mut().set_network_rules(rules).try_invoke())
        }

        fn appoint(&mut self, guard: NewGuard, now: u32) -> Result<(), GovernanceError> {
            self.guards.appoint(guard.clone(), now)?;
            self.env().emit_event(GuardSet { guard: Some(guard) });
            Ok(())
        }

        fn cancel(&mut self, id: u32, now: u32) -> Result<(), GovernanceError> {
            let mut target = self.record(id)?;
            if target.state(now).is_final() {
                return Err(GovernanceError::Final);
            }
            target.finish(End::Cancelled, now);
            self.records.insert(id, &target);
            self.env().emit_event(Cancelled { id });
            Ok(())
        }

        /// Ends a proposal on behalf of the caller.
        fn end(&mut self, id: u32, mut record: Proposal, end: End) {
            record.finish(end, self.now());
            self.records.insert(id, &record);
            let by = self.env().caller();
            self.env().emit_event(Ended { id, by });
        }

        /// Pays `amount` of the deposits of a proposal.
        fn pay_deposit(
            &mut self,
            id: u32,
            to: AccountId,
            amount: Rao,
        ) -> Result<(), GovernanceError> {
            let rest = self.held.checked_sub(amount);
            self.held = rest.ok_or(GovernanceError::Overflow)?;
            self.tao().send(to, amount)?;
            self.env().emit_event(DepositPaid { id, to, amount });
            Ok(())
        }

        /// Checks that the guard may do this to what it names.
        fn check_guard_act(&self, act: GuardAct, now: u32) -> Result<(), GovernanceError> {
            match act {
                GuardAct::Hold(id) => self.record(id)?.hold(now),
                GuardAct::Veto(id) => self.record(id)?.ensure_in_reach(now),
                GuardAct::Brake(_) => Ok(()),
            }
        }

        fn do_guard_act(&mut self, act: GuardAct, now: u32) -> Result<(), GovernanceError> {
            match act {
                GuardAct::Hold(id) => {
                    let mut record = self.record(id)?;
                    record.hold(now)?;
                    self.records.insert(id, &record);
                    Ok(())
                }
                GuardAct::Veto(id) => {
                    let mut record = self.record(id)?;
                    record.finish(End::Vetoed, now);
                    self.records.insert(id, &record);
                    Ok(())
                }
                GuardAct::Brake(until) => {
                    let mut registry = calls::registry(&self.peers);
                    calls::answer(registry.call_mut().brake(until).try_invoke())
                }
            }
        }
    }

    impl Governance for GovernanceContract {
        /// Makes a proposal, and puts `deposit` rao of the caller's TAO. Returns its number.
        ///
        /// Approve the amount for this contract first. With the whole deposit of the track the lead
        /// begins at once; with at least a tenth of it the proposal is a draft, and others can put
        /// the rest within 14 days by `back`. A draft costs a hundredth of the deposit besides,
        /// which goes to the treasury. An account has at most two proposals that are open.
        ///
        /// # Events
        /// `ProposalMade`, `DepositPut`, and `LeadBegan` with the whole deposit.
        ///
        /// # Errors
        /// `TooManyActions`, `BadText`, `BadAction`, `BadTarget`, `BadTrackRules`, `BadGuard`,
        /// `OtherCode`, `MixedTracks`, `UnknownProposal`, `NotVetoed`, `NotOpenYet`,
        /// `TooManyProposals`, `DepositTooSmall`, `NoPlace`, `NoSnapshot`, `Payment`,
        /// `PeerUnavailable`.
        #[ink(message)]
        fn propose(&mut self, proposal: NewProposal, deposit: Rao) -> Result<u32, GovernanceError> {
            checks::sizes(&proposal)?;
            let (proposer, now, id) = (self.env().caller(), self.now(), self.count);
            let (mut track, objects) = self.check_actions(&proposal.actions)?;
            self.check_open(track, &proposal.actions)?;
            if let Some(after) = proposal.after {
                self.record(after)?;
            }
            let actions_hash = blake2(&proposal.actions.encode());
            if let Some(vetoed) = proposal.overriding {
                let vetoed = self.record(vetoed)?;
                let is_vetoed = vetoed.state(now) == State::Vetoed;
                if !is_vetoed || vetoed.actions_hash != actions_hash {
                    return Err(GovernanceError::NotVetoed);
                }
                track = Track::Constitution;
            }
            let rules = self.rules(track);
            let mut places = core::mem::take(&mut self.places);
            places.take_for(proposer, id, |other| self.is_open(other, now))?;
            let least = Rao(rules.deposit.0.div_ceil(LEAST_PART));
            if deposit < least {
                return Err(GovernanceError::DepositTooSmall(least));
            }
            let is_draft = deposit < rules.deposit;
            if is_draft {
                let list = (track, true);
                places.take(list, id, MOST_DRAFTS, |other| self.is_draft(other, now))?;
            }
            self.places = places;
            let digest = self.digest(id, &proposal);
            let mut record = Proposal {
                proposer,
                track,
                rules,
                is_immune: proposal.overriding.is_some(),
                digest,
                actions_hash,
                made_at: now,
                put: Rao::ZERO,
                schedule: None,
                electorate: None,
                floor: self.electorate_floor,
                tally: Tally::default(),
                counted_at: now,
                confirming: None,
                held_until: None,
                after: proposal.after,
                end: None,
            };
            self.count = id.checked_add(1).ok_or(GovernanceError::Overflow)?;
            let title = proposal.title.clone();
            let body = Body {
                actions: proposal.actions,
                objects,
                title: proposal.title,
                link: proposal.link,
                text_hash: proposal.text_hash,
            };
            self.bodies.insert(id, &body);
            self.env().emit_event(ProposalMade {
                id,
                proposer,
                track,
                digest,
                title,
            });
            self.put(id, &mut record, deposit.min(rules.deposit))?;
            if is_draft {
                let fee = Rao(rules.deposit.0.div_ceil(DRAFT_FEE_PART));
                self.tao().collect(proposer, self.peers.treasury, fee)?;
            }
            Ok(id)
        }

        /// Adds at most `amount` rao of the caller's TAO to the deposit of a draft. Returns the
        /// part that was missing and taken, in rao.
        ///
        /// # Events
        /// `DepositPut`, and `LeadBegan` if the deposit is complete.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotADraft`, `DepositTooSmall` for zero, `NoPlace`, `NoSnapshot`,
        /// `Payment`.
        #[ink(message)]
        fn back(&mut self, id: u32, amount: Rao) -> Result<Rao, GovernanceError> {
            let mut record = self.record(id)?;
            if !matches!(record.state(self.now()), State::Draft(_)) {
                return Err(GovernanceError::NotADraft);
            }
            if amount.is_zero() {
                return Err(GovernanceError::DepositTooSmall(Rao(1)));
            }
            let missing = Rao(record.rules.deposit.0.saturating_sub(record.put.0));
            let part = amount.min(missing);
            self.put(id, &mut record, part)?;
            Ok(part)
        }

        /// Withdraws the caller's draft. A proposal whose deposit is complete is decided by votes.
        ///
        /// # Events
        /// `Ended`.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotProposer`, `NotADraft`.
        #[ink(message)]
        fn withdraw(&mut self, id: u32) -> Result<(), GovernanceError> {
            let record = self.record(id)?;
            if record.proposer != self.env().caller() {
                return Err(GovernanceError::NotProposer);
            }
            if !matches!(record.state(self.now()), State::Draft(_)) {
                return Err(GovernanceError::NotADraft);
            }
            self.end(id, record, End::Withdrawn);
            done(())
        }

        /// Votes with the caller's stake, and with that of the coldkeys whose proxy the caller was
        /// at the snapshot, as far as they do not vote themselves. Replaces an earlier vote.
        /// Returns the votes in rao.
        ///
        /// # Events
        /// `Voted`, `ConfirmBegan`, `ConfirmLost`.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotVoting`, `NoVotes`, `Staking`.
        #[ink(message)]
        fn vote(&mut self, id: u32, choice: Choice) -> Result<Rao, GovernanceError> {
            let mut record = self.record(id)?;
            let accounts = vec![self.env().caller()];
            let ballot = self.count_all(id, &mut record, accounts, Some(choice))?;
            done(ballot.weight())
        }

        /// Counts the stake of `accounts` again, at most 32: what has left since the snapshot does
        /// not count, for the account's own vote and for that of its proxy. Anyone may call.
        ///
        /// # Events
        /// `Recounted` for each account whose votes changed, `ConfirmBegan`, `ConfirmLost`.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotVoting`, `TooMany`, `Staking`.
        #[ink(message)]
        fn recount(&mut self, id: u32, accounts: Vec<AccountId>) -> Result<(), GovernanceError> {
            if accounts.len() > MAX_RECOUNTS {
                let most = u16::try_from(MAX_RECOUNTS).unwrap_or(u16::MAX);
                return Err(GovernanceError::TooMany(most));
            }
            let mut record = self.record(id)?;
            self.count_all(id, &mut record, accounts, None)?;
            done(())
        }

        /// Closes a proposal that nearly all votes are against, so that its place is free. Anyone
        /// may call, after a quarter of the time to decide and at least two days; after one day for
        /// a proposal that stops.
        ///
        /// # Events
        /// `Ended`.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotVoting`, `NotRejectable`.
        #[ink(message)]
        fn close(&mut self, id: u32) -> Result<(), GovernanceError> {
            let record = self.record(id)?;
            record.ensure_rejectable(self.now())?;
            self.end(id, record, End::Closed);
            done(())
        }

        /// Executes all actions of a proposal that is ready, or none. Anyone may call. If one
        /// action fails, nothing changes, and the proposal stays ready until its window is over.
        ///
        /// An action that stops something which is over, or another one than when it was proposed,
        /// is skipped: another account cannot undo a proposal by ending its object before. In a
        /// proposal that spends, the end of a grant is not skipped, but fails.
        ///
        /// # Events
        /// `Executed`, `Skipped` for each action that was skipped, and those of the actions.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotReady`, `After`, and the errors of the actions.
        #[ink(message)]
        fn execute(&mut self, id: u32) -> Result<(), GovernanceError> {
            let now = self.now();
            let mut record = self.record(id)?;
            if !matches!(record.state(now), State::Ready(_)) {
                return Err(GovernanceError::NotReady);
            }
            if let Some(after) = record.after {
                if !self.record(after)?.state(now).is_final() {
                    return Err(GovernanceError::After(after));
                }
            }
            let body = self.bodies.get(id);
            let Body {
                actions, objects, ..
            } = body.ok_or(GovernanceError::UnknownProposal(id))?;
            record.finish(End::Executed, now);
            self.records.insert(id, &record);
            let spends = checks::spends(&actions)?;
            if !spends.is_zero() && record.track < Track::SpendLarge {
                let free = calls::free(&self.peers)?;
                self.small.spend(spends, now, free)?;
            }
            self.change_rules(&actions)?;
            for (number, (action, noted)) in (0..).zip(actions.into_iter().zip(objects)) {
                if self.object(&action)?.is_still(&action, noted) {
                    self.perform(action, now)?;
                } else if matches!(action, Action::Revoke(_)) && !spends.is_zero() {
                    // Its end may pay for what the proposal spends.
                    return Err(GovernanceError::BadAction(number));
                } else {
                    let action = number;
                    self.env().emit_event(Skipped { id, action });
                }
            }
            let by = self.env().caller();
            let digest = record.digest;
            self.env().emit_event(Executed { id, digest, by });
            Ok(())
        }

        /// Pays the caller's part of a deposit back. Returns the amount in rao.
        ///
        /// A deposit is returned once the proposal is approved, or has ended without that: not if
        /// it was closed, and not if it was rejected or cancelled with less than a fifth of the
        /// votes.
        ///
        /// # Events
        /// `DepositPaid`.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotReturned`, `Payment`.
        #[ink(message)]
        fn reclaim(&mut self, id: u32) -> Result<Rao, GovernanceError> {
            let record = self.record(id)?;
            if record.fate(self.now()) != Fate::Returned {
                return Err(GovernanceError::NotReturned);
            }
            let to = self.env().caller();
            let part = self.deposits.take((id, to));
            let part = part.ok_or(GovernanceError::NotReturned)?;
            self.pay_deposit(id, to, part)?;
            Ok(part)
        }

        /// Pays a deposit that is lost to the treasury. Anyone may call. Returns the amount in rao.
        ///
        /// # Events
        /// `DepositPaid`.
        ///
        /// # Errors
        /// `UnknownProposal`, `NotForfeited`, `Payment`.
        #[ink(message)]
        fn forfeit(&mut self, id: u32) -> Result<Rao, GovernanceError> {
            let mut record = self.record(id)?;
            let amount = record.put;
            if record.fate(self.now()) != Fate::Lost || amount.is_zero() {
                return Err(GovernanceError::NotForfeited);
            }
            record.put = Rao::ZERO;
            self.records.insert(id, &record);
            self.pay_deposit(id, self.peers.treasury, amount)?;
            Ok(amount)
        }

        /// Frees the ballots of `accounts`, at most 64, on a proposal that is over. Anyone may
        /// call, and receives the storage deposit. Returns the number of ballots.
        ///
        /// # Errors
        /// `UnknownProposal`, `TooMany`, `NotFinal`.
        #[ink(message)]
        fn sweep(&mut self, id: u32, accounts: Vec<AccountId>) -> Result<u32, GovernanceError> {
            if accounts.len() > MAX_SWEPT {
                let most = u16::try_from(MAX_SWEPT).unwrap_or(u16::MAX);
                return Err(GovernanceError::TooMany(most));
            }
            if !self.record(id)?.state(self.now()).is_final() {
                return Err(GovernanceError::NotFinal);
            }
            let mut swept = 0u32;
            for account in accounts {
                if self.ballots.remove(id, account) {
                    swept = swept.saturating_add(1);
                }
            }
            done(swept)
        }

        /// Makes governance the registry's admin and the treasury's owner, as far as these roles
        /// are offered to it. Anyone may call.
        ///
        /// # Events
        /// `RolesAccepted`.
        ///
        /// # Errors
        /// `NothingOffered`, `Registry`, `Treasury`, `PeerUnavailable`.
        #[ink(message)]
        fn accept_roles(&mut self) -> Result<(), GovernanceError> {
            let own = Some(self.env().account_id());
            let mut registry = calls::registry(&self.peers);
            let mut treasury = calls::treasury(&self.peers);
            let admin = calls::value(registry.call().offered_admin().try_invoke())? == own;
            let owner = calls::value(treasury.call().offered_owner().try_invoke())? == own;
            if !admin && !owner {
                return Err(GovernanceError::NothingOffered);
            }
            if admin {
                calls::answer(registry.call_mut().accept_admin().try_invoke())?;
            }
            if owner {
                calls::answer(treasury.call_mut().accept_owner().try_invoke())?;
            }
            self.env().emit_event(RolesAccepted { admin, owner });
            done(())
        }

        /// Consents to an act of the guard. Members only. The act is done when enough members have
        /// consented within seven days. Returns true if it was.
        ///
        /// # Events
        /// `Consented`.
        ///
        /// # Errors
        /// `NotGuard`, `AlreadyConsented`, `UnknownProposal`, `BeyondGuard`, `NoVeto`, `Registry`.
        #[ink(message)]
        fn consent(&mut self, act: GuardAct) -> Result<bool, GovernanceError> {
            let (member, now) = (self.env().caller(), self.now());
            let done = self.guards.consent(member, act, now)?;
            self.check_guard_act(act, now)?;
            if done {
                self.do_guard_act(act, now)?;
            }
            self.env().emit_event(Consented { member, act, done });
            Ok(done)
        }

        /// Returns the number of proposals ever made. Numbers run from 0.
        #[ink(message)]
        fn proposals(&self) -> u32 {
            self.count
        }

        /// Returns a proposal.
        #[ink(message)]
        fn proposal(&self, id: u32) -> Option<ProposalView> {
            let record = self.records.get(id)?;
            Some(record.view(id, self.now()))
        }

        /// Returns actions, title and link of a proposal.
        #[ink(message)]
        fn body(&self, id: u32) -> Option<Body> {
            self.bodies.get(id)
        }

        /// Returns the ballot of an account. Absent if the account was not counted.
        #[ink(message)]
        fn ballot(&self, id: u32, account: AccountId) -> Option<Ballot> {
            self.ballots.get(id, account)
        }

        /// Returns the part of a proposal's deposit that `account` has put and not reclaimed, in
        /// rao.
        #[ink(message)]
        fn deposit(&self, id: u32, account: AccountId) -> Rao {
            self.deposits.get((id, account)).unwrap_or_default()
        }

        /// Returns the rules of a track for new proposals.
        #[ink(message)]
        fn track(&self, track: Track) -> TrackRules {
            self.rules(track)
        }

        /// Returns the numbers of the proposals that have, or had last, the places of a track.
        #[ink(message)]
        fn places(&self, track: Track) -> Vec<u32> {
            self.places.of(track)
        }

        /// Returns the guard, unless there is no guard or its term is over.
        #[ink(message)]
        fn guard(&self) -> Option<GuardView> {
            self.guards.view(self.now())
        }

        /// Returns the members that have consented to an act within seven days.
        #[ink(message)]
        fn consents(&self, act: GuardAct) -> Vec<AccountId> {
            self.guards.consents(act, self.now())
        }

        /// Returns the least electorate that support is measured by, in rao. It never changes.
        #[ink(message)]
        fn electorate_floor(&self) -> Rao {
            self.electorate_floor
        }

        /// Returns the block from which all tracks take proposals. It never changes.
        #[ink(message)]
        fn opens_at(&self) -> u32 {
            self.opens_at
        }

        /// Returns the deposits that this contract holds, in rao. Its balance is at least this
        /// amount.
        #[ink(message)]
        fn held(&self) -> Rao {
            self.held
        }

        /// Returns the amount that small proposals may take out of the treasury now, in rao.
        #[ink(message)]
        fn small_left(&self) -> Rao {
            let free = calls::free(&self.peers).unwrap_or_default();
            self.small.left(self.now(), free)
        }

        /// Returns the contracts that governance governs.
        #[ink(message)]
        fn peers(&self) -> GovernancePeers {
            self.peers
        }
    }
}
