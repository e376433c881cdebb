//! The auditor of a run: `inktensor evidence verify` for every validator and epoch.

use super::{
    cast::axon,
    network::{Net, TRAINING},
    process::Stock,
    report::{AuditReport, ReplayReport, Work},
    work, LiveError,
};
use inktensor_primitives::{NetUid, Uid};
use inktensor_wire::Client;
use serde_json::Value;
use std::{collections::BTreeMap, process::Output};
use tokio::runtime::Runtime;

/// The means of audits in a run.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    /// The stock binary.
    pub stock: &'a Stock,
    /// The chain.
    pub net: &'a Net,
    /// The runtime of the client.
    pub runtime: &'a Runtime,
    /// The client that reads evidence.
    pub client: &'a Client,
}

/// The audits of a subnet's validators, and the work in the evidence of honest ones.
#[derive(Debug, Default)]
pub struct Audits {
    work: BTreeMap<Uid, Work>,
    reports: BTreeMap<Uid, Vec<AuditReport>>,
}

impl Audits {
    /// Audits the evidence of a validator in an epoch. If it is honest and passes, the work in it
    /// is counted. Returns true if it was.
    ///
    /// # Errors
    /// See [`LiveError`].
    pub fn add(
        &mut self,
        means: Means<'_>,
        (netuid, name): (NetUid, &'static str),
        epoch: u32,
        is_honest: bool,
    ) -> Result<bool, LiveError> {
        let uid = means.net.seated(netuid, name)?.uid;
        let report = audit(means.stock, means.net, netuid, epoch, uid)?;
        let passed = report.exit == Some(0);
        self.reports.entry(uid).or_default().push(report);
        if !is_honest || !passed {
            return Ok(false);
        }
        let missing = || LiveError::Unusable(format!("{name} has no endpoint"));
        let axon = axon(means.net, netuid, name)?.ok_or_else(missing)?;
        let evidence = work::evidence(means.runtime, means.client, &axon, epoch)?;
        for (uid, counts) in work::count(&evidence) {
            self.work.entry(uid).or_default().add(&counts);
        }
        Ok(true)
    }

    /// Returns the number of audits, each of which was a process.
    pub fn count(&self) -> usize {
        self.reports.values().map(Vec::len).sum()
    }

    /// Returns the work of a miner.
    pub fn work_of(&self, uid: Uid) -> Work {
        self.work.get(&uid).copied().unwrap_or_default()
    }

    /// Returns the audits of a validator, by epoch.
    pub fn of(&self, uid: Uid) -> Vec<AuditReport> {
        self.reports.get(&uid).cloned().unwrap_or_default()
    }
}

/// Audits the evidence of a validator in an epoch by a process of the stock binary.
///
/// # Errors
/// `Start`, `File`.
fn audit(
    stock: &Stock,
    net: &Net,
    netuid: NetUid,
    epoch: u32,
    uid: Uid,
) -> Result<AuditReport, LiveError> {
    let (netuid, epoch_text) = (netuid.0.to_string(), epoch.to_string());
    let uid = uid.0.to_string();
    // Models that were fetched once are kept there.
    let cache = stock.folder("auditor")?.display().to_string();
    let arguments = [
        "evidence",
        "verify",
        "--netuid",
        &netuid,
        "--epoch",
        &epoch_text,
        "--uid",
        &uid,
        "--chain",
        &net.address,
        "--cache",
        &cache,
        "--allow-private",
        "--json",
    ];
    let output = stock.run(&arguments.map(String::from))?;
    Ok(report(epoch, &output))
}

/// Computes an epoch of the training again by a process of the stock binary.
///
/// # Errors
/// `Start`, `File`.
pub fn replay(stock: &Stock, net: &Net, epoch: u32) -> Result<ReplayReport, LiveError> {
    let (netuid, epoch_text) = (TRAINING.0.to_string(), epoch.to_string());
    let cache = stock.folder("auditor")?.display().to_string();
    let arguments = [
        "train",
        "replay",
        "--netuid",
        &netuid,
        "--from",
        &epoch_text,
        "--to",
        &epoch_text,
        "--chain",
        &net.address,
        "--cache",
        &cache,
        "--allow-private",
        "--json",
    ];
    let output = stock.run(&arguments.map(String::from))?;
    Ok(replayed(epoch, &output))
}

/// Returns the report of a replay's process.
fn replayed(epoch: u32, output: &Output) -> ReplayReport {
    let printed: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let printed = printed.unwrap_or_default();
    let exit = output.status.code();
    ReplayReport {
        epoch,
        exit,
        steps: printed["steps"].as_u64().unwrap_or_default(),
        loss: printed["epochs"][0]["loss"].as_f64(),
        wrong: match exit {
            Some(0) => None,
            _ => printed["wrong"]
                .as_str()
                .map(str::to_owned)
                .or_else(|| last_line(&output.stderr)),
        },
    }
}

/// Returns the report of an audit's process.
fn report(epoch: u32, output: &Output) -> AuditReport {
    let printed: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let reason = printed.and_then(|it| Some(it["reason"].as_str()?.to_owned()));
    let exit = output.status.code();
    AuditReport {
        epoch,
        exit,
        first_false: match exit {
            Some(0) => None,
            // Without a document the reason is on standard error.
            _ => reason.or_else(|| last_line(&output.stderr)),
        },
    }
}

/// Returns the last line that is not empty.
fn last_line(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines().map(str::trim);
    lines.rfind(|line| !line.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

    fn output(code: i32, stdout: &str, stderr: &str) -> Output {
        Output {
            // As `wait` returns an exit code.
            status: ExitStatus::from_raw(code << 8),
            stdout: stdout.into(),
            stderr: stderr.into(),
        }
    }

    #[test]
    fn a_false_item_is_the_reason_of_a_failed_audit() {
        let document = r#"{"verdict": "false", "reason": "2: missing"}"#;
        let failed = report(3, &output(1, document, ""));
        assert_eq!((failed.epoch, failed.exit), (3, Some(1)));
        assert_eq!(failed.first_false.as_deref(), Some("2: missing"));
    }

    #[test]
    fn an_audit_without_a_verdict_has_the_line_of_its_error() {
        let unusable = report(3, &output(2, "", "note\nerror: no chain\n\n"));
        assert_eq!(unusable.exit, Some(2));
        assert_eq!(unusable.first_false.as_deref(), Some("error: no chain"));
    }

    #[test]
    fn a_replay_has_its_loss_or_the_first_false_item() {
        let document = r#"{"steps": 24, "wrong": null, "epochs": [{"loss": 2.5}]}"#;
        let good = replayed(3, &output(0, document, "a note\n"));
        assert_eq!((good.steps, good.loss), (24, Some(2.5)));
        assert_eq!((good.exit, good.wrong), (Some(0), None));
        let document = r#"{"steps": 24, "wrong": "the next state", "epochs": []}"#;
        let wrong = replayed(3, &output(1, document, ""));
        assert_eq!(wrong.wrong.as_deref(), Some("the next state"));
        assert_eq!((wrong.exit, wrong.loss), (Some(1), None));
        let unusable = replayed(3, &output(2, "", "error: no chain\n"));
        assert_eq!(unusable.wrong.as_deref(), Some("error: no chain"));
    }

    #[test]
    fn an_audit_that_passes_names_nothing() {
        let passed = report(3, &output(0, r#"{"verdict": "true", "reason": null}"#, ""));
        assert_eq!((passed.exit, passed.first_false), (Some(0), None));
    }
}
