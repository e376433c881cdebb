//! Neurons and their standings, 64 to a storage page.
//!
//! A neuron's keys take most of its bytes, twice: for the open and the last closed epoch. Pruning
//! reads a whole subnet and a roster is spread over all pages, but neither needs keys. Both read
//! pages of standings, which have a third of the size. A contract's memory is never freed in a
//! call, so only that makes 4096 neurons fit.

use ink::prelude::vec::Vec;
use inktensor_primitives::{
    kernel::NeuronResult,
    registry::{BoundedField, Neuron, NeuronView, RegistryError, Tenure},
    Rao, Uid, Versioned, PAGE,
};

/// Checks that the uids `start .. start + count` are below `taken` and within one page. Returns
/// their places within the page.
///
/// # Errors
/// `OutOfBounds` for the uid after the last.
pub fn span(start: Uid, count: u16, taken: u16) -> Result<core::ops::Range<usize>, RegistryError> {
    let page_end = u32::from(start.page())
        .saturating_add(1)
        .saturating_mul(u32::from(PAGE));
    let limit = page_end.min(u32::from(taken));
    let end = u32::from(start.0).saturating_add(u32::from(count));
    if end > limit {
        return Err(RegistryError::OutOfBounds {
            field: BoundedField::Uid,
            value: end.into(),
            min: 0,
            max: limit.into(),
        });
    }
    let first = start.offset();
    Ok(first..first.saturating_add(usize::from(count)))
}

/// The neurons of a page, now and at the end of the last closed epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct NeuronPage(Vec<Versioned<Option<Neuron>>>);

impl NeuronPage {
    /// Seats `neuron` on `uid` while `open` is the open epoch. Returns the replaced neuron.
    ///
    /// # Errors
    /// `OutOfBounds` if `uid` is neither taken nor the next free seat of the page.
    pub fn seat(
        &mut self,
        uid: Uid,
        open: u32,
        neuron: Neuron,
    ) -> Result<Option<Neuron>, RegistryError> {
        let next = self.0.len();
        match self.0.get_mut(uid.offset()) {
            Some(cell) => {
                let replaced = cell.now().clone();
                cell.write(open, Some(neuron));
                Ok(replaced)
            }
            None if uid.offset() == next => {
                self.0.push(Versioned::new(open, Some(neuron)));
                Ok(None)
            }
            None => Err(untaken(uid.offset())),
        }
    }

    /// Returns the present neuron on `uid`.
    pub fn neuron(&self, uid: Uid) -> Option<&Neuron> {
        self.0.get(uid.offset())?.now().as_ref()
    }

    /// Returns the neurons on `places` at the end of `epoch`.
    ///
    /// # Errors
    /// `TooOld`, `OutOfBounds` if a seat was free then.
    pub fn at(
        &self,
        places: core::ops::Range<usize>,
        epoch: u32,
    ) -> Result<Vec<Neuron>, RegistryError> {
        let mut neurons = Vec::with_capacity(places.len());
        for place in places {
            let cell = self.0.get(place).ok_or_else(|| untaken(place))?;
            let neuron = cell.at(epoch).map_err(|_| RegistryError::TooOld)?;
            neurons.push(neuron.clone().ok_or_else(|| untaken(place))?);
        }
        Ok(neurons)
    }
}

/// A neuron without its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Standing {
    /// See [`Neuron::registered_at`].
    pub registered_at: u32,
    /// Registration and epoch from which the neuron has its uid.
    pub tenure: Versioned<Option<Tenure>>,
    /// Results of the last settled epoch; all zero for a newcomer.
    pub score: NeuronResult,
    /// Pay that the owner of the neuron has not collected.
    pub owed: Rao,
}

/// The standings of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct StandingPage {
    /// Latest epoch whose results are recorded here.
    scored: u32,
    /// Places whose results of that epoch are recorded: a page may be settled in parts.
    recorded: u64,
    standings: Vec<Standing>,
}

impl StandingPage {
    /// Starts the standing of a newcomer on `uid` while `open` is the open epoch. Returns the pay
    /// that is owed to the replaced neuron.
    ///
    /// # Errors
    /// `OutOfBounds` if `uid` is neither taken nor the next free seat of the page.
    pub fn seat(&mut self, uid: Uid, open: u32, newcomer: &Neuron) -> Result<Rao, RegistryError> {
        let tenure = Some(Tenure {
            generation: newcomer.generation,
            registered_epoch: newcomer.registered_epoch,
        });
        let next = self.standings.len();
        match self.standings.get_mut(uid.offset()) {
            Some(standing) => {
                standing.registered_at = newcomer.registered_at;
                standing.tenure.write(open, tenure);
                standing.score = NeuronResult::default();
                Ok(core::mem::take(&mut standing.owed))
            }
            None if uid.offset() == next => {
                self.standings.push(Standing {
                    registered_at: newcomer.registered_at,
                    tenure: Versioned::new(open, tenure),
                    score: NeuronResult::default(),
                    owed: Rao::ZERO,
                });
                Ok(Rao::ZERO)
            }
            None => Err(untaken(uid.offset())),
        }
    }

    /// Records results of `epoch` for the uids from `start` on, with the pay that is owed to each.
    /// A neuron that registered after `epoch` keeps its score. Returns the pay of those that such
    /// neurons have replaced, by place from `start` on.
    ///
    /// # Errors
    /// `TooOld` if results of a later epoch are recorded, `Exhausted` for a sum beyond all TAO.
    pub fn record(
        &mut self,
        epoch: u32,
        start: Uid,
        results: &[NeuronResult],
        owed: &[Rao],
    ) -> Result<Vec<(usize, Rao)>, RegistryError> {
        if epoch < self.scored {
            return Err(RegistryError::TooOld);
        }
        if epoch > self.scored {
            self.recorded = 0;
        }
        self.scored = epoch;
        let mut replaced = Vec::new();
        let seats = self.standings.iter_mut().skip(start.offset());
        let owed = owed.iter().copied().chain(core::iter::repeat(Rao::ZERO));
        for (place, ((standing, result), owed)) in seats.zip(results).zip(owed).enumerate() {
            self.recorded |= bit(start.offset().saturating_add(place));
            let tenure = standing.tenure.now();
            if tenure.is_some_and(|tenure| tenure.registered_epoch <= epoch) {
                standing.score = *result;
                let sum = standing.owed.checked_add(owed);
                standing.owed = sum.ok_or(RegistryError::Exhausted)?;
            } else if !owed.is_zero() {
                replaced.push((place, owed));
            }
        }
        Ok(replaced)
    }

    /// Removes and returns the pay that is owed to the neuron on `uid`.
    pub fn take_owed(&mut self, uid: Uid) -> Rao {
        let standing = self.standings.get_mut(uid.offset());
        standing.map_or(Rao::ZERO, |standing| core::mem::take(&mut standing.owed))
    }

    /// Returns true if the results of `uid` for the epoch before `open` may still be recorded.
    pub fn awaits_results(&self, uid: Uid, open: u32) -> bool {
        match open.checked_sub(1) {
            Some(closed) if closed == self.scored => self.recorded & bit(uid.offset()) == 0,
            closed => closed.is_some(),
        }
    }

    /// Returns the tenure of the neuron on `uid` at the end of `epoch`.
    ///
    /// # Errors
    /// `TooOld`, `OutOfBounds` if the seat was free then.
    pub fn tenure_at(&self, uid: Uid, epoch: u32) -> Result<Tenure, RegistryError> {
        let place = uid.offset();
        let standing = self.standings.get(place).ok_or_else(|| untaken(place))?;
        let tenure = standing
            .tenure
            .at(epoch)
            .map_err(|_| RegistryError::TooOld)?;
        tenure.ok_or_else(|| untaken(place))
    }

    /// Returns the standings in order of uid.
    pub fn standings(&self) -> &[Standing] {
        &self.standings
    }
}

/// Returns the uids from `start` on with their neurons and scores.
pub fn views(start: Uid, neurons: NeuronPage, standings: &StandingPage) -> Vec<NeuronView> {
    let mut views = Vec::with_capacity(standings.standings.len());
    let seats = neurons.0.into_iter().zip(&standings.standings);
    for ((cell, standing), uid) in seats.zip(start.0..) {
        if let Some(neuron) = cell.now().clone() {
            views.push(NeuronView {
                uid: Uid(uid),
                neuron,
                score: standing.score,
                owed: standing.owed,
            });
        }
    }
    views
}

/// Returns the bit of a place in a set of the 64 places of a page.
fn bit(place: usize) -> u64 {
    let place = u32::try_from(place).ok();
    let bit = place.and_then(|place| 1u64.checked_shl(place));
    bit.unwrap_or_default()
}

/// Returns the error for a place that is not taken. Callers check counters first, so it never
/// occurs.
fn untaken(place: usize) -> RegistryError {
    let place = u64::try_from(place).unwrap_or(u64::MAX);
    RegistryError::OutOfBounds {
        field: BoundedField::Uid,
        value: place,
        min: 0,
        max: place.saturating_sub(1),
    }
}

#[cfg(test)]
mod tests;
