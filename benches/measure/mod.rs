//! Whole processes, as the operating system accounts them.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4 as _;

/// Runs of which the median counts.
pub(crate) const RUNS: usize = 3;

#[derive(Clone, Copy, Default)]
pub(crate) struct Figures {
    /// Seconds, user and system.
    pub(crate) cpu: f64,
    /// Seconds.
    pub(crate) wall: f64,
    pub(crate) peak_mb: f64,
}

/// The median run, by CPU.
pub(crate) fn measure(command: &mut Command) -> Result<Figures, Box<dyn Error>> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(once(command)?);
    }
    runs.sort_by(|a, b| a.cpu.total_cmp(&b.cpu));
    Ok(runs[RUNS / 2])
}

/// One run.
pub(crate) fn once(command: &mut Command) -> Result<Figures, Box<dyn Error>> {
    let start = Instant::now();
    let used = command.spawn()?.wait4()?.rusage;
    Ok(Figures {
        cpu: (used.utime + used.stime).as_secs_f64(),
        wall: start.elapsed().as_secs_f64(),
        peak_mb: used.maxrss as f64 / (1024.0 * 1024.0),
    })
}

/// A program by its name.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|p| p.is_file())
}
