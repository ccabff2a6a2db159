// A server of this test's own: the real binary, a fresh state directory, a free port.

import { execFile, spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = new URL('../../../', import.meta.url).pathname;
const binary = process.env.HALFWAY_BINARY ?? join(root, 'target', 'debug', 'halfway');
/** Python environments that an earlier run built: they are named by their content, so they may be shared. */
const KEPT = process.env.HALFWAY_TEST_ENVS ?? join(root, 'target', 'browser-envs');

/**
 * Starts a server and waits until it has printed its address.
 * `labs` is the folder of the labs; `environments` takes over the Python environments of earlier runs, and keeps new ones.
 */
export async function startServer({ state, listen = '127.0.0.1:0', labs, config, environments = false, env = {} } = {}) {
  const own = state === undefined;
  state ??= await mkdtemp(join(tmpdir(), 'halfway-browser-'));
  if (own && environments) await share(KEPT, join(state, 'envs'));
  const args = ['--state', state, ...(labs ? ['--labs', labs] : []), 'serve', '--listen', listen];
  if (config) {
    const file = join(state, 'test.toml');
    await writeFile(file, config);
    args.unshift('--config', file);
  }
  const child = spawn(binary, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => { log = (log + chunk).slice(-200_000); });
  const gone = new Promise((resolve) => { child.once('exit', (code, signal) => resolve({ code, signal })); });
  const lines = createInterface({ input: child.stdout });
  const url = await Promise.race([
    new Promise((resolve) => { lines.once('line', (line) => resolve(line.trim().replace(/\/$/, ''))); }),
    gone.then(({ code }) => { throw new Error(`the server ended with ${code} before it printed its address:\n${log}`); }),
  ]);
  const end = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  return {
    url,
    state,
    port: Number(new URL(url).port),
    log: () => log,
    /** Waits until the log has a text: what is answered is often sooner here than what is logged. */
    logged: (text) => new Promise((resolve) => {
      const look = () => {
        if (!log.includes(text)) return;
        child.stderr.off('data', look);
        resolve();
      };
      child.stderr.on('data', look);
      look();
    }),
    /** Ends it as `kill -9` does. */
    kill: () => end('SIGKILL'),
    /** Ends it, with everything that it started, and removes its state. */
    async stop() {
      await end('SIGTERM');
      await sweep(state);
      if (environments) await share(join(state, 'envs'), KEPT);
      await rm(state, { recursive: true, force: true });
    },
    /** Starts another on the same state and address, after this one has ended. */
    restart: () => startServer({ state, listen: new URL(url).host, labs, config, environments, env }),
  };
}

/** Ends the sandboxes of a state directory: without a database nobody owns them. */
async function sweep(state) {
  for (const name of ['halfway.db', 'halfway.db-wal', 'halfway.db-shm']) await rm(join(state, name), { force: true });
  await run(binary, ['--state', state, 'sweep'], { cwd: root }).catch((error) => {
    process.stderr.write(`what the test started may still run: ${error.stderr ?? error}\n`);
  });
}

/** Links whole environments from one folder into another. */
async function share(from, to) {
  for (const name of await readdir(from).catch(() => [])) {
    const there = (path) => access(path).then(() => true, () => false);
    if (!(await there(join(from, name, 'halfway.json'))) || (await there(join(to, name)))) continue;
    await mkdir(to, { recursive: true });
    const copy = join(to, `${name}.copy-${process.pid}`);
    await run('cp', ['-al', join(from, name), copy]).catch(() => run('cp', ['-a', join(from, name), copy]));
    await run('mv', ['-T', copy, join(to, name)]).catch(() => rm(copy, { recursive: true, force: true }));
  }
}
