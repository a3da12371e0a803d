// One class per kind under one root. Errors are made here, after an `await`, so that their stacks lead to the caller's.

import { inspect } from 'node:util';

import type { Handle } from './answer.js';
import { OnlineStates } from './models.js';
import { PartialFailure } from './partial.js';
import { Presences } from './presences.js';

/** Whether the service may have received the call that failed. */
export type Sent = 'no' | 'maybe' | 'yes';

/** What went wrong, by what a caller can do about it. */
export type ErrorKind =
  | 'invalid_input'
  | 'config'
  | 'auth'
  | 'permission'
  | 'not_found'
  | 'feature_disabled'
  | 'bad_request'
  | 'rate_limited'
  | 'quota_exceeded'
  | 'too_large'
  | 'server'
  | 'decode'
  | 'invalid_signature'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'queue_timeout'
  | 'overloaded'
  | 'superseded'
  | 'partial'
  | 'closed';

/** @internal What a failure carries across the bridge. */
export interface Failure {
  kind: string;
  text: string;
  message: string;
  operation?: string;
  status?: number;
  code?: string;
  hint?: string;
  requestId?: string;
  retryAfterMs?: number;
  body?: string;
  retryable: boolean;
  sent: Sent;
  attempts: number;
  causes: readonly string[];
  tokenRequest?: number;
  partial?: {
    readonly succeeded: readonly string[];
    readonly causes: readonly (readonly [readonly string[], Failure])[];
    readonly onlineStates?: string;
  };
}

/** @internal A failure as it is drained: its JSON, or that and the presences that were answered. */
export type Failed = string | readonly [json: string, presences: Handle];

const FIELDS = ['operation', 'status', 'code', 'hint', 'requestId', 'retryAfterMs', 'body'] as const;

/**
 * Why a call failed: the root of all errors of this package.
 *
 * `message` is one line that names the operation, the endpoint, the status, the service's code and words, and what
 * to do. Branch on {@link PresenceError.kind} or with `instanceof`, never on the text.
 *
 * @example
 * ```ts
 * try {
 *   await client.user('c1').set(Status.Online, { resource: 'android' });
 * } catch (error) {
 *   if (error instanceof FeatureDisabledError) console.error(error.hint);
 *   else throw error;
 * }
 * ```
 */
export class PresenceError extends Error {
  /** What went wrong, by what a caller can do about it; `internal` is a mistake in this package. */
  readonly kind: ErrorKind | 'internal';
  /** The service's own words where it answered, else what happened here. */
  readonly detail: string;
  /** Whether the same call can succeed later with nothing else changed. */
  readonly retryable: boolean;
  /** Whether the service may have received the call. */
  readonly sent: Sent;
  /** How many times the request was sent or tried; 0 if it never came to that. */
  readonly attempts: number;
  /** The operation's name (`set`, `get_many`, …), the same in every language; none while a client is being made. */
  declare readonly operation?: string;
  /** The HTTP status, if the service answered. */
  declare readonly status?: number;
  /** The service's own code (`illegal_argument`, `reach_limit`, …), as sent. */
  declare readonly code?: string;
  /** What to do about it, where that is known. */
  declare readonly hint?: string;
  /** The answer's `x-request-id` header, for a support ticket. */
  declare readonly requestId?: string;
  /** How long the service asked to wait (`Retry-After`), in milliseconds. */
  declare readonly retryAfterMs?: number;
  /** The first 2 KiB of the answer's text as it came, with anything shaped like a token masked. */
  declare readonly body?: string;
  /**
   * What succeeded and what failed, user by user, of a call on many users that took more than one request, and of each
   * failed item of {@link User.iterMany}.
   */
  declare readonly partial?: PartialFailure;

  /** @internal */
  constructor(failure: Failure, cause?: unknown, partial?: PartialFailure) {
    super(failure.text, cause === undefined ? undefined : { cause });
    this.kind = failure.kind as ErrorKind;
    this.detail = failure.message;
    this.retryable = failure.retryable;
    this.sent = failure.sent;
    this.attempts = failure.attempts;
    for (const field of FIELDS) {
      if (failure[field] !== undefined) Object.defineProperty(this, field, { value: failure[field], enumerable: true });
    }
    if (partial !== undefined) Object.defineProperty(this, 'partial', { value: partial, enumerable: true });
  }

  /** Every field by name, with the message. */
  toJSON(): object {
    const fields: object = { ...this };
    return { name: this.name, message: this.message, ...fields };
  }
}

/** An argument breaks a documented rule. Found before any socket is opened. */
export class InvalidInputError extends PresenceError {
  declare readonly kind: 'invalid_input';
}
/** The client cannot be made, or used, as configured. */
export class ConfigError extends PresenceError {
  declare readonly kind: 'config';
}
/** The service does not accept the token, or the client id and secret; or the token provider failed. */
export class AuthError extends PresenceError {
  declare readonly kind: 'auth';
}
/** The token is accepted but does not allow this call; a new token would not help. */
export class PermissionDeniedError extends PresenceError {
  declare readonly kind: 'permission';
}
/** The app, the user or the presence asked for does not exist. */
export class NotFoundError extends PresenceError {
  declare readonly kind: 'not_found';
}
/** The app has not switched the feature on in the console. */
export class FeatureDisabledError extends PresenceError {
  declare readonly kind: 'feature_disabled';
}
/** The service understood the call and refuses it. */
export class BadRequestError extends PresenceError {
  declare readonly kind: 'bad_request';
}
/** Too many calls in a short time (`reach_limit`); the same call succeeds later. */
export class RateLimitedError extends PresenceError {
  declare readonly kind: 'rate_limited';
}
/** The plan's quota is used up (`resource_limited`); waiting does not help. */
export class QuotaExceededError extends PresenceError {
  declare readonly kind: 'quota_exceeded';
}
/** The request or the answer is larger than allowed. */
export class TooLargeError extends PresenceError {
  declare readonly kind: 'too_large';
}
/** The service failed, or answered something that HTTP gives no meaning here. */
export class ServerError extends PresenceError {
  declare readonly kind: 'server';
}
/** A successful status with a body that is not what the call returns; or a callback that is none. */
export class DecodeError extends PresenceError {
  declare readonly kind: 'decode';
}
/** A callback is not signed with a known secret, or is too far from the present, or is another app's. */
export class InvalidSignatureError extends PresenceError {
  declare readonly kind: 'invalid_signature';
}
/** No connection could be made, or it broke. */
export class ConnectError extends PresenceError {
  declare readonly kind: 'connect';
}
/** The server's certificate is not acceptable. */
export class TlsError extends PresenceError {
  declare readonly kind: 'tls';
}
/** A deadline passed, here or (408) at the service. */
export class DeadlineError extends PresenceError {
  declare readonly kind: 'timeout';
}
/** The rate limit gives the call no turn before its deadline. Nothing was sent, or nothing more. */
export class QueueTimeoutError extends PresenceError {
  declare readonly kind: 'queue_timeout';
}
/** Too many calls wait for their turn already. */
export class OverloadedError extends PresenceError {
  declare readonly kind: 'overloaded';
}
/** A newer set of the same device took this one's place. */
export class SupersededError extends PresenceError {
  declare readonly kind: 'superseded';
}
/**
 * Of a call on many users, a part succeeded and a part failed. Here is both: nothing has to be asked again.
 *
 * @example
 * ```ts
 * try {
 *   await client.user('wzy').getMany(everyone);
 * } catch (error) {
 *   if (!(error instanceof PartialFailureError)) throw error;
 *   for (const [userId, cause] of error.failed) console.log(userId, cause.kind);
 * }
 * ```
 */
export class PartialFailureError extends PresenceError {
  declare readonly kind: 'partial';

  /** The presences that were answered; none for an operation that answers none. */
  get presences(): Presences | undefined {
    return this.partial?.presences;
  }

  /** The states that were answered; none for an operation that answers none. */
  get onlineStates(): OnlineStates | undefined {
    return this.partial?.onlineStates;
  }

  /** The users for whom the call succeeded, in the order asked. */
  get succeeded(): readonly string[] {
    return this.partial?.succeeded ?? [];
  }

  /** The users for whom it failed, in the order asked, with the cause; users of one request share it. */
  get failed(): ReadonlyMap<string, PresenceError> {
    return this.partial?.failed ?? new Map<string, PresenceError>();
  }
}
/** The client was closed, before the call or during it. */
export class ClosedError extends PresenceError {
  declare readonly kind: 'closed';
}

const CLASSES: { readonly [Kind in ErrorKind]: typeof PresenceError } = {
  invalid_input: InvalidInputError,
  config: ConfigError,
  auth: AuthError,
  permission: PermissionDeniedError,
  not_found: NotFoundError,
  feature_disabled: FeatureDisabledError,
  bad_request: BadRequestError,
  rate_limited: RateLimitedError,
  quota_exceeded: QuotaExceededError,
  too_large: TooLargeError,
  server: ServerError,
  decode: DecodeError,
  invalid_signature: InvalidSignatureError,
  connect: ConnectError,
  tls: TlsError,
  timeout: DeadlineError,
  queue_timeout: QueueTimeoutError,
  overloaded: OverloadedError,
  superseded: SupersededError,
  partial: PartialFailureError,
  closed: ClosedError,
};

for (const Class of [PresenceError, ...Object.values(CLASSES)]) {
  Object.defineProperty(Class.prototype, 'name', { value: Class.name, configurable: true, writable: true });
}

/** What lies under a failure and is not an error of this package: its words, and what lies under it in turn. */
function chain(causes: readonly string[]): Error | undefined {
  return causes.reduceRight<Error | undefined>((cause, text) => {
    const error = new Error(text, cause === undefined ? undefined : { cause });
    // Its stack would name this function, which is no place where anything happened.
    error.stack = `Error: ${text}`;
    return error;
  }, undefined);
}

/** @internal The error for a failure. Called where the stack leads to the caller. */
export function errorOf(failed: Failed, thrown?: (tokenRequest: number) => unknown): PresenceError {
  const [json, handle] = typeof failed === 'string' ? [failed] : failed;
  return made(JSON.parse(json) as Failure, thrown, handle);
}

function made(
  failure: Failure,
  thrown: ((tokenRequest: number) => unknown) | undefined,
  handle?: Handle,
): PresenceError {
  const Class = Object.hasOwn(CLASSES, failure.kind) ? CLASSES[failure.kind as ErrorKind] : PresenceError;
  const ours = failure.tokenRequest === undefined ? undefined : thrown?.(failure.tokenRequest);
  return new Class(failure, ours ?? chain(failure.causes), failure.partial && partial(failure.partial, thrown, handle));
}

function partial(
  { succeeded, causes, onlineStates }: NonNullable<Failure['partial']>,
  thrown: ((tokenRequest: number) => unknown) | undefined,
  handle: Handle | undefined,
): PartialFailure {
  const presences = handle === undefined ? undefined : Presences.of(handle);
  const states = onlineStates === undefined ? undefined : OnlineStates.of(onlineStates);
  const errors = causes.map(([users, cause]) => [users, made(cause, thrown)] as const);
  return new PartialFailure(presences, states, succeeded, errors);
}

/** @internal An error about arguments or options, found before the core sees them. */
export function refusal(
  kind: 'invalid_input' | 'config',
  message: string,
  more: { readonly operation?: string; readonly hint?: string } = {},
): PresenceError {
  const prefix = more.operation === undefined ? '' : `${more.operation}: `;
  const text = `${prefix}${kind}: ${message}${more.hint === undefined ? '' : `. ${more.hint}`}`;
  return new CLASSES[kind]({ kind, text, message, ...more, retryable: false, sent: 'no', attempts: 0, causes: [] });
}

/** @internal How a wrong argument is shown: short, and on one line. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'function') return 'a function';
  return inspect(value, { depth: 0, breakLength: Infinity }).slice(0, 60);
}
