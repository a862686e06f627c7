//! Values that something fills in before a manifest reaches a cluster: nothing is known of them.

/// Text with a marker of a template: `${TAG}`, `{{ name }}`, `$(VAR)`, `<your-domain>`.
pub(crate) fn is_placeholder(text: &str) -> bool {
    // Hardly any text has one of these bytes, without which there is no marker.
    text.bytes().any(|b| matches!(b, b'$' | b'{' | b'<'))
        && (text.contains("${")
            || text.contains("{{")
            || text.contains("$(")
            || text.starts_with('$')
            || (text.contains('<') && text.contains('>')))
}

/// A word that may hold letters, digits and little else (a name, a port, a schedule), and holds what
/// only templates write.
pub(crate) fn is_placeholder_word(word: &str) -> bool {
    let mark = |b: u8| matches!(b, b'{' | b'}' | b'$' | b'<' | b'>' | b'%' | b'@');
    word.bytes().any(mark) || word.contains("__")
}

#[cfg(test)]
mod tests {
    use super::{is_placeholder, is_placeholder_word};

    #[test]
    fn templates_are_recognised_and_text_is_not() {
        for text in ["${TAG}", "{{ name }}", "$(VAR)", "shop.<domain>", "$PLAIN"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["a < b", "100%", "user@example.com", "{}", "cost: 5$"] {
            assert!(!is_placeholder(text), "{text}");
        }
        assert!(is_placeholder_word("%%PORT%%") && is_placeholder_word("__NAME__"));
        assert!(!is_placeholder_word("web-1") && !is_placeholder_word("*/5 * * * *"));
    }
}
