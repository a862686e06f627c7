//! The one test binary: what a user sees, and what the catalogue promises.

mod cli;
mod corpora;
mod filled;
mod generated;
mod hostile;
mod output;
mod pages;
mod settings;
mod suppress;
mod table;
mod walk;
