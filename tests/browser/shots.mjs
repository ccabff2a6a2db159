// Pictures of the pages, for README and docs: the real server, driven as a learner drives it. `tests/browser/run shots` writes docs/shots/.

import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, newPage } from './support/browser.mjs';
import { openEditor, openFile, save, writeText } from './support/editor.mjs';
import { chooseTab, inWorkspace, openTask, startLab, waitForVerdict, workspaceFile } from './support/lab.mjs';
import { root, startServer } from './support/server.mjs';
import { typeLine, waitForOutput } from './support/terminal.mjs';

const FOLDER = join(root, 'docs', 'shots');
const LAB = 'ten-minutes';
const THEMES = ['light', 'dark'];
/** Bytes that a picture may have: they are part of every clone. */
const MOST = 300_000;

const complaints = [];

/** Takes the page as it is in both themes; what was scrolled to stays in view. */
async function shoot(page, name) {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.evaluate(async () => {
      document.activeElement?.blur();
      await document.fonts.ready;
      // Two frames: the first draws the theme, the second what listens to it (terminal, editor).
      await new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); });
    });
    const path = join(FOLDER, `${name}-${theme}.png`);
    await page.mouse.move(0, 0);
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    const { size } = await stat(path);
    assert.ok(size <= MOST, `${path} has ${size} bytes, ${MOST} are allowed`);
    process.stdout.write(`docs/shots/${name}-${theme}.png ${Math.ceil(size / 1000)} kB\n`);
  }
}

/** Types a command and waits for what it says and for the prompt, with no mark beside it that a picture would show. */
async function type(page, command, output = command) {
  await typeLine(page, command);
  await waitForOutput(page, output);
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('.panel:not([hidden]) .xterm-rows > div')];
    return rows.map((row) => row.textContent.replaceAll('\u00a0', ' ').trimEnd()).filter((row) => row !== '').at(-1)?.endsWith('$');
  });
}

/** The ticket asks for a number of replicas that each session draws anew. */
async function repairService(page, server, session) {
  const ticket = await readFile(workspaceFile(server, session, 'TICKET.txt'), 'utf8');
  const replicas = Number(/replicas: (\d+)/.exec(ticket)[1]);
  const service = await readFile(workspaceFile(server, session, 'service.json'), 'utf8');
  await openEditor(page);
  await openFile(page, 'service.json');
  await writeText(page, service.replace(/"replicas": \d+/, `"replicas": ${replicas}`));
  await save(page);
  await waitForVerdict(page, 'editor', 'Passed');
}

async function take(page, server) {
  await page.goto(server.url);
  await page.locator('.now a.button.first').waitFor();
  await shoot(page, 'home');

  await page.locator('.now a.button.first').click();
  await page.locator('body.lesson').waitFor();
  await shoot(page, 'lesson');

  await page.goto(`${server.url}/labs/${LAB}`);
  await page.getByRole('button', { name: 'Start the lab' }).waitFor();
  await shoot(page, 'lab-card');

  await startLab(page, server, LAB);
  await inWorkspace(page);
  const session = new URL(page.url()).pathname.split('/')[2];
  await repairService(page, server, session);
  await chooseTab(page, 'Terminal 1');
  await type(page, 'cat TICKET.txt', '5. When all is done: archive hello.txt.');
  await type(page, 'sh greet.sh > hello.txt');
  await type(page, "grep -L 'exit code 0' logs/* | grep -o 'unit-[0-9]*' > culprit.txt");
  await type(page, 'cat culprit.txt', 'unit-');
  await waitForVerdict(page, 'terminal', 'Passed');
  await waitForVerdict(page, 'hints', 'Passed');
  await shoot(page, 'lab');

  // The trial, before anything is mended: it says what it did, expected and saw.
  await type(page, 'cat collect.sh', 'cp inbox/$parcel $1');
  await openTask(page, 'trial');
  const task = page.locator('#task-trial');
  await task.getByRole('button', { name: /^Run the trial/ }).click();
  await waitForVerdict(page, 'trial', 'Not');
  await task.evaluate((e) => e.scrollIntoView({ block: 'start' }));
  await shoot(page, 'trial');

  // The rest, by the lab's own solution.
  await writeFile(workspaceFile(server, session, 'collect.sh'), await readFile(join(root, 'labs', LAB, 'solution', 'collect.sh'), 'utf8'));
  await type(page, 'mkdir archive; cp hello.txt archive/');
  await task.getByRole('button', { name: /^Run the trial/ }).click();
  await waitForVerdict(page, 'trial', 'Passed');
  await waitForVerdict(page, 'regression', 'Passed');
  await page.getByRole('link', { name: 'Results' }).click();
  await page.getByRole('heading', { level: 1, name: '5 of 5 tasks passed' }).waitFor();
  await shoot(page, 'finish');
}

await mkdir(FOLDER, { recursive: true });
const server = await startServer();
try {
  const browser = await launch();
  try {
    const page = await newPage(browser, { colorScheme: 'light', reducedMotion: 'reduce' });
    await take(page, server);
    complaints.push(...page.complaints);
  } finally {
    await browser.close();
  }
} finally {
  await server.stop();
}
assert.deepEqual(complaints, [], 'a page complained');
