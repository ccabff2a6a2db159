// The terminal: tabs, size, paste, floods, and a connection that comes and goes.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { assertAccessible, assertFits, LAN_NAME, newPage } from './support/browser.mjs';
import { chooseTab, inWorkspace, plainLab, startLab } from './support/lab.mjs';
import { startLink } from './support/link.mjs';
import { suite } from './support/suite.mjs';
import { countOutput, enterTerminal, leaveTerminal, runCommand, screenText, typeLine, waitForOutput, waitForPrompt } from './support/terminal.mjs';

let session;
const made = suite({ labs: { own: { yard: plainLab() } }, config: `allowed-hosts = ["${LAN_NAME}"]\n`, begin });
let page;

async function begin({ browser, server }) {
  const page = await newPage(browser);
  session = await startLab(page, server, 'yard');
  await inWorkspace(page);
  await page.context().close();
}

beforeEach(async () => {
  page = await made.page({ permissions: ['clipboard-read', 'clipboard-write'] });
  // Each test has a shell of its own, whatever the one before left running.
  const terminals = `${made.server.url}/api/v1/sessions/${session}/terminals`;
  for (const { id } of (await (await page.request.get(terminals)).json()).terminals) await page.request.delete(`${terminals}/${id}`);
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
  // Typed sooner, a line would not be echoed: the shell's own editing is still on.
  await page.keyboard.type('echo beg""un; cat; echo aft""er-$?');
  await page.keyboard.press('Enter');
  await waitForOutput(page, 'begun');
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

test('rule T1: the way out stands in the header while somebody types, also for the pointer', async () => {
  const leave = page.locator('.tabs').getByRole('button', { name: /^Leave/ });
  assert.equal(await leave.isVisible(), false);
  await page.locator('.panel:not([hidden]) .xterm-screen').click();
  await leave.waitFor();
  assert.match(await leave.innerText(), /Ctrl\+Shift\+Enter/);
  await leave.click();
  await leave.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.className.includes('terminal')), true);
  // The page never puts the focus into a terminal by itself.
  await page.reload();
  await inWorkspace(page);
  assert.equal(await page.evaluate(() => document.activeElement.closest('.terminal')), null);
});

test('rule T2: what is selected is copied by keys, pasted by keys, and Ctrl+C stays the shell’s', async () => {
  await runCommand(page, 'clear; echo cop""ied-word');
  const line = page.locator('.panel:not([hidden]) .xterm-rows > div', { hasText: /^copied-word/ });
  for (const keys of ['Control+Shift+c', 'Control+Insert']) {
    await page.evaluate(() => navigator.clipboard.writeText('nothing yet'));
    const box = await line.boundingBox();
    await page.mouse.dblclick(box.x + 20, box.y + box.height / 2);
    await page.keyboard.press(keys);
    await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.includes('copied-word')));
  }
  await enterTerminal(page);
  await page.keyboard.press('Control+c');
  await page.keyboard.type('echo ');
  await page.keyboard.press('Shift+Insert');
  await page.waitForFunction(() => [...document.querySelectorAll('.panel:not([hidden]) .xterm-rows > div')].some((row) => /echo copied-word/.test(row.textContent.replaceAll('\u00a0', ' '))));
  await page.keyboard.press('Control+c');
  await leaveTerminal(page);
});

test('rule T3: leaving the page asks while somebody types, and the shell outlives the tab', async () => {
  await runCommand(page, 'clear; kept=al""ive');
  await enterTerminal(page);
  const asked = page.waitForEvent('dialog');
  page.close({ runBeforeUnload: true });
  const question = await asked;
  assert.equal(question.type(), 'beforeunload');
  await question.accept();
  const again = await made.page();
  await again.goto(`${made.server.url}/sessions/${session}`);
  await inWorkspace(again);
  await runCommand(again, 'echo "still $kept"');
  await waitForOutput(again, 'still alive');
});

test('rule T6: five thousand lines are kept, and what is being read does not jump', async () => {
  await runCommand(page, 'clear; seq -f "line-%g" 1 5200');
  await waitForOutput(page, 'line-5200');
  await enterTerminal(page);
  for (let pages = 0; pages < 200; pages += 1) await page.keyboard.press('Shift+PageUp');
  const first = () => page.evaluate(() => Number(document.querySelector('.panel:not([hidden]) .xterm-rows > div').textContent.trim().replace('line-', '')));
  await page.waitForFunction(() => Number(document.querySelector('.panel:not([hidden]) .xterm-rows > div').textContent.trim().replace('line-', '')) < 260);
  const oldest = await first();
  // Another tab prints; this one stays where it is, and says that there is more.
  const other = await made.page();
  await other.goto(page.url());
  await inWorkspace(other);
  await runCommand(other, 'echo fresh-out""put');
  const fresh = page.getByRole('button', { name: /^New output/ });
  await fresh.waitFor();
  assert.ok(Math.abs((await first()) - oldest) < 10, `${oldest} was on top, now it is ${await first()}`);
  await fresh.click();
  await waitForOutput(page, 'fresh-output');
  await fresh.waitFor({ state: 'hidden' });
  await runCommand(page, 'clear');
});

test('rule T7: addresses are followed by Ctrl+click alone, with the true target shown', async () => {
  const address = `http://${LAN_NAME}:${made.server.port}/about`;
  await runCommand(page, `clear; echo at ${address} now`);
  const row = page.locator('.panel:not([hidden]) .xterm-rows > div', { hasText: /^at http/ });
  const box = await row.boundingBox();
  const at = [box.x + 90, box.y + box.height / 2];
  await page.mouse.move(...at);
  const target = page.locator('.panel:not([hidden]) .link-target');
  await target.filter({ hasText: address }).waitFor();
  await page.mouse.click(...at);
  assert.equal(page.context().pages().length, 1);
  const opened = page.context().waitForEvent('page');
  await page.keyboard.down('Control');
  await page.mouse.click(...at);
  await page.keyboard.up('Control');
  assert.equal((await opened).url(), address);
  await (await opened).close();
  await page.bringToFront();
  // A link that hides its target (OSC 8) shows where it goes.
  await page.mouse.move(0, 0);
  await leaveTerminal(page);
  await runCommand(page, `clear; printf '\\e]8;;${address}\\e\\\\harmless words\\e]8;;\\e\\\\\\n'`);
  const words = await page.locator('.panel:not([hidden]) .xterm-rows > div', { hasText: /^harmless.words/ }).boundingBox();
  await page.mouse.move(words.x + 30, words.y + words.height / 2);
  await target.filter({ hasText: address }).waitFor();
  await page.mouse.move(0, 0);
  await runCommand(page, 'clear');
});

test('rule T8: the last output as text, and a screen-reader mode that is kept', async () => {
  await runCommand(page, 'clear; echo spo""ken-one; seq 1 40');
  const more = () => page.getByRole('button', { name: 'More for this terminal' }).click();
  await more();
  await page.getByRole('button', { name: 'Last output as text' }).click();
  const dialog = page.getByRole('dialog', { name: /^Last output of Terminal/ });
  assert.match(await dialog.locator('pre').innerText(), /spoken-one\n1\n2[\s\S]*\n40\n/);
  await assertAccessible(page, 'last output as text');
  await page.keyboard.press('Escape');
  await more();
  const mode = page.getByRole('button', { name: 'Screen-reader mode' });
  assert.equal(await mode.getAttribute('aria-pressed'), 'false');
  await mode.click();
  assert.equal(await mode.getAttribute('aria-pressed'), 'true');
  await page.keyboard.press('Escape');
  await page.reload();
  await inWorkspace(page);
  await page.locator('.panel:not([hidden]) .xterm-accessibility').waitFor({ state: 'attached' });
  await more();
  await mode.click();
  await page.keyboard.press('Escape');
  await page.locator('.panel:not([hidden]) .xterm-accessibility').waitFor({ state: 'detached' });
});

test('words are found in what has scrolled away', async () => {
  await runCommand(page, 'clear; echo nee""dle-here; seq 1 500');
  await enterTerminal(page);
  await page.keyboard.press('Control+Shift+f');
  const field = page.locator('.panel:not([hidden]) .terminal-find').getByLabel('Find in the output');
  await field.fill('needle-here');
  await page.keyboard.press('Shift+Enter');
  await waitForOutput(page, 'needle-here');
  await field.fill('not-in-there');
  await page.keyboard.press('Enter');
  await page.locator('.panel:not([hidden]) .terminal-find', { hasText: 'not found' }).waitFor();
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'hidden' });
  assert.equal(await page.evaluate(() => document.activeElement.className.includes('terminal')), true);
  await runCommand(page, 'clear');
});

test('rule T9: on touch a line of the browser’s own, with Esc, Tab, Ctrl and arrows', async () => {
  const touch = await made.page({ hasTouch: true, isMobile: true, width: 390, height: 800 });
  await touch.goto(`${made.server.url}/sessions/${session}`);
  await touch.getByRole('tab', { name: 'Workspace' }).tap();
  await waitForPrompt(touch);
  const line = touch.locator('.panel:not([hidden]) .touch-line');
  const field = line.getByRole('textbox');
  await field.tap();
  await field.fill('clear; echo fro""m-touch');
  await touch.keyboard.press('Enter');
  await waitForOutput(touch, 'from-touch');
  // Up brings it back, Tab completes, Ctrl and a letter is a control key.
  await line.getByRole('button', { name: 'Arrow up' }).tap();
  await waitForOutput(touch, '$ clear; echo');
  await line.getByRole('button', { name: 'Ctrl' }).tap();
  assert.equal(await line.getByRole('button', { name: 'Ctrl' }).getAttribute('aria-pressed'), 'true');
  await field.tap();
  await touch.keyboard.type('c');
  await waitForOutput(touch, '^C');
  assert.equal(await field.inputValue(), '');
  await field.fill('echo READ');
  await line.getByRole('button', { name: 'Tab' }).tap();
  await waitForOutput(touch, 'echo README.md');
  await line.getByRole('button', { name: 'Enter' }).tap();
  for (const name of ['Escape', 'Arrow left', 'Arrow right', 'Arrow down']) await line.getByRole('button', { name }).waitFor();
  // Large enough for a finger.
  for (const box of await line.locator('button, input').evaluateAll((all) => all.map((one) => [one.offsetWidth, one.offsetHeight]))) {
    assert.ok(box[0] >= 44 && box[1] >= 44, box.join('x'));
  }
  await assertFits(touch, 'terminal on touch');
});
