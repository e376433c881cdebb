//! The places at which a miner works on questions: the cores, or the connections to its model.
//! Questions wait for one in turns.

use super::turns::Turns;
use inktensor_primitives::AccountId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The places, and the questions that wait for one.
#[derive(Debug)]
pub struct Places(Mutex<State>);

#[derive(Debug)]
struct State {
    free: usize,
    waiting: Turns<AccountId, oneshot::Sender<Place>>,
}

/// A place that is taken. Dropping it gives it to the next question.
#[derive(Debug)]
pub struct Place(Option<Arc<Places>>);

impl Places {
    /// Returns so many free places, for which at most `waiting` questions wait.
    pub fn new(places: usize, waiting: usize) -> Self {
        Self(Mutex::new(State {
            free: places,
            waiting: Turns::new(waiting),
        }))
    }

    /// Returns the number of free places.
    pub fn free(&self) -> usize {
        self.state().free
    }

    /// Takes a place for a question of `caller`, or waits for one. Dropping the future leaves the
    /// queue. Returns `None` if too many questions wait.
    pub async fn take(self: Arc<Self>, caller: AccountId) -> Option<Place> {
        let given = {
            let mut state = self.state();
            if let Some(free) = state.free.checked_sub(1) {
                state.free = free;
                return Some(Place(Some(Arc::clone(&self))));
            }
            // Questions that have expired wait no longer.
            state.waiting.retain(|it| !it.is_closed());
            let (sender, given) = oneshot::channel();
            state.waiting.push(caller, sender).ok()?;
            given
        };
        // Fails only if the sender is dropped unused, which never happens.
        given.await.ok()
    }

    /// Gives a place to the next question, or keeps it free.
    fn give(self: &Arc<Self>) {
        let mut place = Place(Some(Arc::clone(self)));
        loop {
            let next = {
                let mut state = self.state();
                let next = state.waiting.pop();
                if next.is_none() {
                    state.free = state.free.saturating_add(1);
                }
                next
            };
            let Some(next) = next else {
                break;
            };
            // A place that a question gets and does not use any more is dropped, and given again.
            match next.send(place) {
                Ok(()) => return,
                Err(unused) => place = unused,
            }
        }
        // It is free now, and not to be given again.
        place.0 = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.0.take() {
            places.give();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::Future, pin::pin};
    use tokio::runtime::Builder;

    /// Polls a future once.
    async fn poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::select! {
            biased;
            ready = future => Some(ready),
            () = std::future::ready(()) => None,
        }
    }

    fn block_on(test: impl Future<Output = ()>) {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(test);
    }

    fn caller(byte: u8) -> AccountId {
        [byte; 32].into()
    }

    #[test]
    fn a_place_goes_to_the_next_caller_and_is_free_in_the_end() {
        block_on(async {
            let places = Arc::new(Places::new(1, 8));
            let take = |byte| Arc::clone(&places).take(caller(byte));
            let first = take(1).await.unwrap();
            let (mut second, mut third, mut other) = (pin!(take(1)), pin!(take(1)), pin!(take(2)));
            assert!(poll(&mut second).await.is_none());
            assert!(poll(&mut third).await.is_none());
            assert!(poll(&mut other).await.is_none());
            drop(first);
            assert_eq!(places.free(), 0);
            drop(second.await.unwrap());
            assert!(poll(&mut third).await.is_none());
            drop(other.await.unwrap());
            drop(third.await.unwrap());
            assert_eq!(places.free(), 1);
        });
    }

    #[test]
    fn questions_that_expire_leave_their_place_and_their_room() {
        block_on(async {
            let places = Arc::new(Places::new(1, 2));
            let take = |byte| Arc::clone(&places).take(caller(byte));
            let first = take(1).await.unwrap();
            {
                let (mut expired, mut given) = (pin!(take(2)), pin!(take(3)));
                assert!(poll(&mut expired).await.is_none());
                assert!(poll(&mut given).await.is_none());
                // The queue is full.
                assert!(take(4).await.is_none());
            }
            // Both have left: there is room again, and nothing gets lost.
            {
                let mut last = pin!(take(4));
                assert!(poll(&mut last).await.is_none());
                drop(first);
                assert_eq!(places.free(), 0);
            }
            assert_eq!(places.free(), 1);
        });
    }
}
