// Times in the page: in the reader's zone, counted by the server's clock, spoken at 15, 5 and 1 minutes and silent otherwise.
import { alarm, clock, say } from "./page.js";
import { agoText, clockText, crossed, dateText, leftText, momentText, spanText } from "./pure/time.js";

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Rewrites the `time` elements in a part of the page. */
export function tidyTimes(root) {
  const all = [...(root.querySelectorAll?.("time[datetime][data-format]") ?? [])];
  if (root.matches?.("time[datetime][data-format]")) all.push(root);
  for (const node of all) {
    const moment = Date.parse(node.dateTime);
    if (Number.isNaN(moment)) continue;
    const format = node.dataset.format;
    if (format === "date") write(node, dateText(moment));
    else if (format === "moment") write(node, momentText(moment, clock.now()));
    else if (format === "ago") write(node, agoText(clock.now() - moment));
    else if (format === "clock") write(node, clockText(moment));
    node.title = `${dateText(moment)}, ${clockText(moment)}`;
  }
  tick();
}

const before = new WeakMap();

function tick() {
  const now = clock.now();
  for (const node of document.querySelectorAll("[data-deadline]")) {
    const deadline = Number(node.dataset.deadline) / 1000;
    if (!deadline) continue;
    if (node.hasAttribute("data-paused")) {
      const left = Number(node.dataset.leftMs);
      if (Number.isFinite(left) && left > 0) write(node, `${leftText(left)}, standing still`);
      continue;
    }
    const left = deadline - now;
    write(node, leftText(left, deadline));
    node.classList.toggle("soon", left <= 5 * 60_000);
    if (node.id === "session-time") {
      const mark = before.has(document.body) ? crossed(before.get(document.body), left) : null;
      before.set(document.body, left);
      if (mark === 1) alarm("One minute left. Extend the time, or it ends and your files are kept for download.");
      else if (mark !== null) say(`${mark} minutes left.`);
    }
  }
  for (const node of document.querySelectorAll("[data-elapsed-since]")) {
    const since = Number(node.dataset.elapsedSince) / 1000;
    if (since) write(node, spanText(now - since));
  }
}

export function startTimes() {
  tidyTimes(document);
  setInterval(tick, 1000);
  setInterval(() => tidyTimes(document), 30_000);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && tidyTimes(document));
}
