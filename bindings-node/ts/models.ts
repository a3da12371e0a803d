// The small values: plain, frozen, read from JSON.

import { inspect, type InspectOptions } from 'node:util';

import { folded } from './presences.js';

/** One device on which a user is logged in. */
export interface Device {
  /** The device's key: what {@link User.set} takes as its resource. */
  readonly resource: string;
  /** The part of the key before its first `_`: `android`, `ios`, `web`, … */
  readonly platform: string;
  /** The device's own identifier. */
  readonly deviceUuid?: string;
  /** The device's name, for example its model. */
  readonly deviceName?: string;
}

/** One user that another has subscribed to. */
export interface Subscription {
  /** The user subscribed to, in the service's spelling (lower case). */
  readonly userId: string;
  /** When the subscription ends. */
  readonly expiresAt?: Date;
}

/** One page of a user's subscriptions. */
export interface SubscriptionsPage {
  /** How many subscriptions there are on all pages, as the service counted for this one. */
  readonly total?: number;
  /** The subscriptions on this page, in the service's order. */
  readonly subscriptions: readonly Subscription[];
}

interface DeviceJson {
  resource: string;
  platform: string;
  uuid: string | null;
  name: string | null;
}

interface SubscriptionJson {
  user_id: string;
  expires_at: number | null;
}

/** @internal */
export function devices(json: unknown): readonly Device[] {
  const read = ({ resource, platform, uuid, name }: DeviceJson): Device =>
    Object.freeze({
      resource,
      platform,
      ...(uuid === null ? {} : { deviceUuid: uuid }),
      ...(name === null ? {} : { deviceName: name }),
    });
  return Object.freeze((JSON.parse(json as string) as DeviceJson[]).map(read));
}

function subscription({ user_id, expires_at }: SubscriptionJson): Subscription {
  const expiresAt = expires_at === null ? {} : { expiresAt: new Date(expires_at * 1000) };
  return Object.freeze({ userId: user_id, ...expiresAt });
}

/** @internal */
export function subscriptions(json: unknown): readonly Subscription[] {
  return Object.freeze((JSON.parse(json as string) as SubscriptionJson[]).map(subscription));
}

/** @internal */
export function subscriptionsPage(json: unknown): SubscriptionsPage {
  const page = JSON.parse(json as string) as { total: number | null; subscriptions: SubscriptionJson[] };
  const total = page.total === null ? {} : { total: page.total };
  return Object.freeze({ ...total, subscriptions: Object.freeze(page.subscriptions.map(subscription)) });
}

/** Whether each of several users is online: an immutable map from user id to boolean, in the order asked. */
export class OnlineStates implements ReadonlyMap<string, boolean> {
  /** Ids that were asked for and not answered. */
  readonly missing: readonly string[];
  // Visible, so that `assert.deepEqual` and its like compare it.
  /** @internal */
  readonly states: readonly (readonly [string, boolean])[];
  readonly #byId: ReadonlyMap<string, boolean>;

  private constructor(states: readonly (readonly [string, boolean])[], missing: readonly string[]) {
    this.states = Object.freeze(states);
    this.missing = Object.freeze(missing);
    this.#byId = new Map(states.map(([userId, online]) => [folded(userId), online]));
    Object.freeze(this);
  }

  /** @internal */
  static of(json: unknown): OnlineStates {
    const { states, missing } = JSON.parse(json as string) as {
      states: { user_id: string; online: boolean }[];
      missing: string[];
    };
    return new OnlineStates(states.map(({ user_id, online }) => Object.freeze([user_id, online] as const)), missing);
  }

  /** How many users were answered. */
  get size(): number {
    return this.states.length;
  }

  /** Whether the user is online, found in any letter case; undefined if not asked for or not answered. */
  get(userId: string): boolean | undefined {
    return typeof userId === 'string' ? this.#byId.get(folded(userId)) : undefined;
  }

  /** Whether the user was answered. */
  has(userId: string): boolean {
    return this.get(userId) !== undefined;
  }

  /** The users answered, in the order asked. */
  *keys(): MapIterator<string> {
    for (const [userId] of this.states) yield userId;
  }

  /** The states, in the order asked. */
  *values(): MapIterator<boolean> {
    for (const [, online] of this.states) yield online;
  }

  /** Users and states, in the order asked. */
  *entries(): MapIterator<[string, boolean]> {
    for (const [userId, online] of this.states) yield [userId, online];
  }

  /** Users and states, in the order asked. */
  [Symbol.iterator](): MapIterator<[string, boolean]> {
    return this.entries();
  }

  /** Calls the function for each user, in the order asked. */
  forEach(act: (online: boolean, userId: string, states: OnlineStates) => void, thisArg?: unknown): void {
    for (const [userId, online] of this.states) act.call(thisArg, online, userId, this);
  }

  /** `OnlineStates`. */
  get [Symbol.toStringTag](): string {
    return 'OnlineStates';
  }

  /** The states in the order asked, and the missing ids. */
  toJSON(): { states: { userId: string; online: boolean }[]; missing: readonly string[] } {
    return { states: this.states.map(([userId, online]) => ({ userId, online })), missing: this.missing };
  }

  /** @internal */
  [inspect.custom](depth: number, options: InspectOptions): string {
    if (depth < 0) return `[OnlineStates(${this.size})]`;
    const missing = this.missing.length > 0 ? ` missing: ${inspect(this.missing, options)}` : '';
    return `OnlineStates ${inspect(new Map(this.states), options)}${missing}`;
  }
}

/** An app token, with its lifetime where that is known. Never prints itself. */
export class AppToken {
  readonly #token: string;
  /** How long the token still lived when it was handed out, in milliseconds; undefined where that is not known. */
  readonly lifetimeMs: number | undefined;

  private constructor(token: string, lifetimeMs: number | undefined) {
    this.#token = token;
    this.lifetimeMs = lifetimeMs;
    Object.freeze(this);
  }

  /** @internal */
  static of(json: unknown): AppToken {
    const [token, lifetimeMs] = JSON.parse(json as string) as [string, number | null];
    return new AppToken(token, lifetimeMs ?? undefined);
  }

  /** The token itself, for a call of your own. Keep it out of logs. */
  expose(): string {
    return this.#token;
  }

  /** `[redacted]`. */
  toString(): string {
    return '[redacted]';
  }

  /** `[redacted]`. */
  toJSON(): string {
    return '[redacted]';
  }

  /** @internal */
  [inspect.custom](): string {
    return 'AppToken [redacted]';
  }
}
