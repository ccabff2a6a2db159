// Chromium, and what every browser test asks of a page.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--disable-domain-reliability', '--no-pings',
  '--disable-features=OptimizationHints,MediaRouter,AutofillServerCommunication,NetworkTimeServiceQuerying',
];
/** What Chromium itself asks for, whatever page is open; no page of ours has a reason to name these. */
const OF_THE_BROWSER = /^(CONNECT|GET|POST) (https?:\/\/)?(update\.googleapis\.com|[\w.-]+\.gvt1\.com|dl\.google\.com|accounts\.google\.com|clients2\.google\.com|content-autofill\.googleapis\.com|optimizationguide-pa\.googleapis\.com)[:/]/;
/** A name that stands for this machine in a local network: to the browser it is no secure origin, as plain HTTP on a LAN is not. */
export const LAN_NAME = 'halfway-lan.test';

/**
 * Chromium without a way out: only loopback is reached. Everything else (pages, workers, WebSockets, what Chromium might look up beforehand)
 * ends at a proxy of ours that answers nothing and writes it down in `browser.strays`.
 * With `profile`, a folder, the browser keeps its settings there, and a context is returned in place of a browser.
 */
export async function launch({ profile, args = [], ...options } = {}) {
  const strays = [];
  const wall = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      const asked = data.toString('latin1').split('\r\n', 1)[0];
      if (!OF_THE_BROWSER.test(asked)) strays.push(asked);
      socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
    });
  });
  await new Promise((resolve) => { wall.listen(0, '127.0.0.1', resolve); });
  const settings = {
    executablePath: process.env.HALFWAY_CHROMIUM,
    headless: true,
    args: [
      ...ARGUMENTS, `--proxy-server=http://127.0.0.1:${wall.address().port}`, `--proxy-bypass-list=${LAN_NAME}`,
      `--host-resolver-rules=MAP ${LAN_NAME} 127.0.0.1`, ...args,
    ],
    ...options,
  };
  const browser = profile ? await chromium.launchPersistentContext(profile, settings) : await chromium.launch(settings);
  browser.strays = strays;
  browser.once(profile ? 'close' : 'disconnected', () => wall.close());
  return browser;
}

/** A page in a context of its own; what the page's scripts complain of fails the test that calls `page.complaints`. */
export async function newPage(browser, { width = 1280, height = 800, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    // A refused or missing resource is said on the console too; those that a test provokes are not complaints. Nor is what plain HTTP cannot have.
    if (message.type() === 'error' && !/Failed to load resource|Cross-Origin-Opener-Policy header has been ignored/.test(message.text())) page.complaints.push(message.text());
  });
  return page;
}

/** Check 1: no violation of WCAG 2.2 AA that axe can see. With `colours`, only what another theme can change. */
export async function assertAccessible(page, what, { colours = false } = {}) {
  const axe = new AxeBuilder({ page });
  if (colours) axe.withRules(['color-contrast', 'link-in-text-block']);
  else axe.withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']);
  const { violations } = await axe.analyze();
  const said = violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.slice(0, 4).map((n) => `    ${n.target} ${n.failureSummary?.split('\n')[1] ?? ''}`).join('\n')}`);
  assert.deepEqual(said, [], `${what}: axe finds fault`);
}

/** Check 4: no sideways scroll. */
export async function assertFits(page, what) {
  const { wide, room, culprits } = await page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    const culprits = [...document.querySelectorAll('body *')]
      .filter((e) => e.getBoundingClientRect().right > room + 1 && getComputedStyle(e).position !== 'fixed')
      .slice(0, 5).map((e) => `${e.tagName.toLowerCase()}.${e.className}#${e.id}`);
    return { wide: document.documentElement.scrollWidth, room, culprits };
  });
  assert.ok(wide <= room, `${what}: ${wide} px wide in ${room} px: ${culprits.join(', ')}`);
}

/** Checks 2 and 3: Tab goes through the whole page and leaves it, and what has the focus shows it. */
export async function assertTabbable(page, what) {
  await page.evaluate(() => { document.activeElement?.blur(); window.scrollTo(0, 0); });
  const seen = [];
  for (let press = 0; press < 400; press += 1) {
    // In the editor's text Tab indents; the way out is said at its foot.
    if (await page.evaluate(() => document.activeElement?.matches('.cm-content[aria-describedby]') ?? false)) await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(async () => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const box = e.getBoundingClientRect();
      // A ring of at least 2 px: on the element, on the line of a tree's item, around the editor's text, or drawn over it by its own last layer.
      const rings = (one, pseudo) => {
        const style = getComputedStyle(one, pseudo);
        if (pseudo && style.content === 'none') return false;
        const outline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
        return outline || (pseudo === '::after' && style.borderTopStyle === 'solid' && parseFloat(style.borderTopWidth) >= 2);
      };
      const shows = () => rings(e) || rings(e, '::after') || (e.role === 'treeitem' && rings(e.firstElementChild)) || (e.matches('.cm-content') && rings(e.closest('.cm-editor')));
      // The editor draws its own some milliseconds later.
      for (let frame = 0; frame < 30 && !shows(); frame += 1) await new Promise((drawn) => { requestAnimationFrame(drawn); });
      const ringed = shows();
      const hit = document.elementFromPoint(
        Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1), Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 0), innerHeight - 1));
      e.dataset.focusOrder ??= String(document.querySelectorAll('[data-focus-order]').length);
      return {
        key: e.dataset.focusOrder, name: `${e.tagName.toLowerCase()} "${(e.getAttribute('aria-label') ?? e.textContent ?? '').trim().slice(0, 40)}"`,
        ringed, inView: box.bottom > 0 && box.top < innerHeight && box.width > 0 && box.height > 0,
        covered: hit !== null && !e.contains(hit) && !hit.contains(e) && e.tagName !== 'IFRAME',
      };
    });
    if (focus === null) return seen.length;
    if (seen.includes(focus.key)) {
      assert.equal(focus.key, seen[0], `${what}: Tab is trapped at ${focus.name}`);
      return seen.length;
    }
    assert.ok(focus.ringed, `${what}: ${focus.name} has the focus and does not show it`);
    assert.ok(focus.inView && !focus.covered, `${what}: ${focus.name} has the focus out of sight`);
    seen.push(focus.key);
  }
  return assert.fail(`${what}: Tab does not come to an end`);
}

/** Texts that are seen cut off: what does not fit its box, where nobody can scroll to the rest. */
export function cutTexts(page) {
  return page.evaluate(() => [...document.querySelectorAll('body *')].filter((one) => {
    if (one.closest('.hidden-text, .skip, .xterm, .cm-scroller, svg, noscript, [hidden], dialog:not([open])') || !one.checkVisibility({ visibilityProperty: true })) return false;
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!own || one.matches('input, textarea, option, select')) return false;
    for (let box = one; box && box !== document.documentElement; box = box.parentElement) {
      const style = getComputedStyle(box);
      const cuts = (value) => value === 'hidden' || value === 'clip';
      if (cuts(style.overflowX) && box.scrollWidth > box.clientWidth + 1 && box !== document.body) return true;
      if (cuts(style.overflowY) && box.scrollHeight > box.clientHeight + 1 && box !== document.body) return true;
    }
    return false;
  }).map((one) => `${one.tagName.toLowerCase()}.${one.className} "${one.textContent.trim().slice(0, 60)}"`).slice(0, 5));
}
