// Options as callers write them, and their way to the native client.

import { onlyKeys, optional, span, text, type Place } from './arguments.js';
import { register } from './bridge.js';
import { refusal, shown } from './errors.js';
import type { ClientConfig } from './native.js';
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

/** Limits that {@link PresenceClient.withOptions} replaces. */
export interface LimitOptions {
  /**
   * The most time a whole call may take, in milliseconds: waiting for a token, every attempt and every pause. 30,000
   * if not given; it never multiplies.
   */
  readonly timeoutMs?: number | undefined;
  /** The most time one attempt may take, in milliseconds. 10,000 if not given. */
  readonly attemptTimeoutMs?: number | undefined;
}

/** What a client needs beside an address and credentials: all of it has a default. */
export interface CommonOptions extends LimitOptions {
  /** The most time connecting may take, TLS included, in milliseconds. 3,000 if not given. */
  readonly connectTimeoutMs?: number | undefined;
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

const LIMIT_KEYS = ['timeoutMs', 'attemptTimeoutMs'] as const;
const TIME_KEYS = [...LIMIT_KEYS, 'connectTimeoutMs'] as const;
const TEXT_KEYS = ['host', 'emulator', 'appKey', 'appId', 'clientId', 'clientSecret', 'appToken', 'proxy'] as const;
const SECRETS: ReadonlySet<string> = new Set(['clientSecret', 'appToken', 'proxy']);
const COMMON_KEYS = ['connectTimeoutMs', 'allowInsecureHttp', 'proxy', 'rootCertificates', 'logger', ...LIMIT_KEYS];
const CLIENT: ReadonlySet<string> = new Set([...TEXT_KEYS, ...COMMON_KEYS, 'tokenProvider']);
const COMMON: ReadonlySet<string> = new Set(COMMON_KEYS);
const LIMITS: ReadonlySet<string> = new Set(LIMIT_KEYS);
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
  for (const key of TIME_KEYS) {
    const value = optional(span, options[key], key, PLACE);
    if (value !== undefined) config[key] = value;
  }
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

/** @internal Checks limits that replace a client's. */
export function limits(options: LimitOptions, known = LIMITS, place = PLACE): [number | undefined, number | undefined] {
  onlyKeys(options, known, place);
  return [
    optional(span, options.timeoutMs, 'timeoutMs', place),
    optional(span, options.attemptTimeoutMs, 'attemptTimeoutMs', place),
  ];
}
