// The search dialog: a text field that is a combobox, its results as a list that arrows walk through. Fetched when it is first opened;
// without it the field in the page's header leads to the page of results.
import { button, element } from "./page.js";
import { moved, spoken } from "./pure/choices.js";

const ADDRESS = "/api/v1/search";
/** Long enough not to ask at every letter of a quick hand. */
const PAUSE = 90;
/** Results are spoken when the typing has ended, not while they change. */
const STILL = 700;
const LONGEST = 200;
const KINDS = { lesson: "Lesson", lab: "Lab", term: "Glossary" };

let dialog;
let input;
let list;
let note;
let status;
let options = [];
let active = -1;
let asking;
let waiting;
let speaking;
const known = new Map();

/** Opens the dialog; the focus returns to where it was when it closes. */
export function openSearch(words = "") {
  build();
  if (dialog.open) {
    input.select();
    return;
  }
  if (words) input.value = words;
  dialog.showModal();
  input.focus();
  input.select();
  changed();
}

function build() {
  if (dialog) return;
  input = element("input", {
    id: "search-words",
    name: "q",
    type: "text",
    inputmode: "search",
    enterkeyhint: "search",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    maxlength: LONGEST,
    placeholder: "Lessons, labs, glossary",
    role: "combobox",
    "aria-label": "Search lessons, labs and the glossary",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": "search-results",
    "aria-describedby": "search-keys",
    oninput: changed,
    onkeydown: pressed,
  });
  list = element("div", { id: "search-results", role: "listbox", "aria-label": "Results" });
  note = element("p", { class: "search-note" });
  status = element("p", { role: "status", class: "hidden-text" });
  dialog = element(
    "dialog",
    { class: "search-dialog", "aria-label": "Search", onclick: outside, onclose: closed },
    element(
      "form",
      { role: "search", action: "/search", onsubmit: submitted },
      input,
      button("Close", () => dialog.close(), { class: "plain" }),
    ),
    note,
    list,
    element(
      "p",
      { id: "search-keys", class: "search-keys" },
      element("kbd", {}, "↑"),
      " ",
      element("kbd", {}, "↓"),
      " choose, ",
      element("kbd", {}, "Enter"),
      " opens it, or all results; ",
      element("kbd", {}, "Esc"),
      " closes",
    ),
    status,
  );
  list.addEventListener("pointermove", (event) => activate(options.indexOf(event.target.closest("a")), false));
  document.body.append(dialog);
}

function outside(event) {
  if (event.target !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) dialog.close();
}

function closed() {
  clearTimeout(waiting);
  clearTimeout(speaking);
  asking?.abort();
  status.textContent = "";
}

function submitted(event) {
  if (active >= 0) {
    event.preventDefault();
    options[active].click();
  } else if (!words()) {
    event.preventDefault();
  }
}

function pressed(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = moved(event.key, active, options.length);
  if (!["ArrowDown", "ArrowUp", "PageDown", "PageUp"].includes(event.key)) return;
  event.preventDefault();
  activate(next, true);
}

function activate(next, scroll) {
  if (next === active) return;
  options[active]?.setAttribute("aria-selected", "false");
  active = next;
  const chosen = options[active];
  if (chosen) {
    chosen.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", chosen.id);
    if (scroll) chosen.scrollIntoView({ block: "nearest" });
  } else {
    input.removeAttribute("aria-activedescendant");
  }
}

const words = () => input.value.trim();

function changed() {
  clearTimeout(waiting);
  clearTimeout(speaking);
  const asked = words();
  if (!asked) {
    asking?.abort();
    show(null);
    return;
  }
  if (known.has(asked)) show(known.get(asked));
  else waiting = setTimeout(() => ask(asked), PAUSE);
}

async function ask(asked) {
  asking?.abort();
  asking = new AbortController();
  try {
    const response = await fetch(`${ADDRESS}?q=${encodeURIComponent(asked)}`, { signal: asking.signal, headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    const found = await response.json();
    if (known.size > 100) known.clear();
    known.set(asked, found);
    if (asked === words() && dialog.open) show(found);
  } catch (error) {
    if (error.name === "AbortError" || asked !== words()) return;
    empty();
    note.textContent = "The server does not answer. Enter tries the page of results; typing asks again.";
    speak(note.textContent);
  }
}

function empty() {
  options = [];
  active = -1;
  list.replaceChildren();
  input.removeAttribute("aria-activedescendant");
  input.setAttribute("aria-expanded", "false");
}

function show(found) {
  empty();
  note.replaceChildren();
  if (!found) {
    status.textContent = "";
    note.textContent = "A few letters are enough. Typing errors are forgiven.";
    return;
  }
  options = found.results.map(option);
  list.replaceChildren(...options);
  input.setAttribute("aria-expanded", String(options.length > 0));
  if (options.length === 0) note.append("Nothing has these words. ", element("a", { href: "/glossary" }, "All terms of the glossary"));
  else if (found.answered.kind === "corrected") note.append("Showing ", element("strong", {}, found.answered.words), ".");
  else if (found.answered.kind === "in-part") note.append("Nothing has all of these words; these have some.");
  speak(spoken(found));
}

function option(result, number) {
  const where = result.kind === "term" ? KINDS.term : `${KINDS[result.kind]} · ${result.where}`;
  return element(
    "a",
    { id: `search-option-${number}`, role: "option", tabindex: "-1", "aria-selected": "false", href: result.address, onclick: () => dialog.close() },
    element(
      "span",
      { class: "search-title" },
      element("span", { dir: "auto" }, ...marked(result.title), ...(result.heading.length > 0 ? [" › ", ...marked(result.heading)] : [])),
      element("span", { class: "search-where" }, where),
    ),
    result.snippet.length > 0 && element("span", { class: "search-snippet", dir: "auto" }, ...marked(result.snippet)),
  );
}

/** Text is text: nothing of a result is ever read as markup. */
function marked(segments) {
  return segments.map(({ text, hit }) => (hit ? element("mark", {}, text) : text));
}

function speak(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    if (dialog.open && status.textContent !== text) status.textContent = text;
  }, STILL);
}
