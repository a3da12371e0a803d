import { inspect } from 'node:util';

import { whole } from './arguments.js';

/** Numbers below this have their object for good: few apps use others, and a weak reference costs ten times as much. */
const KEPT = 256;
const kept: Status[] = [];
const known = new Map<number, WeakRef<Status>>();
const forget = new FinalizationRegistry<number>((number) => {
  if (known.get(number)?.deref() === undefined) known.delete(number);
});

/**
 * A device's status: a number that the service stores, of which `0` and `1` have a meaning of their own.
 *
 * There is one object for each number, so statuses can be compared with `===`.
 *
 * @example
 * ```ts
 * Status.custom(1) === Status.Online; // true
 * Status.custom(100).isOnline; // true
 * ```
 */
export class Status {
  /** `0`. */
  static readonly Offline = new Status(0);
  /** `1`. */
  static readonly Online = new Status(1);
  /** The service sent no number, or one outside 0 to 4294967295. Cannot be set. */
  static readonly Unknown = new Status(undefined);

  /** The number, if there is one. */
  readonly number: number | undefined;

  private constructor(number: number | undefined) {
    this.number = number;
    Object.freeze(this);
  }

  /**
   * The status with this number, 0 to 4294967295; what it means is the app's own choice (busy, away, in a call).
   *
   * @throws {@link InvalidInputError} for anything else.
   */
  static custom(number: number): Status {
    return Status.of(whole(number, 'the number of a status', { kind: 'invalid_input' }));
  }

  /** @internal */
  static of(number: number): Status {
    if (number === 0) return Status.Offline;
    if (number === 1) return Status.Online;
    if (number < KEPT) return (kept[number] ??= new Status(number));
    const found = known.get(number)?.deref();
    if (found !== undefined) return found;
    const status = new Status(number);
    known.set(number, new WeakRef(status));
    forget.register(status, number);
    return status;
  }

  /** Whether the device is there: online, or in a custom status other than `0`. */
  get isOnline(): boolean {
    return this.number !== undefined && this.number > 0;
  }

  /** `offline`, `online`, `custom(100)` or `unknown`. */
  toString(): string {
    switch (this.number) {
      case undefined:
        return 'unknown';
      case 0:
        return 'offline';
      case 1:
        return 'online';
      default:
        return `custom(${this.number})`;
    }
  }

  /** The number; null if there is none, because JSON has no other word for it. */
  toJSON(): number | null {
    return this.number ?? null;
  }

  /** @internal */
  [inspect.custom](): string {
    return `Status ${this.toString()}`;
  }
}
