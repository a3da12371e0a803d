// Plans of faults. Their keys are spelled as in a plan's file, which is the same in every language.

import type { EmulatedOperation } from './emulator-types.js';
import type { NativeEmulator } from './native.js';

/** A value of JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What goes wrong, and when. The first rule that matches and fires wins. */
export interface FaultPlan {
  /** Decides what `probability` and `jitter_ms` leave open; 0 if not given. */
  readonly seed?: number;
  readonly faults: readonly FaultRule[];
}

/** Which requests a fault happens to, and how often. */
export interface FaultRule {
  /** Shown in the journal. */
  readonly name?: string;
  /** Every request if not given. */
  readonly match?: FaultMatch;
  /** Lets so many matching requests pass first. */
  readonly skip?: number;
  /** Fires at most so often; always if not given. */
  readonly count?: number;
  /** Lets the others pass; from 0 to 1. */
  readonly probability?: number;
  readonly fault: FaultKind;
}

/** What must hold for a rule to fire; all that is given. */
export interface FaultMatch {
  /** `connect` is the moment at which a connection is accepted. */
  readonly operation?: EmulatedOperation | 'connect' | readonly (EmulatedOperation | 'connect')[];
  /** The acting user, in any letter case. */
  readonly user?: string;
  /** What the target or the body contains. */
  readonly contains?: string;
  /** From so many milliseconds after the plan was installed, on the emulator's clock. */
  readonly from_ms?: number;
  /** Until then. */
  readonly until_ms?: number;
}

/** A change to the JSON of an answer, at a place given as a JSON pointer. */
export type FaultEdit =
  | { readonly op: 'set' | 'append'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'rename'; readonly path: string; readonly to: string };

type Headers = { readonly [name: string]: string };
type Bytes = { readonly text: string; readonly hex?: never } | { readonly hex: string; readonly text?: never };
type Place = 'before' | 'after' | 'accept' | 'head' | 'body';

/** What happens; `docs/faults.md` explains each. */
export type FaultKind =
  | { readonly type: 'delay'; readonly ms: number; readonly jitter_ms?: number }
  | { readonly type: 'hold' | 'late' | 'half_close'; readonly ms: number }
  | { readonly type: 'hang'; readonly applied?: boolean }
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly headers?: Headers;
      readonly body?: Json;
      readonly text?: string;
      readonly hex?: string;
      readonly applied?: boolean;
    }
  | {
      readonly type: 'edit';
      readonly ops?: readonly FaultEdit[];
      readonly status?: number;
      readonly headers?: Headers;
    }
  | ({ readonly type: 'raw'; readonly applied?: boolean; readonly then?: 'close' | 'reset' | 'keep' } & Bytes)
  | { readonly type: 'reset' | 'close'; readonly at: Place; readonly bytes?: number }
  | { readonly type: 'truncate'; readonly missing: number }
  | { readonly type: 'length'; readonly delta: number }
  | { readonly type: 'slow'; readonly part: 'head' | 'body'; readonly bytes?: number; readonly every_ms?: number }
  | { readonly type: 'slices'; readonly bytes?: number }
  | ({ readonly type: 'garbage' } & Bytes)
  | { readonly type: 'interim'; readonly status: number; readonly count?: number }
  | { readonly type: 'chunked'; readonly kind: 'ok' | 'bad_size' | 'no_last' | 'endless' | 'with_length' }
  | { readonly type: 'headers'; readonly count: number; readonly bytes: number }
  | { readonly type: 'encoding'; readonly name: string; readonly hex?: string }
  | { readonly type: 'endless'; readonly bytes: number; readonly announce?: boolean; readonly applied?: boolean }
  | { readonly type: 'redirect'; readonly status?: number; readonly location: string }
  | { readonly type: 'reject'; readonly retry_after?: string; readonly retry_after_ms?: string }
  | { readonly type: 'token'; readonly expires_in?: Json; readonly access_token?: Json }
  | { readonly type: 'tls'; readonly kind: 'cut' | 'garbage' | 'plaintext' }
  | {
      readonly type:
        | 'keep_alive_close'
        | 'connection_close'
        | 'quota'
        | 'unauthorized'
        | 'expire_token'
        | 'drop_subscriptions';
    };

/**
 * What goes wrong on purpose in an emulator. Each firing is in its journal.
 *
 * @example
 * ```ts
 * emulator.faults.install({
 *   faults: [{ match: { operation: 'get' }, count: 1, fault: { type: 'reset', at: 'after' } }],
 * });
 * ```
 */
export class Faults {
  readonly #native: NativeEmulator;

  /** @internal */
  constructor(emulator: NativeEmulator) {
    this.#native = emulator;
  }

  /**
   * Puts a plan in force from the next request and the next connection on, in place of the one before.
   *
   * @param plan - The plan, or its JSON.
   * @throws An `Error` for a plan that cannot be carried out, with the place in it and what is wrong there.
   */
  install(plan: FaultPlan | string): void {
    this.#native.installFaults(typeof plan === 'string' ? plan : JSON.stringify(plan));
  }

  /** The plan in force. */
  installed(): FaultPlan | undefined {
    const plan = JSON.parse(this.#native.installedFaults()) as FaultPlan | null;
    return plan ?? undefined;
  }

  /** Ends the plan. What it has begun, such as a delay, goes on. */
  clear(): void {
    this.#native.clearFaults();
  }
}
