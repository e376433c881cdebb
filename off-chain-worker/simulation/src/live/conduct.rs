//! The course of a run: blocks pass, and a block is held back while a process has work to finish.
//!
//! A network has blocks at a fixed pace, and a validator that is late has lost its epoch. Here all
//! processes share a machine that may be busy with other work. So the block after which something
//! is too late waits for it, up to a limit, and the report has the time for which blocks waited.

use super::{
    network::{Net, NETUID, SUBNETS, TRAINING},
    pace::{Pace, TEMPO},
    process::LOOK,
    LiveError,
};
use inktensor_client::chain::{ChainRead, Typed};
use inktensor_neuron::evidence::seeds::Round;
use inktensor_primitives::{
    epoch::{EpochStatus, Epochs, ResultsPublished, Stage, WeightsRow},
    kernel::NeuronResult,
    registry::{Registry, ServingView},
    work::Pledge,
    NetUid, Uid,
};
use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

/// First epoch in which validators ask: a manifest that is pledged in epoch 0 counts from the epoch
/// after next on, and permits come with the end of epoch 0.
pub const ASKED_FROM: u32 = 2;
/// Longest time for which a block waits for a step of the worker, besides three windows.
const LONGEST_HOLD: Duration = Duration::from_secs(60);
/// Time after a window in which the last outcomes arrive.
const AFTER_WINDOW: Duration = Duration::from_secs(1);
/// Waits for weights, one for each block after the window. A validator takes a step with each
/// block: it checks, seals, pledges and weighs. On a quick machine the first three are enough.
const PULSES: [Duration; 6] = [
    Duration::from_millis(700),
    Duration::from_millis(700),
    Duration::from_millis(700),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
];
/// The first pulse that a quick machine does not need.
const FIRST_HELD: usize = 3;

/// Blocks of an epoch after which the work of the training is waited for. Miners of a training
/// begin no step after the next block, and pledge within the three blocks after that one.
const WORK_BLOCKS: u32 = 6;
/// Waits for pledges of work, one for each block from [`WORK_BLOCKS`] on. A miner takes a step with
/// each block. On a quick machine the work is pledged before.
const WORK_PULSES: [Duration; 4] = [
    Duration::from_millis(700),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// The neurons that blocks wait for.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// Validators, until they have set weights.
    pub weights: Vec<(NetUid, Uid)>,
    /// Miners of the training, until they have pledged their work.
    pub work: Vec<Uid>,
}

/// The part of an epoch that a block belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Before the seed of validators: blocks pass at their pace.
    Early,
    /// A block in which the work of the training may be pledged still, by number.
    Work(usize),
    /// The last block before the seed is known: the epoch before must be final and paid.
    BeforeSeed,
    /// The block at which the seed is known: validators ask, for the length of a window.
    Window,
    /// A block after the window, by number: validators check, pledge and set weights.
    After(usize),
    /// The tempo is over: the epoch must close.
    Over,
}

impl Part {
    /// Returns the part of the epoch that `block` belongs to.
    pub fn of(status: &EpochStatus, block: u32) -> Self {
        let round = Round::new(status.opened_at, TEMPO);
        // The hash of a block is fixed with the next one.
        let seed = round.map_or(status.closes_at, |it| it.asked_at().saturating_add(1));
        if block >= status.closes_at {
            return Part::Over;
        }
        let work = block.checked_sub(status.opened_at.saturating_add(WORK_BLOCKS));
        let work = work.and_then(|passed| usize::try_from(passed).ok());
        if let Some(number) = work.filter(|number| *number < WORK_PULSES.len()) {
            return Part::Work(number);
        }
        match seed.checked_sub(block) {
            Some(0) => Part::Window,
            Some(1) => Part::BeforeSeed,
            Some(_) => Part::Early,
            None => {
                let after = block.saturating_sub(seed).saturating_sub(1);
                Part::After(usize::try_from(after).unwrap_or(usize::MAX))
            }
        }
    }
}

/// Returns true if the epoch before the open one is final and paid, or the first one is open.
fn is_paid(status: &EpochStatus) -> bool {
    let before = status.open.checked_sub(1);
    let is_final = status.final_epoch == before;
    is_final && status.stage == Stage::Open && status.settling.is_none()
}

/// Events up to a moment.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Time for which blocks waited.
    pub held: Duration,
    /// Steps that were missed.
    pub notes: Vec<String>,
}

impl Course {
    /// Lets blocks pass until the epoch `last` of both subnets is paid. Blocks wait for `waits`.
    /// `between` is called before the seed of each epoch, once the epoch before is paid, with the
    /// number of that epoch. `watch` is called all the time.
    ///
    /// # Errors
    /// See [`LiveError`], and those of `watch` and `between`.
    pub fn run(
        &mut self,
        net: &mut Net,
        pace: &Pace,
        waits: &Waits,
        last: u32,
        mut watch: impl FnMut() -> Result<(), LiveError>,
        mut between: impl FnMut(&mut Net, u32) -> Result<(), LiveError>,
    ) -> Result<(), LiveError> {
        let longest = LONGEST_HOLD.saturating_add(pace.window().saturating_mul(3));
        loop {
            watch()?;
            let (status, block) = (net.status(NETUID)?, net.chain.block()?);
            match Part::of(&status, block) {
                Part::Early => thread::sleep(pace.block),
                Part::Work(_) | Part::Window | Part::After(_) if status.open < ASKED_FROM => {
                    thread::sleep(pace.block);
                }
                Part::Work(number) => {
                    self.work(net, pace, waits, &status, number, &mut watch)?;
                }
                Part::BeforeSeed => {
                    let what = format!("the end of epoch {}", before(&status));
                    self.hold(&what, longest, &mut watch, || {
                        all(|netuid| Ok(is_paid(&net.status(netuid)?)))
                    })?;
                    if let Some(epoch) = status.open.checked_sub(1) {
                        between(net, epoch)?;
                        if epoch >= last {
                            return Ok(());
                        }
                    }
                }
                Part::Window => {
                    let window = pace.window().saturating_add(AFTER_WINDOW);
                    wait(window, &mut watch, || Ok(false))?;
                }
                Part::After(number) => {
                    self.pulse(net, pace, waits, &status, number, &mut watch)?;
                }
                Part::Over => {
                    let what = format!("the close of epoch {}", status.open);
                    let open = status.open;
                    let is_closed = || all(|netuid| Ok(net.status(netuid)?.open > open));
                    self.hold(&what, longest, &mut watch, is_closed)?;
                    // The next epoch opens at this block.
                    continue;
                }
            }
            net.chain.advance(1)?;
        }
    }

    /// Waits for a step of the worker.
    fn hold(
        &mut self,
        what: &str,
        longest: Duration,
        watch: &mut impl FnMut() -> Result<(), LiveError>,
        is_met: impl FnMut() -> Result<bool, LiveError>,
    ) -> Result<(), LiveError> {
        let start = Instant::now();
        let met = wait(longest, watch, is_met)?;
        self.held = self.held.saturating_add(start.elapsed());
        match met {
            true => Ok(()),
            false => Err(LiveError::Late {
                what: what.into(),
                waited: longest,
            }),
        }
    }

    /// Waits for the pledges of work, for as long as this block may.
    fn work(
        &mut self,
        net: &Net,
        pace: &Pace,
        waits: &Waits,
        status: &EpochStatus,
        number: usize,
        watch: &mut impl FnMut() -> Result<(), LiveError>,
    ) -> Result<(), LiveError> {
        let start = Instant::now();
        let epoch = status.open;
        let limit = WORK_PULSES.get(number).copied().unwrap_or_default();
        let all = wait(limit, watch, || is_pledged(net, &waits.work, epoch))?;
        self.held = self.held.saturating_add(start.elapsed());
        if all {
            thread::sleep(pace.block);
        } else if number.saturating_add(1) >= WORK_PULSES.len() {
            self.notes.push(format!(
                "epoch {epoch}: a miner of the training had not pledged its work in time"
            ));
        }
        Ok(())
    }

    /// Waits for weights, for as long as this block after the window may.
    fn pulse(
        &mut self,
        net: &Net,
        pace: &Pace,
        waits: &Waits,
        status: &EpochStatus,
        number: usize,
        watch: &mut impl FnMut() -> Result<(), LiveError>,
    ) -> Result<(), LiveError> {
        let start = Instant::now();
        let limit = PULSES.get(number).copied().unwrap_or(pace.block);
        let all = wait(limit, watch, || is_weighed(net, &waits.weights, status))?;
        if number >= FIRST_HELD {
            self.held = self.held.saturating_add(start.elapsed());
        }
        let is_last = number.saturating_add(1) >= PULSES.len();
        if !all && is_last {
            let epoch = status.open;
            self.notes.push(format!(
                "epoch {epoch}: a validator had not set its weights in time"
            ));
        }
        Ok(())
    }
}

/// Returns the epoch before the open one, for a text.
fn before(status: &EpochStatus) -> u32 {
    status.open.saturating_sub(1)
}

/// Returns true if something holds for both subnets.
fn all(mut holds: impl FnMut(NetUid) -> Result<bool, LiveError>) -> Result<bool, LiveError> {
    for netuid in SUBNETS {
        if !holds(netuid)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns true if all `miners` of the training have pledged work of this epoch.
fn is_pledged(net: &Net, miners: &[Uid], epoch: u32) -> Result<bool, LiveError> {
    for uid in miners {
        let serving = net.contracts.registry().serving(TRAINING, *uid);
        let serving: Option<ServingView> = net.chain.query(serving)?;
        let data = serving.and_then(|it| it.commitment).map(|it| it.data);
        let pledge = Pledge::from_data(&data.unwrap_or_default());
        if !matches!(pledge, Ok(Pledge::Work { epoch: of, .. }) if of == epoch) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns true if all validators with a permit out of `waits` have set weights in this epoch.
fn is_weighed(net: &Net, waits: &[(NetUid, Uid)], status: &EpochStatus) -> Result<bool, LiveError> {
    all(|netuid| {
        let roster: Vec<Uid> = net.chain.query(net.contracts.epoch().roster(netuid))?;
        let waits = waits
            .iter()
            .filter(|(of, uid)| *of == netuid && roster.contains(uid));
        for (_, uid) in waits {
            let row = net.contracts.epoch().weights(netuid, *uid);
            let row: Option<WeightsRow> = net.chain.query(row)?;
            if row.is_none_or(|row| row.updated_at < status.opened_at) {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// Waits at most `longest` until `is_met`. Returns true if it is.
fn wait(
    longest: Duration,
    watch: &mut impl FnMut() -> Result<(), LiveError>,
    mut is_met: impl FnMut() -> Result<bool, LiveError>,
) -> Result<bool, LiveError> {
    let start = Instant::now();
    loop {
        if is_met()? {
            return Ok(true);
        }
        if start.elapsed() >= longest {
            return Ok(false);
        }
        watch()?;
        thread::sleep(LOOK);
    }
}

/// Returns the results of all settled epochs of a subnet, by epoch and uid.
///
/// # Errors
/// `Chain`.
pub fn results(net: &Net, netuid: NetUid) -> Result<BTreeMap<u32, Vec<NeuronResult>>, LiveError> {
    let mut results: BTreeMap<u32, BTreeMap<u16, Vec<NeuronResult>>> = BTreeMap::new();
    for event in net.chain.events(0)? {
        if event.contract != net.contracts.epoch {
            continue;
        }
        if let Some(it) = event.decode::<ResultsPublished>() {
            if it.netuid == netuid {
                results
                    .entry(it.epoch)
                    .or_default()
                    .insert(it.chunk, it.results);
            }
        }
    }
    let by_uid =
        |chunks: BTreeMap<u16, Vec<NeuronResult>>| chunks.into_values().flatten().collect();
    Ok(results
        .into_iter()
        .map(|(epoch, chunks)| (epoch, by_uid(chunks)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(open: u32, final_epoch: Option<u32>) -> EpochStatus {
        EpochStatus {
            open,
            opened_at: 100,
            closes_at: 100 + TEMPO,
            stage: Stage::Open,
            final_epoch,
            replayed: 0,
            settling: None,
            replays_at: None,
            rolls_over_at: None,
        }
    }

    #[test]
    fn blocks_of_an_epoch_have_their_parts() {
        let status = status(3, Some(2));
        let part = |passed| Part::of(&status, 100 + passed);
        let seed = TEMPO / 2 + 3;
        for passed in 0..seed - 1 {
            let pulse = usize::try_from(passed).unwrap();
            let expected = match passed {
                6..=9 => Part::Work(pulse - 6),
                _ => Part::Early,
            };
            assert_eq!(part(passed), expected);
        }
        // The last pulse is in the last block before the cut-off, whose own block is too late for a
        // pledge that a later one shows.
        assert_eq!(WORK_BLOCKS + 4, TEMPO / 2);
        assert_eq!(WORK_PULSES.len(), 4);
        assert_eq!(
            (part(seed - 1), part(seed)),
            (Part::BeforeSeed, Part::Window)
        );
        let after = TEMPO - seed - 1;
        for number in 0..after {
            let place = usize::try_from(number).unwrap();
            assert_eq!(part(seed + 1 + number), Part::After(place));
        }
        assert_eq!((part(TEMPO), part(TEMPO + 5)), (Part::Over, Part::Over));
        // Every block after the window has a wait of its own.
        assert_eq!(usize::try_from(after).unwrap(), PULSES.len());
    }

    #[test]
    fn a_wait_ends_when_it_is_met_or_over() {
        let mut watched = 0;
        let mut watch = || {
            watched += 1;
            Ok(())
        };
        let mut left = 2;
        let met = wait(Duration::from_secs(60), &mut watch, || {
            left -= 1;
            Ok(left == 0)
        });
        assert!(met.unwrap());
        assert!(!wait(Duration::ZERO, &mut watch, || Ok(false)).unwrap());
        assert_eq!(watched, 1);
    }

    #[test]
    fn an_epoch_is_paid_when_the_one_before_is_final_and_settled() {
        assert!(is_paid(&status(0, None)));
        assert!(is_paid(&status(3, Some(2))));
        assert!(!is_paid(&status(3, Some(1))) && !is_paid(&status(3, None)));
        let closed = EpochStatus {
            stage: Stage::Closed,
            ..status(3, Some(2))
        };
        assert!(!is_paid(&closed));
    }
}
