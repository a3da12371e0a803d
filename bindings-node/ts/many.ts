// Calls on many users: what they take, and the answers of `iterMany`.

import type { Handle } from './answer.js';
import { callable, idList, optional, type Place } from './arguments.js';
import type { Calls, Operation } from './calls.js';
import { refusal, shown } from './errors.js';
import type { NativeClient } from './native.js';
import type { CallOptions } from './options.js';
import { Presences } from './presences.js';
import { reported, type OnProgress, type Progress } from './progress.js';

/** What a call on many users takes beside ids. */
export interface ManyOptions extends CallOptions {
  /**
   * The most time the whole call may take, in milliseconds. Without it each request has the client's, and the whole has
   * no other bound.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Is told how far the call is: at most ten times a second, and once at the end. One that throws is told of by a
   * process warning and not called again.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What {@link User.iterMany} takes beside ids. */
export interface IterManyOptions extends CallOptions {
  /** The most time each request may take, in milliseconds, in place of the client's. */
  readonly timeoutMs?: number | undefined;
  /** Is told how far it is, when answers are taken. One that throws is told of and not called again. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const KEYS = ['onProgress'];

/** @internal How a native call on many users is submitted, behind its own arguments. */
export type Submit = (client: NativeClient, id: number, ids: string, timeoutMs: number | undefined, reports: boolean) => void;

/**
 * A call on many users.
 *
 * @internal
 */
export function manyCall<T>(
  name: string,
  ids: Iterable<string>,
  options: ManyOptions | undefined,
  read: (value: unknown) => T,
  prepare: (place: Place) => Submit,
  keys: readonly string[] = KEYS,
): Operation<T> {
  const onProgress = options?.onProgress;
  return {
    name,
    keys,
    many: true,
    // Checked in `prepare`, so that a refusal rejects.
    onProgress,
    prepare: (place) => {
      const list = idList(ids, place);
      optional(callable, onProgress, 'onProgress', place);
      const submit = prepare(place);
      return (client, id) => submit(client, id, list, options?.timeoutMs, onProgress !== undefined);
    },
    read,
  };
}

/** @internal Option keys of a call on many users, with more of its own. */
export function manyKeys(...more: readonly string[]): readonly string[] {
  return [...KEYS, ...more];
}

/** How many ids are taken at a time: enough that the border costs nothing, few enough to be nothing in memory. */
const AT_ONCE = 1_000;
/** From a source that may keep each id waiting, no more than fill one request. */
const AT_ONCE_AWAITED = 100;

type Source = Iterator<unknown> | AsyncIterator<unknown>;

/**
 * The answers of {@link User.iterMany}, one {@link Presences} for each request, in the order of the ids.
 *
 * After a rejection it goes on: `for await` ends with the first one, and a second `for await` over the same object
 * continues behind it. Leaving a loop early in any other way ends it, down to the sockets.
 */
export class IterMany implements AsyncIterableIterator<Presences> {
  readonly #calls: Calls;
  readonly #options: IterManyOptions | undefined;
  readonly #reader: ReturnType<NativeClient['iterMany']>;
  readonly #source: Source;
  readonly #awaited: boolean;
  #given = 0;
  #onProgress: OnProgress | undefined;
  /** Steps are taken one after the other, however many are asked for. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(calls: Calls, user: string, ids: Iterable<string> | AsyncIterable<string>, options?: IterManyOptions) {
    const place: Place = { kind: 'invalid_input', operation: 'get_many' };
    this.#awaited = hasMethod(ids, Symbol.asyncIterator);
    if (typeof ids === 'string' || !(this.#awaited || hasMethod(ids, Symbol.iterator))) {
      throw refusal('invalid_input', `ids must be an iterable of user ids, not ${shown(ids)}`, { operation: 'get_many' });
    }
    this.#onProgress = optional(callable<OnProgress>, options?.onProgress, 'onProgress', place);
    this.#calls = calls;
    this.#options = options;
    this.#reader = calls.native(options ?? {}).iterMany(user, totalOf(ids));
    this.#source = this.#awaited
      ? (ids as AsyncIterable<unknown>)[Symbol.asyncIterator]()
      : (ids as Iterable<unknown>)[Symbol.iterator]();
  }

  /** The next answer. Rejects with what its request failed with; the error's `partial` names the users. */
  next(): Promise<IteratorResult<Presences, undefined>> {
    const step = this.#turn.then(() => this.#next());
    this.#turn = step.catch(() => undefined);
    return step;
  }

  /** Ends it: what is under way is dropped. */
  async return(): Promise<IteratorResult<Presences, undefined>> {
    this.#reader.close();
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** As {@link IterMany.return}, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #next(): Promise<IteratorResult<Presences, undefined>> {
    const start = (_: unknown, id: number): void => this.#reader.next(id);
    const step: Operation<Presences | boolean> = { name: 'get_many', keys: KEYS, prepare: () => start, read: answer };
    for (;;) {
      let came;
      try {
        came = await this.#calls.run(step, this.#options);
      } finally {
        const told = this.#reader.progress();
        if (told !== undefined && told !== null) this.#onProgress = reported(this.#onProgress, told);
      }
      if (came === false) return { done: true, value: undefined };
      if (came !== true) return { done: false, value: came };
      await this.#give();
    }
  }

  /** Gives what the source has next. If it fails, what came before is given all the same. */
  async #give(): Promise<void> {
    const ids: string[] = [];
    let wrong: Error | undefined;
    let ended = false;
    try {
      const most = this.#awaited ? AT_ONCE_AWAITED : AT_ONCE;
      for (let taken = 0; taken < most; taken += 1) {
        const item = this.#source.next();
        const { done, value } = this.#awaited ? await item : (item as IteratorResult<unknown>);
        if (done === true) {
          ended = true;
          break;
        }
        this.#given += 1;
        if (typeof value === 'string') {
          ids.push(value);
        } else {
          const text = `ids[${this.#given - 1}] must be a string, not ${shown(value)}`;
          wrong ??= refusal('invalid_input', text, { operation: 'get_many' });
        }
      }
    } finally {
      this.#reader.give(ids);
    }
    if (ended) this.#reader.end();
    if (wrong !== undefined) throw wrong;
  }
}

const answer = (value: unknown): Presences | boolean =>
  typeof value === 'boolean' ? value : Presences.of(value as Handle);

function hasMethod(value: unknown, name: symbol): boolean {
  return typeof (value as Record<symbol, unknown> | undefined | null)?.[name] === 'function';
}

/** How many ids there are, if that is known without reading them. */
function totalOf(ids: unknown): number | undefined {
  const { length, size } = ids as { length?: unknown; size?: unknown };
  const total = Array.isArray(ids) ? length : ids instanceof Set || ids instanceof Map ? size : undefined;
  return typeof total === 'number' ? total : undefined;
}
