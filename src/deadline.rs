//! The end of a run's time, where the settings give it one.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::host::{Around, Host};
use crate::settings::limits::NONE;

/// What to do about anything that was left out for want of time.
pub const HELP: &str = "raise `limits.max-time` in the settings, or check fewer paths";

/// When a run must come to its end. As a host it reads nothing from then on.
pub struct Deadline<'h> {
    host: &'h dyn Host,
    end: Option<Duration>,
}

impl<'h> Deadline<'h> {
    /// So many milliseconds from now on.
    pub fn after(host: &'h dyn Host, milliseconds: u64) -> Self {
        let time = (milliseconds != NONE).then(|| Duration::from_millis(milliseconds));
        Self { host, end: time.map(|time| host.clock().saturating_add(time)) }
    }

    pub fn is_over(&self) -> bool {
        self.end.is_some_and(|end| self.host.clock() >= end)
    }
}

impl fmt::Debug for Deadline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline").field("end", &self.end).finish_non_exhaustive()
    }
}

impl Around for Deadline<'_> {
    fn inner(&self) -> &dyn Host {
        self.host
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        if self.is_over() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.host.read(path, limit)
    }
}
