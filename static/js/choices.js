// Choices that a browser keeps: colours, contrast, screen-reader mode of terminals. Storage may be refused; then they last as long as the page.

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

const KNOWN = { theme: ["light", "dark"], contrast: ["more", "less"] };

/** Puts theme and contrast on the document; `auto` leaves them to the system. */
export function applyChoices() {
  const root = document.documentElement;
  for (const [name, values] of Object.entries(KNOWN)) {
    const value = keptChoice(name);
    root.dataset[name] = values.includes(value) ? value : "auto";
  }
}

/** Calls `run` whenever the page's colours change, by choice or by the system. */
export function onColours(run) {
  document.addEventListener("halfway:colours", run);
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"]) {
    matchMedia(query).addEventListener("change", run);
  }
}
