// The editor as a whole: which files are open, what of them is saved, and what happens when the disk knows better.
import { keepChoice, keptChoice } from "../choices.js";
import { button, choose, element } from "../page.js";
import { languageOf } from "../pure/links.js";
import { popup } from "../lab/popup.js";
import { nextTab } from "../pure/split.js";
import { fileActions } from "./actions.js";
import { changeTo, Paper, textOf } from "./paper.js";
import { Tree } from "./tree.js";

const AUTOSAVE_AFTER = 1500;
const REFRESH_AFTER = 250;

export class Editor {
  constructor(panel, api, title) {
    this.api = api;
    this.panel = panel;
    this.files = new Map();
    this.current = null;
    this.paper = new Paper({
      changed: () => this.changed(),
      save: () => this.save(this.current),
      cursor: (line, column) => (this.place.textContent = `${line}:${column}`),
    });
    this.tree = new Tree(api, {
      open: (path) => this.open(path),
      rename: (entry) => this.rename(entry),
      remove: (entry) => this.remove(entry),
      problem: (text) => this.tell(text),
      shown: () => this.watch(),
    });
    this.build(title);
    this.ready = this.tree.refresh();
    document.addEventListener("halfway:files", ({ detail }) => this.onDisk(detail));
    document.addEventListener("halfway:connection", ({ detail }) => {
      if (!detail.open) return;
      // A server that was started anew does not know what is shown here.
      this.watched = null;
      this.onDisk({});
    });
  }

  build(title) {
    const tiny = (words, run, attributes = {}) => button(words, run, { class: "tiny plain", ...attributes });
    const chosen = element("input", { type: "file", multiple: true, hidden: true, onchange: () => this.upload([...chosen.files]).then(() => (chosen.value = "")) });
    const side = element(
      "div",
      { class: "files" },
      element(
        "div",
        { class: "editor-bar" },
        tiny("New file", () => this.create("file")),
        tiny("New folder", () => this.create("directory")),
        tiny("Upload", () => chosen.click()),
        element("a", { class: "button tiny plain", href: this.api.archive(), download: "", title: `All files of ${title ?? "the lab"}` }, "Download all"),
        chosen,
      ),
      this.tree.dom,
    );
    side.addEventListener("dragover", (event) => {
      event.preventDefault();
      side.classList.add("drop-here");
    });
    side.addEventListener("dragleave", () => side.classList.remove("drop-here"));
    side.addEventListener("drop", (event) => {
      event.preventDefault();
      side.classList.remove("drop-here");
      this.upload([...event.dataTransfer.files]);
    });

    this.openTabs = element("div", { class: "open-files", role: "tablist", "aria-label": "Open files", hidden: true });
    this.openTabs.addEventListener("keydown", (event) => this.onTabKey(event));
    this.message = element("div", { class: "terminal-note", hidden: true, role: "status" });
    this.sheet = element("div", { class: "paper" });
    this.state = element("span", { role: "status" });
    this.place = element("span", { class: "muted" });
    this.bar = element(
      "div",
      { class: "editor-bar foot-bar", hidden: true },
      this.state,
      this.place,
      element("span", { class: "push" }),
      element("span", { class: "small muted", id: "editor-leave" }, "Esc, then Tab leaves the text"),
      tiny("Find, replace", () => this.paper.find(), { title: "Ctrl+F" }),
      tiny("Save", () => this.save(this.current), { title: "Ctrl+S" }),
      popup("More for this file", [
        { words: "Save by itself", isOn: () => this.autosave, run: () => this.setAutosave(!this.autosave) },
        { words: "Wrap long lines", isOn: () => this.paper.wrap, run: () => this.setWrap(!this.paper.wrap) },
        { words: "What changed since the start", run: () => this.showChanges() },
        { words: "Download", run: () => this.downloadCurrent() },
        { words: "Rename", keys: "F2 in the tree", run: () => this.rename(this.tree.entries.get(this.current?.path)) },
        { words: "Close file", keys: "Del on its tab", run: () => this.close(this.current) },
        null,
        { words: "Reset file…", run: () => this.reset() },
        { words: "Delete…", keys: "Del in the tree", run: () => this.remove(this.tree.entries.get(this.current?.path)) },
      ]),
    );
    this.panel.replaceChildren(element("div", { class: "editor" }, side, element("div", { class: "writing" }, this.openTabs, this.message, this.sheet, this.bar)));
    this.empty();
    this.setAutosave(keptChoice("autosave") !== "off");
    this.setWrap(keptChoice("wrap") === "on");
    for (const kind of ["pagehide", "blur"]) addEventListener(kind, () => this.autosave && this.saveAll());
  }

  empty() {
    this.sheet.replaceChildren(element("div", { class: "notice muted" }, element("p", {}, "Choose a file on the left, or make one.")));
    this.bar.hidden = true;
  }

  tell(text, ...more) {
    this.message.replaceChildren(element("span", {}, text), ...more, button("Close", () => (this.message.hidden = true), { class: "tiny plain" }));
    this.message.hidden = false;
  }

  setAutosave(on) {
    this.autosave = on;
    keepChoice("autosave", on ? null : "off");
    if (on) this.saveAll();
  }

  setWrap(on) {
    this.paper.setWrap(on);
    keepChoice("wrap", on ? "on" : null);
  }

  // Opening and showing.

  async open(path, line) {
    await this.ready;
    let file = this.files.get(path);
    if (!file) {
      file = { path, tag: null, saved: "", state: null, dirty: false, stale: false, notice: null };
      try {
        const { text, tag } = await this.api.read(path);
        Object.assign(file, { tag, saved: text, state: await this.paper.state(text, languageOf(path), path) });
      } catch (problem) {
        file.notice = problem;
      }
      // Two presses open it once.
      if (this.files.has(path)) file = this.files.get(path);
      else this.files.set(path, file);
    }
    this.show(file);
    if (line) this.paper.go(line);
    if (!this.tree.entries.has(path)) await this.tree.reveal(path);
    this.tree.select(path);
  }

  /** Tells the server which folders and files are shown. */
  watch() {
    clearTimeout(this.dueWatch);
    this.dueWatch = setTimeout(() => {
      const paths = [...this.tree.open, ...this.files.keys()].slice(0, 200);
      const key = paths.join("\n");
      if (key === this.watched) return;
      const before = new Set(this.watched === null || this.watched === undefined ? [] : this.watched.split("\n"));
      this.watched = key;
      this.api.watch(paths).then(
        () => {
          // What changed between the reading and the watching was not told.
          for (const file of this.files.values()) if (!before.has(file.path)) this.look(file);
          if ([...this.tree.open].some((path) => !before.has(path))) this.tree.refresh();
        },
        () => {
          this.watched = null;
        },
      );
    }, REFRESH_AFTER);
  }

  show(file) {
    if (this.current?.state && this.current !== file) this.current.state = this.paper.view.state;
    this.current = file;
    this.message.hidden = true;
    if (file.notice) {
      const words = {
        binary: "This file is not text, so it is not opened here.",
        "too-large": "This file is too large for the editor.",
        413: "This file is too large for the editor.",
        415: "This file is not text, so it is not opened here.",
      };
      this.sheet.replaceChildren(
        element(
          "div",
          { class: "notice" },
          element("p", {}, words[file.notice.kind] ?? words[file.notice.status] ?? file.notice.message),
          element("div", { class: "actions" }, element("a", { class: "button", href: this.api.download(file.path), download: "" }, "Download it"), button("Try again", () => this.reopen(file))),
        ),
      );
      this.bar.hidden = true;
    } else {
      this.sheet.replaceChildren(this.paper.view.dom);
      this.paper.show(file.state);
      this.bar.hidden = false;
    }
    this.tree.select(file.path);
    this.showTabs();
    this.showState();
  }

  reopen(file) {
    this.files.delete(file.path);
    this.open(file.path);
  }

  showTabs() {
    this.watch();
    this.openTabs.hidden = this.files.size === 0;
    const hadFocus = this.openTabs.contains(document.activeElement);
    this.openTabs.replaceChildren(
      ...[...this.files.values()].map((file) => {
        const on = file === this.current;
        const tab = element(
          "button",
          { type: "button", role: "tab", class: "tiny", "aria-selected": String(on), tabindex: on ? "0" : "-1", title: `${file.path} (Del closes)`, "data-unsaved": file.dirty, onclick: () => this.show(file), onauxclick: (event) => event.button === 1 && this.close(file) },
          element("span", { dir: "auto" }, file.path.split("/").at(-1)),
          file.dirty ? element("span", { class: "wait" }, "●", element("span", { class: "hidden-text" }, " not saved")) : null,
        );
        if (on && hadFocus) requestAnimationFrame(() => tab.focus());
        return tab;
      }),
    );
  }

  onTabKey(event) {
    const all = [...this.files.values()];
    const at = all.indexOf(this.current);
    if (event.key === "Delete") {
      event.preventDefault();
      this.close(this.current);
      return;
    }
    const next = nextTab(at, all.length, event.key);
    if (next === null) return;
    event.preventDefault();
    this.show(all[next]);
  }

  async close(file) {
    if (file.dirty) {
      const what = await choose({
        title: `Close ${file.path}?`,
        text: ["What you changed in it is not saved yet."],
        choices: [
          { verb: "Drop the changes", value: "drop", danger: true },
          { verb: "Save and close", value: "save" },
        ],
      });
      if (what === null || (what === "save" && !(await this.save(file)))) return;
    }
    const all = [...this.files.values()];
    const at = all.indexOf(file);
    this.files.delete(file.path);
    this.tree.unsaved.delete(file.path);
    if (this.current === file) {
      this.current = null;
      const next = all[at + 1] ?? all[at - 1];
      if (next) this.show(next);
      else {
        this.tree.select(null);
        this.showTabs();
        this.empty();
      }
    } else this.showTabs();
  }

  // Saving.

  changed() {
    const file = this.current;
    if (!file?.state) return;
    file.state = this.paper.view.state;
    const dirty = textOf(file.state) !== file.saved;
    if (dirty !== file.dirty) {
      file.dirty = dirty;
      if (dirty) this.tree.unsaved.add(file.path);
      else this.tree.unsaved.delete(file.path);
      this.tree.mark();
      this.showTabs();
    }
    this.showState();
    clearTimeout(file.due);
    if (dirty && this.autosave && !file.conflict) file.due = setTimeout(() => this.save(file), AUTOSAVE_AFTER);
  }

  showState(words) {
    const file = this.current;
    if (!file) return;
    this.state.textContent = words ?? (file.conflict ? "Not saved: changed on disk too" : file.dirty ? "Not saved" : "Saved");
    this.state.className = file.dirty ? "wait" : "muted";
  }

  saveAll() {
    for (const file of this.files.values()) if (file.dirty && !file.conflict) this.save(file);
  }

  /** Returns whether the text is on the disk now. */
  async save(file, force = null) {
    if (!file?.state) return false;
    clearTimeout(file.due);
    if (file.saving) {
      await file.saving;
      return file.dirty ? this.save(file, force) : true;
    }
    const state = file === this.current ? this.paper.view.state : file.state;
    const text = textOf(state);
    if (!file.dirty && force === null) return true;
    if (file === this.current) this.showState("Saving…");
    const run = async () => {
      try {
        file.tag = await this.api.write(file.path, text, force ?? file.tag);
        file.saved = text;
        file.conflict = false;
        const now = file === this.current ? this.paper.view.state : file.state;
        file.dirty = textOf(now) !== text;
        if (!file.dirty) this.tree.unsaved.delete(file.path);
        if (file === this.current) this.message.hidden = true;
        return true;
      } catch (problem) {
        if (problem.status === 412 || problem.status === 409 || problem.status === 404) {
          file.conflict = true;
          return problem;
        }
        if (file === this.current) this.tell(`${file.path} is not saved. ${problem.message}`, button("Save again", () => this.save(file), { class: "tiny" }));
        return false;
      }
    };
    file.saving = run();
    const result = await file.saving;
    file.saving = null;
    this.tree.mark();
    this.showTabs();
    this.showState();
    if (result instanceof Error) return this.settle(file, result);
    return result;
  }

  /** The file changed on disk since it was read: nothing is overwritten without being asked. */
  async settle(file, problem) {
    const mine = () => textOf(file === this.current ? this.paper.view.state : file.state);
    let theirs = null;
    if (problem.status !== 404) {
      try {
        theirs = await this.api.read(file.path);
      } catch (other) {
        if (other.status !== 404) {
          this.tell(`${file.path} is not saved: it changed on disk and cannot be read now. ${other.message}`);
          return false;
        }
      }
    }
    if (theirs && theirs.text === mine()) {
      Object.assign(file, { tag: theirs.tag, saved: theirs.text, dirty: false, conflict: false });
      this.tree.unsaved.delete(file.path);
      this.tree.mark();
      this.showTabs();
      this.showState();
      return true;
    }
    const ask = async () => {
      const what = await choose({
        title: theirs ? `${file.path} changed on disk` : `${file.path} is gone from the disk`,
        text: [theirs ? "A program, a terminal or another tab wrote to it after you opened it." : "Your text is still here."],
        cancel: "Decide later",
        choices: theirs
          ? [
              { verb: "Show both", value: "both" },
              { verb: "Take theirs", value: "theirs", danger: true },
              { verb: "Keep mine", value: "mine", danger: true },
            ]
          : [{ verb: "Save it again", value: "mine" }],
      });
      if (what !== "both") return what;
      const { compared } = await import("./compare.js");
      const shown = await compared({ left: theirs.text, right: mine(), leftName: "On disk", rightName: "Yours", language: languageOf(file.path) });
      const next = await choose({
        title: `${file.path}: on disk, and yours`,
        text: [shown],
        wide: true,
        cancel: "Decide later",
        choices: [
          { verb: "Take theirs", value: "theirs", danger: true },
          { verb: "Keep mine", value: "mine", danger: true },
        ],
      });
      return next;
    };
    const what = await ask();
    if (what === "mine") return this.save(file, theirs ? theirs.tag : "new");
    if (what === "theirs") {
      this.take(file, theirs);
      return true;
    }
    if (file === this.current) this.tell("Not saved: the file changed on disk too.", button("Decide now", () => this.save(file), { class: "tiny" }));
    return false;
  }

  /** Puts what is on disk in place of what is shown. */
  take(file, { text, tag }) {
    Object.assign(file, { tag, saved: text, conflict: false });
    if (file === this.current) this.paper.view.dispatch({ changes: changeTo(this.paper.view.state, text) });
    else file.state = file.state.update({ changes: changeTo(file.state, text) }).state;
    file.dirty = false;
    this.tree.unsaved.delete(file.path);
    this.tree.mark();
    this.showTabs();
    this.showState();
  }

  // The disk.

  /** Paths changed; without paths, anything may have. */
  onDisk(detail) {
    const paths = (detail.paths ?? detail.files ?? []).map((one) => (typeof one === "string" ? one : one.path));
    clearTimeout(this.dueRefresh);
    this.dueRefresh = setTimeout(() => this.tree.refresh(), REFRESH_AFTER);
    for (const file of this.files.values()) {
      if (paths.length > 0 && !paths.some((path) => file.path === path || file.path.startsWith(`${path}/`))) continue;
      clearTimeout(file.dueLook);
      file.dueLook = setTimeout(() => this.look(file), REFRESH_AFTER);
    }
  }

  async look(file) {
    if (file.saving) await file.saving;
    if (!this.files.has(file.path)) return;
    let there;
    try {
      there = await this.api.read(file.path);
    } catch (problem) {
      if (problem.status === 404 && file === this.current) this.tell(`${file.path} was deleted on disk. Your text is still here; saving makes the file anew.`);
      return;
    }
    if (!file.state) return this.current === file && this.reopen(file);
    if (there.tag === file.tag || there.text === file.saved) {
      file.tag = there.tag;
      return;
    }
    if (!file.dirty) {
      this.take(file, there);
      if (file === this.current) this.showState("Saved; read again from disk");
    } else if (file === this.current) {
      this.tell(`${file.path} changed on disk while you were writing.`, button("Decide now", () => this.save(file), { class: "tiny" }));
      file.conflict = true;
      this.showState();
    }
  }
}

Object.assign(Editor.prototype, fileActions);
