// Forms without a reload, where the page asks for it; and one press counts once, everywhere.
import { apply, refresh } from "./live.js";
import { alarm, element, present, problemOf, say } from "./page.js";

const busy = new WeakSet();
/** Forms of which is known that the server answers. */
const reached = new WeakSet();
const NOT_SENT = "Not sent: there is no connection. Press again when it is back.";

async function sendQuietly(form, submitter) {
  const error = errorOf(form);
  error.textContent = "";
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  const body = new URLSearchParams(new FormData(form, submitter));
  let response;
  try {
    response = await fetch(action, { method: "POST", body, headers: { Accept: "application/json" } });
  } catch {
    error.textContent = NOT_SENT;
    alarm(error.textContent);
    return;
  }
  if (!response.ok) {
    error.textContent = await problemOf(response);
    alarm(error.textContent);
    return;
  }
  if (!response.headers.get("content-type")?.includes("json")) {
    // A server that knows only pages: what it shows after the redirect is this page, anew.
    const page = new URL(response.url);
    if (page.pathname === location.pathname) await refresh();
    else location.assign(page);
    return;
  }
  const answer = await response.json();
  if (answer.location && new URL(answer.location, location.href).pathname !== location.pathname) {
    location.assign(answer.location);
    return;
  }
  apply(answer);
  if (!answer.html) await refresh();
}

function errorOf(form) {
  let error = form.querySelector(".form-error");
  if (!error) {
    error = element("span", { class: "form-error", "data-keep": true });
    form.append(error);
  }
  return error;
}

async function onSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (busy.has(form)) {
    event.preventDefault();
    return;
  }
  busy.add(form);
  const submitter = event.submitter;
  submitter?.setAttribute("aria-busy", "true");
  if (seemsLost() && !reached.has(form) && !form.hasAttribute("data-quiet")) {
    event.preventDefault();
    sendIfReached(form, submitter);
    return;
  }
  reached.delete(form);
  if (!form.hasAttribute("data-quiet") || form.method !== "post") {
    // The browser leaves this page; if it comes back, the form must work again.
    addEventListener("pageshow", () => release(form, submitter), { once: true });
    setTimeout(() => release(form, submitter), 8000);
    return;
  }
  event.preventDefault();
  try {
    await sendQuietly(form, submitter);
  } finally {
    release(form, submitter);
  }
}

const seemsLost = () => !navigator.onLine || document.documentElement.dataset.connection === "lost";

/** Leaving the page would lose what was typed in it, and end at the browser's own error page. */
async function sendIfReached(form, submitter) {
  const error = errorOf(form);
  error.textContent = "";
  try {
    await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) });
  } catch {
    error.textContent = NOT_SENT;
    alarm(NOT_SENT);
    return;
  } finally {
    release(form, submitter);
  }
  reached.add(form);
  form.requestSubmit(submitter);
}

function release(form, submitter) {
  busy.delete(form);
  submitter?.removeAttribute("aria-busy");
}

/** A link to a page that asks: its question as a dialog here, with the focus on Cancel. */
async function openDialog(link) {
  let part;
  try {
    const response = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (!response.ok) throw new Error("refused");
    part = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".confirm");
  } catch {
    part = null;
  }
  if (!part) {
    location.assign(link.href);
    return;
  }
  const question = document.importNode(part, true);
  const heading = question.querySelector("h1, h2");
  if (heading?.tagName === "H1") {
    const smaller = element("h2", { id: "confirm-title" });
    smaller.append(...heading.childNodes);
    heading.replaceWith(smaller);
  }
  const dialog = element("dialog", { "aria-labelledby": "confirm-title" }, question);
  question.querySelector("h2")?.setAttribute("id", "confirm-title");
  const cancel = question.querySelector("[data-cancel]");
  cancel?.setAttribute("role", "button");
  cancel?.addEventListener("click", (event) => {
    event.preventDefault();
    dialog.close();
  });
  present(dialog);
  cancel?.focus();
}

function onClick(event) {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  openDialog(link);
}

/** Choices of the settings page are the browser's own. */
function startSettings(choices) {
  for (const form of document.querySelectorAll("form[data-settings]")) {
    const kept = choices.keepsChoices();
    if (!kept) {
      form.before(element("p", { class: "say" }, "This browser keeps nothing for this site: it blocks its storage. What you choose here lasts until you leave the page; labs, files and progress are kept by the server all the same."));
    }
    for (const input of form.querySelectorAll("input, select")) {
      const choice = choices.keptChoice(input.name);
      if (input.tagName === "SELECT") input.value = [...input.options].some((one) => one.value === choice) ? choice : "auto";
      else if (input.type === "radio") input.checked = (choice ?? "auto") === input.value;
      else if (input.type === "checkbox") input.checked = choice === "on";
    }
    form.addEventListener("change", ({ target }) => {
      const value = target.type === "checkbox" ? (target.checked ? "on" : null) : target.value === "auto" ? null : target.value;
      choices.keepChoice(target.name, value);
      choices.applyChoices();
      document.dispatchEvent(new Event("halfway:colours"));
      say(kept ? "Kept in this browser." : "Taken for this page; the browser keeps nothing for this site.");
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }
}

export function startForms(choices) {
  document.addEventListener("submit", onSubmit);
  document.addEventListener("click", onClick);
  startSettings(choices);
}

