//! The one test binary: what a user sees, and what the catalogue promises.

mod hostile;
mod pages;
mod settings;
mod suppress;
mod table;
mod walk;
