//! Stand-in until the command line exists: `check [--kubernetes-version 1.N] … PATH`, `rules`.
#![allow(clippy::print_stdout, clippy::unwrap_used)]
use kubeready::{
    catalogue, engine,
    index::Index,
    set::{Member, Set, SetFile, Standing},
    settings::Settings,
    source::{Lines, SourceId},
};
use kubeready_manifest::{kube::objects, yaml::Tree};

fn walk(path: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    if path.is_dir() {
        let mut entries: Vec<_> =
            std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for e in entries {
            if !e.file_name().unwrap().to_string_lossy().starts_with('.') {
                walk(&e, out);
            }
        }
    } else if path.extension().is_some_and(|x| x == "yaml" || x == "yml" || x == "json") {
        out.push(path.into());
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args[0] == "rules" {
        let v: Vec<_> = catalogue::rules()
            .map(|(_, r)| serde_json::json!({"name": r.name, "aliases": r.aliases}))
            .collect();
        println!("{}", serde_json::to_string(&v).unwrap());
        return;
    }
    let ids: Vec<_> = catalogue::rules().map(|(i, _)| i).collect();
    let mut settings = Settings::only(&ids);
    let mut paths = vec![];
    let mut i = 1;
    let mut one = None;
    while i < args.len() {
        match args[i].as_str() {
            "--kubernetes-version" => {
                settings.kubernetes_version =
                    args[i + 1].trim_start_matches("v1.").trim_start_matches("1.").parse().unwrap();
                i += 1;
            }
            "--output" => i += 1,
            "--select" => {
                if args[i + 1] != "ALL" {
                    one = Some(args[i + 1].clone());
                }
                i += 1;
            }
            p => walk(std::path::Path::new(p), &mut paths),
        }
        i += 1;
    }
    if let Some(one) = one {
        let ids: Vec<_> = catalogue::rules()
            .filter(|(_, r)| one.split(',').any(|s| kubeready::settings::selects(s, r)))
            .map(|(i, _)| i)
            .collect();
        let v = settings.kubernetes_version;
        settings = Settings::only(&ids);
        settings.kubernetes_version = v;
    }
    let mut files = vec![];
    for p in &paths {
        let Ok(text) = std::fs::read_to_string(p) else { continue };
        files.push((p.display().to_string(), text));
    }
    let trees: Vec<Tree> = files
        .iter()
        .enumerate()
        .map(|(i, (_, t))| Tree::parse(t.as_str(), SourceId(i as u32)))
        .collect();
    let mut set = Set::default();
    let mut dirs = std::collections::BTreeMap::new();
    for ((p, _), tree) in files.iter().zip(&trees) {
        set.files.push(SetFile { tree, standing: Standing::Judged });
        let d = p.rsplit_once('/').map_or("", |x| x.0);
        let n = dirs.len() as u32;
        let directory = *dirs.entry(d).or_insert(n);
        for (_, root) in tree.documents() {
            let mut f = vec![];
            objects(root, &mut f);
            set.members.extend(f.into_iter().map(|object| Member {
                object,
                standing: Standing::Judged,
                directory,
            }));
        }
    }
    let index = Index::build(&set);
    let silenced = vec![false; catalogue::CATALOGUE.len()];
    let out = engine::run(&set, &index, &engine::Plan::new(&settings), &settings, &silenced);
    let v: Vec<_> = out.findings.iter().map(|f| { let (p, t) = &files[f.span.source.0 as usize]; let pos = Lines::of(t).position(t, f.span.start);
        serde_json::json!({"rule": f.rule.rule().name, "message": f.message, "severity": f.severity.name(), "file": p, "line": pos.line, "column": pos.column, "field": f.field, "container": f.container, "resource": f.resource.as_ref().map(|r| serde_json::json!({"kind": r.kind, "namespace": r.namespace, "name": r.name}))}) }).collect();
    println!("{}", serde_json::to_string(&serde_json::json!({"findings": v})).unwrap());
    for b in out.bugs {
        println!("BUG {b:?}");
    }
}
