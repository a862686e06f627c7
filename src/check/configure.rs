//! The settings of a run: the file at the root of the repository, and the command line on top.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeready_typed::NEWEST;

use super::scope::{repository, shown};
use crate::host::{Host, PathKind};
use crate::problem::{Code, Level, Problem};
use crate::settings::{self, BASELINE, CommandLine, FILE_NAME, Limits, OTHER_FILE_NAMES, Settings};
use crate::source::{Source, Sources, Span};
use crate::walk::clean;

/// The settings file of a run: where it was looked for, and what it says.
#[derive(Debug, Default)]
pub struct Configured {
    pub root: PathBuf,
    /// The settings file as the first source, if there is one.
    pub sources: Sources,
    /// `None` when a mistake in the settings makes judging pointless.
    pub settings: Option<Settings>,
    pub problems: Vec<Problem>,
}

/// Finds and reads the settings file (`config`, else the one at the root of the repository), and
/// puts the command line on top.
pub fn configure(
    host: &dyn Host,
    paths: &[PathBuf],
    config: Option<&Path>,
    line: &CommandLine,
) -> Configured {
    let current = host.current_dir();
    let first = paths.iter().find(|p| p.as_os_str() != "-");
    let start = first.map_or_else(|| current.clone(), |path| clean(&current.join(path)));
    let folder = if host.kind(&start) == PathKind::Directory {
        start
    } else {
        start.parent().map_or_else(|| current.clone(), Path::to_path_buf)
    };
    let root = repository(host, &folder).unwrap_or(folder);
    let mut configured = Configured { root: root.clone(), ..Configured::default() };
    let given = config.map(|path| clean(&current.join(path)));
    let wanted = given.clone().unwrap_or_else(|| root.join(FILE_NAME));
    let mut file = None;
    if !line.isolated && (given.is_some() || host.kind(&wanted) == PathKind::File) {
        let path = shown(&wanted, &current);
        if given.is_none() && !host.real(&wanted).starts_with(host.real(&root)) {
            // What a mistake in it quotes may be anything of the machine.
            let why = "the settings file is a link that leads out of the repository";
            configured.problems.push(Problem::error(Code::Settings, why).in_file(path));
            return configured;
        }
        match host.read(&wanted, Limits::default().file_size).map(String::from_utf8) {
            Ok(Ok(text)) => {
                let from_root = shown(&wanted, &root);
                let text: Arc<str> = text.into();
                let source = Source { path, from_root, text: Arc::clone(&text) };
                let (read, problems) = settings::read(&text, configured.sources.push(source));
                configured.problems.extend(problems);
                if let Some(baseline) = &read.baseline {
                    let what = format!("`baseline` {BASELINE}");
                    configured.problems.push(Problem::note(Code::Settings, what).at(baseline.span));
                }
                file = Some(read);
            }
            Ok(Err(_)) => configured.problems.push(
                Problem::error(Code::Settings, "the settings file is no UTF-8").in_file(path),
            ),
            Err(error) => configured.problems.push(
                Problem::error(
                    Code::Settings,
                    format!("the settings file cannot be read: {error}"),
                )
                .in_file(path)
                .help("name a file that exists, or leave out `--config`"),
            ),
        }
    } else if !line.isolated {
        let misnamed = OTHER_FILE_NAMES.iter().map(|name| root.join(name));
        for path in misnamed.filter(|path| host.kind(path) == PathKind::File) {
            configured.problems.push(
                Problem::note(
                    Code::Settings,
                    format!("it has no effect: settings are read from `{FILE_NAME}`"),
                )
                .in_file(shown(&path, &current))
                .help("rename it"),
            );
        }
    }
    if configured.problems.iter().any(|p| p.level == Level::Error) {
        return configured;
    }
    match settings::resolve(file.as_ref(), line) {
        Ok(settings) => {
            let of_file = file.and_then(|file| file.kubernetes_version).map(|at| at.span);
            let said = of_file.filter(|_| line.kubernetes_version.is_none());
            configured.problems.extend(unknown_version(settings.kubernetes_version, said));
            configured.settings = Some(settings);
        }
        Err(problems) => configured.problems.extend(problems),
    }
    configured
}

/// What is said about a version of Kubernetes that came, or will come, after this tool; `said` is where
/// the file names it.
fn unknown_version(version: u16, said: Option<Span>) -> Option<Problem> {
    let what =
        format!("Kubernetes 1.{version} is newer than 1.{NEWEST}, the newest version known here");
    let note = Problem::note(Code::Settings, what)
        .help("what changed after that is not judged: name a version that is known, or look for a newer kubeready");
    (version > NEWEST).then(|| match said {
        Some(span) => note.at(span),
        None => note,
    })
}
