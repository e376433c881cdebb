//! `inktensor evidence verify`: the audit of a validator's epoch.

use super::{
    chain::Chain,
    models::Models,
    proofs::Proofs,
    source::{evidence_in, facts_in, facts_of, named, served, Named},
    states::bring,
    Verify,
};
use crate::{
    commands::neural::Means,
    error::{Failure, Verdict},
    output::{self, View},
};
use inktensor_neuron::{
    contest::audit as contest,
    evidence::{
        any::AnyEvidence,
        audit::{self, Absence, Audited, Auditor, Before, Falsehood, Missing, Origin, Sample},
        facts::Facts,
        Evidence,
    },
    fold::{gather::Gathered, round::States},
    program::Runs,
    service::random,
    threads::cores,
};
use inktensor_train::FraudProof;
use serde::Serialize;
use std::{
    io::{self, Write},
    sync::Arc,
};

/// The result of an audit.
#[derive(Serialize)]
struct Report {
    netuid: u16,
    epoch: u32,
    uid: u16,
    verdict: &'static str,
    /// The first false item, or the first one that cannot be judged.
    reason: Option<String>,
    receipts: Option<usize>,
    checked_by_validator: Option<usize>,
    recomputed: Option<usize>,
    /// Miners of a contest whose fault is the validator's word alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    unproven: Option<Vec<u16>>,
    /// The seed of the sample. Absent if all answers are computed again.
    seed: Option<u64>,
}

impl View for Report {
    fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(seed) = self.seed {
            writeln!(out, "sample of seed {seed}")?;
        }
        match (&self.reason, &self.unproven) {
            (Some(reason), _) => writeln!(out, "{}: {reason}", self.verdict),
            (None, Some(unproven)) => {
                writeln!(
                    out,
                    "true: {} entries, {} judged by the validator, {} computed again",
                    self.receipts.unwrap_or_default(),
                    self.checked_by_validator.unwrap_or_default(),
                    self.recomputed.unwrap_or_default()
                )?;
                for uid in unproven {
                    writeln!(
                        out,
                        "unproven: the fault of uid {uid} is the validator's word"
                    )?;
                }
                Ok(())
            }
            (None, None) => writeln!(
                out,
                "true: {} receipts, {} answers checked by the validator, {} computed again",
                self.receipts.unwrap_or_default(),
                self.checked_by_validator.unwrap_or_default(),
                self.recomputed.unwrap_or_default()
            ),
        }
    }
}

/// Checks a validator's evidence.
pub fn verify(arguments: &Verify, out: &mut dyn Write) -> Result<Verdict, Failure> {
    let subject = &arguments.subject;
    let chain = Chain::new(&arguments.chain);
    let facts = match &arguments.facts {
        Some(file) => {
            let facts = facts_in(file, subject)?;
            chain.is_of(facts.home);
            facts
        }
        None => {
            let network = chain.network("the facts", "pass their file with --facts")?;
            facts_of(network, subject)?
        }
    };
    let sample = sample(arguments)?;
    let verdict = verdict(arguments, &chain, &facts, sample)?;
    report(arguments, verdict, sample, out)
}

/// A verdict, with the cause why the evidence before was not to be had.
type Caused = (audit::Verdict, Option<String>);

fn verdict(
    arguments: &Verify,
    chain: &Chain<'_>,
    facts: &Facts,
    sample: Sample,
) -> Result<Caused, Failure> {
    let subject = &arguments.subject;
    let netuid = subject.netuid.netuid;
    let from = arguments.source.from.as_deref();
    let from = from.map(evidence_in).transpose()?;
    if facts.pledged.is_none() {
        return Ok((audit::unpledged(facts), None));
    }
    let means = arguments.source.neural.means(arguments.key.hotkey()?)?;
    let found = match from {
        Some(evidence) => Ok((evidence, Origin::Elsewhere)),
        None => served(&means, chain, netuid, subject.uid, subject.epoch)?,
    };
    let (evidence, origin) = match found {
        Ok(found) => found,
        Err(absence) => return Ok((audit::verify_absence(facts, absence), None)),
    };
    // The task of a file that proves nothing is not needed.
    if let Some(verdict) = audit::not_the_validators(|| evidence.root(), origin, facts) {
        return Ok((verdict, None));
    }
    let (before, cause) = match (&arguments.before, facts.before) {
        (Some(file), _) => (Some(evidence_in(file)?), None),
        (None, Some(pledged)) if chain.is_named() => {
            match served(&means, chain, netuid, subject.uid, pledged.epoch)? {
                Ok((evidence, _)) => (Some(evidence), None),
                Err(Absence::NotAsked(cause) | Absence::Withheld(cause)) => (None, Some(cause)),
            }
        }
        (None, _) => (None, None),
    };
    let before = before.as_ref().map_or(Before::NotGiven, Before::Given);
    // A program that only the validator names is not run.
    let Some(manifest) = facts.manifest else {
        return Ok((audit::Verdict::Unjudged(Missing::Manifest), cause));
    };
    let named = named(&means, chain, netuid, &manifest)?;
    let verdict = match (&named.runs, &evidence) {
        (Runs::Contest(contest), AnyEvidence::Contest(evidence)) => {
            let models = Models::of(&means, chain, facts, &named.manifest)?;
            let auditor = contest::Auditor {
                contest,
                manifest: &named.file,
                sample,
                model: &|uid, hash| models.find(uid, hash),
            };
            let verdict = contest::verify(evidence, origin, before, facts, &auditor);
            if let audit::Verdict::Unjudged(Missing::Model { .. }) = &verdict {
                models.check()?;
            }
            verdict
        }
        (_, AnyEvidence::Contest(_)) => {
            audit::Verdict::False(Falsehood::Kind(named.manifest.task.clone()))
        }
        (_, AnyEvidence::Asked(evidence)) => {
            let evidence = (evidence, origin);
            asked(&means, chain, facts, &named, evidence, before, sample)?
        }
    };
    let cause = cause.filter(|_| {
        let is_before = |it: &Missing| matches!(it, Missing::Before { .. });
        matches!(&verdict, audit::Verdict::Unjudged(missing) if is_before(missing))
    });
    Ok((verdict, cause))
}

/// Checks evidence of questions.
fn asked(
    means: &Means,
    chain: &Chain<'_>,
    facts: &Facts,
    named: &Named,
    (evidence, origin): (&Evidence, Origin),
    before: Before<'_>,
    sample: Sample,
) -> Result<audit::Verdict, Failure> {
    let states: Arc<dyn States> = Arc::new(Gathered(Arc::clone(&means.blobs)));
    let proofs = Proofs::of(means, chain, facts, named);
    let decide = |proof: &FraudProof| proofs.ruling(proof);
    let work = match &named.runs {
        Runs::Task(program) => Audited::Task(program.as_ref()),
        Runs::Fold(training) => {
            let round = (evidence, training);
            // Another file than the pledged one is not worth the work.
            if facts.pledged.is_some_and(|it| it.root == evidence.root()) {
                bring(means, chain, facts, round, (&named.manifest, &states))?;
            }
            Audited::Fold(training, &states, &decide)
        }
        Runs::Contest(_) => {
            let task = named.manifest.task.clone();
            return Ok(audit::Verdict::False(Falsehood::Kind(task)));
        }
    };
    let auditor = Auditor {
        work,
        manifest: &named.file,
        sample,
        threads: cores(),
    };
    Ok(audit::verify(evidence, origin, before, facts, &auditor))
}

fn sample(arguments: &Verify) -> Result<Sample, Failure> {
    let Some(count) = arguments.sample else {
        return Ok(Sample::All);
    };
    let seed = match arguments.seed {
        Some(seed) => seed,
        None => u64::from_le_bytes(random().map_err(Failure::input)?),
    };
    Ok(Sample::Some { count, seed })
}

fn report(
    arguments: &Verify,
    (verdict, cause): Caused,
    sample: Sample,
    out: &mut dyn Write,
) -> Result<Verdict, Failure> {
    let subject = &arguments.subject;
    let mut answer = Report {
        netuid: subject.netuid.netuid.0,
        epoch: subject.epoch,
        uid: subject.uid.0,
        verdict: "true",
        reason: None,
        receipts: None,
        checked_by_validator: None,
        recomputed: None,
        unproven: None,
        seed: match sample {
            Sample::Some { seed, .. } => Some(seed),
            Sample::All => None,
        },
    };
    let result = match verdict {
        audit::Verdict::True(checked) => {
            answer.receipts = Some(checked.receipts);
            answer.checked_by_validator = Some(checked.graded);
            answer.recomputed = Some(checked.recomputed);
            let unproven = checked.unproven;
            answer.unproven = unproven.map(|uids| uids.into_iter().map(|uid| uid.0).collect());
            Ok(Verdict::Good)
        }
        audit::Verdict::False(falsehood) => {
            answer.verdict = "false";
            answer.reason = Some(falsehood.to_string());
            Ok(Verdict::Bad)
        }
        audit::Verdict::Unjudged(missing) => {
            answer.verdict = "cannot be judged";
            let reason = match cause {
                Some(cause) => format!("{missing} ({cause})"),
                None => missing.to_string(),
            };
            let failure = Failure::input(format_args!("cannot be judged: {reason}"));
            answer.reason = Some(reason);
            Err(failure)
        }
    };
    // The line on standard error says it without --json.
    if result.is_ok() || arguments.json {
        output::show(arguments.json, &answer, out)?;
    }
    result
}
