// The one live connection of a browser, shared by its tabs: the seventh EventSource of an HTTP/1.1 site would hang.
//
// A page says `{type: "hello", url, last}`; it gets `{type: "state", open}` and `{type: "event", kind, id, data}`, or `{type: "gap"}` when what it
// missed is not kept here any more and it has to look at the server's page again.
import { Stream } from "./stream.js";

const KEPT = 400;
const ports = new Set();
let stream = null;
let open = null;
/** Recent events, and the id after which they are complete. */
let recent = [];
let completeFrom = 0;

function send(message) {
  for (const port of ports) port.postMessage(message);
}

function start(url, last) {
  completeFrom = last;
  recent = [];
  stream = new Stream(url, last, {
    state(now) {
      open = now;
      send({ type: "state", open });
    },
    event(kind, id, data) {
      if (kind === "snapshot") {
        // Everything before it is void.
        recent = [];
        completeFrom = id ?? completeFrom;
      } else if (id !== null) {
        recent.push({ kind, id, data });
        if (recent.length > KEPT) completeFrom = recent.shift().id;
      }
      send({ type: "event", kind, id, data });
    },
  });
  stream.open();
}

function stop() {
  stream?.close();
  stream = null;
  open = null;
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    switch (data.type) {
      case "hello":
        ports.add(port);
        if (stream === null) {
          start(data.url, data.last);
        } else if (data.last < completeFrom) {
          port.postMessage({ type: "gap" });
        } else {
          for (const event of recent) if (event.id > data.last) port.postMessage({ type: "event", ...event });
        }
        if (open !== null) port.postMessage({ type: "state", open });
        break;
      case "nudge":
        stream?.nudge();
        break;
      case "bye":
        ports.delete(port);
        if (ports.size === 0) stop();
        break;
    }
  };
  port.start();
};

self.addEventListener("online", () => stream?.nudge());
