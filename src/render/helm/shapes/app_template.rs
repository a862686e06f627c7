//! The library chart `app-template` (from its second major version on): `controllers` with
//! `containers`, options of pods, `persistence`.

use std::borrow::Cow;

use kubeready_manifest::yaml::{Data, NodeRef, Origin, Value, Writer};

use super::parts::{add_metadata, image_of, variables, variables_from, volume};
use super::{Maker, Told, fill, object, set_written, template, text, value, written};

/// One workload for each controller that is on.
pub(super) fn workloads<'r>(told: &Told<'r>, controllers: NodeRef<'r>) -> Vec<Value<'r>> {
    let all: Vec<_> = controllers
        .effective_entries()
        .filter(|(_, controller)| controller.is_map() && is_on(*controller))
        .collect();
    let alone = all.len() == 1;
    let one = |(key, node)| Controller { told, key, node, alone }.workload();
    all.into_iter().map(one).collect()
}

/// A thing is on unless it says that it is not; a template may say either.
fn is_on(node: NodeRef<'_>) -> bool {
    node.value("enabled").is_none_or(|enabled| enabled.as_bool() == Some(true))
}

struct Controller<'a, 'r> {
    told: &'a Told<'r>,
    key: NodeRef<'r>,
    node: NodeRef<'r>,
    /// The only one of the release.
    alone: bool,
}

/// Fields of a container that are what Kubernetes takes.
const CONTAINER: [&str; 14] = [
    "args",
    "command",
    "lifecycle",
    "ports",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "securityContext",
    "stdin",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "workingDir",
];

/// Options of a pod that are fields of its `spec`.
const POD: [&str; 22] = [
    "affinity",
    "automountServiceAccountToken",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "securityContext",
    "shareProcessNamespace",
    "terminationGracePeriodSeconds",
    "tolerations",
];

impl<'r> Controller<'_, 'r> {
    fn maker(&self) -> Maker {
        Maker { span: self.key.span() }
    }

    fn id(&self) -> &'r str {
        self.key.text()
    }

    fn workload(&self) -> Value<'r> {
        let maker = self.maker();
        let kind = self.node.str_at("type").unwrap_or("deployment");
        let api = match kind {
            "statefulset" => ("apps/v1", "StatefulSet"),
            "daemonset" => ("apps/v1", "DaemonSet"),
            "cronjob" => ("batch/v1", "CronJob"),
            "job" => ("batch/v1", "Job"),
            _ => ("apps/v1", "Deployment"),
        };
        let mut workload = object(self.told, maker, api, self.name());
        if let Some(metadata) = workload.get_mut("metadata") {
            add_metadata(metadata, self.node);
        }
        let labels = [
            ("app.kubernetes.io/name", maker.made_up(self.told.release)),
            ("app.kubernetes.io/instance", maker.made_up(self.told.release)),
            ("app.kubernetes.io/controller", maker.made_up(self.id())),
        ];
        let (selector, template) = template(maker, &labels, self.pod(kind), self.pod_metadata());
        let spec = match kind {
            "cronjob" => self.cron_job(template),
            "job" => self.job("job", template),
            _ => self.kept(kind, selector, template),
        };
        maker.set(&mut workload, "spec", spec);
        workload
    }

    /// The release's name, with the controller's where there are several.
    fn name(&self) -> Value<'r> {
        let release = self.told.values.str_at("global.fullnameOverride");
        let release = release.unwrap_or(self.told.release);
        let id = self.id();
        let suffixed = || release.strip_suffix(id).is_some_and(|rest| rest.ends_with('-'));
        let name = if self.alone || id == "main" || suffixed() {
            Cow::Borrowed(release)
        } else {
            Cow::Owned(format!("{release}-{id}"))
        };
        Value::string(name, written(self.key))
    }

    fn pod_metadata(&self) -> Value<'r> {
        let mut metadata = self.maker().map();
        for (_, options) in self.options().into_iter().flatten() {
            add_metadata(&mut metadata, options);
        }
        metadata
    }

    /// The defaults of all pods, then what the controller says over them.
    fn options(&self) -> [Option<(NodeRef<'r>, NodeRef<'r>)>; 2] {
        let is_map = |entry: &(NodeRef<'r>, NodeRef<'r>)| entry.1.is_map();
        [
            self.told.values.entry("defaultPodOptions").filter(is_map),
            self.node.entry("pod").filter(is_map),
        ]
    }

    fn kept(&self, kind: &str, selector: Value<'r>, template: Value<'r>) -> Value<'r> {
        let maker = self.maker();
        let mut spec = maker.map();
        if kind != "daemonset" {
            let (origin, replicas) = match self.node.entry("replicas") {
                // Left to an autoscaler.
                Some((key, node)) if node.is_null() => (written(key), maker.plain("1")),
                Some((key, node)) => (written(key), value(node)),
                None => (maker.default(), Value::plain("1", maker.default())),
            };
            spec.set("replicas", origin, replicas);
        }
        let (field, usual) = match kind {
            "statefulset" | "daemonset" => ("updateStrategy", "RollingUpdate"),
            _ => ("strategy", "Recreate"),
        };
        let mut strategy = Value::map(maker.default());
        match self.node.entry("strategy").filter(|(_, node)| node.is_scalar()) {
            Some((key, node)) => set_written(&mut strategy, "type", key, value(node)),
            None => strategy.set("type", maker.default(), Value::string(usual, maker.default())),
        }
        if let Some((key, rolling)) = self.node.entry("rollingUpdate")
            && strategy.get("type").map(Value::text) == Some("RollingUpdate")
        {
            let mut rule = Value::map(written(key));
            for (own, field) in [
                ("surge", "maxSurge"),
                ("maxSurge", "maxSurge"),
                ("unavailable", "maxUnavailable"),
                ("maxUnavailable", "maxUnavailable"),
                ("partition", "partition"),
            ] {
                if let Some((key, node)) = rolling.entry(own).filter(|(_, n)| !n.is_null()) {
                    set_written(&mut rule, field, key, value(node));
                }
            }
            maker.set(&mut strategy, "rollingUpdate", rule);
        }
        spec.set(field, maker.default(), strategy);
        if kind == "statefulset" {
            let name = self.node.path("statefulset.serviceName").filter(|n| n.is_scalar());
            let service = name.map_or_else(|| maker.made_up(self.told.release), text);
            maker.set(&mut spec, "serviceName", service);
        }
        maker.set(&mut spec, "selector", selector);
        maker.set(&mut spec, "template", template);
        spec
    }

    fn cron_job(&self, template: Value<'r>) -> Value<'r> {
        let maker = self.maker();
        let mut spec = maker.map();
        let settings = self.node.get("cronjob");
        for (own, field, usual) in [
            ("schedule", "schedule", None),
            ("timeZone", "timeZone", None),
            ("suspend", "suspend", Some("false")),
            ("concurrencyPolicy", "concurrencyPolicy", Some("Forbid")),
            ("startingDeadlineSeconds", "startingDeadlineSeconds", Some("30")),
            ("successfulJobsHistory", "successfulJobsHistoryLimit", Some("1")),
            ("failedJobsHistory", "failedJobsHistoryLimit", Some("1")),
        ] {
            let entry = settings.and_then(|s| s.entry(own)).filter(|(_, node)| !node.is_null());
            match (entry, usual) {
                (Some((key, node)), _) => set_written(&mut spec, field, key, value(node)),
                (None, Some(usual)) => {
                    spec.set(field, maker.default(), Value::plain(usual, maker.default()));
                }
                (None, None) => {}
            }
        }
        let mut job = maker.map();
        maker.set(&mut job, "spec", self.job("cronjob", template));
        maker.set(&mut spec, "jobTemplate", job);
        spec
    }

    fn job(&self, settings: &str, template: Value<'r>) -> Value<'r> {
        let maker = self.maker();
        let mut spec = maker.map();
        let settings = self.node.get(settings);
        for field in [
            "activeDeadlineSeconds",
            "backoffLimit",
            "completionMode",
            "completions",
            "parallelism",
            "suspend",
            "ttlSecondsAfterFinished",
        ] {
            // Those of the CronJob itself are not of its Job.
            let own = field != "suspend" || self.node.str_at("type") == Some("job");
            let entry = settings.filter(|_| own).and_then(|s| s.entry(field));
            if let Some((key, node)) = entry.filter(|(_, node)| !node.is_null()) {
                set_written(&mut spec, field, key, value(node));
            } else if field == "backoffLimit" {
                spec.set(field, maker.default(), Value::plain("6", maker.default()));
            }
        }
        maker.set(&mut spec, "template", template);
        spec
    }

    fn pod(&self, kind: &str) -> Value<'r> {
        let maker = self.maker();
        // Rules about a whole pod point to the controller.
        let mut pod = Value::map(maker.default());
        let merged = self.told.values.str_at("defaultPodOptionsStrategy") == Some("merge");
        for options in self.options().into_iter().rev().flatten() {
            for field in POD {
                let Some((key, node)) = options.1.entry(field).filter(|(_, n)| !n.is_null()) else {
                    continue;
                };
                match pod.get_mut(field) {
                    Some(own) if merged => fill(own, value(node)),
                    Some(_) => {}
                    None => set_written(&mut pod, field, key, value(node)),
                }
            }
        }
        // What became of these differs from one version to the next.
        for (field, usual) in
            [("automountServiceAccountToken", "false"), ("enableServiceLinks", "false")]
        {
            if pod.get(field).is_none() {
                maker.set(&mut pod, field, maker.plain(usual));
            }
        }
        if pod.get("topologySpreadConstraints").is_none() {
            self.spread(&mut pod);
        }
        let account = self.node.path("serviceAccount.name").filter(|n| n.is_scalar());
        let account = account.map_or_else(|| maker.made_up(self.told.release), text);
        maker.set(&mut pod, "serviceAccountName", account);
        if matches!(kind, "cronjob" | "job") && pod.get("restartPolicy").is_none() {
            pod.set("restartPolicy", maker.default(), Value::string("Never", maker.default()));
        }
        for field in ["initContainers", "containers"] {
            let Some((key, containers)) = self.node.entry(field).filter(|(_, node)| node.is_map())
            else {
                continue;
            };
            let on = containers.effective_entries().filter(|(_, c)| c.is_map() && is_on(*c));
            let list = on.map(|(id, container)| self.container(id, container, field)).collect();
            let list = Value { data: Data::Seq(list), origin: written(containers) };
            set_written(&mut pod, field, key, list);
        }
        self.volumes(&mut pod);
        pod
    }

    /// A list, or a map of lists' items by name in newer versions.
    fn spread(&self, pod: &mut Value<'r>) {
        let mut options = self.options().into_iter().rev().flatten();
        let found = options.find_map(|(_, options)| {
            options.entry("topologySpreadConstraints").filter(|(_, node)| !node.is_empty())
        });
        let Some((key, node)) = found else { return };
        let constraints = if node.is_map() {
            let items = node.effective_entries().map(|(_, item)| value(item)).collect();
            Value { data: Data::Seq(items), origin: written(node) }
        } else {
            value(node)
        };
        set_written(pod, "topologySpreadConstraints", key, constraints);
    }

    fn container(&self, id: NodeRef<'r>, container: NodeRef<'r>, list: &str) -> Value<'r> {
        let maker = Maker { span: id.span() };
        let mut out = Value::map(written(container));
        let name = container.get("nameOverride").filter(|n| n.is_scalar()).unwrap_or(id);
        out.set("name", written(id), Value::string(name.text(), written(id)));
        let defaults = self.node.get("defaultContainerOptions").filter(|_| {
            list == "containers"
                || self.node.bool_at("applyDefaultContainerOptionsToInitContainers") != Some(false)
        });
        let merged = self.node.str_at("defaultContainerOptionsStrategy") == Some("merge");
        let both = [Some(container), defaults];
        for from in both.into_iter().flatten() {
            for field in CONTAINER {
                let Some((key, node)) = from.entry(field).filter(|(_, n)| !n.is_null()) else {
                    continue;
                };
                match out.get_mut(field) {
                    Some(own) if merged => fill(own, value(node)),
                    Some(_) => {}
                    None => set_written(&mut out, field, key, value(node)),
                }
            }
        }
        // A command may be one word.
        for field in ["command", "args"] {
            if let Some(one) = out.get_mut(field)
                && one.scalar().is_some()
            {
                let word = std::mem::replace(one, Value::seq(maker.nobody()));
                *one = Value { origin: word.origin, data: Data::Seq(vec![word]) };
            }
        }
        let first = |field: &str| both.into_iter().flatten().find_map(|from| from.entry(field));
        if let Some((key, image)) = first("image").filter(|(_, node)| !node.is_null()) {
            if let Some(image) = image_of(image) {
                set_written(&mut out, "image", key, image);
            }
            if let Some((key, policy)) = image.entry("pullPolicy").filter(|(_, n)| n.is_scalar()) {
                set_written(&mut out, "imagePullPolicy", key, value(policy));
            }
        }
        if let Some((key, env)) = first("env") {
            set_written(&mut out, "env", key, variables(env));
        }
        if let Some((key, from)) = first("envFrom") {
            set_written(&mut out, "envFrom", key, variables_from(from));
        }
        self.probes(&mut out, id, container, maker);
        self.mounts(&mut out, id);
        out
    }

    /// Until the third version the chart had probes of its own for the container `main`.
    fn may_have_probes(&self, id: NodeRef<'r>) -> bool {
        let major = self.told.version.and_then(|version| {
            let digits = version.trim_start_matches(['v', '^', '~', '=', ' ']);
            digits.split(['.', '@']).next()?.parse::<u32>().ok()
        });
        self.id() == "main" && id.text() == "main" && major.is_none_or(|major| major < 3)
    }

    fn probes(&self, out: &mut Value<'r>, id: NodeRef<'r>, container: NodeRef<'r>, maker: Maker) {
        let probes = container.get("probes");
        for (own, field) in [
            ("liveness", "livenessProbe"),
            ("readiness", "readinessProbe"),
            ("startup", "startupProbe"),
        ] {
            let entry = probes.and_then(|p| p.entry(own)).filter(|(_, probe)| probe.is_map());
            let Some((key, probe)) = entry else {
                if self.may_have_probes(id) {
                    maker.set(out, field, self.probe(None, maker));
                }
                continue;
            };
            let enabled = probe.value("enabled");
            match enabled.map(NodeRef::as_bool) {
                Some(Some(true)) => {
                    set_written(out, field, key, self.probe(Some(probe), maker));
                }
                // A template decides.
                Some(None) => maker.set(out, field, self.probe(None, maker)),
                None if self.may_have_probes(id) => {
                    maker.set(out, field, self.probe(Some(probe), maker));
                }
                Some(Some(false)) | None => {}
            }
        }
    }

    fn probe(&self, probe: Option<NodeRef<'r>>, maker: Maker) -> Value<'r> {
        let spec = probe.and_then(|probe| probe.get("spec"));
        let custom = probe.is_some_and(|probe| probe.bool_at("custom") == Some(true));
        let mut out = match (spec, probe) {
            (Some(spec), _) => value(spec),
            (None, Some(probe)) => Value::map(written(probe)),
            (None, None) => maker.map(),
        };
        if custom {
            return out;
        }
        let get = |field: &str| probe.and_then(|probe| probe.get(field));
        let kind = get("type").map_or("TCP", NodeRef::text);
        let port = get("port").map(value).or_else(|| self.port()).unwrap_or(maker.plain("80"));
        let mut handler = maker.map();
        let field = if let Some(command) = get("command") {
            maker.set(&mut handler, "command", value(command));
            "exec"
        } else {
            maker.set(&mut handler, "port", port);
            match kind {
                "HTTP" | "HTTPS" => {
                    let path = get("path").map_or_else(|| maker.made_up("/"), text);
                    maker.set(&mut handler, "path", path);
                    "httpGet"
                }
                "GRPC" => "grpc",
                _ => "tcpSocket",
            }
        };
        maker.set(&mut out, field, handler);
        out
    }

    /// The first port of the first Service.
    fn port(&self) -> Option<Value<'r>> {
        let (_, service) = self.told.values.get("service")?.entries().next()?;
        let (_, port) = service.get("ports")?.entries().next()?;
        Some(value(port.get("targetPort").or_else(|| port.get("port"))?))
    }

    fn persistence(&self) -> impl Iterator<Item = (NodeRef<'r>, NodeRef<'r>)> + use<'r> {
        let items = self.told.values.get("persistence").into_iter();
        let items = items.flat_map(NodeRef::effective_entries);
        items.filter(|(_, item)| item.is_map() && is_on(*item))
    }

    fn volumes(&self, pod: &mut Value<'r>) {
        let maker = self.maker();
        let mut volumes = Vec::new();
        for (id, item) in self.persistence() {
            let global = item.get("globalMounts").is_some_and(|mounts| !mounts.is_empty());
            let advanced = item.get("advancedMounts").filter(|mounts| !mounts.is_empty());
            let here = advanced.is_some_and(|mounts| mounts.get(self.id()).is_some());
            if !global && advanced.is_some() && !here {
                continue;
            }
            let (field, source) = volume(item, self.told.release, maker);
            let mut volume = Value::map(written(item));
            volume.set("name", written(id), Value::string(id.text(), written(id)));
            if let Some(spec) = item.get("volumeSpec").filter(|spec| spec.is_map()) {
                fill(&mut volume, value(spec));
            } else {
                volume.set(field, written(id), source);
            }
            volumes.push(volume);
        }
        if let Some((key, _)) =
            self.told.values.entry("persistence").filter(|_| !volumes.is_empty())
        {
            let list = Value { data: Data::Seq(volumes), origin: written(key) };
            set_written(pod, "volumes", key, list);
        }
    }

    fn mounts(&self, out: &mut Value<'r>, container: NodeRef<'r>) {
        let mut mounts = Vec::new();
        for (id, item) in self.persistence() {
            let global = item.get("globalMounts").into_iter().flat_map(NodeRef::items);
            let advanced = item.get("advancedMounts").filter(|mounts| !mounts.is_empty());
            let own = advanced.and_then(|m| m.get(self.id())).and_then(|m| m.get(container.text()));
            let own = own.into_iter().flat_map(NodeRef::items);
            let listed: Vec<_> = global.chain(own).map(Some).collect();
            let listed = if listed.is_empty() && advanced.is_none() { vec![None] } else { listed };
            for mount in listed {
                let mut one = Value::map(written(mount.unwrap_or(id)));
                one.set("name", written(id), Value::string(id.text(), written(id)));
                let host = item.get("hostPath").filter(|_| item.str_at("type") == Some("hostPath"));
                let path = match mount.and_then(|m| m.get("path")).or(host) {
                    Some(path) => text(path),
                    None => Value::string(format!("/{}", id.text()), written(id)),
                };
                one.set("mountPath", written(id), path);
                for field in ["subPath", "readOnly", "mountPropagation"] {
                    if let Some((key, node)) = mount.and_then(|mount| mount.entry(field)) {
                        set_written(&mut one, field, key, value(node));
                    }
                }
                mounts.push(one);
            }
        }
        if !mounts.is_empty() {
            let origin = Origin::new(container.span(), Writer::Values);
            out.set("volumeMounts", origin, Value { data: Data::Seq(mounts), origin });
        }
    }
}
