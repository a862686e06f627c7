//! Rendering and judging fleets, side by side with `kustomize build` run once a directory.
//!
//! `cargo bench --bench fleet` generates a hub and its spokes: 24 clusters of 50 applications, each
//! of five objects from one base with a patch and an image of the cluster's own. With
//! `KUBEREADY_CORPORA=DIR` the fleets found there are measured too: judging all of one against
//! `kustomize` (or `kubectl kustomize`) rendering each of its kustomizations, as people run it.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

mod given {
    pub(crate) mod application;
    pub(crate) mod fleet;
}
mod measure;

use measure::{Figures, ROUNDS, on_path, once, rounds};

const CLUSTERS: usize = 24;
const APPS: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let scratch = std::env::temp_dir().join(format!("kubeready-fleet-{}", std::process::id()));
    let outcome = run(&scratch);
    fs::remove_dir_all(&scratch)?;
    outcome
}

fn run(scratch: &Path) -> Result<(), Box<dyn Error>> {
    println!(
        "median of {ROUNDS} rounds, and how far apart they were; CPU is user and system of the whole process\n"
    );
    println!("| fleet | kustomizations | tool | CPU s | of kubeready | wall s | peak MB |");
    println!("|---|--:|---|--:|--:|--:|--:|");
    given::fleet::fleet(scratch, CLUSTERS, APPS)?;
    // One process a directory costs the same a thousand times: a tenth of them tells.
    fleet("24 clusters x 50 apps", scratch, 10)?;
    if let Some(corpora) = std::env::var_os("KUBEREADY_CORPORA") {
        let mut folders: Vec<PathBuf> =
            fs::read_dir(corpora)?.filter_map(|e| Some(e.ok()?.path())).collect();
        folders.sort();
        for folder in folders.iter().filter(|f| f.is_dir()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            fleet(&name, folder, 1)?;
        }
    }
    Ok(())
}

fn fleet(name: &str, folder: &Path, share: usize) -> Result<(), Box<dyn Error>> {
    let mut roots = Vec::new();
    kustomizations(folder, &mut roots)?;
    if roots.is_empty() {
        return Ok(());
    }
    let mut judge = Command::new(env!("CARGO_BIN_EXE_kubeready"));
    judge
        .args(["check", "--output", "json", "--isolated", "--repo-url"])
        .arg("https://git.example.com/shop/fleet")
        .arg(folder);
    let mut render = Command::new(env!("CARGO_BIN_EXE_kubeready"));
    render.args(["render", "--quiet"]).arg(folder);
    let [own, rendered] = rounds(&mut [judge, render], ROUNDS)?[..] else { return Ok(()) };
    row(name, roots.len(), "kubeready: render and judge all", own, own);
    row(name, roots.len(), "kubeready: render and print all", rendered, own);
    let (program, before): (PathBuf, &[&str]) = match (on_path("kustomize"), on_path("kubectl")) {
        (Some(kustomize), _) => (kustomize, &["build"]),
        (None, Some(kubectl)) => (kubectl, &["kustomize"]),
        (None, None) => return Ok(()),
    };
    let mut sum = Figures::default();
    for root in roots.iter().step_by(share) {
        let mut command = Command::new(&program);
        command.args(before).arg(root);
        let figures = once(&mut command)?;
        sum.cpu += figures.cpu * share as f64;
        sum.wall += figures.wall * share as f64;
        sum.peak_mb = sum.peak_mb.max(figures.peak_mb);
    }
    let tool = format!("{}: render each", program.file_name().unwrap_or_default().display());
    row(name, roots.len(), &tool, sum, own);
    Ok(())
}

fn row(name: &str, roots: usize, tool: &str, figures: Figures, own: Figures) {
    let Figures { cpu, wall, peak_mb, spread } = figures;
    let (ratio, spread) = (cpu / own.cpu, spread * 100.0);
    println!(
        "| {name} | {roots} | {tool} | {cpu:.2} ± {spread:.0} % | {ratio:.2} | {wall:.2} | \
         {peak_mb:.0} |"
    );
}

/// Every directory with a kustomization.
fn kustomizations(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    if ["kustomization.yaml", "kustomization.yml", "Kustomization"]
        .iter()
        .any(|name| folder.join(name).is_file())
    {
        found.push(folder.to_path_buf());
    }
    for entry in entries.iter().filter(|e| e.is_dir() && !e.is_symlink()) {
        kustomizations(entry, found)?;
    }
    Ok(())
}
