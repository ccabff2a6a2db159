// All terminals of a lab: what the server has, new ones, names, closing, running a command. One terminal is `terminal.js`.
import { button, confirmed, asked, element, problemOf } from "../page.js";
import { Terminal } from "./terminal.js";

export class Terminals {
  /**
   * @param {string} api address of the session
   * @param {import("./tabs.js").Tabs} tabs
   */
  constructor(api, tabs) {
    this.api = api;
    this.tabs = tabs;
    this.all = new Map();
    this.last = null;
    this.openPort = () => false;
    this.plus = button("+", () => this.create(true), { class: "plain tiny", "aria-label": "New terminal", title: "New terminal" });
    this.problem = element("span", { class: "form-error", role: "status" });
    tabs.beside.append(this.plus, this.problem);
  }

  /** Attaches to the terminals that are there; makes the first one. */
  async start() {
    let listed;
    try {
      listed = await this.list();
    } catch (problem) {
      this.fail(problem, () => this.start());
      return;
    }
    this.problem.replaceChildren();
    const running = listed.filter((one) => !one.exit);
    for (const one of listed) if (!one.exit) this.attach(one, !one.clients);
    if (running.length === 0) await this.create(false, "Terminal 1");
    if (this.tabs.chosen === null || (this.tabs.chosen === "editor" && this.tabs.wanted !== "editor" && !String(this.tabs.wanted).startsWith("service"))) {
      const first = [...this.all.keys()][0];
      if (first) this.tabs.select(first);
    }
  }

  async list() {
    const response = await fetch(`${this.api}/terminals`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(await problemOf(response));
    const answer = await response.json();
    return Array.isArray(answer) ? answer : answer.terminals;
  }

  async create(chosen, name) {
    this.plus.disabled = true;
    try {
      const response = await fetch(`${this.api}/terminals`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ name: name ?? this.freeName(), cols: 80, rows: 24 }),
      });
      if (!response.ok) throw new Error(await problemOf(response));
      const made = await response.json();
      this.problem.replaceChildren();
      const tab = this.attach(made.terminal ?? made, true);
      if (chosen) {
        this.tabs.select(tab.id);
        tab.frame.focus();
      }
    } catch (problem) {
      this.fail(problem, () => this.create(chosen, name));
    } finally {
      this.plus.disabled = false;
    }
  }

  fail(problem, again) {
    const words = problem instanceof TypeError ? "No connection to the lab." : problem.message;
    this.problem.replaceChildren(words, button("Retry", again, { class: "tiny" }));
  }

  freeName() {
    const taken = new Set([...this.all.values()].map((one) => one.name));
    for (let number = 1; ; number += 1) if (!taken.has(`Terminal ${number}`)) return `Terminal ${number}`;
  }

  attach(info, mine) {
    const id = `terminal-${info.id}`;
    const known = this.all.get(id);
    if (known) return known;
    const terminal = new Terminal({
      id,
      tid: info.id,
      name: keptName(this.api, info.id) ?? info.name,
      address: `${this.api}/terminals/${encodeURIComponent(info.id)}/stream`,
      mine,
      owner: this,
    });
    this.all.set(id, terminal);
    this.tabs.add({
      id,
      title: terminal.name,
      panel: terminal.panel,
      group: 0,
      end: terminal.end,
      onShow: () => {
        this.last = terminal;
        terminal.shown();
      },
      onClose: () => this.close(terminal),
      onRename: () => this.rename(terminal),
    });
    terminal.connect();
    return terminal;
  }

  async rename(terminal) {
    const name = await asked({
      title: "Rename this terminal",
      label: "Name",
      value: terminal.name,
      verb: "Rename",
      check: (text) => (text === "" ? "A name is needed." : text.length > 60 ? "At most 60 characters." : null),
    });
    if (name === null) return;
    keepName(this.api, terminal.tid, name);
    terminal.rename(name);
    this.tabs.title(terminal.id, name);
  }

  async close(terminal) {
    if (!terminal.over) {
      const sure = await confirmed({
        title: `Close ${terminal.name}?`,
        text: ["The shell and the programs that were started in it end. Files stay as they are."],
        verb: "Close terminal",
      });
      if (!sure) return;
      try {
        const response = await fetch(`${this.api}/terminals/${encodeURIComponent(terminal.tid)}`, { method: "DELETE", headers: { Accept: "application/json" } });
        if (!response.ok && response.status !== 404) throw new Error(await problemOf(response));
      } catch (problem) {
        this.fail(problem, () => this.close(terminal));
        return;
      }
    }
    terminal.dispose();
    this.all.delete(terminal.id);
    if (this.last === terminal) this.last = null;
    this.tabs.remove(terminal.id);
  }

  /** Runs a command in the terminal that was shown last. Returns its name, or null where it was not sent. Nothing is sent later. */
  run(text) {
    const terminal = this.last ?? [...this.all.values()].find((one) => !one.over);
    if (!terminal || !terminal.run(text)) return null;
    return terminal.name;
  }

  typing() {
    return [...this.all.values()].some((one) => one.isTyping());
  }

  sessionIs(state) {
    for (const terminal of this.all.values()) terminal.sessionIs(state);
    this.plus.disabled = state !== "ready";
    // A sandbox that was made anew has other terminals.
    if (state === "ready") this.start();
  }
}

const keyOf = (api, tid) => `halfway.terminal.${api}.${tid}`;

function keptName(api, tid) {
  try {
    return localStorage.getItem(keyOf(api, tid));
  } catch {
    return null;
  }
}

function keepName(api, tid, name) {
  try {
    localStorage.setItem(keyOf(api, tid), name);
  } catch {
    // Then the name lasts as long as the page.
  }
}
