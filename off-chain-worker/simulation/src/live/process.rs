//! The processes of a run: started with a log file each, watched, and ended with the run.

use super::{parent::ENDS_WITH_PARENT, LiveError};
use inktensor_client::deploy::CONTRACTS_DIR;
use inktensor_worker::service::signals::Stop;
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Longest wait for a process to get ready, or for the chain to reach a state. Large: a machine may
/// compile beside.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// Time between two looks.
pub const LOOK: Duration = Duration::from_millis(50);
/// Most bytes of a log's end in an error.
const TAIL: usize = 600;

/// The program of all processes, and the folder for their files.
#[derive(Clone, Debug)]
pub struct Stock {
    /// The binary `inktensor`.
    pub program: PathBuf,
    /// The folder of the run.
    pub folder: PathBuf,
    /// The request to stop the run.
    pub stop: Arc<Stop>,
}

impl Stock {
    /// Returns a command of the stock binary without settings from the environment. Its process
    /// ends with this one.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            // Keys and folders of the user are not for the run.
            if name != CONTRACTS_DIR && name.to_string_lossy().starts_with("INKTENSOR_") {
                command.env_remove(name);
            }
        }
        command.env(ENDS_WITH_PARENT, "1").stdin(Stdio::piped());
        command
    }

    /// Returns the folder of a process, which exists.
    ///
    /// # Errors
    /// `File`.
    pub fn folder(&self, name: &str) -> Result<PathBuf, LiveError> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder).map_err(LiveError::file(&folder))?;
        Ok(folder)
    }

    /// Writes a file that only its owner can read.
    ///
    /// # Errors
    /// `File`.
    pub fn secret(&self, name: &str, text: &str) -> Result<PathBuf, LiveError> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = self.folder(name)?.join("hotkey.suri");
        let file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(LiveError::file(&path))?;
        Ok(path)
    }

    /// Starts a service, whose log goes to a file.
    ///
    /// # Errors
    /// `File`, `Start`, `Stopped`.
    pub fn start(
        &self,
        role: &'static str,
        name: &str,
        arguments: &[String],
    ) -> Result<Process, LiveError> {
        check_stop(&self.stop)?;
        let log = self.folder(name)?.join("log");
        let file = File::create(&log).map_err(LiveError::file(&log))?;
        let mut command = self.command();
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::from(file));
        let child = command.spawn().map_err(|error| self.not_started(error))?;
        Ok(Process {
            role,
            name: name.into(),
            log,
            child,
            stop: Arc::clone(&self.stop),
        })
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// `Start`, `Stopped`.
    pub fn run(&self, arguments: &[String]) -> Result<Output, LiveError> {
        check_stop(&self.stop)?;
        let mut command = self.command();
        command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn();
        let output = child.and_then(|mut child| {
            // Open up to the end of the process: a wait would close it.
            let _input = child.stdin.take();
            child.wait_with_output()
        });
        output.map_err(|error| self.not_started(error))
    }

    fn not_started(&self, error: io::Error) -> LiveError {
        LiveError::Start {
            program: self.program.clone(),
            error,
        }
    }
}

/// A running service. It is killed when this is dropped: services may be killed at any moment.
#[derive(Debug)]
pub struct Process {
    /// The role, for sums of CPU time.
    pub role: &'static str,
    /// The name in the scenario.
    pub name: String,
    log: PathBuf,
    child: Child,
    stop: Arc<Stop>,
}

impl Process {
    /// Returns the first line of standard output that `found` makes something of.
    ///
    /// # Errors
    /// `Ended` if the output ends before.
    pub fn first_line<T>(
        &mut self,
        mut found: impl FnMut(&str) -> Option<T>,
    ) -> Result<T, LiveError> {
        if let Some(output) = self.child.stdout.take() {
            let mut lines = BufReader::new(output);
            let mut line = String::new();
            while lines.read_line(&mut line).unwrap_or_default() > 0 {
                if let Some(found) = found(line.trim_end()) {
                    drain(lines);
                    return Ok(found);
                }
                line.clear();
            }
        }
        Err(self.ended())
    }

    /// Waits until the log has a line with `text`.
    ///
    /// # Errors
    /// `Ended`, `Late`, `File`, `Stopped`.
    pub fn wait_for_log(&mut self, text: &str) -> Result<(), LiveError> {
        let start = Instant::now();
        loop {
            let log = fs::read(&self.log).map_err(LiveError::file(&self.log))?;
            if String::from_utf8_lossy(&log).contains(text) {
                return Ok(());
            }
            self.check()?;
            if start.elapsed() > PATIENCE {
                return Err(LiveError::Late {
                    what: format!("{text:?} in the log of {}", self.name),
                    waited: PATIENCE,
                });
            }
            thread::sleep(LOOK);
        }
    }

    /// Checks that the process still runs, and that the run is to go on.
    ///
    /// # Errors
    /// `Ended`, `Stopped`.
    pub fn check(&mut self) -> Result<(), LiveError> {
        check_stop(&self.stop)?;
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(self.ended()),
        }
    }

    /// Returns the CPU time up to now. `None` where the system does not say.
    pub fn cpu(&self) -> Option<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        cpu_of(&fs::read_to_string(path).ok()?, OWN)
    }

    fn ended(&mut self) -> LiveError {
        // Ends at once if the output has ended, and the log is complete.
        let _ = self.child.kill();
        let status = self.child.wait();
        LiveError::Ended {
            name: self.name.clone(),
            status: status.map_or_else(|error| error.to_string(), |it| it.to_string()),
            log: tail(&self.log),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that has ended already is waited for all the same.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Checks that the run is to go on.
///
/// # Errors
/// `Stopped`.
fn check_stop(stop: &Stop) -> Result<(), LiveError> {
    stop.asked_by()
        .map_or(Ok(()), |signal| Err(LiveError::Stopped(signal)))
}

/// Reads on, so that the process can go on writing.
fn drain(mut lines: BufReader<ChildStdout>) {
    thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
}

/// Returns the last lines of a log.
fn tail(path: &Path) -> String {
    let log = fs::read(path).unwrap_or_default();
    let from = log.len().saturating_sub(TAIL);
    let text = String::from_utf8_lossy(log.get(from..).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" | ")
}

/// Fields of `/proc/PID/stat` after the name: user and system time of the process.
const OWN: usize = 11;
/// The same of its children that have ended.
const CHILDREN: usize = 13;

/// Returns the sum of a field of `/proc/PID/stat`, counted after the name, and the next one.
fn cpu_of(stat: &str, first: usize) -> Option<Duration> {
    /// Ticks of `/proc` in a second: `USER_HZ`, which is 100 on every Linux that Rust runs on.
    const TICK: Duration = Duration::from_millis(10);
    // The second field is a name that may have spaces and brackets.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_ascii_whitespace().skip(first);
    let mut next = || -> Option<u32> { times.next()?.parse().ok() };
    Some(TICK.saturating_mul(next()?.saturating_add(next()?)))
}

/// Returns the CPU time of this process up to now. `None` where the system does not say.
pub fn own_cpu() -> Option<Duration> {
    cpu_of(&fs::read_to_string("/proc/self/stat").ok()?, OWN)
}

/// Returns the CPU time of the processes that this one has started and that have ended. `None`
/// where the system does not say.
pub fn own_children_cpu() -> Option<Duration> {
    cpu_of(&fs::read_to_string("/proc/self/stat").ok()?, CHILDREN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::folder::RunFolder;

    fn shell(folder: &Path) -> Stock {
        Stock {
            program: "/bin/sh".into(),
            folder: folder.into(),
            stop: Arc::default(),
        }
    }

    fn script(text: &str) -> Vec<String> {
        vec!["-c".into(), text.into()]
    }

    #[test]
    fn cpu_time_is_read_behind_any_name() {
        let stat = "7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 70 30 20 0 1 0 9";
        assert_eq!(cpu_of(stat, OWN), Some(Duration::from_secs(3)));
        assert_eq!(cpu_of(stat, CHILDREN), Some(Duration::from_secs(1)));
        assert_eq!(cpu_of("7 (a) S 1 2", OWN), None);
        assert_eq!(cpu_of("", OWN), None);
    }

    #[test]
    fn a_line_of_output_and_of_the_log_is_found() {
        let folder = RunFolder::create().unwrap();
        let stock = shell(folder.path());
        let script = script("echo one; echo at 7; echo started >&2; sleep 60");
        let mut process = stock.start("miner", "m", &script).unwrap();
        let found = process.first_line(|line| line.strip_prefix("at ")?.parse::<u32>().ok());
        assert_eq!(found.unwrap(), 7);
        process.wait_for_log("started").unwrap();
        process.check().unwrap();
    }

    #[test]
    fn a_process_that_ends_is_reported_with_its_log() {
        let folder = RunFolder::create().unwrap();
        let stock = shell(folder.path());
        let script = script("echo out of luck >&2; exit 3");
        let mut process = stock.start("miner", "m", &script).unwrap();
        let error = process.wait_for_log("never").unwrap_err().to_string();
        assert!(
            error.contains("out of luck") && error.contains('3'),
            "{error}"
        );
    }

    #[test]
    fn a_run_that_is_to_stop_starts_nothing_and_waits_for_nothing() {
        let folder = RunFolder::create().unwrap();
        let stock = shell(folder.path());
        let mut process = stock.start("miner", "m", &script("sleep 60")).unwrap();
        stock.stop.ask("SIGTERM");
        let stopped = |error| matches!(error, LiveError::Stopped("SIGTERM"));
        assert!(stopped(process.wait_for_log("never").unwrap_err()));
        assert!(stopped(stock.run(&script("exit 0")).unwrap_err()));
        assert!(stopped(
            stock.start("miner", "n", &script("exit 0")).unwrap_err()
        ));
    }

    #[test]
    fn input_is_open_up_to_the_end_of_a_command() {
        let folder = RunFolder::create().unwrap();
        let stock = shell(folder.path());
        // The status of a command that had to be stopped.
        let output = stock.run(&script("timeout 0.3 cat; echo $?")).unwrap();
        assert_eq!(output.stdout, b"124\n");
    }

    #[test]
    fn a_secret_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = RunFolder::create().unwrap();
        let path = shell(folder.path()).secret("m", "//Alice").unwrap();
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
