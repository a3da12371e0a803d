// What is told of a call; and every error in every form that it has, for who searches the log for secrets.

import { inspect } from 'node:util';

import { PresenceError } from 'easemob-presence';

const FATES = { superseded: 'superseded', cancelled: 'cancelled' };
const SENT = { no: 'not_applied', yes: 'rejected' };

export function ms(began) {
  return performance.now() - began;
}

export function outcome(item, fate, began, more = {}) {
  return { item, outcome: fate, ms: ms(began), ...more };
}

/** The record of an item that failed. */
export function failed(item, began, error) {
  const took = ms(began);
  show(error);
  // Nothing else may come out of a call.
  if (!(error instanceof PresenceError)) {
    return { item, outcome: 'unknown', ms: took, kind: error?.name ?? 'none', message: String(error) };
  }
  return {
    item,
    outcome: FATES[error.kind] ?? SENT[error.sent] ?? 'unknown',
    ms: took,
    kind: error.kind,
    status: error.status,
    sent: error.sent,
    attempts: error.attempts,
    retry_after_ms: error.retryAfterMs,
    message: error.message,
  };
}

/** Writes a value down in every form, an error with its causes. */
export function show(value) {
  const deep = inspect(value, { depth: 10, showHidden: true, getters: true });
  console.error([String(value), inspect(value), deep, JSON.stringify(value), value?.stack, value?.body].join('\n'));
  if (value?.cause !== undefined) show(value.cause);
}
