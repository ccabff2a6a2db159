//! `halfway lab test` that is killed in the middle: the next sweep, and the next start of a server, remove all that it
//! left, and never touch a proof that runs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use halfway::lab::watch::{Interest, Watcher};
use tokio::time::timeout;

use super::browser::PATIENCE;
use super::harness::{Server, Walls, Wanted, open_fifo, processes};
use super::labs::{self, LabFolder};
use crate::support;

/// A lab whose solution waits for the test.
fn held() -> LabFolder {
    labs::plain("held")
        .file("solution/word.txt", "right\n")
        .file(
            "solution/run.sh",
            "mkfifo gate\nexec 3<> gate\necho > waiting\nread word <&3\nrm gate waiting\n",
        )
        .file("undo/word.txt", "wrong\n")
}

/// A proof that runs.
struct Proof {
    child: Child,
    folder: PathBuf,
    install: String,
}

impl Proof {
    /// Starts one and waits until its solution waits.
    async fn start(server: &Server) -> Self {
        let above = server.state().join("proof");
        std::fs::create_dir_all(&above).unwrap();
        let before = runs(&above);
        let mut command = server.command();
        command
            .args(["lab", "test", "held", "--runs", "1", "--skip-seeds"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let folder = changed(&above, || {
            runs(&above)
                .into_iter()
                .find(|run| !before.contains(run) && gate(run).is_some())
        })
        .await;
        let install = std::fs::read_to_string(folder.join("0/install-id")).unwrap();
        Self {
            child,
            folder,
            install: install.trim().to_owned(),
        }
    }

    /// What runs in its sandboxes.
    fn programs(&self) -> Vec<String> {
        processes(std::slice::from_ref(&self.install), Some(self.child.id()))
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets its solution go on, to its end.
    async fn finish(self) -> Output {
        let mut gate = open_fifo(&gate(&self.folder).expect("its solution waits")).expect("somebody reads");
        writeln!(gate, "go").unwrap();
        drop(gate);
        tokio::task::spawn_blocking(|| self.child.wait_with_output())
            .await
            .unwrap()
            .unwrap()
    }
}

fn runs(above: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(above)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}

/// Where a run's solution waits, once it does.
fn gate(run: &Path) -> Option<PathBuf> {
    runs(&run.join("0/sessions"))
        .into_iter()
        .map(|session| session.join("workspace/gate"))
        .find(|gate| open_fifo(gate).is_some())
}

/// Looks again whenever something below the directory changes, until there is something.
async fn changed<T>(above: &Path, wanted: impl Fn() -> Option<T>) -> T {
    let everything = Interest {
        path: String::new(),
        deep: true,
    };
    let watching = Watcher::new().unwrap().watch(above, vec![everything]).unwrap();
    timeout(PATIENCE, async {
        loop {
            if let Some(found) = wanted() {
                return found;
            }
            watching.next().await;
        }
    })
    .await
    .expect("what is waited for comes about")
}

#[tokio::test]
async fn what_a_killed_proof_left_is_removed_and_a_running_one_is_not_touched() {
    crate::require!(
        "bubblewrap",
        support::has_program("bwrap"),
        "apt-get install bubblewrap"
    );
    killed(Walls::Bubblewrap).await;
}

#[tokio::test]
async fn the_same_without_bubblewrap() {
    killed(Walls::Landlock).await;
}

async fn killed(walls: Walls) {
    let mut server = Server::start(Wanted::new(walls, [held()])).await;
    server.stop().await;
    let running = Proof::start(&server).await;
    let mut killed = Proof::start(&server).await;
    assert!(!killed.programs().is_empty(), "its sandbox runs");
    killed.kill();
    let swept = server.command().arg("sweep").output().unwrap();
    let told = String::from_utf8_lossy(&swept.stdout);
    assert!(
        swept.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&swept.stderr)
    );
    let name = |proof: &Proof| proof.folder.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(
        told.contains(&name(&killed)) && !told.contains(&name(&running)),
        "{told}"
    );
    assert_eq!((killed.programs(), killed.folder.exists()), (vec![], false));
    assert!(!running.programs().is_empty());

    // The start of a server does the same, beside its work.
    let mut killed = Proof::start(&server).await;
    killed.kill();
    server.restart().await;
    changed(&server.state().join("proof"), || {
        (!killed.folder.exists()).then_some(())
    })
    .await;
    assert!(killed.programs().is_empty());

    let folder = running.folder.clone();
    let proven = running.finish().await;
    let said = String::from_utf8_lossy(&proven.stderr);
    assert!(
        proven.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&proven.stdout)
    );
    assert!(!folder.exists(), "a proof that comes to its end removes its directory");
    assert!(!said.contains(" INFO "), "it tells how far it is, and no more: {said}");
}
