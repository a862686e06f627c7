//! The world outside: files, standard input, the date. Everything else is a function of these.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::program::{Program, Ran};
use crate::settings;

/// Year, month, day.
pub type Date = (u16, u8, u8);

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathKind {
    File,
    Directory,
    Missing,
}

/// What the tool may ask of the machine. Tests use [`MemHost`].
pub trait Host: Sync {
    /// Reads a whole file.
    ///
    /// # Errors
    /// As the system says; `FileTooLarge` above `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// Reads standard input to its end.
    fn read_stdin(&self, limit: u64) -> io::Result<Vec<u8>>;

    fn kind(&self, path: &Path) -> PathKind;

    /// What a directory holds, by name, with what each leads to. Sorted.
    ///
    /// # Errors
    /// As the system says.
    fn list(&self, directory: &Path) -> io::Result<Vec<(String, PathKind)>>;

    /// The path with its links resolved; the path itself where that cannot be told.
    fn real(&self, path: &Path) -> PathBuf {
        path.to_path_buf()
    }

    /// The directory that relative paths start from.
    fn current_dir(&self) -> PathBuf;

    /// Files below the roots that a linter of manifests may want. Sorted and without doubles.
    fn walk(&self, request: &crate::walk::Request) -> crate::walk::Walked;

    /// The day of the run, in UTC.
    fn today(&self) -> Date;

    /// Time that passes, from any start.
    fn clock(&self) -> Duration {
        Duration::ZERO
    }

    /// Runs a program that the user named.
    ///
    /// # Errors
    /// See [`crate::program::run`].
    fn run(&self, program: &Program) -> io::Result<Ran> {
        let _ = program;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A host around another one, which answers whatever this one says nothing of: what forwards is
/// written once, so that no answer can be forgotten.
pub trait Around: Sync {
    fn inner(&self) -> &dyn Host;

    /// See [`Host::read`].
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.inner().read(path, limit)
    }

    /// See [`Host::list`].
    fn list(&self, directory: &Path) -> io::Result<Vec<(String, PathKind)>> {
        self.inner().list(directory)
    }

    /// See [`Host::walk`].
    fn walk(&self, request: &crate::walk::Request) -> crate::walk::Walked {
        self.inner().walk(request)
    }

    /// See [`Host::clock`].
    fn clock(&self) -> Duration {
        self.inner().clock()
    }
}

impl<A: Around> Host for A {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        Around::read(self, path, limit)
    }

    fn read_stdin(&self, limit: u64) -> io::Result<Vec<u8>> {
        self.inner().read_stdin(limit)
    }

    fn kind(&self, path: &Path) -> PathKind {
        self.inner().kind(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(String, PathKind)>> {
        Around::list(self, directory)
    }

    fn real(&self, path: &Path) -> PathBuf {
        self.inner().real(path)
    }

    fn current_dir(&self) -> PathBuf {
        self.inner().current_dir()
    }

    fn walk(&self, request: &crate::walk::Request) -> crate::walk::Walked {
        Around::walk(self, request)
    }

    fn today(&self) -> Date {
        self.inner().today()
    }

    fn clock(&self) -> Duration {
        Around::clock(self)
    }

    fn run(&self, program: &Program) -> io::Result<Ran> {
        self.inner().run(program)
    }
}

/// The real machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsHost;

impl Host for OsHost {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let file = std::fs::File::open(path)?;
        let size = file.metadata()?.len();
        if size > limit {
            return Err(too_large(limit));
        }
        let mut bytes = Vec::with_capacity(size as usize + 1);
        // A pipe or a growing file does not tell its size: the limit holds there too.
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(bytes) }
    }

    fn read_stdin(&self, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(bytes) }
    }

    fn kind(&self, path: &Path) -> PathKind {
        match std::fs::metadata(path) {
            Ok(meta) if meta.is_dir() => PathKind::Directory,
            Ok(_) => PathKind::File,
            Err(_) => PathKind::Missing,
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(String, PathKind)>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            // What is no UTF-8 cannot be named in a chart: under the name that stands for it there is
            // nothing, which whoever reads it says.
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = match entry.file_type() {
                Ok(kind) if kind.is_dir() => PathKind::Directory,
                Ok(kind) if kind.is_file() => PathKind::File,
                Ok(kind) if kind.is_symlink() => self.kind(&entry.path()),
                _ => continue,
            };
            entries.push((name, kind));
        }
        entries.sort();
        Ok(entries)
    }

    fn real(&self, path: &Path) -> PathBuf {
        std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
    }

    fn current_dir(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
    }

    fn walk(&self, request: &crate::walk::Request) -> crate::walk::Walked {
        crate::walk::walk(request)
    }

    fn today(&self) -> Date {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        date_of_day(now.map_or(0, |d| d.as_secs() / 86_400))
    }

    fn clock(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn run(&self, program: &Program) -> io::Result<Ran> {
        crate::program::run(program)
    }
}

fn too_large(limit: u64) -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes"))
}

/// The civil date of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
fn date_of_day(days: u64) -> Date {
    let z = days + 719_468;
    let era = z / 146_097;
    let of_era = z % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year as u16, month as u8, day as u8)
}

/// Files in memory, for tests and examples. Paths use `/`; the current directory is `/`.
#[derive(Clone, Debug, Default)]
pub struct MemHost {
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    pub stdin: Vec<u8>,
    pub today: Date,
    /// What stands in for the programs of a machine.
    pub run: Option<fn(&Program) -> io::Result<Ran>>,
}

impl MemHost {
    /// A host with files given by path below `/`.
    pub fn with<P: AsRef<Path>, T: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        let files = files.into_iter().map(|(p, t)| (normal(p.as_ref()), t.into())).collect();
        Self { files, stdin: Vec::new(), today: (2026, 1, 1), run: None }
    }
}

fn normal(path: &Path) -> PathBuf {
    crate::walk::clean(&Path::new("/").join(path))
}

impl Host for MemHost {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let bytes = self.files.get(&normal(path)).ok_or(io::ErrorKind::NotFound)?;
        if bytes.len() as u64 > limit { Err(too_large(limit)) } else { Ok(bytes.clone()) }
    }

    fn read_stdin(&self, limit: u64) -> io::Result<Vec<u8>> {
        if self.stdin.len() as u64 > limit { Err(too_large(limit)) } else { Ok(self.stdin.clone()) }
    }

    fn kind(&self, path: &Path) -> PathKind {
        let path = normal(path);
        if self.files.contains_key(&path) {
            PathKind::File
        } else if self.files.keys().any(|file| file.starts_with(&path)) {
            PathKind::Directory
        } else {
            PathKind::Missing
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(String, PathKind)>> {
        let directory = normal(directory);
        let mut entries = BTreeMap::new();
        for inside in self.files.keys().filter_map(|file| file.strip_prefix(&directory).ok()) {
            let mut steps = inside.components();
            let Some(name) = steps.next().and_then(|step| step.as_os_str().to_str()) else {
                continue;
            };
            let is_file = steps.next().is_none();
            let kind = if is_file { PathKind::File } else { PathKind::Directory };
            entries.insert(name.to_owned(), kind);
        }
        Ok(entries.into_iter().collect())
    }

    fn current_dir(&self) -> PathBuf {
        PathBuf::from("/")
    }

    fn walk(&self, request: &crate::walk::Request) -> crate::walk::Walked {
        let hidden = |path: &Path| {
            let mut parent = "";
            path.components().any(|c| {
                let Component::Normal(name) = c else { return false };
                let name = name.to_str().unwrap_or("");
                let shown = !name.starts_with('.') && parent != ".github";
                let is_known =
                    crate::walk::is_workflow(name, parent) || name == settings::FILE_NAME;
                let hides = !shown && !is_known;
                parent = name;
                hides
            })
        };
        let wanted = |path: &&PathBuf| {
            request.roots.iter().any(|root| {
                path.strip_prefix(normal(root)).is_ok_and(|rest| request.hidden || !hidden(rest))
            }) && crate::walk::is_candidate(path)
                && request.selects(path)
        };
        let files = self.files.keys().filter(wanted).cloned().collect();
        crate::walk::Walked { files, problems: Vec::new() }
    }

    fn today(&self) -> Date {
        self.today
    }

    fn run(&self, program: &Program) -> io::Result<Ran> {
        self.run.map_or_else(|| Err(io::ErrorKind::NotFound.into()), |run| run(program))
    }
}

#[cfg(test)]
mod tests {
    use super::date_of_day;

    #[test]
    fn days_become_dates() {
        assert_eq!(date_of_day(0), (1970, 1, 1));
        assert_eq!(date_of_day(11_016), (2000, 2, 29));
        assert_eq!(date_of_day(20_779), (2026, 11, 22));
    }
}
