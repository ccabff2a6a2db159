// Questions in a lesson: by keyboard alone, with and without JavaScript, from two tabs, over a connection that is cut; every state in light and
// dark, at 1280 and 320 px.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { assertAccessible, assertFits, assertTabbable } from './support/browser.mjs';
import { startLink } from './support/link.mjs';
import { suite } from './support/suite.mjs';

const course = await mkdtemp(join(tmpdir(), 'halfway-course-'));
after(() => rm(course, { recursive: true, force: true }));
const week = join(course, 'w01-week');
await mkdir(week);
await writeFile(join(course, 'course.yaml'), 'title: T\nsummary: S\nmonths:\n  - { number: 1, title: M, gate: G }\n');
const lessons = ['keys', 'tabs', 'plain', 'link', 'looks'];
await writeFile(join(week, 'week.yaml'), `title: Week\nmonth: 1\nsummary: S\noutcomes: [O]\nlessons:\n${lessons.map((slug) => `  - { slug: ${slug}, title: Lesson ${slug} }\n`).join('')}`);
const QUESTIONS = `questions:
  - id: leak
    kind: single
    ask: Which finds the *leak*?
    choices:
      - { text: "Its \`correlation\`", why: "Honest features have it, too." }
      - { text: The job that fills it, why: Only time decides., right: true }
  - id: several
    kind: multiple
    ask: Which are inputs?
    choices:
      - { text: The seed, why: It is drawn from., right: true }
      - { text: The weather, why: It is not read. }
  - id: steps
    kind: order
    ask: In which order?
    items:
      - { text: Read the record of the release that was named, why: First of all. }
      - { text: Write, why: Then. }
      - { text: Prove, why: At last. }
    why: Haste.
  - id: score
    kind: short
    ask: Which score is left?
    number: { value: 0.82, within: 0.01 }
    near: [{ text: "0.96", why: That is the leaky one. }]
    why: By patient.
  - id: where
    kind: loop
    ask: Where does it belong?
    stage: validate
    why: Before it ships.
    others: { monitor: Too late. }
`;
for (const slug of lessons) {
  await writeFile(join(week, `${slug}.md`), `---\nminutes: 5\nobjectives: []\n---\n${'A text to be read.\n\n'.repeat(30)}> [!QUIZ]\n\n## Where you are now\n\nAfter.\n`);
  await writeFile(join(week, `${slug}.quiz.yaml`), QUESTIONS);
}

const made = suite({ config: `curriculum = ${JSON.stringify(course)}\n` });
const open = async (slug, options) => {
  const page = await made.page(options);
  await page.goto(`${made.server.url}/weeks/1/${slug}`);
  return page;
};
const state = (page) => page.locator('#quiz-state');
const check = (page) => page.getByRole('button', { name: /^Check the answer/ });
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label') || document.activeElement.name);

test('a quiz is answered by keyboard alone; the focus goes to what is not right yet, and leads to it', async () => {
  const page = await open('keys');
  const tabTo = async (selector) => {
    for (let press = 0; press < 80; press += 1) {
      await page.keyboard.press('Tab');
      if (await page.evaluate((one) => document.activeElement.matches(one), selector)) return;
    }
    assert.fail(`Tab does not come to ${selector}`);
  };
  await tabTo('input[name=leak]');
  await page.keyboard.press('Space');
  await state(page).getByText('not saved yet').waitFor();
  await tabTo('input[name=several]');
  await page.keyboard.press('Space');
  await tabTo('[data-order] button');
  // Moves steps until they stand in order; the focus stays with the step.
  const names = ['Read the record of the release that was named', 'Write', 'Prove'];
  for (const name of [...names].reverse()) {
    for (let press = 0; press < 3; press += 1) {
      const up = page.getByRole('button', { name: `Move up: ${name}` });
      await up.focus();
      await page.keyboard.press('Enter');
      assert.equal(await focused(page), `Move up: ${name}`);
    }
  }
  assert.deepEqual(await page.locator('[data-order] li > span').allInnerTexts(), names);
  assert.deepEqual(await page.locator('[data-order] select').evaluateAll((all) => all.map((one) => one.value)), ['1', '2', '3']);
  await tabTo('input[name=score]');
  await page.keyboard.type('0,96');
  await tabTo('input[name=where]');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.locator('input[name=where]:checked').getAttribute('value'), 'validate');
  await tabTo('.quiz button.first');
  await page.keyboard.press('Enter');
  await page.locator('#quiz-summary').waitFor();
  assert.equal(await focused(page), 'quiz-summary');
  assert.match(await state(page).innerText(), /5 of 5 questions answered, 3 right · saved \d\d:\d\d/);
  assert.equal(new URL(page.url()).hash, '');
  // The link to the first miss, and from there to another try.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await focused(page), 'q-leak');
  assert.match(await page.locator('#q-leak').innerText(), /Not right yet[^]*your answer, not right[^]*Honest features have it, too\.[^]*the right one[^]*Only time decides\./);
  await tabTo('a[data-retry]');
  await page.keyboard.press('Enter');
  await page.locator('fieldset#q-leak').waitFor();
  assert.equal(await focused(page), 'leak');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await state(page).getByText('4 right').waitFor();
  // It is all there after a reload.
  await page.reload();
  assert.match(await page.locator('#q-leak').innerText(), /Right[^]*answered twice/);
  assert.match(await page.locator('#q-score').innerText(), /0,96[^]*right is 0\.82[^]*That is the leaky one\.[^]*By patient\./);
});

test('check 7: without JavaScript a form and a redirect do the same', async () => {
  const page = await open('plain', { javaScriptEnabled: false });
  assert.equal(await page.locator('[data-order] button').count(), 0);
  await page.locator('select').nth(0).selectOption('1');
  await page.locator('select').nth(1).selectOption('1');
  await page.getByLabel('The job that fills it').check();
  await page.locator('input[name=score]').fill('"><b>0.82');
  await check(page).click();
  // Nothing is saved, everything is kept.
  await page.locator('#quiz-problems').waitFor();
  await page.locator('#q-steps').getByText('Two steps have the place 1').waitFor();
  assert.ok(await page.getByLabel('The job that fills it').isChecked());
  assert.equal(await page.locator('input[name=score]').inputValue(), '"><b>0.82');
  await page.locator('select').nth(1).selectOption('2');
  await page.locator('select').nth(2).selectOption('3');
  await page.locator('input[name=score]').fill('82 %');
  await check(page).click();
  await page.waitForURL(/\/weeks\/1\/plain#quiz$/);
  assert.match(await state(page).innerText(), /3 of 5 questions answered/);
  assert.match(await page.locator('#q-score').innerText(), /Right/);
  await page.locator('#q-leak').getByRole('link', { name: /Try again/ }).click();
  await page.waitForURL(/retry=leak#q-leak$/);
  await page.getByLabel('correlation').check();
  await check(page).click();
  await page.waitForURL(/#quiz$/);
  assert.match(await page.locator('#q-leak').innerText(), /Not right yet[^]*answered twice/);
  await page.locator('#quiz-summary').getByRole('link', { name: /Question 1 of 5/ }).click();
  await page.waitForURL(/#q-leak$/);
});

test('check 11: two tabs answer the same question; both answers are kept, and both pages tell the same', async () => {
  const one = await open('tabs');
  const two = await one.context().newPage();
  await two.goto(one.url());
  await one.getByLabel('correlation').check();
  await two.getByLabel('The job that fills it').check();
  await Promise.all([check(one).click(), check(two).click()]);
  await Promise.all([one, two].map((page) => page.locator('div#q-leak').waitFor()));
  await Promise.all([one.reload(), two.reload()]);
  const told = await Promise.all([one, two].map((page) => page.locator('#q-leak').innerText()));
  assert.equal(told[0], told[1]);
  assert.match(told[0], /answered twice/);
});

test('a cut connection loses nothing that was typed, and what is sent again is not kept twice', async () => {
  const link = await startLink(made.server.port);
  try {
    const page = await made.page();
    await page.goto(`${link.url}/weeks/1/link`);
    await page.getByLabel('The job that fills it').check();
    await page.locator('input[name=score]').fill('0.82');
    link.cut();
    await check(page).click();
    await page.locator('[data-quiz-error]').getByText('there is no connection').waitFor();
    assert.equal(await page.locator('input[name=score]').inputValue(), '0.82');
    link.mend();
    // The answer is lost on its way, and the press is repeated.
    await page.route('**/quiz', async (route) => {
      await route.fetch();
      await route.abort();
    }, { times: 1 });
    await check(page).click();
    await page.locator('[data-quiz-error]').getByText('there is no connection').waitFor();
    await check(page).click();
    await state(page).getByText('2 of 5 questions answered, 2 right').waitFor();
    assert.doesNotMatch(await page.locator('#quiz').innerText(), /answered twice/);
  } finally {
    link.close();
  }
});

test('checks 1 to 4 and 19: each state, in light and dark, at 1280 and 320 px', async () => {
  const page = await open('looks');
  const sound = async (what) => {
    // What an earlier look wrote at elements that are still there would meet what it writes at new ones.
    await page.evaluate(() => { for (const one of document.querySelectorAll('[data-focus-order]')) delete one.dataset.focusOrder; });
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await assertAccessible(page, `${what}, ${colorScheme}, ${width} px`);
      }
      await assertFits(page, `${what}, ${width} px`);
      await assertTabbable(page, `${what}, ${width} px`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  };
  await sound('open');
  await page.locator('select').nth(0).selectOption('2');
  await check(page).click();
  await page.locator('#quiz-problems').waitFor();
  await sound('with problems');
  await page.locator('select').nth(1).selectOption('1');
  await page.locator('select').nth(2).selectOption('3');
  await page.getByLabel('correlation').check();
  await page.getByLabel('The weather').check();
  await page.locator('input[name=score]').fill('0.9');
  await page.locator('input[name=where][value=monitor]').check();
  await check(page).click();
  await page.locator('#quiz-summary').waitFor();
  await sound('answered');
  // Colour is never alone: each coloured word says what its shape says.
  const words = await page.locator('.quiz .verdict b, .quiz .marked .small:not(.why-text)').allInnerTexts();
  assert.ok(words.length >= 8 && words.every((word) => word.trim().length > 3), words.join(', '));
  await page.goto(`${made.server.url}/review`);
  await page.getByRole('table').waitFor();
  await sound('review');
  await page.getByRole('button', { name: 'Let no question come back' }).click();
  await page.getByText('you switched it off').waitFor();
  await sound('review, switched off');
  await page.goto(`${made.server.url}/weeks/1`);
  await page.getByText('answered 5 of 5').first().waitFor();
});
