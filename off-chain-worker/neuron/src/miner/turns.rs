//! A bounded queue that serves callers in turns.

use std::collections::VecDeque;

/// Items that wait, first in, first out for each caller, and one of each caller in turn.
///
/// A caller with many items waits behind its own: the next item of another caller is behind at most
/// one item of each caller.
#[derive(Debug)]
pub struct Turns<C, T> {
    /// The callers with items, the next one first.
    callers: VecDeque<(C, VecDeque<T>)>,
    most: usize,
}

impl<C: PartialEq, T> Turns<C, T> {
    /// Returns an empty queue of at most `most` items.
    pub const fn new(most: usize) -> Self {
        Self {
            callers: VecDeque::new(),
            most,
        }
    }

    /// Returns the number of items that wait.
    pub fn len(&self) -> usize {
        self.callers.iter().map(|(_, items)| items.len()).sum()
    }

    /// Adds an item behind those of its caller. A new caller is behind all others.
    ///
    /// # Errors
    /// The item, if the queue is full.
    pub fn push(&mut self, caller: C, item: T) -> Result<(), T> {
        if self.len() >= self.most {
            return Err(item);
        }
        match self.callers.iter_mut().find(|(known, _)| *known == caller) {
            Some((_, items)) => items.push_back(item),
            None => self.callers.push_back((caller, VecDeque::from([item]))),
        }
        Ok(())
    }

    /// Takes the first item of the next caller, whose other items go behind all other callers.
    pub fn pop(&mut self) -> Option<T> {
        let (caller, mut items) = self.callers.pop_front()?;
        let item = items.pop_front();
        if !items.is_empty() {
            self.callers.push_back((caller, items));
        }
        item
    }

    /// Removes the items for which `keeps` is false. The order of the others stays.
    pub fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        self.callers.retain_mut(|(_, items)| {
            items.retain(&mut keeps);
            !items.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a queue with one item for each letter, whose caller is the letter.
    fn filled(letters: &str) -> Turns<char, (char, usize)> {
        let mut turns = Turns::new(letters.len());
        for (number, letter) in letters.chars().enumerate() {
            turns.push(letter, (letter, number)).unwrap();
        }
        turns
    }

    fn drained(mut turns: Turns<char, (char, usize)>) -> Vec<(char, usize)> {
        std::iter::from_fn(|| turns.pop()).collect()
    }

    #[test]
    fn callers_are_served_in_turns_and_each_in_its_order() {
        let order = drained(filled("aaabbc"));
        let expected = [('a', 0), ('b', 3), ('c', 5), ('a', 1), ('b', 4), ('a', 2)];
        assert_eq!(order, expected);
        assert_eq!(drained(filled("")), []);
    }

    #[test]
    fn a_late_caller_waits_for_one_item_of_each_other() {
        let mut turns = filled("aaaabb ");
        assert_eq!(turns.pop(), Some(('a', 0)));
        turns.push('d', ('d', 9)).unwrap();
        let order: String = drained(turns).iter().map(|(letter, _)| *letter).collect();
        assert_eq!(order, "b adbaa");
    }

    #[test]
    fn a_full_queue_returns_the_item() {
        let mut turns = filled("ab");
        assert_eq!(turns.push('c', ('c', 2)), Err(('c', 2)));
        assert_eq!(turns.len(), 2);
        turns.pop();
        assert_eq!(turns.push('c', ('c', 2)), Ok(()));
        assert_eq!(drained(turns), [('b', 1), ('c', 2)]);
    }

    #[test]
    fn removed_items_leave_room_and_no_caller_without_items() {
        let mut turns = filled("aabb");
        turns.retain(|(letter, number)| *letter == 'b' || *number == 1);
        assert_eq!(turns.len(), 3);
        turns.retain(|(letter, _)| *letter == 'b');
        assert_eq!(drained(turns), [('b', 2), ('b', 3)]);
    }
}
