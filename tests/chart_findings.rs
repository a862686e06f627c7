//! Findings about what charts print stand where a person edits: at the value, else at the template.

use std::sync::Arc;

use kubeready::catalogue::{self, Confidence};
use kubeready::engine::{self, Elsewhere, Places, Plan};
use kubeready::finding::Finding;
use kubeready::fleet::Destination;
use kubeready::index::Index;
use kubeready::render::helm::{Charted, Detail};
use kubeready::set::{Member, Set, Standing};
use kubeready::settings::Settings;
use kubeready::source::{Lines, SourceId, Sources, Span};
use kubeready_manifest::kube::objects;
use kubeready_manifest::yaml::{NodeRef, Origin, Tree, Value, Writer};

const TEMPLATE: SourceId = SourceId(0);
const VALUES: SourceId = SourceId(1);
const PROD: SourceId = SourceId(2);
const DEV: SourceId = SourceId(3);

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: shop/web:latest
          resources: {}
";

const DEFAULTS: &str = "image: shop/web:latest
resources: {}
securityContext:
  capabilities: {}
";

/// A node that a value decides, by its path in the object.
struct Decided {
    field: &'static str,
    value: &'static str,
    /// What stands in the values, and in which file.
    at: (SourceId, &'static str),
    written: bool,
}

fn decided(field: &'static str, value: &'static str, at: (SourceId, &'static str)) -> Decided {
    Decided { field, value, at, written: true }
}

/// A release: its objects as the template prints them.
#[derive(Default)]
struct Release {
    objects: Vec<String>,
    decided: Vec<Decided>,
    /// Of the map at a path: field, path of the value.
    offers: Vec<(&'static str, &'static str, &'static str)>,
    values: Vec<SourceId>,
    cluster: Option<&'static str>,
    made_up: Option<&'static str>,
    likely: bool,
}

fn text(file: SourceId) -> &'static str {
    match file {
        TEMPLATE => WEB,
        VALUES => DEFAULTS,
        PROD => "replicas: 3\nresources:\n  limits: {cpu: 1}\nimage: shop/web:latest\n",
        _ => "replicas: 1\n",
    }
}

fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add("chart/templates/web.yaml", text(TEMPLATE));
    sources.add("chart/values.yaml", text(VALUES));
    sources.add("chart/values-prod.yaml", text(PROD));
    sources.add("fleet/dev.yaml", text(DEV));
    sources
}

fn spot((source, needle): (SourceId, &str)) -> Span {
    let start = text(source).find(needle).unwrap_or_else(|| panic!("no {needle}")) as u32;
    Span { source, start, end: start + needle.len() as u32 }
}

fn is_key(node: NodeRef<'_>) -> bool {
    node.is_scalar() && node.tree().text().as_bytes().get(node.span().end as usize) == Some(&b':')
}

/// What a renderer makes of a release: the tree, and what it knows of its nodes.
fn render(release: &Release, number: u32) -> (Tree, Vec<Detail>) {
    let details = std::cell::RefCell::new(Vec::new());
    let documents: Vec<Value<'static>> = (release.objects.iter())
        .map(|object| {
            let tree = Tree::parse(object.as_str(), TEMPLATE);
            let (_, root) = tree.documents().next().expect("an object");
            Value::owned(root, &|node| {
                let mut origin = Origin::new(node.span(), Writer::Template);
                let path = root.path_to(node).unwrap_or_default();
                let mut detail = Detail::default();
                let found = release.decided.iter().find(|d| d.field == path && !is_key(node));
                if let Some(decided) = found {
                    let at = spot(decided.at);
                    detail.template = Some(origin.span);
                    (detail.value, detail.value_at) = (Some(decided.value.to_owned()), Some(at));
                    detail.written = decided.written;
                    origin = Origin::new(at, Writer::Values);
                }
                if release.made_up == Some(&path) && !is_key(node) {
                    origin.by = Writer::MadeUp;
                }
                let offers = release.offers.iter().filter(|(at, ..)| *at == path && node.is_map());
                for (_, field, value) in offers {
                    detail.offers.push(((*field).to_owned(), (*value).to_owned(), None));
                }
                if detail.value.is_some() || !detail.offers.is_empty() {
                    details.borrow_mut().push(detail);
                    origin.detail = details.borrow().len() as u32;
                }
                origin
            })
        })
        .collect();
    (Tree::rendered(SourceId(number), &documents), details.into_inner())
}

/// The findings of one rule over releases that go to one set, or each to its own.
fn findings(rule: &str, releases: &[Release]) -> Vec<Box<Finding>> {
    let rule = catalogue::find(rule).expect("a rule");
    let settings = Settings::only(&[rule]);
    let plan = Plan::new(&settings);
    let silenced = vec![false; catalogue::CATALOGUE.len()];
    let rendered: Vec<_> =
        releases.iter().zip(10..).map(|(release, number)| render(release, number)).collect();
    let mut found = Vec::new();
    for (release, (tree, details)) in releases.iter().zip(&rendered) {
        let mut of = Vec::new();
        tree.documents().for_each(|(_, root)| objects(root, &mut of));
        let member = |object| Member { object, standing: Standing::Judged, directory: 0 };
        let charted = Charted {
            details: details.clone(),
            values: release.values.clone(),
            anchors: None,
            likely: release.likely,
        };
        let destination = Destination {
            cluster: release.cluster.map(str::to_owned),
            set: "release".to_owned(),
            ..Destination::default()
        };
        let set = Set {
            members: of.into_iter().map(member).collect::<Vec<_>>().into(),
            charted: Arc::new([(tree.source(), &charted)].into_iter().collect()),
            destinations: vec![Arc::new(destination)],
            ..Set::default()
        };
        let index = Index::build(&set);
        found.extend(
            engine::run(&set, &index, &plan, &settings, &silenced, &Places::default()).findings,
        );
    }
    let mut found = engine::merge(found);
    engine::finish(&mut found, &sources(), &|_| None);
    found
}

/// `path:line` of a place.
fn place(span: Span) -> String {
    let sources = sources();
    let source = sources.get(span.source);
    let line = Lines::of(&source.text).position(&source.text, span.start).line;
    format!("{}:{line}", source.path)
}

fn web(name: &str) -> String {
    WEB.replace("NAME", name)
}

const CONTAINER: &str = "spec.template.spec.containers[0]";
const RESOURCES: &str = "spec.template.spec.containers[0].resources";
const IMAGE: &str = "spec.template.spec.containers[0].image";

#[test]
fn a_value_that_decides_is_the_place_and_the_template_line_explains_it() {
    let release = Release {
        objects: vec![web("web")],
        decided: vec![decided(IMAGE, "image", (PROD, "shop/web:latest"))],
        values: vec![PROD],
        ..Release::default()
    };
    let found = findings("latest-image-tag", &[release]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((place(one.span), &*one.label), ("chart/values-prod.yaml:4".into(), "here"));
    let related: Vec<_> = one.related.iter().map(|l| (place(l.span), &*l.message)).collect();
    let by = ("chart/templates/web.yaml:15".to_owned(), "printed by this line of the template");
    assert_eq!(related, [by]);
    assert_eq!(one.field, IMAGE);
    let help = one.help.as_deref().expect("help");
    assert!(!help.contains("values-prod"), "no word about where it stands already: {help}");
}

#[test]
fn what_a_template_says_stands_in_the_template() {
    let release = Release { objects: vec![web("web")], ..Release::default() };
    let found = findings("latest-image-tag", &[release]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place(one.span), "chart/templates/web.yaml:15");
    assert!(one.related.is_empty());
}

#[test]
fn a_default_of_the_chart_says_what_the_release_may_set() {
    let release = Release {
        objects: vec![web("web")],
        decided: vec![decided(IMAGE, "image", (VALUES, "shop/web:latest"))],
        values: vec![PROD],
        ..Release::default()
    };
    let found = findings("latest-image-tag", &[release]);
    assert_eq!(place(found[0].span), "chart/values.yaml:1");
    let help = found[0].help.as_deref().expect("help");
    assert!(help.ends_with("; the value is `image`, to be set in values-prod.yaml"), "{help}");
}

#[test]
fn a_field_below_a_printed_map_is_set_in_the_values() {
    let of = |at, values: &[SourceId]| Release {
        objects: vec![web("web")],
        decided: vec![decided(RESOURCES, "web.resources", at)],
        values: values.to_vec(),
        ..Release::default()
    };
    // The chart's default, and nothing of the release.
    let found = findings("missing-memory-limit", &[of((VALUES, "{}"), &[])]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((place(one.span), &*one.label), ("chart/values.yaml:2".into(), "missing here"));
    assert_eq!(one.field, format!("{RESOURCES}.limits.memory"));
    let help = one.help.as_deref().expect("help");
    let set = "set `web.resources.limits.memory` in values.yaml above what";
    assert!(help.starts_with(set), "{help}");
    // A release with values of its own sets it there.
    let found = findings("missing-memory-limit", &[of((VALUES, "{}"), &[PROD])]);
    assert_eq!(place(found[0].span), "chart/values.yaml:2");
    let help = found[0].help.as_deref().expect("help");
    assert!(help.starts_with("set `web.resources.limits.memory` in values-prod.yaml "), "{help}");
    // One that lies elsewhere is told by its path.
    let found = findings("missing-memory-limit", &[of((VALUES, "{}"), &[DEV])]);
    let help = found[0].help.as_deref().expect("help");
    assert!(help.starts_with("set `web.resources.limits.memory` in fleet/dev.yaml "), "{help}");
    // The map stands in the values of the release: there, by its first line.
    let found = findings("missing-memory-limit", &[of((PROD, "limits: {cpu: 1}\nimage"), &[PROD])]);
    assert_eq!(place(found[0].span), "chart/values-prod.yaml:3");
    let span = found[0].span;
    assert_eq!(span.end - span.start, "limits: {cpu: 1}".len() as u32);
}

#[test]
fn a_field_that_a_template_offers_is_set_by_its_value() {
    let release = || Release {
        objects: vec![web("web").replace("          resources: {}\n", "")],
        offers: vec![
            (CONTAINER, "resources", "resources"),
            (CONTAINER, "livenessProbe", "probes.enabled"),
        ],
        values: vec![PROD],
        ..Release::default()
    };
    let found = findings("missing-memory-limit", &[release()]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place(one.span), "chart/templates/web.yaml:14");
    let help = one.help.as_deref().expect("help");
    assert!(help.starts_with("set `resources.limits.memory` in values-prod.yaml above"), "{help}");
    // Without an offer the template is all there is to edit.
    let found = findings("missing-memory-limit", &[Release { offers: vec![], ..release() }]);
    assert_eq!(place(found[0].span), "chart/templates/web.yaml:14");
    let help = found[0].help.as_deref().expect("help");
    assert!(help.starts_with("set `resources.limits.memory` above"), "{help}");
}

#[test]
fn what_nobody_wrote_is_nobodys_fault() {
    let release = Release { objects: vec![web("web")], made_up: Some(IMAGE), ..Release::default() };
    assert!(findings("latest-image-tag", &[release]).is_empty());
}

#[test]
fn one_line_that_decides_many_objects_and_releases_is_one_finding() {
    let release = |name: &str, cluster| Release {
        objects: ["a", "b", "c"].map(|part| web(&format!("{name}-{part}"))).to_vec(),
        decided: vec![decided(IMAGE, "image", (VALUES, "shop/web:latest"))],
        cluster: Some(cluster),
        ..Release::default()
    };
    let found = findings("latest-image-tag", &[release("eu", "prod-eu"), release("us", "prod-us")]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert!(one.message.ends_with("(and 2 more objects)"), "{}", one.message);
    assert_eq!(one.places().as_deref(), Some("in prod-eu and prod-us"));
    assert_eq!(one.resource.as_ref().map(|r| &*r.name), Some("eu-a"));
}

#[test]
fn values_of_one_release_and_defaults_of_another_are_two_places() {
    let release = |at, cluster| Release {
        objects: vec![web(cluster)],
        decided: vec![decided(IMAGE, "image", (at, "shop/web:latest"))],
        cluster: Some(cluster),
        ..Release::default()
    };
    let found = findings(
        "latest-image-tag",
        &[release(VALUES, "dev"), release(PROD, "prod"), release(VALUES, "test")],
    );
    let places: Vec<_> = found.iter().map(|f| (place(f.span), f.places())).collect();
    let expected = [
        ("chart/values.yaml:1".to_owned(), Some("in dev and test".to_owned())),
        ("chart/values-prod.yaml:4".to_owned(), Some("in prod".to_owned())),
    ];
    assert_eq!(places, expected);
}

#[test]
fn two_containers_of_one_line_are_told_once() {
    let second = "        - name: side
          image: shop/web:latest
";
    let release = Release {
        objects: vec![web("web") + second],
        decided: vec![
            decided(IMAGE, "image", (VALUES, "shop/web:latest")),
            decided("spec.template.spec.containers[1].image", "image", (VALUES, "shop/web:latest")),
        ],
        ..Release::default()
    };
    let found = findings("latest-image-tag", &[release]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert!(one.message.ends_with("(and 1 more container)"), "{}", one.message);
}

#[test]
fn what_goes_by_the_shape_of_values_is_only_likely() {
    let release = Release {
        objects: vec![web("web")],
        decided: vec![decided(IMAGE, "image", (PROD, "shop/web:latest"))],
        likely: true,
        ..Release::default()
    };
    let found = findings("latest-image-tag", &[release]);
    assert!(found[0].confidence <= Confidence::Likely);
    let help = found[0].help.as_deref().expect("help");
    assert!(help.contains("the chart is not at hand"), "{help}");
}

#[test]
fn what_others_wrote_is_changed_in_the_values_of_the_chart_that_uses_it() {
    let release = Release {
        objects: vec![web("web")],
        decided: vec![decided(RESOURCES, "sub.resources", (VALUES, "{}"))],
        ..Release::default()
    };
    let mut found = findings("missing-memory-limit", &[release]);
    // Once more, with the file known to be another's.
    found[0].help = None;
    let by = Elsewhere {
        dependency: Span { source: DEV, start: 0, end: 1 },
        values: Some(DEV),
        archive: false,
    };
    engine::finish(&mut found, &sources(), &|source| (source == VALUES).then_some(by));
    let help = found[0].help.as_deref().expect("help");
    assert_eq!(help, "set `sub.resources.limits.memory` in fleet/dev.yaml");
}

#[test]
fn a_finding_about_a_whole_object_stands_in_its_own_template() {
    let release = Release {
        objects: vec![web("web")],
        decided: vec![decided("metadata.name", "nameOverride", (VALUES, "{}"))],
        ..Release::default()
    };
    let found = findings("missing-pod-disruption-budget", &[release]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place(one.span), "chart/templates/web.yaml:4");
    // And so does one about a container whose name a helper prints.
    let release = Release {
        objects: vec![web("web")],
        decided: vec![decided("spec.template.spec.containers[0].name", "name", (VALUES, "{}"))],
        ..Release::default()
    };
    let found = findings("missing-liveness-probe", &[release]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place(one.span), "chart/templates/web.yaml:14");
}

#[test]
fn a_value_that_nobody_has_set_is_missing_where_it_would_be_set() {
    let tag = Decided { written: false, ..decided(IMAGE, "image.tag", (VALUES, "image")) };
    let release = Release {
        objects: vec![web("web")],
        decided: vec![tag],
        values: vec![PROD],
        ..Release::default()
    };
    let found = findings("latest-image-tag", &[release]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((place(one.span), &*one.label), ("chart/values.yaml:1".into(), "missing here"));
    let help = one.help.as_deref().expect("help");
    assert!(help.starts_with("set `image.tag` in values-prod.yaml: name a version"), "{help}");
}

#[test]
fn help_speaks_of_the_value_where_it_would_speak_of_the_field() {
    let few = web("web").replace("replicas: 3", "replicas: 1");
    let release = |at: (SourceId, &'static str)| Release {
        objects: vec![few.clone()],
        decided: vec![decided("spec.replicas", "web.count", at)],
        values: vec![PROD],
        ..Release::default()
    };
    let help = |at| findings("too-few-replicas", &[release(at)])[0].help.clone().expect("help");
    let here = help((PROD, "3"));
    assert!(here.starts_with("set `web.count` to at least"), "{here}");
    let elsewhere = help((VALUES, "{}"));
    assert!(elsewhere.starts_with("set `web.count` in values-prod.yaml to"), "{elsewhere}");
}

#[test]
fn a_switch_is_named_as_it_is() {
    let release = Release {
        objects: vec![web("web").replace("          resources: {}\n", "")],
        offers: vec![(CONTAINER, "resources", "limits.enabled")],
        values: vec![PROD],
        ..Release::default()
    };
    let found = findings("missing-memory-limit", &[release]);
    let help = found[0].help.as_deref().expect("help");
    let set =
        "set `limits.enabled: true` in values-prod.yaml, then set `resources.limits.memory` above";
    assert!(help.starts_with(set), "{help}");
}
