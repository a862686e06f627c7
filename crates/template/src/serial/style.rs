//! How a scalar can be written in YAML: what its characters allow.

/// What was found in a text.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // each is a question of its own
pub(super) struct Allowed {
    pub(super) multiline: bool,
    pub(super) plain: bool,
    pub(super) single_quoted: bool,
    pub(super) block: bool,
}

/// Line ends of YAML 1.1.
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What may stand in a text as it is. Nothing beyond the basic plane: Go escapes it.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | '\x20'..='\x7e' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// `tabs`: whether a tab may stand in a block.
pub(super) fn analyse(text: &str, tabs: bool) -> Allowed {
    if text.is_empty() {
        return Allowed { plain: true, single_quoted: true, ..Allowed::default() };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut breaks, mut special, mut tab) = (false, false, false);
    let (mut break_space, mut space_break) = (false, false);
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let blank_behind = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        indicators |= match before {
            None => match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"'
                | '%' | '@' | '`' => true,
                '?' | ':' | '-' => blank_behind,
                _ => false,
            },
            Some(before) => match c {
                ':' => blank_behind,
                '#' => matches!(before, ' ' | '\t' | '\0') || is_break(before),
                _ => false,
            },
        };
        if c == '\t' && tabs {
            tab = true;
        } else {
            special |= !is_printable(c);
        }
        break_space |= c == ' ' && before.is_some_and(is_break);
        space_break |= is_break(c) && before == Some(' ');
        breaks |= is_break(c);
        before = Some(c);
    }
    let ends = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
    let edges = ends(text.chars().next()) || ends(before);
    let broken = space_break || special;
    Allowed {
        multiline: breaks,
        plain: !(edges || break_space || broken || tab || breaks || indicators),
        single_quoted: !(break_space || broken || tab),
        block: !(before == Some(' ') || broken),
    }
}
