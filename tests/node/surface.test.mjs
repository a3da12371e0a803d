// The same names in Rust, Python and Node, up to letter case; what one language has alone is listed with the reason.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  OnlineStates,
  PartialFailure,
  Presence,
  PresenceClient,
  PresenceError,
  Presences,
  Subscriptions,
  User,
  Watcher,
  Webhook,
} from 'easemob-presence';

import { rejection } from './support/rejection.mjs';

const ROOT = new URL('../../', import.meta.url);
const source = (path) => readFileSync(new URL(path, ROOT), 'utf8').split(/^#\[cfg\(test\)\]\nmod \w+ \{/m)[0];

function camel(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

/** The public functions in the blocks that begin with `impl {type}`. */
function rust(path, type) {
  const blocks = source(path).split(/^(?=impl|pub struct)/m).filter((block) => new RegExp(`^impl(<[^>]*>)? ${type}\\b`).test(block));
  assert.ok(blocks.length > 0, `no impl ${type} in ${path}`);
  return blocks.flatMap((block) => [...block.matchAll(/^    pub (?:async )?fn (\w+)/gm)].map(([, name]) => name));
}

function own(Class) {
  const statics = Object.getOwnPropertyNames(Class).filter((name) => typeof Class[name] === 'function');
  const all = [...Object.getOwnPropertyNames(Class.prototype), ...statics];
  return all.filter((name) => name !== 'constructor');
}

/** Compares Rust's names, some of them spelled as JavaScript does, with those of a class. */
function compare(names, Class, { spelled = {}, instance = [], onlyHere = [] }) {
  const expected = names.flatMap((name) => (name in spelled ? (spelled[name] ?? []) : camel(name)));
  const here = [...own(Class), ...instance].filter((name) => !onlyHere.includes(name));
  assert.deepEqual([...new Set(here)].sort(), [...new Set(expected)].sort());
}

const MAP = ['has', 'keys', 'entries', 'forEach', 'toJSON'];

test('User', () => compare(rust('core/src/user.rs', 'User'), User, {
    instance: ['id'],
    // `iterMany` takes asynchronous iterables too.
    spelled: { iter_many_stream: null },
  }));

test('Client', () =>
  // The constructor takes what Rust's builder does.
  compare(rust('core/src/client.rs', 'Client'), PresenceClient, { spelled: { builder: null } }));

test('Presence', () =>
  compare(rust('core/src/model/presence.rs', 'Presence'), Presence, {
    // In Rust an operator.
    onlyHere: ['equals', 'toJSON'],
  }));

test('Presences', () =>
  compare(rust('core/src/model/presences.rs', 'Presences'), Presences, {
    // As Map has them. The raw text of an answer is offered in Rust only.
    spelled: { len: 'size', is_empty: null, iter: 'values', raw: null, from_raw: null, parts: null },
    onlyHere: [...MAP, 'of'],
  }));

test('OnlineStates', () =>
  compare(rust('core/src/model/online_states.rs', 'OnlineStates'), OnlineStates, {
    spelled: { len: 'size', is_empty: null, iter: 'values' },
    instance: ['missing'],
    onlyHere: [...MAP, 'of'],
  }));

test('Verifier', () => {
  const names = rust('core/src/webhook/verifier.rs', 'Verifier');
  const options = ['also', 'max_age', 'app_key'];
  compare(names, Webhook, { spelled: { new: null, ...Object.fromEntries(options.map((name) => [name, null])) } });
  const expected = options.filter((name) => names.includes(name)).map((name) => (name === 'max_age' ? 'maxAgeMs' : camel(name)));
  assert.deepEqual(knownTo(() => new Webhook('secret', { nonsense: 1 })).sort(), expected.sort());
});

test('Callback', () => {
  const declared = readFileSync(new URL('dist/webhook.d.ts', ROOT), 'utf8').split('interface CallbackFields {')[1].split('\n}')[0];
  const here = [...declared.matchAll(/^\s+readonly (\w+)\??:/gm)].map(([, name]) => name);
  assert.deepEqual(here.sort(), rust('core/src/webhook/callback.rs', 'Callback').map(camel).sort());
});

test('Subscriptions', () =>
  compare(rust('core/src/subscriptions.rs', 'Subscriptions'), Subscriptions, {
    // An option of the operation; how the bindings read a page at a time.
    spelled: { page_size: null, take_ready: null },
    // The protocol of an iterator.
    onlyHere: ['next', 'return'],
  }));

test('options of a client', () => {
  const spelled = {
    client_credentials: ['clientId', 'clientSecret'],
    timeout: 'timeoutMs',
    attempt_timeout: 'attemptTimeoutMs',
    connect_timeout: 'connectTimeoutMs',
    min_token_interval: 'minTokenIntervalMs',
    cache: 'cacheMs',
    // One value in Rust.
    rate_limits: ['rateLimits', 'rateShare'],
    add_root_certificates: 'rootCertificates',
    // `PresenceClient.fromEnv` and the constructor.
    from_env: [],
    with_variables: [],
    build: [],
  };
  const expected = rust('core/src/config/mod.rs', 'ClientBuilder').flatMap((name) => spelled[name] ?? camel(name));
  const known = knownTo(() => new PresenceClient({ nonsense: 1 }));
  assert.deepEqual(known.filter((name) => name !== 'logger').sort(), expected.sort());
});

test('Watcher', () => {
  // Iterating gives the events; how one waits for them and takes them is the iterator's business.
  const spelled = { next_events: null, ready: null, take_ready: null };
  compare(rust('core/src/watch/mod.rs', 'Watcher'), Watcher, { spelled });
});

test('options of a watch', async () => {
  // `watch` starts it.
  const spelled = { start: [], min_interval: 'minIntervalMs', keep_subscribed: 'keepSubscribedSeconds' };
  const expected = rust('core/src/watch/builder.rs', 'Watch').flatMap((name) => spelled[name] ?? camel(name));
  const { hint } = await rejection(new PresenceClient({ emulator: '127.0.0.1:1' }).user('wzy').watch([], { nonsense: 1 }));
  const known = hint.replace(/^Known are (.*)\.$/, '$1').split(', ');
  const ofEveryCall = ['signal', 'timeoutMs', 'attemptTimeoutMs'];
  assert.deepEqual(known.filter((name) => !ofEveryCall.includes(name)).sort(), expected.sort());
});

const VALUES = readFileSync(new URL('dist/watch-values.d.ts', ROOT), 'utf8');

for (const type of ['Occupancy', 'WatchStats']) {
  test(`fields of ${type}`, () => {
    const fields = [...source('core/src/watch/stats.rs').split(`pub struct ${type} {`)[1].split('\n}')[0].matchAll(/^    pub (\w+):/gm)];
    const expected = fields.map(([, name]) => camel(name).replace(/(IntervalP\d+)$/, '$1Ms'));
    const declared = VALUES.split(`interface ${type} {`)[1].split('\n}')[0];
    assert.deepEqual([...declared.matchAll(/^\s+readonly (\w+)\??:/gm)].map(([, name]) => name).sort(), expected.sort());
  });
}

for (const [type, here] of [['EventKind', 'kind'], ['Source', 'EventSource'], ['WarningReason', 'WarningReason']]) {
  test(`words of ${type}`, () => {
    const words = [...source('core/src/watch/event.rs').matchAll(new RegExp(`${type}::\\w+ => "(\\w+)"`, 'g'))].map(([, word]) => word);
    const lists = [...VALUES.matchAll(new RegExp(`(?:readonly|type) ${here}(?: =|:) ([^;]*);`, 'g'))].map(([, list]) => list);
    const declared = lists.flatMap((list) => [...list.matchAll(/'(\w+)'/g)].map(([, word]) => word));
    assert.ok(words.length > 2);
    assert.deepEqual(declared.sort(), words.sort());
  });
}

/** The names that a refusal of an unknown one lists. */
function knownTo(act) {
  try {
    act();
  } catch ({ hint }) {
    return hint.replace(/^Known are (.*)\.$/, '$1').split(', ');
  }
  throw new Error('it was taken');
}

test('options of a copy', () => {
  const spelled = { new: [], timeout: 'timeoutMs', attempt_timeout: 'attemptTimeoutMs' };
  const expected = rust('core/src/client.rs', 'Options').flatMap((name) => spelled[name] ?? camel(name));
  const client = new PresenceClient({ emulator: '127.0.0.1:1' });
  assert.deepEqual(knownTo(() => client.withOptions({ nonsense: 1 })).sort(), expected.sort());
});

test('names of endpoints', () => {
  const names = [...source('core/src/operation/endpoint.rs').matchAll(/Endpoint::\w+ => "(\w+)"/g)].map(([, name]) => name);
  assert.ok(names.length > 0);
  assert.deepEqual(knownTo(() => new PresenceClient({ emulator: '127.0.0.1:1', rateLimits: { nonsense: 1 } })), names);
});

for (const [type, path] of [['Stats', 'core/src/pipeline/stats.rs'], ['EndpointStats', 'core/src/pipeline/limiter/stats.rs']]) {
  test(`fields of ${type}`, () => {
    const fields = [...source(path).split(`pub struct ${type} {`)[1].split('\n}')[0].matchAll(/^    pub (\w+):/gm)];
    const expected = fields.map(([, name]) => (name === 'paused_for' ? 'pausedForMs' : camel(name)));
    const declared = readFileSync(new URL('dist/stats.d.ts', ROOT), 'utf8').split(`interface ${type} {`)[1].split('\n}')[0];
    assert.deepEqual([...declared.matchAll(/^\s+readonly (\w+)\??:/gm)].map(([, name]) => name).sort(), expected.sort());
  });
}

test('fields of an error', async () => {
  const names = rust('core/src/error.rs', 'Error').filter((name) => !name.startsWith('with_'));
  const spelled = { message: 'detail', retry_after: 'retryAfterMs' };
  const declared = readFileSync(new URL('dist/errors.d.ts', ROOT), 'utf8').split('class PresenceError')[1].split('\n}')[0];
  const here = [...declared.matchAll(/^\s+readonly (\w+)\??:/gm)].map(([, name]) => name);
  assert.deepEqual(here.sort(), names.map((name) => spelled[name] ?? camel(name)).sort());
  assert.equal(typeof PresenceError.prototype.toJSON, 'function');
});

test('PartialFailure', () =>
  compare(rust('core/src/many/partial.rs', 'PartialFailure'), PartialFailure, {
    instance: ['presences', 'onlineStates', 'succeeded', 'causes'],
    onlyHere: ['toJSON'],
  }));

test('fields of Progress', () => {
  const fields = [...source('core/src/many/progress.rs').split('pub struct Progress {')[1].split('\n}')[0].matchAll(/^    pub (\w+):/gm)];
  const expected = fields.map(([, name]) => ({ elapsed: 'elapsedMs', eta: 'etaMs' })[name] ?? name);
  const declared = readFileSync(new URL('dist/progress.d.ts', ROOT), 'utf8').split('interface Progress {')[1].split('\n}')[0];
  assert.deepEqual([...declared.matchAll(/^\s+readonly (\w+)\??:/gm)].map(([, name]) => name), expected);
});

const PYTHON = 'bindings-python/python/easemob_presence/user.py';

test('User in Python', () => {
  const [user] = source(PYTHON).split('\nclass Subscriptions');
  const names = [...user.matchAll(/^    def ([a-z]\w*)/gm)].map(([, name]) => camel(name));
  assert.deepEqual([...new Set(names)].filter((name) => name !== 'id').sort(), own(User).sort());
});
