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
