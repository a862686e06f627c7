//! Collections in brackets.

use super::{DEPTH_LIMIT, KEY_LIMIT, Reader};
use crate::yaml::tape::Text;
use crate::yaml::tree::{Kind, Style};

impl Reader<'_> {
    /// Reads a collection from its opening bracket on. Gives where it ends.
    pub(super) fn flow(&mut self, start: usize) -> Option<usize> {
        if self.tape.depth() >= DEPTH_LIMIT {
            return None;
        }
        let is_map = self.byte(start) == b'{';
        let (kind, closing) = if is_map { (Kind::Map, b'}') } else { (Kind::Seq, b']') };
        self.tape.open(kind, start, true, 0);
        let mut at = start + 1;
        loop {
            at = self.between(at)?;
            if self.byte(at) == closing {
                break;
            }
            if is_map {
                at = self.flow_key(at)?;
                at = self.between(at)?;
            }
            at = self.flow_value(at)?;
            at = self.between(at)?;
            match self.byte(at) {
                b',' => at += 1,
                byte if byte == closing => break,
                _ => return None,
            }
        }
        self.tape.close(Some(at + 1)).ok()?;
        Some(at + 1)
    }

    /// Passes blanks, line ends and comments.
    fn between(&mut self, mut at: usize) -> Option<usize> {
        loop {
            match self.bytes.get(at)? {
                b' ' => at += 1,
                b'\n' => {
                    at += 1;
                    if self.looks_like_marker(at) {
                        return None;
                    }
                }
                b'#' if at > 0 && self.is_blank(at - 1) => {
                    let end = self.line_end(at);
                    self.tape.comment(at..end);
                    at = end;
                }
                b'\t' | b'#' => return None,
                _ => return Some(at),
            }
        }
    }

    /// Reads a key and its `:`, on one line. Gives where the value may begin.
    fn flow_key(&mut self, start: usize) -> Option<usize> {
        let colon = if matches!(self.byte(start), b'"' | b'\'') {
            let quoted = self.quoted(start)?;
            if quoted.is_long {
                return None;
            }
            self.scalar(start..quoted.end, quoted.text, quoted.style);
            self.behind_spaces(quoted.end)
        } else {
            let (end, stop) = self.flow_plain(start)?;
            if !self.is_blank(stop + 1) || self.bytes.get(start..end) == Some(b"<<") {
                return None;
            }
            self.scalar(start..end, Text::written(start..end), Style::Plain);
            stop
        };
        if self.byte(colon) != b':' || colon - start > KEY_LIMIT {
            return None;
        }
        Some(colon + 1)
    }

    fn flow_value(&mut self, start: usize) -> Option<usize> {
        match self.byte(start) {
            b'[' | b'{' => self.flow(start),
            b'"' | b'\'' => {
                let quoted = self.quoted(start)?;
                self.scalar(start..quoted.end, quoted.text, quoted.style);
                Some(quoted.end)
            }
            _ => {
                let (end, stop) = self.flow_plain(start)?;
                self.scalar(start..end, Text::written(start..end), Style::Plain);
                Some(stop)
            }
        }
    }

    /// Reads a plain scalar within brackets, of one line. Gives its end and what ends it.
    fn flow_plain(&self, start: usize) -> Option<(usize, usize)> {
        match self.byte(start) {
            b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?' | b':' | b'#' => {
                return None;
            }
            b'-' if !self.byte(start + 1).is_ascii_alphanumeric() => return None,
            _ => {}
        }
        let rest = self.bytes.get(start..)?;
        let mut last = b' ';
        let mut len = rest.len();
        for (at, &byte) in rest.iter().enumerate() {
            let ends = match byte {
                b',' | b'[' | b']' | b'{' | b'}' | b'\n' => true,
                b':' => matches!(
                    self.byte(start + at + 1),
                    b' ' | b'\n' | b',' | b'[' | b']' | b'{' | b'}'
                ),
                b'#' => last == b' ',
                b'\t' => return None,
                _ => false,
            };
            if ends {
                len = at;
                break;
            }
            last = byte;
        }
        let written = rest.get(..len)?;
        let blanks = written.iter().rev().take_while(|&&b| b == b' ').count();
        (blanks < len).then_some((start + len - blanks, start + len))
    }
}
