import { idList, optional, span, text, whole, type Place } from './arguments.js';
import type { Calls } from './calls.js';
import { refusal, shown } from './errors.js';
import { devices, subscriptions, subscriptionsPage } from './models.js';
import type { Device, Subscription, SubscriptionsPage } from './models.js';
import type { CallOptions } from './options.js';
import { Presences, single, type Presence } from './presences.js';
import { Status } from './status.js';
import { Subscriptions } from './subscriptions.js';

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
export interface SubscribeOptions extends CallOptions {
  /** How long the subscription lasts, in seconds: 1 to 2,592,000 (30 days); a day if not given. */
  readonly ttlSeconds?: number | undefined;
}

/** What {@link User.subscriptions} and {@link User.subscriptionsPage} take. */
export interface PageOptions extends CallOptions {
  /** How many subscriptions one request brings: 1 to 500, 100 if not given. Newer deployments take at most 100. */
  readonly pageSize?: number | undefined;
}

const SET = ['resource', 'ext'];
const SUBSCRIBE = ['ttlSeconds'];
const PAGE = ['pageSize'];

function nothing(): void {
  // A call that succeeded and has no value.
}

const same = <T>(value: unknown): T => value as T;
const many = (value: unknown): Presences => Presences.of(value as [string, Float64Array]);
const one = (value: unknown): Presence => single(value as [string, Float64Array]);

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
   * Subscribes to up to 100 users and answers their current presence, with the time when each subscription ends:
   * `POST /users/{username}/presence/{expiry}`.
   *
   * Subscribing makes the service notify the clients of *this* user. Subscribing again replaces the end. The service
   * keeps at most 3,000 subscriptions per user and 3,000 subscribers of one. Limit: 50 calls a second per App Key. No
   * ids: an empty answer without a call.
   *
   * @throws {@link InvalidInputError} for a bad id, the user itself, more than 100 users or a ttl out of range;
   * {@link TooLargeError} where the ids together exceed 5,000 bytes; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const presences = await client.user('wzy').subscribe(['c2', 'c3'], { ttlSeconds: 1000 });
   * for (const presence of presences.values()) console.log(presence.userId, presence.expiresAt);
   * ```
   */
  subscribe(ids: Iterable<string>, options?: SubscribeOptions): Promise<Presences> {
    return this.#calls.run(
      {
        name: 'subscribe',
        keys: SUBSCRIBE,
        prepare: (place) => {
          const list = idList(ids, place);
          const ttl = optional(span, options?.ttlSeconds, 'ttlSeconds', place);
          return (client, id) => client.subscribe(id, this.id, list, ttl);
        },
        read: many,
      },
      options,
    );
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
   * Reads the presence of up to 100 users: `POST /users/{username}/presence`.
   *
   * The answer is in the order asked, an id given twice once; ids that the service did not answer are in
   * {@link Presences.missing}. Limit: 50 calls a second per App Key. No ids: an empty answer without a call.
   *
   * @throws {@link InvalidInputError} for a bad id or more than 100 users; {@link TooLargeError} where the ids together
   * exceed 5,000 bytes; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const presences = await client.user('wzy').getMany(['c2', 'c3']);
   * console.log(presences.get('c2')?.isOnline, presences.missing);
   * ```
   */
  getMany(ids: Iterable<string>, options?: CallOptions): Promise<Presences> {
    return this.#calls.run(
      {
        name: 'get_many',
        prepare: (place) => {
          const list = idList(ids, place);
          return (client, id) => client.getMany(id, this.id, list);
        },
        read: many,
      },
      options,
    );
  }

  /**
   * Ends the subscriptions to up to 100 users: `DELETE /users/{username}/presence`.
   *
   * Users never subscribed to are no error. Limit: 50 calls a second per App Key. No ids: done without a call.
   *
   * @throws As {@link User.getMany}.
   *
   * @example
   * ```ts
   * await client.user('wzy').unsubscribe(['c1']);
   * ```
   */
  unsubscribe(ids: Iterable<string>, options?: CallOptions): Promise<void> {
    return this.#calls.run<void>(
      {
        name: 'unsubscribe',
        prepare: (place) => {
          const list = idList(ids, place);
          return (client, id) => client.unsubscribe(id, this.id, list);
        },
        read: nothing,
      },
      options,
    );
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
}
