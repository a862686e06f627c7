//! What a run may use up: one table, which the reader, the schema, `--show-settings` and the README
//! go by.

use kubeready_manifest::kube::Quantity;

/// No limit.
pub const NONE: u64 = u64::MAX;

/// What a run may use up. [`NONE`] is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one file.
    pub file_size: u64,
    /// Bytes of all files that are held.
    pub total_size: u64,
    /// Objects that one root makes, and kustomizations that it enters.
    pub root_objects: u64,
    /// Parts of the objects that one root makes: keys and values.
    pub root_nodes: u64,
    /// Parts of everything that is rendered.
    pub nodes: u64,
    /// What the templates of one release execute.
    pub template_steps: u64,
    /// Bytes that the templates of one release print.
    pub template_output: u64,
    /// Findings that are told.
    pub findings: u64,
    /// Milliseconds.
    pub time: u64,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Number,
    /// Milliseconds, written as `90s`, `10m` or `1h`.
    Time,
}

/// A key of `limits:`.
#[derive(Debug)]
pub struct Limit {
    pub name: &'static str,
    pub unit: Unit,
    /// The highest value that can be set.
    pub most: u64,
    /// One sentence for the schema and the README.
    pub about: &'static str,
    field: fn(&mut Limits) -> &mut u64,
}

/// Every key of `limits:`.
pub static LIMITS: [Limit; 9] = [
    Limit {
        name: "max-file-size",
        unit: Unit::Bytes,
        // Places in a file are counted in 32 bits.
        most: u32::MAX as u64,
        about: "A larger file is not read.",
        field: |limits| &mut limits.file_size,
    },
    Limit {
        name: "max-total-size",
        unit: Unit::Bytes,
        most: (1 << 50) - 1,
        about: "Manifests, kustomizations and charts together; in the order of their paths, what \
                would go beyond is not read. Memory is about three times that.",
        field: |limits| &mut limits.total_size,
    },
    Limit {
        name: "max-root-objects",
        unit: Unit::Number,
        most: 1 << 50,
        about: "Objects that one root makes, and kustomizations that it enters.",
        field: |limits| &mut limits.root_objects,
    },
    Limit {
        name: "max-root-nodes",
        unit: Unit::Number,
        most: 1 << 50,
        about: "Keys and values of all objects that one root makes.",
        field: |limits| &mut limits.root_nodes,
    },
    Limit {
        name: "max-rendered-nodes",
        unit: Unit::Number,
        most: 1 << 50,
        about: "Keys and values of everything that is rendered; roots beyond it are left out.",
        field: |limits| &mut limits.nodes,
    },
    Limit {
        name: "max-template-steps",
        unit: Unit::Number,
        most: 1 << 50,
        about: "What the templates of one release may execute: its time, counted in steps, so that \
                every machine ends at the same place.",
        field: |limits| &mut limits.template_steps,
    },
    Limit {
        name: "max-template-output",
        unit: Unit::Bytes,
        // Places in what is printed are counted in 32 bits.
        most: (1 << 30) - 1,
        about: "What the templates of one release may print.",
        field: |limits| &mut limits.template_output,
    },
    Limit {
        name: "max-findings",
        unit: Unit::Number,
        most: 1 << 50,
        about: "Findings that are told, the most severe ones first.",
        field: |limits| &mut limits.findings,
    },
    Limit {
        name: "max-time",
        unit: Unit::Time,
        most: 1 << 50,
        about: "Time of a run on the clock; what is not read, rendered or judged by then is left \
                out. Where that is depends on the machine: leave it out where two runs must say the \
                same.",
        field: |limits| &mut limits.time,
    },
];

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_size: 256 << 20,
            total_size: 2 << 30,
            root_objects: 50_000,
            root_nodes: 5_000_000,
            nodes: 40_000_000,
            template_steps: 20_000_000,
            template_output: 64 << 20,
            findings: 1_000_000,
            time: NONE,
        }
    }
}

impl Limit {
    pub fn get(&self, limits: &Limits) -> u64 {
        *(self.field)(&mut { *limits })
    }

    pub(super) fn set(&self, limits: &mut Limits, value: u64) {
        *(self.field)(limits) = value;
    }

    /// A value as it is written in settings; `None` is none, or one that is too low or too high.
    pub(super) fn parse(&self, text: &str) -> Option<u64> {
        let value = match self.unit {
            Unit::Bytes | Unit::Number => {
                let number = Quantity::parse(text)?.ratio(Quantity::whole(1))?;
                // Exact: every limit is far below 2^53.
                (number.fract() == 0.0 && number >= 1.0).then_some(number as u64)?
            }
            Unit::Time => time(text)?,
        };
        (1..=self.most).contains(&value).then_some(value)
    }

    /// A value as people write it: `256Mi`, `50000`, `10m`, `none`.
    pub fn shown(&self, value: u64) -> String {
        let whole = |steps: &[(u64, &str)]| {
            let found = steps.iter().find(|(step, _)| value.is_multiple_of(*step));
            found.map_or(value.to_string(), |(step, unit)| format!("{}{unit}", value / step))
        };
        match self.unit {
            _ if value == NONE => "none".to_owned(),
            Unit::Bytes => whole(&[(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")]),
            Unit::Number => value.to_string(),
            Unit::Time => whole(&[(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")]),
        }
    }

    /// What a value must be, for people.
    pub(super) fn wants(&self) -> String {
        match self.unit {
            Unit::Bytes => format!("a size from 1 to below {}", self.shown(self.most + 1)),
            Unit::Number => "a number from 1 on".to_owned(),
            Unit::Time => "a time such as `90s`, `10m` or `1h`".to_owned(),
        }
    }
}

/// `500ms`, `90s`, `10m`, `1h` in milliseconds.
fn time(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let step = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(step)
}

/// The rows of the README's table.
pub fn markdown_table() -> String {
    let defaults = Limits::default();
    let row = |limit: &Limit| {
        let default = limit.shown(limit.get(&defaults));
        format!("| `{}` | {default} | {} |\n", limit.name, limit.about)
    };
    let rows: String = LIMITS.iter().map(row).collect();
    format!("| `limits` | default | what it bounds |\n|---|---|---|\n{rows}")
}
