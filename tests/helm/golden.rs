//! Public charts, compared with what the real tool printed of them.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use kubeready::load::World;
use kubeready::walk;

use super::{Given, difference, ours, rendered, theirs};
use crate::kustomize::{directory, read, told};

/// The version of the cluster that helm takes where nobody names one, when the charts were recorded.
const RECORDED_MINOR: u16 = 36;

/// Recorded charts that come out in another way, and why.
const OTHERWISE: &[(&str, &str)] = &[];

/// One recorded chart.
struct Line {
    name: String,
    directory: PathBuf,
    ok: bool,
    stable: bool,
    out: String,
    err: String,
}

fn lines(charts: &Path, golden: &Path) -> Vec<Line> {
    let bytes = std::fs::read(golden).expect("what helm printed");
    let mut text = String::new();
    if golden.extension().is_some_and(|end| end == "gz") {
        flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text).expect("gzip");
    } else {
        text = String::from_utf8(bytes).expect("UTF-8");
    }
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let name = format!("{}/{}", text("repo"), text("dir"));
        Line {
            directory: walk::clean(&charts.join(&name)),
            name,
            ok: line["ok"] == true,
            stable: line["stable"] != false,
            out: text("out"),
            err: text("err"),
        }
    };
    text.lines().map(line).collect()
}

#[test]
#[ignore = "needs KUBEREADY_CHARTS and KUBEREADY_CHARTS_GOLDEN"]
fn recorded_charts_are_rendered_alike() {
    let charts = directory("KUBEREADY_CHARTS");
    let golden = directory("KUBEREADY_CHARTS_GOLDEN");
    let only = std::env::var("KUBEREADY_ONLY").ok();
    let minor = std::env::var("KUBEREADY_MINOR").ok().and_then(|minor| minor.parse().ok());
    let given = Given::default();
    let (mut wrong, mut count, mut total) = (String::new(), 0, 0);
    for line in lines(&charts, &golden) {
        if only.as_ref().is_some_and(|only| !line.name.ends_with(only)) {
            continue;
        }
        total += 1;
        let loaded = read(&line.directory);
        let world = World::new(&line.directory, &loaded);
        let minor = minor.unwrap_or(RECORDED_MINOR);
        let problem = rendered(&world, &line.directory, minor, &given, |build| {
            let fatal = build.faults.iter().any(|fault| fault.fatal);
            let problem = if !line.ok {
                let partial = build.faults.iter().any(|fault| fault.partial);
                (!fatal && !partial).then(|| format!("  it should fail: {}\n", line.err))
            } else if line.stable {
                difference(&ours(build), &theirs(&line.out))
                    .or_else(|| fatal.then(|| "  it should build\n".to_owned()))
            } else {
                let (ours, theirs) = (ours(build).len(), theirs(&line.out).len());
                (ours != theirs).then(|| format!("  {ours} objects, not {theirs}\n"))
            };
            problem.map(|problem| problem + &told(&build.faults))
        });
        let is_known = OTHERWISE.iter().any(|(known, _)| line.name.ends_with(known));
        if let Some(problem) = problem.filter(|_| !is_known) {
            count += 1;
            let _ = write!(wrong, "{}\n{problem}", line.name);
        }
    }
    assert!(count == 0, "{count} of {total} charts differ\n{wrong}");
}
