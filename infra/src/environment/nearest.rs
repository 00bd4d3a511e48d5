//! Finds the word that was most probably meant. Pure.

/// Returns the candidate that a text is most probably a misspelling of, if there is one.
pub(super) fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let text = text.to_lowercase();
    // A third of the letters may be wrong, as rustc allows.
    let farthest = text.chars().count().max(3) / 3;
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&text, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= farthest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(
            super::nearest(text, ["node_port", "image", "limits"]),
            expected,
            "`{text}`"
        );
    }

    #[test]
    fn a_slip_of_the_keyboard_is_recognized() {
        check("node_prot", Some("node_port"));
        check("nodePort", Some("node_port"));
        check("Image", Some("image"));
        check("limit", Some("limits"));
    }

    #[test]
    fn another_word_is_not_taken_for_a_slip() {
        check("replicas", None);
        check("x", None);
        check("", None);
    }
}
