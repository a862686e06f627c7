//! The command: arguments in, a report out, an exit code.

use std::io::{BufWriter, Write, stderr, stdout};
use std::process::ExitCode;

use kubeready::cli::{self, terminal::Terminal};
use kubeready::guard;

fn main() -> ExitCode {
    guard::silence_caught();
    let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
    let exit = cli::run(std::env::args_os().skip(1), &Terminal::detect(), &mut out, &mut stderr());
    // A reader that went away has been dealt with; nothing is left to tell it.
    let _ = out.flush();
    ExitCode::from(exit.code())
}
