//! Wraps lines between words; a terminal would break them anywhere. Pure.

/// Extra indent of continuation lines.
const HANGING: usize = 4;

/// Wraps lines that are wider than `width` columns. Longer words are never broken, and colour codes take no columns.
pub(super) fn wrap(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.lines().map(|line| wrap_line(line, width)).collect();
    lines.join("\n")
}

fn wrap_line(line: &str, width: usize) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start().len();
    let rest = " ".repeat(indent + HANGING);
    let mut wrapped = String::new();
    let mut used = 0;
    for (position, word) in line.split(' ').enumerate() {
        if position > 0 && used + 1 + columns(word) > width && used > rest.len() {
            wrapped.push('\n');
            wrapped.push_str(&rest);
            used = rest.len();
        } else if position > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += columns(word);
    }
    wrapped
}

fn columns(text: &str) -> usize {
    anstream::adapter::strip_str(text).to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, width: usize, expected: &str) {
        assert_eq!(wrap(text, width), expected);
    }

    #[test]
    fn lines_that_fit_stay_as_they_are() {
        check("  one  two\nthree", 10, "  one  two\nthree");
    }

    #[test]
    fn continuation_lines_are_indented() {
        check("  one two three four", 12, "  one two\n      three\n      four");
    }

    #[test]
    fn a_word_without_room_is_never_broken() {
        check("one-two-three-four five", 8, "one-two-three-four\n    five");
    }

    #[test]
    fn colours_take_no_room() {
        check("\u{1b}[31mone\u{1b}[0m two", 7, "\u{1b}[31mone\u{1b}[0m two");
    }
}
