// tests/vectors: one call against one canned answer, the same cases as in Rust and Python.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { PresenceClient } from 'easemob-presence';

import { make, operationOf } from './support/call.mjs';
import { http, serve } from './support/canned.mjs';
import { check, printed } from './support/expect.mjs';
import { caseFiles, cases, only, wireBytes } from './support/files.mjs';

const APP_KEY = 'vector-org#vector-app';
const PREFIX = '/vector-org/vector-app';
const FIXED_TOKEN = 'vector-fixed-token';
const CREDENTIALS = { clientId: 'vector-client-id', clientSecret: 'vector-client-secret' };
const KEPT_BYTES = 2048;
const CASE = ['name', 'call', 'request', 'answer', 'token', 'sends', 'token_sends', 'max_attempts', 'expect', 'error'];
const PLAIN = { maxAttempts: 1, rateLimits: 'off', minTokenIntervalMs: 0 };
const ANSWER = ['status', 'headers', 'body', 'body_file', 'body_base64', 'body_parts'];
const REQUEST = ['method', 'path', 'body', 'body_bytes', 'authorization'];

function bodyOf(answer) {
  only(answer, ANSWER, 'answer');
  if ('body' in answer) return Buffer.from(answer.body, 'utf8');
  if ('body_file' in answer) return wireBytes(answer.body_file);
  if ('body_base64' in answer) return Buffer.from(answer.body_base64, 'base64');
  return Buffer.from(answer.body_parts.map(([text, times]) => text.repeat(times)).join(''), 'utf8');
}

function replies(answers) {
  if (answers === undefined) return undefined;
  const list = [answers].flat().map((answer) => http(answer.status ?? 200, answer.headers ?? {}, bodyOf(answer)));
  let given = 0;
  return () => list[Math.min(given++, list.length - 1)];
}

function checkMediaTypes({ headers, bytes }) {
  assert.equal(headers.accept, 'application/json');
  assert.equal(headers['content-type'], bytes > 0 ? 'application/json' : undefined);
}

function checkToken(request) {
  assert.equal(request.method, 'POST');
  assert.equal(request.headers.authorization, undefined);
  const { clientId, clientSecret } = CREDENTIALS;
  const body = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
  assert.deepEqual(JSON.parse(request.body), body);
  checkMediaTypes(request);
}

function checkRequest(request, path, { request: spec, token }) {
  assert.match(request.headers.authorization ?? '', /^Bearer ./);
  if (token === undefined) assert.equal(request.headers.authorization, `Bearer ${FIXED_TOKEN}`);
  checkMediaTypes(request);
  if (spec === undefined) return;
  only(spec, REQUEST, 'request');
  assert.equal(`${request.method} ${path}`, `${spec.method} ${spec.path}`);
  if ('body' in spec) assert.deepEqual(JSON.parse(request.body), spec.body);
  else assert.equal(request.bytes, spec.body_bytes ?? 0);
  if ('authorization' in spec) assert.equal(request.headers.authorization, spec.authorization);
}

function checkSeen({ requests, connections }, one) {
  const paths = requests.map(({ target }) => {
    assert.ok(target.startsWith(`${PREFIX}/`), target);
    return target.slice(PREFIX.length);
  });
  const tokens = requests.filter((_, at) => paths[at] === '/token');
  tokens.forEach(checkToken);
  const calls = requests.filter((_, at) => paths[at] !== '/token');
  for (const request of calls) checkRequest(request, request.target.slice(PREFIX.length), one);
  assert.equal(calls.length > 0, one.answer !== undefined, `${calls.length} requests were sent`);
  assert.equal(tokens.length > 0, one.token !== undefined, `${tokens.length} tokens were asked for`);
  if (one.answer === undefined && one.token === undefined) assert.equal(connections, 0, 'something connected');
  if (one.sends !== undefined) assert.equal(calls.length, one.sends);
  if (one.token_sends !== undefined) assert.equal(tokens.length, one.token_sends);
}

/** The text that an error keeps is the answer's, its first 2 KiB. */
function checkKept(outcome, one) {
  if (outcome.error === undefined || one.answer === undefined || one.error?.body_contains !== undefined) return;
  if (outcome.error.operation !== operationOf(one.call)) return;
  const body = bodyOf([one.answer].flat().at(-1)).subarray(0, KEPT_BYTES);
  assert.equal(outcome.error.body, new TextDecoder('utf-8', { ignoreBOM: true }).decode(body));
}

async function run(one) {
  only(one, CASE, 'the case');
  const answer = replies(one.answer);
  const token = replies(one.token);
  const server = await serve((request) => (request.target === `${PREFIX}/token` ? token : answer)?.());
  try {
    const credentials = one.token === undefined ? { appToken: FIXED_TOKEN } : CREDENTIALS;
    const settings = { ...PLAIN, ...(one.max_attempts !== undefined && { maxAttempts: one.max_attempts }) };
    const client = new PresenceClient({ host: server.url, appKey: APP_KEY, ...settings, ...credentials });
    const outcome = await make(one.call, client);
    check(one.call, outcome, one);
    checkSeen(server.seen, one);
    checkKept(outcome, one);
    if (outcome.error !== undefined) {
      for (const secret of [FIXED_TOKEN, CREDENTIALS.clientSecret]) {
        assert.ok(!printed(outcome.error).includes(secret), `the error shows ${secret}`);
      }
    }
  } finally {
    await server.stop();
  }
}

const names = new Set();
for (const file of caseFiles('vectors', ['errors.json', 'callbacks.json'])) {
  describe(`vectors/${file}`, () => {
    for (const one of cases('vectors', file)) {
      assert.ok(!names.has(one.name), `two cases are named ${one.name}`);
      names.add(one.name);
      test(one.name, () => run(one));
    }
  });
}
