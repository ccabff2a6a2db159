// A button that opens a short list of seldom-used actions. Arrows move in it, Escape closes it.
import { button, element } from "../page.js";

let count = 0;

/**
 * @param {string} label what it is for
 * @param {({words: string, keys?: string, run: () => void} | {words: string, isOn: () => boolean, run: () => void} | null)[]} items null draws a line
 */
export function popup(label, items) {
  count += 1;
  const id = `menu-${count}`;
  const menu = element("div", { id, popover: "auto", class: "menu", role: "group", "aria-label": label });
  const opener = element("button", { type: "button", class: "plain tiny", popovertarget: id, "aria-label": label, title: label }, "⋯");
  const switches = [];
  for (const item of items) {
    if (item === null) {
      menu.append(element("hr"));
    } else if (item.isOn) {
      const press = button(item.words, () => {
        item.run();
        mark();
      }, { class: "plain" });
      switches.push([press, item.isOn]);
      menu.append(press);
    } else {
      const press = button(item.words, () => {
        menu.hidePopover();
        item.run();
      }, { class: "plain" });
      if (item.keys) press.append(element("kbd", {}, item.keys));
      menu.append(press);
    }
  }
  const mark = () => {
    for (const [press, isOn] of switches) press.setAttribute("aria-pressed", String(isOn()));
  };
  mark();
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState !== "open") return;
    mark();
    const box = opener.getBoundingClientRect();
    const below = box.bottom + 4 + menu.offsetHeight <= innerHeight;
    menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - 4 - menu.offsetHeight)}px`;
    menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
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
