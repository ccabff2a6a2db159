// What each test file begins with and ends: one server, one Chromium, pages that may not complain.

import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { launch, newPage } from './browser.mjs';
import { labsFolder } from './lab.mjs';
import { startServer } from './server.mjs';

/**
 * Call it once at the top of a test file. Afterwards `suite.server` and `suite.browser` are there, `suite.page(options)` opens a page.
 * `begin` is called once they are there.
 * Every page is closed after its test, and fails it where its console complained (a script's error, or the content security policy) or where
 * anything at all was asked of another machine.
 */
export function suite({ labs, begin, ...options } = {}) {
  const made = { pages: [] };
  made.page = async (with_ = {}) => {
    const page = await newPage(made.browser, with_);
    made.pages.push(page);
    return page;
  };
  before(async () => {
    made.labs = labs && await labsFolder(labs);
    made.server = await startServer({ labs: made.labs?.path, ...options });
    made.browser = await launch();
    await begin?.(made);
  });
  afterEach(async () => {
    const complaints = made.pages.flatMap((page) => page.complaints);
    const contexts = new Set(made.pages.map((page) => page.context()));
    made.pages = [];
    for (const context of contexts) await context.close();
    assert.deepEqual(complaints, [], 'a page complained');
    assert.deepEqual(made.browser.strays, [], 'something was asked of the internet');
  });
  after(async () => {
    await made.browser?.close();
    await made.server?.stop();
    await made.labs?.remove();
  });
  return made;
}
