// Where this reader stands in a terminal's output, so that a new connection goes on with the next byte.

export class Position {
  constructor() {
    /** Sequence number of the next byte that is expected. */
    this.next = 0;
    /** Up to here it is replay: answers that the emulator gives to questions in it must not be sent. */
    this.replayEnd = 0;
    this.met = false;
  }

  /** First frame of a connection. `lost`: bytes that cannot be had any more. `restart`: this is other output, the screen is to be cleared. */
  hello({ sequence, end, truncated }) {
    const restart = this.met && (end < this.next || (truncated === true && sequence < this.next));
    const lost = this.met && !restart ? Math.max(0, sequence - this.next) : 0;
    const cut = !this.met && truncated === true && sequence > 0;
    this.next = sequence;
    this.replayEnd = end;
    this.met = true;
    return { lost, restart, cut };
  }

  bytes(count) {
    this.next += count;
    return this.next <= this.replayEnd;
  }

  skipped({ from, to }) {
    this.next = to;
    return Math.max(0, to - from);
  }
}

export const HIGH_WATER = 512 * 1024;
export const LOW_WATER = 64 * 1024;

/**
 * Bytes that were received and not yet drawn. A browser cannot stop reading a WebSocket, so above the high-water mark the connection is closed,
 * and below the low one a new one goes on from where this one stood: what the agent has dropped meanwhile is said, and memory stays bounded.
 */
export class Flow {
  constructor(high = HIGH_WATER, low = LOW_WATER) {
    this.high = high;
    this.low = low;
    this.pending = 0;
    this.held = false;
  }

  /** Returns whether the connection is to be closed now. */
  received(count) {
    this.pending += count;
    if (this.held || this.pending <= this.high) return false;
    this.held = true;
    return true;
  }

  /** Returns whether the connection is to be opened again now. */
  drawn(count) {
    this.pending -= count;
    if (!this.held || this.pending > this.low) return false;
    this.held = false;
    return true;
  }
}

/** `12 kB`, `3.4 MB`. */
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Whether data from the emulator is its own answer to a question (cursor position, device, colour), not a key. */
export function isAnswer(data) {
  // eslint-disable-next-line no-control-regex
  return /^(?:\x1b\[[?>=]?[\d;]*[cnRxty]|\x1b\[\?[\d;]*\$y|\x1bP[^\x1b]*\x1b\\|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[IO])+$/.test(data);
}
