// Calls that wait: for their turn, for a pause to end, for a write before them. And what ends the waiting.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import {
  AuthError,
  ClosedError,
  ConfigError,
  OverloadedError,
  PresenceClient,
  QueueTimeoutError,
  ServerError,
  Status,
  SupersededError,
} from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { http, serve } from './support/canned.mjs';
import { rejection } from './support/rejection.mjs';

// One call now, the next one in 100 seconds: longer than any of these tests takes.
const RARE = { rateLimits: { get: 1 }, rateShare: 0.01 };
const UNAVAILABLE = http(503, {}, Buffer.alloc(0));
const OK = http(200, {}, Buffer.from('{"result":"ok"}'));

/** Looks until the condition holds: native threads tell no one what they have come to. */
async function until(condition) {
  while (!condition()) await setImmediate();
}

const queued = (client) => client.stats().endpoints.get.waiting;

/** Whose presence was asked for, in order. */
function asked(emulator) {
  const gets = emulator.journal.requests().filter(({ operation }) => operation === 'get');
  return gets.map(({ body }) => JSON.parse(body).usernames[0]);
}

async function serving(t, reply, options = {}) {
  const server = await serve(reply);
  t.after(() => server.stop());
  const client = new PresenceClient({
    host: server.url,
    appKey: 'org#app',
    appToken: 'token',
    rateLimits: 'off',
    ...options,
  });
  return { server, client };
}

describe('turns', () => {
  test('a turn beyond the deadline is told at once', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client(RARE);
    await client.user('wzy').get('c2');
    const error = await rejection(client.user('wzy').get('c2'));
    assert.ok(error instanceof QueueTimeoutError);
    assert.deepEqual([error.sent, error.attempts, error.retryable], ['no', 0, true]);
    assert.ok(error.retryAfterMs > 60_000 && error.retryAfterMs <= 100_000, `${error.retryAfterMs}`);
    assert.equal(asked(emulator).length, 1);
  });

  test('no more than maxQueued calls wait', async (t) => {
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
    const client = emulator.client({ rateLimits: { get: 4 } });
    const job = client.withOptions({ grouped: true });
    await job.user('wzy').get('first');
    const calls = [0, 1, 2].map((number) => job.user('wzy').get(`job${number}`));
    await Promise.all([...calls, client.user('wzy').get('other')]);
    const order = asked(emulator);
    assert.ok(order.indexOf('other') < order.indexOf('job1'), order.join());
  });

  test('rates off hold nothing back', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ rateLimits: 'off' });
    await Promise.all(Array.from({ length: 30 }, () => client.user('wzy').get('c2')));
    const { limit, waiting, sent } = client.stats().endpoints.get;
    assert.deepEqual([limit, waiting, sent], [undefined, 0, 30]);
  });

  test('rates and shares are numbers of the endpoint', (t) => {
    const emulator = emulatorFor(t);
    const { endpoints } = emulator.client({ rateLimits: { get: 200 }, rateShare: 0.25 }).stats();
    assert.deepEqual([endpoints.get.limit, endpoints.set.limit], [50, 12.5]);
    for (const options of [
      { rateLimits: { nonsense: 5 } },
      { rateLimits: 'some' },
      { rateLimits: 0 },
      { rateShare: 0 },
      { rateShare: 2 },
      { maxAttempts: 0 },
    ]) {
      assert.throws(() => emulator.client(options), ConfigError, JSON.stringify(options));
    }
    assert.throws(() => emulator.client().withOptions({ priority: 'urgent' }), ConfigError);
  });

  test('aborting a call in the queue frees its place', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ ...RARE, maxQueued: 1, timeoutMs: 3_600_000 });
    const user = client.user('wzy');
    await user.get('first');
    // The second takes the place that the first has left.
    for (const _ of [1, 2]) {
      const controller = new AbortController();
      const waiting = rejection(user.get('aborted', { signal: controller.signal }));
      await until(() => queued(client) === 1);
      assert.ok((await rejection(user.get('too-many'))) instanceof OverloadedError);
      controller.abort('enough');
      assert.equal(await waiting, 'enough');
      await until(() => queued(client) === 0 && client.stats().active === 0);
    }
    assert.deepEqual(asked(emulator), ['first']);
  });
});

describe('retries', () => {
  test('as many attempts as allowed are made, and told', async (t) => {
    const { server, client } = await serving(t, () => UNAVAILABLE);
    for (const [maxAttempts, made] of [
      [1, 1],
      [3, 3],
      [undefined, 4],
    ]) {
      const before = server.seen.requests.length;
      const error = await rejection(client.withOptions({ maxAttempts }).user('c1').get('c2'));
      assert.ok(error instanceof ServerError);
      assert.deepEqual([error.attempts, server.seen.requests.length - before], [made, made]);
    }
    assert.equal(client.stats().retries, 5);
  });

  test('aborting a call in a pause ends it', async (t) => {
    const later = http(503, { 'retry-after': '3600' }, Buffer.alloc(0));
    const { server, client } = await serving(t, () => later, { timeoutMs: 7_200_000 });
    const controller = new AbortController();
    const paused = rejection(client.user('wzy').get('c2', { signal: controller.signal }));
    await until(() => client.stats().retries === 1);
    controller.abort('enough');
    assert.equal(await paused, 'enough');
    await until(() => client.stats().active === 0);
    assert.equal(server.seen.requests.length, 1);
  });

  test('a rotated secret is used from the next token on', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ clientSecret: 'old', clientId: emulator.clientId, minTokenIntervalMs: 0 });
    assert.ok((await rejection(client.user('wzy').get('c2'))) instanceof AuthError);
    client.withOptions({}).rotateClientSecret(emulator.clientSecret);
    await client.user('wzy').get('c2');
    assert.throws(() => client.rotateClientSecret(''), ConfigError);
    assert.throws(() => emulator.client({ appToken: 'x' }).rotateClientSecret('y'), ConfigError);
  });
});

test('a newer set of a device takes the place of one that waits', async (t) => {
  let hold = true;
  const { server, client } = await serving(t, () => (hold ? 'hold' : OK), { attemptTimeoutMs: 300 });
  const set = (number) => client.user('c1').set(number, { resource: 'android' });
  const first = set(1);
  await server.until(({ requests }) => requests.length === 1);
  const [second, third] = [rejection(set(2)), set(3)];
  const error = await second;
  assert.ok(error instanceof SupersededError);
  assert.deepEqual([error.kind, error.sent, error.attempts], ['superseded', 'no', 0]);
  hold = false;
  // Its attempt times out, and it is not made again: a newer one waits.
  assert.deepEqual([(await rejection(first)).kind, client.stats().superseded], ['superseded', 2]);
  await third;
  assert.deepEqual(
    server.seen.requests.map(({ target }) => target.at(-1)),
    ['1', '3'],
  );
});

describe('closing', () => {
  test('ends calls under way, down to the socket, and refuses later ones, for clones too', async (t) => {
    const { server, client } = await serving(t, () => 'hold', { timeoutMs: 3_600_000 });
    const clone = client.withOptions({ attemptTimeoutMs: 3_600_000 });
    const call = rejection(clone.user('c1').set(Status.Online, { resource: 'android' }));
    await server.until(({ requests }) => requests.length === 1);
    await client.close();
    const error = await call;
    assert.ok(error instanceof ClosedError);
    assert.deepEqual([error.sent, error.attempts], ['maybe', 1]);
    await server.until(({ closedByPeer }) => closedByPeer === 1);
    for (const one of [client, clone]) {
      assert.match((await rejection(one.user('wzy').get('c2'))).message, /the client is closed/);
    }
    await client.close();
  });

  test('ends calls in the queue', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ ...RARE, timeoutMs: 3_600_000 });
    await client.user('wzy').get('c2');
    const waiting = Array.from({ length: 8 }, () => rejection(client.user('wzy').get('c2')));
    await until(() => queued(client) === 8);
    await client.close();
    assert.deepEqual(
      (await Promise.all(waiting)).map(({ kind, sent }) => [kind, sent]),
      Array.from({ length: 8 }, () => ['closed', 'no']),
    );
    assert.equal(asked(emulator).length, 1);
  });
});
