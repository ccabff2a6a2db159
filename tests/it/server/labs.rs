//! Labs of the tests' own: tiny, without Python.

use std::fmt::Write as _;
use std::path::Path;

/// A folder of a lab as texts.
#[derive(Clone, Debug)]
pub struct LabFolder {
    pub name: String,
    pub files: Vec<(String, String)>,
}

impl LabFolder {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            files: Vec::new(),
        }
    }

    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.retain(|(known, _)| known != path);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    pub fn write(&self, labs: &Path) {
        for (path, text) in &self.files {
            let path = labs.join(&self.name).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
}

/// The top of every lab.yaml here.
pub const HEAD: &str = "\
title: A lab of the tests
week: 1
minutes: 5
summary: One sentence.
needs: { workspace: {} }
limits: { memory: 256MiB, disk: 16MiB, processes: 64, time: 30m }
";

/// A task that holds when word.txt says so.
pub const WORD: &str = "
  - id: word
    title: The word is right
    points: 10
    checks:
      - file: { path: word.txt, as: text }
        that: \"lines(it.text) == ['right']\"
        expected: word.txt holds the word right
        seen: \"'word.txt has ' + string(it.size) + ' bytes'\"
    hints: [It begins with r., It is right.]
";

/// One task, no set-up.
pub fn plain(name: &str) -> LabFolder {
    LabFolder::new(name)
        .file("lab.yaml", &format!("{HEAD}tasks:{WORD}"))
        .file("instructions.md", "A story.\n\n## word\n\nThe word is right.\n")
        .file("workspace/word.txt", "wrong\n")
}

/// A lab with these set-up steps, each `sh setup/<n>.sh`.
pub fn with_set_up(name: &str, scripts: &[&str], timeout: &str) -> LabFolder {
    let mut setup = String::from("setup:\n");
    let mut lab = plain(name);
    for (number, script) in scripts.iter().enumerate() {
        writeln!(
            setup,
            "  - {{ title: Step {number} of the lab, run: [sh, setup/{number}.sh], timeout: {timeout} }}"
        )
        .unwrap();
        lab = lab.file(&format!("setup/{number}.sh"), script);
    }
    lab.file("lab.yaml", &format!("{HEAD}{setup}tasks:{WORD}"))
}

/// A script that goes on only when the test writes a word to the FIFO of that name among the hidden files. The FIFO is
/// open by the time that the script says so.
pub fn gate(name: &str) -> String {
    format!(
        "mkfifo \"$HALFWAY_HIDDEN/{name}\"\nexec 3<> \"$HALFWAY_HIDDEN/{name}\"\necho \"waiting at {name}\"\nread word <&3\n\
         echo \"told to $word\"\n[ \"$word\" = go ]\n"
    )
}
