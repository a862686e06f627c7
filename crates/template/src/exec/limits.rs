//! What an execution may use up, and the stack that it needs.

use crate::error::{Error, ErrorKind, Result};

/// What an execution may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Templates that call templates.
    pub depth: u32,
    /// Nodes executed, and what functions cost, over all templates of the engine.
    pub steps: u64,
    /// Bytes printed, over all templates of the engine; also how long one string may get.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 1000, steps: 20_000_000, output: 64 << 20 }
    }
}

/// Blocks and pipelines within each other over all calls. One takes at most 15 KiB of stack, which
/// builds without optimisation need.
const MAX_NESTING: u32 = 10_000;

/// Bytes of stack: enough for that and for functions that walk deep values.
const STACK: usize = 256 << 20;

/// What is used up so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    pub(super) limits: Limits,
    steps: u64,
    printed: usize,
    stretches: usize,
    depth: u32,
    nesting: u32,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub(super) fn spend(&mut self, steps: u64) -> Result<()> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > self.limits.steps {
            let message = format!("more than {} steps: does it loop?", self.limits.steps);
            return Err(Error::new(ErrorKind::TooMuch, message));
        }
        Ok(())
    }

    /// So many bytes are printed to the end of others, in so many stretches; `last` says that no
    /// other template prints them again.
    pub(super) fn print(
        &mut self,
        before: usize,
        bytes: usize,
        stretches: usize,
        last: bool,
    ) -> Result<()> {
        self.spend(1 + bytes as u64 / 64)?;
        self.stretches = self.stretches.saturating_add(stretches);
        self.know(self.stretches / 2)?;
        if last {
            self.printed = self.printed.saturating_add(bytes);
            return self.fits(self.printed);
        }
        self.fits(before.saturating_add(bytes))
    }

    /// Whether a text may have so many stretches: each takes the memory of many bytes.
    pub(super) fn know(&self, stretches: usize) -> Result<()> {
        let most = self.limits.output / 64;
        if stretches > most {
            let message = format!("prints more than {most} pieces");
            return Err(Error::new(ErrorKind::TooMuch, message));
        }
        Ok(())
    }

    /// Whether text may be that long.
    pub(super) fn fits(&self, bytes: usize) -> Result<()> {
        if bytes > self.limits.output {
            let message = format!("prints more than {} bytes", self.limits.output);
            return Err(Error::new(ErrorKind::TooMuch, message));
        }
        Ok(())
    }

    /// A template calls a template.
    pub(super) fn call(&mut self, name: &str) -> Result<()> {
        if self.depth >= self.limits.depth {
            let message = format!(
                "rendering template has a nested reference name: {name}: more than {} templates \
                 within each other",
                self.limits.depth
            );
            return Err(Error::new(ErrorKind::TooMuch, message));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn returned(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// A block or pipeline within another.
    pub(super) fn enter(&mut self) -> Result<()> {
        if self.nesting >= MAX_NESTING {
            let message = format!("more than {MAX_NESTING} blocks and pipelines within each other");
            return Err(Error::new(ErrorKind::TooMuch, message));
        }
        self.nesting += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.nesting = self.nesting.saturating_sub(1);
    }

    /// After a failure nothing says how deep it happened.
    pub(super) fn reset(&mut self) {
        self.depth = 0;
        self.nesting = 0;
    }
}

/// Runs a closure where the stack is large enough for every template that the limits allow. Call it
/// once for a render: values are made, used and dropped inside, since also dropping them may need
/// that stack. Memory is taken as it is used.
///
/// # Errors
/// [`ErrorKind::TooMuch`] where the machine gives no thread of that size.
pub fn with_stack<T: Send>(run: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("template".to_owned()).stack_size(STACK);
        match builder.spawn_scoped(scope, run) {
            Ok(thread) => match thread.join() {
                Ok(result) => Ok(result),
                Err(panic) => std::panic::resume_unwind(panic),
            },
            Err(error) => {
                let message = format!("no thread with a stack of {STACK} bytes: {error}");
                Err(Error::new(ErrorKind::TooMuch, message))
            }
        }
    })
}
