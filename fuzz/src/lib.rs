//! What each fuzz target does with its bytes. The targets themselves only hand them over, so that all
//! of this is compiled, linted and tested without a fuzzer.
#![forbid(unsafe_code)]

mod chance;
mod judged;
mod kustomization;
mod layers;
mod manifests;
mod patches;
mod rendered;
mod repository;
mod settings;
mod suppressions;
mod tape;
mod templates;
#[cfg(test)]
mod tests;

pub use kustomization::kustomization;
pub use manifests::check;
pub use patches::patches;
pub use settings::settings;
pub use suppressions::suppressions;
pub use tape::tape;
pub use templates::templates;

/// Makes the calling thread the only one that works: a fuzzer's executions are short, and waking others
/// for each would cost more than they do.
pub fn alone() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    // A pool that is there already serves as well.
    let _ = pool.build_global();
}
