// Check 25: every error has a way out and a reference that is in the log; nothing internal is said.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { assertAccessible, assertFits, assertTabbable } from './support/browser.mjs';
import { plainLab } from './support/lab.mjs';
import { suite } from './support/suite.mjs';

const made = suite({
  labs: {
    own: {
      yard: plainLab(),
      broken: { 'lab.yaml': 'title: [\n', 'instructions.md': '' },
      crumbling: { ...plainLab({ title: 'Crumbling yard', setup: 'setup:\n  - { title: Prop it up, run: [sh, setup/prop.sh], timeout: 10s }' }), 'setup/prop.sh': 'echo the wall gives way\nexit 3\n' },
    },
  },
});

const NOWHERE = '01900000-0000-7000-8000-000000000000';
const INTERNAL = /panicked|src\/|\.rs\b|sqlx|SELECT |\/tmp\/|Error\(|os error/;

/** Sends what no page would send. */
function send(path, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const asking = request(`${made.server.url}${path}`, { method, headers: { accept: 'text/html', ...headers } }, (answer) => {
      let body = '';
      answer.on('data', (chunk) => { body += chunk; });
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body }));
    });
    asking.on('error', reject);
    asking.end();
  });
}

for (const [path, status] of [
  ['/no-such-page', 404], ['/labs/no-such-lab', 404], ['/labs/broken', 409], ['/weeks/99', 404], ['/weeks/1/no-such-lesson', 404], ['/weeks/one', 404],
  [`/sessions/${NOWHERE}`, 404], ['/sessions/not-an-id', 404], [`/sessions/${NOWHERE}/finish`, 404], [`/sessions/${NOWHERE}/end`, 404], ['/labs/yard/start', 405],
]) {
  test(`check 25: ${path} answers ${status} with a way out`, async () => {
    const page = await made.page();
    const answer = await page.goto(made.server.url + path);
    assert.equal(answer.status(), status);
    assert.equal(await page.locator('h1').count(), 1);
    const main = await page.locator('main').innerText();
    assert.doesNotMatch(main, INTERNAL);
    const reference = await page.locator('main code').last().innerText();
    assert.match(reference, /^[a-z0-9]{6,}$/i);
    await made.server.logged(reference);
    const ways = page.locator('.ways a');
    assert.ok((await ways.count()) > 0, 'there is a way out');
    await ways.first().click();
    await page.waitForLoadState();
    assert.equal(await page.locator('main .small code').filter({ hasText: reference }).count(), 0);
  });
}

for (const [what, path, status, options] of [
  ['a form of another site', '/labs/yard/start', 403, { method: 'POST', headers: { origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' } }],
  ['a name that is not ours', '/', 421, { headers: { host: 'rebound.example' } }],
  ['a form that is no form', '/labs/yard/start', 415, { method: 'POST', headers: { 'content-type': 'text/plain', 'content-length': '0' } }],
]) {
  test(`check 25: ${what} is refused with a page that says so`, async () => {
    const { status: got, body, headers } = await send(path, options);
    if (status === 415) assert.ok([303, 400, 415].includes(got), `${got}`);
    else assert.equal(got, status);
    if (got === 303) return;
    assert.match(headers['content-security-policy'], /default-src 'none'/);
    const reference = body.match(/<code>([a-z0-9]{6,})<\/code>/i)?.[1];
    assert.ok(reference, body);
    await made.server.logged(reference);
    assert.match(body, /class="ways"/);
    assert.doesNotMatch(body.replace(/<head>[\s\S]*<\/head>/, ''), INTERNAL);
  });
}

test('check 25: the API says what, and a reference', async () => {
  for (const [path, method] of [[`/api/v1/sessions/${NOWHERE}`, 'GET'], ['/api/v1/nowhere', 'GET'], [`/api/v1/sessions/${NOWHERE}/terminals`, 'POST'], [`/api/v1/sessions/${NOWHERE}/files?path=../../x`, 'DELETE']]) {
    const { status, body } = await send(path, { method, headers: { accept: '*/*' } });
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    const { error } = JSON.parse(body);
    assert.ok(error.kind && error.message, body);
    await made.server.logged(error.reference);
    assert.doesNotMatch(body, INTERNAL);
  }
});

test('check 25: a lab that cannot be read does not keep the others from being served, and is named', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/labs`);
  await page.getByRole('link', { name: 'Yard', exact: true }).waitFor();
  await page.getByText('halfway lab lint broken').waitFor();
});

test('check 25: set-up that fails says so, with the step, its last lines and Retry', async () => {
  const page = await made.page();
  await page.goto(`${made.server.url}/labs/crumbling`);
  await page.getByRole('button', { name: 'Start the lab' }).click();
  await page.getByRole('heading', { level: 1, name: 'The lab could not be made' }).waitFor();
  assert.match(await page.title(), /^Failed/);
  await page.locator('#step-output .log', { hasText: 'the wall gives way' }).waitFor();
  await page.locator('#step-list li', { hasText: 'Prop it up' }).filter({ hasText: 'Failed' }).waitFor();
  await assertAccessible(page, 'failed');
  await assertFits(page, 'failed');
  await assertTabbable(page, 'failed');
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('heading', { level: 1, name: 'The lab could not be made' }).waitFor();
  await page.getByRole('link', { name: 'End it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^End/ }).click();
  await page.getByRole('heading', { level: 1, name: '0 of 2 tasks passed' }).waitFor();
});
