// Search by keyboard, without a script, with a typing error, in every look; the glossary and the sentence beside its words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAccessible, assertFits, assertTabbable } from './support/browser.mjs';
import { suite } from './support/suite.mjs';

const made = suite();
const dialog = 'dialog.search-dialog';

async function assertSound(page, what, { tab = true } = {}) {
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

/** Opens the dialog and types; resolves when results stand there. */
async function searched(page, words) {
  await page.keyboard.press('Control+k');
  await page.locator(`${dialog}[open]`).waitFor();
  await page.keyboard.type(words);
}

test('by keyboard alone: open, type, choose, go', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/labs`);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  const before = await page.evaluate(() => document.activeElement.outerHTML);
  await searched(page, 'leak');
  const field = page.getByRole('combobox');
  await page.getByRole('option').first().waitFor();
  assert.equal(await field.getAttribute('aria-expanded'), 'true');
  assert.equal(await field.getAttribute('aria-activedescendant'), null);
  await page.keyboard.press('ArrowDown');
  const first = page.getByRole('option').first();
  assert.equal(await field.getAttribute('aria-activedescendant'), await first.getAttribute('id'));
  assert.equal(await first.getAttribute('aria-selected'), 'true');
  assert.ok(await field.evaluate((e) => e === document.activeElement), 'the focus stays in the field');
  await page.locator(`${dialog} [role=status]`, { hasText: /\d+ results?/ }).waitFor({ state: 'attached' });
  await page.keyboard.press('ArrowUp');
  assert.equal(await field.getAttribute('aria-activedescendant'), null);

  await page.keyboard.press('Escape');
  await page.locator(`${dialog}[open]`).waitFor({ state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement.outerHTML), before, 'the focus is back');

  // At once, so that no results of a shorter word come in between.
  await page.keyboard.press('Control+k');
  await page.locator(`${dialog}[open]`).waitFor();
  await page.keyboard.insertText('data leakage');
  await page.locator('#search-option-0 mark', { hasText: 'Data' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/glossary/data-leakage');
});

test('Enter without a choice shows all results; a section is led to', async () => {
  const page = await made.page();
  await page.goto(made.server.url);
  await searched(page, 'notebook');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/search?q=notebook');
  const hit = page.locator('main a', { hasText: 'Inherited notebook' }).first();
  assert.equal(await hit.locator('mark').textContent(), 'notebook');
  await page.goto(`${made.server.url}/search?q=two walls`);
  await page.locator('main .results a[href*="#s-two-walls"]').first().click();
  await page.waitForURL('**/weeks/1/features-labels-splits-leakage#s-two-walls');
});

test('a typing error is forgiven and said', async () => {
  const page = await made.page();
  await page.goto(made.server.url);
  await searched(page, 'thresold');
  await page.locator(`${dialog} .search-note`, { hasText: 'threshold' }).waitFor();
  assert.ok(await page.getByRole('option').count() > 0);
  await page.getByRole('combobox').fill('qqqzzz');
  await page.locator(`${dialog} .search-note`, { hasText: 'Nothing' }).waitFor();
  assert.equal(await page.getByRole('option').count(), 0);
});

test('markup in words stays text', async () => {
  const page = await made.page();
  const words = '"><img src=x onerror="document.title=1"><script>document.title=2</script>';
  await page.goto(`${made.server.url}/search?q=${encodeURIComponent(words)}`);
  assert.equal(await page.locator('main input[name=q]').inputValue(), words);
  await searched(page, words);
  await page.locator(`${dialog} .search-note, ${dialog} [role=option]`).first().waitFor();
  assert.ok(!['1', '2'].includes(await page.title()));
  assert.equal(await page.locator('main img, dialog img').count(), 0);
});

test('the server gone: it is said, and asked again', async () => {
  const page = await made.page();
  await page.goto(made.server.url);
  await page.route('**/api/v1/search*', (route) => route.abort());
  await searched(page, 'leak');
  await page.locator(`${dialog} .search-note`, { hasText: 'does not answer' }).waitFor();
  await page.unroute('**/api/v1/search*');
  await page.keyboard.type('age');
  await page.getByRole('option').first().waitFor();
});

test('without a script: the field in the header, results, nothing found, the glossary', async () => {
  const page = await made.page({ javaScriptEnabled: false });
  await page.goto(made.server.url);
  await page.locator('header input[name=q]').fill('leakage');
  await page.locator('header input[name=q]').press('Enter');
  await page.waitForURL('**/search?q=leakage');
  assert.match(await page.title(), /results? for “leakage”/);
  await page.locator('main a', { hasText: /leakage/i }).first().waitFor();
  await page.goto(`${made.server.url}/search?q=qqqzzz`);
  await page.getByRole('link', { name: 'All terms of the glossary' }).click();
  await page.waitForURL('**/glossary');
  await page.locator('.letters a', { hasText: 'D' }).click();
  await page.locator('main a', { hasText: 'Data leakage' }).click();
  await page.waitForURL('**/glossary/data-leakage');
  await page.locator('main a[href^="/weeks/1/"]').first().waitFor();
});

for (const [what, options] of [['with a script', {}], ['without one', { javaScriptEnabled: false }]]) {
  test(`the sentence beside a word shows on hover and focus, ${what}`, async () => {
    const page = await made.page(options);
    await page.goto(`${made.server.url}/weeks/1/features-labels-splits-leakage`);
    const word = page.locator('.prose .term').first();
    const tip = page.locator('.prose .tip').first();
    assert.equal(await tip.isVisible(), false);
    await word.hover();
    await tip.waitFor({ state: 'visible' });
    // The pointer can go over to it.
    const [from, to] = [await word.boundingBox(), await tip.boundingBox()];
    await page.mouse.move(from.x + 4, from.y + from.height - 1);
    for (let y = from.y + from.height; y <= to.y + 8; y += 1) await page.mouse.move(Math.max(from.x + 4, to.x + 4), y);
    await tip.waitFor({ state: 'visible' });
    assert.ok(to.x >= 0 && to.x + to.width <= 1280, 'within the window');
    await page.mouse.move(0, 0);
    await tip.waitFor({ state: 'hidden' });
    await word.focus();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Tab');
    await tip.waitFor({ state: 'visible' });
    if (!('javaScriptEnabled' in options)) {
      await page.keyboard.press('Escape');
      await tip.waitFor({ state: 'hidden' });
      assert.ok(await word.evaluate((e) => e === document.activeElement), 'the focus stays');
    }
  });
}

test('in the terminal and the editor Ctrl+K is theirs', async () => {
  const page = await made.page();
  await page.goto(made.server.url);
  await page.evaluate(() => {
    const box = document.createElement('div');
    box.className = 'terminal';
    box.innerHTML = '<textarea aria-label="in it"></textarea>';
    document.querySelector('main').append(box);
  });
  await page.getByLabel('in it').focus();
  await page.keyboard.press('Control+k');
  await page.locator('h1').first().click();
  await page.keyboard.press('Control+k');
  await page.locator(`${dialog}[open]`).waitFor();
  assert.equal(await page.locator(dialog).count(), 1);
});

for (const [what, path] of [
  ['search, empty', '/search'], ['results', '/search?q=leakage'], ['nothing found', '/search?q=qqqzzz'], ['a typing error', '/search?q=thresold'],
  ['glossary', '/glossary'], ['term', '/glossary/data-leakage'],
]) {
  test(`${what}: every look`, async () => {
    const page = await made.page();
    await page.goto(made.server.url + path);
    assert.equal(await page.locator('h1').count(), 1);
    await assertSound(page, what);
  });
}

test('the dialog: every look', async () => {
  const page = await made.page();
  await page.goto(made.server.url);
  await searched(page, 'leak');
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await assertSound(page, 'search dialog', { tab: false });
});
