//! What a function of templates is: its name, what it takes, and the code.

use crate::error::Result;
use crate::value::Val;

/// What Go's type checker lets into a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Param {
    /// `interface{}`
    Any,
    /// `string`
    Text,
    /// `int`: also constants of the template.
    Int,
    /// `float64`
    Float,
    /// `bool`
    Bool,
    /// `map[string]interface{}`
    Map,
    /// `[]interface{}`
    List,
}

/// What a function may ask beside its arguments.
#[derive(Debug)]
pub struct Call<'c> {
    /// Under which name it was called.
    pub name: &'static str,
    /// What it has cost so far, in steps; functions that make much out of little add to it.
    pub cost: &'c mut u64,
}

/// A function: an entry of the table of its topic.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    pub name: &'static str,
    pub params: &'static [Param],
    /// The last parameter may be repeated, or left out.
    pub variadic: bool,
    /// Arguments are checked against `params` before.
    pub run: fn(&mut Call<'_>, &[Val]) -> Result<Val>,
}
