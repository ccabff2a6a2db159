// Puts what the server says into the page: leaves by id, words for screen readers, the title. It never touches focus, typed input, open details,
// scroll or a terminal, and takes each event once.
import { Idiomorph } from "idiomorph";
import { connect } from "./connection.js";
import { alarm, button, clock, element, say } from "./page.js";
import { Seen } from "./pure/announcer.js";
import { clockText } from "./pure/time.js";
import { tidyTimes } from "./times.js";

const body = document.body;
const seen = new Seen(Number(body.dataset.last) || 0);
/** An alert only for a loss that lasts. */
const LOSS_SPOKEN = 5000;
const LOSS_SHOWN = 1500;

let touched = false;
for (const kind of ["keydown", "pointerdown", "wheel", "input"]) {
  addEventListener(kind, () => (touched = true), { passive: true, capture: true, once: true });
}

/** Replaces one leaf by markup of the server. */
export function morph(target, markup) {
  const log = target.querySelector(".log") ?? (target.matches(".log") ? target : null);
  const atEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  Idiomorph.morph(target, markup, {
    morphStyle: "outerHTML",
    restoreFocus: true,
    // Not `ignoreActiveValue`: it would leave the words of a pressed button as they were. Values are kept below.
    callbacks: {
      // What the reader has opened or typed is the reader's.
      beforeAttributeUpdated: (name, node) =>
        !(name === "open" && (node.tagName === "DETAILS" || node.tagName === "DIALOG")) &&
        !((name === "value" || name === "checked") && node.matches?.("input:not([type=hidden]), textarea, select")) &&
        !(name === "aria-busy" && node.tagName === "BUTTON"),
      beforeNodeMorphed: (old) => !(old instanceof Element && old.hasAttribute("data-keep")),
      beforeNodeRemoved: (old) => !(old instanceof Element && (old.hasAttribute("data-keep") || old.contains(document.activeElement) && old.matches("form, dialog"))),
    },
  });
  const now = document.getElementById(target.id) ?? target;
  if (atEnd) {
    const tail = now.querySelector(".log") ?? now;
    tail.scrollTop = tail.scrollHeight;
  }
  tidyTimes(now);
  if (now.dataset?.title) document.title = now.dataset.title;
  document.dispatchEvent(new CustomEvent("halfway:changed", { detail: now }));
}

/** Applies what an event or an answer of a form carries. */
export function apply(data) {
  const mine = !data.session || !body.dataset.session || data.session === body.dataset.session;
  if (data.now) clock.set(data.now / 1000);
  if (!mine) return;
  for (const [id, markup] of Object.entries(data.html ?? {})) {
    if (id === "live-status") say(textOf(markup));
    else if (id === "live-alert") alarm(textOf(markup));
    else {
      const target = document.getElementById(id);
      if (target) morph(target, markup);
    }
  }
  for (const [id, text] of Object.entries(data.append ?? {})) appendTo(id, text);
  if (data.title && data.session === body.dataset.session) document.title = data.title;
  if (data.say) say(data.say);
  if (data.alert) alarm(data.alert);
}

function textOf(markup) {
  return new DOMParser().parseFromString(markup, "text/html").body.textContent;
}

const LOG_CAP = 64 * 1024;

function appendTo(id, text) {
  const log = document.getElementById(id);
  if (!log) return;
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  log.append(text);
  if (log.textContent.length > LOG_CAP) log.textContent = log.textContent.slice(-LOG_CAP / 2);
  if (atEnd) log.scrollTop = log.scrollHeight;
}

let refreshing = null;

/** Takes the whole state anew from a fresh copy of this page, leaf by leaf. */
export function refresh() {
  refreshing ??= (async () => {
    try {
      const response = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!response.ok) return;
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      if (Number(fresh.body.dataset.now)) clock.set(Number(fresh.body.dataset.now) / 1000);
      seen.last = Math.max(seen.last, Number(fresh.body.dataset.last) || 0);
      for (const leaf of document.querySelectorAll("[data-live][id]")) {
        const next = fresh.getElementById(leaf.id);
        if (next) morph(leaf, next.outerHTML);
      }
      sessionBecame(fresh.body.dataset.sessionState);
    } catch {
      // Still offline: the next connection asks again.
    } finally {
      refreshing = null;
    }
  })();
  return refreshing;
}

/** A session's state decides which page it is. */
function sessionBecame(state) {
  const before = body.dataset.sessionState;
  if (!state || !before || state === before) return;
  body.dataset.sessionState = state;
  document.dispatchEvent(new CustomEvent("halfway:session", { detail: { state, before } }));
  const waiting = (one) => ["queued", "provisioning"].includes(one);
  if (body.classList.contains("lab") || (waiting(state) && waiting(before))) return;
  const notice = document.querySelector("[data-when-ready]");
  if (touched && state === "ready" && notice) {
    notice.hidden = false;
    say("The lab is ready.");
  } else {
    location.reload();
  }
}

function onEvent(kind, id, data) {
  if (!seen.take(id)) return;
  // Where the time left stands in the page, the page itself speaks it, also while offline.
  if (kind === "time" && document.getElementById("session-time")) {
    delete data.say;
    delete data.alert;
  }
  apply(data);
  document.dispatchEvent(new CustomEvent(`halfway:${kind}`, { detail: data }));
  const mine = data.session && data.session === body.dataset.session;
  if (kind === "session" && mine) sessionBecame(data.state);
  if (kind === "snapshot" && !data.html) refresh();
}

// The banner: since when, and that it is being retried.
const text = element("span", {});
const banner = element("section", { id: "offline", class: "banner", "aria-label": "Connection", hidden: true, "data-keep": true }, text);
let lostAt = null;
let shown = null;
let spoken = null;
let hiding = null;

function lost(nudge) {
  if (lostAt !== null) return;
  lostAt = clock.now();
  shown = setTimeout(() => {
    document.documentElement.dataset.connection = "lost";
    clearTimeout(hiding);
    banner.classList.remove("back");
    text.textContent = `Offline since ${clockText(lostAt)}, retrying. What you see is from then; what you typed is kept.`;
    banner.replaceChildren(text, button("Retry now", nudge, { class: "tiny" }));
    banner.hidden = false;
  }, LOSS_SHOWN);
  spoken = setTimeout(() => alarm(`The connection is lost since ${clockText(lostAt)}. It is being retried.`), LOSS_SPOKEN);
  document.dispatchEvent(new CustomEvent("halfway:connection", { detail: { open: false } }));
}

function back() {
  const was = lostAt;
  lostAt = null;
  clearTimeout(shown);
  clearTimeout(spoken);
  document.documentElement.dataset.connection = "open";
  document.dispatchEvent(new CustomEvent("halfway:connection", { detail: { open: true } }));
  if (banner.hidden || was === null) return;
  text.textContent = `Connected again at ${clockText(clock.now())}. Everything is up to date.`;
  banner.classList.add("back");
  // Its own button may hold the focus; it goes when nobody is there any more.
  if (!banner.contains(document.activeElement)) banner.replaceChildren(text);
  say("Connected again.");
  hiding = setTimeout(() => (banner.hidden = true), 6000);
}

/** Starts listening, where the page has something live; elsewhere only the browser's own offline state is shown. */
export function startLive() {
  const firstBar = document.querySelector("body > header, body > main");
  if (firstBar) firstBar.before(banner);
  else body.prepend(banner);

  const { events, eventsWorker } = body.dataset;
  if (!events) {
    const check = () => (navigator.onLine ? back() : lost(() => navigator.onLine && back()));
    addEventListener("online", check);
    addEventListener("offline", check);
    return;
  }
  const connection = connect(
    { url: events, worker: eventsWorker, last: seen.last },
    {
      event: onEvent,
      state: (open) => (open ? back() : lost(() => connection.nudge())),
      gap: refresh,
      last: () => seen.last,
    },
  );
  // A page from the back/forward cache is as old as when it was left.
  addEventListener("pageshow", (event) => event.persisted && refresh());
}
