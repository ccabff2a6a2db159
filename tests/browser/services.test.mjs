// A learner's own server as a tab: on an origin of its own, with nothing of the site's.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { chooseTab, inWorkspace, plainLab, startLab, workspaceFile } from './support/lab.mjs';
import { suite } from './support/suite.mjs';
import { typeLine, waitForOutput } from './support/terminal.mjs';

const INDEX = `<!doctype html><title>Mine</title><h1>My own site</h1><p id="seen"></p>
<script>
  let parent;
  try { parent = top.document.title; } catch { parent = 'out of reach'; }
  document.getElementById('seen').textContent = JSON.stringify({ cookie: document.cookie, host: location.host, parent });
</script>`;
const SERVE = `import http.server
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        with open('headers.txt', 'a') as log:
            log.write(str(self.headers))
        super().do_GET()
print('about to ' + 'listen')
http.server.ThreadingHTTPServer(('127.0.0.1', 8080), Handler).serve_forever()
`;
const made = suite({
  labs: { own: { yard: plainLab({ services: 'services:\n  - { name: site, title: Your site, port: 8080 }', files: { 'workspace/index.html': INDEX, 'workspace/serve.py': SERVE } }) } },
});

test('a server in the lab is shown in its tab, away from the site', async () => {
  const page = await made.page();
  await page.context().addCookies([{ name: 'main', value: 'secret', url: made.server.url }]);
  const session = await startLab(page, made.server, 'yard');
  await inWorkspace(page);

  // Nothing listens yet: the tab says what to do.
  await chooseTab(page, 'Your site');
  const frame = page.frameLocator('.panel:not([hidden]) iframe');
  await frame.getByText('Nothing listens on port 8080').waitFor();

  await chooseTab(page, 'Terminal 1');
  await typeLine(page, 'python3 serve.py');
  await waitForOutput(page, 'about to listen');
  await chooseTab(page, 'Your site');
  const heading = frame.getByRole('heading', { name: 'My own site' });
  for (let tries = 0; tries < 20 && !(await heading.isVisible()); tries += 1) {
    const answered = page.waitForResponse((response) => response.url().includes('.localhost'));
    await page.getByRole('button', { name: 'Reload' }).click();
    await (await answered).finished();
  }
  await heading.waitFor();
  const seen = JSON.parse(await frame.locator('#seen').innerText());
  assert.equal(seen.cookie, '');
  assert.match(seen.host, /^[a-z0-9]{26,63}\.localhost:\d+$/);
  assert.equal(seen.parent, 'out of reach');

  const headers = await readFile(workspaceFile(made.server, session, 'headers.txt'), 'utf8');
  assert.match(headers, /^Host: localhost:8080$/im);
  assert.doesNotMatch(headers, /secret|^Cookie:|127\.0\.0\.1|\/sessions\//im);
  // The frame has not taken the focus.
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'IFRAME');
});
