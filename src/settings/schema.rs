//! The JSON Schema of the settings file, for editors; generated from the catalogue.

use serde_json::{Map, Value, json};

use super::command_line::FailOn;
use super::file::BASELINE;
use super::limits::{LIMITS, Limit, Limits, NONE, Unit};
use super::names::Names;
use crate::catalogue::{Confidence, Item, OptionDefault, Rule, RuleOption};

/// The schema of the settings file.
pub fn schema() -> Value {
    schema_with(Names::catalogue())
}

/// The schema for a list of rules.
pub fn schema_with(names: &Names) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://kubeready.dev/schemas/settings-v1.schema.json",
        "title": "Settings of kubeready",
        "description": "The file .kubeready.yaml at the root of a repository.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "version": { "const": 1, "description": "Version of this format." },
            "profile": { "$ref": "#/$defs/profile" },
            "kubernetes-version": {
                "description": "Version of the cluster, such as 1.33; without it the newest one known.",
                "type": ["string", "number"],
                "pattern": "^v?1\\.[0-9]{1,3}\\+?(\\.[0-9].*)?$",
            },
            "fail-on": {
                "description": "From which severity on findings make the run fail (exit code 1).",
                "enum": FailOn::ALL.iter().map(|v| v.name()).collect::<Vec<_>>(),
                "default": "warning",
            },
            "min-confidence": {
                "description": "Findings that are less sure are not shown.",
                "enum": Confidence::ALL.iter().map(|v| v.name()).collect::<Vec<_>>(),
                "default": "hint",
            },
            "strict": {
                "description": "Whether expected limits, such as a template that was not rendered, make the run fail.",
                "type": "boolean",
                "default": false,
            },
            "select": {
                "description": "Exactly these rules instead of the profile's.",
                "$ref": "#/$defs/selectors",
            },
            "ignore": {
                "description": "Rules that are off.",
                "$ref": "#/$defs/selectors",
            },
            "include": {
                "description": "Only these paths.",
                "$ref": "#/$defs/words",
            },
            "exclude": {
                "description": "Paths that are left out.",
                "$ref": "#/$defs/words",
            },
            "hidden": {
                "description": "Whether hidden files and folders are read.",
                "type": "boolean",
                "default": false,
            },
            "rules": {
                "description": "Severities and options by rule or topic; the narrower one wins.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": rules(names, true),
            },
            "overrides": {
                "description": "Severities that differ by place, in order; the last one wins.",
                "type": ["array", "null"],
                "items": overrides(),
            },
            "ignores": {
                "description": "Findings that someone has decided to live with.",
                "type": ["array", "null"],
                "items": ignores(),
            },
            "environments": {
                "description": "Environments such as dev and prod.",
                "$ref": "#/$defs/groups",
            },
            "clusters": {
                "description": "Clusters of the fleet.",
                "$ref": "#/$defs/groups",
            },
            "limits": {
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": limits(),
            },
            "charts": {
                "description": "Folders inside of the repository, told from its root, with charts of other repositories as `helm pull` leaves them. The option --charts may lead anywhere.",
                "$ref": "#/$defs/words",
            },
            "baseline": {
                "description": format!("Reserved for a file of known findings; it {BASELINE}."),
                "type": "string",
            },
        },
        "$defs": {
            "level": {
                "enum": ["off", "on", "advice", "warning", "error"],
                "description": "`on` keeps the rule's own severity.",
            },
            "profile": {
                "description": "Which rules are on: each profile contains the ones before it.",
                "enum": ["lab", "production", "critical"],
                "default": "production",
            },
            "words": {
                "anyOf": [
                    { "type": "string", "minLength": 1 },
                    { "type": "array", "items": { "type": "string", "minLength": 1 } },
                ],
            },
            "selector": { "enum": selectors(names) },
            "selectors": {
                "anyOf": [
                    { "$ref": "#/$defs/selector" },
                    { "type": "array", "items": { "$ref": "#/$defs/selector" } },
                ],
            },
            "groups": {
                "type": ["object", "null"],
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "minProperties": 1,
                    "properties": {
                        "paths": { "$ref": "#/$defs/words" },
                        "profile": { "$ref": "#/$defs/profile" },
                    },
                },
            },
            "override-rules": {
                "type": "object",
                "additionalProperties": false,
                "properties": rules(names, false),
            },
        },
    })
}

fn limits() -> Map<String, Value> {
    let defaults = Limits::default();
    let limit = |limit: &Limit| {
        let mut schema = match limit.unit {
            Unit::Bytes | Unit::Number => json!({ "type": ["string", "integer"] }),
            Unit::Time => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h)$" }),
        };
        schema["description"] = json!(limit.about);
        let default = limit.get(&defaults);
        if default != NONE {
            schema["default"] = json!(limit.shown(default));
        }
        (limit.name.to_owned(), schema)
    };
    LIMITS.iter().map(limit).collect()
}

fn filter() -> Map<String, Value> {
    let parts = [
        ("paths", "Globs as in .gitignore, from the root."),
        ("environments", "Names of environments."),
        ("clusters", "Names of clusters."),
        ("namespaces", "Globs on namespaces."),
        ("kinds", "Globs on kinds."),
        ("names", "Globs on the names of objects."),
    ];
    let described = |text: &str| json!({ "description": text, "$ref": "#/$defs/words" });
    parts.into_iter().map(|(name, text)| (name.to_owned(), described(text))).collect()
}

fn overrides() -> Value {
    let mut properties = filter();
    properties.insert("rules".to_owned(), json!({ "$ref": "#/$defs/override-rules" }));
    properties.insert("profile".to_owned(), json!({ "$ref": "#/$defs/profile" }));
    properties.insert("reason".to_owned(), json!({ "type": "string", "minLength": 1 }));
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "allOf": [
            { "anyOf": filter().keys().map(|key| json!({ "required": [key] })).collect::<Vec<_>>() },
            { "anyOf": [{ "required": ["rules"] }, { "required": ["profile"] }] },
        ],
    })
}

fn ignores() -> Value {
    let mut properties = filter();
    properties.insert("rules".to_owned(), json!({ "$ref": "#/$defs/selectors" }));
    properties.insert(
        "reason".to_owned(),
        json!({
            "description": "What makes these findings acceptable.",
            "type": "string",
            "minLength": 1,
        }),
    );
    properties.insert(
        "until".to_owned(),
        json!({
            "description": "Past this day the findings return.",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        }),
    );
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["rules", "reason"],
        "properties": properties,
    })
}

/// Every word that stands for rules.
fn selectors(names: &Names) -> Vec<String> {
    let mut words = vec!["ALL".to_owned()];
    words.extend(names.topics().iter().map(|&t| t.to_owned()));
    words.extend((1..=10).map(|n| format!("episode:{n}")));
    words.extend(Item::ALL.iter().map(|item| format!("item:{item}")));
    for rule in names.rules() {
        words.push(rule.name.to_owned());
        words.extend(rule.aliases.iter().map(|&a| a.to_owned()));
    }
    // A topic may be called like a rule.
    let mut seen = rustc_hash::FxHashSet::default();
    words.retain(|word| seen.insert(word.clone()));
    words
}

fn rules(names: &Names, options: bool) -> Map<String, Value> {
    let level = json!({ "$ref": "#/$defs/level" });
    let leveled = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": { "severity": level },
    });
    let group = json!({ "anyOf": [level, leveled, { "type": "null" }] });
    let mut properties = Map::new();
    for word in selectors(names) {
        properties.insert(word, group.clone());
    }
    for rule in names.rules() {
        for name in std::iter::once(&rule.name).chain(rule.aliases) {
            properties.insert((*name).to_owned(), entry(rule, options));
        }
    }
    properties
}

fn entry(rule: &Rule, options: bool) -> Value {
    let mut properties = json!({ "severity": { "$ref": "#/$defs/level" } });
    if options && !rule.options.is_empty() {
        let types: Map<String, Value> =
            rule.options.iter().map(|o| (o.name.to_owned(), option(o))).collect();
        properties["options"] =
            json!({ "type": "object", "additionalProperties": false, "properties": types });
    }
    json!({
        "description": format!("{} ({})", rule.title, rule.severity),
        "anyOf": [
            { "$ref": "#/$defs/level" },
            { "type": "object", "additionalProperties": false, "properties": properties },
            { "type": "null" },
        ],
    })
}

fn option(option: &RuleOption) -> Value {
    match option.default {
        OptionDefault::Bool(value) => json!({ "type": "boolean", "default": value }),
        OptionDefault::Int(value) => json!({ "type": "integer", "default": value }),
        OptionDefault::Str(value) => {
            json!({ "type": ["string", "number", "boolean"], "default": value })
        }
        OptionDefault::List(values) => json!({
            "type": "array",
            "items": { "type": ["string", "number", "boolean"] },
            "default": values,
        }),
    }
}
