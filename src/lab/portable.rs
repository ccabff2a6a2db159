//! All that a person has, as one archive: made here, taken in on another machine, or deleted.
//!
//! The archive is a plain tar: `person.json`, then `exports/NAME` for each archive of a workspace. Workspaces of labs
//! that run are archived first, and a new session can start from them. An archive that is taken in is hostile: names
//! are looked up in its own rows, sizes are bounded, links and anything else are refused.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::LabError;
use super::exports::UNFINISHED;
use super::labs::Labs;
use crate::base::{PersonId, Timestamp};
use crate::model::SessionState;
use crate::store::StoreError;
use crate::store::portable::{PortablePerson, PortableRow};

/// The file that holds the rows.
const ROWS: &str = "person.json";
/// The folder that holds the archives of workspaces.
const EXPORTS: &str = "exports";
/// The form of the archive; another one is refused.
const FORM: u32 = 1;
/// Most bytes of `person.json`.
const MOST_ROWS: u64 = 256 << 20;
/// Most bytes of one workspace's archive, packed.
const MOST_EXPORT: u64 = 16 << 30;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    form: u32,
    /// Halfway's version that made it.
    version: String,
    made: Timestamp,
    #[serde(flatten)]
    rows: Flat,
}

/// Person and tables stand beside the form.
#[derive(Serialize, Deserialize)]
struct Flat {
    person: crate::model::Person,
    tables: BTreeMap<String, Vec<PortableRow>>,
}

/// What came of taking an archive in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// Lab sessions in the archive, as history.
    pub sessions: usize,
    /// Tasks achieved.
    pub awards: usize,
    /// Archives of workspaces that new sessions can start from.
    pub workspaces: usize,
}

impl Labs {
    /// Everything of a person as one archive in a file without a name, at its start. Labs that run go on; the archive
    /// holds their workspaces as they are now.
    ///
    /// # Errors
    /// [`LabError::Full`] where the disk is; otherwise where the store or a workspace fails.
    pub async fn portable(&self, person: PersonId, version: &str) -> Result<File, LabError> {
        let engine = &self.0;
        for row in engine.store.live_sessions().await? {
            if row.person == person && matches!(row.state, SessionState::Ready | SessionState::Paused) {
                engine.keep(&row, "asked").await?;
            }
        }
        let now = engine.now();
        let mut rows = engine.store.portable(person).await?;
        for session in rows.tables.get_mut("lab_sessions").into_iter().flatten() {
            as_history(session, now);
        }
        let folder = engine.exports_folder();
        let manifest = Manifest {
            form: FORM,
            version: version.to_owned(),
            made: now,
            rows: Flat {
                person: rows.person,
                tables: rows.tables,
            },
        };
        blocking("making an archive of all that is yours", move || {
            write(manifest, &folder)
        })
        .await
    }

    /// Gives everything in an archive to a person here. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`LabError::Invalid`] where the archive is not one of ours, is damaged, or holds what is another person's here;
    /// nothing was taken in then.
    pub async fn take_in(&self, person: PersonId, archive: File) -> Result<TakenIn, LabError> {
        let engine = &self.0;
        let folder = engine.exports_folder();
        let (rows, files) = blocking("reading an archive", move || read(archive, &folder)).await?;
        let taken = TakenIn {
            sessions: rows.tables.get("lab_sessions").map_or(0, Vec::len),
            awards: rows.tables.get("awards").map_or(0, Vec::len),
            workspaces: files.len(),
        };
        // The files first: a row whose file is missing would be offered.
        let stored = engine.store.take_in(person, &rows).await;
        match stored {
            Ok(()) => {
                for file in files {
                    file.keep()?;
                }
                Ok(taken)
            }
            Err(StoreError::Unreadable { what, .. }) => Err(LabError::Invalid(format!(
                "The archive cannot be taken in: {what}. Nothing was changed."
            ))),
            Err(other) => Err(other.into()),
        }
    }

    /// Deletes everything that a person has: history, awards, reading, archives.
    ///
    /// # Errors
    /// [`LabError::State`] while a lab of theirs has not ended.
    pub async fn forget(&self, person: PersonId) -> Result<(), LabError> {
        let engine = &self.0;
        let exports = engine.store.exports_of(person).await?;
        match engine.store.forget_rows_of(person).await {
            Ok(()) => {}
            Err(StoreError::Conflict { .. }) => {
                return Err(LabError::State(
                    "A lab of yours is still open. End it first; then everything can be deleted.".to_owned(),
                ));
            }
            Err(other) => return Err(other.into()),
        }
        for export in exports {
            engine.remove_files(&export.name).await?;
        }
        Ok(())
    }
}

/// A session that runs here has ended where it is taken to.
fn as_history(session: &mut PortableRow, now: Timestamp) {
    let ended = SessionState::Ended.word();
    if session.get("state").and_then(Value::as_str) == Some(ended) {
        return;
    }
    session.insert("state".to_owned(), ended.into());
    session.insert("reason".to_owned(), "Taken along to another machine.".into());
    session.insert("ended".to_owned(), now.0.into());
    session.insert("deadline".to_owned(), Value::Null);
    session.insert("time_left".to_owned(), Value::Null);
}

async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> Result<T, LabError> + Send + 'static,
) -> Result<T, LabError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| LabError::fault(doing, error))?
}

fn io(doing: &'static str) -> impl Fn(std::io::Error) -> LabError {
    move |error| crate::sandbox::SandboxError::io(doing, error).into()
}

fn write(mut manifest: Manifest, folder: &Path) -> Result<File, LabError> {
    let failed = io("making an archive of all that is yours");
    std::fs::create_dir_all(folder).map_err(&failed)?;
    let mut files = Vec::new();
    if let Some(exports) = manifest.rows.tables.get_mut("exports") {
        // A row whose file somebody removed is not worth taking along.
        exports.retain(|row| {
            let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
            match File::open(folder.join(name)) {
                Ok(file) => {
                    files.push((name.to_owned(), file));
                    true
                }
                Err(_) => false,
            }
        });
    }
    let rows = serde_json::to_vec_pretty(&manifest).map_err(|error| LabError::fault("writing rows", error))?;
    let out = tempfile::tempfile_in(folder).map_err(&failed)?;
    let mut tar = tar::Builder::new(out);
    let mut head = tar::Header::new_gnu();
    head.set_mode(0o600);
    head.set_size(rows.len() as u64);
    tar.append_data(&mut head, ROWS, &rows[..]).map_err(&failed)?;
    for (name, file) in files {
        let size = file.metadata().map_err(&failed)?.len();
        head.set_size(size);
        tar.append_data(&mut head, format!("{EXPORTS}/{name}"), file.take(size))
            .map_err(&failed)?;
    }
    let mut out = tar.into_inner().map_err(&failed)?;
    out.flush().and_then(|()| out.rewind()).map_err(&failed)?;
    Ok(out)
}

/// A workspace's archive that was read, under a name of its own until the rows are in.
struct Unpacked {
    at: tempfile::TempPath,
    to: PathBuf,
}

impl Unpacked {
    /// Gives it its name, unless it is there already.
    fn keep(self) -> Result<(), LabError> {
        match self.at.persist_noclobber(&self.to) {
            Ok(()) => Ok(()),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(io("keeping an archive of a workspace")(error.error)),
        }
    }
}

fn read(archive: File, folder: &Path) -> Result<(PortablePerson, Vec<Unpacked>), LabError> {
    let bad = |what: String| LabError::Invalid(format!("The archive cannot be taken in: {what}. Nothing was changed."));
    let damaged = |error: std::io::Error| bad(format!("it is damaged, or none of ours ({error})"));
    let failed = io("taking in an archive");
    std::fs::create_dir_all(folder).map_err(&failed)?;
    let mut tar = tar::Archive::new(archive);
    let mut rows: Option<PortablePerson> = None;
    let mut files = Vec::new();
    for entry in tar.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.to_string_lossy().into_owned();
        if !entry.header().entry_type().is_file() {
            return Err(bad(format!("{path:?} is not a plain file")));
        }
        let size = entry.size();
        let Some(known) = &rows else {
            if path != ROWS || size > MOST_ROWS {
                return Err(bad(format!(
                    "it begins with {path:?} of {size} bytes, and not with {ROWS}"
                )));
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(damaged)?;
            rows = Some(manifest(&text).map_err(bad)?);
            continue;
        };
        let name = path.strip_prefix("exports/").unwrap_or_default();
        let listed = known.tables.get("exports").into_iter().flatten();
        let listed = listed.filter_map(|row| row.get("name")).any(|row| row == name);
        if !listed || !plain(name) {
            return Err(bad(format!("{path:?} does not belong in it")));
        }
        if size > MOST_EXPORT {
            return Err(bad(format!("{path:?} has {size} bytes")));
        }
        let mut file = tempfile::Builder::new()
            .suffix(UNFINISHED)
            .tempfile_in(folder)
            .map_err(&failed)?;
        std::io::copy(&mut entry, &mut file).map_err(&failed)?;
        file.as_file().sync_all().map_err(&failed)?;
        files.push(Unpacked {
            at: file.into_temp_path(),
            to: folder.join(name),
        });
    }
    let mut rows = rows.ok_or_else(|| bad("it is empty".to_owned()))?;
    if let Some(exports) = rows.tables.get_mut("exports") {
        let there = |name: &str| {
            files
                .iter()
                .any(|file| file.to.file_name().is_some_and(|to| to == name))
        };
        exports.retain(|row| row.get("name").and_then(Value::as_str).is_some_and(there));
    }
    Ok((rows, files))
}

fn manifest(text: &[u8]) -> Result<PortablePerson, String> {
    let form: Value = serde_json::from_slice(text).map_err(|error| format!("{ROWS} is no JSON: {error}"))?;
    if form["form"] != FORM {
        return Err(format!(
            "it has form {}, and this Halfway reads form {FORM}: use the version that made it, {}",
            form["form"], form["version"]
        ));
    }
    let manifest: Manifest =
        serde_json::from_value(form).map_err(|error| format!("{ROWS} is not as it should be: {error}"))?;
    Ok(PortablePerson {
        person: manifest.rows.person,
        tables: manifest.rows.tables,
    })
}

/// A name that stands for a file of the folder and nothing else.
fn plain(name: &str) -> bool {
    !name.starts_with('.')
        && name.ends_with(".tar.gz")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive of these entries.
    fn archive(entries: &[(&str, &[u8])]) -> File {
        let mut tar = tar::Builder::new(tempfile::tempfile().unwrap());
        for (name, bytes) in entries {
            let mut head = tar::Header::new_gnu();
            head.set_mode(0o600);
            head.set_size(bytes.len() as u64);
            // As an enemy would: `append_data` refuses names that lead out.
            head.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            head.set_cksum();
            tar.append(&head, *bytes).unwrap();
        }
        let mut file = tar.into_inner().unwrap();
        file.rewind().unwrap();
        file
    }

    fn rows(exports: &[&str]) -> Vec<u8> {
        let exports: Vec<_> = exports.iter().map(|name| serde_json::json!({ "name": name })).collect();
        serde_json::to_vec(&serde_json::json!({
            "form": 1, "version": "0.1.0", "made": 0,
            "person": { "id": "0192f0c1-2d3e-7000-8000-000000000001", "name": "Ana", "role": "operator", "created": 0 },
            "tables": { "exports": exports },
        }))
        .unwrap()
    }

    #[test]
    fn an_archive_gives_its_rows_and_files() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = rows(&["a.tar.gz", "gone.tar.gz"]);
        let file = archive(&[("person.json", &manifest), ("exports/a.tar.gz", b"packed")]);
        let (rows, files) = read(file, folder.path()).unwrap();
        assert_eq!(rows.person.name, "Ana");
        assert_eq!(
            rows.tables["exports"].len(),
            1,
            "a row without its file is not taken in"
        );
        for file in files {
            file.keep().unwrap();
        }
        assert_eq!(std::fs::read(folder.path().join("a.tar.gz")).unwrap(), b"packed");
    }

    #[test]
    fn what_does_not_belong_in_it_is_refused_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let good = rows(&["a.tar.gz", "../b.tar.gz", "c"]);
        let other_form = br#"{ "form": 2, "version": "9.0.0" }"#;
        for (entries, word) in [
            (vec![], "empty"),
            (vec![("exports/a.tar.gz", &b"x"[..])], "begins with"),
            (vec![("person.json", &b"{"[..])], "no JSON"),
            (vec![("person.json", &other_form[..])], "form 2"),
            (
                vec![("person.json", &good), ("exports/b.tar.gz", b"x")],
                "does not belong",
            ),
            (
                vec![("person.json", &good), ("exports/../b.tar.gz", b"x")],
                "does not belong",
            ),
            (vec![("person.json", &good), ("exports/c", b"x")], "does not belong"),
            (vec![("person.json", &good), ("a.tar.gz", b"x")], "does not belong"),
            (vec![("person.json", &good), ("/etc/a.tar.gz", b"x")], "does not belong"),
        ] {
            let error = read(archive(&entries), folder.path()).err().unwrap();
            let LabError::Invalid(text) = &error else {
                panic!("{error:?}")
            };
            assert!(text.contains(word) && text.contains("Nothing was changed"), "{text}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{word}");
        }
        let mut noise = tempfile::tempfile().unwrap();
        noise.write_all(&[7; 2048]).unwrap();
        noise.rewind().unwrap();
        assert!(matches!(read(noise, folder.path()), Err(LabError::Invalid(_))));
    }
}
