// Labs as a learner meets them: start, workspace, tabs, tasks; and the folders of labs that only tests have.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './server.mjs';
import { waitForPrompt } from './terminal.mjs';

/** A folder of labs: those of the repository that are named, and those that are given as `{id: {path: text}}`. */
export async function labsFolder({ real = [], own = {} } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'halfway-labs-'));
  for (const id of real) await cp(join(root, 'labs', id), join(folder, id), { recursive: true });
  for (const [id, files] of Object.entries(own)) {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, id, path)), { recursive: true });
      await writeFile(join(folder, id, path), text);
    }
  }
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Presses Start on a lab's card; returns the session's id. */
export async function startLab(page, server, id) {
  await page.goto(`${server.url}/labs/${id}`);
  await page.getByRole('button', { name: 'Start the lab' }).click();
  await page.waitForURL(/\/sessions\/[0-9a-f-]+$/);
  return sessionOf(page);
}

export const sessionOf = (page) => new URL(page.url()).pathname.split('/')[2];

/** Waits for the workspace with a shell that has said its prompt. The page is not touched meanwhile, so it opens by itself. */
export async function inWorkspace(page, { timeout = 30_000 } = {}) {
  await page.locator('body.lab').waitFor({ timeout });
  await waitForPrompt(page);
}

/** Chooses a tab of the workspace. */
export async function chooseTab(page, name) {
  await page.locator('.strip').getByRole('tab', { name, exact: true }).click();
}

/** What the heading of a task says. */
export const verdictOf = (page, task) => page.locator(`#task-${task} .verdict`).first().innerText();

/** Waits until the heading of a task says it, with no reload. */
export async function waitForVerdict(page, task, word, options = {}) {
  try {
    await page.waitForFunction(
      ([id, wanted]) => document.querySelector(`#${id} .verdict`)?.textContent.trim().startsWith(wanted),
      [`task-${task}`, word], { timeout: 30_000, ...options });
  } catch (error) {
    const text = await page.locator(`#task-${task}`).innerText();
    assert.fail(`task ${task} does not say "${word}" but:\n${text}\n${error.message}`);
  }
}

/** Opens a task's text, if it is closed. */
export async function openTask(page, task) {
  const details = page.locator(`#task-${task}`);
  if ((await details.getAttribute('open')) === null) await details.locator('> summary').click();
}

/** A lab that does nothing but be there: one task that looks for a file. */
export function plainLab({ title = 'Yard', setup = '', services = '', time = '2h', files = {} } = {}) {
  return {
    'lab.yaml': [
      `title: ${title}`, 'week: 1', 'minutes: 5', 'summary: A lab of the tests.', 'needs:', '  workspace: {}',
      `limits: { memory: 512MiB, disk: 64MiB, processes: 64, time: ${time} }`, setup, services,
      'tasks:',
      ...['first', 'second'].flatMap((id) => [
        `  - id: ${id}`, `    title: The ${id} file is there`, '    points: 10', '    checks:',
        `      - file: { path: ${id}.txt, as: text }`, "        that: \"it.text.contains('done')\"",
        `        expected: ${id}.txt says done`, '    hints: [Write it.]',
      ]),
      '',
    ].filter((line) => line !== '').join('\n'),
    'instructions.md': 'A yard to try things in.\n\n## first\n\n`first.txt` says done.\n\n## second\n\n`second.txt` says done.\n',
    'workspace/README.md': '# Yard\n',
    ...files,
  };
}

/** A lab whose set-up stands still at its second step until the test opens the gate. */
export function gatedLab(options = {}) {
  const lab = plainLab({
    title: 'Gated yard',
    setup: [
      'setup:',
      '  - { title: Put things up, run: [sh, setup/first.sh], timeout: 10s }',
      '  - { title: Wait at the gate, run: [sh, setup/gate.sh], timeout: 120s }',
      '  - { title: Sweep the yard, run: [sh, setup/last.sh], timeout: 10s }',
    ].join('\n'),
    ...options,
  });
  return {
    ...lab,
    'setup/first.sh': 'echo put up\n',
    'setup/gate.sh': 'mkfifo "$HALFWAY_WORKSPACE/gate" && echo "at the gate" && cat "$HALFWAY_WORKSPACE/gate" > /dev/null && rm "$HALFWAY_WORKSPACE/gate"\n',
    'setup/last.sh': 'echo swept\n',
  };
}

/** Opens the gate of a session: its set-up goes on. */
export async function openGate(server, session) {
  const gate = await open(join(server.state, 'sessions', session, 'workspace', 'gate'), 'w');
  await gate.close();
}

/** Sessions that the state directory holds. */
export const sessionsOnDisk = (server) => readdir(join(server.state, 'sessions')).catch(() => []);

/** The file of a session as it is on the disk. */
export const workspaceFile = (server, session, path) => join(server.state, 'sessions', session, 'workspace', path);
