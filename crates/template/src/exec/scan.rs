//! What is text and what is action in a template: where whitespace is trimmed, which bytes are
//! comments, and whether blocks close, all as Go's lexer has it, before `gotmpl` reads the actions.

/// How deep blocks and parentheses may be nested together; the parser's own limit is 100.
const MAX_NESTING: usize = 90;

/// Why a text is no template.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Bytes of the text.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: String,
}

impl Fault {
    fn new(start: usize, end: usize, message: impl Into<String>) -> Self {
        Self { start, end, message: message.into() }
    }
}

/// A stretch of literal text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// Where it starts before trimming, which is how the parser names it.
    pub(super) raw: u32,
    /// What is left of it.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A template taken apart.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The same length, for the parser: comments are empty strings there, and blanks that Go does
    /// not trim are no blanks.
    pub(super) clean: Vec<u8>,
    /// In order.
    pub(super) pieces: Vec<Piece>,
    /// From `{{` to behind `}}`, in order, comments too.
    pub(super) actions: Vec<(u32, u32)>,
    /// Where the empty strings stand that replace comments.
    pub(super) comments: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq)]
enum Block {
    If,
    With,
    Range,
    Define,
    Inline,
}

struct Open {
    block: Block,
    otherwise: bool,
    levels: usize,
    action: (usize, usize),
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn is_go_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What a token begins like.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Text,
    Word,
    Number,
    Dollar,
    Dot,
    Open,
    Close,
    Other,
}

impl Token {
    fn of(c: char) -> Self {
        match c {
            '"' | '\'' | '`' => Self::Text,
            '$' => Self::Dollar,
            '.' => Self::Dot,
            '(' => Self::Open,
            ')' => Self::Close,
            c if c.is_ascii_digit() => Self::Number,
            c if c.is_alphanumeric() || c == '_' => Self::Word,
            _ => Self::Other,
        }
    }

    /// Whether Go wants a blank before what comes next.
    fn clashes(self, next: Self, c: char) -> bool {
        match next {
            Self::Text | Self::Open | Self::Dollar => !matches!(self, Self::Open | Self::Other),
            Self::Dot => matches!(self, Self::Text | Self::Dot),
            Self::Word | Self::Number => matches!(self, Self::Text | Self::Close),
            Self::Other if matches!(c, '=' | '+' | '-') => {
                matches!(self, Self::Text | Self::Word | Self::Dollar | Self::Dot | Self::Close)
                    || (c == '=' && self == Self::Number)
            }
            Self::Other | Self::Close => false,
        }
    }
}

/// Roughly: digits in some base, with an exponent. The parser reads the number.
fn is_number(word: &str) -> bool {
    let word = word.strip_suffix('i').unwrap_or(word);
    match word.get(..2) {
        Some("0x" | "0X") => word
            .bytes()
            .skip(2)
            .all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'_' | b'p' | b'P')),
        Some("0b" | "0B" | "0o" | "0O") => {
            word.bytes().skip(2).all(|byte| byte.is_ascii_digit() || byte == b'_')
        }
        _ => word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'e' | b'E')),
    }
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    scan: Scan,
    open: Vec<Open>,
    nesting: usize,
}

/// # Errors
/// What Go's lexer refuses, and blocks that do not close.
pub(super) fn scan(text: &str) -> Result<Scan, Fault> {
    let scan = Scan { clean: text.as_bytes().to_vec(), ..Scan::default() };
    let mut scanner = Scanner { text, bytes: text.as_bytes(), scan, open: Vec::new(), nesting: 0 };
    scanner.run()?;
    Ok(scanner.scan)
}

impl Scanner<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        let mut at = 0;
        let mut trim = false;
        loop {
            let Some(delimiter) = self.rest(at).find("{{").map(|by| at + by) else {
                self.piece(at, self.text.len(), trim, false);
                break;
            };
            let trims_before = self.byte(delimiter + 2) == Some(b'-')
                && self.byte(delimiter + 3).is_some_and(is_blank);
            self.piece(at, delimiter, trim, trims_before);
            let inside = delimiter + if trims_before { 4 } else { 2 };
            (at, trim) = if self.rest(inside).starts_with("/*") {
                self.comment(delimiter, inside)?
            } else {
                self.action(delimiter, inside)?
            };
            self.scan.actions.push((delimiter as u32, at as u32));
        }
        match self.open.pop() {
            None => Ok(()),
            Some(open) => {
                Err(Fault::new(open.action.0, open.action.1, "unexpected EOF: this has no {{end}}"))
            }
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or("")
    }

    fn piece(&mut self, start: usize, end: usize, trim_start: bool, trim_end: bool) {
        let Some(text) = self.text.get(start..end) else { return };
        if text.is_empty() {
            return;
        }
        let kept = if trim_start { text.trim_start_matches(is_go_blank) } else { text };
        let from = end - kept.len();
        let kept = if trim_end { kept.trim_end_matches(is_go_blank) } else { kept };
        if kept.is_empty() {
            return;
        }
        self.scan.pieces.push(Piece {
            raw: start as u32,
            start: from as u32,
            end: (from + kept.len()) as u32,
        });
        if text.is_ascii() && !text.bytes().any(|byte| matches!(byte, 0x0b | 0x0c)) {
            return;
        }
        for (at, c) in text.char_indices() {
            if c.is_whitespace() && !is_go_blank(c) {
                let filler = match c.len_utf8() {
                    1 => "x",
                    2 => "é",
                    _ => "€",
                };
                let place = start + at..start + at + c.len_utf8();
                if let Some(bytes) = self.scan.clean.get_mut(place) {
                    bytes.copy_from_slice(filler.as_bytes());
                }
            }
        }
    }

    /// Where the right delimiter that starts here ends, and whether it trims.
    fn close(&self, at: usize) -> Option<(usize, bool)> {
        if self.byte(at).is_some_and(is_blank) && self.rest(at + 1).starts_with("-}}") {
            return Some((at + 4, true));
        }
        self.rest(at).starts_with("}}").then_some((at + 2, false))
    }

    fn comment(&mut self, action: usize, start: usize) -> Result<(usize, bool), Fault> {
        let Some(length) = self.rest(start + 2).find("*/") else {
            return Err(Fault::new(action, start + 2, "unclosed comment"));
        };
        let end = start + 2 + length + 2;
        let Some(close) = self.close(end) else {
            return Err(Fault::new(action, end, "comment ends before closing delimiter"));
        };
        if let Some(bytes) = self.scan.clean.get_mut(start..end) {
            for (at, byte) in bytes.iter_mut().enumerate() {
                if at < 2 {
                    *byte = b'"';
                } else if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        self.scan.comments.push(start as u32);
        Ok(close)
    }

    fn action(&mut self, action: usize, start: usize) -> Result<(usize, bool), Fault> {
        let mut words = [""; 2];
        let mut token = 0;
        let mut parentheses = 0_usize;
        let mut at = start;
        let mut before = (Token::Other, start);
        let mut bar = None;
        let close = loop {
            if let Some(close) = self.close(at) {
                if parentheses > 0 {
                    return Err(Fault::new(action, close.0, "unclosed left paren"));
                }
                break close;
            }
            let Some(c) = self.rest(at).chars().next() else {
                return Err(Fault::new(action, at, "unclosed action"));
            };
            let begin = at;
            let next = Token::of(c);
            // Keywords, and the name behind one, are no operands.
            let free = match (token, words[0]) {
                (1, "if" | "with" | "range") | (2, "else") => c == '(',
                (2, "template" | "block") => true,
                _ => false,
            };
            if before.1 == at && !free && before.0.clashes(next, c) {
                let message = format!("unexpected {c:?} in operand");
                return Err(Fault::new(at, at + c.len_utf8(), message));
            }
            match c {
                ' ' | '\t' | '\r' | '\n' => {
                    at += 1;
                    continue;
                }
                '"' | '\'' => at = self.quoted(at, c)?,
                '`' => match self.rest(at + 1).find('`') {
                    Some(length) => at += length + 2,
                    None => {
                        return Err(Fault::new(at, at + 1, "unterminated raw quoted string"));
                    }
                },
                '(' => {
                    parentheses += 1;
                    if self.nesting + parentheses > MAX_NESTING {
                        return Err(too_deep(action, at));
                    }
                    at += 1;
                }
                ')' => {
                    let Some(less) = parentheses.checked_sub(1) else {
                        return Err(Fault::new(at, at + 1, "unexpected right paren"));
                    };
                    parentheses = less;
                    at += 1;
                }
                c if c.is_alphanumeric() || c == '_' => {
                    let rest = self.text.get(at..).unwrap_or("");
                    let length =
                        rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                    at += length;
                }
                '.' | '$' | '|' | ',' | ':' | '=' | '+' | '-' => at += 1,
                c => {
                    let message = format!("unrecognized character in action: {c:?}");
                    return Err(Fault::new(at, at + c.len_utf8(), message));
                }
            }
            let shown = self.text.get(begin..at).unwrap_or("");
            if next == Token::Number && before.0 != Token::Dollar && !is_number(shown) {
                return Err(Fault::new(begin, at, format!("bad number syntax: {shown:?}")));
            }
            if let Some(word) = words.get_mut(token) {
                *word = shown;
            }
            token += 1;
            before = (next, at);
            bar = (c == '|').then_some(begin);
        };
        // Go lets a pipeline end in a bar.
        if let Some(byte) = bar.and_then(|at| self.scan.clean.get_mut(at)) {
            *byte = b' ';
        }
        self.block((action, close.0), words)?;
        Ok(close)
    }

    /// Where the string ends that starts here.
    fn quoted(&self, start: usize, quote: char) -> Result<usize, Fault> {
        let mut characters = self.rest(start + 1).char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => match characters.next() {
                    Some((_, escaped)) if escaped != '\n' => {}
                    _ => break,
                },
                '\n' => break,
                c if c == quote => return Ok(start + 1 + at + 1),
                _ => {}
            }
        }
        let what = if quote == '"' { "quoted string" } else { "character constant" };
        Err(Fault::new(start, start + 1, format!("unterminated {what}")))
    }

    /// Whether the blocks are well nested.
    fn block(&mut self, action: (usize, usize), words: [&str; 2]) -> Result<(), Fault> {
        let fault = |message: &str| Err(Fault::new(action.0, action.1, message));
        let block = match words[0] {
            "if" => Block::If,
            "with" => Block::With,
            "range" => Block::Range,
            "define" if !self.open.is_empty() => return fault("unexpected {{define}} in a block"),
            "define" => Block::Define,
            "block" => Block::Inline,
            "else" => {
                let Some(open) = self.open.last_mut() else {
                    return fault("unexpected {{else}}");
                };
                let again = match words[1] {
                    "if" => Some(Block::If),
                    "with" => Some(Block::With),
                    _ => None,
                };
                if open.otherwise || matches!(open.block, Block::Define | Block::Inline) {
                    return fault("unexpected {{else}}: expected {{end}}");
                }
                match again {
                    None => open.otherwise = true,
                    Some(again) if again == open.block => {
                        open.levels += 1;
                        self.nesting += 1;
                    }
                    Some(_) => return fault("unexpected block behind {{else}}"),
                }
                return self.check(action);
            }
            "end" => {
                let Some(open) = self.open.pop() else {
                    return fault("unexpected {{end}}");
                };
                self.nesting -= open.levels;
                return Ok(());
            }
            word @ ("break" | "continue") => {
                let within = self.open.iter().rev();
                let inside = within
                    .take_while(|open| !matches!(open.block, Block::Define | Block::Inline))
                    .any(|open| open.block == Block::Range && !open.otherwise);
                if !inside {
                    return fault(&format!("{{{{{word}}}}} outside {{{{range}}}}"));
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        self.open.push(Open { block, otherwise: false, levels: 1, action });
        self.nesting += 1;
        self.check(action)
    }

    fn check(&self, action: (usize, usize)) -> Result<(), Fault> {
        if self.nesting > MAX_NESTING {
            return Err(too_deep(action.0, action.1));
        }
        Ok(())
    }
}

fn too_deep(start: usize, end: usize) -> Fault {
    Fault::new(start, end, format!("blocks and parentheses nested deeper than {MAX_NESTING}"))
}
