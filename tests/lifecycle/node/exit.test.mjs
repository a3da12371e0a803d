// How a process ends: by itself when nothing is pending, and at once when it is told to, whatever is in flight.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HOLDING, run, start } from './support/child.mjs';

const EMULATED = `
import { Emulator } from 'easemob-presence/testing';
import { Status } from 'easemob-presence';
const emulator = new Emulator();
const client = emulator.client({ rateLimits: 'off' });
`;

test('a process with a client and an emulator and nothing pending exits by itself', async () => {
  const { code, stderr } = await run(`${EMULATED} await client.user('wzy').get('c2'); console.log('done');`);
  assert.deepEqual([code, stderr], [0, '']);
});

test('a process stays alive until a call that nobody awaits has ended', async () => {
  const { code, stdout } = await run(`${EMULATED} client.user('wzy').get('c2').then(({ userId }) => console.log(userId));`);
  assert.deepEqual([code, stdout], [0, 'c2\n']);
});

test('it stays alive for each of many calls, one after another and at once', async () => {
  const { code, stdout } = await run(`${EMULATED}
    emulator.configure({ rateLimit: { window: 'off' } });
    let ended = 0;
    const chain = (left) => client.user('wzy').get('c2').then(() => { ended += 1; if (left > 1) chain(left - 1); });
    for (let at = 0; at < 50; at += 1) chain(10);
    process.on('exit', () => console.log(ended));`);
  assert.deepEqual([code, stdout], [0, '500\n']);
});

test('an aborted call keeps nothing alive', async () => {
  const { code, stdout, ms } = await run(`${HOLDING}
    const controller = new AbortController();
    const flying = requests(1);
    const aborted = call({ signal: controller.signal }).catch((reason) => console.log(reason));
    await flying;
    controller.abort('enough');
    await aborted;`);
  assert.deepEqual([code, stdout], [0, 'enough\n']);
  assert.ok(ms < 5_000, `${ms} ms`);
});

test('closing lets a process end that has calls in flight, in a pause and in the queue', async () => {
  const { code, stdout, stderr, ms } = await run(`${HOLDING}
    const flying = requests(8);
    const calls = Array.from({ length: 8 }, () => call().catch(({ kind }) => kind));
    await flying;
    const rare = new PresenceClient({ emulator: '127.0.0.1:1', appToken: 'canary', timeoutMs: Infinity, rateLimits: 1, rateShare: 0.01, coalesce: false });
    const queued = Array.from({ length: 8 }, () => rare.user('wzy').get('c2').catch(({ kind }) => kind));
    while (rare.stats().endpoints.get.waiting < 8) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([client.close(), rare.close()]);
    console.log([...new Set(await Promise.all([...calls, ...queued]))].join());`);
  assert.deepEqual([code, stdout, stderr], [0, 'closed\n', '']);
  assert.ok(ms < 5_000, `${ms} ms`);
});

for (const exit of ['process.exit(7)', 'process.reallyExit(7)']) {
  test(`${exit} with calls in flight ends at once, with its code and without a word`, async () => {
    const { code, stdout, stderr, ms } = await run(`${HOLDING}
      const flying = requests(32);
      for (let at = 0; at < 32; at += 1) void call();
      await flying;
      ${exit};`);
    assert.deepEqual([code, stdout, stderr], [7, '', '']);
    assert.ok(ms < 5_000, `${ms} ms`);
  });
}

test('process.exit while completions are pouring in says nothing, twenty times', async () => {
  for (let round = 0; round < 20; round += 1) {
    const { code, stderr } = await run(`${EMULATED}
      const pour = () => client.user('wzy').unsubscribe([]).then(pour);
      for (let at = 0; at < 64; at += 1) void pour();
      setTimeout(() => process.exit(3), ${round});`);
    assert.deepEqual([code, stderr], [3, '']);
  }
});

test('an exception with calls in flight ends with its own message only', async () => {
  const { code, stderr } = await run(`${HOLDING}
    const flying = requests(1);
    void call();
    await flying;
    throw new Error('mine');`);
  assert.equal(code, 1);
  assert.match(stderr, /Error: mine/);
  assert.doesNotMatch(stderr, /easemob|panicked|canary/);
});

test('SIGTERM with calls in flight ends at once', async () => {
  const { child, ended } = start(`${HOLDING}
    const flying = requests(4);
    for (let at = 0; at < 4; at += 1) void call();
    await flying;
    console.log('flying');`);
  child.stdout.once('data', () => child.kill('SIGTERM'));
  const { signal, stderr } = await ended;
  assert.deepEqual([signal, stderr], ['SIGTERM', '']);
});

test('no rejection is left unhandled: neither of aborted calls, nor of failed ones, nor of a failing provider', async () => {
  const { code, stdout, stderr } = await run(
    `${HOLDING}
    const flying = requests(8);
    const controller = new AbortController();
    const aborted = Array.from({ length: 8 }, () => call({ signal: controller.signal }).catch(() => 'aborted'));
    await flying;
    controller.abort();
    const failed = client.user('wzy').get('a/b').catch(({ kind }) => kind);
    const provided = new PresenceClient({ emulator: '127.0.0.1:1', tokenProvider: () => { throw new Error('x'); } });
    const outcomes = await Promise.all([...aborted, failed, provided.appToken().catch(({ kind }) => kind)]);
    await new Promise((resolve) => setImmediate(resolve));
    console.log([...new Set(outcomes)].join());`,
    { args: ['--unhandled-rejections=strict'] },
  );
  assert.deepEqual([code, stdout, stderr], [0, 'aborted,invalid_input,auth\n', '']);
});

test('a rejection that nobody handles is an Error with a stack, and ends the process as any other', async () => {
  const { code, stderr } = await run(`${EMULATED} client.user('wzy').get('a/b');`);
  assert.equal(code, 1);
  assert.match(stderr, /InvalidInputError: get: invalid_input: the user id "a\/b"/);
});
