// A running watcher keeps nothing alive by itself, ends with its environment, and goes when nobody holds it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { run } from './support/child.mjs';

const WATCHED = `
import { Emulator } from 'easemob-presence/testing';
const emulator = new Emulator();
emulator.configure({ rateLimit: { window: 'off' } });
const client = emulator.client({ rateLimits: 'off' });
const options = { minIntervalMs: 0, callsPerSecond: 200 };
const polls = () => emulator.journal.count('get');
async function until(condition) {
  const end = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error('it never came to that');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
`;
const GC = { args: ['--expose-gc'] };

test('a process with a watcher that nobody waits for exits by itself', async () => {
  const { code, stdout, stderr } = await run(`${WATCHED}
    const watcher = await client.user('wzy').watch(['c2'], options);
    for await (const { kind } of watcher) { console.log(kind); break; }`);
  assert.deepEqual([code, stdout, stderr], [0, 'synced\n', '']);
});

test('a process stays alive for who waits for an event', async () => {
  const { code, stdout } = await run(`${WATCHED}
    const watcher = await client.user('wzy').watch(['c2'], { ...options, callsPerSecond: 5 });
    let events = 0;
    (async () => {
      for await (const { kind } of watcher) {
        console.log(kind);
        events += 1;
        if (events === 1) emulator.state.login('c2', 'ios_1');
        else return;
      }
    })();`);
  assert.deepEqual([code, stdout], [0, 'synced\nenter\n']);
});

test('process.exit with a watcher that is waited for ends at once and in silence', async () => {
  const { code, stdout, stderr, ms } = await run(`${WATCHED}
    const watcher = await client.user('wzy').watch(['c2'], options);
    for await (const _ of watcher) break;
    (async () => { for await (const { kind } of watcher) console.log(kind); })();
    setImmediate(() => process.exit(7));`);
  assert.deepEqual([code, stdout, stderr], [7, '', '']);
  assert.ok(ms < 5_000, `${ms} ms`);
});

test('a watcher that is collected polls no more, also when a signal that was given to it lives on', async () => {
  const { code, stdout, stderr } = await run(
    `${WATCHED}
    const { signal } = new AbortController();
    await (async () => {
      const watcher = await client.user('wzy').watch(['c2'], { ...options, signal });
      for await (const _ of watcher) break;
      const begin = polls();
      await until(() => polls() >= begin + 20);
    })();
    await until(() => { globalThis.gc(); return client.stats().active === 0 && stopped(); });
    function stopped() {
      const begin = polls();
      // Longer than the distance between two polls.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      return polls() === begin;
    }
    console.log('stopped', signal.aborted);`,
    GC,
  );
  assert.deepEqual([code, stdout, stderr], [0, 'stopped false\n', '']);
});

test('a worker that is terminated takes its watchers along', async () => {
  const { code, stdout, stderr } = await run(`${WATCHED}
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const source = \`
      const { parentPort, workerData } = require('node:worker_threads');
      const { PresenceClient } = require('easemob-presence');
      const client = new PresenceClient({ emulator: workerData.host, rateLimits: 'off' });
      (async () => {
        const watcher = await client.user('wzy').watch(['c2'], workerData.options);
        for await (const { kind } of watcher) parentPort.postMessage(kind);
      })();
    \`;
    for (let round = 0; round < 20; round += 1) {
      const worker = new Worker(source, { eval: true, execArgv: [], workerData: { host: emulator.host, options } });
      await once(worker, 'message');
      await worker.terminate();
    }
    const own = await client.user('other').watch(['c9'], options);
    const of = (user) => emulator.journal.requests().filter(({ segments }) => segments.includes(user)).length;
    const begin = of('wzy');
    const others = of('other');
    await until(() => of('other') >= others + 20);
    // Of each of the twenty one poll may have been under way.
    console.log(of('wzy') - begin <= 20);
    await own.close();`);
  assert.deepEqual([code, stdout, stderr], [0, 'true\n', '']);
});

test('memory does not grow over 10,000 events', async () => {
  const { code, stdout, stderr } = await run(
    `${WATCHED}
    import { Webhook } from 'easemob-presence';
    const users = Array.from({ length: 100 }, (_, at) => 'u' + at);
    emulator.clock.freeze();
    const watcher = await client.user('wzy').watch(users, { callsPerSecond: 0.001 });
    const events = watcher[Symbol.asyncIterator]();
    await events.next();
    async function rounds(times) {
      let taken = 0;
      for (let turn = 0; turn < times; turn += 1) {
        const webhook = new Webhook('secret'); // which remembers what it has seen
        emulator.clock.advance(1);
        for (const user of users) watcher.feed(webhook.parse(emulator.callback(user, 'ios_1', turn % 2 ? 'logout' : 'login', 'secret')));
        for (const _ of users) taken += (await events.next()).value.source === 'callback' ? 1 : 0;
      }
      for (let round = 0; round < 8; round += 1) { globalThis.gc(); await new Promise((resolve) => setImmediate(resolve)); }
      return taken;
    }
    await rounds(60);
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const taken = await rounds(100);
    const after = process.memoryUsage();
    console.log(JSON.stringify([taken, after.heapUsed - heapUsed, after.external + after.arrayBuffers - external - arrayBuffers]));`,
    GC,
  );
  assert.deepEqual([code, stderr], [0, '']);
  const [taken, heap, outside] = JSON.parse(stdout);
  assert.equal(taken, 10_000);
  // A hundred bytes an event would be a megabyte.
  assert.ok(heap < 1_000_000 && outside < 1_000_000, stdout);
});
