// Options reach the core, as seen from outside; and the numbers that it gives.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { AuthError, ConfigError, PresenceClient, ServerError } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { http, serve } from './support/canned.mjs';
import { rejection } from './support/rejection.mjs';

const DOCUMENTED = {
  set: 50, subscribe: 50, get: 50, unsubscribe: 50, subscriptions: 50, devices: 100, is_online: 100, online_states: 50,
  group_online_count: 100, token: 300,
};

function each(change) {
  return Object.fromEntries(Object.entries(DOCUMENTED).map(([name, limit]) => [name, change(limit, name)]));
}

function limits(client) {
  return Object.fromEntries(Object.entries(client.stats().endpoints).map(([name, { limit }]) => [name, limit]));
}

test('attempts are as many as the client or its copy may make', async (t) => {
  const server = await serve(() => http(503, {}, Buffer.from('')));
  t.after(() => server.stop());
  const client = new PresenceClient({ host: server.url, appKey: 'o#a', appToken: 't', maxAttempts: 3 });
  const once = client.withOptions({ maxAttempts: 1 });
  for (const [one, attempts] of [[client, 3], [once, 1], [once.withOptions({ timeoutMs: 5_000 }), 1]]) {
    const before = server.seen.requests.length;
    const error = await rejection(one.user('wzy').get('c2'));
    assert.ok(error instanceof ServerError);
    assert.deepEqual([server.seen.requests.length - before, error.attempts], [attempts, attempts]);
  }
});

describe('rates', () => {
  for (const [options, expected] of [
    [{}, DOCUMENTED],
    [{ rateLimits: 'documented' }, DOCUMENTED],
    [{ rateLimits: 'off' }, each(() => undefined)],
    [{ rateLimits: 7 }, each(() => 7)],
    [{ rateLimits: { get: 200, set: 5, token: undefined } }, { ...DOCUMENTED, get: 200, set: 5 }],
    [{ rateShare: 0.5 }, each((limit) => limit / 2)],
    [{ rateLimits: { get: 200 }, rateShare: 0.5 }, { ...each((limit) => limit / 2), get: 100 }],
    [{ rateLimits: 'off', rateShare: 0.5 }, each(() => undefined)],
  ]) {
    test(`${JSON.stringify(options)} are those that were given`, (t) => {
      assert.deepEqual(limits(emulatorFor(t).client(options)), expected);
      const before = process.env.EASEMOB_EMULATOR_HOST;
      t.after(() => {
        if (before === undefined) delete process.env.EASEMOB_EMULATOR_HOST;
        else process.env.EASEMOB_EMULATOR_HOST = before;
      });
      process.env.EASEMOB_EMULATOR_HOST = emulatorFor(t).host;
      assert.deepEqual(limits(PresenceClient.fromEnv(options)), expected);
    });
  }
});

describe('the distance of tokens', () => {
  test('none: they follow each other at once', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ minTokenIntervalMs: 0 });
    for (let round = 0; round < 3; round += 1) {
      await client.user('wzy').get('c2');
      emulator.expireTokens();
    }
    assert.equal(client.stats().tokenRequests, 3);
  });

  test('one beyond the deadline is not waited for', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ minTokenIntervalMs: 3_600_000 });
    await client.user('wzy').get('c2');
    emulator.expireTokens();
    assert.ok((await rejection(client.user('wzy').get('c2'))) instanceof AuthError);
    assert.equal(client.stats().tokenRequests, 1);
  });
});

test('the numbers tell what was done, by clones too, and cannot be changed', async (t) => {
  const emulator = emulatorFor(t);
  const client = emulator.client({ rateLimits: { get: 200 } });
  await client.withOptions({ timeoutMs: 5_000 }).user('wzy').get('c2');
  emulator.configure({ presenceEnabled: false });
  await rejection(client.user('wzy').get('c2'));
  const { endpoints, ...numbers } = client.stats();
  assert.deepEqual(numbers, {
    calls: 2, active: 0, succeeded: 1, failed: 1, superseded: 0, attempts: 2, retries: 0, replays: 0, coalesced: 0, cached: 0, tokenRequests: 1,
    retryQuota: 500,
  });
  assert.deepEqual(endpoints.get, { endpoint: 'get', limit: 200, rate: 200, waiting: 0, inFlight: 0, sent: 2, limited: 0 });
  assert.deepEqual(Object.keys(endpoints), Object.keys(DOCUMENTED));
  for (const one of [client.stats(), endpoints, endpoints.get]) assert.ok(Object.isFrozen(one));
});

describe('rotating the client secret', () => {
  test('the next token is asked for with the new one, by clones too', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client({ clientId: emulator.clientId, clientSecret: 'old', minTokenIntervalMs: 0 });
    const clone = client.withOptions({ timeoutMs: 5_000 });
    assert.ok((await rejection(client.user('wzy').get('c2'))) instanceof AuthError);
    client.rotateClientSecret(emulator.clientSecret);
    assert.equal((await clone.user('wzy').get('c2')).userId, 'c2');
  });

  for (const [what, secret, options, words] of [
    ['an empty one', '', {}, /secret/],
    ['one of the wrong type', { canary: 1 }, {}, /the client secret must be a string/],
    ['one for a client that has none', 'canary', { appToken: 'x' }, /none to replace/],
  ]) {
    test(`${what} is refused unseen`, (t) => {
      const client = emulatorFor(t).client(options);
      assert.throws(() => client.rotateClientSecret(secret), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, words);
        assert.ok(!`${error.message}${JSON.stringify(error)}`.includes('canary'));
        return true;
      });
    });
  }
});
