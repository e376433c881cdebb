//! Output while long work goes on.

use crate::process::display;
use anyhow::{bail, Context, Result};
use console::{strip_ansi_codes, style, Term};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    env,
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

/// Without a terminal, a sign of life this often.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// The time between two checks of a running program.
const POLL: Duration = Duration::from_millis(100);
/// Lines of a failed program's output that are shown.
const LINES_OF_A_FAILURE: usize = 60;

/// The parts of the work so far, with the time at which each began.
static PARTS: Mutex<Vec<(String, Instant)>> = Mutex::new(Vec::new());
/// The variable that names a file to which the times of all parts are added.
const TIMES: &str = "INKTENSOR_TIMES";

/// Announces a part of the work. The time until the next heading is that part's.
pub fn heading(name: &str) {
    eprintln!("{} {}", style("==>").green().bold(), style(name).bold());
    if let Ok(mut parts) = PARTS.lock() {
        parts.push((name.to_owned(), Instant::now()));
    }
}

/// Prints the time of each part that took a second or more, and adds the times to the file that
/// `INKTENSOR_TIMES` names.
pub fn print_times() {
    let Ok(parts) = PARTS.lock() else { return };
    let ends = parts.iter().skip(1).map(|(_, began)| *began);
    let lines: Vec<String> = parts
        .iter()
        .zip(ends.chain([Instant::now()]))
        .map(|((name, began), end)| (name, end.duration_since(*began)))
        .filter(|(_, took)| took.as_secs() > 0)
        .map(|(name, took)| format!("{:>12}  {name}", seconds(took)))
        .collect();
    for line in &lines {
        eprintln!("{line}");
    }
    let Some(file) = env::var_os(TIMES) else {
        return;
    };
    let written = File::options()
        .append(true)
        .create(true)
        .open(&file)
        .and_then(|mut file| lines.iter().try_for_each(|line| writeln!(file, "{line}")));
    if let Err(error) = written {
        note(&format!(
            "cannot write {}: {error}",
            Path::new(&file).display()
        ));
    }
}

/// Says something within a stage.
pub fn note(text: &str) {
    eprintln!("    {text}");
}

/// Runs `command` with its output in `log`: a spinner with the last line on a terminal, plain lines
/// elsewhere.
///
/// # Errors
/// If the command fails, after the end of its output has been shown.
pub fn run_logged(label: &str, command: &mut Command, log: &Path) -> Result<Duration> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let again = file
        .try_clone()
        .with_context(|| format!("cannot write {}", log.display()))?;
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(again)
        .spawn()
        .with_context(|| format!("cannot run `{}`", display(command)))?;

    let sign = SignOfLife::start(label);
    let status = loop {
        if let Some(status) = child
            .try_wait()
            .with_context(|| format!("cannot wait for {label}"))?
        {
            break status;
        }
        sign.tick(log);
        thread::sleep(POLL);
    };
    sign.stop();

    let took = started.elapsed();
    if !status.success() {
        eprintln!("{}", tail(log, LINES_OF_A_FAILURE));
        bail!(
            "{label} failed ({status}); all of its output is in {}",
            log.display()
        );
    }
    note(&format!("{label}: {}", seconds(took)));
    Ok(took)
}

/// A duration as people say it.
pub fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        s if s < 60 => format!("{s} s"),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}

/// A spinner, or a line a minute.
enum SignOfLife {
    Spinner(ProgressBar),
    Lines {
        label: String,
        started: Instant,
        printed: std::cell::Cell<Instant>,
    },
}

impl SignOfLife {
    fn start(label: &str) -> Self {
        if !Term::stderr().is_term() {
            note(&format!("{label} ..."));
            let now = Instant::now();
            return Self::Lines {
                label: label.to_owned(),
                started: now,
                printed: now.into(),
            };
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) =
            ProgressStyle::with_template("    {spinner} {prefix} [{elapsed}] {wide_msg:.dim}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        Self::Spinner(bar)
    }

    fn tick(&self, log: &Path) {
        match self {
            Self::Spinner(bar) => {
                bar.set_message(tail(log, 1));
                bar.tick();
            }
            Self::Lines {
                label,
                started,
                printed,
            } => {
                if printed.get().elapsed() >= HEARTBEAT {
                    printed.set(Instant::now());
                    note(&format!(
                        "{label} ... {}: {}",
                        seconds(started.elapsed()),
                        tail(log, 1)
                    ));
                }
            }
        }
    }

    fn stop(self) {
        if let Self::Spinner(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// The last `lines` lines that say something, without colours.
fn tail(log: &Path, lines: usize) -> String {
    const WINDOW: u64 = 16 * 1024;
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(WINDOW)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let text = strip_ansi_codes(&text);
    let spoken: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty())
        .collect();
    spoken[spoken.len().saturating_sub(lines)..]
        .join("\n")
        .trim_start()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_skips_blank_lines_and_colours() {
        let log = std::env::temp_dir().join(format!("xtask-tail-{}", std::process::id()));
        fs::write(
            &log,
            "one\n\u{1b}[1m\u{1b}[32mtwo\u{1b}[0m\n\n  three  \n\n",
        )
        .unwrap();
        assert_eq!(tail(&log, 1), "three");
        assert_eq!(tail(&log, 2), "two\n  three");
        fs::remove_file(&log).unwrap();
        assert_eq!(tail(&log, 2), "");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(40)), "40 ms");
        assert_eq!(seconds(Duration::from_secs(59)), "59 s");
        assert_eq!(seconds(Duration::from_secs(61)), "1 min 1 s");
    }
}
