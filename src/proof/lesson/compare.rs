//! Output as it is shown, held against output as it was printed. Pure.

/// Stands for any lines, none among them.
const ANYTHING: &str = "...";
/// Lines of a difference that are told at most.
const MOST_LINES: usize = 60;

/// The lines of what was printed: without spaces at their ends, and without empty lines at the end.
pub(super) fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Whether what is shown is what was printed.
#[must_use]
pub fn matches(shown: &[String], printed: &[String]) -> bool {
    let shown = lines(&shown.join("\n"));
    // Which of the first `n` printed lines are what is shown up to here.
    let mut reached = vec![false; printed.len() + 1];
    reached[0] = true;
    for pattern in &shown {
        let mut next = vec![false; printed.len() + 1];
        if pattern == ANYTHING {
            let mut any = false;
            for (slot, from) in next.iter_mut().zip(&reached) {
                any |= *from;
                *slot = any;
            }
        } else {
            for at in 0..printed.len() {
                next[at + 1] = reached[at] && printed[at] == *pattern;
            }
        }
        reached = next;
    }
    reached[printed.len()]
}

/// The lines that differ, `-` as shown and `+` as printed, with one line before and after.
#[must_use]
pub fn difference(shown: &[String], printed: &[String]) -> Vec<String> {
    let shown = lines(&shown.join("\n"));
    let same_start = shown.iter().zip(printed).take_while(|(a, b)| a == b).count();
    let most = shown.len().min(printed.len()) - same_start;
    let same_end = shown
        .iter()
        .rev()
        .zip(printed.iter().rev())
        .take(most)
        .take_while(|(a, b)| a == b)
        .count();
    let marked = |mark: &str, lines: &[String]| -> Vec<String> {
        let mut out: Vec<String> = lines
            .iter()
            .take(MOST_LINES)
            .map(|line| format!("{mark} {line}").trim_end().to_owned())
            .collect();
        if lines.len() > MOST_LINES {
            out.push(format!("{mark} and {} more lines", lines.len() - MOST_LINES));
        }
        out
    };
    let mut out = Vec::new();
    if let Some(before) = same_start.checked_sub(1) {
        out.extend(marked(" ", &shown[before..same_start]));
    }
    out.extend(marked("-", &shown[same_start..shown.len() - same_end]));
    out.extend(marked("+", &printed[same_start..printed.len() - same_end]));
    let after = printed.len() - same_end;
    out.extend(marked(" ", &printed[after..printed.len().min(after + 1)]));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn three_dots_stand_for_any_lines() {
        for (shown, printed, same) in [
            ("a\nb", "a\nb", true),
            ("a  \nb\n\n", "a\nb", true),
            ("a", "a\nb", false),
            ("a\n...", "a\nb\nc", true),
            ("a\n...", "a", true),
            ("...\nc", "a\nc\nb\nc", true),
            ("a\n...\nc\n...\ne", "a\nb\nc\nd\nd\ne", true),
            ("a\n...\nc", "a\nb", false),
            ("a ...", "a b", false),
            ("...", "", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(&of(shown), &lines(printed)), same, "{shown:?} {printed:?}");
        }
    }

    #[test]
    fn a_difference_shows_what_differs() {
        assert_eq!(
            difference(&of("a\nb\nc\nd"), &of("a\nb\nx\nd")),
            ["  b", "- c", "+ x", "  d"]
        );
        assert_eq!(difference(&of("a"), &of("a\na")), ["  a", "+ a"]);
        assert_eq!(difference(&of(""), &of("a")), ["+ a"]);
        assert_eq!(difference(&of("a\na"), &of("a")), ["  a", "- a"]);
    }
}
