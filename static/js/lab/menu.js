// The seldom-used actions of a terminal, behind one button.
import { keepChoice, keptChoice } from "../choices.js";
import { button, copied, element, say, told } from "../page.js";
import { copySelection, pasteByButton } from "./clipboard.js";

let count = 0;

export function terminalMenu(terminal) {
  count += 1;
  const id = `terminal-menu-${count}`;
  const menu = element("div", { id, popover: "auto", class: "menu" });
  const opener = element("button", { type: "button", class: "plain tiny", popovertarget: id, "aria-label": `More for ${terminal.name}`, title: "More" }, "⋯");
  const item = (words, keys, run) => {
    const press = button(words, () => {
      menu.hidePopover();
      run();
    }, { class: "plain" });
    if (keys) press.append(element("kbd", {}, keys));
    return press;
  };
  const reader = button("Screen-reader mode", () => {
    const on = keptChoice("screen-reader") !== "on";
    keepChoice("screen-reader", on ? "on" : null);
    for (const one of terminal.owner.all.values()) one.emulator.options.screenReaderMode = on;
    mark();
    say(`Screen-reader mode is ${on ? "on" : "off"}.`);
  }, { class: "plain" });
  const mark = () => reader.setAttribute("aria-pressed", String(keptChoice("screen-reader") === "on"));
  menu.append(
    item("Copy what is selected", "Ctrl+Shift+C", () => copySelection(terminal)),
    item("Paste", "Ctrl+Shift+V", () => pasteByButton(terminal)),
    item("Find in the output", "Ctrl+Shift+F", () => terminal.find.open()),
    item("Last output as text", null, () => showText(terminal)),
    item("Rename", "F2 on its tab", () => terminal.owner.rename(terminal)),
    reader,
    element("hr"),
    item("Close terminal", "Del on its tab", () => terminal.owner.close(terminal)),
  );
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState !== "open") return;
    mark();
    const box = opener.getBoundingClientRect();
    menu.style.insetBlockStart = `${box.bottom + 4}px`;
    menu.style.insetInlineStart = `${Math.max(8, Math.min(box.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
    menu.querySelector("button").focus();
  });
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.querySelectorAll("button")];
    const at = all.indexOf(document.activeElement);
    if (event.key === "ArrowDown") all[(at + 1) % all.length].focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length].focus();
    else return;
    event.preventDefault();
  });
  return element("span", {}, opener, menu);
}

function showText(terminal) {
  const text = terminal.lastText();
  const shown = element("pre", { class: "last-output", tabindex: "0", dir: "ltr" }, text || "Nothing yet.");
  const copy = button("Copy all", async () => {
    copy.textContent = (await copied(text)) ? "Copied" : "Not copied: select and copy by hand";
  });
  told({ title: `Last output of ${terminal.name}`, text: [shown, copy], wide: true });
}
