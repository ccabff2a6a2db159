// Check 7: without JavaScript a learner reads, starts, watches the lab being made, works through the tasks by forms, and ends.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatedLab, openGate, plainLab, sessionOf, workspaceFile } from './support/lab.mjs';
import { writeFile } from 'node:fs/promises';
import { suite } from './support/suite.mjs';

const made = suite({ labs: { real: ['inherited-notebook', 'ten-minutes'], own: { gated: gatedLab(), yard: plainLab() } } });
const noScripts = () => made.page({ javaScriptEnabled: false });

test('check 7: a lesson is read from its first line to its lab', async () => {
  const page = await noScripts();
  await page.goto(made.server.url);
  await page.locator('.now a.button.first').click();
  await page.locator('body.lesson h1').waitFor();
  assert.ok((await page.locator('article').innerText()).length > 3000);
  // What is folded opens without a script.
  const folded = page.locator('article details').first();
  if (await folded.count()) {
    await folded.locator('summary').click();
    assert.equal(await folded.getAttribute('open'), '');
  }
  await page.locator('.next-lab a').click();
  await page.locator('body.lab-card').waitFor();
  await page.getByRole('button', { name: 'Start the lab' }).waitFor();
});

test('check 7: the page of a lab that is being made loads itself again until that is stopped', async () => {
  const page = await noScripts();
  await page.goto(`${made.server.url}/labs/gated`);
  await page.getByRole('button', { name: 'Start the lab' }).click();
  await page.waitForURL(/\/sessions\//);
  const session = sessionOf(page);
  // It comes to the gate by loading itself again, with nothing pressed.
  await page.locator('#step-output .log', { hasText: 'at the gate' }).waitFor();
  assert.match(await page.locator('#step-list [aria-current=step]').innerText(), /Wait at the gate/);
  await page.getByRole('link', { name: 'Stop that' }).click();
  await page.waitForURL(/still=1/);
  assert.equal(await page.locator('meta[http-equiv=refresh]').count(), 0);
  await page.getByRole('link', { name: 'Load it again' }).click();
  await page.waitForURL((url) => url.search === '');
  await openGate(made.server, session);
  await page.locator('body.lab').waitFor();
});

test('check 7: tasks, hints, more time, a file put back, saving, and the end, by forms alone', async () => {
  const page = await noScripts();
  await page.goto(`${made.server.url}/labs/yard`);
  await page.getByRole('button', { name: 'Start the lab' }).click();
  await page.waitForURL(/\/sessions\//);
  await page.locator('body.lab').waitFor();
  const session = sessionOf(page);
  for (const width of [1280, 320]) {
    await page.setViewportSize({ width, height: 800 });
    const said = await page.locator('noscript .say', { hasText: 'Terminal and editor need JavaScript' }).boundingBox();
    assert.ok(said.width > 200 && said.x >= 0 && said.x + said.width <= width && said.y + said.height <= 800, JSON.stringify(said));
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  assert.match(await page.locator('#session-time').innerText(), /\d+ (min|h), until \d\d:\d\d/);
  assert.match(await page.locator('#task-first .verdict').innerText(), /Not yet|Checking/);
  await page.locator('#task-first').getByRole('button', { name: /^Hint 1/ }).click();
  await page.locator('#task-first .hints li', { hasText: 'Write it.' }).waitFor();
  const until = await page.locator('#session-time').getAttribute('data-deadline');
  await page.getByRole('button', { name: /^\+ \d+ min/ }).click();
  await page.locator(`#session-time:not([data-deadline="${until}"])`).waitFor();

  // What another program of the learner's did is seen when the page is loaded again.
  await writeFile(workspaceFile(made.server, session, 'first.txt'), 'done\n');
  await writeFile(workspaceFile(made.server, session, 'README.md'), 'scribbled over\n');
  for (let tries = 0; tries < 50 && !(await page.locator('#task-first .verdict').innerText()).startsWith('Passed'); tries += 1) await page.reload();
  assert.match(await page.locator('#task-first .verdict').innerText(), /^Passed/);

  await page.locator('.keep > summary').click();
  await page.getByLabel('One file back to how it came').fill('README.md');
  await page.getByRole('button', { name: 'Reset the file' }).click();
  await page.locator('body.lab').waitFor();
  await page.locator('.keep > summary').click();
  await page.getByRole('button', { name: 'Save the workspace' }).click();
  await page.locator('body.lab, body.finish').first().waitFor();
  await page.goto(`${made.server.url}/sessions/${session}`);
  await page.locator('#session-bar').getByRole('link', { name: 'End', exact: true }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('button', { name: /^End/ }).click();
  await page.waitForURL(/\/finish$/);
  await page.getByText('The session has ended').waitFor();
  await page.getByRole('heading', { level: 1, name: '1 of 2 tasks passed' }).waitFor();
});
