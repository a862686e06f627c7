//! Something that could not be judged: what, where, why and what to do.

use std::sync::Arc;

use crate::source::Span;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What kind of problem it is. ARCHITECTURE.md lists what is lost with each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Code::$variant,)*];

            /// Kebab-case name, stable: what reports say.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }
        }
    };
}

codes! {
    /// A line of an ignore file is no pattern.
    BadIgnoreFile = "bad-ignore-file",
    /// A chart's archive that cannot be unpacked.
    BrokenArchive = "broken-archive",
    /// A chart, or a part of one, that is not at hand.
    Chart = "chart",
    /// A link that leads nowhere.
    DanglingLink = "dangling-link",
    /// A file that git-crypt has encrypted.
    EncryptedFile = "encrypted-file",
    /// A file that was given and that the settings exclude.
    Excluded = "excluded",
    /// One file is larger than the settings allow.
    FileTooLarge = "file-too-large",
    /// A chart, its values or its templates do not render.
    HelmTemplate = "helm-template",
    /// All files together are larger than the settings allow.
    InputTooLarge = "input-too-large",
    /// Rules that say nothing, for what they ask for may be in something that was lost.
    KeptQuiet = "kept-quiet",
    /// Kustomize would fail, or print something else.
    KustomizeBuild = "kustomize-build",
    /// A link to a file that is not in the repository.
    LinkLeavesRepository = "link-leaves-repository",
    /// A link to a place outside of what was asked for.
    LinkNotFollowed = "link-not-followed",
    /// A path that was given and is not there.
    NoSuchPath = "no-such-path",
    /// A document, or an item of a list, that is no object.
    NotAnObject = "not-an-object",
    /// Something that Argo CD or Flux delivers and that cannot be followed here.
    NotFollowed = "not-followed",
    /// `--strict`: templates that nobody rendered.
    NotRendered = "not-rendered",
    /// A file that is no UTF-8.
    NotUtf8 = "not-utf8",
    /// What was left out for the time of the run was over.
    OutOfTime = "out-of-time",
    /// A plugin of kustomize, which is never run.
    Plugin = "plugin",
    /// A base on another machine.
    RemoteBase = "remote-base",
    /// A rule that panicked.
    RuleFailed = "rule-failed",
    /// A directory that was given and in which nothing was looked at.
    NothingFound = "nothing-found",
    /// A mistake in the settings or on the command line.
    Settings = "settings",
    /// A suppression that is misspelt or has no use.
    Suppression = "suppression",
    /// Text that is a template of something, and no YAML before it is rendered.
    Template = "template",
    /// More findings than the settings want to hear of.
    TooManyFindings = "too-many-findings",
    /// What was rendered grew beyond a limit.
    TooLarge = "too-large",
    /// A file, a root or a report that this tool panicked on.
    ToolFailed = "tool-failed",
    /// A directory that cannot be listed.
    UnreadableDirectory = "unreadable-directory",
    /// A file that cannot be read.
    UnreadableFile = "unreadable-file",
    /// A document that is no YAML.
    YamlSyntax = "yaml-syntax",
}

/// Whether a problem makes the run incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The tool could not do its job: exit code 2.
    Error,
    /// An expected limit, said once; no effect on the exit code unless `--strict`.
    Note,
}

/// A problem's place: a file as a whole, or a span of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Path as shown to people.
    Path(Arc<str>),
    Span(Span),
    /// The command line, the environment.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub level: Level,
    /// The name of its [`Code`].
    pub code: &'static str,
    pub message: String,
    pub location: Location,
    pub help: Option<String>,
    /// The rule that reports the same as a finding, where there is one.
    pub rule: Option<&'static str>,
    /// Not about what was to be judged (a neighbour's file, what the settings exclude): a note even
    /// under `--strict`.
    pub aside: bool,
}

impl Problem {
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code: code.name(),
            message: message.into(),
            location: Location::None,
            help: None,
            rule: None,
            aside: false,
        }
    }

    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self { level: Level::Note, ..Self::error(code, message) }
    }

    #[must_use]
    pub fn in_file(mut self, path: impl Into<Arc<str>>) -> Self {
        self.location = Location::Path(path.into());
        self
    }

    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.location = Location::Span(span);
        self
    }

    /// Makes it a note that `--strict` leaves alone.
    #[must_use]
    pub fn aside(mut self) -> Self {
        self.level = Level::Note;
        self.aside = true;
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Names the rule whose finding says the same.
    #[must_use]
    pub fn also(mut self, rule: &'static str) -> Self {
        self.rule = Some(rule);
        self
    }
}
