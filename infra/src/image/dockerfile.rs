//! Reads from a Dockerfile which files it copies from its build context. Pure.

/// A line whose files cannot be determined.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {what}")]
pub struct DockerfileFault {
    /// The first line of the instruction, counted from 1.
    pub line: usize,
    /// What is unsupported about it, as the rest of a sentence.
    pub what: &'static str,
}

/// Lists the files and directories of the context that a Dockerfile copies.
///
/// # Errors
/// If an instruction uses the context in a way that its text does not reveal: after a wrong guess, two contents could share a
/// tag.
pub fn copied(text: &str) -> Result<Vec<String>, DockerfileFault> {
    let mut sources = Vec::new();
    for (line, instruction) in instructions(text) {
        let fault = |what| DockerfileFault { line, what };
        let mut words = instruction.split_whitespace();
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "COPY" => sources.extend(copy(words).map_err(fault)?),
            "ADD" => return Err(fault("uses `ADD`: use `COPY` instead")),
            "RUN" if instruction.contains("<<") => {
                return Err(fault("uses a here-document, which is not supported"));
            }
            "RUN" if words.any(|word| word.contains("type=bind") && !word.contains("from=")) => {
                return Err(fault("mounts the build context: use `COPY` instead"));
            }
            _ => {}
        }
    }
    Ok(sources)
}

fn copy<'text>(words: impl Iterator<Item = &'text str>) -> Result<Vec<String>, &'static str> {
    let (flags, mut paths): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with("--"));
    if flags.iter().any(|flag| flag.starts_with("--from=")) {
        return Ok(Vec::new());
    }
    paths.pop();
    for path in &paths {
        if path.starts_with(['[', '"', '\'']) || path.contains("<<") {
            return Err("is not of the form `COPY source … target`");
        }
        if path.contains(['*', '?', '[', '$', '\\']) {
            return Err("uses a pattern or a variable: name the files or their directory");
        }
        if path.split('/').any(|part| part == "..") {
            return Err("copies from outside the build context");
        }
    }
    let normal = paths.iter().map(|path| {
        let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
        parts.collect::<Vec<_>>().join("/")
    });
    Ok(normal.collect())
}

/// Joins continued lines and drops comments; returns each instruction with the number of its first line.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut instructions: Vec<(usize, String)> = Vec::new();
    let mut continued = false;
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        // Comments and empty lines do not end an instruction.
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (text, goes_on) = text.strip_suffix('\\').map_or((text, false), |text| (text, true));
        match instructions.last_mut() {
            Some((_, instruction)) if continued => {
                instruction.push(' ');
                instruction.push_str(text);
            }
            _ => instructions.push((line, text.to_owned())),
        }
        continued = goes_on;
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let outcome = copied(text).map_or_else(|fault| fault.to_string(), |sources| sources.join(", "));
        assert_eq!(outcome, expected, "{text}");
    }

    #[test]
    fn the_sources_of_every_copy_are_listed() {
        check(
            "FROM scratch\nCOPY a b/c ./\n copy --chmod=755 d/ /d",
            "a, b/c, d",
        );
        check("COPY a \\\n# about b\n  b /\nRUN echo COPY c d", "a, b");
        check("COPY ./a/./b /", "a/b");
        check("COPY --chown=1:1 . /app", "");
        check("FROM scratch", "");
    }

    #[test]
    fn what_comes_from_another_stage_is_no_part_of_the_context() {
        check(
            "COPY --from=build /a /b\nRUN --mount=type=bind,from=build,target=/x true",
            "",
        );
    }

    #[test]
    fn a_digest_does_not_hide_what_follows() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        check(
            &format!(
                "FROM rust:1.95.0-slim@{digest} AS build\nCOPY a /\nCOPY --from=mongo:8.0@{digest} /b /"
            ),
            "a",
        );
    }

    #[test]
    fn the_dockerfile_of_this_project_is_understood() {
        let text = include_str!("../../../Dockerfile");
        check(
            text,
            "Cargo.toml, Cargo.lock, engine/Cargo.toml, engine/core/Cargo.toml, infra/Cargo.toml, sandbox/Cargo.toml, service/Cargo.toml, service/build.rs, service/src",
        );
        let context = include_str!("../../../.dockerignore");
        for source in copied(text).unwrap() {
            assert!(
                context
                    .lines()
                    .any(|line| line.strip_prefix('!') == Some(&source)),
                "{source}"
            );
        }
        // `cargo build --locked` needs the manifest of every member.
        let workspace = include_str!("../../../Cargo.toml");
        let workspace: toml_edit::DocumentMut = workspace.parse().unwrap();
        for member in workspace["workspace"]["members"].as_array().unwrap() {
            let manifest = format!("{}/Cargo.toml", member.as_str().unwrap());
            assert!(copied(text).unwrap().contains(&manifest), "{manifest}");
        }
        let toolchain = include_str!("../../../rust-toolchain.toml");
        let (_, version) = toolchain.split_once("channel = \"").unwrap();
        let (version, _) = version.split_once('"').unwrap();
        assert!(text.contains(&format!("FROM rust:{version}-")), "{version}");
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_its_line() {
        check("FROM scratch\nADD a b", "line 2 uses `ADD`: use `COPY` instead");
        check(
            "COPY [\"a\", \"b\"]",
            "line 1 is not of the form `COPY source … target`",
        );
        check(
            "COPY <<EOF /a\nEOF",
            "line 1 is not of the form `COPY source … target`",
        );
        check(
            "COPY *.rs /a",
            "line 1 uses a pattern or a variable: name the files or their directory",
        );
        check(
            "COPY a/../../b /b",
            "line 1 copies from outside the build context",
        );
        check(
            "RUN --mount=type=bind,target=/x \\\n  true",
            "line 1 mounts the build context: use `COPY` instead",
        );
        check(
            "RUN <<EOF\nCOPY a b\nEOF",
            "line 1 uses a here-document, which is not supported",
        );
    }
}
