// Counts and memory back at the baseline: after aborts, failures, clients, emulators and workers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HOLDING, run } from './support/child.mjs';

const BRIDGE = new URL('../../../dist/bridge.js', import.meta.url).pathname;

/** Measures after everything that can be collected is. */
const MEASURED = `
import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
const { pendingCalls } = createRequire(import.meta.url)(${JSON.stringify(BRIDGE)});
async function collected() {
  // Finalizers run in turns of their own, and free what later ones look at.
  for (let round = 0; round < 8; round += 1) { globalThis.gc(); await new Promise((resolve) => setImmediate(resolve)); }
}
async function measured() {
  await collected();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed, outside: external + arrayBuffers, rss, resources: process.getActiveResourcesInfo().length };
}
const descriptors = () => readdirSync('/proc/self/fd').length;
`;

const GC = { args: ['--expose-gc'] };

function read({ code, stdout, stderr }) {
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout);
}

test('100,000 aborts leave no promise, no listener and no connection', async () => {
  const counts = read(
    await run(
      `${HOLDING} ${MEASURED}
      const shared = new AbortController();
      let aborted = 0;
      const before = await measured();
      for (let round = 0; round < 1000; round += 1) {
        const own = new AbortController();
        const calls = Array.from({ length: 100 }, () => call({ signal: own.signal }).catch(() => { aborted += 1; }));
        // Some before the runtime has seen the call, some while it is on its way.
        if (round % 2) await new Promise((resolve) => setImmediate(resolve));
        own.abort();
        await Promise.all(calls);
        if (getEventListeners(own.signal, 'abort').length > 0) throw new Error('a listener stayed');
      }
      const after = await measured();
      console.log(JSON.stringify({ aborted, pending: pendingCalls(), grown: after.heap - before.heap, shared: getEventListeners(shared.signal, 'abort').length }));
      process.exit(0);`,
      GC,
    ),
  );
  assert.deepEqual([counts.aborted, counts.pending, counts.shared], [100_000, 0, 0]);
  assert.ok(counts.grown < 2_000_000, `the heap grew by ${counts.grown} bytes`);
});

test('connections of aborted calls are closed', async (t) => {
  if (process.platform !== 'linux') return t.skip('counts /proc/self/fd');
  const { before, peak, after } = read(
    await run(
      `${HOLDING} ${MEASURED}
      const before = descriptors();
      const flying = requests(64);
      const controller = new AbortController();
      const calls = Array.from({ length: 64 }, () => call({ signal: controller.signal }).catch(() => {}));
      await flying;
      const peak = descriptors();
      const open = new Set();
      controller.abort();
      await Promise.all(calls);
      while (descriptors() > before + 2) await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify({ before, peak, after: descriptors() }));
      process.exit(0);`,
    ),
  );
  assert.ok(peak >= before + 64 && after <= before + 2, JSON.stringify({ before, peak, after }));
});

for (const [what, body] of [
  ['answers of many users', `const ids = Array.from({ length: 100 }, (_, at) => 'user' + at); const once = async () => { for (const one of (await client.user('wzy').getMany(ids)).values()) one.devices; };`],
  ['failures', `const once = () => client.user('wzy').get('a/b').catch(() => {});`],
  ['calls with limits of their own', `const once = () => client.user('wzy').get('c2', { timeoutMs: 5000 });`],
  ['clients', `const once = async () => { const own = emulator.client({ rateLimits: 'off' }); await own.user('wzy').get('c2'); await own.close(); };`],
  ['clients with a token provider', `const once = async () => { await emulator.client({ rateLimits: 'off', tokenProvider: () => emulator.issueToken(1e6) }).user('wzy').get('c2'); };`],
  ['iterations', `const once = async () => { for await (const _ of client.user('wzy').subscriptions()) break; };`],
]) {
  test(`${what}: thousands of them grow nothing`, async () => {
    const { grown, pending, resources } = read(
      await run(
        `${MEASURED}
        import { Emulator } from 'easemob-presence/testing';
        const emulator = new Emulator({ settings: { rateLimit: { window: 'off' } } });
        const client = emulator.client({ rateLimits: 'off' });
        await client.user('wzy').subscribe(['c2', 'c3']);
        ${body}
        const rounds = async (number) => { for (let at = 0; at < number; at += 1) { await once(); if (at % 100 === 0) { emulator.journal.clear(); await collected(); } } };
        await rounds(500);
        const before = await measured();
        await rounds(2000);
        emulator.journal.clear();
        const after = await measured();
        console.log(JSON.stringify({ grown: after.heap + after.outside - before.heap - before.outside, pending: pendingCalls(), resources: after.resources - before.resources }));`,
        GC,
      ),
    );
    assert.deepEqual([pending, resources], [0, 0]);
    // One object kept for each round would be 200 KB at least.
    assert.ok(grown < 150_000, `grew by ${grown} bytes`);
  });
}
