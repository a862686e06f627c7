//! Paths into a chart's values, as a person writes them: `controller.resources.limits`.

use std::fmt;
use std::rc::Rc;

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

/// A path, from its end to its start, so that longer ones share the shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Option<Rc<Link>>);

#[derive(Debug, PartialEq, Eq)]
struct Link {
    before: Path,
    key: Key,
}

#[derive(Debug, PartialEq, Eq)]
enum Key {
    Name(Rc<str>),
    Index(usize),
}

impl Path {
    /// `.Values` itself.
    pub fn root() -> Self {
        Self(None)
    }

    #[must_use]
    pub fn key(&self, name: impl Into<Rc<str>>) -> Self {
        Self(Some(Rc::new(Link { before: self.clone(), key: Key::Name(name.into()) })))
    }

    #[must_use]
    pub fn index(&self, at: usize) -> Self {
        Self(Some(Rc::new(Link { before: self.clone(), key: Key::Index(at) })))
    }

    pub fn is_root(&self) -> bool {
        self.0.is_none()
    }

    /// The last step.
    pub fn last(&self) -> Option<Step<'_>> {
        self.0.as_deref().map(|link| match &link.key {
            Key::Name(name) => Step::Key(name),
            Key::Index(index) => Step::Index(*index),
        })
    }

    /// All steps from the root on.
    pub fn steps(&self) -> Vec<Step<'_>> {
        let mut here = Some(self);
        let mut steps = Vec::new();
        while let Some(path) = here {
            steps.extend(path.last());
            here = path.parent();
        }
        steps.reverse();
        steps
    }

    /// The path without its last step.
    pub fn parent(&self) -> Option<&Path> {
        self.0.as_deref().map(|step| &step.before)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = Vec::new();
        let mut here = self;
        while let Some(step) = &here.0 {
            steps.push(&step.key);
            here = &step.before;
        }
        for (at, key) in steps.iter().rev().enumerate() {
            match key {
                Key::Index(index) => write!(f, "[{index}]")?,
                Key::Name(name) if name.contains(['.', '[', '"']) => write!(f, "[{name:?}]")?,
                Key::Name(name) if at == 0 => f.write_str(name)?,
                Key::Name(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_like_what_a_template_writes() {
        let path = Path::root().key("a").key("b").index(2).key("c.d/e");
        assert_eq!(path.to_string(), "a.b[2][\"c.d/e\"]");
    }
}
