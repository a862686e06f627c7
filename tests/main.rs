//! The one test binary: what a user sees, and what the catalogue promises.

mod catalogue;
mod chart_findings;
mod chart_mutation;
mod chart_reports;
mod charts;
mod cli;
mod corpora;
mod delivery;
mod filled;
mod fleet;
mod generated;
mod helm;
mod hostile;
mod kustomize;
mod kustomize_units;
mod labs;
mod origins;
mod output;
mod pages;
mod printed;
mod releases;
mod settings;
mod ship;
mod suppress;
mod table;
mod walk;
