//! Compiles the pages in `rules/<topic>/<name>.md` into the catalogue. Every mistake is a build
//! error that names the page.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "../src/catalogue/front_matter.rs"]
#[expect(unreachable_pub, reason = "public in the library, which shares this file")]
mod front_matter;

#[path = "../src/catalogue/opening.rs"]
#[expect(unreachable_pub, reason = "public in the library, which shares this file")]
mod opening;

use front_matter::Page;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/catalogue/front_matter.rs");
    println!("cargo::rerun-if-changed=src/catalogue/opening.rs");
    real_tools();
    let mut pages = Vec::new();
    for topic in folder("rules").into_iter().filter(|p| p.is_dir()) {
        pages.extend(
            folder(&topic).into_iter().filter(|p| p.extension().is_some_and(|x| x == "md")),
        );
    }
    let mut out = Output::default();
    let mut failed = false;
    for path in &pages {
        if let Err(why) = compile(path, &mut out) {
            println!("cargo::error={}: {why}", path.display());
            failed = true;
        }
    }
    if failed {
        std::process::exit(1);
    }
    let dir = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let catalogue = format!(
        "/// Every rule, sorted by topic and name.\npub static CATALOGUE: &[Rule] = &[\n{}];\n\n\
     \npub mod options {{\n{}}}\n",
        out.rules, out.options
    );
    fs::write(dir.join("catalogue.rs"), catalogue).expect("OUT_DIR is writable");
    fs::write(dir.join("pages.md"), out.pages).expect("OUT_DIR is writable");
    fs::write(dir.join("page_tests.rs"), out.tests).expect("OUT_DIR is writable");
}

/// Tests compare with the real kustomize and helm where they are; where not they count as ignored,
/// which only the compiler can tell the test runner.
fn real_tools() {
    println!("cargo::rustc-check-cfg=cfg(real_kustomize)");
    println!("cargo::rustc-check-cfg=cfg(real_helm)");
    println!("cargo::rerun-if-env-changed=PATH");
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if is_there("kustomize") || is_there("kubectl") {
        println!("cargo::rustc-cfg=real_kustomize");
    }
    if is_there("helm") {
        println!("cargo::rustc-cfg=real_helm");
    }
}

#[derive(Default)]
struct Output {
    rules: String,
    options: String,
    pages: String,
    tests: String,
    names: Vec<String>,
}

fn folder(path: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).expect("rules/ is part of the source tree");
    let mut paths: Vec<_> = entries.map(|e| e.expect("readable directory entry").path()).collect();
    paths.sort();
    paths
}

fn part(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn compile(path: &Path, out: &mut Output) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let page = front_matter::parse(&text)?;
    let name = part(path);
    let topic = path.parent().map(part).unwrap_or_default();
    if !is_kebab(&name) || !is_kebab(&topic) {
        return Err("topic and name are kebab-case: `rules/pod-security/host-network.md`".into());
    }
    let aliases = page.list("aliases")?;
    for taken in std::iter::once(name.as_str()).chain(aliases.iter().copied()) {
        if out.names.iter().any(|n| n == taken) {
            return Err(format!("the name `{taken}` is used by another page"));
        }
        out.names.push(taken.to_owned());
    }
    let title = needed(&page, "title")?;
    if title.ends_with('.') {
        return Err("`title` ends without a full stop".into());
    }
    let episode: u8 = needed(&page, "episode")?.parse().map_err(|_| "`episode` is 1 to 10")?;
    if !(1..=10).contains(&episode) {
        return Err("`episode` is 1 to 10".into());
    }
    let item = one_of(
        &page,
        "item",
        None,
        &[
            ("1", "Resources"),
            ("2", "Health"),
            ("3", "Security"),
            ("4", "Availability"),
            ("5", "Observability"),
            ("6", "Delivery"),
            ("plus", "Plus"),
        ],
    )?;
    let scope = one_of(
        &page,
        "scope",
        None,
        &[
            ("container", "Container"),
            ("workload", "Workload"),
            ("object", "Object"),
            ("namespace", "Namespace"),
            ("set", "Set"),
            ("fleet", "Fleet"),
            ("file", "File"),
            ("suppression", "Suppression"),
        ],
    )?;
    let severity = one_of(
        &page,
        "severity",
        None,
        &[("error", "Error"), ("warning", "Warning"), ("advice", "Advice")],
    )?;
    let confidence = one_of(
        &page,
        "confidence",
        Some("certain"),
        &[("certain", "Certain"), ("likely", "Likely"), ("hint", "Hint")],
    )?;
    let profile = one_of(
        &page,
        "profile",
        None,
        &[("lab", "Lab"), ("production", "Production"), ("critical", "Critical"), ("off", "Off")],
    )?;
    let fix = one_of(
        &page,
        "fix",
        Some("none"),
        &[("none", "None"), ("safe", "Safe"), ("unsafe", "Unsafe")],
    )?;
    let neighbours = one_of(
        &page,
        "neighbours",
        Some("none"),
        &[("none", "None"), ("present", "Present"), ("absent", "Absent")],
    )?;
    let reads = one_of(
        &page,
        "reads",
        Some("manifests"),
        &[("manifests", "Manifests"), ("workflows", "Workflows"), ("clusters", "Clusters")],
    )?;
    if reads != "Manifests" && scope != "File" {
        return Err("`reads` goes with `scope: file`".into());
    }
    let satisfied_by = page.list("satisfied-by")?;
    if !satisfied_by.is_empty() && neighbours != "Absent" {
        return Err("`satisfied-by` goes with `neighbours: absent`".into());
    }
    for heading in ["## Why", "## Fails", "## Passes", "## When to ignore it"] {
        if !page.body.lines().any(|l| l == heading) {
            return Err(format!("the heading `{heading}` is missing"));
        }
    }
    if !page.body.contains("# <- here") {
        return Err("no line of `## Fails` is marked `# <- here`".into());
    }
    let function = name.replace('-', "_");
    let module = topic.replace('-', "_");
    let options = options(&page, &function, &mut out.options)?;
    let index = out.rules.lines().count();
    let from = out.pages.len();
    out.pages.push_str(page.body);
    writeln!(
        out.rules,
        "    Rule {{ name: {name:?}, title: {title:?}, topic: {topic:?}, episode: {episode}, \
         item: Item::{item}, severity: Severity::{severity}, confidence: Confidence::{confidence}, \
         profile: Profile::{profile}, fix: FixSafety::{fix}, since: {:?}, \
         neighbours: Neighbours::{neighbours}, reads: Reads::{reads}, satisfied_by: &{satisfied_by:?}, \
         aliases: &{aliases:?}, peers: &{:?}, options: &[{options}], summary: {:?}, why: {:?}, \
         page: page({}, {}), \
         check: Check::{scope}(crate::rules::{module}::{function}) }},",
        page.get("since").unwrap_or("0.1.0"),
        page.list("peers")?,
        opening::summary(page.body),
        opening::why(page.body),
        grouped(from),
        grouped(out.pages.len()),
    )
    .expect("writing to a string");
    writeln!(
        out.tests,
        "#[test]\nfn {function}() {{\n    super::check_page({index}, {:?});\n}}\n",
        path.display().to_string()
    )
    .expect("writing to a string");
    Ok(())
}

fn needed<'a>(page: &Page<'a>, key: &str) -> Result<&'a str, String> {
    page.get(key).ok_or_else(|| format!("`{key}` is missing"))
}

fn one_of(
    page: &Page<'_>,
    key: &str,
    default: Option<&str>,
    values: &[(&str, &'static str)],
) -> Result<&'static str, String> {
    let given = page.get(key).or(default).ok_or_else(|| format!("`{key}` is missing"))?;
    values.iter().find(|(name, _)| *name == given).map(|(_, variant)| *variant).ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
        format!("`{key}: {given}` is not one of {}", names.join(", "))
    })
}

/// A number as people write long ones in Rust.
fn grouped(number: usize) -> String {
    match number / 1000 {
        0 => number.to_string(),
        thousands => format!("{}_{:03}", grouped(thousands), number % 1000),
    }
}

/// Typed constants for `option.NAME: default`, and the list for the catalogue.
fn options(page: &Page<'_>, function: &str, consts: &mut String) -> Result<String, String> {
    let mut listed = String::new();
    for (key, value, line) in &page.fields {
        let Some(name) = key.strip_prefix("option.") else { continue };
        if !is_kebab(name) {
            return Err(format!("line {line}: the option `{name}` is not kebab-case"));
        }
        let (variant, literal, rust) = if let Ok(number) = value.parse::<i64>() {
            ("Int", number.to_string(), "i64")
        } else if let Ok(flag) = value.parse::<bool>() {
            ("Bool", flag.to_string(), "bool")
        } else if let Some(items) = front_matter::list(value) {
            ("List", format!("&{items:?}"), "&'static [&'static str]")
        } else {
            ("Str", format!("{value:?}"), "&'static str")
        };
        write!(
            listed,
            "RuleOption {{ name: {name:?}, default: OptionDefault::{variant}({literal}) }}, "
        )
        .expect("writing to a string");
        let constant = format!("{function}_{}", name.replace('-', "_")).to_uppercase();
        writeln!(
            consts,
            "    /// Option `{name}`.\n    pub const {constant}: super::Opt<{rust}> = super::Opt {{ name: {name:?}, default: {literal} }};"
        )
        .expect("writing to a string");
    }
    Ok(listed)
}

fn is_kebab(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
