//! What went wrong, or is worth knowing, while something was rendered: input of the rules about
//! kustomizations and deliveries, and of the problems of a run.

use crate::guard::{PLEASE_REPORT, Panic};
use crate::problem::{Code, Level, Problem};
use crate::source::Span;

/// What kind of thing it is. A rule exists for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// A file or directory that is named and not there.
    MissingFile,
    /// A kustomization that includes itself, directly or through others.
    Cycle,
    /// A file outside the directory that kustomize may read from.
    LoadRestriction,
    /// Two files in one directory that could be its kustomization.
    AmbiguousRoot,
    /// A kustomization that makes nothing.
    Empty,
    /// A field that kustomize does not know.
    UnknownField,
    /// A component among resources, or a kustomization among components.
    ComponentMisuse,
    /// The same object twice.
    DuplicateResource,
    /// A patch or replacement that finds nothing to change.
    PatchTargetMissing,
    /// An image, replica count or namespace entry that changes nothing.
    UnusedOverride,
    /// A base on another machine: kustomize would fetch it, kubeready does not.
    RemoteBase,
    /// A plugin, which kubeready never runs.
    Plugin,
    /// A chart that a kustomization inflates.
    Chart,
    /// A template of a chart that cannot be rendered, or that says itself that it will not.
    ChartRender,
    /// A chart that will not be rendered with these values, as it says itself.
    ChartRefuses,
    /// A template that is beyond what kubeready can do, and perhaps not beyond Helm.
    ChartBeyond,
    /// A dependency of a chart that is declared and not there.
    ChartDependency,
    /// A chart or values that Helm does not take.
    ChartInvalid,
    /// A value that a template prints and that nothing defines. The message begins with its path.
    UndefinedValue,
    /// `${VAR}` that nothing defines.
    UndefinedVariable,
    /// A delivery of Argo CD or Flux that cannot be followed here.
    Unfollowed,
    /// A value that no field can have, a transformation that cannot be done.
    Invalid,
    /// More than the limits allow.
    TooLarge,
    /// kubeready itself panicked.
    ToolFailed,
    /// The time of the run was over.
    OutOfTime,
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// The entry or value at fault, in a kustomization, patch or resource.
    pub at: Span,
    /// What, in one line with names in backticks; no full stop.
    pub message: String,
    pub help: Option<String>,
    /// Whether the real tool would print nothing.
    pub fatal: bool,
    /// Whether objects may be missing from what was rendered.
    pub partial: bool,
    /// The one kind of object that may be missing, if it can be said.
    pub only: Option<&'static str>,
}

impl Fault {
    /// What makes the real tool fail.
    pub fn fatal(kind: FaultKind, at: Span, message: impl Into<String>) -> Self {
        Self {
            kind,
            at,
            message: message.into(),
            help: None,
            fatal: true,
            partial: true,
            only: None,
        }
    }

    /// What the real tool takes in silence, or does with means that kubeready does not use.
    pub fn note(kind: FaultKind, at: Span, message: impl Into<String>) -> Self {
        Self {
            kind,
            at,
            message: message.into(),
            help: None,
            fatal: false,
            partial: false,
            only: None,
        }
    }

    /// What kubeready itself did not manage.
    pub fn panicked(at: Span, what: &str, panic: &Panic) -> Self {
        let message = format!("kubeready failed on {what}: {}", panic.message);
        Self::fatal(FaultKind::ToolFailed, at, message).help(PLEASE_REPORT)
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Objects may be missing from what was rendered.
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Only objects of this kind may be missing.
    #[must_use]
    pub fn only(mut self, kind: &'static str) -> Self {
        self.only = Some(kind);
        self
    }
}

impl FaultKind {
    /// The rule that reports the same as a finding.
    pub fn rule(self) -> Option<&'static str> {
        Some(match self {
            FaultKind::MissingFile => "kustomize-missing-file",
            FaultKind::Cycle => "kustomize-cycle",
            FaultKind::LoadRestriction => "kustomize-load-restriction",
            FaultKind::AmbiguousRoot => "kustomize-ambiguous-root",
            FaultKind::Empty => "kustomize-empty",
            FaultKind::UnknownField => "kustomize-unknown-field",
            FaultKind::ComponentMisuse => "kustomize-component-misuse",
            FaultKind::DuplicateResource => "kustomize-duplicate-resource",
            FaultKind::PatchTargetMissing => "kustomize-patch-target-missing",
            FaultKind::UnusedOverride => "kustomize-unused-override",
            FaultKind::UndefinedVariable => "flux-substitution-undefined",
            FaultKind::ChartInvalid => "helm-chart-invalid",
            FaultKind::ChartRender | FaultKind::ChartRefuses => "helm-render-error",
            FaultKind::UndefinedValue => "helm-undefined-value",
            FaultKind::ChartBeyond
            | FaultKind::ChartDependency
            | FaultKind::RemoteBase
            | FaultKind::Plugin
            | FaultKind::Chart
            | FaultKind::Unfollowed
            | FaultKind::Invalid
            | FaultKind::TooLarge
            | FaultKind::ToolFailed
            | FaultKind::OutOfTime => return None,
        })
    }
}

impl Fault {
    /// As a problem, if it leaves the verdict incomplete.
    pub fn problem(&self) -> Option<Problem> {
        if !self.fatal && !self.partial {
            return None;
        }
        let level = if self.fatal { Level::Error } else { Level::Note };
        let code = match self.kind {
            FaultKind::RemoteBase => Code::RemoteBase,
            FaultKind::Plugin => Code::Plugin,
            FaultKind::Chart | FaultKind::ChartDependency => Code::Chart,
            FaultKind::ChartRender
            | FaultKind::ChartRefuses
            | FaultKind::ChartBeyond
            | FaultKind::ChartInvalid => Code::HelmTemplate,
            FaultKind::TooLarge => Code::TooLarge,
            FaultKind::ToolFailed => Code::ToolFailed,
            FaultKind::OutOfTime => Code::OutOfTime,
            FaultKind::Unfollowed => Code::NotFollowed,
            _ => Code::KustomizeBuild,
        };
        let mut problem = Problem::error(code, self.message.clone()).at(self.at);
        problem.level = level;
        problem.help.clone_from(&self.help);
        problem.rule = self.kind.rule();
        Some(problem)
    }
}
