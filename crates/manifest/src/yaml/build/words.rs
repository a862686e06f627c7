//! Syntax errors in plain words: what is wrong and what to do about it.

use granit_parser::{ErrorKind, ScanError};

/// Where to point: at the markup of a template and at the tab rather than at what follows them, else
/// where the parser does.
pub(super) fn place(error: &ScanError, text: &str, at: usize) -> usize {
    if !is_in_quotes(error)
        && let Some(markup) = markup(text, at)
    {
        return markup;
    }
    let is_tab = matches!(
        error.kind(),
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation
    );
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    if !is_tab || text.as_bytes().get(at) == Some(&b'\t') {
        return at;
    }
    text[start..at].rfind('\t').map_or(at, |n| start + n)
}

pub(super) fn plain(error: &ScanError, text: &str, at: usize) -> String {
    use ErrorKind as E;
    if !is_in_quotes(error) && markup(text, at).is_some() {
        return TEMPLATE.to_owned();
    }
    let words = match error.kind() {
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabInPlainScalar
        | E::TabAtBlockScalarStart => "a tab is used as indentation: YAML takes spaces only",
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => {
            "this quote is never closed"
        }
        E::UnclosedFlowCollection { open } => {
            return format!("this `{open}` is never closed");
        }
        E::MismatchedFlowCollectionEnd { open, close } => {
            return format!("`{open}` is closed by `{close}`");
        }
        E::MisplacedFlowCollectionEnd => "this bracket closes nothing",
        E::UnknownAnchor => "this alias names no anchor of its document",
        E::RecursionLimitExceeded => "lists and maps are nested too deep",
        E::MappingValueNotAllowed => {
            "a `:` with a value is not allowed here: check the indentation, or quote the text that \
             holds it"
        }
        E::ExpectedBlockMappingKey | E::SimpleKeyExpected | E::InvalidSimpleKey => {
            "a key and `:` are expected here: check the indentation"
        }
        E::ExpectedBlockSequenceEntry => {
            "a `-` is expected here: check that the items of the list are indented alike"
        }
        E::BlockSequenceEntryNotAllowed => {
            "a list item is not allowed here: put `-` on a line of its own, below its key"
        }
        E::BlockEntryInFlowCollection => "`- ` is not allowed within `[` or `{`",
        E::ExpectedFlowMappingSeparator => "`,` or `}` is expected here",
        E::ExpectedFlowSequenceSeparator => "`,` or `]` is expected here",
        E::UnknownQuotedScalarEscape => {
            "double quotes do not know this backslash: write `\\\\`, or use single quotes"
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            "text behind a closing quote: quote the whole value"
        }
        E::InvalidIndentation | E::InvalidFlowScalarIndent | E::InvalidQuotedScalarIndent => {
            "this line is not indented far enough for where it belongs"
        }
        E::InvalidBlockScalarIndent => {
            "the first lines of this block text are indented deeper than the rest"
        }
        E::UnexpectedCharacter { character: '@' | '`' } => {
            "a value may not start with this character: quote it"
        }
        E::UnexpectedCharacter { character: '%' } => "a value may not start with `%`: quote it",
        E::UnexpectedCharacter { character: '\0' } => "a NUL byte: this is no text",
        E::MissingAnchorOrAliasName => {
            "`*` or `&` without a name: quote the value if it is meant as text"
        }
        E::ExpectedNodeContent => "a value is expected here",
        E::ExpectedDocumentStart => {
            "this stands behind the end of the document: is a `---` missing, or the indentation wrong?"
        }
        E::CommentNotSeparated => "a comment needs a blank before its `#`",
        E::InvalidDocumentEnd => "text behind the end of a document",
        _ => return error.info(),
    };
    words.to_owned()
}

/// A list or map in the place of a key, nearly always a template: where to point, and what to say.
pub(super) fn collection_as_key(text: &str, at: usize) -> (usize, String) {
    match markup(text, at) {
        Some(markup) => (markup, TEMPLATE.to_owned()),
        None => (at, "a key must be a plain value, not a list or a map".to_owned()),
    }
}

pub(super) fn too_deep(limit: u32) -> String {
    format!("more than {limit} lists and maps within each other")
}

pub(super) fn too_big(limit: u32) -> String {
    format!("the aliases of this document stand for more than {limit} values")
}

const TEMPLATE: &str =
    "`{{` starts a template: render this file first, or quote the value if it is meant as text";

fn is_in_quotes(error: &ScanError) -> bool {
    use ErrorKind as E;
    matches!(
        error.kind(),
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar | E::UnknownQuotedScalarEscape
    )
}

/// Where template markup that was to be rendered first starts on the line: the last before the
/// position, else the first.
fn markup(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    let line = &text[start..end];
    let starts = || ["{{", "{%"].into_iter().flat_map(|mark| line.match_indices(mark));
    let places = || starts().map(|(found, _)| start + found);
    places().filter(|place| *place <= at).max().or_else(|| places().min())
}
