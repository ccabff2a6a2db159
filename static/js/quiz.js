// Questions without a reload: what the server answers is the quiz anew, and it takes the old one's place. What was typed and not sent stays. Steps get
// buttons that move them. All of it works as plain forms and links, too.
import { alarm, button, problemOf, say } from "./page.js";
import { tidyTimes } from "./times.js";

/** One for what a form holds now: sent again after a lost answer, it is not kept twice. */
const submissions = new WeakMap();
const sending = new WeakSet();

function submissionOf(form) {
  if (!submissions.has(form)) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    submissions.set(form, Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  return submissions.get(form);
}

function quizIn(markup) {
  return document.importNode(new DOMParser().parseFromString(markup, "text/html").getElementById("quiz"), true);
}

/** Puts a new quiz in the place of the old one. */
function show(old, fresh) {
  old.replaceWith(fresh);
  tidyTimes(fresh);
  enhance(fresh);
}

function focusOn(element) {
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}

async function send(form, submitter) {
  const error = form.querySelector("[data-quiz-error]");
  if (error) error.textContent = "";
  const body = new URLSearchParams(new FormData(form, submitter));
  body.set("submission", submissionOf(form));
  let response;
  let answer;
  try {
    response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (response.ok || response.status === 422) answer = await response.json();
  } catch {
    return tell(error, "Not sent: there is no connection. What you chose and typed stays here; press again when it is back.");
  }
  if (!answer?.html?.quiz) return tell(error, await problemOf(response));
  const fresh = quizIn(answer.html.quiz);
  if (!fresh) return tell(error, "The answer cannot be shown. Load the page again: what was saved stands there.");
  show(form.closest(".quiz"), fresh);
  focusOn(fresh.querySelector("#quiz-problems, #quiz-summary") ?? fresh);
  say(fresh.querySelector("#quiz-state").textContent);
}

function tell(place, text) {
  if (place) place.textContent = text;
  alarm(text);
}

/** Opens a question again, and leaves what is typed in the others. */
async function retry(link) {
  const old = link.closest(".quiz");
  let fresh;
  try {
    const response = await fetch(link.href, { headers: { Accept: "text/html" } });
    fresh = response.ok ? quizIn(await response.text()) : null;
  } catch {
    fresh = null;
  }
  if (!fresh) {
    location.assign(link.href);
    return;
  }
  keepTyped(old, fresh);
  const opened = [...fresh.querySelectorAll("fieldset.question")].find((one) => !old.querySelector(`fieldset[id="${CSS.escape(one.id)}"]`));
  show(old, fresh);
  markUnsaved(fresh);
  const first = (opened ?? fresh).querySelector("input:checked, input, select");
  if (first) focusOn(first);
  (opened ?? fresh).scrollIntoView({ block: "nearest" });
}

function keepTyped(old, fresh) {
  for (const control of old.querySelectorAll("input[name], select[name]")) {
    const same = [...fresh.querySelectorAll(`[name="${CSS.escape(control.name)}"]`)];
    if (control.type === "radio" || control.type === "checkbox") {
      const twin = same.find((one) => one.value === control.value);
      if (twin) twin.checked = control.checked;
    } else if (same.length === 1) same[0].value = control.value;
  }
}

function isTouched(control) {
  if (control.type === "radio" || control.type === "checkbox") return control.checked !== control.defaultChecked;
  if (control.tagName === "SELECT") return control.value !== (control.querySelector("option[selected]")?.value ?? "");
  return control.value !== control.defaultValue;
}

function markUnsaved(quiz) {
  const note = quiz.querySelector("[data-unsaved]");
  const touched = [...quiz.querySelectorAll("input[name], select[name]")].some(isTouched);
  const text = touched ? " · not saved yet" : "";
  if (note && note.textContent !== text) note.textContent = text;
}

/** Steps can be moved by buttons; the places follow. */
function enhance(quiz) {
  for (const list of quiz.querySelectorAll("[data-order]")) {
    for (const item of list.children) {
      const name = item.querySelector("span").textContent.trim();
      const up = button("↑", () => move(list, item, -1), { class: "tiny", "aria-label": `Move up: ${name}` });
      const down = button("↓", () => move(list, item, 1), { class: "tiny", "aria-label": `Move down: ${name}` });
      item.append(up, down);
    }
  }
}

function move(list, item, by) {
  // Moving an element takes the focus from it.
  const focused = document.activeElement;
  // Places that were chosen by hand count: the list stands in that order first.
  const placed = [...list.children].map((one) => [Number(one.querySelector("select").value), one]);
  if (new Set(placed.map(([place]) => place)).size === placed.length && placed.every(([place]) => place > 0)) {
    for (const [, one] of placed.sort(([a], [b]) => a - b)) list.append(one);
  }
  const items = [...list.children];
  const at = items.indexOf(item);
  const to = Math.min(Math.max(at + by, 0), items.length - 1);
  if (to !== at) items[to][by < 0 ? "before" : "after"](item);
  [...list.children].forEach((one, place) => {
    one.querySelector("select").value = String(place + 1);
  });
  if (item.contains(focused)) focused.focus();
  const name = item.querySelector("span").textContent.trim();
  say(`${name}: place ${to + 1} of ${items.length}`);
  item.dispatchEvent(new Event("change", { bubbles: true }));
}

export function startQuiz() {
  const quiz = document.querySelector(".quiz");
  if (!quiz) return;
  enhance(quiz);
  document.addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      if (!form.matches("form[data-quiz]")) return;
      event.preventDefault();
      if (sending.has(form)) return;
      sending.add(form);
      event.submitter?.setAttribute("aria-busy", "true");
      try {
        await send(form, event.submitter);
      } finally {
        sending.delete(form);
        event.submitter?.removeAttribute("aria-busy");
      }
    },
    { capture: true },
  );
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, ({ target }) => {
      const form = target.closest?.("form[data-quiz]");
      if (!form) return;
      submissions.delete(form);
      markUnsaved(form.closest(".quiz"));
    });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-retry]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    retry(link);
  });
}
