// The way between browser and server: slow, cut, shared by eight tabs, plain HTTP in a local network, or with parts of the browser blocked.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertAccessible, assertFits, LAN_NAME, launch, newPage } from './support/browser.mjs';
import { newFile, openEditor, paper, writeText } from './support/editor.mjs';
import { chooseTab, inWorkspace, openTask, plainLab, startLab, waitForVerdict, workspaceFile } from './support/lab.mjs';
import { startLink } from './support/link.mjs';
import { root } from './support/server.mjs';
import { listen } from './support/speech.mjs';
import { suite } from './support/suite.mjs';
import { countOutput, enterTerminal, leaveTerminal, runCommand, screenText, waitForOutput } from './support/terminal.mjs';

let session;
const made = suite({
  labs: { own: { yard: plainLab() } },
  config: `allowed-hosts = ["${LAN_NAME}"]\ncurriculum = ${JSON.stringify(join(root, 'curriculum'))}\n`,
  async begin({ browser, server }) {
    const page = await newPage(browser);
    session = await startLab(page, server, 'yard');
    await inWorkspace(page);
    await page.context().close();
  },
});
const LESSON = '/weeks/1/features-labels-splits-leakage';

test('the wall around the browser is there: what would leave this machine is written down', async () => {
  const page = await made.page();
  await page.goto('http://elsewhere.example/').catch(() => {});
  assert.deepEqual(made.browser.strays.splice(0), ['GET http://elsewhere.example/ HTTP/1.1']);
});

test('check 8: over slow 3G the text is there within 2 s', async () => {
  const page = await made.page();
  // Slow 3G: 400 ms a round trip, 50 bytes a millisecond.
  const [ROUND_TRIP, RATE, LIMIT] = [400, 50, 2000];
  const browser = await page.context().newCDPSession(page);
  await browser.send('Network.enable');
  await browser.send('Network.setCacheDisabled', { cacheDisabled: true });
  await browser.send('Network.emulateNetworkConditions', { offline: false, latency: ROUND_TRIP, downloadThroughput: RATE * 1000, uploadThroughput: RATE * 1000 });
  for (const path of ['/', LESSON, '/labs/yard']) {
    const answer = await page.goto(made.server.url + path);
    assert.equal(answer.status(), 200);
    const { blocking, bytes } = await page.evaluate(() => {
      const [page] = performance.getEntriesByType('navigation');
      const waited = performance.getEntriesByType('resource').filter((one) => one.renderBlockingStatus === 'blocking');
      return { blocking: waited.map((one) => new URL(one.name).pathname), bytes: [page, ...waited].reduce((sum, one) => sum + one.transferSize, 0) };
    });
    // What the text waits for is named in the page's own head, so it is three turns: connection, page, and all of that at once.
    const takes = 3 * ROUND_TRIP + bytes / RATE;
    assert.ok(blocking.length > 0 && blocking.length <= 4, blocking.join(' '));
    assert.ok(takes <= LIMIT, `${path}: ${bytes} bytes before the text (${blocking.join(', ')}) take ${Math.round(takes)} ms`);
    assert.ok((await page.locator('h1').innerText()).length > 0);
  }
});

test('check 12: eight tabs load, all live, over one stream of events', async () => {
  const link = await startLink(made.server.port);
  const page = await made.page();
  try {
    const tabs = [page];
    while (tabs.length < 8) tabs.push(await page.context().newPage());
    for (const tab of tabs) {
      tab.setDefaultTimeout(30_000);
      await tab.goto(`${link.url}/sessions/${session}`);
      await tab.locator('#connection', { hasText: 'Connected' }).waitFor();
    }
    // Each still loads pages and hears what happens.
    await writeFile(workspaceFile(made.server, session, 'first.txt'), 'done\n');
    for (const tab of tabs) await waitForVerdict(tab, 'first', 'Passed');
    for (const tab of tabs) assert.equal(await tab.evaluate(() => fetch('/healthz').then((answer) => answer.status)), 200);
    assert.equal(link.asked.filter((path) => path.startsWith('/events')).length, 1, link.asked.join(' '));
    await rm(workspaceFile(made.server, session, 'first.txt'));
    for (const tab of tabs) await waitForVerdict(tab, 'first', 'Achieved, broken now');
  } finally {
    link.close();
  }
});

test('check 12: a browser without shared workers listens in each tab, while it is seen', async () => {
  const link = await startLink(made.server.port);
  try {
    const page = await made.page();
    await page.addInitScript(() => {
      delete globalThis.SharedWorker;
      let state = 'visible';
      Object.defineProperty(document, 'visibilityState', { get: () => state });
      globalThis.halfwaySeen = (seen) => {
        state = seen ? 'visible' : 'hidden';
        document.dispatchEvent(new Event('visibilitychange'));
      };
    });
    await page.goto(`${link.url}/sessions/${session}`);
    await page.locator('#connection', { hasText: 'Connected' }).waitFor();
    await page.evaluate(() => globalThis.halfwaySeen(false));
    await writeFile(workspaceFile(made.server, session, 'second.txt'), 'done\n');
    // Seen again it hears what it has missed.
    await page.evaluate(() => globalThis.halfwaySeen(true));
    await waitForVerdict(page, 'second', 'Passed');
    assert.equal(link.asked.filter((path) => path.startsWith('/events')).length, 2, link.asked.join(' '));
    await rm(workspaceFile(made.server, session, 'second.txt'));
    await waitForVerdict(page, 'second', 'Achieved, broken now');
  } finally {
    link.close();
  }
});

test('check 13: sixty seconds offline: a banner with the time, what is typed stays, it catches up, nothing is sent twice', async () => {
  const link = await startLink(made.server.port);
  try {
    const page = await made.page();
    await page.addInitScript(() => localStorage.setItem('halfway.autosave', 'off'));
    await page.clock.install();
    await page.goto(`${link.url}/sessions/${session}`);
    await page.locator('#connection', { hasText: 'Connected' }).waitFor();
    await inWorkspace(page);
    const speech = await listen(page);
    await page.evaluate(() => { window.halfwayNotReloaded = true; });
    await openEditor(page);
    await newFile(page, 'draft.txt');
    await writeText(page, 'not saved yet');
    await page.locator('.keep > summary').click();
    await page.locator('.keep input[name=path]').fill('half a na');
    await chooseTab(page, 'Terminal 1');
    await runCommand(page, 'clear; echo bef""ore');

    link.cut();
    const banner = page.locator('#offline');
    await page.clock.runFor(2_000);
    await banner.filter({ hasText: /Offline since \d\d:\d\d, retrying/ }).waitFor();
    const since = (await banner.innerText()).match(/since (\d\d:\d\d)/)[1];
    await page.clock.runFor(58_000);
    assert.equal((await banner.innerText()).match(/since (\d\d:\d\d)/)[1], since);
    // The state is marked as old, in words and in colour; the terminal says why and keeps its text.
    assert.match(await page.locator('#connection').innerText(), new RegExp(`Offline since ${since}`));
    assert.equal(await page.locator('html').getAttribute('data-connection'), 'lost');
    await page.locator('.panel:not([hidden]) .terminal-note', { hasText: /Not connected since \d\d:\d\d/ }).waitFor();
    assert.ok((await screenText(page)).includes('before'));
    assert.equal(speech.count('connection is lost'), 1, speech.heard().join('\n'));
    await assertAccessible(page, 'offline');
    await assertFits(page, 'offline');
    // What happens meanwhile.
    await writeFile(workspaceFile(made.server, session, 'first.txt'), 'done\n');
    await openTask(page, 'second');
    const hint = page.locator('#task-second').getByRole('button', { name: /^Hint 1/ });
    if (await hint.count()) {
      await hint.click();
      await page.locator('#task-second .form-error', { hasText: 'Not sent: there is no connection' }).waitFor();
    }
    await enterTerminal(page);
    await page.keyboard.type('touch lo""st.txt');
    await page.keyboard.press('Enter');
    await page.locator('.panel:not([hidden]) .terminal-note', { hasText: 'was not sent' }).waitFor();
    await leaveTerminal(page);

    link.mend();
    await banner.getByRole('button', { name: 'Retry now' }).click();
    await page.locator('#connection', { hasText: 'Connected' }).waitFor();
    await banner.filter({ hasText: 'Connected again at' }).waitFor();
    await waitForVerdict(page, 'first', 'Passed');
    await page.clock.runFor(16_000);
    await page.locator('.panel:not([hidden]) .terminal-note').waitFor({ state: 'hidden' });
    await runCommand(page, 'echo af""ter; ls');
    await waitForOutput(page, 'after');
    assert.equal(await countOutput(page, 'before'), 1);
    assert.equal(await countOutput(page, 'lost'), 0, 'keys of the time offline are not sent later');
    assert.equal(await page.locator('#task-second .hints li').count(), 0, 'nor are forms');
    assert.equal(await page.locator('.keep input[name=path]').inputValue(), 'half a na');
    await chooseTab(page, 'Editor');
    assert.equal(await paper(page).innerText(), 'not saved yet');
    assert.equal(await page.evaluate(() => window.halfwayNotReloaded), true);
    await rm(workspaceFile(made.server, session, 'first.txt'));
    await waitForVerdict(page, 'first', 'Achieved, broken now');
  } finally {
    link.close();
  }
});

test('a page with nothing live says when the browser has no network, and when it has again', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/about`);
  await page.context().setOffline(true);
  const banner = page.locator('#offline');
  await banner.filter({ hasText: /Offline since \d\d:\d\d, retrying/ }).waitFor();
  await page.context().setOffline(false);
  await banner.filter({ hasText: 'Connected again at' }).waitFor();
});

test('a form that is sent while the network is gone keeps its page and says so, and goes when it is pressed again', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/sessions/${session}`);
  await inWorkspace(page);
  await page.locator('.keep > summary').click();
  await page.context().setOffline(true);
  const press = page.getByRole('button', { name: 'Save the workspace' });
  await press.click();
  await page.locator('.form-error', { hasText: 'Not sent: there is no connection' }).waitFor();
  assert.match(page.url(), /\/sessions\/[^/]+$/);
  await page.context().setOffline(false);
  await press.click();
  await page.locator('.keep a', { hasText: /^Download what was saved/ }).waitFor({ state: 'attached' });
});

test('check 17: by a name in the local network, without HTTPS, copying works and the lab does', async () => {
  const page = await made.page();
  const site = `http://${LAN_NAME}:${made.server.port}`;
  await page.goto(`${site}/sessions/${session}`);
  assert.deepEqual(await page.evaluate(() => [isSecureContext, typeof navigator.clipboard, typeof navigator.locks, typeof crypto.randomUUID]), [false, 'undefined', 'undefined', 'undefined']);
  await inWorkspace(page);
  await runCommand(page, 'clear; echo fr""om-the-terminal');
  await page.getByRole('button', { name: 'More for this terminal' }).click();
  await page.getByRole('button', { name: 'Last output as text' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Copy all' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Copied' }).waitFor();
  await page.keyboard.press('Escape');
  const pasted = async () => {
    await page.locator('.keep').evaluate((one) => { one.open = true; });
    const field = page.locator('.keep input[name=path]');
    await field.fill('');
    await field.focus();
    await page.keyboard.press('Control+v');
    return field.inputValue();
  };
  assert.match(await pasted(), /from-the-terminal/);
  await page.goto(site + LESSON);
  await page.evaluate(() => { for (const one of document.querySelectorAll('article details')) one.open = true; });
  const block = page.locator('article .code').first();
  const lines = (await block.locator('pre').innerText()).trimEnd().split('\n');
  const commands = lines.some((line) => line.startsWith('$ ')) ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2)) : lines;
  await block.getByRole('button', { name: 'Copy' }).click();
  await block.getByRole('button', { name: 'Copied' }).waitFor();
  await page.goto(`${site}/sessions/${session}`);
  await page.locator('.keep').waitFor();
  // A field of one line has no line ends.
  assert.equal((await pasted()).replace(/\s+/g, ''), commands.join('').replace(/\s+/g, ''));
  // A name that is not listed is refused.
  const answer = await page.request.get(`${made.server.url}/`, { headers: { host: 'other-name.test' } });
  assert.equal(answer.status(), 421);
});

test('a browser that keeps nothing for this site says so, and the lab works', async () => {
  const profile = await mkdtemp(join(tmpdir(), 'halfway-profile-'));
  await mkdir(join(profile, 'Default'));
  // 2: all cookies and site data are blocked, as in a browser's settings.
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
  const context = await launch({ profile });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`${made.server.url}/settings`);
    assert.equal(await page.evaluate(() => { try { return typeof localStorage; } catch (error) { return error.name; } }), 'SecurityError');
    await page.getByText('This browser keeps nothing for this site').waitFor();
    await page.getByLabel('dark').check();
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
    await page.goto(`${made.server.url}/sessions/${session}`);
    await inWorkspace(page);
    await page.locator('#connection', { hasText: 'Connected' }).waitFor();
    await runCommand(page, 'echo done > second.txt');
    await waitForVerdict(page, 'second', 'Passed');
    await runCommand(page, 'rm second.txt');
    await waitForVerdict(page, 'second', 'Achieved, broken now');
    await page.getByRole('separator').focus();
    await page.keyboard.press('ArrowRight');
    assert.deepEqual(complaints, []);
    assert.deepEqual(context.strays, []);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
});

test('where WebSockets do not get through, the terminal says so, and everything else works', async () => {
  const link = await startLink(made.server.port, { sockets: false });
  try {
    const page = await made.page();
    await page.goto(`${link.url}/sessions/${session}`);
    const note = page.locator('.panel:not([hidden]) .terminal-note');
    await note.filter({ hasText: 'WebSocket' }).waitFor();
    assert.match(await note.innerText(), /the server answers/i);
    await page.locator('#connection', { hasText: 'Connected' }).waitFor();
    // The editor needs none.
    await openEditor(page);
    await newFile(page, 'first.txt');
    await writeText(page, 'done\n');
    await page.keyboard.press('Control+s');
    await waitForVerdict(page, 'first', 'Passed');
    assert.equal(await readFile(workspaceFile(made.server, session, 'first.txt'), 'utf8'), 'done\n');
    await rm(workspaceFile(made.server, session, 'first.txt'));
    page.complaints = page.complaints.filter((one) => !/WebSocket connection/.test(one));
  } finally {
    link.close();
  }
});
