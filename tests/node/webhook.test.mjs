// Callbacks: the shared cases, with signatures that Node works out itself, and what only Node has.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';

import { Callback, ConfigError, DecodeError, InvalidInputError, PresenceError, Webhook } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { printed } from './support/expect.mjs';
import { cases, only, wireBytes } from './support/files.mjs';

const CASE = ['name', 'secret', 'also', 'app_key', 'max_age_ms', 'deliveries'];
const OUTCOMES = ['callback', 'repeat', 'error'];
const DELIVERY = [
  ...['text', 'base64', 'change', 'age_ms', 'timestamp', 'signed_with', 'capitals', 'without', 'after', 'after_shift_ms'],
  ...['pad_to', 'forget', ...OUTCOMES],
];
const SAMPLE = JSON.parse(wireBytes('callback_user_status_2023.json').toString());
const SECRET = 'canary-secret';

/** As JSON has it: `__proto__` is a field like any other. */
function put(fields, more = {}) {
  for (const name of Object.keys(more)) {
    Object.defineProperty(fields, name, { value: more[name], enumerable: true, configurable: true, writable: true });
  }
  return fields;
}

/** The body, the time it names, and its signature. */
function made(delivery, secret) {
  only(delivery, DELIVERY, 'a delivery');
  let number = Date.now() - (delivery.age_ms ?? 0);
  let sent = number;
  if (delivery.timestamp === 'seconds') {
    number = Math.floor(number / 1000);
    sent = number * 1000;
  }
  const fields = put(put({}, SAMPLE), delivery.change);
  const signed = `${fields.callId}${delivery.signed_with ?? secret}${number}`;
  const hex = createHash('md5').update(signed).digest('hex');
  const security = delivery.capitals ? hex.toUpperCase() : hex;
  const shifted = number + (delivery.after_shift_ms ?? 0);
  put(fields, { timestamp: delivery.timestamp === 'text' ? String(shifted) : shifted, security });
  for (const name of delivery.without ?? []) assert.ok(delete fields[name]);
  put(fields, delivery.after);
  if (delivery.pad_to !== undefined) {
    fields.pad = '';
    fields.pad = 'x'.repeat(delivery.pad_to - Buffer.byteLength(JSON.stringify(fields)));
  }
  let body = Buffer.from(JSON.stringify(fields));
  if (delivery.text !== undefined) body = Buffer.from(delivery.text);
  if (delivery.base64 !== undefined) body = Buffer.from(delivery.base64, 'base64');
  return { body, sent, security };
}

function parsed(webhook, body) {
  try {
    return { value: webhook.parse(body) };
  } catch (error) {
    return { error };
  }
}

function check(delivery, { value, error }, sent, hidden) {
  assert.equal(OUTCOMES.filter((name) => name in delivery).length, 1);
  if ('error' in delivery) {
    only(delivery.error, ['kind', 'message_contains'], 'an error');
    assert.ok(error instanceof PresenceError, inspect(error ?? value));
    assert.equal(error.kind, delivery.error.kind);
    for (const words of delivery.error.message_contains) assert.ok(error.detail.includes(words), error.detail);
    assert.ok(!error.message.includes('\n'));
    for (const text of hidden) assert.ok(!printed(error).includes(text), `it shows ${text}`);
    return;
  }
  if (error !== undefined) throw error;
  if (delivery.repeat) return assert.equal(value, undefined);
  assert.ok(value instanceof Callback, inspect(value));
  assert.deepEqual(value.timestamp, new Date(sent));
  for (const [name, expected] of Object.entries(delivery.callback)) {
    const here = value[name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())];
    assert.equal(here ?? null, expected, name);
    assert.notEqual(here, null, `${name} is absent as undefined`);
  }
}

describe('vectors/callbacks.json', () => {
  for (const one of cases('vectors', 'callbacks.json')) {
    test(one.name, () => {
      only(one, CASE, 'the case');
      assert.ok(one.deliveries.length > 0);
      const secret = one.secret ?? 'vector-secret';
      const webhook = new Webhook(secret, { also: one.also, appKey: one.app_key, maxAgeMs: one.max_age_ms });
      for (const delivery of one.deliveries) {
        const { body, sent, security } = made(delivery, secret);
        const outcome = parsed(webhook, body);
        check(delivery, outcome, sent, [security, secret]);
        if (delivery.forget) assert.equal(webhook.forget(outcome.value.callId), true);
      }
    });
  }
});

test('the signature worked out elsewhere is accepted', () => {
  const { secret, callId, timestamp, security } = JSON.parse(wireBytes('derived_callback_signature.json').toString());
  const webhook = new Webhook(secret, { maxAgeMs: 100 * 365 * 86_400_000 });
  const callback = webhook.parse(JSON.stringify({ ...SAMPLE, callId, timestamp, security }));
  assert.deepEqual(callback.timestamp, new Date('2020-09-14T05:20:47.294Z'));
});

test('a body is taken as bytes of any kind and as text', (t) => {
  const emulator = emulatorFor(t);
  const forms = [
    (body) => body,
    (body) => new Uint8Array(body),
    (body) => body.toString(),
    (body) => Buffer.concat([Buffer.from('{'), body, Buffer.from('}')]).subarray(1, -1),
  ];
  for (const form of forms) {
    const body = form(emulator.callback('c2', 'ios_1', 'login', SECRET));
    assert.equal(new Webhook(SECRET).parse(body).userId, 'c2');
  }
});

test('what a framework made of the body is refused', () => {
  for (const body of [undefined, null, 5, { callId: 'x' }, ['x'], new ArrayBuffer(2)]) {
    assert.throws(() => new Webhook(SECRET).parse(body), (error) => {
      return error instanceof InvalidInputError && /the bytes of the request as they came/.test(error.message);
    });
  }
  assert.throws(() => new Webhook(SECRET).parse('{"callId":"\ud800"}'), DecodeError);
});

test('a webhook that would accept anything or nothing is refused', () => {
  for (const secret of ['', ' ', 'secret\n', undefined, 5]) {
    assert.throws(() => new Webhook(secret), ConfigError);
    assert.throws(() => new Webhook(SECRET, { also: [secret] }), ConfigError);
  }
  for (const options of [
    { maxAgeMs: 0 }, { maxAgeMs: -1 }, { maxAgeMs: '5' }, { appKey: 'app' }, { also: 'one' }, { maxAge: 5 }, null,
  ]) {
    assert.throws(() => new Webhook(SECRET, options), ConfigError, inspect(options));
  }
});

test('a callback is a frozen value that reads well and is written as JSON', (t) => {
  const emulator = emulatorFor(t);
  emulator.clock.freeze();
  const callback = new Webhook(SECRET).parse(emulator.callback('c2', 'ios_1', 'logout', SECRET));
  assert.ok(Object.isFrozen(callback));
  assert.throws(() => { callback.userId = 'x'; }, TypeError);
  const timestamp = new Date(emulator.clock.now());
  const fields = { userId: 'c2', resource: 'ios_1', reason: 'logout', online: false, appKey: emulator.appKey, os: 'ios', timestamp };
  const { callId, ip, host, version, ...rest } = callback.toJSON();
  assert.deepEqual(rest, fields);
  assert.ok(callId.startsWith(`${emulator.appKey}_`) && ip && host && version);
  assert.equal(JSON.parse(JSON.stringify(callback)).timestamp, timestamp.toISOString());
  assert.match(inspect(callback), /^Callback \{.*userId: 'c2'/s);
});

test('every millisecond of a timestamp is kept', (t) => {
  const emulator = emulatorFor(t);
  const webhook = new Webhook(SECRET);
  const start = Date.now();
  for (let at = 0; at < 1000; at += 1) {
    emulator.clock.set(start + at);
    emulator.clock.freeze();
    assert.equal(webhook.parse(emulator.callback('c2', 'ios_1', 'login', SECRET)).timestamp.getTime(), start + at);
  }
});

test('nothing of a webhook shows its secrets, not even a refusal of them', () => {
  const webhook = new Webhook(SECRET, { also: ['canary-other'] });
  assert.ok(!`${inspect(webhook, { showHidden: true, depth: 9 })}${JSON.stringify(webhook)}`.includes('canary'));
  for (const act of [() => new Webhook({ canary: 1 }), () => new Webhook('x', { also: 'canary' }), () => new Webhook('canary ')]) {
    assert.throws(act, (error) => !printed(error).split('\n').filter((line) => !line.includes('.mjs')).join().includes('canary'));
  }
});

test("the emulator's clock is the service's", (t) => {
  const emulator = emulatorFor(t);
  emulator.clock.advance(3_600_000);
  const body = emulator.callback('c2', 'ios_1', 'replaced', SECRET);
  assert.throws(() => new Webhook(SECRET).parse(body), /in the future/);
  const webhook = new Webhook(SECRET, { maxAgeMs: 7_200_000, appKey: emulator.appKey });
  assert.equal(webhook.parse(body).reason, 'replaced');
});
