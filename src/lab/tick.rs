//! The reconcile tick: holds every row against what the driver reports. One function that tests call by hand; the
//! background loop merely calls it.

use std::time::Duration;

use futures_util::future::join_all;

use super::error::LabError;
use super::labs::{Engine, Labs, lock};
use super::metrics;
use super::sweep::sweep;
use crate::base::Timestamp;
use crate::model::SessionState;

/// How often things without an owner are looked for while the server runs.
const SWEEP: Duration = Duration::from_mins(5);

impl Labs {
    /// Takes over what an earlier server left: gives back the time in which no server ran, puts back what interrupted
    /// trials changed, removes what nobody owns, and begins to go on with everything else.
    ///
    /// # Errors
    /// Where the store or the state directory fails.
    pub async fn recover(&self) -> Result<(), LabError> {
        let engine = &self.0;
        engine.give_back_lost_time().await?;
        let swept = sweep(&engine.store, &*engine.driver, &engine.state, engine.now()).await?;
        if !swept.is_empty() {
            tracing::info!(?swept, "removed what nobody owned");
        }
        for row in engine.store.live_sessions().await? {
            engine.restore_trials(&row, None).await;
        }
        // Not waited for: what is being provisioned may take minutes, and pages can be served meanwhile.
        let ticking = self.clone();
        engine.spawn(async move {
            if let Err(error) = ticking.tick().await {
                tracing::error!(%error, "sessions could not be looked at; the next tick tries again");
            }
        });
        Ok(())
    }

    /// Holds every session that has not ended against what the driver reports, and brings each on as far as it goes.
    ///
    /// # Errors
    /// Where the store fails; what fails for one session is logged and tried again by the next tick.
    pub async fn tick(&self) -> Result<(), LabError> {
        let engine = &self.0;
        engine.events.forget();
        engine.note_alive().await;
        let rows = engine.store.live_sessions().await?;
        metrics::live(&rows);
        join_all(rows.iter().map(|row| engine.drive_if_free(row.id))).await;
        engine.sample_all().await;
        for live in engine.lives() {
            if let Some(grader) = live.grader() {
                grader.nudge();
            }
        }
        Ok(())
    }

    /// Ticks until [`Labs::stop`]: every few seconds, and when something asks for it. A tick that takes long, as one
    /// that provisions does, does not hold up the next.
    #[expect(
        clippy::must_use_candidate,
        reason = "the loop runs whether or not anybody waits for its end"
    )]
    pub fn run(&self) -> tokio::task::JoinHandle<()> {
        let labs = self.clone();
        tokio::spawn(async move {
            let engine = &labs.0;
            let mut swept = engine.now();
            while !engine.stopping.is_cancelled() {
                let ticking = labs.clone();
                engine.spawn(async move {
                    if let Err(error) = ticking.tick().await {
                        tracing::error!(%error, "sessions could not be looked at; it is tried again");
                    }
                });
                if engine.now().since(swept) >= SWEEP {
                    swept = engine.now();
                    if let Err(error) = sweep(&engine.store, &*engine.driver, &engine.state, engine.now()).await {
                        tracing::error!(%error, "what nobody owns could not be looked for");
                    }
                }
                tokio::select! {
                    () = engine.stopping.cancelled() => {}
                    () = tokio::time::sleep(engine.settings.tick) => {}
                    () = engine.wake.notified() => {}
                }
            }
        })
    }
}

impl Engine {
    fn alive_file(&self) -> std::path::PathBuf {
        self.state.join("alive")
    }

    /// Leaves word of when this server was last alive.
    async fn note_alive(&self) {
        let (file, now, turn) = (self.alive_file(), self.now(), self.noting.clone());
        let noted = tokio::task::spawn_blocking(move || {
            let _turn = lock(&turn);
            // One name, so that a draft that a kill left is the next one's.
            let draft = file.with_extension("new");
            std::fs::write(&draft, now.0.to_string())?;
            std::fs::rename(draft, file)
        })
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)));
        if let Err(error) = noted {
            tracing::error!(%error, "the state directory cannot be written");
        }
    }

    /// The time in which no server ran is not the learner's fault: deadlines move by it.
    async fn give_back_lost_time(&self) -> Result<(), LabError> {
        let Some(alive) = tokio::fs::read_to_string(self.alive_file())
            .await
            .ok()
            .and_then(|text| text.trim().parse().ok().map(Timestamp))
        else {
            return Ok(());
        };
        let lost = self.now().since(alive);
        if lost < Duration::from_secs(1) {
            return Ok(());
        }
        for row in self.store.live_sessions().await? {
            if row.state == SessionState::Ready {
                self.change(row.id, |row| {
                    if let Some(deadline) = &mut row.deadline {
                        *deadline = deadline.after(lost);
                    }
                    Ok(())
                })
                .await?;
            }
        }
        self.note_alive().await;
        Ok(())
    }
}
