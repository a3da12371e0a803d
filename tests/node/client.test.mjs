// What Node adds to the core: aborting, limits, closing, token providers, events, stacks.

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';

import { AuthError, ClosedError, DeadlineError, PresenceClient, Status } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { http, serve } from './support/canned.mjs';
import { rejection } from './support/rejection.mjs';

/** Each get is a request of its own unless it is said otherwise. */
async function holding(t, options = { coalesce: false }) {
  const server = await serve(() => 'hold');
  t.after(() => server.stop());
  const client = new PresenceClient({ host: server.url, appKey: 'org#app', appToken: 'token', ...options });
  return { server, client };
}

test('a proxy gets the calls with their full address', async (t) => {
  const proxy = await serve(() => http(200, {}, Buffer.from('{"result":"ok"}')));
  t.after(() => proxy.stop());
  const host = 'http://presence.invalid';
  const client = new PresenceClient({
    host,
    allowInsecureHttp: true,
    proxy: proxy.url,
    appKey: 'org#app',
    appToken: 'token',
  });
  await client.user('c1').set(Status.Online, { resource: 'android' });
  const targets = proxy.seen.requests.map((request) => request.target);
  assert.deepEqual(targets, [`${host}/org/app/users/c1/presence/android/1`]);
});

describe('abort', () => {
  test('a signal that is aborted already rejects with its reason, and nothing is sent', async (t) => {
    const { server, client } = await holding(t);
    const reason = new Error('not any more');
    assert.equal(await rejection(client.user('wzy').get('c2', { signal: AbortSignal.abort(reason) })), reason);
    assert.equal(server.seen.connections, 0);
  });

  test('aborting in flight rejects with the reason and closes the socket', async (t) => {
    const { server, client } = await holding(t);
    const controller = new AbortController();
    const call = rejection(client.user('wzy').get('c2', { signal: controller.signal }));
    await server.until(({ requests }) => requests.length === 1);
    controller.abort('enough');
    assert.equal(await call, 'enough');
    await server.until(({ closedByPeer }) => closedByPeer === 1);
  });

  test('aborting without a reason rejects as the platform does', async (t) => {
    const { server, client } = await holding(t);
    const controller = new AbortController();
    const call = rejection(client.user('wzy').isOnline({ signal: controller.signal }));
    await server.until(({ requests }) => requests.length === 1);
    controller.abort();
    assert.equal((await call).name, 'AbortError');
  });

  test('aborting one of several calls leaves the others', async (t) => {
    const { server, client } = await holding(t);
    const controllers = [1, 2, 3].map(() => new AbortController());
    const calls = controllers.map(({ signal }) => rejection(client.user('wzy').get('c2', { signal })));
    await server.until(({ requests }) => requests.length === 3);
    controllers[1].abort('the second');
    assert.equal(await calls[1], 'the second');
    assert.equal(server.seen.requests.length, 3);
    await server.until(({ closedByPeer }) => closedByPeer === 1);
    controllers[0].abort('the first');
    controllers[2].abort('the third');
    assert.deepEqual(await Promise.all(calls), ['the first', 'the second', 'the third']);
  });

  test('aborting calls that share a request ends it with the last of them', async (t) => {
    const { server, client } = await holding(t, { rateLimits: { get: 2 } });
    const get = (id, signal) => rejection(client.user('wzy').get(id, { signal }));
    // Takes the turn, so that the next request waits half a second for those who share it.
    const first = new AbortController();
    const alone = get('c1', first.signal);
    await server.until(({ requests }) => requests.length === 1);
    const [one, other] = [new AbortController(), new AbortController()];
    const calls = [get('c2', one.signal), get('c3', other.signal)];
    await server.until(({ requests }) => requests.length === 2);
    assert.equal(client.stats().coalesced, 1);
    one.abort('one');
    assert.equal(await calls[0], 'one');
    assert.equal(server.seen.closedByPeer, 0);
    other.abort('other');
    assert.equal(await calls[1], 'other');
    await server.until(({ closedByPeer }) => closedByPeer === 1);
    first.abort('first');
    assert.equal(await alone, 'first');
  });

  test('one signal serves several calls, and no listener stays', async (t) => {
    const emulator = emulatorFor(t);
    const user = emulator.client().user('wzy');
    const { signal } = new AbortController();
    const calls = [1, 2, 3].map(() => user.get('c2', { signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    await Promise.all(calls);
    await rejection(user.get('a/b', { signal }));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('an iteration stops with its signal', async (t) => {
    const emulator = emulatorFor(t);
    const user = emulator.client().user('wzy');
    await user.subscribe(['c1', 'c2', 'c3']);
    const controller = new AbortController();
    const seen = [];
    const error = await rejection(
      (async () => {
        for await (const { userId } of user.subscriptions({ pageSize: 1, signal: controller.signal })) {
          seen.push(userId);
          controller.abort('stop');
        }
      })(),
    );
    assert.deepEqual([error, seen], ['stop', ['c1']]);
  });
});

describe('limits', () => {
  test('timeoutMs of a call holds for that call', async (t) => {
    const { client } = await holding(t);
    const error = await rejection(client.user('wzy').get('c2', { timeoutMs: 30 }));
    assert.ok(error instanceof DeadlineError);
    assert.deepEqual([error.kind, error.sent, error.retryable], ['timeout', 'maybe', true]);
  });

  test('withOptions replaces limits and shares the token', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client();
    await client.user('wzy').get('c2');
    await client.withOptions({ timeoutMs: 5_000, attemptTimeoutMs: 4_000 }).user('wzy').get('c2');
    assert.equal(emulator.journal.count('token'), 1);
  });

  test('Infinity is as long as it takes', async (t) => {
    const client = emulatorFor(t).client({ timeoutMs: Infinity, attemptTimeoutMs: Infinity });
    assert.equal(await client.user('wzy').isOnline().catch(({ kind }) => kind), 'not_found');
  });
});

describe('close', () => {
  test('closing ends calls under way, down to the socket, and resolves when all have been told', async (t) => {
    const { server, client } = await holding(t);
    const clone = client.withOptions({ timeoutMs: Infinity, attemptTimeoutMs: Infinity });
    const told = [];
    const calls = [1, 2, 3].map(() => rejection(clone.user('wzy').get('c2')).then((error) => told.push(error)));
    await server.until(({ requests }) => requests.length === 3);
    await client.close();
    assert.deepEqual(told.map(({ kind, sent, attempts }) => `${kind} ${sent} ${attempts}`), Array(3).fill('closed maybe 1'));
    assert.ok(told.every((error) => error instanceof ClosedError && /closed during the call/.test(error.message)));
    await server.until(({ closedByPeer }) => closedByPeer === 3);
    await Promise.all(calls);
  });

  test('calls that have only just been made end too, unsent', async (t) => {
    const { server, client } = await holding(t);
    const calls = Array.from({ length: 30 }, () => rejection(client.user('wzy').get('c2')));
    await client.close();
    assert.deepEqual(new Set((await Promise.all(calls)).map(({ kind }) => kind)), new Set(['closed']));
    await server.until(({ closedByPeer, requests }) => closedByPeer === requests.length);
  });

  test('await using ends what was not awaited in the block', async (t) => {
    const { server, client } = await holding(t);
    const forgotten = rejection(client.user('wzy').get('c2'));
    await server.until(({ requests }) => requests.length === 1);
    // What `await using` does at the end of its block, which this Node may not know yet.
    await client[Symbol.asyncDispose]();
    assert.ok((await forgotten) instanceof ClosedError);
  });

  test('later calls are refused, those of clones too, and closing again does nothing', async (t) => {
    const client = emulatorFor(t).client();
    const clone = client.withOptions({ timeoutMs: 1_000 });
    await client.close();
    for (const one of [client, clone]) {
      const error = await rejection(one.user('wzy').get('c2'));
      assert.ok(error instanceof ClosedError);
      assert.match(error.message, /the client is closed/);
    }
    await client.close();
  });

  test('a client is disposed of asynchronously', async (t) => {
    const client = emulatorFor(t).client();
    await client[Symbol.asyncDispose]();
    assert.ok((await rejection(client.appToken())) instanceof ClosedError);
  });
});

describe('token provider', () => {
  test('a plain function, an async one, and one with a lifetime', async (t) => {
    const emulator = emulatorFor(t);
    const issue = () => emulator.issueToken(60_000);
    for (const tokenProvider of [issue, async () => issue(), async () => ({ token: issue(), expiresInMs: 60_000 })]) {
      const client = emulator.client({ tokenProvider });
      await client.user('c1').set(Status.Online, { resource: 'android' });
    }
    assert.equal(emulator.journal.count('token'), 0);
  });

  test('it is asked once for many calls, and again after a 401', async (t) => {
    const emulator = emulatorFor(t);
    let asked = 0;
    const client = emulator.client({ tokenProvider: () => ((asked += 1), emulator.issueToken(60_000)) });
    await Promise.all(Array.from({ length: 20 }, () => client.user('wzy').get('c2')));
    assert.equal(asked, 1);
    emulator.expireTokens();
    await client.user('wzy').get('c2');
    assert.equal(asked, 2);
  });

  test('what it throws is the cause, for all who waited', async (t) => {
    const thrown = new TypeError('the vault is shut');
    const client = emulatorFor(t).client({ tokenProvider: () => Promise.reject(thrown) });
    const errors = await Promise.all([1, 2, 3].map(() => rejection(client.user('wzy').get('c2'))));
    for (const error of errors) {
      assert.ok(error instanceof AuthError);
      assert.equal(error.cause, thrown);
    }
  });

  test('what is no token is refused without being shown', async (t) => {
    for (const given of [undefined, 7, { token: 7 }, { canary: 'canary' }, { token: 'x', expiresInMs: -1 }]) {
      const client = emulatorFor(t).client({ tokenProvider: () => given });
      const error = await rejection(client.user('wzy').get('c2'));
      assert.equal(error.kind, 'auth');
      assert.equal(error.cause.kind, 'config');
      assert.ok(!error.cause.stack.includes('canary'));
    }
  });

  test('it may use another client of this package', async (t) => {
    const emulator = emulatorFor(t);
    const inner = emulator.client();
    const client = emulator.client({ tokenProvider: async () => (await inner.appToken()).expose() });
    await client.user('wzy').get('c2');
  });

  test('one that never answers ends with the deadline', async (t) => {
    const client = emulatorFor(t).client({ tokenProvider: () => new Promise(() => {}), attemptTimeoutMs: 30 });
    assert.equal((await rejection(client.user('wzy').get('c2'))).kind, 'timeout');
  });
});

describe('events', () => {
  test('diagnostics channels tell of the start and the end of each call, and hold no id', async (t) => {
    const events = [];
    const note = (name) => {
      const listener = (event) => events.push([name, event, { ...event }]);
      diagnostics.subscribe(`easemob-presence:call:${name}`, listener);
      t.after(() => diagnostics.unsubscribe(`easemob-presence:call:${name}`, listener));
    };
    note('start');
    note('end');
    const client = emulatorFor(t).client();
    await client.user('wzy').get('c2');
    await rejection(client.user('wzy').getMany(['a/b']));
    assert.deepEqual(events.map(([name, { operation }]) => `${name} ${operation}`), [
      'start get', 'end get', 'start get_many', 'end get_many',
    ]);
    assert.equal(events[0][1], events[1][1], 'start and end publish the same object');
    assert.deepEqual(Object.keys(events[0][2]), ['operation']);
    assert.ok(events[1][2].durationMs >= 0 && events[1][2].error === undefined);
    assert.equal(events[3][2].error.kind, 'invalid_input');
  });

  test('a logger gets each call with its outcome', async (t) => {
    const lines = [];
    const logger = { debug: (...line) => lines.push(['debug', ...line]), warn: (...line) => lines.push(['warn', ...line]) };
    const client = emulatorFor(t).client({ logger });
    await client.user('wzy').get('c2');
    await rejection(client.user('wzy').devices());
    assert.deepEqual(lines.map(([level, , { operation }]) => `${level} ${operation}`), ['debug get', 'warn devices']);
    assert.match(lines[0][1], /^get took [\d.]+ ms$/);
    assert.match(lines[1][1], /^devices failed after [\d.]+ ms: NotFoundError: devices: not_found/);
  });

  test('a logger that throws is warned of once and spoils no call', async (t) => {
    const warnings = [];
    const listen = (warning) => warnings.push(warning);
    process.on('warning', listen);
    t.after(() => process.off('warning', listen));
    const logger = { debug: () => { throw new Error('disk full'); } };
    const client = emulatorFor(t).client({ logger });
    await client.user('wzy').get('c2');
    await client.user('wzy').get('c2');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(warnings.map(({ name, message }) => `${name}: ${message}`), [
      'EasemobPresenceWarning: the logger threw: Error: disk full',
    ]);
  });

  test('async local storage is kept across a call', async (t) => {
    const storage = new AsyncLocalStorage();
    const client = emulatorFor(t).client();
    const seen = await Promise.all(
      [1, 2, 3].map((number) => storage.run(number, async () => (await client.user('wzy').get('c2'), storage.getStore()))),
    );
    assert.deepEqual(seen, [1, 2, 3]);
  });
});

test('the stack of a rejection leads through every await to the caller', async (t) => {
  const emulator = emulatorFor(t);
  emulator.configure({ presenceEnabled: false });
  const client = emulator.client();
  async function inner() {
    return await client.user('wzy').get('c2');
  }
  async function outer() {
    return await inner();
  }
  const { stack } = await rejection(outer());
  assert.match(stack, /^FeatureDisabledError: get: feature_disabled/);
  assert.match(stack, /at async inner .*client\.test\.mjs/);
  assert.match(stack, /at async outer .*client\.test\.mjs/);
});

test('what lies under a failure is its cause', async () => {
  const error = await rejection(new PresenceClient({ emulator: '127.0.0.1:1' }).user('wzy').get('c2'));
  assert.equal(error.kind, 'connect');
  assert.ok(error.cause instanceof Error, 'no cause');
});
