//! Two builds side by side by the instructions that they execute, which other work on the machine does
//! not change.
//!
//! `cargo bench --bench instructions -- OLD [NEW]` runs both binaries, on one thread, over the same few
//! generated inputs and prints a Markdown table; NEW is this build if it is not given, and without OLD
//! only this build is counted. A fair comparison has both from `cargo build --release`: what cargo builds
//! for a benchmark has the features of its dependencies that tests ask for, too. With `--at-most 1.05` it ends with 1 where NEW takes more than 1.05 of
//! OLD. Instructions are counted by callgrind of `valgrind`, or by `perf stat` where the machine lets it
//! (`--with perf`, and where valgrind is not there); where neither is there, that is said and all is well.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

mod given {
    pub(crate) mod application;
    pub(crate) mod chart;
    pub(crate) mod dense;
    pub(crate) mod fleet;
    pub(crate) mod tree;
}
#[path = "measure/on_path.rs"]
mod on_path;

use on_path::on_path;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let (mut binaries, mut at_most, mut with) = (Vec::new(), None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--at-most" => at_most = Some(value()?.parse()?),
            "--with" => with = Some(value()?),
            binary => {
                binaries.push(fs::canonicalize(binary).map_err(|e| format!("{binary}: {e}"))?);
            }
        }
    }
    if binaries.len() < 2 {
        binaries.push(PathBuf::from(env!("CARGO_BIN_EXE_kubeready")));
    }
    let Some(counter) = Counter::find(with.as_deref())? else {
        println!("Neither valgrind nor the counters of perf are here: nothing was counted.");
        return Ok(ExitCode::SUCCESS);
    };
    // The path is of the same length every time, for its bytes are read and written too.
    let scratch = std::env::temp_dir().join(format!("kubeready-count-{:010}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let outcome = run(&scratch, counter, &binaries, at_most);
    fs::remove_dir_all(&scratch)?;
    outcome
}

/// What is run: a name, arguments, and the path that comes last.
type Workload = (&'static str, &'static [&'static str], PathBuf);

fn workloads(scratch: &Path) -> Result<Vec<Workload>, Box<dyn Error>> {
    const CHECK: &[&str] = &["check", "--threads", "1", "--isolated", "--quiet", "-o", "json"];
    const RENDER: &[&str] = &["render", "--threads", "1", "--isolated", "--quiet"];
    let at = |name: &str| scratch.join(name);
    fs::write(at("one.yaml"), given::tree::file(0))?;
    given::tree::tree(&at("tree"), 200)?;
    given::dense::dense(&at("dense"), 1)?;
    given::fleet::fleet(&at("fleet"), 3, 10)?;
    given::chart::chart(&at("chart"), 20)?;
    Ok(vec![
        ("one small file", CHECK, at("one.yaml")),
        ("200 small files", CHECK, at("tree")),
        ("1 MB of definitions and installation", CHECK, at("dense")),
        ("kustomize: 3 clusters of 10 applications", CHECK, at("fleet")),
        ("a chart of 20 workloads, judged", CHECK, at("chart")),
        ("the same chart, rendered", RENDER, at("chart")),
    ])
}

fn run(
    scratch: &Path,
    counter: Counter,
    binaries: &[PathBuf],
    at_most: Option<f64>,
) -> Result<ExitCode, Box<dyn Error>> {
    println!("| instructions, millions, by {} | old | new | new / old |", counter.name());
    println!("|---|--:|--:|--:|");
    let mut worse = Vec::new();
    for (name, arguments, path) in workloads(scratch)? {
        let mut counts = Vec::new();
        for binary in binaries {
            counts.push(counter.count(scratch, binary, arguments, &path)?);
        }
        let cell = |count: &Option<u64>| {
            count.map_or("–".to_owned(), |count| format!("{:.2}", count as f64 / 1e6))
        };
        let (old, new) = match counts.as_slice() {
            [old, new] => (old, new),
            [new] => (&None, new),
            _ => continue,
        };
        let ratio = old.zip(*new).map(|(old, new)| new as f64 / old as f64);
        let shown = ratio.map_or(String::new(), |ratio| format!("{ratio:.3}"));
        println!("| {name} | {} | {} | {shown} |", cell(old), cell(new));
        if new.is_none() {
            return Err(format!("{name}: the new build could not do it").into());
        }
        if let (Some(ratio), Some(most)) = (ratio, at_most)
            && ratio > most
        {
            worse.push(name);
        }
    }
    let Some(most) = at_most.filter(|_| !worse.is_empty()) else { return Ok(ExitCode::SUCCESS) };
    println!("\nMore than {most} of the old build: {}.", worse.join("; "));
    Ok(ExitCode::FAILURE)
}

/// What counts instructions.
#[derive(Clone, Copy)]
enum Counter {
    Callgrind,
    Perf,
}

impl Counter {
    fn find(wanted: Option<&str>) -> Result<Option<Self>, Box<dyn Error>> {
        let valgrind = on_path("valgrind").map(|_| Self::Callgrind);
        match wanted {
            Some("callgrind") => Ok(valgrind),
            Some("perf") => Ok(Self::perf()),
            Some(other) => Err(format!("--with callgrind or perf, not {other}").into()),
            None => Ok(valgrind.or_else(Self::perf)),
        }
    }

    /// Many virtual machines have no such counters.
    fn perf() -> Option<Self> {
        on_path("perf")?;
        let output = Command::new("perf").args(PERF).args(["--", "true"]).output().ok()?;
        perf_count(&String::from_utf8_lossy(&output.stderr)).map(|_| Self::Perf)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Callgrind => "callgrind",
            Self::Perf => "perf",
        }
    }

    /// Instructions of one run; none where the build cannot do it.
    fn count(
        self,
        scratch: &Path,
        binary: &Path,
        arguments: &[&str],
        path: &Path,
    ) -> Result<Option<u64>, Box<dyn Error>> {
        let profile = scratch.join("callgrind.out");
        let mut command = match self {
            Self::Callgrind => {
                let mut command = Command::new("valgrind");
                let mut out = std::ffi::OsString::from("--callgrind-out-file=");
                out.push(&profile);
                command.args(["--tool=callgrind", "--quiet"]).arg(out).arg(binary);
                command
            }
            Self::Perf => {
                let mut command = Command::new("perf");
                command.args(PERF).arg("--").arg(binary);
                command
            }
        };
        let machine = ["PATH", "LD_LIBRARY_PATH"].map(|name| (name, std::env::var_os(name)));
        command
            .args(arguments)
            .arg(path)
            .current_dir(scratch)
            // What else is set would be read, and its length moves the stack.
            .env_clear()
            .envs(machine.into_iter().filter_map(|(name, value)| Some((name, value?))))
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::null());
        let output = command.output()?;
        if !matches!(output.status.code(), Some(0 | 1)) {
            return Ok(None);
        }
        Ok(match self {
            Self::Callgrind => {
                let text = fs::read_to_string(profile)?;
                let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
                total.and_then(|total| total.trim().parse().ok())
            }
            Self::Perf => perf_count(&String::from_utf8_lossy(&output.stderr)),
        })
    }
}

const PERF: [&str; 5] = ["stat", "-x", ",", "-e", "instructions:u"];

/// The count in a line of `perf stat -x ,`; `<not supported>` is none.
fn perf_count(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("instructions"))?;
    line.split(',').next()?.parse().ok()
}
