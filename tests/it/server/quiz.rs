//! Questions in lessons, by forms alone: answered, kept, marked, asked again; and forms that are not what they should be.

use std::path::Path;

use halfway::store::{DatabaseAddress, Store};

use super::browser::Answer;
use super::harness::{Server, Walls, Wanted};

const ONE: &str = r#"questions:
  - id: leak
    kind: single
    ask: Which finds the *leak*?
    choices:
      - { text: "Its correlation", why: "Honest features have it, too." }
      - { text: "The job that fills it", why: "Only time decides.", right: true }
  - id: several
    kind: multiple
    ask: Which are inputs?
    choices:
      - { text: "The seed", why: "It is drawn from.", right: true }
      - { text: "The lock file", why: "Its code runs.", right: true }
      - { text: "The weather", why: "It is not read." }
  - id: steps
    kind: order
    ask: In which order?
    items:
      - { text: "Read", why: "First of all." }
      - { text: "Write", why: "Then." }
      - { text: "Prove", why: "At last." }
    why: Haste.
  - id: score
    kind: short
    ask: Which score is left?
    number: { value: 0.82, within: 0.01 }
    near: [{ text: "0.96", why: "That is the leaky one." }]
    why: By patient.
"#;

const TWO: &str = r"questions:
  - id: where
    kind: loop
    ask: Where does it belong?
    stage: validate
    why: Before it ships.
    others: { monitor: Too late. }
";

fn course() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "course.yaml",
        "title: T\nsummary: S\nmonths:\n  - { number: 1, title: M, gate: G }\n",
    );
    for (week, slug, quiz) in [(1, "one", ONE), (2, "two", TWO)] {
        let at = format!("w0{week}-week");
        let about = format!(
            "title: Week\nmonth: 1\nsummary: S\noutcomes: [O]\nlessons:\n  - {{ slug: {slug}, title: Lesson {slug} }}\n"
        );
        write(folder.path(), &format!("{at}/week.yaml"), &about);
        write(
            folder.path(),
            &format!("{at}/{slug}.md"),
            "---\nminutes: 5\nobjectives: []\n---\nBefore.\n\n> [!QUIZ]\n\n## Where you are now\n\nAfter.\n",
        );
        write(folder.path(), &format!("{at}/{slug}.quiz.yaml"), quiz);
    }
    folder
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

async fn served(course: &Path) -> Server {
    let mut wanted = Wanted::new(Walls::Landlock, []);
    wanted.config = format!("curriculum = '{}'\n", course.display());
    Server::start(wanted).await
}

/// The value of the choice, or the name of the field, that stands nearest before some words.
fn key<'p>(page: &'p str, attribute: &str, words: &str) -> &'p str {
    let at = page.find(words).unwrap_or_else(|| panic!("no {words}: {page}"));
    let start = format!("{attribute}=\"");
    let from = page[..at].rfind(&start).unwrap() + start.len();
    page[from..].split('"').next().unwrap()
}

/// The quiz alone.
fn quiz(page: &Answer) -> String {
    let text = page.text();
    let start = text
        .find("<section class=\"quiz\"")
        .unwrap_or_else(|| panic!("no quiz: {text}"));
    text[start..].split("</section>").next().unwrap().to_owned()
}

/// The days that lie between what was done and what comes: times of answers are moved into the past.
async fn days_pass(server: &mut Server) {
    server.stop().await;
    let file = server.state().join("halfway.db");
    let store = Store::open(&DatabaseAddress::Sqlite(file)).await.unwrap();
    store
        .execute_script("update quiz_tries set at = at - cast(6 as bigint) * 86400000000")
        .await
        .unwrap();
    store.close().await;
    server.restart().await;
}

#[tokio::test]
async fn a_quiz_is_answered_kept_and_tried_again() {
    let course = course();
    let mut server = served(course.path()).await;
    let page = server.get("/weeks/1/one").await.expect(200);
    let text = page.text();
    let asked = quiz(&page);
    assert!(asked.contains("4 questions, none answered yet"), "{asked}");
    assert!(
        asked.contains("Which finds the <em>leak</em>?") && !asked.contains("Only time decides"),
        "{asked}"
    );
    let (before, rest) = text.split_once("<section class=\"quiz\"").unwrap();
    assert!(before.contains("<p>Before.</p>") && rest.contains("After."));
    assert!(text.contains("href=\"#quiz\""), "the contents lead to it");

    let (wrong, right) = (key(&asked, "value", "Its correlation"), key(&asked, "value", "The job"));
    let steps = ["Read", "Write", "Prove"].map(|step| key(&asked, "name", &format!(">{step}<")).to_owned());
    let form = format!("leak={wrong}&score=0%2C96&{}=1&{}=2&{}=3", steps[0], steps[1], steps[2]);
    let answer = server.post("/weeks/1/one/quiz", &form).await.expect(303);
    assert_eq!(answer.header("location"), "/weeks/1/one#quiz");
    server.kill_9_and_restart().await;
    let answered = quiz(&server.get("/weeks/1/one").await.expect(200));
    for words in [
        "3 of 4 questions answered, 1 right",
        "Honest features have it, too.",
        "Only time decides.",
        "your answer, not right",
        "the right one",
        "That is the leaky one.",
        "href=\"#q-leak\"",
        "href=\"#q-score\"",
        "retry=leak&#38;retry=score#quiz",
        "comes back on",
        "Check the answer<",
    ] {
        assert!(answered.contains(words), "{words} is not in: {answered}");
    }
    assert!(
        !answered.contains("It is drawn from."),
        "the open one keeps its reasons: {answered}"
    );

    let again = quiz(&server.get("/weeks/1/one?retry=leak").await.expect(200));
    assert!(again.contains(&format!("name=\"leak\" value=\"{right}\"")), "{again}");
    server
        .post("/weeks/1/one/quiz", &format!("leak={right}"))
        .await
        .expect(303);
    let answered = quiz(&server.get("/weeks/1/one").await.expect(200));
    assert!(
        answered.contains("answered twice") && answered.contains("3 of 4 questions answered, 2 right"),
        "{answered}"
    );
    // The week and home know it, too.
    let week = server.get("/weeks/1").await.expect(200).text();
    assert!(week.contains("answered 3 of 4"), "{week}");
}

#[tokio::test]
async fn forms_that_are_wrong_say_so_and_keep_what_was_typed() {
    let course = course();
    let server = served(course.path()).await;
    let asked = quiz(&server.get("/weeks/1/one").await.expect(200));
    let right = key(&asked, "value", "The job").to_owned();
    let step = key(&asked, "name", ">Read<").to_owned();
    let other = key(&asked, "name", ">Write<").to_owned();
    for (form, words) in [
        (String::new(), "No question was answered."),
        ("leak=".into(), "No question was answered."),
        ("leak=gone".into(), "was changed after the page was loaded"),
        (
            format!("leak={right}&unknown=1"),
            "were changed after the page was loaded",
        ),
        ("1%2Fnone%2Fleak=x".into(), "were changed after the page was loaded"),
        ("leak=%3Cscript%3Ealert(1)%3C%2Fscript%3E".into(), "was changed after"),
        (format!("leak={right}&leak=gone"), "Two answers came"),
        (format!("{step}=1&{other}=1"), "Two steps have the place 1"),
        (format!("{step}=1"), "Some steps have no place yet"),
        (format!("score={}", "9".repeat(201)), "201 characters"),
        ("score=%00".into(), "cannot be seen"),
        (
            format!("score=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&{step}=1"),
            "Not saved yet",
        ),
    ] {
        let answer = server.post("/weeks/1/one/quiz", &form).await.expect(422);
        let told = quiz(&answer);
        assert!(told.contains(words), "{form}: {told}");
        assert!(!told.contains("<script>") && !told.contains("<img"), "{told}");
        assert!(answer.text().contains("<p>Before.</p>"), "it is the lesson's page");
    }
    let kept = quiz(
        &server
            .post("/weeks/1/one/quiz", &format!("leak={right}&score=%22x&{step}=2"))
            .await,
    );
    assert!(kept.contains(&format!("value=\"{right}\" checked")), "{kept}");
    assert!(
        kept.contains("value=\"&#34;x\"") && kept.contains("<option selected>2</option>"),
        "{kept}"
    );
    assert!(quiz(&server.get("/weeks/1/one").await).contains("none answered yet"));

    // What is no form of ours at all.
    let kinds = [
        (b"leak=%ff".to_vec(), "application/x-www-form-urlencoded", 400),
        (b"leak=\xff".to_vec(), "application/x-www-form-urlencoded", 400),
        (b"a=1&".repeat(600), "application/x-www-form-urlencoded", 400),
        (b"leak=1".to_vec(), "text/plain", 415),
        (b"{}".to_vec(), "application/json", 415),
        (vec![b'a'; 100_000], "application/x-www-form-urlencoded", 413),
    ];
    for (body, kind, status) in kinds {
        let answer = server
            .with("POST", "/weeks/1/one/quiz", &[("content-type", kind)], &body)
            .await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
        assert!(answer.text().contains("Reference"), "{}", answer.text());
    }
    for address in [
        "/weeks/9/one/quiz",
        "/weeks/x/one/quiz",
        "/weeks/1/none/quiz",
        "/weeks/1/..%2f/quiz",
    ] {
        server.post(address, "leak=x").await.expect(404);
    }
    let foreign = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let refused = super::browser::request(&server.address, "POST", "/weeks/1/one/quiz", &foreign, b"leak=x").await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn scripts_get_the_quiz_alone() {
    let course = course();
    let server = served(course.path()).await;
    let asked = quiz(&server.get("/weeks/1/one").await.expect(200));
    let right = key(&asked, "value", "The job").to_owned();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
    ];
    let form = format!("leak={right}&submission=0123456789abcdef");
    let answer = server
        .with("POST", "/weeks/1/one/quiz", &headers, form.as_bytes())
        .await
        .expect(200);
    let html = answer.json()["html"]["quiz"].as_str().unwrap().to_owned();
    assert!(
        html.starts_with("<section class=\"quiz\" id=\"quiz\"") && html.contains("1 of 4 questions answered, 1 right"),
        "{html}"
    );
    // Sent again after a lost answer it is no second try; another tab's is one.
    server
        .with("POST", "/weeks/1/one/quiz", &headers, form.as_bytes())
        .await
        .expect(200);
    assert!(!quiz(&server.get("/weeks/1/one").await).contains("answered twice"));
    let other = format!("leak={right}&submission=fedcba9876543210");
    let (one, two) = tokio::join!(
        server.with("POST", "/weeks/1/one/quiz", &headers, other.as_bytes()),
        server.post("/weeks/1/one/quiz", "score=0.82"),
    );
    assert_eq!((one.status, two.status), (200, 303));
    let both = quiz(&server.get("/weeks/1/one").await);
    assert!(
        both.contains("answered twice") && both.contains("2 of 4 questions answered, 2 right"),
        "{both}"
    );
    let refused = server
        .with("POST", "/weeks/1/one/quiz", &headers, b"leak=gone")
        .await
        .expect(422);
    assert!(
        refused.json()["html"]["quiz"]
            .as_str()
            .unwrap()
            .contains("Not saved yet")
    );
}

#[tokio::test]
async fn a_question_comes_back_after_some_days_and_can_be_switched_off() {
    let course = course();
    let mut server = served(course.path()).await;
    let empty = server.get("/review").await.expect(200).text();
    assert!(empty.contains("There is none yet"), "{empty}");
    let asked = quiz(&server.get("/weeks/1/one").await.expect(200));
    let right = key(&asked, "value", "The job").to_owned();
    server
        .post("/weeks/1/one/quiz", &format!("leak={right}&score=0.82"))
        .await
        .expect(303);
    assert!(!quiz(&server.get("/weeks/2/two").await).contains("From before"));
    let scheduled = server.get("/review").await.expect(200).text();
    assert!(
        scheduled.contains("Nothing is due now") && scheduled.contains("in 5 days"),
        "{scheduled}"
    );
    assert!(
        scheduled.contains("Which finds the leak?") && scheduled.contains("1 of 4"),
        "{scheduled}"
    );

    days_pass(&mut server).await;
    let later = quiz(&server.get("/weeks/2/two").await);
    assert!(
        later.contains("From before") && later.contains("Week 1, Lesson one"),
        "{later}"
    );
    assert!(
        later.contains("2 questions, none"),
        "its own and one that came back: {later}"
    );
    assert!(
        !quiz(&server.get("/weeks/1/one").await).contains("From before"),
        "an earlier week asks nothing back"
    );
    let home = server.get("/").await.expect(200).text();
    assert!(home.contains("2 questions are due"), "{home}");

    // Answered in the lesson it stays there, and is due no more.
    let form = format!("1%2Fone%2Fleak={right}");
    server.post("/weeks/2/two/quiz", &form).await.expect(303);
    let answered = quiz(&server.get("/weeks/2/two").await);
    assert!(
        answered.contains("From before") && answered.contains("1 of 2 questions answered, 1 right"),
        "{answered}"
    );
    let review = server.get("/review").await.expect(200).text();
    assert!(
        review.contains("name=\"1/one/score\"") && !review.contains("name=\"1/one/leak\""),
        "{review}"
    );
    assert!(review.contains("in 12 days"), "{review}");
    let stale = server.post("/review", &form).await.expect(303);
    assert_eq!(stale.header("location"), "/review#quiz");
    server.post("/review", "1%2Fone%2Fscore=0.5").await.expect(303);
    let review = server.get("/review").await.expect(200).text();
    assert!(
        review.contains("By patient.") && review.contains("within a day"),
        "{review}"
    );

    // Off: nothing comes back, the answers stay.
    days_pass(&mut server).await;
    assert!(server.get("/").await.text().contains("1 question is due"));
    server.post("/review/switch", "on=no").await.expect(303);
    let off = server.get("/review").await.expect(200).text();
    assert!(
        off.contains("you switched it off") && !off.contains("name=\"1/one/score\""),
        "{off}"
    );
    assert!(!server.get("/").await.text().contains("is due"));
    assert!(!quiz(&server.get("/weeks/2/two").await).contains("From before"));
    for wrong in ["", "on=maybe", "on=yes&on=no"] {
        server.post("/review/switch", wrong).await.expect(400);
    }
    server.post("/review/switch", "on=yes").await.expect(303);
    assert!(server.get("/review").await.text().contains("name=\"1/one/score\""));
}

#[tokio::test]
async fn a_question_that_was_changed_or_broken_loses_no_answer() {
    let course = course();
    let mut server = served(course.path()).await;
    let asked = quiz(&server.get("/weeks/1/one").await.expect(200));
    let right = key(&asked, "value", "The job").to_owned();
    server
        .post("/weeks/1/one/quiz", &format!("leak={right}&score=0.82"))
        .await
        .expect(303);
    let file = course.path().join("w01-week/one.quiz.yaml");
    std::fs::write(
        &file,
        ONE.replace("The job that fills it", "The job that writes it")
            .replace("- id: score", "- id: auc"),
    )
    .unwrap();
    server.kill_9_and_restart().await;
    let changed = quiz(&server.get("/weeks/1/one").await);
    assert!(
        changed.contains("The question was changed since: your answer to its earlier version was right"),
        "{changed}"
    );
    assert!(changed.contains("4 questions, none answered yet"), "{changed}");
    // A form of the page as it was.
    let told = quiz(
        &server
            .post("/weeks/1/one/quiz", &format!("leak={right}&score=0.82"))
            .await
            .expect(422),
    );
    assert!(told.contains("were changed after the page was loaded"), "{told}");

    std::fs::write(&file, ONE.replace(", right: true }", " }")).unwrap();
    server.kill_9_and_restart().await;
    let broken = server.get("/weeks/1/one").await.expect(200).text();
    assert!(
        broken.contains("cannot be read") && broken.contains("halfway lab lint") && broken.contains("After."),
        "{broken}"
    );
    server.post("/weeks/1/one/quiz", "leak=x").await.expect(404);
    server.get("/review").await.expect(200);

    std::fs::write(&file, ONE).unwrap();
    server.kill_9_and_restart().await;
    let mended = quiz(&server.get("/weeks/1/one").await);
    assert!(mended.contains("2 of 4 questions answered, 2 right"), "{mended}");
}

#[tokio::test]
async fn the_same_on_postgresql() {
    crate::require!(
        "postgresql",
        crate::support::postgres::present(),
        crate::support::postgres::FIX
    );
    let course = course();
    let mut wanted = Wanted::new(Walls::Landlock, []);
    wanted.config = format!("curriculum = '{}'\n", course.path().display());
    wanted.database = Some(
        tokio::task::spawn_blocking(super::harness::postgres_address)
            .await
            .unwrap(),
    );
    let server = Server::start(wanted).await;
    server
        .post("/weeks/1/one/quiz", "score=%E2%88%920.82")
        .await
        .expect(303);
    server.post("/weeks/2/two/quiz", "where=validate").await.expect(303);
    assert!(quiz(&server.get("/weeks/1/one").await).contains("1 of 4 questions answered, 0 right"));
    assert!(quiz(&server.get("/weeks/2/two").await).contains("1 of 1 question answered, 1 right"));
    server.post("/review/switch", "on=no").await.expect(303);
    assert!(server.get("/review").await.text().contains("you switched it off"));
}
