//! What in a picture could run or fetch something. Looked for in the text, not in a tree, and rather too much than too
//! little: a picture that is refused can be drawn otherwise.

/// Elements that a drawing does not need.
const ELEMENTS: &[(&str, &str)] = &[
    ("script", "a script"),
    ("foreignobject", "foreign markup"),
    ("iframe", "a frame"),
    ("embed", "something embedded"),
    ("object", "something embedded"),
    ("audio", "sound"),
    ("video", "a film"),
    ("handler", "an event handler"),
    ("listener", "an event handler"),
];

/// What in an SVG could run or fetch something; nothing where it is a drawing only.
pub(super) fn what_runs(svg: &str) -> Option<&'static str> {
    let lower = svg.to_lowercase();
    if lower.contains("<!entity") || lower.contains("<!doctype") {
        return Some("a document type");
    }
    if lower.contains("<?xml-stylesheet") {
        return Some("a style from elsewhere");
    }
    if let Some((_, what)) = ELEMENTS.iter().find(|(element, _)| has_element(&lower, element)) {
        return Some(what);
    }
    if has_handler(&lower) {
        return Some("an event handler");
    }
    if lower.contains("javascript:") {
        return Some("a script in an address");
    }
    if lower.contains("@import") || leads_out(&lower) {
        return Some("something from elsewhere");
    }
    None
}

/// `<name`, or `<prefix:name`.
fn has_element(svg: &str, name: &str) -> bool {
    svg.match_indices('<').any(|(at, _)| {
        let tag = svg[at + 1..]
            .split(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))
            .next()
            .unwrap_or_default();
        tag.rsplit(':').next() == Some(name)
    })
}

/// An attribute whose name begins with `on`.
fn has_handler(svg: &str) -> bool {
    svg.match_indices("on").any(|(at, _)| {
        let before = svg[..at].chars().next_back();
        let rest = svg[at + 2..].trim_start_matches(|c: char| c.is_ascii_alphabetic());
        rest.len() < svg[at + 2..].len()
            && before.is_some_and(|c| c.is_whitespace() || matches!(c, '"' | '\'' | '/'))
            && rest.trim_start().starts_with('=')
    })
}

/// An address that is not a place of the picture itself: `href`, `src`, or `url(…)`.
fn leads_out(svg: &str) -> bool {
    let is_inside = |rest: &str| {
        rest.trim_start_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'')
            .starts_with('#')
    };
    let attribute = |name: &str| {
        svg.match_indices(name).any(|(at, _)| {
            let rest = svg[at + name.len()..].trim_start();
            let begins = svg[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_whitespace() || matches!(c, ':' | '"' | '\'' | '/'));
            begins && rest.strip_prefix('=').is_some_and(|value| !is_inside(value))
        })
    };
    attribute("href") || attribute("src") || svg.match_indices("url(").any(|(at, _)| !is_inside(&svg[at + 4..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_that_run_are_known() {
        for right in [
            "<svg><text>on = off, src and href</text><style>@media (prefers-color-scheme: dark) {}</style></svg>",
            "<svg><use href='#a'/><use xlink:href=\"#b\"/><rect fill='url(#c)' style='marker: url(\"#d\")'/></svg>",
        ] {
            assert_eq!(what_runs(right), None, "{right}");
        }
        for wrong in [
            "<svg><ScRipt>x</script></svg>",
            "<svg><svg:script>x</svg:script></svg>",
            "<svg onload='x'>",
            "<svg\nonload = \"x\">",
            "<svg a='b'onload='x'>",
            "<svg/onload='x'>",
            "<a href=\"javascript:x\">",
            "<a href=\"java&#115;cript:x\">",
            "<a xlink:href=' https://e/x'>",
            "<image href=\"http://e/x\">",
            "<image href=\"//e/x\">",
            "<image href=\"data:image/svg+xml,x\">",
            "<use href='other.svg#a'/>",
            "<style>@import 'x'</style>",
            "<style>* { fill: url( 'https://e/x' ) }</style>",
            "<svg><foreignObject/></svg>",
            "<svg><iframe src='x'/></svg>",
            "<?xml-stylesheet href='x'?><svg/>",
            "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>",
        ] {
            assert!(what_runs(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn our_own_pictures_only_draw() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(root.join("curriculum/w01-ml-lifecycle/figures")).unwrap() {
            let path = entry.unwrap().path();
            let svg = std::fs::read_to_string(&path).unwrap();
            assert_eq!(what_runs(&svg), None, "{}", path.display());
        }
    }
}
