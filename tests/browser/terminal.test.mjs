// The terminal: tabs, size, paste, floods, and a connection that comes and goes.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { newPage } from './support/browser.mjs';
import { chooseTab, inWorkspace, plainLab, startLab } from './support/lab.mjs';
import { startLink } from './support/link.mjs';
import { suite } from './support/suite.mjs';
import { countOutput, enterTerminal, leaveTerminal, runCommand, screenText, typeLine, waitForOutput, waitForPrompt } from './support/terminal.mjs';

let session;
const made = suite({ labs: { own: { yard: plainLab() } }, begin });
let page;

async function begin({ browser, server }) {
  const page = await newPage(browser);
  session = await startLab(page, server, 'yard');
  await inWorkspace(page);
  await page.context().close();
}

beforeEach(async () => {
  page = await made.page({ permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto(`${made.server.url}/sessions/${session}`);
  await inWorkspace(page);
});

test('a second terminal is a shell of its own, with tabs that keys move between', async () => {
  await runCommand(page, 'place=one');
  await page.getByRole('button', { name: 'New terminal' }).click();
  await waitForPrompt(page);
  await runCommand(page, 'echo "place is [$place]"');
  await waitForOutput(page, 'place is []');
  const tab = page.locator('.strip').getByRole('tab', { name: 'Terminal 2' });
  assert.equal(await tab.getAttribute('aria-selected'), 'true');
  await tab.focus();
  await page.keyboard.press('ArrowLeft');
  await page.locator('.strip [role=tab][aria-selected=true]', { hasText: 'Terminal 1' }).waitFor();
  await runCommand(page, 'echo "place is [$place]"');
  await waitForOutput(page, 'place is [one]');
  // A reload comes back to both, with what they showed.
  await page.reload();
  await inWorkspace(page);
  await waitForOutput(page, 'place is [one]');
  await chooseTab(page, 'Terminal 2');
  await waitForOutput(page, 'place is []');
  // Closing asks, and ends the shell.
  await page.locator('.strip').getByRole('tab', { name: 'Terminal 2' }).focus();
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
  await dialog.getByRole('button', { name: 'Close terminal' }).click();
  await page.locator('.strip [role=tab]', { hasText: 'Terminal 2' }).waitFor({ state: 'detached' });
  const { terminals } = await (await page.request.get(`${made.server.url}/api/v1/sessions/${session}/terminals`)).json();
  assert.equal(terminals.filter((one) => !one.exit).length, 1);
});

test('Tab goes past the terminal until Enter goes in, and Ctrl+Shift+Enter comes out', async () => {
  const frame = page.locator('.panel:not([hidden]) .panel-inside > .terminal');
  await frame.focus();
  assert.match(await frame.getAttribute('aria-label'), /Enter to type, Ctrl\+Shift\+Enter to leave/);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('.terminal')), null);
  await enterTerminal(page);
  // Inside, Tab and Escape are the shell's.
  await page.keyboard.type('echo co');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('.terminal') !== null), true);
  await page.keyboard.press('Control+c');
  await leaveTerminal(page);
  assert.equal(await page.evaluate(() => document.activeElement.className.includes('terminal')), true);
});

test('Ctrl+C ends a program, the page stays', async () => {
  await enterTerminal(page);
  await page.keyboard.type('cat; echo aft""er-$?');
  await page.keyboard.press('Enter');
  await page.keyboard.type('spoken');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('.panel:not([hidden]) .xterm-rows').textContent.split('spoken').length > 2);
  await page.keyboard.press('Control+c');
  await leaveTerminal(page);
  await runCommand(page, 'echo he""re');
  await waitForOutput(page, 'here');
});

test('the shell knows the size of the window, also after it changes', async () => {
  await runCommand(page, 'clear; echo size-$(stty size | tr " " x)');
  const size = async () => (await screenText(page)).match(/size-(\d+)x(\d+)/).slice(1).map(Number);
  const [rows, columns] = await size();
  await page.setViewportSize({ width: 1000, height: 600 });
  await page.waitForFunction((before) => document.querySelectorAll('.panel:not([hidden]) .xterm-rows > div').length < before, rows);
  await runCommand(page, 'clear; until [ "$(stty size)" != "' + `${rows} ${columns}` + '" ]; do :; done; echo size-$(stty size | tr " " x)');
  const [fewer, narrower] = await size();
  assert.ok(fewer < rows && narrower < columns, `${rows}x${columns} became ${fewer}x${narrower}`);
  assert.ok(fewer >= 10 && narrower >= 40);
});

test('pasting many lines asks where each would run at once', async () => {
  const paste = async (text) => {
    await page.evaluate((words) => navigator.clipboard.writeText(words), text);
    await enterTerminal(page);
    await page.keyboard.press('Control+Shift+v');
  };
  // A shell knows bracketed paste: nothing runs until Enter.
  await paste('echo on""e\necho tw""o\n');
  await waitForOutput(page, 'echo tw""o');
  assert.equal(await page.getByRole('dialog').count(), 0);
  await page.keyboard.press('Control+c');
  await leaveTerminal(page);
  // `cat` does not.
  await typeLine(page, 'clear; cat');
  await paste('alpha\nbravo\n');
  const dialog = page.getByRole('dialog', { name: 'Paste 2 lines?' });
  await dialog.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await countOutput(page, 'alpha'), 0);
  await paste('alpha\nbravo\n');
  await dialog.getByRole('button', { name: 'Paste 2 lines' }).click();
  await page.waitForFunction(() => document.querySelector('.panel:not([hidden]) .xterm-rows').textContent.split('bravo').length > 2);
  await page.keyboard.press('Control+d');
  await leaveTerminal(page);
  await runCommand(page, 'clear');
});

test('a flood neither freezes the page nor another terminal', async () => {
  await typeLine(page, 'yes flooding');
  await waitForOutput(page, 'flooding');
  await page.getByRole('button', { name: 'New terminal' }).click();
  await waitForPrompt(page);
  await runCommand(page, 'echo us""able');
  await waitForOutput(page, 'usable');
  await chooseTab(page, 'Terminal 1');
  await enterTerminal(page);
  await page.keyboard.press('Control+c');
  await leaveTerminal(page);
  await runCommand(page, 'clear; echo st""opped');
  await waitForOutput(page, 'stopped');
});

test('after a lost connection the terminal goes on where it was, and says so meanwhile', async () => {
  const link = await startLink(made.server.port);
  try {
    await page.goto(`${link.url}/sessions/${session}`);
    await inWorkspace(page);
    await runCommand(page, 'clear; echo bef""ore');
    // It prints on while nobody is connected.
    await typeLine(page, '(until [ -e go ]; do sleep 0.05; done; rm go; echo mean""while) &');
    link.cut();
    const note = page.locator('.panel:not([hidden]) .terminal-note');
    await note.filter({ hasText: /Not connected since \d/ }).waitFor();
    assert.ok((await screenText(page)).includes('before'));
    // What is typed now is dropped, and said to be.
    await enterTerminal(page);
    await page.keyboard.type('echo lo""st');
    await note.filter({ hasText: 'was not sent' }).waitFor();
    await leaveTerminal(page);
    const other = await made.page();
    await other.goto(`${made.server.url}/sessions/${session}`);
    await inWorkspace(other);
    await runCommand(other, 'touch go');
    await waitForOutput(other, 'meanwhile');
    link.mend();
    await note.getByRole('button', { name: 'Retry now' }).click().catch(() => {});
    await note.waitFor({ state: 'hidden' });
    await waitForOutput(page, 'meanwhile');
    assert.equal(await countOutput(page, 'before'), 1, 'nothing is shown twice');
    assert.equal(await countOutput(page, 'meanwhile'), 1);
    assert.equal(await countOutput(page, 'lost'), 0);
    await runCommand(page, 'echo ag""ain');
    await waitForOutput(page, 'again');
  } finally {
    link.close();
  }
});

test('a browser without network says so and comes back by itself', async () => {
  await runCommand(page, 'clear; echo bef""ore');
  await page.context().setOffline(true);
  await page.evaluate(() => dispatchEvent(new Event('offline')));
  await page.context().setOffline(false);
  await runCommand(page, 'echo af""ter');
  await waitForOutput(page, 'after');
  assert.equal(await countOutput(page, 'before'), 1);
});
