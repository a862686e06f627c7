//! The commands. Nothing here prints by itself: `main` hands over the streams.

pub mod args;
mod explain;
mod generate;
pub mod progress;
mod rules;
pub mod terminal;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use args::{Check, Checklist, ChecklistFormat, Color, Command, Fleet, Render};
use progress::{Progress, Shown, Watched};
use terminal::Terminal;

use crate::check;
use crate::guard;
use crate::host::{Host as _, OsHost, PathKind};
use crate::problem::Problem;
use crate::report::{self, Exit, Report, Style};
use crate::settings::{self, FailOn, Settings};
use crate::spelling;

pub use generate::settings_schema;
pub use rules::markdown_table;

/// Why a command could not do its job: what, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub message: String,
    pub help: Option<String>,
}

impl Failure {
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// How a command ends before its time.
enum Stop {
    Failure(Failure),
    /// The reader went away, or standard output cannot be written.
    Output(io::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the command that the arguments (without the program's name) ask for.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    terminal: &Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let command = match args::parse(args) {
        Ok(command) => command,
        Err(error) => return refuse(&error, terminal, out, err),
    };
    // Whatever is written was written by a report: what is left to fail is that.
    let run = || execute(&command, terminal, out, err);
    let done = guard::catch(run).unwrap_or_else(|panic| {
        let message = format!("kubeready failed to write its report: {}", panic.message);
        Err(Failure::new(message, guard::PLEASE_REPORT).into())
    });
    match done.and_then(|exit| Ok(out.flush().map(|()| exit)?)) {
        Ok(exit) => exit,
        // A reader that has seen enough is no failure.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Clean,
        Err(Stop::Output(error)) => {
            let _ = writeln!(err, "error: the output cannot be written: {error}");
            Exit::Failed
        }
        Err(Stop::Failure(failure)) => {
            let _ = writeln!(err, "error: {}", failure.message);
            if let Some(help) = &failure.help {
                let _ = writeln!(err, "help: {help}");
            }
            Exit::Failed
        }
    }
}

/// Help and version are no failure; anything else clap says is.
fn refuse(
    error: &clap::Error,
    terminal: &Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let failed = error.use_stderr();
    let (stream, is_terminal): (&mut dyn Write, bool) =
        if failed { (err, terminal.stderr) } else { (out, terminal.stdout) };
    let text = error.render();
    let _ = if terminal.is_colored(Color::Auto, is_terminal) {
        write!(stream, "{}", text.ansi())
    } else {
        write!(stream, "{text}")
    };
    let _ = stream.flush();
    if failed { Exit::Failed } else { Exit::Clean }
}

fn execute(
    command: &Command,
    terminal: &Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Stop> {
    match command {
        Command::Check(args) => check_command(args, terminal, out, err),
        Command::Checklist(args) => checklist_command(args, terminal, out),
        Command::Render(args) => render_command(args, terminal, out, err),
        Command::Fleet(args) => fleet_command(args, terminal, out),
        Command::Explain(args) => {
            let text = explain::explain(&args.names, terminal.style(args.color))?;
            out.write_all(text.as_bytes())?;
            Ok(Exit::Clean)
        }
        Command::Rules(args) => {
            out.write_all(rules::list(args, terminal.style(args.color))?.as_bytes())?;
            Ok(Exit::Clean)
        }
        Command::Generate(what) => {
            generate::generate(what, out)?;
            Ok(Exit::Clean)
        }
    }
}

fn check_command(
    args: &Check,
    terminal: &Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Stop> {
    let began = Instant::now();
    if args.show_settings {
        return show_settings(args, terminal, out);
    }
    let judged = judge(args, terminal)?;
    let exit = judged.report.exit(judged.fail_on);
    if let Some(path) = &args.output_file {
        let mut file = BufWriter::new(File::create(path).map_err(|error| {
            let message = format!("{} cannot be written: {error}", path.display());
            Failure::new(message, "name a file in a folder that exists and is yours")
        })?);
        let style = Style { color: args.color == Color::Always, ..Style::PLAIN };
        report::render(&judged.report, args.output, style, &mut file)?;
        file.flush()?;
    } else {
        let style = terminal.style(args.color);
        let written = report::render(&judged.report, args.output, style, out);
        match written.and_then(|()| out.flush()) {
            // `kubeready | head`: the verdict stands, whoever listens.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
    }
    if !args.quiet {
        let seconds = began.elapsed().as_secs_f64();
        let _ = writeln!(err, "kubeready: finished in {seconds:.2} s");
    }
    Ok(exit)
}

/// Each effective value and the layer it comes from, for the first path given.
fn show_settings(args: &Check, terminal: &Terminal, out: &mut dyn Write) -> Result<Exit, Stop> {
    let configured = check::configure(&OsHost, &args.paths, args.config.as_deref(), &args.settings);
    let Some(settings) = configured.settings else {
        let report = Report::of_problems(configured.sources, configured.problems);
        report::render(&report, args.output, terminal.style(args.color), out)?;
        return Ok(Exit::Failed);
    };
    let path = args.paths.first().map(|path| check::from_root(&OsHost, path, &configured.root));
    out.write_all(settings::explain(&settings, &path.unwrap_or_default()).as_bytes())?;
    Ok(Exit::Clean)
}

fn checklist_command(
    args: &Checklist,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let report = judge(&args.check, terminal)?.report;
    match args.output {
        ChecklistFormat::Pretty => {
            report::checklist::write_pretty(&report, terminal.style(args.check.color), out)?;
        }
        ChecklistFormat::Json => report::checklist::write_json(&report, out)?,
        ChecklistFormat::Markdown => report::checklist::write_markdown(&report, out)?,
    }
    Ok(if report.is_incomplete() { Exit::Failed } else { Exit::Clean })
}

/// YAML on standard output, problems on standard error.
fn render_command(
    args: &Render,
    terminal: &Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Stop> {
    let mut prepared = match prepare(&args.check)? {
        Ok(prepared) => prepared,
        Err(report) => {
            report::render(&report, report::Format::Concise, Style::PLAIN, err)?;
            return Ok(Exit::Failed);
        }
    };
    prepared.request.values.clone_from(&args.values);
    let mut printed = check::printed(&OsHost, &prepared.request, &prepared.settings, args.origins);
    printed.report.problems.splice(0..0, prepared.problems);
    if prepared.settings.strict {
        printed.report.make_strict();
    }
    out.write_all(printed.text.as_bytes())?;
    if !args.check.quiet || printed.report.is_incomplete() {
        let style =
            Style { color: terminal.is_colored(args.check.color, terminal.stderr), ..Style::PLAIN };
        report::render(&printed.report, report::Format::Concise, style, err)?;
    }
    Ok(if printed.report.is_incomplete() { Exit::Failed } else { Exit::Clean })
}

fn fleet_command(args: &Fleet, terminal: &Terminal, out: &mut dyn Write) -> Result<Exit, Stop> {
    let report = judge(&args.check, terminal)?.report;
    match args.output {
        ChecklistFormat::Pretty => {
            report::fleet::write_pretty(&report, terminal.style(args.check.color), out)?;
        }
        ChecklistFormat::Json => report::fleet::write_json(&report, out)?,
        ChecklistFormat::Markdown => report::fleet::write_markdown(&report, out)?,
    }
    Ok(if report.is_incomplete() { Exit::Failed } else { Exit::Clean })
}

/// What came of judging, and which findings fail the run.
struct Judged {
    report: Report,
    fail_on: FailOn,
}

/// The way from arguments to a report, with the progress shown.
fn judge(args: &Check, terminal: &Terminal) -> Result<Judged, Failure> {
    let prepared = match prepare(args)? {
        Ok(prepared) => prepared,
        Err(report) => return Ok(Judged { report, fail_on: FailOn::Warning }),
    };
    let progress = Arc::new(Progress::default());
    let shown =
        (terminal.stderr && !args.quiet).then(|| Shown::new(Arc::clone(&progress), io::stderr()));
    let host = Watched(OsHost, progress);
    let mut report = check::check(&host, &prepared.request, &prepared.settings);
    report.problems.splice(0..0, prepared.problems);
    drop(shown);
    if prepared.settings.strict {
        report.make_strict();
    }
    Ok(Judged { report, fail_on: prepared.settings.fail_on })
}

/// What a run over paths needs.
struct Prepared {
    request: check::Request,
    settings: Settings,
    problems: Vec<Problem>,
}

/// The way from arguments to a request; `Ok(Err(_))` where the settings make a run pointless.
fn prepare(args: &Check) -> Result<Result<Prepared, Report>, Failure> {
    mistaken_command(&args.paths)?;
    if args.stdin_filename.is_some() && args.paths.iter().all(|path| path.as_os_str() != "-") {
        return Err(Failure::new(
            "`--stdin-filename` names standard input, which is not among the paths",
            "add the path `-`",
        ));
    }
    if let Some(threads) = args.threads {
        // Fails only if a pool is there already, which then serves as well.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    }
    let configured = check::configure(&OsHost, &args.paths, args.config.as_deref(), &args.settings);
    let Some(settings) = configured.settings else {
        let report = Report::of_problems(configured.sources, configured.problems);
        return Ok(Err(report));
    };
    let request = check::Request {
        paths: args.paths.clone(),
        stdin_name: args.stdin_filename.clone(),
        threads: args.threads.unwrap_or_else(all_threads),
        sources: configured.sources,
        root: configured.root,
        repository_urls: args.repository_urls.clone(),
        load_restrictor: args.load_restrictor,
        charts: args.charts.clone(),
        helm: args.helm.clone(),
        values: Vec::new(),
    };
    Ok(Ok(Prepared { request, settings, problems: configured.problems }))
}

/// As many as the machine gives, without starting rayon's pool: a file or two need none.
fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// `kubeready rulez` is a mistyped command rather than a path that is not there.
fn mistaken_command(paths: &[PathBuf]) -> Result<(), Failure> {
    let Some(word) = paths.first().and_then(|path| path.to_str()) else { return Ok(()) };
    let is_word = word.chars().all(char::is_alphabetic);
    if !is_word || OsHost.kind(Path::new(word)) != PathKind::Missing {
        return Ok(());
    }
    let grammar = args::grammar();
    let commands = grammar.get_subcommands().map(clap::Command::get_name);
    match spelling::nearest(word, commands) {
        Some(near) => Err(Failure::new(
            format!("`{word}` is no command, and no path of that name is there"),
            format!("did you mean `kubeready {near}`?"),
        )),
        None => Ok(()),
    }
}
