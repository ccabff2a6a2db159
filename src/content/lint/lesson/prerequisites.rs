//! What a lesson builds on is there, and stands before it.

use super::Subject;
use crate::base::nearest;

pub(super) fn check(subject: &mut Subject<'_>) {
    let (raw, entry, catalogue) = (subject.raw, subject.entry, subject.catalogue);
    for name in &raw.prerequisites {
        let (week, slug) = match name.split_once('/') {
            Some((week, slug)) => (week.strip_prefix('w').and_then(|week| week.parse().ok()), slug),
            None => (Some(entry.week), name.value.as_str()),
        };
        let lessons = catalogue
            .curriculum
            .weeks
            .iter()
            .find(|other| Some(other.number) == week)
            .map_or(&[][..], |week| week.lessons.as_slice());
        let place = |slug: &str| lessons.iter().position(|lesson| lesson.slug == slug);
        let Some(at) = place(slug) else {
            let help = match nearest(slug, lessons.iter().map(|lesson| lesson.slug.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a lesson of this week by its slug, one of another as `w01/slug`".into(),
            };
            subject.error(
                "prerequisites",
                name.span.clone(),
                format!("there is no lesson `{}`", name.value),
                help,
            );
            continue;
        };
        let comes_later = match week.map(|week| week.cmp(&entry.week)) {
            Some(std::cmp::Ordering::Equal) => place(&entry.lesson.slug).is_some_and(|own| own <= at),
            Some(order) => order == std::cmp::Ordering::Greater,
            None => false,
        };
        if comes_later {
            let message = format!("`{}` does not stand before this lesson", name.value);
            subject.error(
                "prerequisites",
                name.span.clone(),
                message,
                "leave it out, or move a lesson",
            );
        }
    }
}
