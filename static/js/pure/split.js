// The value of the separator between tasks and workspace: percent of the width.

export const LEAST = 20;
export const MOST = 70;
export const USUAL = 38;
export const STEP = 2;

export function clamp(value) {
  return Math.min(MOST, Math.max(LEAST, Math.round(value)));
}

/**
 * What a key does to `{value, collapsed}`; null if the key is none of the separator's. Arrows follow what is seen, so they swap where text runs from the right.
 */
export function onKey({ value, collapsed }, key, rightToLeft = false) {
  const left = rightToLeft ? "ArrowRight" : "ArrowLeft";
  const right = rightToLeft ? "ArrowLeft" : "ArrowRight";
  switch (key) {
    case left:
      return { value: clamp(value - STEP), collapsed: false };
    case right:
      return { value: collapsed ? value : clamp(value + STEP), collapsed: false };
    case "Home":
      return { value: LEAST, collapsed: false };
    case "End":
      return { value: MOST, collapsed: false };
    case "Enter":
      return { value, collapsed: !collapsed };
    default:
      return null;
  }
}

/** A value that was kept as text, or the usual one. */
export function kept(text) {
  const value = Number(text);
  return text !== null && text !== "" && Number.isFinite(value) ? clamp(value) : USUAL;
}

/** Which element of a tab list a key goes to: an index, or null. */
export function nextTab(index, count, key) {
  switch (key) {
    case "ArrowRight":
      return (index + 1) % count;
    case "ArrowLeft":
      return (index - 1 + count) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}
