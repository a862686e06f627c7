//! Suppressions that are unused, expired or without a reason.

use crate::engine::Ctx;
use crate::suppress::{Dialect, Suppression};

/// A date was set so that someone looks again; it has come.
pub(crate) fn expired_suppression(suppression: &Suppression, ctx: &mut Ctx<'_, '_>) {
    if !suppression.expired {
        return;
    }
    let names = names(suppression);
    let message = match suppression.until {
        Some((year, month, day)) => {
            format!("the suppression of {names} ended on {year:04}-{month:02}-{day:02}")
        }
        None => format!("the suppression of {names} has ended"),
    };
    report(suppression, ctx, message, "no longer in force")
        .help("mend what it hides, or set a new date with the reason for it");
}

/// Without a reason nobody dares to remove it.
pub(crate) fn suppression_without_reason(suppression: &Suppression, ctx: &mut Ctx<'_, '_>) {
    let given = suppression.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    // Some peers' dialects have no room for a reason.
    if given || matches!(suppression.dialect, Dialect::Peer(_)) {
        return;
    }
    let message = format!("the suppression of {} gives no reason", names(suppression));
    report(suppression, ctx, message, "why?")
        .help("say in a few words why the finding may stay, and until when");
}

/// What it was for is gone, and the next finding at its place would go unseen.
pub(crate) fn unused_suppression(suppression: &Suppression, ctx: &mut Ctx<'_, '_>) {
    // An expired one takes nothing away: that is said once. A peer's own mark may still serve it.
    if suppression.used > 0
        || !suppression.judged
        || suppression.expired
        || matches!(suppression.dialect, Dialect::Peer(_))
    {
        return;
    }
    let message = format!("the suppression of {} suppresses nothing", names(suppression));
    report(suppression, ctx, message, "nothing to suppress").help("remove it");
}

fn report<'c>(
    suppression: &Suppression,
    ctx: &'c mut Ctx<'_, '_>,
    message: String,
    label: &str,
) -> &'c mut crate::finding::Finding {
    let finding = ctx.report_span(suppression.span, message);
    finding.label(label);
    finding.resource.clone_from(&suppression.resource);
    finding
}

fn names(suppression: &Suppression) -> String {
    match suppression.names.as_slice() {
        [] => "every rule".to_owned(),
        names => format!("`{}`", names.join("`, `")),
    }
}
