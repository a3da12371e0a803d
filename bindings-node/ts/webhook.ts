// Callbacks: what the service posts to your server.

import { inspect, type InspectOptions } from 'node:util';

import { onlyKeys, optional, span, text, type Place } from './arguments.js';
import { errorOf, refusal, shown } from './errors.js';
import { native, type NativeWebhook } from './native.js';

/** What a {@link Webhook} takes beside its secret. */
export interface WebhookOptions {
  /** Other secrets to accept: the old one while the console changes it, or those of other rules. */
  readonly also?: readonly string[] | undefined;
  /**
   * How far a callback's timestamp may be from this machine's clock, before it and after it; 10 minutes if not given.
   * Repeats are remembered as long, at most 100,000 of them.
   */
  readonly maxAgeMs?: number | undefined;
  /** Refuses callbacks of other apps than `org#app`, should their rule have the same secret. */
  readonly appKey?: string | undefined;
}

/** A callback as a plain object; see {@link Callback.toJSON}. */
export interface CallbackFields {
  /** The callback's id, `{app key}_{uuid}`; a repeat has the same. */
  readonly callId: string;
  /** What happened: one of the three, or a word that the documents do not know, as it came. */
  readonly reason: 'login' | 'logout' | 'replaced' | (string & {});
  /** Whether this device of the user is online now. The user may be on another one as well. */
  readonly online: boolean;
  /** The user. */
  readonly userId: string;
  /** The device's key, as in {@link DeviceStatus.resource}. */
  readonly resource: string;
  /** The device's system: `android`, `ios`, … */
  readonly os?: string;
  /** The device's address, with its port as a rule. */
  readonly ip?: string;
  /** The service's server that the device was connected to. */
  readonly host?: string;
  /** The App Key, `org#app`. */
  readonly appKey: string;
  /** The version of the client SDK on the device. */
  readonly version?: string;
  /** When it happened. Callbacks may overtake each other: of two for the same device the later one is the newer. */
  readonly timestamp: Date;
}

/** As the core saves it. */
interface Saved {
  call_id: string;
  reason: string;
  online: boolean;
  user_id: string;
  resource: string;
  os: string | null;
  ip: string | null;
  host: string | null;
  app_key: string;
  version: string | null;
  timestamp: number;
}

const OPTIONAL = ['os', 'ip', 'host', 'version'] as const;
const OPTIONS: ReadonlySet<string> = new Set(['also', 'maxAgeMs', 'appKey']);
const CONFIG: Place = { kind: 'config' };
const BODY: Place = { kind: 'invalid_input' };

// The fields are declared once, above: a callback has exactly those.
export interface Callback extends CallbackFields {}

/** One device of one user logged in, logged out or was replaced: a callback that a {@link Webhook} checked. */
export class Callback {
  /** @internal */
  constructor(json: string) {
    const saved = JSON.parse(json) as Saved;
    const fields: { -readonly [Field in keyof CallbackFields]: CallbackFields[Field] } = {
      callId: saved.call_id,
      reason: saved.reason,
      online: saved.online,
      userId: saved.user_id,
      resource: saved.resource,
      appKey: saved.app_key,
      timestamp: new Date(Math.round(saved.timestamp * 1000)),
    };
    for (const name of OPTIONAL) {
      const value = saved[name];
      if (value !== null) fields[name] = value;
    }
    Object.assign(this, fields);
    Object.freeze(this);
  }

  /** Every field by name; the time as a `Date`, which JSON writes in ISO 8601. */
  toJSON(): CallbackFields {
    return { ...this };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Callback ${inspect(this.toJSON(), options)}`;
  }
}

/** @internal A callback as the core saves it. */
export function savedCallback(callback: Callback): string {
  const { callId, reason, online, userId, resource, appKey, timestamp } = callback;
  const [os = null, ip = null, host = null, version = null] = OPTIONAL.map((name) => callback[name]);
  const [call_id, user_id, app_key] = [callId, userId, appKey];
  const rest = { os, ip, host, version, timestamp: timestamp.getTime() / 1000 };
  return JSON.stringify({ call_id, reason, online, user_id, resource, app_key, ...rest } satisfies Saved);
}

function secrets(value: unknown, name: string, place: Place): string[] {
  if (!Array.isArray(value)) throw refusal(place.kind, `${name} must be a list of secrets`);
  return value.map((secret, at) => secretText(secret, `${name}[${at}]`));
}

/** As {@link text}, without showing what was given. */
function secretText(value: unknown, name: string): string {
  if (typeof value !== 'string') throw refusal('config', `${name} must be a string`);
  return value;
}

/** What native code throws has the failure's JSON as its message. */
function checked<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw errorOf((error as Error).message);
  }
}

/**
 * Checks and reads the callbacks that the service posts to your server when users log in and out.
 *
 * Keep one for the life of the process: it remembers the callbacks that it accepted, to drop repeats. It does no I/O. Of
 * several processes or worker threads each has a memory of its own.
 *
 * @example
 * ```ts
 * import { DecodeError, InvalidSignatureError, Webhook } from 'easemob-presence';
 *
 * const webhook = new Webhook("the rule's secret");
 *
 * function receive(body: Buffer): number {
 *   try {
 *     const callback = webhook.parse(body);
 *     if (callback !== undefined) console.log(`${callback.userId} is online: ${callback.online}`);
 *     return 200; // for a repeat too
 *   } catch (error) {
 *     if (error instanceof InvalidSignatureError) return 401;
 *     if (error instanceof DecodeError) return 400;
 *     throw error;
 *   }
 * }
 * ```
 */
export class Webhook {
  readonly #native: NativeWebhook;

  /**
   * Takes the secret of the rule in the console.
   *
   * @throws {@link ConfigError} for a secret that is empty or has white space around it, no age at all, no App Key, or an
   * option that there is not.
   */
  constructor(secret: string, options: WebhookOptions = {}) {
    onlyKeys(options, OPTIONS, CONFIG);
    const own = secretText(secret, 'the secret');
    const also = optional(secrets, options.also, 'also', CONFIG) ?? [];
    const maxAgeMs = optional(span, options.maxAgeMs, 'maxAgeMs', CONFIG);
    const appKey = optional(text, options.appKey, 'appKey', CONFIG);
    this.#native = checked(() => new native.NativeWebhook(own, also, maxAgeMs, appKey));
    Object.freeze(this);
  }

  /**
   * Checks the body of a request, byte for byte as it came (not what a framework made of its JSON), and reads it.
   *
   * Answer 200 within 60 seconds for a callback and for a repeat, 401 to {@link InvalidSignatureError}, 400 to
   * {@link DecodeError}.
   *
   * @returns The callback; `undefined` for a repeat of one that was accepted.
   * @throws {@link InvalidSignatureError} if it is not signed, or not with one of the secrets, too old, too far in the
   * future, or another app's.
   * @throws {@link DecodeError} if it is no JSON object, or not one of these callbacks; the service can be told to post
   * others, such as messages, to the same address.
   * @throws {@link InvalidInputError} if the body is neither a string nor bytes.
   *
   * @example
   * ```ts
   * const body = emulator.callback('c2', 'ios_1', 'logout', "the rule's secret");
   * const callback = new Webhook("the rule's secret").parse(body);
   * console.log(callback?.userId, callback?.online); // c2 false
   * ```
   */
  parse(body: string | Uint8Array): Callback | undefined {
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
      throw refusal(BODY.kind, `the body must be the bytes of the request as they came, not ${shown(body)}`);
    }
    const json = checked(() => this.#native.parse(body));
    return json === null ? undefined : new Callback(json);
  }

  /**
   * Takes the callback with this id for new if it comes again. For a handler that could not deal with it: forget it, answer
   * 500, and the service delivers it once more.
   *
   * @returns Whether it was remembered.
   *
   * @example
   * ```ts
   * webhook.forget(callback.callId);
   * ```
   */
  forget(callId: string): boolean {
    return this.#native.forget(text(callId, 'callId', BODY));
  }
}
