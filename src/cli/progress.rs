//! A line on a terminal's standard error while a long run works.

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::host::{Around, Host};
use crate::walk;

/// What has been done so far; a [`Watched`] host counts, the line shows.
#[derive(Debug, Default)]
pub struct Progress {
    found: AtomicU32,
    read: AtomicU32,
}

impl Progress {
    fn line(&self) -> String {
        let of = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        match (of(&self.found), of(&self.read)) {
            (0, 0) => "looking for files".to_owned(),
            (found, read) if read < found => format!("{read} of {found} files read"),
            (_, read) => format!("{read} files read, judging"),
        }
    }
}

/// A host that counts what is asked of it.
#[derive(Debug)]
pub struct Watched<H>(pub H, pub Arc<Progress>);

impl<H: Host> Around for Watched<H> {
    fn inner(&self) -> &dyn Host {
        &self.0
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.1.read.fetch_add(1, Ordering::Relaxed);
        self.0.read(path, limit)
    }

    fn walk(&self, request: &walk::Request) -> walk::Walked {
        let walked = self.0.walk(request);
        self.1.found.fetch_add(walked.files.len() as u32, Ordering::Relaxed);
        walked
    }
}

/// Shows a [`Progress`] until dropped.
#[derive(Debug)]
pub struct Shown {
    done: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

/// Quick runs stay silent for this long.
const PATIENCE: Duration = Duration::from_millis(400);
const EVERY: Duration = Duration::from_millis(100);

impl Shown {
    pub fn new(progress: Arc<Progress>, mut out: impl Write + Send + 'static) -> Self {
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let flag = Arc::clone(&done);
        let work = move || {
            let (lock, wake) = &*flag;
            let mut pause = PATIENCE;
            let mut drawn = false;
            let Ok(mut stop) = lock.lock() else { return };
            while !*stop {
                let Ok((guard, timeout)) = wake.wait_timeout(stop, pause) else { return };
                stop = guard;
                if timeout.timed_out() {
                    let _ = write!(out, "\r\u{1b}[K{}", progress.line());
                    let _ = out.flush();
                    drawn = true;
                    pause = EVERY;
                }
            }
            if drawn {
                let _ = write!(out, "\r\u{1b}[K");
                let _ = out.flush();
            }
        };
        Self { done, thread: std::thread::Builder::new().spawn(work).ok() }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Ok(mut done) = self.done.0.lock() {
            *done = true;
        }
        self.done.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
