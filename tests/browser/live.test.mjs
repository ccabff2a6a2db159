// What is true comes to the page by itself, is the same in every tab and after every reload, and is spoken once.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { gatedLab, inWorkspace, openGate, openTask, plainLab, sessionOf, sessionsOnDisk, startLab, waitForVerdict, workspaceFile } from './support/lab.mjs';
import { listen } from './support/speech.mjs';
import { suite } from './support/suite.mjs';
import { countOutput, runCommand, screenText, typeLine, waitForOutput } from './support/terminal.mjs';

const made = suite({
  labs: { own: { gated: gatedLab(), yard: plainLab(), short: plainLab({ title: 'Short yard', time: '20m' }), twice: gatedLab({ title: 'Pressed twice' }) } },
});

async function fresh(page, lab) {
  await page.goto(`${made.server.url}/labs/${lab}`);
  const resume = page.getByRole('link', { name: 'Resume' });
  if (!(await resume.isVisible())) return startLab(page, made.server, lab);
  await resume.click();
  await page.waitForURL(/\/sessions\//);
  return sessionOf(page);
}

const stepNow = async (page) => (await page.locator('#step-list [aria-current=step]').innerText()).replace(/\s+/g, ' ').trim();

test('check 9: a reload while the lab is being made shows the same step, and the workspace opens by itself', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'gated');
  await page.locator('#step-output .log', { hasText: 'at the gate' }).waitFor();
  const before = await stepNow(page);
  assert.match(before, /^Wait at the gate/);
  assert.match(await page.title(), /^Step \d of \d · Gated yard/);
  await page.reload();
  assert.equal(await stepNow(page), before);
  await page.locator('#step-output .log', { hasText: 'at the gate' }).waitFor();
  // The instructions are there to read meanwhile.
  await page.getByText('first.txt says done').first().waitFor();
  await openGate(made.server, session);
  await inWorkspace(page);
  assert.match(await page.title(), /^0 of 2 · Gated yard/);
});

test('a page that is being read is not taken away when the lab is ready', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'twice');
  await page.locator('#step-output .log', { hasText: 'at the gate' }).waitFor();
  await page.keyboard.press('Tab');
  await openGate(made.server, session);
  const open = page.getByRole('link', { name: 'Open the lab' });
  await open.waitFor();
  assert.equal(await page.locator('body.lab').count(), 0);
  await open.click();
  await inWorkspace(page);
  await page.goto(`${made.server.url}/sessions/${session}/end`);
  await page.getByRole('button', { name: /^End/ }).click();
  await page.waitForURL(/\/finish$/);
});

test('check 10: Start pressed twice, or twice at once, makes one session', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/labs/yard`);
  const known = new Set(await sessionsOnDisk(made.server));
  const start = () => page.evaluate(() => fetch('/labs/yard/start', { method: 'POST', body: new URLSearchParams() }).then((answer) => new URL(answer.url).pathname));
  const places = await Promise.all([start(), start(), start()]);
  assert.equal(new Set(places).size, 1, places.join(' '));
  await page.reload();
  await page.getByRole('link', { name: 'Resume' }).click();
  await inWorkspace(page);
  assert.equal(new URL(page.url()).pathname, places[0]);
  const added = (await sessionsOnDisk(made.server)).filter((one) => !known.has(one));
  assert.equal(added.length, 1, added.join(' '));

  // By two presses of the button, one after the other, from two tabs that were open before.
  const [one, other] = [await made.page(), await made.page()];
  await page.goto(`${made.server.url}/sessions/${added[0]}/end`);
  await page.getByRole('button', { name: /^End/ }).click();
  await page.waitForURL(/\/finish$/);
  await page.getByText('The session has ended').waitFor();
  for (const tab of [one, other]) await tab.goto(`${made.server.url}/labs/yard`);
  for (const tab of [one, other]) await tab.getByRole('button', { name: 'Start the lab' }).dblclick();
  for (const tab of [one, other]) await tab.waitForURL(/\/sessions\//);
  assert.equal(sessionOf(one), sessionOf(other));
});

test('checks 11 and 15, rule L1: two tabs agree, each tick is spoken once in each, nothing is reloaded', async () => {
  const one = await made.page();
  const session = await fresh(one, 'yard');
  await inWorkspace(one);
  const other = await one.context().newPage();
  other.setDefaultTimeout(30_000);
  await other.goto(one.url());
  await inWorkspace(other);
  await other.evaluate(() => { window.halfwayNotReloaded = true; });
  await one.evaluate(() => { window.halfwayNotReloaded = true; });
  assert.equal(await one.locator('#live-status').getAttribute('role'), 'status');
  const [speech, speechOfOther] = [await listen(one), await listen(other)];

  await runCommand(one, 'echo done > first.txt');
  for (const page of [one, other]) await waitForVerdict(page, 'first', 'Passed');
  await speech.until('Task 1 passed, 1 of 2');
  await runCommand(one, 'echo done > second.txt');
  for (const page of [one, other]) {
    await waitForVerdict(page, 'second', 'Passed');
    await page.locator('#progress', { hasText: '2 of 2' }).waitFor();
  }
  await speech.until('Task 2 passed, 2 of 2');
  for (const one_ of [speech, speechOfOther]) {
    assert.ok(one_.count('Task 1 passed') <= 1 && one_.count('Task 2 passed') <= 1, one_.heard().join('\n'));
  }
  assert.equal(speech.count('Task 1 passed'), 1, speech.heard().join('\n'));
  assert.match(await one.title(), /^2 of 2/);
  assert.match(await other.title(), /^2 of 2/);
  // What is typed in one terminal is seen in the other tab.
  await typeLine(one, 'echo bo""th');
  await waitForOutput(other, 'both');
  // A regression is shown and said, too.
  await runCommand(one, 'rm first.txt');
  for (const page of [one, other]) await waitForVerdict(page, 'first', 'Achieved, broken now');
  await speech.until('Task 1 is broken now, 1 of 2');
  for (const page of [one, other]) assert.equal(await page.evaluate(() => window.halfwayNotReloaded), true);

  // More time in one tab is more time in both.
  const deadline = (page) => page.locator('#session-time').getAttribute('data-deadline');
  const before = await deadline(other);
  await one.getByRole('button', { name: /^\+ \d+ min/ }).click();
  await other.waitForFunction((old) => document.getElementById('session-time').dataset.deadline !== old, before);
  await one.waitForFunction((wanted) => document.getElementById('session-time').dataset.deadline === wanted, await deadline(other));

  // Ended in one, the other says so and keeps what stands in it.
  await one.goto(`${made.server.url}/sessions/${session}/end`);
  await one.getByRole('button', { name: /^End/ }).click();
  await other.locator('.terminal-note', { hasText: 'The lab has ended' }).first().waitFor();
  assert.ok((await screenText(other)).includes('both'));
});

test('check 14: the server is killed and started again: the terminal goes on where it was, tasks and files are there', async () => {
  const page = await made.page();
  const session = await fresh(page, 'yard');
  await inWorkspace(page);
  await runCommand(page, 'clear; echo done > first.txt; echo bef""ore');
  await waitForVerdict(page, 'first', 'Passed');
  await typeLine(page, '(until [ -e go ]; do sleep 0.05; done; echo mean""while; touch gone) &');
  await made.server.kill();
  const banner = page.locator('#offline');
  await banner.filter({ hasText: /Offline since \d/ }).waitFor();
  assert.ok((await screenText(page)).includes('before'));
  await writeFile(workspaceFile(made.server, session, 'go'), '');
  await writeFile(workspaceFile(made.server, session, 'second.txt'), 'done\n');
  made.server = await made.server.restart();
  await waitForOutput(page, 'meanwhile');
  await page.locator('.panel:not([hidden]) .terminal-note').waitFor({ state: 'hidden' });
  await runCommand(page, 'echo af""ter');
  await waitForOutput(page, 'after');
  for (const words of ['before', 'meanwhile', 'after']) assert.equal(await countOutput(page, words), 1, `${words}:\n${await screenText(page)}`);
  // What changed while no server ran is found.
  await waitForVerdict(page, 'second', 'Passed');
  await waitForVerdict(page, 'first', 'Passed');
  assert.doesNotMatch(await banner.innerText().catch(() => ''), /Offline/);
});

test('check 16 and rule M1: the timer counts in silence and speaks at fifteen, five and one minutes', async () => {
  const page = await made.page();
  await page.clock.install();
  await startLab(page, made.server, 'short');
  await page.locator('body.lab').waitFor();
  const timer = page.locator('#session-time');
  assert.equal(await timer.getAttribute('role'), 'timer');
  assert.equal(await timer.getAttribute('aria-live'), null);
  assert.equal(await timer.evaluate((one) => one.closest('[aria-live], [role=status], [role=alert]')), null);
  const speech = await listen(page);
  const before = await timer.innerText();
  assert.match(before, /^(19|20) min/);
  await page.clock.runFor(3 * 60_000);
  assert.notEqual(await timer.innerText(), before);
  assert.deepEqual(speech.heard().filter((text) => /minute|min\b|left/.test(text)), []);
  await page.clock.runFor(3 * 60_000);
  await page.waitForFunction(() => /1[0-4] min/.test(document.getElementById('session-time').textContent));
  assert.equal(speech.count('15 minutes left.'), 1, speech.heard().join('\n'));
  await page.clock.runFor(9 * 60_000 + 30_000);
  assert.equal(speech.count('5 minutes left.'), 2, speech.heard().join('\n'));
  await page.clock.runFor(4 * 60_000);
  assert.equal(speech.count('One minute left.'), 1, speech.heard().join('\n'));
  assert.equal(speech.heard().length, 3, speech.heard().join('\n'));
});

test('check 18: the split is moved by keys alone, and stays so', async () => {
  const page = await made.page();
  await fresh(page, 'yard');
  await inWorkspace(page);
  const grip = page.getByRole('separator');
  const now = async () => Number(await grip.getAttribute('aria-valuenow'));
  const width = async () => Math.round((await page.locator('#tasks').boundingBox()).width);
  assert.equal(await grip.getAttribute('aria-orientation'), 'vertical');
  await grip.focus();
  const [value, wide] = [await now(), await width()];
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.ok((await now()) > value && (await width()) > wide);
  await page.keyboard.press('ArrowLeft');
  const kept = await now();
  await page.keyboard.press('Enter');
  assert.match(await grip.getAttribute('aria-valuetext'), /folded/);
  await page.keyboard.press('Enter');
  assert.equal(await now(), kept);
  await page.keyboard.press('End');
  assert.equal(await now(), Number(await grip.getAttribute('aria-valuemax')));
  await page.keyboard.press('Home');
  assert.equal(await now(), Number(await grip.getAttribute('aria-valuemin')));
  await page.reload();
  await inWorkspace(page);
  assert.equal(await now(), Number(await grip.getAttribute('aria-valuemin')));
});

test('rule P1: the split folds, and has buttons for usual widths; rule P2: below 800 px there are tabs', async () => {
  const page = await made.page();
  await fresh(page, 'yard');
  await inWorkspace(page);
  const grip = page.getByRole('separator');
  for (const [name, value] of [['Work wide', '25'], ['Tasks wide', '55'], ['Even', '38']]) {
    await page.getByRole('button', { name }).click();
    assert.equal(await grip.getAttribute('aria-valuenow'), value);
  }
  await page.setViewportSize({ width: 799, height: 700 });
  await grip.waitFor({ state: 'hidden' });
  const [tasks, work] = [page.getByRole('tab', { name: 'Tasks' }), page.getByRole('tab', { name: 'Workspace' })];
  await tasks.focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await work.getAttribute('aria-selected'), 'true');
  await page.locator('.panel:not([hidden]) .panel-inside > .terminal').waitFor();
  assert.equal(await page.locator('#tasks').isVisible(), false);
  await runCommand(page, 'echo narr""ow');
  await waitForOutput(page, 'narrow');
});

test('rule L3: what comes in leaves focus, typed text, what is open, scroll and terminal as they are', async () => {
  const page = await made.page({ height: 500 });
  const session = await fresh(page, 'yard');
  await inWorkspace(page);
  await runCommand(page, 'rm -f first.txt second.txt; clear; echo st""ays');
  // One task is folded, another is open, the reader stands on its hint, has typed, and has scrolled.
  await openTask(page, 'first');
  await page.locator('#task-first > summary').click();
  await openTask(page, 'second');
  await page.locator('.keep').evaluate((one) => { one.open = true; });
  await page.locator('.keep input[name=path]').fill('half a na');
  await page.locator('#tasks').evaluate((one) => { one.scrollTop = 60; });
  const hint = page.locator('#task-second').getByRole('button', { name: /^Hint 1/ });
  await hint.focus();
  await page.evaluate(() => { window.halfwayFocused = document.activeElement; });
  const scroll = () => page.locator('#tasks').evaluate((one) => one.scrollTop);
  const before = await scroll();
  for (const [text, word] of [['done\n', 'Passed'], ['not\n', 'Achieved, broken now'], ['done\n', 'Passed']]) {
    for (const name of ['first.txt', 'second.txt']) await writeFile(workspaceFile(made.server, session, name), text);
    for (const task of ['first', 'second']) await waitForVerdict(page, task, word);
  }
  assert.equal(await page.locator('#task-first').getAttribute('open'), null);
  assert.notEqual(await page.locator('#task-second').getAttribute('open'), null);
  assert.equal(await page.evaluate(() => document.activeElement === window.halfwayFocused && document.activeElement.isConnected), true);
  assert.equal(await page.locator('.keep input[name=path]').inputValue(), 'half a na');
  assert.equal(await scroll(), before);
  assert.equal(await countOutput(page, 'stays'), 1);
  // The hint that is asked for now opens nothing else, and the form goes on working.
  await hint.press('Enter');
  await page.locator('#task-second .hints li').waitFor();
});

test('rule M2: more time by one press each, ten times, and no more', async () => {
  const page = await made.page();
  await fresh(page, 'short');
  await page.locator('body.lab').waitFor();
  const more = page.getByRole('button', { name: /^\+ \d+ min/ });
  let presses = 0;
  while (await more.count()) {
    const before = await page.locator('#session-time').getAttribute('data-deadline');
    await more.click();
    presses += 1;
    await page.waitForFunction((old) => document.getElementById('session-time').dataset.deadline !== old, before);
    await page.reload();
    assert.ok(presses <= 10, 'more than ten times');
  }
  assert.equal(presses, 10);
});
