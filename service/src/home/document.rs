//! Extracts the document from the page's form. Pure.

/// The name of the text area.
const FIELD: &str = "document";

/// Returns the text as typed: browsers send line breaks as CR LF.
pub(super) fn document_text(form: &[u8]) -> Option<String> {
    let mut values = form_urlencoded::parse(form).filter(|(name, _)| name == FIELD);
    let (_, text) = values.next()?;
    values.next().is_none().then(|| text.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_comes_out_as_it_was_typed() {
        let check = |form: &str, expected: Option<&str>| {
            assert_eq!(document_text(form.as_bytes()).as_deref(), expected);
        };
        check("document=%7B%0D%0A%22a%22%3A+1%7D", Some("{\n\"a\": 1}"));
        check("document=", Some(""));
        check("other=1", None);
        check("document=1&document=2", None);
        check("", None);
    }
}
