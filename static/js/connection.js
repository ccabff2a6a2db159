// The page's end of the live connection: through the shared worker, or its own EventSource that rests while the tab is hidden.
import { Stream } from "./stream.js";

/**
 * @param {{url: string, worker?: string, last: number}} where
 * @param {{event: (kind: string, id: number | null, data: any) => void, state: (open: boolean) => void, gap: () => void, last: () => number}} on
 * @returns {{nudge: () => void}}
 */
export function connect(where, on) {
  const parsed = (kind, id, data) => {
    let value;
    try {
      value = JSON.parse(data);
    } catch {
      return;
    }
    on.event(kind, id, value);
  };
  if (where.worker && "SharedWorker" in self) {
    try {
      return shared(where, on, parsed);
    } catch {
      // A browser may refuse workers; the page then listens by itself.
    }
  }
  return alone(where, on, parsed);
}

function shared(where, on, parsed) {
  const worker = new SharedWorker(where.worker, { name: "halfway-events" });
  const { port } = worker;
  // A worker that cannot be fetched or run says so late: the page then listens by itself.
  let fallen = null;
  worker.addEventListener("error", () => {
    fallen ??= alone({ ...where, last: on.last() }, on, parsed);
  });
  const hello = () => port.postMessage({ type: "hello", url: new URL(where.url, location.href).href, last: on.last() });
  port.onmessage = ({ data }) => {
    if (fallen) return;
    if (data.type === "event") parsed(data.kind, data.id, data.data);
    else if (data.type === "state") on.state(data.open);
    else if (data.type === "gap") on.gap();
  };
  hello();
  addEventListener("pagehide", () => port.postMessage({ type: "bye" }));
  addEventListener("pageshow", (event) => {
    if (event.persisted) hello();
  });
  const nudge = () => (fallen ? fallen.nudge() : port.postMessage({ type: "nudge" }));
  addEventListener("online", nudge);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && nudge());
  return { nudge };
}

function alone(where, on, parsed) {
  const stream = new Stream(where.url, where.last, { event: parsed, state: on.state });
  const visible = () => document.visibilityState === "visible";
  if (visible()) stream.open();
  document.addEventListener("visibilitychange", () => {
    stream.last = Math.max(stream.last, on.last());
    if (visible()) stream.nudge();
    else stream.close();
  });
  addEventListener("pagehide", () => stream.close());
  addEventListener("pageshow", (event) => event.persisted && stream.nudge());
  addEventListener("online", () => stream.nudge());
  return { nudge: () => stream.nudge() };
}
