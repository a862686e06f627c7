//! The command line: its grammar, and what was said as plain data.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, ColorChoice, Command as Clap, value_parser};

use crate::catalogue::{Confidence, Item, Profile, Severity};
use crate::load::LoadRestrictor;
use crate::report::Format;
use crate::settings::{self, CommandLine, FailOn};

/// What the user wants.
#[derive(Clone, Debug)]
pub enum Command {
    Check(Check),
    Checklist(Checklist),
    Render(Render),
    Fleet(Fleet),
    Explain(Explain),
    Rules(Rules),
    Generate(Generate),
}

/// `kubeready check`.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// As given; `.` if none was. `-` is standard input.
    pub paths: Vec<PathBuf>,
    pub output: Format,
    pub output_file: Option<PathBuf>,
    pub color: Color,
    pub quiet: bool,
    /// The name under which standard input is judged.
    pub stdin_filename: Option<String>,
    pub threads: Option<usize>,
    /// URLs of git that mean the repository that is checked.
    pub repository_urls: Vec<String>,
    /// From where kustomizations may take files.
    pub load_restrictor: LoadRestrictor,
    /// Directories with charts of other repositories.
    pub charts: Vec<PathBuf>,
    /// The program to render charts with that kubeready cannot render.
    pub helm: Option<PathBuf>,
    /// Settings file instead of the one found.
    pub config: Option<PathBuf>,
    pub show_settings: bool,
    pub settings: CommandLine,
}

/// `kubeready checklist`.
#[derive(Clone, Debug)]
pub struct Checklist {
    /// What to judge and how; its `output` and `output_file` say nothing.
    pub check: Check,
    pub output: ChecklistFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecklistFormat {
    Pretty,
    Json,
    Markdown,
}

/// `kubeready render`.
#[derive(Clone, Debug)]
pub struct Render {
    /// What to render; only paths, settings and the repository's URLs of it count.
    pub check: Check,
    /// Behind each field the place it comes from.
    pub origins: bool,
    /// Values files for the charts among the paths.
    pub values: Vec<PathBuf>,
}

/// `kubeready fleet`.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// What to judge and how; its `output` and `output_file` say nothing.
    pub check: Check,
    pub output: ChecklistFormat,
}

/// `kubeready explain`.
#[derive(Clone, Debug)]
pub struct Explain {
    pub names: Vec<String>,
    pub color: Color,
}

/// `kubeready rules`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub json: bool,
    pub color: Color,
    pub topic: Vec<String>,
    pub episode: Vec<u8>,
    pub item: Vec<String>,
    pub severity: Option<Severity>,
    pub profile: Option<Profile>,
    pub select: Vec<String>,
}

/// `kubeready generate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generate {
    /// The manual page of the tool or of one of its commands.
    Man(Option<String>),
    Completions(clap_complete::Shell),
    SettingsSchema,
    ReportSchema,
    FleetSchema,
    RulesTable,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

const EXIT_CODES: &str = "Exit codes:
  0  clean: nothing at or above --fail-on
  1  findings at or above --fail-on (default: warning; advice does not count)
  2  it could not do its job: wrong arguments or settings, files that could not be read or parsed
  2 beats 1 beats 0.";

const EXAMPLES: &str = "Examples:
  kubeready                                judge the folder you are in
  kubeready deploy/ --profile critical     judge a tier-1 service
  kubeready check --output sarif           report for code scanning
  helm template . | kubeready check -      judge standard input
  kubeready explain missing-memory-limit   why, how it fails, how to mend it";

/// The grammar, which help, manual page and completions are made of too.
pub fn grammar() -> Clap {
    Clap::new("kubeready")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Judges Kubernetes manifests against a production-readiness checklist")
        .long_about(
            "Judges Kubernetes manifests against a production-readiness checklist: where, why and \
             what to do.\n\nWithout a command, `check` is meant: `kubeready deploy/` is `kubeready \
             check deploy/`.",
        )
        .override_usage("kubeready [check] [OPTIONS] [PATH]...\n       kubeready <COMMAND>")
        .after_help(format!(
            "{EXAMPLES}\n\n{EXIT_CODES}\n\n`kubeready check --help` lists the options of the main \
             job."
        ))
        .subcommand_required(true)
        .subcommands([check(), checklist(), render(), fleet(), explain(), rules(), generate()])
}

fn check() -> Clap {
    judging(Clap::new("check"))
        .about("Judge manifests (the default command)")
        .after_help(EXIT_CODES)
        .arg(
            one_of("output", "FORMAT", Format::ALL.iter().map(|f| f.name()))
                .short('o')
                .default_value("pretty")
                .help("Form of the report on standard output"),
        )
        .arg(path("output-file").value_name("FILE").help("Write the report there instead"))
        .arg(
            one_of("fail-on", "SEVERITY", FailOn::ALL.iter().map(|f| f.name()))
                .help_heading("Rules")
                .help("Least severity that ends with exit code 1 [default: warning]"),
        )
        .arg(
            flag("show-settings")
                .help("Print the settings and where each comes from; judge nothing"),
        )
}

/// The arguments that say what to judge and how.
fn judging(command: Clap) -> Clap {
    let profiles = Profile::ALL.iter().filter(|p| **p != Profile::Off).map(|p| p.name());
    let restrictors = [LoadRestrictor::RootOnly, LoadRestrictor::None].map(LoadRestrictor::name);
    command
        .arg(
            Arg::new("paths")
                .value_name("PATH")
                .num_args(0..)
                .value_parser(value_parser!(PathBuf))
                .help("Files and folders [default: .]; `-` is standard input"),
        )
        .next_help_heading("Rules")
        .arg(
            one_of("profile", "PROFILE", profiles)
                .help("How much is asked [default: production, or what the settings say]"),
        )
        .arg(
            list("select")
                .value_name("RULES")
                .help("Exactly these: names, topics, episode:N, item:N, ALL; commas between"),
        )
        .arg(list("ignore").value_name("RULES").help("Not these; the same words"))
        .arg(
            one_of("min-confidence", "CONFIDENCE", Confidence::ALL.iter().map(|c| c.name()))
                .help("Only findings that are at least this sure"),
        )
        .arg(
            Arg::new("kubernetes-version")
                .long("kubernetes-version")
                .value_name("1.N")
                .value_parser(ValueParser::new(kubernetes_version))
                .help("Version of the cluster [default: the newest known]"),
        )
        .arg(flag("strict").help("Whatever could not be judged ends with exit code 2"))
        .arg(flag("no-suppress").help("Show suppressed findings too"))
        .next_help_heading("Settings")
        .arg(path("config").value_name("FILE").help("Settings file instead of .kubeready.yaml"))
        .arg(flag("isolated").conflicts_with("config").help("Read no settings file"))
        .next_help_heading("Files")
        .arg(list("include").value_name("GLOB").help("Only these files below the folders given"))
        .arg(list("exclude").value_name("GLOB").help("Not these files and folders"))
        .arg(flag("hidden").help("Hidden files and folders too"))
        .arg(flag("no-ignore").help("Do not heed .gitignore and .kubereadyignore"))
        .arg(
            Arg::new("stdin-filename")
                .long("stdin-filename")
                .value_name("PATH")
                .help("Name under which standard input is judged"),
        )
        .next_help_heading("What ships")
        .arg(
            list("repo-url").value_name("URL").help(
                "URL by which Argo CD or Flux name this repository [default: its git remotes]",
            ),
        )
        .arg(
            one_of("load-restrictor", "WHERE", restrictors)
                .help("As for `kustomize build`: where kustomizations may take files from"),
        )
        .arg(
            path("charts")
                .value_name("DIR")
                .action(ArgAction::Append)
                .help("Charts of other repositories, as `helm pull` leaves them"),
        )
        .arg(
            path("helm")
                .value_name("PROGRAM")
                .help("Helm 3 or 4, for charts that kubeready cannot render itself"),
        )
        .arg(flag("no-helm").help("Never run helm, whatever else says so"))
        .next_help_heading("Output")
        .arg(color())
        .arg(flag("quiet").short('q').help("Nothing on standard error but errors"))
        .arg(
            Arg::new("threads")
                .long("threads")
                .value_name("N")
                .value_parser(value_parser!(u16).range(1..=1024))
                .help("Threads to use [default: one per core]"),
        )
}

fn checklist() -> Clap {
    judging(Clap::new("checklist"))
        .about("Show which items of the checklist are met")
        .after_help(
            "Exit codes:\n  0  the checklist was made, whatever it says\n  2  it could not do its \
             job",
        )
        .arg(
            one_of("output", "FORMAT", ["pretty", "json", "markdown"])
                .short('o')
                .default_value("pretty")
                .help("Form of the checklist"),
        )
}

fn render() -> Clap {
    judging(Clap::new("render"))
        .about("Print what ships as YAML: kustomizations, charts, what Argo CD and Flux deliver")
        .after_help(
            "A folder with a kustomization is exactly that root, a folder with a chart what `helm \
             template release-name FOLDER --include-crds` prints; any other folder is everything \
             below it that ships.\n\nExit codes:\n  0  all was rendered\n  2  something could not be \
             rendered, or the real tool would refuse it",
        )
        .arg(flag("origins").help("Behind each field the file and line it comes from"))
        .arg(
            path("values")
                .short('f')
                .value_name("FILE")
                .action(ArgAction::Append)
                .help("Values for the charts given, over their own; later files win"),
        )
}

fn fleet() -> Clap {
    judging(Clap::new("fleet"))
        .about("Show clusters and environments against the checklist, and where they differ")
        .after_help(
            "Exit codes:\n  0  the table was made, whatever it says\n  2  it could not do its job",
        )
        .arg(
            one_of("output", "FORMAT", ["pretty", "json", "markdown"])
                .short('o')
                .default_value("pretty")
                .help("Form of the table"),
        )
}

fn explain() -> Clap {
    Clap::new("explain")
        .about("Explain a rule, an episode or an item of the checklist")
        .arg(
            Arg::new("names")
                .value_name("RULE|EPISODE|ITEM")
                .required(true)
                .num_args(1..)
                .help("A rule, a topic, episode:N, item:N, or a peer's name such as CKV_K8S_11"),
        )
        .arg(color())
}

fn rules() -> Clap {
    let profiles = Profile::ALL.iter().filter(|p| **p != Profile::Off).map(|p| p.name());
    Clap::new("rules")
        .about("List the rules")
        .arg(
            one_of("output", "FORMAT", ["table", "json"])
                .short('o')
                .default_value("table")
                .help("Form of the list"),
        )
        .arg(list("topic").value_name("TOPIC").help("Of these topics"))
        .arg(
            list("episode")
                .value_name("N")
                .value_parser(value_parser!(u8).range(1..=10))
                .help("Of these episodes"),
        )
        .arg(
            list("item")
                .value_name("ITEM")
                .value_parser(PossibleValuesParser::new(Item::ALL.iter().map(|i| i.name())))
                .help("Of these items of the checklist"),
        )
        .arg(
            one_of("severity", "SEVERITY", Severity::ALL.iter().map(|s| s.name()))
                .help("Of this severity"),
        )
        .arg(one_of("profile", "PROFILE", profiles).help("On in this profile"))
        .arg(list("select").value_name("RULES").help("These: the words of `check --select`"))
        .arg(color())
}

fn generate() -> Clap {
    Clap::new("generate")
        .about("Print the manual page, completions, schemas or the table of rules")
        .subcommand_required(true)
        .subcommand(
            Clap::new("man").about("The manual page, in roff").arg(
                one_of_plain(
                    "command",
                    ["check", "checklist", "render", "fleet", "explain", "rules", "generate"],
                )
                .value_name("COMMAND")
                .required(false)
                .help("The page of one command"),
            ),
        )
        .subcommand(
            Clap::new("completions").about("Completions for a shell").arg(
                Arg::new("shell")
                    .required(true)
                    .value_name("SHELL")
                    .value_parser(value_parser!(clap_complete::Shell)),
            ),
        )
        .subcommand(Clap::new("schema").about("A JSON Schema").arg(
            one_of_plain("of", ["settings", "report", "fleet"]).value_name("SCHEMA").required(true),
        ))
        .subcommand(Clap::new("rules-table").about("The table of rules, in Markdown"))
}

fn flag(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue)
}

fn list(name: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::Append).value_delimiter(',')
}

fn path(name: &'static str) -> Arg {
    Arg::new(name).long(name).value_parser(value_parser!(PathBuf))
}

fn one_of(
    name: &'static str,
    value: &'static str,
    words: impl IntoIterator<Item = &'static str>,
) -> Arg {
    Arg::new(name)
        .long(name)
        .value_name(value)
        .value_parser(PossibleValuesParser::new(words.into_iter().collect::<Vec<_>>()))
}

fn one_of_plain(name: &'static str, words: impl IntoIterator<Item = &'static str>) -> Arg {
    Arg::new(name).value_parser(PossibleValuesParser::new(words.into_iter().collect::<Vec<_>>()))
}

fn color() -> Arg {
    one_of("color", "WHEN", ["auto", "always", "never"])
        .default_value("auto")
        .help("Colours; auto heeds NO_COLOR and whether a terminal is there")
}

fn kubernetes_version(text: &str) -> Result<u16, &'static str> {
    settings::kubernetes_version(text)
        .ok_or("a Kubernetes version is written `1.N`, such as `1.33`")
}

/// Reads the arguments after the program's name.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, clap::Error> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if needs_check(args.first()) {
        args.insert(0, "check".into());
    }
    args.insert(0, "kubeready".into());
    // Colours are the caller's choice: `clap::Error` is rendered, never printed by clap.
    let matches = grammar().color(ColorChoice::Always).try_get_matches_from(args)?;
    Ok(command(&matches))
}

/// Whether the first argument is none of the root's own words, so that `check` is meant.
fn needs_check(first: Option<&OsString>) -> bool {
    let Some(first) = first.and_then(|f| f.to_str()) else { return true };
    let grammar = grammar();
    let root = ["-h", "--help", "-V", "--version", "help"];
    !root.contains(&first) && grammar.get_subcommands().all(|c| c.get_name() != first)
}

fn command(matches: &ArgMatches) -> Command {
    match matches.subcommand() {
        Some(("checklist", m)) => {
            Command::Checklist(Checklist { check: check_of(m), output: table_format(m) })
        }
        Some(("render", m)) => Command::Render(Render {
            check: check_of(m),
            origins: m.get_flag("origins"),
            values: files(m, "values"),
        }),
        Some(("fleet", m)) => Command::Fleet(Fleet { check: check_of(m), output: table_format(m) }),
        Some(("explain", m)) => {
            Command::Explain(Explain { names: words(m, "names"), color: color_of(m) })
        }
        Some(("rules", m)) => Command::Rules(Rules {
            json: word(m, "output") == Some("json"),
            color: color_of(m),
            topic: words(m, "topic"),
            episode: m.get_many("episode").unwrap_or_default().copied().collect(),
            item: words(m, "item"),
            severity: word(m, "severity").and_then(Severity::from_name),
            profile: word(m, "profile").and_then(Profile::from_name),
            select: words(m, "select"),
        }),
        Some(("generate", m)) => Command::Generate(generate_of(m)),
        Some((_, m)) => Command::Check(Check {
            output: word(m, "output").and_then(Format::from_name).unwrap_or_default(),
            output_file: m.get_one("output-file").cloned(),
            show_settings: m.get_flag("show-settings"),
            settings: CommandLine {
                fail_on: word(m, "fail-on").and_then(FailOn::from_name),
                ..check_of(m).settings
            },
            ..check_of(m)
        }),
        None => Command::Check(Check::default()),
    }
}

fn table_format(m: &ArgMatches) -> ChecklistFormat {
    match word(m, "output") {
        Some("json") => ChecklistFormat::Json,
        Some("markdown") => ChecklistFormat::Markdown,
        _ => ChecklistFormat::Pretty,
    }
}

fn check_of(m: &ArgMatches) -> Check {
    let mut paths: Vec<PathBuf> = m.get_many("paths").unwrap_or_default().cloned().collect();
    if paths.is_empty() {
        paths.push(".".into());
    }
    Check {
        paths,
        color: color_of(m),
        quiet: m.get_flag("quiet"),
        stdin_filename: m.get_one("stdin-filename").cloned(),
        threads: m.get_one::<u16>("threads").map(|n| usize::from(*n)),
        repository_urls: words(m, "repo-url"),
        load_restrictor: match word(m, "load-restrictor") {
            Some("LoadRestrictionsNone") => LoadRestrictor::None,
            _ => LoadRestrictor::RootOnly,
        },
        charts: files(m, "charts"),
        helm: m.get_one("helm").cloned().filter(|_| !m.get_flag("no-helm")),
        config: m.get_one("config").cloned(),
        settings: CommandLine {
            profile: word(m, "profile").and_then(Profile::from_name),
            select: words(m, "select"),
            ignore: words(m, "ignore"),
            kubernetes_version: m.get_one("kubernetes-version").copied(),
            min_confidence: word(m, "min-confidence").and_then(Confidence::from_name),
            strict: m.get_flag("strict"),
            no_suppress: m.get_flag("no-suppress"),
            isolated: m.get_flag("isolated"),
            include: words(m, "include"),
            exclude: words(m, "exclude"),
            hidden: m.get_flag("hidden"),
            no_ignore: m.get_flag("no-ignore"),
            ..CommandLine::default()
        },
        ..Check::default()
    }
}

fn generate_of(m: &ArgMatches) -> Generate {
    match m.subcommand() {
        Some(("completions", m)) => {
            Generate::Completions(m.get_one("shell").copied().unwrap_or(clap_complete::Shell::Bash))
        }
        Some(("schema", m)) if word(m, "of") == Some("settings") => Generate::SettingsSchema,
        Some(("schema", m)) if word(m, "of") == Some("fleet") => Generate::FleetSchema,
        Some(("schema", _)) => Generate::ReportSchema,
        Some(("rules-table", _)) => Generate::RulesTable,
        Some((_, m)) => Generate::Man(m.get_one("command").cloned()),
        None => Generate::Man(None),
    }
}

fn word<'m>(m: &'m ArgMatches, name: &str) -> Option<&'m str> {
    m.get_one::<String>(name).map(String::as_str)
}

fn words(m: &ArgMatches, name: &str) -> Vec<String> {
    m.get_many(name).unwrap_or_default().cloned().collect()
}

fn files(m: &ArgMatches, name: &str) -> Vec<PathBuf> {
    m.get_many(name).unwrap_or_default().cloned().collect()
}

fn color_of(m: &ArgMatches) -> Color {
    match word(m, "color") {
        Some("always") => Color::Always,
        Some("never") => Color::Never,
        _ => Color::Auto,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Command {
        parse(line.split_whitespace().map(OsString::from)).expect("a right command line")
    }

    #[test]
    fn the_grammar_is_sound() {
        grammar().debug_assert();
    }

    #[test]
    fn check_is_meant_without_a_command() {
        for line in ["", "check", "--output json", "deploy -o json", "check - --quiet"] {
            assert!(matches!(parsed(line), Command::Check(_)), "{line}");
        }
        let Command::Check(check) = parsed("--select a,b --select c x/ y.yaml --fail-on never")
        else {
            panic!("not check");
        };
        assert_eq!(check.settings.select, ["a", "b", "c"]);
        assert_eq!(check.paths, [PathBuf::from("x/"), PathBuf::from("y.yaml")]);
        assert_eq!(check.settings.fail_on, Some(FailOn::Never));
    }

    #[test]
    fn kubernetes_versions() {
        let right =
            [("1.29", 29), ("v1.29", 29), ("1.29.4", 29), ("1.31.2-gke.7", 31), ("1.30+", 30)];
        for (text, minor) in right {
            assert_eq!(kubernetes_version(text), Ok(minor), "{text}");
        }
        for text in ["", "1", "29", "2.1", "1.x", "latest", "1.29.x", "1.99999", "vv1.2"] {
            assert!(kubernetes_version(text).is_err(), "{text}");
        }
    }
}
