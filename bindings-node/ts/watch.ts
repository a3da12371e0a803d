// A live view of users and a stream of events about them.

import type { FlatForm } from './answer.js';
import { flag, idArray, idList, optional, span, text, whole, type Place } from './arguments.js';
import { submit } from './bridge.js';
import { refusing, type Calls } from './calls.js';
import { refusal, shown } from './errors.js';
import type { NativeWatcher, NativeWatchOptions } from './native.js';
import type { CallOptions } from './options.js';
import { listed, type Presence } from './presences.js';
import { eventOf, occupancyOf, watchStatsOf, type Event, type Occupancy, type WatchStats } from './watch-values.js';
import { Callback, savedCallback } from './webhook.js';

/** What {@link User.watch} takes beside ids. The timeouts of every call are those of each poll here. */
export interface WatchOptions extends CallOptions {
  /** Ends the start, and later closes the watcher: its iteration ends as with {@link Watcher.close}. */
  readonly signal?: AbortSignal | undefined;
  /** The part of the rate of `get` that polls may use, above 0 and at most 1; a half if not given. */
  readonly share?: number | undefined;
  /** So many polls a second in place of a share, above 0; never more than the rate of `get`. */
  readonly callsPerSecond?: number | undefined;
  /**
   * A user is not polled more often than that, unless something about the user changed in the last half minute; 5,000 if
   * not given, at most a day.
   */
  readonly minIntervalMs?: number | undefined;
  /** How many events wait at most, 1 or more, before those of one user merge; 1,024 if not given. */
  readonly buffer?: number | undefined;
  /**
   * Also keeps this user subscribed to those it watches, for so many seconds at a time (1 second to 30 days):
   * `POST /users/{username}/presence/{expiry}`, within the same share of its rate. They are renewed when half of that is
   * left. Those that exist are adopted. The service keeps at most 3,000 per user: those without one are told of by a
   * `warning` each, and polled like the others. Needed where a deployment answers only for users subscribed to.
   */
  readonly keepSubscribedSeconds?: number | undefined;
  /**
   * Whether the subscriptions kept are ended when users are removed and when the watcher is closed, not when it is
   * collected; `false` if not given.
   */
  readonly unsubscribeOnClose?: boolean | undefined;
  /**
   * What {@link Watcher.save} gave: nobody is polled before their turn, and events tell what is different from then.
   * Saved users who are not watched any more are left out.
   */
  readonly restore?: string | undefined;
}

/** @internal */
export const WATCH = ['share', 'callsPerSecond', 'minIntervalMs', 'buffer', 'keepSubscribedSeconds', 'unsubscribeOnClose', 'restore'];

/** @internal The options as the native watch takes them. */
export function watchOptions(options: WatchOptions | undefined, place: Place): NativeWatchOptions {
  const given: NativeWatchOptions = {};
  for (const key of ['share', 'callsPerSecond', 'minIntervalMs', 'keepSubscribedSeconds'] as const) {
    const value = optional(span, options?.[key], key, place);
    if (value !== undefined) given[key] = value;
  }
  const buffer = optional(whole, options?.buffer, 'buffer', place);
  if (buffer !== undefined) given.buffer = buffer;
  const unsubscribe = optional(flag, options?.unsubscribeOnClose, 'unsubscribeOnClose', place);
  if (unsubscribe !== undefined) given.unsubscribeOnClose = unsubscribe;
  const restore = optional(text, options?.restore, 'restore', place);
  if (restore !== undefined) given.restore = restore;
  return given;
}

const PLACE: Place = { kind: 'invalid_input', operation: 'watch' };

/**
 * A running watcher: an asynchronous iterable of {@link Event}, and a view that is always at hand. Made by
 * {@link User.watch}.
 *
 * It polls on a thread of its own and keeps the process alive only while somebody waits for an event. Several loops may
 * share it: each event is given once, to whichever asks first; leaving a loop loses none. It runs until it is closed,
 * until the client is closed, or until nothing refers to it any more.
 */
export class Watcher implements AsyncIterable<Event> {
  readonly #native: NativeWatcher;
  // Answers for the client's token provider, which native code holds weakly.
  readonly #calls: Calls;

  /** @internal */
  constructor(native: NativeWatcher, calls: Calls, signal: AbortSignal | undefined) {
    this.#native = native;
    this.#calls = calls;
    if (signal !== undefined) closeOn(signal, this);
  }

  /** The events as they come, until the watcher ends. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      const row = this.#native.take() as unknown[] | null;
      if (row !== null) yield eventOf(row, (json) => this.#calls.failure(json));
      else if ((await submit((id) => this.#native.ready(id), undefined)).value !== true) return;
    }
  }

  /** What is known of a user, found in any letter case; undefined if the user is not watched or was not read yet. */
  get(userId: string): Presence | undefined {
    const flat = this.#native.get(text(userId, 'the user id', PLACE)) as FlatForm | null;
    return flat === null ? undefined : listed(flat)[0];
  }

  /** What is known of all users, in no order. Users who were not read yet are not in it. */
  snapshot(): readonly Presence[] {
    return Object.freeze(listed(this.#native.snapshot() as unknown as FlatForm));
  }

  /** How many users are online, and on which platforms. */
  occupancy(): Occupancy {
    return occupancyOf(this.#native.occupancy());
  }

  /**
   * Watches these users too. They are read before the others. Users who are watched already stay as they are.
   *
   * @throws {@link InvalidInputError} for a bad id; then none is added.
   */
  add(ids: Iterable<string>): void {
    const list = idList(ids, PLACE);
    refusing(() => this.#native.add(list));
  }

  /**
   * Stops watching these users. No event about them is given any more, neither one that waits nor one from a poll under
   * way.
   *
   * @throws {@link InvalidInputError} for anything but a list.
   */
  remove(ids: Iterable<string>): void {
    this.#native.remove(idArray(ids, PLACE));
  }

  /**
   * Takes in a callback: what it tells counts at once, and a poll that began before does not undo it.
   *
   * A callback that is older than what is known already changes nothing, and one about a user who is not watched is left
   * aside. A callback tells of one device's login or logout; custom statuses and texts come with the polls.
   *
   * @throws {@link InvalidInputError} for anything but what {@link Webhook.parse} returned.
   *
   * @example
   * ```ts
   * const webhook = new Webhook("the rule's secret");
   * // In the server that receives the callbacks:
   * const callback = webhook.parse(body);
   * if (callback !== undefined) watcher.feed(callback);
   * ```
   */
  feed(callback: Callback): void {
    if (!(callback instanceof Callback)) {
      throw refusal(PLACE.kind, `feed takes what Webhook.parse returned, not ${shown(callback)}`, { operation: 'watch' });
    }
    this.#native.feed(savedCallback(callback));
  }

  /** What the watcher has done so far. Looks at every user: not a thing to call a hundred times a second. */
  stats(): WatchStats {
    return watchStatsOf(this.#native.stats());
  }

  /**
   * The state as text, for {@link WatchOptions.restore} of a later watch: who is watched, what is known of each, and whose
   * turn it is. Events that were not taken yet count as not given: after restoring they come again, as far as they still
   * hold.
   */
  save(): string {
    return this.#native.save();
  }

  /** Stops the watcher. Events that wait are still given, then the iteration ends. The promise resolves when it has. */
  async close(): Promise<void> {
    await submit((id) => this.#native.close(id), undefined);
  }

  /** As {@link Watcher.close}, for `await using watcher = await user.watch(…)`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const listening = new FinalizationRegistry<() => void>((forget) => forget());

/** Does not keep the watcher: a signal may live as long as the process. */
function closeOn(signal: AbortSignal, watcher: Watcher): void {
  const watched = new WeakRef(watcher);
  const abort = (): void => void watched.deref()?.close();
  if (signal.aborted) return abort();
  signal.addEventListener('abort', abort, { once: true });
  listening.register(watcher, () => signal.removeEventListener('abort', abort));
}
