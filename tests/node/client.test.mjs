// What Node adds to the core: options, aborting, token providers, events, wrong use.

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';

import { AuthError, ClosedError, ConfigError, DeadlineError, InvalidInputError, PresenceClient, PresenceError, Status } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { serve } from './support/canned.mjs';

async function rejection(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  assert.fail(`it resolved with ${value}`);
}

async function holding(t) {
  const server = await serve(() => 'hold');
  t.after(() => server.stop());
  const client = new PresenceClient({ host: server.url, appKey: 'org#app', appToken: 'token' });
  return { server, client };
}

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
  test('closing waits for calls under way and refuses later ones, for clones too', async (t) => {
    const emulator = emulatorFor(t);
    const client = emulator.client();
    const clone = client.withOptions({ timeoutMs: 1_000 });
    let ended = false;
    const call = clone.user('wzy').get('c2').then(() => (ended = true));
    await client.close();
    assert.ok(ended);
    await call;
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

describe('configuration', () => {
  const VARIABLES = ['HOST', 'APP_KEY', 'APP_ID', 'CLIENT_ID', 'CLIENT_SECRET', 'APP_TOKEN', 'EMULATOR_HOST'];

  test('fromEnv reads the environment as JavaScript sees it', async (t) => {
    const before = { ...process.env };
    t.after(() => { process.env = before; });
    const emulator = emulatorFor(t);
    process.env = Object.fromEntries(Object.entries(before).filter(([name]) => !name.startsWith('EASEMOB_')));
    assert.throws(() => PresenceClient.fromEnv(), ConfigError);
    process.env.EASEMOB_EMULATOR_HOST = emulator.host;
    await PresenceClient.fromEnv({ timeoutMs: 5_000 }).user('wzy').get('c2');
    process.env.EASEMOB_HOST = 'a1.easemob.com';
    assert.throws(() => PresenceClient.fromEnv(), /EASEMOB_HOST and EASEMOB_EMULATOR_HOST are both set/);
    assert.ok(VARIABLES.length > 0);
  });

  const app = { host: 'a1.easemob.com', appKey: 'org#app', appToken: 'canary' };
  for (const [what, options, words] of [
    ['nothing at all', {}, /no host/],
    ['no App Key', { host: 'a1.easemob.com', appToken: 'canary' }, /org#app/],
    ['org/app for org#app', { ...app, appKey: 'org/app' }, /"org\/app" is not written org#app/],
    ['an http host', { ...app, host: 'http://a1.easemob.com' }, /plain http/],
    ['a misspelt option', { ...app, timeout: 3 }, /there is no option "timeout".*timeoutMs/],
    ['a text for a number', { ...app, timeoutMs: '3' }, /timeoutMs must be a number from 0 on, not "3"/],
    ['a timeout of zero', { ...app, timeoutMs: 0 }, /is zero/],
    ['an id without a secret', { host: 'h', appKey: 'o#a', clientId: 'x' }, /secret/],
    ['a token of the wrong type', { ...app, appToken: { canary: 1 } }, /appToken must be a string/],
    ['a provider that is no function', { ...app, tokenProvider: 'canary' }, /tokenProvider must be a function/],
    ['a logger that is a function', { ...app, logger: () => {} }, /logger must be an object/],
    ['a certificate that is none', { ...app, rootCertificates: ['canary'] }, /./],
    ['options that are a text', 'a1.easemob.com', /the options must be an object, not "a1.easemob.com"/],
  ]) {
    test(`${what} is refused in a sentence`, () => {
      assert.throws(() => new PresenceClient(options), (error) => {
        assert.ok(error instanceof ConfigError && error instanceof PresenceError);
        assert.match(error.message, words);
        assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes('canary'));
        assert.match(error.stack, /client\.test\.mjs/);
        return true;
      });
    });
  }
});

describe('wrong use', () => {
  for (const [what, use, words] of [
    ['a text for a list of ids', (user) => user.getMany('c2'), /not the string "c2"\. Write \["c2"\]/],
    ['a number for a list of ids', (user) => user.subscribe(7), /ids must be a list of user ids, not 7/],
    ['a number among ids', (user) => user.unsubscribe(['a', 7]), /ids\[1\] must be a string, not 7/],
    ['a bad id among ids', (user) => user.getMany(['a', 'b/c']), /ids\[1\]: the user id "b\/c"/],
    ['half a surrogate pair', (user) => user.getMany(['a', '\ud800']), /ids\[1\]: the user id/],
    ['no id', (user) => user.get(), /the user id must be a string, not undefined/],
    ['status and resource the wrong way round', (user) => user.set('android', 1), /the status must be a Status/],
    ['no resource', (user) => user.set(Status.Online), /resource must be a string, not undefined/],
    ['a status that is no whole number', (user) => user.set(1.5, { resource: 'x' }), /whole number.*not 1\.5/],
    ['a status beyond 32 bits', (user) => user.set(2 ** 32, { resource: 'x' }), /whole number.*4294967296/],
    ['a negative page', (user) => user.subscriptionsPage(-1), /the page must be a whole number.*-1/],
    ['page zero', (user) => user.subscriptionsPage(0), /the page is 0; the first page is 1/],
    ['a negative ttl', (user) => user.subscribe(['a'], { ttlSeconds: -1 }), /ttlSeconds must be a number from 0 on/],
    ['a misspelt option', (user) => user.get('c2', { timeout: 1 }), /there is no option "timeout"/],
    ['a signal that is none', (user) => user.get('c2', { signal: {} }), /signal must be an AbortSignal/],
    ['a timeout that is no number', (user) => user.get('c2', { timeoutMs: NaN }), /timeoutMs must be a number/],
  ]) {
    test(`${what}: rejected with a sentence, and the stack leads here`, async () => {
      const user = new PresenceClient({ emulator: '127.0.0.1:1' }).user('wzy');
      const error = await rejection(use(user));
      assert.ok(error instanceof InvalidInputError, error);
      assert.match(error.message, words);
      assert.deepEqual([error.sent, error.attempts], ['no', 0]);
      assert.match(error.stack, /client\.test\.mjs/);
    });
  }

  test('a bad user id is told at once', () => {
    const client = new PresenceClient({ emulator: '127.0.0.1:1' });
    for (const id of ['a/b', '', '..', 7, undefined]) assert.throws(() => client.user(id), InvalidInputError);
  });

  test('a kind of group that there is not', async () => {
    const client = new PresenceClient({ emulator: '127.0.0.1:1' });
    assert.match((await rejection(client.groupOnlineCount('1', { kind: 'room' }))).message, /kind must be "group" or/);
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
