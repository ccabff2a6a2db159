// Times as the page writes them. All milliseconds; the caller brings the server's clock.

/**
 * The server's clock, carried on by a monotonic one, so that a wrong or changed clock of the reader's machine does not matter.
 */
export class ServerClock {
  /** @param {() => number} monotonic milliseconds that never jump */
  constructor(monotonic) {
    this.monotonic = monotonic;
    this.offset = null;
  }

  /** Told by the server: it was `now` when the monotonic clock showed `at`. */
  set(now, at = this.monotonic()) {
    this.offset = now - at;
  }

  now() {
    return this.offset === null ? Date.now() : this.offset + this.monotonic();
  }
}

/** `14:02`, in the reader's zone unless another is given. */
export function clockText(ms, zone) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(ms);
}

/** `20 Nov 2026`. */
export function dateText(ms, zone) {
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: zone }).format(ms);
}

/** `14:02` today, `20 Nov 2026, 14:02` on another day. */
export function momentText(ms, now, zone) {
  const day = dateText(ms, zone);
  return day === dateText(now, zone) ? clockText(ms, zone) : `${day}, ${clockText(ms, zone)}`;
}

/** `3 s`, `42 min`, `1 h 5 min`, `3 days`. */
export function spanText(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return days === 1 ? "1 day" : `${days} days`;
}

/** `just now`, `3 min ago`. */
export function agoText(ms) {
  return ms < 10_000 ? "just now" : `${spanText(ms)} ago`;
}

/**
 * What stands in the bar: `42 min, until 15:10`, seconds only in the last minute, `time is up` after it.
 * Minutes are rounded up: `1 min` is never shown while more than a minute is left only to become seconds at once.
 */
export function leftText(left, deadline, zone) {
  if (left <= 0) return "time is up";
  const until = deadline === undefined ? "" : `, until ${clockText(deadline, zone)}`;
  if (left <= 60_000) return `${Math.ceil(left / 1000)} s${until}`;
  return `${spanText(Math.ceil(left / 60_000) * 60_000)}${until}`;
}

/** Minutes at which the time left is spoken. */
export const SPOKEN = [15, 5, 1];

/** The mark that was crossed between two moments, or null; the smallest if several, as after sleep. */
export function crossed(before, after) {
  const marks = SPOKEN.filter((minutes) => before > minutes * 60_000 && after <= minutes * 60_000 && after > 0);
  return marks.length ? Math.min(...marks) : null;
}
