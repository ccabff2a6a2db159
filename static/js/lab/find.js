// Finding words in a terminal's output.
import { SearchAddon } from "@xterm/addon-search";
import { button, element } from "../page.js";

export class Find {
  constructor(terminal) {
    this.terminal = terminal;
    this.addon = new SearchAddon();
    terminal.emulator.loadAddon(this.addon);
    this.input = element("input", { type: "search", "aria-label": "Find in the output", placeholder: "Find in the output", spellcheck: "false", autocomplete: "off" });
    this.found = element("span", { class: "muted", role: "status" });
    this.bar = element(
      "div",
      { class: "terminal-find", hidden: true, role: "search" },
      this.input,
      button("Previous", () => this.go(false), { class: "tiny" }),
      button("Next", () => this.go(true), { class: "tiny" }),
      button("Close", () => this.close(), { class: "tiny plain" }),
      this.found,
    );
    this.bar.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      else if (event.key === "Enter" && event.target === this.input) this.go(!event.shiftKey);
      else return;
      event.preventDefault();
    });
  }

  open() {
    this.bar.hidden = false;
    // Now, not a moment later: a size that changes after the search would move what was found out of sight.
    this.terminal.fit();
    const chosen = this.terminal.emulator.getSelection();
    if (chosen && !chosen.includes("\n")) this.input.value = chosen;
    this.input.focus();
    this.input.select();
  }

  go(forward) {
    if (!this.input.value) return;
    const hit = forward ? this.addon.findNext(this.input.value) : this.addon.findPrevious(this.input.value);
    this.found.textContent = hit ? "" : "not found";
  }

  close() {
    this.bar.hidden = true;
    this.addon.clearDecorations();
    this.terminal.frame.focus();
  }
}
