// Code in lessons and labs: copied as commands alone, run once in a named terminal, scrolled by keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWorkspace, plainLab, startLab } from './support/lab.mjs';
import { suite } from './support/suite.mjs';
import { runCommand, screenText, waitForOutput } from './support/terminal.mjs';

const BLOCK = [
  '```console', '$ echo "one of ${word}"', 'one of something', '$ cat > note.txt <<END', '> first', '> second', '> END', '$ echo la\\', '> st', 'last', '```',
].join('\n');
const lab = plainLab({ title: 'Code yard' });
lab['lab.yaml'] = lab['lab.yaml'].replace('tasks:', 'parameters:\n  word: { words: 1 }\ntasks:');
lab['instructions.md'] = `Code to run.\n\n${BLOCK}\n\n\`\`\`yaml\nlong: ${'a-long-value-'.repeat(30)}\n\`\`\`\n\n## first\n\n\`first.txt\` says done.\n\n## second\n\n\`second.txt\` says done.\n`;

const made = suite({ labs: { own: { code: lab } } });
let page;

async function workspace(options) {
  page = await made.page({ permissions: ['clipboard-read', 'clipboard-write'], ...options });
  await page.goto(`${made.server.url}/labs/code`);
  const resume = page.getByRole('link', { name: 'Resume' });
  if (await resume.isVisible()) await resume.click();
  else await startLab(page, made.server, 'code');
  await inWorkspace(page);
}

test('rule C1: Copy takes the commands alone, with the attempt’s own words filled in', async () => {
  await workspace();
  const block = page.locator('#tasks .code').first();
  const shown = await block.locator('pre').innerText();
  const word = shown.match(/one of ([^"$]+)"/)[1];
  await block.getByRole('button', { name: 'Copy' }).click();
  await block.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `echo "one of ${word}"\ncat > note.txt <<END\nfirst\nsecond\nEND\necho la\\\nst`);
});

test('rule C1: where the browser refuses, the button admits it', async () => {
  await workspace();
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('refused'));
    document.execCommand = () => false;
  });
  await page.locator('#tasks .code').first().getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Not copied: select and copy by hand' }).waitFor();
});

test('rule C2: Run runs once a press in a terminal that is named, keeps the focus, and is never replayed', async () => {
  await workspace();
  await runCommand(page, 'clear');
  const block = page.locator('#tasks .code').first();
  const run = block.getByRole('button', { name: 'Run in terminal' });
  await run.focus();
  await page.keyboard.press('Enter');
  await waitForOutput(page, 'last');
  assert.match(await block.locator('.said').innerText(), /^ran \d\d:\d\d in Terminal 1$/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Run in terminal');
  await runCommand(page, 'cat note.txt');
  await waitForOutput(page, 'firstsecond');
  const outputs = async () => (await screenText(page)).split('\n').filter((line) => /^one of /.test(line)).length;
  assert.equal(await outputs(), 1);
  await page.reload();
  await inWorkspace(page);
  await waitForOutput(page, 'firstsecond');
  assert.equal(await outputs(), 1, 'a reload runs nothing again');
});

test('rule C3: code that is wider than its box is a tab stop, scrolls by keys, and runs from the left', async () => {
  await workspace();
  const wide = page.locator('#tasks .code pre').nth(1);
  assert.equal(await wide.getAttribute('tabindex'), '0');
  assert.equal(await wide.evaluate((one) => getComputedStyle(one).direction), 'ltr');
  assert.equal(await wide.evaluate((one) => one.scrollWidth > one.clientWidth), true);
  await wide.focus();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelectorAll('#tasks .code pre')[1].scrollLeft > 0);
});
