//! The addresses of a round, and the neurons that publish each.
//!
//! A neuron may publish the address of another one, with any certificate. Each question to it would
//! be a connection to the other's server that fails there, and servers limit connections by
//! address. So the first question of a neuron is a trial, one at a time at each address. An
//! endpoint that fails its trial is not connected to again in the round, and a server is believed
//! about its certificate: after a few failed trials, others are not tried there.

use inktensor_primitives::{registry::Host, Uid};
use inktensor_wire::{Cause, Endpoint, Outcome, Pin};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::sleep,
};

/// Most failed trials of transports at an address, before only those that work there are tried.
const MAX_FAILED: u32 = 8;
/// Failed trials of any kind at an address after which each next one waits for [`PAUSE`].
const MAX_QUICK: u32 = 16;
/// Wait that keeps failed trials below the rate that a server takes from one address.
const PAUSE: Duration = Duration::from_millis(100);

/// The addresses of a round.
pub struct Doors {
    share: usize,
    doors: Mutex<HashMap<SocketAddr, Arc<Door>>>,
}

/// One address. The neurons that publish it share its places.
pub struct Door {
    places: Arc<Semaphore>,
    trials: Arc<Semaphore>,
    known: Mutex<Known>,
}

/// A visit of a neuron's endpoint.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The neuron.
    pub uid: Uid,
    /// The endpoint that it publishes.
    pub endpoint: Endpoint,
    /// True if it has answered at this address in an earlier round.
    pub has_answered: bool,
}

/// A place at an address, and the trial if it is one.
pub struct Entered {
    _place: Option<OwnedSemaphorePermit>,
    trial: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
struct Known {
    neurons: BTreeSet<Uid>,
    /// Neurons that have answered, or whose trial lasts.
    open: BTreeSet<Uid>,
    /// Neurons that have no further connection in the round.
    shut: BTreeSet<Uid>,
    /// Names and transports that have failed.
    failed: Vec<(Host, Option<Pin>)>,
    /// Transports that work: plain HTTP, and certificates that the server has shown.
    works: HashSet<Option<Pin>>,
    /// Number of failed trials of transports, and of all failed trials.
    transports: u32,
    trials: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    New,
    Open,
    Shut,
}

impl Doors {
    /// Returns the addresses of a round with so many places for each.
    pub fn of(share: usize) -> Self {
        Self {
            share,
            doors: Mutex::default(),
        }
    }

    /// Returns the door of an address. There are no more addresses than neurons of the round,
    /// unless a name changes its address meanwhile.
    pub fn at(&self, address: SocketAddr) -> Arc<Door> {
        let mut doors = lock(&self.doors);
        let new = || {
            Arc::new(Door {
                places: Arc::new(Semaphore::new(self.share)),
                trials: Arc::new(Semaphore::new(1)),
                known: Mutex::default(),
            })
        };
        Arc::clone(doors.entry(address).or_insert_with(new))
    }
}

impl Door {
    /// Waits for a place, and for the trial of a neuron that has not answered. Returns nothing if
    /// the neuron is not to be connected to.
    pub async fn enter(&self, visit: &Visit) -> Option<Entered> {
        lock(&self.known).neurons.insert(visit.uid);
        let trial = match self.standing(visit) {
            Standing::Shut => return None,
            Standing::Open => None,
            Standing::New => {
                // Fails only when the semaphore is closed, which never happens.
                let trial = Arc::clone(&self.trials).acquire_owned().await.ok();
                match self.standing(visit) {
                    Standing::Shut => return None,
                    Standing::Open => None,
                    Standing::New => {
                        if lock(&self.known).trials >= MAX_QUICK {
                            sleep(PAUSE).await;
                        }
                        trial
                    }
                }
            }
        };
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        Some(Entered {
            _place: place,
            trial,
        })
    }

    /// Records the outcome of a question. Returns true if the neuron has failed here.
    pub fn note(&self, visit: &Visit, outcome: &Outcome, cause: Option<&Cause>) -> bool {
        let mut known = lock(&self.known);
        let transport = visit.endpoint.tls;
        let failed = match (outcome, cause) {
            (Outcome::Signed(_) | Outcome::Refused(_), _) => {
                known.works.insert(transport);
                known.open.insert(visit.uid);
                false
            }
            // Meant for another hotkey. A neuron with an address of its own may be a block behind.
            (Outcome::Unsigned { status: 421 }, _) => {
                known.works.insert(transport);
                let is_shared = known.neurons.len() > 1;
                if is_shared {
                    known.shut.insert(visit.uid);
                }
                is_shared
            }
            (Outcome::Unsigned { .. }, _) => {
                known.works.insert(transport);
                false
            }
            (Outcome::Silent { .. }, Some(Cause::Certificate { shown })) => {
                known.works.insert(Some(*shown));
                known.fail_transport(&visit.endpoint);
                true
            }
            (Outcome::Silent { .. }, Some(Cause::Tls(_) | Cause::Closed(_))) => {
                // A server that works may end a connection; one of another kind always does.
                let fails = known.neurons.len() > 1 && !known.works.contains(&transport);
                if fails {
                    known.fail_transport(&visit.endpoint);
                }
                fails
            }
            (Outcome::Silent { .. }, _) => false,
        };
        if failed {
            known.open.remove(&visit.uid);
            known.trials = known.trials.saturating_add(1);
        }
        failed
    }

    fn standing(&self, visit: &Visit) -> Standing {
        let known = lock(&self.known);
        let transport = visit.endpoint.tls;
        let has_failed = || {
            let name = (visit.endpoint.host.clone(), transport);
            known.failed.contains(&name)
        };
        if known.shut.contains(&visit.uid) || has_failed() {
            return Standing::Shut;
        }
        if visit.has_answered || known.open.contains(&visit.uid) {
            return Standing::Open;
        }
        // Before a server has shown a certificate, any may be its own.
        let may_be_shown = transport.is_some() && known.works.is_empty();
        let works = may_be_shown || known.works.contains(&transport);
        match known.transports >= MAX_FAILED && !works {
            true => Standing::Shut,
            false => Standing::New,
        }
    }

    /// Ends the trial of a neuron that has neither failed nor answered yet.
    pub fn goes_on(&self, visit: &Visit, entered: &mut Entered) {
        if entered.trial.take().is_some() {
            lock(&self.known).open.insert(visit.uid);
        }
    }
}

impl Known {
    fn fail_transport(&mut self, endpoint: &Endpoint) {
        let name = (endpoint.host.clone(), endpoint.tls);
        if !self.failed.contains(&name) {
            self.failed.push(name);
            self.transports = self.transports.saturating_add(1);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
