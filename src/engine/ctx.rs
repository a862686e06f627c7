//! What a rule may ask and say.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use kubeready_manifest::kube::{Container, Kind, Object, Workload};
use kubeready_manifest::source::{SourceId, Span};
use kubeready_manifest::yaml::{NodeRef, Place};
use kubeready_typed::{Fitting, Report, pod_template};

use rustc_hash::FxHashMap;

use super::charts;
use crate::catalogue::{CATALOGUE, Profile, Rule, RuleId};
use crate::finding::{Finding, Label, ResourceId};
use crate::fleet::Destination;
use crate::index::Index;
use crate::set::Standing;
use crate::settings::{Opt, OptionType, Settings};

/// Handed to every rule: the neighbours, the settings, and the way to report.
pub struct Ctx<'c, 't> {
    pub(super) rule: RuleId,
    pub(super) index: &'c Index<'t>,
    pub(super) settings: &'c Settings,
    pub(super) object: Option<Object<'t>>,
    pub(super) workload: Option<Workload<'t>>,
    pub(super) container: Option<Container<'t>>,
    pub(super) fitting: &'c Fitting,
    /// What decoding the current object into its type said; computed when the first rule asks.
    pub(super) decoded: OnceCell<Option<Rc<Report<'t>>>>,
    pub(super) findings: Vec<Box<Finding>>,
    /// How many subjects each rule looked at, in catalogue order.
    pub(super) examined: Vec<u32>,
    /// Where the objects of each rendered tree go, for rules about the fleet as a whole.
    pub(super) fleet: Option<Rc<FxHashMap<SourceId, Arc<Destination>>>>,
    /// Findings about objects that are only neighbours here: not kept.
    aside: Vec<Box<Finding>>,
}

impl std::fmt::Debug for Ctx<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ctx").field("rule", &self.rule.rule().name).finish_non_exhaustive()
    }
}

impl<'c, 't> Ctx<'c, 't> {
    pub(super) fn new(index: &'c Index<'t>, settings: &'c Settings, fitting: &'c Fitting) -> Self {
        Self {
            fitting,
            rule: RuleId(0),
            index,
            settings,
            object: None,
            workload: None,
            container: None,
            decoded: OnceCell::new(),
            findings: Vec::new(),
            examined: vec![0; CATALOGUE.len()],
            fleet: None,
            aside: Vec::new(),
        }
    }

    /// The set's objects and their relations. Always there; whether absence means anything is what
    /// a page's `neighbours` declares.
    pub fn index(&self) -> &'c Index<'t> {
        self.index
    }

    /// Minor version of the cluster: 33 for Kubernetes 1.33.
    pub fn kubernetes_version(&self) -> u16 {
        self.settings.kubernetes_version
    }

    pub fn profile(&self) -> Profile {
        self.settings.profile
    }

    /// The pod template that the current object runs, if it runs one: read once for all rules.
    pub fn workload(&self) -> Option<Workload<'t>> {
        self.workload
    }

    /// How far the current object may be judged.
    pub fn standing(&self) -> Standing {
        self.object.map_or(Standing::Judged, |o| self.index.standing(o))
    }

    /// Says that the subject is none of those that the running rule is about: nobody is praised for it.
    /// What no rule was about is no item of the checklist that is met.
    pub fn pass_over(&mut self) {
        if let Some(examined) = self.examined.get_mut(self.rule.0 as usize) {
            *examined = examined.saturating_sub(1);
        }
    }

    /// Counts a subject of the running rule as looked at.
    pub(super) fn count(&mut self) {
        if let Some(examined) = self.examined.get_mut(self.rule.0 as usize) {
            *examined += 1;
        }
    }

    /// An option of the running rule: a constant of [`crate::catalogue::options`].
    pub fn option<T: OptionType>(&self, opt: &Opt<T>) -> T::Value {
        // No settings, no look-up: most runs have no options at all.
        if self.settings.options.is_empty() {
            return T::resolve(opt, None);
        }
        T::resolve(opt, self.settings.options.get(&(self.rule, opt.name.to_owned())))
    }

    /// Whether another rule is on in this run: for leaving a defect to the sharper of two rules.
    pub fn is_on(&self, name: &str) -> bool {
        crate::catalogue::find(name).is_some_and(|id| self.settings.severity(id).is_some())
    }

    /// What decoding the current object into its Kubernetes type says; for a kind without one that
    /// runs an ordinary pod template, what decoding the template says; else `None`.
    pub fn decoded(&self) -> Option<Rc<Report<'t>>> {
        let object = self.object?;
        self.decoded
            .get_or_init(|| {
                self.fitting
                    .check(object.api_version(), object.kind_name(), object.root())
                    .or_else(|| template_report(object, self.workload))
                    .map(Rc::new)
            })
            .clone()
    }

    /// Files a finding at a place of the current object; the returned handle adds to it.
    #[expect(clippy::needless_pass_by_value, reason = "a place is made to be reported")]
    pub fn report(&mut self, at: Place<'t>, message: impl Into<String>) -> &mut Finding {
        let mut field = self
            .object
            .and_then(|o| o.root().path_to(at.node))
            .or_else(|| document_path(&at))
            .unwrap_or_default();
        if !at.is_written() {
            if !field.is_empty() {
                field.push('.');
            }
            field.push_str(&at.missing);
        }
        let label = if at.is_written() { "here" } else { "missing here" };
        let tree = at.node.tree().source();
        let charted = self.index.charted(tree);
        let stand = charted.and_then(|of| charts::stand(&at, self.object, self.container, of));
        let Some(stand) = stand else {
            return self.file(at.span, Some(at.node), field, label, message.into());
        };
        let mut in_chart = stand.in_chart;
        in_chart.entry = self.object.and_then(|object| self.index.entry(object));
        let kept = self.findings.len();
        self.file(stand.span, Some(at.node), field, stand.label, message.into());
        if stand.made_up && self.findings.len() > kept {
            // Nobody wrote it: nobody is to blame.
            self.aside.extend(self.findings.pop());
        }
        let findings =
            if self.findings.len() > kept { &mut self.findings } else { &mut self.aside };
        let last = findings.len() - 1;
        let finding = &mut findings[last];
        finding.related.splice(0..0, stand.related);
        finding.in_chart = Some(Box::new(in_chart));
        finding
    }

    /// Files a finding at a span, for what is no node: syntax errors, comments.
    pub fn report_span(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        self.file(span, None, String::new(), "here", message.into())
    }

    fn file(
        &mut self,
        span: Span,
        node: Option<NodeRef<'t>>,
        field: String,
        label: &str,
        message: String,
    ) -> &mut Finding {
        let rule: &Rule = self.rule.rule();
        let index = self.index;
        let own = self.object.map(|object| object.root().tree().source());
        let of = own.or(node.map(|node| node.tree().source()));
        let destination = match &self.fleet {
            Some(fleet) => of.and_then(|source| fleet.get(&source)),
            None => of.and_then(|source| index.destination_of(source)),
        };
        // Rules about the whole of a set meet its neighbours too.
        let known = self.fleet.is_none() && own.is_none();
        let aside = known && of.is_some_and(|source| index.is_context(source));
        let findings = if aside { &mut self.aside } else { &mut self.findings };
        let entry = match self.object {
            Some(object) => index.entry(object),
            None => node.filter(|_| known).and_then(|node| index.entry_of(node)),
        };
        // The line that a person edits stands elsewhere: who brings it in is worth a word.
        let related = match (entry, destination) {
            (Some(entry), Some(by)) if entry.source != span.source => {
                let message = format!("`{}` brings it in here", by.set);
                vec![Label { span: entry, message }]
            }
            _ => Vec::new(),
        };
        findings.push(Box::new(Finding {
            rule: self.rule,
            severity: rule.severity,
            confidence: rule.confidence,
            message,
            span,
            label: label.to_owned(),
            field,
            resource: self.object.map(resource_id),
            container: self.container.map(|c| c.name().to_owned()),
            help: None,
            related,
            destinations: destination
                .filter(|d| !d.set.is_empty() || !d.is_anywhere())
                .into_iter()
                .map(Arc::clone)
                .collect(),
            in_chart: None,
        }));
        let last = findings.len() - 1;
        &mut findings[last]
    }
}

/// The pod template of an API version without a type, and of custom kinds that embed it unchanged.
fn template_report<'t>(object: Object<'t>, workload: Option<Workload<'t>>) -> Option<Report<'t>> {
    let plain = !matches!(object.kind(), Kind::Other | Kind::Pod | Kind::KnativeService);
    let workload = workload.filter(|_| plain)?;
    Some(pod_template(workload.template()))
}

/// Path from the root of the document, where there is no object.
fn document_path(at: &Place<'_>) -> Option<String> {
    at.node.tree().documents().find_map(|(_, root)| root.path_to(at.node))
}

/// An object's identity as its manifest writes it: with the namespace that the API server leaves out
/// of account for cluster-scoped kinds, since that is what people look for in the file.
pub fn resource_id(object: Object<'_>) -> ResourceId {
    ResourceId {
        kind: object.kind_name().to_owned(),
        namespace: object.str_at("metadata.namespace").map(str::to_owned),
        name: if object.is_named() { object.name().to_owned() } else { String::new() },
    }
}
