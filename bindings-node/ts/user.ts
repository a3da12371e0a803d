import type { FlatForm, Handle } from './answer.js';
import { idList, optional, span, text, whole, type Place } from './arguments.js';
import type { Calls } from './calls.js';
import { refusal, shown } from './errors.js';
import { IterMany, manyCall, manyKeys, type IterManyOptions, type ManyOptions, type Submit } from './many.js';
import { devices, subscriptions, subscriptionsPage } from './models.js';
import type { Device, Subscription, SubscriptionsPage } from './models.js';
import type { NativeWatcher } from './native.js';
import type { CallOptions } from './options.js';
import { Presences, single, type Presence } from './presences.js';
import { Status } from './status.js';
import { Subscriptions } from './subscriptions.js';
import { WATCH, Watcher, watchOptions, type WatchOptions } from './watch.js';

/** What {@link User.set} takes beside a status. */
export interface SetOptions extends CallOptions {
  /** The device, as the service names it: `{platform}_{id}`, for example `android_123423453246`. */
  readonly resource: string;
  /**
   * The user's own text, at most 1,024 bytes. It belongs to the user, not to the device, and every set replaces it:
   * without it the text becomes empty.
   */
  readonly ext?: string | undefined;
}

/** What {@link User.subscribe} takes beside ids. */
export interface SubscribeOptions extends ManyOptions {
  /** How long the subscription lasts, in seconds: 1 to 2,592,000 (30 days); a day if not given. */
  readonly ttlSeconds?: number | undefined;
}

/** What {@link User.subscriptions} and {@link User.subscriptionsPage} take. */
export interface PageOptions extends CallOptions {
  /** How many subscriptions one request brings: 1 to 500, 100 if not given. Newer deployments take at most 100. */
  readonly pageSize?: number | undefined;
}

const SET = ['resource', 'ext'];
const SUBSCRIBE = manyKeys('ttlSeconds');
const PAGE = ['pageSize'];

function nothing(): void {
  // A call that succeeded and has no value.
}

const same = <T>(value: unknown): T => value as T;
const many = (value: unknown): Presences => Presences.of(value as Handle);
const one = (value: unknown): Presence => single(value as FlatForm);

/** A status as the core takes it; none for `Status.Unknown`, which it refuses. */
function statusNumber(status: unknown, place: Place): number | undefined {
  if (status instanceof Status) return status.number;
  if (typeof status === 'number') return whole(status, 'the status', place);
  throw refusal('invalid_input', `the status must be a Status or a number, not ${shown(status)}`, {
    operation: 'set',
    hint: 'Write Status.Online, Status.Offline or Status.custom(100).',
  });
}

/** One user of the app, as the one who sets, subscribes and asks. Made by {@link PresenceClient.user}. */
export class User {
  /** The user's id. */
  readonly id: string;
  readonly #calls: Calls;

  /** @internal */
  constructor(calls: Calls, id: string) {
    this.#calls = calls;
    this.id = id;
    Object.freeze(this);
  }

  /**
   * Sets the status of one of the user's devices, and the user's own text:
   * `POST /users/{username}/presence/{resource}/{status}`.
   *
   * The service does not check that the device ever logged in. Limit: 50 calls a second per App Key. Setting again
   * what is set changes nothing.
   *
   * @throws {@link InvalidInputError} for a bad resource, status or text; {@link FeatureDisabledError} where presence
   * is not switched on for the app; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * await client.user('c1').set(Status.custom(100), { resource: 'android_123423453246', ext: 'busy' });
   * ```
   */
  set(status: Status | number, options: SetOptions): Promise<void> {
    return this.#calls.run<void>(
      {
        name: 'set',
        keys: SET,
        prepare: (place) => {
          const number = statusNumber(status, place);
          const resource = text((options as SetOptions | undefined)?.resource, 'resource', place);
          const ext = optional(text, options.ext, 'ext', place);
          return (client, id) => client.set(id, this.id, resource, number, ext);
        },
        read: nothing,
      },
      options,
    );
  }

  /**
   * Subscribes to any number of users and answers their current presence, with the time when each subscription ends:
   * `POST /users/{username}/presence/{expiry}`, for each 100 of them.
   *
   * Subscribing makes the service notify the clients of *this* user. Subscribing again replaces the end. The service
   * keeps at most 3,000 subscriptions per user and 3,000 subscribers of one. Limit: 50 requests a second per App Key.
   * No ids: an empty answer without a request.
   *
   * @throws {@link InvalidInputError} for a bad id, the user itself or a ttl out of range; {@link PartialFailureError} if
   * some requests succeeded and others failed; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const presences = await client.user('wzy').subscribe(['c2', 'c3'], { ttlSeconds: 1000 });
   * for (const presence of presences.values()) console.log(presence.userId, presence.expiresAt);
   * ```
   */
  subscribe(ids: Iterable<string>, options?: SubscribeOptions): Promise<Presences> {
    const prepare = (place: Place): Submit => {
      const ttl = optional(span, options?.ttlSeconds, 'ttlSeconds', place);
      return (client, id, list, timeoutMs, reports) =>
        client.subscribe(id, this.id, list, ttl, timeoutMs, reports);
    };
    return this.#calls.run(manyCall('subscribe', ids, options, many, prepare, SUBSCRIBE), options);
  }

  /**
   * Reads the presence of one user: `POST /users/{username}/presence`.
   *
   * Limit: 50 calls a second per App Key, shared with {@link User.getMany}. Gets made at the same time go as one call of
   * up to 100 users (`coalesce`); answers are given again for a while on request (`cacheMs`).
   *
   * @throws {@link NotFoundError} if the answer holds nothing about that user (some deployments answer only for users
   * subscribed to); {@link InvalidInputError} for a bad id; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const c2 = await client.user('wzy').get('c2');
   * console.log(c2.isOnline, c2.devices);
   * ```
   */
  get(userId: string, options?: CallOptions): Promise<Presence> {
    return this.#calls.run(
      {
        name: 'get',
        prepare: (place) => {
          const other = text(userId, 'the user id', place);
          return (client, id) => client.get(id, this.id, other);
        },
        read: one,
      },
      options,
    );
  }

  /**
   * Reads the presence of any number of users: `POST /users/{username}/presence`, for each 100 of them.
   *
   * The answer is in the order asked, an id given twice once; ids that the service did not answer are in
   * {@link Presences.missing}. Longer lists become several requests, which run side by side as the rate limit allows: 50
   * a second per App Key, which is 5,000 users. No ids: an empty answer without a request. For ids that should not be in
   * memory as a whole there is {@link User.iterMany}.
   *
   * @throws {@link InvalidInputError} for a bad id; {@link PartialFailureError} if some requests succeeded and others
   * failed; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const presences = await client.user('wzy').getMany(['c2', 'c3']);
   * console.log(presences.get('c2')?.isOnline, presences.missing);
   * ```
   */
  getMany(ids: Iterable<string>, options?: ManyOptions): Promise<Presences> {
    const prepare = (): Submit => (client, id, list, timeoutMs, reports) =>
      client.getMany(id, this.id, list, timeoutMs, reports);
    return this.#calls.run(manyCall('get_many', ids, options, many, prepare), options);
  }

  /**
   * Reads the presence of users as it goes: `POST /users/{username}/presence`, for each 100 of them. Memory stays bounded,
   * however many there are.
   *
   * Requests run side by side as the rate limit allows, some 25,000 users ahead at most. An id that comes again within
   * one request is asked for once. Ids of an asynchronous iterable are taken 100 at a time, and answers that come
   * meanwhile wait for the next of them.
   *
   * A request that fails rejects {@link IterMany.next}, and the error's {@link PresenceError.partial} names its users; the
   * iteration can go on. An id that breaks a rule is a rejection of its own, and the ids around it are asked for. After a
   * failure that every request would meet (auth, permission, feature disabled, quota exceeded, closed) the users that are
   * left fail with the same cause, unsent.
   *
   * @throws {@link InvalidInputError} for what is no iterable, or a string.
   *
   * @example
   * ```ts
   * let online = 0;
   * for await (const presences of client.user('wzy').iterMany(everyone)) {
   *   for (const presence of presences.values()) if (presence.isOnline) online += 1;
   * }
   * ```
   */
  iterMany(ids: Iterable<string> | AsyncIterable<string>, options?: IterManyOptions): IterMany {
    return new IterMany(this.#calls, this.id, ids, options);
  }

  /**
   * Ends the subscriptions to any number of users: `DELETE /users/{username}/presence`, for each 100 of them.
   *
   * Users never subscribed to are no error. Limit: 50 requests a second per App Key. No ids: done without a request.
   *
   * @throws As {@link User.getMany}.
   *
   * @example
   * ```ts
   * await client.user('wzy').unsubscribe(['c1']);
   * ```
   */
  unsubscribe(ids: Iterable<string>, options?: ManyOptions): Promise<void> {
    const prepare = (): Submit => (client, id, list, timeoutMs, reports) =>
      client.unsubscribe(id, this.id, list, timeoutMs, reports);
    return this.#calls.run<void>(manyCall('unsubscribe', ids, options, nothing, prepare), options);
  }

  /**
   * All of the user's subscriptions, page after page: `GET /users/{username}/presence/sublist?pageNum=…&pageSize=…`.
   *
   * Pages are read one at a time, as they are needed; the options hold for each. A user who moves to a later page
   * while they are read is given once. The service's list is up to 10 seconds behind writes. Limit: 50 pages a second
   * per App Key.
   *
   * @throws See {@link PresenceError}; the iteration ends with the first failure.
   *
   * @example
   * ```ts
   * for await (const subscription of client.user('wzy').subscriptions()) {
   *   console.log(subscription.userId, subscription.expiresAt);
   * }
   * ```
   */
  subscriptions(options?: PageOptions): Subscriptions {
    return new Subscriptions(() => {
      const place: Place = { kind: 'invalid_input', operation: 'subscriptions' };
      const pageSize = optional(whole, options?.pageSize, 'pageSize', place);
      const reader = this.#calls.native(options ?? {}).subscriptions(this.id, pageSize);
      const start = (_: unknown, id: number): void => reader.next(id);
      const next = { name: 'subscriptions', keys: PAGE, prepare: () => start, read: subscriptions };
      return {
        next: () => this.#calls.run<readonly Subscription[]>(next, options),
        total: () => reader.total ?? undefined,
      };
    });
  }

  /**
   * One page of the user's subscriptions, from 1 on:
   * `GET /users/{username}/presence/sublist?pageNum=…&pageSize=…`.
   *
   * Limit: 50 calls a second per App Key.
   *
   * @throws {@link InvalidInputError} for page 0 or a page size outside 1 to 500; see {@link PresenceError} for the
   * rest.
   *
   * @example
   * ```ts
   * const page = await client.user('wzy').subscriptionsPage(1, { pageSize: 50 });
   * console.log(page.total, page.subscriptions);
   * ```
   */
  subscriptionsPage(page: number, options?: PageOptions): Promise<SubscriptionsPage> {
    return this.#calls.run(
      {
        name: 'subscriptions',
        keys: PAGE,
        prepare: (place) => {
          const number = whole(page, 'the page', place);
          const size = optional(whole, options?.pageSize, 'pageSize', place);
          return (client, id) => client.subscriptionsPage(id, this.id, number, size);
        },
        read: subscriptionsPage,
      },
      options,
    );
  }

  /**
   * The devices on which the user is logged in: `GET /users/{username}/resources`.
   *
   * Each {@link Device.resource} is what {@link User.set} takes. Limit: 100 calls a second per App Key.
   *
   * @throws {@link NotFoundError} for a user who does not exist; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * for (const device of await client.user('c1').devices()) console.log(device.resource, device.platform);
   * ```
   */
  devices(options?: CallOptions): Promise<readonly Device[]> {
    return this.#calls.run(
      { name: 'devices', prepare: () => (client, id) => client.devices(id, this.id), read: devices },
      options,
    );
  }

  /**
   * Whether the user is logged in somewhere: `GET /users/{username}/status`.
   *
   * This is the login state, not the presence that the user set. Limit: 100 calls a second per App Key.
   *
   * @throws {@link NotFoundError} for a user who does not exist; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * if (await client.user('user1').isOnline()) console.log('here');
   * ```
   */
  isOnline(options?: CallOptions): Promise<boolean> {
    return this.#calls.run(
      { name: 'is_online', prepare: () => (client, id) => client.isOnline(id, this.id), read: same<boolean> },
      options,
    );
  }

  /**
   * Watches any number of users: a live view, and a stream of events.
   *
   * The service pushes nothing to a backend, so a watcher polls: `POST /users/{username}/presence`, 100 users a call,
   * within a part of the rate. At half of the documented 50 calls a second 2,500 users are read in a second, and 100,000
   * in 40 seconds. Other calls go first. A poll that fails changes nothing, and nobody is taken to have left because
   * contact is lost: then comes `stale`, and `resynced` when all users have been read again. A change that began and
   * ended between two readings of a user is not seen. Callbacks make it faster: {@link Watcher.feed}.
   *
   * @throws {@link InvalidInputError} for a bad id, an option out of range, or a text to restore that no watcher saved;
   * with `keepSubscribedSeconds`, which reads the subscriptions that exist, see {@link PresenceError}.
   *
   * @example
   * ```ts
   * await using watcher = await client.user('wzy').watch(['c2', 'c3']);
   * for await (const event of watcher) {
   *   if (event.kind === 'enter') console.log(`${event.userId} is online`);
   *   if (event.kind === 'leave') console.log(`${event.userId} is gone`);
   *   if (event.kind === 'synced') break; // every user has been read once
   * }
   * ```
   */
  watch(ids: Iterable<string>, options?: WatchOptions): Promise<Watcher> {
    let watch: NativeWatcher;
    return this.#calls.run(
      {
        name: 'watch',
        keys: WATCH,
        prepare: (place) => {
          const list = idList(ids, place);
          const given = watchOptions(options, place);
          return (client, id) => {
            watch = client.watch(this.id, list, given);
            watch.start(id);
          };
        },
        read: () => new Watcher(watch, this.#calls, options?.signal),
      },
      options,
    );
  }
}
