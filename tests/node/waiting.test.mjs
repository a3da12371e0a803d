// Calls that wait: for their turn, for a pause to end, for a write before them. And what ends the waiting.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ClosedError, OverloadedError, PresenceClient, QueueTimeoutError, SupersededError } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { http, serve } from './support/canned.mjs';
import { rejection } from './support/rejection.mjs';
import { until } from './support/until.mjs';

/** One call now, the next one in 100 seconds: longer than any of these tests takes. */
const RARE = { rateLimits: { get: 1 }, rateShare: 0.01 };

function asked(emulator) {
  const requests = emulator.journal.entries().filter(({ operation }) => operation === 'get');
  return requests.map(({ body }) => JSON.parse(body).usernames[0]);
}

function queued(client) {
  return client.stats().endpoints.get.waiting;
}

describe('a turn', () => {
  test('beyond the deadline: told at once, unsent', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client(RARE);
    await client.user('wzy').get('c2');
    const error = await rejection(client.user('wzy').get('c2'));
    assert.ok(error instanceof QueueTimeoutError);
    assert.deepEqual([error.sent, error.attempts, error.retryable], ['no', 0, true]);
    assert.ok(error.retryAfterMs > 60_000 && error.retryAfterMs <= 100_000, `${error.retryAfterMs}`);
    assert.deepEqual(asked(emulator), ['c2']);
  });

  test('no more than maxQueued calls wait for it', async (t) => {
    const client = emulatorFor(t).client({ ...RARE, maxQueued: 0 });
    await client.user('wzy').get('c2');
    const error = await rejection(client.user('wzy').get('c2'));
    assert.ok(error instanceof OverloadedError);
    assert.deepEqual([error.sent, error.retryable], ['no', true]);
  });

  test('background calls let others go first', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ rateLimits: { get: 2 } });
    const behind = client.withOptions({ priority: 'background' });
    await client.user('wzy').get('first');
    await Promise.all([behind.user('wzy').get('behind'), client.user('wzy').get('normal')]);
    assert.deepEqual(asked(emulator), ['first', 'normal', 'behind']);
  });

  test('a group is one caller, and callers take turns', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ rateLimits: { get: 4 }, coalesce: false });
    const job = client.withOptions({ grouped: true }).user('wzy');
    await job.get('first');
    await Promise.all([...['job0', 'job1', 'job2'].map((id) => job.get(id)), client.user('wzy').get('other')]);
    const order = asked(emulator);
    assert.deepEqual(order.filter((id) => id !== 'other'), ['first', 'job0', 'job1', 'job2']);
    assert.ok(order.indexOf('other') <= 2, order.join());
  });

  test('aborting a call that waits for one frees its place', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ ...RARE, maxQueued: 1, timeoutMs: Infinity, coalesce: false });
    const user = client.user('wzy');
    await user.get('first');
    // The second takes the place that the first has left.
    for (const reason of ['enough', 'again']) {
      const controller = new AbortController();
      const waiting = rejection(user.get('aborted', { signal: controller.signal }));
      await until(() => queued(client) === 1);
      assert.ok((await rejection(user.get('too-many'))) instanceof OverloadedError);
      controller.abort(reason);
      assert.equal(await waiting, reason);
      await until(() => queued(client) === 0 && client.stats().active === 0);
    }
    assert.deepEqual(asked(emulator), ['first']);
  });

  test('closing ends the calls that wait for one, unsent', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ ...RARE, timeoutMs: Infinity, coalesce: false });
    await client.user('wzy').get('c2');
    const calls = Array.from({ length: 8 }, () => rejection(client.user('wzy').get('c2')));
    await until(() => queued(client) === 8);
    await client.close();
    for (const error of await Promise.all(calls)) {
      assert.ok(error instanceof ClosedError);
      assert.equal(error.sent, 'no');
    }
    assert.deepEqual(asked(emulator), ['c2']);
  });
});

test('aborting a call in a pause ends it', async (t) => {
  const server = await serve(() => http(503, { 'Retry-After': '3600' }, Buffer.from('')));
  t.after(() => server.stop());
  const client = new PresenceClient({ host: server.url, appKey: 'o#a', appToken: 't', timeoutMs: Infinity });
  const controller = new AbortController();
  const paused = rejection(client.user('wzy').get('c2', { signal: controller.signal }));
  await until(() => client.stats().retries === 1);
  controller.abort('enough');
  assert.equal(await paused, 'enough');
  await until(() => client.stats().active === 0);
  assert.equal(server.seen.requests.length, 1);
});

test('a newer set of a device takes the place of one that waits', async (t) => {
  const server = await serve(({ target }) => (target.endsWith('/1') ? 'hold' : http(200, {}, Buffer.from('{"result":"ok"}'))));
  t.after(() => server.stop());
  const client = new PresenceClient({ host: server.url, appKey: 'o#a', appToken: 't' });
  const controller = new AbortController();
  const set = (status, options) => client.user('c1').set(status, { resource: 'android', ...options });
  const first = rejection(set(1, { signal: controller.signal }));
  await server.until(({ requests }) => requests.length === 1);
  const [second, third] = [rejection(set(2)), set(3)];
  const error = await second;
  assert.ok(error instanceof SupersededError);
  assert.deepEqual([error.kind, error.sent, error.attempts], ['superseded', 'no', 0]);
  // The third goes when the first has ended.
  controller.abort('enough');
  assert.equal(await first, 'enough');
  await third;
  assert.deepEqual(server.seen.requests.map(({ target }) => target.at(-1)), ['1', '3']);
  assert.equal(client.stats().superseded, 1);
});
