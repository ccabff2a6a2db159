// What all scripts of a page share: the server's clock, the voice for screen readers, small makers of elements.
import { Announcer } from "./pure/announcer.js";
import { ServerClock } from "./pure/time.js";

export const clock = new ServerClock(() => performance.now());

const rendered = Number(document.body?.dataset.now);
if (rendered) {
  // The page was rendered some time before its first byte came here, and may be taken from a cache much later.
  const [navigation] = performance.getEntriesByType("navigation");
  clock.set(rendered / 1000, navigation?.responseStart || performance.now());
}

function voice(id) {
  let clear;
  return (text) => {
    const region = document.getElementById(id);
    if (!region) return;
    // Emptied first, so that the same words are spoken again when they are true again.
    region.textContent = "";
    clearTimeout(clear);
    requestAnimationFrame(() => {
      region.textContent = text;
    });
    clear = setTimeout(() => {
      region.textContent = "";
    }, 10_000);
  };
}

const polite = new Announcer(voice("live-status"));
const urgent = new Announcer(voice("live-alert"), { join: 50 });

/** Spoken when there is a pause. */
export function say(text) {
  if (document.visibilityState === "visible") polite.say(text);
}

/** Spoken at once: loss over 5 s, failure, the last minute. Nothing else. */
export function alarm(text) {
  if (document.visibilityState === "visible") urgent.say(text);
}

/**
 * An element with attributes and children; text is text, never markup.
 * @param {string} name
 * @param {Record<string, any>} [attributes] `on…` are listeners, `class`, `hidden` and the rest attributes; false and null are left out
 * @param {...(Node | string | null | undefined | false)} children
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A button that never sends a form. */
export function button(text, press, attributes = {}) {
  return element("button", { type: "button", onclick: press, ...attributes }, text);
}

/**
 * Asks in a dialog. The focus stands on Cancel; Escape is Cancel.
 * @param {{title: string, text?: (string | Node)[], verb: string, danger?: boolean, wide?: boolean}} what
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text = [], verb, danger = true, wide = false }) {
  return choose({ title, text, wide, choices: [{ verb, value: true, danger }] }).then((value) => value === true);
}

/**
 * Asks with several verbs; resolves with the chosen value or null.
 * @param {{title: string, text?: (string | Node)[], wide?: boolean, cancel?: string, choices: {verb: string, value: any, danger?: boolean}[]}} what
 */
export function choose({ title, text = [], wide = false, cancel = "Cancel", choices }) {
  return new Promise((resolve) => {
    let answer = null;
    const heading = element("h2", { id: "dialog-title" }, title);
    const away = button(cancel, () => dialog.close(), { autofocus: true });
    const dialog = element(
      "dialog",
      { "aria-labelledby": "dialog-title", class: wide ? "wide" : null },
      element(
        "div",
        { class: "confirm" },
        heading,
        ...text.map((part) => (typeof part === "string" ? element("p", {}, part) : part)),
        element(
          "div",
          { class: "actions" },
          away,
          ...choices.map(({ verb, value, danger }) =>
            button(
              verb,
              () => {
                answer = value;
                dialog.close();
              },
              { class: danger ? "danger" : null },
            ),
          ),
        ),
      ),
    );
    present(dialog, () => resolve(answer));
    away.focus();
  });
}

/** Asks for one line of text; null when cancelled. `check` returns what is wrong, or null. */
export function asked({ title, label, value = "", verb, check = () => null }) {
  return new Promise((resolve) => {
    let answer = null;
    const input = element("input", { id: "asked", value, autocomplete: "off", spellcheck: "false", "aria-describedby": "asked-problem" });
    const problem = element("p", { id: "asked-problem", class: "form-error", role: "alert" });
    const dialog = element(
      "dialog",
      { "aria-labelledby": "asked-title" },
      element(
        "form",
        {
          method: "dialog",
          onsubmit(event) {
            event.preventDefault();
            const wrong = check(input.value.trim());
            problem.textContent = wrong ?? "";
            input.setAttribute("aria-invalid", String(wrong !== null));
            if (wrong !== null) return input.focus();
            answer = input.value.trim();
            dialog.close();
          },
        },
        element("h2", { id: "asked-title" }, title),
        element("div", { class: "field" }, element("label", { for: "asked" }, label), input, problem),
        element("div", { class: "actions" }, button("Cancel", () => dialog.close()), element("button", { class: "first" }, verb)),
      ),
    );
    present(dialog, () => resolve(answer));
    input.focus();
    const dot = value.lastIndexOf(".");
    input.setSelectionRange(value.lastIndexOf("/") + 1, dot > value.lastIndexOf("/") + 1 ? dot : value.length);
  });
}

/** Tells something that needs no answer but Close. */
export function told({ title, text = [], wide = false }) {
  return choose({ title, text, wide, cancel: "Close", choices: [] });
}

/** Shows a dialog once; afterwards it is gone and the focus is back where it was. */
export function present(dialog, closed = () => {}) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    closed();
  });
  dialog.showModal();
}

/** Copies; says whether it worked. Plain HTTP on a LAN has no clipboard object, so there is the old way too. */
export async function copied(text) {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Refused: the old way may still be allowed.
  }
  const before = document.activeElement;
  const area = element("textarea", { readonly: true, class: "hidden-text", "aria-hidden": "true", tabindex: "-1" });
  area.value = text;
  // Inside an open dialog nothing outside can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  let worked = false;
  try {
    worked = document.execCommand("copy");
  } catch {
    worked = false;
  }
  area.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return worked;
}

/** A whole error of the API in words for a person, the reference included. */
export async function problemOf(response) {
  try {
    const { error } = await response.json();
    if (error?.message) return error.reference ? `${error.message} (reference ${error.reference})` : error.message;
  } catch {
    // Not ours, such as a proxy's page.
  }
  if (response.status === 401) return "You are signed out. Open this page again to sign in; what you typed stays here.";
  return `The server answered ${response.status}. Try again in a moment.`;
}
