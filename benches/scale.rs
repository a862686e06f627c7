//! The table of README's section on performance: time, memory, growth and start-up, side by side with a
//! floor, with `gzip`, and with the peers found on the `PATH`.
//!
//! `cargo bench --bench scale` generates the inputs, runs every tool over each of them as a whole
//! process, a round after the other, and prints Markdown. `-- 1000 5000` picks other sizes of the trees,
//! `--rounds N` more rounds, `--no-peers` leaves the peers out, `--no-large` the dense files and the
//! stream, and `--inputs DIR` writes the inputs there and keeps them.
//!
//! The floor is this program run as `floor PATH`: walk, read and parse the same files to the tape, with
//! the same libraries and threads, and nothing else.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kubeready::host::{Host as _, OsHost};
use kubeready::source::SourceId;
use kubeready::walk;
use kubeready_manifest::yaml::Tree;
use rayon::prelude::*;

mod given {
    pub(crate) mod application;
    pub(crate) mod dense;
    pub(crate) mod stream;
    pub(crate) mod tree;
}
mod measure;
mod peers;

use given::{dense, stream, tree};
use measure::{Figures, ROUNDS, rounds};
use peers::Tool;

const ONE: &str = "manifest.yaml";
const DENSE: &str = "dense";
const STREAM: &str = "stream.yaml";
/// Megabytes of the dense files, and of the stream.
const LARGE: (usize, usize) = (15, 200);
/// Documents of a file of a tree, and of a dense one.
const DOCUMENTS: (usize, usize) = (4, 225);
/// A run of milliseconds needs more rounds to tell.
const MANY: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    let mut only_write = None;
    let mut asked = Asked { rounds: ROUNDS, peers: true, large: true, ..Asked::default() };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "floor" => {
                floor(Path::new(&value()?));
                return Ok(());
            }
            "--inputs" => asked.inputs = Some(value()?.into()),
            "--write" => only_write = Some(PathBuf::from(value()?)),
            "--rounds" => asked.rounds = value()?.parse()?,
            "--no-peers" => asked.peers = false,
            "--no-large" => asked.large = false,
            size => asked.sizes.push(size.parse().map_err(|_| format!("what is `{size}`?"))?),
        }
    }
    if asked.sizes.is_empty() {
        asked.sizes = vec![1_000, 10_000, 50_000];
    }
    if let Some(folder) = only_write {
        return write(&asked, &folder);
    }
    let scratch = std::env::temp_dir().join(format!("kubeready-scale-{}", std::process::id()));
    let outcome = run(&asked, asked.inputs.as_deref().unwrap_or(&scratch));
    if asked.inputs.is_none() {
        fs::remove_dir_all(&scratch)?;
    }
    outcome
}

#[derive(Default)]
struct Asked {
    sizes: Vec<usize>,
    rounds: usize,
    peers: bool,
    large: bool,
    inputs: Option<PathBuf>,
}

/// What is judged, and what each tool took for it.
struct Input {
    name: String,
    path: PathBuf,
    documents: usize,
    /// Bytes of the largest file.
    largest: usize,
    /// Of a tree.
    files: Option<usize>,
    figures: Vec<Option<Figures>>,
}

fn run(asked: &Asked, folder: &Path) -> Result<(), Box<dyn Error>> {
    // A process of its own writes them: what this one holds would be the least peak of all others.
    let mut write = Command::new(std::env::current_exe()?);
    write.args(std::env::args_os().skip(1)).args(["--write".as_ref(), folder.as_os_str()]);
    if !write.status()?.success() {
        return Err("the inputs could not be written".into());
    }
    let mut inputs = inputs(asked, folder);
    let mut tools = Vec::from(peers::ours(std::env::current_exe()?));
    if asked.peers {
        for peer in peers::found(&folder.join("probe"))? {
            match peer {
                Ok(peer) => tools.push(peer),
                Err(why) => println!("{why}\n"),
            }
        }
    }
    for input in &mut inputs {
        if let Some(own) = tools.first() {
            // What failed was not measured, and what was just written is in the system's cache now.
            let code = own.command(&input.path)?.stdout(Stdio::null()).status()?.code();
            if !matches!(code, Some(0 | 1)) {
                return Err(format!("{}: kubeready ended with {code:?}", input.name).into());
            }
        }
        let runs = |tool: &&Tool| input.documents <= tool.at_most && input.largest <= tool.largest;
        let mut commands = Vec::new();
        for tool in tools.iter().filter(runs) {
            commands.push(tool.command(&input.path)?);
        }
        let many = if input.documents <= DOCUMENTS.0 { MANY } else { 1 };
        let mut measured = rounds(&mut commands, asked.rounds * many)?.into_iter();
        input.figures =
            tools.iter().map(|tool| if runs(&tool) { measured.next() } else { None }).collect();
    }
    let rounds = asked.rounds;
    println!(
        "Median of {rounds} rounds by CPU time, ± half of the way from the least to the most.\n"
    );
    let more: fn(f64) -> String = |value| format!("{:.0} µs", value * 1e6);
    let cpu = Sheet { head: "CPU", of: |f| f.cpu, show: time, more: Some(more) };
    cpu.print(&tools, &inputs, true);
    let wall = Sheet { head: "wall time", of: |f| f.wall, show: time, more: None };
    wall.print(&tools, &inputs, false);
    let show = |value| format!("{value:.0} MB");
    let more: fn(f64) -> String = |value| format!("{:.1} KB", value * 1024.0);
    let peak = Sheet { head: "peak memory", of: |f| f.peak_mb, show, more: Some(more) };
    peak.print(&tools, &inputs, false);
    Ok(())
}

/// What is measured, below the folder that `write` writes to.
fn inputs(asked: &Asked, folder: &Path) -> Vec<Input> {
    let input = |name: String, path: &str, documents, largest| Input {
        name,
        path: folder.join(path),
        documents,
        largest,
        files: None,
        figures: Vec::new(),
    };
    let mut inputs = vec![input("one small file".into(), ONE, DOCUMENTS.0, 0)];
    for &size in &asked.sizes {
        let name = format!("{} files", thousands(size));
        let tree = input(name, &size.to_string(), size * DOCUMENTS.0, 0);
        inputs.push(Input { files: Some(size), ..tree });
    }
    if asked.large {
        let (files, megabytes) = LARGE;
        let documents = files * DOCUMENTS.1;
        inputs.push(input(format!("{files} MB, dense"), DENSE, documents, 1 << 20));
        let name = format!("{megabytes} MB in one file");
        inputs.push(input(name, STREAM, usize::MAX, megabytes * 1_000_000));
    }
    inputs
}

fn write(asked: &Asked, folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(ONE), tree::file(0))?;
    for size in &asked.sizes {
        tree::tree(&folder.join(size.to_string()), *size)?;
    }
    if asked.large {
        let (files, megabytes) = LARGE;
        dense::dense(&folder.join(DENSE), files)?;
        stream::stream(&folder.join(STREAM), megabytes * 1_000_000)?;
    }
    Ok(())
}

/// A table of one figure: a row a tool, a column an input.
#[derive(Clone, Copy)]
struct Sheet {
    head: &'static str,
    of: fn(&Figures) -> f64,
    show: fn(f64) -> String,
    /// What one file more costs, where that can be told.
    more: Option<fn(f64) -> String>,
}

impl Sheet {
    fn print(&self, tools: &[Tool], inputs: &[Input], with_shares: bool) {
        let mut rows = vec![format!("| {} |", self.head), "|---|".to_owned()];
        rows.extend(tools.iter().map(|tool| format!("| {} |", tool.name)));
        if with_shares {
            rows.extend(["of the floor", "of `gzip`"].map(|of| format!("| kubeready, {of} |")));
        }
        let mut add = |head: &str, cells: Vec<String>| {
            let column = [format!(" {head} |"), "--:|".to_owned()];
            let cells = cells.into_iter().map(|cell| format!(" {cell} |"));
            // Shares have no growth.
            let cells = column.into_iter().chain(cells).chain(std::iter::repeat(" |".to_owned()));
            for (row, cell) in rows.iter_mut().zip(cells) {
                row.push_str(&cell);
            }
        };
        let trees: Vec<&Input> = inputs.iter().filter(|input| input.files.is_some()).collect();
        for input in inputs {
            let values: Vec<_> = (0..tools.len()).map(|at| self.value(input, at)).collect();
            let shown = |(at, value): (usize, &Option<f64>)| match (value, input.figures(at)) {
                (Some(value), Some(figures)) if with_shares => {
                    format!("{} ± {:.0} %", (self.show)(*value), figures.spread * 100.0)
                }
                (Some(value), _) => (self.show)(*value),
                (None, _) => "–".to_owned(),
            };
            let mut cells: Vec<String> = values.iter().enumerate().map(shown).collect();
            if let (true, [Some(own), Some(floor), Some(gzip), ..]) = (with_shares, &values[..]) {
                cells.extend([own / floor, own / gzip].map(|share| format!("{share:.2}")));
            }
            add(&input.name, cells);
            // Behind the last tree stands what grew between the first and that.
            if let ([first, .., last], Some(more)) = (&trees[..], self.more)
                && last.path == input.path
            {
                let grown = |at| self.growth(first, last, at).map(more);
                let cells = (0..tools.len()).map(grown);
                add("a file more", cells.map(Option::unwrap_or_default).collect());
            }
        }
        for row in rows {
            println!("{row}");
        }
        println!();
    }

    fn value(&self, input: &Input, tool: usize) -> Option<f64> {
        input.figures(tool).map(self.of)
    }

    fn growth(&self, first: &Input, last: &Input, tool: usize) -> Option<f64> {
        let files = last.files?.checked_sub(first.files?)?;
        let grown = self.value(last, tool)? - self.value(first, tool)?;
        (files > 0).then(|| grown / files as f64)
    }
}

impl Input {
    fn figures(&self, tool: usize) -> Option<&Figures> {
        self.figures.get(tool)?.as_ref()
    }
}

fn time(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

fn thousands(number: usize) -> String {
    let text = number.to_string();
    let (head, tail) = text.split_at(text.len().saturating_sub(3));
    if head.is_empty() { tail.to_owned() } else { format!("{head},{tail}") }
}

fn floor(target: &Path) {
    let request = walk::Request {
        roots: vec![target.to_path_buf()],
        base: target.to_path_buf(),
        threads: rayon::current_num_threads(),
        ..walk::Request::default()
    };
    let walked =
        if target.is_dir() { OsHost.walk(&request).files } else { vec![target.to_path_buf()] };
    let nodes: usize = walked
        .par_iter()
        .filter_map(|path| OsHost.read(path, u64::MAX).ok())
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .map(|text| Tree::parse(text, SourceId(0)).len())
        .sum();
    println!("{nodes}");
}
