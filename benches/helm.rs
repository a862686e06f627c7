//! Rendering charts, side by side with `helm template`.
//!
//! `cargo bench --bench helm` generates a chart of 100 templates in the manner of those that people
//! write. With `KUBEREADY_CHARTS=DIR` every chart found there that both tools render is measured too.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

mod given {
    pub(crate) mod chart;
}
mod measure;

use measure::{Figures, ROUNDS, on_path, rounds};

const TEMPLATES: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = std::env::temp_dir().join(format!("kubeready-helm-{}", std::process::id()));
    let outcome = run(&scratch);
    fs::remove_dir_all(&scratch)?;
    outcome
}

/// One chart, by ours and, where it is there, by the real tool.
struct Row {
    name: String,
    kilobytes: u64,
    ours: Figures,
    theirs: Option<Figures>,
}

impl Row {
    fn share(&self) -> Option<f64> {
        self.theirs.map(|theirs| self.ours.cpu / theirs.cpu)
    }
}

fn run(scratch: &Path) -> Result<(), Box<dyn Error>> {
    let helm = on_path("helm");
    given::chart::chart(&scratch.join("generated"), TEMPLATES)?;
    let mut folders = Vec::new();
    if let Some(directory) = std::env::var_os("KUBEREADY_CHARTS") {
        charts(Path::new(&directory), &mut folders)?;
    }
    let mut rows = Vec::new();
    for folder in std::iter::once(scratch.join("generated")).chain(folders) {
        rows.extend(row(&folder, helm.as_deref())?);
    }
    println!(
        "median of {ROUNDS} rounds, and how far apart they were; CPU is user and system of the whole \
         process, its start included\n"
    );
    println!(
        "| chart | output kB | kubeready CPU ms | wall ms | peak MB | helm CPU ms | peak MB | share |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for row in &rows {
        let Row { name, kilobytes, ours, theirs } = row;
        let (cpu, wall, peak) = (ours.cpu * 1e3, ours.wall * 1e3, ours.peak_mb);
        let spread = ours.spread * 100.0;
        print!("| {name} | {kilobytes} | {cpu:.1} ± {spread:.0} % | {wall:.1} | {peak:.0} |");
        match (theirs, row.share()) {
            (Some(theirs), Some(share)) => {
                println!(" {:.1} | {:.0} | {share:.2} |", theirs.cpu * 1e3, theirs.peak_mb);
            }
            _ => println!(" | | |"),
        }
    }
    let mut shares: Vec<f64> = rows.iter().filter_map(Row::share).collect();
    shares.sort_by(f64::total_cmp);
    if let Some(median) = shares.get(shares.len() / 2) {
        println!("\nmedian share of {} charts: {median:.3}", shares.len());
    }
    let largest = rows.iter().max_by_key(|row| row.kilobytes);
    if let Some((row, share)) = largest.and_then(|row| Some((row, row.share()?))) {
        println!("largest output, {} kB of {}: {share:.3}", row.kilobytes, row.name);
    }
    Ok(())
}

/// Nothing of a chart that the real tool does not render.
fn row(folder: &Path, helm: Option<&Path>) -> Result<Option<Row>, Box<dyn Error>> {
    let mut render = Command::new(env!("CARGO_BIN_EXE_kubeready"));
    render.args(["render", "--quiet"]).arg(folder);
    let template = helm.map(|helm| {
        let mut command = Command::new(helm);
        command.args(["template", "release-name", "--include-crds"]).arg(folder);
        command.env("HELM_PLUGINS", "/nonexistent");
        command
    });
    let mut commands: Vec<Command> = template.into_iter().collect();
    for command in &mut commands {
        if !command.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
            return Ok(None);
        }
    }
    let output = render.output()?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: {why}").into());
    }
    let kilobytes = output.stdout.len() as u64 / 1024;
    drop(output);
    commands.insert(0, render);
    let figures = rounds(&mut commands, ROUNDS)?;
    let mut figures = figures.into_iter();
    let Some(ours) = figures.next() else { return Ok(None) };
    Ok(Some(Row { name, kilobytes, ours, theirs: figures.next() }))
}

/// Every directory with a chart that is not a part of another.
fn charts(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if folder.join("Chart.yaml").is_file() {
        found.push(folder.to_path_buf());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    for entry in entries.iter().filter(|e| e.is_dir() && !e.is_symlink()) {
        charts(entry, found)?;
    }
    Ok(())
}
