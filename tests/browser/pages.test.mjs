// Every page, in light and dark, at 1280 and 320 px: axe finds nothing, nothing scrolls sideways, Tab reaches and leaves all with the focus seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertFits, assertTabbable } from './support/browser.mjs';
import { gatedLab, inWorkspace, openGate, startLab } from './support/lab.mjs';
import { suite } from './support/suite.mjs';

const made = suite({ labs: { real: ['inherited-notebook', 'ten-minutes'], own: { gated: gatedLab() } } });

/** Checks 1 to 4 on what the page shows now. */
async function assertSound(page, what, { tab = true } = {}) {
  assert.equal(await page.locator('h1').count(), 1, `${what}: one h1`);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await assertAccessible(page, `${what}, ${colorScheme}, ${width} px`);
    }
    await assertFits(page, `${what}, ${width} px`);
    if (tab) await assertTabbable(page, `${what}, ${width} px`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.emulateMedia({ colorScheme: 'light' });
}

for (const [what, path] of [
  ['home', '/'], ['week', '/weeks/1'], ['labs', '/labs'], ['lab card', '/labs/inherited-notebook'], ['history, empty', '/history'],
  ['settings', '/settings'], ['about', '/about'], ['404', '/no-such-page'], ['lab not found', '/labs/no-such-lab'],
]) {
  test(what, async () => {
    const page = await made.page();
    await page.goto(made.server.url + path);
    await assertSound(page, what);
  });
}

test('lesson', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/weeks/1`);
  await page.locator('#lessons ~ ol a').first().click();
  await page.locator('body.lesson').waitFor();
  await page.evaluate(() => { for (const one of document.querySelectorAll('details')) one.open = true; });
  await assertSound(page, 'lesson');
});

test('provisioning', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'gated');
  await page.locator('#step-output .log', { hasText: 'at the gate' }).waitFor();
  await assertSound(page, 'provisioning');
  await openGate(made.server, session);
  await page.getByRole('link', { name: 'Open the lab' }).click();
  await inWorkspace(page);
});

test('high contrast, chosen in the settings, is kept and clean', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/settings`);
  await page.getByLabel('dark').check();
  await page.getByLabel('high').check();
  await page.goto(made.server.url);
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  assert.equal(await page.locator('html').getAttribute('data-contrast'), 'more');
  await assertAccessible(page, 'home, dark, high contrast');
});
