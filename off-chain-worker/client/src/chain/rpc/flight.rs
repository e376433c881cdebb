//! Transactions from their signature to their block.
//!
//! Several transactions of an account are signed with consecutive nonces and sent together, so that
//! one block can hold them all. Each is signed once, so it can be carried out only once, however
//! often it is sent. An urgent one may be signed again with the same nonce and a higher tip: a
//! block holds one of the two at most.
//!
//! No node's word is needed that a transaction is in a block: the blocks themselves are searched.
//! While one is in none, it is sent again, to a node that may not know it. Its outcome is unknown
//! only if no block has it in the end.

use super::{
    included::{search, Included, Search},
    link::{Connection, Link, Trouble},
    node::Node,
    nonces::{Choice, Nonces},
    payload::Payload,
    sign::{birth, fee, sign, Birth, Tips},
};
use crate::chain::{BlockId, ChainError};
use inktensor_primitives::{hash::blake2, Digest};
use std::time::{Duration, Instant};
use subxt::{
    rpcs::{Error as RpcError, UserError},
    utils::H256,
};
use subxt_signer::sr25519::Keypair;

/// Longest wait for a transaction's block, however short the timeout is: some blocks of twelve
/// seconds, and finality.
const INCLUSION: Duration = Duration::from_secs(90);
/// Time between the first searches of the blocks; it doubles up to [`RARELY`].
const OFTEN: Duration = Duration::from_millis(25);
/// Longest time between two searches.
const RARELY: Duration = Duration::from_millis(400);
/// Time without a block after which a transaction is sent again.
const AGAIN: Duration = Duration::from_secs(3);

/// A node's code for a transaction that it has already.
const KNOWN: i32 = 1013;
/// A node's code for a full pool.
const DROPPED: i32 = 1016;

/// The moment at which a transaction counts as carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Wait {
    /// In the best block, which may still be replaced: for callers that check again anyway
    #[default]
    Best,
    /// In a block that is final
    Finalized,
}

/// The terms of transactions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms<'a> {
    /// When they count as carried out.
    pub wait: Wait,
    /// Block without which they are not valid.
    pub after: Option<&'a BlockId>,
    /// Largest tip of urgent ones; `None` for others.
    pub urgency: Option<Urgency>,
}

/// The urgency of a transaction.
#[derive(Clone, Copy, Debug, Default)]
pub struct Urgency {
    /// Largest tip, if it is not the usual multiple of the fee.
    pub most_tip: Option<u128>,
}

/// A transaction on its way.
struct Flight<'a, P> {
    payload: &'a P,
    nonce: u64,
    birth: Birth,
    tips: Option<Tips>,
    /// The signed transaction, with each tip so far.
    versions: Vec<Vec<u8>>,
    state: State,
}

enum State {
    /// In no block. `refused` has the reason of the last node that did not take it again.
    Pending {
        refused: Option<String>,
    },
    /// In a block.
    Found(Included),
    /// In a block that is final, or good enough.
    Done(Included),
    Failed(ChainError),
}

/// A reason for which a node does not take a transaction.
enum Untaken {
    /// The node's answer.
    Refused(UserError),
    /// No answer.
    Lost,
}

/// Signs `payloads` with `key`, sends them together, and waits for their blocks. Returns the
/// outcome of each, in order.
pub fn carry_out<P: Payload>(
    chain: &Node,
    key: &Keypair,
    payloads: &[P],
    terms: &Terms<'_>,
) -> Vec<Result<Included, ChainError>> {
    if payloads.is_empty() {
        return Vec::new();
    }
    let link = chain.link();
    let mut flights = Vec::with_capacity(payloads.len());
    let sent = link.checked().and_then(|connection| {
        let nonces = Nonces::of(connection.genesis, link.addresses(), key.public_key().0);
        let departed = depart(
            chain,
            &connection,
            (key, &nonces),
            payloads,
            terms,
            &mut flights,
        );
        let mut journey = Journey {
            chain,
            connection,
            key,
            wait: terms.wait,
        };
        journey.end(&mut flights);
        for flight in &flights {
            nonces.forget(flight.nonce);
        }
        departed
    });
    let mut outcomes: Vec<_> = flights.into_iter().map(Flight::outcome).collect();
    if let Err(error) = sent {
        outcomes.push(Err(error));
    }
    while outcomes.len() < payloads.len() {
        let problem = "the transaction before it could not be sent";
        outcomes.push(Err(ChainError::NotSent(problem.into())));
    }
    outcomes.truncate(payloads.len());
    outcomes
}

/// Signs `payloads` with `key` and sends them together, without waiting for their blocks.
///
/// # Errors
/// If a node does not take one of them. Those before it stay.
pub fn send_off<P: Payload>(chain: &Node, key: &Keypair, payloads: &[P]) -> Result<(), ChainError> {
    let link = chain.link();
    let connection = link.checked()?;
    let nonces = Nonces::of(connection.genesis, link.addresses(), key.public_key().0);
    let (terms, mut flights) = (Terms::default(), Vec::with_capacity(payloads.len()));
    let signer = (key, &nonces);
    let departed = depart(chain, &connection, signer, payloads, &terms, &mut flights);
    // From here on the node counts them.
    for flight in &flights {
        nonces.forget(flight.nonce);
    }
    departed
}

/// Signs and sends transactions, with consecutive nonces. Adds those that a node may have to
/// `flights`, and returns an error if that is not all.
fn depart<'a, P: Payload>(
    chain: &Node,
    connection: &Connection,
    (key, nonces): (&Keypair, &Nonces),
    payloads: &'a [P],
    terms: &Terms<'_>,
    flights: &mut Vec<Flight<'a, P>>,
) -> Result<(), ChainError> {
    let link = chain.link();
    let account = key.public_key().to_account_id();
    // Nonces of a node arrive in order.
    let mut choice = nonces.choose();
    let prepared = link.run(async {
        let birth = birth(connection, terms.after).await?;
        let next = connection.rpc.system_account_next_index(&account).await?;
        Ok((birth, next))
    });
    let (birth, next) = prepared.map_err(|trouble| unsent(link, trouble))?;
    for payload in payloads {
        let mut flight = Flight {
            payload,
            nonce: choice.next(next),
            birth,
            tips: None,
            versions: Vec::new(),
            state: State::Pending { refused: None },
        };
        let taken = flight.depart(chain, connection, key, terms.urgency);
        let lost = land(&mut choice, &flight, taken)?;
        flights.push(flight);
        if lost {
            link.give_up();
            let problem = "the connection was lost before it was sent";
            return Err(ChainError::NotSent(problem.into()));
        }
    }
    Ok(())
}

/// Gives the nonce of a transaction back that no node has taken. Returns true if a node may have
/// it, and the connection is lost.
fn land<P>(
    choice: &mut Choice<'_>,
    flight: &Flight<'_, P>,
    taken: Result<(), Departure>,
) -> Result<bool, ChainError> {
    let error = match taken {
        Ok(()) => return Ok(false),
        Err(Departure::Untaken(Untaken::Lost)) => return Ok(true),
        Err(Departure::Untaken(Untaken::Refused(problem))) => refused(&reason(&problem)),
        Err(Departure::Unsigned(error)) => error,
    };
    choice.forget(flight.nonce);
    Err(error)
}

/// The failure of a departure.
enum Departure {
    /// The transaction cannot be signed: nothing was sent.
    Unsigned(ChainError),
    /// No node is known to have taken it.
    Untaken(Untaken),
}

impl<P: Payload> Flight<'_, P> {
    /// Signs the transaction for the first time, and sends it.
    fn depart(
        &mut self,
        chain: &Node,
        connection: &Connection,
        key: &Keypair,
        urgency: Option<Urgency>,
    ) -> Result<(), Departure> {
        let bytes = self.signed(connection, key, 0);
        let mut bytes = bytes.map_err(Departure::Unsigned)?;
        if let Some(Urgency { most_tip }) = urgency {
            let fee = chain.link().run(fee(connection, &bytes));
            let fee = fee.map_err(|trouble| Departure::Unsigned(unsent(chain.link(), trouble)))?;
            let tips = Tips::from_fee(fee, most_tip);
            self.tips = Some(tips);
            let signed = self.signed(connection, key, tips.now());
            bytes = signed.map_err(Departure::Unsigned)?;
        }
        self.versions.push(bytes.clone());
        match hand_over(chain, connection, &bytes, self.tips.is_some()) {
            // A higher tip may find room in a full pool.
            Err(Untaken::Refused(problem)) if problem.code == DROPPED && self.tips.is_some() => {
                match self.raise(chain, connection, key) {
                    true => Ok(()),
                    false => Err(Departure::Untaken(Untaken::Refused(problem))),
                }
            }
            taken => taken.map_err(Departure::Untaken),
        }
    }

    fn signed(
        &self,
        connection: &Connection,
        key: &Keypair,
        tip: u128,
    ) -> Result<Vec<u8>, ChainError> {
        sign(
            connection,
            key,
            self.payload,
            &self.birth,
            (self.nonce, tip),
        )
    }

    /// Sends the transaction with the next tip that a node takes. Returns false if it takes none.
    fn raise(&mut self, chain: &Node, connection: &Connection, key: &Keypair) -> bool {
        while let Some(tips) = self.tips.as_ref().and_then(Tips::doubled) {
            self.tips = Some(tips);
            let Ok(bytes) = self.signed(connection, key, tips.now()) else {
                return false;
            };
            match hand_over(chain, connection, &bytes, true) {
                Ok(()) => {
                    self.versions.push(bytes);
                    return true;
                }
                Err(Untaken::Refused(problem)) if problem.code == DROPPED => {}
                // The account cannot pay so much, or the node is lost: the last version stays.
                Err(_) => return false,
            }
        }
        false
    }

    /// Sends the last version again. A node that refuses it a second time is right: it is in no
    /// block, and its nonce or its time is over.
    fn again(&mut self, chain: &Node, connection: &Connection) {
        let State::Pending { refused: before } = &self.state else {
            return;
        };
        let Some(bytes) = self.versions.last() else {
            return;
        };
        let twice = before.is_some();
        match hand_over(chain, connection, bytes, self.tips.is_some()) {
            Ok(()) => self.state = State::Pending { refused: None },
            Err(Untaken::Refused(problem)) if twice => {
                self.state = State::Failed(refused(&reason(&problem)));
            }
            Err(Untaken::Refused(problem)) => {
                let refused = Some(reason(&problem));
                self.state = State::Pending { refused };
            }
            Err(Untaken::Lost) => {}
        }
    }
}

impl<P> Flight<'_, P> {
    const fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    const fn is_over(&self) -> bool {
        matches!(self.state, State::Done(_) | State::Failed(_))
    }

    fn outcome(self) -> Result<Included, ChainError> {
        match self.state {
            State::Done(included) => Ok(included),
            State::Failed(error) => Err(error),
            State::Found(_) => {
                let problem = "its block does not become final";
                Err(ChainError::OutcomeUnknown(problem.into()))
            }
            State::Pending { refused } => {
                let problem = refused.unwrap_or_else(|| "no block has it yet".into());
                Err(ChainError::OutcomeUnknown(problem))
            }
        }
    }
}

/// The wait for the blocks of transactions.
struct Journey<'a> {
    chain: &'a Node,
    connection: Connection,
    key: &'a Keypair,
    wait: Wait,
}

impl Journey<'_> {
    /// Waits until each of `flights` is over, or the time is.
    fn end<P: Payload>(&mut self, flights: &mut [Flight<'_, P>]) {
        let link = self.chain.link();
        let timeout = link.timeout().max(INCLUSION);
        let mut deadline = Instant::now() + timeout;
        let first = flights.iter().map(|flight| flight.birth.best).min();
        let first = first.unwrap_or_default().saturating_add(1);
        let mut last: Option<(u32, H256)> = None;
        let mut sent_at = Instant::now();
        let mut pause = OFTEN;
        while !flights.iter().all(Flight::is_over) && Instant::now() < deadline {
            let (owners, wanted) = wanted(flights);
            let searched = link.ask(|connection| {
                let wanted = &wanted;
                async move { search(&connection, first, last, wanted).await }
            });
            let Ok(Search { found, last: best }) = searched else {
                // The outcome stays unknown.
                return;
            };
            let is_new = last.is_some_and(|last| last != best);
            last = Some(best);
            for (which, included) in found {
                deadline = Instant::now() + timeout;
                let flight = owners.get(which).and_then(|owner| flights.get_mut(*owner));
                if let Some(flight) = flight {
                    flight.state = match self.wait {
                        Wait::Best => State::Done(included),
                        Wait::Finalized => State::Found(included),
                    };
                }
            }
            match self.check_final(flights) {
                Ok(true) => {}
                // A block was replaced: its transactions may be in another one.
                Ok(false) => last = None,
                Err(_) => return,
            }
            if flights.iter().any(Flight::is_pending) && (is_new || sent_at.elapsed() >= AGAIN) {
                self.send_again(flights, is_new);
                sent_at = Instant::now();
            }
            if !flights.iter().all(Flight::is_over) {
                std::thread::sleep(pause);
                pause = pause.saturating_mul(2).min(RARELY);
            }
        }
    }

    /// Sends the transactions again that are in no block: urgent ones with a higher tip, if a block
    /// came without them.
    fn send_again<P: Payload>(&mut self, flights: &mut [Flight<'_, P>], is_new: bool) {
        let Ok(connection) = self.chain.link().checked() else {
            return;
        };
        self.connection = connection;
        for flight in flights.iter_mut().filter(|flight| flight.is_pending()) {
            let raised = is_new
                && flight.tips.is_some()
                && flight.raise(self.chain, &self.connection, self.key);
            if !raised {
                flight.again(self.chain, &self.connection);
            }
        }
    }

    /// Ends the flights whose block is final. Returns false if a block was replaced before.
    fn check_final<P>(&self, flights: &mut [Flight<'_, P>]) -> Result<bool, ChainError> {
        let is_found = |flight: &Flight<'_, P>| matches!(flight.state, State::Found(_));
        if !flights.iter().any(is_found) {
            return Ok(true);
        }
        let mut none_replaced = true;
        let link = self.chain.link();
        let finalized = link.ask(|connection| async move {
            let hash = connection.rpc.chain_get_finalized_head().await?;
            super::events::number(&connection, hash).await
        })?;
        for flight in flights {
            let State::Found(included) = &flight.state else {
                continue;
            };
            if included.number > finalized {
                continue;
            }
            let number = Some(included.number.into());
            let hash = link.ask(|connection| async move {
                Ok(connection.rpc.chain_get_block_hash(number).await?)
            })?;
            let stays = hash == Some(included.hash);
            flight.state = match stays {
                true => State::Done(included.clone()),
                false => State::Pending { refused: None },
            };
            none_replaced &= stays;
        }
        Ok(none_replaced)
    }
}

/// Returns the hashes of all versions of the transactions that are in no block, and to which of
/// them each belongs.
fn wanted<P>(flights: &[Flight<'_, P>]) -> (Vec<usize>, Vec<Digest>) {
    let pending = flights.iter().enumerate().filter(|(_, it)| it.is_pending());
    pending
        .flat_map(|(owner, flight)| {
            let versions = flight.versions.iter();
            versions.map(move |bytes| (owner, blake2(bytes)))
        })
        .unzip()
}

/// Sends a transaction to the node in use; an urgent one to all nodes. It is good if one takes it.
fn hand_over(
    chain: &Node,
    connection: &Connection,
    bytes: &[u8],
    is_urgent: bool,
) -> Result<(), Untaken> {
    let taken = chain.link().run(async { submit(connection, bytes).await });
    let mut taken = match taken {
        Ok(taken) => taken.map_err(Untaken::Refused),
        Err(_) => Err(Untaken::Lost),
    };
    if is_urgent {
        for node in chain.each() {
            let other = node
                .link()
                .ask(|connection| async move { submit(&connection, bytes).await });
            if matches!(other, Ok(Ok(()))) {
                taken = Ok(());
            }
        }
    }
    taken
}

/// Sends a transaction. The inner error is the node's answer that it does not take it.
async fn submit(connection: &Connection, bytes: &[u8]) -> Result<Result<(), UserError>, Trouble> {
    match connection.rpc.author_submit_extrinsic(bytes).await {
        Ok(_) => Ok(Ok(())),
        Err(RpcError::User(problem)) if problem.code == KNOWN => Ok(Ok(())),
        Err(RpcError::User(problem)) => Ok(Err(problem)),
        Err(lost) => Err(lost.into()),
    }
}

/// Returns a node's reason for not taking a transaction.
fn reason(problem: &UserError) -> String {
    match &problem.data {
        Some(data) => format!("{}: {}", problem.message, data.get().trim_matches('"')),
        None => problem.message.clone(),
    }
}

fn refused(why: &str) -> ChainError {
    ChainError::Runtime(format!("the transaction was not taken: {why}"))
}

fn unsent(link: &Link, trouble: Trouble) -> ChainError {
    match trouble {
        Trouble::Final(error) => error,
        Trouble::Lost(reason) => ChainError::Unreachable {
            address: link.address(),
            reason,
        },
    }
}
