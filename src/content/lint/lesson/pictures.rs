//! A picture can be read in light and in dark, and some lesson shows it. That it runs nothing and fetches nothing is
//! seen when it is read: one that does is not served.

use super::super::super::catalogue::Catalogue;
use super::super::super::diagnostic::{Diagnostic, Severity};

/// `used` are the addresses of all pictures that lessons show, by week.
pub(super) fn check(catalogue: &Catalogue, used: &[(u8, String)]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for ((week, name), svg) in &catalogue.figures {
        let folder = catalogue
            .curriculum
            .weeks
            .iter()
            .find(|other| other.number == *week)
            .map_or("", |week| week.slug.as_str());
        let file = format!("curriculum/{folder}/figures/{name}");
        if !(svg.contains("prefers-color-scheme: dark") || svg.contains("light-dark(")) {
            let message = "the picture has no colours for the dark";
            let help = "in its `<style>`, set them in `@media (prefers-color-scheme: dark)`";
            found.push(
                Diagnostic::about("pictures", Severity::Error, file.clone(), message)
                    .at(svg, 0..svg.find('\n').unwrap_or(svg.len()))
                    .help(help),
            );
        }
        if !svg.contains("viewBox") {
            let message = "the picture cannot be made smaller";
            found.push(
                Diagnostic::about("pictures", Severity::Error, file.clone(), message)
                    .at(svg, 0..svg.find('\n').unwrap_or(svg.len()))
                    .help("give its `<svg>` a `viewBox`"),
            );
        }
        let is_used = used
            .iter()
            .any(|(other, address)| other == week && address.trim_start_matches("./") == format!("figures/{name}"));
        if !is_used {
            found.push(
                Diagnostic::about("pictures", Severity::Warning, file, "no lesson shows this picture")
                    .help("show it, or remove it"),
            );
        }
    }
    found
}
