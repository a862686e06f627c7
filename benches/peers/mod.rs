//! The tools of a comparison, and how each is asked to do its real work.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::given::application::application;
use super::measure::on_path;

/// A tool and its arguments.
pub(crate) struct Tool {
    pub(crate) name: String,
    program: PathBuf,
    arguments: Vec<String>,
    takes: Takes,
    /// It is not run on more documents: it grows faster than its input, or takes minutes.
    pub(crate) at_most: usize,
    /// It is not run where a file has more bytes: it would pass over it.
    pub(crate) largest: usize,
}

/// How a tool is told what to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A file or a directory, as the last argument.
    Path,
    /// Files alone.
    Files,
    /// Behind one option for a file, and another one for a directory.
    Options(&'static str, &'static str),
}

/// This program, its floor, and `gzip` as a measure that everybody knows.
pub(crate) fn ours(floor: PathBuf) -> [Tool; 3] {
    let check = ["check", "--isolated", "--quiet", "--output", "json"];
    let gzip = ["-c", "find \"$0\" -type f -print0 | xargs -0 cat | gzip -6"];
    let own = PathBuf::from(env!("CARGO_BIN_EXE_kubeready"));
    [
        tool("**kubeready**", own, &check, Takes::Path),
        tool("floor: walk, read, parse", floor, &["floor"], Takes::Path),
        tool("`find`, `cat`, `gzip -6`", PathBuf::from("sh"), &gzip, Takes::Path),
    ]
}

fn tool(name: &str, program: PathBuf, arguments: &[&str], takes: Takes) -> Tool {
    let arguments = arguments.iter().map(|&a| a.to_owned()).collect();
    let name = name.to_owned();
    Tool { name, program, arguments, takes, at_most: usize::MAX, largest: usize::MAX }
}

/// Peers on the `PATH`. One that does not find what it is known for in a flawed application does not
/// do its work here, and why it is left out is said.
pub(crate) fn found(folder: &Path) -> Result<Vec<Result<Tool, String>>, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let probe = folder.join("probe.yaml");
    fs::write(&probe, application("probe", Some("probe"), "1.0.0") + REMOVED)?;
    let mut peers = Vec::new();
    for (tool, says) in known() {
        let output = tool.command(&probe)?.stdin(Stdio::null()).output()?;
        let [out, err] = [&output.stdout, &output.stderr].map(|o| String::from_utf8_lossy(o));
        peers.push(if out.contains(says) {
            Ok(tool)
        } else {
            let said: String = err.lines().chain(out.lines()).map(str::trim).collect();
            let said: String = said.chars().take(200).collect();
            Err(format!("{} is left out: of `{says}` it says nothing here, but: {said}", tool.name))
        });
    }
    fs::remove_dir_all(folder)?;
    Ok(peers)
}

/// What a tool for removed APIs must find.
const REMOVED: &str = "---
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata:
  name: removed
  namespace: probe
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: probe
";

/// Peers on the `PATH`, and a word of what each says of the probe.
fn known() -> Vec<(Tool, &'static str)> {
    let mut tools = Vec::new();
    let mut add = |name: &str, arguments: &[&str], takes, says, change: fn(&mut Tool)| {
        if let Some(program) = on_path(name) {
            let mut tool = tool(name, program, arguments, takes);
            change(&mut tool);
            tools.push((tool, says));
        }
    };
    let lint = ["lint", "--format", "json"];
    add("kube-linter", &lint, Takes::Path, "unset-memory-requirements", |tool| {
        // It passes over larger files without a word.
        tool.largest = 10 << 20;
    });
    let score = ["score", "--output-format", "json"];
    // Time grows with the square of the number of objects.
    add("kube-score", &score, Takes::Files, "Memory limit", |tool| tool.at_most = 4_000);
    // Without a network it needs its schemas from a folder: a template of kubeconform's own, in
    // KUBECONFORM_SCHEMAS.
    let conform = ["-ignore-missing-schemas", "-summary", "-output", "json"];
    add("kubeconform", &conform, Takes::Path, "\"valid\": 4", |tool| {
        if let Ok(schemas) = std::env::var("KUBECONFORM_SCHEMAS") {
            tool.arguments.extend(["-schema-location".into(), schemas]);
        }
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        tool.arguments.extend(["-n".into(), threads.to_string()]);
        tool.at_most = 300_000;
    });
    let audit = ["audit", "--format", "json"];
    let path = Takes::Options("--audit-path", "--audit-path");
    add("polaris", &audit, path, "memoryLimitsMissing", |tool| tool.at_most = 4_000);
    let detect = ["detect-files", "--output", "json"];
    add("pluto", &detect, Takes::Options("-f", "-d"), "policy/v1beta1", |tool| {
        tool.largest = 10 << 20;
    });
    let scan =
        ["--framework", "kubernetes", "--quiet", "--compact", "--skip-download", "-o", "json"];
    add("checkov", &scan, Takes::Options("-f", "-d"), "CKV_K8S_13", |tool| tool.at_most = 4_000);
    tools
}

impl Tool {
    /// The command that judges a file or a directory.
    pub(crate) fn command(&self, target: &Path) -> Result<Command, Box<dyn Error>> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        match self.takes {
            Takes::Options(file, folder) => {
                command.arg(if target.is_dir() { folder } else { file }).arg(target)
            }
            Takes::Files if target.is_dir() => command.args(files(target)?),
            Takes::Path | Takes::Files => command.arg(target),
        };
        Ok(command)
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}
