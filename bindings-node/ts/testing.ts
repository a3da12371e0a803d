/**
 * The service's presence API inside the test's own process: what a backend talks to in its tests.
 *
 * @packageDocumentation
 */

export { Clock, Emulator, State } from './emulator.js';
export { Faults } from './faults.js';
export { Journal } from './journal.js';
export type { Counts, EmulatorOptions, Snapshot, SnapshotUser } from './emulator.js';
export type {
  ChangeEntry,
  ChangeKind,
  EmulatedOperation,
  EmulatorSettings,
  FaultEntry,
  JournalEntry,
  PerSecond,
  RateLimit,
  RateWindow,
  RequestEntry,
  SettingsPatch,
} from './emulator-types.js';
export type { FaultEdit, FaultKind, FaultMatch, FaultPlan, FaultRule, Json } from './faults.js';

import { Emulator, type EmulatorOptions } from './emulator.js';

/** What `node:test` passes to a test, as far as it matters here. */
export interface NodeTestContext {
  /** Registers what is done when the test has ended. */
  after(act: () => void): void;
}

/**
 * An emulator for one test of `node:test`, stopped when the test ends.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { emulatorFor } from 'easemob-presence/testing';
 *
 * test('greets who is online', async (t) => {
 *   const emulator = emulatorFor(t);
 *   await using client = emulator.client();
 * });
 * ```
 */
export function emulatorFor(test: NodeTestContext, options?: EmulatorOptions): Emulator {
  const emulator = new Emulator(options);
  test.after(() => emulator.stop());
  return emulator;
}

/**
 * Fixtures for vitest: `emulator`, fresh for each test that names it.
 *
 * @example
 * ```ts
 * import { test as base } from 'vitest';
 * import { vitestFixtures } from 'easemob-presence/testing';
 *
 * const test = base.extend(vitestFixtures);
 * test('greets who is online', async ({ emulator }) => {
 *   const client = emulator.client();
 * });
 * ```
 */
export const vitestFixtures = {
  // vitest reads the names of the fixtures needed out of this parameter's pattern: there must be one, empty.
  emulator: async ({}: object, use: (emulator: Emulator) => Promise<void>): Promise<void> => {
    const emulator = new Emulator();
    try {
      await use(emulator);
    } finally {
      emulator.stop();
    }
  },
};
