//! Registration of neurons, and their replacement on a full subnet.

use super::{SeatRecord, Subnets};
use crate::{
    hyperparameters::settings::Settings,
    pages::StandingPage,
    price,
    pruning::{Candidate, Search},
    seats::Seats,
};
use ink::prelude::{vec, vec::Vec};
use inktensor_primitives::{
    registry::{Neuron, PruneCandidate, RegistrationQuote, RegistryError, MAX_IMMUNE_OWNERS},
    AccountId, NetUid, Rao, Uid, PAGE,
};

/// An application for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applicant {
    /// The hotkey to register.
    pub hotkey: AccountId,
    /// The account that registers and pays.
    pub coldkey: AccountId,
    /// Most rao that the account pays.
    pub max_price: Rao,
    /// The current block.
    pub now: u32,
    /// True if the hotkey has signed that it belongs to the account.
    pub has_signed: bool,
}

/// A completed registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The seat.
    pub uid: Uid,
    /// Hotkey of the replaced neuron.
    pub replaced: Option<AccountId>,
    /// Rao that the applicant owes.
    pub price: Rao,
    /// Serving deposit of the replaced neuron, in rao.
    pub deposit: Rao,
}

impl Subnets {
    /// Registers the applicant on a free seat, or on a full subnet in place of another neuron.
    ///
    /// # Errors
    /// `UnknownSubnet`, `Retired`, `RegistrationClosed`, `AlreadyRegistered`, `NotHotkeyOwner`,
    /// `NotAgreed`, `TooSoon`, `PriceAbove`, `AllImmune`, `Exhausted`.
    pub fn register(
        &mut self,
        netuid: NetUid,
        applicant: Applicant,
    ) -> Result<Registered, RegistryError> {
        let settings = self.settings(netuid)?.live()?;
        if !settings.present.terms.registration.is_open {
            return Err(RegistryError::RegistrationClosed);
        }
        let mut seats = self.seats(netuid)?;
        if let Some(place) = self.places.get((netuid, applicant.hotkey)) {
            return Err(RegistryError::AlreadyRegistered(place.uid));
        }
        if let Some(uid) = self.swapped_seat(netuid, applicant.hotkey) {
            return Err(RegistryError::AlreadyRegistered(uid));
        }
        self.claim(applicant.hotkey, applicant.coldkey, applicant.has_signed)?;
        let terms = &settings.present.terms.registration;
        let price = seats.price.sell(applicant.now, terms)?;
        if price > applicant.max_price {
            return Err(RegistryError::PriceAbove(price));
        }
        let uid = if seats.taken() < settings.present.max_uids {
            seats.take_next(applicant.now)?
        } else {
            self.first_to_replace(netuid, &settings, &seats, applicant.now)?
        };
        let neuron = Neuron {
            hotkey: applicant.hotkey,
            coldkey: applicant.coldkey,
            registered_at: applicant.now,
            registered_epoch: seats.epoch(),
            generation: seats.next_generation()?,
            identity: None,
        };
        let replaced = self.seat_on(netuid, uid, neuron)?;
        let deposit = replaced
            .as_ref()
            .and_then(|neuron| self.remove_served(netuid, neuron.generation));
        self.record_owner_seat(netuid, uid, applicant.coldkey == settings.owner);
        self.seats.insert(netuid, &seats);
        Ok(Registered {
            uid,
            replaced: replaced.map(|neuron| neuron.hotkey),
            price,
            deposit: deposit.unwrap_or_default(),
        })
    }

    /// Returns price and effect of a registration at block `now`. Returns `None` for a subnet that
    /// does not exist or is retired.
    pub fn quote(&self, netuid: NetUid, now: u32) -> Option<RegistrationQuote> {
        let settings = self.settings(netuid).ok()?.live().ok()?;
        let seats = self.seats.get(netuid)?;
        let terms = &settings.present.terms.registration;
        let sold = &seats.price;
        let price = sold.at(now, terms);
        let free = settings.present.max_uids.saturating_sub(seats.taken());
        let replaces = if free == 0 {
            self.first_to_replace(netuid, &settings, &seats, now).ok()
        } else {
            None
        };
        Some(RegistrationQuote {
            price,
            next_price: price::raised(price, terms),
            left_in_block: sold.left(now, terms),
            free,
            replaces,
            is_open: terms.is_open,
        })
    }

    /// Returns the neurons that a full subnet would replace at block `now`, in order.
    pub fn prune_candidates(&self, netuid: NetUid, count: u16, now: u32) -> Vec<PruneCandidate> {
        let (Ok(settings), Ok(seats)) = (self.settings(netuid), self.seats(netuid)) else {
            return Vec::new();
        };
        let order = self.replacement_order(netuid, &settings, &seats, now, count.into());
        let views = order.into_iter().filter_map(|(candidate, is_immune)| {
            let neuron = self.neuron(netuid, candidate.uid)?;
            Some(PruneCandidate {
                uid: candidate.uid,
                hotkey: neuron.hotkey,
                emission: candidate.emission,
                registered_at: candidate.registered_at,
                is_immune,
            })
        });
        views.collect()
    }

    /// Returns the seat to replace next on a full subnet.
    fn first_to_replace(
        &self,
        netuid: NetUid,
        settings: &Settings,
        seats: &Seats,
        now: u32,
    ) -> Result<Uid, RegistryError> {
        let order = self.replacement_order(netuid, settings, seats, now, 1);
        let first = order.first().ok_or(RegistryError::AllImmune)?;
        Ok(first.0.uid)
    }

    /// Returns candidates for replacement in order, each with true if it is immune. Reads every
    /// page of standings.
    fn replacement_order(
        &self,
        netuid: NetUid,
        settings: &Settings,
        seats: &Seats,
        now: u32,
        wanted: usize,
    ) -> Vec<(Candidate, bool)> {
        let kept = self.kept_seats(netuid, settings);
        let mut search = Search::new(now, settings.present.immunity_period, &kept, wanted);
        for page in 0..seats.taken().div_ceil(PAGE) {
            let standings: StandingPage = self.standings.get((netuid, page)).unwrap_or_default();
            search.page(Uid(page.saturating_mul(PAGE)), standings.standings());
        }
        search.found(settings.present.terms.pruning.min_non_immune)
    }

    /// Returns the owner's seats that are never replaced: that of the owner's hotkey first, then
    /// those that the owner took, oldest first.
    fn kept_seats(&self, netuid: NetUid, settings: &Settings) -> Vec<Uid> {
        let own = self.places.get((netuid, settings.owner_hotkey));
        let mut kept: Vec<Uid> = own.map(|place| vec![place.uid]).unwrap_or_default();
        for uid in self.owner_seats.get(netuid).unwrap_or_default() {
            if !kept.contains(&uid) {
                kept.push(uid);
            }
        }
        kept.truncate(settings.present.terms.pruning.immune_owners.into());
        kept
    }

    /// Records that `uid` was taken, by the subnet's owner or by another account.
    fn record_owner_seat(&mut self, netuid: NetUid, uid: Uid, is_owners: bool) {
        let before = self.owner_seats.get(netuid).unwrap_or_default();
        let mut seats: Vec<Uid> = before.iter().copied().filter(|it| *it != uid).collect();
        if is_owners && seats.len() < usize::from(MAX_IMMUNE_OWNERS) {
            seats.push(uid);
        }
        if seats.is_empty() {
            self.owner_seats.remove(netuid);
        } else if seats != before {
            self.owner_seats.insert(netuid, &seats);
        }
    }

    /// Seats `neuron` on `uid` with a zero score. Returns the replaced neuron, whose hotkey keeps
    /// owner and stake.
    fn seat_on(
        &mut self,
        netuid: NetUid,
        uid: Uid,
        neuron: Neuron,
    ) -> Result<Option<Neuron>, RegistryError> {
        let key = (netuid, uid.page());
        let place = SeatRecord {
            uid,
            generation: neuron.generation,
            registered_epoch: neuron.registered_epoch,
            swap: None,
        };
        self.places.insert((netuid, neuron.hotkey), &place);

        let open = neuron.registered_epoch;
        let mut standings = self.standings.get(key).unwrap_or_default();
        let owed = standings.seat(uid, open, &neuron)?;
        let awaits_results = standings.awaits_results(uid, open);
        self.standings.insert(key, &standings);

        let mut neurons = self.neurons.get(key).unwrap_or_default();
        let replaced = neurons.seat(uid, open, neuron)?;
        self.neurons.insert(key, &neurons);

        if let Some(neuron) = &replaced {
            // The one who replaces a neuron pays for the cell of what is owed to it.
            if awaits_results || !owed.is_zero() {
                self.leave(netuid, neuron, owed, open)?;
            }
            self.places.remove((netuid, neuron.hotkey));
            if let Some(identity) = neuron.identity {
                self.present_hotkeys.remove((netuid, identity));
            }
        }
        Ok(replaced)
    }
}
