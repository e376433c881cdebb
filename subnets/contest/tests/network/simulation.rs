//! A network in one process: miners, validators that judge and are examined, and pay.

use std::{collections::BTreeMap, sync::Mutex};

use inktensor_contest::{
    Averages, Entry, Epoch, Examined, Fault, Finding, HeldOut, Model, Round, Shown, Standing,
    Verdict,
};
use inktensor_task::{Alpha, Blob, Contest, Digest, Hash, Loss, NoLoss, Seat, Seed, Tag, Worth};

use crate::miner::{Miner, CONFIG, SUBNET, TEMPO};

/// The weight of the newest epoch in an average: a fifth.
const ALPHA: Alpha = Alpha(13_107);
/// Stakes of the validators. The first one may lie: it has less than half.
pub const STAKES: [u64; 3] = [40, 35, 25];

/// A lie of the first validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// None.
    Honest,
    /// Takes a tenth off each loss of a miner, and concludes from that.
    Favors(Seat),
    /// Calls the model of a miner unreadable, and concludes from that.
    Harms(Seat),
    /// Hands in the verdict of the second validator.
    CopiesVerdict,
    /// Gives a miner the whole worth.
    Pays(Seat),
    /// Raises the average of a miner.
    Remembers(Seat),
    /// Leaves a miner out.
    LeavesOut(Seat),
    /// Sets other weights than follow.
    Weighs(Seat),
    /// Calls a miner silent that has shown everything.
    CallsSilent(Seat),
}

/// Losses by model and seed.
type Known = BTreeMap<(Digest, Digest), Result<Vec<Loss>, NoLoss>>;

/// A contest that computes each loss once, so that networks which differ by a lie share them.
pub struct Once {
    pub contest: HeldOut,
    known: Mutex<Known>,
}

impl Once {
    pub fn new(contest: HeldOut) -> Self {
        let known = Mutex::default();
        Self { contest, known }
    }
}

impl Contest for Once {
    type Entry = Model;
    const NAME: &'static str = HeldOut::NAME;
    const UNIT: &'static str = HeldOut::UNIT;

    fn losses(&self, entry: &Model, seed: &Seed) -> Result<Vec<Loss>, NoLoss> {
        let key = (entry.hash(), seed.0);
        if let Some(known) = self.known.lock().unwrap().get(&key) {
            return known.clone();
        }
        let losses = self.contest.losses(entry, seed);
        self.known.lock().unwrap().insert(key, losses.clone());
        losses
    }
}

/// The record of an epoch.
pub struct Played {
    pub number: u32,
    /// Verdict of each validator.
    pub verdicts: Vec<Verdict>,
    /// Standings that follow from each verdict.
    pub standings: Vec<BTreeMap<Seat, Standing>>,
    /// Examination of each verdict by an examiner with all that was shown.
    pub examined: Vec<Examined>,
    /// Part of all pay for each miner.
    pub pay: Vec<f64>,
}

/// A network and what it has played.
pub struct Simulation<'a, C> {
    pub contest: &'a C,
    pub seed: u64,
    pub epochs: Vec<Played>,
    miners: &'a [Miner],
    lie: Lie,
    averages: Vec<Averages>,
    /// Order of the validators, and true if pledges are read from the last one on.
    order: ([usize; 3], bool),
}

impl<'a, C: Contest> Simulation<'a, C> {
    pub fn new(contest: &'a C, seed: u64, miners: &'a [Miner], lie: Lie) -> Self {
        Self {
            contest,
            seed,
            miners,
            lie,
            epochs: Vec::new(),
            averages: vec![Averages::new(); STAKES.len()],
            order: ([0, 1, 2], false),
        }
    }

    /// Returns the network with its validators in the order 2, 0, 1 and its pledges reversed.
    pub fn reordered(self) -> Self {
        Self {
            order: ([2, 0, 1], true),
            ..self
        }
    }

    pub fn play(mut self, epochs: u32) -> Self {
        for number in 0..epochs {
            let played = self.epoch(number);
            self.epochs.push(played);
        }
        self
    }

    fn epoch(&mut self, number: u32) -> Played {
        let epoch = Epoch {
            subnet: SUBNET,
            number,
            cut_off: number * TEMPO + TEMPO / 2,
        };
        let in_time = |miner: &&Miner| miner.entry.block <= epoch.cut_off;
        let mut pledges: Vec<Entry> = self
            .miners
            .iter()
            .filter(in_time)
            .map(|miner| miner.entry)
            .collect();
        let (order, is_reversed) = self.order;
        if is_reversed {
            pledges.reverse();
        }
        let (seed, averages) = (self.seed, self.averages.clone());
        let round = |validator: usize| Round {
            contest: self.contest,
            epoch: &epoch,
            pledges: &pledges,
            seed: drawn(seed, number, "data").part(&validator.to_string()),
            before: &averages[validator],
            alpha: ALPHA,
        };
        let mut verdicts = vec![None; STAKES.len()];
        for validator in order {
            verdicts[validator] = Some(round(validator).judge(|entry| self.show(entry)));
        }
        let mut verdicts: Vec<Verdict> = verdicts.into_iter().flatten().collect();
        verdicts[0] = self.lied(&round(0), &verdicts);
        let examined = |validator: usize| {
            round(validator).examine(&verdicts[validator], |entry| self.show(entry))
        };
        let examined = (0..STAKES.len()).map(examined).collect();
        let standings = |validator: usize| round(validator).standings(&verdicts[validator]);
        let standings = (0..STAKES.len()).map(standings).collect();
        let pay = pay(&verdicts, self.miners.len());
        self.averages = verdicts.iter().map(Verdict::averages).collect();
        Played {
            number,
            standings,
            examined,
            pay,
            verdicts,
        }
    }

    fn show(&self, entry: &Entry) -> Shown {
        let miner = self.miners.iter().find(|it| it.entry.seat == entry.seat);
        miner.unwrap().show()
    }

    /// Returns the verdict that the first validator hands in.
    fn lied(&self, round: &Round<'_, C>, verdicts: &[Verdict]) -> Verdict {
        let mut verdict = verdicts[0].clone();
        let of = match self.lie {
            Lie::Favors(of)
            | Lie::Harms(of)
            | Lie::Pays(of)
            | Lie::Remembers(of)
            | Lie::LeavesOut(of)
            | Lie::Weighs(of)
            | Lie::CallsSilent(of) => of,
            Lie::CopiesVerdict => return verdicts[1].clone(),
            Lie::Honest => return verdict,
        };
        // There is no lie about a miner without an entry.
        let Some(at) = verdict.lines.iter().position(|line| line.seat == of) else {
            return verdict;
        };
        let concluded = |verdict: &Verdict| {
            let findings = verdict.lines.iter().map(|line| line.finding.clone());
            let found: Vec<_> = round.entries().into_iter().zip(findings).collect();
            round.conclude(&found)
        };
        let line = &mut verdict.lines[at];
        match (self.lie, &mut line.finding) {
            (Lie::Favors(_), Finding::Judged { losses, .. }) => {
                losses
                    .iter_mut()
                    .for_each(|it| *it = Loss(it.0 - it.0 / 10));
            }
            (Lie::Harms(_), finding) => *finding = Finding::Faulty(Fault::Unreadable),
            (Lie::CallsSilent(_), finding) => *finding = Finding::Faulty(Fault::Missing),
            (Lie::Pays(_), _) => line.worth = Worth::WHOLE,
            (Lie::Remembers(_), _) => line.average = Worth(1_234),
            (Lie::LeavesOut(_), _) => drop(verdict.lines.remove(at)),
            (Lie::Weighs(_), _) => verdict.weights = vec![(of.uid, u16::MAX)],
            (other, _) => panic!("{other:?} needs a loss"),
        }
        match self.lie {
            Lie::Favors(_) | Lie::Harms(_) | Lie::CallsSilent(_) => concluded(&verdict),
            _ => verdict,
        }
    }
}

/// Returns the part of each miner: the median of the weights by stake, as Yuma clips.
fn pay(verdicts: &[Verdict], miners: usize) -> Vec<f64> {
    let median = |uid: u16| {
        let weight = |verdict: &Verdict| {
            let found = verdict.weights.iter().find(|(of, _)| *of == uid);
            found.map_or(0, |(_, weight)| *weight)
        };
        let mut weights: Vec<(u16, u64)> = verdicts.iter().map(weight).zip(STAKES).collect();
        weights.sort_unstable();
        let mut below = 0;
        let half = weights.iter().find(|(_, stake)| {
            below += stake;
            below * 2 > STAKES.iter().sum()
        });
        f64::from(half.unwrap().0)
    };
    let medians: Vec<f64> = (0..miners as u16).map(median).collect();
    let sum: f64 = medians.iter().sum();
    medians.iter().map(|weight| weight / sum).collect()
}

/// Returns the contest of all networks, on a text that follows from the seed.
pub fn contest(seed: u64) -> HeldOut {
    let mut draw = drawn(seed, 0, "text").draw();
    let mut word = || {
        let letters: Vec<u8> = (0..4).map(|_| 1 + draw.below(60) as u8).collect();
        [&letters[..], &[0]].concat()
    };
    let words: Vec<Vec<u8>> = (0..20).map(|_| word()).collect();
    let text = (0..36_000).flat_map(|_| draw.pick(&words).unwrap().clone());
    HeldOut::new(CONFIG, text.collect()).unwrap()
}

/// Returns a seed that stands for the hash of a block.
pub fn drawn(seed: u64, number: u32, what: &str) -> Seed {
    let block = Hash::new(Tag(b"simulate")).u64(seed).u32(number).digest();
    Seed(block).part(what)
}
