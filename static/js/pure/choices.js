// Which of several choices is the active one, as keys move it; with none active the reader's own words count.

/**
 * @param {string} key
 * @param {number} active -1 where none is
 * @param {number} count
 * @returns {number} the same number where the key moves nothing
 */
export function moved(key, active, count) {
  if (count === 0) return -1;
  switch (key) {
    case "ArrowDown":
      return active + 1 < count ? active + 1 : -1;
    case "ArrowUp":
      return active < 0 ? count - 1 : active - 1;
    case "PageDown":
      return Math.min(active + 5, count - 1);
    case "PageUp":
      return Math.max(active - 5, active < 0 ? -1 : 0);
    default:
      return active;
  }
}

/**
 * What is said once results stand still.
 * @param {{results: unknown[], more: boolean, answered: {kind: string, words?: string}}} found
 */
export function spoken({ results, more, answered }) {
  if (results.length === 0) return "Nothing found.";
  const count = more ? `The first ${results.length} results` : results.length === 1 ? "1 result" : `${results.length} results`;
  if (answered.kind === "corrected") return `${count} for ${answered.words}.`;
  if (answered.kind === "in-part") return `${count} with some of the words.`;
  return `${count}.`;
}
