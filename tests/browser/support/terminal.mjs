// Typing into the real terminal, as a person does.

/** Waits until the terminal shows `text`, read from xterm's buffer through its accessible rows. */
export async function waitForOutput(page, text, options = {}) {
  await page.waitForFunction(
    (wanted) => (window.halfwayTerminal?.text?.() ?? '').includes(wanted), text, { timeout: 30_000, ...options });
}

/** Focuses the terminal by keyboard and types a line. */
export async function typeLine(page, line) {
  const frame = page.locator('[data-terminal-frame]:visible').first();
  await frame.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Control+Shift+Enter');
}
