// What is pasted into a terminal, and what is copied from a code block.

/** Lines of a text, a last empty one not counted. */
export function linesOf(text) {
  return text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n");
}

/** Whether to ask first: many lines, and a program that would run each at once, as it does not know bracketed paste. */
export function mustAsk(text, bracketed) {
  return !bracketed && linesOf(text).length > 1;
}

/** A pasted text may not end bracketed paste by itself and go on as typed keys. */
export function harmless(text) {
  // eslint-disable-next-line no-control-regex
  return text.replace(/\x1b\[20[01]~/g, "");
}

/**
 * The commands of a code block. In a `console` block those are the lines after `$ ` or `> ` prompts; the output is left out. A here-document
 * or a line continued by a backslash goes on to its end.
 */
export function commandsOf(text, language) {
  const lines = linesOf(text);
  if (!["console", "shell-session", "terminal"].includes(language) && !lines.some((line) => line.startsWith("$ "))) {
    return lines.join("\n");
  }
  const kept = [];
  let until = null;
  let more = false;
  for (const line of lines) {
    if (until !== null) {
      const bare = line.replace(/^> /, "");
      kept.push(bare);
      if (bare.trim() === until) until = null;
      continue;
    }
    const prompt = /^\$ (.*)$/.exec(line);
    if (!prompt && !more) continue;
    const command = prompt ? prompt[1] : line.replace(/^> /, "");
    kept.push(command);
    more = command.endsWith("\\");
    const here = /<<-?\s*(['"]?)(\w+)\1/.exec(command);
    if (here) until = here[2];
  }
  return kept.join("\n");
}
