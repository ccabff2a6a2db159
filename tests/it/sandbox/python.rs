//! A real environment, in a real sandbox.

use std::sync::Mutex;

use halfway::sandbox::{Driver, FormChoice, PythonEnvironments, StepLog};

use super::support::{Fixture, has_agent, run, said, started};
use crate::support::packages;

const LOCK: &[u8] = packages::LOCK.as_bytes();

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl StepLog for Lines {
    fn line(&self, text: &str) {
        self.0.lock().unwrap().push(text.to_owned());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_is_built_once_and_shared_read_only() {
    crate::require!("agent", has_agent(), "make agent");
    crate::require!("network", packages::reachable().await, packages::FIX);
    let fixture = Fixture::new();
    let environments = PythonEnvironments::new(fixture.state.path());
    assert_eq!(environments.find(LOCK).await.unwrap(), None);
    let (one, two) = (Lines::default(), Lines::default());
    let (first, second) = tokio::join!(environments.ensure(LOCK, &one), environments.ensure(LOCK, &two));
    let environment = first.unwrap();
    assert_eq!(environment, second.unwrap());
    let lines = one.0.lock().unwrap().clone();
    assert!(lines.iter().any(|line| line.contains("cloudpickle")), "{lines:?}");
    assert!(two.0.lock().unwrap().is_empty(), "it was built twice");

    for form in [FormChoice::Auto, FormChoice::Landlock] {
        let driver = fixture.process(form).await;
        let session = fixture.session();
        let mut spec = fixture.spec(session);
        spec.environment = Some(environment.clone());
        let sandbox = started(&driver, &spec).await;
        assert_eq!(
            said(
                &sandbox,
                "python -c 'import cloudpickle; print(cloudpickle.__version__)'"
            )
            .await,
            "3.1.3"
        );
        super::support::fails(&sandbox, &format!("touch '{}/evil'", environment.root.display())).await;
        let mut spec = run(
            session,
            &sandbox.folder.workspace(),
            &["python", "-c", "import cloudpickle; print('one-shot')"],
        );
        spec.environment = Some(environment.clone());
        let output = driver.runner().run(spec, None).await.unwrap();
        assert_eq!(output.stdout.text(), "one-shot\n", "{output:?}");
        driver.destroy(session).await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_hash_is_refused_and_leaves_nothing() {
    crate::require!("network", packages::reachable().await, packages::FIX);
    let fixture = Fixture::new();
    let environments = PythonEnvironments::new(fixture.state.path());
    let lock = format!("cloudpickle==3.1.3 --hash=sha256:{}\n", "0".repeat(64));
    let lines = Lines::default();
    let error = environments.ensure(lock.as_bytes(), &lines).await.unwrap_err();
    assert!(error.to_string().contains("Python environment"), "{error}");
    assert_eq!(environments.find(lock.as_bytes()).await.unwrap(), None);
}

/// The policy `registries`, learned from this machine: pip reaches its index from inside, and nothing else is reached.
#[tokio::test(flavor = "multi_thread")]
async fn pip_inside_reaches_its_index_and_nothing_else() {
    crate::require!("agent", has_agent(), "make agent");
    crate::require!("network", packages::reachable().await, packages::FIX);
    crate::require!(
        "pip",
        std::path::Path::new("/usr/bin/pip3").exists(),
        "apt-get install python3-pip"
    );
    let fixture = Fixture::new();
    let driver = fixture.process(FormChoice::Auto).await;
    let session = fixture.session();
    let mut spec = fixture.spec(session);
    spec.egress = halfway::model::Egress::Registries;
    spec.limits.memory = 1 << 30;
    let sandbox = started(&driver, &spec).await;
    said(
        &sandbox,
        "/usr/bin/pip3 download --quiet --no-deps --dest . cloudpickle==3.1.3",
    )
    .await;
    assert!(said(&sandbox, "ls").await.contains("cloudpickle"));
    super::support::fails(
        &sandbox,
        "/usr/bin/pip3 download --no-deps --index-url https://example.com/simple cloudpickle",
    )
    .await;
    driver.destroy(session).await.unwrap();
}
