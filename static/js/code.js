// Copy buttons of code blocks. They copy commands alone, and admit it when the browser refuses.
import { button, copied, element, say } from "./page.js";
import { commandsOf } from "./pure/paste.js";

export const SHELLS = ["bash", "sh", "shell", "console", "shell-session", "zsh", "terminal"];

/** Language of a block by its class. */
export function languageOfBlock(block) {
  const classes = [block, ...block.querySelectorAll("pre, code")].map((one) => one.getAttribute("class") ?? "").join(" ");
  return /language-([\w-]+)/.exec(classes)?.[1] ?? "";
}

export function commandsOfBlock(block) {
  // The server has told commands and output apart.
  const marked = [...block.querySelectorAll("pre .command")];
  if (marked.length) return marked.map((part) => part.textContent).join("").trimEnd();
  return commandsOf(block.querySelector("pre")?.textContent ?? "", languageOfBlock(block));
}

async function copyWith(press, text) {
  const worked = await copied(text);
  const words = worked ? "Copied" : "Not copied: select and copy by hand";
  const usual = press.dataset.words ?? press.textContent;
  press.dataset.words = usual;
  press.textContent = words;
  say(worked ? "Copied." : "The browser refused to copy. Select the text and copy it by hand.");
  setTimeout(() => {
    press.textContent = usual;
  }, 2500);
}

/** The row of buttons over a block. */
export function actsOf(block) {
  let acts = block.querySelector(":scope > .acts");
  if (!acts) {
    acts = element("div", { class: "acts", "data-keep": true });
    block.querySelector("pre").before(acts);
  }
  return acts;
}

export function dressCode(root) {
  for (const block of root.querySelectorAll?.(".code:has(> pre)") ?? []) {
    const text = block.querySelector("pre").textContent.trimEnd();
    block.classList.toggle("short", !text.includes("\n") && text.length < 60);
    if (block.querySelector(":scope > .acts [data-copies]")) continue;
    const press = button("Copy", () => copyWith(press, commandsOfBlock(block)), { class: "tiny", "data-copies": true });
    actsOf(block).append(press);
  }
}

export function startCode() {
  dressCode(document);
  document.addEventListener("halfway:changed", ({ detail }) => dressCode(detail));
  document.addEventListener("click", (event) => {
    const press = event.target.closest?.("button[data-copy]");
    if (press) copyWith(press, press.dataset.copy);
  });
}
