//! What rendering found out, as findings.

use std::path::Path;

use kubeready_manifest::yaml::NodeRef;
use rustc_hash::FxHashSet;

use super::kustomization::Files;
use crate::catalogue::{Confidence, Severity};
use crate::engine::Ctx;
use crate::fleet::Fleet;
use crate::load::beside;
use crate::render::delivery::Engine;
use crate::render::{Fault, FaultKind};
use crate::source::SourceId;

/// Flux writes nothing where a variable has no value, and the object is applied like that.
pub(crate) fn flux_substitution_undefined<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    report_all(
        fleet,
        FaultKind::UndefinedVariable,
        "define the variable in `postBuild`, or give it a default",
        ctx,
    );
}

/// Each of the two kinds is built in its own way.
pub(crate) fn kustomize_component_misuse<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    report_all(
        fleet,
        FaultKind::ComponentMisuse,
        "move it to the list that its kind belongs to",
        ctx,
    );
}

/// A circle has no first one to build.
pub(crate) fn kustomize_cycle<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    report_all(
        fleet,
        FaultKind::Cycle,
        "move what both need into a third directory, and name that in both",
        ctx,
    );
}

/// Kustomize cannot tell which of the two is meant.
pub(crate) fn kustomize_duplicate_resource<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    report_all(
        fleet,
        FaultKind::DuplicateResource,
        "name it once; to change an object of a base, use a patch",
        ctx,
    );
}

/// Kustomize reads files from its own directory and below only.
pub(crate) fn kustomize_load_restriction<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let mut faults = index.all_faults(FaultKind::LoadRestriction).peekable();
    if faults.peek().is_none() {
        return nothing_at_fault(fleet, ctx);
    }
    if is_switched_off(fleet) {
        return;
    }
    let (by_flux, by_others) = builders(fleet);
    for fault in faults {
        let source = fault.at.source;
        if by_flux.contains(&source) && !by_others.contains(&source) {
            continue;
        }
        let help = "move the file below the kustomization, or make its directory a base";
        report(fault, help, ctx);
    }
}

/// A name without a file behind it stops the whole build.
pub(crate) fn kustomize_missing_file<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let mut faults = index.all_faults(FaultKind::MissingFile).peekable();
    if faults.peek().is_none() {
        return nothing_at_fault(fleet, ctx);
    }
    let files = Files::of(fleet);
    let read = common(fleet);
    for fault in faults {
        if leads_out(fault, &files, [fleet.world.root(), read]) {
            continue;
        }
        let help = "correct the path, add what is missing, or delete the entry";
        report(fault, help, ctx);
    }
}

/// A patch without a target changes nothing, and nobody is told.
pub(crate) fn kustomize_patch_target_missing<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let mut faults = index.all_faults(FaultKind::PatchTargetMissing).peekable();
    if faults.peek().is_none() {
        return nothing_at_fault(fleet, ctx);
    }
    let files = Files::of(fleet);
    for fault in faults {
        let node = files.node(fault.at);
        // One that a patch of somebody else brought in, as a Kustomization of Flux does for all that it
        // delivers, is for those that have such an object. It stands within a text, so it is no node.
        if !fault.fatal && (node.is_none() || is_open(fault, &files, fleet)) {
            continue;
        }
        let named = names_one(node);
        let finding = report(fault, "correct the name or the target, or delete the patch", ctx);
        match (fault.fatal, named) {
            (true, _) => {}
            (false, true) => {
                finding.severity(Severity::Warning);
            }
            // "All Deployments" may well be none.
            (false, false) => {
                finding.severity(Severity::Advice).confidence(Confidence::Likely);
            }
        }
    }
}

/// Kustomize takes known fields only, and a slip of the pen stops the build.
pub(crate) fn kustomize_unknown_field<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    report_all(fleet, FaultKind::UnknownField, "correct the name, or delete the field", ctx);
}

/// Who sets a tag expects it to be used.
pub(crate) fn kustomize_unused_override<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let mut faults = index.all_faults(FaultKind::UnusedOverride).peekable();
    if faults.peek().is_none() {
        return nothing_at_fault(fleet, ctx);
    }
    let files = Files::of(fleet);
    for fault in faults {
        if !fault.fatal && is_open(fault, &files, fleet) {
            continue;
        }
        let help = "correct the name to the one that the manifests use, or delete the entry";
        let finding = report(fault, help, ctx);
        if fault.fatal {
            finding.severity(Severity::Error);
        }
    }
}

/// Every fault of a kind, each with the same advice.
fn report_all<'t>(fleet: &Fleet<'t>, kind: FaultKind, help: &str, ctx: &mut Ctx<'_, 't>) {
    let index = ctx.index();
    let mut faults = index.all_faults(kind).peekable();
    if faults.peek().is_none() {
        return nothing_at_fault(fleet, ctx);
    }
    for fault in faults {
        report(fault, help, ctx);
    }
}

/// Where nothing is rendered nothing goes wrong with it.
fn nothing_at_fault<'t>(fleet: &Fleet<'t>, ctx: &mut Ctx<'_, 't>) {
    if fleet.units.is_empty() {
        ctx.pass_over();
    }
}

fn report<'f>(
    fault: &Fault,
    help: &str,
    ctx: &'f mut Ctx<'_, '_>,
) -> &'f mut crate::finding::Finding {
    let finding = ctx.report_span(fault.at, fault.message.clone());
    finding.help(fault.help.clone().unwrap_or_else(|| help.to_owned()))
}

/// Whether somebody in the repository tells kustomize to read files from anywhere.
fn is_switched_off(fleet: &Fleet<'_>) -> bool {
    let switches = |text: &str| text.contains("LoadRestrictionsNone");
    fleet.world.files().filter_map(|f| f.tree.as_ref()).any(|tree| switches(tree.text()))
}

/// Sources that Flux builds, which reads files from anywhere in the repository, and those that
/// others build.
fn builders(fleet: &Fleet<'_>) -> (FxHashSet<SourceId>, FxHashSet<SourceId>) {
    let by_flux: FxHashSet<usize> = (fleet.deliveries.iter())
        .filter(|delivered| delivered.delivery.engine == Engine::Flux)
        .filter_map(|delivered| delivered.unit)
        .collect();
    let (mut flux, mut others) = (FxHashSet::default(), FxHashSet::default());
    for (at, unit) in fleet.units.iter().enumerate() {
        let of = if by_flux.contains(&at) { &mut flux } else { &mut others };
        of.extend(unit.inputs.iter().copied());
    }
    (flux, others)
}

/// Whether an entry leads out of what was read: what is there is not known.
fn leads_out(fault: &Fault, files: &Files<'_>, known: [&Path; 2]) -> bool {
    let Some(file) = files.get(fault.at.source) else { return false };
    let Some(node) = files.node(fault.at).filter(|node| node.is_scalar()) else { return false };
    let path = node.text().split_once('=').map_or(node.text(), |(_, path)| path);
    let path = beside(&file.input.path, path);
    !known.iter().any(|known| path.starts_with(known))
}

/// The deepest directory that holds everything that was read.
fn common<'t>(fleet: &Fleet<'t>) -> &'t Path {
    let mut folders = fleet.world.files().filter_map(|file| file.input.path.parent());
    let Some(mut common) = folders.next() else { return Path::new("") };
    for folder in folders {
        while !folder.starts_with(common) {
            let Some(parent) = common.parent() else { return common };
            common = parent;
        }
    }
    common
}

/// Whether what a kustomization changes may be elsewhere: for a component in another of its
/// kustomizations, or in a file that is still to be written.
fn is_open(fault: &Fault, files: &Files<'_>, fleet: &Fleet<'_>) -> bool {
    let source = fault.at.source;
    files.is_component(source) || files.awaits_more(source, fleet.world)
}

/// Whether a target means one object by its name.
fn names_one(target: Option<NodeRef<'_>>) -> bool {
    let name = target.and_then(|target| target.str_at("name")).unwrap_or("");
    !name.is_empty() && !name.contains(['*', '|', '(', '[', '+', '?', '^'])
}
