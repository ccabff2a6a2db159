//! No raw HTML, and no links that run or carry anything: the page drops both, so an author better hears of it.

use super::Subject;
use crate::content::markdown;

pub(super) fn check(subject: &mut Subject<'_>) {
    let text = subject.text;
    for html in &text.html {
        let help = "write Markdown; a `<` that is meant stands in `code`, or as `\\<`";
        subject.error("markup", Some(html.clone()), "raw HTML, which is not shown", help);
    }
    for link in &text.links {
        if markdown::is_dangerous(&link.address) {
            let message = format!("`{}` is no address that a lesson may lead to", link.address);
            let help = "link to `https://…`, or to a page of the course";
            subject.error("markup", Some(link.span.clone()), message, help);
        }
    }
}
