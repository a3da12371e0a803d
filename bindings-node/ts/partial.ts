import { inspect } from 'node:util';

import type { PresenceError } from './errors.js';
import type { OnlineStates } from './models.js';
import type { Presences } from './presences.js';

/**
 * What succeeded and what failed of a call on many users; see {@link PresenceError.partial}. Every user asked for is in
 * exactly one of {@link PartialFailure.succeeded} and {@link PartialFailure.failed}.
 */
export class PartialFailure {
  /** The presences that were answered, of `getMany`, `iterMany` and `subscribe`, if anything succeeded. */
  readonly presences: Presences | undefined;
  /** The states that were answered, of `onlineStates`, if anything succeeded. */
  readonly onlineStates: OnlineStates | undefined;
  /** The users for whom the call succeeded, in the order asked. */
  readonly succeeded: readonly string[];
  /** Users who failed for one and the same cause, and that cause, in the order asked. */
  readonly causes: readonly (readonly [users: readonly string[], cause: PresenceError])[];
  #failed: ReadonlyMap<string, PresenceError> | undefined;

  /** @internal */
  constructor(
    presences: Presences | undefined,
    onlineStates: OnlineStates | undefined,
    succeeded: readonly string[],
    causes: readonly (readonly [readonly string[], PresenceError])[],
  ) {
    this.presences = presences;
    this.onlineStates = onlineStates;
    this.succeeded = Object.freeze(succeeded);
    this.causes = Object.freeze(causes);
    Object.freeze(this);
  }

  /** The users for whom the call failed, in the order asked, with the cause; users of one request share it. */
  get failed(): ReadonlyMap<string, PresenceError> {
    return (this.#failed ??= new Map(this.causes.flatMap(([users, cause]) => users.map((user) => [user, cause] as const))));
  }

  /** The ids that succeeded and those that failed, with the causes. */
  toJSON(): { succeeded: readonly string[]; causes: readonly { users: readonly string[]; error: object }[] } {
    return { succeeded: this.succeeded, causes: this.causes.map(([users, cause]) => ({ users, error: cause.toJSON() })) };
  }

  /** @internal */
  [inspect.custom](): string {
    return `PartialFailure { ${this.succeeded.length} succeeded, ${this.failed.size} failed }`;
  }
}
