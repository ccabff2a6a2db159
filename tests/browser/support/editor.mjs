// The real editor, as a person uses it.

import { chooseTab } from './lab.mjs';

export async function openEditor(page) {
  await chooseTab(page, 'Editor');
  await page.getByRole('tree', { name: 'Files' }).locator('[role=treeitem]').first().waitFor();
}

export const treeItem = (page, path) => page.locator(`[role=treeitem][data-path="${path}"]`);
export const paper = (page) => page.locator('.paper .cm-content');
export const saveState = (page) => page.locator('.foot-bar [role=status]');

/** Opens a file from the tree; the folders above it are opened first. */
export async function openFile(page, path) {
  const parts = path.split('/');
  for (let at = 1; at < parts.length; at += 1) {
    const folder = treeItem(page, parts.slice(0, at).join('/'));
    if ((await folder.getAttribute('aria-expanded')) === 'false') await folder.click();
  }
  await treeItem(page, path).locator('.line').last().click();
  await page.locator('.open-files [role=tab][aria-selected=true]').filter({ hasText: parts.at(-1) }).waitFor();
}

/** Makes a new file by the button and its dialog. */
export async function newFile(page, path, kind = 'file') {
  await page.getByRole('button', { name: kind === 'file' ? 'New file' : 'New folder' }).click();
  await page.getByLabel('Path in the workspace').fill(path);
  await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await treeItem(page, path).waitFor();
}

/** Writes a whole text in place of what the open file holds. */
export async function writeText(page, text) {
  await paper(page).click();
  await page.keyboard.press('Control+a');
  if (text === '') await page.keyboard.press('Delete');
  else await page.keyboard.insertText(text);
}

/** Saves by keyboard and waits until the page says that it is saved. */
export async function save(page) {
  await page.keyboard.press('Control+s');
  await saveState(page).filter({ hasText: /^Saved/ }).waitFor();
}
