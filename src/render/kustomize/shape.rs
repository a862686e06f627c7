//! Which fields a kustomization has, and of what type: kustomize takes no others.

use kubeready_manifest::yaml::{Data, Scalar, Value};

use crate::render::{Fault, FaultKind};
use crate::spelling;

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Not looked into.
    Any,
    Text,
    Bool,
    Int,
    /// A map of names to strings.
    Pairs,
    /// A map of names to booleans.
    Switches,
    /// Known fields only.
    Fields(&'static [(&'static str, Shape)]),
    List(&'static Shape),
}

use Shape::{Any, Bool, Fields, Int, List, Pairs, Switches, Text};

const TEXTS: Shape = List(&Text);

const SELECTOR: Shape = Fields(&[
    ("group", Text),
    ("version", Text),
    ("kind", Text),
    ("name", Text),
    ("namespace", Text),
    ("labelSelector", Text),
    ("annotationSelector", Text),
]);

const FIELD_SPEC: Shape =
    Fields(&[("group", Text), ("version", Text), ("kind", Text), ("path", Text), ("create", Bool)]);

const LABEL: Shape = Fields(&[
    ("pairs", Pairs),
    ("includeSelectors", Bool),
    ("includeTemplates", Bool),
    ("includeVolumeClaimTemplates", Bool),
    ("fields", List(&FIELD_SPEC)),
]);

pub(super) const PATCH: Shape =
    Fields(&[("path", Text), ("patch", Text), ("target", SELECTOR), ("options", Switches)]);

pub(super) const IMAGE: Shape = Fields(&[
    ("name", Text),
    ("newName", Text),
    ("tagSuffix", Text),
    ("newTag", Text),
    ("digest", Text),
]);

const REPLICA: Shape = Fields(&[("name", Text), ("count", Int)]);

const REPLACEMENT_OPTIONS: Shape =
    Fields(&[("delimiter", Text), ("index", Int), ("encoding", Text), ("create", Bool)]);

/// An entry of `replacements`.
pub(super) const REPLACEMENT: Shape = Fields(&[
    ("path", Text),
    (
        "source",
        Fields(&[
            ("group", Text),
            ("version", Text),
            ("kind", Text),
            ("name", Text),
            ("namespace", Text),
            ("fieldPath", Text),
            ("options", REPLACEMENT_OPTIONS),
        ]),
    ),
    ("sourceValue", Text),
    (
        "targets",
        List(&Fields(&[
            ("select", SELECTOR),
            ("reject", List(&SELECTOR)),
            ("fieldPaths", TEXTS),
            ("options", REPLACEMENT_OPTIONS),
        ])),
    ),
]);

const VAR: Shape = Fields(&[
    ("name", Text),
    (
        "objref",
        Fields(&[
            ("apiVersion", Text),
            ("group", Text),
            ("version", Text),
            ("kind", Text),
            ("name", Text),
            ("namespace", Text),
        ]),
    ),
    ("fieldref", Fields(&[("fieldpath", Text)])),
]);

const GENERATOR_OPTIONS: Shape = Fields(&[
    ("labels", Pairs),
    ("annotations", Pairs),
    ("disableNameSuffixHash", Bool),
    ("immutable", Bool),
]);

/// The fields of a generator, handed to what makes a shape of them.
macro_rules! generator_fields {
    ($make:ident; $($more:expr),*) => {
        $make!(
            ("namespace", Text),
            ("name", Text),
            ("behavior", Text),
            ("literals", TEXTS),
            ("files", TEXTS),
            ("envs", TEXTS),
            ("env", Text),
            ("options", GENERATOR_OPTIONS)
            $(, $more)*
        )
    };
}

macro_rules! list_of {
    ($($field:expr),*) => {
        List(&Fields(&[$($field),*]))
    };
}

const METADATA: Shape =
    Fields(&[("name", Text), ("namespace", Text), ("labels", Pairs), ("annotations", Pairs)]);

const SORT: Shape = Fields(&[
    ("order", Text),
    ("legacySortOptions", Fields(&[("orderFirst", TEXTS), ("orderLast", TEXTS)])),
]);

/// A kustomization or component.
pub(super) const KUSTOMIZATION: Shape = Fields(&[
    ("apiVersion", Text),
    ("kind", Text),
    ("metadata", METADATA),
    ("openapi", Pairs),
    ("namePrefix", Text),
    ("nameSuffix", Text),
    ("namespace", Text),
    ("commonLabels", Pairs),
    ("labels", List(&LABEL)),
    ("commonAnnotations", Pairs),
    ("patchesStrategicMerge", TEXTS),
    ("patchesJson6902", List(&PATCH)),
    ("patches", List(&PATCH)),
    ("images", List(&IMAGE)),
    ("imageTags", List(&IMAGE)),
    ("replacements", List(&REPLACEMENT)),
    ("replicas", List(&REPLICA)),
    ("vars", List(&VAR)),
    ("sortOptions", SORT),
    ("resources", TEXTS),
    ("components", TEXTS),
    ("crds", TEXTS),
    ("bases", TEXTS),
    ("configMapGenerator", generator_fields!(list_of;)),
    ("secretGenerator", generator_fields!(list_of; ("type", Text))),
    ("helmGlobals", Any),
    ("helmCharts", List(&Any)),
    ("helmChartInflationGenerator", List(&Any)),
    ("generatorOptions", GENERATOR_OPTIONS),
    ("configurations", TEXTS),
    ("generators", TEXTS),
    ("transformers", TEXTS),
    ("validators", TEXTS),
    ("buildMetadata", TEXTS),
]);

const SPECS: Shape = List(&FIELD_SPEC);

macro_rules! plugin {
    ($($field:expr),*) => {
        Fields(&[("apiVersion", Text), ("kind", Text), ("metadata", METADATA), $($field),*])
    };
}

/// The configuration of a plugin that is built in; anything where the kind is none.
pub(super) fn of_plugin(kind: &str) -> Shape {
    match kind {
        "AnnotationsTransformer" => plugin!(("annotations", Pairs), ("fieldSpecs", SPECS)),
        "LabelTransformer" => plugin!(("labels", Pairs), ("fieldSpecs", SPECS)),
        "NamespaceTransformer" => {
            plugin!(("fieldSpecs", SPECS), ("unsetOnly", Bool), ("setRoleBindingSubjects", Text))
        }
        "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
            plugin!(("prefix", Text), ("suffix", Text), ("fieldSpecs", SPECS))
        }
        "ImageTagTransformer" => plugin!(("imageTag", IMAGE), ("fieldSpecs", SPECS)),
        "ReplicaCountTransformer" => plugin!(("replica", REPLICA), ("fieldSpecs", SPECS)),
        "PatchTransformer" => {
            plugin!(("path", Text), ("patch", Text), ("target", SELECTOR), ("options", Switches))
        }
        "PatchJson6902Transformer" => {
            plugin!(("path", Text), ("jsonOp", Text), ("target", SELECTOR))
        }
        "PatchStrategicMergeTransformer" => plugin!(("paths", TEXTS), ("patches", Text)),
        "ReplacementTransformer" => plugin!(("replacements", List(&REPLACEMENT))),
        "ValueAddTransformer" => {
            plugin!(("value", Text), ("targets", VALUE_TARGETS), ("targetFilePath", Text))
        }
        "ConfigMapGenerator" => generator_fields!(plugin;),
        "SecretGenerator" => generator_fields!(plugin; ("type", Text)),
        "IAMPolicyGenerator" => plugin!(
            ("cloud", Text),
            ("kubernetesService", Fields(&[("name", Text), ("namespace", Text)])),
            ("serviceAccount", Fields(&[("name", Text), ("projectId", Text)]))
        ),
        _ => Any,
    }
}

/// A document of `configurations:`.
pub(super) const CONFIGURATION: Shape = Fields(&[
    ("namePrefix", SPECS),
    ("nameSuffix", SPECS),
    ("namespace", SPECS),
    ("commonLabels", SPECS),
    ("labels", SPECS),
    ("templateLabels", SPECS),
    ("volumeClaimTemplateLabels", SPECS),
    ("commonAnnotations", SPECS),
    (
        "nameReference",
        List(&Fields(&[("group", Text), ("version", Text), ("kind", Text), ("fieldSpecs", SPECS)])),
    ),
    ("varReference", SPECS),
    ("images", SPECS),
    ("replicas", SPECS),
]);

/// Where a `ValueAddTransformer` writes.
pub(super) const VALUE_TARGETS: Shape =
    List(&Fields(&[("selector", SELECTOR), ("fieldPath", Text), ("filePathPosition", Int)]));

/// Entries of `replacements`.
pub(super) const REPLACEMENTS: Shape = List(&REPLACEMENT);

/// Brings a value into a shape: keys in their own case, nulls dropped. What does not fit is taken
/// out and reported. Whether the value itself fits.
pub(super) fn fit(
    value: &mut Value<'_>,
    shape: Shape,
    field: &str,
    faults: &mut Vec<Fault>,
) -> bool {
    fit_as(value, shape, field, Strictness::Strict, faults)
}

/// As [`fit`], the way the configurations of plugins and files of replacements are read: fields
/// that nobody knows are left out in silence, and a number or switch is taken for its text.
pub(super) fn fit_loosely(
    value: &mut Value<'_>,
    shape: Shape,
    field: &str,
    faults: &mut Vec<Fault>,
) -> bool {
    fit_as(value, shape, field, Strictness::Loose, faults)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strictness {
    Strict,
    Loose,
}

/// A number or switch becomes text, spelled as Go spells it.
fn to_text(value: &mut Value<'_>) {
    let text = match value.scalar() {
        Some(Scalar::Bool(switch)) => switch.to_string(),
        Some(Scalar::Int(number)) => number.to_string(),
        Some(Scalar::UInt(number)) => number.to_string(),
        Some(Scalar::Float(number)) => number.to_string(),
        _ => return,
    };
    *value = Value::string(text, value.origin);
}

fn fit_as(
    value: &mut Value<'_>,
    shape: Shape,
    field: &str,
    how: Strictness,
    faults: &mut Vec<Fault>,
) -> bool {
    if how == Strictness::Loose && matches!(shape, Text) {
        to_text(value);
    }
    let fits = match shape {
        Any => true,
        Text => matches!(value.scalar(), Some(Scalar::Str(_))),
        Bool => matches!(value.scalar(), Some(Scalar::Bool(_))),
        Int => match value.scalar() {
            Some(Scalar::Int(_) | Scalar::UInt(_)) => true,
            Some(Scalar::Float(number)) => number.fract() == 0.0,
            _ => false,
        },
        Pairs | Switches | Fields(_) => value.is_map(),
        List(_) => value.is_seq(),
    };
    if !fits {
        let each =
            if matches!(shape, Fields(_)) && is_listed(field) { "each entry of " } else { "" };
        let what =
            format!("{each}`{field}` must be {}, and this is {}", wanted(shape), found(value));
        let fault = Fault::fatal(FaultKind::Invalid, value.origin.span, what);
        let is_path = field == "patches" && value.as_str().is_some();
        faults.push(if is_path { fault.help("write it as `- path: FILE`") } else { fault });
        return false;
    }
    match (shape, &mut value.data) {
        (Fields(known), Data::Map(entries)) => entries.retain_mut(|entry| {
            let field = known
                .iter()
                .find(|(name, _)| *name == entry.key)
                .or_else(|| known.iter().find(|(name, _)| entry.key.eq_ignore_ascii_case(name)));
            let Some((name, shape)) = field else {
                if how == Strictness::Loose {
                    return false;
                }
                let mut fault = Fault::fatal(
                    FaultKind::UnknownField,
                    entry.key_origin.span,
                    format!("kustomize knows no field `{}` here", entry.key),
                );
                let names = known.iter().map(|(name, _)| *name);
                if let Some(near) = spelling::nearest(&entry.key, names) {
                    fault = fault.help(format!("did you mean `{near}`?"));
                }
                faults.push(fault);
                return false;
            };
            entry.key = (*name).into();
            !entry.value.is_null() && fit_as(&mut entry.value, *shape, name, how, faults)
        }),
        (Pairs, Data::Map(entries)) => {
            entries.retain_mut(|entry| {
                if entry.value.is_null() {
                    entry.value = Value::string("", entry.value.origin);
                }
                fit_as(&mut entry.value, Text, &entry.key, how, faults)
            });
        }
        (Switches, Data::Map(entries)) => entries.retain_mut(|entry| {
            !entry.value.is_null() && fit_as(&mut entry.value, Bool, &entry.key, how, faults)
        }),
        (List(shape), Data::Seq(items)) => items.retain_mut(|item| {
            if item.is_null() && matches!(shape, Text) {
                *item = Value::string("", item.origin);
            }
            fit_as(item, *shape, field, how, faults)
        }),
        _ => {}
    }
    true
}

fn wanted(shape: Shape) -> &'static str {
    match shape {
        Any => "anything",
        Text => "a string",
        Bool => "`true` or `false`",
        Int => "a whole number",
        Pairs | Switches | Fields(_) => "a map",
        List(_) => "a list",
    }
}

fn found(value: &Value<'_>) -> &'static str {
    match value.scalar() {
        Some(scalar) => scalar.type_name(),
        None if value.is_map() => "a map",
        None => "a list",
    }
}

/// Whether a field of a kustomization is a list of maps.
fn is_listed(field: &str) -> bool {
    const LISTS: [&str; 10] = [
        "configMapGenerator",
        "helmCharts",
        "images",
        "labels",
        "patches",
        "patchesJson6902",
        "replacements",
        "replicas",
        "secretGenerator",
        "vars",
    ];
    LISTS.contains(&field)
}
