//! The pages: a view struct with its template beside it, and the handler that fills it.
//!
//! View structs hold text that is ready to be shown and nothing else, so that each has a `sample()` and is rendered in a
//! test without a server. Templates escape everything but the HTML that `content` rendered from a lab's own Markdown.

pub mod about;
pub mod belongings;
pub mod curriculum;
pub mod error;
pub mod fill;
pub mod frame;
pub mod glossary;
pub mod history;
pub mod home;
pub mod lab;
pub mod labs;
pub mod lesson;
pub mod mark;
pub mod overview;
pub mod parts;
pub mod progress;
pub mod quiz;
pub mod ready;
pub mod review;
pub mod search;
pub mod session;
pub mod settings;
pub mod show;
pub mod time;
pub mod week;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::mark::Mark;
    use super::*;
    use crate::web::templates::{self, View};

    /// The template's name, the page, and the view as the template sees it.
    fn shown<T: View>(view: &T) -> (&'static str, String, serde_json::Value) {
        let html = view.render().unwrap_or_else(|error| panic!("{error}"));
        (T::TEMPLATE, html, serde_json::to_value(view).unwrap())
    }

    fn every_page() -> Vec<(&'static str, String)> {
        every_view()
            .into_iter()
            .filter(|(name, ..)| !name.starts_with("parts/") && *name != "error_plain.html")
            .map(|(name, html, _)| (name, html))
            .collect()
    }

    /// Every template with a view of its own.
    fn every_view() -> Vec<(&'static str, String, serde_json::Value)> {
        let task = parts::TaskView::sample();
        let provisioning = session::provisioning::ProvisioningPage::sample();
        let workspace = session::workspace::WorkspacePage::sample();
        let error = error::ErrorPage::sample();
        vec![
            shown(&home::HomePage::sample()),
            shown(&week::WeekPage::sample()),
            shown(&lesson::LessonPage::sample()),
            shown(&labs::LabsPage::sample()),
            shown(&lab::LabPage::sample()),
            shown(&lab::LabPage {
                action: lab::Action::Start,
                ..lab::LabPage::sample()
            }),
            shown(&lab::LabPage {
                action: lab::Action::Resume {
                    href: "/sessions/0190b6a4-0000-7000-8000-000000000001".into(),
                    state: "ready".into(),
                },
                ..lab::LabPage::sample()
            }),
            shown(&history::HistoryPage::sample()),
            shown(&review::ReviewPage::sample()),
            shown(&quiz::view::QuizView::sample()),
            shown(&search::ResultsPage::sample()),
            shown(&glossary::GlossaryPage::sample()),
            shown(&glossary::TermPage::sample()),
            shown(&overview::OverviewPage::sample()),
            shown(&settings::SettingsPage::sample()),
            shown(&about::AboutPage::sample()),
            shown(&error::PlainErrorPage(&error)),
            shown(&error),
            shown(&session::failed::FailedPage::sample()),
            shown(&session::finish::FinishPage::sample()),
            shown(&session::confirm::ConfirmPage::sample()),
            shown(&home::HomePage::sample().running[0]),
            shown(&workspace.progress),
            shown(&workspace.time),
            shown(&workspace.state),
            shown(&workspace),
            shown(&provisioning.steps),
            shown(&provisioning.output),
            shown(&provisioning),
            shown(&parts::TrialView::sample()),
            shown(&task),
            shown(&Mark::Passed),
        ]
    }

    #[test]
    fn every_template_is_rendered_here() {
        // These have no view: the layout of every page.
        let mut rendered = BTreeSet::from(["base.html".to_owned(), "parts/header.html".to_owned()]);
        rendered.extend(every_view().into_iter().map(|(name, ..)| name.to_owned()));
        let there: BTreeSet<_> = templates::names().into_iter().collect();
        assert_eq!(rendered, there);
    }

    #[test]
    fn no_branch_of_a_template_asks_for_a_name_that_its_view_lacks() {
        let mut views: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, _, view) in every_view() {
            views.entry(name).or_default().push(view);
        }
        for (name, views) in views {
            for asked in templates::asked(name) {
                assert!(
                    ["asset", "version", "faults"].contains(&asked.as_str())
                        || views.iter().any(|view| has(view, &asked)),
                    "{name} asks for {asked}, and no view of it has that"
                );
            }
        }
    }

    /// Whether a view has `frame.title`, or what comes before it is nothing in this sample.
    fn has(view: &serde_json::Value, asked: &str) -> bool {
        let mut at = view;
        for step in asked.split('.') {
            match at {
                serde_json::Value::Object(inner) => match inner.get(step) {
                    Some(found) => at = found,
                    None => return false,
                },
                _ => return true,
            }
        }
        true
    }

    #[test]
    fn the_plain_error_page_needs_nothing_but_itself() {
        let html = error::PlainErrorPage(&error::ErrorPage::sample()).render().unwrap();
        assert!(!html.contains("/assets/") && !html.contains("<script"), "{html}");
        assert!(
            html.contains("<h1>Not found</h1>") && html.contains("7k3m9qx2"),
            "{html}"
        );
    }

    #[test]
    fn every_page_has_one_h1_a_main_and_a_skip_link_that_leads_somewhere() {
        for (name, html) in every_page() {
            let headings: Vec<_> = html
                .split("<h1")
                .skip(1)
                .map(|rest| rest.split("</h1>").next())
                .collect();
            assert_eq!(headings.len(), 1, "{name}: {headings:?}");
            assert_eq!(html.matches("<main").count(), 1, "{name}");
            // Pictures have titles too.
            let head = html.split("</head>").next().unwrap_or_default();
            assert_eq!(head.matches("<title>").count(), 1, "{name}");
            let links = html.split("class=\"skip\" href=\"#").skip(1);
            let targets: Vec<_> = links.filter_map(|rest| rest.split('"').next()).collect();
            assert!(!targets.is_empty(), "{name} has no skip link");
            for target in targets {
                assert!(
                    html.contains(&format!("id=\"{target}\"")),
                    "{name}: #{target} is nowhere"
                );
            }
        }
    }

    #[test]
    fn ids_are_unique() {
        for (name, html) in every_page() {
            let mut ids: Vec<_> = html
                .split(" id=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next())
                .collect();
            let all = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), all, "{name} repeats an id");
        }
    }

    #[test]
    fn no_page_needs_what_its_policy_forbids() {
        for (name, html) in every_page() {
            for forbidden in [" style=", " onclick=", "<style", "javascript:", "<script>"] {
                assert!(!html.contains(forbidden), "{name} has {forbidden}");
            }
        }
    }

    #[test]
    fn every_mark_is_silent() {
        for mark in Mark::ALL {
            let html = mark.render().unwrap();
            assert!(
                html.contains("aria-hidden=\"true\"") && html.contains(mark.class()),
                "{html}"
            );
        }
    }

    #[test]
    fn empty_pages_have_a_next_action() {
        let mut home = home::HomePage::sample();
        home.next = None;
        home.running.clear();
        assert!(home.render().unwrap().contains("See the labs"));
        let mut history = history::HistoryPage::sample();
        history.attempts.clear();
        assert!(history.render().unwrap().contains("Choose a lab"));
        let mut labs = labs::LabsPage::sample();
        labs.groups.clear();
        assert!(labs.render().unwrap().contains("To the curriculum"));
    }
}
