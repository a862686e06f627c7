//! Bytes to a report.

use std::path::PathBuf;

use kubeready::check;
use kubeready::host::MemHost;

use crate::chance::{dice, is_turn};
use crate::judged::{every_rule, judge, places_hold, request};
use crate::repository::{host, unpacked};

/// Judges bytes as a repository ([`crate::repository::unpacked`]), else as one file, by every rule.
pub fn check(data: &[u8]) {
    let dice = dice(data);
    let host = unpacked(data).unwrap_or_else(|| one(data));
    judge(&host, every_rule(), dice);
    if is_turn(dice, 8, 16) {
        apart(&host);
    }
}

fn one(data: &[u8]) -> MemHost {
    let name = if data.starts_with(b"{") { "m.json" } else { "m.yaml" };
    host([(PathBuf::from(name), data.to_vec())])
}

/// Files given one by one, as a hook does, and from standard input.
fn apart(host: &MemHost) {
    let paths = || host.files.keys().cloned();
    for paths in [paths().collect(), paths().rev().collect::<Vec<_>>()] {
        let report = check::check(host, &check::Request { paths, ..request() }, every_rule());
        places_hold(&report);
    }
    if let Some(stdin) = host.files.values().next() {
        let host = MemHost { stdin: stdin.clone(), ..host.clone() };
        let paths = vec!["-".into()];
        let report = check::check(&host, &check::Request { paths, ..request() }, every_rule());
        places_hold(&report);
    }
}
