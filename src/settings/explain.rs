//! `--show-settings PATH`: each effective value and the layer it comes from.

use std::fmt::Write as _;

use super::limits::LIMITS;
use super::resolve::{Layer, Place};
use super::{Filter, OptionValue, Settings};
use crate::catalogue::RuleId;

/// The settings that hold for a file, one value a line.
pub fn explain(settings: &Settings, path: &str) -> String {
    let mut out = String::new();
    let located = settings.located(&Place { path, ..Place::default() });
    let shown = if path.is_empty() { "." } else { path };
    let _ = writeln!(out, "Settings for {shown}\n");
    values(settings, &located, &mut out);
    rules(settings, &located, &mut out);
    conditional(settings, &located, &mut out);
    out
}

fn values(settings: &Settings, place: &Place<'_>, out: &mut String) {
    let layers = &settings.layers;
    let mut row = |key: &str, value: &str, layer: &Layer| {
        let _ = writeln!(out, "{key:<20} {value:<24} {layer}");
    };
    let (profile, layer) = settings.profile_for(place, Filter::conditions_hold_by_path);
    row("profile", profile.name(), &layer);
    let mut known = |key: &str, value: String| row(key, &value, &layers.origin(key));
    known("kubernetes-version", format!("1.{}", settings.kubernetes_version));
    known("fail-on", settings.fail_on.name().to_owned());
    known("min-confidence", settings.min_confidence.name().to_owned());
    known("strict", settings.strict.to_string());
    known("hidden", settings.hidden.to_string());
    known("no-ignore", settings.no_ignore.to_string());
    known("no-suppress", (!settings.suppress).to_string());
    known(
        "include",
        settings.include.as_ref().map_or("everything".into(), |g| g.patterns().join(" ")),
    );
    let exclude = settings.exclude.patterns().join(" ");
    known("exclude", if exclude.is_empty() { "nothing".to_owned() } else { exclude });
    for limit in &LIMITS {
        known(limit.name, limit.shown(limit.get(&settings.limits)));
    }
    let charts: Vec<&str> = settings.charts.iter().map(|at| &*at.value).collect();
    known("charts", if charts.is_empty() { "none".to_owned() } else { charts.join(" ") });
    if let Some(baseline) = &settings.baseline {
        known("baseline", format!("{baseline} (no effect yet)"));
    }
    for (key, name) in [("environment", place.environment), ("cluster", place.cluster)] {
        if let Some(name) = name {
            let _ = writeln!(out, "{key:<20} {name}");
        }
    }
}

fn rules(settings: &Settings, place: &Place<'_>, out: &mut String) {
    let _ = writeln!(out, "\nRules");
    let layers = &settings.layers;
    let width = settings.rules().iter().map(|r| r.name.len()).max().unwrap_or(0);
    for (id, rule) in (0u16..).map(RuleId).zip(settings.rules()) {
        let found = settings.layered_for(id, place, Filter::conditions_hold_by_path);
        let level = found.severity.map_or("off", |s| s.name());
        let _ = writeln!(out, "  {:<width$} {level:<8} {}", rule.name, found.from);
        for option in rule.options {
            let given = settings.options.get(&(id, option.name.to_owned()));
            let line =
                layers.option_lines.iter().find(|(r, name, _)| *r == id && name == option.name);
            let value = given.cloned().unwrap_or_else(|| super::default_value(option.default));
            let layer = line.map_or(Layer::Default, |(.., line)| Layer::File(*line));
            let _ = writeln!(out, "    {} = {}  {layer}", option.name, shown(&value));
        }
    }
}

/// Overrides that hold for some objects of the file only.
fn conditional(settings: &Settings, place: &Place<'_>, out: &mut String) {
    let further = settings.layers.overrides.iter().filter(|o| {
        o.filter.holds_for_path(place.path) && !o.filter.conditions_hold_by_path(place)
    });
    for (at, one) in further.enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\nOverrides that hold for some objects only");
        }
        let conditions = one.filter.conditions().join("; ");
        let _ = writeln!(out, "  {}  {conditions}", Layer::File(one.line));
    }
}

impl Filter {
    /// Whether it holds for every object of a file.
    fn conditions_hold_by_path(&self, place: &Place<'_>) -> bool {
        self.namespaces.is_none()
            && self.kinds.is_none()
            && self.names.is_none()
            && self.holds(place)
    }
}

fn shown(value: &OptionValue) -> String {
    match value {
        OptionValue::Bool(value) => value.to_string(),
        OptionValue::Int(value) => value.to_string(),
        OptionValue::Str(value) => value.clone(),
        OptionValue::List(values) => format!("[{}]", values.join(", ")),
    }
}
