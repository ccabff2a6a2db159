// The editor: files made, renamed, deleted, brought and taken; what is not saved; what changed on the disk meanwhile.

import assert from 'node:assert/strict';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { beforeEach, test } from 'node:test';
import { newPage } from './support/browser.mjs';
import { newFile, openEditor, openFile, paper, save, saveState, treeItem, writeText } from './support/editor.mjs';
import { inWorkspace, plainLab, startLab, workspaceFile } from './support/lab.mjs';
import { suite } from './support/suite.mjs';

let session;
const made = suite({ labs: { own: { yard: plainLab({ files: { 'workspace/notes/one.md': '# One\n', 'workspace/plan.txt': 'as it came\n' } }) } }, begin });
let page;

async function begin({ browser, server }) {
  const page = await newPage(browser);
  session = await startLab(page, server, 'yard');
  await inWorkspace(page);
  await page.context().close();
}
const disk = (path) => readFile(workspaceFile(made.server, session, path), 'utf8');

beforeEach(async () => {
  page = await made.page();
  // What is not saved stays so until the test saves it.
  await page.addInitScript(() => localStorage.setItem('halfway.autosave', 'off'));
  await page.goto(`${made.server.url}/sessions/${session}`);
  await inWorkspace(page);
  await openEditor(page);
});

test('a file is made, written, marked until it is saved, and on the disk then', async () => {
  await newFile(page, 'notes/new.txt');
  await writeText(page, 'first line\nsecond line\n');
  await saveState(page).filter({ hasText: 'Not saved' }).waitFor();
  const tab = page.locator('.open-files [role=tab][aria-selected=true]');
  assert.match(await tab.innerText(), /●/);
  assert.match(await treeItem(page, 'notes/new.txt').getAttribute('aria-label'), /not saved/);
  assert.equal(await disk('notes/new.txt'), '');
  await save(page);
  assert.equal(await disk('notes/new.txt'), 'first line\nsecond line\n');
  assert.doesNotMatch(await tab.innerText(), /●/);
});

test('files are renamed and deleted by keys in the tree', async () => {
  await newFile(page, 'old.txt');
  await newFile(page, 'shelf', 'directory');
  await treeItem(page, 'old.txt').focus();
  await page.keyboard.press('F2');
  await page.getByLabel('New path in the workspace').fill('shelf/new.txt');
  await page.keyboard.press('Enter');
  await treeItem(page, 'shelf/new.txt').waitFor();
  await treeItem(page, 'old.txt').waitFor({ state: 'detached' });
  assert.equal(await disk('shelf/new.txt'), '');
  await treeItem(page, 'shelf/new.txt').focus();
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog', { name: 'Delete shelf/new.txt?' });
  await dialog.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await disk('shelf/new.txt'), '');
  await treeItem(page, 'shelf/new.txt').focus();
  await page.keyboard.press('Delete');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await treeItem(page, 'shelf/new.txt').waitFor({ state: 'detached' });
  await assert.rejects(disk('shelf/new.txt'), /ENOENT/);
});

test('a name that leaves the workspace is refused in words', async () => {
  await page.getByRole('button', { name: 'New file' }).click();
  await page.getByLabel('Path in the workspace').fill('../outside.txt');
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  assert.notEqual((await page.locator('#asked-problem').innerText()).trim(), '');
  await page.keyboard.press('Escape');
});

test('files come by upload, in place of others only when that is meant, and go by download', async () => {
  const upload = async (text) => {
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Upload' }).click();
    await (await chooser).setFiles({ name: 'brought.csv', mimeType: 'text/csv', buffer: Buffer.from(text) });
  };
  await upload('a,b\n1,2\n');
  await treeItem(page, 'brought.csv').waitFor();
  assert.equal(await disk('brought.csv'), 'a,b\n1,2\n');
  await upload('other\n');
  const dialog = page.getByRole('dialog', { name: 'Replace brought.csv?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(await disk('brought.csv'), 'a,b\n1,2\n');
  await upload('other\n');
  await dialog.getByRole('button', { name: 'Replace' }).click();
  await page.locator('.terminal-note', { hasText: 'Uploaded.' }).waitFor();
  assert.equal(await disk('brought.csv'), 'other\n');

  await openFile(page, 'brought.csv');
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'More for this file' }).click();
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), 'brought.csv');
  assert.equal(await readFile(await download.path(), 'utf8'), 'other\n');

  const all = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download all' }).click();
  assert.match((await all).suggestedFilename(), /\.tar\.gz$/);
});

test('a file that changed on disk is never written over without being asked: theirs', async () => {
  await newFile(page, 'both.txt');
  await writeText(page, 'mine\n');
  await writeFile(workspaceFile(made.server, session, 'both.txt'), 'theirs\n');
  await page.locator('.terminal-note', { hasText: 'changed on disk' }).waitFor();
  await page.keyboard.press('Control+s');
  const dialog = page.getByRole('dialog', { name: 'both.txt changed on disk' });
  await dialog.getByRole('button', { name: 'Take theirs' }).click();
  await paper(page).filter({ hasText: 'theirs' }).waitFor();
  await saveState(page).filter({ hasText: /^Saved/ }).waitFor();
  assert.equal(await disk('both.txt'), 'theirs\n');
});

test('a file that changed on disk is never written over without being asked: mine, after both were seen', async () => {
  await newFile(page, 'again.txt');
  await writeText(page, 'mine\n');
  await writeFile(workspaceFile(made.server, session, 'again.txt'), 'theirs\n');
  await page.locator('.terminal-note', { hasText: 'changed on disk' }).waitFor();
  await page.keyboard.press('Control+s');
  await page.getByRole('dialog', { name: 'again.txt changed on disk' }).getByRole('button', { name: 'Show both' }).click();
  const both = page.getByRole('dialog', { name: 'again.txt: on disk, and yours' });
  await both.locator('.cm-content', { hasText: 'theirs' }).waitFor();
  await both.locator('.cm-content', { hasText: 'mine' }).waitFor();
  await both.getByRole('button', { name: 'Keep mine' }).click();
  await saveState(page).filter({ hasText: /^Saved/ }).waitFor();
  assert.equal(await disk('again.txt'), 'mine\n');
});

test('a file that nobody is writing in follows the disk', async () => {
  await openFile(page, 'plan.txt');
  await paper(page).filter({ hasText: 'as it came' }).waitFor();
  await writeFile(workspaceFile(made.server, session, 'plan.txt'), 'written by a program\n');
  await paper(page).filter({ hasText: 'written by a program' }).waitFor();
});

test('binary and huge files are refused kindly, with a way on', async () => {
  await writeFile(workspaceFile(made.server, session, 'model.bin'), Buffer.from([0, 1, 2, 255, 254, 0]));
  await writeFile(workspaceFile(made.server, session, 'huge.log'), 'x');
  await truncate(workspaceFile(made.server, session, 'huge.log'), 10 * 2 ** 30);
  assert.equal((await stat(workspaceFile(made.server, session, 'huge.log'))).size, 10 * 2 ** 30);
  for (const [path, words] of [['model.bin', 'not text'], ['huge.log', 'too large']]) {
    await treeItem(page, path).locator('.line').click();
    const notice = page.locator('.paper .notice', { hasText: words });
    await notice.waitFor();
    await notice.getByRole('link', { name: 'Download it' }).waitFor();
  }
  await truncate(workspaceFile(made.server, session, 'huge.log'), 1);
});

test('closing a file that is not saved asks, and leaving the page does', async () => {
  await newFile(page, 'kept.txt');
  await writeText(page, 'not saved yet\n');
  await page.locator('.open-files [role=tab][aria-selected=true]').focus();
  await page.keyboard.press('Delete');
  const dialog = page.getByRole('dialog', { name: 'Close kept.txt?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  const asked = page.waitForEvent('dialog');
  page.close({ runBeforeUnload: true });
  const question = await asked;
  assert.equal(question.type(), 'beforeunload');
  await question.dismiss();
  await page.locator('.open-files [role=tab][aria-selected=true]').focus();
  await page.keyboard.press('Delete');
  await dialog.getByRole('button', { name: 'Save and close' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await disk('kept.txt'), 'not saved yet\n');
});

const moreForFile = async (name) => {
  await page.getByRole('button', { name: 'More for this file' }).click();
  await page.getByRole('button', { name }).click();
};

test('YAML, Python, Dockerfile, shell, JSON and Markdown have their colours', async () => {
  const texts = {
    'a.yaml': 'name: halfway # a comment\nreplicas: 3\n',
    'b.py': 'def half(way):\n    return "half"  # a comment\n',
    Dockerfile: 'FROM debian:trixie-slim\n# a comment\nRUN echo half\n',
    'c.sh': 'for one in *; do echo "$one"; done # a comment\n',
    'd.json': '{ "half": 1, "way": null }\n',
    'e.md': '# A heading\n\nSome *words*, `code`.\n',
  };
  for (const [path, text] of Object.entries(texts)) await writeFile(workspaceFile(made.server, session, path), text);
  for (const path of Object.keys(texts)) {
    await treeItem(page, path).waitFor();
    await openFile(page, path);
    // More than one colour on the paper.
    await page.waitForFunction(() => new Set([...document.querySelectorAll('.paper .cm-line, .paper .cm-line span')].map((one) => getComputedStyle(one).color)).size > 1, undefined, { timeout: 10_000 })
      .catch(() => assert.fail(`${path} has no colours`));
  }
});

test('words are found and replaced', async () => {
  await newFile(page, 'words.txt');
  await writeText(page, 'one red, two red, blue\n');
  await paper(page).click();
  await page.keyboard.press('Control+f');
  const panel = page.locator('.cm-search');
  await panel.getByRole('textbox', { name: 'Find' }).fill('red');
  await panel.getByRole('textbox', { name: 'Replace' }).fill('green');
  await panel.getByRole('button', { name: 'replace all' }).click();
  assert.equal((await paper(page).innerText()).trim(), 'one green, two green, blue');
  await page.keyboard.press('Escape');
  await save(page);
  assert.equal(await disk('words.txt'), 'one green, two green, blue\n');
});

test('long lines wrap when that is chosen, and the choice is kept', async () => {
  await writeFile(workspaceFile(made.server, session, 'long.txt'), `${'word '.repeat(400)}end\n`);
  await treeItem(page, 'long.txt').waitFor();
  await openFile(page, 'long.txt');
  const wide = () => page.locator('.paper .cm-scroller').evaluate((one) => one.scrollWidth > one.clientWidth + 1);
  assert.equal(await wide(), true);
  await moreForFile('Wrap long lines');
  await page.keyboard.press('Escape');
  assert.equal(await wide(), false);
  await page.reload();
  await openEditor(page);
  await openFile(page, 'long.txt');
  assert.equal(await wide(), false);
  await moreForFile('Wrap long lines');
  await page.keyboard.press('Escape');
});

test('what is written is saved by itself, until that is switched off', async () => {
  await newFile(page, 'self.txt');
  await moreForFile('Save by itself');
  await page.keyboard.press('Escape');
  await writeText(page, 'saved by itself\n');
  await saveState(page).filter({ hasText: /^Saved/ }).waitFor();
  assert.equal(await disk('self.txt'), 'saved by itself\n');
  await moreForFile('Save by itself');
  await page.keyboard.press('Escape');
  await writeText(page, 'only here\n');
  await saveState(page).filter({ hasText: 'Not saved' }).waitFor();
  await page.clock.install();
  await page.clock.runFor(10_000);
  assert.equal(await disk('self.txt'), 'saved by itself\n');
  await save(page);
});

test('what changed since the start is shown, and a reset of one file shows first what goes', async () => {
  await openFile(page, 'notes/one.md');
  await writeText(page, '# One\nadded by me\n');
  await save(page);
  await moreForFile('What changed since the start');
  const changes = page.getByRole('dialog', { name: /what changed since the start/ });
  await changes.locator('.cm-changedLine, .cm-insertedLine, .cm-changedText', { hasText: 'added' }).first().waitFor();
  await page.keyboard.press('Escape');
  await moreForFile('Reset file…');
  const ask = page.getByRole('dialog', { name: 'Reset notes/one.md?' });
  await ask.locator('.cm-content', { hasText: 'added by me' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
  await page.keyboard.press('Escape');
  await ask.waitFor({ state: 'detached' });
  assert.equal(await disk('notes/one.md'), '# One\nadded by me\n');
  await moreForFile('Reset file…');
  await ask.getByRole('button', { name: 'Reset this file' }).click();
  await ask.waitFor({ state: 'detached' });
  await paper(page).filter({ hasText: /^# One\s*$/ }).waitFor();
  assert.equal(await disk('notes/one.md'), '# One\n');
  // A file of one's own has nothing to go back to.
  await newFile(page, 'mine.txt');
  await moreForFile('Reset file…');
  await page.getByRole('dialog').getByText('did not come with the lab').waitFor();
});

test('a text can be left by keyboard: Escape, then Tab', async () => {
  await openFile(page, 'plan.txt');
  await paper(page).click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.closest('.cm-content')), null);
});
