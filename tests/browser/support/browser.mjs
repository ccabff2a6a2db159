// Chromium, and what every browser test asks of a page.

import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

const ARGUMENTS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

export function launch() {
  return chromium.launch({ executablePath: process.env.HALFWAY_CHROMIUM, headless: true, args: ARGUMENTS });
}

/** A page in a context of its own; what the page's scripts complain of fails the test that calls `page.complaints`. */
export async function newPage(browser, { width = 1280, height = 800, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    // A refused or missing resource is said on the console too; those that a test provokes are not complaints.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) page.complaints.push(message.text());
  });
  return page;
}

/** Check 1: no violation of WCAG 2.2 AA that axe can see. */
export async function assertAccessible(page, what) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
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
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null;
      const style = getComputedStyle(e);
      const box = e.getBoundingClientRect();
      const ringed = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
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
