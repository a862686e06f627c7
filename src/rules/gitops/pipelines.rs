//! CI workflows that change a cluster themselves, past what delivers it from git.

use kubeready_manifest::source::Span;
use kubeready_manifest::yaml::{NodeRef, Tree};

use crate::engine::Ctx;

/// As many nodes of a workflow as are looked at: aliases can make many of few.
const BUDGET: usize = 100_000;

/// What a pipeline applies is in no commit that Argo CD or Flux knows of, and gone with the next one.
pub(crate) fn kubectl_in_pipeline<'t>(tree: &'t Tree, ctx: &mut Ctx<'_, 't>) {
    for (_, root) in tree.documents() {
        let jobs = jobs(root);
        // Where jobs are no part of the format, one may prepare the cluster of the next.
        if !jobs.is_written && is_about_other_clusters(root) {
            continue;
        }
        for (name, job) in jobs.list {
            if jobs.is_written && is_about_other_clusters(job) {
                continue;
            }
            let Some((script, line, command)) = first_change(job) else { continue };
            let message = match name {
                "" => format!("the pipeline changes a cluster with `{command}`"),
                _ => format!("the job `{name}` changes a cluster with `{command}`"),
            };
            let finding = ctx.report(script.here(), message);
            finding.label("past what git says").help(
                "commit the change (an image tag, a chart version) and let Argo CD or Flux apply it",
            );
            if let Some(span) = place_of(script, line) {
                finding.span = span;
            }
        }
    }
}

/// The jobs of a pipeline by name.
struct Jobs<'t> {
    /// Listed as jobs that run on machines of their own, as GitHub, Azure and CircleCI do.
    is_written: bool,
    list: Vec<(&'t str, NodeRef<'t>)>,
}

fn jobs(root: NodeRef<'_>) -> Jobs<'_> {
    let stages = root.items_at("stages").filter_map(|stage| stage.get("jobs"));
    let mut list = Vec::new();
    for jobs in root.get("jobs").into_iter().chain(stages) {
        list.extend(jobs.entries().map(|(name, job)| (name.text(), job)));
        list.extend(jobs.items().map(|job| {
            let name = ["job", "deployment"].iter().find_map(|key| job.str_at(key));
            (name.unwrap_or(""), job)
        }));
    }
    if !list.is_empty() {
        return Jobs { is_written: true, list };
    }
    let is_job = |node: &NodeRef<'_>| SCRIPTS.iter().any(|key| node.get(key).is_some());
    list.extend(root.entries().map(|(k, v)| (k.text(), v)).filter(|(_, job)| is_job(job)));
    if list.is_empty() || is_job(&root) {
        list = vec![("", root)];
    }
    Jobs { is_written: false, list }
}

/// Keys under which commands stand.
const SCRIPTS: [&str; 12] = [
    "run",
    "script",
    "before_script",
    "after_script",
    "after_success",
    "deploy",
    "command",
    "commands",
    "bash",
    "pwsh",
    "powershell",
    "inlineScript",
];

/// The first command of a job that changes a cluster: its script, its line, and its first words.
fn first_change(job: NodeRef<'_>) -> Option<(NodeRef<'_>, &str, String)> {
    let mut left = vec![(job, false)];
    let mut seen = 0;
    while let Some((node, is_script)) = left.pop() {
        seen += 1;
        if seen > BUDGET {
            return None;
        }
        if is_script && node.is_scalar() {
            let text = node.text();
            if let Some((line, command)) = text.lines().find_map(|l| Some((l, changes(text, l)?))) {
                return Some((node, line, command));
            }
        }
        let at = left.len();
        left.extend(node.items().map(|item| (item, is_script)));
        let script = |key: NodeRef<'_>| is_script || SCRIPTS.contains(&key.text());
        left.extend(node.entries().map(|(key, value)| (value, script(key))));
        if let Some(new) = left.get_mut(at..) {
            new.reverse();
        }
    }
    None
}

/// Programs, verbs and flags of the command on a line that changes a cluster; lines that a backslash
/// joins to it count for its flags.
fn changes(script: &str, line: &str) -> Option<String> {
    if line.trim_start().starts_with('#') || !(line.contains("kubectl") || line.contains("helm")) {
        return None;
    }
    line.split(['|', ';', '&', '`', '(', ')']).find_map(|part| {
        let mut words = part.split_whitespace().skip_while(|word| is_prefix(word));
        let program = words.next()?.trim_start_matches(['"', '\'', '@']);
        let program = program.rsplit('/').next().unwrap_or(program);
        let rest: Vec<&str> = words.collect();
        // What only prints may still feed the command that changes.
        let dry = |word: &&str| word.starts_with("--dry-run") && *word != "--dry-run=none";
        if rest.iter().any(dry) {
            return None;
        }
        let verb = match program {
            "kubectl" | "kubectl.exe" => kubectl_change(&rest)?,
            "helm" | "helm3" => helm_change(&rest)?,
            _ => return None,
        };
        let whole = joined(script, line);
        (!is_harmless(&whole)).then(|| format!("{} {verb}", program.trim_end_matches(".exe")))
    })
}

/// Words before a command: `sudo`, `FOO=bar`, `if !`.
fn is_prefix(word: &str) -> bool {
    matches!(word, "sudo" | "time" | "exec" | "if" | "then" | "else" | "do" | "!" | "xargs" | "{")
        || word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

/// Words of a command that are no flags, nor what belongs to one.
fn verbs<'a>(words: &[&'a str]) -> Vec<&'a str> {
    const TAKES_ONE: [&str; 12] = [
        "-n",
        "--namespace",
        "--context",
        "--kube-context",
        "--kubeconfig",
        "--cluster",
        "--user",
        "--token",
        "-s",
        "--server",
        "-f",
        "--filename",
    ];
    let mut verbs = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if TAKES_ONE.contains(word) {
            words.next();
        } else if !word.starts_with('-') {
            verbs.push(*word);
        }
    }
    verbs
}

fn kubectl_change(words: &[&str]) -> Option<String> {
    let verbs = verbs(words);
    let (verb, object) = (*verbs.first()?, verbs.get(1).copied().unwrap_or(""));
    let changes = match verb {
        "apply" => !matches!(object, "view-last-applied" | "edit-last-applied"),
        "create" => object != "token",
        "set" | "rollout" => {
            let reads = matches!(object, "status" | "history" | "");
            return (!reads).then(|| format!("{verb} {object}"));
        }
        "edit" | "scale" | "patch" | "replace" | "delete" | "autoscale" | "label" | "annotate" => {
            true
        }
        _ => false,
    };
    changes.then(|| verb.to_owned())
}

fn helm_change(words: &[&str]) -> Option<String> {
    let verb = *verbs(words).first()?;
    matches!(verb, "upgrade" | "install" | "uninstall" | "delete" | "rollback")
        .then(|| verb.to_owned())
}

/// The line and those that backslashes join to it.
fn joined(script: &str, line: &str) -> String {
    let mut lines = script.lines().skip_while(|l| !std::ptr::eq(*l, line));
    let mut whole = String::new();
    for line in &mut lines {
        whole.push_str(line.trim_end().trim_end_matches('\\'));
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    whole
}

/// Nothing is changed, or a cluster that is thrown away, or what GitOps itself starts with.
fn is_harmless(command: &str) -> bool {
    let dry = command.contains("--dry-run") && !command.contains("--dry-run=none");
    // A dry run that prints what the next command applies changes the cluster after all.
    let applied = command.contains("kubectl apply")
        && command
            .split('|')
            .any(|part| part.contains("kubectl apply") && !part.contains("--dry-run"));
    dry && !applied
        || ["kind-", "minikube", "k3d-", "docker-desktop"].iter().any(|context| {
            [format!("context {context}"), format!("context={context}")]
                .iter()
                .any(|flag| command.contains(flag.as_str()))
        })
        || ["argo-cd", "argocd", "fluxcd", "flux-operator", "flux-system", "gotk-"]
            .iter()
            .any(|word| command.contains(word))
}

/// Whether a job makes its own cluster for a test, or sets up GitOps in one.
fn is_about_other_clusters(job: NodeRef<'_>) -> bool {
    const MARKS: [&str; 20] = [
        "kind create",
        "kind-action",
        "setup-kind",
        "kind load",
        "kindest/node",
        "minikube",
        "k3d",
        "setup-k3s",
        "k3s-action",
        "get.k3s.io",
        "microk8s",
        "ctlptl",
        "vcluster create",
        "k0s",
        "talosctl cluster create",
        "ct install",
        "flux bootstrap",
        "flux install",
        "argocd app create",
        "argocd cluster add",
    ];
    let span = job.span();
    let text = job.tree().text().get(span.start as usize..span.end as usize).unwrap_or("");
    MARKS.iter().any(|mark| text.contains(mark))
}

/// The bytes of a line of a block of text; `None` where the script is written in one line.
fn place_of(script: NodeRef<'_>, line: &str) -> Option<Span> {
    let span = script.span();
    let text = script.tree().text().get(span.start as usize..span.end as usize)?;
    let wanted = line.trim();
    let mut start = span.start;
    for written in text.split_inclusive('\n') {
        if written.trim() == wanted {
            let indent = written.len() - written.trim_start().len();
            let start = start + u32::try_from(indent).ok()?;
            return Some(Span { start, end: start + u32::try_from(wanted.len()).ok()?, ..span });
        }
        start += u32::try_from(written.len()).ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::changes;

    fn first(script: &str) -> Option<String> {
        script.lines().find_map(|line| changes(script, line))
    }

    #[test]
    fn commands_that_change_a_cluster_are_known() {
        for (script, command) in [
            ("kubectl apply -f k8s/", "kubectl apply"),
            ("kubectl -n shop set image deploy/web web=x:1", "kubectl set image"),
            ("cd x && sudo kubectl --context=prod scale deploy/web --replicas 3", "kubectl scale"),
            ("kustomize build . | kubectl apply -f -", "kubectl apply"),
            ("KUBECONFIG=x helm upgrade --install web ./chart", "helm upgrade"),
            ("kubectl create ns a --dry-run=client -o yaml | kubectl apply -f -", "kubectl apply"),
            ("if kubectl rollout restart deploy/web; then", "kubectl rollout restart"),
        ] {
            assert_eq!(first(script).as_deref(), Some(command), "{script}");
        }
    }

    #[test]
    fn commands_that_only_look_are_left_alone() {
        for script in [
            "kubectl get pods",
            "kubectl diff -f k8s/",
            "kubectl apply --dry-run=server -f k8s/",
            "kubectl apply -f k8s/ \\\n  --dry-run=server",
            "kubectl rollout status deploy/web",
            "helm template web ./chart",
            "helm plugin install https://example.com/x",
            "echo kubectl apply -f k8s/",
            "# kubectl apply -f k8s/",
            "kubectl --context kind-test apply -f k8s/",
            "kubectl apply -n argocd -f install.yaml",
        ] {
            assert_eq!(first(script), None, "{script}");
        }
    }
}
