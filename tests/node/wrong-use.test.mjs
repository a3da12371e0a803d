// Wrong use reads well: each mistake is told in a sentence that says what to write, and where it was made.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { ConfigError, InvalidInputError, PresenceClient, PresenceError, Status } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { rejection } from './support/rejection.mjs';

describe('configuration', () => {
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
  });

  const app = { host: 'a1.easemob.com', appKey: 'org#app', appToken: 'canary' };
  for (const [what, options, words] of [
    ['nothing at all', {}, /no host.*EASEMOB_HOST/],
    ['no App Key', { host: 'a1.easemob.com', appToken: 'canary' }, /as org#app.*EASEMOB_APP_KEY/],
    ['no credentials', { host: 'h', appKey: 'o#a' }, /client id and secret.*EASEMOB_CLIENT_ID/],
    ['org/app for org#app', { ...app, appKey: 'org/app' }, /"org\/app" is not written org#app/],
    ['an http host', { ...app, host: 'http://a1.easemob.com' }, /plain http.*allowInsecureHttp/],
    ['a misspelt option', { ...app, timeout: 3 }, /there is no option "timeout".*timeoutMs/],
    ['a text for a number', { ...app, timeoutMs: '3' }, /timeoutMs must be a number from 0 on, not "3"/],
    ['a timeout of zero', { ...app, timeoutMs: 0 }, /is zero/],
    ['an id without a secret', { host: 'h', appKey: 'o#a', clientId: 'x' }, /secret/],
    ['a token of the wrong type', { ...app, appToken: { canary: 1 } }, /appToken must be a string/],
    ['a provider that is no function', { ...app, tokenProvider: 'canary' }, /tokenProvider must be a function/],
    ['a logger that is a function', { ...app, logger: () => {} }, /logger must be an object/],
    ['a certificate that is none', { ...app, rootCertificates: ['canary'] }, /PEM/],
    ['a word that is no rate', { ...app, rateLimits: 'none' }, /rateLimits must be "documented", "off", a number.*"none"/],
    ['rates of no endpoint', { ...app, rateLimits: { gett: 5 } }, /no endpoint "gett"\. Known are set, .*, token/],
    ['half a call a second', { ...app, rateLimits: { get: 0.5 } }, /rateLimits\.get must be a whole number.*not 0\.5/],
    ['a list of rates', { ...app, rateLimits: [5] }, /rateLimits must be .* an object of endpoints and numbers/],
    ['null for rates', { ...app, rateLimits: null }, /rateLimits must be .*not null/],
    ['a rate of zero', { ...app, rateLimits: 0 }, /a rate of 0/],
    ['a share beyond the whole', { ...app, rateShare: 1.5 }, /a share of the rates of 1\.5/],
    ['a share of nothing', { ...app, rateShare: 0 }, /a share of the rates of 0/],
    ['a text for a share', { ...app, rateShare: 'half' }, /rateShare must be a number/],
    ['no attempts', { ...app, maxAttempts: 0 }, /max_attempts is zero/],
    ['half an attempt', { ...app, maxAttempts: 0.5 }, /maxAttempts must be a whole number/],
    ['a text for a queue', { ...app, maxQueued: 'many' }, /maxQueued must be a whole number/],
    ['a negative distance of tokens', { ...app, minTokenIntervalMs: -1 }, /minTokenIntervalMs must be a number from 0 on/],
    ['options that are a text', 'a1.easemob.com', /the options must be an object, not "a1.easemob.com"/],
  ]) {
    test(`${what} is refused in a sentence`, () => {
      assert.throws(() => new PresenceClient(options), (error) => {
        assert.ok(error instanceof ConfigError && error instanceof PresenceError);
        assert.match(error.message, words);
        assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes('canary'));
        assert.match(error.stack, /wrong-use\.test\.mjs/);
        return true;
      });
    });
  }
});

describe('options of a copy', () => {
  for (const [what, options, words] of [
    ['a priority that there is not', { priority: 'urgent' }, /priority must be "normal" or "background", not "urgent"/],
    ['a number for yes', { grouped: 1 }, /grouped must be true or false, not 1/],
    ['attempts that are no whole number', { maxAttempts: 1.5 }, /maxAttempts must be a whole number/],
    ['an option of the client', { rateLimits: 'off' }, /there is no option "rateLimits".*maxAttempts, priority/],
  ]) {
    test(`${what} is refused in a sentence`, () => {
      const client = new PresenceClient({ emulator: '127.0.0.1:1' });
      assert.throws(() => client.withOptions(options), (error) => error instanceof ConfigError && words.test(error.message));
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
    ['a NUL in an id, which parts ids on their way', (user) => user.getMany(['a', 'b\0c']), /the user id .* holds '\\0'/],
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
      assert.match(error.stack, /wrong-use\.test\.mjs/);
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
