// Keys of a terminal that are not the shell's, and what is pasted. Ctrl+C stays SIGINT.
import { button, choose, copied, element, present, say } from "../page.js";
import { harmless, linesOf, mustAsk } from "../pure/paste.js";

/** Copies what is selected; says when nothing is. */
export async function copySelection(terminal) {
  const text = terminal.emulator.getSelection();
  if (!text) {
    say("Nothing is selected.");
    return;
  }
  say((await copied(text)) ? "Copied." : "The browser refused to copy. Open the output as text and copy it by hand.");
}

/** Puts a text in as if typed; many lines are asked about where each would run at once. */
export async function pasteInto(terminal, text) {
  if (!text) return;
  const clean = harmless(text);
  if (mustAsk(clean, terminal.emulator.modes.bracketedPasteMode)) {
    const lines = linesOf(clean);
    const shown = element("pre", { class: "last-output", tabindex: "0", dir: "ltr" }, lines.slice(0, 200).join("\n"));
    const sure = await choose({
      title: `Paste ${lines.length} lines?`,
      text: ["The program in this terminal takes each line at once, as if you had pressed Enter after it.", shown],
      wide: true,
      choices: [{ verb: `Paste ${lines.length} lines`, value: true }],
    });
    if (!sure) return;
  }
  terminal.claim();
  terminal.emulator.paste(clean);
  terminal.emulator.focus();
}

/** The Paste button: plain HTTP has no clipboard to read, so the text is asked for. */
export async function pasteByButton(terminal) {
  try {
    if (navigator.clipboard?.readText) {
      await pasteInto(terminal, await navigator.clipboard.readText());
      return;
    }
  } catch {
    // Refused: ask for the text instead.
  }
  const area = element("textarea", { id: "pasted", rows: "6", spellcheck: "false", style: "width: 100%" });
  const dialog = element(
    "dialog",
    { "aria-labelledby": "paste-title" },
    element(
      "div",
      { class: "confirm" },
      element("h2", { id: "paste-title" }, "Paste into the terminal"),
      element("div", { class: "field" }, element("label", { for: "pasted" }, "The browser does not let this page read the clipboard. Paste here:"), area),
      element(
        "div",
        { class: "actions" },
        button("Cancel", () => dialog.close()),
        button("Paste", () => {
          const text = area.value;
          dialog.close();
          pasteInto(terminal, text);
        }, { class: "first" }),
      ),
    ),
  );
  present(dialog);
  area.focus();
}

/** The emulator asks here first; false: not a key of the shell. */
export function onTerminalKey(terminal, event) {
  const { key, ctrlKey, shiftKey, altKey, metaKey } = event;
  const down = event.type === "keydown";
  const ours = (run) => {
    if (down) {
      event.preventDefault();
      run();
    }
    return false;
  };
  if (altKey) return true;
  const letter = key.toLowerCase();
  if (ctrlKey && shiftKey && key === "Enter") return ours(() => terminal.leave());
  if ((ctrlKey && shiftKey && letter === "c") || (ctrlKey && !shiftKey && key === "Insert")) return ours(() => copySelection(terminal));
  if (metaKey && !ctrlKey && letter === "c" && terminal.emulator.hasSelection()) return ours(() => copySelection(terminal));
  if (ctrlKey && shiftKey && letter === "f") return ours(() => terminal.find.open());
  // The browser pastes by itself, which needs no permission: its paste event is what is taken.
  if ((ctrlKey && shiftKey && letter === "v") || (shiftKey && !ctrlKey && key === "Insert") || (metaKey && !ctrlKey && letter === "v")) return false;
  return true;
}
