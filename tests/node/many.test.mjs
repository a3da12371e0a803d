// Calls on many users, beyond what the shared scenarios say: progress, iterables, aborting, closing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { InvalidInputError, PartialFailureError, PresenceClient } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { until } from './support/until.mjs';

const IDS = Array.from({ length: 250 }, (_, n) => `u${n}`);
const refused = { faults: [{ match: { contains: '"u150"' }, fault: { type: 'answer', status: 400, text: '{}' } }] };

function client(t, options = { rateLimits: 'off' }) {
  const emulator = emulatorFor(t);
  const one = new PresenceClient({ emulator: emulator.host, ...options });
  t.after(() => one.close());
  return { emulator, client: one, user: one.user('wzy') };
}

test('progress ends with all users told of, before the promise settles', async (t) => {
  const { emulator, client: one, user } = client(t, {});
  emulator.faults.install(refused);
  const told = [];
  const onProgress = (now) => told.push(now);
  const error = await user.getMany(IDS, { onProgress }).catch((error) => error);
  const last = told.at(-1);
  assert.deepEqual([last.done, last.total, last.failed, last.etaMs], [250, 250, 100, 0]);
  assert.ok(last.rate > 0 && last.elapsedMs > 0);
  assert.ok(error instanceof PartialFailureError);
  assert.deepEqual([error.presences.size, error.succeeded.length, error.failed.size], [150, 150, 100]);
  assert.equal(error.failed.get('u150').kind, 'bad_request');
  assert.deepEqual(JSON.parse(JSON.stringify(error)).partial.causes[0].users.length, 100);
  emulator.faults.clear();
  for (const call of [() => user.subscribe(IDS, { onProgress }), () => one.onlineStates(IDS, { onProgress }), () => user.unsubscribe(IDS, { onProgress })]) {
    told.length = 0;
    await call();
    assert.equal(told.at(-1).done, 250);
  }
});

test('a function that throws is told of by a warning, not called again, and changes nothing', async (t) => {
  const { user } = client(t);
  let calls = 0;
  const onProgress = () => {
    calls += 1;
    throw new Error('on purpose');
  };
  const warned = once(process, 'warning');
  assert.equal((await user.getMany(IDS, { onProgress })).size, 250);
  assert.match((await warned)[0].message, /onProgress threw: Error: on purpose/);
  let users = 0;
  for await (const presences of user.iterMany(IDS, { onProgress })) users += presences.size;
  assert.deepEqual([users, calls], [250, 2]);
  await assert.rejects(user.getMany(IDS, { onProgress: 7 }), InvalidInputError);
  assert.throws(() => user.iterMany(IDS, { onProgress: 7 }), InvalidInputError);
});

test('iterMany takes any iterable, knows the total of what has a length, and reads no further than it needs', async (t) => {
  const { user } = client(t);
  for (const [ids, total] of [[IDS, 250], [new Set(IDS), 250], [IDS.values(), undefined]]) {
    let last;
    for await (const presences of user.iterMany(ids, { onProgress: (now) => (last = now) })) assert.ok(presences.size >= 50);
    assert.deepEqual([last.done, last.total], [250, total]);
  }
  let taken = 0;
  function* endless() {
    for (;;) yield `u${taken++}`;
  }
  for await (const presences of user.iterMany(endless())) {
    assert.deepEqual([...presences.keys()].slice(0, 2), ['u0', 'u1']);
    break;
  }
  assert.ok(taken < 50_000);
  const answers = user.iterMany(IDS);
  const [first, second, third, fourth] = await Promise.all([answers.next(), answers.next(), answers.next(), answers.next()]);
  assert.deepEqual([first.value.size, second.value.size, third.value.size, fourth.done], [100, 100, 50, true]);
});

test('leaving a loop early ends the source and what is under way', async (t) => {
  const { client: one, user } = client(t);
  let ended = false;
  async function* source() {
    try {
      yield* IDS;
      yield* IDS;
    } finally {
      ended = true;
    }
  }
  for await (const _ of user.iterMany(source())) break;
  assert.ok(ended);
  await until(() => one.stats().active === 0);
});

test('what the source throws is thrown, and what was read is still answered', async (t) => {
  const { user } = client(t);
  async function* broken() {
    yield* IDS;
    throw new Error('the database is gone');
  }
  const answers = user.iterMany(broken());
  const sizes = [];
  const read = async () => {
    for await (const presences of answers) sizes.push(presences.size);
  };
  await assert.rejects(read(), /the database is gone/);
  await read();
  assert.equal(sizes.reduce((sum, size) => sum + size, 0), 250);
});

test('what is no list of ids is refused', async (t) => {
  const { user } = client(t);
  for (const wrong of ['c2', 7, null, undefined, {}]) assert.throws(() => user.iterMany(wrong), InvalidInputError);
  const answers = user.iterMany(['u1', 7, 'u2']);
  await assert.rejects(answers.next(), /ids\[1\] must be a string, not 7/);
  assert.deepEqual([...(await answers.next()).value.keys()], ['u1', 'u2']);
  assert.equal((await answers.next()).done, true);
});

test('an aborted signal frees every request of a list', async (t) => {
  const { emulator, client: one, user } = client(t);
  emulator.faults.install({ faults: [{ match: { operation: 'get' }, fault: { type: 'hang' } }] });
  const controller = new AbortController();
  const call = user.getMany(IDS, { signal: controller.signal });
  await until(() => emulator.journal.entries().filter(({ operation }) => operation === 'get').length === 3);
  assert.equal(one.stats().active, 3);
  controller.abort();
  await assert.rejects(call, { name: 'AbortError' });
  await until(() => one.stats().active === 0);
});

test('closing the client keeps what was answered', async (t) => {
  const { emulator, client: one, user } = client(t);
  emulator.faults.install({ faults: [{ match: { contains: '"u150"' }, fault: { type: 'hang' } }] });
  const call = user.getMany(IDS).catch((error) => error);
  await until(() => one.stats().succeeded === 2);
  await one.close();
  const error = await call;
  assert.ok(error instanceof PartialFailureError);
  assert.deepEqual([error.presences.size, new Set([...error.failed.values()].map(({ kind }) => kind))], [150, new Set(['closed'])]);
});

test('the timeout bounds the whole list', async (t) => {
  const { user } = client(t, { rateLimits: 10 });
  const error = await user.getMany(Array.from({ length: 5_000 }, (_, n) => `u${n}`), { timeoutMs: 500 }).catch((error) => error);
  assert.ok([...error.partial.failed.values()].some(({ kind, sent }) => kind === 'queue_timeout' && sent === 'no'));
});
