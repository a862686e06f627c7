//! The configuration of transformers: which fields they write. `configurations:` and `crds:` add to
//! what kustomize has of its own.

use std::borrow::Cow;
use std::sync::Arc;

use kubeready_manifest::yaml::Value;

use super::fields::split_path;
use super::shape::{CONFIGURATION, fit};
use super::tables::{self, FieldSpec, NameReference};
use crate::render::{Fault, FaultKind};

/// Fields by transformer; `None` is kustomize's own table.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    own: Option<Arc<Fields>>,
}

/// The lists of a configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) name_prefix: Vec<FieldSpec>,
    pub(super) name_suffix: Vec<FieldSpec>,
    pub(super) namespace: Vec<FieldSpec>,
    pub(super) common_labels: Vec<FieldSpec>,
    /// What `labels:` writes to in any case, besides `metadata.labels`.
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) claim_template_labels: Vec<FieldSpec>,
    pub(super) common_annotations: Vec<FieldSpec>,
    pub(super) name_references: Vec<NameReference>,
    pub(super) var_references: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
}

impl Fields {
    fn standard() -> Self {
        let name = vec![FieldSpec::any("metadata/name", false)];
        Self {
            name_prefix: name.clone(),
            name_suffix: name,
            namespace: tables::namespace().to_vec(),
            common_labels: tables::common_labels().to_vec(),
            labels: Vec::new(),
            template_labels: tables::template_labels().to_vec(),
            claim_template_labels: tables::claim_template_labels().to_vec(),
            common_annotations: tables::common_annotations().to_vec(),
            name_references: tables::name_references().to_vec(),
            var_references: tables::var_references().to_vec(),
            images: tables::images().to_vec(),
            replicas: tables::replicas().to_vec(),
        }
    }
}

impl Config {
    pub(super) fn common_labels(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::common_labels(), |own| &own.common_labels)
    }

    pub(super) fn labels(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(&[], |own| &own.labels)
    }

    pub(super) fn template_labels(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::template_labels(), |own| &own.template_labels)
    }

    pub(super) fn claim_template_labels(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::claim_template_labels(), |own| &own.claim_template_labels)
    }

    pub(super) fn common_annotations(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::common_annotations(), |own| &own.common_annotations)
    }

    pub(super) fn namespace(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::namespace(), |own| &own.namespace)
    }

    pub(super) fn images(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::images(), |own| &own.images)
    }

    pub(super) fn replicas(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::replicas(), |own| &own.replicas)
    }

    pub(super) fn var_references(&self) -> &[FieldSpec] {
        self.own.as_ref().map_or(tables::var_references(), |own| &own.var_references)
    }

    pub(super) fn name_references(&self) -> &[NameReference] {
        self.own.as_ref().map_or(tables::name_references(), |own| &own.name_references)
    }

    /// Fields that a prefix is put before; `None` is the name alone.
    pub(super) fn name_prefix(&self) -> Option<&[FieldSpec]> {
        self.own.as_ref().map(|own| &own.name_prefix[..])
    }

    pub(super) fn name_suffix(&self) -> Option<&[FieldSpec]> {
        self.own.as_ref().map(|own| &own.name_suffix[..])
    }

    /// Takes in what another one adds.
    pub(super) fn merge(&mut self, other: &Self) {
        let Some(theirs) = &other.own else { return };
        match &mut self.own {
            None => self.own = Some(Arc::clone(theirs)),
            Some(ours) if Arc::ptr_eq(ours, theirs) => {}
            Some(ours) => add_all(Arc::make_mut(ours), theirs),
        }
    }

    /// Takes in a document of `configurations:`.
    pub(super) fn add(&mut self, mut document: Value<'_>, faults: &mut Vec<Fault>) {
        if !fit(&mut document, CONFIGURATION, "a configuration", faults) {
            return;
        }
        let own = self.own.get_or_insert_with(|| Arc::new(Fields::standard()));
        let fields = Arc::make_mut(own);
        for entry in document.entries() {
            let value = &entry.value;
            let list = match entry.key.to_ascii_lowercase().as_str() {
                "nameprefix" => &mut fields.name_prefix,
                "namesuffix" => &mut fields.name_suffix,
                "namespace" => &mut fields.namespace,
                "commonlabels" => &mut fields.common_labels,
                "labels" => &mut fields.labels,
                "templatelabels" => &mut fields.template_labels,
                "commonannotations" => &mut fields.common_annotations,
                "varreference" => &mut fields.var_references,
                "images" => &mut fields.images,
                "replicas" => &mut fields.replicas,
                "namereference" => {
                    for item in value.items() {
                        add_reference(&mut fields.name_references, reference(item));
                    }
                    continue;
                }
                _ => continue,
            };
            for item in value.items() {
                let spec = field_spec(item);
                if let Some(known) = list.iter().find(|s| same(s, &spec)) {
                    if known.create != spec.create {
                        faults.push(Fault::fatal(
                            FaultKind::Invalid,
                            item.origin.span,
                            "this field is known already, with another `create`",
                        ));
                    }
                    continue;
                }
                list.push(spec);
            }
        }
    }

    /// Takes in the names that a schema of custom resources declares (`x-kubernetes-…` extensions).
    pub(super) fn add_crds(&mut self, schema: &Value<'_>) {
        let own = self.own.get_or_insert_with(|| Arc::new(Fields::standard()));
        let fields = Arc::make_mut(own);
        for definition in schema.entries() {
            let named = |name: &str| schema.get(name);
            let properties = property(&definition.value, "properties");
            let kinds = properties.map(|p| (p.get("kind"), p.get("apiVersion"), p.get("metadata")));
            let Some((Some(_), Some(_), Some(_))) = kinds else { continue };
            let kind = definition.key.rsplit('.').next().unwrap_or("").to_owned();
            let base = FieldSpec { kind: Cow::Owned(kind), ..FieldSpec::default() };
            crd_fields(&named, &definition.value, &base, &mut Vec::new(), fields, 0);
        }
    }
}

/// `Schema.properties` stands under `Schema` in what code generators write.
fn property<'v, 't>(definition: &'v Value<'t>, key: &str) -> Option<&'v Value<'t>> {
    definition.get("Schema").unwrap_or(definition).get(key)
}

fn crd_fields<'v, 't: 'v>(
    named: &dyn Fn(&str) -> Option<&'v Value<'t>>,
    definition: &'v Value<'t>,
    base: &FieldSpec,
    path: &mut Vec<Cow<'static, str>>,
    fields: &mut Fields,
    depth: u32,
) {
    if depth > 32 {
        return;
    }
    for entry in property(definition, "properties").map_or(&[][..], Value::entries) {
        let value = &entry.value;
        path.push(Cow::Owned(entry.key.clone().into_owned()));
        let spec = |create| FieldSpec { path: path.clone(), create, ..base.clone() };
        if value.get("x-kubernetes-annotation").is_some() {
            add_spec(&mut fields.common_annotations, spec(false));
        }
        if value.get("x-kubernetes-label-selector").is_some() {
            add_spec(&mut fields.common_labels, spec(false));
        }
        if value.get("x-kubernetes-identity").is_some() {
            add_spec(&mut fields.name_prefix, spec(false));
        }
        let text = |key: &str| value.get(key).map(|v| v.text().to_owned());
        if let (Some(version), Some(kind)) =
            (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"))
        {
            let key = text("x-kubernetes-object-ref-name-key").unwrap_or_else(|| "name".to_owned());
            let mut spec = spec(false);
            spec.path.push(Cow::Owned(key));
            let (group, version) = version
                .split_once('/')
                .map_or((String::new(), version.clone()), |(g, v)| (g.to_owned(), v.to_owned()));
            let reference = NameReference {
                kind: Cow::Owned(kind),
                group: Cow::Owned(group),
                version: Cow::Owned(version),
                fields: vec![spec],
            };
            add_reference(&mut fields.name_references, reference);
        }
        let next = value.get("$ref").map(|r| r.text().rsplit('/').next().unwrap_or(""));
        if let Some(next) = next.and_then(named) {
            crd_fields(named, next, base, path, fields, depth + 1);
        }
        path.pop();
    }
}

/// A spec as configurations write it.
pub(super) fn field_spec(value: &Value<'_>) -> FieldSpec {
    let text = |key: &str| Cow::Owned(value.get(key).map_or("", Value::text).to_owned());
    FieldSpec {
        group: text("group"),
        version: text("version"),
        kind: text("kind"),
        path: split_path(text("path")),
        create: value.get("create").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// Specs that are not there yet are added.
pub(super) fn with_specs(list: &[FieldSpec], more: &[FieldSpec]) -> Vec<FieldSpec> {
    let mut all = list.to_vec();
    for spec in more {
        add_spec(&mut all, spec.clone());
    }
    all
}

fn reference(value: &Value<'_>) -> NameReference {
    let FieldSpec { group, version, kind, .. } = field_spec(value);
    let list = value.get("fieldSpecs").map_or(&[][..], Value::items);
    NameReference { kind, group, version, fields: list.iter().map(field_spec).collect() }
}

fn same(a: &FieldSpec, b: &FieldSpec) -> bool {
    a.group == b.group && a.version == b.version && a.kind == b.kind && a.path == b.path
}

fn add_spec(list: &mut Vec<FieldSpec>, spec: FieldSpec) {
    if !list.iter().any(|known| same(known, &spec)) {
        list.push(spec);
    }
}

fn add_reference(list: &mut Vec<NameReference>, new: NameReference) {
    let known = list.iter_mut().find(|known| {
        known.group == new.group && known.version == new.version && known.kind == new.kind
    });
    match known {
        Some(known) => {
            for spec in new.fields {
                add_spec(&mut known.fields, spec);
            }
        }
        None => list.push(new),
    }
}

fn add_all(ours: &mut Fields, theirs: &Fields) {
    let lists = [
        (&mut ours.name_prefix, &theirs.name_prefix),
        (&mut ours.name_suffix, &theirs.name_suffix),
        (&mut ours.namespace, &theirs.namespace),
        (&mut ours.common_labels, &theirs.common_labels),
        (&mut ours.labels, &theirs.labels),
        (&mut ours.template_labels, &theirs.template_labels),
        (&mut ours.claim_template_labels, &theirs.claim_template_labels),
        (&mut ours.common_annotations, &theirs.common_annotations),
        (&mut ours.var_references, &theirs.var_references),
        (&mut ours.images, &theirs.images),
        (&mut ours.replicas, &theirs.replicas),
    ];
    for (list, more) in lists {
        for spec in more {
            add_spec(list, spec.clone());
        }
    }
    for reference in &theirs.name_references {
        add_reference(&mut ours.name_references, reference.clone());
    }
}
