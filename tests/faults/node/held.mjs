// What the process holds.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** Connections are closed by a thread that tells no one; it has this long. */
const PATIENCE_MS = 3_000;
const LOOK_MS = 5;

export function now() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  return {
    fds: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
    // Timers that measure are not of the client.
    tasks: process.getActiveResourcesInfo().filter((name) => name !== 'Timeout').length,
    rss_kib: kib('VmRSS'),
    peak_kib: kib('VmHWM'),
  };
}

/** Has the system count the peak of memory anew. */
export function forgetPeak() {
  writeFileSync('/proc/self/clear_refs', '5');
}

/** What is held; nothing where there is no descriptor left to look with. */
function looked() {
  try {
    return now();
  } catch (error) {
    if (error.code === 'EMFILE') return undefined;
    throw error;
  }
}

/** Looks until there is no more than before, or patience ends. */
export async function settled(before) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    globalThis.gc();
    const held = looked();
    const back = held !== undefined && held.fds <= before.fds && held.tasks <= before.tasks;
    if (back || performance.now() > end) return held ?? now();
    await wait(LOOK_MS);
  }
}
