//! A program of the machine, run in a directory of its own, with a clean environment and bounds on
//! time and output.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// What to run.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// A path; a bare name is looked for in `PATH`.
    pub program: PathBuf,
    pub args: Vec<String>,
    /// All of the environment, beside `homes`.
    pub env: Vec<(String, String)>,
    /// Variables that name a directory of the program's own, empty at first.
    pub homes: Vec<String>,
    /// Written to the directory that it runs in; paths without `..`.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// It is ended after that long.
    pub timeout: Duration,
    /// It is ended when it has written more bytes than that to either stream.
    pub limit: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    pub success: bool,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Runs a program to its end.
///
/// # Errors
/// As the system says; `TimedOut`, and `FileTooLarge` where it writes too much.
pub fn run(program: &Program) -> io::Result<Ran> {
    let place = Place::new()?;
    for (path, bytes) in &program.files {
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a path that leads out"));
        }
        let path = place.0.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)?;
    }
    let mut env: HashMap<OsString, OsString> = HashMap::new();
    // Windows starts nothing without it.
    env.extend(std::env::var_os("SystemRoot").map(|root| ("SystemRoot".into(), root)));
    env.extend(program.env.iter().map(|(name, value)| (name.into(), value.into())));
    for name in &program.homes {
        let home = place.0.join(".homes").join(name);
        std::fs::create_dir_all(&home)?;
        env.insert(name.into(), home.into());
    }
    let child = Command::new(find(&program.program))
        .args(&program.args)
        .current_dir(&place.0)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut running = Running(child);
    let deadline = Instant::now() + program.timeout;
    let out = read(running.0.stdout.take(), program.limit);
    let err = read(running.0.stderr.take(), program.limit);
    let stdout = wait(&out, deadline)?;
    let stderr = wait(&err, deadline)?;
    loop {
        if let Some(status) = running.0.try_wait()? {
            return Ok(Ran { success: status.success(), stdout, stderr });
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whatever ends the wait ends the program.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A directory of one run, gone with it.
struct Place(PathBuf);

impl Place {
    fn new() -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        for _ in 0..100 {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("kubeready-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&path) {
                // Somebody else's, or that of a run that was ended.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.map(|()| Self(path)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left behind is in the system's directory for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A bare name as the shell would find it.
fn find(program: &Path) -> PathBuf {
    let bare = program.components().count() == 1 && program.parent() == Some(Path::new(""));
    let path = std::env::var_os("PATH").filter(|_| bare);
    let folders = path.iter().flat_map(std::env::split_paths);
    let found = folders.map(|folder| folder.join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| program.to_path_buf())
}

fn read<R: Read + Send + 'static>(stream: Option<R>, limit: u64) -> Receiver<io::Result<Vec<u8>>> {
    let (send, receive) = channel();
    // Nobody waits for a thread whose stream stays open: what it sends then goes nowhere.
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = match stream {
            Some(stream) => stream.take(limit.saturating_add(1)).read_to_end(&mut bytes),
            None => Ok(0),
        };
        let _ = send.send(match read {
            Ok(_) if bytes.len() as u64 > limit => Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it writes more than {limit} bytes"),
            )),
            read => read.map(|_| bytes),
        });
    });
    receive
}

fn wait(stream: &Receiver<io::Result<Vec<u8>>>, deadline: Instant) -> io::Result<Vec<u8>> {
    let left = deadline.saturating_duration_since(Instant::now());
    stream.recv_timeout(left).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![("WORD".into(), "said".into())],
            homes: vec!["HOME".into()],
            files: vec![("in/a.txt".into(), b"text".to_vec())],
            timeout: Duration::from_secs(20),
            limit: 1000,
        }
    }

    #[test]
    fn a_program_sees_its_files_and_no_more_than_its_environment() {
        let ran = run(&shell("cat in/a.txt; echo $WORD $CARGO; ls -A $HOME; pwd >&2"));
        let ran = ran.expect("it runs");
        assert_eq!(String::from_utf8_lossy(&ran.stdout), "textsaid\n");
        assert!(ran.success);
        let place = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        assert!(place.contains("kubeready-") && !Path::new(&place).exists(), "{place}");
        assert!(!run(&shell("exit 3")).expect("it runs").success);
    }

    #[test]
    fn a_program_is_ended_when_it_takes_or_writes_too_much() {
        let slow = Program { timeout: Duration::from_millis(50), ..shell("exec sleep 20") };
        assert_eq!(run(&slow).expect_err("too long").kind(), io::ErrorKind::TimedOut);
        let loud = shell("exec yes");
        assert_eq!(run(&loud).expect_err("too much").kind(), io::ErrorKind::FileTooLarge);
        let out = Program { files: vec![("../x".into(), Vec::new())], ..shell("true") };
        assert_eq!(run(&out).expect_err("leads out").kind(), io::ErrorKind::InvalidInput);
    }
}
