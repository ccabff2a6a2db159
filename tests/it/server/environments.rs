//! Two processes that want the same Python environment: one builds, the other waits and says so; and a builder that is
//! killed leaves nothing that the next takes for finished.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::browser::PATIENCE;
use super::harness::{Server, Walls, Wanted};
use super::labs::{self, LabFolder};
use crate::support;

fn lab() -> LabFolder {
    let needs = labs::HEAD.replace("workspace: {}", "workspace: { environment: python }");
    labs::plain("python")
        .file("lab.yaml", &format!("{needs}tasks:{}", labs::WORD))
        .file("environment/requirements.txt", support::packages::LOCK)
}

/// A `halfway lab prepare` that runs.
struct Builder {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    said: Vec<String>,
}

impl Builder {
    fn start(server: &Server) -> Self {
        let mut child = Command::from(server.command())
            .args(["lab", "prepare"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Reads until a line has those words.
    async fn until(&mut self, words: &str) {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line())
                .await
                .expect("a line")
                .unwrap();
            let Some(line) = line else {
                panic!("{words:?} was never said: {:#?}", self.said)
            };
            let found = line.contains(words);
            self.said.push(line);
            if found {
                return;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    async fn end(&mut self) -> ExitStatus {
        while let Some(line) = timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("a line")
            .unwrap()
        {
            self.said.push(line);
        }
        self.child.wait().await.unwrap()
    }
}

/// A server that has stopped, with nothing built.
async fn stopped() -> Server {
    let mut server = Server::start(Wanted::new(Walls::Landlock, [lab()])).await;
    server.stop().await;
    server
}

fn environments(server: &Server) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(server.state().join("envs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn is_built_by_one_while_the_other_waits() {
    crate::require!("network", support::packages::reachable().await, support::packages::FIX);
    let server = stopped().await;
    let mut first = Builder::start(&server);
    first.until("Making a Python").await;
    // So that it cannot be done before the other one comes.
    first.signal(Signal::STOP);
    let mut second = Builder::start(&server);
    second.until("waiting for it").await;
    first.signal(Signal::CONT);
    assert!(first.end().await.success(), "{:#?}", first.said);
    assert!(second.end().await.success(), "{:#?}", second.said);
    let made = |builder: &Builder| builder.said.iter().any(|line| line.contains("Making a Python"));
    assert!(made(&first) && !made(&second), "{:#?}", second.said);
    assert_eq!(environments(&server).len(), 1);
}

#[tokio::test]
async fn is_built_again_when_its_builder_was_killed() {
    crate::require!("network", support::packages::reachable().await, support::packages::FIX);
    let server = stopped().await;
    let mut first = Builder::start(&server);
    first.until("Making a Python").await;
    // The next line is one of the installation, so that there is something half done.
    first.until("").await;
    first.signal(Signal::KILL);
    first.end().await;
    let mut second = Builder::start(&server);
    assert!(second.end().await.success(), "{:#?}", second.said);
    assert!(second.said.iter().any(|line| line.contains("Making a Python")));
    let [environment] = &environments(&server)[..] else {
        panic!("one environment, not {:#?}", environments(&server))
    };
    let imported = std::process::Command::new(environment.join("bin/python"))
        .args(["-c", "import cloudpickle"])
        .status()
        .unwrap();
    assert!(imported.success());
}
