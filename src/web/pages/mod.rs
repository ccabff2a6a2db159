//! The pages: a view struct with its template beside it, and the handler that fills it.
//!
//! View structs hold text that is ready to be shown and nothing else, so that each has a `sample()` and is rendered in a
//! test without a server. Templates escape everything but the HTML that `content` rendered from a lab's own Markdown.

pub mod about;
pub mod curriculum;
pub mod error;
pub mod fill;
pub mod frame;
pub mod history;
pub mod home;
pub mod lab;
pub mod labs;
pub mod lesson;
pub mod mark;
pub mod parts;
pub mod progress;
pub mod session;
pub mod settings;
pub mod show;
pub mod time;
pub mod week;

#[cfg(test)]
mod tests {
    use askama::Template;

    use super::mark::Mark;
    use super::*;

    fn every_page() -> Vec<(&'static str, String)> {
        vec![
            ("home", home::HomePage::sample().render().unwrap()),
            ("week", week::WeekPage::sample().render().unwrap()),
            ("lesson", lesson::LessonPage::sample().render().unwrap()),
            ("labs", labs::LabsPage::sample().render().unwrap()),
            ("lab", lab::LabPage::sample().render().unwrap()),
            ("history", history::HistoryPage::sample().render().unwrap()),
            ("settings", settings::SettingsPage::sample().render().unwrap()),
            ("about", about::AboutPage::sample().render().unwrap()),
            ("error", error::ErrorPage::sample().render().unwrap()),
            (
                "provisioning",
                session::provisioning::ProvisioningPage::sample().render().unwrap(),
            ),
            ("failed", session::failed::FailedPage::sample().render().unwrap()),
            (
                "workspace",
                session::workspace::WorkspacePage::sample().render().unwrap(),
            ),
            ("finish", session::finish::FinishPage::sample().render().unwrap()),
            ("confirm", session::confirm::ConfirmPage::sample().render().unwrap()),
        ]
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
        labs.labs.clear();
        assert!(labs.render().unwrap().contains("To the curriculum"));
    }
}
