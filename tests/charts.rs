//! Charts: what is read of them, and the values that their templates see.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use kubeready::check::{Request, check, printed};
use kubeready::host::MemHost;
use kubeready::load::{Loaded, World};
use kubeready::render::helm::{self, Chart, Layer, Release};
use kubeready::render::{Fault, FaultKind};
use kubeready::settings::Settings;
use kubeready::source::Span;
use kubeready_manifest::yaml::Tree;
use kubeready_template::{Data, Map, Val};
use serde_json::{Value as Json, json};

use crate::given::read;

fn walked(host: &MemHost) -> Vec<Loaded> {
    let files = host.files.keys().filter(|path| kubeready::walk::is_candidate(path)).cloned();
    read(host, Path::new("/"), files)
}

fn host(files: &[(&str, &str)]) -> MemHost {
    MemHost::with(files.iter().map(|(path, text)| (*path, *text)))
}

/// A gzipped tar archive.
pub(crate) fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, bytes) in files {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[148..156].fill(b' ');
        let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().div_ceil(512) * 512, 0);
    }
    tar.extend([0; 1024]);
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(&tar).expect("memory");
    writer.finish().expect("memory")
}

fn release<'r>(layers: Vec<Layer<'r>>) -> Release<'r> {
    Release {
        name: "release-name".into(),
        namespace: "default".into(),
        layers,
        kubernetes_version: 37,
        api_versions: Vec::new(),
        crds: false,
        at: Span { source: kubeready::source::SourceId(0), start: 0, end: 0 },
    }
}

fn json(value: &Val) -> Json {
    match &value.data {
        Data::Nil | Data::Object(_) => Json::Null,
        Data::Bool(value) => json!(value),
        Data::Int(value) | Data::Int64(value) => json!(value),
        Data::Float(value) if value.fract() == 0.0 => json!(*value as i64),
        Data::Float(value) => json!(value),
        Data::Text(text) => json!(text.as_str()),
        Data::List(items) => items.iter().map(json).collect(),
        Data::Map(map) => map_json(map),
    }
}

fn map_json(map: &Map) -> Json {
    map.entries().into_iter().map(|(key, slot)| (key.to_string(), json(&slot.value))).collect()
}

/// The values of the chart at `/shop`, with values files put over its own.
fn values(files: &[(&str, &str)], over: &[&str]) -> (Json, Vec<Fault>) {
    let loaded = walked(&host(files));
    let world = World::new(Path::new("/"), &loaded);
    let chart = Chart::read(&world, Path::new("/shop")).expect("a chart");
    let layers = over.iter().map(|name| {
        let file = world.file(&Path::new("/").join(name)).expect("is there");
        let tree: &Tree = file.parsed().expect("was parsed");
        Layer::Map(tree.documents().next().expect("a document").1)
    });
    let (map, faults) = helm::values(&chart, &release(layers.collect()));
    (map_json(&map), faults)
}

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

/// Where each value says that it stands: path to the text there.
fn places(loaded: &[Loaded], value: &Val, out: &mut BTreeMap<String, String>) {
    if let Some(origin) = &value.origin {
        let text = loaded[origin.span.source.0 as usize].text();
        let written = &text[origin.span.start as usize..origin.span.end as usize];
        let shown = loaded[origin.span.source.0 as usize].input.shown.clone();
        if !matches!(value.data, Data::Map(_)) {
            out.insert(origin.path.to_string(), format!("{shown}: {written}"));
        }
    }
    match &value.data {
        Data::Map(map) => map.entries().iter().for_each(|(_, s)| places(loaded, &s.value, out)),
        Data::List(items) => items.iter().for_each(|item| places(loaded, item, out)),
        _ => {}
    }
}

#[test]
fn a_chart_is_read_with_what_no_walk_finds() {
    let redis = pack(&[
        ("redis/Chart.yaml", b"name: redis\nversion: 1.2.3\n"),
        ("redis/values.yaml", b"master: 1\n"),
        ("redis/templates/x.yaml", b"a: {{ .Values.master }}\n"),
        ("redis/README.md", b"long\n"),
    ]);
    let mut host = host(&[
        ("shop/Chart.yaml", CHART),
        ("shop/.helmignore", "*.bak\n"),
        ("shop/values.yaml", "a: 1\n"),
        ("shop/templates/_helpers.tpl", "{{ define \"x\" }}{{ end }}"),
        ("shop/templates/a.yaml", "a: {{ .Values.a }}\n"),
        ("shop/templates/a.bak", "b\n"),
        ("shop/files/a.conf", "x"),
        ("shop/crds/c.yaml", "apiVersion: v1\nkind: X\n"),
        ("shop/charts/own/Chart.yaml", "name: own\nversion: 0.1.0\n"),
        ("shop/charts/own/templates/_own.tpl", "o"),
        ("other/deploy.yaml", "apiVersion: v1\nkind: ConfigMap\n"),
    ]);
    host.files.insert("/shop/charts/redis-1.2.3.tgz".into(), redis);
    let loaded = walked(&host);
    let world = World::new(Path::new("/"), &loaded);
    assert_eq!(world.charts(), [Path::new("/shop")]);
    let chart = Chart::read(&world, Path::new("/shop")).expect("a chart");
    let names: Vec<&str> = chart.templates.iter().map(|t| &*t.name).collect();
    assert_eq!(names, ["templates/_helpers.tpl", "templates/a.yaml"]);
    let subcharts: Vec<&str> = chart.subcharts.iter().map(Chart::name).collect();
    assert_eq!(subcharts, ["own", "redis"]);
    let template = &chart.subcharts[1].templates[0];
    assert_eq!(&*template.file.input.shown, "shop/charts/redis-1.2.3.tgz/redis/templates/x.yaml");
    assert_eq!(
        world.archive_of(template.file.source),
        Some(Path::new("/shop/charts/redis-1.2.3.tgz"))
    );
    // Nothing asks for `.Files`.
    assert!(world.file(Path::new("/shop/files/a.conf")).is_none());
    // Generators of git see no archives.
    assert!(!world.directories().any(|folder| folder.to_string_lossy().contains("tgz")));
    assert!(chart.faults.is_empty(), "{:?}", chart.faults);
}

#[test]
fn files_are_read_where_a_template_asks_for_them() {
    let mut host = host(&[
        ("shop/Chart.yaml", CHART),
        ("shop/templates/a.yaml", "a: {{ .Files.Get \"files/a.conf\" }}\n"),
        ("shop/files/a.conf", "x"),
    ]);
    host.files.insert("/shop/files/big".into(), vec![b'x'; 2 << 20]);
    let loaded = walked(&host);
    let world = World::new(Path::new("/"), &loaded);
    let chart = Chart::read(&world, Path::new("/shop")).expect("a chart");
    let names: Vec<&str> = chart.files.iter().map(|file| &*file.name).collect();
    assert_eq!(names, ["files/a.conf", "files/big"]);
    assert!(chart.files[1].file.bytes().is_none());
}

#[test]
fn a_template_given_alone_brings_its_chart() {
    let host = host(&[
        ("shop/Chart.yaml", CHART),
        ("shop/templates/_helpers.tpl", "h"),
        ("shop/charts/own/Chart.yaml", "name: own\nversion: 0.1.0\n"),
        ("shop/charts/own/templates/a.yaml", "o"),
    ]);
    let loaded = read(&host, Path::new("/"), [PathBuf::from("/shop/charts/own/templates/a.yaml")]);
    let world = World::new(Path::new("/"), &loaded);
    assert_eq!(world.charts(), [Path::new("/shop")]);
    let wanted: Vec<&str> =
        loaded.iter().filter(|f| f.input.wanted).map(|f| &*f.input.shown).collect();
    assert_eq!(wanted, ["shop/charts/own/templates/a.yaml"]);
}

#[test]
fn broken_archives_are_problems_with_a_name() {
    let mut host = host(&[("shop/Chart.yaml", CHART)]);
    host.files.insert("/shop/charts/redis-1.2.3.tgz".into(), b"no archive".to_vec());
    let loaded = walked(&host);
    let problems: Vec<_> = loaded.iter().flat_map(|file| &file.problems).collect();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "broken-archive");
    let world = World::new(Path::new("/"), &loaded);
    assert!(Chart::read(&world, Path::new("/shop")).is_ok());
}

#[test]
fn values_files_win_over_defaults_and_null_deletes() {
    let (values, faults) = values(
        &[
            ("shop/Chart.yaml", CHART),
            ("shop/values.yaml", "a: {x: 1, y: 2}\nb: [1, 2]\nc: {d: 1}\nn: null\nkeep: 080\n"),
            ("shop/values-one.yaml", "a: {x: 3, z: 4}\nb: [3]\nc: 5\n"),
            ("shop/values-two.yaml", "a: {y: null}\nnew: null\n"),
        ],
        &["shop/values-one.yaml", "shop/values-two.yaml"],
    );
    assert!(faults.is_empty());
    assert_eq!(values, json!({"a": {"x": 3, "z": 4}, "b": [3], "c": 5, "new": null, "keep": 80}));
}

#[test]
fn subcharts_get_globals_aliases_and_what_conditions_allow() {
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n\
        - {name: db, version: 1.x.x, alias: main, condition: main.enabled}\n\
        - {name: db, version: 1.x.x, alias: second, condition: 'second.none,second.enabled'}\n\
        - {name: cache, version: '*', tags: [extra]}\n\
        - {name: gone, version: 1.0.0}\n";
    let (values, faults) = values(
        &[
            ("shop/Chart.yaml", chart),
            (
                "shop/values.yaml",
                "global: {region: eu}\nmain: {size: 5}\nsecond: {enabled: false}\ntags: {extra: true}\n",
            ),
            ("shop/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.4.0\n"),
            ("shop/charts/db/values.yaml", "size: 1\nname: db\nglobal: {zone: a, region: us}\n"),
            ("shop/charts/cache/Chart.yaml", "apiVersion: v2\nname: cache\nversion: 0.1.0\n"),
        ],
        &[],
    );
    assert_eq!(
        values,
        json!({
            "global": {"region": "eu"},
            "main": {"size": 5, "name": "db", "global": {"region": "eu", "zone": "a"}},
            "second": {"enabled": false},
            "cache": {"global": {"region": "eu"}},
            "tags": {"extra": true},
        })
    );
    let told: Vec<_> =
        faults.iter().map(|fault| (fault.kind, fault.fatal, &*fault.message)).collect();
    let message = "the subchart `gone` is not in `charts/`: rendered without it";
    assert_eq!(told, [(FaultKind::ChartDependency, false, message)]);
}

#[test]
fn values_are_imported_from_subcharts() {
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n\
        - name: db\n  version: 1.4.0\n  import-values:\n  - data\n  - {child: inner.deep, parent: here}\n";
    let files = [
        ("shop/Chart.yaml", chart),
        ("shop/values.yaml", "own: 1\nhere: {mine: 1}\n"),
        ("shop/charts/db/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.4.0\n"),
        (
            "shop/charts/db/values.yaml",
            "exports: {data: {port: 5, own: 7}}\ninner: {deep: {x: 1}}\n",
        ),
    ];
    let (json, _) = values(&files, &[]);
    assert_eq!((&json["port"], &json["own"]), (&json!(5), &json!(1)));
    assert_eq!(json["here"], json!({"mine": 1, "x": 1}));
    // A person sets them where they arrive.
    let loaded = walked(&host(&files));
    let world = World::new(Path::new("/"), &loaded);
    let chart = Chart::read(&world, Path::new("/shop")).expect("a chart");
    let (map, _) = helm::values(&chart, &release(Vec::new()));
    let mut told = BTreeMap::new();
    places(&loaded, &Val::map(map), &mut told);
    assert_eq!(told["here.x"], "shop/charts/db/values.yaml: 1");
    assert_eq!(told["db.inner.deep.x"], "shop/charts/db/values.yaml: 1");
    assert_eq!(told["own"], "shop/values.yaml: 1");
}

#[test]
fn layers_keep_their_places() {
    let files = [
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", "image: {repository: web, tag: \"1.0\"}\nlist: [a]\n"),
        (
            "app.yaml",
            "values: |\n  image:\n    tag: v2\nparameters:\n- {name: image.pull, value: \"true\"}\n\
             - {name: 'list[1].b', value: \"7\"}\n- {name: many, value: \"{x,y}\"}\n",
        ),
    ];
    let loaded = walked(&host(&files));
    let world = World::new(Path::new("/"), &loaded);
    let chart = Chart::read(&world, Path::new("/shop")).expect("a chart");
    let text = loaded.iter().find(|f| f.input.shown.ends_with("app.yaml")).expect("is there");
    let tree = Tree::parse(files[2].1, text.source);
    let root = tree.documents().next().expect("a document").1;
    let mut layers = vec![Layer::Block(root.get("values").expect("a block"))];
    layers.extend(root.items_at("parameters").map(|item| Layer::Set {
        path: item.str_at("name").expect("a name").into(),
        value: item.get("value").expect("a value"),
        string: false,
    }));
    let (map, faults) = helm::values(&chart, &release(layers));
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(
        map_json(&map),
        json!({
            "image": {"repository": "web", "tag": "v2", "pull": true},
            "list": [null, {"b": 7}],
            "many": ["x", "y"],
        })
    );
    let tag = map.get("image").and_then(|image| image.as_map()?.get("tag")).expect("a tag");
    let origin = tag.origin.expect("has a place");
    assert_eq!(origin.path.to_string(), "image.tag");
    let start = files[2].1.find("v2").expect("is there") as u32;
    assert_eq!(
        (origin.span.source, origin.span.start, origin.content),
        (text.source, start, Some(start))
    );
}

#[test]
fn values_that_a_schema_refuses_are_told_at_the_value() {
    let schema = r##"{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
        "required": ["name"], "additionalProperties": false,
        "properties": {
            "name": {"type": "string"}, "replicas": {"$ref": "#/definitions/count"},
            "kind": {"enum": ["a", "b"]}, "list": {"items": {"type": ["string", "null"]}},
            "any": {"anyOf": [{"type": "string"}, {"type": "object", "required": ["x"]}]},
            "loop": {"$ref": "#/properties/loop"}
        },
        "definitions": {"count": {"type": "integer", "minimum": 1}}}"##;
    let values = "replicas: 0\nkind: c\nlist: [a, 1]\nany: {y: 1}\nextra: 1\nloop: 1\n";
    let files = [
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", values),
        ("shop/values.schema.json", schema),
        ("shop/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
    ];
    let loaded = walked(&host(&files));
    let world = World::new(Path::new("/"), &loaded);
    let chart = Chart::read(&world, Path::new("/shop")).expect("a chart");
    let build = helm::render(&chart, &release(Vec::new()));
    let at = |span: Span| &values[span.start as usize..span.end as usize];
    let told: Vec<_> = build.faults.iter().map(|fault| (at(fault.at), &*fault.message)).collect();
    assert_eq!(
        told,
        [
            ("replicas", "the values must have `name`"),
            ("{y: 1}", "`any` fits none of what is allowed (`anyOf`)"),
            ("extra", "`extra` is not known to the chart"),
            ("c", "`kind` must be one of `\"a\"`, `\"b\"`"),
            ("1", "`list[1]` must be a string or null, not a number"),
            ("0", "`replicas` must be at least 1, not 0"),
        ]
    );
    assert!(build.faults.iter().all(|fault| fault.fatal && !fault.partial));
    assert_eq!(build.resources.len(), 1);
}

#[test]
fn a_template_that_fails_loses_only_its_own_objects() {
    let files = [
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", "a: 1\n"),
        ("shop/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
        ("shop/templates/b.yaml", "x: {{ required \"set `password`\" .Values.password }}\n"),
        ("shop/templates/c.yaml", "x: {{ if }}\n"),
        ("shop/templates/NOTES.txt", "{{ fail \"notes check values, too\" }}"),
        ("shop/charts/own/Chart.yaml", "apiVersion: v2\nname: own\nversion: 0.1.0\n"),
        (
            "shop/charts/own/templates/d.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}-{{ .Release.Name }}}\n",
        ),
    ];
    let loaded = walked(&host(&files));
    let world = World::new(Path::new("/"), &loaded);
    let chart = Chart::read(&world, Path::new("/shop")).expect("a chart");
    let build = helm::render(&chart, &release(Vec::new()));
    let names: Vec<_> = build.resources.iter().map(|resource| resource.id().name).collect();
    assert_eq!(names, ["own-release-name", "a"]);
    let mut told: Vec<_> = build.faults.iter().map(|fault| (fault.kind, &*fault.message)).collect();
    told.sort_unstable_by_key(|(_, message)| *message);
    assert_eq!(told.len(), 3);
    assert_eq!(told[0], (FaultKind::ChartRefuses, "the chart stops here: notes check values, too"));
    assert_eq!(told[1], (FaultKind::ChartRefuses, "the chart stops here: set `password`"));
    assert!(told[2].1.starts_with("this is no template: "), "{}", told[2].1);
}

#[test]
fn a_template_among_the_files_of_a_chart_is_no_broken_manifest() {
    let host = MemHost::with([
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("shop/files/settings.yaml", "{{- if .Values.enabled }}\nkind: on\n{{- end }}\n"),
        (
            "shop/templates/settings.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata:\n  a: |-\n    \
             {{- tpl (.Files.Get \"files/settings.yaml\") . | nindent 4 }}\n",
        ),
        ("shop/values.yaml", "enabled: true\n"),
    ]);
    let request = Request { paths: vec!["/".into()], root: "/".into(), ..Request::default() };
    let report = check(&host, &request, &Settings::default());
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let printed = printed(
        &host,
        &Request { paths: vec!["/shop".into()], ..request },
        &Settings::default(),
        false,
    );
    assert!(printed.text.contains("kind: on"), "{}", printed.text);
}
