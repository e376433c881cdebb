//! Writes criterion's figures into docs/performance.md, between two marks. The text around them is
//! written by hand.

use crate::{plot, targets};
use serde_json::Value;
use std::{
    collections::HashMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// The kernel's Wasm.
pub const WASMTIME: &str = "wasmtime";
/// The linked kernel on one thread.
pub const ONE_CORE: &str = "native, one core";
/// The linked kernel on as many threads as there are cores.
pub const ALL_CORES: &str = "native, all cores";
/// The rule written plainly over whole matrices.
pub const TRANSCRIPTION: &str = "transcription";
/// Everything but the kernel's arithmetic.
pub const BESIDE: &str = "beside the arithmetic";
/// Entering a step and leaving it.
pub const CALL: &str = "call of one step in wasmtime";
/// Hashing an epoch's outcome.
pub const DIGESTS: &str = "digests of 4096 x 64";

const BEGIN: &str = "<!-- measured: begin, written by `cargo xtask bench` -->";
const END: &str = "<!-- measured: end -->";

/// Returns the name of the measurements of one metagraph.
pub fn group(neurons: u16, validators: u16, density: u64) -> String {
    let filled = if density == 100 {
        "dense".to_owned()
    } else {
        format!("{density} % filled")
    };
    format!("{neurons} x {validators} {filled}")
}

/// Median times in milliseconds by group and function.
struct Figures(HashMap<(String, String), f64>);

/// Writes the figures that criterion keeps, unless this run measured nothing.
pub fn write(sizes: &[(u16, u16)], densities: &[u64]) -> io::Result<()> {
    let measured = env::args().any(|argument| argument == "--bench");
    if !measured || env::args().any(|argument| ["--test", "--list"].contains(&argument.as_str())) {
        return Ok(());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let figures = Figures::read(&target.join("criterion"))?;
    let page = root.join("docs/performance.md");
    let text = fs::read_to_string(&page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| no_mark(BEGIN))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| no_mark(END))?;
    let measured = figures.report(sizes, densities);
    fs::write(root.join("docs/images/kernel-growth.svg"), figures.plot())?;
    fs::write(
        &page,
        format!("{before}{BEGIN}\n\n{measured}\n{END}{after}"),
    )
}

fn no_mark(mark: &str) -> io::Error {
    io::Error::other(format!("docs/performance.md has no line `{mark}`"))
}

impl Figures {
    fn read(folder: &Path) -> io::Result<Self> {
        let mut figures = HashMap::new();
        for group in fs::read_dir(folder)? {
            let group = group?.path();
            if !group.is_dir() {
                continue;
            }
            for function in fs::read_dir(group)? {
                let newest = function?.path().join("new");
                let (id, estimates) = (
                    json(&newest.join("benchmark.json")),
                    json(&newest.join("estimates.json")),
                );
                if let (Some(group), Some(function), Some(nanoseconds)) = (
                    id["group_id"].as_str(),
                    id["function_id"].as_str(),
                    estimates["median"]["point_estimate"].as_f64(),
                ) {
                    figures.insert((group.to_owned(), function.to_owned()), nanoseconds / 1e6);
                }
            }
        }
        Ok(Self(figures))
    }

    fn get(&self, group: &str, function: &str) -> Option<f64> {
        self.0
            .get(&(group.to_owned(), function.to_owned()))
            .copied()
    }

    fn report(&self, sizes: &[(u16, u16)], densities: &[u64]) -> String {
        format!(
            "{}\n\n## A whole epoch\n\n{}\n\n## Beside the reference\n\n{}\n\n## Cores\n\n{}\n\n\
             ## Growth\n\n{}\n\n## Beside the arithmetic\n\n{}\n",
            machine(),
            self.epochs(sizes, densities),
            self.ratios(sizes, densities),
            self.cores(sizes, densities),
            self.growth(),
            self.beside(),
        )
    }

    fn epochs(&self, sizes: &[(u16, u16)], densities: &[u64]) -> String {
        let functions = [WASMTIME, ONE_CORE, ALL_CORES, TRANSCRIPTION];
        let mut table = format!(
            "| neurons x validators | {} |\n|---|---|---|---|---|",
            functions.join(" | ")
        );
        for density in densities {
            for (neurons, validators) in sizes {
                let group = group(*neurons, *validators, *density);
                let times =
                    functions.map(|function| self.get(&group, function).map_or("-".into(), time));
                table.push_str(&format!("\n| {group} | {} |", times.join(" | ")));
            }
        }
        table
    }

    /// Returns the table of ratios to the transcription, to the reference, and of targets.
    fn ratios(&self, sizes: &[(u16, u16)], densities: &[u64]) -> String {
        let mut table = "| neurons x validators | transcription / reference | wasmtime: times the \
                         reference | native, one core | native, all cores |\n|---|---|---|---|---|"
            .to_owned();
        for density in densities {
            for (neurons, validators) in sizes {
                let group = group(*neurons, *validators, *density);
                let Some(slower) = targets::transcription(*neurons, *validators, *density) else {
                    continue;
                };
                let reference = self.get(&group, TRANSCRIPTION).map(|ms| ms / slower);
                let cells = [WASMTIME, ONE_CORE, ALL_CORES].map(|function| {
                    let ratio = reference.zip(self.get(&group, function));
                    let Some(ratio) = ratio.map(|(reference, ms)| reference / ms) else {
                        return "-".into();
                    };
                    match targets::of(function, *neurons, *density) {
                        Some(least) if ratio < least => format!("{ratio:.1} (target {least}: no)"),
                        Some(least) => format!("{ratio:.1} (target {least}: yes)"),
                        None => format!("{ratio:.1}"),
                    }
                });
                table.push_str(&format!(
                    "\n| {group} | {slower:.2} | {} |",
                    cells.join(" | ")
                ));
            }
        }
        table
    }

    /// Returns how much faster all cores are than one.
    fn cores(&self, sizes: &[(u16, u16)], densities: &[u64]) -> String {
        let mut table =
            "| neurons x validators | all cores: times one core | target | met |\n|---|---|---|---|"
                .to_owned();
        for density in densities {
            for (neurons, validators) in sizes {
                let group = group(*neurons, *validators, *density);
                let times = self.get(&group, ONE_CORE).zip(self.get(&group, ALL_CORES));
                let target = targets::cores(*neurons);
                let (times, met) = match times.map(|(one, all)| one / all) {
                    // Two digits are shown, and a run differs from the next by as much.
                    Some(times) if times >= target - 0.05 => (format!("{times:.2}"), "yes"),
                    Some(times) => (format!("{times:.2}"), "no"),
                    None => ("-".into(), "-"),
                };
                table.push_str(&format!("\n| {group} | {times} | {target} | {met} |"));
            }
        }
        table
    }

    /// Returns the plot's place, and the table of its figures.
    fn growth(&self) -> String {
        let mut table = format!(
            "![Time of an epoch by entries, neurons and validators](images/kernel-growth.svg)\n\n\
             | subnet | {WASMTIME} | {ONE_CORE} | {TRANSCRIPTION} |\n|---|---|---|---|"
        );
        for panel in plot::PANELS {
            for (neurons, validators, density) in panel.points {
                let group = group(*neurons, *validators, *density);
                let times = [WASMTIME, ONE_CORE, TRANSCRIPTION]
                    .map(|function| self.get(&group, function).map_or("-".into(), time));
                table.push_str(&format!("\n| {group} | {} |", times.join(" | ")));
            }
        }
        table
    }

    /// Returns the plot of [`plot::PANELS`].
    fn plot(&self) -> String {
        plot::svg(|point, function| {
            let (neurons, validators, density) = point;
            self.get(&group(neurons, validators, density), function)
        })
    }

    fn beside(&self) -> String {
        let mut table = "| what | time | target | met |\n|---|---|---|---|".to_owned();
        let epoch = self.get(&group(4096, 64, 100), WASMTIME);
        let targets = [
            (CALL, Some(targets::CALL), time(targets::CALL)),
            (
                DIGESTS,
                epoch.map(|ms| ms * targets::DIGESTS),
                format!("{} of the epoch in wasmtime", targets::DIGESTS),
            ),
        ];
        for (function, most, target) in targets {
            let measured = self.get(BESIDE, function);
            let met = match measured.zip(most) {
                Some((measured, most)) if measured <= most => "yes",
                Some(_) => "no",
                None => "-",
            };
            let measured = measured.map_or("-".into(), time);
            table.push_str(&format!("\n| {function} | {measured} | {target} | {met} |"));
        }
        table
    }
}

fn json(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Returns a time with three digits.
pub fn time(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 0.1 => format!("{:.1} us", ms * 1e3),
        ms if ms < 10.0 => format!("{ms:.2} ms"),
        ms => format!("{ms:.1} ms"),
    }
}

/// The machine and the compiler in a sentence.
fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| {
            line.strip_prefix("model name")?
                .split_once(':')
                .map(|(_, name)| name.trim())
        })
        .unwrap_or("unknown processor");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let compiler = Command::new("rustc").arg("--version").output().ok();
    let compiler = compiler
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .unwrap_or_default();
    let compiler = compiler.split(" (").next().unwrap_or_default().trim();
    format!(
        "Measured on {} {}, {model}, {cores} cores, with {compiler}.",
        env::consts::OS,
        env::consts::ARCH
    )
}
