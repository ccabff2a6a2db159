// A server of this test's own: the real binary, a fresh state directory, a free port.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('../../../', import.meta.url).pathname;

/** Starts a server and waits until it has printed its address. */
export async function startServer({ state, listen = '127.0.0.1:0', config, env = {} } = {}) {
  const own = state === undefined;
  state ??= await mkdtemp(join(tmpdir(), 'halfway-browser-'));
  const args = ['--state', state, 'serve', '--listen', listen];
  if (config) {
    const file = join(state, 'test.toml');
    await writeFile(file, config);
    args.unshift('--config', file);
  }
  const child = spawn(process.env.HALFWAY_BINARY, args, {
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
  const stop = async (signal) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await gone;
  };
  return {
    url,
    state,
    port: Number(new URL(url).port),
    log: () => log,
    /** Ends it as `kill -9` does. */
    kill: () => stop('SIGKILL'),
    /** Ends it, with everything that it started. */
    async stop() {
      await stop('SIGTERM');
      if (!own) return;
      await sweep(state);
      await rm(state, { recursive: true, force: true });
    },
    /** Starts another on the same state and address. */
    restart: () => startServer({ state, listen: new URL(url).host, config, env }).then((next) => {
      const stopNext = next.stop;
      next.stop = async () => { await stopNext(); if (own) { await sweep(state); await rm(state, { recursive: true, force: true }); } };
      return next;
    }),
  };
}

/** Ends the sandboxes of a state directory: without a database nobody owns them. */
async function sweep(state) {
  await rm(join(state, 'halfway.db'), { force: true });
  const child = spawn(process.env.HALFWAY_BINARY, ['--state', state, 'sweep'], { cwd: root, stdio: 'ignore' });
  await new Promise((resolve) => { child.once('exit', resolve); });
}
