//! Breaks lines between words, where a terminal would break them anywhere. Pure.

/// How far the rest of a line stands behind its beginning.
const HANGING: usize = 4;

/// Breaks the lines that are wider than `width` columns. A word that is wider stays whole, and colours are no columns.
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
    fn the_rest_of_a_long_line_stands_further_in() {
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
