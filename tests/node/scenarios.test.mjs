// tests/scenarios: several steps against one emulator, the same as in Rust and Python.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { PresenceClient } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { make } from './support/call.mjs';
import { check } from './support/expect.mjs';
import { caseFiles, cases, only } from './support/files.mjs';
import { until } from './support/until.mjs';
import { STEPS, Watching } from './support/watching.mjs';

const BEGIN_MS = 1_700_000_000_000;
const DAY_MS = 86_400_000;
const SEEN = ['operation', 'method', 'target', 'segments', 'body', 'users', 'status', 'authorization'];

/** `list_lag_ms` to `listLagMs`; the names of operations stay as they are. */
function settings({ rate_limit, ...switches }) {
  const camel = (key) => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  const patch = Object.fromEntries(Object.entries(switches).map(([key, value]) => [camel(key), value]));
  if (rate_limit !== undefined) {
    const { per_second: perSecond, window, ...rest } = rate_limit;
    only(rest, [], 'rate_limit');
    patch.rateLimit = { ...(perSecond && { perSecond }), ...(window && { window }) };
  }
  return patch;
}

function clientOf(emulator, { addressing = 'app_key', credentials = 'client', ...rest } = {}) {
  const { max_attempts: maxAttempts = 1, rate_limits: rateLimits = 'off', coalesce, cache_seconds: cache, ...more } = rest;
  only(more, [], 'client');
  const app = {
    app_key: { appKey: emulator.appKey },
    app_id: { appId: emulator.appId },
    unknown_app_key: { appKey: 'unknown-org#unknown-app' },
  }[addressing];
  const { clientId, clientSecret } = emulator;
  const secret = {
    client: () => ({ clientId, clientSecret }),
    wrong_secret: () => ({ clientId, clientSecret: 'not-the-secret' }),
    fixed_token: () => ({ appToken: emulator.issueToken(DAY_MS) }),
    unknown_token: () => ({ appToken: '007eJx-not-a-token-of-this-app' }),
  }[credentials];
  const settings = { maxAttempts, rateLimits, coalesce, cacheMs: cache && cache * 1000, minTokenIntervalMs: 0 };
  return new PresenceClient({ host: emulator.url, ...settings, ...app, ...secret() });
}

const HANDS = {
  login: ({ state }, { user, resource, device_uuid: uuid, device_name: name }) =>
    state.login(user, resource, uuid === undefined && name === undefined ? undefined : { uuid: uuid ?? '', name: name ?? '' }),
  logout: ({ state }, { user, resource }) => assert.ok(state.logout(user, resource)),
  register: ({ state }, user) => state.register(user),
  advance_seconds: ({ clock }, seconds) => clock.advance(seconds * 1000),
  expire_tokens: (emulator, yes) => {
    assert.equal(yes, true);
    emulator.expireTokens();
  },
  group_online_count: ({ state }, { group_id, query_type, count }) => state.setGroupOnlineCount(group_id, query_type, count),
  configure: (emulator, change) => emulator.configure(settings(change)),
  listener: (emulator, state) => ({ up: () => emulator.listen(), down: () => emulator.stopListening() })[state](),
  faults: ({ faults }, plan) => faults.install(plan),
};

function act(emulator, hand) {
  const [[name, value], ...more] = Object.entries(hand);
  assert.ok(Object.hasOwn(HANDS, name) && more.length === 0, JSON.stringify(hand));
  HANDS[name](emulator, value);
}

function compare(requests, expected, anyOrder) {
  const shown = requests.map(({ method, target, status }) => `${method} ${target} ${status}`).join(', ');
  assert.equal(requests.length, expected.length, `the journal has: ${shown}`);
  const left = [...requests];
  for (const one of expected) {
    only(one, SEEN, 'journal');
    const at = left.findIndex((request) => matches(request, one));
    assert.ok(at === 0 || (anyOrder && at > 0), `${JSON.stringify(one)} is not next; the journal has: ${shown}`);
    left.splice(at, 1);
  }
}

function matches(request, { body, users, ...fields }) {
  const sent = request.body === undefined || request.body === '' ? undefined : JSON.parse(request.body);
  return (
    Object.entries(fields).every(([name, value]) => isDeepStrictEqual(request[name], value)) &&
    (body === undefined || isDeepStrictEqual(sent, body)) &&
    (users === undefined || (sent?.usernames ?? sent)?.length === users)
  );
}

/** Waits for so many requests of these operations, and compares them; up to where it looked. */
async function waitFor(emulator, awaited, since) {
  const { operations, requests } = only(awaited, ['operations', 'requests'], 'journal_until');
  let entries;
  const those = () => entries.filter(({ type, operation }) => type === 'request' && operations.includes(operation));
  await until(() => (entries = emulator.journal.since(since)) && those().length >= requests.length);
  compare(those().slice(0, requests.length), requests);
  return entries.at(-1)?.seq ?? since;
}

async function run(scenario, t) {
  only(scenario, ['name', 'settings', 'client', 'clock', 'steps'], 'the scenario');
  assert.ok(scenario.steps.length > 0);
  const emulator = emulatorFor(t, { settings: settings(scenario.settings ?? {}) });
  if ((scenario.clock ?? 'frozen') === 'frozen') emulator.clock.freeze();
  else assert.equal(scenario.clock, 'running');
  emulator.clock.set(BEGIN_MS);
  const client = clientOf(emulator, scenario.client);
  const watching = new Watching(emulator, client);
  t.after(() => watching.close());
  let lookedAt = emulator.journal.entries().at(-1)?.seq ?? 0;
  for (const [at, step] of scenario.steps.entries()) {
    await t.test(`step ${at + 1}`, async () => {
      if (STEPS.some((name) => step[name] !== undefined)) return watching.take(step);
      only(step, ['call', 'together', 'expect', 'expect_ids', 'expect_items', 'error', 'emulator', 'journal', 'any_order', 'journal_until'], 'the step');
      if (step.call !== undefined) {
        check(step.call, await make(step.call, client), step);
      } else if (step.together !== undefined) {
        const outcomes = await Promise.all(step.together.map(({ call }) => make(call, client)));
        step.together.forEach((one, at) => {
          only(one, ['call', 'expect', 'error'], 'a call');
          check(one.call, outcomes[at], one);
        });
      } else if (step.emulator !== undefined) {
        act(emulator, step.emulator);
      } else if (step.journal_until !== undefined) {
        lookedAt = await waitFor(emulator, step.journal_until, lookedAt);
      } else {
        const entries = emulator.journal.since(lookedAt);
        lookedAt = entries.at(-1)?.seq ?? lookedAt;
        compare(entries.filter(({ type }) => type === 'request'), step.journal, step.any_order ?? false);
      }
    });
  }
}

const names = new Set();
for (const file of caseFiles('scenarios')) {
  describe(`scenarios/${file}`, () => {
    for (const scenario of cases('scenarios', file)) {
      assert.ok(!names.has(scenario.name), `two scenarios are named ${scenario.name}`);
      names.add(scenario.name);
      test(scenario.name, (t) => run(scenario, t));
    }
  });
}
