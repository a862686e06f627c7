//! What all files together may hold. Files count in their order, so that no thread decides which of
//! them are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Class, Loaded};
use crate::problem::{Code, Problem};

/// How much may be held, and how much is.
pub(super) struct Held {
    most: u64,
    so_far: AtomicU64,
}

impl Held {
    pub(super) fn new(most: u64) -> Self {
        Self { most, so_far: AtomicU64::new(0) }
    }

    /// Reads a file, unless the others hold too much already: [`Held::settle`] knows whether it is
    /// one of those that count before it.
    pub(super) fn read(&self, unread: Loaded, read: impl FnOnce(Loaded) -> Loaded) -> Loaded {
        if self.so_far.load(Ordering::Relaxed) > self.most {
            return Loaded { class: Class::Unreadable, ..unread };
        }
        let file = read(unread);
        self.so_far.fetch_add(size(&file), Ordering::Relaxed);
        file
    }

    /// Lets go of every file from the first one on that goes beyond, and says so at the first of them
    /// that was asked for. What was not read and counts before is read now.
    pub(super) fn settle(&self, files: &mut [Loaded], read: impl Fn(Loaded) -> Loaded) {
        if self.so_far.load(Ordering::Relaxed) <= self.most {
            return;
        }
        let mut left = self.most;
        let mut fits = |file: &mut Loaded| {
            if file.class == Class::Unreadable && file.problems.is_empty() {
                *file = read(Loaded::unread(file.input.clone(), file.source));
            }
            let rest = left.checked_sub(size(file));
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        let first = files.iter_mut().position(|file| !fits(file)).unwrap_or(files.len());
        let lost = files.get_mut(first..).unwrap_or_default();
        for file in &mut *lost {
            *file = Loaded {
                class: Class::Unreadable,
                real: file.real.take(),
                aliases: std::mem::take(&mut file.aliases),
                archive: file.archive.take(),
                ..Loaded::unread(file.input.clone(), file.source)
            };
        }
        let more = match lost.len() {
            0 | 1 => String::new(),
            number => format!(" and {} more", number - 1),
        };
        let named = lost.iter().position(|file| file.input.wanted).unwrap_or(0);
        if let Some(file) = lost.get_mut(named) {
            let most = self.most;
            let message = format!(
                "all files together hold more than {most} bytes: this one{more} was not read"
            );
            let problem = Problem::error(Code::InputTooLarge, message)
                .in_file(Arc::clone(&file.input.shown))
                .help("raise `limits.max-total-size` in the settings, or check fewer paths");
            file.problems.push(problem);
        }
    }

    /// As [`Held::settle`], for files of which all are read.
    pub(super) fn settle_read(most: u64, files: &mut [Loaded]) {
        let so_far = AtomicU64::new(files.iter().map(size).sum());
        Self { most, so_far }.settle(files, |file| Loaded { class: Class::Unreadable, ..file });
    }
}

fn size(file: &Loaded) -> u64 {
    let texts = [&file.tree, &file.data].into_iter().flatten().map(|tree| tree.text().len());
    (texts.sum::<usize>() + file.raw.as_ref().map_or(0, |raw| raw.len())) as u64
}
