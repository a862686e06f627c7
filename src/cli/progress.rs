//! A line on a terminal's standard error while a long run works.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What has been done so far; the pipeline counts, the line shows.
#[derive(Debug, Default)]
pub struct Progress {
    pub found: AtomicU32,
    pub read: AtomicU32,
    pub judged: AtomicU32,
}

impl Progress {
    /// One more file was found, read, or one more object judged.
    pub fn tick(counter: &AtomicU32) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn line(&self) -> String {
        let of = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        format!(
            "{} files found, {} read, {} judged",
            of(&self.found),
            of(&self.read),
            of(&self.judged)
        )
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
