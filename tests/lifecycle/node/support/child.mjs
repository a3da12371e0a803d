// Runs a program in a process of its own and tells how it ended.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('..', import.meta.url));

/** Starts `source` as an ES module; `ended` resolves with its exit code, signal, output and duration. */
export function start(source, { args = [], env = {} } = {}) {
  const began = performance.now();
  const child = spawn(process.execPath, [...args, '--input-type=module', '--eval', source], {
    cwd: HERE,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (output[name] += text));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code,
    signal,
    ...output,
    ms: performance.now() - began,
  }));
  return { child, ended };
}

export function run(source, options) {
  return start(source, options).ended;
}

/** What every program begins with: a server that answers nothing, and calls that wait for it. */
export const HOLDING = `
import { createServer } from 'node:net';
import { once } from 'node:events';
import { PresenceClient } from 'easemob-presence';
let seen = () => {};
const requests = (number) => new Promise((resolve) => {
  let count = 0;
  seen = () => (count += 1) >= number && resolve();
});
const server = createServer((socket) => { socket.on('error', () => {}); socket.on('data', () => seen()); }).listen(0, '127.0.0.1');
await once(server, 'listening');
server.unref();
server.on('connection', (socket) => socket.unref());
const client = new PresenceClient({ host: 'http://127.0.0.1:' + server.address().port, appKey: 'org#app', appToken: 'canary', rateLimits: 'off', coalesce: false });
const call = (options) => client.user('wzy').get('c2', options);
`;
