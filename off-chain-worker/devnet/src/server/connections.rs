//! The connections of a served chain, and their limit.

use std::{
    collections::BTreeMap,
    net::{Shutdown, TcpStream},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Largest number of connections at a time.
const MOST: usize = 64;

/// All open connections. Above the limit, the connection that has been idle longest is closed, so
/// an idle client cannot block others.
#[derive(Default)]
pub struct Connections {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    slots: BTreeMap<u64, Slot>,
}

struct Slot {
    stream: TcpStream,
    /// Start of the idle time; `None` while a request is being answered.
    idle_since: Option<Instant>,
}

impl Connections {
    /// Adds a connection, and returns its number; `None` if all others are being answered.
    pub fn admit(&self, stream: TcpStream) -> Option<u64> {
        let mut open = self.lock();
        if open.slots.len() >= MOST {
            let (_, idlest) = open
                .slots
                .iter()
                .filter_map(|(number, slot)| Some((slot.idle_since?, *number)))
                .min()?;
            if let Some(slot) = open.slots.remove(&idlest) {
                // The client may have closed it.
                let _ = slot.stream.shutdown(Shutdown::Both);
            }
        }
        let number = open.next;
        open.next = number.wrapping_add(1);
        let idle_since = Some(Instant::now());
        open.slots.insert(number, Slot { stream, idle_since });
        Some(number)
    }

    /// Marks connection `number` as busy. Returns false if it was closed for another.
    pub fn begin(&self, number: u64) -> bool {
        let mut open = self.lock();
        let slot = open.slots.get_mut(&number);
        slot.map(|slot| slot.idle_since = None).is_some()
    }

    /// Marks connection `number` as idle.
    pub fn end(&self, number: u64) {
        if let Some(slot) = self.lock().slots.get_mut(&number) {
            slot.idle_since = Some(Instant::now());
        }
    }

    /// Removes connection `number`.
    pub fn leave(&self, number: u64) {
        self.lock().slots.remove(&number);
    }

    /// Closes all connections.
    pub fn close(&self) {
        for slot in std::mem::take(&mut self.lock().slots).into_values() {
            let _ = slot.stream.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        // Each change is complete, so the state is good even after a panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_idlest_goes_when_there_are_too_many_and_a_busy_one_stays() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Connections::default();
        let mut ends = Vec::new();
        let mut admit = || {
            ends.push(TcpStream::connect(address).unwrap());
            connections.admit(listener.accept().unwrap().0)
        };
        for number in 0..64 {
            assert_eq!(admit(), Some(number));
        }
        assert!(connections.begin(0));
        assert_eq!(admit(), Some(64));
        assert!(!connections.begin(1), "it was closed");
        for number in (0..65).filter(|number| *number != 1) {
            assert!(connections.begin(number));
        }
        assert_eq!(admit(), None, "no connection is idle");
        connections.end(7);
        assert_eq!(admit(), Some(65));
        connections.leave(65);
        assert_eq!(admit(), Some(66));
    }
}
