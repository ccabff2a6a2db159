//! While developing, templates and content are read again without building or starting anew.

use std::path::Path;

use super::harness::{Server, Walls, Wanted};
use super::labs;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if path.extension().is_some_and(|extension| extension == "html") {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_template_and_a_lab_reload_and_mistakes_are_shown_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/pages"),
        folder.path(),
    );
    let mut wanted = Wanted::new(Walls::Landlock, [labs::plain("plain")]);
    wanted.environment = vec![
        ("HALFWAY_DEV".into(), "1".into()),
        ("HALFWAY_TEMPLATES".into(), folder.path().to_str().unwrap().into()),
    ];
    let server = Server::start(wanted).await;
    let about = folder.path().join("about.html");
    let before = std::fs::read_to_string(&about).unwrap();

    std::fs::write(&about, before.replace("About Halfway", "About this server")).unwrap();
    let page = server.get("/about").await;
    assert!(page.text().contains("<h1>About this server</h1>"), "{}", page.text());

    std::fs::write(&about, before.replace("{{ version }}", "{{ versoin }}")).unwrap();
    let page = server.get("/about").await;
    assert_eq!(page.status, 500);
    let text = page.text();
    for part in [
        "A template cannot be shown",
        "src/web/pages/about.html:6",
        "^^^^^^^",
        "help: the view has these names:",
        "versoin",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }

    std::fs::write(&about, before.replace("{% endblock %}", "")).unwrap();
    let page = server.get("/about").await;
    assert_eq!(page.status, 500);
    assert!(page.text().contains("help: mend the tag"), "{}", page.text());
    assert_eq!(server.get("/settings").await.status, 200, "only its own page is gone");

    std::fs::write(&about, &before).unwrap();
    assert_eq!(server.get("/about").await.status, 200);

    let lab = server.labs().join("plain/lab.yaml");
    let yaml = std::fs::read_to_string(&lab).unwrap();
    std::fs::write(&lab, yaml.replace("week: 1", "week: 2")).unwrap();
    let page = server.get("/labs/plain").await;
    assert!(page.text().contains("Week 2"), "{}", page.text());
    std::fs::write(&lab, yaml.replace("week: 1", "week: [1")).unwrap();
    let page = server.get("/labs").await;
    assert!(page.text().contains("labs/plain/lab.yaml:"), "{}", page.text());
}

#[tokio::test]
async fn a_server_that_is_not_told_to_develop_keeps_its_templates() {
    let folder = tempfile::tempdir().unwrap();
    let mut wanted = Wanted::new(Walls::Landlock, [labs::plain("plain")]);
    wanted.environment = vec![("HALFWAY_TEMPLATES".into(), folder.path().to_str().unwrap().into())];
    let server = Server::start(wanted).await;
    assert_eq!(server.get("/about").await.status, 200);
    let lab = server.labs().join("plain/lab.yaml");
    let yaml = std::fs::read_to_string(&lab).unwrap();
    std::fs::write(&lab, yaml.replace("week: 1", "week: 2")).unwrap();
    assert!(!server.get("/labs/plain").await.text().contains("Week 2"));
}
