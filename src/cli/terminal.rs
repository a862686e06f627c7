//! What the process is connected to, asked once.

use std::env;
use std::io::IsTerminal;

use super::args::Color;
use crate::report::Style;

/// The process's surroundings as far as they change how things look, never what is said.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Terminal {
    pub stdout: bool,
    pub stderr: bool,
    /// Columns, where known.
    pub width: Option<usize>,
    /// `NO_COLOR` is set, or the terminal is a dumb one.
    pub no_color: bool,
    /// The locale is one that cannot show UTF-8.
    pub ascii: bool,
}

impl Terminal {
    pub fn detect() -> Self {
        let set = |name| env::var(name).ok().filter(|v| !v.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let utf8 = |name: &String| {
            let name = name.to_lowercase();
            name.contains("utf-8") || name.contains("utf8")
        };
        Self {
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
            width: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
            no_color: set("NO_COLOR").is_some() || set("TERM").is_some_and(|t| t == "dumb"),
            ascii: !cfg!(windows) && !locale.is_some_and(|name| utf8(&name)),
        }
    }

    pub fn is_colored(&self, color: Color, to_terminal: bool) -> bool {
        match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => to_terminal && !self.no_color,
        }
    }

    /// How to write to standard output. Pipes and files look the same everywhere.
    pub fn style(&self, color: Color) -> Style {
        Style {
            color: self.is_colored(color, self.stdout),
            unicode: !(self.stdout && self.ascii),
            width: if self.stdout {
                self.width.map_or(Style::PLAIN.width, |w| w.clamp(40, 120))
            } else {
                Style::PLAIN.width
            },
        }
    }
}
