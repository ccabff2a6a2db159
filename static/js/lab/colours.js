// The terminal's colours: ground and text are the page's own, the sixteen are chosen to read on either ground.

const LIGHT = {
  black: "#1b1f24", red: "#b3261e", green: "#14703a", yellow: "#8a5200", blue: "#0b57d0", magenta: "#6b3fa0", cyan: "#0b6770", white: "#565e6b",
  brightBlack: "#565e6b", brightRed: "#c4372e", brightGreen: "#1a7d43", brightYellow: "#945c00", brightBlue: "#2166d8", brightMagenta: "#8050b8", brightCyan: "#12757f", brightWhite: "#1b1f24",
};
const DARK = {
  black: "#3a414d", red: "#ff9a92", green: "#63cf8a", yellow: "#f0b35a", blue: "#8ab4f8", magenta: "#c9a5f5", cyan: "#6fd0da", white: "#d5dae2",
  brightBlack: "#a5adba", brightRed: "#ffb5af", brightGreen: "#86e0a6", brightYellow: "#f7c984", brightBlue: "#a9c8ff", brightMagenta: "#dcc2ff", brightCyan: "#93e2ea", brightWhite: "#ffffff",
};

/** Reads a colour that may be `light-dark()` or a mix: only a used value is a plain colour. */
function used(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  probe.hidden = true;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

export function terminalColours() {
  const background = used("--panel");
  const foreground = used("--text");
  const [r, g, b] = background.match(/[\d.]+/g).map(Number);
  const dark = 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
  return {
    ...(dark ? DARK : LIGHT),
    background,
    foreground,
    cursor: foreground,
    cursorAccent: background,
    selectionBackground: dark ? "#3a5a94" : "#b9d3fb",
    selectionInactiveBackground: dark ? "#333c4a" : "#d9dde3",
    scrollbarSliderBackground: dark ? "#ffffff33" : "#00000033",
    scrollbarSliderHoverBackground: dark ? "#ffffff55" : "#00000055",
    scrollbarSliderActiveBackground: dark ? "#ffffff77" : "#00000077",
  };
}
