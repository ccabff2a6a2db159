//! A state directory, a driver that outlives engines, and engines that come and go on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use halfway::base::{Clock, InstallId, PersonId, Random, SessionId, Timestamp};
use halfway::content::{Library, Roots};
use halfway::lab::{Labs, Parts, SessionView, Settings, StartOptions};
use halfway::model::{LabId, Person, PersonRole, SessionState, StepState, Verdict};
use halfway::sandbox::fake::FakeDriver;
use halfway::sandbox::{Driver, EgressConfig, ProcessConfig, ProcessDriver, PythonEnvironments};
use halfway::store::{DatabaseAddress, Store};
use tempfile::TempDir;

pub use crate::support::database::Database;

/// Everything but an engine.
pub struct World {
    pub state: TempDir,
    pub clock: Clock,
    pub random: Random,
    pub driver: Arc<dyn Driver>,
    pub fake: FakeDriver,
    pub library: Arc<Library>,
    pub person: PersonId,
    database: DatabaseAddress,
    content: TempDir,
}

const LAB: &str = r#"
title: A small repair
week: 1
minutes: 5
summary: "Something to mend."
limits: { time: 2h, disk: 32MiB }
parameters:
  word: { choice: [amber, otter] }
  number: { integer: [1, 1000000] }
setup:
  - title: Plant a file
    run: [sh, setup/plant.sh]
    timeout: 20s
  - title: Plant another
    run: [sh, setup/again.sh]
    timeout: 20s
tasks:
  - id: greet
    title: It greets
    points: 10
    checks:
      - file: { path: greeting.txt, as: text }
        that: "it.text == 'hello ' + params.word"
        expected: greeting.txt greets ${word}
    hints: [First., Second.]
  - id: table
    title: The table is whole
    points: 5
    needs: [greet]
    checks:
      - file: { path: data/table.json, as: json }
        all: it > 0
        expected: every number is positive
  - id: survives
    title: It survives
    points: 20
    trial:
      act:
        - write: { path: data/extra.txt, text: "put in by the trial" }
        - remove: { path: keep.txt }
        - wait: 300ms
      watch: { greeting: { file: { path: greeting.txt, as: text } } }
      within: 300ms
      hold:
        - that: "greeting.text == 'hello ' + params.word"
          expected: the greeting stays
"#;

const INSTRUCTIONS: &str =
    "Mend it.\n\n## greet\n\nIt greets ${word}.\n\n## table\n\nAll are positive.\n\n## survives\n\nIt stays.\n";

impl World {
    /// With the small lab that these tests use.
    pub async fn new(database: Database) -> Self {
        Self::with(database, |_| {}).await
    }

    /// On the real process driver, in the strongest form that works here.
    pub async fn on_process(database: Database) -> Self {
        let mut world = Self::new(database).await;
        let driver = ProcessDriver::open(
            world.state.path(),
            InstallId::fresh(&world.clock, &world.random),
            ProcessConfig::default(),
            EgressConfig::default(),
            world.random.clone(),
        )
        .await
        .unwrap();
        world.driver = Arc::new(driver);
        world
    }

    /// With the lab as `edit` leaves it.
    pub async fn with(database: Database, edit: impl FnOnce(&Path)) -> Self {
        let content = tempfile::tempdir().unwrap();
        let lab = content.path().join("labs/small");
        for folder in ["workspace/data", "setup", "curriculum"] {
            std::fs::create_dir_all(lab.join(folder)).unwrap();
        }
        std::fs::remove_dir(lab.join("curriculum")).unwrap();
        std::fs::create_dir_all(content.path().join("curriculum")).unwrap();
        write(&lab.join("lab.yaml"), LAB);
        write(&lab.join("instructions.md"), INSTRUCTIONS);
        write(&lab.join("workspace/keep.txt"), "keep me");
        write(&lab.join("workspace/data/table.json"), "[1, 2, 3]");
        // It fails where its work was done before: a step that is half done must start from fresh files.
        write(
            &lab.join("setup/plant.sh"),
            "set -e\nmkdir \"$HALFWAY_WORKSPACE/planted\"\necho planting\ncat \"$HALFWAY_LAB/parameters.json\" > \"$HALFWAY_WORKSPACE/planted/parameters\"\n",
        );
        write(
            &lab.join("setup/again.sh"),
            "set -e\necho hidden > \"$HALFWAY_HIDDEN/labels\"\necho again\n",
        );
        edit(&lab);
        let library = Arc::new(Library::open(Roots::beneath(content.path())));
        let state = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp(1_800_000_000_000_000));
        // The machine's: two worlds with the same ids would end each other's processes.
        let random = Random::system();
        let fake = FakeDriver::new(state.path(), InstallId::fresh(&clock, &random));
        let database = database.fresh(state.path()).await;
        let world = Self {
            person: PersonId::fresh(&clock, &random),
            driver: Arc::new(fake.clone()),
            fake,
            library,
            state,
            clock,
            random,
            database,
            content,
        };
        let store = world.store().await;
        store
            .add_person(&Person {
                id: world.person,
                name: "Ana".to_owned(),
                role: PersonRole::Learner,
                created: Timestamp(0),
            })
            .await
            .unwrap();
        store.close().await;
        world
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.database).await.unwrap()
    }

    /// A new engine on the same state.
    pub async fn engine(&self) -> Labs {
        self.engine_with(Settings::default()).await
    }

    pub async fn engine_with(&self, settings: Settings) -> Labs {
        Labs::new(Parts {
            store: self.store().await,
            driver: self.driver.clone(),
            environments: PythonEnvironments::new(self.state.path()),
            source: self.library.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            state: self.state.path().to_owned(),
            settings,
        })
        .unwrap()
    }

    #[expect(clippy::unused_self, reason = "reads better at the call")]
    pub fn lab(&self) -> LabId {
        LabId("small".to_owned())
    }

    /// The lab's folder.
    pub fn lab_folder(&self) -> PathBuf {
        self.content.path().join("labs/small")
    }

    pub async fn start(&self, labs: &Labs) -> SessionId {
        labs.start(self.person, &self.lab(), StartOptions::default())
            .await
            .unwrap()
    }

    /// An engine, and a session of it that has just been started.
    pub async fn started(&self) -> (Labs, SessionId) {
        let labs = self.engine().await;
        let session = self.start(&labs).await;
        (labs, session)
    }

    /// An engine, and a session of it that is ready, as it was then.
    pub async fn ready(&self) -> (Labs, SessionId, SessionView) {
        let (labs, session) = self.started().await;
        let view = self.until_state(&labs, session, SessionState::Ready).await;
        (labs, session, view)
    }

    /// Ends a session; gives it as it is afterwards.
    pub async fn ended(&self, labs: &Labs, session: SessionId) -> SessionView {
        labs.end(self.person, session).await.unwrap();
        self.until_state(labs, session, SessionState::Ended).await
    }

    /// Where the workspace of a session lies.
    pub fn workspace(&self, session: SessionId) -> PathBuf {
        self.state
            .path()
            .join("sessions")
            .join(session.to_string())
            .join("workspace")
    }

    /// Waits for an event after which `wanted` is true of the session.
    ///
    /// # Panics
    /// After half a minute.
    pub async fn until(&self, labs: &Labs, session: SessionId, wanted: impl Fn(&SessionView) -> bool) -> SessionView {
        let mut events = labs.subscribe(self.person, None);
        let mut latest = None;
        let waiting = async {
            loop {
                let view = labs.view(self.person, session).await.unwrap();
                if wanted(&view) {
                    return view;
                }
                latest = Some(view);
                events.next().await;
            }
        };
        if let Ok(view) = tokio::time::timeout(Duration::from_secs(30), waiting).await {
            return view;
        }
        panic!("what was waited for did not come: {latest:#?}");
    }

    pub async fn until_state(&self, labs: &Labs, session: SessionId, state: SessionState) -> SessionView {
        self.until(labs, session, |view| view.session.state == state).await
    }

    /// Ticks until the session is in that state.
    pub async fn tick_until(&self, labs: &Labs, session: SessionId, state: SessionState) -> SessionView {
        let ticking = async {
            loop {
                labs.tick().await.unwrap();
                let view = labs.view(self.person, session).await.unwrap();
                if view.session.state == state {
                    return view;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ticking).await.unwrap()
    }

    /// What solves the first task.
    #[expect(clippy::unused_self, reason = "reads better at the call")]
    pub fn greeting(&self, view: &SessionView) -> String {
        format!("hello {}", view.session.parameters["word"].as_str().unwrap())
    }
}

pub fn verdict(view: &SessionView, task: &str) -> Verdict {
    view.tasks
        .iter()
        .find(|found| found.id.0 == task)
        .unwrap()
        .level
        .verdict
}

pub fn is_awarded(view: &SessionView, task: &str) -> bool {
    view.tasks
        .iter()
        .find(|found| found.id.0 == task)
        .unwrap()
        .award
        .is_some()
}

pub fn all_done(view: &SessionView) -> bool {
    view.steps.iter().all(|step| step.state == StepState::Done)
}

pub fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}
