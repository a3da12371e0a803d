// What happens around every call of a client: options checked, told to those who watch, submitted, settled.

import { onlyKeys, type Place } from './arguments.js';
import { bridge, submit } from './bridge.js';
import { errorOf, refusal, shown, type Failed, type PresenceError } from './errors.js';
import { native, type NativeClient } from './native.js';
import { limits, opened, replacing, type CallOptions, type ClientOptions, type WithOptions } from './options.js';
import type { OnProgress } from './progress.js';
import { statsOf, type Stats } from './stats.js';
import { isWatched, watched, type Logger } from './telemetry.js';
import type { TokenSource } from './token-source.js';

const KEYS = ['signal', 'timeoutMs', 'attemptTimeoutMs'];

/** @internal What an operation does here: submit under an id, read what came back. */
export interface Operation<T> {
  /** The name by which errors and events call it. */
  readonly name: string;
  /** Option keys beside those of every call. */
  readonly keys?: readonly string[];
  /** A call on many users: its `timeoutMs` is the whole call's, and goes to the core with it. */
  readonly many?: boolean;
  /** Is told how far the call is. */
  readonly onProgress?: OnProgress | undefined;
  /** Checks the arguments and says how to submit. */
  prepare(place: Place): (client: NativeClient, id: number) => void;
  /** Makes the caller's value. */
  read(value: unknown): T;
}

/** How many calls of a client, and of all made from it with other limits, are under way. */
class Count {
  #under = 0;
  #waiting: (() => void)[] = [];

  add(): void {
    this.#under += 1;
  }

  remove(): void {
    this.#under -= 1;
    if (this.#under > 0) return;
    for (const go of this.#waiting.splice(0)) go();
  }

  async none(): Promise<void> {
    if (this.#under === 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    // One turn more, in which their callers learn of it.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** @internal The calls of one client. */
export class Calls {
  readonly #native: NativeClient;
  readonly #tokens: TokenSource | undefined;
  readonly #logger: Logger | undefined;
  readonly #count: Count;

  constructor(client: NativeClient, tokens: TokenSource | undefined, logger: Logger | undefined, count = new Count()) {
    this.#native = client;
    this.#tokens = tokens;
    this.#logger = logger;
    this.#count = count;
  }

  static open(options: ClientOptions, variables?: Record<string, string>): Calls {
    const { config, tokens, logger } = opened(options, variables);
    const client = refusing(() => new native.NativeClient(bridge, config));
    tokens?.answerTo(client);
    return new Calls(client, tokens, logger);
  }

  withOptions(options: WithOptions): Calls {
    const client = this.#native.withOptions(...replacing(options));
    return new Calls(client, this.#tokens, this.#logger, this.#count);
  }

  stats(): Stats {
    return statsOf(this.#native.stats());
  }

  rotateClientSecret(secret: string): void {
    refusing(() => this.#native.rotateClientSecret(secret));
  }

  /** Ends calls under way, refuses later ones, and waits until all have been told. */
  async close(): Promise<void> {
    this.#native.close();
    await this.#count.none();
  }

  checkUser(id: string): void {
    refusing(() => this.#native.checkUser(id));
  }

  /** The native client, for what is no call. */
  native(limit: CallOptions): NativeClient {
    return limit.timeoutMs === undefined && limit.attemptTimeoutMs === undefined
      ? this.#native
      : this.#native.withOptions(limit.timeoutMs, limit.attemptTimeoutMs);
  }

  /** A failure that native code tells of outside a call. */
  failure(json: string): PresenceError {
    return errorOf(json, (request) => this.#tokens?.thrown(request));
  }

  /** Makes one call. */
  run<T>(operation: Operation<T>, options: CallOptions | undefined): Promise<T> {
    if (!isWatched(this.#logger)) return this.#run(operation, options);
    return watched(operation.name, this.#logger, () => this.#run(operation, options));
  }

  // Errors are made in this function, after its await: their stacks then go on to where the caller awaits.
  async #run<T>(operation: Operation<T>, options: CallOptions | undefined): Promise<T> {
    this.#count.add();
    try {
      const place: Place = { kind: 'invalid_input', operation: operation.name };
      const start = operation.prepare(place);
      const client = options === undefined ? this.#native : this.#checked(operation, options, place);
      const ended = await submit((id) => start(client, id), options?.signal, operation.onProgress);
      if (ended.succeeded) return operation.read(ended.value);
      throw errorOf(ended.value as Failed, (request) => this.#tokens?.thrown(request));
    } finally {
      this.#count.remove();
    }
  }

  #checked(operation: Operation<unknown>, options: CallOptions, place: Place): NativeClient {
    onlyKeys(options, knownKeys(operation), place);
    const { signal } = options;
    if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.throwIfAborted !== 'function') {
      throw refusal('invalid_input', `signal must be an AbortSignal, not ${shown(signal)}`, { operation: operation.name });
    }
    const [timeoutMs, attemptTimeoutMs] = limits(options, place);
    return this.native({ timeoutMs: operation.many ? undefined : timeoutMs, attemptTimeoutMs });
  }
}

const keySets = new Map<string, ReadonlySet<string>>();

function knownKeys({ name, keys = [] }: Operation<unknown>): ReadonlySet<string> {
  let known = keySets.get(name);
  if (known === undefined) keySets.set(name, (known = new Set([...KEYS, ...keys])));
  return known;
}

/** @internal Runs native code that refuses with a failure's JSON. */
export function refusing<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const { message } = error as Error;
    // Whatever else the engine may throw, out of memory for instance, is no failure of ours to dress up.
    throw message.startsWith('{') ? errorOf(message) : error;
  }
}
