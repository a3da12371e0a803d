// worker_threads: each has a bridge of its own, and may be terminated with calls in flight.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from './support/child.mjs';

/** Workers that make calls and say so; the main thread holds the server and ends them. */
const WORKERS = `
import { createServer } from 'node:net';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
await once(server, 'listening');
const source = \`
  const { parentPort, workerData } = require('node:worker_threads');
  const { PresenceClient } = require('easemob-presence');
  const client = new PresenceClient({ host: workerData.host, appKey: 'org#app', appToken: 'token', coalesce: false });
  const user = client.user('wzy');
  for (let at = 0; at < 4; at += 1) user.get('c2').catch(() => {});
  const pour = () => user.unsubscribe([]).then(pour);
  for (let at = 0; at < 4; at += 1) pour();
  parentPort.postMessage('flying');
\`;
const host = 'http://127.0.0.1:' + server.address().port;
async function one() {
  const worker = new Worker(source, { eval: true, execArgv: [], workerData: { host } });
  await once(worker, 'message');
  return worker.terminate();
}
async function many(number, atOnce) {
  let left = number;
  const line = async () => { while (left-- > 0) await one(); };
  await Promise.all(Array.from({ length: atOnce }, line));
}
`;

test('1,000 workers terminated with calls in flight leave the process alive and well', async () => {
  const { code, stdout, stderr } = await run(`${WORKERS}
    import { Emulator } from 'easemob-presence/testing';
    const emulator = new Emulator();
    const client = emulator.client();
    await many(1000, 8);
    console.log((await client.user('wzy').get('c2')).userId);
    server.close();
    process.exit(0);`);
  assert.deepEqual([code, stdout, stderr], [0, 'c2\n', '']);
});

test('workers that load the package alone, the main thread never, leave the process alive', async () => {
  const { code, stdout, stderr } = await run(`${WORKERS}
    await many(40, 2);
    console.log('alive');
    process.exit(0);`);
  assert.deepEqual([code, stdout, stderr], [0, 'alive\n', '']);
});

test('a worker works as the main thread does, and ends by itself', async () => {
  const { code, stdout, stderr } = await run(`
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const worker = new Worker(\`
      const { parentPort } = require('node:worker_threads');
      const { PresenceClient, Status } = require('easemob-presence');
      const { Emulator } = require('easemob-presence/testing');
      process.env.EASEMOB_EMULATOR_HOST = new Emulator().host;
      (async () => {
        const client = PresenceClient.fromEnv();
        await client.user('c2').set(Status.Online, { resource: 'ios_1' });
        parentPort.postMessage((await client.user('wzy').get('c2')).isOnline);
      })();
    \`, { eval: true, execArgv: [] });
    const [online] = await once(worker, 'message');
    const [code] = await once(worker, 'exit');
    console.log(online, code);`);
  assert.deepEqual([code, stdout, stderr], [0, 'true 0\n', '']);
});
