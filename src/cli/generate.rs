//! `kubeready generate`: what packagers, editors and the README take from the tool itself.

use std::io::{self, Write};

use super::args::{Generate, grammar};
use super::rules;
use crate::report;
use crate::settings;

pub(super) fn generate(what: &Generate, out: &mut dyn Write) -> io::Result<()> {
    match what {
        Generate::Man(None) => man(grammar(), out),
        Generate::Man(Some(command)) => {
            let mut root = grammar();
            root.build();
            match root.find_subcommand(command) {
                Some(command) => man(command.clone(), out),
                None => Ok(()),
            }
        }
        Generate::Completions(shell) => {
            // The generator panics on a writer that fails, so it gets one that cannot.
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut grammar(), "kubeready", &mut text);
            out.write_all(&text)
        }
        Generate::FleetSchema => out.write_all(report::fleet::JSON_SCHEMA.as_bytes()),
        Generate::ReportSchema => out.write_all(report::JSON_SCHEMA.as_bytes()),
        Generate::SettingsSchema => out.write_all(settings_schema().as_bytes()),
        Generate::RulesTable => out.write_all(rules::markdown_table().as_bytes()),
    }
}

fn man(command: clap::Command, out: &mut dyn Write) -> io::Result<()> {
    clap_mangen::Man::new(command).render(&mut &mut *out)
}

/// The schema of `.kubeready.yaml`, which names the rules, options and words of this version.
pub fn settings_schema() -> String {
    format!("{:#}\n", settings::schema())
}
