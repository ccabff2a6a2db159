//! About: version, licence, and what is built in.

use axum::extract::State;
use serde::Serialize;

use super::frame::{Frame, Section};
use super::show::{Shown, page};
use crate::base::Timestamp;
use crate::web::assets::Licensed;
use crate::web::templates::View;
use crate::web::{Site, assets};

/// The page at `/about`.
#[derive(Clone, Debug, Serialize)]
pub struct AboutPage {
    pub frame: Frame,
    pub version: &'static str,
    /// The crates that are linked.
    pub crates: Vec<Licensed>,
    /// The packages that the scripts, styles and fonts are made of.
    pub packages: Vec<Licensed>,
    /// Name and text of each notice that comes with the built scripts.
    pub notices: Vec<(String, String)>,
}

impl View for AboutPage {
    const TEMPLATE: &'static str = "about.html";
}

/// `GET /about`.
///
/// # Errors
/// When the template cannot be rendered.
pub async fn show(State(site): State<Site>) -> Shown {
    page(&AboutPage {
        frame: Frame::landing("About Halfway", Section::Elsewhere, site.clock().now()),
        version: crate::web::VERSION,
        crates: crates(),
        packages: assets::packages(),
        notices: assets::notices(),
    })
}

/// As cargo told them when this was built.
fn crates() -> Vec<Licensed> {
    include_str!(concat!(env!("OUT_DIR"), "/crates.txt"))
        .lines()
        .filter_map(|line| {
            let mut parts = line.split('\t').map(str::to_owned);
            Some(Licensed {
                name: parts.next()?,
                version: parts.next()?,
                licence: parts.next()?,
            })
        })
        .collect()
}

impl AboutPage {
    /// A page with one notice.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            frame: Frame::landing("About Halfway", Section::Elsewhere, Timestamp(0)),
            version: crate::web::VERSION,
            crates: vec![Licensed {
                name: "axum".into(),
                version: "0.8.9".into(),
                licence: "MIT".into(),
            }],
            packages: vec![Licensed {
                name: "@xterm/xterm".into(),
                version: "6.0.0".into(),
                licence: "MIT".into(),
            }],
            notices: vec![("lab.js".into(), "MIT License".into())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_are_known_with_their_licences() {
        let crates = crates();
        let axum = crates.iter().find(|one| one.name == "axum").unwrap();
        assert!(axum.version.starts_with("0.") && axum.licence == "MIT", "{axum:?}");
        assert!(crates.iter().all(|one| !one.licence.is_empty()), "{crates:?}");
    }
}
