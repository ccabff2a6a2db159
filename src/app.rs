//! The wiring: from a configuration to a server that answers. Nothing is decided here.

pub mod config;
mod metrics;
pub mod state;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use self::config::Config;
use self::state::State;
use crate::base::{Clock, Random};
use crate::content::{Library, Roots};
use crate::lab::{Labs, Parts, Settings};
use crate::proof::{self, Proofs};
use crate::sandbox::{Driver, ProcessDriver, PythonEnvironments};
use crate::store::{DatabaseAddress, Store};
use crate::web::identity::{Identity, LocalPerson};
use crate::web::{self, Site, SiteParts};

/// What every command that works on a state directory needs.
pub struct App {
    pub state: State,
    pub clock: Clock,
    pub random: Random,
    pub store: Store,
    pub driver: Arc<dyn Driver>,
    pub library: Arc<Library>,
    pub environments: PythonEnvironments,
    pub config: Config,
}

impl App {
    /// Opens everything that the configuration names. With `hold`, the state directory is this process's alone.
    ///
    /// # Errors
    /// With what cannot be opened, and the way out.
    pub async fn open(config: Config, hold: bool) -> anyhow::Result<Self> {
        let clock = Clock::system();
        let random = Random::system();
        let state = if hold {
            State::hold(&config.state, &clock, &random)?
        } else {
            State::open(&config.state, &clock, &random)?
        };
        let address = match &config.database {
            Some(text) => DatabaseAddress::parse(text),
            None => DatabaseAddress::Sqlite(state.path.join("halfway.db")),
        };
        let driver = ProcessDriver::open(
            &state.path,
            state.install,
            config.sandbox.process.clone(),
            config.sandbox.egress.clone(),
            random.clone(),
        );
        // Reading the labs takes a disk, opening the database and trying the sandbox take their time too.
        let roots = Roots {
            labs: config.labs.clone(),
            curriculum: config.curriculum.clone(),
        };
        let (store, driver, library) = tokio::join!(
            Store::open(&address),
            driver,
            tokio::task::spawn_blocking(move || Library::open(roots))
        );
        Ok(Self {
            store: store.context("cannot open the database")?,
            driver: Arc::new(driver.context("cannot use the process driver")?),
            library: Arc::new(library.context("cannot read the labs")?),
            environments: PythonEnvironments::new(&state.path),
            state,
            clock,
            random,
            config,
        })
    }

    /// Removes what proofs left that were killed; answers their names. What goes wrong is logged: nothing depends on it.
    pub async fn sweep_proofs(&self) -> Vec<String> {
        let sandbox = &self.config.sandbox;
        proof::sweep(&self.state.path, &sandbox.process, &sandbox.egress, &self.random)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "what proofs left could not be looked for");
                Vec::new()
            })
    }

    /// The engine of lab sessions over all this; nothing runs yet.
    ///
    /// # Errors
    /// Where the machine gives no inotify instance.
    pub fn labs(&self) -> anyhow::Result<Labs> {
        let session = &self.config.session;
        Labs::new(Parts {
            store: self.store.clone(),
            driver: self.driver.clone(),
            environments: self.environments.clone(),
            source: self.library.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            state: self.state.path.clone(),
            settings: Settings {
                extension: session.extension,
                extensions: session.extensions,
                idle: session.idle,
                environment_timeout: session.environment_timeout,
                ..Settings::default()
            },
        })
        .map_err(|error| anyhow!("cannot start the lab engine: {error}"))
    }
}

/// Makes this process read templates from a folder and content from disk again whenever they change.
///
/// # Errors
/// Where there is no such folder.
pub fn develop(templates: &Path) -> anyhow::Result<()> {
    if !templates.join("base.html").is_file() {
        bail!(
            "there are no templates in {}. Start it in the repository, or leave out --dev (HALFWAY_DEV).",
            templates.display()
        );
    }
    web::templates::watch(templates);
    Ok(())
}

/// Serves until SIGTERM or SIGINT. The first line on standard output is the address. Sessions go on after the end.
///
/// # Errors
/// When the server cannot start, with the way out.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    serve_as(config, |app| {
        Arc::new(LocalPerson::new(
            app.store.clone(),
            app.clock.clone(),
            app.random.clone(),
        ))
    })
    .await
}

/// [`serve`], with another way of telling who asks: tests and measurements have many persons.
///
/// # Errors
/// As [`serve`].
pub async fn serve_as(config: Config, identity: impl FnOnce(&App) -> Arc<dyn Identity>) -> anyhow::Result<()> {
    let listen = config.listen;
    only_loopback(listen)?;
    web::templates::check().context("a template cannot be used")?;
    let allowed_hosts = config.allowed_hosts.clone();
    let metrics = metrics::start(&config.metrics)?;
    let metrics_listener = match config.metrics.listen {
        Some(address) => {
            let listener = bind(address).await.context("metrics")?;
            let address = listener.local_addr().context("cannot tell the address")?;
            tracing::info!(%address, "metrics on http://{address}/metrics");
            Some(listener)
        }
        None => None,
    };
    let app = App::open(config, true).await?;
    let listener = bind(listen).await?;
    let address = listener.local_addr().context("cannot tell the address")?;
    let labs = app.labs()?;
    let site = Site::new(SiteParts {
        labs: labs.clone(),
        store: app.store.clone(),
        library: app.library.clone(),
        identity: identity(&app),
        clock: app.clock.clone(),
        random: app.random.clone(),
        allowed_hosts,
        port: address.port(),
        guarantees: app.driver.guarantees(),
        proofs: Proofs::new(&app.state.path),
        secret: app.state.secret("web-secret", &app.random)?,
        metrics: metrics.clone(),
    });
    // Whoever has read the address may ask for the end.
    let stop = stop_signal()?;
    announce(address)?;
    let recovering = recover(labs.clone());
    let searched = site.clone();
    tokio::spawn(async move {
        if let Err(error) = searched.prepare_search().await {
            tracing::error!("the search index could not be made; the next search tries again: {error}");
        }
    });
    let app = Arc::new(app);
    let sweeping = app.clone();
    let sweeping = tokio::spawn(async move {
        let swept = sweeping.sweep_proofs().await;
        if !swept.is_empty() {
            tracing::info!(?swept, "removed what proofs had left");
        }
    });
    let serving_metrics = metrics.zip(metrics_listener).map(|(metrics, listener)| {
        let stopped = site.stopped();
        tokio::spawn(web::serve(listener, web::metrics::router(metrics), stopped))
    });
    let ending = site.clone();
    web::serve(listener, web::router(site), async move {
        let name = stop.await;
        tracing::info!("{name}: the server stops, sessions go on");
        ending.stop();
    })
    .await;
    recovering.abort();
    sweeping.abort();
    if let Some(serving) = serving_metrics {
        // It ends with the site's streams.
        let _ = serving.await;
    }
    labs.stop().await;
    app.store.close().await;
    Ok(())
}

/// Takes over the sessions of an earlier server, then keeps them. Pages are served meanwhile.
fn recover(labs: Labs) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = labs.recover().await {
            tracing::error!("sessions of an earlier server were not all taken over; it is tried again: {error}");
        }
        labs.run()
            .await
            .unwrap_or_else(|error| tracing::error!("the reconcile loop ended: {error}"));
    })
}

/// Whoever reaches the server is its one person, as long as there are no accounts.
fn only_loopback(listen: SocketAddr) -> anyhow::Result<()> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    bail!(
        "listening on {listen} is refused: there are no accounts yet, so everybody who reaches that address would have a \
         shell on this machine. Listen on 127.0.0.1:{port} and go there through a tunnel: ssh -L {port}:127.0.0.1:{port} HOST",
        port = listen.port()
    )
}

async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow!(
            "port {} of {} is in use by another program. Take another with --listen {}:0, which picks a free one.",
            listen.port(),
            listen.ip(),
            listen.ip()
        ),
        std::io::ErrorKind::PermissionDenied => anyhow!(
            "port {} may not be used by this user. Take one above 1023 with --listen.",
            listen.port()
        ),
        _ => anyhow!("cannot listen on {listen}: {error}. Take another address with --listen."),
    })
}

/// Programs that started the server wait for this line.
fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "http://{address}/")
        .and_then(|()| out.flush())
        .context("cannot print the address")?;
    tracing::info!(%address, "serving on http://{address}/");
    Ok(())
}

fn stop_signal() -> anyhow::Result<impl Future<Output = &'static str>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_loopback_is_refused_with_the_way_out() {
        for address in ["0.0.0.0:8420", "[::]:8420", "10.0.0.1:80"] {
            let error = only_loopback(address.parse().unwrap()).unwrap_err().to_string();
            assert!(error.contains("ssh -L"), "{error}");
        }
        for address in ["127.0.0.1:8420", "[::1]:0", "127.1.2.3:1"] {
            only_loopback(address.parse().unwrap()).unwrap();
        }
    }

    #[tokio::test]
    async fn a_port_in_use_is_said() {
        let first = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let error = bind(first.local_addr().unwrap()).await.unwrap_err().to_string();
        assert!(
            error.contains("in use") && error.contains("--listen 127.0.0.1:0"),
            "{error}"
        );
    }
}
