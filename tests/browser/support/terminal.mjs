// The real terminal, as a person uses it: the frame is the tab stop, Enter goes in, Ctrl+Shift+Enter leaves.

const visible = (page) => page.locator('.panel:not([hidden]) .panel-inside > .terminal');

/** What the chosen terminal shows, read from the rows that are drawn; `wrapped` without the ends of lines. */
export async function screenText(page) {
  return page.evaluate(() => {
    const rows = [...document.querySelectorAll('.panel:not([hidden]) .xterm-rows > div')];
    return rows.map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd()).join('\n');
  });
}

/** Waits until the chosen terminal shows the text; a long line may be broken anywhere. */
export async function waitForOutput(page, text, options = {}) {
  await page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll('.panel:not([hidden]) .xterm-rows > div')];
    return rows.map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd()).join('').includes(wanted);
  }, text.replaceAll('\n', ''), { timeout: 30_000, ...options });
}

/** How often the chosen terminal shows the text. */
export async function countOutput(page, text) {
  return (await screenText(page)).replaceAll('\n', '').split(text).length - 1;
}

/** Waits until the shell of the chosen terminal has said something. */
export async function waitForPrompt(page) {
  await page.waitForFunction(() => [...document.querySelectorAll('.panel:not([hidden]) .xterm-rows > div')].some((row) => /[$#]\s*$/.test(row.textContent.trimEnd())));
}

/** Goes into the chosen terminal by keyboard. */
export async function enterTerminal(page) {
  await visible(page).focus();
  await page.keyboard.press('Enter');
  await page.locator('.panel:not([hidden]) .panel-inside > .terminal.typing').waitFor();
}

/** Leaves it by keyboard. */
export async function leaveTerminal(page) {
  await page.keyboard.press('Control+Shift+Enter');
  await page.locator('.panel:not([hidden]) .panel-inside > .terminal:not(.typing)').waitFor();
}

/** Types a line and presses Enter. */
export async function typeLine(page, line) {
  await enterTerminal(page);
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
  await leaveTerminal(page);
}

let marks = 0;

/** Types a command and waits until it has ended. The mark is put together by the shell, so the echo is not taken for it. */
export async function runCommand(page, command, options) {
  marks += 1;
  await typeLine(page, `${command}; echo en''ded-${marks}-$?`);
  await waitForOutput(page, `ended-${marks}-`, options);
}
