use proptest::prelude::*;

use super::*;

fn page(kind: SearchKind, address: &str, title: &str, text: &str, sections: &[(&str, &str)]) -> SearchPage {
    SearchPage {
        kind,
        address: address.into(),
        title: title.into(),
        also: String::new(),
        place: "Week 1".into(),
        text: text.into(),
        sections: sections
            .iter()
            .map(|(heading, text)| SearchSection {
                id: Some(format!("s-{}", query::plain(heading).replace(' ', "-"))),
                heading: (*heading).into(),
                text: (*text).into(),
            })
            .collect(),
    }
}

async fn index() -> SearchIndex {
    let mut leakage = page(
        SearchKind::Term,
        "/glossary/data-leakage",
        "Data leakage",
        "A column tells too much.",
        &[],
    );
    leakage.also = "leak target leakage".into();
    SearchIndex::fill(vec![
        page(
            SearchKind::Lesson,
            "/weeks/1/loop",
            "One loop",
            "Where training leaks a label, leakage leakage leakage leakage leakage leakage is said often.",
            &[
                ("Two crafts", "Operations and learning."),
                ("Leakage", "See the next lesson."),
            ],
        ),
        page(
            SearchKind::Lesson,
            "/weeks/1/leakage",
            "Features, splits and leakage",
            "A test that passes only because CI could reach production.",
            &[
                ("Two walls", "Time and people; a late column <b>leaks</b> & \"drips\"."),
                ("Measure it", "Split by patient, then train again. The threshold stays."),
            ],
        ),
        page(
            SearchKind::Lab,
            "/labs/inherited",
            "Inherited notebook",
            "A notebook that nobody else can run reports 0.99.",
            &[("Training runs", "Make it train from a clean process.")],
        ),
        leakage,
        page(
            SearchKind::Term,
            "/glossary/split",
            "Split",
            "Rows dealt out, café \u{1}odd\u{2}.",
            &[],
        ),
    ])
    .await
    .unwrap()
}

async fn addresses(index: &SearchIndex, typed: &str) -> Vec<String> {
    let results = index.search(typed, 20).await.unwrap();
    results.hits.into_iter().map(|hit| hit.address).collect()
}

fn marked(segments: &[Segment]) -> String {
    segments
        .iter()
        .map(|segment| {
            if segment.hit {
                format!("[{}]", segment.text)
            } else {
                segment.text.clone()
            }
        })
        .collect()
}

#[tokio::test]
async fn titles_come_before_headings_before_texts() {
    let index = index().await;
    assert_eq!(
        addresses(&index, "leakage").await,
        [
            "/glossary/data-leakage",
            "/weeks/1/leakage",
            "/weeks/1/loop#s-leakage",
            "/weeks/1/loop"
        ]
    );
    // The page that is called so comes first of all.
    assert_eq!(addresses(&index, "split").await[0], "/glossary/split");
    assert_eq!(addresses(&index, "splits").await[0], "/glossary/split");
}

#[tokio::test]
async fn words_stand_in_any_order_and_the_last_may_go_on() {
    let index = index().await;
    assert_eq!(addresses(&index, "walls two").await, ["/weeks/1/leakage#s-two-walls"]);
    assert_eq!(addresses(&index, "noteb").await, ["/labs/inherited"]);
    // A word of the page's title and one of the section's text.
    assert_eq!(
        addresses(&index, "features threshold").await,
        ["/weeks/1/leakage#s-measure-it"]
    );
    assert_eq!(addresses(&index, "CAFE").await, ["/glossary/split"]);
    assert_eq!(addresses(&index, "target leak").await[0], "/glossary/data-leakage");
}

#[tokio::test]
async fn a_typo_is_forgiven_and_said() {
    let index = index().await;
    let results = index.search("thresold", 20).await.unwrap();
    assert_eq!(results.answered, Answered::Corrected("threshold".into()));
    assert_eq!(results.hits[0].address, "/weeks/1/leakage#s-measure-it");
    let results = index.search("inhreited notebok", 20).await.unwrap();
    assert_eq!(results.answered, Answered::Corrected("inherited notebook".into()));
    assert_eq!(index.search("zzzzzz", 20).await.unwrap().hits, []);
    let results = index.search("patient notebook", 20).await.unwrap();
    assert_eq!((results.answered, results.hits.len()), (Answered::InPart, 2));
}

#[tokio::test]
async fn hits_are_marked_and_texts_come_back_as_they_were() {
    let index = index().await;
    let hit = &index.search("late", 20).await.unwrap().hits[0];
    assert_eq!(marked(&hit.title), "Features, splits and leakage");
    assert_eq!(marked(&hit.heading), "Two walls");
    assert_eq!(
        marked(&hit.snippet),
        "Time and people; a [late] column <b>leaks</b> & \"drips\"."
    );
    let hit = &index.search("odd", 20).await.unwrap().hits[0];
    assert_eq!(marked(&hit.snippet), "Rows dealt out, café  [odd] .");
    let hit = &index.search("leakages", 20).await.unwrap().hits[0];
    assert_eq!((marked(&hit.title).as_str(), hit.heading.len()), ("Data [leakage]", 0));
}

#[tokio::test]
async fn only_so_many_are_given() {
    let pages = (0..100).map(|n| page(SearchKind::Lesson, &format!("/{n}"), "Same title", "text", &[]));
    let index = SearchIndex::fill(pages.collect()).await.unwrap();
    let results = index.search("same", 20).await.unwrap();
    assert_eq!((results.hits.len(), results.more), (20, true));
    assert_eq!(results.hits[0].address, "/0");
    let empty = SearchIndex::fill(Vec::new()).await.unwrap();
    assert_eq!(empty.search("same", 20).await.unwrap().hits, []);
}

#[test]
fn nothing_that_is_typed_makes_it_fail() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let index = runtime.block_on(index());
    proptest!(|(typed in "\\PC{0,60}|[a-z\"'()*:^+{}\\-\0\u{1}\u{2} ]{0,60}|((AND|OR|NOT|NEAR|leak|title:|\"|\\*| |\\(|\\)){0,12})|\\u{0300}{0,4}[²ªßİﬀ\\u{0345}٣]{0,6}")| {
        let found = runtime.block_on(index.search(&typed, 20));
        prop_assert!(found.is_ok(), "{:?}", found);
    });
}
