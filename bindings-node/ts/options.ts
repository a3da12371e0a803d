// Options as callers write them, and their way to the native client.

import { flag, onlyKeys, optional, span, text, whole, type Place } from './arguments.js';
import { register } from './bridge.js';
import { refusal, shown } from './errors.js';
import type { ClientConfig, NativeClient } from './native.js';
import { rates, type RateLimits } from './rates.js';
import type { Logger } from './telemetry.js';
import { TokenSource, type TokenProvider } from './token-source.js';

/** What every call takes. */
export interface CallOptions {
  /**
   * Aborts the call: the request is dropped down to its socket, and the promise rejects with the signal's reason. The
   * service may have received it.
   */
  readonly signal?: AbortSignal | undefined;
  /** The most time the whole call may take, in milliseconds, in place of the client's. */
  readonly timeoutMs?: number | undefined;
  /** The most time one attempt may take, in milliseconds, in place of the client's. */
  readonly attemptTimeoutMs?: number | undefined;
}

/** Limits of a client's calls. */
export interface LimitOptions {
  /**
   * The most time a whole call may take, in milliseconds, in which everything happens: its turn in the rate limit,
   * waiting for a token, every attempt and every pause. 30,000 if not given; it never multiplies.
   */
  readonly timeoutMs?: number | undefined;
  /** The most time one attempt may take, in milliseconds. 10,000 if not given. */
  readonly attemptTimeoutMs?: number | undefined;
  /**
   * The most attempts of one call, 4 if not given. Neither attempts that the service's rate limit refused count nor
   * those made again for nothing: after a 401, or when a connection that lay idle had been closed. 1 means no retry,
   * not even after the service's rate limit refused the call.
   */
  readonly maxAttempts?: number | undefined;
}

/** Whether calls go before or after others when the rate limit makes them wait. */
export type Priority = 'normal' | 'background';

/** What {@link PresenceClient.withOptions} replaces. */
export interface WithOptions extends LimitOptions {
  /** `'background'` lets the calls of others go first; `'normal'` if not given. */
  readonly priority?: Priority | undefined;
  /**
   * Counts all calls made through the client as one caller. Callers take turns, so a job of a hundred thousand calls
   * leaves every other call its place; without this each call is a caller of its own.
   */
  readonly grouped?: boolean | undefined;
}

/** What a client needs beside an address and credentials: all of it has a default. */
export interface CommonOptions extends LimitOptions {
  /** The most time connecting may take, TLS included, in milliseconds. 3,000 if not given. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How many calls a second are made to each endpoint; the documented rates if not given. All clients of one App Key
   * in this process count together: the rates given last hold for all of them. Calls beyond the rate wait for their
   * turn, within their timeout.
   */
  readonly rateLimits?: RateLimits | undefined;
  /** The part of every rate that this process may use, above 0 and at most 1; for an app with several processes. */
  readonly rateShare?: number | undefined;
  /**
   * The most calls that may wait for their turn at one endpoint; more fail at once with {@link OverloadedError}.
   * 10,000 if not given.
   */
  readonly maxQueued?: number | undefined;
  /**
   * Whether single `get`s that one user makes at the same time go as one request, of up to 100 users; they do if not
   * given. Each call keeps its own timeout, answer and error.
   */
  readonly coalesce?: boolean | undefined;
  /**
   * How old an answer of `get` may be that is given again without a request, in milliseconds; off if not given. An
   * answer belongs to the user who asked; what was read before this client's own `set` of a user is not given after it.
   * About 65,000 answers are kept at most, and no errors.
   */
  readonly cacheMs?: number | undefined;
  /**
   * The least time between two requests for a token, whatever becomes of them, in milliseconds. 10,000 if not given;
   * tests that let tokens end may want 0.
   */
  readonly minTokenIntervalMs?: number | undefined;
  /** Allows an `http://` host that is not this machine. Tokens then travel readable by all on the way. */
  readonly allowInsecureHttp?: boolean | undefined;
  /** An HTTP proxy for every connection, `http://[user:password@]host:port`. */
  readonly proxy?: string | undefined;
  /**
   * Certificate authorities, as PEM text, that are trusted beside the platform's. Verification cannot be switched off.
   */
  readonly rootCertificates?: string | readonly string[] | undefined;
  /** Where calls are written down: `console`, or anything with the same methods. Nowhere if not given. */
  readonly logger?: Logger | undefined;
}

/** The address of an app, its credentials, and whatever should differ from the defaults. */
export interface ClientOptions extends CommonOptions {
  /**
   * The REST host that the console shows for the app, such as `a1.easemob.com` or `a41.chat.agora.io`, with a port if
   * it needs one. HTTPS unless it is written with `http://`.
   */
  readonly host?: string | undefined;
  /** An emulator at `host:port`, in place of `host`; it has an app and credentials of its own. */
  readonly emulator?: string | undefined;
  /** The App Key, `org#app`. */
  readonly appKey?: string | undefined;
  /** The app id of newer Agora projects, in place of an App Key. */
  readonly appId?: string | undefined;
  /** The client id from the console. App tokens are fetched with it, kept, and renewed. */
  readonly clientId?: string | undefined;
  /** The client secret that belongs to the client id. */
  readonly clientSecret?: string | undefined;
  /** One fixed app token, in place of client id and secret. When it ends, calls fail with {@link AuthError}. */
  readonly appToken?: string | undefined;
  /** A function that gives app tokens, in place of client id and secret. */
  readonly tokenProvider?: TokenProvider | undefined;
}

const NUMBER_KEYS = ['timeoutMs', 'attemptTimeoutMs', 'connectTimeoutMs', 'minTokenIntervalMs', 'cacheMs', 'rateShare'] as const;
const WHOLE_KEYS = ['maxAttempts', 'maxQueued'] as const;
const TEXT_KEYS = ['host', 'emulator', 'appKey', 'appId', 'clientId', 'clientSecret', 'appToken', 'proxy'] as const;
const SECRETS: ReadonlySet<string> = new Set(['clientSecret', 'appToken', 'proxy']);
const OTHER_KEYS = ['rateLimits', 'coalesce', 'allowInsecureHttp', 'proxy', 'rootCertificates', 'logger'] as const;
const COMMON_KEYS = [...NUMBER_KEYS, ...WHOLE_KEYS, ...OTHER_KEYS];
const CLIENT: ReadonlySet<string> = new Set([...TEXT_KEYS, ...COMMON_KEYS, 'tokenProvider']);
const COMMON: ReadonlySet<string> = new Set(COMMON_KEYS);
const WITH: ReadonlySet<string> = new Set(['timeoutMs', 'attemptTimeoutMs', 'maxAttempts', 'priority', 'grouped']);
const PLACE: Place = { kind: 'config' };

/** @internal The options with their types checked, as the native client takes them. */
export interface Opened {
  readonly config: ClientConfig;
  readonly tokens: TokenSource | undefined;
  readonly logger: Logger | undefined;
}

/** @internal Checks a client's options; with `variables`, those that the environment does not give. */
export function opened(options: ClientOptions, variables?: Record<string, string>): Opened {
  onlyKeys(options, variables === undefined ? CLIENT : COMMON, PLACE);
  const config: ClientConfig = variables === undefined ? {} : { variables };
  for (const key of TEXT_KEYS) {
    const value = options[key];
    if (value === undefined) continue;
    // A secret of the wrong type may still be one.
    if (SECRETS.has(key) && typeof value !== 'string') throw refusal('config', `${key} must be a string`);
    config[key] = text(value, key, PLACE);
  }
  for (const key of NUMBER_KEYS) {
    const value = optional(span, options[key], key, PLACE);
    if (value !== undefined) config[key] = value;
  }
  for (const key of WHOLE_KEYS) {
    const value = optional(whole, options[key], key, PLACE);
    if (value !== undefined) config[key] = value;
  }
  const rateLimits = optional(rates, options.rateLimits, 'rateLimits', PLACE);
  if (rateLimits !== undefined) config.rateLimits = rateLimits;
  const coalesce = optional(flag, options.coalesce, 'coalesce', PLACE);
  if (coalesce !== undefined) config.coalesce = coalesce;
  if (options.allowInsecureHttp !== undefined) config.allowInsecureHttp = options.allowInsecureHttp === true;
  if (options.rootCertificates !== undefined) {
    const given: unknown = options.rootCertificates;
    const list: unknown[] = Array.isArray(given) ? given : [given];
    config.rootCertificates = list.map((pem, at) => text(pem, `rootCertificates[${at}]`, PLACE));
  }
  const tokens = tokenSource(options);
  if (tokens !== undefined) config.tokenClient = register(tokens);
  return { config, tokens, logger: logger(options) };
}

function tokenSource({ tokenProvider }: ClientOptions): TokenSource | undefined {
  if (tokenProvider === undefined) return undefined;
  if (typeof tokenProvider === 'function') return new TokenSource(tokenProvider);
  throw refusal('config', 'tokenProvider must be a function');
}

function logger(options: CommonOptions): Logger | undefined {
  const given: unknown = options.logger;
  if (given === undefined || (typeof given === 'object' && given !== null)) return given as Logger | undefined;
  throw refusal('config', `logger must be an object with debug and warn, not ${shown(given)}`);
}

/** @internal Options as the native client takes them. */
export type Replaced = Parameters<NativeClient['withOptions']>;

/** @internal Checks options that replace a client's. */
export function replacing(options: WithOptions): Replaced {
  onlyKeys(options, WITH, PLACE);
  return [
    ...limits(options, PLACE),
    optional(whole, options.maxAttempts, 'maxAttempts', PLACE),
    optional(isBackground, options.priority, 'priority', PLACE),
    optional(flag, options.grouped, 'grouped', PLACE),
  ];
}

/** @internal Checks the limits that a call may have of its own. */
export function limits(options: CallOptions, place: Place): [number | undefined, number | undefined] {
  return [
    optional(span, options.timeoutMs, 'timeoutMs', place),
    optional(span, options.attemptTimeoutMs, 'attemptTimeoutMs', place),
  ];
}

function isBackground(priority: unknown, name: string, place: Place): boolean {
  if (priority === 'normal' || priority === 'background') return priority === 'background';
  throw refusal(place.kind, `${name} must be "normal" or "background", not ${shown(priority)}`);
}
