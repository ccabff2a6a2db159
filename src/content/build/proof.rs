//! Solution, wrong solutions, undo.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use super::super::diagnostic::{Diagnostic, Severity};
use super::super::proof::{Overlay, ProofMaterial, WrongSolution};
use super::super::raw::{RawOverlay, RawWrong};
use super::super::source::Source;
use super::super::yaml::{self, At};
use super::Builder;
use crate::base::nearest;
use crate::model::TaskId;

impl Builder<'_> {
    /// What proves the lab. Tasks that a wrong solution names must be among `ids`.
    pub fn proof(&mut self, ids: &[String]) -> ProofMaterial {
        ProofMaterial {
            solution: self.plain_overlay("solution", "solution.yaml"),
            undo: self.plain_overlay("undo", "undo.yaml"),
            wrong: self.wrong_solutions(ids),
        }
    }

    fn plain_overlay(&mut self, folder: &str, meta: &str) -> Option<Overlay> {
        if !self.folder.has(folder) {
            return None;
        }
        let path = format!("{folder}/{meta}");
        if self.folder.has(&path)
            && let Some((raw, source)) = self.meta::<RawOverlay>(&path)
        {
            let outer = std::mem::replace(&mut self.source, source);
            let overlay = self.overlay(folder, meta, &raw.remove);
            self.source = outer;
            return Some(overlay);
        }
        Some(self.overlay(folder, meta, &[]))
    }

    fn wrong_solutions(&mut self, ids: &[String]) -> Vec<WrongSolution> {
        let names: BTreeSet<String> = self
            .folder
            .under("wrong")
            .filter_map(|path| path.split('/').nth(1))
            .map(str::to_owned)
            .collect();
        let mut found = Vec::new();
        for name in names {
            let folder = format!("wrong/{name}");
            if self.folder.files.contains_key(&folder) {
                let file = format!("{}/{folder}", self.folder.name);
                self.found.push(
                    Diagnostic::about("proof", Severity::Error, file, "a file between wrong solutions")
                        .help("each is a folder: wrong/<name>/wrong.yaml and files"),
                );
                continue;
            }
            if let Some((raw, source)) = self.meta::<RawWrong>(&format!("{folder}/wrong.yaml")) {
                // What is wrong with this file is said at its own places.
                let outer = std::mem::replace(&mut self.source, source);
                found.push(self.wrong(name, &folder, &raw, ids));
                self.source = outer;
            }
        }
        found
    }

    fn wrong(&mut self, name: String, folder: &str, raw: &RawWrong, ids: &[String]) -> WrongSolution {
        let why = self.plain(&raw.why);
        if raw.fails.is_empty() {
            self.error(
                "proof",
                &raw.fails,
                "it fails nothing",
                "name the tasks that must be red",
            );
        }
        for id in raw.fails.iter().filter(|id| !ids.contains(&id.value)) {
            let help = match nearest(id, ids.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("tasks are: {}", ids.join(", ")),
            };
            self.error("proof", id, format!("there is no task `{}`", id.value), help);
        }
        let overlay = self.overlay(folder, "wrong.yaml", &raw.remove);
        if overlay.files.is_empty() && overlay.remove.is_empty() && !overlay.run {
            self.error(
                "proof",
                &raw.why,
                "it changes nothing",
                "add files, `remove:` or run.sh",
            );
        }
        WrongSolution {
            name,
            why,
            fails: raw.fails.iter().map(|id| TaskId(id.value.clone())).collect(),
            overlay,
        }
    }

    fn meta<T: DeserializeOwned>(&mut self, path: &str) -> Option<(T, Source)> {
        match self
            .folder
            .read(path)
            .and_then(|source| Ok((yaml::parse(&source)?, source)))
        {
            Ok(raw) => Some(raw),
            Err(diagnostic) => {
                self.found.push(*diagnostic);
                None
            }
        }
    }

    fn overlay(&mut self, folder: &str, meta: &str, remove: &[At<String>]) -> Overlay {
        let prefix = format!("{folder}/");
        let inside: Vec<&str> = self
            .folder
            .under(folder)
            .filter_map(|path| path.strip_prefix(&prefix))
            .collect();
        Overlay {
            folder: self.folder.path.join(folder),
            remove: remove.iter().map(|path| self.path(path)).collect(),
            run: inside.contains(&"run.sh"),
            files: inside
                .into_iter()
                .filter(|path| *path != meta && *path != "run.sh")
                .map(PathBuf::from)
                .collect(),
        }
    }
}
