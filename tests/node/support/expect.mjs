// Comparing what a call came to with what its case says.

import assert from 'node:assert/strict';
import { inspect } from 'node:util';

import { PresenceError } from 'easemob-presence';

import { ids, operationOf } from './call.mjs';
import { only } from './files.mjs';

const COMPARED = ['kind', 'status', 'code', 'sent', 'attempts', 'retryable'];
const FIELDS = [
  ...COMPARED, 'operation', 'message', 'retry_after_ms', 'request_id', 'message_contains', 'hint_contains', 'body_contains', 'hides', 'partial',
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
  const ways = ['expect', 'expect_ids', 'expect_items', 'error'].filter((way) => way in spec);
  assert.equal(ways.length, 1, 'a call has one of expect, expect_ids, expect_items and error');
  if (ways[0] !== 'error' && outcome.error) throw outcome.error;
  if ('expect_ids' in spec) {
    const { presences, states, missing } = outcome.value;
    assert.deepEqual((presences ?? states).map(({ user_id }) => user_id), ids(spec.expect_ids));
    assert.deepEqual(missing, []);
  } else if ('expect_items' in spec) {
    checkItems(outcome.value, spec.expect_items);
  } else if ('expect' in spec) {
    assert.deepEqual(outcome.value, spec.expect);
  } else {
    assert.ok(outcome.error, `expected ${spec.error.kind}, got ${JSON.stringify(outcome.value)}`);
    checkError(call, outcome.error, only(spec.error, FIELDS, 'error'));
  }
}

function checkItems(items, expected) {
  assert.equal(items.length, expected.length);
  items.forEach((item, at) => {
    if (item instanceof Error) {
      const { kind, failed, message_contains: words, ...rest } = expected[at];
      only(rest, [], 'item');
      assert.deepEqual({ kind: item.kind, failed: [...(item.partial?.failed.keys() ?? [])] }, { kind, failed: ids(failed) });
      contains(item.detail, words, 'message');
    } else {
      assert.deepEqual(item.ids, ids(only(expected[at], ['ids'], 'item').ids));
    }
  });
}

function checkPartial(partial, spec) {
  if (spec === null) return assert.equal(partial, undefined);
  only(spec, ['answered', 'succeeded', 'failed'], 'partial');
  assert.equal((partial.presences ?? partial.onlineStates)?.size ?? null, spec.answered);
  assert.deepEqual(partial.succeeded, ids(spec.succeeded));
  const told = [...partial.failed].map(([id, { kind, sent }]) => ({ id, kind, sent }));
  const expected = spec.failed.flatMap((one) =>
    ids(only(one, ['ids', 'kind', 'sent'], 'failed').ids).map((id) => ({ id, kind: one.kind, sent: one.sent })));
  assert.equal(told.length, expected.length);
  told.forEach((one, at) => assert.deepEqual(one, { ...expected[at], sent: expected[at].sent ?? one.sent }));
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
  if ('partial' in spec) checkPartial(error.partial, spec.partial);
  if (spec.hides !== undefined) assert.ok(!printed(error).includes(spec.hides), `the error shows ${spec.hides}`);
  assert.match(error.stack, /\.mjs:\d+/, 'the stack leads to no file of the caller');
}

function contains(text, part, what) {
  if (part !== undefined) assert.ok(text?.includes(part), `the ${what} ${JSON.stringify(text)} lacks ${JSON.stringify(part)}`);
}
