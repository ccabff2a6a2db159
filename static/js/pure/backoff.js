// How long to wait before the next try of a lost connection: forever, from half a second to fifteen.

export const SHORTEST = 500;
export const LONGEST = 15_000;

export class Backoff {
  /** @param {() => number} random from 0 to 1 */
  constructor(random = Math.random) {
    this.random = random;
    this.tries = 0;
  }

  /** Milliseconds until the next try; spread by a quarter, so that a room full of browsers does not come back at once. */
  next() {
    const whole = Math.min(LONGEST, SHORTEST * 2 ** Math.min(this.tries, 20));
    this.tries += 1;
    return Math.max(SHORTEST, Math.round(whole * (0.75 + 0.25 * this.random())));
  }

  reset() {
    this.tries = 0;
  }
}
