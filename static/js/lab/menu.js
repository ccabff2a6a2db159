// The seldom-used actions of a terminal.
import { keepChoice, keptChoice } from "../choices.js";
import { button, copied, element, say, told } from "../page.js";
import { copySelection, pasteByButton } from "./clipboard.js";
import { popup } from "./popup.js";

const readAloud = () => keptChoice("screen-reader") === "on";

export function terminalMenu(terminal) {
  return popup("More for this terminal", [
    { words: "Copy what is selected", keys: "Ctrl+Shift+C", run: () => copySelection(terminal) },
    { words: "Paste", keys: "Ctrl+Shift+V", run: () => pasteByButton(terminal) },
    { words: "Find in the output", keys: "Ctrl+Shift+F", run: () => terminal.find.open() },
    { words: "Last output as text", run: () => showText(terminal) },
    { words: "Rename", keys: "F2 on its tab", run: () => terminal.owner.rename(terminal) },
    {
      words: "Screen-reader mode",
      isOn: readAloud,
      run() {
        keepChoice("screen-reader", readAloud() ? null : "on");
        for (const one of terminal.owner.all.values()) one.emulator.options.screenReaderMode = readAloud();
        say(`Screen-reader mode is ${readAloud() ? "on" : "off"}.`);
      },
    },
    null,
    { words: "Close terminal", keys: "Del on its tab", run: () => terminal.owner.close(terminal) },
  ]);
}

function showText(terminal) {
  const text = terminal.lastText();
  const shown = element("pre", { class: "last-output", tabindex: "0", dir: "ltr" }, text || "Nothing yet.");
  const copy = button("Copy all", async () => {
    copy.textContent = (await copied(text)) ? "Copied" : "Not copied: select and copy by hand";
  });
  told({ title: `Last output of ${terminal.name}`, text: [shown, copy], wide: true });
}
