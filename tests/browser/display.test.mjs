// What is shown stays whole: at twice the size, in grey, with long and Arabic names, with nothing there yet, with a wrong clock.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertFits, assertTabbable, cutTexts } from './support/browser.mjs';
import { openEditor, treeItem } from './support/editor.mjs';
import { chooseTab, inWorkspace, openTask, plainLab, sessionOf, startLab, waitForVerdict, workspaceFile } from './support/lab.mjs';
import { startServer } from './support/server.mjs';
import { suite } from './support/suite.mjs';
import { runCommand } from './support/terminal.mjs';

/** 80 characters with few places to break at. */
const LONG = 'Wiederherstellungsverfahren-fuer-verlorengegangene-Vorhersagemodelle der Station';
const ARABIC = 'مستودع النماذج القديمة';
const ARABIC_TASK = 'الملف الأول موجود';
const arabic = plainLab({ title: ARABIC });
arabic['lab.yaml'] = arabic['lab.yaml'].replace('title: The first file is there', `title: ${ARABIC_TASK}`);
arabic['instructions.md'] = '```console\n$ echo done > first.txt\n```\n\n## first\n\n`first.txt` says done.\n\n## second\n\n`second.txt` says done.\n';

const made = suite({ labs: { real: ['ten-minutes', 'inherited-notebook'], own: { yard: plainLab(), long: plainLab({ title: LONG }), arabic } } });

async function ended(page, session) {
  await page.goto(`${made.server.url}/sessions/${session}/end`);
  await page.getByRole('button', { name: /^End/ }).click();
  await page.waitForURL(/\/finish$/);
  await page.getByText('The session has ended').waitFor();
}

const PAGES = ['/', '/weeks/1', '/labs', '/labs/ten-minutes', '/history', '/progress', '/settings', '/about', '/no-such-page'];

test('check 5: at 200 % zoom no page loses anything', async () => {
  // A window of 1280 by 800 at 200 % has 640 by 400 pixels of CSS.
  const page = await made.page({ width: 640, height: 400, deviceScaleFactor: 2 });
  for (const path of [...PAGES, '/weeks/1/features-labels-splits-leakage']) {
    await page.goto(made.server.url + path);
    await assertFits(page, `${path} at 200 %`);
    assert.deepEqual(await cutTexts(page), [], `${path} at 200 %`);
  }
  // The letters alone at twice their size, as a browser's own setting makes them.
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const path of [...PAGES, '/weeks/1/features-labels-splits-leakage']) {
    await page.goto(made.server.url + path);
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    await assertFits(page, `${path} with letters twice as large`);
    assert.deepEqual(await cutTexts(page), [], `${path} with letters twice as large`);
  }
});

test('check 5: at 200 % zoom the workspace can be worked in', async () => {
  const page = await made.page({ width: 640, height: 400, deviceScaleFactor: 2 });
  const session = await startLab(page, made.server, 'yard');
  await page.locator('body.lab').waitFor();
  for (const view of ['Tasks', 'Workspace']) {
    await page.getByRole('tab', { name: view, exact: true }).click();
    await assertFits(page, `${view} at 200 %`);
    assert.deepEqual(await cutTexts(page), [], `${view} at 200 %`);
    await assertTabbable(page, `${view} at 200 %`);
  }
  const room = await page.locator('.panel:not([hidden]) .panel-inside > .terminal').boundingBox();
  assert.ok(room.height >= 150 && room.width >= 500, `the terminal has ${room.width} by ${room.height}`);
  await runCommand(page, 'echo done > first.txt');
  await page.getByRole('tab', { name: 'Tasks', exact: true }).click();
  await waitForVerdict(page, 'first', 'Passed');
  await ended(page, session);
});

test('check 6: with reduced motion nothing moves', async () => {
  const page = await made.page({ reducedMotion: 'reduce' });
  const moving = () => page.evaluate(() => {
    const still = (text) => text.split(',').every((one) => parseFloat(one) === 0);
    const all = [...document.querySelectorAll('*')].flatMap((one) => [null, '::before', '::after'].map((pseudo) => [one, pseudo]));
    const found = all.filter(([one, pseudo]) => {
      const style = getComputedStyle(one, pseudo);
      return style.animationName !== 'none' || !still(style.transitionDuration) || style.scrollBehavior !== 'auto';
    }).map(([one, pseudo]) => `${one.tagName}.${one.className}${pseudo ?? ''}`);
    return [...found, ...document.getAnimations().map((one) => String(one.effect?.target?.className))].slice(0, 5);
  });
  for (const path of PAGES) {
    await page.goto(made.server.url + path);
    assert.deepEqual(await moving(), [], path);
  }
  const session = await startLab(page, made.server, 'yard');
  await inWorkspace(page);
  await runCommand(page, 'echo done > first.txt');
  await waitForVerdict(page, 'first', 'Passed');
  assert.deepEqual(await moving(), [], 'workspace');
  // The cursor of the terminal stands still, too.
  assert.equal(await page.locator('.xterm-cursor-blink').count(), 0);
  await openEditor(page);
  assert.deepEqual(await moving(), [], 'editor');
  await page.locator('#session-bar').getByRole('link', { name: 'End', exact: true }).click();
  await page.getByRole('dialog').waitFor();
  assert.deepEqual(await moving(), [], 'dialog');
  await ended(page, session);
});

test('check 19: every state is a shape and a word, and reads in grey', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'ten-minutes');
  await inWorkspace(page);
  await runCommand(page, 'sh greet.sh > hello.txt');
  await waitForVerdict(page, 'terminal', 'Passed');
  await runCommand(page, 'rm hello.txt');
  await waitForVerdict(page, 'terminal', 'Achieved, broken now');
  await runCommand(page, 'echo unit-99 > culprit.txt');
  await waitForVerdict(page, 'hints', 'Not yet');
  const states = await page.locator('.task').evaluateAll((tasks) => tasks.map((task) => ({
    word: task.querySelector('.verdict').firstChild.textContent.trim().replace(/“.*”/, '“…”'),
    shape: [...task.querySelectorAll('summary > .mark > *')].map((one) => one.outerHTML.replace(/ class="[^"]*"/, '')).join(''),
    colour: getComputedStyle(task.querySelector('.verdict')).color,
    ground: getComputedStyle(document.body).backgroundColor,
  })));
  const words = new Map();
  for (const { word, shape } of states) {
    assert.ok(word && shape, JSON.stringify(states));
    assert.equal(words.get(word) ?? shape, shape, `“${word}” has one shape`);
    words.set(word, shape);
  }
  assert.ok(words.size >= 3, [...words.keys()].join(', '));
  assert.equal(new Set(words.values()).size, words.size, 'each word has a shape of its own');
  // In grey only lightness is left: it must do for reading.
  for (const { word, colour, ground } of states) assert.ok(contrast(colour, ground) >= 4.5, `“${word}” in ${colour} on ${ground}`);
  // Links in running text are underlined: colour alone is none in grey.
  await page.goto(`${made.server.url}/weeks/1/features-labels-splits-leakage`);
  const bare = await page.locator('article p a, article li a').evaluateAll((links) => links.filter((a) => !a.closest('nav') && !getComputedStyle(a).textDecorationLine.includes('underline')).map((a) => a.textContent));
  assert.deepEqual(bare, []);
  await ended(page, session);
});

function contrast(...colours) {
  const [a, b] = colours.map((colour) => {
    const [r, g, b_] = colour.match(/[\d.]+/g).map(Number).map((one) => one / 255).map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b_;
  }).sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

test('check 20: a name of 80 characters is shown whole, everywhere, at any width', async () => {
  assert.equal(LONG.length, 80);
  const page = await made.page();
  const session = await startLab(page, made.server, 'long');
  await inWorkspace(page);
  const file = `${'a-very-long-name-of-a-file-with-the-results-of-the-last-run-in-the-old-house'.slice(0, 76)}.csv`;
  await runCommand(page, `touch ${file}`);
  const whole = async (what) => {
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 800 });
      await assertFits(page, `${what}, ${width} px`);
      assert.deepEqual(await cutTexts(page), [], `${what}, ${width} px`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  };
  await openEditor(page);
  await treeItem(page, file).locator('.line').click();
  await page.locator('.open-files [role=tab][aria-selected=true]').waitFor();
  await page.locator('#session-bar h1', { hasText: LONG }).waitFor();
  await whole('workspace');
  await page.setViewportSize({ width: 320, height: 800 });
  await page.getByRole('tab', { name: 'Workspace' }).click();
  await whole('editor');
  // A terminal's name may have 60 characters.
  await chooseTab(page, 'Terminal 1');
  await page.locator('.strip').getByRole('tab', { name: 'Terminal 1' }).press('F2');
  await page.getByRole('textbox', { name: 'Name' }).fill(LONG.slice(0, 60));
  await page.keyboard.press('Enter');
  await page.locator('.strip [role=tab]', { hasText: LONG.slice(0, 60) }).waitFor();
  await whole('terminal');
  for (const path of ['/', '/labs', '/labs/long', `/sessions/${session}/finish`, `/sessions/${session}/end`]) {
    await page.goto(made.server.url + path);
    await page.getByText(LONG).first().waitFor();
    await whole(path);
  }
  await ended(page, session);
  for (const path of ['/history', '/labs/long']) {
    await page.goto(made.server.url + path);
    await page.getByText(LONG).first().waitFor();
    await whole(path);
  }
});

test('check 21: Arabic names run from the right, code from the left', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'arabic');
  await inWorkspace(page);
  const direction = (locator) => locator.evaluate((one) => getComputedStyle(one).direction);
  assert.equal(await direction(page.locator('#session-bar h1')), 'rtl');
  assert.equal(await direction(page.locator('#task-first .title')), 'rtl');
  assert.equal(await direction(page.locator('#tasks .story pre')), 'ltr');
  assert.equal(await direction(page.locator('.panel:not([hidden]) .terminal .screen')), 'ltr');
  await openTask(page, 'first');
  assert.equal(await direction(page.locator('#task-first .task-text code').first()), 'ltr');
  await writeFile(workspaceFile(made.server, session, 'ملف البيانات.txt'), 'x\n');
  await openEditor(page);
  await treeItem(page, 'ملف البيانات.txt').locator('.line').click();
  assert.equal(await direction(treeItem(page, 'ملف البيانات.txt').locator('.name')), 'rtl');
  assert.equal(await direction(page.locator('.paper .cm-content')), 'ltr');
  for (const path of ['/', '/labs', '/labs/arabic']) {
    await page.goto(made.server.url + path);
    const name = page.getByText(ARABIC, { exact: true }).or(page.getByText(`“${ARABIC}”`)).or(page.locator('h1', { hasText: ARABIC })).first();
    assert.equal(await name.evaluate((one) => getComputedStyle(one).direction), 'rtl', `${path}: the name's own direction`);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), 'ltr');
    await assertFits(page, path);
  }
  await ended(page, session);
});

test('check 22: where nothing is yet, the page says what comes and one next action', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'halfway-empty-'));
  const server = await startServer({ labs: empty, config: `curriculum = ${JSON.stringify(empty)}\n` });
  try {
    const page = await made.page();
    for (const path of ['/', '/labs', '/history']) {
      const answer = await page.goto(server.url + path);
      assert.equal(answer.status(), 200, path);
      const main = page.locator('main');
      assert.ok((await main.innerText()).length > 60, `${path} says what comes here`);
      const ways = await main.locator('a, button, code').count();
      assert.ok(ways > 0, `${path} has a next action`);
      await assertFits(page, path);
    }
  } finally {
    await server.stop();
    await rm(empty, { recursive: true, force: true });
  }
  // A person who has done nothing yet, with labs there: the first lesson, a lab to choose.
  const page = await made.page();
  const fresh = await startServer();
  try {
    await page.goto(fresh.url);
    await page.locator('.now a.button.first').waitFor();
    await page.goto(`${fresh.url}/history`);
    await page.locator('main a.button').first().click();
    await page.getByRole('heading', { level: 1 }).waitFor();
  } finally {
    await fresh.stop();
  }
});

test('check 24: with the reader’s clock an hour off, times are right', async () => {
  const page = await made.page({ timezoneId: 'UTC' });
  await page.addInitScript(() => {
    const Real = Date;
    const wrong = () => Real.now() + 3_600_000;
    globalThis.Date = class extends Real {
      constructor(...given) {
        if (given.length === 0) super(wrong());
        else super(...given);
      }

      static now() { return wrong(); }
    };
  });
  const session = await startLab(page, made.server, 'yard');
  await inWorkspace(page);
  const timer = page.locator('#session-time');
  const clock = (ms) => new Date(ms).toISOString().slice(11, 16);
  const deadline = Number(await timer.getAttribute('data-deadline')) / 1000;
  assert.match(await timer.innerText(), /^(2 h|1 h 59 min), until/);
  assert.ok((await timer.innerText()).endsWith(`until ${clock(deadline)}`), await timer.innerText());
  // What happens now is told with the server's minute, or the one after it.
  await runCommand(page, 'echo done > first.txt');
  await waitForVerdict(page, 'first', 'Passed');
  const now = Date.now();
  const said = (await page.locator('#task-first .verdict time').innerText()).trim();
  assert.ok([clock(now), clock(now - 60_000)].includes(said), `${said} at ${clock(now)}`);
  await page.reload();
  await page.locator('body.lab').waitFor();
  assert.match(await timer.innerText(), /^(2 h|1 h 59 min), until/);
  assert.equal(sessionOf(page), session);
  await ended(page, session);
  await page.goto(`${made.server.url}/history`);
  const begun = (await page.locator('table time').first().innerText()).trim();
  assert.match(begun, /^\d\d:\d\d$/, 'it was today');
  assert.ok(Math.abs(Date.parse(await page.locator('table time').first().getAttribute('datetime')) - now) < 600_000);
});
