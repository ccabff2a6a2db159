// The main job, as a learner does it: from the home page to a lab that is green throughout, by typing into the real terminal and the real editor.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { newFile, openEditor, openFile, save, writeText } from './support/editor.mjs';
import { chooseTab, inWorkspace, openTask, sessionOf, startLab, waitForVerdict, workspaceFile } from './support/lab.mjs';
import { root } from './support/server.mjs';
import { suite } from './support/suite.mjs';
import { countOutput, enterTerminal, leaveTerminal, runCommand, screenText, typeLine, waitForOutput } from './support/terminal.mjs';

const made = suite({ environments: true });
/** The referee trains four times after each change. */
const REFEREE = { timeout: 120_000 };

test('“Inherited notebook”: from the home page to six green tasks, with the server killed in the middle', async () => {
  const page = await made.page();
  const solution = (name) => readFile(join(root, 'labs/inherited-notebook/solution', name), 'utf8');

  // Home, lesson, the lab's card, Start.
  await page.goto(made.server.url);
  await page.getByRole('heading', { level: 1, name: 'You run software. Now run models.' }).waitFor();
  await page.locator('.now a.button.first').click();
  await page.locator('body.lesson').waitFor();
  await page.getByRole('link', { name: 'To the lab' }).click();
  await page.locator('body.lab-card').waitFor();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Labs' }).click();
  await page.getByRole('link', { name: 'Inherited notebook' }).click();
  await page.getByRole('heading', { level: 1, name: 'Inherited notebook' }).waitFor();
  await page.getByRole('button', { name: 'Start the lab' }).click();
  await page.waitForURL(/\/sessions\//);
  const session = sessionOf(page);
  // An environment that is not built yet takes its time; its steps are seen meanwhile.
  await inWorkspace(page, { timeout: 240_000 });
  await page.evaluate(() => { window.halfwayNotReloaded = true; });
  for (const task of ['trains', 'honest']) assert.doesNotMatch(await page.locator(`#task-${task} .verdict`).innerText(), /Passed/);

  // Read, run, see that it is broken.
  await runCommand(page, 'clear; head -3 README.md; python train.py --seed 1 --out try');
  await waitForOutput(page, '-1');

  // train.py and batch.py are written in the editor.
  await openEditor(page);
  await newFile(page, 'batch.py');
  await writeText(page, await solution('batch.py'));
  await save(page);
  await openFile(page, 'train.py');
  await writeText(page, await solution('train.py'));
  await save(page);
  for (const name of ['batch.py', 'train.py']) assert.equal(await readFile(workspaceFile(made.server, session, name), 'utf8'), await solution(name));
  await waitForVerdict(page, 'trains', 'Passed', REFEREE);
  await chooseTab(page, 'Terminal 1');
  await runCommand(page, 'clear; python train.py --seed 1 --out try && cat try/metrics.json', REFEREE);
  await waitForOutput(page, '"seed": 1');

  // The server is killed. Nothing is lost: what the terminal showed, files, what was achieved.
  await typeLine(page, '(until [ -e go ]; do sleep 0.1; done; rm go; echo mean""while) &');
  await made.server.kill();
  await page.locator('#offline').filter({ hasText: 'Offline since' }).waitFor();
  assert.match(await screenText(page), /"seed": 1/);
  made.server = await made.server.restart();
  await page.locator('.panel:not([hidden]) .terminal-note').waitFor({ state: 'hidden' });
  await runCommand(page, 'touch go; wait; ls');
  await waitForOutput(page, 'meanwhile');
  assert.equal(await countOutput(page, '"seed": 1'), 1, await screenText(page));
  await waitForVerdict(page, 'trains', 'Passed', REFEREE);
  assert.equal(await readFile(workspaceFile(made.server, session, 'train.py'), 'utf8'), await solution('train.py'));

  // predict.py goes in by the terminal: as a learner pastes it, into cat.
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.evaluate((text) => navigator.clipboard.writeText(text), await solution('predict.py'));
  await typeLine(page, 'clear; cat > predict.py');
  await enterTerminal(page);
  await page.keyboard.press('Control+Shift+v');
  await page.getByRole('dialog').getByRole('button', { name: /^Paste \d+ lines$/ }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+d');
  await leaveTerminal(page);
  await runCommand(page, 'clear; tail -2 predict.py');
  assert.equal(await readFile(workspaceFile(made.server, session, 'predict.py'), 'utf8'), await solution('predict.py'));
  for (const task of ['trains', 'answers', 'honest', 'recall', 'repeatable']) await waitForVerdict(page, task, 'Passed', REFEREE);
  await page.locator('#progress', { hasText: '5 of 6' }).waitFor();

  // The trial.
  await openTask(page, 'hostile-batch');
  await page.locator('#task-hostile-batch').getByRole('button', { name: /^Run the trial/ }).click();
  await page.locator('#trial-hostile-batch', { hasText: 'It runs.' }).waitFor();
  await waitForVerdict(page, 'hostile-batch', 'Passed', REFEREE);
  await page.locator('#progress', { hasText: '6 of 6' }).waitFor();
  await page.waitForFunction(() => document.title.startsWith('6 of 6'));
  assert.equal(await page.evaluate(() => window.halfwayNotReloaded), true, 'all that came by itself');

  // What was achieved, with its evidence.
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByRole('heading', { level: 1, name: '6 of 6 tasks passed' }).waitFor();
  assert.equal(await page.locator('.results .result', { hasText: 'Achieved' }).count(), 6);
  assert.ok((await page.locator('.results .evidence li').count()) >= 6, await page.locator('.results').innerText());
  await page.getByRole('link', { name: 'End', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End the lab' }).click();
  await page.getByText('The session has ended').waitFor();
  await page.getByRole('link', { name: /^Download the workspace/ }).waitFor();
  await page.goto(`${made.server.url}/history`);
  await page.getByRole('row', { name: /Inherited notebook/ }).filter({ hasText: '6 of 6' }).waitFor();
});

test('“Ten minutes with Halfway”: by its own instructions, with the award that breaks and is whole again', async () => {
  const page = await made.page();
  const session = await startLab(page, made.server, 'ten-minutes');
  await inWorkspace(page);
  const text = (task) => page.locator(`#task-${task} .task-text`).innerText();

  // The terminal.
  await runCommand(page, 'cat TICKET.txt');
  await runCommand(page, 'sh greet.sh > hello.txt');
  await waitForVerdict(page, 'terminal', 'Passed');

  // The editor: a comma too many first, as the hint proposes.
  const replicas = Number((await text('editor')).match(/(\d+) replicas/)[1]);
  const name = (await text('editor')).match(/of (\S+)\. It/)[1];
  await openEditor(page);
  await openFile(page, 'service.json');
  await writeText(page, `{ "name": "${name}", "replicas": ${replicas}, }\n`);
  await save(page);
  await page.locator('#task-editor .why', { hasText: /line 1/ }).waitFor();
  await writeText(page, `{ "name": "${name}", "replicas": ${replicas} }\n`);
  await save(page);
  await waitForVerdict(page, 'editor', 'Passed');

  // Hints, all three, then what they say.
  for (const number of [1, 2, 3]) {
    await openTask(page, 'hints');
    await page.locator('#task-hints').getByRole('button', { name: new RegExp(`^Hint ${number} of 3`) }).click();
    await page.waitForFunction((count) => document.querySelectorAll('#task-hints .hints li').length === count, number);
  }
  await chooseTab(page, 'Terminal 1');
  await runCommand(page, "clear; grep -L 'exit code 0' logs/* | sed 's|logs/||; s|.log||' > culprit.txt; cat culprit.txt");
  await waitForVerdict(page, 'hints', 'Passed');

  // The trial is run before anything is changed, and says why it fails; afterwards it holds.
  await openTask(page, 'trial');
  const trial = page.locator('#task-trial');
  await trial.getByRole('button', { name: /^Run the trial/ }).click();
  await page.locator('#trial-trial', { hasText: 'it did not hold' }).waitFor();
  await trial.getByText('Everything was put back').waitFor();
  // What it found stands once, in the trial, and the task is still open as the reader left it.
  await page.locator('#trial-trial .say').first().waitFor();
  assert.equal(await trial.locator('.say:visible').count(), await page.locator('#trial-trial .say').count());
  assert.notEqual(await trial.getAttribute('open'), null);
  assert.deepEqual((await runLs(page)).sort(), ['letter.txt']);
  await openEditor(page);
  await openFile(page, 'collect.sh');
  await writeText(page, await readFile(join(root, 'labs/ten-minutes/solution/collect.sh'), 'utf8'));
  await save(page);
  await openTask(page, 'trial');
  await trial.getByRole('button', { name: /^Run the trial again/ }).click();
  await waitForVerdict(page, 'trial', 'Passed');

  // The award breaks, and is whole again.
  await chooseTab(page, 'Terminal 1');
  await runCommand(page, 'clear; mkdir archive; mv hello.txt archive/');
  await waitForVerdict(page, 'terminal', 'Achieved, broken now');
  await page.locator('#progress', { hasText: '3 of 5' }).waitFor();
  await runCommand(page, 'cp archive/hello.txt .');
  await waitForVerdict(page, 'terminal', 'Passed');
  await waitForVerdict(page, 'regression', 'Passed');
  await page.locator('#progress', { hasText: '5 of 5' }).waitFor();

  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByRole('heading', { level: 1, name: '5 of 5 tasks passed' }).waitFor();
  await page.goto(`${made.server.url}/sessions/${session}/end`);
  await page.getByRole('button', { name: 'End the lab' }).click();
  await page.waitForURL(/\/finish$/);

  async function runLs(one) {
    await chooseTab(one, 'Terminal 1');
    await runCommand(one, 'clear; ls -1 inbox');
    return (await screenText(one)).split('\n').filter((line) => /^[\w .-]+\.txt$/.test(line));
  }
});
