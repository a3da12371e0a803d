// What is Node's own about watchers: signals, loops, wrong use. The rest is in the shared scenarios.

import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { InvalidInputError, Webhook } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { rejection } from './support/rejection.mjs';

const QUICK = { minIntervalMs: 0, callsPerSecond: 200 };

function users(t) {
  const emulator = emulatorFor(t);
  emulator.configure({ rateLimit: { window: 'off' } });
  const client = emulator.client({ rateLimits: 'off' });
  return { emulator, client, user: client.user('wzy') };
}

async function rest(watcher) {
  const kinds = [];
  for await (const { kind } of watcher) kinds.push(kind);
  return kinds;
}

test('a signal that is aborted closes the watcher and ends who waits', async (t) => {
  const { user } = users(t);
  const controller = new AbortController();
  const watcher = await user.watch(['c2'], { signal: controller.signal });
  for await (const _ of watcher) break;
  const waiting = rest(watcher);
  controller.abort();
  assert.deepEqual(await waiting, []);
  assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
});

test('a signal that is aborted already refuses the watch with its reason', async (t) => {
  const reason = new Error('enough');
  assert.equal(await rejection(users(t).user.watch(['c2'], { signal: AbortSignal.abort(reason) })), reason);
});

test('leaving a loop loses no event and does not close', async (t) => {
  const { emulator, user } = users(t);
  emulator.state.login('c2', 'ios_1');
  await using_(await user.watch(['c2'], QUICK), async (watcher) => {
    const kinds = [];
    for (let round = 0; round < 2; round += 1) {
      for await (const { kind } of watcher) {
        kinds.push(kind);
        break;
      }
    }
    assert.deepEqual(kinds, ['enter', 'synced']);
  });
});

/** As `await using`, which Node 20 does not read yet. */
async function using_(watcher, act) {
  try {
    await act(watcher);
  } finally {
    await watcher[Symbol.asyncDispose]();
  }
  assert.deepEqual(await rest(watcher), []);
}

test('closing the client ends the watcher with the reason', async (t) => {
  const { client, user } = users(t);
  const watcher = await user.watch(['c2'], QUICK);
  for await (const _ of watcher) break;
  await client.close();
  const reasons = [];
  for await (const { reason } of watcher) reasons.push(reason);
  assert.deepEqual(reasons, ['closed']);
});

test('a warning has its error', async (t) => {
  const emulator = emulatorFor(t);
  const client = emulator.client({ clientId: undefined, clientSecret: undefined, appToken: 'not-a-token-of-this-app' });
  const watcher = await client.user('wzy').watch(['c2']);
  for await (const event of watcher) {
    assert.deepEqual([event.kind, event.reason, event.error.kind], ['warning', 'polls_refused', 'auth']);
    assert.ok(event.message.includes(event.error.detail));
    break;
  }
  await watcher.close();
});

test('events are frozen, and a presence is the same wherever it comes from', async (t) => {
  const { emulator, user } = users(t);
  emulator.state.login('c2', 'ios_1');
  const watcher = await user.watch(['c2'], QUICK);
  const { value: event } = await watcher[Symbol.asyncIterator]().next();
  assert.ok(Object.isFrozen(event) && Object.isFrozen(watcher.stats()) && Object.isFrozen(watcher.snapshot()));
  assert.ok(event.presence.equals(watcher.get('C2')) && event.presence.equals(watcher.snapshot()[0]));
  assert.ok(event.presence.equals(await user.get('c2')));
  await watcher.close();
});

test('wrong arguments are refused with a reason', async (t) => {
  const { user } = users(t);
  const wrong = [
    [{ share: 'half' }, /share must be a number/],
    [{ share: 2 }, /share of 2/],
    [{ buffer: 1.5 }, /buffer must be a whole number/],
    [{ minIntervalMs: -1 }, /minIntervalMs must be/],
    [{ restore: 7 }, /restore must be a string/],
    [{ restore: '{}' }, /not the saved state/],
    [{ unsubscribeOnClose: 1 }, /must be true or false/],
    [{ interval: 1 }, /no option "interval"/],
  ];
  for (const [options, words] of wrong) {
    const error = await rejection(user.watch(['c2'], options));
    assert.ok(error instanceof InvalidInputError, String(error));
    assert.match(error.message, words);
  }
  const watcher = await user.watch(['c2']);
  assert.throws(() => watcher.feed({ userId: 'c2' }), /feed takes what Webhook.parse returned/);
  assert.throws(() => watcher.add('c3'), /list of user ids/);
  assert.throws(() => watcher.add(['a/b']), InvalidInputError);
  await watcher.close();
});

test('a callback is fed as it was parsed', async (t) => {
  const { emulator, user } = users(t);
  const watcher = await user.watch(['c2'], { callsPerSecond: 0.01 });
  for await (const _ of watcher) break;
  watcher.feed(new Webhook('secret').parse(emulator.callback('C2', 'android_1', 'login', 'secret')));
  for await (const { kind, source, presence } of watcher) {
    assert.deepEqual([kind, source, presence.devices[0].resource], ['enter', 'callback', 'android_1']);
    break;
  }
  await watcher.close();
});
