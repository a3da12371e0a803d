import assert from 'node:assert/strict';

const PATIENCE_MS = 30_000;

/** Looks until the condition holds: native threads tell no one what they have come to. */
export async function until(condition) {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < end, 'it never came to that');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
