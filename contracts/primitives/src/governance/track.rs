//! Tracks: the delays and thresholds of proposals, and their bounds.
//!
//! Thresholds fall with time. A proposal that most voters want passes soon, and one with few voters
//! passes late. Source: the curves of `pallet-referenda`; figures in docs/governance.md.

use crate::{staking::VOTE_EPOCHS_KEPT, Rao};

/// Blocks of a day, with blocks of 12 seconds. Votes are by root epochs of the same length.
pub const DAY: u32 = 7_200;
/// Millionths of a whole.
pub const MILLION: u32 = 1_000_000;

/// The kind of a proposal. It follows from the actions, and no account chooses it. Variant order is
/// ABI: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub enum Track {
    /// Small spending.
    SpendSmall,
    /// Hyperparameters of subnets.
    Parameter,
    /// Rules of the network.
    Rules,
    /// Kernels, and their parameters.
    Kernel,
    /// Other spending.
    SpendLarge,
    /// Governance itself, its roles, and succession.
    Constitution,
    /// Actions that only stop something.
    Stop,
}

/// A threshold that falls: from `start` to `middle` at block `middle_at`, and to `floor` at block
/// `floor_at`. Values are millionths, blocks are counted from the begin of voting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct Curve {
    /// Value when voting begins.
    pub start: u32,
    /// Value at `middle_at`.
    pub middle: u32,
    /// Value from `floor_at` on.
    pub floor: u32,
    /// Block of `middle`.
    pub middle_at: u32,
    /// Block of `floor`.
    pub floor_at: u32,
}

impl Curve {
    /// Returns the curve through `start`, `middle` and `floor` in tenths of a per cent, the last
    /// two at these days.
    const fn at_days(start: u32, middle: (u32, u32), floor: (u32, u32)) -> Self {
        const PER_MILLE: u32 = 1_000;
        Self {
            start: start.saturating_mul(PER_MILLE),
            middle: middle.0.saturating_mul(PER_MILLE),
            floor: floor.0.saturating_mul(PER_MILLE),
            middle_at: middle.1.saturating_mul(DAY),
            floor_at: floor.1.saturating_mul(DAY),
        }
    }

    /// Returns the threshold `elapsed` blocks after the begin of voting, in millionths. It is
    /// rounded up and never rises with time.
    pub fn at(&self, elapsed: u32) -> u32 {
        if elapsed >= self.floor_at {
            return self.floor;
        }
        if elapsed < self.middle_at {
            return fallen((self.start, self.middle), elapsed, self.middle_at);
        }
        let into = elapsed.saturating_sub(self.middle_at);
        let length = self.floor_at.saturating_sub(self.middle_at);
        fallen((self.middle, self.floor), into, length)
    }

    /// Returns true if the curve is nowhere above `other`. Both are straight between their blocks,
    /// so these blocks decide.
    pub fn is_at_most(&self, other: &Self) -> bool {
        [
            0,
            self.middle_at,
            self.floor_at,
            other.middle_at,
            other.floor_at,
        ]
        .into_iter()
        .all(|at| self.at(at) <= other.at(at))
    }

    /// Returns true if the curve falls or stays, within a whole, in time.
    pub const fn is_sound(&self) -> bool {
        self.start <= MILLION
            && self.middle <= self.start
            && self.floor <= self.middle
            && self.middle_at > 0
            && self.floor_at > self.middle_at
    }
}

/// Returns the value `into` blocks into a fall of `length` blocks, rounded up.
fn fallen((from, to): (u32, u32), into: u32, length: u32) -> u32 {
    let fall = u64::from(from.saturating_sub(to)).saturating_mul(into.into());
    let fall = fall.checked_div(length.into()).unwrap_or_default();
    // A part of a fall that is a `u32`.
    from.saturating_sub(u32::try_from(fall).unwrap_or(u32::MAX))
}

/// The rules of a track. Lengths are blocks, unless another unit is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
#[cfg_attr(feature = "std", derive(ink::storage::traits::StorageLayout))]
pub struct TrackRules {
    /// Deposit of a proposal, in rao.
    pub deposit: Rao,
    /// Most proposals at once, from the complete deposit to the end of voting.
    pub places: u16,
    /// Root epochs from the one in which the deposit is complete to the snapshot. Zero takes the
    /// last root epoch that has ended.
    pub lead: u16,
    /// Time in which a proposal must begin to pass.
    pub decide: u32,
    /// Time for which a proposal must pass without interruption.
    pub confirm: u32,
    /// Time from approval until the proposal may be executed.
    pub delay: u32,
    /// Time in which an approved proposal may be executed.
    pub window: u32,
    /// Part of ayes and nays that must be ayes.
    pub approval: Curve,
    /// Part of the electorate that must be ayes.
    pub support: Curve,
}

/// The field of a track's rules that is out of its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[ink::scale_derive(Encode, Decode, TypeInfo)]
pub enum TrackField {
    /// The deposit.
    Deposit,
    /// The number of places.
    Places,
    /// The lead.
    Lead,
    /// The time to decide.
    Decide,
    /// The time to confirm.
    Confirm,
    /// The delay.
    Delay,
    /// The window.
    Window,
    /// A value or a block of the approval curve.
    Approval,
    /// A value or a block of the support curve.
    Support,
    /// The order of tracks: rules that are easier than those of an easier track, or harder than
    /// those of a harder one.
    Order,
}

impl Track {
    /// All tracks, in order.
    pub const ALL: [Track; 7] = [
        Track::SpendSmall,
        Track::Parameter,
        Track::Rules,
        Track::Kernel,
        Track::SpendLarge,
        Track::Constitution,
        Track::Stop,
    ];

    /// Returns the name for commands and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::SpendSmall => "spend-small",
            Self::Rules => "rules",
            Self::Kernel => "kernel",
            Self::SpendLarge => "spend-large",
            Self::Constitution => "constitution",
            Self::Stop => "stop",
        }
    }

    /// Returns the track that decides about actions of both tracks: the one with higher thresholds.
    /// Absent if one of them is `Stop` and the other is not: such actions stand alone.
    pub fn with(self, other: Track) -> Option<Track> {
        match (self, other) {
            (Self::Stop, Self::Stop) => Some(Self::Stop),
            (Self::Stop, _) | (_, Self::Stop) => None,
            _ => Some(self.max(other)),
        }
    }

    /// Returns the rules that a new governance contract has for the track.
    pub const fn default_rules(self) -> TrackRules {
        const fn days(days: u32) -> u32 {
            days.saturating_mul(DAY)
        }
        // Deposit in TAO, places, lead; decide, confirm, delay and window in days.
        let (deposit, places, lead, times, approval, support) = match self {
            Self::Parameter => (
                100,
                16,
                2,
                (days(7), days(1), days(2), days(7)),
                Curve::at_days(800, (650, 2), (500, 7)),
                Curve::at_days(100, (40, 2), (10, 7)),
            ),
            Self::SpendSmall => (
                20,
                16,
                2,
                (days(7), days(1), days(1), days(14)),
                Curve::at_days(700, (600, 2), (500, 7)),
                Curve::at_days(50, (20, 2), (5, 7)),
            ),
            Self::Rules => (
                200,
                4,
                3,
                (days(14), days(2), days(7), days(14)),
                Curve::at_days(800, (650, 7), (550, 14)),
                Curve::at_days(150, (80, 7), (30, 14)),
            ),
            Self::Kernel => (
                200,
                4,
                3,
                (days(14), days(2), days(7), days(14)),
                Curve::at_days(800, (700, 7), (600, 14)),
                Curve::at_days(150, (80, 7), (30, 14)),
            ),
            Self::SpendLarge => (
                500,
                4,
                3,
                (days(14), days(3), days(7), days(14)),
                Curve::at_days(800, (700, 7), (600, 14)),
                Curve::at_days(200, (100, 7), (50, 14)),
            ),
            Self::Constitution => (
                2_000,
                2,
                4,
                (days(24), days(5), days(30), days(14)),
                Curve::at_days(900, (800, 7), (667, 24)),
                Curve::at_days(400, (250, 7), (100, 24)),
            ),
            Self::Stop => (
                500,
                16,
                0,
                (days(4), DAY / 2, 0, days(2)),
                Curve::at_days(800, (600, 1), (550, 4)),
                Curve::at_days(100, (40, 1), (20, 4)),
            ),
        };
        let (decide, confirm, delay, window) = times;
        TrackRules {
            deposit: Rao::from_tao(deposit),
            places,
            lead,
            decide,
            confirm,
            delay,
            window,
            approval,
            support,
        }
    }
}

impl TrackRules {
    /// Blocks after which the votes of an account may be forgotten, less two root epochs.
    pub const LONGEST_VOTE: u32 = (VOTE_EPOCHS_KEPT - 2) * DAY;

    /// Returns the first field that is out of the bounds of `track`, which hold for any vote.
    ///
    /// Votes of a snapshot are kept for 32 root epochs. So deciding and confirming take at most 30
    /// days together.
    pub fn fault(&self, track: Track) -> Option<TrackField> {
        let is_stop = track == Track::Stop;
        let is_constitution = track == Track::Constitution;
        let least_lead = if is_stop { 0 } else { 2 };
        let least_decide = if is_stop { DAY } else { 3 * DAY };
        let least_delay = match track {
            Track::Stop => 0,
            Track::Constitution => 30 * DAY,
            _ => DAY,
        };
        // Votes on the constitution need two thirds, and a twentieth of the electorate in any case.
        let (approval, support) = if is_constitution {
            (666_667, 50_000)
        } else {
            (500_000, 5_000)
        };
        // Whatever is set, most of those who vote can change it again.
        let most_confirm = if is_stop { DAY } else { 14 * DAY };
        let most_support = if is_stop { 50_000 } else { 200_000 };
        let last = self.decide.saturating_sub(1);
        let within = |curve: &Curve, least: u32, most: u32| {
            curve.is_sound() && curve.floor >= least && curve.at(last) <= most
        };
        let voting = self.decide.saturating_add(self.confirm);
        [
            (
                TrackField::Deposit,
                self.deposit >= Rao::from_tao(1) && self.deposit <= Rao::from_tao(10_000),
            ),
            (TrackField::Places, (1..=16).contains(&self.places)),
            (
                TrackField::Lead,
                (least_lead..=14).contains(&self.lead) && (is_stop == (self.lead == 0)),
            ),
            (
                TrackField::Decide,
                self.decide >= least_decide && voting <= Self::LONGEST_VOTE,
            ),
            (
                TrackField::Confirm,
                (DAY / 4..=most_confirm).contains(&self.confirm),
            ),
            (
                TrackField::Delay,
                (least_delay..=60 * DAY).contains(&self.delay) && (!is_stop || self.delay == 0),
            ),
            (
                TrackField::Window,
                (2 * DAY..=30 * DAY).contains(&self.window),
            ),
            (
                TrackField::Approval,
                within(&self.approval, approval, 750_000),
            ),
            (
                TrackField::Support,
                within(&self.support, support, most_support),
            ),
        ]
        .into_iter()
        .find(|(_, is_sound)| !is_sound)
        .map(|(field, _)| field)
    }
}

impl TrackRules {
    /// Returns true if a proposal under these rules passes no later, and with no more votes, than
    /// under `harder`.
    ///
    /// A second action can move a proposal to a harder track, so no track may be easier than one
    /// before it in [`Track::ALL`].
    pub fn is_at_most(&self, harder: &Self) -> bool {
        self.lead <= harder.lead
            && self.confirm <= harder.confirm
            && self.delay <= harder.delay
            && self.approval.is_at_most(&harder.approval)
            && self.support.is_at_most(&harder.support)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_rules_are_within_their_bounds() {
        for track in Track::ALL {
            assert_eq!(track.default_rules().fault(track), None, "{track:?}");
        }
    }

    #[test]
    fn bounds_of_a_track_name_the_field() {
        let rules = Track::Constitution.default_rules();
        for (wrong, field) in [
            (
                TrackRules {
                    deposit: Rao(1),
                    ..rules
                },
                TrackField::Deposit,
            ),
            (
                TrackRules {
                    places: 17,
                    ..rules
                },
                TrackField::Places,
            ),
            (TrackRules { lead: 0, ..rules }, TrackField::Lead),
            (
                TrackRules {
                    decide: 26 * DAY,
                    ..rules
                },
                TrackField::Decide,
            ),
            (
                TrackRules {
                    confirm: 1,
                    ..rules
                },
                TrackField::Confirm,
            ),
            (
                TrackRules {
                    delay: 29 * DAY,
                    ..rules
                },
                TrackField::Delay,
            ),
            (
                TrackRules {
                    window: DAY,
                    ..rules
                },
                TrackField::Window,
            ),
        ] {
            assert_eq!(wrong.fault(Track::Constitution), Some(field));
        }
        let mut low = rules;
        low.approval.floor = 600_000;
        assert_eq!(low.fault(Track::Constitution), Some(TrackField::Approval));
        // No rules lock the constitution for good.
        let mut locked = rules;
        locked.support.floor = 200_001;
        assert_eq!(locked.fault(Track::Constitution), Some(TrackField::Support));
        // The threshold that counts last is that of the last block in which a vote can begin to
        // pass.
        for track in [Track::Constitution, Track::Stop] {
            let mut locked = track.default_rules();
            locked.support.start = MILLION;
            locked.support.middle = MILLION;
            locked.support.middle_at = locked.decide - 1;
            assert_eq!(locked.support.floor_at, locked.decide);
            assert_eq!(locked.fault(track), Some(TrackField::Support));
        }
        let mut rising = Track::Rules.default_rules();
        rising.support.middle = rising.support.start + 1;
        assert_eq!(rising.fault(Track::Rules), Some(TrackField::Support));
        let late = TrackRules {
            delay: DAY,
            ..Track::Stop.default_rules()
        };
        assert_eq!(late.fault(Track::Stop), Some(TrackField::Delay));
    }

    #[test]
    fn actions_that_stop_stand_alone() {
        assert_eq!(Track::Stop.with(Track::Parameter), None);
        assert_eq!(Track::Stop.with(Track::Stop), Some(Track::Stop));
        for track in Track::ALL.into_iter().filter(|it| *it != Track::Stop) {
            assert_eq!(track.with(Track::Constitution), Some(Track::Constitution));
            assert_eq!(Track::SpendSmall.with(track), Some(track));
        }
    }

    /// The order of tracks is the order of their thresholds, so that a second action never makes a
    /// proposal easier.
    #[test]
    fn later_tracks_are_not_easier() {
        let rules = |track: Track| track.default_rules();
        for pair in Track::ALL[..6].windows(2) {
            let (easy, hard) = (rules(pair[0]), rules(pair[1]));
            assert!(easy.is_at_most(&hard), "{pair:?}");
            assert!(!hard.is_at_most(&easy), "{pair:?}");
            for day in 0..40 {
                let (at, name) = (day * DAY, pair);
                assert!(
                    easy.approval.at(at) <= hard.approval.at(at),
                    "{name:?} {day}"
                );
                assert!(easy.support.at(at) <= hard.support.at(at), "{name:?} {day}");
            }
        }
    }

    /// Every value of a curve is that of the straight line, rounded up, and none is above the one
    /// before.
    #[test]
    fn curves_are_their_lines_rounded_up_and_never_rise() {
        let uneven = Curve {
            start: 999_983,
            middle: 333_331,
            floor: 7,
            middle_at: 101,
            floor_at: 307,
        };
        let rules = Track::ALL.map(Track::default_rules);
        let curves = rules.iter().flat_map(|it| [it.approval, it.support]);
        for curve in curves.chain([uneven]) {
            let step = curve.floor_at.div_ceil(400);
            let mut before = curve.start;
            for elapsed in (0..curve.floor_at + 3 * step).step_by(step as usize) {
                let (from, to, into, length) = if elapsed < curve.middle_at {
                    (curve.start, curve.middle, elapsed, curve.middle_at)
                } else if elapsed < curve.floor_at {
                    let length = curve.floor_at - curve.middle_at;
                    (curve.middle, curve.floor, elapsed - curve.middle_at, length)
                } else {
                    (curve.floor, curve.floor, 0, 1)
                };
                let exact = u128::from(from) * u128::from(length)
                    - u128::from(from - to) * u128::from(into);
                let now = curve.at(elapsed);
                assert_eq!(u128::from(now), exact.div_ceil(length.into()), "{elapsed}");
                assert!(now <= before);
                before = now;
            }
            assert_eq!(before, curve.floor);
        }
    }
}
