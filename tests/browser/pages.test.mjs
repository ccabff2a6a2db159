// Every page, in light and dark, at 1280 and 320 px: axe finds nothing, nothing scrolls sideways, Tab reaches and leaves all with the focus seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertFits, assertTabbable } from './support/browser.mjs';
import { openEditor, openFile } from './support/editor.mjs';
import { chooseTab, gatedLab, inWorkspace, openGate, startLab, waitForVerdict } from './support/lab.mjs';
import { suite } from './support/suite.mjs';
import { runCommand } from './support/terminal.mjs';

const made = suite({ labs: { real: ['inherited-notebook', 'ten-minutes'], own: { gated: gatedLab() } } });

/** Checks 1 to 4 on what the page shows now. */
async function assertSound(page, what, { tab = true } = {}) {
  assert.equal(await page.locator('h1').count(), 1, `${what}: one h1`);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page, `${what}, ${colorScheme}, ${width} px`, { colours: colorScheme === 'dark' });
    }
    await assertFits(page, `${what}, ${width} px`);
    if (tab) await assertTabbable(page, `${what}, ${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
}

for (const [what, path] of [
  ['home', '/'], ['week', '/weeks/1'], ['labs', '/labs'], ['lab card', '/labs/inherited-notebook'], ['history, empty', '/history'], ['progress, empty', '/progress'], ['labs by time', '/labs?by=time'],
  ['settings', '/settings'], ['about', '/about'], ['404', '/no-such-page'], ['lab not found', '/labs/no-such-lab'],
]) {
  test(`checks 1 to 4: ${what}`, async () => {
    const page = await made.page();
    await page.goto(made.server.url + path);
    await assertSound(page, what);
  });
}

test('checks 1 to 4: lesson', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/weeks/1`);
  await page.locator('#lessons ~ ol a').first().click();
  await page.locator('body.lesson').waitFor();
  await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true; });
  await assertSound(page, 'lesson');
});

test('checks 1 to 4: provisioning', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'gated');
  await page.locator('#step-output .log', { hasText: 'at the gate' }).waitFor();
  await assertSound(page, 'provisioning');
  await openGate(made.server, session);
  await page.getByRole('link', { name: 'Open the lab' }).click();
  await inWorkspace(page);
});

test('checks 1 to 4: workspace, questions, finish, history', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'ten-minutes');
  await inWorkspace(page);
  await runCommand(page, 'ls --color=always; cat TICKET.txt; sh greet.sh > hello.txt');
  await waitForVerdict(page, 'terminal', 'Passed');
  await page.evaluate(() => { for (const one of document.querySelectorAll('#tasks details')) one.open = true; });
  await assertSound(page, 'workspace with terminal');
  // Below 800 px there are two views; the other one, too.
  await page.setViewportSize({ width: 320, height: 800 });
  await page.getByRole('tab', { name: 'Workspace' }).click();
  await assertAccessible(page, 'terminal at 320 px');
  await assertFits(page, 'terminal at 320 px');
  await assertTabbable(page, 'terminal at 320 px');
  await page.setViewportSize({ width: 1280, height: 800 });
  await openEditor(page);
  await openFile(page, 'service.json');
  await assertSound(page, 'workspace with editor');
  await page.setViewportSize({ width: 320, height: 800 });
  await page.getByRole('tab', { name: 'Workspace' }).click();
  await assertAccessible(page, 'editor at 320 px');
  await assertFits(page, 'editor at 320 px');
  await page.setViewportSize({ width: 1280, height: 800 });
  await chooseTab(page, 'Terminal 1');

  // The question as a dialog, then as the page that stands without JavaScript.
  await page.locator('#session-bar').getByRole('link', { name: 'End' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
  await assertAccessible(page, 'dialog');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const at = `${made.server.url}/sessions/${session}`;
  for (const [what, path] of [
    ['end', '/end'], ['reset', '/reset'], ['finish while it runs', '/finish'],
  ]) {
    await page.goto(at + path);
    await assertSound(page, what);
  }
  for (const path of ['/', '/labs', '/labs/ten-minutes']) {
    await page.goto(made.server.url + path);
    await assertSound(page, `${path} while a lab runs`);
  }
  await page.goto(`${at}/end`);
  await page.getByRole('button', { name: /^End/ }).click();
  await page.waitForURL(/\/finish$/);
  await page.getByText('The session has ended').waitFor();
  await assertSound(page, 'finish');
  await page.goto(`${made.server.url}/history`);
  await assertSound(page, 'history');
  await page.goto(`${made.server.url}/labs/ten-minutes`);
  await assertSound(page, 'lab card with an archive to begin with');
});

test('settings are kept by the browser, and reach the terminal', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/settings`);
  await page.getByRole('group', { name: 'Motion' }).getByLabel('none').check();
  await page.getByLabel('Size').selectOption('18');
  await page.getByLabel('my system\'s').check();
  await page.reload();
  assert.equal(await page.getByLabel('Size').inputValue(), '18');
  assert.equal(await page.locator('html').getAttribute('data-motion'), 'less');
  await startLab(page, made.server, 'ten-minutes');
  await inWorkspace(page);
  const letters = await page.locator('.xterm-rows').evaluate((one) => [getComputedStyle(one).fontSize, getComputedStyle(one).fontFamily]);
  assert.equal(letters[0], '18px');
  assert.match(letters[1], /^ui-monospace/);
});

test('check 1: high contrast, chosen in the settings, is kept and clean', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/settings`);
  await page.getByLabel('dark').check();
  await page.getByLabel('high').check();
  await page.goto(made.server.url);
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  assert.equal(await page.locator('html').getAttribute('data-contrast'), 'more');
  await assertAccessible(page, 'home, dark, high contrast');
});
