// Joins what is to be spoken: everything within `join` milliseconds becomes one message, each sentence once.
// It never decides what is worth saying.

export class Announcer {
  /**
   * @param {(text: string) => void} write puts text into the region that is spoken
   * @param {{join?: number, schedule?: (run: () => void, after: number) => unknown}} [options]
   */
  constructor(write, { join = 2000, schedule = (run, after) => setTimeout(run, after) } = {}) {
    this.write = write;
    this.join = join;
    this.schedule = schedule;
    this.waiting = [];
  }

  say(text) {
    const sentence = text?.trim();
    if (!sentence || this.waiting.includes(sentence)) return;
    this.waiting.push(sentence);
    if (this.waiting.length === 1) this.schedule(() => this.flush(), this.join);
  }

  flush() {
    if (this.waiting.length === 0) return;
    const text = this.waiting.map((one) => (/[.!?]$/.test(one) ? one : `${one}.`)).join(" ");
    this.waiting = [];
    this.write(text);
  }
}

/** Remembers which events were taken, so that none is spoken or applied twice after a reconnect. */
export class Seen {
  constructor(last = 0) {
    this.last = last;
  }

  /** Whether an event of this id is new; ids rise. An event without an id always is. */
  take(id) {
    if (id === undefined || id === null || Number.isNaN(id)) return true;
    if (id <= this.last) return false;
    this.last = id;
    return true;
  }
}
