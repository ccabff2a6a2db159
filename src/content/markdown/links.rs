//! Which addresses may stand on a page.

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Of this site: a path, a heading.
    Own,
    /// Elsewhere, by http, https or mail.
    External,
    /// Anything else: dropped.
    Dangerous,
}

pub(super) fn kind(address: &str) -> Link {
    // Browsers skip control characters and spaces before a scheme, and some within it.
    let bare: String = address
        .chars()
        .filter(|c| !c.is_control() && !c.is_whitespace())
        .collect::<String>()
        .to_lowercase();
    if bare.starts_with("//") || bare.starts_with("/\\") || bare.starts_with('\\') {
        return Link::Dangerous;
    }
    let scheme = bare
        .find([':', '/', '?', '#'])
        .filter(|at| bare[*at..].starts_with(':'));
    match scheme.map(|at| &bare[..at]) {
        None => Link::Own,
        Some("http" | "https" | "mailto") => Link::External,
        Some(_) => Link::Dangerous,
    }
}

/// The file's name of `figures/name.svg`, where the address is one.
pub(super) fn figure(address: &str) -> Option<&str> {
    let name = address
        .strip_prefix("figures/")
        .or_else(|| address.strip_prefix("./figures/"))?;
    let stem = name.strip_suffix(".svg")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (!stem.is_empty() && stem.chars().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_pass() {
        for own in ["/weeks/1/a", "#heading", "weeks/2", "?q=1:2", "a/b:c", ""] {
            assert_eq!(kind(own), Link::Own, "{own}");
        }
        for external in ["https://example.org", "HTTP://example.org", "mailto:a@example.org"] {
            assert_eq!(kind(external), Link::External, "{external}");
        }
        for dangerous in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            " java\nscript:alert(1)",
            "\u{1}javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
        ] {
            assert_eq!(kind(dangerous), Link::Dangerous, "{dangerous}");
        }
    }

    #[test]
    fn figures_stay_in_their_folder() {
        assert_eq!(figure("figures/threshold-2.svg"), Some("threshold-2.svg"));
        for wrong in [
            "figures/../x.svg",
            "figures/x.png",
            "x.svg",
            "https://e.org/figures/x.svg",
            "figures/.svg",
        ] {
            assert_eq!(figure(wrong), None, "{wrong}");
        }
    }
}
