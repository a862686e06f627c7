//! Faults of our own: a panic in one part of a run is caught, told and does not end the rest.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

thread_local! {
    /// How many calls of [`catch`] this thread is within.
    static WITHIN: Cell<u32> = const { Cell::new(0) };
    /// What the hook knew of a panic that is being caught.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// What to do about any fault of our own.
pub const PLEASE_REPORT: &str = "this is a fault of kubeready; please report it with the input";

/// A panic that was caught: what it said and, where the hook is installed, the line of our source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    pub message: String,
}

/// Does a piece of work whose panic must not spread. Whatever the work changed before it failed stays
/// changed: the caller drops it, or it is fit to be used half done.
///
/// # Errors
/// The panic.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    WITHIN.set(WITHIN.get() + 1);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    WITHIN.set(WITHIN.get() - 1);
    done.map_err(|payload| {
        let said = SAID.with_borrow_mut(Option::take);
        Panic { message: said.unwrap_or_else(|| message(&*payload)) }
    })
}

/// Makes panics that are caught silent: they are told in the report, and a stack trace in between
/// would look like the end of the run. Others are printed as before. For `main`, once.
pub fn silence_caught() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if WITHIN.get() == 0 {
            before(info);
        } else {
            SAID.set(Some(with_line(info)));
        }
    }));
}

fn with_line(info: &PanicHookInfo<'_>) -> String {
    let said = message(info.payload());
    info.location().map_or(said.clone(), |at| {
        // Of a library, the folders of the machine that built us say nothing.
        let parts: Vec<&str> = at.file().rsplitn(4, ['/', '\\']).take(3).collect();
        let file: Vec<&str> = parts.into_iter().rev().collect();
        format!("{said} ({}:{})", file.join("/"), at.line())
    })
}

/// The first line of what was said.
fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.and_then(|text| text.lines().next()).unwrap_or("it does not say why").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_what_it_says_and_nothing_is_spoilt() {
        let caught = catch(|| -> u32 { panic!("number {}\nmore", 7) });
        let said = caught.map_err(|panic| panic.message).expect_err("it panics");
        assert!(said.starts_with("number 7") && !said.contains("more"), "{said}");
        assert_eq!(catch(|| catch(|| panic!("inner")).is_err()), Ok(true));
        assert_eq!(catch(|| 1), Ok(1));
        assert_eq!(WITHIN.get(), 0);
    }

    #[test]
    fn with_the_hook_a_caught_panic_is_silent_and_names_our_line() {
        silence_caught();
        let caught = catch(|| -> u32 { panic!("on purpose") }).map_err(|panic| panic.message);
        let said = caught.expect_err("it panics");
        // Only the silent branch of the hook knows the line.
        assert!(said.starts_with("on purpose (src/guard.rs:"), "{said}");
    }
}
