//! What a run leaves out because the settings bound it, told once.

use crate::deadline;
use crate::finding::Finding;
use crate::problem::{Code, Level, Location, Problem};

/// Keeps as many findings as the settings want to hear of: the most severe ones, and of those the
/// first. They stay in their order.
pub(super) fn told(findings: &mut Vec<Box<Finding>>, most: u64, problems: &mut Vec<Problem>) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let Some(more) = findings.len().checked_sub(most).filter(|more| *more > 0) else { return };
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by_key(|at| findings.get(*at).map(|finding| std::cmp::Reverse(finding.severity)));
    let mut kept = vec![false; findings.len()];
    for at in order.into_iter().take(most) {
        if let Some(kept) = kept.get_mut(at) {
            *kept = true;
        }
    }
    let mut kept = kept.into_iter();
    // The first that is not told says where they would begin.
    let first = findings.iter().zip(kept.clone()).find(|(_, kept)| !kept).map(|(f, _)| f.span);
    findings.retain(|_| kept.next().unwrap_or(true));
    let message = format!("there are {more} more findings than the {most} that are told");
    let problem = Problem::error(Code::TooManyFindings, message)
        .help("raise `limits.max-findings` in the settings, or check fewer paths or rules");
    problems.push(first.map_or(problem.clone(), |first| problem.at(first)));
}

/// Something that was not judged for want of time.
pub(super) fn not_judged(what: &str) -> Problem {
    let message = format!("{what} was not judged: the time of the run was over");
    Problem::error(Code::OutOfTime, message).help(deadline::HELP)
}

/// Of all files that were not read for want of time, only the first is told, with their number.
pub(super) fn unread(problems: &mut Vec<Problem>) {
    let late = |problem: &Problem| {
        problem.code == Code::OutOfTime.name() && matches!(problem.location, Location::Path(_))
    };
    let number = problems.iter().filter(|problem| late(problem)).count();
    // A file that is only context must not stand for one that was asked for.
    let first = problems.iter().filter(|problem| late(problem)).min_by_key(|problem| {
        let path = match &problem.location {
            Location::Path(path) => path.to_string(),
            _ => String::new(),
        };
        (problem.level == Level::Note, path)
    });
    let Some(mut first) = first.filter(|_| number > 1).cloned() else { return };
    problems.retain(|problem| !late(problem));
    first.message = format!("this and {} more files were not read: the time was over", number - 1);
    problems.push(first);
}
