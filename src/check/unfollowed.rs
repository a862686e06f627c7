//! Deliveries that lead out of what is here: each reason is told once, at the first of them.

use std::collections::{BTreeMap, BTreeSet};

use super::NOT_READ;
use crate::problem::{Code, Problem};
use crate::render::Delivered;
use crate::render::delivery::{How, Source};
use crate::source::Span;

/// Why something is not judged, and what helps.
type Reason<'h> = (String, Option<&'h str>);

/// Notes about what Argo CD and Flux deliver and is not judged. What should be in the repository and
/// is missing is a finding of its own.
pub(super) fn unfollowed(
    deliveries: &[Delivered<'_>],
    wanted: &dyn Fn(Span) -> bool,
) -> Vec<Problem> {
    // By reason and what helps: where it is said, and by whom. Each once, however many deliver it.
    let mut reasons: BTreeMap<Reason<'_>, BTreeSet<(Span, String)>> = BTreeMap::new();
    for delivered in deliveries.iter().filter(|delivered| delivered.unit.is_none()) {
        let delivery = &delivered.delivery;
        let reason: Reason<'_> = match (&delivery.source, &delivery.how) {
            _ if delivery.suspended || !wanted(delivery.source_at) => continue,
            (Source::Elsewhere(url), _) => {
                let what = format!("it is in `{url}`, which is not this repository");
                (what, Some("if it is this repository, say so with `--repo-url`"))
            }
            // No file of what a plugin makes needs to be one that is read.
            (Source::Directory(_) | Source::Unknown(_), How::Plugin) => {
                ("a plugin makes it".to_owned(), None)
            }
            (Source::Unknown(why), _) if why == NOT_READ => {
                let help =
                    "give it as a path, too; check `include`, `exclude` and the ignore files";
                (why.clone(), Some(help))
            }
            (Source::Unknown(why), _) => (why.clone(), None),
            (Source::Chart(_), _) => {
                let help = "name a directory with fetched charts with `--charts`";
                ("its chart is not at hand".to_owned(), Some(help))
            }
            (Source::Directory(_) | Source::Missing(_), _) => continue,
        };
        let owner = format!("{} `{}`", delivery.owner.kind_name(), delivery.name);
        reasons.entry(reason).or_default().insert((delivery.source_at, owner));
    }
    let problem = |((reason, help), owners): (Reason<'_>, BTreeSet<(Span, String)>)| {
        let more = match owners.len() {
            0 | 1 => String::new(),
            number => format!(" (and {} more)", number - 1),
        };
        let (at, owner) = owners.into_iter().next()?;
        let message = format!("what {owner} delivers is not judged{more}: {reason}");
        let problem = Problem::note(Code::NotFollowed, message).at(at);
        Some(match help {
            Some(help) => problem.help(help),
            None => problem,
        })
    };
    reasons.into_iter().filter_map(problem).collect()
}
