//! A run from the first block to the report.

use super::{
    auditor::{Audits, Means},
    cast::{key_of, Cast, TaskFiles},
    cheats::{Copier, Favourer, Liar, Scene},
    claims::{claims, training_claims, Miner, Validator},
    conduct::{results, Course, Waits, ASKED_FROM},
    folder::RunFolder,
    models::whole,
    network::{Net, NETUID, TRAINING},
    pace::{answers_in_window, millis, sample, Pace, TEMPO},
    plan::{Plan, ValidatorKind, ValidatorPlan, EXAMINERS, FAVOURED},
    process::{own_children_cpu, own_cpu, Stock},
    report::{CpuReport, LiveReport, MinerReport, ValidatorReport},
    training::Training,
    LiveError,
};
use crate::run::Progress;
use inktensor_primitives::{kernel::NeuronResult, NetUid, Uid};
use inktensor_wire::{Client, ClientLimits};
use inktensor_worker::service::signals::Stop;
use std::{cell::RefCell, collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::runtime::{Builder, Runtime};

/// Fewest epochs of a run: the claims are about epochs from 3 on, and compare two replayed ones.
pub const LEAST_EPOCHS: u32 = 5;

/// Properties of a network that a run on one machine does not show.
const NOT_SHOWN: [&str; 5] = [
    "distance and bandwidth: every answer takes the way of one machine",
    "other CPUs and systems: all processes run the same build",
    "two hotkeys on one real machine: the shared one has a lock and a fixed speed",
    "grinding of block hashes by those that make blocks",
    "silence that a validator invents: it leaves no signature, and no audit proves it",
];

/// The settings of a run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seed of keys, model and stakes.
    pub seed: u64,
    /// Epochs to pay, from epoch 0 on.
    pub epochs: u32,
    /// The binary `inktensor`.
    pub program: PathBuf,
    /// The request to stop.
    pub stop: Arc<Stop>,
}

/// Runs a live network and returns the report. `progress` hears of every stage. All processes end
/// and all files are removed before this returns.
///
/// # Errors
/// See [`LiveError`]. A claim that fails is no error.
pub fn run(
    settings: &Settings,
    progress: impl FnMut(Progress<'_>),
) -> Result<LiveReport, LiveError> {
    let last = settings.epochs.checked_sub(1);
    let last = last.filter(|_| settings.epochs >= LEAST_EPOCHS);
    let last = last.ok_or(LiveError::TooFewEpochs {
        given: settings.epochs,
        least: LEAST_EPOCHS,
    })?;
    let folder = RunFolder::create()?;
    let stock = Stock {
        program: settings.program.clone(),
        folder: folder.path().into(),
        stop: Arc::clone(&settings.stop),
    };
    let finished = Live::begin(settings, &stock, progress).and_then(|mut live| {
        live.perform(&stock, last)?;
        live.report(settings)
    });
    // A signal of the terminal ends the processes too, which may be noticed first.
    match settings.stop.asked_by() {
        Some(signal) => Err(LiveError::Stopped(signal)),
        None => finished,
    }
}

/// A run in progress. Liars and processes end before the chain.
struct Live<P> {
    liars: Vec<Liar>,
    training: Training,
    cast: Cast,
    plan: Plan,
    pace: Pace,
    course: Course,
    net: Net,
    facts: Facts,
    progress: P,
}

/// Reads evidence that validators serve.
struct Reader {
    runtime: Runtime,
    client: Client,
}

/// The facts of past epochs.
struct Facts {
    reader: Reader,
    audits: Audits,
    /// First epoch with evidence.
    first_asked: Option<u32>,
}

impl<P: FnMut(Progress<'_>)> Live<P> {
    fn begin(settings: &Settings, stock: &Stock, mut progress: P) -> Result<Self, LiveError> {
        let plan = Plan::of(settings.seed);
        let mut begin = |what, steps| progress(Progress::Begin { what, steps });
        begin("timing the machine", 1);
        let state = whole(plan.seed)?;
        let (time, answers) = sample(plan.seed, &state)?;
        let parts = answers_in_window(&plan).div_ceil(answers.max(1));
        let pace = Pace::of(time, parts);
        begin("creating the subnets", 1);
        let mut net = Net::create(stock, &plan, TEMPO)?;
        let task = TaskFiles::write(stock, &state, &pace)?;
        let mut training = Training::write(stock, plan.seed, &pace)?;
        net.start()?;
        net.pledge(NETUID, task.manifest.hash)?;
        net.pledge(TRAINING, training.manifest)?;
        begin("starting the miners", 1);
        let mut cast = Cast::begin(stock, &net)?;
        cast.add_miners(stock, &mut net, &plan, &task, &pace)?;
        begin("starting the validators", 1);
        let mut liars = Vec::new();
        for validator in &plan.validators {
            match validator.kind {
                ValidatorKind::Honest => cast.validate(stock, &net, validator.name, &task)?,
                kind => {
                    let liar = liar(&net, validator, kind, &task)?;
                    cast.publish(&mut net, validator.name, liar.address())?;
                    liars.push(liar);
                }
            }
        }
        for validator in &plan.validators {
            cast.wait_for_axon(&net, NETUID, validator.name)?;
        }
        begin("starting the training", 1);
        training.begin(stock, &net, &mut cast)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let client = Client::new(
            key_of(&net, super::plan::OWNER)?,
            ClientLimits::default(),
            true,
        );
        Ok(Self {
            liars,
            training,
            cast,
            plan,
            pace,
            course: Course::default(),
            net,
            facts: Facts {
                reader: Reader {
                    runtime: runtime.map_err(LiveError::Socket)?,
                    client,
                },
                audits: Audits::default(),
                first_asked: None,
            },
            progress,
        })
    }

    /// Lets epochs pass up to `last`, with an audit after each.
    fn perform(&mut self, stock: &Stock, last: u32) -> Result<(), LiveError> {
        let Self {
            liars,
            training,
            cast,
            plan,
            pace,
            course,
            net,
            facts,
            progress,
        } = self;
        let steps = u64::from(last).saturating_add(1);
        let what = "running epochs";
        progress(Progress::Begin { what, steps });
        let waits = waits(net, plan)?;
        let training = RefCell::new(training);
        course.run(
            net,
            pace,
            &waits,
            last,
            || {
                liars.iter_mut().try_for_each(Liar::check)?;
                training.borrow_mut().check()?;
                cast.check()
            },
            |net, epoch| {
                facts.audit(stock, net, plan, epoch)?;
                let means = facts.reader.means(stock, net);
                training.borrow_mut().audit(means, epoch)?;
                progress(Progress::Step);
                Ok(())
            },
        )
    }

    fn report(self, settings: &Settings) -> Result<LiveReport, LiveError> {
        let epochs = settings.epochs;
        let paid = Paid::of(&self.net, NETUID, epochs)?;
        let mut miners = Vec::new();
        for plan in &self.plan.miners {
            let uid = self.net.neuron(plan.name)?.uid;
            let report = MinerReport {
                uid: uid.0,
                name: plan.name,
                behaviour: plan.kind.describe(),
                work: self.facts.audits.work_of(uid),
                paid: paid.miner(uid),
            };
            miners.push((plan.kind, report));
        }
        let mut validators = Vec::new();
        for plan in &self.plan.validators {
            let uid = self.net.neuron(plan.name)?.uid;
            let report = ValidatorReport {
                uid: uid.0,
                name: plan.name,
                behaviour: plan.kind.describe(),
                honest: plan.kind.is_honest(),
                stake: plan.stake.0,
                paid: paid.validator(uid),
                audits: self.facts.audits.of(uid),
            };
            validators.push((plan.kind, report));
        }
        let of_miners: Vec<Miner<'_>> = miners.iter().map(|(kind, it)| (*kind, it)).collect();
        let of_validators: Vec<Validator<'_>> =
            validators.iter().map(|(kind, it)| (*kind, it)).collect();
        let of_training = Paid::of(&self.net, TRAINING, epochs)?;
        let training = self.training.report(&self.net, |uid| {
            (of_training.miner(uid), of_training.validator(uid))
        })?;
        let mut claims = claims(&of_miners, &of_validators);
        claims.extend(training_claims(&training, epochs));
        Ok(LiveReport {
            seed: settings.seed,
            epochs,
            first_asked: self.facts.first_asked,
            tempo: TEMPO,
            pace: self.pace.report(self.course.held),
            questions: super::cast::QUESTIONS,
            training,
            claims,
            cpu: self.cpu(),
            miners: miners.into_iter().map(|(_, it)| it).collect(),
            validators: validators.into_iter().map(|(_, it)| it).collect(),
            not_shown: NOT_SHOWN.to_vec(),
            notes: self.notes(),
        })
    }

    fn cpu(&self) -> Vec<CpuReport> {
        let mut cpu = vec![role("devchain", 1, self.net.devchain.cpu())];
        let by_role = self.cast.cpu().into_iter();
        cpu.extend(by_role.map(|(name, (count, time))| role(name, count, time)));
        let audits = self.facts.audits.count();
        let audits = audits.saturating_add(self.training.auditors());
        cpu.push(role("auditors", audits, own_children_cpu()));
        cpu.push(role("demo: models and cheats", 1, own_cpu()));
        cpu
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = self.course.notes.clone();
        if self.pace.is_stretched() {
            notes.push(format!(
                "this machine is slow or busy: the window has {} s, and blocks are longer",
                self.pace.window
            ));
        }
        notes
    }
}

impl Reader {
    const fn means<'a>(&'a self, stock: &'a Stock, net: &'a Net) -> Means<'a> {
        Means {
            stock,
            net,
            runtime: &self.runtime,
            client: &self.client,
        }
    }
}

impl Facts {
    /// Audits the evidence of all validators in an epoch, and counts the work in the honest ones'.
    fn audit(
        &mut self,
        stock: &Stock,
        net: &Net,
        plan: &Plan,
        epoch: u32,
    ) -> Result<(), LiveError> {
        if epoch < ASKED_FROM {
            return Ok(());
        }
        for validator in &plan.validators {
            let means = self.reader.means(stock, net);
            let (place, is_honest) = ((NETUID, validator.name), validator.kind.is_honest());
            if self.audits.add(means, place, epoch, is_honest)? {
                self.first_asked.get_or_insert(epoch);
            }
        }
        Ok(())
    }
}

/// Returns the neurons that blocks wait for: all that work by the protocol.
fn waits(net: &Net, plan: &Plan) -> Result<Waits, LiveError> {
    let asking = plan.validators.iter();
    let asking = asking.filter(|it| it.kind != ValidatorKind::Copier);
    let asking = asking.map(|it| (NETUID, it.name));
    let examiners = EXAMINERS.iter().map(|it| (TRAINING, it.name));
    let uid = |(netuid, name)| Ok((netuid, net.seated(netuid, name)?.uid));
    Ok(Waits {
        weights: asking
            .chain(examiners)
            .map(uid)
            .collect::<Result<_, LiveError>>()?,
        work: Training::honest(net)?,
    })
}

/// The pay on a subnet.
struct Paid {
    epochs: u32,
    results: BTreeMap<u32, Vec<NeuronResult>>,
}

impl Paid {
    /// Reads the pay of the first `epochs` epochs.
    fn of(net: &Net, netuid: NetUid, epochs: u32) -> Result<Self, LiveError> {
        let results = results(net, netuid)?;
        Ok(Self { epochs, results })
    }

    /// Returns the pay of each epoch as a miner.
    fn miner(&self, uid: Uid) -> Vec<u64> {
        self.each(uid, |result| result.miner.0)
    }

    /// Returns the pay of each epoch as a validator.
    fn validator(&self, uid: Uid) -> Vec<u64> {
        self.each(uid, |result| result.validator.0)
    }

    fn each(&self, uid: Uid, pay: fn(&NeuronResult) -> u64) -> Vec<u64> {
        let place = usize::from(uid.0);
        let of = |epoch| self.results.get(&epoch).and_then(|all| all.get(place));
        (0..self.epochs)
            .map(|epoch| of(epoch).map_or(0, pay))
            .collect()
    }
}

fn role(role: &'static str, processes: usize, time: Option<Duration>) -> CpuReport {
    CpuReport {
        role,
        processes,
        millis: time.map(millis),
    }
}

/// Starts a validator that lies.
fn liar(
    net: &Net,
    validator: &ValidatorPlan,
    kind: ValidatorKind,
    task: &TaskFiles,
) -> Result<Liar, LiveError> {
    let seated = net.neuron(validator.name)?;
    let scene = Scene::connect(net.host(), net.contracts, seated.hotkey, seated.uid)?;
    match kind {
        ValidatorKind::Favourer => {
            let key = key_of(net, validator.name)?;
            let client = Client::new(key, ClientLimits::default(), true);
            let favoured = net.neuron(FAVOURED)?.uid;
            let manifest = task.manifest.manifest.clone();
            let lie = Favourer::new(client, task.program.clone(), manifest, favoured)?;
            Liar::start(scene, lie)
        }
        ValidatorKind::Copier | ValidatorKind::Honest => Liar::start(scene, Copier),
    }
}
