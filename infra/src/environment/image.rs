//! References to container images, validated on construction. Pure.

use super::invalid::{InvalidValue, printable};
use super::names::validated_text;
use crate::image::ContentTag;

validated_text!(
    /// A reference to a container image: `[registry/]name[:tag][@sha256:digest]`.
    Image,
    check
);

impl Image {
    /// Appends the content tag to the tag of the image: `service:dev` becomes `service:dev-0a1b2c3d4e5f`.
    ///
    /// `None` if the image has a digest or the tag would become too long.
    #[must_use]
    pub fn with_content(&self, content: &ContentTag) -> Option<Self> {
        let last_slash = self.0.rfind('/').unwrap_or(0);
        let joint = if self.0[last_slash..].contains(':') {
            '-'
        } else {
            ':'
        };
        // After a digest the digits make the reference invalid, so parsing fails.
        format!("{self}{joint}{content}").parse().ok()
    }
}

fn check(text: &str) -> Result<(), InvalidValue> {
    if let Some(wrong) = text
        .chars()
        .find(|character| character.is_whitespace() || character.is_control())
    {
        return Err(InvalidValue::new(format!(
            "it contains white space: {:?}",
            wrong.to_string()
        )));
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    // A colon before the last slash belongs to a registry's port.
    let last_slash = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[last_slash..].find(':') {
        Some(colon) => (&rest[..last_slash + colon], Some(&rest[last_slash + colon + 1..])),
        None => (rest, None),
    };
    check_name(name)?;
    tag.map_or(Ok(()), check_tag)?;
    digest.map_or(Ok(()), check_digest)
}

fn check_name(name: &str) -> Result<(), InvalidValue> {
    if name.is_empty() {
        return Err(InvalidValue::new("the name is empty"));
    }
    if name.len() > 255 {
        return Err(InvalidValue::new(format!(
            "the name has {} bytes, but at most 255 are allowed",
            name.len()
        )));
    }
    match name.split_once('/') {
        Some((registry, path)) if is_registry(registry) => {
            check_registry(registry)?;
            path.split('/').try_for_each(check_component)
        }
        _ => name.split('/').try_for_each(check_component),
    }
}

/// Tells a registry from the first component of a path, by the rule of container runtimes.
fn is_registry(component: &str) -> bool {
    component == "localhost" || component.contains(['.', ':'])
}

fn check_registry(registry: &str) -> Result<(), InvalidValue> {
    let (host, port) = registry.split_once(':').unwrap_or((registry, "443"));
    let host_is_valid = host.split('.').all(|label| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    if host_is_valid && port.parse::<u16>().is_ok() {
        return Ok(());
    }
    Err(InvalidValue::new(format!(
        "`{}` is not a registry address",
        printable(registry)
    )))
}

fn check_component(component: &str) -> Result<(), InvalidValue> {
    let refuse = |reason: &str| {
        Err(InvalidValue::new(format!(
            "`{}` in the name {reason}",
            printable(component)
        )))
    };
    if component.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return refuse("must be lower case");
    }
    if !component
        .bytes()
        .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
    {
        return refuse("may only contain `a-z`, `0-9`, `.`, `_` and `-`");
    }
    let separators = component.split(|character: char| character.is_ascii_alphanumeric());
    let is_separator =
        |run: &str| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|byte| byte == b'-');
    if !separators.clone().all(is_separator) {
        return refuse("has consecutive separators");
    }
    let ends_are_separators = component.is_empty()
        || !component.starts_with(|first: char| first.is_ascii_alphanumeric())
        || !component.ends_with(|last: char| last.is_ascii_alphanumeric());
    if ends_are_separators {
        return refuse("must begin and end with a letter or a digit");
    }
    Ok(())
}

fn check_tag(tag: &str) -> Result<(), InvalidValue> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match tag.as_bytes() {
        [] => Err(InvalidValue::new("the tag after `:` is empty")),
        [first, rest @ ..]
            if rest.len() < 128
                && is_word(*first)
                && rest
                    .iter()
                    .all(|byte| is_word(*byte) || matches!(byte, b'.' | b'-')) =>
        {
            Ok(())
        }
        _ => Err(InvalidValue::new(format!("`{}` is not a tag", printable(tag)))),
    }
}

fn check_digest(digest: &str) -> Result<(), InvalidValue> {
    let is_valid = digest.strip_prefix("sha256:").is_some_and(|hexadecimal| {
        hexadecimal.len() == 64
            && hexadecimal
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    if is_valid {
        return Ok(());
    }
    Err(InvalidValue::new(
        "the digest after `@` is not `sha256:` and 64 digits `0-9a-f`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let outcome = text
            .parse::<Image>()
            .map_or_else(|error| error.to_string(), |_| "valid".to_owned());
        assert_eq!(outcome, expected, "`{text}`");
    }

    #[test]
    fn references_as_container_runtimes_take_them_are_valid() {
        check("mongo", "valid");
        check("mongo:8.0", "valid");
        check("library/mongo:8.0", "valid");
        check("localhost/service:dev-0a1b2c3d4e5f", "valid");
        check("registry.example.com:5000/team/my_service--api:V1", "valid");
        check(&format!("mongo:8.0@sha256:{}", "0a".repeat(32)), "valid");
    }

    #[test]
    fn content_completes_the_tag() {
        let check = |image: &str, expected: Option<&str>| {
            let image: Image = image.parse().unwrap();
            let completed = image.with_content(&ContentTag::of(Vec::new()));
            assert_eq!(completed.as_ref().map(Image::as_str), expected, "`{image}`");
        };
        check("service:dev", Some("service:dev-1c20166fb656"));
        check("service", Some("service:1c20166fb656"));
        check(
            "localhost:5000/service",
            Some("localhost:5000/service:1c20166fb656"),
        );
        check(&format!("service:{}", "a".repeat(116)), None);
        check(&format!("service@sha256:{}", "0a".repeat(32)), None);
        check(&format!("service:dev@sha256:{}", "0a".repeat(32)), None);
    }

    #[test]
    fn other_references_are_refused_with_the_reason() {
        check("", "the name is empty");
        check(":8.0", "the name is empty");
        check("mongo: 8.0", "it contains white space: \" \"");
        check("mongo:", "the tag after `:` is empty");
        check("mongo:-1", "`-1` is not a tag");
        check(
            &format!("mongo:{}", "a".repeat(129)),
            &format!("`{}…` is not a tag", "a".repeat(60)),
        );
        check("Mongo", "`Mongo` in the name must be lower case");
        check(
            "team//mongo",
            "`` in the name must begin and end with a letter or a digit",
        );
        check(
            "mongo.",
            "`mongo.` in the name must begin and end with a letter or a digit",
        );
        check("mon..go", "`mon..go` in the name has consecutive separators");
        check("https://example.com/mongo", "`https:` is not a registry address");
        check(
            "mongo@sha256:00",
            "the digest after `@` is not `sha256:` and 64 digits `0-9a-f`",
        );
    }
}
