// What the editor does with whole files: make, rename, delete, upload, download, compare with the start, reset. Part of `Editor`: `this` is one.
import { asked, confirmed, element, say, told } from "../page.js";
import { languageOf, nameProblem } from "../pure/links.js";
import { textOf } from "./paper.js";

export const fileActions = {
  // Files as such.

  async attempt(run) {
    try {
      await run();
      return true;
    } catch (problem) {
      this.tell(problem.message);
      return false;
    }
  },

  async create(kind) {
    const folder = this.tree.folder();
    const path = await asked({
      title: kind === "file" ? "New file" : "New folder",
      label: "Path in the workspace",
      value: folder ? `${folder}/` : "",
      verb: "Create",
      check: nameProblem,
    });
    if (path === null) return;
    if (!(await this.attempt(() => this.api.create(kind, path)))) return;
    if (kind === "directory") this.tree.open.add(path);
    await this.tree.reveal(path);
    if (kind === "file") {
      await this.open(path);
      this.paper.view.focus();
    }
  },

  async rename(entry) {
    if (!entry) return;
    const open = [...this.files.values()].filter((file) => file.path === entry.path || file.path.startsWith(`${entry.path}/`));
    for (const file of open) if (file.dirty && !(await this.save(file))) return;
    const to = await asked({ title: `Rename ${entry.name}`, label: "New path in the workspace", value: entry.path, verb: "Rename", check: nameProblem });
    if (to === null || to === entry.path) return;
    if (!(await this.attempt(() => this.api.rename(entry.path, to)))) return;
    for (const file of open) {
      this.files.delete(file.path);
      this.tree.unsaved.delete(file.path);
      file.path = to + file.path.slice(entry.path.length);
      this.files.set(file.path, file);
    }
    this.tree.entries.delete(entry.path);
    await this.tree.reveal(to);
    if (open.includes(this.current)) this.show(this.current);
  },

  async remove(entry) {
    if (!entry) return;
    const sure = await confirmed({
      title: `Delete ${entry.path}?`,
      text: [entry.directory ? "The folder and everything in it goes. It cannot be brought back, except what came with the lab." : "It cannot be brought back, except if it came with the lab: “Reset file” does that."],
      verb: "Delete",
    });
    if (!sure || !(await this.attempt(() => this.api.remove(entry.path)))) return;
    for (const file of [...this.files.values()]) {
      if (file.path !== entry.path && !file.path.startsWith(`${entry.path}/`)) continue;
      file.dirty = false;
      await this.close(file);
    }
    this.tree.entries.delete(entry.path);
    await this.tree.refresh();
    say(`${entry.path} is deleted.`);
  },

  async upload(files) {
    const folder = this.tree.folder();
    let done = 0;
    for (const file of files) {
      const path = folder ? `${folder}/${file.name}` : file.name;
      this.tell(`Uploading ${path}…`);
      try {
        await this.api.upload(path, file, false);
      } catch (problem) {
        if (problem.status !== 409 && problem.status !== 412) {
          this.tell(`${path} was not uploaded. ${problem.message}`);
          continue;
        }
        const replace = await confirmed({ title: `Replace ${path}?`, text: ["A file of this name is there already. Its text goes."], verb: "Replace" });
        if (!replace || !(await this.attempt(() => this.api.upload(path, file, true)))) continue;
      }
      done += 1;
    }
    if (done) this.tell(done === 1 ? "Uploaded." : `${done} files uploaded.`);
    await this.tree.refresh();
  },

  downloadCurrent() {
    if (!this.current) return;
    const link = element("a", { href: this.api.download(this.current.path), download: "" });
    document.body.append(link);
    link.click();
    link.remove();
  },

  // What changed since the start.

  async changes(file) {
    const original = await this.api.original(file.path);
    if (original === null) return null;
    const { compared } = await import("./compare.js");
    const now = textOf(file === this.current ? this.paper.view.state : file.state);
    return {
      same: original === now,
      shown: await compared({ left: original, right: now, leftName: "As it came", rightName: "Now", language: languageOf(file.path) }),
    };
  },

  async showChanges() {
    const file = this.current;
    if (!file?.state) return;
    await this.attempt(async () => {
      const changes = await this.changes(file);
      if (changes === null) await told({ title: file.path, text: ["This file did not come with the lab: all of it is yours."] });
      else if (changes.same) await told({ title: file.path, text: ["Nothing has changed in this file since the start."] });
      else await told({ title: `${file.path}: what changed since the start`, text: [changes.shown], wide: true });
    });
  },

  async reset() {
    const file = this.current;
    if (!file) return;
    await this.attempt(async () => {
      const changes = file.state ? await this.changes(file) : { same: false, shown: null };
      if (changes === null) {
        await told({ title: file.path, text: ["This file did not come with the lab, so there is nothing to go back to."] });
        return;
      }
      if (changes.same) {
        await told({ title: file.path, text: ["Nothing has changed in this file since the start."] });
        return;
      }
      const sure = await confirmed({
        title: `Reset ${file.path}?`,
        text: ["What stands on the right goes, what stands on the left comes back. Other files stay as they are.", ...(changes.shown ? [changes.shown] : [])],
        verb: "Reset this file",
        wide: true,
      });
      if (!sure) return;
      await this.api.resetFile(file.path);
      file.dirty = false;
      if (file.state) this.take(file, await this.api.read(file.path));
      else this.reopen(file);
      say(`${file.path} is as it came.`);
    });
  },
};
