// Choices that a browser keeps: colours, contrast, motion, terminals' letters and screen-reader mode. Storage may be refused; then they last as long as the page.

const STORE = "halfway.";
const memory = new Map();

/** The kept text, or null. */
export function keptChoice(name) {
  try {
    return localStorage.getItem(STORE + name) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

/** Keeps a text; null forgets it. */
export function keepChoice(name, value) {
  memory.set(name, value);
  try {
    if (value === null) localStorage.removeItem(STORE + name);
    else localStorage.setItem(STORE + name, value);
  } catch {
    // Private windows may refuse: the choice then lasts as long as the page.
  }
}

/** Whether choices outlast this page. */
export function keepsChoices() {
  try {
    localStorage.setItem(`${STORE}probe`, "1");
    localStorage.removeItem(`${STORE}probe`);
    return true;
  } catch {
    return false;
  }
}

const KNOWN = { theme: ["light", "dark"], contrast: ["more", "less"], motion: ["less"] };

/** Puts theme, contrast and motion on the document; `auto` leaves them to the system. */
export function applyChoices() {
  const root = document.documentElement;
  for (const [name, values] of Object.entries(KNOWN)) {
    const value = keptChoice(name);
    root.dataset[name] = values.includes(value) ? value : "auto";
  }
  const size = sizeOfLetters();
  if (size === USUAL_LETTERS) root.style.removeProperty("--letters");
  else root.style.setProperty("--letters", `${size}px`);
}

/** Whether nothing may move: by choice or by the system. */
export function stillness() {
  return keptChoice("motion") === "less" || matchMedia("(prefers-reduced-motion: reduce)").matches;
}

export const USUAL_LETTERS = 13;

/** Size of the letters in terminals and editor, in px. */
function sizeOfLetters() {
  const size = Number(keptChoice("terminal-size"));
  return size >= 10 && size <= 24 ? size : USUAL_LETTERS;
}

/** Size of a terminal's letters in px, and their font as CSS: the page's own, or the system's monospaced one. */
export function terminalLetters() {
  const own = getComputedStyle(document.documentElement).getPropertyValue("--mono");
  return {
    size: sizeOfLetters(),
    family: keptChoice("terminal-font") === "system" ? "ui-monospace, monospace" : own,
  };
}

/** Calls `run` whenever the page's colours change, by choice or by the system. */
export function onColours(run) {
  document.addEventListener("halfway:colours", run);
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", run);
  }
}
