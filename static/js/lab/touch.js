// For touch: on-screen keyboards send jumbled keys to an emulator, so there is a native line and the keys that they lack.
import { button, element } from "../page.js";

export function touchLine(terminal) {
  const input = element("input", {
    "aria-label": `Line for ${terminal.name}`,
    placeholder: "Type here, then Enter",
    autocapitalize: "off",
    autocomplete: "off",
    autocorrect: "off",
    spellcheck: "false",
    enterkeyhint: "send",
  });
  let ctrl = false;
  const control = button("Ctrl", () => hold(!ctrl), { "aria-pressed": "false" });
  const hold = (on) => {
    ctrl = on;
    control.setAttribute("aria-pressed", String(on));
  };
  const send = (text) => terminal.typed(text);
  const asControl = (char) => String.fromCharCode(char.toUpperCase().charCodeAt(0) & 31);
  const key = (words, label, sequence) => button(words, () => {
    if (input.value) {
      send(input.value);
      input.value = "";
    }
    // Arrows in an application's own mode differ.
    send(terminal.emulator.modes.applicationCursorKeysMode ? sequence.replace("\x1b[", "\x1bO") : sequence);
  }, { "aria-label": label });

  input.addEventListener("beforeinput", (event) => {
    if (!ctrl || !event.data) return;
    event.preventDefault();
    send(asControl(event.data[0]));
    hold(false);
  });
  const form = element(
    "form",
    { class: "touch-line" },
    input,
    element("button", { class: "first" }, "Enter"),
    key("Esc", "Escape", "\x1b"),
    key("Tab", "Tab", "\t"),
    control,
    key("↑", "Arrow up", "\x1b[A"),
    key("↓", "Arrow down", "\x1b[B"),
    key("←", "Arrow left", "\x1b[D"),
    key("→", "Arrow right", "\x1b[C"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    send(`${input.value}\r`);
    input.value = "";
  });
  return form;
}
