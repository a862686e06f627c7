//! One piece of work on many things, by all threads where that is worth starting them.

use rayon::prelude::*;

/// Small pieces of work, such as files to read, that one thread does before others have started.
pub(crate) const FEW: usize = 32;

/// Does a piece of work on each item; the results in the order of the items. Below `few` items no
/// thread is started: asking rayon for anything starts its pool, which a hook on one file pays for.
pub(crate) fn map<T, R>(items: Vec<T>, few: usize, work: impl Fn(T) -> R + Send + Sync) -> Vec<R>
where
    T: Send,
    R: Send,
{
    if items.len() < few {
        items.into_iter().map(work).collect()
    } else {
        items.into_par_iter().map(work).collect()
    }
}
