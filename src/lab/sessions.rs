//! What a person does with a session as a whole: start, extend, resume, reset, retry, cancel, end.

use super::error::LabError;
use super::labs::{Engine, Labs};
use super::provision::{self, Mode};
use super::time;
use super::view::{Availability, Missing};
use crate::base::{PersonId, SessionId};
use crate::content::parameters;
use crate::model::{Lab, LabId, LabSession, SessionState};
use crate::sandbox::guarantees;
use crate::store::Created;

/// How a session starts, beyond the lab itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartOptions {
    /// Name of an export of the same person and lab: the workspace starts from it, with the parameters of the attempt
    /// that it came from.
    pub from_export: Option<String>,
    /// The seed of the parameters; drawn where it is not given.
    pub seed: Option<u64>,
}

impl Labs {
    /// Starts a lab. A person has one live session a lab: a second start gives the same one.
    ///
    /// # Errors
    /// [`LabError::NotFound`] where there is no such lab or export, [`LabError::Unavailable`] where this server cannot
    /// run it, [`LabError::State`] where one runs already and an export was asked for.
    pub async fn start(&self, person: PersonId, lab: &LabId, options: StartOptions) -> Result<SessionId, LabError> {
        let engine = &self.0;
        let definition = engine.source.lab(lab).ok_or(LabError::NotFound("lab"))?;
        if let Some(missing) = self.availability(&definition).missing.into_iter().next() {
            return Err(LabError::Unavailable {
                reason: format!("This server cannot run the lab: {} ({}).", missing.what, missing.why),
                fix: missing.fix,
            });
        }
        let (mut seed, mut drawn) = (options.seed, None);
        if let Some(name) = &options.from_export {
            if engine.store.live_session(person, lab).await?.is_some() {
                return Err(LabError::State(
                    "A session of this lab is under way. End it first, then start from the export.".to_owned(),
                ));
            }
            let export = engine
                .store
                .export(person, name)
                .await?
                .ok_or(LabError::NotFound("export"))?;
            if export.lab != *lab {
                return Err(LabError::Invalid(format!(
                    "This export belongs to the lab “{}”: start that one from it.",
                    export.lab
                )));
            }
            if let Some(origin) = engine.store.session(export.session).await? {
                seed = Some(origin.seed);
                drawn = Some(origin.parameters);
            }
        }
        let seed = seed.unwrap_or_else(|| engine.random.number());
        let parameters = match drawn {
            Some(drawn) => drawn,
            None => parameters::draw(&definition, seed),
        };
        let row = LabSession {
            id: SessionId::fresh(&engine.clock, &engine.random),
            person,
            workshop: None,
            lab: lab.clone(),
            lab_hash: definition.hash.clone(),
            state: SessionState::Provisioning,
            reason: None,
            seed,
            parameters,
            driver: engine.driver.kind().word().to_owned(),
            created: engine.now(),
            ready: None,
            ended: None,
            deadline: None,
            left: None,
            extensions: 0,
            from_export: options.from_export,
            revision: 0,
        };
        let filled = engine
            .lab_of(&row)
            .ok_or_else(|| LabError::Fault(format!("the lab {lab} cannot be filled in")))?;
        let steps = provision::first_steps(&filled, row.from_export.as_deref());
        match engine.store.create_session(&row, &steps).await {
            Ok(Created::New) => {
                tracing::info!(session = %row.id, %lab, %person, "a session was started");
                engine.drive_soon(row.id);
                Ok(row.id)
            }
            Ok(Created::Existing(existing)) => {
                engine.forget(row.id);
                Ok(existing.id)
            }
            Err(error) => {
                engine.forget(row.id);
                Err(error.into())
            }
        }
    }

    /// What this server lacks for a lab.
    #[must_use]
    pub fn availability(&self, lab: &Lab) -> Availability {
        let given = self.0.driver.guarantees();
        let missing = |guarantee| {
            let known = given.missing(guarantee);
            Missing {
                what: guarantees::words(guarantee).to_owned(),
                why: known.map_or_else(
                    || "its driver does not promise it".to_owned(),
                    |missing| missing.why.clone(),
                ),
                fix: known.and_then(|missing| missing.fix.clone()),
            }
        };
        let lacking = given.lacking(&lab.needs.guarantees);
        Availability {
            weaker: given
                .all_missing()
                .map(|(guarantee, _)| guarantee)
                .filter(|guarantee| !lacking.contains(guarantee))
                .map(missing)
                .collect(),
            missing: lacking.into_iter().map(missing).collect(),
        }
    }

    /// Adds time, whether it runs or stands still.
    ///
    /// # Errors
    /// [`LabError::State`] where every extension was used or no time was given yet.
    pub async fn extend(&self, person: PersonId, session: SessionId) -> Result<(), LabError> {
        let engine = &self.0;
        engine.own(person, session).await?;
        let settings = &engine.settings;
        engine
            .change(session, |row| {
                if !matches!(row.state, SessionState::Ready | SessionState::Paused) {
                    return Err(LabError::State(
                        "Time can be added while a session is ready or paused.".to_owned(),
                    ));
                }
                if time::extend(row, settings.extension, settings.extensions, engine.now()) {
                    Ok(())
                } else {
                    Err(LabError::State(format!(
                        "All {} extensions were used. Export your work and start again from it.",
                        settings.extensions
                    )))
                }
            })
            .await?;
        engine.drive_soon(session);
        Ok(())
    }

    /// Starts the programs of a paused session again; its files are as they were.
    ///
    /// # Errors
    /// [`LabError::State`] where it is not paused or no time is left.
    pub async fn resume(&self, person: PersonId, session: SessionId) -> Result<(), LabError> {
        self.0.own(person, session).await?;
        self.0
            .bring_up(session, Mode::Resume, |row| match row.state {
                SessionState::Paused if row.left.is_some_and(|left| left.is_zero()) => Err(LabError::State(
                    "No time is left: extend it first, then resume.".to_owned(),
                )),
                SessionState::Paused => Ok(()),
                _ => Err(LabError::State("Only a paused session can be resumed.".to_owned())),
            })
            .await
    }

    /// Puts the whole lab back to how it was given, with the same parameters. The work is kept as an export, and what
    /// was achieved stays.
    ///
    /// # Errors
    /// [`LabError::State`] where it is neither ready nor paused.
    pub async fn reset(&self, person: PersonId, session: SessionId) -> Result<(), LabError> {
        self.0.own(person, session).await?;
        self.0
            .bring_up(session, Mode::Reset, |row| match row.state {
                SessionState::Ready | SessionState::Paused => Ok(()),
                _ => Err(LabError::State(
                    "Only a session that is ready or paused can be reset.".to_owned(),
                )),
            })
            .await
    }

    /// Tries provisioning again after it failed.
    ///
    /// # Errors
    /// [`LabError::State`] where it has not failed.
    pub async fn retry(&self, person: PersonId, session: SessionId) -> Result<(), LabError> {
        let engine = &self.0;
        engine.own(person, session).await?;
        engine
            .change(session, |row| match row.state {
                SessionState::Failed => {
                    row.state = SessionState::Provisioning;
                    row.reason = None;
                    Ok(())
                }
                _ => Err(LabError::State(
                    "Only a session that has failed can be retried.".to_owned(),
                )),
            })
            .await?;
        engine.drive_soon(session);
        Ok(())
    }

    /// Gives up a session that is not ready yet, or has failed.
    ///
    /// # Errors
    /// [`LabError::State`] where it is ready already: end it instead.
    pub async fn cancel(&self, person: PersonId, session: SessionId) -> Result<(), LabError> {
        self.0.own(person, session).await?;
        self.0
            .wind_down(session, "Cancelled.", |state| {
                matches!(
                    state,
                    SessionState::Queued | SessionState::Provisioning | SessionState::Failed
                )
            })
            .await
    }

    /// Ends a session: its workspace is kept as an export, everything else is removed.
    ///
    /// # Errors
    /// Where the store fails; ending twice is no error.
    pub async fn end(&self, person: PersonId, session: SessionId) -> Result<(), LabError> {
        let row = self.0.own(person, session).await?;
        if matches!(row.state, SessionState::Ending | SessionState::Ended) {
            return Ok(());
        }
        self.0
            .wind_down(session, "Ended by you.", |state| {
                !matches!(state, SessionState::Ending | SessionState::Ended)
            })
            .await
    }
}

impl Engine {
    async fn bring_up(
        self: &std::sync::Arc<Self>,
        session: SessionId,
        mode: Mode,
        may: impl Fn(&LabSession) -> Result<(), LabError> + Send + Sync,
    ) -> Result<(), LabError> {
        let now = self.now();
        let row = self
            .store
            .session(session)
            .await?
            .ok_or(LabError::NotFound("session"))?;
        may(&row)?;
        // The intent first: a state that says "provisioning" must never be without the way.
        self.intend_provision(session, mode).await?;
        self.change(session, |row| {
            may(row)?;
            time::stand_still(row, now);
            row.state = SessionState::Provisioning;
            row.reason = None;
            Ok(())
        })
        .await?;
        self.drive_soon(session);
        Ok(())
    }

    async fn wind_down(
        self: &std::sync::Arc<Self>,
        session: SessionId,
        reason: &str,
        may: impl Fn(SessionState) -> bool + Send + Sync,
    ) -> Result<(), LabError> {
        self.change(session, |row| {
            if !may(row.state) {
                return Err(LabError::State(
                    "The session has moved on. Look at it again.".to_owned(),
                ));
            }
            row.state = SessionState::Ending;
            row.reason = Some(reason.to_owned());
            Ok(())
        })
        .await?;
        if let Some(live) = self.live_if_any(session) {
            live.interrupt();
        }
        self.drive_soon(session);
        Ok(())
    }
}
