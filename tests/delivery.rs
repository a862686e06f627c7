//! What Argo CD and Flux deliver, on small fleets and, where `KUBEREADY_CORPORA` says so, on real
//! ones.

use std::collections::BTreeSet;
use std::path::Path;

use kubeready::host::{Host, MemHost, OsHost};
use kubeready::load::{self, Loaded, World};
use kubeready::render::delivery::{
    Delivery, Engine, Follow, How, Inventory, Repository, Source, Variables, substitute,
};
use kubeready::render::{Fault, FaultKind};
use kubeready::source::{SourceId, Span};
use kubeready_manifest::kube::Object;
use kubeready_manifest::yaml::{Tree, Value, Writer};

use crate::given::read;

const OWN: &str = "https://git.example.com/shop/fleet.git";

fn loaded(files: &[(&str, &str)]) -> Vec<Loaded> {
    let host = MemHost::with(files.iter().map(|(path, text)| (*path, *text)));
    read(&host, Path::new("/"), host.files.keys().cloned())
}

fn objects(loaded: &[Loaded]) -> Vec<Object<'_>> {
    let trees = loaded.iter().filter_map(|file| file.tree.as_ref());
    trees.flat_map(|tree| load::file_objects(tree).map(|(object, _)| object)).collect()
}

/// A fleet that has been read, with what its ApplicationSets and ResourceSets make.
struct Fleet {
    loaded: Vec<Loaded>,
    made: Tree,
    notes: Vec<Fault>,
}

impl Fleet {
    fn of(loaded: Vec<Loaded>, root: &Path, repository: &Repository) -> Self {
        let (made, notes) = {
            let objects = objects(&loaded);
            let world = World::new(root, &loaded);
            let inventory = Inventory::of(objects.iter().copied());
            let follow = Follow { world: &world, repository, inventory: &inventory, near: None };
            let mut notes = Vec::new();
            let values: Vec<Value<'_>> =
                objects.iter().flat_map(|o| follow.generated(*o, &mut notes)).collect();
            (Tree::rendered(SourceId(9999), &values), notes)
        };
        Self { loaded, made, notes }
    }

    fn new(files: &[(&str, &str)]) -> Self {
        Self::of(loaded(files), Path::new("/"), &Repository::of([OWN]))
    }

    /// One line for each delivery: `name engine source how -> cluster/namespace`.
    fn lines(&self) -> Vec<String> {
        self.with(|deliveries, inventory| {
            deliveries.iter().map(|delivery| line(delivery, inventory)).collect()
        })
    }

    fn with<T>(&self, look: impl FnOnce(&[Delivery<'_>], &Inventory<'_>) -> T) -> T {
        let mut objects = objects(&self.loaded);
        objects.extend(self.made.documents().filter_map(|(_, root)| Object::read(root)));
        let world = World::new(Path::new("/"), &self.loaded);
        let inventory = Inventory::of(objects.iter().copied());
        let repository = Repository::of([OWN]);
        let follow =
            Follow { world: &world, repository: &repository, inventory: &inventory, near: None };
        let found: Vec<_> = objects.iter().flat_map(|o| follow.deliveries(*o)).collect();
        look(&found, &inventory)
    }

    /// The text of a place.
    fn text(&self, span: Span) -> &str {
        let file = self.loaded.iter().find(|f| f.source == span.source).expect("a file");
        &file.tree.as_ref().expect("a tree").text()[span.start as usize..span.end as usize]
    }
}

fn line<'t>(delivery: &Delivery<'t>, inventory: &Inventory<'t>) -> String {
    let source = match &delivery.source {
        Source::Directory(path) => path.display().to_string(),
        Source::Missing(path) => format!("missing:{}", path.display()),
        Source::Elsewhere(url) => format!("elsewhere:{url}"),
        Source::Chart(chart) => {
            format!("chart:{}", chart.chart.map_or(chart.repository.unwrap_or("?"), |n| n.text()))
        }
        Source::Unknown(why) => format!("unknown:{why}"),
    };
    let how = match &delivery.how {
        How::Kustomize => "kustomize",
        How::Directory { recurse: false, .. } => "directory",
        How::Directory { recurse: true, .. } => "tree",
        How::FluxGenerated => "generated",
        How::Helm => "helm",
        How::Plugin => "plugin",
        How::Other => "other",
    };
    let cluster = inventory.cluster_name(delivery.destination).unwrap_or_default();
    let namespace = delivery.destination.namespace.map_or("", |n| n.text());
    format!("{} {source} {how} -> {cluster}/{namespace}", delivery.name)
}

const KUSTOMIZATION: &str = "resources: []\n";
const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

fn application(name: &str, spec: &str) -> String {
    let mut text = format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n"
    );
    for line in spec.lines() {
        text.extend(["  ", line, "\n"]);
    }
    text
}

#[test]
fn an_application_delivers_what_its_sources_hold() {
    let local = application(
        "local",
        "destination: {name: in-cluster, namespace: web}\nsource:\n  repoURL: git@git.example.com:shop/fleet\n  path: ./apps/web/\n  kustomize:\n    images: ['nginx=registry:5000/nginx:1.2', 'app:2@sha256:ab', 'old=new']\n    namePrefix: p-\n    patches: [{patch: x}]\n",
    );
    let stale = application(
        "stale",
        &format!(
            "destination: {{server: 'https://api.east.example.com:6443'}}\nsource: {{repoURL: '{OWN}', path: apps/gone}}"
        ),
    );
    let plain = application(
        "plain",
        &format!("source: {{repoURL: '{OWN}', path: apps/plain, directory: {{recurse: true}}}}"),
    );
    let many = application(
        "many",
        &format!(
            "sources:\n- {{repoURL: '{OWN}', ref: values}}\n- repoURL: https://charts.example.com\n  chart: redis\n  targetRevision: 1.2.3\n  helm: {{valueFiles: [$values/envs/prod.yaml, $values/envs/no.yaml, https://x/y.yaml, own.yaml]}}\n- {{repoURL: 'https://elsewhere.example.com/x', path: y}}\n- {{repoURL: '{OWN}', path: chart, helm: {{valueFiles: [prod.yaml, ../envs/prod.yaml, /envs/prod.yaml]}}}}"
        ),
    );
    let fleet = Fleet::new(&[
        ("argo/local.yaml", &local),
        ("argo/many.yaml", &many),
        ("argo/plain.yaml", &plain),
        ("argo/stale.yaml", &stale),
        ("apps/web/kustomization.yaml", KUSTOMIZATION),
        ("apps/plain/a.yaml", CONFIG),
        ("chart/Chart.yaml", "name: c\n"),
        ("envs/prod.yaml", "a: 1\n"),
    ]);
    assert_eq!(
        fleet.lines(),
        [
            "local /apps/web kustomize -> in-cluster/web",
            "many chart:redis helm -> /",
            "many elsewhere:https://elsewhere.example.com/x other -> /",
            "many /chart helm -> /",
            "plain /apps/plain tree -> /",
            "stale missing:/apps/gone other -> east.example.com/",
        ]
    );
    fleet.with(|deliveries, _| {
        let [local, chart, _, in_tree, _, stale] = deliveries else { panic!("six deliveries") };
        assert_eq!(fleet.text(stale.source_at), "apps/gone");
        assert_eq!(local.engine, Engine::ArgoCd);
        let image = |at: usize| {
            let pairs = local.overlay.images[at].entries().iter();
            pairs.map(|e| format!("{}={}", e.key, e.value.text())).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(image(0), "name=nginx newName=registry:5000/nginx newTag=1.2");
        assert_eq!(image(1), "name=app newTag=2 digest=sha256:ab");
        assert_eq!(image(2), "name=old newName=new");
        assert_eq!(local.overlay.patches.len(), 1);
        let files = |delivery: &Delivery<'_>| {
            let one = |file: &kubeready::render::delivery::ValuesFile<'_>| match &file.source {
                Source::Directory(path) => path.display().to_string(),
                Source::Missing(path) => format!("missing:{}", path.display()),
                Source::Elsewhere(_) => "elsewhere".to_owned(),
                _ => "unknown".to_owned(),
            };
            delivery.values.files.iter().map(one).collect::<Vec<_>>()
        };
        assert_eq!(
            files(chart),
            ["/envs/prod.yaml", "missing:/envs/no.yaml", "elsewhere", "unknown"]
        );
        assert_eq!(
            files(in_tree),
            ["missing:/chart/prod.yaml", "/envs/prod.yaml", "/envs/prod.yaml"]
        );
    });
}

/// The lines of an ApplicationSet over a small fleet, and its notes.
fn set(spec: &str) -> (Vec<String>, Vec<String>, Fleet) {
    let mut text = String::from(
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: set, namespace: argocd}\nspec:\n",
    );
    for line in spec.replace("OWN", OWN).lines() {
        text.extend(["  ", line, "\n"]);
    }
    let cluster = |name: &str, tier: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  labels: {{argocd.argoproj.io/secret-type: cluster, tier: {tier}}}\nstringData: {{name: {name}, server: 'https://{name}:6443'}}\n"
        )
    };
    let fleet = Fleet::new(&[
        ("argo/set.yaml", &text),
        ("argo/east.yaml", &cluster("east", "gold")),
        ("argo/west.yaml", &cluster("west", "iron")),
        ("apps/Web_Shop/kustomization.yaml", KUSTOMIZATION),
        ("apps/api/kustomization.yaml", KUSTOMIZATION),
        ("apps/old/kustomization.yaml", KUSTOMIZATION),
        ("apps/api/deep/a.yaml", CONFIG),
        ("envs/dev/config.json", "{\"cluster\": {\"name\": \"east\"}, \"app\": \"api\"}"),
        ("envs/prod/config.json", "{\"cluster\": {\"name\": \"west\"}, \"app\": \"none\"}"),
    ]);
    let notes = fleet.notes.iter().map(|note| note.message.clone()).collect();
    (fleet.lines(), notes, fleet)
}

const TAGS: &str = "
template:
  metadata: {name: '{{name}}'}
  spec: {source: {repoURL: OWN, path: '{{path}}'}, destination: {name: '{{cluster}}', namespace: x}}
";

const GO: &str = "
goTemplate: true
template:
  metadata: {name: '{{.path.basenameNormalized}}-{{.cluster | default \"here\"}}'}
  spec:
    source: {repoURL: OWN, path: '{{.path.path}}'}
    destination: {name: '{{.cluster | default \"here\"}}', namespace: x}
";

#[test]
fn elements_of_a_list_are_where_a_person_would_edit() {
    let (lines, notes, fleet) = set(&format!(
        "generators:\n- list: {{elements: [{{name: a, path: apps/api, cluster: east}}, {{name: b, path: apps/no, cluster: west}}]}}{TAGS}"
    ));
    assert_eq!(lines, ["a /apps/api kustomize -> east/x", "b missing:/apps/no other -> west/x"]);
    assert!(notes.is_empty(), "{notes:?}");
    fleet.with(|deliveries, _| {
        assert_eq!(fleet.text(deliveries[1].source_at), "apps/no");
        assert_eq!(deliveries[1].owner.namespace(), Some("argocd"));
    });
}

#[test]
fn directories_become_applications() {
    let git = "generators:\n- git:\n    repoURL: OWN\n    directories: [{path: apps/*}, {path: apps/old, exclude: true}]";
    let (lines, notes, _) = set(&format!(
        "{git}\n    values: {{where: '{{{{path[0]}}}}-{{{{path.basenameNormalized}}}}'}}{}",
        TAGS.replace("{{name}}", "{{values.where}}").replace("{{cluster}}", "east")
    ));
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(
        lines,
        [
            "apps-web-shop /apps/Web_Shop kustomize -> east/x",
            "apps-api /apps/api kustomize -> east/x"
        ]
    );
    let (lines, notes, _) = set(&format!("{git}{GO}"));
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(
        lines,
        [
            "web-shop-here /apps/Web_Shop kustomize -> here/x",
            "api-here /apps/api kustomize -> here/x"
        ]
    );
}

#[test]
fn files_become_applications() {
    let git = "generators:\n- git: {repoURL: OWN, files: [{path: 'envs/**/config.json'}]}";
    let tags = TAGS
        .replace("{{name}}", "{{app}}-{{path.basename}}")
        .replace("{{path}}", "apps/{{app}}")
        .replace("{{cluster}}", "{{cluster.name}}");
    let expected =
        ["api-dev /apps/api kustomize -> east/x", "none-prod missing:/apps/none other -> west/x"];
    // git's `**` wants a folder between.
    let (lines, notes, _) = set(&format!("{}{tags}", git.replace("**", "*")));
    assert_eq!(lines, expected, "{notes:?}");
    let go = tags
        .replace("{{app}}", "{{.app}}")
        .replace("{{path.", "{{.path.")
        .replace("{{cluster.", "{{.cluster.");
    let (lines, notes, _) = set(&format!("goTemplate: true\n{}{go}", git.replace("**/", "*/")));
    assert_eq!(lines, expected, "{notes:?}");
}

#[test]
fn a_matrix_multiplies_and_a_merge_overrides() {
    let lists = "- list: {elements: [{cluster: east}, {cluster: west}]}";
    let (lines, notes, _) = set(&format!(
        "generators:\n- matrix:\n    generators:\n    {lists}\n    - git: {{repoURL: OWN, directories: [{{path: apps/a*}}]}}{}",
        TAGS.replace("{{name}}", "{{path.basename}}-{{cluster}}")
    ));
    assert_eq!(
        lines,
        ["api-east /apps/api kustomize -> east/x", "api-west /apps/api kustomize -> west/x"],
        "{notes:?}"
    );
    let (lines, notes, _) = set(&format!(
        "generators:\n- matrix:\n    generators:\n    - list: {{elements: [{{app: api, cluster: east}}, {{app: 'Web*'}}]}}\n    - git: {{repoURL: OWN, directories: [{{path: 'apps/{{{{ .app }}}}'}}]}}{GO}"
    ));
    assert_eq!(
        lines,
        [
            "api-east /apps/api kustomize -> east/x",
            "web-shop-here /apps/Web_Shop kustomize -> here/x"
        ],
        "{notes:?}"
    );
    let (lines, notes, _) = set(&format!(
        "generators:\n- merge:\n    mergeKeys: [cluster]\n    generators:\n    - list: {{elements: [{{cluster: east, path: apps/api}}, {{cluster: west, path: apps/api}}]}}\n    - list: {{elements: [{{cluster: west, path: apps/old}}, {{cluster: other, path: x}}]}}{}",
        TAGS.replace("{{name}}", "app-{{cluster}}")
    ));
    assert_eq!(
        lines,
        ["app-east /apps/api kustomize -> east/x", "app-west /apps/old kustomize -> west/x"],
        "{notes:?}"
    );
}

#[test]
fn clusters_come_from_their_secrets_and_selectors_choose() {
    let tags = TAGS.replace("{{path}}", "apps/api").replace("{{cluster}}", "{{name}}");
    let (lines, notes, _) = set(&format!(
        "generators:\n- clusters: {{selector: {{matchLabels: {{tier: gold}}}}}}{tags}"
    ));
    assert_eq!(lines, ["east /apps/api kustomize -> east/x"], "{notes:?}");
    let (lines, _, _) = set(&format!(
        "generators:\n- clusters: {{}}\n  selector: {{matchExpressions: [{{key: name, operator: NotIn, values: [west]}}]}}{}",
        tags.replace("name: '{{name}}', namespace: x", "server: '{{server}}'")
    ));
    assert_eq!(
        lines,
        ["in-cluster /apps/api kustomize -> in-cluster/", "east /apps/api kustomize -> east/"]
    );
}

#[test]
fn what_cannot_be_known_is_said_once_and_never_guessed() {
    for (generator, why) in [
        ("scmProvider: {}", "a host of git"),
        ("pullRequest: {}", "a host of git"),
        ("clusterDecisionResource: {}", "the cluster"),
        ("plugin: {}", "a plugin"),
        (
            "git: {repoURL: 'https://x.example.com/y', directories: [{path: '*'}]}",
            "another repository",
        ),
        ("git: {repoURL: OWN}", "neither directories nor files"),
        ("matrix: {}", "no generators"),
    ] {
        let (lines, notes, _) = set(&format!("generators:\n- {generator}{TAGS}"));
        assert!(lines.is_empty(), "{generator}: {lines:?}");
        assert_eq!(notes.len(), 1, "{generator}: {notes:?}");
        assert!(notes[0].contains(why), "{generator}: {notes:?}");
    }
    let (lines, notes, fleet) =
        set(&format!("generators:\n- list: {{elements: [{{name: a}}, {{name: b}}]}}{TAGS}"));
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(fleet.notes[0].partial && fleet.notes[0].kind == FaultKind::Unfollowed);
    assert!(lines.iter().all(|line| line.contains("unknown:")), "{lines:?}");
}

fn flux(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{{spec}}}\n"
    )
}

#[test]
fn flux_follows_its_sources() {
    let source = "sourceRef: {kind: GitRepository, name: flux-system}";
    let git = |name: &str, url: &str| {
        format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: {name}, namespace: flux-system}}\nspec: {{url: '{url}'}}\n"
        )
    };
    let fleet = Fleet::new(&[
        ("apps/a/kustomization.yaml", KUSTOMIZATION),
        ("apps/b/x.yaml", CONFIG),
        ("charts/c/Chart.yaml", "name: c\n"),
        (
            "flux/a.yaml",
            &flux(
                "a",
                &format!(
                    "path: ./apps/a, targetNamespace: shop, {source}, postBuild: {{substitute: {{A: b}}}}, dependsOn: [{{name: b}}]"
                ),
            ),
        ),
        (
            "flux/b.yaml",
            &flux(
                "b",
                &format!(
                    "path: /apps/b, {source}, kubeConfig: {{secretRef: {{name: east}}}}, suspend: true"
                ),
            ),
        ),
        ("flux/c.yaml", &flux("c", &format!("path: apps/gone, {source}"))),
        ("flux/d.yaml", &flux("d", "path: x, sourceRef: {kind: GitRepository, name: other}")),
        ("flux/e.yaml", &flux("e", "path: apps/a, sourceRef: {kind: GitRepository, name: mine}")),
        ("flux/f.yaml", &flux("f", "path: no, sourceRef: {kind: OCIRepository, name: nowhere}")),
        (
            "flux/g.yaml",
            &flux("g", "path: ../../apps/b, sourceRef: {kind: GitRepository, name: mine}"),
        ),
        ("flux/other.yaml", &git("other", "https://git.example.com/x/y")),
        ("flux/mine.yaml", &git("mine", "ssh://git@git.example.com/shop/fleet")),
        (
            "flux/r1.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r1, namespace: flux-system}\nspec: {chart: {spec: {chart: ./charts/c, valuesFiles: [charts/c/no.yaml], sourceRef: {kind: GitRepository, name: mine}}}, values: {a: 1}}\n",
        ),
        (
            "flux/r2.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r2, namespace: flux-system}\nspec: {chart: {spec: {chart: redis, version: 1.x, sourceRef: {kind: HelmRepository, name: bitnami}}}}\n",
        ),
        (
            "flux/r3.yaml",
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r3, namespace: flux-system}\nspec: {chartRef: {kind: OCIRepository, name: app}, targetNamespace: web}\n",
        ),
        (
            "flux/s.yaml",
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: app, namespace: flux-system}\nspec: {url: 'oci://ghcr.example.com/app', ref: {tag: 1.0.0}}\n",
        ),
        ("flux/t.yaml", &flux("t", "path: ./one, sourceRef: {kind: ExternalArtifact, name: part}")),
        (
            "flux/u.yaml",
            "apiVersion: source.extensions.fluxcd.io/v1beta1\nkind: ArtifactGenerator\nmetadata: {name: parts, namespace: flux-system}\nspec:\n  sources: [{alias: all, kind: GitRepository, name: flux-system}]\n  artifacts: [{name: part, copy: [{from: '@all/apps/b/**', to: '@artifact/one/'}]}]\n",
        ),
        (
            "flux/z.yaml",
            "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: flux-system}\nspec: {sync: {kind: GitRepository, url: 'https://git.example.com/shop/fleet', path: flux}}\n",
        ),
    ]);
    assert_eq!(
        fleet.lines(),
        [
            "a /apps/a kustomize -> /shop",
            "b /apps/b generated -> east/",
            "c missing:/apps/gone other -> /",
            "d elsewhere:https://git.example.com/x/y other -> /",
            "e /apps/a kustomize -> /",
            "f unknown:OCIRepository `nowhere` is not defined here other -> /",
            "g /apps/b generated -> /",
            "r1 /charts/c helm -> /",
            "r2 chart:redis helm -> /",
            "r3 chart:oci://ghcr.example.com/app helm -> /web",
            "t /apps/b generated -> /",
            "flux-system /flux generated -> /",
        ]
    );
    fleet.with(|deliveries, _| {
        assert_eq!(deliveries[0].depends_on[0].namespace, "flux-system");
        assert_eq!(deliveries[0].overlay.namespace.as_ref().map(Value::text), Some("shop"));
        assert!(deliveries[1].suspended && !deliveries[0].suspended);
        assert!(matches!(deliveries[7].values.files[0].source, Source::Missing(_)));
    });
}

#[test]
fn a_resource_set_fills_its_resources() {
    let fleet = Fleet::new(&[
        ("apps/a/kustomization.yaml", KUSTOMIZATION),
        ("apps/b/kustomization.yaml", KUSTOMIZATION),
        (
            "set.yaml",
            "apiVersion: fluxcd.controlplane.io/v1\nkind: ResourceSet\nmetadata: {name: tenants, namespace: flux-system}\nspec:\n  inputs: [{tenant: a, prune: 'true'}, {tenant: b, prune: 'false'}]\n  resources:\n  - apiVersion: kustomize.toolkit.fluxcd.io/v1\n    kind: Kustomization\n    metadata: {name: << inputs.tenant >>, namespace: flux-system}\n    spec: {path: './apps/<< inputs.tenant >>', prune: << inputs.prune >>, targetNamespace: << inputs.tenant | upper >>, sourceRef: {kind: GitRepository, name: flux-system}}\n  - {apiVersion: v1, kind: Namespace, metadata: {name: shared}}\n",
        ),
    ]);
    assert_eq!(fleet.lines(), ["a /apps/a kustomize -> /A", "b /apps/b kustomize -> /B"]);
    assert_eq!(fleet.made.documents().len(), 3, "one Namespace for both");
    let first = fleet.made.documents().next().expect("a document").1;
    assert_eq!(first.bool_at("spec.prune"), Some(true));
    assert_eq!(fleet.text(first.path("metadata.name").expect("a name").span()), "a");
}

#[test]
fn variables_are_substituted_where_all_that_defines_them_is_known() {
    let files = loaded(&[
        (
            "flux/a.yaml",
            &flux(
                "a",
                "path: apps, sourceRef: {kind: GitRepository, name: flux-system}, postBuild: {substitute: {REPLICAS: '3', HOST: shop.example.com}, substituteFrom: [{kind: ConfigMap, name: settings}, {kind: Secret, name: secrets}]}",
            ),
        ),
        (
            "flux/settings.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: flux-system}\ndata: {HOST: overridden, ZONE: eu, LIST: '[a, b]'}\n",
        ),
        (
            "flux/secrets.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: secrets, namespace: flux-system}\nstringData: {TOKEN: 'ENC[AES256_GCM,data:x]'}\nsops: {}\n",
        ),
    ]);
    let objects = objects(&files);
    let world = World::new(Path::new("/"), &files);
    let inventory = Inventory::of(objects.iter().copied());
    let repository = Repository::of([OWN]);
    let follow =
        Follow { world: &world, repository: &repository, inventory: &inventory, near: None };
    let delivery = follow.deliveries(objects[0]).remove(0);
    let substitution = delivery.substitution.expect("variables");
    let variables = Variables::of(&substitution, &inventory, None);

    let text = "metadata: {annotations: {a: 'x-${ZONE}'}}\nreplicas: '${REPLICAS}'\nhost: ${HOST}\nlist: ${LIST}\ntoken: ${TOKEN}\nnone: ${NONE}\nsize: ${SIZE:=5Gi}\nbroken: ${A.b}\nshell: $${HOME}\nscript: |\n  a ${ZONE}\n  b\n";
    let tree = Tree::parse(text, SourceId(7));
    let mut values: Vec<_> =
        tree.documents().map(|(_, root)| Value::of(root, Writer::Resource)).collect();
    let faults = substitute(&mut values, &variables);
    let value = &values[0];
    let of = |key| value.get(key).expect("a key");
    assert_eq!(value.at(&["metadata", "annotations", "a"]).map(Value::text), Some("x-eu"));
    assert_eq!(of("replicas").as_str(), None, "a number, quotes or not");
    assert_eq!(of("replicas").text(), "3");
    assert_eq!((of("host").text(), of("host").origin.by), ("shop.example.com", Writer::Variable));
    assert_eq!(of("host").origin.span.source, delivery.source_at.source, "the variable's place");
    assert_eq!(of("size").origin.span.source, SourceId(7), "the text's place");
    assert_eq!(of("list").items().len(), 2);
    assert_eq!((of("token").text(), of("none").text()), ("${TOKEN}", "${NONE}"));
    assert_eq!((of("size").text(), of("shell").text()), ("5Gi", "${HOME}"));
    assert_eq!(of("script").as_str(), Some("a eu\nb\n"));
    let kinds: Vec<_> = faults.iter().map(|f| (f.kind, f.fatal)).collect();
    assert_eq!(kinds, [(FaultKind::UndefinedVariable, false), (FaultKind::Invalid, true)]);
}

#[test]
fn an_object_may_refuse_substitution() {
    let files = loaded(&[(
        "flux/a.yaml",
        &flux(
            "a",
            "path: apps, sourceRef: {kind: GitRepository, name: flux-system}, postBuild: {substituteFrom: [{kind: Secret, name: elsewhere}], substitute: {A: b}}",
        ),
    )]);
    let objects = objects(&files);
    let inventory = Inventory::default();
    let world = World::new(Path::new("/"), &files);
    let repository = Repository::default();
    let follow =
        Follow { world: &world, repository: &repository, inventory: &inventory, near: None };
    let substitution = follow.deliveries(objects[0]).remove(0).substitution.expect("variables");
    let variables = Variables::of(&substitution, &inventory, None);
    assert!(variables.is_incomplete());
    let tree = Tree::parse(
        "metadata: {labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}\na: ${A}\n---\na: ${A}\nb: ${B}\n",
        SourceId(1),
    );
    let mut values: Vec<_> =
        tree.documents().map(|(_, root)| Value::of(root, Writer::Resource)).collect();
    assert!(substitute(&mut values, &variables).is_empty());
    let texts: Vec<_> = values.iter().filter_map(|v| v.get("a")).map(Value::text).collect();
    assert_eq!(texts, ["${A}", "b"]);
}

#[test]
fn the_repository_is_guessed_by_the_paths_that_are_here() {
    let guess = |specs: &[&str]| {
        let texts: Vec<_> = specs.iter().map(|spec| application("x", spec)).collect();
        let names: Vec<_> = (0..texts.len()).map(|at| format!("argo/{at}.yaml")).collect();
        let mut files: Vec<(&str, &str)> =
            vec![("apps/a/x.yaml", CONFIG), ("apps/b/x.yaml", CONFIG)];
        files.extend(names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)));
        let files = loaded(&files);
        let world = World::new(Path::new("/"), &files);
        Repository::guess(objects(&files), &world).map(|r| r.urls().to_vec())
    };
    let own = "source: {repoURL: 'https://git.example.com/o/r.git', path: apps/a}";
    let ssh = "source: {repoURL: 'git@git.example.com:o/r', path: apps/b}";
    let gone = "source: {repoURL: 'https://git.example.com/o/r', path: apps/gone}";
    let other = "source: {repoURL: 'https://git.example.com/x/y', path: z}";
    assert_eq!(guess(&[own, ssh, gone, other]), Some(vec!["git.example.com/o/r".to_owned()]));
    assert_eq!(guess(&[other]), None);
    assert_eq!(guess(&["source: {repoURL: 'https://git.example.com/o/r', path: .}"]), None);
}

/// Counts on real fleets: where their deliveries lead, and how many kustomizations they reach.
#[test]
#[ignore = "needs KUBEREADY_CORPORA"]
fn real_fleets_are_followed() {
    let corpora = std::env::var_os("KUBEREADY_CORPORA").expect("KUBEREADY_CORPORA is a directory");
    let mut trees: Vec<_> = std::fs::read_dir(corpora)
        .expect("a directory")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    trees.sort();
    for root in trees {
        let request = kubeready::walk::Request {
            roots: vec![root.clone()],
            base: root.clone(),
            threads: 2,
            ..Default::default()
        };
        let loaded = read(&OsHost, &root, OsHost.walk(&request).files);
        let repository = {
            let world = World::new(&root, &loaded);
            Repository::guess(objects(&loaded), &world).unwrap_or_default()
        };
        let fleet = Fleet::of(loaded, &root, &repository);
        let world = World::new(&root, &fleet.loaded);
        let mut all = objects(&fleet.loaded);
        all.extend(fleet.made.documents().filter_map(|(_, root)| Object::read(root)));
        let inventory = Inventory::of(all.iter().copied());
        let follow =
            Follow { world: &world, repository: &repository, inventory: &inventory, near: None };
        let (mut here, mut missing, mut elsewhere, mut charts, mut unknown) = (0, 0, 0, 0, 0);
        let mut reached = BTreeSet::new();
        for delivery in all.iter().flat_map(|object| follow.deliveries(*object)) {
            match delivery.source {
                Source::Directory(path) => {
                    here += 1;
                    reached.insert(path);
                }
                Source::Missing(_) => missing += 1,
                Source::Elsewhere(_) => elsewhere += 1,
                Source::Chart(_) => charts += 1,
                Source::Unknown(why) => {
                    unknown += 1;
                    println!("  {}: {why}", delivery.name);
                }
            }
        }
        let roots = fleet
            .loaded
            .iter()
            .filter(|file| file.class == load::Class::Kustomization)
            .filter(|file| file.input.path.parent().is_some_and(|p| reached.contains(p)))
            .count();
        println!(
            "{}: {:?}: here {here}, missing {missing}, elsewhere {elsewhere}, charts {charts}, unknown {unknown}; kustomizations reached {roots}; notes {:?}",
            root.display(),
            repository.urls(),
            fleet.notes.iter().map(|n| &n.message).collect::<Vec<_>>(),
        );
    }
}
