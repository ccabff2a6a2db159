//! Labs that cannot be read: their author is told where and what to do, and the server serves the others.

use super::harness::{Server, Walls, Wanted};
use super::labs::{self, LabFolder};

fn with(name: &str, from: &str, to: &str) -> LabFolder {
    let lab = labs::plain(name);
    let yaml = lab.files[0].1.clone();
    assert!(yaml.contains(from), "{yaml}");
    lab.file("lab.yaml", &yaml.replace(from, to))
}

#[tokio::test]
async fn each_mistake_is_told_in_its_place_and_the_rest_is_served() {
    let bad = [
        (with("bad-yaml", "week: 1", "week: [1"), "labs/bad-yaml/lab.yaml:"),
        (with("bad-key", "summary:", "sumary:"), "labs/bad-key/lab.yaml:4:"),
        (
            with("bad-cel", "lines(it.text) ==", "lines(it.text) ="),
            "labs/bad-cel/lab.yaml:13:",
        ),
        (
            with("bad-name", "lines(it.text)", "lines(itt.text)"),
            "labs/bad-name/lab.yaml:13:",
        ),
        (
            with(
                "bad-parameter",
                "tasks:",
                "parameters: { n: { integer: [9, 1] } }\ntasks:",
            ),
            "labs/bad-parameter/lab.yaml:7:",
        ),
        (
            labs::plain("bad-markdown").file("instructions.md", "A story.\n\n## other\n\nNo such task.\n"),
            "labs/bad-markdown/instructions.md:3:",
        ),
        (
            labs::plain("bad-text").file("instructions.md", "A story of ${nobody}.\n\n## word\n\nThe word.\n"),
            "labs/bad-text/instructions.md:1:",
        ),
    ];
    let mut all: Vec<LabFolder> = bad.iter().map(|(lab, _)| lab.clone()).collect();
    all.push(labs::plain("good"));
    let server = Server::start(Wanted::new(Walls::Landlock, all)).await;

    let mut lint = server.command();
    let output = lint.args(["lab", "lint"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for (lab, place) in &bad {
        assert!(said.contains(place), "{place} is not in:\n{said}");
        let mut one = server.command();
        let output = one.args(["lab", "lint", &lab.name]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            output.status.code(),
            Some(1),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains(place) && said.contains("help: "), "{said}");
        // The line itself, with a mark below.
        assert!(
            said.contains('│') && (said.contains('─') || said.contains('▲')),
            "{said}"
        );
    }
    let mut good = server.command();
    assert!(good.args(["lab", "lint", "good"]).output().unwrap().status.success());

    let labs = server.get("/labs").await.expect(200).text();
    assert!(labs.contains("/labs/good"), "{labs}");
    for (lab, _) in &bad {
        assert!(labs.contains(&lab.name), "the list of labs names {}: {labs}", lab.name);
        let card = server.get(&format!("/labs/{}", lab.name)).await;
        assert!(
            card.text().contains("cannot be read"),
            "{}: {} {}",
            lab.name,
            card.status,
            card.text()
        );
        assert!(
            card.text().contains("lab lint"),
            "the card names the command: {}",
            card.text()
        );
        let start = server.post(&format!("/labs/{}/start", lab.name), "").await;
        assert!((400..500).contains(&start.status), "{}", start.text());
    }
    let id = server.ready_lab("good").await;

    // A lab that breaks while somebody is in it: what runs goes on.
    with("good", "week: 1", "week: [1").write(&server.labs());
    server.save(&id, "word.txt", "right\n").await.expect(200);
    server.get(&format!("/sessions/{id}")).await.expect(200);
    server.end(&id).await;
}
