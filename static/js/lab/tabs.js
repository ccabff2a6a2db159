// The tab list of the workspace: arrows, Home and End move, Delete closes, F2 renames. It knows nothing of what a panel holds.
import { element } from "../page.js";
import { nextTab } from "../pure/split.js";

let count = 0;

export class Tabs {
  /** @param {string} store key under which the chosen tab is kept for this browser tab */
  constructor(store) {
    this.store = store;
    this.all = [];
    this.chosen = null;
    this.strip = element("div", { class: "strip", role: "tablist", "aria-label": "Terminals, editor, services" });
    this.beside = element("div", { class: "beside" });
    this.end = element("div", { class: "push" });
    this.bar = element("div", { class: "tabs" }, this.strip, this.beside, this.end);
    this.panels = element("div", { class: "panels" });
    this.strip.addEventListener("keydown", (event) => this.onKey(event));
    this.strip.addEventListener("click", ({ target }) => {
      const tab = this.all.find((one) => one.head === target.closest("[role=tab]"));
      if (tab) this.select(tab.id);
    });
    this.strip.addEventListener("dblclick", ({ target }) => {
      this.all.find((one) => one.head === target.closest("[role=tab]"))?.onRename?.();
    });
    try {
      this.wanted = sessionStorage.getItem(store);
    } catch {
      this.wanted = null;
    }
  }

  /**
   * @param {{id: string, title: string, panel: HTMLElement, group?: number, onShow?: () => void, onHide?: () => void, onClose?: () => void, onRename?: () => void, end?: HTMLElement}} tab
   * `group` orders: terminals 0, editor 1, services 2. `end` stands at the end of the bar while the tab is chosen.
   */
  add(tab) {
    count += 1;
    tab.group ??= 0;
    tab.head = element("button", { type: "button", role: "tab", id: `tab-${count}`, "aria-controls": `panel-${count}`, "aria-selected": "false", tabindex: "-1", dir: "auto" }, tab.title);
    tab.holder = element("div", { class: "panel", role: "tabpanel", id: `panel-${count}`, "aria-labelledby": `tab-${count}`, hidden: true }, tab.panel);
    const after = this.all.findIndex((one) => one.group > tab.group);
    const at = after < 0 ? this.all.length : after;
    this.strip.insertBefore(tab.head, this.all[at]?.head ?? null);
    this.all.splice(at, 0, tab);
    this.panels.append(tab.holder);
    if (this.wanted === tab.id) this.select(tab.id);
    return tab;
  }

  title(id, words) {
    const tab = this.find(id);
    if (!tab) return;
    tab.title = words;
    tab.head.textContent = words;
  }

  find(id) {
    return this.all.find((one) => one.id === id);
  }

  select(id, focus = false) {
    const tab = this.find(id);
    if (!tab) return;
    const before = this.find(this.chosen);
    this.chosen = id;
    for (const one of this.all) {
      const is = one === tab;
      one.head.setAttribute("aria-selected", String(is));
      one.head.tabIndex = is ? 0 : -1;
      one.holder.hidden = !is;
    }
    this.end.replaceChildren(...(tab.end ? [tab.end] : []));
    if (focus) tab.head.focus();
    tab.head.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (before !== tab) {
      before?.onHide?.();
      try {
        sessionStorage.setItem(this.store, id);
      } catch {
        // Then it is chosen anew after a reload.
      }
    }
    tab.onShow?.();
  }

  /** Selects something, once all that was there at the start is there. */
  restore() {
    if (this.chosen === null && this.all[0]) this.select(this.all[0].id);
  }

  remove(id) {
    const at = this.all.findIndex((one) => one.id === id);
    if (at < 0) return;
    const [tab] = this.all.splice(at, 1);
    const focused = tab.head === document.activeElement || tab.holder.contains(document.activeElement) || document.activeElement === document.body;
    tab.head.remove();
    tab.holder.remove();
    if (this.chosen === id) {
      this.chosen = null;
      // Its neighbour of the same kind, if there is one.
      const near = [this.all[at], this.all[at - 1]].filter(Boolean);
      const next = near.find((one) => one.group === tab.group) ?? near[0];
      if (next) this.select(next.id, focused);
    }
  }

  onKey(event) {
    const at = this.all.findIndex((one) => one.head === event.target);
    if (at < 0) return;
    if (event.key === "Delete") {
      this.all[at].onClose?.();
      return;
    }
    if (event.key === "F2") {
      event.preventDefault();
      this.all[at].onRename?.();
      return;
    }
    const next = nextTab(at, this.all.length, event.key);
    if (next === null || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.select(this.all[next].id, true);
  }
}
