// What crosses from the emulator, in JavaScript's spelling.

import type { FaultKind } from './faults.js';

/** What a request asks for, as the journal names it. */
export type EmulatedOperation =
  | 'set'
  | 'subscribe'
  | 'get'
  | 'unsubscribe'
  | 'subscriptions'
  | 'group_online_count'
  | 'online_state'
  | 'online_states'
  | 'devices'
  | 'token'
  | 'register'
  | 'delete_user'
  | 'unknown';

/** The kinds of {@link ChangeEntry}. */
export type ChangeKind =
  | 'presence_set'
  | 'subscribed'
  | 'unsubscribed'
  | 'displaced'
  | 'registered'
  | 'deleted'
  | 'logged_in'
  | 'logged_out'
  | 'token_issued'
  | 'tokens_expired'
  | 'subscriptions_dropped'
  | 'group_count_set';

/** A request as received. */
export interface RequestEntry {
  readonly type: 'request';
  /** The entry's number: 1, 2, 3, … without gaps. */
  readonly seq: number;
  /** The emulator's time, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The connection that it came on, in the order accepted. */
  readonly connection: number;
  /** The method as sent. */
  readonly method: string;
  /** The request target as sent, still encoded. */
  readonly target: string;
  /** What it asks for. */
  readonly operation: EmulatedOperation;
  /** The path after the app's prefix: split at each `/`, then percent-decoded once. */
  readonly segments: readonly string[];
  /** The first 5 KB of the body as text, secrets masked. */
  readonly body: string;
  /** Whether an `Authorization` header came. */
  readonly authorization: boolean;
  /** The status answered; undefined while unanswered. */
  readonly status?: number;
}

/** A change of state. */
export interface ChangeEntry {
  readonly type: 'change';
  /** The entry's number: 1, 2, 3, … without gaps. */
  readonly seq: number;
  /** The emulator's time, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** What happened. */
  readonly kind: ChangeKind;
  /** The user that it happened to; empty for tokens. */
  readonly user: string;
  /** The device, or the user subscribed to, or the group. */
  readonly subject?: string;
  /** What else there is to know, such as `status` and `ext` of a presence or `expiry` of a subscription. */
  readonly details?: { readonly [name: string]: unknown };
  /** The number of the request that caused it; undefined if the test did. */
  readonly cause?: number;
}

/** A rule of the plan of faults that fired. */
export interface FaultEntry {
  readonly type: 'fault';
  /** The entry's number: 1, 2, 3, … without gaps. */
  readonly seq: number;
  /** The emulator's time, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** The rule's place in the plan, from 0. */
  readonly rule: number;
  /** The rule's name, if it has one. */
  readonly name?: string;
  /** The type of the fault, as in the plan. */
  readonly fault: FaultKind['type'];
  /** The number of the request that it happened to; undefined for a connection being accepted. */
  readonly request?: number;
  /** The connection that it happened to. */
  readonly connection: number;
  /** What only the firing decided, such as the length of a delay with jitter; often empty. */
  readonly detail: string;
}

/** One entry of the journal. */
export type JournalEntry = RequestEntry | ChangeEntry | FaultEntry;

/** Calls per second of each endpoint. */
export type PerSecond = { readonly [Operation in Exclude<EmulatedOperation, 'unknown'>]: number };

/** How calls are counted: in fixed windows, in a sliding one, in a bucket, or not at all. */
export type RateWindow = 'fixed' | 'sliding_log' | 'sliding_counter' | { readonly bucket: { readonly burst: number } } | 'off';

/** The call rates of the app and the kind of limiter that enforces them. */
export interface RateLimit {
  /** Calls per second, by endpoint. */
  readonly perSecond: PerSecond;
  /** How calls are counted. */
  readonly window: RateWindow;
}

/** The emulator's switches for everything in which sources about the service differ. */
export interface EmulatorSettings {
  /** Times, counts and statuses are strings (`true`, as documented) or numbers. */
  readonly numbersAsStrings: boolean;
  /** The shape of the 400 answers of the presence calls. */
  readonly presenceErrors: 'result' | 'envelope';
  /** The largest page of the subscription list. */
  readonly pageSizeCap: number;
  /** Whether calls for a user who was never registered are answered 404. */
  readonly requireRegistration: boolean;
  /** How long the subscription list takes to show a write, in milliseconds. */
  readonly listLagMs: number;
  /** Whether unsubscribe also takes `{"users": […]}` and `{"usernames": […]}`. */
  readonly lenientDeleteBody: boolean;
  /** Whether presence is switched on for the app. */
  readonly presenceEnabled: boolean;
  /** Whether the group online count is switched on for the app. */
  readonly groupCountEnabled: boolean;
  /** Whether `ttl` and `expires_in` of the token call are milliseconds. */
  readonly tokenMillis: boolean;
  /** The life of a token whose request names none, in milliseconds. */
  readonly defaultTokenTtlMs: number;
  /** How many calls a second are taken. */
  readonly rateLimit: RateLimit;
}

/** The settings that shall change, the others staying as they are. */
export type SettingsPatch = Partial<Omit<EmulatorSettings, 'rateLimit'>> & {
  readonly rateLimit?: { readonly perSecond?: Partial<PerSecond>; readonly window?: RateWindow };
};

type Json = { [key: string]: unknown };

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @internal `listLagMs` and `list_lag_ms`; the names of operations stay what they are in every language. */
export function respelled(value: unknown, spell: (key: string) => string): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [spell(key), respelled(inner, spell)]));
}

/** @internal */
export function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** @internal */
export function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** @internal */
export function merged(into: unknown, patch: unknown): unknown {
  if (!isObject(into) || !isObject(patch)) return patch;
  const changes = Object.entries(patch).map(([key, value]) => [key, merged(into[key], value)]);
  return { ...into, ...Object.fromEntries(changes) };
}

/** @internal One entry; the details keep their keys, which may be anything. */
export function entry(json: Json): JournalEntry {
  const given = Object.entries(json).filter(([, value]) => value !== null);
  return Object.freeze(Object.fromEntries(given.map(([key, value]) => [camel(key), value]))) as unknown as JournalEntry;
}
