// One EventSource that is opened again for ever. Used by the shared worker and, where there is none, by the page itself.
import { Backoff } from "./pure/backoff.js";

const KINDS = ["session", "output", "task", "award", "trial", "time", "files", "notice", "snapshot", "ping"];
/** A server that has sent a heartbeat once is taken for lost after this long a silence. */
const SILENCE = 40_000;

export class Stream {
  /**
   * @param {string} url
   * @param {number} last id of the last event that is known
   * @param {{event: (kind: string, id: number | null, data: string) => void, state: (open: boolean) => void}} on
   */
  constructor(url, last, on) {
    this.url = url;
    this.last = last;
    this.on = on;
    this.backoff = new Backoff();
    this.heartbeat = false;
    this.retry = null;
    this.watch = null;
    this.source = null;
  }

  open() {
    this.close();
    const url = new URL(this.url, self.location.href);
    if (this.last) url.searchParams.set("last", String(this.last));
    const source = new EventSource(url);
    this.source = source;
    source.onopen = () => {
      this.backoff.reset();
      this.listen();
      this.on.state(true);
    };
    source.onerror = () => this.lost();
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        if (source !== this.source) return;
        this.listen();
        const id = event.lastEventId ? Number(event.lastEventId) : null;
        if (kind === "ping") this.heartbeat = true;
        else if (id) this.last = id;
        this.on.event(kind, kind === "ping" ? null : id, event.data);
      });
    }
  }

  /** The browser's own retry gives up on an HTTP error, so this one is ours alone. */
  lost() {
    this.close();
    this.on.state(false);
    this.retry = setTimeout(() => this.open(), this.backoff.next());
  }

  listen() {
    clearTimeout(this.watch);
    if (this.heartbeat) this.watch = setTimeout(() => this.lost(), SILENCE);
  }

  /** Tries at once, if it is not open. */
  nudge() {
    if (this.source === null || this.source.readyState === EventSource.CLOSED) {
      this.backoff.reset();
      this.open();
    }
  }

  close() {
    clearTimeout(this.retry);
    clearTimeout(this.watch);
    this.source?.close();
    this.source = null;
  }
}
