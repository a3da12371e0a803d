// The emulator's journal: read, counted, waited for.

import { submit } from './bridge.js';
import {
  entry,
  type ChangeEntry,
  type EmulatedOperation,
  type FaultEntry,
  type JournalEntry,
  type RequestEntry,
} from './emulator-types.js';
import type { NativeEmulator } from './native.js';

const DEFAULT_WAIT_MS = 10_000;

/** The ordered record of everything that happened in an emulator. */
export class Journal {
  readonly #native: NativeEmulator;

  /** @internal */
  constructor(emulator: NativeEmulator) {
    this.#native = emulator;
  }

  /** All entries kept, in their order. */
  entries(): readonly JournalEntry[] {
    return this.since(0);
  }

  /** The entries with a number above `seq`. */
  since(seq: number): readonly JournalEntry[] {
    return (JSON.parse(this.#native.journalSince(seq)) as { [key: string]: unknown }[]).map(entry);
  }

  /** All requests kept, in their order. */
  requests(): readonly RequestEntry[] {
    return this.entries().filter((one): one is RequestEntry => one.type === 'request');
  }

  /** All changes kept, in their order. */
  changes(): readonly ChangeEntry[] {
    return this.entries().filter((one): one is ChangeEntry => one.type === 'change');
  }

  /** All faults kept, in their order. */
  faults(): readonly FaultEntry[] {
    return this.entries().filter((one): one is FaultEntry => one.type === 'fault');
  }

  /** How many requests of this operation came since the start or the last {@link Journal.clear}. */
  count(operation: EmulatedOperation): number {
    return this.#native.journalCount(operation);
  }

  /** Forgets all entries and counts. Numbering goes on. */
  clear(): void {
    this.#native.journalClear();
  }

  /**
   * Waits until the condition holds, looking again after every new entry and answer.
   *
   * @throws An `Error` when `timeoutMs` (10,000 if not given) have passed; the signal's reason when it is aborted.
   */
  async waitFor(
    condition: (journal: Journal) => boolean,
    { timeoutMs = DEFAULT_WAIT_MS, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const version = this.#native.journalVersion();
      if (condition(this)) return;
      const left = Math.max(0, end - performance.now());
      const { value } = await submit((id) => this.#native.journalChanged(id, version, left), signal);
      if (value !== true) throw new Error(`the journal did not get there within ${timeoutMs} ms: ${condition.toString()}`);
    }
  }
}
