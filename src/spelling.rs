//! "Did you mean": the known word that a mistyped one most likely means.

/// The candidate nearest to `word`, if any is near at all. Case and `_` for `-` do not count as
/// mistakes; of equally near ones the first is taken.
pub fn nearest<'w>(word: &str, candidates: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let folded = |text: &str| text.to_lowercase().replace('_', "-");
    let word = folded(word);
    let length = word.chars().count();
    let limit = length / 3 + 1;
    let mistakes = |candidate: &str| {
        let candidate = folded(candidate);
        // `prod` is short for `production`.
        let shortened =
            word.len() >= 3 && candidate.len() > word.len() && candidate.starts_with(&word);
        if shortened {
            return Some(1);
        }
        // Each mistake adds or drops at most one character.
        let near = candidate.chars().count().abs_diff(length) <= limit;
        near.then(|| strsim::damerau_levenshtein(&word, &candidate))
    };
    candidates
        .into_iter()
        .filter_map(|candidate| Some((mistakes(candidate)?, candidate)))
        .filter(|(mistakes, _)| *mistakes <= limit)
        .min_by_key(|(mistakes, _)| *mistakes)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typing_mistakes_are_guessed() {
        let names = ["missing-memory-limit", "missing-cpu-request", "naked-pod"];
        let guess = |word| nearest(word, names);
        assert_eq!(guess("missing-memory-limits"), Some("missing-memory-limit"));
        assert_eq!(guess("Missing_Memory_Limit"), Some("missing-memory-limit"));
        assert_eq!(guess("naked"), Some("naked-pod"));
        assert_eq!(guess("nakde-pod"), Some("naked-pod"));
        assert_eq!(nearest("naked", ["naked-pod", "naked"]), Some("naked"));
        assert_eq!(guess("something-else-entirely"), None);
    }
}
