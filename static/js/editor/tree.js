// The file tree: one tab stop, arrows move, Enter opens, F2 renames, Delete asks. It lists folders when they are opened.
import { element } from "../page.js";

export class Tree {
  /**
   * @param {import("./api.js").FileApi} api
   * @param {{open: (path: string) => void, rename: (entry: any) => void, remove: (entry: any) => void, problem: (text: string) => void, shown: () => void}} on
   */
  constructor(api, on) {
    this.api = api;
    this.on = on;
    this.open = new Set([""]);
    this.unsaved = new Set();
    this.entries = new Map();
    this.dom = element("ul", { class: "tree", role: "tree", "aria-label": "Files" });
    this.dom.addEventListener("keydown", (event) => this.onKey(event));
    this.dom.addEventListener("click", (event) => {
      const item = event.target.closest("[role=treeitem]");
      if (item) this.activate(item);
    });
  }

  /** The folder that new things go to: that of the focused entry. */
  folder() {
    const entry = this.entries.get(this.focused);
    if (!entry) return "";
    return entry.directory ? entry.path : entry.path.split("/").slice(0, -1).join("/");
  }

  async refresh() {
    let top;
    try {
      top = await this.branch("", 1);
    } catch (problem) {
      this.on.problem(problem.message);
      return;
    }
    const hadFocus = this.dom.contains(document.activeElement);
    const { scrollTop } = this.dom;
    this.dom.replaceChildren(...top);
    if (top.length === 0) this.dom.append(element("li", { role: "none", class: "muted small", style: "padding: 0 .75rem" }, "No files yet. Make one with “New file”."));
    this.dom.scrollTop = scrollTop;
    const items = this.items();
    const stop = items.find((one) => one.dataset.path === this.focused) ?? items[0];
    if (stop) {
      stop.tabIndex = 0;
      if (hadFocus) stop.focus();
    }
    this.mark();
    this.on.shown();
  }

  async branch(path, depth) {
    const entries = await this.api.list(path);
    return Promise.all(
      entries.map(async (entry) => {
        this.entries.set(entry.path, entry);
        const open = entry.directory && this.open.has(entry.path);
        const item = element(
          "li",
          {
            role: "treeitem",
            tabindex: "-1",
            "data-path": entry.path,
            "aria-level": depth,
            "aria-expanded": entry.directory ? String(open) : null,
            "aria-selected": "false",
            "aria-label": entry.name + (entry.directory ? ", folder" : entry.kind === "file" ? "" : `, ${entry.kind}`),
          },
          element("span", { class: "line", style: `--depth: ${depth}` }, element("span", { class: "name", dir: "auto", title: entry.name }, entry.name)),
        );
        if (open) {
          try {
            const inside = await this.branch(entry.path, depth + 1);
            item.append(element("ul", { role: "group" }, ...inside));
          } catch {
            // Gone meanwhile: the next refresh shows it.
          }
        }
        return item;
      }),
    );
  }

  items() {
    return [...this.dom.querySelectorAll("[role=treeitem]")];
  }

  focus(item) {
    for (const one of this.items()) one.tabIndex = -1;
    item.tabIndex = 0;
    this.focused = item.dataset.path;
    item.focus();
    item.firstElementChild.scrollIntoView({ block: "nearest" });
  }

  async activate(item) {
    this.focus(item);
    const entry = this.entries.get(item.dataset.path);
    if (!entry) return;
    if (entry.directory) await this.toggle(entry.path);
    else this.on.open(entry.path);
  }

  async toggle(path, to = !this.open.has(path)) {
    if (to) this.open.add(path);
    else this.open.delete(path);
    await this.refresh();
  }

  /** Opens the folders above a path. */
  async reveal(path) {
    const parts = path.split("/");
    for (let at = 1; at < parts.length; at += 1) this.open.add(parts.slice(0, at).join("/"));
    this.focused = path;
    await this.refresh();
  }

  select(path) {
    this.selected = path;
    this.mark();
  }

  mark() {
    for (const item of this.items()) {
      item.setAttribute("aria-selected", String(item.dataset.path === this.selected));
      const unsaved = this.unsaved.has(item.dataset.path);
      item.firstElementChild.classList.toggle("unsaved", unsaved);
      const name = item.getAttribute("aria-label").replace(/, not saved$/, "");
      item.setAttribute("aria-label", unsaved ? `${name}, not saved` : name);
    }
  }

  onKey(event) {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.ctrlKey || event.altKey || event.metaKey) return;
    const items = this.items();
    const at = items.indexOf(item);
    const entry = this.entries.get(item.dataset.path);
    const go = (index) => items[index] && this.focus(items[index]);
    switch (event.key) {
      case "ArrowDown":
        go(at + 1);
        break;
      case "ArrowUp":
        go(at - 1);
        break;
      case "Home":
        go(0);
        break;
      case "End":
        go(items.length - 1);
        break;
      case "ArrowRight":
        if (!entry.directory) break;
        if (this.open.has(entry.path)) go(at + 1);
        else this.toggle(entry.path, true);
        break;
      case "ArrowLeft": {
        if (entry.directory && this.open.has(entry.path)) {
          this.toggle(entry.path, false);
          break;
        }
        const parent = item.parentElement.closest("[role=treeitem]");
        if (parent) this.focus(parent);
        break;
      }
      case "Enter":
      case " ":
        this.activate(item);
        break;
      case "F2":
        this.on.rename(entry);
        break;
      case "Delete":
        this.on.remove(entry);
        break;
      default:
        return;
    }
    event.preventDefault();
  }
}
