//! Amounts that contradict each other, or that nobody can have meant.

use kubeready_manifest::kube::{Kind, Object, Quantity, Role, Workload};
use kubeready_manifest::yaml::NodeRef;

use crate::catalogue::{Confidence, Severity, options};
use crate::engine::Ctx;

/// The API server refuses a pod that is promised more than it may use.
pub(crate) fn request_exceeds_limit<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for container in workload.containers().filter(|c| c.role() != Role::Ephemeral) {
        if let Some(resources) = container.path("resources") {
            let owner = || format!("container `{}`", container.name());
            exceeding(resources, owner, Some(container.name()), ctx);
        }
    }
    if let Some(resources) = workload.pod().get("resources") {
        let owner = || format!("the pod of `{}`", workload.name());
        exceeding(resources, owner, None, ctx);
    }
}

/// `512m` of memory is half a byte, and `500` of CPU is five hundred cores.
pub(crate) fn suspicious_quantity_unit<'t>(object: Object<'t>, ctx: &mut Ctx<'_, 't>) {
    let root = object.root();
    match object.kind() {
        Kind::PersistentVolumeClaim => amounts(root, "spec.resources.requests", None, ctx),
        Kind::ResourceQuota => {
            // Hundreds of cores are what quotas are for.
            for (key, value) in root.path("spec.hard").into_iter().flat_map(NodeRef::entries) {
                if measure(key.text()) != Some(Measure::Cores) {
                    amount(key.text(), value, None, ctx);
                }
            }
        }
        Kind::LimitRange => {
            for item in root.items_at("spec.limits") {
                for field in ["default", "defaultRequest"] {
                    amounts(item, field, None, ctx);
                }
            }
        }
        _ => match ctx.workload() {
            Some(workload) => amounts_of_pod(workload, ctx),
            None => ctx.pass_over(),
        },
    }
}

fn amount<'t>(resource: &str, node: NodeRef<'t>, container: Option<&str>, ctx: &mut Ctx<'_, 't>) {
    if !node.is_scalar() || node.as_bool().is_some() {
        return;
    }
    let Some(measure) = measure(resource) else { return };
    let most = ctx.option(&options::SUSPICIOUS_QUANTITY_UNIT_CORES);
    let Some(doubt) = doubt(measure, node.text(), most) else { return };
    let finding =
        ctx.report(node.here(), format!("{resource} is `{}`: {}", node.text(), doubt.what));
    finding.help(doubt.help);
    finding.container = container.map(str::to_owned);
    if doubt.possible {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
}

fn amounts<'t>(base: NodeRef<'t>, path: &str, container: Option<&str>, ctx: &mut Ctx<'_, 't>) {
    for (key, value) in base.path(path).into_iter().flat_map(NodeRef::entries) {
        amount(key.text(), value, container, ctx);
    }
}

fn amounts_of_pod<'t>(workload: Workload<'t>, ctx: &mut Ctx<'_, 't>) {
    for container in workload.containers().filter(|c| c.role() != Role::Ephemeral) {
        for path in ["resources.requests", "resources.limits"] {
            amounts(container.node(), path, Some(container.name()), ctx);
        }
    }
    for path in ["resources.requests", "resources.limits"] {
        amounts(workload.pod(), path, None, ctx);
    }
    for claim in workload.claim_templates() {
        amounts(claim, "spec.resources.requests", None, ctx);
    }
    for volume in workload.volumes() {
        if let Some(size) = volume.path("emptyDir.sizeLimit") {
            amount("sizeLimit", size, None, ctx);
        }
    }
}

/// What is odd about an amount.
struct Doubt {
    what: String,
    help: String,
    /// Somebody may mean it.
    possible: bool,
}

fn doubt(measure: Measure, text: &str, most_cores: i64) -> Option<Doubt> {
    // A template fills this in later.
    if text.contains(['{', '}', '$', '<', '>', '%', '@']) {
        return None;
    }
    let Some(value) = Quantity::parse(text) else { return unreadable(measure, text) };
    let unit =
        text.trim_start_matches(['+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let number = &text[..text.len() - unit.len()];
    if measure == Measure::Cores {
        if value < most_cores || matches!(unit, "m" | "u" | "n") {
            return None;
        }
        // Whole large machines come in such sizes.
        let whole_node = number.parse().is_ok_and(|n: i64| n % 16 == 0 && n <= 512);
        let what = if unit.is_empty() {
            "without `m` it counts whole cores"
        } else {
            "no node has that many cores"
        };
        return Some(Doubt {
            what: what.to_owned(),
            help: format!("write thousandths of a core with `m`: `{number}m`"),
            possible: unit.is_empty() && whole_node,
        });
    }
    if value <= Quantity::ZERO || value >= Quantity::mebi(1) {
        return None;
    }
    let what = match unit {
        "m" | "u" | "n" => format!("`{unit}` means fractions of a byte"),
        // A small scratch volume may well be counted in kilobytes.
        "k" | "Ki" if measure == Measure::Bytes => return None,
        "k" | "Ki" => "less than a program needs to start".to_owned(),
        _ => "without a unit it counts bytes".to_owned(),
    };
    let help = format!("write mebibytes as `{number}Mi`, gibibytes as `{number}Gi`");
    Some(Doubt { what, help, possible: false })
}

fn exceeding<'t>(
    resources: NodeRef<'t>,
    owner: impl Fn() -> String,
    container: Option<&str>,
    ctx: &mut Ctx<'_, 't>,
) {
    let (Some(requests), Some(limits)) = (resources.get("requests"), resources.get("limits"))
    else {
        return;
    };
    for (key, request) in requests.entries() {
        let Some(limit) = limits.get(key.text()) else { continue };
        let (Some(asked), Some(most)) = (Quantity::read(request), Quantity::read(limit)) else {
            continue;
        };
        if asked <= most {
            continue;
        }
        let resource = key.text();
        let message = format!(
            "{} requests `{}` of {resource}, more than its limit of `{}`",
            owner(),
            request.text(),
            limit.text()
        );
        let finding = ctx.report(request.here(), message);
        finding
            .label("above the limit")
            .related(limit.span(), "the limit")
            .help("lower the request to the limit, or raise the limit");
        finding.container = container.map(str::to_owned);
    }
}

/// How a resource is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    Cores,
    Memory,
    /// Of a disk.
    Bytes,
}

fn measure(resource: &str) -> Option<Measure> {
    let plain = resource.strip_prefix("requests.").or_else(|| resource.strip_prefix("limits."));
    match plain.unwrap_or(resource) {
        "cpu" => Some(Measure::Cores),
        "memory" => Some(Measure::Memory),
        "storage" | "ephemeral-storage" | "sizeLimit" => Some(Measure::Bytes),
        _ => None,
    }
}

/// A number with a unit that the API server does not know.
fn unreadable(measure: Measure, text: &str) -> Option<Doubt> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let meant = match (measure, unit.trim().to_ascii_lowercase().as_str()) {
        (Measure::Cores, "m" | "mcpu" | "mcore" | "mcores" | "millicore" | "millicores") => "m",
        (Measure::Cores, "c" | "cpu" | "cpus" | "core" | "cores" | "vcpu" | "vcpus") => "",
        (Measure::Memory | Measure::Bytes, unit) => match unit {
            "b" | "byte" | "bytes" => "",
            "k" | "kb" | "ki" | "kib" => "Ki",
            "m" | "mb" | "mi" | "mib" => "Mi",
            "g" | "gb" | "gi" | "gib" => "Gi",
            "t" | "tb" | "ti" | "tib" => "Ti",
            _ => return Some(Doubt::unknown()),
        },
        _ => return Some(Doubt::unknown()),
    };
    Some(Doubt {
        what: "the API server knows no such unit".to_owned(),
        help: format!("write `{number}{meant}`"),
        possible: false,
    })
}

impl Doubt {
    fn unknown() -> Self {
        Self {
            what: "the API server cannot read it".to_owned(),
            help: "write CPU as `500m` or `2`, memory as `256Mi` or `1Gi`".to_owned(),
            possible: false,
        }
    }
}
