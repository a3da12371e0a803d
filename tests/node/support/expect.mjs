// Comparing what a call came to with what its case says.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';

import { PresenceError } from 'easemob-presence';

import { operationOf } from './call.mjs';
import { only } from './files.mjs';

const COMPARED = ['kind', 'status', 'code', 'sent', 'attempts', 'retryable'];
const FIELDS = [
  ...COMPARED, 'operation', 'message', 'retry_after_ms', 'request_id', 'message_contains', 'hint_contains', 'body_contains', 'hides',
];

/** Everything that an error shows, its causes included. */
export function printed(error) {
  const parts = [];
  for (let one = error; one instanceof Error; one = one.cause) {
    parts.push(String(one), one.stack, inspect(one, { depth: 9, showHidden: true }), JSON.stringify(one));
  }
  return parts.join('\n');
}

export function check(call, outcome, spec) {
  assert.ok(('expect' in spec) !== ('error' in spec), 'a call has one of expect and error');
  if ('expect' in spec) {
    if (outcome.error) throw outcome.error;
    assert.deepEqual(outcome.value, spec.expect);
  } else {
    assert.ok(outcome.error, `expected ${spec.error.kind}, got ${JSON.stringify(outcome.value)}`);
    checkError(call, outcome.error, only(spec.error, FIELDS, 'error'));
  }
}

function checkError(call, error, spec) {
  assert.ok(error instanceof PresenceError, inspect(error));
  for (const field of COMPARED) {
    if (field in spec) assert.deepEqual(error[field] ?? null, spec[field], `${field} of ${error}`);
  }
  const operation = 'operation' in spec ? spec.operation : operationOf(call);
  assert.equal(error.operation ?? null, operation, `operation of ${error}`);
  if ('message' in spec) assert.equal(error.detail, spec.message);
  if ('retry_after_ms' in spec) {
    const wait = error.retryAfterMs === undefined ? null : Math.floor(error.retryAfterMs);
    assert.equal(wait, spec.retry_after_ms, `retryAfterMs of ${error}`);
  }
  if ('request_id' in spec) assert.equal(error.requestId ?? null, spec.request_id);
  contains(error.detail, spec.message_contains, 'message');
  contains(error.hint, spec.hint_contains, 'hint');
  contains(error.body, spec.body_contains, 'body');
  assert.ok(!/[\n\r]/.test(error.message), `the text has more than one line: ${JSON.stringify(error.message)}`);
  contains(error.message, spec.kind, 'text');
  if (spec.hides !== undefined) assert.ok(!printed(error).includes(spec.hides), `the error shows ${spec.hides}`);
  assert.match(error.stack, /\.mjs:\d+/, 'the stack leads to no file of the caller');
}

function contains(text, part, what) {
  if (part !== undefined) assert.ok(text?.includes(part), `the ${what} ${JSON.stringify(text)} lacks ${JSON.stringify(part)}`);
}
