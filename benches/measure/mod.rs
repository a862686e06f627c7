//! Whole processes, as the operating system accounts them.
//!
//! The system starts a process with its parent's memory as its peak, so a benchmark keeps small what
//! it holds itself.

use std::error::Error;
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4 as _;

mod on_path;

pub(crate) use on_path::on_path;

/// Rounds of which the median counts.
pub(crate) const ROUNDS: usize = 3;

/// One run, or the median of some.
#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Seconds, user and system, of the process and those that it started.
    pub(crate) cpu: f64,
    /// Seconds.
    pub(crate) wall: f64,
    /// Of the largest process.
    pub(crate) peak_mb: f64,
    /// Half of the way from the least to the most CPU time, as a share of the median.
    pub(crate) spread: f64,
}

/// Runs the commands in turn, `rounds` times, and gives the median of each by CPU time. What else the
/// machine does meanwhile falls on all of them alike.
pub(crate) fn rounds(
    commands: &mut [Command],
    rounds: usize,
) -> Result<Vec<Figures>, Box<dyn Error>> {
    let mut runs: Vec<Vec<Figures>> = commands.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (command, runs) in commands.iter_mut().zip(&mut runs) {
            runs.push(once(command)?);
        }
    }
    Ok(runs.into_iter().filter_map(median).collect())
}

fn median(mut runs: Vec<Figures>) -> Option<Figures> {
    runs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    let (least, most) = (runs.first()?.cpu, runs.last()?.cpu);
    let middle = *runs.get(runs.len() / 2)?;
    Some(Figures { spread: (most - least) / 2.0 / middle.cpu, ..middle })
}

/// One run.
pub(crate) fn once(command: &mut Command) -> Result<Figures, Box<dyn Error>> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let used = command.spawn()?.wait4()?.rusage;
    Ok(Figures {
        cpu: (used.utime + used.stime).as_secs_f64(),
        wall: start.elapsed().as_secs_f64(),
        peak_mb: used.maxrss as f64 / (1024.0 * 1024.0),
        spread: 0.0,
    })
}
