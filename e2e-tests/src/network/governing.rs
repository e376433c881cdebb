//! A network that its holders govern: deployment, proposals and votes by real calls.

use crate::{accounts::*, network::config, Caller, Network};
use inktensor_client::{
    chain::Typed,
    deploy::{Config, Governing},
};
use inktensor_primitives::{
    governance::{
        Action, Ballot, Choice, Governance, GovernanceError, GovernanceTerms, GuardAct, NewGuard,
        NewProposal, ProposalView, State, Track, DAY,
    },
    staking::ROOT_EPOCH,
    treasury::{Treasury, TreasuryError},
    AccountId, NetUid, Rao,
};

/// The members of the guard.
pub const GUARDS: [AccountId; 3] = [named("guard-a"), named("guard-b"), named("guard-c")];

/// Returns the default configuration with governance, and with a guard of two of three.
pub fn governed_config() -> Config {
    Config {
        governance: Some(GovernanceTerms {
            electorate_floor: Rao::from_tao(100),
            opens_after: 0,
            guard: Some(NewGuard {
                members: GUARDS.to_vec(),
                threshold: 2,
                term: 360 * DAY,
                vetoes: 4,
            }),
        }),
        ..config()
    }
}

/// Returns a proposal of these actions.
pub fn proposal(actions: Vec<Action>) -> NewProposal {
    NewProposal {
        actions,
        title: "a change".into(),
        link: String::new(),
        text_hash: [0; 32],
        after: None,
        overriding: None,
    }
}

impl Network {
    /// Returns the addresses of treasury and governance.
    ///
    /// # Panics
    /// If the network is not governed.
    pub fn governing(&self) -> Governing {
        self.addresses.governing.expect("a governed network")
    }

    /// Returns a proposal.
    pub fn proposal(&self, id: u32) -> ProposalView {
        let found = self.chain.query(self.governing().governance().proposal(id));
        found.expect("the chain answers").expect("a proposal")
    }

    /// Returns the state of a proposal.
    pub fn proposal_state(&self, id: u32) -> State {
        self.proposal(id).state
    }

    /// Returns the ballot of an account.
    pub fn ballot(&self, id: u32, account: AccountId) -> Option<Ballot> {
        let found = self
            .chain
            .query(self.governing().governance().ballot(id, account));
        found.expect("the chain answers")
    }

    /// Returns ayes and nays of a proposal, in whole TAO.
    pub fn votes(&self, id: u32) -> (u64, u64) {
        let tally = self.proposal(id).tally;
        (tally.ayes.0 / Rao::PER_TAO, tally.nays.0 / Rao::PER_TAO)
    }

    /// Makes a proposal of `who` with the whole deposit of its track, paid by the bank.
    #[track_caller]
    pub fn make_proposal(&mut self, who: AccountId, proposal: NewProposal) -> u32 {
        let deposit = Rao::from_tao(2_000);
        let governance = self.governing().governance;
        self.provide(who, governance, deposit);
        self.as_(who)
            .propose_change(proposal, deposit)
            .expect("proposed")
    }

    /// Waits until votes on a proposal are counted.
    #[track_caller]
    pub fn await_voting(&mut self, id: u32) {
        if let State::Lead(from) = self.proposal_state(id) {
            self.advance_to(from);
        }
        assert!(self.proposal_state(id).is_voting(), "votes are counted");
    }

    /// Waits until a proposal that passes is ready.
    #[track_caller]
    pub fn await_ready(&mut self, id: u32) {
        for _ in 0..3 {
            match self.proposal_state(id) {
                State::Confirming(at) | State::Queued(at) => self.advance_to(at),
                _ => break,
            }
        }
        let state = self.proposal_state(id);
        assert!(matches!(state, State::Ready(_)), "{state:?}");
    }

    /// Waits until stake that is there now has votes: for a whole root epoch.
    pub fn await_votes(&mut self) {
        self.advance_to((self.block() / ROOT_EPOCH + 2) * ROOT_EPOCH);
    }

    /// Pays the bank's TAO into the treasury.
    pub fn endow(&mut self, amount: Rao) {
        let treasury = self.governing().treasury;
        self.fund(treasury, amount);
    }

    /// Returns the free TAO of the treasury.
    pub fn treasury_free(&self) -> Rao {
        let found = self.chain.query(self.governing().treasury().free());
        found.expect("the chain answers")
    }

    /// Lets two members of the guard consent to an act.
    pub fn guard_does(&mut self, act: GuardAct) -> Result<bool, GovernanceError> {
        self.as_(GUARDS[0]).consent(act)?;
        self.as_(GUARDS[1]).consent(act)
    }

    /// Returns the rules of a track.
    pub fn track_rules(&self, track: Track) -> inktensor_primitives::governance::TrackRules {
        let found = self.chain.query(self.governing().governance().track(track));
        found.expect("the chain answers")
    }

    /// Stakes the bank's TAO of each account on root, on Alice's hotkey, and waits until it has
    /// votes.
    pub fn with_voters(&mut self, voters: &[(AccountId, u64)]) {
        for (who, tao) in voters {
            self.stake(NetUid::ROOT, *who, ALICE_HOTKEY, Rao::from_tao(*tao));
        }
        self.await_votes();
    }
}

/// One method per message of governance and of the treasury.
macro_rules! governing_calls {
    ($($(#[$doc:meta])* $contract:ident . $message:ident as $name:ident ($($arg:ident : $type:ty),*) -> $ok:ty, $error:ty;)+) => {
        impl Caller<'_> {
            $(
                $(#[$doc])*
                #[allow(clippy::missing_errors_doc, reason = "see the message's own documentation")]
                #[track_caller]
                pub fn $name(self $(, $arg: $type)*) -> Result<$ok, $error> {
                    let message = self.net.governing().$contract().$message($($arg),*);
                    self.send(message)
                }
            )+
        }
    };
}

governing_calls! {
    /// Makes a proposal.
    governance.propose as propose_change(proposal: NewProposal, deposit: Rao) -> u32, GovernanceError;
    /// Adds to the deposit of a draft.
    governance.back as back(id: u32, amount: Rao) -> Rao, GovernanceError;
    /// Withdraws a proposal.
    governance.withdraw as withdraw(id: u32) -> (), GovernanceError;
    /// Votes.
    governance.vote as vote(id: u32, choice: Choice) -> Rao, GovernanceError;
    /// Counts accounts again.
    governance.recount as recount(id: u32, accounts: Vec<AccountId>) -> (), GovernanceError;
    /// Closes a proposal early.
    governance.close as close_proposal(id: u32) -> (), GovernanceError;
    /// Executes a proposal.
    governance.execute as execute(id: u32) -> (), GovernanceError;
    /// Reclaims a part of a deposit.
    governance.reclaim as reclaim(id: u32) -> Rao, GovernanceError;
    /// Pays a lost deposit to the treasury.
    governance.forfeit as forfeit(id: u32) -> Rao, GovernanceError;
    /// Frees ballots.
    governance.sweep as sweep(id: u32, accounts: Vec<AccountId>) -> u32, GovernanceError;
    /// Accepts roles.
    governance.accept_roles as accept_roles() -> (), GovernanceError;
    /// Consents to an act of the guard.
    governance.consent as consent(act: GuardAct) -> bool, GovernanceError;
    /// Pays from the treasury; for its owner.
    treasury.pay as pay_from_treasury(to: AccountId, amount: Rao) -> (), TreasuryError;
    /// Offers the treasury; for its owner.
    treasury.offer_owner as offer_treasury(to: Option<AccountId>) -> (), TreasuryError;
    /// Accepts the treasury.
    treasury.accept_owner as accept_treasury() -> (), TreasuryError;
    /// Pays what has vested of a stream.
    treasury.claim as claim_stream(id: u32) -> Rao, TreasuryError;
    /// Pays from a budget; for its manager.
    treasury.draw as draw_budget(id: u32, to: AccountId, amount: Rao) -> (), TreasuryError;
}
