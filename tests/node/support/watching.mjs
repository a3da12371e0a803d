// The steps of scenarios that are about a watcher.

import assert from 'node:assert/strict';

import { Webhook } from 'easemob-presence';

import { ids, presence } from './call.mjs';
import { check } from './expect.mjs';
import { only } from './files.mjs';

export const STEPS = ['watch', 'events', 'events_until', 'watcher'];

const SECRET = "the scenario's secret";
// Scenarios begin in 2023.
const AGES_MS = 1e12;
const PATIENCE_MS = 30_000;
const WATCH = ['user', 'ids', 'calls_per_second', 'buffer', 'keep_subscribed_seconds', 'unsubscribe_on_close', 'restore'];
const EVENT = ['kind', 'user_id', 'initial', 'source', 'is_online', 'was_online', 'ext', 'merged', 'reason', 'error'];

const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const asCases = (object) => Object.fromEntries(Object.entries(object).map(([name, value]) => [snake(name), value]));

/** An event as the cases write it. */
function eventOf({ kind, userId, initial, source, presence: now, previous, merged, reason, error }) {
  return {
    kind,
    user_id: userId ?? null,
    initial: initial ?? false,
    source: source ?? null,
    is_online: now?.isOnline ?? null,
    was_online: previous?.isOnline ?? null,
    ext: now?.ext ?? null,
    merged: merged ?? null,
    reason: reason ?? null,
    error: error?.kind ?? null,
  };
}

/** The parts of a value that are expected, or the whole. */
function part(value, expected) {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected) || value === null) return value;
  return Object.fromEntries(Object.keys(expected).map((name) => [name, value[name]]));
}

/** The watcher of a scenario. */
export class Watching {
  #emulator;
  #client;
  #webhook = new Webhook(SECRET, { maxAgeMs: AGES_MS });
  #watcher;
  #saved;

  constructor(emulator, client) {
    this.#emulator = emulator;
    this.#client = client;
  }

  /** Takes a step of `STEPS`. */
  async take(step) {
    if (step.watch !== undefined) {
      only(step, ['watch', 'error'], 'the step');
      await expecting(step, () => this.#start(step.watch));
    } else if (step.events !== undefined) {
      only(step, ['events'], 'the step');
      for (const expected of step.events) {
        only(expected, EVENT, 'an event');
        const got = await this.#next();
        assert.deepEqual(part(got, expected), expected, JSON.stringify(got));
      }
    } else if (step.events_until !== undefined) {
      only(step, ['events_until'], 'the step');
      const wanted = Object.entries(only(step.events_until, EVENT, 'an event'));
      for (;;) {
        const got = await this.#next();
        if (wanted.every(([name, value]) => got[name] === value)) return;
      }
    } else {
      only(step, ['watcher', 'expect', 'error'], 'the step');
      const value = await expecting(step, () => this.#answer(...this.#asked(step.watcher)));
      if (step.expect !== undefined) assert.deepEqual(part(value, step.expect), step.expect, JSON.stringify(value));
    }
  }

  async close() {
    await this.#watcher?.close();
  }

  async #start(given) {
    only(given, WATCH, 'watch');
    this.#watcher = await this.#client.user(given.user).watch(ids(given.ids), {
      minIntervalMs: 0,
      callsPerSecond: given.calls_per_second ?? 200,
      buffer: given.buffer,
      keepSubscribedSeconds: given.keep_subscribed_seconds,
      unsubscribeOnClose: given.unsubscribe_on_close,
      restore: given.restore ? this.#saved : undefined,
    });
  }

  async #next() {
    // Whoever waits in vain comes to an end.
    const patience = setTimeout(() => this.#watcher.close(), PATIENCE_MS);
    const { value, done } = await this.#watcher[Symbol.asyncIterator]().next();
    clearTimeout(patience);
    assert.ok(!done, 'the watcher ended');
    return eventOf(value);
  }

  #asked(step) {
    const [asked, ...more] = Object.entries(step);
    assert.ok(asked !== undefined && more.length === 0, JSON.stringify(step));
    return asked;
  }

  async #answer(asked, given) {
    const watcher = this.#watcher;
    switch (asked) {
      case 'get': {
        const found = watcher.get(given);
        return found === undefined ? null : presence(found);
      }
      case 'snapshot':
        return watcher.snapshot().map(({ userId }) => userId).sort();
      case 'occupancy':
      case 'stats':
        return asCases(watcher[asked]());
      case 'add':
      case 'remove':
        return watcher[asked](ids(given));
      case 'feed': {
        const body = this.#emulator.callback(given.user, given.resource, given.reason, SECRET);
        return watcher.feed(this.#webhook.parse(body));
      }
      case 'save':
        this.#saved = watcher.save();
        return undefined;
      case 'close':
        return watcher.close();
      case 'ended': {
        const kinds = [];
        for await (const { kind } of watcher) kinds.push(kind);
        return kinds;
      }
      default:
        throw new Error(`a watcher has no ${asked}`);
    }
  }
}

/** What the act comes to, if it may; it fails as the step says. */
async function expecting(step, act) {
  let value;
  let error;
  try {
    value = await act();
  } catch (thrown) {
    error = thrown;
  }
  if (step.error === undefined) {
    if (error !== undefined) throw error;
    return value;
  }
  check({ operation: 'watch' }, { error }, { error: { operation: null, ...step.error } });
  return undefined;
}
